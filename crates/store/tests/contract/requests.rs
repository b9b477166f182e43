//! One key, one run: whatever is clicked, resent, raced or broken off.

use domain::{live::LiveEvent, run::RunBadge, status::LaunchState};
use futures::future::join_all;
use store::{NewRun, NewSource, RunRequestOutcome, StoreError};

use crate::{harness::contract, samples::*};

contract! {
    async fn a_launch_is_recorded_whole(store) {
        let run = requested(&store, 1).await;
        assert_eq!(run, new_run(1).run, "every field comes back");
        assert_eq!(store.run_get(&run.id).await.unwrap().unwrap(), run);
        assert_eq!(store.run_get_by_job_name(&run.job_name).await.unwrap().unwrap(), run);
        let live = store.live_after(0, 10).await.unwrap();
        assert_eq!(live.events.len(), 1);
        assert_eq!(live.events[0].event, LiveEvent::Run(Box::new(run.clone())));
        let audit = store.audit_list(&run.id).await.unwrap();
        assert_eq!(audit.iter().map(|it| it.action.as_str()).collect::<Vec<_>>(), ["run.requested"]);
        let lease = claim(&store, after(100)).await;
        assert_eq!(lease.run_id, run.id);
    }

    async fn the_same_request_again_is_the_same_run(store) {
        let first = requested(&store, 1).await;
        // The second request has its own run id and job name, as a second click would.
        let again = NewRun { run: run(2), ..new_run(1) };
        let outcome = store.run_request(&again).await.unwrap();
        assert_eq!(outcome, RunRequestOutcome::Existing(first));
        assert!(store.run_get(&run_id(2)).await.unwrap().is_none());
        assert_eq!(store.live_last_number().await.unwrap(), 1);
    }

    async fn the_same_key_with_another_request_is_refused(store) {
        let first = requested(&store, 1).await;
        let other = NewRun { run: run(2), request_hash: "another".to_owned(), ..new_run(1) };
        let outcome = store.run_request(&other).await.unwrap();
        assert_eq!(outcome, RunRequestOutcome::KeyReused(first));
        assert!(store.run_get(&run_id(2)).await.unwrap().is_none());
    }

    async fn a_taken_job_name_writes_nothing(store) {
        requested(&store, 1).await;
        let mut other = new_run(2);
        other.run.job_name = job_name(1);
        assert_eq!(store.run_request(&other).await.unwrap(), RunRequestOutcome::NameTaken);
        assert!(store.run_get(&run_id(2)).await.unwrap().is_none());
        // The key is still free: the form can be corrected and sent again.
        requested(&store, 2).await;
    }

    async fn fifty_at_once_with_one_key_make_one_run(store) {
        let calls = (1..=50).map(|number| {
            let (store, new) = ((*store).clone(), NewRun { run: run(number), ..new_run(1) });
            tokio::spawn(async move { store.run_request(&new).await.unwrap() })
        });
        let outcomes = join_all(calls).await;
        let mut created = Vec::new();
        let mut existing = Vec::new();
        for outcome in outcomes {
            match outcome.unwrap() {
                RunRequestOutcome::Created(run) => created.push(run),
                RunRequestOutcome::Existing(run) => existing.push(run),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((created.len(), existing.len()), (1, 49));
        assert!(existing.iter().all(|it| it.id == created[0].id));
        assert_eq!(store.run_badge_counts().await.unwrap(), [(RunBadge::Queued, 1)]);
        assert_eq!(store.live_last_number().await.unwrap(), 1);
        assert_eq!(claim(&store, after(100)).await.run_id, created[0].id);
        assert!(store.outbox_claim(after(100), LEASE, "test").await.unwrap().is_none());
    }

    async fn a_call_dropped_half_way_leaves_nothing_half_done(store) {
        // Every await point of the call in turn: polled so many times and then dropped.
        for polls in 0..60 {
            let new = new_run(polls + 1);
            let mut call = Box::pin(store.run_request(&new));
            for _ in 0..polls {
                let step = tokio::time::timeout(std::time::Duration::from_micros(200), &mut call);
                if step.await.is_ok() {
                    break;
                }
            }
            drop(call);
            // The next writer is not in its way, and the same request goes through or is already there, whole.
            let run = match store.run_request(&new).await.unwrap() {
                RunRequestOutcome::Created(run) | RunRequestOutcome::Existing(run) => run,
                other => panic!("{other:?}"),
            };
            assert_eq!(run.launch_state, LaunchState::Requested);
            assert_eq!(store.audit_list(&run.id).await.unwrap().len(), 1);
        }
        let live = store.live_after(0, 1_000).await.unwrap();
        assert_eq!((live.events.len(), live.gap), (60, false));
    }

    async fn a_launch_needs_its_source(store) {
        let mut new = new_run(1);
        new.run.source_sha256 = Some("cafe".to_owned());
        let refused = store.run_request(&new).await;
        assert!(matches!(&refused, Err(StoreError::SourceMissing(sha256)) if sha256 == "cafe"), "{refused:?}");
        assert!(store.run_get(&run_id(1)).await.unwrap().is_none());
        let source = NewSource {
            sha256: "cafe".to_owned(),
            file_name: "train.py".to_owned(),
            entries: Vec::new(),
            bytes: vec![1, 2, 3],
        };
        store.source_put(&source, NOON).await.unwrap();
        assert!(matches!(store.run_request(&new).await.unwrap(), RunRequestOutcome::Created(_)));
    }

    async fn a_key_of_absurd_length_is_refused(store) {
        let new = NewRun { idempotency_key: "k".repeat(1_000_000), ..new_run(1) };
        assert!(matches!(store.run_request(&new).await, Err(StoreError::TooLong { max: 512, .. })));
    }

    async fn a_launch_survives_a_restart(store) {
        let run = requested(&store, 1).await;
        let again = store.second().await;
        assert_eq!(again.run_get(&run.id).await.unwrap().unwrap(), run);
        assert_eq!(claim(&again, after(100)).await.run_id, run.id);
    }
}
