//! Stop wins, and is never lost.

use domain::{
    run::RunBadge,
    status::{LaunchState, TrainingJobStatus, Wish},
};
use store::{Guarded, LaunchOutcome, OutboxKind};

use crate::{harness::contract, samples::*};

contract! {
    async fn a_run_that_was_never_sent_is_cancelled_without_any_call(store) {
        let run = requested(&store, 1).await;
        let stopped = store.run_stop_wish(&run.id, after(5)).await.unwrap().unwrap();
        assert_eq!((stopped.launch_state, stopped.badge()), (LaunchState::Cancelled, RunBadge::Stopped));
        assert!(store.outbox_claim(after(100_000), LEASE, "test").await.unwrap().is_none());
        let actions: Vec<_> = store.audit_list(&run.id).await.unwrap().into_iter().map(|it| it.action).collect();
        assert_eq!(actions, ["run.requested", "launch.cancelled"]);
        assert_eq!(store.live_last_number().await.unwrap(), 2);
    }

    async fn a_stop_during_the_call_is_sent_once_the_job_is_there(store) {
        let lease = dispatching(&store, 1).await;
        let run = store.run_stop_wish(&lease.run_id, after(1_002)).await.unwrap().unwrap();
        assert_eq!((run.launch_state, run.wish, run.badge()), (LaunchState::Dispatching, Wish::Stop, RunBadge::Stopping));
        assert!(store.outbox_claim(after(1_003), LEASE, "test").await.unwrap().is_none(), "there is no job to stop yet");
        store.outbox_resolve(&lease, &created(1), after(1_004)).await.unwrap();
        let stop = claim(&store, after(1_004)).await;
        assert_eq!((stop.kind, stop.run_id), (OutboxKind::Stop, lease.run_id));
    }

    async fn a_stop_of_an_unknown_run_waits_for_its_adoption(store) {
        let lease = dispatching(&store, 1).await;
        let unknown = LaunchOutcome::Unknown { message: "timeout".to_owned(), retry_at: after(1_100) };
        store.outbox_resolve(&lease, &unknown, after(1_005)).await.unwrap();
        let run = store.run_stop_wish(&lease.run_id, after(1_006)).await.unwrap().unwrap();
        assert_eq!(run.launch_state, LaunchState::Unknown);
        assert!(store.outbox_claim(after(1_007), LEASE, "test").await.unwrap().is_none());

        let job = seen(1, TrainingJobStatus::InProgress, 40);
        let run = store.run_observe(&run.id, &job, after(1_050)).await.unwrap().unwrap();
        assert_eq!((run.launch_state, run.badge()), (LaunchState::Submitted, RunBadge::Stopping));
        let stop = claim(&store, after(1_050)).await;
        assert_eq!((stop.kind, stop.wish), (OutboxKind::Stop, Wish::Stop));
        // The create row went with the adoption.
        assert!(store.outbox_claim(after(1_060), LEASE, "test").await.unwrap().is_none());
    }

    async fn an_unknown_run_that_is_not_found_is_cancelled_by_its_dispatcher(store) {
        let lease = dispatching(&store, 1).await;
        let unknown = LaunchOutcome::Unknown { message: "timeout".to_owned(), retry_at: after(1_100) };
        store.outbox_resolve(&lease, &unknown, after(1_005)).await.unwrap();
        store.run_stop_wish(&lease.run_id, after(1_006)).await.unwrap();
        let look = claim(&store, after(1_100)).await;
        assert_eq!((look.wish, look.may_have_been_sent), (Wish::Stop, true));
        let Guarded::Applied(run) = store.outbox_resolve(&look, &LaunchOutcome::Cancelled, after(1_101)).await.unwrap()
        else {
            panic!("fenced");
        };
        assert_eq!(run.badge(), RunBadge::Stopped);
    }

    async fn a_throttled_create_is_not_tried_again_after_a_stop(store) {
        let lease = dispatching(&store, 1).await;
        store.run_stop_wish(&lease.run_id, after(1_002)).await.unwrap();
        let throttled = LaunchOutcome::RetryAt { at: after(1_100), message: "throttled".to_owned() };
        let Guarded::Applied(run) = store.outbox_resolve(&lease, &throttled, after(1_003)).await.unwrap() else {
            panic!("fenced");
        };
        assert_eq!(run.launch_state, LaunchState::Cancelled);
        assert!(store.outbox_claim(after(100_000), LEASE, "test").await.unwrap().is_none());
    }

    async fn a_stop_kept_through_needs_attention_is_sent_when_the_job_turns_up(store) {
        let lease = dispatching(&store, 1).await;
        let attention = LaunchOutcome::NeedsAttention { message: "look".to_owned() };
        store.outbox_resolve(&lease, &attention, after(1_005)).await.unwrap();
        let run = store.run_stop_wish(&lease.run_id, after(1_006)).await.unwrap().unwrap();
        assert_eq!(run.badge(), RunBadge::NeedsAttention);
        store.run_observe(&run.id, &seen(1, TrainingJobStatus::InProgress, 40), after(1_050)).await.unwrap().unwrap();
        assert_eq!(claim(&store, after(1_050)).await.kind, OutboxKind::Stop);
    }

    async fn a_stop_wished_twice_is_one_call_and_wished_again_later_another(store) {
        let run = submitted(&store, 1).await;
        store.run_stop_wish(&run.id, after(1_100)).await.unwrap();
        let events = store.live_last_number().await.unwrap();
        store.run_stop_wish(&run.id, after(1_101)).await.unwrap();
        assert_eq!(store.live_last_number().await.unwrap(), events, "nothing changed for a page");
        let lease = claim(&store, after(1_102)).await;
        assert!(store.outbox_claim(after(1_102), LEASE, "test").await.unwrap().is_none());
        store.outbox_resolve(&lease, &LaunchOutcome::StopSent, after(1_103)).await.unwrap();
        // The job goes on all the same: its user may press again, and the call is safe to repeat.
        store.run_stop_wish(&run.id, after(1_200)).await.unwrap();
        let again = claim(&store, after(1_200)).await;
        assert_eq!((again.kind, again.epoch), (OutboxKind::Stop, 2));
    }

    async fn stopping_what_is_over_changes_nothing(store) {
        let run = submitted(&store, 1).await;
        let over = store.run_observe(&run.id, &seen(1, TrainingJobStatus::Completed, 90), after(1_200)).await.unwrap();
        let after_stop = store.run_stop_wish(&run.id, after(1_300)).await.unwrap();
        assert_eq!(after_stop, over);
        assert!(store.outbox_claim(after(100_000), LEASE, "test").await.unwrap().is_none());
        assert!(store.run_stop_wish(&run_id(99), after(1_300)).await.unwrap().is_none(), "no such run");
    }

    async fn a_job_that_ends_by_itself_needs_no_stop(store) {
        let run = submitted(&store, 1).await;
        store.run_stop_wish(&run.id, after(1_100)).await.unwrap();
        let lease = claim(&store, after(1_100)).await;
        store.run_observe(&run.id, &seen(1, TrainingJobStatus::Completed, 90), after(1_101)).await.unwrap().unwrap();
        assert_eq!(store.outbox_resolve(&lease, &LaunchOutcome::StopSent, after(1_102)).await.unwrap(), Guarded::Fenced);
        assert!(store.outbox_claim(after(100_000), LEASE, "test").await.unwrap().is_none());
    }
}
