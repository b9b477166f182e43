//! What a user chose for the time that a quota has no room: wait, or take something else at a price that is bounded.
//!
//! Invariants:
//! - A fallback is another type, or on-demand instead of spot; everything else of the job stays as it is.
//! - Every fallback has a known price within the cap, when it is chosen as when it is launched. The job as it was
//!   wanted is not bound to the cap: its price was seen.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    instance_type::{InstanceType, InstanceTypeInfo},
    job_draft::FieldError,
    job_spec::{sealed, tag},
    money::NanoUsd,
    run::{Run, RunPrice},
    training_job::{Fields, TrainingJobRequest},
};

/// The choice as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct QuotaDraft {
    /// `queue` or `fallback`; empty or `refuse`: a job that does not fit is not launched.
    pub choice: String,
    /// Other types in the order of trying, separated by commas, blanks or lines.
    pub instance_types: String,
    /// Minutes after the launch from which a spot job may run on-demand; empty: never.
    pub on_demand_after_minutes: String,
    /// Dollars per hour that the whole cluster of a fallback may cost at most.
    pub max_usd_per_hour: String,
}

/// How a run waits for room. Without fallbacks it is sent as it is, or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitPlan {
    /// In the order of trying, after the type that is wanted.
    pub instance_types: Vec<InstanceType>,
    /// From so long after the launch, each of the types also on-demand.
    pub on_demand_after_minutes: Option<u32>,
    /// Of the whole cluster; always there with a fallback.
    pub max_per_hour: Option<NanoUsd>,
}

const CHOICE: &str = "quota.choice";
pub(crate) const TYPES: &str = "quota.instance_types";
const ON_DEMAND: &str = "quota.on_demand_after_minutes";
const CAP: &str = "quota.max_usd_per_hour";

const INSTANCE_TYPE: &str = "ResourceConfig.InstanceType";
const SPOT: &str = "EnableManagedSpotTraining";

impl QuotaDraft {
    /// The choice of waiting for room, and nothing else.
    pub fn queue() -> Self {
        Self { choice: "queue".to_owned(), ..Self::default() }
    }

    /// `fields` are the job's, as they are sent. `None`: the job does not wait.
    pub fn parse(&self, fields: &Fields) -> Result<Option<WaitPlan>, Vec<FieldError>> {
        match self.choice.trim() {
            "" | "refuse" => return Ok(None),
            "queue" => return Ok(Some(WaitPlan::default())),
            "fallback" => {}
            _ => return Err(vec![FieldError::new(CHOICE, "choose `refuse`, `queue` or `fallback`.")]),
        }
        let mut errors = Vec::new();
        let mut wrong = |field: &str, message: String| errors.push(FieldError::new(field, message));
        let wanted = fields.get(INSTANCE_TYPE).trim();
        let words = self.instance_types.split(|c: char| c == ',' || c.is_whitespace()).filter(|it| !it.is_empty());
        let words: Vec<&str> = words.collect();
        let mut instance_types: Vec<InstanceType> = Vec::new();
        if wanted.is_empty() && !words.is_empty() {
            wrong(
                TYPES,
                "only a job of one instance type can take another one: clear this, or wait for room.".to_owned(),
            );
        }
        for word in words {
            match InstanceType::parse(word) {
                Err(err) => wrong(TYPES, format!("{err}.")),
                Ok(it) if it.as_str() == wanted || instance_types.contains(&it) => {
                    wrong(TYPES, format!("`{word}` is tried already: name each type once."));
                }
                Ok(it) => instance_types.push(it),
            }
        }
        let is_spot = fields.is_true(SPOT);
        let on_demand_after_minutes = match self.on_demand_after_minutes.trim() {
            "" => None,
            _ if !is_spot => {
                wrong(ON_DEMAND, "the job is on-demand already: clear this.".to_owned());
                None
            }
            text => {
                let minutes = text.parse::<u32>().ok().filter(|it| *it <= MAX_MINUTES);
                if minutes.is_none() {
                    wrong(ON_DEMAND, format!("give whole minutes from 0 to {MAX_MINUTES} (a week)."));
                }
                minutes
            }
        };
        let cap = self.max_usd_per_hour.trim().trim_start_matches('$');
        let max_per_hour = match (cap, NanoUsd::parse(cap)) {
            ("", _) => {
                wrong(CAP, "say what a fallback may cost per hour at most, for example `1.50`.".to_owned());
                None
            }
            (_, Ok(it)) if it > NanoUsd(0) => Some(it),
            (_, Ok(_)) => {
                wrong(CAP, "give an amount above 0.".to_owned());
                None
            }
            (_, Err(err)) => {
                wrong(CAP, format!("{err}."));
                None
            }
        };
        if instance_types.is_empty() && on_demand_after_minutes.is_none() && errors.is_empty() {
            let message = if is_spot {
                "name another instance type, or after how many minutes the job may run on-demand; or wait for room."
            } else {
                "name at least one other instance type; or wait for room."
            };
            errors.push(FieldError::new(TYPES, message));
        }
        let plan = WaitPlan { instance_types, on_demand_after_minutes, max_per_hour };
        errors.extend(plan.faults(fields));
        if errors.is_empty() { Ok(Some(plan)) } else { Err(errors) }
    }
}

/// Waiting longer than a week is forgetting.
const MAX_MINUTES: u32 = 7 * 24 * 60;

