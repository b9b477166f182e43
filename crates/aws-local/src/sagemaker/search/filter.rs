//! The filters of Search: `SearchExpression` with its nested expressions, over the JSON record of a resource.
//!
//! A name is a path into the record (`ResourceConfig.InstanceType`); a list on the way means any of its entries. Four
//! first parts are special: `Tags.<key>`, `HyperParameters.<name>` and `Parameters.<name>` (names may hold dots), and
//! `Metrics.<name>` (the final value; of a trial component `Metrics.<name>.<statistic>`).
//! <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Filter.html>

use serde_json::Value;

use super::Kind;
use crate::clock;
use crate::field;
use crate::wire::ApiError;

/// The most filters, nested filters and inner expressions of one request.
const MAX_FILTERS: usize = 50;

/// What is wrong with the expression itself.
pub(super) fn validate(input: &Value, kind: &Kind) -> Result<(), ApiError> {
    let Some(expression) = input.get("SearchExpression") else {
        return Ok(());
    };
    let mut filters = Vec::new();
    let parts = collect(expression, &mut filters);
    if parts > MAX_FILTERS {
        return Err(ApiError::validation(format!(
            "A search can have at most {MAX_FILTERS} filters, nested filters and subexpressions; this one has {parts}."
        )));
    }
    for filter in filters {
        let name = field::text(filter, "Name").unwrap_or_default();
        known_property(kind, name)?;
        let operator = field::text(filter, "Operator").unwrap_or("Equals");
        let value = field::text(filter, "Value");
        match operator {
            "Exists" | "NotExists" if value.is_some() => {
                return Err(ApiError::validation(format!(
                    "The operator {operator} takes no Value (filter on {name:?})."
                )));
            }
            "Exists" | "NotExists" => {}
            _ if value.is_none() => {
                return Err(ApiError::validation(format!(
                    "The operator {operator} needs a Value (filter on {name:?})."
                )));
            }
            _ if is_time(name) && operator != "Contains" => {
                let times: Vec<&str> = if operator == "In" {
                    value.unwrap_or_default().split(',').collect()
                } else {
                    value.into_iter().collect()
                };
                if times.iter().any(|text| clock::parse_iso(text).is_none()) {
                    return Err(ApiError::validation(format!(
                        "The Value of a filter on {name} must be an ISO 8601 time such as 2026-11-23T10:00:00."
                    )));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Refuses a name that no record of this kind can have.
pub(super) fn known_property(kind: &Kind, name: &str) -> Result<(), ApiError> {
    let first = name.split('.').next().unwrap_or_default();
    let special = first == "Tags" || (first == "Metrics" && kind.properties.contains(&"FinalMetricDataList"));
    if special || kind.properties.contains(&first) {
        return Ok(());
    }
    Err(ApiError::validation(format!("Unknown property name: {name}")))
}

/// Gathers the filters of an expression and its inner ones; answers how many parts it has.
fn collect<'a>(expression: &'a Value, filters: &mut Vec<&'a Value>) -> usize {
    let own = field::list(expression, "Filters");
    filters.extend(own);
    let mut parts = own.len();
    for nested in field::list(expression, "NestedFilters") {
        let inside = field::list(nested, "Filters");
        filters.extend(inside);
        parts += 1 + inside.len();
    }
    for inner in field::list(expression, "SubExpressions") {
        parts += 1 + collect(inner, filters);
    }
    parts
}

/// Whether a record meets the request's expression and its visibility conditions.
pub(super) fn matches(input: &Value, record: &Value) -> bool {
    let visible = field::list(input, "VisibilityConditions").iter().all(|condition| {
        let wanted = field::text(condition, "Value").unwrap_or_default();
        values(record, field::text(condition, "Key").unwrap_or_default()).iter().any(|value| **value == *wanted)
    });
    visible && input.get("SearchExpression").is_none_or(|expression| expression_matches(expression, record))
}

fn expression_matches(expression: &Value, record: &Value) -> bool {
    let mut outcomes = field::list(expression, "Filters")
        .iter()
        .map(|filter| filter_matches(filter, record, ""))
        .chain(field::list(expression, "NestedFilters").iter().map(|nested| nested_matches(nested, record)))
        .chain(field::list(expression, "SubExpressions").iter().map(|inner| expression_matches(inner, record)))
        .peekable();
    if outcomes.peek().is_none() {
        return true;
    }
    if field::text(expression, "Operator") == Some("Or") { outcomes.any(|met| met) } else { outcomes.all(|met| met) }
}

/// One entry of the list must meet all the filters.
fn nested_matches(nested: &Value, record: &Value) -> bool {
    let list = field::text(nested, "NestedPropertyName").unwrap_or_default();
    let prefix = format!("{list}.");
    values(record, list)
        .iter()
        .any(|entry| field::list(nested, "Filters").iter().all(|filter| filter_matches(filter, entry, &prefix)))
}

fn filter_matches(filter: &Value, record: &Value, prefix: &str) -> bool {
    let name = field::text(filter, "Name").unwrap_or_default();
    let found = values(record, name.strip_prefix(prefix).unwrap_or(name));
    let wanted = field::text(filter, "Value").unwrap_or_default();
    let ordered = |accepts: fn(std::cmp::Ordering) -> bool| {
        found.iter().any(|value| compare(name, value, wanted).is_some_and(accepts))
    };
    match field::text(filter, "Operator").unwrap_or("Equals") {
        "NotEquals" => !found.iter().any(|value| equals(name, value, wanted)),
        "GreaterThan" => ordered(std::cmp::Ordering::is_gt),
        "GreaterThanOrEqualTo" => ordered(std::cmp::Ordering::is_ge),
        "LessThan" => ordered(std::cmp::Ordering::is_lt),
        "LessThanOrEqualTo" => ordered(std::cmp::Ordering::is_le),
        "Contains" => found.iter().any(|value| value.as_str().is_some_and(|text| text.contains(wanted))),
        "Exists" => !found.is_empty(),
        "NotExists" => found.is_empty(),
        "In" => found.iter().any(|value| wanted.split(',').any(|one| equals(name, value, one.trim()))),
        _ => found.iter().any(|value| equals(name, value, wanted)),
    }
}

/// The values that a name means in a record; none when it has no such property.
pub(super) fn values<'a>(record: &'a Value, name: &str) -> Vec<&'a Value> {
    let keyed = |list: &str, key_name: &str, key: &str, value_name: &str| -> Vec<&'a Value> {
        field::list(record, list)
            .iter()
            .filter(|entry| field::text(entry, key_name) == Some(key))
            .filter_map(|entry| entry.get(value_name))
            .collect()
    };
    match name.split_once('.') {
        Some(("Tags", key)) => keyed("Tags", "Key", key, "Value"),
        Some(("Metrics", metric)) => {
            let mut found = keyed("FinalMetricDataList", "MetricName", metric, "Value");
            if let Some((metric, statistic)) = metric.rsplit_once('.') {
                found.extend(keyed("Metrics", "MetricName", metric, statistic));
            }
            found
        }
        Some(("Parameters", key)) => {
            let parameter = record.get("Parameters").and_then(|all| all.get(key));
            parameter.and_then(|it| it.get("NumberValue").or_else(|| it.get("StringValue"))).into_iter().collect()
        }
        Some(("HyperParameters", key)) => {
            record.get("HyperParameters").and_then(|all| all.get(key)).into_iter().collect()
        }
        _ => {
            let mut found = vec![record];
            for part in name.split('.') {
                found = found.into_iter().filter_map(|value| value.get(part)).flat_map(entries).collect();
            }
            found
        }
    }
}

fn entries(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        other => vec![other],
    }
}

