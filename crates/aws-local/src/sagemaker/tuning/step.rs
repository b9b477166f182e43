//! One step of all tuning jobs: take in what has ended, decide, start what is due, stop what must stop.
//!
//! A step has no input but the stores, does nothing twice, and may be cut short anywhere: the next one, of this server or
//! the one after it, goes on from what is written. What goes wrong for a reason of this machine is tried again by the
//! next step.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::halting::halted;
use super::plan::Plan;
use super::store::{Child, ChildEnd, Held, Status, TuningJob};
use super::strategy::{Known, propose};
use super::view;
use crate::clock::now_ms;
use crate::job::JobError;
use crate::sagemaker::{create as training_job, model, tags};
use crate::services::Services;
use crate::wire::ApiError;

/// SageMaker's criterion of convergence is not published; here it is this many results in a row without an improvement of
/// one per cent.
const CONVERGED_AFTER: usize = 20;

pub(in crate::sagemaker) fn step(services: &Services) {
    let active = services.tuning.hold().active();
    for name in active {
        if let Err(error) = carry_on(services, &name) {
            tracing::warn!(tuning_job.name = name, error = %error.message, "a tuning job could not be carried on");
        }
    }
}

fn carry_on(services: &Services, name: &str) -> Result<(), ApiError> {
    // Held throughout: a stop that comes now is seen by the next step.
    let mut held = services.tuning.hold();
    let Some(mut job) = held.get(name).filter(|job| job.status.is_active()).cloned() else { return Ok(()) };
    let plan = Plan::parse(&job.request)?;
    let before = job.clone();
    take_in(services, &plan, &mut job);
    if job.status == Status::InProgress {
        close_if_met(&plan, &mut job);
        for index in halted(services, &job, &plan) {
            job.children[index].halted = true;
        }
    }
    if changed(&before, &job) {
        job.modified_at_ms = now_ms();
        put(&mut held, &job)?;
    }
    let open = job.status == Status::InProgress && !job.closing;
    for index in 0..job.children.len() {
        let child = &job.children[index];
        if child.end.is_some() {
            continue;
        }
        if !child.started {
            // Written down before a crash, and perhaps started.
            start(services, &mut held, &plan, &mut job, index)?;
        }
        if (!open || job.children[index].halted) && job.children[index].end.is_none() {
            match services.jobs.stop(&job.children[index].name) {
                Ok(()) | Err(JobError::NotRunning { .. } | JobError::NotFound { .. }) => {}
                Err(error) => return Err(ApiError::internal(error)),
            }
        }
    }
    while open && !job.closing && job.children.len() < plan.max_jobs && running(&job) < plan.max_parallel {
        let child = next(&plan, &job);
        job.children.push(child);
        put(&mut held, &job)?;
        let index = job.children.len() - 1;
        start(services, &mut held, &plan, &mut job, index)?;
    }
    if running(&job) == 0 {
        end(&mut job);
        put(&mut held, &job)?;
        services.tuning.forget_series(&job.children);
    }
    Ok(())
}

fn put(held: &mut Held<'_>, job: &TuningJob) -> Result<(), ApiError> {
    held.put(job.clone()).map_err(ApiError::internal)
}

fn running(job: &TuningJob) -> usize {
    job.children.iter().filter(|child| child.end.is_none()).count()
}

fn changed(before: &TuningJob, after: &TuningJob) -> bool {
    let told = |job: &TuningJob| {
        let halted = job.children.iter().filter(|child| child.halted).count();
        (running(job), halted, job.closing, job.converged_at_ms)
    };
    told(before) != told(after)
}

/// Writes down the end of training jobs that are over.
fn take_in(services: &Services, plan: &Plan, job: &mut TuningJob) {
    for child in job.children.iter_mut().filter(|child| child.started && child.end.is_none()) {
        let objective = &plan.definitions[child.definition].objective;
        child.end = match services.jobs.get(&child.name) {
            Some(record) if record.is_terminal() => Some(view::end_of(&record, objective)),
            Some(_) => None,
            None => Some(refused("Stopped", "The training job was deleted.")),
        };
    }
}

fn refused(status: &str, reason: &str) -> ChildEnd {
    ChildEnd {
        status: status.to_owned(),
        objective: None,
        started_at_ms: None,
        ended_at_ms: Some(now_ms()),
        failure_reason: Some(reason.to_owned()),
    }
}

