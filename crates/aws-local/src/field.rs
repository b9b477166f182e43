//! Reads members out of a request's [`Value`].
//!
//! The same operation arrives as JSON (numbers, booleans), CBOR (numbers) and as a form (everything is text): these
//! getters accept each spelling, so operations are written once.

use serde_json::{Map, Value};

pub(crate) fn text<'a>(input: &'a Value, name: &str) -> Option<&'a str> {
    input.get(name).and_then(Value::as_str)
}

pub(crate) fn list<'a>(input: &'a Value, name: &str) -> &'a [Value] {
    input.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

pub(crate) fn integer(input: &Value, name: &str) -> Option<i64> {
    match input.get(name)? {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|value| value as i64)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

pub(crate) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

pub(crate) fn boolean(input: &Value, name: &str) -> Option<bool> {
    match input.get(name)? {
        Value::Bool(value) => Some(*value),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// A member's name as it stands in the paths of validation messages.
pub(crate) fn lower_camel(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(chars).collect()
}

/// A time in milliseconds: epoch seconds as a number, or ISO 8601 text.
pub(crate) fn time_ms(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_f64().map(|seconds| (seconds * 1000.0).round() as i64),
        Value::String(text) => crate::clock::parse_iso(text),
        _ => None,
    }
}

/// A JSON object from pairs, leaving out what is absent: AWS answers omit members, they do not send null.
pub(crate) fn object<const N: usize>(pairs: [(&str, Option<Value>); N]) -> Value {
    Value::Object(
        pairs
            .into_iter()
            .filter_map(|(name, value)| value.map(|value| (name.to_owned(), value)))
            .collect::<Map<_, _>>(),
    )
}
