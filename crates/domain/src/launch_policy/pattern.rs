//! A name with `*` for any characters, none included.

use std::fmt;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

const MAX_CHARS: usize = 256;

impl Pattern {
    /// Not blank, and of a sane length.
    pub fn parse(text: &str) -> Option<Self> {
        let is_sane = !text.is_empty() && text.trim() == text && text.chars().count() <= MAX_CHARS;
        (is_sane && !text.contains(char::is_control)).then(|| Self(text.to_owned()))
    }

    /// In linear passes: what stands between two stars is taken where it is found first, which loses no match.
    pub fn fits(&self, name: &str) -> bool {
        let Some((first, rest)) = self.0.split_once('*') else { return self.0 == name };
        let Some(mut left) = name.strip_prefix(first) else { return false };
        let mut parts: Vec<&str> = rest.split('*').collect();
        let last = parts.pop().unwrap_or_default();
        for part in parts {
            let Some(at) = left.find(part) else { return false };
            left = &left[at + part.len()..];
        }
        left.ends_with(last)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.0
    }
}
