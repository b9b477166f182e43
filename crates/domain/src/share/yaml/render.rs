//! Writing YAML: block style, text plain only where no reader could take it for anything else.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::share::visible::quoted;

pub(in crate::share) fn render(request: &Value) -> String {
    let mut out = String::new();
    match request {
        Value::Object(map) if !map.is_empty() => mapping(&mut out, map, 0),
        Value::Array(items) if !items.is_empty() => sequence(&mut out, items, 0),
        other => {
            out.push_str(&scalar(other));
            out.push('\n');
        }
    }
    out
}

/// The cursor is where the first key belongs; each further one goes to a line of its own, indented by `indent`.
fn mapping(out: &mut String, map: &Map<String, Value>, indent: usize) {
    for (index, (key, value)) in map.iter().enumerate() {
        if index > 0 {
            out.push_str(&" ".repeat(indent));
        }
        let key = text(key);
        // A key beside its value may have 1,024 characters at most.
        if key.chars().count() > 1_000 {
            let _ = write!(out, "? {key}\n{}:", " ".repeat(indent));
        } else {
            out.push_str(&key);
            out.push(':');
        }
        match value {
            Value::Object(map) if !map.is_empty() => {
                let _ = write!(out, "\n{}", " ".repeat(indent + 2));
                mapping(out, map, indent + 2);
            }
            Value::Array(items) if !items.is_empty() => {
                let _ = write!(out, "\n{}", " ".repeat(indent + 2));
                sequence(out, items, indent + 2);
            }
            value => {
                let _ = writeln!(out, " {}", scalar(value));
            }
        }
    }
}

fn sequence(out: &mut String, items: &[Value], indent: usize) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(&" ".repeat(indent));
        }
        out.push_str("- ");
        match item {
            Value::Object(map) if !map.is_empty() => mapping(out, map, indent + 2),
            Value::Array(items) if !items.is_empty() => sequence(out, items, indent + 2),
            item => {
                let _ = writeln!(out, "{}", scalar(item));
            }
        }
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(it) => text(it),
        Value::Object(_) => "{}".to_owned(),
        Value::Array(_) => "[]".to_owned(),
        // Numbers, `true`, `false` and `null` are written as JSON writes them, and JSON's are YAML's: but YAML 1.1 takes
        // `1e25` for text, and what has a point and a signed exponent for a number.
        Value::Number(it) => float(&it.to_string()),
        other => other.to_string(),
    }
}

fn float(json: &str) -> String {
    match json.split_once('e') {
        Some((mantissa, exponent)) => {
            let point = if mantissa.contains('.') { "" } else { ".0" };
            let sign = if exponent.starts_with(['-', '+']) { "" } else { "+" };
            format!("{mantissa}{point}e{sign}{exponent}")
        }
        None => json.to_owned(),
    }
}

fn text(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

/// Letters first, so it is no number, date, time or indicator; only characters without a meaning of their own; and none
/// of the words that some version of YAML takes for a truth value or for nothing.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_/.:@+-= ".contains(c))
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && !WORDS.iter().any(|it| it.eq_ignore_ascii_case(text))
}
