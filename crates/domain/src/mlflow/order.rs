//! What searches are ordered by: a field, and ASC or DESC.

use super::{
    MlflowError, Result,
    filter::{RunField, Token, experiment_field, run_field, tokens},
    limit,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunOrder {
    pub key: RunOrderKey,
    pub is_ascending: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunOrderKey {
    RunId,
    RunName,
    UserId,
    Status,
    ArtifactUri,
    StartTime,
    EndTime,
    /// The latest value: numbers, then NaN, then runs without it, in both directions.
    Metric(String),
    /// Runs without it last, in both directions.
    Param(String),
    Tag(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExperimentOrder {
    pub key: ExperimentOrderKey,
    pub is_ascending: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExperimentOrderKey {
    Id,
    Name,
    CreationTime,
    LastUpdateTime,
}

pub fn run_orders(texts: &[String]) -> Result<Vec<RunOrder>> {
    limit::orders(texts.iter().map(String::as_str))?;
    let mut orders: Vec<RunOrder> = Vec::with_capacity(texts.len());
    for text in texts {
        let (field, is_ascending) = clause(text)?;
        let key = match run_field(&field, false)? {
            RunField::Metric(key) => RunOrderKey::Metric(key),
            RunField::Param(key) => RunOrderKey::Param(key),
            RunField::Tag(key) => RunOrderKey::Tag(key),
            RunField::Dataset(_) => return Err(MlflowError::invalid("Invalid identifier type 'dataset'")),
            RunField::Attribute(key) => match key.as_str() {
                "run_id" => RunOrderKey::RunId,
                "run_name" => RunOrderKey::RunName,
                "user_id" => RunOrderKey::UserId,
                "status" => RunOrderKey::Status,
                "artifact_uri" => RunOrderKey::ArtifactUri,
                "end_time" => RunOrderKey::EndTime,
                _ => RunOrderKey::StartTime,
            },
        };
        if orders.iter().any(|it| it.key == key) {
            let shown = texts.iter().map(|it| format!("'{it}'")).collect::<Vec<_>>().join(", ");
            return Err(MlflowError::invalid(format!("`order_by` contains duplicate fields: [{shown}]")));
        }
        orders.push(RunOrder { key, is_ascending });
    }
    Ok(orders)
}

pub fn experiment_orders(texts: &[String]) -> Result<Vec<ExperimentOrder>> {
    limit::orders(texts.iter().map(String::as_str))?;
    let parse = |text: &String| {
        let (field, is_ascending) = clause(text)?;
        let (is_tag, key) = experiment_field(&field)?;
        if is_tag {
            return Err(MlflowError::invalid("Invalid order_by entity: tag"));
        }
        let key = match key.as_str() {
            "experiment_id" => ExperimentOrderKey::Id,
            "name" => ExperimentOrderKey::Name,
            "creation_time" => ExperimentOrderKey::CreationTime,
            _ => ExperimentOrderKey::LastUpdateTime,
        };
        Ok(ExperimentOrder { key, is_ascending })
    };
    texts.iter().map(parse).collect()
}

/// `metrics.loss DESC` -> the field as written, and whether it goes up.
pub(crate) fn clause(text: &str) -> Result<(String, bool)> {
    let unreadable = || MlflowError::invalid(format!("Invalid order_by clause '{text}'. Could not be parsed."));
    let tokens = tokens(text).map_err(|_| unreadable())?;
    match tokens.as_slice() {
        [Token::Word(field)] => Ok((field.clone(), true)),
        [Token::Word(field), Token::Word(direction)] => match direction.to_ascii_lowercase().as_str() {
            "asc" => Ok((field.clone(), true)),
            "desc" => Ok((field.clone(), false)),
            _ => Err(MlflowError::invalid(format!("Invalid ordering key in order_by clause '{text}'."))),
        },
        _ => Err(unreadable()),
    }
}
