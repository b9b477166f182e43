//! Numbers of Python: any radix, underscores, exponents; as long as JSON can hold them.

use serde_json::Value;

use crate::share::{
    cursor::Cursor,
    fault::{Fault, Path},
};

pub(super) fn number(cursor: &mut Cursor<'_>, path: &Path) -> Result<Value, Fault> {
    let rest = cursor.rest();
    // An exponent's sign belongs to the number; any other sign is arithmetic.
    // `e` is a digit there.
    let is_hex = rest.trim_start_matches(['+', '-']).get(..2).is_some_and(|it| it.eq_ignore_ascii_case("0x"));
    let mut end = 0;
    let mut before = ' ';
    for (at, c) in rest.char_indices() {
        let is_sign = matches!(c, '+' | '-') && (at == 0 || (matches!(before, 'e' | 'E') && !is_hex));
        if !(c.is_ascii_alphanumeric() || c == '_' || c == '.' || is_sign) {
            break;
        }
        before = c;
        end = at + c.len_utf8();
    }
    let written = &rest[..end];
    let digits = written.trim_start_matches(['+', '-']).replace('_', "");
    let is_negative = written.starts_with('-');
    let radix = match digits.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => Some(16),
        Some("0o") => Some(8),
        Some("0b") => Some(2),
        _ => None,
    };
    let whole = match radix {
        Some(radix) => i128::from_str_radix(&digits[2..], radix).ok(),
        None => digits.parse::<i128>().ok(),
    };
    let value = match whole {
        Some(whole) => {
            let whole = if is_negative { -whole } else { whole };
            u64::try_from(whole).map(Value::from).or_else(|_| i64::try_from(whole).map(Value::from)).ok()
        }
        None if digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
            let float = digits.parse::<f64>().ok().map(|it| if is_negative { -it } else { it });
            float.and_then(serde_json::Number::from_f64).map(Value::Number)
        }
        None => None,
    };
    let value = value.ok_or_else(|| {
        Fault::new(
            cursor.at,
            format!("`{path}` is `{}`, which is no number of JSON. Write one, or text in quotes.", cursor.sample()),
        )
    })?;
    cursor.at += end;
    Ok(value)
}