fn equals(name: &str, value: &Value, wanted: &str) -> bool {
    match value {
        Value::Bool(value) => wanted.eq_ignore_ascii_case(if *value { "true" } else { "false" }),
        Value::String(text) if text == wanted => true,
        value => compare(name, value, wanted).is_some_and(std::cmp::Ordering::is_eq),
    }
}

/// Orders times and numbers; text has no order here, except hyperparameters that are numbers.
fn compare(name: &str, value: &Value, wanted: &str) -> Option<std::cmp::Ordering> {
    if is_time(name) {
        return Some(field::time_ms(value)?.cmp(&clock::parse_iso(wanted)?));
    }
    field::number(value)?.partial_cmp(&wanted.trim().parse().ok()?)
}

/// By AWS's naming of members: times are compared with ISO 8601 values.
fn is_time(name: &str) -> bool {
    let users_own = ["Tags.", "HyperParameters.", "Parameters.", "Metrics.", "Environment."]
        .iter()
        .any(|first| name.starts_with(first));
    !users_own && name.ends_with("Time")
}

#[cfg(test)]
mod tests {
    use super::super::training_jobs::TRAINING_JOB;
    use super::*;
    use serde_json::json;

    fn record() -> Value {
        json!({
            "TrainingJobName": "iris-1", "TrainingJobStatus": "Completed", "CreationTime": 1_700_000_000.5,
            "BillableTimeInSeconds": 30, "EnableManagedSpotTraining": true,
            "HyperParameters": { "lr": "0.1", "optim.name": "adam" },
            "FinalMetricDataList": [{ "MetricName": "val:acc", "Value": 0.9 }],
            "InputDataConfig": [
                { "ChannelName": "train", "DataSource": { "S3DataSource": { "S3Uri": "s3://b/train" } } },
                { "ChannelName": "test", "DataSource": { "S3DataSource": { "S3Uri": "s3://b/test" } } }],
            "Tags": [{ "Key": "team", "Value": "vision" }],
        })
    }

