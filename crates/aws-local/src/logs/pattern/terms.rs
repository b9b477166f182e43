//! `a b` both, `"a b"` the phrase, `-a` without, `?a ?b` either, `%a+%` a regular expression. Terms are case-sensitive
//! parts of the message.

use regex::Regex;

use super::Malformed;
use super::scan::{Scanner, regex};

#[derive(Debug, Default)]
pub(in super::super) struct Terms {
    all: Vec<Term>,
    any: Vec<Term>,
    none: Vec<Term>,
}

#[derive(Debug)]
enum Term {
    Text(String),
    Regex(Regex),
}

impl Terms {
    pub(super) fn parse(pattern: &str) -> Result<Self, Malformed> {
        let mut parsed = Self::default();
        let mut scanner = Scanner::new(pattern);
        while !scanner.is_at_end() {
            let list = if scanner.take("?") {
                &mut parsed.any
            } else if scanner.take("-") {
                &mut parsed.none
            } else {
                &mut parsed.all
            };
            let term = if scanner.take("\"") {
                Term::Text(scanner.until('"')?)
            } else if scanner.take("%") {
                Term::Regex(regex(&scanner.until('%')?)?)
            } else {
                Term::Text(scanner.word(|_| false)?.to_owned())
            };
            list.push(term);
        }
        Ok(parsed)
    }

    pub(in super::super) fn matches(&self, message: &str) -> bool {
        let has = |term: &Term| match term {
            Term::Text(text) => message.contains(text.as_str()),
            Term::Regex(regex) => regex.is_match(message),
        };
        self.all.iter().all(has) && !self.none.iter().any(has) && (self.any.is_empty() || self.any.iter().any(has))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, message: &str) -> bool {
        Terms::parse(pattern).unwrap().matches(message)
    }

    #[test]
    fn terms_phrases_exclusions_and_alternatives() {
        assert!(matches("", "anything"));
        assert!(matches("loss epoch", "epoch=1 loss=0.5"));
        assert!(!matches("loss epoch", "loss=0.5"));
        assert!(matches("\"epoch 1\"", "at epoch 1 of 3"));
        assert!(!matches("\"epoch 1\"", "1 epoch"));
        assert!(matches("loss -debug", "loss=1"));
        assert!(!matches("loss -debug", "debug loss=1"));
        assert!(matches("?ERROR ?WARN", "a WARN line"));
        assert!(!matches("?ERROR ?WARN", "an info line"));
        assert!(matches(r#""say \"hi\"""#, r#"say "hi" twice"#));
        assert!(!matches("error", "ERROR"));
        assert!(matches("%loss=[0-9.]+$%", "epoch=1 loss=0.5"));
        for wrong in ["\"open", "%(%", "%open", "-"] {
            assert!(Terms::parse(wrong).is_err(), "{wrong}");
        }
    }
}
