//! `GetCostAndUsage` and `GetCostAndUsageWithResources`: sums of the lines, by period and by up to two groups.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::expression::{DIMENSIONS, Expression, dimension};
use super::period::{Granularity, Period};
use super::usage::{Amount, Line, decimal, lines};
use super::{one_of, paged, required};
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};
use crate::{clock, field};

const METRICS: [&str; 7] = [
    "AmortizedCost",
    "BlendedCost",
    "NetAmortizedCost",
    "NetUnblendedCost",
    "NormalizedUsageAmount",
    "UnblendedCost",
    "UsageQuantity",
];

/// Periods of a page; each has a group for each kind of line at most.
const PAGE_PERIODS: usize = 1000;

/// AWS keeps what single resources cost for two weeks.
const RESOURCES_MS: i64 = 14 * 24 * 3_600_000;

enum Group {
    Dimension(String),
    Tag(String),
}

impl Group {
    fn of(value: &Value, with_resources: bool) -> Result<Self, ApiError> {
        let key = required(value, "Key")?.to_owned();
        match required(value, "Type")? {
            "TAG" => Ok(Self::Tag(key)),
            "DIMENSION" if key == "RESOURCE_ID" && !with_resources => Err(no_resources()),
            "DIMENSION" if DIMENSIONS.contains(&key.as_str()) => Ok(Self::Dimension(key)),
            "DIMENSION" => Err(one_of("groupBy.key", &key, &DIMENSIONS)),
            other => Err(one_of("groupBy.type", other, &["DIMENSION", "TAG", "COST_CATEGORY"])),
        }
    }

    fn key(&self, services: &Services, line: &Line) -> String {
        match self {
            Self::Dimension(key) => dimension(services, line, key).unwrap_or_default().to_owned(),
            Self::Tag(key) => format!("{key}${}", line.tags.get(key).map_or("", String::as_str)),
        }
    }
}

pub(super) fn get(services: &Services, input: &Value, with_resources: bool) -> ApiResult {
    let now_ms = clock::now_ms();
    let granularity = Granularity::of(input)?;
    let period = Period::of(input, granularity, now_ms)?;
    let metrics = metrics(input)?;
    let definitions = field::list(input, "GroupBy");
    if definitions.len() > 2 {
        return Err(ApiError::validation("The maximum number of GroupDefinitions is 2"));
    }
    let groups = definitions.iter().map(|it| Group::of(it, with_resources)).collect::<Result<Vec<_>, _>>()?;
    let filter = input.get("Filter").map(Expression::parse).transpose()?;
    let filters_resources = filter.as_ref().is_some_and(|filter| filter.names("RESOURCE_ID"));
    if with_resources {
        let groups_resources = groups.iter().any(|it| matches!(it, Group::Dimension(key) if key == "RESOURCE_ID"));
        if filter.is_none() {
            return required(input, "Filter").map(|_| Value::Null);
        }
        if !groups_resources && !filters_resources {
            return Err(ApiError::validation("Request must be grouped by or filtered by RESOURCE_ID."));
        }
        if period.begin_ms < now_ms - RESOURCES_MS - 24 * 3_600_000 {
            return Err(ApiError::client("DataUnavailableException", "Data of resources is kept for 14 days."));
        }
    } else if filters_resources {
        return Err(no_resources());
    }
    let mut lines = lines(services);
    lines.retain(|line| line.touches(period) && filter.as_ref().is_none_or(|filter| filter.holds(services, line)));

    let periods = period.cut(granularity);
    let (page, next) = paged(input, &question(input), &periods, PAGE_PERIODS)?;
    let keys: Vec<Vec<String>> =
        lines.iter().map(|line| groups.iter().map(|group| group.key(services, line)).collect()).collect();
    let results: Vec<Value> = page
        .iter()
        .map(|period| {
            let mut sums: BTreeMap<&[String], Sum> = BTreeMap::new();
            for (line, key) in lines.iter().zip(&keys).filter(|(line, _)| line.touches(*period)) {
                sums.entry(key).or_default().add(line.within(*period));
            }
            let none = Sum::default();
            let (total, groups) = if groups.is_empty() {
                (sums.get(&[][..]).unwrap_or(&none).shown(&metrics), Vec::new())
            } else {
                let group = |(key, sum): (&&[String], &Sum)| json!({ "Keys": key, "Metrics": sum.shown(&metrics) });
                (json!({}), sums.iter().map(group).collect())
            };
            json!({
                "TimePeriod": period.shown(granularity),
                "Total": total,
                "Groups": groups,
                "Estimated": period.is_estimated(now_ms),
            })
        })
        .collect();
    Ok(field::object([
        ("GroupDefinitions", (!definitions.is_empty()).then(|| json!(definitions))),
        ("ResultsByTime", Some(json!(results))),
        ("DimensionValueAttributes", Some(json!([]))),
        ("NextPageToken", next.map(Value::from)),
    ]))
}

fn metrics(input: &Value) -> Result<Vec<&'static str>, ApiError> {
    let asked = field::list(input, "Metrics");
    if asked.is_empty() {
        return required(input, "Metrics").map(|_| Vec::new());
    }
    let metric = |it: &Value| {
        let name = it.as_str().unwrap_or_default();
        // The documentation's own spelling of a name is in capitals, that of its examples is not.
        let plain = name.replace('_', "");
        METRICS
            .into_iter()
            .find(|known| known.eq_ignore_ascii_case(&plain))
            .ok_or_else(|| one_of("metrics", name, &METRICS))
    };
    asked.iter().map(metric).collect()
}

fn no_resources() -> ApiError {
    ApiError::validation("RESOURCE_ID is only available in GetCostAndUsageWithResources.")
}

/// What a page token belongs to: the same request without it.
fn question(input: &Value) -> String {
    let mut members = input.as_object().cloned().unwrap_or_default();
    members.remove("NextPageToken");
    hex::encode(Sha256::digest(Value::Object(members).to_string()))
}

/// What lines of a group took in a period.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    amount: Amount,
    has_lines: bool,
}

impl Sum {
    fn add(&mut self, amount: Amount) {
        self.amount.nano_usd += amount.nano_usd;
        self.amount.nano_hours += amount.nano_hours;
        self.has_lines = true;
    }

    /// Amounts are text, as the API has them.
    fn shown(&self, metrics: &[&str]) -> Value {
        let shown = metrics.iter().map(|metric| {
            let (amount, unit) = match *metric {
                "UsageQuantity" => (decimal(self.amount.nano_hours), if self.has_lines { "Hrs" } else { "N/A" }),
                // Only instances that reservations can be moved between have a normalised amount.
                "NormalizedUsageAmount" => ("0".to_owned(), "N/A"),
                _ => (decimal(self.amount.nano_usd), "USD"),
            };
            ((*metric).to_owned(), json!({ "Amount": amount, "Unit": unit }))
        });
        Value::Object(shown.collect::<Map<_, _>>())
    }
}
