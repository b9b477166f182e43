//! What a form should be looked at for before it is paid for, each with the money that it can cost.
//!
//! Invariant: a warning never stops a launch. What is wrong with a request is an error of `JobSpec`, not a warning.

use super::{Estimate, Quote, past::only_type};
use crate::{
    instance_type::InstanceTypeInfo, job_draft::JobDraft, job_spec::TRACKING_URI_VARIABLE, money::NanoUsd,
    time::duration_text, training_job::TrainingJobRequest,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaunchWarning {
    /// The form's name of the field to look at.
    pub field: &'static str,
    /// What happens and what to do about it, one or two sentences.
    pub message: String,
    /// What it can cost, at most; `None`: nothing can be said, or nothing is billed.
    pub price: Option<NanoUsd>,
}

/// A job that may run longer than this is asked about.
const LONG_RUNTIME_SECONDS: u32 = 86_400;

/// `quote`: what is known so far; an empty one where nothing is.
pub fn launch_warnings(draft: &JobDraft, quote: &Quote) -> Vec<LaunchWarning> {
    let request = draft.fields.to_partial_request();
    let at_most = Estimate::of(&request).at_most;
    let likely = quote.likely.as_ref().and_then(|it| it.amount).or(at_most);
    let all = [
        too_short(&request, quote, at_most),
        spot_without_checkpoints(draft, &request, likely),
        long_runtime(&request, quote, at_most),
        isolated_from_mlflow(draft, likely),
        volume_ignored(&request),
    ];
    all.into_iter().flatten().collect()
}

const fn warning(field: &'static str, message: String, price: Option<NanoUsd>) -> LaunchWarning {
    LaunchWarning { field, message, price }
}

fn too_short(request: &TrainingJobRequest, quote: &Quote, at_most: Option<NanoUsd>) -> Option<LaunchWarning> {
    let likely = quote.likely.as_ref().filter(|it| it.is_cut_by_max_runtime)?;
    let message = format!(
        "Earlier runs took {}, longer than the maximum runtime of {}: this one would be stopped before its end.",
        duration_text(likely.median_seconds),
        duration_text(u64::from(request.max_runtime_seconds())),
    );
    Some(warning("StoppingCondition.MaxRuntimeInSeconds", message, at_most))
}

fn spot_without_checkpoints(
    draft: &JobDraft,
    request: &TrainingJobRequest,
    likely: Option<NanoUsd>,
) -> Option<LaunchWarning> {
    let message = "Spot without checkpoints starts from nothing after each interruption: what was trained is paid for \
                   again, and that can cost more than on demand.";
    (request.is_spot() && !draft.checkpoints).then(|| warning("checkpoints", message.to_owned(), likely))
}

fn long_runtime(request: &TrainingJobRequest, quote: &Quote, at_most: Option<NanoUsd>) -> Option<LaunchWarning> {
    let seconds = request.max_runtime_seconds();
    if seconds <= LONG_RUNTIME_SECONDS {
        return None;
    }
    let earlier = quote
        .likely
        .as_ref()
        .map_or_else(String::new, |it| format!(" Earlier runs took {}.", duration_text(it.median_seconds)));
    let limit = duration_text(u64::from(seconds));
    let message = format!("A job that hangs is billed until the maximum runtime, {limit}.{earlier}");
    Some(warning("StoppingCondition.MaxRuntimeInSeconds", message, at_most))
}

fn isolated_from_mlflow(draft: &JobDraft, likely: Option<NanoUsd>) -> Option<LaunchWarning> {
    let fields = &draft.fields;
    let has_variable = || fields.pairs("Environment").iter().any(|(name, _)| name.trim() == TRACKING_URI_VARIABLE);
    let has_server = || !fields.get("MlflowConfig.MlflowResourceArn").trim().is_empty();
    let is_cut_off = fields.is_true("EnableNetworkIsolation") && (has_variable() || has_server());
    let message = "With network isolation the script cannot reach its MLflow server: it fails at its first call, or \
                   trains without being recorded. Either is billed.";
    is_cut_off.then(|| warning("EnableNetworkIsolation", message.to_owned(), likely))
}

fn volume_ignored(request: &TrainingJobRequest) -> Option<LaunchWarning> {
    let gb = request.volume_size_gb()?;
    let (name, _) = only_type(request)?;
    InstanceTypeInfo::find(&name).filter(|it| it.has_local_nvme)?;
    let message = format!(
        "The volume of {gb} GB is ignored: {name} brings NVMe disks of its own, and their size is what there is. No \
         storage is billed."
    );
    Some(warning("ResourceConfig.VolumeSizeInGB", message, None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::{Likely, Likeness};

    fn draft(texts: &[(&str, &str)]) -> JobDraft {
        let mut draft = JobDraft::default();
        for (path, text) in texts {
            draft.fields.set(*path, *text);
        }
        draft
    }

    fn fields(draft: &JobDraft, quote: &Quote) -> Vec<&'static str> {
        launch_warnings(draft, quote).into_iter().map(|it| it.field).collect()
    }

    fn likely(seconds: u64, is_cut_by_max_runtime: bool) -> Likely {
        Likely {
            likeness: Likeness::Source,
            run_count: 1,
            median_seconds: seconds,
            low_seconds: seconds,
            high_seconds: seconds,
            is_middle_half: false,
            amount: Some(NanoUsd(5)),
            low: None,
            high: None,
            is_cut_by_max_runtime,
        }
    }

    #[test]
    fn the_form_as_it_opens_has_no_warning() {
        assert_eq!(launch_warnings(&JobDraft::default(), &Quote::default()), []);
    }

    #[test]
    fn spot_without_checkpoints_costs_what_was_trained_again() {
        let mut form = draft(&[("EnableManagedSpotTraining", "true")]);
        assert_eq!(fields(&form, &Quote::default()), [""; 0]);
        form.checkpoints = false;
        let bound = Estimate::of(&form.fields.to_partial_request()).at_most;
        let found = launch_warnings(&form, &Quote::default());
        assert_eq!((found[0].field, found[0].price), ("checkpoints", bound));
        let known = Quote { likely: Some(likely(60, false)), ..Quote::default() };
        assert_eq!(
            launch_warnings(&form, &known)[0].price,
            Some(NanoUsd(5)),
            "what is likely is nearer than the bound"
        );
    }

    #[test]
    fn days_of_maximum_runtime_cost_the_whole_bound() {
        let limit = "StoppingCondition.MaxRuntimeInSeconds";
        assert_eq!(fields(&draft(&[(limit, "86400")]), &Quote::default()), [""; 0]);
        let form = draft(&[(limit, "432000")]);
        let found = launch_warnings(&form, &Quote { likely: Some(likely(90, false)), ..Quote::default() });
        assert_eq!((found[0].field, found[0].price), (limit, Estimate::of(&form.fields.to_partial_request()).at_most));
        assert!(
            found[0].message.contains("5 d 0 h") && found[0].message.contains("1 min 30 s"),
            "{}",
            found[0].message
        );
    }

    #[test]
    fn a_maximum_runtime_below_what_runs_took_is_said() {
        let form = draft(&[("StoppingCondition.MaxRuntimeInSeconds", "60")]);
        let quote = Quote { likely: Some(likely(90, true)), ..Quote::default() };
        assert!(launch_warnings(&form, &quote)[0].message.contains("stopped before its end"));
    }

    #[test]
    fn an_isolated_mlflow_client_and_an_ignored_volume_are_named() {
        let mut form = draft(&[("EnableNetworkIsolation", "true"), ("ResourceConfig.InstanceType", "ml.g5.xlarge")]);
        assert_eq!(fields(&form, &Quote::default()), ["ResourceConfig.VolumeSizeInGB"]);
        form.fields.push_pair("Environment", TRACKING_URI_VARIABLE, "http://tracking");
        assert_eq!(fields(&form, &Quote::default()), ["EnableNetworkIsolation", "ResourceConfig.VolumeSizeInGB"]);
    }
}
