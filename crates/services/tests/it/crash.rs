//! The process dies at every step of the launch path, before and after each external call; and dispatchers that were
//! thought dead come back.

use domain::status::LaunchState;

use crate::{fake::Fault, lab::Lab};

#[tokio::test]
async fn a_crash_at_any_call_leaves_one_job() {
    // With the leases released by a start that knows itself to be alone, and without.
    for (fault, is_alone) in
        [(Fault::HangBefore, false), (Fault::HangAfter, false), (Fault::HangBefore, true), (Fault::HangAfter, true)]
    {
        let mut crashes = 0;
        for nth in 0.. {
            let mut lab = Lab::new().await;
            let id = lab.submit("key", lab.draft()).await;
            lab.cloud.arm(nth, fault);
            let services = lab.services.clone();
            let has_hung = lab.run_until_hung(async move { services.dispatch_once().await }).await;
            assert_eq!(has_hung, lab.cloud.fired() == 1);
            lab.crash_and_restart().await;
            if is_alone {
                lab.services.leases_release().await.unwrap();
                assert_eq!(
                    lab.services.dispatch_once().await.unwrap().claimed,
                    u64::from(has_hung),
                    "{fault:?} at {nth}: at once"
                );
            }
            lab.settle().await;
            assert_eq!(lab.run(&id).await.launch_state, LaunchState::Submitted, "{fault:?} at call {nth}");
            assert_eq!(lab.cloud.creates(), 1, "{fault:?} at call {nth}: {:?}", lab.cloud.state().calls);
            if !has_hung {
                break;
            }
            crashes += 1;
        }
        assert!(crashes >= 3, "{fault:?} crashed {crashes} times only");
    }
}

#[tokio::test]
async fn a_crash_while_recovering_from_a_crash_leaves_one_job() {
    for first in [Fault::HangBefore, Fault::HangAfter] {
        for second in [Fault::HangBefore, Fault::HangAfter, Fault::AnswerLost] {
            for nth in 0..5 {
                let mut lab = Lab::new().await;
                let id = lab.submit("key", lab.draft()).await;
                lab.cloud.arm_call("create", 0, first);
                let services = lab.services.clone();
                assert!(lab.run_until_hung(async move { services.dispatch_once().await }).await);
                lab.crash_and_restart().await;
                lab.clock.advance_seconds(31);
                lab.cloud.arm(nth, second);
                let services = lab.services.clone();
                lab.run_until_hung(async move { services.dispatch_once().await }).await;
                lab.crash_and_restart().await;
                lab.settle().await;
                assert_eq!(lab.run(&id).await.launch_state, LaunchState::Submitted, "{first:?}, {second:?} at {nth}");
                assert_eq!(lab.cloud.creates(), 1, "{first:?}, {second:?} at {nth}");
            }
        }
    }
}

#[tokio::test]
async fn a_crash_right_after_the_submit_loses_nothing() {
    let mut lab = Lab::new().await;
    let id = lab.submit("key", lab.draft()).await;
    lab.crash_and_restart().await;
    assert_eq!(lab.submit("key", lab.draft()).await, id, "the browser's retry finds the run");
    lab.settle().await;
    assert_eq!((lab.run(&id).await.launch_state, lab.cloud.creates()), (LaunchState::Submitted, 1));
}

#[tokio::test]
async fn a_zombie_dispatcher_is_fenced() {
    // Its create is carried out, before or after the other one looks; its answer comes when the lease is long lost.
    for hold in [Fault::HoldAfter, Fault::HoldBefore] {
        let mut lab = Lab::new().await;
        let id = lab.submit("key", lab.draft()).await;
        lab.cloud.arm_call("create", 0, hold);
        let zombie = lab.services.clone();
        let zombie = tokio::spawn(async move { zombie.dispatch_once().await.unwrap() });
        lab.cloud.hung.notified().await;

        let other = lab.second_server(|_| ());
        assert_eq!(other.dispatch_once().await.unwrap().claimed, 0, "the lease holds");
        lab.clock.advance_seconds(31);
        let report = other.dispatch_once().await.unwrap();
        assert_eq!((report.claimed, report.submitted), (1, 1));
        let settled = lab.run(&id).await;
        assert_eq!(settled.launch_state, LaunchState::Submitted);

        lab.cloud.release.notify_one();
        let report = zombie.await.unwrap();
        assert_eq!((report.fenced, report.submitted), (1, 0), "{hold:?}");
        assert_eq!(lab.run(&id).await, settled, "the late answer changed nothing");
        assert_eq!(lab.cloud.creates(), 1);
    }
}

#[tokio::test]
async fn three_servers_on_one_database_launch_each_run_once() {
    let mut lab = Lab::new().await;
    for n in 0..20 {
        lab.submit(&format!("key {n}"), lab.draft()).await;
    }
    let (second, third) = (lab.second_server(|_| ()), lab.second_server(|_| ()));
    let first = lab.services.clone();
    let (a, b, c) = tokio::join!(first.dispatch_once(), second.dispatch_once(), third.dispatch_once());
    let submitted: u64 = [a, b, c].into_iter().map(|it| it.unwrap().submitted).sum();
    assert_eq!(submitted, 20);
    assert_eq!((lab.cloud.creates(), lab.cloud.calls_of("create")), (20, 20));
}

#[tokio::test]
async fn orphans_of_a_lost_database_are_adopted_under_their_own_ids() {
    let lab = Lab::new().await;
    let id = lab.submit("key", lab.draft()).await;
    lab.settle().await;
    let before = lab.run(&id).await;
    // Yesterday's backup: no row at all.
    let mut fresh = Lab::new().await;
    fresh.cloud = lab.cloud.clone();
    fresh.services = fresh.second_server(|_| ());
    fresh.services.task_reconcile().await.unwrap();
    let adopted = fresh.run(&id).await;
    assert_eq!((adopted.job_name, adopted.job_arn), (before.job_name, before.job_arn));
    assert_eq!((adopted.fingerprint, adopted.experiment), (before.fingerprint, before.experiment));
    assert_eq!(adopted.launch_state, LaunchState::Submitted);
    assert_eq!(lab.cloud.creates(), 1);
}
