//! `BatchPutMetrics`: up to ten samples; each that cannot be kept is named in `Errors`, the others are kept.

use serde_json::{Value, json};

use super::entries;
use crate::field;
use crate::sagemaker::experiments::{Kind, Put, Sample};
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};

const MOST_SAMPLES: usize = 10;

pub(super) fn batch_put_metrics(services: &Services, input: &Value) -> ApiResult {
    let component = field::text(input, "TrialComponentName").ok_or_else(|| {
        ApiError::validation(
            "1 validation error detected: Value null at 'trialComponentName' failed to satisfy constraint: Member must not \
             be null",
        )
    })?;
    let data = entries(input, "MetricData", "metricData", MOST_SAMPLES)?;
    let mut codes: Vec<Option<&str>> = vec![Some("VALIDATION_ERROR"); data.len()];
    let samples: Vec<(usize, (String, Sample))> =
        data.iter().enumerate().filter_map(|(index, entry)| Some((index, sample(entry)?))).collect();

    // Held, so that the component is still there when its samples are written.
    let held = services.experiments.hold();
    if held.get(Kind::TrialComponent, component).is_some() {
        let (indices, samples): (Vec<_>, Vec<_>) = samples.into_iter().unzip();
        let outcomes = services.experiments.metrics.put(component, &samples).map_err(ApiError::internal)?;
        for (index, outcome) in indices.into_iter().zip(outcomes) {
            codes[index] = match outcome {
                Put::Kept => None,
                Put::LimitExceeded => Some("METRIC_LIMIT_EXCEEDED"),
            };
        }
    }
    let errors: Vec<Value> = codes
        .iter()
        .enumerate()
        .filter_map(|(index, code)| Some(json!({ "Code": (*code)?, "MetricIndex": index })))
        .collect();
    Ok(json!({ "Errors": errors }))
}

/// `None` when a member is missing or out of its range.
fn sample(entry: &Value) -> Option<(String, Sample)> {
    let name = field::text(entry, "MetricName").filter(|name| !name.is_empty() && name.chars().count() <= 255)?;
    let value = field::number(entry.get("Value")?).filter(|value| value.is_finite())?;
    let at_ms = field::time_ms(entry.get("Timestamp")?).filter(|at_ms| *at_ms >= 0)?;
    let step = match entry.get("Step") {
        None | Some(Value::Null) => None,
        Some(_) => Some(field::integer(entry, "Step").filter(|step| (0..=i64::from(i32::MAX)).contains(step))?),
    };
    Some((name.to_owned(), Sample { at_ms, step, value }))
}
