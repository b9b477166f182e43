//! What a client gave: members of a JSON body or of a query, checked as MLflow's server checks them.
//!
//! Source: `_get_request_message` and `_validate_param_against_schema` in `mlflow/server/handlers.py` of 3.17.2. Numbers
//! may come as texts; what is unknown is ignored; a body that is no JSON object is an empty one.

use axum::{
    body::to_bytes,
    extract::{FromRequest, FromRequestParts as _, Query, Request},
    http::{Method, header},
};
use domain::mlflow::{MlflowError, Result as Checked};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Web, failure::Failure, turn};

/// What a member must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Integer,
    Float,
    Bool,
    List,
}

/// A member that is checked: its name, what it is, and whether it must be there.
pub(super) type Member = (&'static str, Kind, bool);

#[derive(Clone, Debug, Default)]
pub(super) struct Given {
    members: Map<String, Value>,
    /// Of an address, where everything is a text, and what comes once is no list.
    is_query: bool,
}

/// A body above this waits for its turn: parsed, it takes many times as much.
const SMALL_BODY_BYTES: u64 = 1024 * 1024;

const ADVICE: &str = " See the API docs for more information about request parameters.";

impl FromRequest<Web> for Given {
    type Rejection = Failure;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        if parts.method == Method::GET {
            let pairs = Query::<Vec<(String, String)>>::from_request_parts(&mut parts, web).await;
            let Query(pairs) = pairs.map_err(|err| MlflowError::invalid(err.body_text()))?;
            return Ok(Self::of_query(pairs));
        }
        if parts.method == Method::POST || parts.method == Method::PUT {
            let content_type = parts.headers.get(header::CONTENT_TYPE).map(|it| it.to_str().unwrap_or_default());
            let Some(content_type) = content_type else {
                return Err(MlflowError::invalid("Bad Request. Content-Type header is missing.").into());
            };
            if content_type.split(';').next() != Some("application/json") {
                let why = "Bad Request. Content-Type must be one of ['application/json'].";
                return Err(MlflowError::invalid(why).into());
            }
        }
        let length = parts.headers.get(header::CONTENT_LENGTH).and_then(|it| it.to_str().ok()?.parse::<u64>().ok());
        let _turn = if length.is_none_or(|it| it > SMALL_BODY_BYTES) { Some(turn(web).await?) } else { None };
        let broken = || MlflowError::invalid("The request broke off or is larger than it may be.");
        let bytes = to_bytes(body, usize::MAX).await.map_err(|_| broken())?;
        Ok(Self::of_json(&bytes))
    }
}

impl Given {
    pub(super) fn of_json(bytes: &[u8]) -> Self {
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(members)) => Self::of_members(members),
            // Old clients encode twice.
            Ok(Value::String(text)) => match serde_json::from_str(&text) {
                Ok(Value::Object(members)) => Self::of_members(members),
                _ => Self::default(),
            },
            _ => Self::default(),
        }
    }

    /// What comes once is a text; what comes more often, a list.
    pub(super) fn of_query(pairs: Vec<(String, String)>) -> Self {
        let mut members = Map::new();
        for (name, text) in pairs {
            match members.get_mut(&name) {
                None => {
                    members.insert(name, Value::String(text));
                }
                Some(Value::Array(list)) => list.push(Value::String(text)),
                Some(one) => *one = Value::Array(vec![one.take(), Value::String(text)]),
            }
        }
        Self { members, is_query: true }
    }

    fn of_members(members: Map<String, Value>) -> Self {
        Self { members, is_query: false }
    }

    /// Checks the members in their order; the first that is wrong is the answer.
    pub(super) fn check(&self, members: &[Member]) -> Checked<()> {
        self.check_named(str::to_owned, members)
    }

    /// The members of an object in a list, named by its path.
    pub(super) fn check_at(&self, path: &str, members: &[Member]) -> Checked<()> {
        self.check_named(|name| format!("{path}.{name}"), members)
    }

    fn check_named(&self, shown: impl Fn(&str) -> String, members: &[Member]) -> Checked<()> {
        for (name, kind, is_required) in members {
            let value = self.value(name);
            // MLflow takes an empty text for nothing where a text or a metric's value belongs, and nowhere else.
            let may_be_empty = matches!(kind, Kind::Text | Kind::Float);
            if value.is_none_or(|it| may_be_empty && it.as_str() == Some("")) {
                if *is_required {
                    return Err(missing(&shown(name)));
                }
            } else if let Some(value) = value.filter(|it| !kind.takes(it)) {
                return Err(wrong(&shown(name), value));
            }
        }
        Ok(())
    }

    /// Whether the member is there, and is not null.
    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// Runs have had two names.
    fn value(&self, name: &str) -> Option<&Value> {
        let get = |name: &str| self.members.get(name).filter(|it| !it.is_null());
        get(name).or_else(|| if name == "run_id" { get("run_uuid") } else { None })
    }

    /// All members as one of our own types.
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_value(Value::Object(self.members.clone()))
    }

    /// As it was given; null when it is absent.
    pub(super) fn member(&self, name: &str) -> Value {
        self.value(name).cloned().unwrap_or_default()
    }

    /// Empty when it is absent.
    pub(super) fn text(&self, name: &str) -> String {
        self.value(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        self.value(name).and_then(integer)
    }

    pub(super) fn float(&self, name: &str) -> Option<f64> {
        self.value(name).and_then(float)
    }

    /// The texts of a list; a single one of a query counts as a list.
    pub(super) fn texts(&self, name: &str) -> Checked<Vec<String>> {
        let text = |it: &Value| match it {
            Value::String(text) => Ok(text.clone()),
            _ => Err(wrong(name, self.value(name).unwrap_or(&Value::Null))),
        };
        match self.value(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(list)) => list.iter().map(text).collect(),
            Some(one) if self.is_query => Ok(vec![text(one)?]),
            Some(other) => Err(wrong(name, other)),
        }
    }

    /// The objects of a list, each with the path that messages name it by.
    pub(super) fn objects(&self, name: &str) -> Checked<Vec<(String, Self)>> {
        let Some(Value::Array(list)) = self.value(name) else { return Ok(Vec::new()) };
        let object = |(index, it): (usize, &Value)| match it {
            Value::Object(members) => Ok((format!("{name}[{index}]"), Self::of_members(members.clone()))),
            other => Err(wrong(&format!("{name}[{index}]"), other)),
        };
        list.iter().enumerate().map(object).collect()
    }

    pub(super) fn object(&self, name: &str) -> Option<Self> {
        match self.value(name) {
            Some(Value::Object(members)) => Some(Self::of_members(members.clone())),
            _ => None,
        }
    }
}

