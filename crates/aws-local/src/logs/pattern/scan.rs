//! Reads a pattern from left to right; the conditions that JSON and column patterns share.

use regex::Regex;

use super::{Malformed, malformed};

/// How many parentheses may be inside each other.
const MAX_DEPTH: usize = 16;

/// The most memory that a compiled regular expression may take.
const REGEX_BYTES: usize = 256 << 10;

#[derive(Clone)]
pub(super) struct Scanner<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, depth: 0 }
    }

    /// Takes the text if it comes next, after blanks.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let after = self.rest.trim_start().strip_prefix(text);
        if let Some(after) = after {
            self.rest = after;
        }
        after.is_some()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.trim_start().is_empty()
    }

    /// The text, after blanks, up to a character that ends it; never empty.
    pub(super) fn word(&mut self, ends: impl Fn(char) -> bool) -> Result<&'a str, Malformed> {
        let text = self.rest.trim_start();
        let length = text.find(|char: char| char.is_whitespace() || ends(char)).unwrap_or(text.len());
        let (word, rest) = text.split_at(length);
        self.rest = rest;
        if word.is_empty() { malformed("a name or a value is missing") } else { Ok(word) }
    }

    /// The text up to the closing mark, which may be inside behind a backslash.
    pub(super) fn until(&mut self, close: char) -> Result<String, Malformed> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((at, char)) = chars.next() {
            match char {
                char if char == close => {
                    self.rest = &self.rest[at + close.len_utf8()..];
                    return Ok(text);
                }
                '\\' => match chars.next() {
                    Some((_, escaped)) if escaped == close || (escaped == '\\' && close == '"') => text.push(escaped),
                    Some((_, other)) => text.extend(['\\', other]),
                    None => break,
                },
                char => text.push(char),
            }
        }
        malformed(format!("{close} is missing"))
    }

    /// `a && b || (c)`, of whatever `one` reads.
    pub(super) fn conditions<T>(
        &mut self,
        one: &impl Fn(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Condition<T>, Malformed> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return malformed(format!("it is nested more than {MAX_DEPTH} deep"));
        }
        let mut any = Vec::new();
        loop {
            let mut all = Vec::new();
            loop {
                all.push(if self.take("(") {
                    let inner = self.conditions(one)?;
                    if !self.take(")") {
                        return malformed(") is missing");
                    }
                    inner
                } else {
                    Condition::One(one(self)?)
                });
                if !self.take("&&") {
                    break;
                }
            }
            any.push(Condition::All(all));
            if !self.take("||") {
                break;
            }
        }
        self.depth -= 1;
        Ok(Condition::Any(any))
    }

    /// An operator and what it compares with.
    pub(super) fn comparison(&mut self) -> Result<Comparison, Malformed> {
        let operators = ["!=", "<=", ">=", "=", "<", ">"];
        let Some(operator) = operators.into_iter().find(|operator| self.take(operator)) else {
            return malformed("one of =, !=, <, <=, >, >= is missing");
        };
        let wanted = if self.take("\"") {
            Wanted::Text(self.until('"')?)
        } else if self.take("%") {
            Wanted::Regex(regex(&self.until('%')?)?)
        } else {
            let word = self.word(|char| matches!(char, ',' | ']' | '}' | '(' | ')' | '&' | '|'))?;
            match word.parse::<f64>() {
                Ok(number) if number.is_finite() => Wanted::Number(number, word.to_owned()),
                _ => Wanted::Text(word.to_owned()),
            }
        };
        let is_order = operator.starts_with(['<', '>']);
        if is_order && !matches!(wanted, Wanted::Number(..)) {
            return malformed(format!("{operator} compares with a number"));
        }
        Ok(Comparison { operator, wanted })
    }
}

pub(super) fn regex(pattern: &str) -> Result<Regex, Malformed> {
    regex::RegexBuilder::new(pattern)
        .size_limit(REGEX_BYTES)
        .dfa_size_limit(REGEX_BYTES)
        .nest_limit(32)
        .build()
        .or_else(|_| malformed("the regular expression is not valid"))
}

#[derive(Debug)]
pub(super) enum Condition<T> {
    One(T),
    All(Vec<Condition<T>>),
    Any(Vec<Condition<T>>),
}

impl<T> Condition<T> {
    pub(super) fn holds(&self, test: &impl Fn(&T) -> bool) -> bool {
        match self {
            Self::One(one) => test(one),
            Self::All(all) => all.iter().all(|condition| condition.holds(test)),
            Self::Any(any) => any.iter().any(|condition| condition.holds(test)),
        }
    }
}

#[derive(Debug)]
pub(super) struct Comparison {
    operator: &'static str,
    wanted: Wanted,
}

#[derive(Debug)]
enum Wanted {
    /// And as it was written.
    Number(f64, String),
    /// With `*` for anything.
    Text(String),
    Regex(Regex),
}

impl Comparison {
    pub(super) fn holds(&self, text: &str) -> bool {
        let number = || text.parse::<f64>().ok();
        let order = || match &self.wanted {
            Wanted::Number(wanted, _) => number().and_then(|number| number.partial_cmp(wanted)),
            Wanted::Text(_) | Wanted::Regex(_) => None,
        };
        let equal = || match &self.wanted {
            Wanted::Number(wanted, written) => {
                number().map_or(text == written, |number| number.total_cmp(wanted).is_eq())
            }
            Wanted::Text(wanted) => is_like(text, wanted),
            Wanted::Regex(regex) => regex.is_match(text),
        };
        match self.operator {
            "=" => equal(),
            "!=" => !equal(),
            "<" => order().is_some_and(std::cmp::Ordering::is_lt),
            "<=" => order().is_some_and(std::cmp::Ordering::is_le),
            ">" => order().is_some_and(std::cmp::Ordering::is_gt),
            _ => order().is_some_and(std::cmp::Ordering::is_ge),
        }
    }
}

/// `*` stands for any text, also none.
fn is_like(text: &str, wanted: &str) -> bool {
    let Some((first, more)) = wanted.split_once('*') else { return text == wanted };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = more.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        for (text, wanted, like) in [
            ("404", "4*", true),
            ("abcab", "ab*ab", true),
            ("ab", "ab*ab", false),
            ("x", "*", true),
            ("ab", "*b*", true),
            ("ab", "a", false),
        ] {
            assert_eq!(is_like(text, wanted), like, "{text} {wanted}");
        }
    }
}
