//! Filters of searches: comparisons joined by AND, checked and sorted by what they look at.
//!
//! MLflow parses them with a general SQL parser and then refuses most of what that takes; here the grammar is the small
//! one that is left. What it refuses gets MLflow's sentences.

mod lex;
mod models;
mod registry;
mod runs;

pub(crate) use lex::{Token, tokens};
pub use models::{LoggedModelColumn, LoggedModelCondition, LoggedModelTime, logged_model_filter};
pub use registry::{RegistryCondition, model_version_filter, registered_model_filter};
pub use runs::{
    DatasetColumn, ExperimentCondition, NumberColumn, RunCondition, TextColumn, experiment_filter, run_filter,
    run_search,
};
pub(crate) use runs::{RunField, experiment_field, run_field};

#[cfg(test)]
mod tests;

use super::{MlflowError, Result, limit};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberOp {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Exact where the text was an integer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    Integer(i64),
    Float(f64),
}

/// `%` is any text and `_` any character; nothing escapes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextTest {
    Equal(String),
    NotEqual(String),
    Like(String),
    /// Case ignored.
    ILike(String),
    In(Vec<String>),
    NotIn(Vec<String>),
}

/// One comparison before anybody has looked at what it means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Comparison {
    pub(crate) left: Token,
    /// As written; two words have one space between.
    pub(crate) operator: String,
    /// `None` for IS NULL and IS NOT NULL.
    pub(crate) right: Option<Token>,
}

impl NumberOp {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "=" => Self::Equal,
            "!=" => Self::NotEqual,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    pub const fn as_sql(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

impl Number {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        text.parse().map(Self::Integer).or_else(|_| text.parse().map(Self::Float)).ok()
    }

    pub fn as_f64(self) -> f64 {
        match self {
            Self::Integer(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

/// The comparisons of a filter, no more of them than a search can make. `quote` is around what is refused.
pub(crate) fn comparisons(text: &str, quote: &str) -> Result<Vec<Comparison>> {
    limit::filter_text(text)?;
    let found = parsed(text, quote)?;
    limit::comparisons(&found)?;
    Ok(found)
}

/// What is neither a comparison nor AND is refused.
fn parsed(text: &str, quote: &str) -> Result<Vec<Comparison>> {
    let tokens = tokens(text)?;
    let mut found = Vec::new();
    let mut invalid = Vec::new();
    let mut rest = tokens.as_slice();
    // Whether a comparison may begin here: not right behind another one.
    let mut is_open = true;
    while let Some(first) = rest.first() {
        match rest {
            [Token::And, ..] => {
                is_open = true;
                rest = &rest[1..];
            }
            [left, Token::Operator(operator), ..] if is_open && is_null_test(operator) && is_operand(left) => {
                found.push(Comparison { left: left.clone(), operator: operator.to_ascii_uppercase(), right: None });
                is_open = false;
                rest = &rest[2..];
            }
            [left, Token::Operator(operator), right, ..] if is_open && is_operand(left) && is_operand(right) => {
                let (operator, right) = (operator.clone(), Some(right.clone()));
                found.push(Comparison { left: left.clone(), operator, right });
                is_open = false;
                rest = &rest[3..];
            }
            _ => {
                // OR is refused, but what it joins is read.
                is_open |= matches!(first, Token::Other(word) if word.eq_ignore_ascii_case("OR"));
                invalid.push(format!("{quote}{}{quote}", first.shown()));
                rest = &rest[1..];
            }
        }
    }
    if invalid.is_empty() {
        Ok(found)
    } else {
        Err(MlflowError::invalid(format!("Invalid clause(s) in filter string: {}", invalid.join(", "))))
    }
}

fn is_operand(token: &Token) -> bool {
    matches!(token, Token::Word(_) | Token::Text(_) | Token::Number(_) | Token::List(..))
}

fn is_null_test(operator: &str) -> bool {
    ["IS NULL", "IS NOT NULL"].iter().any(|it| operator.eq_ignore_ascii_case(it))
}

/// The identifier on the left.
pub(crate) fn identifier(comparison: &Comparison) -> Result<&str> {
    match &comparison.left {
        Token::Word(word) => Ok(word),
        other => Err(MlflowError::invalid(format!(
            "Invalid comparison clause. Expected 'Identifier' found '{}'",
            other.shown()
        ))),
    }
}

/// Without its quotes, if it has a pair of them around it.
pub(crate) fn unquote<'t>(text: &'t str, quotes: &[char]) -> Option<&'t str> {
    quotes.iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote))
}

/// A key as written: without quotes, then without backticks.
pub(crate) fn plain_key(key: &str) -> &str {
    let key = unquote(key, &['\'', '"']).unwrap_or(key);
    unquote(key, &['`']).unwrap_or(key)
}

/// The quoted text on the right, or the error that MLflow has for what is none.
pub(crate) fn quoted(right: &Token, expected: impl FnOnce(&str) -> String) -> Result<String> {
    match right {
        Token::Text(text) => Ok(text.clone()),
        Token::Word(word) => unquote(word, &['"']).map(str::to_owned).ok_or_else(|| {
            MlflowError::invalid(format!(
                "Parameter value is either not quoted or unidentified quote types used for string value {word}. Use \
                 either single or double quotes."
            ))
        }),
        other => Err(MlflowError::invalid(expected(&other.shown()))),
    }
}

/// The texts of a list on the right.
pub(crate) fn list(texts: Option<&Vec<String>>) -> Result<Vec<String>> {
    texts.cloned().ok_or_else(|| {
        MlflowError::invalid(
            "While parsing a list in the query, expected a non-empty list of string values, but got ill-formed list.",
        )
    })
}

/// What a tag of an experiment or of the registry is compared with.
pub(crate) fn tag_test(operator: &str, right: &Token) -> Result<TextTest> {
    let value =
        quoted(right, |shown| format!("Expected a quoted string value for tag (e.g. 'my-value'). Got value {shown}"))?;
    match text_test(operator, value) {
        Some(test) if !matches!(test, TextTest::In(_) | TextTest::NotIn(_)) => Ok(test),
        _ => Err(MlflowError::invalid(format!("Invalid comparator for tag: {operator}"))),
    }
}

/// The test that an operator in capitals makes with one text.
pub(crate) fn text_test(operator: &str, value: String) -> Option<TextTest> {
    Some(match operator {
        "=" => TextTest::Equal(value),
        "!=" => TextTest::NotEqual(value),
        "LIKE" => TextTest::Like(value),
        "ILIKE" => TextTest::ILike(value),
        "IN" => TextTest::In(vec![value]),
        "NOT IN" => TextTest::NotIn(vec![value]),
        _ => return None,
    })
}

/// Not all of MLflow's sentences have the quote at their `end`.
pub(crate) fn bad_operator(operator: &str, valid: &[&str], end: &str) -> MlflowError {
    let valid = valid.iter().map(|it| format!("'{it}'")).collect::<Vec<_>>().join(", ");
    MlflowError::invalid(format!("Invalid comparator '{operator}' not one of '{{{valid}}}{end}"))
}
