//! Sweeps: from a form and its ranges to a plan, and from the plan to runs.
//!
//! Invariants:
//! - A trial is launched under the key `sweep-<id>-<number>`: after any crash the same trial is the same run.
//! - Never more than `max_parallel` trials run, and no trial is launched that could go over the budget: a running trial
//!   counts with the most that it can cost.
//! - A sweep that is over launches nothing; a trial that slipped through while it was being stopped is stopped.

use std::collections::BTreeMap;

use domain::{
    cost::Estimate,
    ids::{RunId, SweepId},
    job_draft::{FieldError, JobDraft},
    job_spec::JobSpec,
    money::NanoUsd,
    run::Run,
    status::{LaunchState, Wish},
    sweep::{Strategy, Sweep, SweepDraft, SweepSpec, SweepState, Trial},
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use crate::{
    LaunchSubmitted, ServiceError, Services, Upload,
    launch::{Judged, already_launched, blocking, is_key},
    tasks::TaskOutcome,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SweepSubmitted {
    /// The sweep of this form, new or already there.
    Sweep(SweepId),
    Invalid {
        errors: Vec<FieldError>,
    },
}

/// A sweep with the runs that its trials became.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepWithRuns {
    pub sweep: Sweep,
    pub runs: Vec<Run>,
    /// The objective's last value of each run that has one.
    pub values: BTreeMap<RunId, f64>,
}

/// Sweeps in a list.
const MAX_LIST: u32 = 200;

impl Services {
    /// Keeps the job's form that a sweep will launch, and judges it as a launch would. Empty: it could be launched.
    pub async fn sweep_draft_submit(
        &self,
        key: &str,
        draft: JobDraft,
        upload: Option<Upload>,
    ) -> Result<Vec<FieldError>, ServiceError> {
        if !is_key(key) {
            let message = "this form has lost its key: open a fresh form and sweep from there.";
            return Ok(vec![FieldError::new(KEY, message)]);
        }
        if let Some(launched) = self.launched_run(key).await? {
            return Ok(vec![already_launched(&launched)]);
        }
        Ok(self.draft_settle(key, draft, upload, Judged::ToSweep).await?.errors)
    }

    /// The sweep that this form makes of the job's form under `key`, with its plan. Nothing is kept.
    pub async fn sweep_check(
        &self,
        key: &str,
        form: &SweepDraft,
    ) -> Result<Result<(SweepSpec, Vec<Trial>), Vec<FieldError>>, ServiceError> {
        let kept = self.launch_draft_get(key).await?.ok_or(ServiceError::NotFound { what: "form" })?;
        let form = form.clone();
        // Each trial is judged as a launch would judge it: hundreds of forms.
        let made = blocking(move || plan(&form, &kept.draft)).await?;
        let known = self.inner.store.sweep_get_by_key(key).await?;
        Ok(made.and_then(|(spec, trials)| match known {
            Some(known) if known.spec != spec => Err(vec![already_started(&known.id)]),
            _ => Ok((spec, trials)),
        }))
    }

    /// Starts the sweep, at most once per key. Invalid input is an answer, not an error.
    pub async fn sweep_submit(&self, key: &str, form: &SweepDraft) -> Result<SweepSubmitted, ServiceError> {
        let (spec, trials) = match self.sweep_check(key, form).await? {
            Ok(made) => made,
            Err(errors) => return Ok(SweepSubmitted::Invalid { errors }),
        };
        let id = SweepId::new(self.now(), self.inner.config.random.next_u128());
        let sweep = Sweep { id, spec, state: SweepState::Running, message: None, created_at: self.now(), trials };
        let id = self.inner.store.sweep_create(key, &sweep).await?;
        if id == sweep.id {
            tracing::info!(sweep.id = %id, trials = sweep.trials.len(), "a sweep was requested");
        }
        self.inner.tasks.sweeps.poke();
        Ok(SweepSubmitted::Sweep(id))
    }

    pub async fn sweep_get(&self, id: &SweepId) -> Result<Option<SweepWithRuns>, ServiceError> {
        let Some(sweep) = self.inner.store.sweep_get(id).await? else { return Ok(None) };
        let values = match &sweep.spec.objective {
            Some(objective) => self.inner.store.sweep_value_list(id, &objective.metric).await?,
            None => BTreeMap::new(),
        };
        Ok(Some(SweepWithRuns { sweep, runs: self.inner.store.sweep_run_list(id).await?, values }))
    }

    /// The newest first, without their trials.
    pub async fn sweep_list(&self) -> Result<Vec<Sweep>, ServiceError> {
        Ok(self.inner.store.sweep_list(MAX_LIST).await?)
    }

    /// Launches no further trial and stops those that run. Safe to repeat.
    pub async fn sweep_stop(&self, id: &SweepId) -> Result<(), ServiceError> {
        let store = &self.inner.store;
        let sweep = store.sweep_get(id).await?.ok_or(ServiceError::NotFound { what: "sweep" })?;
        store.sweep_state_set(id, SweepState::Stopped, Some("Stopped by hand.")).await?;
        // A crash may have come between a launch and the note of it.
        for trial in sweep.trials.iter().filter(|it| it.run_id.is_none()) {
            if let Some(run) = self.launched_run(&trial_key(id, trial)).await? {
                store.sweep_trial_set(id, trial.number, &run).await?;
            }
        }
        for run in store.sweep_run_list(id).await?.iter().filter(|it| !it.is_over() && it.wish == Wish::Run) {
            self.run_stop(&run.id).await?;
        }
        Ok(())
    }

    /// Launches what there is room for, sweep by sweep.
    pub async fn task_sweeps(&self) -> Result<TaskOutcome, ServiceError> {
        let (mut changed, mut failure) = (0, None);
        for id in self.inner.store.sweep_running_list().await? {
            match self.sweep_advance(&id).await {
                Ok(count) => changed += count,
                // The next pass is the retry; the other sweeps go on.
                Err(err) => failure = Some(err),
            }
        }
        failure.map_or(Ok(TaskOutcome::changed(changed)), Err)
    }

    async fn sweep_advance(&self, id: &SweepId) -> Result<u64, ServiceError> {
        let store = &self.inner.store;
        let Some(sweep) = store.sweep_get(id).await? else { return Ok(0) };
        // After the plan: what was launched meanwhile counts.
        let runs = store.sweep_run_list(id).await?;
        let active = runs.iter().filter(|it| !it.is_over()).count();
        let waiting: Vec<&Trial> = sweep.trials.iter().filter(|it| it.run_id.is_none()).collect();
        if waiting.is_empty() && active == 0 {
            store.sweep_state_set(id, SweepState::Finished, None).await?;
            return Ok(1);
        }
        let stuck =
            runs.iter().find(|it| matches!(it.launch_state, LaunchState::Rejected | LaunchState::NeedsAttention));
        if let (Some(stuck), false) = (stuck, waiting.is_empty()) {
            return self.trial_refused(&sweep, stuck).await;
        }
        let now = self.now();
        let mut committed: NanoUsd = match sweep.spec.budget {
            Some(_) => runs.iter().map(|it| committed(it, it.cost(now).total)).sum(),
            None => NanoUsd(0),
        };
        let room = (sweep.spec.max_parallel as usize).saturating_sub(active);
        let mut launched = 0;
        for trial in waiting.into_iter().take(room) {
            let draft = sweep.spec.draft_of(id, trial);
            if let Some(budget) = sweep.spec.budget {
                match at_most(&draft) {
                    None => {
                        let message = "No price is known for the instance type, so the budget could not be kept.";
                        store.sweep_state_set(id, SweepState::Stopped, Some(message)).await?;
                        return Ok(launched + 1);
                    }
                    Some(next) if committed + next > budget => {
                        return self.budget_reached(&sweep, active, launched, budget).await;
                    }
                    Some(next) => committed = committed + next,
                }
            }
            match self.launch_submit(&trial_key(id, trial), draft, None).await? {
                LaunchSubmitted::Run(run) => {
                    store.sweep_trial_set(id, trial.number, &run).await?;
                    launched += 1;
                    if !store.sweep_running_list().await?.contains(id) {
                        self.run_stop(&run).await?;
                        return Ok(launched);
                    }
                }
                LaunchSubmitted::Invalid { errors } => {
                    // An engine that is away comes back, and jobs that end leave room in a budget; a form that is wrong
                    // stays wrong.
                    let passes = errors.iter().all(|it| ["engine", crate::budgets::FIELD].contains(&it.field.as_str()));
                    let state = if passes { SweepState::Running } else { SweepState::Stopped };
                    let text: Vec<&str> = errors.iter().map(|it| it.message.as_str()).collect();
                    let message = format!("Trial {} was not launched: {}", trial.number + 1, text.join(" "));
                    self.sweep_say(&sweep, state, &message).await?;
                    return Ok(launched);
                }
            }
        }
        if sweep.message.is_some() && launched > 0 {
            store.sweep_state_set(id, SweepState::Running, None).await?;
        }
        Ok(launched)
    }

    /// What runs may turn out cheaper than the most that it can cost: only when nothing runs, the sweep is over.
    async fn budget_reached(
        &self,
        sweep: &Sweep,
        active: usize,
        launched: u64,
        budget: NanoUsd,
    ) -> Result<u64, ServiceError> {
        let (state, message) = if active == 0 && launched == 0 {
            let done = sweep.trials.iter().filter(|it| it.run_id.is_some()).count();
            let all = sweep.trials.len();
            let text = format!("The budget of {budget} allows no further trial: {done} of {all} were launched.");
            (SweepState::Stopped, text)
        } else {
            let text =
                "The next trial waits: with the most that the running ones can cost it could go over the budget.";
            (SweepState::Running, text.to_owned())
        };
        self.sweep_say(sweep, state, &message).await?;
        Ok(launched)
    }

    /// What was refused once would be refused again, trial by trial; and what a person must look at comes first.
    async fn trial_refused(&self, sweep: &Sweep, run: &Run) -> Result<u64, ServiceError> {
        let why = run.launch_message.as_deref().unwrap_or_default();
        if run.launch_state == LaunchState::Rejected {
            let message = format!("{} was refused, so no further trial is launched: {why}", run.job_name);
            self.sweep_say(sweep, SweepState::Stopped, &message).await?;
            return Ok(1);
        }
        let message = format!("{} needs a person before another trial is launched: {why}", run.job_name);
        self.sweep_say(sweep, SweepState::Running, &message).await?;
        Ok(0)
    }

    /// Written only when it says something new: the task comes by every second.
    async fn sweep_say(&self, sweep: &Sweep, state: SweepState, message: &str) -> Result<(), ServiceError> {
        if state != sweep.state || sweep.message.as_deref() != Some(message) {
            self.inner.store.sweep_state_set(&sweep.id, state, Some(message)).await?;
        }
        Ok(())
    }
}

/// The form's own field, which no control shows.
const KEY: &str = "idempotency_key";

/// One trial, one key, one run.
fn trial_key(id: &SweepId, trial: &Trial) -> String {
    format!("sweep-{id}-{}", trial.number)
}

fn already_started(id: &SweepId) -> FieldError {
    let message =
        format!("this form started sweep {id} already, with other values: open a fresh form to start another one.");
    FieldError::new(KEY, message)
}

fn plan(form: &SweepDraft, draft: &JobDraft) -> Result<(SweepSpec, Vec<Trial>), Vec<FieldError>> {
    let spec = form.parse(draft)?;
    let seed = if let Strategy::Random { seed, .. } = spec.strategy { seed } else { 0 };
    let mut random = StdRng::seed_from_u64(seed);
    let trials = spec.plan(|| random.random::<f64>());
    match trials.iter().find_map(|trial| trial_error(&spec, trial)) {
        Some(error) => Err(vec![error]),
        None => Ok((spec, trials)),
    }
}

fn trial_error(spec: &SweepSpec, trial: &Trial) -> Option<FieldError> {
    let nobody = SweepId::new(domain::time::Timestamp::from_unix_micros(0), 0);
    let errors = JobSpec::parse(&spec.draft_of(&nobody, trial)).err()?;
    let first = errors.first()?;
    let values: Vec<String> = trial.parameters.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    let message =
        format!("the trial with {} cannot be launched: {}: {}", values.join(", "), first.field, first.message);
    Some(FieldError::new("parameters[0].values", message))
}

fn at_most(draft: &JobDraft) -> Option<NanoUsd> {
    Estimate::of(&draft.fields.to_partial_request()).at_most
}

/// What a run counts against a budget: what it cost, or the most that it still can.
fn committed(run: &Run, total: Option<NanoUsd>) -> NanoUsd {
    let bound = || JobDraft::of_run(run).ok().and_then(|it| at_most(&it)).unwrap_or(NanoUsd(0));
    match (run.is_over(), total) {
        (true, Some(total)) => total,
        (true, None) if run.started_at.is_none() => NanoUsd(0),
        _ => bound(),
    }
}
