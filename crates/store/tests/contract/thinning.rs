//! A thinned curve looks like the whole one.

use domain::series::{IngestBatch, NewPoint, Point, PointWindow};

use crate::{
    harness::{TestStore, contract},
    samples::*,
};

async fn ingest(store: &TestStore, values: impl Iterator<Item = f64>) {
    let points: Vec<NewPoint> = (0..).zip(values).map(|(at, value)| point(at, value)).collect();
    let batch = IngestBatch { run_id: run_id(1), series: vec![(series_key("loss"), points)], cursor: None };
    store.series_ingest(&batch, NOON).await.unwrap();
}

async fn thinned(store: &TestStore, max: u32) -> Vec<Point> {
    store.series_points(&run_id(1), &series_key("loss"), Some(max)).await.unwrap()
}

contract! {
    async fn a_short_series_is_left_alone(store) {
        requested(&store, 1).await;
        ingest(&store, (0..100).map(f64::from)).await;
        assert_eq!(thinned(&store, 100).await.len(), 100);
        assert!(thinned(&store, 99).await.len() < 100);
    }

    async fn peaks_ends_and_gaps_survive(store) {
        requested(&store, 1).await;
        // More than one page of the reader, with one spike up, one down, one NaN and one infinity in a gentle slope.
        let value = |at: i32| match at {
            12_345 => 1e9,
            23_456 => -1e9,
            34_567 => f64::NAN,
            40_001 => f64::INFINITY,
            _ => f64::from(at) / 1e4,
        };
        ingest(&store, (0..45_000).map(value)).await;
        let points = thinned(&store, 500).await;
        assert!(points.len() <= 500 && points.len() > 200, "{}", points.len());
        assert!(points.is_sorted_by_key(|it| it.at));
        assert_eq!((points[0].step, points[points.len() - 1].step), (0, 44_999));
        for spike in [12_345, 23_456, 34_567, 40_001] {
            let kept = points.iter().find(|it| it.step == spike).unwrap_or_else(|| panic!("{spike} is lost"));
            assert_eq!(kept.value.to_bits(), value(i32::try_from(spike).unwrap()).to_bits());
        }
        // Every kept point is one of the series, at its own place.
        assert!(points.iter().all(|it| it.value.to_bits() == value(i32::try_from(it.step).unwrap()).to_bits()));
        assert_eq!(format!("{points:?}"), format!("{:?}", thinned(&store, 500).await), "the same each time");
    }

    async fn a_window_shows_every_point_of_a_spike_and_its_neighbours(store) {
        requested(&store, 1).await;
        let value = |at: i32| if at == 12_345 { 1e9 } else { f64::from(at) / 1e4 };
        ingest(&store, (0..45_000).map(value)).await;
        let key = series_key("loss");
        let window = async |window, max| store.series_window(&run_id(1), &key, window, max).await.unwrap();
        let steps = |points: &[Point]| points.iter().map(|it| it.step).collect::<Vec<_>>();
        let near = window(PointWindow::Steps(12_344, 12_346), 100).await;
        assert_eq!(steps(&near), [12_343, 12_344, 12_345, 12_346, 12_347]);
        assert_eq!(near[2].value.to_bits(), 1e9_f64.to_bits());
        let (from, to) = (near[1].at, near[3].at);
        assert_eq!(window(PointWindow::Times(from, to), 100).await, near, "by time as by step");
        assert_eq!(steps(&window(PointWindow::Steps(-5, 1), 100).await), [0, 1, 2], "at the edge");
        assert_eq!(steps(&window(PointWindow::Steps(44_999, i64::MAX), 100).await), [44_998, 44_999]);
        assert_eq!(window(PointWindow::Steps(50_000, 60_000), 100).await, []);
        assert_eq!(window(PointWindow::Steps(5, 4), 100).await, []);
        // At every width the spike is there.
        for width in [10, 100, 1_000, 10_000, 40_000] {
            let points = window(PointWindow::Steps(12_345 - width, 12_345 + width), 200).await;
            assert!(points.len() <= 205 && points.iter().any(|it| it.step == 12_345), "{width}: {}", points.len());
        }
        assert_eq!(store.series_window(&run_id(1), &series_key("none"), PointWindow::Steps(0, 9), 9).await.unwrap(), []);
    }

    async fn absurd_limits_are_served(store) {
        requested(&store, 1).await;
        ingest(&store, (0..1_000).map(f64::from)).await;
        for max in [0, 1, 4, 5] {
            let points = thinned(&store, max).await;
            assert!((1..=5).contains(&points.len()), "{max}: {}", points.len());
        }
        assert_eq!(thinned(&store, u32::MAX).await.len(), 1_000);
    }
}
