//! GetMetricData: many metrics at once, in pages of datapoints.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::series::{Statistic, buckets, whole_buckets};
use super::store::{MetricKey, Unit};
use super::{dimensions, invalid, period, range, required, required_text};
use crate::clock::seconds;
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};
use crate::{field, page};

const MAX_QUERIES: usize = 500;
const MAX_DATAPOINTS: usize = 100_800;

struct Query {
    id: String,
    label: String,
    key: MetricKey,
    period: i64,
    statistic: Statistic,
    unit: Option<Unit>,
}

pub(super) fn get_metric_data(services: &Services, input: &Value) -> ApiResult {
    let (start, end) = range(input)?;
    let descending = match field::text(input, "ScanBy") {
        None | Some("TimestampDescending") => true,
        Some("TimestampAscending") => false,
        Some(_) => {
            return Err(invalid("The parameter ScanBy must be TimestampDescending or TimestampAscending."));
        }
    };
    let mut budget = match field::integer(input, "MaxDatapoints") {
        None => MAX_DATAPOINTS,
        Some(most) => usize::try_from(most)
            .ok()
            .filter(|most| (1..=MAX_DATAPOINTS).contains(most))
            .ok_or_else(|| invalid(format!("The parameter MaxDatapoints must be from 1 to {MAX_DATAPOINTS}.")))?,
    };
    let queries = queries(input)?;
    // The query to go on with, and the time of its last point that was answered.
    let (first, mut last): (usize, Option<i64>) = match field::text(input, "NextToken") {
        Some(token) => page::decode(token).ok_or_else(|| invalid("The parameter NextToken is not valid."))?,
        None => (0, None),
    };

    let mut results = Vec::new();
    let mut next = None;
    for (index, query) in queries.iter().enumerate().skip(first) {
        let (from, to) = whole_buckets(start, end, query.period);
        let mut samples = services.metrics.samples(&services.jobs, &query.key, from, to);
        if let Some(unit) = query.unit {
            samples.retain(|sample| sample.unit == unit);
        }
        let mut points: Vec<(i64, f64)> = buckets(&samples, query.period)
            .into_iter()
            .map(|(at, bucket)| (at, bucket.value(query.statistic)))
            .collect();
        if descending {
            points.reverse();
        }
        if let Some(last) = last.take() {
            points.retain(|(at, _)| if descending { *at < last } else { *at > last });
        }
        let complete = points.len() <= budget;
        points.truncate(budget);
        budget -= points.len();
        if !complete && next.is_none() {
            next = Some(page::encode(&(index, points.last().map(|(at, _)| *at))));
        }
        results.push(json!({
            "Id": query.id,
            "Label": query.label,
            "Timestamps": points.iter().map(|(at, _)| seconds(*at)).collect::<Vec<_>>(),
            "Values": points.iter().map(|(_, value)| *value).collect::<Vec<_>>(),
            "StatusCode": if complete { "Complete" } else { "PartialData" },
        }));
        if next.is_some() {
            break;
        }
    }
    Ok(field::object([
        ("MetricDataResults", Some(results.into())),
        ("Messages", Some(json!([]))),
        ("NextToken", next.map(Value::from)),
    ]))
}

/// The queries whose results are wanted.
fn queries(input: &Value) -> Result<Vec<Query>, ApiError> {
    required(input, "MetricDataQueries")?;
    let asked = field::list(input, "MetricDataQueries");
    if asked.len() > MAX_QUERIES {
        return Err(invalid(format!(
            "The collection MetricDataQueries must not have more than {MAX_QUERIES} entries."
        )));
    }
    let mut ids = HashSet::new();
    let mut queries = Vec::new();
    for query in asked {
        let id = required_text(query, "Id")?;
        let lower = id.starts_with(|first: char| first.is_ascii_lowercase());
        if !lower || !id.chars().all(|char| char.is_ascii_alphanumeric() || char == '_') {
            return Err(invalid(format!(
                "The value {id} for parameter Id must begin with a lower-case letter and hold letters, digits and _ only."
            )));
        }
        if !ids.insert(id) {
            return Err(invalid(format!("The Id {id} is used more than once in MetricDataQueries.")));
        }
        let Some(stat) = query.get("MetricStat") else {
            return Err(invalid(format!(
                "The local endpoint does not evaluate expressions (query {id}): ask for each metric by MetricStat."
            )));
        };
        let parsed = metric_query(id, query, stat)?;
        if field::boolean(query, "ReturnData") != Some(false) {
            queries.push(parsed);
        }
    }
    Ok(queries)
}

fn metric_query(id: &str, query: &Value, stat: &Value) -> Result<Query, ApiError> {
    let metric = required(stat, "Metric")?;
    let key = key(metric, required_text(metric, "Namespace")?, required_text(metric, "MetricName")?)?;
    Ok(Query {
        id: id.to_owned(),
        label: field::text(query, "Label").unwrap_or(&key.name).to_owned(),
        period: period(stat)?,
        statistic: Statistic::parse(required_text(stat, "Stat")?)?,
        unit: unit(stat)?,
        key,
    })
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
