//! `aws_sagemaker_training_job` of the Terraform AWS provider.
//!
//! The provider has had the resource since spring 2026 (hashicorp/terraform-provider-aws, pull request 46892; its
//! documentation is `website/docs/r/sagemaker_training_job.html.markdown`, its schema
//! `internal/service/sagemaker/training_job.go`). The AWSCC provider has none: `CloudFormation` cannot make the type.
//! Structures are blocks, repeated for lists of them; free maps and lists of text are arguments; tags are a map.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::{Shared, fault::Path, members::Kind, model_trainer::snake, visible::escape};

/// Members of the API that the resource has no argument for.
const MISSING: [&str; 3] = ["InstancePreferences", "DatasetSource", "SequenceLength"];

pub(super) fn render(request: &Value, region: &str) -> Shared {
    let mut writer = Writer { notes: Vec::new() };
    let empty = Map::new();
    let members = request.as_object().unwrap_or(&empty);
    let body = writer.body(members, Kind::request(), &Path::default(), 2);
    let text = format!(
        "terraform {{\n  required_providers {{\n    aws = {{\n      source = \"hashicorp/aws\"\n    }}\n  }}\n}}\n\n\
         provider \"aws\" {{\n  region = {}\n}}\n\n\
         resource \"aws_sagemaker_training_job\" \"this\" {{\n{body}}}\n\n\
         output \"training_job_arn\" {{\n  value = aws_sagemaker_training_job.this.arn\n}}\n",
        quoted(region),
    );
    writer.notes.push(
        "Terraform owns the job: `terraform destroy`, or a change of almost any argument, stops and deletes it. The \
         resource needs a release of the AWS provider of spring 2026 or later."
            .to_owned(),
    );
    // Terraform keeps all text in Unicode's composed form.
    if text.chars().any(|c| matches!(c, '\u{300}'..='\u{36f}')) {
        writer.notes.push(
            "Some text has combining marks: Terraform composes them, so the job gets other bytes for the same letters."
                .to_owned(),
        );
    }
    Shared { text, notes: writer.notes }
}

struct Writer {
    notes: Vec<String>,
}

impl Writer {
    /// Arguments first, aligned as `terraform fmt` does, then blocks with an empty line before each.
    fn body(&mut self, map: &Map<String, Value>, kind: Kind, path: &Path, indent: usize) -> String {
        let mut arguments: Vec<(String, String)> = Vec::new();
        let mut blocks = Vec::new();
        for (name, value) in map {
            let path = path.member(name);
            let Some(kind) = kind.of_member(name).filter(|_| !MISSING.contains(&name.as_str())) else {
                self.notes.push(format!("`{path}`: left out, because the resource has no argument for it."));
                continue;
            };
            let argument = argument_name(name);
            match (kind, value) {
                (_, Value::Null) => {}
                (Kind::List(_), Value::Array(tags)) if name == "Tags" => {
                    arguments.push((argument, self.tags(tags, indent)));
                }
                (Kind::Structure(_), Value::Object(map)) => {
                    blocks.push(self.block(&argument, map, kind, &path, indent));
                }
                (Kind::List(item), Value::Array(items)) if !item.members().is_empty() => {
                    for (index, it) in items.iter().enumerate() {
                        match it {
                            Value::Object(map) => {
                                blocks.push(self.block(&argument, map, Kind::of(item), &path.item(index), indent));
                            }
                            _ => self.wrong_type(&path.item(index)),
                        }
                    }
                }
                (Kind::Structure(node) | Kind::List(node), _) if !node.members().is_empty() => self.wrong_type(&path),
                _ => arguments.push((argument, expression(value, indent))),
            }
        }
        let pad = " ".repeat(indent);
        let mut out = String::new();
        for (index, (name, value)) in arguments.iter().enumerate() {
            let width = run_width(&arguments, index);
            let _ = writeln!(out, "{pad}{name:width$} = {value}");
        }
        for (index, block) in blocks.iter().enumerate() {
            if index > 0 || !arguments.is_empty() {
                out.push('\n');
            }
            out.push_str(block);
        }
        out
    }

    fn block(&mut self, name: &str, map: &Map<String, Value>, kind: Kind, path: &Path, indent: usize) -> String {
        let pad = " ".repeat(indent);
        format!("{pad}{name} {{\n{}{pad}}}\n", self.body(map, kind, path, indent + 2))
    }

    fn wrong_type(&mut self, path: &Path) {
        self.notes.push(format!("`{path}`: left out, because it is not of the type that SageMaker wants."));
    }

    fn tags(&mut self, tags: &[Value], indent: usize) -> String {
        let mut map = Map::new();
        for (index, tag) in tags.iter().enumerate() {
            match (tag.get("Key").and_then(Value::as_str), tag.get("Value").and_then(Value::as_str)) {
                (Some(key), Some(value)) => {
                    map.insert(key.to_owned(), value.into());
                }
                _ => self.wrong_type(&Path::default().member("Tags").item(index)),
            }
        }
        expression(&Value::Object(map), indent)
    }
}

/// `terraform fmt` aligns the equals signs of neighbours, each on one line: a value of several lines ends a group.
fn run_width(arguments: &[(String, String)], index: usize) -> usize {
    let is_long = |at: usize| arguments[at].1.contains('\n');
    if is_long(index) {
        return arguments[index].0.len();
    }
    let first = (0..index).rev().find(|it| is_long(*it)).map_or(0, |it| it + 1);
    let end = (index..arguments.len()).find(|it| is_long(*it)).unwrap_or(arguments.len());
    arguments[first..end].iter().map(|(name, _)| name.len()).max().unwrap_or(0)
}

fn argument_name(member: &str) -> String {
    // The provider has one word where the API has two.
    if member == "EnableSageMakerMetricsTimeSeries" {
        return "enable_sagemaker_metrics_time_series".to_owned();
    }
    snake(member)
}

fn expression(value: &Value, indent: usize) -> String {
    let (outer, inner) = (" ".repeat(indent), " ".repeat(indent + 2));
    match value {
        Value::String(it) => quoted(it),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|it| expression(it, indent)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) if map.is_empty() => "{}".to_owned(),
        Value::Object(map) => {
            let width = map.keys().map(|it| quoted(it).chars().count()).max().unwrap_or(0);
            let mut lines = String::new();
            for (key, value) in map {
                let _ = writeln!(lines, "{inner}{:width$} = {}", quoted(key), expression(value, indent + 2));
            }
            format!("{{\n{lines}{outer}}}")
        }
        other => other.to_string(),
    }
}

/// A string of HCL: `${` and `%{` would begin a template.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    let mut chars = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        match c {
            '$' | '%' if chars.peek() == Some(&'{') && before == c => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            '$' | '%' if chars.peek() == Some(&'{') => out.extend([c, c]),
            c => escape(&mut out, c),
        }
        before = c;
    }
    out.push('"');
    out
}
