//! `GetDimensionValues` and `GetTags`: what there is to filter and group by.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::expression::{DIMENSIONS, Expression, dimension};
use super::period::{Granularity, Period};
use super::usage::{Line, lines};
use super::{one_of, paged, required};
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};
use crate::{clock, field};

/// The most values of a page.
const MAX_RESULTS: usize = 1000;

pub(super) fn dimension_values(services: &Services, input: &Value) -> ApiResult {
    let key = required(input, "Dimension")?;
    if !DIMENSIONS.contains(&key) {
        return Err(one_of("dimension", key, &DIMENSIONS));
    }
    let lines = counted(services, input)?;
    let values = lines.iter().filter_map(|line| dimension(services, line, key));
    shown(input, key, values, "DimensionValues", |value| json!({ "Value": value, "Attributes": {} }))
}

/// The tag keys of the jobs, or the values of one of them.
pub(super) fn tags(services: &Services, input: &Value) -> ApiResult {
    let lines = counted(services, input)?;
    let key = field::text(input, "TagKey");
    let tags = lines.iter().flat_map(|line| &line.tags);
    let values = tags.filter_map(|(name, value)| match key {
        None => Some(name.as_str()),
        Some(key) => (name == key).then_some(value.as_str()),
    });
    shown(input, key.unwrap_or_default(), values, "Tags", |value| json!(value))
}

fn counted(services: &Services, input: &Value) -> Result<Vec<Line>, ApiError> {
    let period = Period::of(input, Granularity::Daily, clock::now_ms())?;
    let filter = input.get("Filter").map(Expression::parse).transpose()?;
    let mut lines = lines(services);
    lines.retain(|line| line.touches(period) && filter.as_ref().is_none_or(|filter| filter.holds(services, line)));
    Ok(lines)
}

fn shown<'a>(
    input: &Value,
    of: &str,
    values: impl Iterator<Item = &'a str>,
    member: &'static str,
    show: impl Fn(&str) -> Value,
) -> ApiResult {
    let search = field::text(input, "SearchString").unwrap_or_default().to_lowercase();
    let values: BTreeSet<&str> = values.filter(|value| value.to_lowercase().contains(&search)).collect();
    let values: Vec<&str> = values.into_iter().collect();
    let size = match field::integer(input, "MaxResults") {
        None => MAX_RESULTS,
        Some(size) => usize::try_from(size)
            .ok()
            .filter(|size| (1..=MAX_RESULTS).contains(size))
            .ok_or_else(|| ApiError::validation(format!("MaxResults must be from 1 to {MAX_RESULTS}.")))?,
    };
    let (page, next) = paged(input, &format!("{member}/{of}/{search}"), &values, size)?;
    Ok(field::object([
        (member, Some(page.iter().map(|value| show(value)).collect())),
        ("ReturnSize", Some(page.len().into())),
        ("TotalSize", Some(values.len().into())),
        ("NextPageToken", next.map(Value::from)),
    ]))
}
