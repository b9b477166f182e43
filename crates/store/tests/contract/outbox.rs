//! Leases: who may call the engine, and whose word counts afterwards.

use std::collections::BTreeSet;

use domain::status::{LaunchState, Wish};
use futures::future::join_all;
use store::{Guarded, LaunchOutcome, OutboxKind};

use crate::{harness::contract, samples::*};

contract! {
    async fn a_claim_is_recorded_before_the_call(store) {
        let run = requested(&store, 1).await;
        let lease = claim(&store, after(10)).await;
        assert_eq!((lease.kind, lease.epoch, lease.attempts), (OutboxKind::Create, 1, 0));
        assert_eq!((lease.first_attempt_at, lease.may_have_been_sent, lease.wish), (None, false, Wish::Run));
        let now = store.run_get(&run.id).await.unwrap().unwrap();
        assert_eq!(now.launch_state, LaunchState::Dispatching);
        let audit = store.audit_list(&run.id).await.unwrap();
        assert_eq!(audit[1].action, "launch.attempt");
        assert_eq!(audit[1].detail, "attempt 1, epoch 1, by test");
    }

    async fn nothing_is_claimed_before_it_is_due_or_while_it_is_leased(store) {
        requested(&store, 1).await;
        assert!(store.outbox_claim(after(0), LEASE, "test").await.unwrap().is_none(), "due at its creation, not before");
        claim(&store, after(10)).await;
        assert!(store.outbox_claim(after(10 + 29), LEASE, "test").await.unwrap().is_none());
    }

    async fn an_expired_lease_is_claimed_with_the_next_epoch_and_the_late_word_is_fenced(store) {
        let run = requested(&store, 1).await;
        let paused = claim(&store, after(10)).await;
        let taken_over = claim(&store, after(10 + 30)).await;
        assert_eq!((taken_over.epoch, taken_over.attempts), (2, 1));
        assert_eq!(taken_over.first_attempt_at, Some(after(10)));
        assert!(taken_over.may_have_been_sent, "the first one may have called before it was paused");

        let before = (store.run_get(&run.id).await.unwrap(), store.live_last_number().await.unwrap());
        let late = LaunchOutcome::Rejected { message: "late".to_owned() };
        assert_eq!(store.outbox_resolve(&paused, &late, after(41)).await.unwrap(), Guarded::Fenced);
        let unchanged = (store.run_get(&run.id).await.unwrap(), store.live_last_number().await.unwrap());
        assert_eq!(unchanged, before);
        assert!(store.audit_list(&run.id).await.unwrap().iter().all(|it| it.action != "launch.rejected"));

        let Guarded::Applied(run) = store.outbox_resolve(&taken_over, &created(1), after(42)).await.unwrap() else {
            panic!("the newest claim counts");
        };
        assert_eq!(run.launch_state, LaunchState::Submitted);
        // Also after the row is done, and also for who resolved it.
        assert_eq!(store.outbox_resolve(&paused, &late, after(43)).await.unwrap(), Guarded::Fenced);
        assert_eq!(store.outbox_resolve(&taken_over, &late, after(43)).await.unwrap(), Guarded::Fenced);
    }

    async fn concurrent_claimers_never_share_a_row(store) {
        for number in 1..=40 {
            requested(&store, number).await;
        }
        let second = store.second().await;
        let claimers = (0..8).map(|index| {
            let store = if index % 2 == 0 { (*store).clone() } else { second.clone() };
            tokio::spawn(async move {
                let mut mine = Vec::new();
                // A row that someone else is claiming this instant is passed over, so `None` is not yet the end.
                let mut misses = 0;
                while misses < 20 {
                    match store.outbox_claim(after(100), LEASE, "racer").await.unwrap() {
                        Some(lease) => mine.push(lease),
                        None => misses += 1,
                    }
                }
                mine
            })
        });
        let leases: Vec<_> = join_all(claimers).await.into_iter().flat_map(Result::unwrap).collect();
        assert_eq!(leases.len(), 40);
        assert!(leases.iter().all(|it| it.epoch == 1 && it.attempts == 0));
        let runs: BTreeSet<_> = leases.iter().map(|it| it.run_id.clone()).collect();
        assert_eq!(runs.len(), 40);
    }

    async fn rows_are_claimed_in_the_order_of_becoming_due_and_stops_first(store) {
        let running = submitted(&store, 9).await;
        for number in [3, 1, 2] {
            requested(&store, number).await;
        }
        store.run_stop_wish(&running.id, after(2_000)).await.unwrap();
        let mut order = Vec::new();
        while let Some(lease) = store.outbox_claim(after(3_000), LEASE, "test").await.unwrap() {
            order.push((lease.kind, lease.run_id));
        }
        let create = |number| (OutboxKind::Create, run_id(number));
        assert_eq!(order, [(OutboxKind::Stop, running.id), create(1), create(2), create(3)]);
    }

    async fn a_released_row_is_due_at_once_and_known_as_maybe_sent(store) {
        let dead = dispatching(&store, 1).await;
        // Waiting for its next try, and held by nobody: its time stays.
        let waiting = dispatching(&store, 2).await;
        let retry = LaunchOutcome::RetryAt { at: after(1_900), message: "throttled".to_owned() };
        store.outbox_resolve(&waiting, &retry, after(1_002)).await.unwrap();
        assert_eq!(store.outbox_release(after(1_003)).await.unwrap(), 1);
        let lease = store.outbox_claim(after(1_003), LEASE, "next").await.unwrap().unwrap();
        assert_eq!((lease.run_id.clone(), lease.epoch), (dead.run_id.clone(), dead.epoch + 1));
        assert!(lease.may_have_been_sent);
        assert_eq!(store.outbox_resolve(&dead, &created(1), after(1_004)).await.unwrap(), Guarded::Fenced);
        assert!(store.outbox_claim(after(1_004), LEASE, "next").await.unwrap().is_none());
    }

    async fn a_clock_that_jumps_back_and_forth_launches_nothing_twice(store) {
        let lease = dispatching(&store, 1).await;
        // An hour ahead: the lease looks expired, the row goes to another claim, and the first is fenced.
        let ahead = claim(&store, after(1_000 + 3_600)).await;
        assert!(ahead.may_have_been_sent);
        assert_eq!(store.outbox_resolve(&lease, &created(1), after(1_001)).await.unwrap(), Guarded::Fenced);
        // And back: the row waits, no one else gets it.
        assert!(store.outbox_claim(after(1_100), LEASE, "test").await.unwrap().is_none());
        assert!(matches!(store.outbox_resolve(&ahead, &created(1), after(1_101)).await.unwrap(), Guarded::Applied(_)));
    }
}