impl WaitPlan {
    /// The choice as it would be typed.
    pub fn to_draft(&self) -> QuotaDraft {
        let Some(cap) = self.max_per_hour else { return QuotaDraft::queue() };
        QuotaDraft {
            choice: "fallback".to_owned(),
            instance_types: self.instance_types.iter().map(InstanceType::as_str).collect::<Vec<_>>().join(", "),
            on_demand_after_minutes: self.on_demand_after_minutes.map(|it| it.to_string()).unwrap_or_default(),
            max_usd_per_hour: cap.to_exact(),
        }
    }

    /// The ways of sending a job, the wanted one first: each type with the job's own kind of capacity, then, once it has
    /// waited long enough, each on-demand. A fallback that is above the cap by now is left out.
    pub fn candidates(&self, wanted: &Value, waited_seconds: i64) -> Vec<Value> {
        let is_due = |minutes: u32| waited_seconds >= i64::from(minutes) * 60;
        let is_spot = TrainingJobRequest::of_recorded(wanted.clone()).is_spot();
        let has_on_demand = is_spot && self.on_demand_after_minutes.is_some_and(is_due);
        let kinds: &[bool] = if has_on_demand { &[false, true] } else { &[false] };
        let mut found = vec![wanted.clone()];
        for on_demand in kinds {
            let own = on_demand.then_some(None).into_iter();
            for instance_type in own.chain(self.instance_types.iter().map(Some)) {
                let request = fallback(wanted, instance_type, *on_demand);
                let is_within = |price| self.max_per_hour.is_some_and(|cap| price <= cap);
                if per_hour(&request).is_some_and(is_within) {
                    found.push(request);
                }
            }
        }
        found
    }

    /// Fallbacks that could not be sent, or cost too much.
    fn faults(&self, fields: &Fields) -> Vec<FieldError> {
        let mut errors = Vec::new();
        // A job that is wrong as it is says so by itself.
        if fields.to_request().is_err() {
            return errors;
        }
        let on_demand = self.on_demand_after_minutes.map(|_| (ON_DEMAND, fields.get(INSTANCE_TYPE).trim()));
        let others = self.instance_types.iter().map(|it| (TYPES, it.as_str()));
        for (field, name) in on_demand.into_iter().chain(others) {
            let mut changed = fields.clone();
            changed.set(INSTANCE_TYPE, name);
            match changed.to_request() {
                Err(wrong) => {
                    let why = wrong.first().map(|it| format!("{}: {}", it.field, it.message)).unwrap_or_default();
                    errors.push(FieldError::new(field, format!("the job cannot run on `{name}`: {why}")));
                }
                Ok(request) => {
                    let message = match (per_hour(request.as_value()), self.max_per_hour) {
                        (None, _) => {
                            format!("no price is known of `{name}`, so the cap could not be kept: leave it out.")
                        }
                        (Some(price), Some(cap)) if price > cap => {
                            format!(
                                "`{name}` costs {price} per hour for this job, above the cap of {cap}: raise the cap, or leave it out."
                            )
                        }
                        _ => continue,
                    };
                    errors.push(FieldError::new(field, message));
                }
            }
        }
        errors
    }
}

/// The list price of the whole cluster per hour, on-demand; spot costs no more. `None`: unpriced.
pub(crate) fn per_hour(request: &Value) -> Option<NanoUsd> {
    let instances = TrainingJobRequest::of_recorded(request.clone()).instances();
    let price = |(name, count): &(String, u32)| {
        let price = InstanceTypeInfo::find(name)?.price.as_ref()?.price_nanousd_per_hour;
        Some(price.per_hour_times(3_600, *count))
    };
    if instances.is_empty() { None } else { instances.iter().map(price).sum() }
}

/// The wanted request with another type, or without spot; its fingerprint is its own.
fn fallback(wanted: &Value, instance_type: Option<&InstanceType>, on_demand: bool) -> Value {
    let mut request = wanted.clone();
    let is_plain = request.pointer("/ResourceConfig/InstanceType").is_some();
    if let (Some(it), true) = (instance_type, is_plain) {
        request["ResourceConfig"]["InstanceType"] = Value::from(it.as_str());
    }
    if on_demand && let Some(members) = request.as_object_mut() {
        members.remove(SPOT);
        // It acts with managed spot only, and is refused without.
        if let Some(limits) = members.get_mut("StoppingCondition").and_then(Value::as_object_mut) {
            limits.remove("MaxWaitTimeInSeconds");
        }
    }
    if let Some(tags) = request.get_mut("Tags").and_then(Value::as_array_mut) {
        tags.push(json!({ "Key": tag::WANTED, "Value": kind_text(wanted) }));
    }
    sealed(request).0
}

/// Instance types and kind of capacity of a request: `ml.m5.xlarge spot`.
pub fn kind_text(request: &Value) -> String {
    let parts = TrainingJobRequest::of_recorded(request.clone());
    let types: BTreeSet<String> = parts.instances().into_iter().map(|(name, _)| name).collect();
    let how = if parts.is_spot() { "spot" } else { "on-demand" };
    format!("{} {how}", types.into_iter().collect::<Vec<_>>().join(" "))
}

/// The run as it is when this request is sent instead: instances and price follow from it.
#[must_use]
pub fn amended(run: &Run, request: Value) -> Run {
    let (request, fingerprint) = sealed(request);
    let parts = TrainingJobRequest::of_recorded(request.clone());
    let instances = parts.instances();
    Run {
        price: RunPrice::of_instances(&instances),
        instance_type: instances.first().map(|(name, _)| name.clone()),
        instance_count: parts.instance_count(),
        spot: parts.is_spot(),
        request,
        fingerprint,
        ..run.clone()
    }
}

#[cfg(test)]
mod tests;
