//! `GetSearchSuggestions`: names of hyperparameters, tags and metrics that records really have.
//!
//! Other properties are in the documentation; these names are the users' own, so only the records know them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::kind;
use crate::field;
use crate::services::Services;
use crate::wire::ApiResult;

/// More suggestions than this help nobody.
const MAX_SUGGESTIONS: usize = 100;

pub(in crate::sagemaker) fn get_search_suggestions(services: &Services, input: &Value) -> ApiResult {
    let kind = kind(input)?;
    // "Text that begins a property's name."
    let hint = input.pointer("/SuggestionQuery/PropertyNameQuery/PropertyNameHint").and_then(Value::as_str);
    let hint = hint.unwrap_or_default();
    let mut names = BTreeSet::new();
    for record in (kind.records)(services) {
        let listed = |list: &str, key: &str, prefix: &str| -> Vec<String> {
            let keys = field::list(&record.members, list).iter().filter_map(|entry| field::text(entry, key));
            keys.map(|key| format!("{prefix}.{key}")).collect()
        };
        let parameters = record.members.get("HyperParameters").and_then(Value::as_object).into_iter().flatten();
        let suggested = parameters
            .map(|(name, _)| format!("HyperParameters.{name}"))
            .chain(listed("Tags", "Key", "Tags"))
            .chain(listed("FinalMetricDataList", "MetricName", "Metrics"));
        names.extend(suggested.filter(|name| name.starts_with(hint)));
    }
    let suggestions: Value =
        names.into_iter().take(MAX_SUGGESTIONS).map(|name| json!({ "PropertyName": name })).collect();
    Ok(json!({ "PropertyNameSuggestions": suggestions }))
}
