//! The queries of a GetMetricData request, read and checked before anything is looked up.

use std::collections::HashSet;

use serde_json::Value;

use super::math::{Expression, parse};
use super::metric::{MetricKey, Unit};
use super::series::Statistic;
use super::{dimensions, failed_validation, invalid, period, required, required_text};
use crate::field;
use crate::wire::ApiError;

const MAX_QUERIES: usize = 500;

pub(super) struct Query {
    pub id: String,
    pub label: Option<String>,
    pub is_returned: bool,
    /// Of an expression, where it says none itself.
    pub period_seconds: Option<i64>,
    pub what: What,
}

pub(super) enum What {
    Metric { key: MetricKey, period_seconds: i64, statistic: Statistic, unit: Option<Unit> },
    Expression(Expression),
}

pub(super) fn queries(input: &Value) -> Result<Vec<Query>, ApiError> {
    required(input, "MetricDataQueries")?;
    let asked = field::list(input, "MetricDataQueries");
    if asked.len() > MAX_QUERIES {
        return Err(invalid(format!(
            "The collection MetricDataQueries must not have a size greater than {MAX_QUERIES}."
        )));
    }
    let statistics: HashSet<&str> = asked.iter().filter_map(|query| Some(stat_of(query)?.1)).collect();
    let mut ids = HashSet::new();
    let mut queries = Vec::new();
    for (index, query) in asked.iter().enumerate() {
        let id = required_text(query, "Id")?;
        let lower = id.starts_with(|first: char| first.is_ascii_lowercase());
        if !lower || id.len() > 255 || !id.chars().all(|char| char.is_ascii_alphanumeric() || char == '_') {
            return Err(failed_validation(format!(
                "The value {id} for parameter MetricDataQueries.member.{}.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.",
                index + 1
            )));
        }
        if !ids.insert(id) {
            return Err(failed_validation(format!("The Id {id} is used more than once in MetricDataQueries.")));
        }
        let what = what(index, id, query)?;
        let period_seconds = query.get("Period").map(|_| period(query)).transpose()?;
        let is_returned = field::boolean(query, "ReturnData") != Some(false);
        let label = field::text(query, "Label").map(str::to_owned).or_else(|| default_label(query, &statistics));
        queries.push(Query { id: id.to_owned(), label, is_returned, period_seconds, what });
    }
    Ok(queries)
}

/// Where the metrics of one request are read by several statistics, each says by which; else its name is enough.
fn default_label(query: &Value, statistics: &HashSet<&str>) -> Option<String> {
    let (name, statistic) = stat_of(query)?;
    (statistics.len() > 1).then(|| format!("{name} {statistic}"))
}

/// The names of a query's metric and statistic.
fn stat_of(query: &Value) -> Option<(&str, &str)> {
    let stat = query.get("MetricStat")?;
    Some((field::text(stat.get("Metric")?, "MetricName")?, field::text(stat, "Stat")?))
}

fn what(index: usize, id: &str, query: &Value) -> Result<What, ApiError> {
    match (query.get("MetricStat"), field::text(query, "Expression")) {
        (Some(_), Some(_)) => Err(failed_validation(format!(
            "The parameters MetricDataQueries.member.{0}.Expression and MetricDataQueries.member.{0}.MetricStat are mutually exclusive and you have specified both.",
            index + 1
        ))),
        (None, None) => Err(failed_validation(format!(
            "The parameter MetricDataQueries.member.{}.MetricStat is required.\n",
            index + 1
        ))),
        (None, Some(expression)) => match parse(expression) {
            Ok(expression) => Ok(What::Expression(expression)),
            Err(why) => Err(failed_validation(format!("Error in expression '{id}': {}", why.0))),
        },
        (Some(stat), None) => {
            let metric = required(stat, "Metric")?;
            Ok(What::Metric {
                key: key(metric, required_text(metric, "Namespace")?, required_text(metric, "MetricName")?)?,
                period_seconds: period(stat)?,
                statistic: Statistic::parse(required_text(stat, "Stat")?)?,
                unit: unit(stat)?,
            })
        }
    }
}

/// The metric that a request names exactly, with the values of all its dimensions.
pub(super) fn key(input: &Value, namespace: &str, name: &str) -> Result<MetricKey, ApiError> {
    let dimensions = dimensions(input)?
        .into_iter()
        .map(|(name, value)| match value {
            Some(value) => Ok((name, value)),
            None => Err(invalid(format!("The dimension {name} has no Value."))),
        })
        .collect::<Result<_, _>>()?;
    Ok(MetricKey { namespace: namespace.to_owned(), name: name.to_owned(), dimensions })
}

pub(super) fn unit(input: &Value) -> Result<Option<Unit>, ApiError> {
    match field::text(input, "Unit") {
        None => Ok(None),
        Some(name) => {
            Unit::parse(name).map(Some).ok_or_else(|| invalid(format!("The parameter Unit {name:?} is not a unit.")))
        }
    }
}
