//! GetMetricData: many metrics and expressions at once, in pages of datapoints.

use serde_json::{Value, json};

use super::evaluate::Evaluator;
use super::query::queries;
use super::{failed_validation, invalid, range};
use crate::clock::seconds;
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};
use crate::{field, page};

const MAX_DATAPOINTS: usize = 100_800;

/// Where a page ends: a query, one of its series, and the time of the last point that was answered.
type Place = (usize, usize, Option<i64>);

pub(super) fn get_metric_data(services: &Services, input: &Value) -> ApiResult {
    let (start, end) = data_range(input)?;
    let is_descending = match field::text(input, "ScanBy") {
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
    let (first, mut series_from, mut last): Place = match field::text(input, "NextToken") {
        Some(token) => page::decode(token).ok_or_else(|| invalid("The parameter NextToken is not valid."))?,
        None => (0, 0, None),
    };

    let mut evaluator = Evaluator::new(services, &queries, start, end);
    let mut results = Vec::new();
    let mut next: Option<Place> = None;
    'page: for (index, query) in queries.iter().enumerate().skip(first) {
        if !query.is_returned {
            continue;
        }
        let answer = evaluator.answer(index)?;
        for (number, series) in answer.into_iter().enumerate().skip(std::mem::take(&mut series_from)) {
            let mut points: Vec<(i64, f64)> = series.points.into_iter().collect();
            if is_descending {
                points.reverse();
            }
            if let Some(last) = last.take() {
                points.retain(|(at, _)| if is_descending { *at < last } else { *at > last });
            }
            let is_complete = points.len() <= budget;
            points.truncate(budget);
            budget -= points.len();
            if !is_complete {
                next = Some((index, number, points.last().map(|(at, _)| *at)));
            }
            results.push(json!({
                "Id": query.id,
                "Label": series.label,
                "Timestamps": points.iter().map(|(at, _)| seconds(*at)).collect::<Vec<_>>(),
                "Values": points.iter().map(|(_, value)| *value).collect::<Vec<_>>(),
                "StatusCode": if is_complete { "Complete" } else { "PartialData" },
            }));
            if next.is_some() {
                break 'page;
            }
        }
    }
    Ok(field::object([
        ("MetricDataResults", Some(results.into())),
        ("Messages", Some(json!([]))),
        ("NextToken", next.map(|place| Value::from(page::encode(&place)))),
    ]))
}

/// As [`range`], with the words of this operation.
fn data_range(input: &Value) -> Result<(i64, i64), ApiError> {
    let (start, end) = range(input)?;
    match start.cmp(&end) {
        std::cmp::Ordering::Less => Ok((start, end)),
        std::cmp::Ordering::Equal => {
            Err(failed_validation("The parameter StartTime must not equal parameter EndTime."))
        }
        std::cmp::Ordering::Greater => Err(failed_validation("The parameter EndTime must be greater than StartTime.")),
    }
}
