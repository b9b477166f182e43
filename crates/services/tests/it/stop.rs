//! Stop wins, in every state, and is never lost.

use domain::{run::RunBadge, status::LaunchState};

use crate::{fake::Fault, lab::Lab};

#[tokio::test]
async fn before_anything_was_sent_nothing_is_sent() {
    let lab = Lab::new().await;
    let id = lab.submit("key", lab.draft()).await;
    let run = lab.services.run_stop(&id).await.unwrap();
    assert_eq!((run.launch_state, run.badge()), (LaunchState::Cancelled, RunBadge::Stopped));
    lab.settle().await;
    assert_eq!((lab.cloud.calls_of("create"), lab.cloud.calls_of("put")), (0, 0));
}

#[tokio::test]
async fn while_the_source_is_uploaded_the_create_is_not_sent() {
    let lab = Lab::new().await;
    let id = lab.submit("key", lab.draft()).await;
    lab.cloud.arm_call("put", 0, Fault::HoldAfter);
    let services = lab.services.clone();
    let dispatch = tokio::spawn(async move { services.dispatch_once().await.unwrap() });
    lab.cloud.hung.notified().await;
    lab.services.run_stop(&id).await.unwrap();
    lab.cloud.release.notify_one();
    assert_eq!(dispatch.await.unwrap().cancelled, 1);
    lab.settle().await;
    assert_eq!(lab.run(&id).await.launch_state, LaunchState::Cancelled);
    assert_eq!(lab.cloud.calls_of("create"), 0);
}

#[tokio::test]
async fn while_the_create_is_under_way_the_job_is_stopped_at_once_after() {
    let lab = Lab::new().await;
    let id = lab.submit("key", lab.draft()).await;
    lab.cloud.arm_call("create", 0, Fault::HoldAfter);
    let services = lab.services.clone();
    let dispatch = tokio::spawn(async move { services.dispatch_once().await.unwrap() });
    lab.cloud.hung.notified().await;
    let run = lab.services.run_stop(&id).await.unwrap();
    assert_eq!(run.badge(), RunBadge::Stopping);
    lab.cloud.release.notify_one();
    dispatch.await.unwrap();
    lab.settle().await;
    let run = lab.run(&id).await;
    assert_eq!((run.launch_state, run.badge()), (LaunchState::Submitted, RunBadge::Stopped));
    assert_eq!(lab.cloud.creates(), 1);
    assert_eq!(lab.cloud.state().jobs[run.job_name.as_str()].stops, 1);
}

#[tokio::test]
async fn while_the_outcome_is_unknown_the_job_is_stopped_once_found_or_never_made() {
    for (lost, jobs) in [(Fault::AnswerLost, 1), (Fault::Timeout, 0)] {
        let lab = Lab::new().await;
        let id = lab.submit("key", lab.draft()).await;
        lab.cloud.arm_call("create", 0, lost);
        lab.services.dispatch_once().await.unwrap();
        assert_eq!(lab.cloud.fired(), 1);
        assert_eq!(lab.run(&id).await.launch_state, LaunchState::Unknown);
        lab.services.run_stop(&id).await.unwrap();
        lab.settle().await;
        let run = lab.run(&id).await;
        assert_eq!(run.badge(), RunBadge::Stopped, "{lost:?}: {:?}", run.launch_state);
        assert_eq!((lab.cloud.calls_of("create"), lab.cloud.creates()), (1, jobs));
        let is_running = lab.cloud.state().jobs.values().any(|it| it.status == "InProgress");
        assert!(!is_running, "{lost:?}");
    }
}

#[tokio::test]
async fn a_job_that_appears_after_its_run_was_cancelled_is_stopped() {
    let lab = Lab::new().await;
    lab.cloud.state().visible_after_seconds = 600;
    let id = lab.submit("key", lab.draft()).await;
    lab.cloud.arm_call("create", 0, Fault::AnswerLost);
    lab.services.dispatch_once().await.unwrap();
    lab.services.run_stop(&id).await.unwrap();
    lab.settle().await;
    assert_eq!(lab.run(&id).await.launch_state, LaunchState::Cancelled);
    lab.clock.advance_seconds(600);
    lab.settle().await;
    let run = lab.run(&id).await;
    assert_eq!((run.launch_state, run.badge()), (LaunchState::Submitted, RunBadge::Stopped));
    assert_eq!(lab.cloud.state().jobs[run.job_name.as_str()].stops, 1);
    assert_eq!(lab.cloud.creates(), 1);
}

#[tokio::test]
async fn a_running_job_is_stopped_through_every_fault() {
    for fault in [Fault::AnswerLost, Fault::Timeout, Fault::Throttled, Fault::Refused] {
        let lab = Lab::new().await;
        let run = lab.running().await;
        lab.cloud.arm_call("stop", 0, fault);
        lab.services.run_stop(&run.id).await.unwrap();
        lab.settle().await;
        assert_eq!(lab.cloud.fired(), 1);
        let run = lab.run(&run.id).await;
        assert_eq!(run.badge(), RunBadge::Stopped, "{fault:?}");
        assert_eq!(lab.cloud.state().jobs[run.job_name.as_str()].status, "Stopped");
    }
}

#[tokio::test]
async fn a_stop_survives_a_crash() {
    let mut lab = Lab::new().await;
    let run = lab.running().await;
    lab.services.run_stop(&run.id).await.unwrap();
    lab.cloud.arm_call("stop", 0, Fault::HangBefore);
    let services = lab.services.clone();
    assert!(lab.run_until_hung(async move { services.dispatch_once().await }).await);
    lab.crash_and_restart().await;
    lab.settle().await;
    assert_eq!(lab.run(&run.id).await.badge(), RunBadge::Stopped);
}

#[tokio::test]
async fn a_run_that_is_over_stays_as_it_is() {
    let lab = Lab::new().await;
    let run = lab.running().await;
    lab.clock.advance_seconds(5);
    lab.cloud.complete(run.job_name.as_str());
    lab.services.task_sync_jobs().await.unwrap();
    let over = lab.run(&run.id).await;
    assert_eq!(lab.services.run_stop(&run.id).await.unwrap(), over);
    assert_eq!(lab.services.run_stop(&run.id).await.unwrap().badge(), RunBadge::Completed);
    lab.settle().await;
    assert_eq!(lab.cloud.calls_of("stop"), 0);
    let nobody = domain::ids::RunId::new(lab.now(), 99);
    assert!(matches!(lab.services.run_stop(&nobody).await, Err(services::ServiceError::NotFound { what: "run" })));
}

#[tokio::test]
async fn stopping_twice_is_one_stopped_job() {
    let lab = Lab::new().await;
    let run = lab.running().await;
    lab.services.run_stop(&run.id).await.unwrap();
    lab.services.run_stop(&run.id).await.unwrap();
    lab.settle().await;
    assert_eq!(lab.run(&run.id).await.badge(), RunBadge::Stopped);
}
