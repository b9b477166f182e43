//! Every external call of the launch path fails once, in every way, for each n until a run has no fault.

use domain::status::LaunchState;
use services::EngineError;

use crate::{fake::Fault, lab::Lab};

#[tokio::test]
async fn every_call_may_fail_once_and_one_job_exists() {
    for fault in [Fault::AnswerLost, Fault::Timeout, Fault::Throttled, Fault::Refused] {
        let mut fired_for = 0;
        for nth in 0.. {
            let lab = Lab::new().await;
            let id = lab.submit("key", lab.draft()).await;
            lab.cloud.arm(nth, fault);
            // The launch path alone, so that the sweep does not hide what it does.
            for _ in 0..15 {
                let _ = lab.services.dispatch_once().await;
                lab.clock.advance_seconds(20);
            }
            let run = lab.run(&id).await;
            assert_eq!(run.launch_state, LaunchState::Submitted, "{fault:?} at call {nth}: {:?}", run.launch_message);
            assert_eq!(lab.cloud.creates(), 1, "{fault:?} at call {nth}: {:?}", lab.cloud.state().calls);
            if lab.cloud.fired() == 0 {
                break;
            }
            fired_for += 1;
        }
        // head, put, create at least.
        assert!(fired_for >= 3, "{fault:?} fired for {fired_for} calls only");
    }
}

#[tokio::test]
async fn a_second_fault_while_a_lost_answer_is_looked_up() {
    // The create's answer is lost; then each later call fails, too.
    for fault in [Fault::AnswerLost, Fault::Timeout, Fault::Throttled, Fault::Refused] {
        for lost in [Fault::AnswerLost, Fault::Timeout] {
            for nth in 0..6 {
                let lab = Lab::new().await;
                lab.cloud.arm_call("create", 0, lost);
                let id = lab.submit("key", lab.draft()).await;
                lab.services.dispatch_once().await.unwrap();
                assert_eq!(lab.cloud.fired(), 1);
                assert_eq!(lab.run(&id).await.launch_state, LaunchState::Unknown);
                lab.cloud.arm(nth, fault);
                lab.settle().await;
                assert_eq!(
                    lab.run(&id).await.launch_state,
                    LaunchState::Submitted,
                    "{lost:?}, then {fault:?} at {nth}"
                );
                assert_eq!(lab.cloud.creates(), 1, "{lost:?}, then {fault:?} at {nth}");
            }
        }
    }
}

#[tokio::test]
async fn ten_minutes_of_throttling_then_each_run_launches_once() {
    let lab = Lab::new().await;
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(lab.submit(&format!("key {n}"), lab.draft()).await);
    }
    lab.cloud.state().create_refusal = Some(EngineError::Throttled);
    for _ in 0..60 {
        lab.services.dispatch_once().await.unwrap();
        lab.clock.advance_seconds(10);
    }
    for id in &ids {
        let run = lab.run(id).await;
        assert_eq!(run.launch_state, LaunchState::Requested);
        assert!(run.launch_message.unwrap().contains("fewer requests"));
    }
    assert!(lab.cloud.calls_of("create") > 50, "it keeps trying");
    assert_eq!(lab.cloud.calls_of("describe"), 0, "nothing was sent, so nothing is looked up");
    lab.cloud.state().create_refusal = None;
    lab.settle().await;
    assert_eq!(lab.cloud.creates(), 5);
    for id in &ids {
        assert_eq!(lab.run(id).await.launch_state, LaunchState::Submitted);
    }
}

#[tokio::test]
async fn forty_runs_in_a_storm_are_forty_jobs() {
    let lab = Lab::new().await;
    let mut ids = Vec::new();
    for n in 0..40 {
        ids.push(lab.submit(&format!("key {n}"), lab.draft()).await);
    }
    lab.cloud.state().storm = Some((60, 0x2545_F491_4F6C_DD1D));
    for _ in 0..40 {
        let _ = lab.services.dispatch_once().await;
        let _ = lab.services.task_sync_jobs().await;
        lab.clock.advance_seconds(10);
    }
    assert!(lab.cloud.fired() > 50, "the storm was there: {}", lab.cloud.fired());
    lab.cloud.state().storm = None;
    lab.settle().await;
    for id in &ids {
        let run = lab.run(id).await;
        assert_eq!(run.launch_state, LaunchState::Submitted, "{:?}", run.launch_message);
    }
    let mut names: Vec<String> = lab.cloud.state().ledger.iter().map(|it| it.job_name.clone()).collect();
    assert_eq!(names.len(), 40);
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 40);
}

