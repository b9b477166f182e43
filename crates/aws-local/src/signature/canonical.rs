//! The text of a request that is signed: method, path, query, headers and the hash of the body, each in one spelling.
//!
//! S3 takes the path as it is; every other service makes it plain (no `.`, `..` or empty parts) and encodes it again.

use std::fmt::Write as _;

use http::header::HOST;
use http::request::Parts;

use super::verify::Style;

const SIGNATURE_PARAMETER: &str = "X-Amz-Signature";

pub(super) fn request(head: &Parts, signed_headers: &[String], style: Style, payload: &str) -> String {
    let path = match style {
        Style::S3 => encode(&decode(head.uri.path(), false), true),
        Style::Other => encode(plain(head.uri.path()).as_bytes(), true),
    };
    let query = query(head.uri.query().unwrap_or_default());
    let mut text = format!("{}\n{path}\n{query}\n", head.method);
    for name in signed_headers {
        let _ = writeln!(text, "{name}:{}", header(head, name));
    }
    let _ = write!(text, "\n{}\n{payload}", signed_headers.join(";"));
    text
}

/// The path without parts that say nothing.
fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let end = if path.ends_with('/') && !parts.is_empty() { "/" } else { "" };
    format!("/{}{end}", parts.join("/"))
}

/// In the order of the encoded names, without the signature itself.
fn query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (encode(&decode(name, true), false), encode(&decode(value, true), false)))
        .filter(|(name, _)| name != SIGNATURE_PARAMETER)
        .collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Every value of the header, without space around it and with one space for several within.
pub(super) fn header(head: &Parts, name: &str) -> String {
    let one = |bytes: &[u8]| String::from_utf8_lossy(bytes).split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    let values: Vec<String> = head.headers.get_all(name).iter().map(|value| one(value.as_bytes())).collect();
    match head.uri.authority() {
        // HTTP/2 carries the host in the URI.
        Some(authority) if values.is_empty() && name == HOST => authority.to_string(),
        _ => values.join(","),
    }
}

/// The bytes that `%XX` stand for; what is no such thing stays. In a query `+` is a space.
fn decode(text: &str, is_query: bool) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let pair = bytes.get(at + 1..at + 3).filter(|_| *byte == b'%').and_then(|pair| hex::decode(pair).ok());
        match pair {
            Some(decoded) => {
                out.extend(decoded);
                at += 2;
            }
            None => out.push(if is_query && *byte == b'+' { b' ' } else { *byte }),
        }
        at += 1;
    }
    out
}

fn encode(bytes: &[u8], is_path: bool) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(byte) || (is_path && *byte == b'/') {
            out.push(char::from(*byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_plain_and_encoded_once_more_but_for_s3() {
        for (path, expected) in
            [("/", "/"), ("//a//", "/a/"), ("/a/..", "/"), ("/a/./b", "/a/b"), ("/../..", "/"), ("/./", "/")]
        {
            assert_eq!(plain(path), expected, "{path}");
        }
        let head = |uri: &str| http::Request::get(uri).body(()).unwrap().into_parts().0;
        let path = |style| request(&head("/b//a%20b/@c"), &[], style, "").lines().nth(1).unwrap().to_owned();
        assert_eq!(path(Style::S3), "/b//a%20b/%40c");
        assert_eq!(path(Style::Other), "/b/a%2520b/%40c");
    }

    #[test]
    fn queries_are_sorted_and_spelled_in_one_way() {
        assert_eq!(query("b=2&a=x+y&X-Amz-Signature=0&a=%7e%2fz&c&%E1%88%B4=1"), "%E1%88%B4=1&a=x%20y&a=~%2Fz&b=2&c=");
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_a_canonical_form(text in "\\PC{0,40}", odd in "[%0-9a-f+&=./]{0,40}") {
            for text in [text, odd] {
                let once = query(&text);
                assert_eq!(query(&once), once);
                assert!(plain(&text).starts_with('/'));
            }
        }
    }
}
