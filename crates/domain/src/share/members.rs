//! What the table of CreateTrainingJob's members tells renderers and readers: the order, and the types.
//!
//! An option of the AWS CLI or a scalar of YAML is text without a type, and only the API says whether `10` is a number or
//! a hyperparameter.

use serde_json::{Map, Value};

use crate::training_job::{self, Node, root};

/// The type of a member, as far as reading text needs it.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    Integer,
    Flag,
    /// Free keys, values of text: hyperparameters, environment.
    Map,
    /// Its element.
    List(&'static Node),
    Structure(&'static Node),
}

impl Kind {
    /// Of the whole request.
    pub(super) fn request() -> Self {
        Self::of(root())
    }

    pub(super) fn of(node: &'static Node) -> Self {
        match &node.kind {
            training_job::Kind::Text(_) | training_job::Kind::Choice(_) => Self::Text,
            training_job::Kind::Integer => Self::Integer,
            training_job::Kind::Boolean => Self::Flag,
            training_job::Kind::Map { .. } => Self::Map,
            training_job::Kind::List(item) => Self::List(item),
            training_job::Kind::Structure(_) => Self::Structure(node),
        }
    }

    /// The type of what `key` leads to, when it is known.
    pub(super) fn of_member(self, key: &str) -> Option<Self> {
        match self {
            Self::Structure(node) => node.member(key).map(Self::of),
            Self::Map => Some(Self::Text),
            _ => None,
        }
    }

    pub(super) fn of_item(self) -> Option<Self> {
        if let Self::List(item) = self { Some(Self::of(item)) } else { None }
    }
}

/// The same request with its members in the API's order; those that the API does not have come last. Free maps keep
/// their order.
pub(super) fn in_order(request: &Value) -> Value {
    ordered(request, Some(Kind::request()))
}

fn ordered(value: &Value, kind: Option<Kind>) -> Value {
    match (value, kind) {
        (Value::Object(map), Some(Kind::Structure(node))) => {
            let mut sorted = Map::new();
            for member in node.members() {
                if let Some(value) = map.get(&member.name) {
                    sorted.insert(member.name.clone(), ordered(value, Some(Kind::of(member))));
                }
            }
            for (name, value) in map {
                if !sorted.contains_key(name) {
                    sorted.insert(name.clone(), value.clone());
                }
            }
            Value::Object(sorted)
        }
        (Value::Array(items), Some(Kind::List(item))) => {
            items.iter().map(|it| ordered(it, Some(Kind::of(item)))).collect::<Vec<_>>().into()
        }
        _ => value.clone(),
    }
}
