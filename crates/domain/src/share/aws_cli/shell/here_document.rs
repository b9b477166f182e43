//! Here-documents, on standard input and as `$(cat <<'END' ...)`.

use super::{Shell, Word, is_blank};
use crate::share::fault::Fault;

pub(super) struct HereDocument {
    pub(super) delimiter: String,
    is_quoted: bool,
    strips_tabs: bool,
    /// The number of the command that reads it.
    pub(super) command: usize,
}

impl Shell<'_> {
    pub(super) fn here_document_opens(&mut self) -> Result<(), Fault> {
        self.cursor.at += 2;
        let strips_tabs = self.cursor.eat("-");
        self.cursor.skip(is_blank);
        // Not any word: its expansions would be read in vain, and could hold here-documents again.
        let start = self.cursor.at;
        let quote = self.cursor.rest().chars().next().filter(|it| ['\'', '"', '\\'].contains(it));
        self.cursor.at += usize::from(quote.is_some());
        let rest = self.cursor.rest();
        let end = rest.find(|c: char| !c.is_alphanumeric() && !"_-.".contains(c)).unwrap_or(rest.len());
        let delimiter = rest[..end].to_owned();
        self.cursor.at += end;
        let is_closed = quote.is_none_or(|it| it == '\\' || self.cursor.rest().starts_with(it));
        if delimiter.is_empty() || !is_closed {
            return Err(Fault::new(start, "this here-document has an odd delimiter. Use a word: `<<'END'`."));
        }
        self.cursor.at += usize::from(quote.is_some_and(|it| it != '\\'));
        let is_quoted = quote.is_some();
        self.waiting.push(HereDocument { delimiter, is_quoted, strips_tabs, command: self.done.len() });
        Ok(())
    }

    pub(super) fn here_documents(&mut self) -> Result<(), Fault> {
        for it in std::mem::take(&mut self.waiting) {
            let word = self.here_document(&it)?;
            if let Some(command) = self.done.get_mut(it.command) {
                command.input = Some(word);
            }
        }
        Ok(())
    }

    fn here_document(&mut self, it: &HereDocument) -> Result<Word, Fault> {
        let at = self.cursor.at;
        let mut text = String::new();
        loop {
            if self.cursor.rest().is_empty() {
                return Err(Fault::new(at, format!("the here-document has no end. Add a line `{}`.", it.delimiter)));
            }
            let line = self.cursor.rest().split_inclusive('\n').next().unwrap_or("");
            self.cursor.at += line.len();
            let line = if it.strips_tabs { line.trim_start_matches('\t') } else { line };
            if line.trim_end_matches(['\n', '\r']) == it.delimiter {
                break;
            }
            text.push_str(line);
        }
        // Without quotes around the delimiter, the shell fills in variables.
        let is_literal = it.is_quoted || !text.contains(['$', '`', '\\']);
        let fault = (!is_literal).then(|| {
            Fault::new(
                at,
                format!(
                    "the shell would fill in `$`, backquotes and backslashes of this here-document. Put quotes around \
                     its delimiter: `<<'{}'`.",
                    it.delimiter
                ),
            )
        });
        Ok(Word { text, at, fault })
    }

    pub(super) fn cat_here_document(&mut self) -> Result<Option<Word>, Fault> {
        let start = self.cursor.at;
        if !self.cursor.eat("$(") {
            return Ok(None);
        }
        self.cursor.skip(is_blank);
        if !self.cursor.eat("cat") {
            self.cursor.at = start;
            return Ok(None);
        }
        self.cursor.skip(is_blank);
        if !self.cursor.rest().starts_with("<<") {
            self.cursor.at = start;
            return Ok(None);
        }
        let waiting = self.waiting.len();
        self.here_document_opens()?;
        let opened = self.waiting.split_off(waiting);
        self.cursor.skip(is_blank);
        self.cursor.eat("\r");
        let (Some(opened), true) = (opened.first(), self.cursor.eat("\n")) else {
            self.cursor.at = start;
            return Ok(None);
        };
        let word = self.here_document(opened)?;
        self.cursor.at += self.cursor.rest().len() - self.cursor.rest().trim_start().len();
        if !self.cursor.eat(")") {
            return Err(Fault::new(self.cursor.at, "after the here-document there is no `)`. Close the `$(` with it."));
        }
        Ok(Some(word))
    }
}