    fn met(expression: Value) -> bool {
        let input = json!({ "SearchExpression": expression });
        validate(&input, &TRAINING_JOB).unwrap();
        matches(&input, &record())
    }

    fn one(name: &str, operator: &str, value: &str) -> bool {
        met(json!({ "Filters": [{ "Name": name, "Operator": operator, "Value": value }] }))
    }

    #[test]
    fn operators_work_on_text_numbers_times_and_lists() {
        assert!(one("TrainingJobName", "Contains", "ris"));
        assert!(one("TrainingJobStatus", "In", "Failed, Completed"));
        assert!(one("TrainingJobStatus", "NotEquals", "Failed"));
        assert!(one("BillableTimeInSeconds", "GreaterThanOrEqualTo", "30"));
        assert!(!one("BillableTimeInSeconds", "LessThan", "30"));
        assert!(one("HyperParameters.lr", "LessThan", "0.5"));
        assert!(one("HyperParameters.optim.name", "Equals", "adam"));
        assert!(one("Metrics.val:acc", "GreaterThan", "0.85"));
        assert!(one("Tags.team", "Equals", "vision"));
        assert!(one("CreationTime", "GreaterThan", "2023-11-14T00:00:00"));
        assert!(one("EnableManagedSpotTraining", "Equals", "true"));
        assert!(one("InputDataConfig.ChannelName", "Equals", "test"));
        assert!(!one("VpcConfig.Subnets", "Equals", "x"));
    }

    #[test]
    fn expressions_combine_and_nest() {
        let has = |name: &str| json!({ "Name": name, "Operator": "Exists" });
        assert!(met(json!({ "Filters": [has("Tags.team"), { "Name": "Tags.cost", "Operator": "NotExists" }] })));
        assert!(met(
            json!({ "Operator": "Or", "Filters": [has("Tags.none")], "SubExpressions": [{ "Filters": [has("Tags.team")] }] })
        ));
        assert!(!met(json!({ "Filters": [has("Tags.none")], "SubExpressions": [{ "Filters": [has("Tags.team")] }] })));
        let nested = |channel: &str, uri: &str| {
            json!({ "NestedFilters": [{ "NestedPropertyName": "InputDataConfig", "Filters": [
            { "Name": "InputDataConfig.ChannelName", "Operator": "Equals", "Value": channel },
            { "Name": "InputDataConfig.DataSource.S3DataSource.S3Uri", "Operator": "Contains", "Value": uri }] }] })
        };
        assert!(met(nested("train", "/train")));
        assert!(!met(nested("train", "/test")));
    }

    #[test]
    fn wrong_expressions_are_refused() {
        let refused =
            |filter: Value| validate(&json!({ "SearchExpression": { "Filters": [filter] } }), &TRAINING_JOB).is_err();
        assert!(refused(json!({ "Name": "CreationTime", "Operator": "GreaterThan", "Value": "yesterday" })));
        assert!(refused(json!({ "Name": "Tags.x", "Operator": "Exists", "Value": "y" })));
        assert!(refused(json!({ "Name": "Tags.x" })));
        assert!(refused(json!({ "Name": "ExperimentName", "Value": "x" })));
    }
}
