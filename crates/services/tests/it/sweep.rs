//! Sweeps: exactly the planned trials, never more at a time than asked for, never more money than allowed.

use std::collections::BTreeSet;

use domain::{
    ids::SweepId,
    job_draft::JobDraft,
    run::Run,
    sweep::{SweepDraft, SweepState},
};
use services::{EngineError, SweepSubmitted, SweepWithRuns};

use crate::lab::{Lab, upload};

fn form(values: &str) -> SweepDraft {
    let parameters = vec![("epochs".to_owned(), values.to_owned()), ("lr".to_owned(), "0.1,0.2".to_owned())];
    SweepDraft { parameters, max_parallel: "3".to_owned(), ..SweepDraft::default() }
}

async fn started(lab: &Lab, draft: JobDraft, form: &SweepDraft) -> SweepId {
    let errors = lab.services.sweep_draft_submit("key", draft, Some(upload())).await.unwrap();
    assert_eq!(errors, [], "the form can be launched");
    match lab.services.sweep_submit("key", form).await.unwrap() {
        SweepSubmitted::Sweep(id) => id,
        SweepSubmitted::Invalid { errors } => panic!("{errors:?}"),
    }
}

async fn seen(lab: &Lab, id: &SweepId) -> SweepWithRuns {
    lab.services.sweep_get(id).await.unwrap().unwrap()
}

/// Launches, and lets what runs complete; returns how many ran.
async fn turn(lab: &Lab, id: &SweepId) -> usize {
    lab.services.task_sweeps().await.unwrap();
    lab.services.dispatch_once().await.unwrap();
    lab.services.task_sync_jobs().await.unwrap();
    let active: Vec<Run> = seen(lab, id).await.runs.into_iter().filter(|it| !it.is_over()).collect();
    for run in &active {
        lab.cloud.complete(run.job_name.as_str());
    }
    lab.clock.advance_seconds(30);
    lab.services.task_sync_jobs().await.unwrap();
    active.len()
}

#[tokio::test]
async fn a_sweep_launches_its_plan_in_turns_and_ends() {
    let lab = Lab::new().await;
    let id = started(&lab, lab.draft(), &form("1 to 4 step 1")).await;
    let mut turns = Vec::new();
    while seen(&lab, &id).await.sweep.state == SweepState::Running {
        turns.push(turn(&lab, &id).await);
    }
    assert_eq!(turns, [3, 3, 2, 0], "eight trials, three at a time");
    let SweepWithRuns { sweep, runs, .. } = seen(&lab, &id).await;
    assert_eq!((sweep.state, runs.len()), (SweepState::Finished, 8));
    let values: BTreeSet<String> =
        runs.iter().map(|it| format!("{} {}", it.hyperparameters["epochs"], it.hyperparameters["lr"])).collect();
    assert_eq!(values.len(), 8, "every combination once");
    assert!(runs.iter().all(|it| it.sweep().as_ref() == Some(&id)), "each run names its sweep");
    assert_eq!(lab.cloud.creates(), 8);
}

#[tokio::test]
async fn two_hundred_trials_survive_a_crash_in_the_middle() {
    let mut lab = Lab::new().await;
    let all = SweepDraft { max_parallel: "100".to_owned(), ..form("1 to 100 step 1") };
    let id = started(&lab, lab.draft(), &all).await;
    turn(&lab, &id).await;
    // The server goes in the middle of the second hundred.
    let services = lab.services.clone();
    let mut work = Box::pin(async move { services.task_sweeps().await });
    while seen(&lab, &id).await.runs.len() < 130 {
        tokio::select! {
            _ = &mut work => break,
            () = tokio::task::yield_now() => {}
        }
    }
    drop(work);
    assert!(seen(&lab, &id).await.runs.len() < 200, "it was cut off");
    lab.crash_and_restart().await;
    while seen(&lab, &id).await.sweep.state == SweepState::Running {
        turn(&lab, &id).await;
    }
    let runs = seen(&lab, &id).await.runs;
    assert_eq!(runs.len(), 200);
    assert_eq!(lab.cloud.creates(), 200, "not one was launched twice");
}