/// The criteria of `TuningJobCompletionCriteria` and the longest runtime.
fn close_if_met(plan: &Plan, job: &mut TuningJob) {
    let not_improving = view::not_improving(plan, job);
    if not_improving >= CONVERGED_AFTER && job.converged_at_ms.is_none() {
        job.converged_at_ms = Some(now_ms());
    }
    let reached = plan.target.is_some_and(|target| {
        view::best(plan, job).is_some_and(|index| {
            let child = &job.children[index];
            let objective = &plan.definitions[child.definition].objective;
            view::result(child).is_some_and(|value| objective.loss(value) <= objective.loss(target))
        })
    });
    job.closing |= reached
        || plan.most_not_improving.is_some_and(|most| not_improving >= most)
        || (plan.complete_on_convergence && job.converged_at_ms.is_some())
        || plan.max_runtime_ms.is_some_and(|most| now_ms() - job.created_at_ms >= most);
}

/// The next training job. Its name says which it is, and is the same however often it is made.
fn next(plan: &Plan, job: &TuningJob) -> Child {
    let number = job.children.len();
    let definition = plan.definition(number);
    let searched = &plan.definitions[definition];
    let mut known = Known::default();
    for parent in &job.parents {
        known.results.push((parent.chosen.clone(), searched.objective.loss(parent.value)));
    }
    for child in job.children.iter().filter(|child| child.definition == definition) {
        match (&child.end, view::result(child)) {
            (Some(_), Some(value)) => known.results.push((child.chosen.clone(), searched.objective.loss(value))),
            (Some(_), None) => {}
            (None, _) => known.running.push(child.chosen.clone()),
        }
    }
    let hash = Sha256::digest(format!("{}/{}/{number}", job.arn, job.created_at_ms));
    Child {
        name: format!("{}-{:03}-{}", job.name, number + 1, hex::encode(&hash[..4])),
        definition,
        chosen: propose(plan.strategy, &searched.parameters, &known, job.seed, number),
        created_at_ms: now_ms(),
        started: false,
        halted: false,
        end: None,
    }
}

/// Starts a training job that is written down. One that is refused ends the tuning job as failed.
fn start(
    services: &Services,
    held: &mut Held<'_>,
    plan: &Plan,
    job: &mut TuningJob,
    index: usize,
) -> Result<(), ApiError> {
    let child = &job.children[index];
    let tags = tags::tag_list(&services.tags.get(&job.arn));
    let request = plan.definitions[child.definition].request(&child.name, &child.chosen, &tags);
    let outcome = model::parse("CreateTrainingJob", &request).and_then(|mut request| {
        // No caller's request can have this member: the model does not know it. Describe repeats it.
        request["TuningJobArn"] = job.arn.clone().into();
        training_job::create_training_job(services, &request)
    });
    let mine = || {
        let record = services.jobs.get(&child.name)?;
        (record.request.get("TuningJobArn") == Some(&Value::from(job.arn.clone()))).then_some(())
    };
    match outcome {
        Ok(_) => job.children[index].started = true,
        Err(error) if error.code == "ResourceInUse" && mine().is_some() => job.children[index].started = true,
        Err(error) if error.status >= 500 => return Err(error),
        Err(error) => {
            job.children[index].end = Some(refused("Failed", &error.message));
            job.failure_reason = Some(error.message);
            job.closing = true;
        }
    }
    job.modified_at_ms = now_ms();
    put(held, job)
}

/// Nothing runs any more, and nothing more is to be started.
fn end(job: &mut TuningJob) {
    let all_failed = !job.children.is_empty()
        && job.children.iter().all(|child| child.end.as_ref().is_some_and(|end| end.status == "Failed"));
    job.status = if job.status == Status::Stopping {
        Status::Stopped
    } else if job.failure_reason.is_some() || all_failed {
        job.failure_reason.get_or_insert_with(|| {
            "All training jobs failed. Please take a look at the training jobs failures to get more details.".to_owned()
        });
        Status::Failed
    } else {
        Status::Completed
    };
    let now = now_ms();
    job.modified_at_ms = now;
    job.ended_at_ms = Some(now);
}
