//! CBOR for Smithy RPC v2: <https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html>.
//!
//! Reading goes through `ciborium`. Writing is done here: the protocol wants definite lengths, doubles that stay doubles
//! and times under tag 1, and a `Value` tree knows all lengths beforehand.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ciborium::Value as Cbor;
use serde_json::{Map, Number, Value};

use super::ApiError;

/// Deeper nesting than any operation has; as many levels as `serde_json` reads.
const MAX_DEPTH: usize = 128;

/// An absent body is an empty input, as the protocol says for operations without members.
pub(crate) fn decode(bytes: &[u8]) -> Result<Value, ApiError> {
    if bytes.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    let invalid = || ApiError::client("SerializationException", "The request body is not valid CBOR.");
    // Reading it and turning it into JSON both recurse.
    let cbor: Cbor = ciborium::de::from_reader_with_recursion_limit(bytes, MAX_DEPTH).map_err(|_| invalid())?;
    to_json(cbor).ok_or_else(invalid)
}

fn to_json(cbor: Cbor) -> Option<Value> {
    Some(match cbor {
        Cbor::Null => Value::Null,
        Cbor::Bool(value) => Value::Bool(value),
        Cbor::Integer(value) => {
            let value = i128::from(value);
            i64::try_from(value)
                .map_or_else(|_| u64::try_from(value).map(Value::from).ok(), |value| Some(value.into()))?
        }
        // JSON has no NaN; the text is what the JSON protocols send for it.
        Cbor::Float(value) => Number::from_f64(value).map_or_else(|| Value::String(value.to_string()), Value::Number),
        Cbor::Text(text) => Value::String(text),
        Cbor::Bytes(bytes) => Value::String(STANDARD.encode(bytes)),
        Cbor::Tag(_, inner) => to_json(*inner)?,
        Cbor::Array(items) => Value::Array(items.into_iter().map(to_json).collect::<Option<_>>()?),
        Cbor::Map(pairs) => Value::Object(
            pairs
                .into_iter()
                .map(|(name, value)| Some((name.into_text().ok()?, to_json(value)?)))
                .collect::<Option<Map<_, _>>>()?,
        ),
        _ => return None,
    })
}

/// Members named in `times` are epoch seconds and written as times, in lists of them too.
pub(crate) fn encode(value: &Value, times: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, value, times, false);
    out
}

fn write(out: &mut Vec<u8>, value: &Value, times: &[&str], is_time: bool) {
    match value {
        Value::Null => out.push(0xf6),
        Value::Bool(value) => out.push(if *value { 0xf5 } else { 0xf4 }),
        Value::Number(number) => {
            if is_time {
                head(out, 6, 1);
            }
            match (number.as_u64(), number.as_i64()) {
                (Some(value), _) if !number.is_f64() => head(out, 0, value),
                (None, Some(value)) if !number.is_f64() => head(out, 1, !(value as u64)),
                _ => {
                    out.push(0xfb);
                    out.extend_from_slice(&number.as_f64().unwrap_or(f64::NAN).to_be_bytes());
                }
            }
        }
        Value::String(text) => {
            head(out, 3, text.len() as u64);
            out.extend_from_slice(text.as_bytes());
        }
        Value::Array(items) => {
            head(out, 4, items.len() as u64);
            for item in items {
                write(out, item, times, is_time);
            }
        }
        Value::Object(members) => {
            head(out, 5, members.len() as u64);
            for (name, member) in members {
                head(out, 3, name.len() as u64);
                out.extend_from_slice(name.as_bytes());
                write(out, member, times, times.contains(&name.as_str()));
            }
        }
    }
}

/// The initial byte and length or value of an item (RFC 8949 section 3).
fn head(out: &mut Vec<u8>, major: u8, value: u64) {
    let major = major << 5;
    match value {
        0..=23 => out.push(major | value as u8),
        24..=0xff => out.extend_from_slice(&[major | 0x18, value as u8]),
        0x100..=0xffff => {
            out.push(major | 0x19);
            out.extend_from_slice(&(value as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(major | 0x1a);
            out.extend_from_slice(&(value as u32).to_be_bytes());
        }
        _ => {
            out.push(major | 0x1b);
            out.extend_from_slice(&value.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_written_is_read_back() {
        let value = json!({
            "Text": "ü", "Small": 7, "Large": 5_000_000_000_i64, "Negative": -300, "Double": 1.0, "Yes": true,
            "List": [1, 2.5, null], "Long": "x".repeat(70_000),
        });
        assert_eq!(decode(&encode(&value, &[])).unwrap(), value);
    }

    #[test]
    fn times_carry_tag_one_and_doubles_stay_doubles() {
        assert_eq!(
            encode(&json!({ "T": [1.0] }), &["T"]),
            [0xa1, 0x61, b'T', 0x81, 0xc1, 0xfb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0]
        );
        let Cbor::Map(members) = ciborium::from_reader(encode(&json!({ "T": 5 }), &["T"]).as_slice()).unwrap() else {
            panic!("a map was written");
        };
        assert_eq!(members[0].1, Cbor::Tag(1, Box::new(Cbor::Integer(5.into()))));
    }

    #[test]
    fn garbage_is_refused() {
        assert_eq!(decode(b"<html>").unwrap_err().code, "SerializationException");
        assert_eq!(decode(&[0xa1, 0x01, 0x02]).unwrap_err().code, "SerializationException");
    }

    #[test]
    fn depth_bombs_are_refused() {
        for open in [&[0x81_u8][..], &[0x9f], &[0xa1, 0x61, b'a'], &[0xc1], &[0xbf, 0x61, b'a']] {
            let bomb = open.repeat((1 << 20) / open.len());
            assert_eq!(decode(&bomb).unwrap_err().code, "SerializationException");
        }
        // A length without its bytes reserves nothing.
        for head in [0x9b_u8, 0xbb, 0x5b, 0x7b] {
            assert!(decode(&[&[head][..], &[0xff; 8]].concat()).is_err());
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = decode(&bytes);
        }
    }
}
