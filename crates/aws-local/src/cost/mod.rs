//! Cost Explorer: what the ended jobs of this machine would have cost, as `GetCostAndUsage` tells it.
//!
//! | file | says |
//! |---|---|
//! | `usage` | what is billed of a job: instances and kept warm pools, with the spans in which they were used |
//! | `period` | a request's time, cut into UTC hours, days or months |
//! | `expression` | `Filter` |
//! | `report` | sums by period and group, and their pages |
//! | `values` | `GetDimensionValues` and `GetTags` |
//!
//! Invariants: money is whole nano-USD and quantities are whole nano-hours, from the price table to the answer; what a job
//! costs over all periods is what it costs at all, because each period gets the difference of two running sums.
//!
//! What AWS does otherwise: its data is a day late and changes until the bill is final, here a job is in it once it has
//! ended; every cost metric is the list price, because there are no discounts and no commitments; storage, and types
//! without a known price, are not in it; the usage types of spot and warm pools are named after their kind, because no
//! bill with them is public.

mod expression;
mod period;
mod report;
mod usage;
mod values;

use serde_json::Value;

use crate::field;
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};

pub(crate) fn call(services: &Services, operation: &str, input: &Value) -> Option<ApiResult> {
    Some(match operation {
        "GetCostAndUsage" => report::get(services, input, false),
        "GetCostAndUsageWithResources" => report::get(services, input, true),
        "GetDimensionValues" => values::dimension_values(services, input),
        "GetTags" => values::tags(services, input),
        _ => return None,
    })
}

fn required<'a>(input: &'a Value, name: &str) -> Result<&'a str, ApiError> {
    field::text(input, name).ok_or_else(|| {
        let path = field::lower_camel(name);
        let message = format!(
            "1 validation error detected: Value null at '{path}' failed to satisfy constraint: Member must not be null"
        );
        ApiError::validation(message)
    })
}

fn one_of(path: &str, value: &str, known: &[&str]) -> ApiError {
    let shown: String = value.chars().take(200).collect();
    let known = known.join(", ");
    ApiError::validation(format!(
        "1 validation error detected: Value '{shown}' at '{path}' failed to satisfy constraint: Member must satisfy enum value set: [{known}]"
    ))
}

/// A page of `items` from the place that the request's token names, and the next token. `of` names the question that a
/// token belongs to.
fn paged<'a, T>(input: &Value, of: &str, items: &'a [T], size: usize) -> Result<(&'a [T], Option<String>), ApiError> {
    let invalid = || ApiError::client("InvalidNextTokenException", "The pagination token is invalid.");
    let begin = match input.get("NextPageToken") {
        None => 0,
        Some(token) => {
            let place = token.as_str().and_then(crate::page::decode::<(usize, String)>).ok_or_else(invalid)?;
            if place.1 != of || place.0 >= items.len() {
                return Err(invalid());
            }
            place.0
        }
    };
    let end = begin.saturating_add(size).min(items.len());
    let next = (end < items.len()).then(|| crate::page::encode(&(end, of)));
    Ok((&items[begin..end], next))
}
