//! A search's text as tokens with their places.

use super::{MAX_CHARS, SearchFault, fault::shown};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    /// `status`, `metrics.loss`, `1e-3`, `-7d`: what is neither quoted nor a sign of the language.
    Word(String),
    /// `` params.`a b` ``: what stands before the dot, and the name without its quotes.
    Named(String, String),
    /// Without its quotes, single or double.
    Quoted(String),
    /// A run of the signs that comparisons are made of.
    Sign(String),
    Open,
    Close,
    Comma,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Placed {
    pub(crate) token: Token,
    pub(crate) at: usize,
    pub(crate) length: usize,
}

impl Placed {
    pub(crate) fn fault(&self, message: impl Into<String>) -> SearchFault {
        SearchFault::new(self.at, self.length, message)
    }

    /// As it was written, more or less, for messages.
    pub(crate) fn shown(&self) -> String {
        match &self.token {
            Token::Word(text) | Token::Sign(text) => shown(text),
            Token::Named(head, name) => shown(&format!("{head}.\"{name}\"")),
            Token::Quoted(text) => shown(&format!("'{text}'")),
            Token::Open => "`(`".to_owned(),
            Token::Close => "`)`".to_owned(),
            Token::Comma => "`,`".to_owned(),
        }
    }
}

pub(crate) fn tokens(text: &str) -> Result<Vec<Placed>, SearchFault> {
    let chars: Vec<char> = text.chars().take(MAX_CHARS + 1).collect();
    if chars.len() > MAX_CHARS {
        let message = format!("this is too long: at most {MAX_CHARS} characters are read");
        return Err(SearchFault::new(MAX_CHARS, 1, message));
    }
    let mut lexer = Lexer { chars: &chars, at: 0 };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next()? {
        tokens.push(token);
    }
    Ok(tokens)
}

struct Lexer<'t> {
    chars: &'t [char],
    at: usize,
}

impl Lexer<'_> {
    fn next(&mut self) -> Result<Option<Placed>, SearchFault> {
        self.take(char::is_whitespace);
        let at = self.at;
        let Some(first) = self.chars.get(at).copied() else { return Ok(None) };
        let token = match first {
            '(' | ')' | ',' => {
                self.at += 1;
                match first {
                    '(' => Token::Open,
                    ')' => Token::Close,
                    _ => Token::Comma,
                }
            }
            '\'' | '"' => Token::Quoted(self.quoted(first)?),
            '`' => {
                let name = self.quoted('`')?;
                let message = format!(
                    "backticks stand around the name of a parameter, tag or metric: write params.`{name}`, or single quotes \
                     around a text"
                );
                return Err(SearchFault::new(at, self.at - at, message));
            }
            _ if is_sign(first) => Token::Sign(self.take(is_sign)),
            _ => {
                let word = self.take(is_word);
                let head = word.strip_suffix('.').filter(|it| !it.contains('.'));
                match (head, self.chars.get(self.at)) {
                    (Some(head), Some(quote @ ('`' | '"'))) => Token::Named(head.to_owned(), self.quoted(*quote)?),
                    _ => Token::Word(word),
                }
            }
        };
        Ok(Some(Placed { token, at, length: self.at - at }))
    }

    fn take(&mut self, is_part: impl Fn(char) -> bool) -> String {
        let taken: String = self.chars[self.at..].iter().take_while(|it| is_part(**it)).collect();
        self.at += taken.chars().count();
        taken
    }

    /// What is between this quote and the next one that is not doubled.
    fn quoted(&mut self, quote: char) -> Result<String, SearchFault> {
        let at = self.at;
        self.at += 1;
        let mut text = String::new();
        while let Some(c) = self.chars.get(self.at).copied() {
            self.at += 1;
            if c != quote {
                text.push(c);
            } else if self.chars.get(self.at) == Some(&quote) {
                self.at += 1;
                text.push(quote);
            } else {
                return Ok(text);
            }
        }
        Err(SearchFault::new(at, self.at - at, format!("this quote has no end: add a {quote}")))
    }
}

fn is_sign(c: char) -> bool {
    matches!(c, '<' | '>' | '=' | '!' | '&' | '|' | '~')
}

fn is_word(c: char) -> bool {
    !c.is_whitespace() && !is_sign(c) && !matches!(c, '(' | ')' | ',' | '\'' | '"' | '`')
}

/// A word of the language itself, which is a text only in quotes.
pub(crate) fn is_keyword(word: &str) -> bool {
    ["and", "or", "not", "in", "is", "null", "like", "ilike"].iter().any(|it| word.eq_ignore_ascii_case(it))
}

/// Letters, digits and `_-/.:@` may stand without quotes.
pub(crate) fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-/.:@".contains(c))
}
