//! Writing Python: literals in the way that black formats them, strings always in double quotes.

use std::fmt::Write as _;

use serde_json::Value;

use crate::share::visible::quoted;

/// A script that makes the job as it is.
pub(in crate::share) fn render_boto3(request: &Value, region: &str) -> String {
    let mut out =
        format!("import boto3\n\nclient = boto3.client(\"sagemaker\", region_name={})\n\nresponse = ", quoted(region));
    match request.as_object() {
        Some(members) if members.keys().all(|it| is_keyword_argument(it)) => {
            out.push_str("client.create_training_job(\n");
            for (name, value) in members {
                let _ = writeln!(out, "    {name}={},", literal(value, 4));
            }
            out.push_str(")\n");
        }
        _ => {
            let _ = writeln!(out, "client.create_training_job(**{})", literal(request, 0));
        }
    }
    out.push_str("print(response[\"TrainingJobArn\"])\n");
    out
}

/// The members of the API are; what else a request holds may not be.
fn is_keyword_argument(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
        && !["True", "False", "None"].contains(&name)
}

/// The value as Python writes it; lines after the first are indented by `indent`.
pub(in crate::share) fn literal(value: &Value, indent: usize) -> String {
    let (outer, inner) = (" ".repeat(indent), " ".repeat(indent + 4));
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(it) => it.to_string(),
        Value::String(it) => quoted(it),
        Value::Array(items) if items.is_empty() => "[]".to_owned(),
        Value::Array(items) => {
            let mut lines = String::new();
            for item in items {
                let _ = writeln!(lines, "{inner}{},", literal(item, indent + 4));
            }
            format!("[\n{lines}{outer}]")
        }
        Value::Object(map) if map.is_empty() => "{}".to_owned(),
        Value::Object(map) => {
            let mut lines = String::new();
            for (key, value) in map {
                let _ = writeln!(lines, "{inner}{}: {},", quoted(key), literal(value, indent + 4));
            }
            format!("{{\n{lines}{outer}}}")
        }
    }
}
