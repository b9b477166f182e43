//! What the outcome of a call makes of a run.

use domain::{
    run::RunBadge,
    status::{LaunchState, TrainingJobStatus},
};
use store::{Guarded, LaunchOutcome, OutboxLease, Store, StoreError};

use crate::{harness::contract, samples::*};

fn message() -> String {
    "said \0 the engine".to_owned()
}

async fn resolve(store: &Store, lease: &OutboxLease, outcome: LaunchOutcome) -> domain::run::Run {
    match store.outbox_resolve(lease, &outcome, after(1_010)).await.unwrap() {
        Guarded::Applied(run) => run,
        Guarded::Fenced => panic!("fenced"),
    }
}

async fn is_claimable(store: &Store, seconds: i64) -> bool {
    store.outbox_claim(after(seconds), LEASE, "test").await.unwrap().is_some()
}

contract! {
    async fn submitted_keeps_the_arn_and_ends_the_row(store) {
        let lease = dispatching(&store, 1).await;
        let run = resolve(&store, &lease, created(1)).await;
        assert_eq!((run.launch_state, run.job_arn), (LaunchState::Submitted, Some(arn(1))));
        assert_eq!(run.updated_at, after(1_010));
        assert!(!is_claimable(&store, 100_000).await);
        assert_eq!(store.run_active_list().await.unwrap().len(), 1);
    }

    async fn refusals_end_the_row_and_say_why(store) {
        let endings = [
            (LaunchOutcome::Rejected { message: message() }, LaunchState::Rejected, RunBadge::Rejected),
            (LaunchOutcome::NeedsAttention { message: message() }, LaunchState::NeedsAttention, RunBadge::NeedsAttention),
        ];
        for (number, (outcome, state, badge)) in (1..).zip(endings) {
            let lease = dispatching(&store, number).await;
            let run = resolve(&store, &lease, outcome).await;
            assert_eq!((run.launch_state, run.badge()), (state, badge));
            // PostgreSQL has no NUL in text; both databases keep the same.
            assert_eq!(run.launch_message.as_deref(), Some("said \u{fffd} the engine"));
            assert_eq!(store.run_get(&run.id).await.unwrap().unwrap(), run);
        }
        assert!(!is_claimable(&store, 100_000).await);
        assert!(store.run_active_list().await.unwrap().is_empty());
    }

    async fn unknown_is_looked_up_again_and_never_forgotten(store) {
        let lease = dispatching(&store, 1).await;
        let unknown = LaunchOutcome::Unknown { message: message(), retry_at: after(1_100) };
        let run = resolve(&store, &lease, unknown).await;
        assert_eq!(run.launch_state, LaunchState::Unknown);
        assert!(!is_claimable(&store, 1_099).await);
        let second = claim(&store, after(1_100)).await;
        assert!(second.may_have_been_sent);
        assert_eq!(store.run_get(&run.id).await.unwrap().unwrap().launch_state, LaunchState::Unknown);
        // The look-up was throttled. That sent nothing, but the first attempt still may have.
        let throttled = LaunchOutcome::RetryAt { at: after(1_200), message: message() };
        let run = resolve(&store, &second, throttled).await;
        assert_eq!(run.launch_state, LaunchState::Unknown);
        let third = claim(&store, after(1_200)).await;
        assert!(third.may_have_been_sent);
        assert_eq!((third.attempts, third.first_attempt_at), (2, Some(after(1_000))));
    }

    async fn what_was_not_sent_is_requested_again(store) {
        let lease = dispatching(&store, 1).await;
        let throttled = LaunchOutcome::RetryAt { at: after(1_100), message: "throttled".to_owned() };
        let run = resolve(&store, &lease, throttled).await;
        assert_eq!((run.launch_state, run.launch_message.as_deref()), (LaunchState::Requested, Some("throttled")));
        let second = claim(&store, after(1_100)).await;
        assert!(!second.may_have_been_sent);
        assert_eq!((second.epoch, second.attempts), (2, 1));
    }

    async fn a_run_that_was_seen_running_is_not_undone_by_a_lost_answer(store) {
        let lease = dispatching(&store, 1).await;
        let seen = seen(1, TrainingJobStatus::InProgress, 40);
        store.run_observe(&lease.run_id, &seen, after(1_005)).await.unwrap().expect("adopted");
        let rejected = LaunchOutcome::Rejected { message: message() };
        assert_eq!(store.outbox_resolve(&lease, &rejected, after(1_010)).await.unwrap(), Guarded::Fenced);
        let run = store.run_get(&lease.run_id).await.unwrap().unwrap();
        assert_eq!((run.launch_state, run.badge()), (LaunchState::Submitted, RunBadge::Running));
    }

    async fn a_stop_that_was_sent_is_done(store) {
        let run = submitted(&store, 1).await;
        store.run_stop_wish(&run.id, after(1_100)).await.unwrap();
        let lease = claim(&store, after(1_100)).await;
        let run = resolve(&store, &lease, LaunchOutcome::StopSent).await;
        assert_eq!((run.launch_state, run.badge()), (LaunchState::Submitted, RunBadge::Stopping));
        assert!(!is_claimable(&store, 100_000).await);
    }

    async fn a_stop_that_failed_is_tried_again(store) {
        let run = submitted(&store, 1).await;
        store.run_stop_wish(&run.id, after(1_100)).await.unwrap();
        let lease = claim(&store, after(1_100)).await;
        let retry = LaunchOutcome::RetryAt { at: after(1_200), message: "throttled".to_owned() };
        let run = resolve(&store, &lease, retry).await;
        assert_eq!((run.launch_state, run.launch_message.as_deref()), (LaunchState::Submitted, Some("throttled")));
        assert!(!is_claimable(&store, 1_199).await);
        assert!(is_claimable(&store, 1_200).await);
    }

    async fn an_outcome_of_the_other_kind_is_a_mistake(store) {
        let lease = dispatching(&store, 1).await;
        let mistake = store.outbox_resolve(&lease, &LaunchOutcome::StopSent, after(1_010)).await;
        assert!(matches!(mistake, Err(StoreError::OutcomeMismatch { kind: "create", outcome: "sent" })), "{mistake:?}");
    }
}
