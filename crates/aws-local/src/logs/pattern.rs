//! Filter patterns of FilterLogEvents, as far as they are plain terms.
//!
//! `a b` both, `"a b"` the phrase, `-a` without, `?a ?b` either. Terms are case-sensitive parts of the message. Patterns
//! over JSON (`{ ... }`), columns (`[ ... ]`) and regular expressions (`%...%`) are refused.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>

use super::invalid;
use crate::wire::ApiError;

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pattern {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
}

impl Pattern {
    pub(super) fn parse(pattern: &str) -> Result<Self, ApiError> {
        let mut parsed = Self::default();
        let mut rest = pattern.trim();
        if rest.len() > 1024 {
            return Err(invalid("The filter pattern is longer than 1024 characters."));
        }
        if rest.starts_with(['{', '[']) || (rest.starts_with('%') && rest.ends_with('%')) {
            return Err(invalid(
                "The local endpoint filters by plain terms; JSON, column and regex patterns are not supported.",
            ));
        }
        while !rest.is_empty() {
            let (list, term) = match rest.as_bytes()[0] {
                b'?' => (&mut parsed.any, &rest[1..]),
                b'-' => (&mut parsed.none, &rest[1..]),
                _ => (&mut parsed.all, rest),
            };
            let (term, after) = if let Some(quoted) = term.strip_prefix('"') {
                let end =
                    closing_quote(quoted).ok_or_else(|| invalid("Invalid filter pattern: a quote is not closed."))?;
                (quoted[..end].replace("\\\"", "\""), &quoted[end + 1..])
            } else {
                let end = term.find(char::is_whitespace).unwrap_or(term.len());
                (term[..end].to_owned(), &term[end..])
            };
            if !term.is_empty() {
                list.push(term);
            }
            rest = after.trim_start();
        }
        Ok(parsed)
    }

    pub(super) fn matches(&self, message: &str) -> bool {
        let has = |term: &String| message.contains(term.as_str());
        self.all.iter().all(has) && !self.none.iter().any(has) && (self.any.is_empty() || self.any.iter().any(has))
    }
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, char)| {
        let closes = char == '"' && !escaped;
        escaped = char == '\\' && !escaped;
        closes.then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, message: &str) -> bool {
        Pattern::parse(pattern).unwrap().matches(message)
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
    }

    #[test]
    fn other_pattern_languages_are_refused() {
        for pattern in ["{ $.loss > 1 }", "[a, b]", "%x%", "\"open"] {
            assert_eq!(Pattern::parse(pattern).unwrap_err().code, "InvalidParameterException", "{pattern}");
        }
    }
}
