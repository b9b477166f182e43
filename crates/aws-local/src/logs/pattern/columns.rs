//! `[ip, user, ..., status = 4*, bytes > 1000]`: conditions on the columns of messages that blanks divide.

use super::scan::{Comparison, Condition, Scanner};
use super::{Malformed, malformed};

#[derive(Debug)]
pub(in super::super) struct Columns {
    /// What each column must be; no condition is any text.
    before: Vec<Option<Condition<Comparison>>>,
    /// The columns after `...`, which stands for any number of them.
    after: Option<Vec<Option<Condition<Comparison>>>>,
}

impl Columns {
    pub(super) fn parse(pattern: &str) -> Result<Self, Malformed> {
        let mut scanner = Scanner::new(pattern);
        scanner.take("[");
        let (mut before, mut after) = (Vec::new(), None::<Vec<_>>);
        loop {
            if scanner.take("...") {
                if after.replace(Vec::new()).is_some() {
                    return malformed("... may be there once");
                }
            } else {
                let column = column(&mut scanner)?;
                after.as_mut().unwrap_or(&mut before).push(column);
            }
            if scanner.take("]") {
                break;
            }
            if !scanner.take(",") {
                return malformed("] is missing");
            }
        }
        if scanner.is_at_end() { Ok(Self { before, after }) } else { malformed("there is text after ]") }
    }

    pub(in super::super) fn matches(&self, message: &str) -> bool {
        let columns = split(message);
        let after = self.after.as_deref().unwrap_or_default();
        let least = self.before.len() + after.len();
        let fits = if self.after.is_some() { columns.len() >= least } else { columns.len() == least };
        let holds = |(condition, text): (&Option<Condition<Comparison>>, &&str)| {
            condition.as_ref().is_none_or(|condition| condition.holds(&|comparison| comparison.holds(text)))
        };
        fits && self.before.iter().zip(&columns).all(holds)
            && after.iter().zip(&columns[columns.len() - after.len()..]).all(holds)
    }
}

/// A name, and conditions that each repeat it: `status = 4* || status = 5*`.
fn column(scanner: &mut Scanner) -> Result<Option<Condition<Comparison>>, Malformed> {
    let ends = |char: char| matches!(char, ',' | ']' | '=' | '!' | '<' | '>' | '(' | ')' | '&' | '|');
    let mut lookahead = scanner.clone();
    if lookahead.word(ends).is_ok() && (lookahead.take(",") || lookahead.take("]")) {
        scanner.word(ends)?;
        return Ok(None);
    }
    let one = |scanner: &mut Scanner| {
        scanner.word(ends)?;
        scanner.comparison()
    };
    scanner.conditions(&one).map(Some)
}

/// Columns end at blanks, but not within quotes or brackets.
fn split(message: &str) -> Vec<&str> {
    let mut columns = Vec::new();
    let mut rest = message.trim();
    while let Some(first) = rest.chars().next() {
        let close = match first {
            '"' => Some('"'),
            '[' => Some(']'),
            _ => None,
        };
        let enclosed = close.and_then(|close| rest[1..].find(close));
        let (column, after) = match enclosed {
            Some(length) => (&rest[1..=length], &rest[length + 2..]),
            None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
        };
        columns.push(column);
        rest = after.trim_start();
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_and_compared() {
        let message = r#"127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /x HTTP/1.0" 404 1534"#;
        for (pattern, matches) in [
            ("[ip, id, user, time, request, status, bytes]", true),
            ("[ip, id, user, time, request, status]", false),
            ("[ip, id, user, time, request, status = 4*, bytes > 1000]", true),
            ("[ip, ..., status = 404 || status = 410, bytes]", true),
            ("[..., status=5*, bytes]", false),
            ("[ip, ..., request=\"GET *\", status, bytes]", true),
            ("[ip, id, user != frank, ...]", false),
            ("[ip=%^127\\.%, ...]", true),
        ] {
            assert_eq!(Columns::parse(pattern).unwrap().matches(message), matches, "{pattern}");
        }
        for wrong in ["[", "[]", "[a", "[a,]", "[a b]", "[..., ...]", "[a = ]", "[a] b"] {
            assert!(Columns::parse(wrong).is_err(), "{wrong}");
        }
    }
}