#[tokio::test]
async fn a_name_that_somebody_else_has_needs_a_person() {
    let lab = Lab::new().await;
    let id = lab.submit("key", lab.draft()).await;
    let run = lab.run(&id).await;
    let mut foreign = run.request.clone();
    foreign["Tags"] = serde_json::json!([]);
    lab.cloud.create_foreign(&foreign);
    lab.settle().await;
    let run = lab.run(&id).await;
    assert_eq!(run.launch_state, LaunchState::NeedsAttention);
    assert!(run.launch_message.unwrap().contains("tags differ"));
    assert_eq!((run.job_arn, run.status, run.started_at), (None, None, None), "nothing of it is adopted");
    assert_eq!(lab.cloud.creates(), 1, "the foreign one only");
    assert_eq!(lab.cloud.state().ledger[0].run_id, None);
}

#[tokio::test]
async fn a_name_in_use_by_our_own_job_is_a_success() {
    // A client's hidden retry, or a database restored to a moment before the create: nobody here knows of the job.
    let lab = Lab::new().await;
    let id = lab.submit("key", lab.draft()).await;
    let arn = lab.cloud.create_foreign(&lab.run(&id).await.request);
    let report = lab.services.dispatch_once().await.unwrap();
    assert_eq!((report.submitted, lab.cloud.calls_of("create")), (1, 1));
    let run = lab.run(&id).await;
    assert_eq!((run.launch_state, run.job_arn), (LaunchState::Submitted, Some(arn)));
    assert_eq!(lab.cloud.creates(), 1);
}

#[tokio::test]
async fn a_job_with_our_run_id_but_another_request_is_not_adopted() {
    let lab = Lab::new().await;
    let id = lab.submit("key", lab.draft()).await;
    let mut forged = lab.run(&id).await.request;
    let tags = forged["Tags"].as_array_mut().unwrap();
    tags.iter_mut().find(|it| it["Key"] == "trainyard:fingerprint").unwrap()["Value"] = "0".repeat(64).into();
    lab.cloud.create_foreign(&forged);
    lab.settle().await;
    assert_eq!(lab.run(&id).await.launch_state, LaunchState::NeedsAttention);
}

#[tokio::test]
async fn a_job_that_is_invisible_right_after_its_creation_is_waited_for() {
    let lab = Lab::new().await;
    lab.cloud.state().visible_after_seconds = 30;
    lab.cloud.arm_call("create", 0, Fault::AnswerLost);
    let id = lab.submit("key", lab.draft()).await;
    lab.services.dispatch_once().await.unwrap();
    assert_eq!(lab.cloud.fired(), 1);
    lab.clock.advance_seconds(6);
    lab.services.dispatch_once().await.unwrap();
    assert_eq!(lab.cloud.calls_of("describe"), 1);
    assert_eq!(lab.cloud.calls_of("create"), 1, "one look too early is not believed");
    assert_eq!(lab.run(&id).await.launch_state, LaunchState::Unknown);
    lab.settle().await;
    assert_eq!(lab.run(&id).await.launch_state, LaunchState::Submitted);
    assert_eq!(lab.cloud.creates(), 1);
}

#[tokio::test]
async fn a_job_that_was_deleted_after_a_lost_answer_is_not_launched_again() {
    let lab = Lab::new().await;
    lab.cloud.arm_call("create", 0, Fault::AnswerLost);
    let id = lab.submit("key", lab.draft()).await;
    lab.services.dispatch_once().await.unwrap();
    assert_eq!(lab.cloud.fired(), 1);
    lab.cloud.state().jobs.clear();
    lab.clock.advance_seconds(16 * 60);
    lab.settle().await;
    let run = lab.run(&id).await;
    assert_eq!(run.launch_state, LaunchState::NeedsAttention);
    assert!(run.launch_message.unwrap().contains("deleted"));
    assert_eq!(lab.cloud.creates(), 1);
}

#[tokio::test]
async fn a_refused_request_says_why_and_is_not_sent_again() {
    let lab = Lab::new().await;
    lab.cloud.state().create_refusal = Some(EngineError::Rejected {
        code: "ResourceLimitExceeded".to_owned(),
        message: "The account-level service limit 'ml.m5.xlarge for training job usage' is 0 Instances".to_owned(),
    });
    let id = lab.submit("key", lab.draft()).await;
    lab.settle().await;
    let run = lab.run(&id).await;
    assert_eq!(run.launch_state, LaunchState::Rejected);
    let message = run.launch_message.unwrap();
    assert!(message.contains("ResourceLimitExceeded") && message.contains("ml.m5.xlarge"), "{message}");
    assert_eq!((lab.cloud.calls_of("create"), lab.cloud.creates()), (1, 0));
}
