//! Sweeps: the form with its plan, one sweep with its runs, the list.

use std::collections::BTreeMap;

use domain::{
    ids::{RunId, SweepId},
    job_draft::FieldError,
    money::NanoUsd,
    run::Run,
    sweep::{Sweep, SweepDraft, SweepState, Trial},
    time::Timestamp,
};
use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};

use super::error::ApiError;

/// The page on which ranges are chosen for a job's form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepForm {
    /// The job's form has it, and so does the sweep that comes of it.
    pub idempotency_key: String,
    pub form: SweepDraft,
    /// Beside their fields; empty while nothing was checked.
    pub errors: Vec<FieldError>,
    /// `None`: not checked, or wrong.
    pub plan: Option<Vec<Trial>>,
    pub experiment: String,
    /// `2 × ml.m5.xlarge`
    pub machine: String,
    /// What one trial can cost at most; `None`: unpriced.
    pub trial_at_most: Option<NanoUsd>,
    /// The job's metric definitions, to choose the objective from.
    pub metrics: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepView {
    /// The newest live event that is in this data: the page listens after it.
    pub live_number: i64,
    pub now: Timestamp,
    pub sweep: Sweep,
    /// What the trials became, in the order of launching.
    pub runs: Vec<Run>,
    /// The objective's last value of each run that has one.
    pub values: BTreeMap<RunId, f64>,
}

/// `form`: what was typed, to be checked; `None` for a fresh page.
#[server(prefix = "/api/ui", endpoint = "sweep_form_get", input = Json)]
pub async fn sweep_form_get(draft_key: String, form: Option<SweepDraft>) -> Result<SweepForm, ApiError> {
    use domain::cost::Estimate;
    let services = super::context::services()?;
    let kept = services.launch_draft_get(&draft_key).await?.ok_or_else(|| ApiError::NotFound.with_status())?;
    let draft = kept.draft;
    let (errors, plan) = match &form {
        None => (Vec::new(), None),
        Some(form) => match services.sweep_check(&draft_key, form).await? {
            Ok((_, plan)) => (Vec::new(), Some(plan)),
            Err(errors) => (errors, None),
        },
    };
    let form = form.unwrap_or_else(|| SweepDraft::of_job(&draft));
    let request = draft.fields.to_partial_request();
    let machines = request.instances();
    Ok(SweepForm {
        idempotency_key: draft_key,
        form,
        errors,
        plan,
        machine: machines.iter().map(|(name, count)| format!("{count} × {name}")).collect::<Vec<_>>().join(", "),
        trial_at_most: Estimate::of(&request).at_most,
        metrics: draft.metric_names(),
        experiment: draft.experiment,
    })
}

#[server(prefix = "/api/ui", endpoint = "sweep_get", input = Json)]
pub async fn sweep_get(id: String) -> Result<SweepView, ApiError> {
    let services = super::context::services()?;
    let id = SweepId::parse(&id).map_err(|_| ApiError::NotFound.with_status())?;
    let live_number = services.live_last_number().await?;
    let found = services.sweep_get(&id).await?.ok_or_else(|| ApiError::NotFound.with_status())?;
    Ok(SweepView { live_number, now: services.now(), sweep: found.sweep, runs: found.runs, values: found.values })
}

/// A sweep in the list of all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepLine {
    pub id: SweepId,
    /// `grid over lr, epochs`
    pub plan: String,
    pub experiment: String,
    pub state: SweepState,
    pub created_at: Timestamp,
}

/// The newest first.
#[server(prefix = "/api/ui", endpoint = "sweep_list", input = Json)]
pub async fn sweep_list() -> Result<Vec<SweepLine>, ApiError> {
    let line = |it: Sweep| SweepLine {
        id: it.id,
        plan: it.spec.words(),
        experiment: it.spec.draft.experiment,
        state: it.state,
        created_at: it.created_at,
    };
    Ok(super::context::services()?.sweep_list().await?.into_iter().map(line).collect())
}
