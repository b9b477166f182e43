//! The words of POSIX shell commands: quotes, comments, joined lines and here-documents, and nothing that would have to
//! be run. A word that needs a shell is kept with its error: the text may hold commands that are of no concern.

mod here_document;
mod words;

use self::here_document::HereDocument;
use crate::share::{cursor::Cursor, fault::Fault};

#[derive(Debug)]
pub(super) struct Word {
    pub(super) text: String,
    /// Where its text begins, after an opening quote: exact for what stands in one pair of single quotes.
    pub(super) at: usize,
    /// What only a shell knows in it.
    fault: Option<Fault>,
}

impl Word {
    pub(super) fn get(&self) -> Result<&str, Fault> {
        match &self.fault {
            Some(fault) => Err(fault.clone()),
            None => Ok(&self.text),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Command {
    pub(super) words: Vec<Word>,
    /// What a here-document gives it on standard input.
    pub(super) input: Option<Word>,
}

pub(super) fn commands(text: &str) -> Result<Vec<Command>, Fault> {
    let mut shell =
        Shell { cursor: Cursor::new(text), waiting: Vec::new(), done: Vec::new(), command: Command::default() };
    shell.run()?;
    Ok(shell.done)
}

struct Shell<'a> {
    cursor: Cursor<'a>,
    /// Those that begin after this line.
    waiting: Vec<HereDocument>,
    done: Vec<Command>,
    command: Command,
}

impl Shell<'_> {
    fn run(&mut self) -> Result<(), Fault> {
        loop {
            if self.cursor.eat("\\\n") || self.cursor.eat("\\\r\n") {
                continue;
            }
            match self.cursor.peek() {
                None => {
                    self.end_command();
                    return match self.waiting.first() {
                        Some(it) => Err(Fault::new(
                            self.cursor.at,
                            format!("the here-document has no end. Add a line `{}`.", it.delimiter),
                        )),
                        None => Ok(()),
                    };
                }
                Some('\n') => {
                    self.cursor.at += 1;
                    self.end_command();
                    self.here_documents()?;
                }
                Some(';' | '|' | '&' | '(' | ')') => {
                    self.cursor.at += 1;
                    self.end_command();
                }
                Some('#') => self.cursor.at += self.cursor.rest().find('\n').unwrap_or(self.cursor.rest().len()),
                Some('<') if self.cursor.rest().starts_with("<<") && !self.cursor.rest().starts_with("<<<") => {
                    self.here_document_opens()?;
                }
                // Other redirections: the name of a file follows, which is no argument.
                Some('<' | '>') => {
                    self.cursor.at += 1;
                    self.cursor.eat(">");
                    self.cursor.skip(is_blank);
                    self.word()?;
                }
                Some(c) if c.is_whitespace() => self.cursor.at += c.len_utf8(),
                Some(_) => {
                    let word = self.word()?;
                    self.command.words.push(word);
                }
            }
        }
    }

    fn end_command(&mut self) {
        let command = std::mem::take(&mut self.command);
        let reads_here = self.waiting.iter().any(|it| it.command == self.done.len());
        if !command.words.is_empty() || reads_here {
            self.done.push(command);
        }
    }
}

fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}
