//! From texts to a request: types, limits and patterns of each member, then the rules between them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    Fields, TrainingJobRequest, rules,
    schema::{Kind, Node, root},
    text,
    tree::Tree,
};
use crate::job_draft::FieldError;

/// The numbers that a list's elements have in the form, by the list's path: errors point to what was typed.
pub(super) type RowNumbers = BTreeMap<String, Vec<usize>>;

impl Fields {
    /// Checks every member and names all that are wrong, not only the first.
    pub fn to_request(&self) -> Result<TrainingJobRequest, Vec<FieldError>> {
        let (request, rows, mut errors) = self.to_value();
        rules::check(&request, &rows, &mut errors);
        if errors.is_empty() { Ok(TrainingJobRequest::of_checked(request)) } else { Err(errors) }
    }

    /// What can be read of a form that is not complete: for an estimate, and to show. Wrong members are left out.
    pub fn to_partial_request(&self) -> TrainingJobRequest {
        TrainingJobRequest::of_checked(self.to_value().0)
    }

    /// Each member by itself, without the rules between them.
    pub(super) fn to_value(&self) -> (Value, RowNumbers, Vec<FieldError>) {
        let mut parser = Parser { errors: Vec::new(), rows: RowNumbers::new() };
        let mut tree = Tree::default();
        for (path, text) in self.iter() {
            if !tree.insert(path, text) {
                parser.unknown(path);
            }
        }
        let request = parser.value(root(), &tree, "").unwrap_or_else(|| Value::Object(Map::new()));
        (request, parser.rows, parser.errors)
    }
}

struct Parser {
    errors: Vec<FieldError>,
    rows: RowNumbers,
}

impl Parser {
    /// `None`: nothing is set here (or it was wrong and is named in `errors`).
    fn value(&mut self, node: &Node, tree: &Tree, path: &str) -> Option<Value> {
        let empty = tree.text.as_deref().and_then(text::read_literal);
        match &node.kind {
            Kind::Structure(members) => self.structure(members, tree, path, empty),
            Kind::List(item) => self.list(node, item, tree, path, empty),
            Kind::Map { key, value } => self.map(node, (key, value), tree, path, empty),
            _ => {
                for below in tree.members.keys() {
                    self.unknown(&format!("{path}.{below}"));
                }
                let text = text::read(tree.text.as_deref()?)?;
                self.keep(path, text::leaf(node, &text))
            }
        }
    }

    fn structure(&mut self, members: &[Node], tree: &Tree, path: &str, empty: Option<Value>) -> Option<Value> {
        let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        let before = self.errors.len();
        let mut object = Map::new();
        for (name, tree) in &tree.members {
            match members.iter().find(|it| &it.name == name) {
                Some(member) => {
                    if let Some(value) = self.value(member, tree, &below(name)) {
                        object.insert(name.clone(), value);
                    }
                }
                None => self.unknown(&below(name)),
            }
        }
        if object.is_empty() && self.errors.len() == before && !path.is_empty() {
            return empty.filter(|it| it.as_object().is_some_and(Map::is_empty));
        }
        for member in members.iter().filter(|it| it.is_required && !object.contains_key(&it.name)) {
            // Launch makes the name.
            if member.name == "TrainingJobName" {
                continue;
            }
            let at = first_leaf(member, below(&member.name));
            // A wrong value was named already.
            if !self.errors.iter().any(|it| it.field.starts_with(&below(&member.name))) {
                let message = required_text(&at);
                self.errors.push(FieldError::new(at, message));
            }
        }
        Some(Value::Object(object))
    }

    fn list(&mut self, node: &Node, item: &Node, tree: &Tree, path: &str, empty: Option<Value>) -> Option<Value> {
        let mut items = Vec::new();
        let mut numbers = Vec::new();
        for (number, row) in &tree.rows {
            if let Some(value) = self.value(item, row, &format!("{path}[{number}]")) {
                items.push(value);
                numbers.push(*number);
            }
        }
        if items.is_empty() {
            return empty.filter(|it| it.as_array().is_some_and(Vec::is_empty));
        }
        self.count(node, items.len(), path);
        self.rows.insert(path.to_owned(), numbers);
        Some(Value::Array(items))
    }

    fn map(
        &mut self,
        node: &Node,
        (key, value): (&Node, &Node),
        tree: &Tree,
        path: &str,
        empty: Option<Value>,
    ) -> Option<Value> {
        let mut object = Map::new();
        for (number, row) in &tree.rows {
            let part = |part: &str| row.members.get(part).and_then(|it| it.text.as_deref()).unwrap_or_default();
            let (name, typed) = (text::read(part("name")), text::read_raw(part("value")));
            let name_at = format!("{path}[{number}].name");
            let Some(name) = name else {
                if !typed.trim().is_empty() {
                    let message = "this row has a value but no name: name it or clear the row";
                    self.errors.push(FieldError::new(name_at, message));
                }
                continue;
            };
            let _ = self.keep(&name_at, text::leaf(key, &name));
            let _ = self.keep(&format!("{path}[{number}].value"), text::leaf(value, &typed));
            if object.insert(name.clone(), Value::from(typed)).is_some() {
                self.errors.push(FieldError::new(name_at, format!("`{name}` is there twice: keep one")));
            }
        }
        if object.is_empty() {
            return empty.filter(|it| it.as_object().is_some_and(Map::is_empty));
        }
        self.count(node, object.len(), path);
        Some(Value::Object(object))
    }

    fn count(&mut self, node: &Node, count: usize, path: &str) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        if let Some(max) = node.max.filter(|it| count > *it) {
            let message = format!("at most {max} are allowed; there are {count}: remove {}", count - max);
            self.errors.push(FieldError::new(path, message));
        }
        if let Some(min) = node.min.filter(|it| count < *it) {
            self.errors.push(FieldError::new(path, format!("at least {min} are needed; there are {count}: add some")));
        }
    }

    fn keep(&mut self, path: &str, value: Result<Value, String>) -> Option<Value> {
        value.map_err(|message| self.errors.push(FieldError::new(path, message))).ok()
    }

    fn unknown(&mut self, path: &str) {
        let message = "CreateTrainingJob has no such member: remove it, or mend its name";
        self.errors.push(FieldError::new(path, message));
    }
}

/// Where somebody would set this member: a structure is set by its first required member.
fn first_leaf(node: &Node, path: String) -> String {
    match &node.kind {
        Kind::Structure(members) => match members.iter().find(|it| it.is_required) {
            Some(member) => first_leaf(member, format!("{path}.{}", member.name)),
            None => path,
        },
        _ => path,
    }
}

fn required_text(path: &str) -> String {
    match path {
        "RoleArn" => "give the execution role's ARN, for example `arn:aws:iam::123456789012:role/SageMakerTraining`",
        "OutputDataConfig.S3OutputPath" => "say where the model goes, for example `s3://my-bucket/experiments`",
        _ => return format!("`{}` is required here: set it, or clear the rest of its group", path_end(path)),
    }
    .to_owned()
}

fn path_end(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}
