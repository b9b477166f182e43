//! The words of metric math.

use super::{Malformed, malformed};

/// The model's limit of an expression.
const MAX_LENGTH: usize = 2048;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(f64),
    /// An id or the name of a function.
    Word(String),
    /// In single or double quotes. There is no escape: the other quote may be inside.
    Text(String),
    Symbol(char),
}

pub(super) fn tokens(expression: &str) -> Result<Vec<Token>, Malformed> {
    if expression.len() > MAX_LENGTH {
        return malformed(format!("it is longer than {MAX_LENGTH} characters"));
    }
    let mut tokens = Vec::new();
    let mut rest = expression.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '0'..='9' | '.' => number(rest)?,
            '\'' | '"' => {
                let Some(length) = rest[1..].find(first) else { return malformed("a quote is not closed") };
                (Token::Text(rest[1..=length].to_owned()), length + 2)
            }
            '+' | '-' | '*' | '/' | '^' | '(' | ')' | '[' | ']' | ',' => (Token::Symbol(first), 1),
            'a'..='z' | 'A'..='Z' | '_' => {
                let length = rest.find(|char: char| !char.is_ascii_alphanumeric() && char != '_').unwrap_or(rest.len());
                (Token::Word(rest[..length].to_owned()), length)
            }
            other => return malformed(format!("the character {other:?} is not expected")),
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

/// Digits with a point and an exponent, both optional.
fn number(text: &str) -> Result<(Token, usize), Malformed> {
    let digits = |text: &str| text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    let mut length = digits(text);
    if text[length..].starts_with('.') {
        length += 1 + digits(&text[length + 1..]);
    }
    if let Some(exponent) = text[length..].strip_prefix(['e', 'E']) {
        let sign = usize::from(exponent.starts_with(['+', '-']));
        let power = digits(&exponent[sign..]);
        if power > 0 {
            length += 1 + sign + power;
        }
    }
    match text[..length].parse::<f64>() {
        Ok(number) if number.is_finite() => Ok((Token::Number(number), length)),
        _ => malformed(format!("{:?} is not a number", &text[..length])),
    }
}
