//! What Python code is made of: names, strings, and what has no meaning.

use crate::share::{cursor::Cursor, visible::is_hidden};

impl<'a> Cursor<'a> {
    /// Steps over blanks, line ends, joined lines and comments. Line ends have no meaning inside parentheses, and
    /// everything that is read here is inside some.
    pub(in crate::share::python) fn skip_blanks_and_comments(&mut self) {
        loop {
            let rest = self.rest();
            let blanks = rest.len() - rest.trim_start().len();
            self.at += blanks;
            if self.eat("\\\n") || self.eat("\\\r\n") {
                continue;
            }
            if self.peek() == Some('#') {
                self.at += self.rest().find('\n').unwrap_or(self.rest().len());
            } else if blanks == 0 {
                return;
            }
        }
    }

    /// A name, or nothing.
    pub(in crate::share::python) fn name(&mut self) -> &'a str {
        let rest = self.rest();
        if !rest.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            return "";
        }
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// Whether a string begins here, with or without a prefix such as `r`.
    pub(in crate::share::python) fn is_at_string(&self) -> bool {
        let rest = self.rest().trim_start_matches(|c: char| "rRuUbBfFtT".contains(c));
        self.rest().len() - rest.len() <= 2 && rest.starts_with(['"', '\''])
    }

    /// The code that is next, short enough for a message.
    pub(in crate::share::python) fn sample(&self) -> String {
        let line = self.rest().lines().next().unwrap_or("");
        let end = line.find([',', '#', ')', ']', '}']).unwrap_or(line.len());
        let sample = line[..end].trim_end();
        let sample = if sample.is_empty() { line } else { sample };
        let short: String = sample.chars().filter(|c| !is_hidden(*c)).take(40).collect();
        if short.len() < sample.len() { format!("{short}…") } else { short }
    }
}
