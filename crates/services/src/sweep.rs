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
    status::Wish,
    sweep::{Strategy, Sweep, SweepDraft, SweepSpec, SweepState, Trial},
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use crate::{LaunchSubmitted, ServiceError, Services, Upload, tasks::TaskOutcome};

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
        if let Some(launched) = self.launched_run(key).await? {
            return Ok(vec![crate::launch::already_launched(&launched)]);
        }
        Ok(self.draft_settle(key, draft, upload, true).await?.errors)
    }

    /// The sweep that this form makes of the job's form under `key`, with its plan. Nothing is kept.
    pub async fn sweep_check(
        &self,
        key: &str,
        form: &SweepDraft,
    ) -> Result<Result<(SweepSpec, Vec<Trial>), Vec<FieldError>>, ServiceError> {
        let kept = self.launch_draft_get(key).await?.ok_or(ServiceError::NotFound { what: "form" })?;
        Ok(form.parse(&kept.draft).and_then(|spec| {
            let seed = if let Strategy::Random { seed, .. } = spec.strategy { seed } else { 0 };
            let mut random = StdRng::seed_from_u64(seed);
            let plan = spec.plan(|| random.random::<f64>());
            match plan.iter().find_map(|trial| trial_error(&spec, trial)) {
                Some(error) => Err(vec![error]),
                None => Ok((spec, plan)),
            }
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
        tracing::info!(sweep.id = %id, trials = sweep.trials.len(), "a sweep was requested");
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
        if store.sweep_get(id).await?.is_none() {
            return Err(ServiceError::NotFound { what: "sweep" });
        }
        store.sweep_state_set(id, SweepState::Stopped, Some("Stopped by hand.")).await?;
        for run in store.sweep_run_list(id).await?.iter().filter(|it| !it.is_over() && it.wish == Wish::Run) {
            self.run_stop(&run.id).await?;
        }
        Ok(())
    }

    /// Launches what there is room for, sweep by sweep.
    pub async fn task_sweeps(&self) -> Result<TaskOutcome, ServiceError> {
        let mut changed = 0;
        for id in self.inner.store.sweep_running_list().await? {
            changed += self.sweep_advance(&id).await?;
        }
        Ok(TaskOutcome::changed(changed))
    }

    async fn sweep_advance(&self, id: &SweepId) -> Result<u64, ServiceError> {
        let Some(SweepWithRuns { sweep, runs, .. }) = self.sweep_get(id).await? else { return Ok(0) };
        let store = &self.inner.store;
        let active = runs.iter().filter(|it| !it.is_over()).count();
        let waiting: Vec<&Trial> = sweep.trials.iter().filter(|it| it.run_id.is_none()).collect();
        if waiting.is_empty() && active == 0 {
            store.sweep_state_set(id, SweepState::Finished, None).await?;
            return Ok(1);
        }
        let now = self.now();
        let mut committed: NanoUsd = runs.iter().map(|it| committed(it, it.cost(now).total)).sum();
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
            match self.launch_submit(&format!("sweep-{id}-{}", trial.number), draft, None).await? {
                LaunchSubmitted::Run(run) => {
                    store.sweep_trial_set(id, trial.number, &run).await?;
                    launched += 1;
                    let state = store.sweep_get(id).await?.map(|it| it.state);
                    if state != Some(SweepState::Running) {
                        self.run_stop(&run).await?;
                        return Ok(launched);
                    }
                }
                LaunchSubmitted::Invalid { errors } => {
                    // An engine that is away comes back; a form that is wrong stays wrong.
                    let is_away = errors.iter().all(|it| it.field == "engine");
                    let state = if is_away { SweepState::Running } else { SweepState::Stopped };
                    let text: Vec<&str> = errors.iter().map(|it| it.message.as_str()).collect();
                    let message = format!("Trial {} was not launched: {}", trial.number + 1, text.join(" "));
                    store.sweep_state_set(id, state, Some(&message)).await?;
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
        if sweep.message.as_ref() != Some(&message) {
            self.inner.store.sweep_state_set(&sweep.id, state, Some(&message)).await?;
        }
        Ok(launched)
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
