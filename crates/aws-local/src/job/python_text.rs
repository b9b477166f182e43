//! Values as Python writes them, because training scripts and the sagemaker-training toolkit are Python.
//!
//! The toolkit reads each hyperparameter with `json.loads` (or takes it as it is), passes `str(value)` on the command
//! line and `json.dumps(value, sort_keys=True, separators=(",", ":"))` in the environment.

use std::fmt::Write;

use serde_json::Value;

/// A hyperparameter as the toolkit understands it: JSON if it is, else the text itself.
pub(super) fn decode(text: &str) -> Value {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_huge_integer = digits.len() > 18 && digits.bytes().all(|b| b.is_ascii_digit());
    if is_huge_integer {
        return Value::String(text.to_owned()); // Python keeps every digit
    }
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// `str(value)`.
pub(super) fn to_str(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => repr(value),
        _ => scalar(value, ["None", "True", "False"]),
    }
}

/// A value on the command line: a mapping becomes `a=1,b=2`, `None` nothing.
pub(super) fn to_argument(value: &Value) -> String {
    let Value::Object(entries) = value else {
        return if value.is_null() { String::new() } else { to_str(value) };
    };
    let mut entries: Vec<_> = entries.iter().collect();
    entries.sort_by_key(|(key, _)| key.as_str());
    let pairs: Vec<String> = entries.iter().map(|(key, value)| format!("{key}={}", to_str(value))).collect();
    pairs.join(",")
}

/// A value in the environment: text as it is, `None` as nothing, the rest as JSON.
pub(super) fn to_environment(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        _ => to_json(value),
    }
}

/// Compact JSON, keys sorted, ASCII only.
pub(super) fn to_json(value: &Value) -> String {
    match value {
        Value::String(text) => quote_json(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(to_json).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(entries) => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_str());
            let entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{}:{}", quote_json(key), to_json(value))).collect();
            format!("{{{}}}", entries.join(","))
        }
        _ => scalar(value, ["null", "true", "false"]),
    }
}

fn scalar(value: &Value, [null, yes, no]: [&str; 3]) -> String {
    match value {
        Value::Bool(true) => yes.to_owned(),
        Value::Bool(false) => no.to_owned(),
        Value::Number(number) if number.is_f64() => float(number.as_f64().unwrap_or_default()),
        Value::Number(number) => number.to_string(),
        _ => null.to_owned(),
    }
}

/// `repr(float)`: shortest digits, an exponent below 1e-4 and from 1e16 on.
fn float(value: f64) -> String {
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = format!("{value}");
        return if plain.contains('.') { plain } else { format!("{plain}.0") };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

fn quote_json(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            ' '..='~' => quoted.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let _ = write!(quoted, "\\u{unit:04x}");
                }
            }
        }
    }
    quoted.push('"');
    quoted
}

/// `repr(value)` of lists and dictionaries.
fn repr(value: &Value) -> String {
    match value {
        Value::String(text) => {
            let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
            let mut quoted = String::from(quote);
            for character in text.chars() {
                match character {
                    '\\' => quoted.push_str("\\\\"),
                    '\n' => quoted.push_str("\\n"),
                    '\r' => quoted.push_str("\\r"),
                    '\t' => quoted.push_str("\\t"),
                    _ if character == quote => {
                        quoted.push('\\');
                        quoted.push(quote);
                    }
                    _ => quoted.push(character),
                }
            }
            quoted.push(quote);
            quoted
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(repr).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) => {
            let key = |text: &String| repr(&Value::String(text.clone()));
            let entries: Vec<String> =
                entries.iter().map(|(name, value)| format!("{}: {}", key(name), repr(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        _ => to_str(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{decode, to_argument, to_environment, to_json};

    #[test]
    fn values_read_as_python_writes_them() {
        // Left: a hyperparameter as sent. Middle: str() of what the toolkit decodes. Right: its environment value.
        let cases = [
            ("10", "10", "10"),
            ("0.1", "0.1", "0.1"),
            ("0.10", "0.1", "0.1"),
            ("1e-5", "1e-05", "1e-05"),
            ("1e22", "1e+22", "1e+22"),
            ("123456789.0", "123456789.0", "123456789.0"),
            ("\"abc\"", "abc", "abc"),
            ("abc", "abc", "abc"),
            ("true", "True", "true"),
            ("null", "", ""),
            ("{\"a\": null}", "a=None", "{\"a\":null}"),
            ("[1, \"a\", 0.5]", "[1, 'a', 0.5]", "[1,\"a\",0.5]"),
            ("{\"b\": 2, \"a\": true}", "a=True,b=2", "{\"a\":true,\"b\":2}"),
            ("123456789012345678901234567890", "123456789012345678901234567890", "123456789012345678901234567890"),
            ("", "", ""),
        ];
        for (sent, argument, environment) in cases {
            let value = decode(sent);
            assert_eq!(to_argument(&value), argument, "{sent}");
            assert_eq!(to_environment(&value), environment, "{sent}");
        }
        assert_eq!(to_json(&json!("\u{e9}\u{1f600}\u{1}\"")), r#""\u00e9\ud83d\ude00\u0001\"""#);
    }
}