#[tokio::test]
async fn the_budget_counts_what_running_trials_can_still_cost() {
    let lab = Lab::new().await;
    // An hour of ml.m5.xlarge at most, and its storage: a little over $0.23 for each trial.
    let form = SweepDraft { budget_usd: "0.60".to_owned(), ..form("1,2,3") };
    let id = started(&lab, lab.draft(), &form).await;
    lab.services.task_sweeps().await.unwrap();
    let seen_now = seen(&lab, &id).await;
    assert_eq!((seen_now.runs.len(), seen_now.sweep.state), (2, SweepState::Running));
    // They end after seconds and cost next to nothing, so the others are launched as well.
    while seen(&lab, &id).await.sweep.state == SweepState::Running {
        turn(&lab, &id).await;
    }
    assert_eq!(seen(&lab, &id).await.runs.len(), 6);
}

#[tokio::test]
async fn a_budget_below_one_trial_launches_none_and_says_so() {
    let lab = Lab::new().await;
    let form = SweepDraft { budget_usd: "0.10".to_owned(), ..form("1,2") };
    let id = started(&lab, lab.draft(), &form).await;
    lab.services.task_sweeps().await.unwrap();
    let SweepWithRuns { sweep, runs, .. } = seen(&lab, &id).await;
    assert_eq!((sweep.state, runs.len()), (SweepState::Stopped, 0));
    assert!(sweep.message.is_some_and(|it| it.contains("0 of 4 were launched")));
}

#[tokio::test]
async fn one_press_is_one_sweep_and_a_stop_ends_all_of_it() {
    let lab = Lab::new().await;
    let id = started(&lab, lab.draft(), &form("1,2,3")).await;
    let again = lab.services.sweep_submit("key", &form("1,2,3")).await.unwrap();
    assert_eq!(again, SweepSubmitted::Sweep(id.clone()));
    lab.services.task_sweeps().await.unwrap();
    lab.services.sweep_stop(&id).await.unwrap();
    lab.services.task_sweeps().await.unwrap();
    lab.services.dispatch_once().await.unwrap();
    let SweepWithRuns { sweep, runs, .. } = seen(&lab, &id).await;
    assert_eq!((sweep.state, runs.len(), lab.cloud.creates()), (SweepState::Stopped, 3, 0));
    assert!(runs.iter().all(Run::is_over), "none was sent, so none is left");
}

#[tokio::test]
async fn a_trial_that_no_job_could_be_is_named_before_anything_starts() {
    let lab = Lab::new().await;
    lab.services.sweep_draft_submit("key", lab.draft(), Some(upload())).await.unwrap();
    let form = form(&format!("1,{}", "x".repeat(3_000)));
    let SweepSubmitted::Invalid { errors } = lab.services.sweep_submit("key", &form).await.unwrap() else {
        panic!("a value of 3,000 characters is too long");
    };
    assert!(errors[0].message.contains("cannot be launched"), "{errors:?}");
    assert!(lab.services.sweep_list().await.unwrap().is_empty());
}

#[tokio::test]
async fn other_values_under_the_same_key_start_nothing_and_say_so() {
    let lab = Lab::new().await;
    started(&lab, lab.draft(), &form("1,2")).await;
    let SweepSubmitted::Invalid { errors } = lab.services.sweep_submit("key", &form("1,2,3")).await.unwrap() else {
        panic!("another sweep");
    };
    assert!(errors[0].message.contains("with other values"), "{errors:?}");
    assert_eq!(lab.services.sweep_list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_refusal_ends_the_sweep_instead_of_its_plan() {
    let lab = Lab::new().await;
    let id = started(&lab, lab.draft(), &form("1 to 50 step 1")).await;
    let refusal = EngineError::Rejected { code: "ValidationException".to_owned(), message: "no such image".to_owned() };
    lab.cloud.state().create_refusal = Some(refusal);
    for _ in 0..5 {
        turn(&lab, &id).await;
    }
    let SweepWithRuns { sweep, runs, .. } = seen(&lab, &id).await;
    assert_eq!((sweep.state, runs.len()), (SweepState::Stopped, 3), "one turn, no more");
    assert!(sweep.message.is_some_and(|it| it.contains("no such image")));
}

#[tokio::test]
async fn a_launch_that_a_crash_left_unnoted_is_stopped_with_its_sweep() {
    let lab = Lab::new().await;
    let id = started(&lab, lab.draft(), &form("1,2")).await;
    let sweep = seen(&lab, &id).await.sweep;
    let draft = sweep.spec.draft_of(&id, &sweep.trials[0]);
    let run = lab.submit_without_source(&format!("sweep-{id}-0"), draft).await;
    lab.services.sweep_stop(&id).await.unwrap();
    lab.services.dispatch_once().await.unwrap();
    assert!(lab.run(&run).await.is_over());
    assert_eq!(lab.cloud.creates(), 0);
}
