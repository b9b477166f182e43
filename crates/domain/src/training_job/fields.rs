//! A request as text, one entry per member.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    schema::{Kind, Node, root},
    text,
};
use crate::job_draft::FieldError;

/// Texts by the paths of their members. Rows of maps have two: `Environment[0].name` and `Environment[0].value`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fields(BTreeMap<String, String>);

impl Fields {
    /// Nesting deeper than any member of the API; what is deeper is refused.
    const MAX_DEPTH: usize = 12;

    /// Takes a request apart. Names members that SageMaker does not know and values of a wrong type; limits are checked
    /// by [`Fields::to_request`].
    pub fn read(request: &Value) -> Result<Self, Vec<FieldError>> {
        let mut reader = Reader::default();
        if !request.is_object() {
            return Err(vec![FieldError::new("request", "a request is a JSON object: `{ \"TrainingJobName\": … }`")]);
        }
        reader.value(root(), request, "", 0);
        if reader.errors.is_empty() { Ok(reader.fields) } else { Err(reader.errors) }
    }

    pub fn get(&self, path: &str) -> &str {
        self.0.get(path).map_or("", String::as_str)
    }

    pub fn is_true(&self, path: &str) -> bool {
        matches!(self.get(path).trim(), "true" | "on")
    }

    /// A blank text takes the entry away.
    pub fn set(&mut self, path: impl Into<String>, text: impl Into<String>) {
        let (path, text) = (path.into(), text.into());
        if text.trim().is_empty() && path.rsplit('.').next() != Some("value") {
            self.0.remove(&path);
        } else {
            self.0.insert(path, text);
        }
    }

    /// Takes away this member with all below it.
    pub fn remove(&mut self, path: &str) {
        self.0.retain(|it, _| {
            it.strip_prefix(path).is_none_or(|rest| !(rest.is_empty() || rest.starts_with(['.', '['])))
        });
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The rows that a list or map has, by number.
    pub fn rows(&self, path: &str) -> Vec<usize> {
        let numbers = self
            .0
            .keys()
            .filter_map(|it| it.strip_prefix(path)?.strip_prefix('[')?.split_once(']')?.0.parse::<usize>().ok());
        let mut rows: Vec<usize> = numbers.collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    /// A map's rows: names and values as typed.
    pub fn pairs(&self, path: &str) -> Vec<(String, String)> {
        let rows = self.rows(path).into_iter();
        rows.map(|row| {
            let part = |part: &str| self.get(&format!("{path}[{row}].{part}")).to_owned();
            (part("name"), part("value"))
        })
        .collect()
    }

    /// Adds a row to a map.
    pub fn push_pair(&mut self, path: &str, name: &str, value: &str) {
        let row = self.rows(path).last().map_or(0, |it| it + 1);
        self.0.insert(format!("{path}[{row}].name"), text::write(name));
        self.0.insert(format!("{path}[{row}].value"), text::write_raw(value));
    }
}

#[derive(Default)]
struct Reader {
    fields: Fields,
    errors: Vec<FieldError>,
}

impl Reader {
    fn value(&mut self, node: &Node, value: &Value, path: &str, depth: usize) {
        let is_read = depth <= Fields::MAX_DEPTH
            && match (&node.kind, value) {
                // As AWS's own SDKs do: null is absent.
                (_, Value::Null) => true,
                (Kind::Structure(_), Value::Object(members)) => {
                    for (name, value) in members {
                        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                        match node.member(name) {
                            Some(member) => self.value(member, value, &path, depth + 1),
                            None => self.errors.push(FieldError::new(
                                path,
                                format!("CreateTrainingJob has no member `{name}` here: remove it, or mend its name"),
                            )),
                        }
                    }
                    self.keep_empty(members.is_empty() && !path.is_empty(), value, path)
                }
                (Kind::List(item), Value::Array(items)) => {
                    for (index, value) in items.iter().enumerate() {
                        self.value(item, value, &format!("{path}[{index}]"), depth + 1);
                    }
                    self.keep_empty(items.is_empty(), value, path)
                }
                (Kind::Map { .. }, Value::Object(entries)) => {
                    for (name, value) in entries {
                        match value.as_str() {
                            Some(value) => self.fields.push_pair(path, name, value),
                            None => self.errors.push(FieldError::new(
                                path,
                                format!("the value of `{name}` has to be a string: put it in quotation marks"),
                            )),
                        }
                    }
                    self.keep_empty(entries.is_empty(), value, path)
                }
                (Kind::Text(_) | Kind::Choice(_), Value::String(it)) => self.keep(path, text::write(it)),
                (Kind::Integer, Value::Number(it)) if it.is_i64() => self.keep(path, it.to_string()),
                (Kind::Boolean, Value::Bool(it)) => self.keep(path, it.to_string()),
                _ => false,
            };
        if !is_read {
            let wanted = match node.kind {
                Kind::Structure(_) => "an object",
                Kind::List(_) => "a list",
                Kind::Map { .. } => "an object of strings",
                Kind::Text(_) | Kind::Choice(_) => "a string",
                Kind::Integer => "a whole number",
                Kind::Boolean => "true or false",
            };
            self.errors.push(FieldError::new(path, format!("this member is {wanted}: mend its value")));
        }
    }

    fn keep(&mut self, path: &str, text: String) -> bool {
        self.fields.0.insert(path.to_owned(), text);
        true
    }

    /// An empty structure, list or map says something else than an absent one.
    fn keep_empty(&mut self, is_empty: bool, value: &Value, path: &str) -> bool {
        if is_empty {
            self.keep(path, text::literal(value));
        }
        true
    }
}
