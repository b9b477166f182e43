//! The awsQuery protocol: flattened form fields in, XML out.
//! <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::ApiError;
use crate::clock;

/// Deeper nesting than any operation has.
const MAX_DEPTH: usize = 16;

/// More fields than CloudWatch's largest request (1,000 metrics of 30 dimensions) has.
const MAX_FIELDS: usize = 100_000;

/// Members of CloudWatch's answers that are maps: their keys are data, not names of elements.
const MAP_MEMBERS: [&str; 1] = ["ExtendedStatistics"];

/// The fields of a form, percent-decoded.
pub(crate) fn fields(form: &[u8]) -> Result<Vec<(String, String)>, ApiError> {
    let mut fields = Vec::new();
    for pair in form.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let mut next = || percent_decode(halves.next().unwrap_or_default());
        match (next(), next()) {
            (Some(name), Some(value)) => fields.push((name, value)),
            _ => return Err(ApiError::client("MalformedQueryString", "The form is not UTF-8.")),
        }
        if fields.len() > MAX_FIELDS {
            return Err(ApiError::client("MalformedQueryString", "The form has too many fields."));
        }
    }
    Ok(fields)
}

pub(crate) fn percent_decode(text: &[u8]) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let pair = rest.get(..2)?;
                out.extend(hex::decode(pair).ok()?);
                rest = &rest[2..];
            }
            byte => out.push(*byte),
        }
    }
    String::from_utf8(out).ok()
}

/// Every byte but the unreserved ones as `%XX`, as IAM shows its documents.
pub(crate) fn percent_encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len() * 2), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// `MetricData.member.1.Dimensions.member.2.Name=x` becomes nested objects and lists. Every leaf is text.
pub(crate) fn decode(fields: &[(String, String)]) -> Result<Value, ApiError> {
    let mut root = Value::Object(Map::new());
    for (name, text) in fields.iter().filter(|(name, _)| name != "Action" && name != "Version") {
        let path: Vec<&str> = name.split('.').collect();
        if path.len() > MAX_DEPTH {
            return Err(ApiError::client("MalformedQueryString", format!("The field {name} is nested too deeply.")));
        }
        let mut place = &mut root;
        for part in path {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            let Value::Object(members) = place else { break };
            place = members.entry(part).or_insert(Value::Null);
        }
        *place = Value::String(text.clone());
    }
    Ok(lists(root))
}

/// `{"member": {"1": a, "2": b}}` is the list `[a, b]`.
fn lists(value: Value) -> Value {
    let Value::Object(members) = value else { return value };
    if members.len() == 1
        && let Some(Value::Object(numbered)) = members.get("member")
    {
        let mut items: Vec<(u64, Value)> =
            numbered.iter().filter_map(|(number, item)| Some((number.parse().ok()?, lists(item.clone())))).collect();
        items.sort_by_key(|(number, _)| *number);
        return Value::Array(items.into_iter().map(|(_, item)| item).collect());
    }
    Value::Object(members.into_iter().map(|(name, member)| (name, lists(member))).collect())
}

pub(crate) fn encode(namespace: &str, operation: &str, output: &Value, times: &[&str], request_id: &str) -> String {
    let mut xml = format!("<{operation}Response xmlns=\"{namespace}\">");
    if output.as_object().is_some_and(|members| !members.is_empty()) {
        element(&mut xml, &format!("{operation}Result"), output, times);
    }
    let _ =
        write!(xml, "<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>");
    xml
}

pub(crate) fn encode_error(namespace: &str, error: &ApiError, request_id: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{}</Type><Code>{}</Code><Message>{}</Message></Error>\
         <RequestId>{request_id}</RequestId></ErrorResponse>",
        error.fault(),
        escape(error.query_code()),
        escape(&error.message)
    )
}

fn element(xml: &mut String, name: &str, value: &Value, times: &[&str]) {
    let _ = write!(xml, "<{name}>");
    match value {
        Value::Object(entries) if MAP_MEMBERS.contains(&name) => {
            for (key, value) in entries {
                let _ = write!(xml, "<entry><key>{}</key>", escape(key));
                element(xml, "value", value, times);
                xml.push_str("</entry>");
            }
        }
        value => content(xml, value, times, times.contains(&name)),
    }
    let _ = write!(xml, "</{name}>");
}

fn content(xml: &mut String, value: &Value, times: &[&str], is_time: bool) {
    match value {
        Value::Null => {}
        Value::Bool(value) => xml.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) if is_time => {
            xml.push_str(&clock::iso((number.as_f64().unwrap_or_default() * 1000.0).round() as i64));
        }
        Value::Number(number) => xml.push_str(&number.to_string()),
        Value::String(text) => xml.push_str(&escape(text)),
        Value::Array(items) => {
            for item in items {
                xml.push_str("<member>");
                content(xml, item, times, is_time);
                xml.push_str("</member>");
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                element(xml, name, member, times);
            }
        }
    }
}

/// Text for XML. Control characters that XML 1.0 cannot carry at all become U+FFFD.
pub(crate) fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, char| {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' => out.push(char),
            '\r' => out.push_str("&#13;"),
            char if char < ' ' || matches!(char, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            char => out.push(char),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn forms_become_nested_values() {
        let form = b"Action=PutMetricData&Version=2010-08-01&Namespace=a%2Fb+c&MetricData.member.2.MetricName=y\
            &MetricData.member.1.MetricName=x&MetricData.member.1.Dimensions.member.1.Name=Host";
        assert_eq!(
            decode(&fields(form).unwrap()).unwrap(),
            json!({ "Namespace": "a/b c", "MetricData": [
                { "MetricName": "x", "Dimensions": [{ "Name": "Host" }] }, { "MetricName": "y" }] })
        );
        assert!(fields(b"a=%ff").is_err());
    }

    #[test]
    fn answers_are_xml_with_members_escapes_and_iso_times() {
        let xml = encode("ns", "Op", &json!({ "Timestamps": [0, 1.5], "Text": "a<b&\u{1}" }), &["Timestamps"], "id");
        assert_eq!(
            xml,
            "<OpResponse xmlns=\"ns\"><OpResult><Timestamps><member>1970-01-01T00:00:00.000Z</member>\
             <member>1970-01-01T00:00:01.500Z</member></Timestamps><Text>a&lt;b&amp;\u{fffd}</Text></OpResult>\
             <ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></OpResponse>"
        );
    }

    #[test]
    fn maps_are_entries() {
        let xml = encode("ns", "Op", &json!({ "ExtendedStatistics": { "p99.9": 1.5 } }), &[], "id");
        let entry = "<ExtendedStatistics><entry><key>p99.9</key><value>1.5</value></entry></ExtendedStatistics>";
        assert!(xml.contains(entry), "{xml}");
    }

    proptest::proptest! {
        #[test]
        fn any_form_is_read_or_refused(text in ".{0,200}", form in "[a-b.=&%+0-9memr]{0,200}") {
            for form in [text, form] {
                let _ = fields(form.as_bytes()).and_then(|fields| decode(&fields));
            }
        }
    }
}