impl Kind {
    fn takes(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Integer => integer(value).is_some(),
            Self::Float => float(value).is_some(),
            Self::Bool => value.is_boolean(),
            Self::List => value.is_array(),
        }
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            let float = number.as_f64().filter(|it| it.fract() == 0.0 && it.abs() < 9e15)?;
            Some(float as i64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        // As protobuf reads it.
        Value::Bool(is_one) => Some(f64::from(*is_one)),
        _ => None,
    }
}

fn missing(name: &str) -> MlflowError {
    MlflowError::invalid(format!("Missing value for required parameter '{name}'.{ADVICE}"))
}

pub(super) fn wrong(name: &str, value: &Value) -> MlflowError {
    let kind = match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    };
    let shown: String = value.to_string().chars().take(1_000).collect();
    MlflowError::invalid(format!(
        "Invalid value {shown} for parameter '{name}' supplied:  Hint: Value was of type '{kind}'.{ADVICE}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(json: &str, members: &[Member]) -> String {
        Given::of_json(json.as_bytes()).check(members).expect_err("refused").message
    }

    #[test]
    fn members_are_judged_in_mlflows_words() {
        let members = [("run_id", Kind::Text, true), ("step", Kind::Integer, false)];
        assert_eq!(
            refusal("{\"run_id\":31}", &members),
            "Invalid value 31 for parameter 'run_id' supplied:  Hint: Value was of type 'int'. See the API docs for more \
             information about request parameters."
        );
        assert!(
            refusal("{\"run_id\":\"a\",\"step\":\"foo\"}", &members)
                .starts_with("Invalid value \"foo\" for parameter 'step'")
        );
        for absent in ["{}", "{\"run_id\":\"\"}", "{\"run_id\":null}", "", "[1]"] {
            assert!(
                refusal(absent, &members).starts_with("Missing value for required parameter 'run_id'."),
                "{absent}"
            );
        }
        let given = Given::of_json(b"{\"run_uuid\":\"a\",\"step\":\"-5\",\"other\":{}}");
        assert_eq!(given.check(&members), Ok(()));
        assert_eq!((given.text("run_id"), given.integer("step")), ("a".to_owned(), Some(-5)));
        assert_eq!(Given::of_json(b"{\"value\":true}").check(&[("value", Kind::Float, true)]), Ok(()));
        let twice = Given::of_json(br#""{\"run_id\":\"a\"}""#);
        assert_eq!(twice.text("run_id"), "a");
    }

    #[test]
    fn a_query_has_lists_too() {
        let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let given = Given::of_query(vec![pair("run_ids", "a"), pair("run_ids", "b"), pair("key", "k")]);
        assert_eq!(given.texts("run_ids"), Ok(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(given.texts("key"), Ok(vec!["k".to_owned()]));
        let given = Given::of_json(b"{\"key\":\"k\",\"step\":\"\"}");
        assert!(given.texts("key").is_err(), "a body has lists of its own");
        assert!(given.check(&[("step", Kind::Integer, false)]).is_err(), "nothing is no number");
    }
}
