//! The filter of `logged-models/search`: texts may go without quotes there.

use super::{NumberOp, TextTest, Token, parsed, text_test};
use crate::mlflow::{MlflowError, Result, limit};

#[derive(Clone, Debug, PartialEq)]
pub enum LoggedModelCondition {
    Text {
        column: LoggedModelColumn,
        test: TextTest,
    },
    /// In milliseconds.
    Time {
        time: LoggedModelTime,
        op: NumberOp,
        value: f64,
    },
    /// Any measurement of the model.
    Metric {
        key: String,
        op: NumberOp,
        value: f64,
    },
    Param {
        key: String,
        test: TextTest,
    },
    Tag {
        key: String,
        test: TextTest,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoggedModelColumn {
    Id,
    Name,
    ModelType,
    SourceRunId,
    ArtifactLocation,
    /// MLflow's number, as a text.
    Status,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoggedModelTime {
    Created,
    Updated,
}

impl LoggedModelTime {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "creation_time" | "creation_timestamp" | "creation_timestamp_ms" => Some(Self::Created),
            "last_updated_timestamp" | "last_updated_timestamp_ms" => Some(Self::Updated),
            _ => None,
        }
    }
}

pub fn logged_model_filter(text: &str) -> Result<Vec<LoggedModelCondition>> {
    limit::filter_text(text)?;
    let found = parsed(text, "").map_err(|_| {
        MlflowError::invalid(format!(
            "Invalid filter string: '{text}'. Expected a list of comparisons separated by 'AND' (e.g. 'metrics.loss > 0.1 \
             AND params.lr = 0.01')."
        ))
    })?;
    limit::comparisons(&found)?;
    let condition = |it: &super::Comparison| {
        let left = it.left.shown();
        let Some(right) = &it.right else {
            let why = format!("Invalid comparison: {left} {}. Expected a comparison with 3 tokens.", it.operator);
            return Err(MlflowError::invalid(why));
        };
        // Only lower case names an entity; `A.b` is one long name.
        let entity = left.split_once('.').filter(|(entity, _)| entity.bytes().all(|byte| byte.is_ascii_lowercase()));
        let (entity, key) = entity.unwrap_or(("attributes", &left));
        let key = key.trim_matches('`').to_owned();
        let operator = it.operator.to_ascii_uppercase();
        match entity {
            "metrics" => {
                let (op, value) = number(&format!("metrics.{key}"), &operator, right)?;
                Ok(LoggedModelCondition::Metric { key, op, value })
            }
            "params" => Ok(LoggedModelCondition::Param { test: test(&left, &operator, right)?, key }),
            "tags" => Ok(LoggedModelCondition::Tag { test: test(&left, &operator, right)?, key }),
            "attributes" => attribute(&key, &operator, right),
            _ => Err(MlflowError::invalid(format!(
                "Invalid entity type: '{entity}'. Expected one of ['attributes', 'metrics', 'params', 'tags']."
            ))),
        }
    };
    found.iter().map(condition).collect()
}

fn attribute(key: &str, operator: &str, right: &Token) -> Result<LoggedModelCondition> {
    let shown = format!("attributes.{key}");
    if let Some(time) = LoggedModelTime::parse(key) {
        let (op, value) = number(&shown, operator, right)?;
        return Ok(LoggedModelCondition::Time { time, op, value });
    }
    let column = match key {
        "model_id" => LoggedModelColumn::Id,
        "name" => LoggedModelColumn::Name,
        "model_type" => LoggedModelColumn::ModelType,
        "source_run_id" => LoggedModelColumn::SourceRunId,
        "artifact_location" => LoggedModelColumn::ArtifactLocation,
        "status" => LoggedModelColumn::Status,
        _ => return Err(MlflowError::invalid(format!("Invalid attribute key '{key}' specified."))),
    };
    Ok(LoggedModelCondition::Text { column, test: test(&shown, operator, right)? })
}

fn number(shown: &str, operator: &str, right: &Token) -> Result<(NumberOp, f64)> {
    let op = NumberOp::parse(operator).ok_or_else(|| {
        MlflowError::invalid(format!(
            "Invalid comparison operator for {shown}: '{operator}'. Expected one of ('<', '<=', '>', '>=', '=', '!=')."
        ))
    })?;
    let why = || MlflowError::invalid(format!("could not convert string to float: {}", right.shown()));
    let value = right.shown().parse().map_err(|_| why())?;
    Ok((op, value))
}

fn test(shown: &str, operator: &str, right: &Token) -> Result<TextTest> {
    let wrong = || {
        MlflowError::invalid(format!(
            "Invalid comparison operator for {shown}: '{operator}'. Expected one of ('=', '!=', 'LIKE', 'ILIKE', 'IN', \
             'NOT IN')."
        ))
    };
    if let Token::List(_, texts) = right {
        let texts = super::list(texts.as_ref())?;
        return match operator {
            "IN" => Ok(TextTest::In(texts)),
            "NOT IN" => Ok(TextTest::NotIn(texts)),
            _ => Err(wrong()),
        };
    }
    let value = match right {
        Token::Text(text) => text.clone(),
        other => other.shown(),
    };
    text_test(operator, value).ok_or_else(wrong)
}
