//! Points: each one once, in order, whatever it is.

use domain::{
    live::LiveEvent,
    series::{CursorMove, Extreme, IngestBatch, NewPoint, Point, SeriesKey, SeriesSource},
};
use futures::future::join_all;
use store::{IngestOutcome, StoreError};

use crate::{harness::contract, samples::*};

fn batch(series: Vec<(SeriesKey, Vec<NewPoint>)>, cursor: Option<(Option<&str>, &str)>) -> IngestBatch {
    let cursor = cursor.map(|(from, to)| CursorMove {
        key: "log:algo-1".to_owned(),
        from: from.map(str::to_owned),
        to: to.to_owned(),
    });
    IngestBatch { run_id: run_id(1), series, cursor }
}

/// NaN is equal to itself here.
fn same(left: &[Point], right: &[Point]) -> bool {
    let bits = |it: &[Point]| it.iter().map(|it| (it.step, it.at, it.value.to_bits())).collect::<Vec<_>>();
    bits(left) == bits(right)
}

contract! {
    async fn points_come_back_as_they_came(store) {
        requested(&store, 1).await;
        let values = [0.1 + 0.2, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1e308, 5e-324, 3.0];
        let points: Vec<_> = (0..).zip(values).map(|(at, value)| point(at, value)).collect();
        let loss = series_key("loss");
        let stored = store.series_ingest(&batch(vec![(loss.clone(), points)], None), NOON).await.unwrap();
        let read = store.series_points(&run_id(1), &loss, None).await.unwrap();
        let expected: Vec<_> = (0..).zip(values).map(|(step, value)| Point { step, at: after(step), value }).collect();
        assert!(same(&read, &expected), "{read:?}");
        let IngestOutcome::Stored(stored) = stored else { panic!("stored") };
        assert!(stored.len() == 1 && stored[0].0 == loss && same(&stored[0].1, &expected));

        let summary = store.series_list(&run_id(1)).await.unwrap().remove(0);
        assert_eq!((summary.key, summary.count), (loss, 7));
        assert_eq!((summary.first, summary.last), (expected[0], expected[6]));
        assert_eq!(summary.min, Some(Extreme { value: -1e308, step: 4 }));
        assert_eq!(summary.max, Some(Extreme { value: 3.0, step: 6 }));
    }

    async fn a_series_without_a_number_has_no_extremes(store) {
        requested(&store, 1).await;
        let points = vec![point(1, f64::NAN), point(2, f64::INFINITY)];
        store.series_ingest(&batch(vec![(series_key("loss"), points)], None), NOON).await.unwrap();
        let summary = store.series_list(&run_id(1)).await.unwrap().remove(0);
        assert_eq!((summary.count, summary.min, summary.max), (2, None, None));
        assert!(summary.first.value.is_nan() && summary.last.value.is_infinite());
    }

    async fn missing_steps_go_on_from_the_count_and_duplicates_stay(store) {
        requested(&store, 1).await;
        let key = series_key("loss");
        let stepped = |step, at, value| NewPoint { step: Some(step), at: after(at), value };
        // A spot job that was interrupted after step 11 logs 10 and 11 again.
        let first = vec![stepped(10, 1, 1.0), stepped(11, 2, 0.9), point(3, 0.8)];
        store.series_ingest(&batch(vec![(key.clone(), first)], None), NOON).await.unwrap();
        let second = vec![stepped(10, 4, 0.7), stepped(10, 4, 0.7), point(5, 0.6)];
        store.series_ingest(&batch(vec![(key.clone(), second)], None), NOON).await.unwrap();
        let steps: Vec<_> = store.series_points(&run_id(1), &key, None).await.unwrap().iter().map(|it| it.step).collect();
        assert_eq!(steps, [10, 11, 2, 10, 10, 5]);
        assert_eq!(store.series_list(&run_id(1)).await.unwrap()[0].count, 6);
    }

    async fn points_are_read_in_time_order_and_ties_in_order_of_arrival(store) {
        requested(&store, 1).await;
        let key = series_key("CPUUtilization");
        let points = vec![point(10, 1.0), point(20, 2.0), point(10, 3.0), point(5, 4.0), point(20, 5.0)];
        store.series_ingest(&batch(vec![(key.clone(), points)], None), NOON).await.unwrap();
        let values: Vec<_> = store.series_points(&run_id(1), &key, None).await.unwrap().iter().map(|it| it.value).collect();
        assert_eq!(values, [4.0, 1.0, 3.0, 2.0, 5.0]);
    }

    async fn a_batch_that_is_replayed_changes_nothing(store) {
        requested(&store, 1).await;
        let key = series_key("loss");
        let first = batch(vec![(key.clone(), vec![point(1, 1.0)])], Some((None, "a")));
        let second = batch(vec![(key.clone(), vec![point(2, 0.5)])], Some((Some("a"), "b")));
        assert!(matches!(store.series_ingest(&first, NOON).await.unwrap(), IngestOutcome::Stored(_)));
        assert!(matches!(store.series_ingest(&second, NOON).await.unwrap(), IngestOutcome::Stored(_)));
        let before = (store.series_list(&run_id(1)).await.unwrap(), store.live_last_number().await.unwrap());
        for replay in [&first, &second] {
            assert_eq!(store.series_ingest(replay, NOON).await.unwrap(), IngestOutcome::CursorMoved);
        }
        assert_eq!((store.series_list(&run_id(1)).await.unwrap(), store.live_last_number().await.unwrap()), before);
        assert_eq!(store.series_points(&run_id(1), &key, None).await.unwrap().len(), 2);
        assert_eq!(store.cursor_get(&run_id(1), "log:algo-1").await.unwrap().as_deref(), Some("b"));
        assert!(store.cursor_get(&run_id(1), "log:algo-2").await.unwrap().is_none());
    }

    async fn two_readers_at_one_cursor_store_each_point_once(store) {
        requested(&store, 1).await;
        let second = store.second().await;
        let readers = (0..6).map(|index| {
            let store = if index % 2 == 0 { (*store).clone() } else { second.clone() };
            tokio::spawn(async move {
                let mut won = 0;
                for place in 0..30_i64 {
                    let from = (place > 0).then(|| place.to_string());
                    let to = (place + 1).to_string();
                    let points = vec![(series_key("loss"), vec![point(place, place as f64)])];
                    let batch = batch(points, Some((from.as_deref(), &to)));
                    won += i32::from(store.series_ingest(&batch, NOON).await.unwrap() != IngestOutcome::CursorMoved);
                }
                won
            })
        });
        let won: i32 = join_all(readers).await.into_iter().map(Result::unwrap).sum();
        let points = store.series_points(&run_id(1), &series_key("loss"), None).await.unwrap();
        let end: i64 = store.cursor_get(&run_id(1), "log:algo-1").await.unwrap().unwrap().parse().unwrap();
        assert_eq!(i64::from(won), end);
        let steps: Vec<_> = points.iter().map(|it| it.step).collect();
        assert_eq!(steps, (0..end).collect::<Vec<_>>());
    }

    async fn concurrent_batches_for_the_same_series_lose_nothing(store) {
        requested(&store, 1).await;
        let writers = (0..8_i64).map(|writer| {
            let store = (*store).clone();
            tokio::spawn(async move {
                // Each with the series in another order: no two may wait for each other for ever.
                let mut series = vec![
                    (series_key("a"), vec![point(writer, 1.0); 10]),
                    (series_key("b"), vec![point(writer, 2.0); 10]),
                    (series_key("c"), vec![point(writer, 3.0); 10]),
                ];
                series.rotate_left(usize::try_from(writer).unwrap() % 3);
                for _ in 0..5 {
                    store.series_ingest(&batch(series.clone(), None), NOON).await.unwrap();
                }
            })
        });
        join_all(writers).await.into_iter().for_each(Result::unwrap);
        for name in ["a", "b", "c"] {
            let points = store.series_points(&run_id(1), &series_key(name), None).await.unwrap();
            let mut steps: Vec<_> = points.iter().map(|it| it.step).collect();
            steps.sort_unstable();
            assert_eq!(steps, (0..400).collect::<Vec<_>>(), "every number once");
        }
    }

    async fn small_batches_are_told_live_and_huge_ones_by_resync(store) {
        requested(&store, 1).await;
        let key = series_key("loss");
        store.series_ingest(&batch(vec![(key.clone(), vec![point(1, f64::NAN)])], None), NOON).await.unwrap();
        let huge = (0..2_001).map(|at| point(at, 1.0)).collect();
        store.series_ingest(&batch(vec![(key.clone(), huge)], None), NOON).await.unwrap();
        let events = store.live_after(1, 10).await.unwrap().events;
        let LiveEvent::Points { run_id: id, series } = &events[0].event else { panic!("{events:?}") };
        assert_eq!((id, &series[0].0), (&run_id(1), &key));
        assert!(same(&series[0].1, &[Point { step: 0, at: after(1), value: f64::NAN }]));
        assert_eq!((&events[1].event, &events[1].run_id), (&LiveEvent::Resync, &run_id(1)));
    }

    async fn a_hundred_thousand_points_in_one_batch(store) {
        requested(&store, 1).await;
        let key = series_key("loss");
        let points = (0..100_000).map(|at| point(at, at as f64 / 7.0)).collect();
        store.series_ingest(&batch(vec![(key.clone(), points)], Some((None, "end"))), NOON).await.unwrap();
        let read = store.series_points(&run_id(1), &key, None).await.unwrap();
        assert_eq!(read.len(), 100_000);
        assert!((0..).zip(&read).all(|(step, it)| it.step == step && it.value.to_bits() == (step as f64 / 7.0).to_bits()));
    }

    async fn a_cursor_moves_without_points_and_must_move_with_them(store) {
        requested(&store, 1).await;
        let events = store.live_last_number().await.unwrap();
        store.series_ingest(&batch(Vec::new(), Some((None, "a"))), NOON).await.unwrap();
        assert_eq!(store.cursor_get(&run_id(1), "log:algo-1").await.unwrap().as_deref(), Some("a"));
        assert_eq!(store.series_ingest(&batch(Vec::new(), Some((Some("a"), "a"))), NOON).await.unwrap(), IngestOutcome::Stored(Vec::new()));
        assert_eq!(store.live_last_number().await.unwrap(), events, "nothing to tell");
        let stuck = batch(vec![(series_key("loss"), vec![point(1, 1.0)])], Some((Some("a"), "a")));
        assert!(matches!(store.series_ingest(&stuck, NOON).await, Err(StoreError::CursorUnmoved { .. })));
    }

    async fn series_are_told_apart_by_name_source_and_host(store) {
        requested(&store, 1).await;
        let mut keys = Vec::new();
        for source in [SeriesSource::Log, SeriesSource::CloudWatch, SeriesSource::Instance] {
            for host in ["", "algo-1", "algo-2"] {
                for name in ["loss", "Loss", "verlust \u{1F600} 100%"] {
                    keys.push(SeriesKey { name: name.to_owned(), source, host: host.to_owned() });
                }
            }
        }
        let series = (0..).zip(&keys).map(|(index, key)| (key.clone(), vec![point(1, f64::from(index))])).collect();
        store.series_ingest(&batch(series, None), NOON).await.unwrap();
        assert_eq!(store.series_list(&run_id(1)).await.unwrap().len(), keys.len());
        for (index, key) in (0..).zip(&keys) {
            let points = store.series_points(&run_id(1), key, Some(100)).await.unwrap();
            assert_eq!(points.iter().map(|it| it.value).collect::<Vec<_>>(), [f64::from(index)], "{key:?}");
        }
        assert!(store.series_points(&run_id(1), &series_key("none"), None).await.unwrap().is_empty());
    }

    async fn points_of_no_run_are_refused(store) {
        let lost = batch(vec![(series_key("loss"), vec![point(1, 1.0)])], Some((None, "a")));
        let refused = store.series_ingest(&lost, NOON).await;
        assert!(matches!(&refused, Err(StoreError::RunMissing(id)) if *id == run_id(1)), "{refused:?}");
        assert!(store.cursor_get(&run_id(1), "log:algo-1").await.unwrap().is_none());
    }
}
