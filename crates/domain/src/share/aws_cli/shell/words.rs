//! Words: quotes, joined lines, and what would have to be run.

use super::{Shell, Word};
use crate::share::fault::Fault;

impl Shell<'_> {
    pub(super) fn word(&mut self) -> Result<Word, Fault> {
        let mut word = Word { text: String::new(), at: self.cursor.at, fault: None };
        if self.cursor.rest().starts_with(['\'', '"']) {
            word.at += 1;
        }
        while let Some(c) = self.cursor.peek() {
            match c {
                '\'' => {
                    let start = self.cursor.at;
                    self.cursor.at += 1;
                    let end = self.cursor.rest().find('\'').ok_or_else(|| unclosed(start))?;
                    word.text.push_str(&self.cursor.rest()[..end]);
                    self.cursor.at += end + 1;
                }
                '"' => self.double_quoted(&mut word)?,
                '\\' => {
                    self.cursor.at += 1;
                    if !self.cursor.eat("\n")
                        && let Some(c) = self.cursor.bump()
                    {
                        word.text.push(c);
                    }
                }
                '$' | '`' => self.expansion(&mut word)?,
                c if c.is_whitespace() || ";|&()<>".contains(c) => break,
                c => {
                    word.text.push(c);
                    self.cursor.at += c.len_utf8();
                }
            }
        }
        Ok(word)
    }

    fn double_quoted(&mut self, word: &mut Word) -> Result<(), Fault> {
        let start = self.cursor.at;
        self.cursor.at += 1;
        loop {
            match self.cursor.peek() {
                None => return Err(unclosed(start)),
                Some('"') => {
                    self.cursor.at += 1;
                    return Ok(());
                }
                Some('\\') => {
                    self.cursor.at += 1;
                    match self.cursor.bump() {
                        Some('\n') => {}
                        Some(c @ ('"' | '\\' | '$' | '`')) => word.text.push(c),
                        Some(c) => word.text.extend(['\\', c]),
                        None => return Err(unclosed(start)),
                    }
                }
                Some('$' | '`') => self.expansion(word)?,
                Some(c) => {
                    word.text.push(c);
                    self.cursor.at += c.len_utf8();
                }
            }
        }
    }

    /// `$(cat <<'END' ...)` is text that stands here; every other expansion is known to a shell only.
    fn expansion(&mut self, word: &mut Word) -> Result<(), Fault> {
        let at = self.cursor.at;
        if let Some(inner) = self.cat_here_document()? {
            if word.text.is_empty() {
                word.at = inner.at;
            }
            word.text.push_str(inner.text.trim_end_matches('\n'));
            word.fault = word.fault.take().or(inner.fault);
            return Ok(());
        }
        let c = self.cursor.bump().unwrap_or('$');
        let name: String =
            self.cursor.rest().chars().take_while(|c| c.is_alphanumeric() || "_{(".contains(*c)).take(30).collect();
        // A dollar sign before nothing stands for itself.
        if c == '$' && name.is_empty() && !self.cursor.rest().starts_with(['\'', '"', '$', '?', '!', '@', '*', '#']) {
            word.text.push('$');
            return Ok(());
        }
        word.fault.get_or_insert_with(|| {
            Fault::new(
                at,
                format!("`{c}{name}` is something that only your shell knows. Write its value in its place."),
            )
        });
        Ok(())
    }
}

fn unclosed(at: usize) -> Fault {
    Fault::new(at, "the quote that begins here has no end. Close it, or paste the command whole.")
}
