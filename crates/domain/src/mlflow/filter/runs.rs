//! Filters of `runs/search` and `experiments/search`.

use super::{
    Comparison, Number, NumberOp, TextTest, Token, bad_operator, comparisons, identifier, list, plain_key, quoted,
    tag_test, text_test, unquote,
};
use crate::mlflow::{MlflowError, RUN_NAME_TAG, Result, RunOrder, check, run_orders};

const NUMBER_OPS: [&str; 6] = ["!=", "<", "<=", "=", ">", ">="];
const TEXT_OPS: [&str; 6] = ["!=", "=", "ILIKE", "IN", "LIKE", "NOT IN"];
const VALUE_OPS: [&str; 6] = ["!=", "=", "ILIKE", "IS NOT NULL", "IS NULL", "LIKE"];

#[derive(Clone, Debug, PartialEq)]
pub enum RunCondition {
    Number {
        column: NumberColumn,
        op: NumberOp,
        value: Number,
    },
    Text {
        column: TextColumn,
        test: TextTest,
    },
    /// Of a metric's latest value. NaN is only ever `!=`.
    Metric {
        key: String,
        op: NumberOp,
        value: f64,
    },
    Param {
        key: String,
        test: TextTest,
    },
    ParamIsNull {
        key: String,
        is_null: bool,
    },
    Tag {
        key: String,
        test: TextTest,
    },
    TagIsNull {
        key: String,
        is_null: bool,
    },
    Dataset {
        column: DatasetColumn,
        test: TextTest,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberColumn {
    StartTime,
    EndTime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextColumn {
    RunId,
    UserId,
    Status,
    ArtifactUri,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatasetColumn {
    Name,
    Digest,
    Context,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ExperimentCondition {
    Id {
        ids: Vec<i64>,
        is_in: bool,
    },
    Name(TextTest),
    /// In milliseconds.
    CreationTime {
        op: NumberOp,
        value: i64,
    },
    LastUpdateTime {
        op: NumberOp,
        value: i64,
    },
    Tag {
        key: String,
        test: TextTest,
    },
    TagIsNull {
        key: String,
        is_null: bool,
    },
}

/// What an identifier of `runs/search` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RunField {
    Attribute(String),
    Metric(String),
    Param(String),
    Tag(String),
    Dataset(String),
}

/// A comparison as it is read: what it looks at, and with what. Its operator is judged later.
enum Read {
    Number(NumberColumn, Number),
    Text(TextColumn, Given),
    RunName(Given),
    Metric(String, Number),
    /// `None`: is it there?
    Param(String, Option<String>),
    Tag(String, Option<String>),
    Dataset(DatasetColumn, Given),
}

enum Given {
    One(String),
    List(Vec<String>),
}

pub fn run_filter(text: &str) -> Result<Vec<RunCondition>> {
    run_search(text, &[]).map(|(conditions, _)| conditions)
}

/// The filter and the orders of a search. Of several mistakes the one is told that MLflow finds first: operators are
/// judged last.
pub fn run_search(filter: &str, order_by: &[String]) -> Result<(Vec<RunCondition>, Vec<RunOrder>)> {
    let comparisons = comparisons(filter, "'")?;
    let read = comparisons.iter().map(read).collect::<Result<Vec<_>>>()?;
    let orders = run_orders(order_by)?;
    let conditions = comparisons.iter().zip(read).map(|(it, read)| read.condition(&it.operator.to_ascii_uppercase()));
    Ok((conditions.collect::<Result<_>>()?, orders))
}

fn read(it: &Comparison) -> Result<Read> {
    let field = run_field(identifier(it)?, true)?;
    let Some(right) = &it.right else {
        return match field {
            RunField::Param(key) => Ok(Read::Param(key, None)),
            RunField::Tag(key) => Ok(Read::Tag(key, None)),
            other => Err(MlflowError::invalid(format!(
                "IS NULL / IS NOT NULL is only supported for tags and params, not for '{}' '{}'",
                other.entity(),
                other.key()
            ))),
        };
    };
    match field {
        RunField::Metric(key) => {
            let why = || format!("Expected numeric value type for metric. Found {}", right.shown());
            Ok(Read::Metric(key, number(right, why)?))
        }
        RunField::Param(key) => Ok(Read::Param(key, Some(value("parameter", right)?))),
        RunField::Tag(key) => Ok(Read::Tag(key, Some(value("tag", right)?))),
        RunField::Attribute(key) => attribute(&key, right),
        RunField::Dataset(key) => {
            let column = match key.as_str() {
                "name" => DatasetColumn::Name,
                "digest" => DatasetColumn::Digest,
                _ => DatasetColumn::Context,
            };
            let why = || format!("Expected a quoted string value for dataset attributes. Got value {}", right.shown());
            Ok(Read::Dataset(column, given(right, why)?))
        }
    }
}

fn attribute(key: &str, right: &Token) -> Result<Read> {
    let column = match key {
        "start_time" | "created" | "Created" => Some(NumberColumn::StartTime),
        "end_time" => Some(NumberColumn::EndTime),
        _ => None,
    };
    if let Some(column) = column {
        let why = || format!("Expected numeric value type for numeric attribute: {key}. Found {}", right.shown());
        return Ok(Read::Number(column, number(right, why)?));
    }
    if matches!(right, Token::List(..)) && key != "run_id" {
        let why = "Only ['run_id'] attributes support comparison with a list of quoted string values.";
        return Err(MlflowError::invalid(why));
    }
    let why = || format!("Expected a quoted string value for attributes. Got value {}", right.shown());
    let given = given(right, why)?;
    Ok(match key {
        "run_id" => Read::Text(TextColumn::RunId, given),
        "user_id" => Read::Text(TextColumn::UserId, given),
        "status" => Read::Text(TextColumn::Status, given),
        "artifact_uri" => Read::Text(TextColumn::ArtifactUri, given),
        _ => Read::RunName(given),
    })
}

fn number(token: &Token, why: impl FnOnce() -> String) -> Result<Number> {
    match token {
        Token::Number(text) => Number::parse(text).ok_or_else(|| MlflowError::invalid(why())),
        _ => Err(MlflowError::invalid(why())),
    }
}

/// Of a param or tag.
fn value(entity: &str, right: &Token) -> Result<String> {
    quoted(right, |shown| format!("Expected a quoted string value for {entity} (e.g. 'my-value'). Got value {shown}"))
}

/// Of an attribute: a text or a list of them.
fn given(right: &Token, why: impl FnOnce() -> String) -> Result<Given> {
    match right {
        Token::List(_, texts) => list(texts.as_ref()).map(Given::List),
        _ => quoted(right, |_| why()).map(Given::One),
    }
}

impl Read {
    /// What is wrong with an operator is told as MLflow tells it: which quote ends the list, and which list it is.
    fn condition(self, operator: &str) -> Result<RunCondition> {
        let bad = |valid: &[&str], end: &str| bad_operator(operator, valid, end);
        let is_null = operator == "IS NULL";
        Ok(match self {
            Self::Number(column, value) => {
                let op = NumberOp::parse(operator).ok_or_else(|| bad(&TEXT_OPS, ""))?;
                RunCondition::Number { column, op, value }
            }
            Self::Metric(key, value) => {
                let op = NumberOp::parse(operator).ok_or_else(|| bad(&NUMBER_OPS, ""))?;
                RunCondition::Metric { key, op, value: value.as_f64() }
            }
            Self::Text(column, given) => {
                RunCondition::Text { column, test: given.test(operator).ok_or_else(|| bad(&TEXT_OPS, "'"))? }
            }
            // A run's name is the tag's value: who deletes the tag searches in vain, there as here.
            Self::RunName(given) => {
                let test = given.test(operator).ok_or_else(|| bad(&TEXT_OPS, "'"))?;
                RunCondition::Tag { key: RUN_NAME_TAG.to_owned(), test }
            }
            Self::Dataset(column, given) => {
                RunCondition::Dataset { column, test: given.test(operator).ok_or_else(|| bad(&TEXT_OPS, ""))? }
            }
            Self::Param(key, None) => RunCondition::ParamIsNull { key, is_null },
            Self::Tag(key, None) => RunCondition::TagIsNull { key, is_null },
            Self::Param(key, Some(value)) => {
                let test = plain_test(operator, value).ok_or_else(|| bad(&VALUE_OPS, "'"))?;
                RunCondition::Param { key, test }
            }
            Self::Tag(key, Some(value)) => {
                let test = plain_test(operator, value).ok_or_else(|| bad(&VALUE_OPS, ""))?;
                RunCondition::Tag { key, test }
            }
        })
    }
}

impl Given {
    fn test(self, operator: &str) -> Option<TextTest> {
        match (self, operator) {
            (Self::One(value), _) => text_test(operator, value),
            (Self::List(values), "IN") => Some(TextTest::In(values)),
            (Self::List(values), "NOT IN") => Some(TextTest::NotIn(values)),
            (Self::List(_), _) => None,
        }
    }
}

/// No lists.
fn plain_test(operator: &str, value: String) -> Option<TextTest> {
    text_test(operator, value).filter(|it| !matches!(it, TextTest::In(_) | TextTest::NotIn(_)))
}

impl RunField {
    fn entity(&self) -> &'static str {
        match self {
            Self::Attribute(_) => "attribute",
            Self::Metric(_) => "metric",
            Self::Param(_) => "parameter",
            Self::Tag(_) => "tag",
            Self::Dataset(_) => "dataset",
        }
    }

    fn key(&self) -> &str {
        match self {
            Self::Attribute(key) | Self::Metric(key) | Self::Param(key) | Self::Tag(key) | Self::Dataset(key) => key,
        }
    }
}

/// `with_names`: filters take a run's name by its column titles too, orders do not.
pub(crate) fn run_field(text: &str, with_names: bool) -> Result<RunField> {
    const ATTRIBUTES: [&str; 12] = [
        "artifact_uri",
        "end_time",
        "run_id",
        "run_name",
        "start_time",
        "status",
        "user_id",
        "created",
        "Created",
        "run name",
        "Run name",
        "Run Name",
    ];
    const NAMES: usize = 3;
    let attributes = if with_names { &ATTRIBUTES[..] } else { &ATTRIBUTES[..ATTRIBUTES.len() - NAMES] };
    let (entity, key) = text.split_once('.').unwrap_or(("attribute", text));
    let entity = unquote(entity, &['`']).unwrap_or(entity);
    let key = plain_key(key).to_owned();
    match entity {
        "metric" | "metrics" => Ok(RunField::Metric(key)),
        "parameter" | "parameters" | "param" | "params" => Ok(RunField::Param(key)),
        "tag" | "tags" => Ok(RunField::Tag(key)),
        "attribute" | "attributes" | "attr" | "run" => {
            if attributes.contains(&key.as_str()) {
                return Ok(RunField::Attribute(key));
            }
            let valid = attributes.iter().map(|it| format!("'{it}'")).collect::<Vec<_>>().join(", ");
            Err(MlflowError::invalid(format!("Invalid attribute key '{key}' specified. Valid keys are '{{{valid}}}'")))
        }
        "dataset" | "datasets" if ["name", "digest", "context"].contains(&key.as_str()) => Ok(RunField::Dataset(key)),
        "dataset" | "datasets" => Err(MlflowError::invalid(format!(
            "Invalid dataset key '{key}' specified. Valid keys are '{{'context', 'digest', 'name'}}'"
        ))),
        _ => Err(MlflowError::invalid(format!(
            "Invalid entity type '{entity}'. Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']"
        ))),
    }
}

/// What an identifier of `experiments/search` names: a column, or a tag.
pub(crate) fn experiment_field(text: &str) -> Result<(bool, String)> {
    const COLUMNS: [&str; 4] = ["creation_time", "experiment_id", "last_update_time", "name"];
    let (entity, key) = text.split_once('.').unwrap_or(("attribute", text));
    let key = plain_key(key).to_owned();
    match entity {
        "tag" | "tags" => Ok((true, key)),
        "attribute" if COLUMNS.contains(&key.as_str()) => Ok((false, key)),
        "attribute" => {
            let valid = COLUMNS.map(|it| format!("'{it}'")).join(", ");
            Err(MlflowError::invalid(format!("Invalid attribute key '{key}' specified. Valid keys are '{{{valid}}}'")))
        }
        _ => Err(MlflowError::invalid(format!(
            "Invalid entity type '{entity}'. Valid entity types are ('attribute', 'tag', 'tags')"
        ))),
    }
}

/// Operators count in capitals only, unlike those of runs.
pub fn experiment_filter(text: &str) -> Result<Vec<ExperimentCondition>> {
    comparisons(text, "")?.iter().map(experiment_condition).collect()
}

fn experiment_condition(it: &Comparison) -> Result<ExperimentCondition> {
    let (is_tag, key) = experiment_field(identifier(it)?)?;
    let operator = it.operator.as_str();
    let Some(right) = &it.right else {
        return if is_tag {
            Ok(ExperimentCondition::TagIsNull { key, is_null: operator == "IS NULL" })
        } else {
            Err(MlflowError::invalid(format!(
                "IS NULL / IS NOT NULL is only supported for tags, not for attribute '{key}'"
            )))
        };
    };
    if is_tag {
        return Ok(ExperimentCondition::Tag { key, test: tag_test(operator, right)? });
    }
    let text = || quoted(right, |shown| format!("Expected a quoted string value for attributes. Got value {shown}"));
    match key.as_str() {
        "experiment_id" => {
            let texts = if let Token::List(_, texts) = right { list(texts.as_ref())? } else { vec![text()?] };
            let is_in = match operator {
                "=" | "IN" => true,
                "!=" | "NOT IN" => false,
                _ => return Err(MlflowError::invalid(format!("Invalid comparator for experiment_id: {operator}"))),
            };
            let ids = texts.iter().map(|it| check::experiment_id(it)).collect::<Result<_>>()?;
            Ok(ExperimentCondition::Id { ids, is_in })
        }
        "name" => {
            if matches!(right, Token::List(..)) {
                let why = "Only ['experiment_id'] attributes support comparison with a list of quoted string values.";
                return Err(MlflowError::invalid(why));
            }
            match text_test(operator, text()?) {
                Some(TextTest::In(_) | TextTest::NotIn(_)) => {
                    Err(MlflowError::invalid(format!("Invalid comparator for string attribute: {operator}")))
                }
                Some(test) => Ok(ExperimentCondition::Name(test)),
                None => Err(bad_operator(operator, &TEXT_OPS, "'")),
            }
        }
        _ => {
            let why = || format!("Expected numeric value type for numeric attribute: {key}. Found {}", right.shown());
            let value = number(right, why)?;
            let op = NumberOp::parse(operator).ok_or_else(|| bad_operator(operator, &TEXT_OPS, ""))?;
            let value = match value {
                Number::Integer(value) => value,
                Number::Float(value) => {
                    let why = format!("Invalid value for numeric attribute '{key}': '{value}'");
                    return Err(MlflowError::invalid(why));
                }
            };
            Ok(if key == "creation_time" {
                ExperimentCondition::CreationTime { op, value }
            } else {
                ExperimentCondition::LastUpdateTime { op, value }
            })
        }
    }
}
