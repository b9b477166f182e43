//! Runs that wait for room: who is woken, what a wait leaves untouched, and when a request may still change.

use domain::{instance_type::InstanceType, money::NanoUsd, quota::WaitPlan, run::Run, status::LaunchState};
use serde_json::json;
use store::{Guarded, LaunchOutcome, NewRun, OutboxLease, QuotaWait, RunRequestOutcome, Store};

use crate::{harness::contract, samples::*};

fn plan() -> WaitPlan {
    WaitPlan {
        instance_types: vec![InstanceType::parse("ml.m5.2xlarge").unwrap()],
        on_demand_after_minutes: Some(30),
        max_per_hour: Some(NanoUsd(500_000_000)),
    }
}

async fn requested_to_wait(store: &Store, number: u32) -> Run {
    match store.run_request(&NewRun { wait: Some(plan()), ..new_run(number) }).await.unwrap() {
        RunRequestOutcome::Created(run) => run,
        other => panic!("not created: {other:?}"),
    }
}

/// Claims the run that is due, and sends it into line.
async fn wait(store: &Store, seconds: i64) -> OutboxLease {
    let lease = claim(store, after(seconds)).await;
    let outcome = LaunchOutcome::Waiting { at: after(seconds + 600), message: "no room".to_owned() };
    let Guarded::Applied(run) = store.outbox_resolve(&lease, &outcome, after(seconds)).await.unwrap() else {
        panic!("the lease holds")
    };
    assert_eq!((run.launch_state, run.launch_message.as_deref()), (LaunchState::Requested, Some("no room")));
    lease
}

fn amended(run: &Run) -> Run {
    Run {
        request: json!({ "TrainingJobName": run.job_name.as_str(), "Text": "a\0b" }),
        fingerprint: "beef".to_owned(),
        instance_type: Some("ml.m5.2xlarge".to_owned()),
        instance_count: 1,
        spot: false,
        price: None,
        ..run.clone()
    }
}

