//! A filter's text as tokens: the part of SQL's words that MLflow's grammar has.
//!
//! Invariant: what was looked at is taken, readable or not, so that the time is that of the text's length.

use crate::mlflow::{MlflowError, Result};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    /// `metrics.loss`, `` tags.`a b` ``, `"quoted"`: as written.
    Word(String),
    /// A text in single quotes, without them. What is between is as written.
    Text(String),
    /// As written.
    Number(String),
    /// `=`, `>=`, `LIKE`, `NOT IN`, `IS NULL`: words as written.
    Operator(String),
    /// `('a', 'b')`; `None` when it is no list of texts.
    List(String, Option<Vec<String>>),
    And,
    Other(String),
}

impl Token {
    /// As it was written, for messages.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Text(text) => format!("'{text}'"),
            Self::Word(text) | Self::Number(text) | Self::Operator(text) | Self::List(text, _) | Self::Other(text) => {
                text.clone()
            }
            Self::And => "AND".to_owned(),
        }
    }
}

pub(crate) fn tokens(text: &str) -> Result<Vec<Token>> {
    let mut lexer = Lexer { rest: text };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next() {
        if token == Token::Other(";".to_owned()) && !lexer.rest.trim().is_empty() {
            return Err(MlflowError::invalid(format!(
                "Search filter contained multiple expression '{text}'. Provide AND-ed expression list."
            )));
        }
        tokens.push(token);
    }
    Ok(tokens)
}

struct Lexer<'t> {
    rest: &'t str,
}

impl<'t> Lexer<'t> {
    fn next(&mut self) -> Option<Token> {
        self.rest = self.rest.trim_start();
        let first = self.rest.chars().next()?;
        Some(match first {
            '\'' => match self.quoted('\'') {
                Some(text) => Token::Text(text[1..text.len() - 1].to_owned()),
                None => self.all_other(),
            },
            '(' => self.list(),
            '<' | '>' | '=' | '!' | '~' => Token::Operator(self.take(|c| "<>=!~".contains(c)).to_owned()),
            '-' | '.' | '0'..='9' => self.number().unwrap_or_else(|| self.other()),
            _ => match self.word() {
                Ok(word) => self.keyword(word),
                Err(other) => other,
            },
        })
    }

    /// What no rule takes: one character.
    fn other(&mut self) -> Token {
        let end = self.rest.chars().next().map_or(0, char::len_utf8);
        Token::Other(self.cut(end).to_owned())
    }

    /// Behind a quote that nothing ends, nothing is readable.
    fn all_other(&mut self) -> Token {
        Token::Other(self.cut(self.rest.len()).to_owned())
    }

    fn cut(&mut self, bytes: usize) -> &'t str {
        let (head, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        head
    }

    fn take(&mut self, is_part: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        self.cut(end)
    }

    /// With its quotes. A doubled quote and one behind a backslash do not end it.
    fn quoted(&mut self, quote: char) -> Option<&'t str> {
        let mut chars = self.rest.char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, it)| *it);
            if (c == '\\' || c == quote) && next == Some(quote) {
                chars.next();
            } else if c == quote {
                return Some(self.cut(at + 1));
            }
        }
        None
    }

    fn number(&mut self) -> Option<Token> {
        let bytes = self.rest.as_bytes();
        let digits = |mut at: usize| {
            while bytes.get(at).is_some_and(u8::is_ascii_digit) {
                at += 1;
            }
            at
        };
        let sign = usize::from(bytes.first() == Some(&b'-'));
        let mut end = digits(sign);
        let mut count = end - sign;
        if bytes.get(end) == Some(&b'.') {
            let after = digits(end + 1);
            count += after - end - 1;
            end = after;
        }
        if count == 0 {
            return None;
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let exponent = end + 1 + usize::from(matches!(bytes.get(end + 1), Some(b'-' | b'+')));
            if digits(exponent) > exponent {
                end = digits(exponent);
            }
        }
        let number = self.cut(end);
        // `1abc` is no number.
        let tail = self.take(|c| c.is_alphanumeric() || c == '_');
        Some(if tail.is_empty() { Token::Number(number.to_owned()) } else { Token::Other(format!("{number}{tail}")) })
    }

    /// Segments with dots between, each plain or quoted; or what is there instead.
    fn word(&mut self) -> std::result::Result<&'t str, Token> {
        let start = self.rest;
        loop {
            let is_there = match self.rest.chars().next() {
                Some(quote @ ('`' | '"')) => {
                    if self.quoted(quote).is_none() {
                        self.rest = "";
                        return Err(Token::Other(start.to_owned()));
                    }
                    true
                }
                _ => !self.take(|c| c.is_alphanumeric() || "_$@".contains(c)).is_empty(),
            };
            let taken = &start[..start.len() - self.rest.len()];
            if !is_there {
                return Err(if taken.is_empty() { self.other() } else { Token::Other(taken.to_owned()) });
            }
            match self.rest.strip_prefix('.') {
                Some(rest) => self.rest = rest,
                None => return Ok(taken),
            }
        }
    }

    fn keyword(&mut self, word: &'t str) -> Token {
        match word.to_ascii_uppercase().as_str() {
            "AND" => Token::And,
            "LIKE" | "ILIKE" | "RLIKE" | "IN" => Token::Operator(word.to_owned()),
            "NOT" => self.pair(word, &["IN", "LIKE", "ILIKE", "RLIKE"]),
            "IS" => {
                let Token::Operator(first) = self.pair(word, &["NULL", "NOT"]) else {
                    return Token::Other(word.to_owned());
                };
                if first.to_ascii_uppercase().ends_with("NOT") {
                    self.pair(&first, &["NULL"])
                } else {
                    Token::Operator(first)
                }
            }
            "OR" => Token::Other(word.to_owned()),
            _ => Token::Word(word.to_owned()),
        }
    }

    /// A keyword of two words, or the first alone, which is none.
    fn pair(&mut self, first: &str, seconds: &[&str]) -> Token {
        let kept = self.rest;
        self.rest = self.rest.trim_start();
        match self.word() {
            Ok(second) if seconds.contains(&second.to_ascii_uppercase().as_str()) => {
                Token::Operator(format!("{first} {second}"))
            }
            _ => {
                self.rest = kept;
                Token::Other(first.to_owned())
            }
        }
    }

    /// Texts in single or double quotes with commas between; one comma may end it.
    fn list(&mut self) -> Token {
        let start = self.rest;
        self.cut(1);
        let mut texts = Vec::new();
        let mut is_list = true;
        loop {
            self.rest = self.rest.trim_start();
            match self.rest.chars().next() {
                None => return Token::List(start.to_owned(), None),
                Some(')') => {
                    self.cut(1);
                    break;
                }
                Some(quote @ ('\'' | '"')) => {
                    if let Some(text) = self.quoted(quote) {
                        texts.push(text[1..text.len() - 1].to_owned());
                    } else {
                        self.rest = "";
                        is_list = false;
                    }
                }
                Some(',') if !texts.is_empty() => {
                    self.cut(1);
                }
                Some(other) => {
                    self.cut(other.len_utf8());
                    is_list = false;
                }
            }
        }
        let written = start[..start.len() - self.rest.len()].to_owned();
        Token::List(written, (is_list && !texts.is_empty()).then_some(texts))
    }
}
