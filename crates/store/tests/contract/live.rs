//! Durable numbers: no event is missed, and a hole is noticed.

use std::sync::atomic::{AtomicBool, Ordering};

use domain::series::IngestBatch;
use futures::future::join_all;

use crate::{
    harness::{TestStore, contract},
    samples::*,
};

/// One event at `seconds`.
async fn tick(store: &TestStore, seconds: i64) {
    let series = vec![(series_key("loss"), vec![point(seconds, 1.0)])];
    let batch = IngestBatch { run_id: run_id(1), series, cursor: None };
    store.series_ingest(&batch, after(seconds)).await.unwrap();
}

contract! {
    async fn numbers_count_from_one_without_holes(store) {
        assert_eq!(store.live_last_number().await.unwrap(), 0);
        let start = store.live_after(0, 10).await.unwrap();
        assert!(start.events.is_empty() && !start.gap);
        requested(&store, 1).await;
        for at in 0..9 {
            tick(&store, at).await;
        }
        let some = store.live_after(3, 4).await.unwrap();
        assert_eq!(some.events.iter().map(|it| it.number).collect::<Vec<_>>(), [4, 5, 6, 7]);
        assert!(!some.gap);
        assert_eq!(store.live_last_number().await.unwrap(), 10);
        let end = store.live_after(10, 4).await.unwrap();
        assert!(end.events.is_empty() && !end.gap);
    }

    async fn what_was_pruned_is_a_gap_and_what_was_not_is_none(store) {
        requested(&store, 1).await;
        for at in 1..=9 {
            tick(&store, at * 10).await;
        }
        // Event n + 1 is from second n * 10; kept from second 50 on: events 6 and later.
        store.live_prune(after(50)).await.unwrap();
        let resumed = store.live_after(5, 100).await.unwrap();
        assert_eq!((resumed.events[0].number, resumed.events.len(), resumed.gap), (6, 5, false));
        let late = store.live_after(4, 100).await.unwrap();
        assert_eq!((late.events[0].number, late.gap), (6, true));
        assert!(store.live_after(0, 1).await.unwrap().gap);
        store.live_prune(after(1_000)).await.unwrap();
        assert!(!store.live_after(10, 100).await.unwrap().gap);
        assert!(store.live_after(9, 100).await.unwrap().gap);
        // Numbers go on where they were.
        tick(&store, 2_000).await;
        assert_eq!(store.live_after(10, 100).await.unwrap().events[0].number, 11);
    }

    async fn pruning_goes_on_until_it_is_done(store) {
        requested(&store, 1).await;
        let writers = (0..6).map(|_| {
            let store = (*store).clone();
            tokio::spawn(async move {
                for _ in 0..400 {
                    let series = vec![(series_key("loss"), vec![point(1, 1.0)])];
                    store.series_ingest(&IngestBatch { run_id: run_id(1), series, cursor: None }, after(1)).await.unwrap();
                }
            })
        });
        join_all(writers).await.into_iter().for_each(Result::unwrap);
        tick(&store, 10).await;
        store.live_prune(after(10)).await.unwrap();
        let kept = store.live_after(0, 10_000).await.unwrap();
        assert_eq!(kept.events.iter().map(|it| it.number).collect::<Vec<_>>(), [2_402]);
    }

    async fn a_number_that_was_never_given_is_a_gap(store) {
        requested(&store, 1).await;
        assert!(store.live_after(2, 10).await.unwrap().gap, "the database is older than this reader");
        assert!(store.live_after(i64::MAX, 10).await.unwrap().gap);
        assert!(store.live_after(-1, 10).await.unwrap().gap);
    }

    async fn a_reader_that_follows_misses_nothing_that_commits_beside_it(store) {
        requested(&store, 1).await;
        let second = store.second().await;
        let is_done = AtomicBool::new(false);
        let writers = async {
            let writers = (0..8).map(|writer| {
                let store = if writer % 2 == 0 { (*store).clone() } else { second.clone() };
                tokio::spawn(async move {
                    for at in 0..40 {
                        let series = vec![(series_key(&format!("of-{writer}")), vec![point(at, 1.0)])];
                        let batch = IngestBatch { run_id: run_id(1), series, cursor: None };
                        store.series_ingest(&batch, after(at)).await.unwrap();
                    }
                })
            });
            join_all(writers).await.into_iter().for_each(Result::unwrap);
            is_done.store(true, Ordering::SeqCst);
        };
        let reader = async {
            let mut seen = 0;
            loop {
                let was_done = is_done.load(Ordering::SeqCst);
                let read = store.live_after(seen, 7).await.unwrap();
                assert!(!read.gap, "after {seen}");
                for event in &read.events {
                    assert_eq!(event.number, seen + 1);
                    seen = event.number;
                }
                if was_done && read.events.is_empty() {
                    return seen;
                }
                tokio::task::yield_now().await;
            }
        };
        let ((), seen) = tokio::join!(writers, reader);
        assert_eq!(seen, 1 + 8 * 40);
    }
}