contract! {
    async fn a_plan_is_kept_with_what_was_wanted(store) {
        let run = requested_to_wait(&store, 1).await;
        requested(&store, 2).await;
        let wait = QuotaWait { run_id: run.id.clone(), plan: plan(), wanted: run.request.clone() };
        assert_eq!(store.quota_wait_get(&run.id).await.unwrap(), Some(wait));
        assert_eq!(store.quota_wait_get(&run_id(2)).await.unwrap(), None);
        assert!(store.quota_waiting_list().await.unwrap().is_empty(), "nobody has had to wait yet");
    }

    async fn who_waits_is_claimed_when_woken_and_as_if_never_tried(store) {
        let run = requested_to_wait(&store, 1).await;
        wait(&store, 10).await;
        let waiting = store.quota_waiting_list().await.unwrap();
        assert_eq!(waiting.iter().map(|it| &it.run_id).collect::<Vec<_>>(), [&run.id]);
        assert!(store.outbox_claim(after(500), LEASE, "test").await.unwrap().is_none(), "it is not due");
        assert!(store.quota_wake(&run.id, after(500)).await.unwrap());
        assert!(!store.quota_wake(&run.id, after(500)).await.unwrap(), "woken once");
        let lease = claim(&store, after(500)).await;
        assert_eq!((lease.attempts, lease.first_attempt_at, lease.may_have_been_sent), (0, None, false));
        assert_eq!(lease.epoch, 2, "fencing goes on");
        assert!(!store.quota_wake(&run.id, after(501)).await.unwrap(), "somebody is at it");
        store.outbox_resolve(&lease, &created(1), after(501)).await.unwrap();
        assert!(!store.quota_wake(&run.id, after(502)).await.unwrap());
        assert!(store.quota_waiting_list().await.unwrap().is_empty());
    }

    async fn a_wait_that_nobody_wakes_is_looked_at_in_the_end(store) {
        let run = requested_to_wait(&store, 1).await;
        wait(&store, 10).await;
        assert_eq!(claim(&store, after(610)).await.run_id, run.id);
    }

    async fn a_stop_ends_a_wait(store) {
        let run = requested_to_wait(&store, 1).await;
        wait(&store, 10).await;
        let stopped = store.run_stop_wish(&run.id, after(20)).await.unwrap().unwrap();
        assert_eq!(stopped.launch_state, LaunchState::Cancelled);
        assert!(!store.quota_wake(&run.id, after(30)).await.unwrap());
        assert!(store.quota_waiting_list().await.unwrap().is_empty());
        assert!(store.outbox_claim(after(1_000), LEASE, "test").await.unwrap().is_none());
    }

    async fn a_stop_that_comes_during_the_attempt_ends_the_wait_with_it(store) {
        requested_to_wait(&store, 1).await;
        let lease = claim(&store, after(10)).await;
        store.run_stop_wish(&lease.run_id, after(11)).await.unwrap();
        let outcome = LaunchOutcome::Waiting { at: after(600), message: "no room".to_owned() };
        let Guarded::Applied(run) = store.outbox_resolve(&lease, &outcome, after(12)).await.unwrap() else {
            panic!("the lease holds")
        };
        assert_eq!(run.launch_state, LaunchState::Cancelled);
    }

    async fn what_may_have_been_sent_is_in_doubt_and_does_not_wait(store) {
        requested_to_wait(&store, 1).await;
        claim(&store, after(10)).await;
        let second = claim(&store, after(50)).await;
        assert!(second.may_have_been_sent);
        let outcome = LaunchOutcome::Waiting { at: after(600), message: "no room".to_owned() };
        let Guarded::Applied(run) = store.outbox_resolve(&second, &outcome, after(51)).await.unwrap() else {
            panic!("the lease holds")
        };
        assert_eq!(run.launch_state, LaunchState::Unknown);
        assert!(store.quota_waiting_list().await.unwrap().is_empty());
    }

    async fn why_a_run_waits_is_said_anew_and_only_when_it_is_new(store) {
        let run = requested_to_wait(&store, 1).await;
        store.quota_wait_say(&run.id, "early", after(5)).await.unwrap();
        assert_eq!(store.run_get(&run.id).await.unwrap().unwrap().launch_message, None, "it does not wait");
        wait(&store, 10).await;
        store.quota_wait_say(&run.id, "1 in use", after(11)).await.unwrap();
        assert_eq!(store.run_get(&run.id).await.unwrap().unwrap().launch_message.as_deref(), Some("1 in use"));
        let last = store.live_last_number().await.unwrap();
        store.quota_wait_say(&run.id, "1 in use", after(12)).await.unwrap();
        assert_eq!(store.live_last_number().await.unwrap(), last);
    }

    async fn a_request_changes_under_the_newest_lease_while_nothing_can_have_been_sent(store) {
        let run = requested_to_wait(&store, 1).await;
        let lease = claim(&store, after(10)).await;
        let Guarded::Applied(now) = store.run_amend(&lease, &amended(&run), "because", after(11)).await.unwrap() else {
            panic!("the lease holds")
        };
        assert_eq!(store.run_get(&run.id).await.unwrap(), Some(now.clone()));
        let of = |it: &Run| (it.request.clone(), it.fingerprint.clone(), it.instance_type.clone(), it.instance_count, it.spot, it.price.clone());
        assert_eq!(of(&now), of(&amended(&run)));
        assert_eq!((now.id, now.job_name, now.launch_state), (run.id.clone(), run.job_name.clone(), LaunchState::Dispatching));
        assert_eq!(store.quota_wait_get(&run.id).await.unwrap().unwrap().wanted, run.request, "what was wanted stays");
        let audit = store.audit_list(&run.id).await.unwrap();
        assert!(audit.iter().any(|it| it.action == "launch.amended" && it.detail == "because"));

        // The next claim may follow a call: whoever holds it changes nothing, nor does who lost it.
        let next = claim(&store, after(50)).await;
        for lease in [&lease, &next] {
            assert_eq!(store.run_amend(lease, &run, "late", after(51)).await.unwrap(), Guarded::Fenced);
        }
        assert_eq!(store.run_get(&run.id).await.unwrap().unwrap().fingerprint, "beef");
    }

    async fn runs_that_take_room_are_those_that_are_not_over(store) {
        submitted(&store, 1).await;
        requested(&store, 2).await;
        requested(&store, 3).await;
        store.run_stop_wish(&run_id(3), after(2_000)).await.unwrap();
        let ids: Vec<_> = store.run_quota_list().await.unwrap().into_iter().map(|it| it.id).collect();
        assert_eq!(ids, [run_id(1), run_id(2)]);
    }
}
