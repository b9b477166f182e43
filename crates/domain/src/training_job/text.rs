//! One member as text: how values are written into a form, and what a text must be to become a value.
//!
//! A text stands for itself, trimmed. What one line of a form cannot say is written as `json:` and a JSON literal: an
//! empty string (a blank field means that the member is not set), white space at either end, control characters such as
//! line feeds, and a text that begins with `json:`.

use serde_json::Value;

use super::schema::{Kind, Node, Rule};
use crate::{instance_type::InstanceType, job_spec::is_tag_text};

const LITERAL: &str = "json:";

/// A string as it is typed into a field that is trimmed.
pub(super) fn write(value: &str) -> String {
    let needs_literal = value.is_empty() || value.trim() != value || needs_literal_anywhere(value);
    if needs_literal { literal(&Value::from(value)) } else { value.to_owned() }
}

/// A string as it is typed into a field that is taken as it is, blank or not: a map's value.
pub(super) fn write_raw(value: &str) -> String {
    if needs_literal_anywhere(value) { literal(&Value::from(value)) } else { value.to_owned() }
}

fn needs_literal_anywhere(value: &str) -> bool {
    value.starts_with(LITERAL) || value.chars().any(char::is_control)
}

/// `json:{}`, `json:[]`, `json:""`.
pub(super) fn literal(value: &Value) -> String {
    format!("{LITERAL}{value}")
}

/// The literal that this text is, if it is one.
pub(super) fn read_literal(text: &str) -> Option<Value> {
    serde_json::from_str(text.trim().strip_prefix(LITERAL)?).ok()
}

/// What a field's text says, without the white space around it: `None` when it is blank.
pub(super) fn read(text: &str) -> Option<String> {
    match read_literal(text) {
        Some(Value::String(value)) => Some(value),
        _ => Some(text.trim()).filter(|it| !it.is_empty()).map(str::to_owned),
    }
}

/// What a field's text says, taken as it is.
pub(super) fn read_raw(text: &str) -> String {
    match read_literal(text) {
        Some(Value::String(value)) => value,
        _ => text.to_owned(),
    }
}

/// The value of a text, a choice, an integer or a boolean; a sentence with rule and cure when it is none.
pub(super) fn leaf(node: &Node, text: &str) -> Result<Value, String> {
    match &node.kind {
        Kind::Integer => integer(node, text).map(Value::from),
        Kind::Boolean => match text {
            "true" | "on" => Ok(Value::Bool(true)),
            "false" | "off" => Ok(Value::Bool(false)),
            _ => Err(format!("`{text}` is neither `true` nor `false`: choose one, or leave it blank")),
        },
        Kind::Choice(values) if values.iter().any(|it| it == text) => Ok(Value::from(text)),
        Kind::Choice(values) => Err(format!("`{text}` is none of {}: choose one of them", values.join(", "))),
        Kind::Text(rule) => {
            length(node, text)?;
            look(rule, text)?;
            Ok(Value::from(text))
        }
        Kind::Structure(_) | Kind::List(_) | Kind::Map { .. } => {
            Err("it has members of its own: set those instead".to_owned())
        }
    }
}

fn integer(node: &Node, text: &str) -> Result<i64, String> {
    let min = node.min.unwrap_or(i64::MIN);
    let max = node.max.unwrap_or(i64::MAX);
    match text.parse::<i64>() {
        Ok(value) if (min..=max).contains(&value) => Ok(value),
        _ => Err(match (node.min, node.max) {
            (Some(min), Some(max)) => format!("give a whole number from {min} to {max}, in digits only"),
            (Some(min), None) => format!("give a whole number, at least {min}, in digits only"),
            _ => "give a whole number, in digits only".to_owned(),
        }),
    }
}

/// Characters, as the API counts them.
pub(super) fn length(node: &Node, text: &str) -> Result<(), String> {
    let chars = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    if let Some(max) = node.max.filter(|it| chars > *it) {
        return Err(format!("at most {max} characters are allowed; there are {chars}: shorten it"));
    }
    if let Some(min) = node.min.filter(|it| chars < *it) {
        return Err(format!("at least {min} characters are needed; there are {chars}: complete it"));
    }
    Ok(())
}

fn look(rule: &Rule, text: &str) -> Result<(), String> {
    match rule {
        Rule::Any => Ok(()),
        Rule::S3Uri => s3_uri(text),
        Rule::TagText if is_tag_text(text) => Ok(()),
        Rule::TagText => Err(TAG_TEXT_RULE.to_owned()),
        Rule::InstanceType => InstanceType::parse(text).map(drop).map_err(|err| err.to_string()),
        Rule::Pattern(regex, _) if regex.is_match(text) => Ok(()),
        Rule::Pattern(_, example) => Err(format!("`{}` does not look right: give one like `{example}`", start(text))),
    }
}

/// A long text is not repeated in full in the message about it.
fn start(text: &str) -> String {
    const SHOWN_CHARS: usize = 60;
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

pub(super) const TAG_TEXT_RULE: &str =
    "tags have letters, digits, spaces and `_ . : / = + - @` only: remove the other characters";

/// `(https|s3)://([^/]+)/?(.*)`, a bucket by S3's own rules, and no `//` in the key: SageMaker fails such a job with "has
/// an illegal char sub-sequence '//' in it".
fn s3_uri(text: &str) -> Result<(), String> {
    let rest = text.strip_prefix("s3://").or_else(|| text.strip_prefix("https://")).unwrap_or("");
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    let is_bucket = (3..=63).contains(&bucket.len())
        && bucket.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.');
    if is_bucket && !key.starts_with('/') && !key.contains("//") {
        return Ok(());
    }
    Err("give an S3 URI, for example `s3://my-bucket/experiments`: a bucket of 3 to 63 lower-case letters, digits, dots \
         and hyphens, and no `//` inside the path"
        .to_owned())
}
