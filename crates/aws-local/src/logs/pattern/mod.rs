//! Filter patterns: plain terms, `{ $.level = "x" }` over JSON, `[ip, user, status = 4*]` over columns.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>
//!
//! Text of any kind is a pattern or refused. Regular expressions (`%...%`) are run by a matcher of linear time.

mod columns;
mod json;
mod scan;
mod terms;

use columns::Columns;
use json::Json;
use terms::Terms;

use super::invalid;
use crate::wire::ApiError;

/// The model's limit.
const MAX_LENGTH: usize = 1024;

#[derive(Debug)]
pub(super) enum Pattern {
    Terms(Terms),
    Json(Json),
    Columns(Columns),
}

/// Why a pattern cannot be read.
#[derive(Debug, PartialEq, Eq)]
struct Malformed(String);

fn malformed<T>(why: impl Into<String>) -> Result<T, Malformed> {
    Err(Malformed(why.into()))
}

impl Pattern {
    pub(super) fn parse(pattern: &str) -> Result<Self, ApiError> {
        if pattern.chars().count() > MAX_LENGTH {
            return Err(invalid(format!(
                "1 validation error detected: Value at 'filterPattern' failed to satisfy constraint: Member must have length less than or equal to {MAX_LENGTH}"
            )));
        }
        let pattern = pattern.trim();
        let parsed = match pattern.chars().next() {
            Some('{') => Json::parse(pattern).map(Self::Json),
            Some('[') => Columns::parse(pattern).map(Self::Columns),
            _ => Terms::parse(pattern).map(Self::Terms),
        };
        parsed.map_err(|why| invalid(format!("Invalid filter pattern: {}", why.0)))
    }

    pub(super) fn matches(&self, message: &str) -> bool {
        match self {
            Self::Terms(terms) => terms.matches(message),
            Self::Json(json) => json.matches(message),
            Self::Columns(columns) => columns.matches(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_is_a_pattern_or_refused(
            text in ".{0,200}",
            json in "\\{ ?[$.a-b\\[\\]0-9=!<>&|()*\"% ISNULTEX]{0,80}\\}?",
            columns in "\\[[a-c,.=!<>&|()*\"%0-9 ]{0,80}\\]?",
            message in ".{0,100}",
        ) {
            for pattern in [&text, &json, &columns] {
                if let Ok(pattern) = Pattern::parse(pattern) {
                    for message in [message.as_str(), r#"{"a":[{"b":1},"x"],"b":null}"#, "1 [2 3] \"4 5\""] {
                        let _ = pattern.matches(message);
                    }
                }
            }
        }
    }
}
