//! A place in a text that is read character by character.

pub(super) struct Cursor<'a> {
    pub(super) text: &'a str,
    /// A byte, always at the beginning of a character.
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn is_at(&self, expected: &str) -> bool {
        self.rest().starts_with(expected)
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// Steps over `expected` if it is next.
    pub(super) fn eat(&mut self, expected: &str) -> bool {
        let is_next = self.is_at(expected);
        if is_next {
            self.at += expected.len();
        }
        is_next
    }

    /// Steps over every character that `is_skipped` takes.
    pub(super) fn skip(&mut self, is_skipped: fn(char) -> bool) {
        self.at += self.rest().len() - self.rest().trim_start_matches(is_skipped).len();
    }
}
