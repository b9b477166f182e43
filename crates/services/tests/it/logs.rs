//! From log lines to points: once each, through crashes, expired tokens and a second server.

use domain::{
    live::{LiveEvent, Topic},
    run::Run,
    series::{Point, SeriesKey, SeriesSource},
};
use futures::StreamExt as _;
use services::{HubItem, LogCursor, Services, ServicesConfig};

use crate::{fake::Fault, lab::Lab};

fn stream_of(run: &Run) -> String {
    format!("{}/algo-1-1795392000", run.job_name)
}

fn loss() -> SeriesKey {
    SeriesKey { name: "loss".to_owned(), source: SeriesSource::Log, host: "algo-1".to_owned() }
}

async fn losses(lab: &Lab, run: &Run) -> Vec<Point> {
    lab.store.series_points(&run.id, &loss(), None).await.unwrap()
}

/// Step n has the value n/8: exact in binary, so equal means equal.
fn print_epochs(lab: &Lab, run: &Run, epochs: std::ops::Range<i64>) {
    for epoch in epochs {
        lab.cloud.log(&stream_of(run), format!("epoch={epoch} loss={}", epoch as f64 / 8.0));
        lab.cloud.log(&stream_of(run), "nothing to see here");
    }
}

fn assert_epochs(points: &[Point], epochs: std::ops::Range<i64>) {
    let expected: Vec<(i64, f64)> = epochs.map(|it| (it, it as f64 / 8.0)).collect();
    let found: Vec<(i64, f64)> = points.iter().map(|it| (it.step, it.value)).collect();
    assert_eq!(found, expected);
}

fn small_pages(config: &mut ServicesConfig) {
    config.log_events_per_page = 10;
    config.log_pages_per_tick = 3;
}

#[tokio::test]
async fn the_curve_grows_with_the_steps_that_the_lines_name() {
    let lab = Lab::new().await;
    let run = lab.running().await;
    print_epochs(&lab, &run, 0..3);
    assert_eq!(lab.services.task_sync_logs().await.unwrap().changed, 3);
    assert_eq!(lab.services.task_sync_logs().await.unwrap().changed, 0, "nothing new");
    print_epochs(&lab, &run, 3..5);
    lab.services.task_sync_logs().await.unwrap();
    assert_epochs(&losses(&lab, &run).await, 0..5);
    let series = lab.services.run_series(&run.id, None).await.unwrap();
    assert_eq!(series.iter().map(|it| it.key.clone()).collect::<Vec<_>>(), [loss()]);
}

#[tokio::test]
async fn a_reader_gets_each_line_once_page_by_page_and_goes_on_where_it_was() {
    let lab = Lab::new().await;
    let run = lab.running().await;
    let read = async |cursor: &LogCursor| lab.services.run_log_page(&run.id, cursor, 4).await.unwrap();
    let nothing = read(&LogCursor::default()).await;
    assert!(nothing.lines.is_empty() && !nothing.is_over);
    print_epochs(&lab, &run, 0..3);
    let (mut cursor, mut texts) = (nothing.next, Vec::new());
    for epochs in [3..3, 3..5] {
        print_epochs(&lab, &run, epochs);
        loop {
            let page = read(&cursor).await;
            assert!(page.lines.len() <= 4);
            texts.extend(page.lines.into_iter().map(|it| it.text));
            cursor = page.next;
            if !page.has_more {
                break;
            }
        }
    }
    let epochs = texts.iter().filter(|it| it.starts_with("epoch=")).cloned().collect::<Vec<_>>();
    assert_eq!((texts.len(), epochs.len()), (10, 5), "{texts:?}");
    assert!(epochs.is_sorted());
}

#[tokio::test]
async fn a_crash_at_any_page_repeats_and_loses_nothing() {
    for fault in [Fault::HangBefore, Fault::HangAfter] {
        let mut crashes = 0;
        for nth in 0.. {
            let mut lab = Lab::new().await;
            let run = lab.running().await;
            print_epochs(&lab, &run, 0..40);
            let services = lab.second_server(small_pages);
            lab.cloud.arm_call("events", nth, fault);
            let has_hung =
                lab.run_until_hung(async move { while services.task_sync_logs().await.unwrap().again {} }).await;
            assert_eq!(has_hung, lab.cloud.fired() == 1);
            lab.crash_and_restart().await;
            let services = lab.second_server(small_pages);
            while services.task_sync_logs().await.unwrap().again {}
            assert_epochs(&losses(&lab, &run).await, 0..40);
            if !has_hung {
                break;
            }
            crashes += 1;
        }
        assert!(crashes >= 8, "80 lines in pages of 10: {crashes} crashes");
    }
}

#[tokio::test]
async fn an_expired_token_is_read_around() {
    let mut lab = Lab::new().await;
    let run = lab.running().await;
    let services = lab.second_server(small_pages);
    print_epochs(&lab, &run, 0..12);
    while services.task_sync_logs().await.unwrap().again {}
    lab.cloud.state().token_generation = 1;
    print_epochs(&lab, &run, 12..30);
    // Crash while it is reading over what it has.
    lab.cloud.arm_call("events", 3, Fault::HangBefore);
    let reader = services.clone();
    assert!(lab.run_until_hung(async move { while reader.task_sync_logs().await.unwrap().again {} }).await);
    lab.crash_and_restart().await;
    let services = lab.second_server(small_pages);
    while services.task_sync_logs().await.unwrap().again {}
    assert_epochs(&losses(&lab, &run).await, 0..30);
}

#[tokio::test]
async fn two_servers_copy_one_log_once() {
    let mut lab = Lab::new().await;
    let run = lab.running().await;
    print_epochs(&lab, &run, 0..100);
    let (first, second) = (lab.second_server(small_pages), lab.second_server(small_pages));
    let all = |services: Services| async move { while services.task_sync_logs().await.unwrap().again {} };
    tokio::join!(all(first.clone()), all(second));
    all(first).await;
    assert_epochs(&losses(&lab, &run).await, 0..100);
}

#[tokio::test]
async fn an_interrupted_job_goes_on_in_a_second_stream() {
    let lab = Lab::new().await;
    let run = lab.running().await;
    print_epochs(&lab, &run, 0..4);
    lab.services.task_sync_logs().await.unwrap();
    lab.cloud.log(&format!("{}/algo-1-1795392900", run.job_name), "epoch=4 loss=0.5");
    // A stream of another job whose name begins alike is not ours.
    lab.cloud.log(&format!("{}0/algo-1-1795392900", run.job_name), "epoch=9 loss=9");
    lab.services.task_sync_logs().await.unwrap();
    assert_epochs(&losses(&lab, &run).await, 0..5);
}

#[tokio::test]
async fn not_a_number_is_a_measurement_too() {
    let lab = Lab::new().await;
    let mut draft = lab.draft();
    draft.fields.set("AlgorithmSpecification.MetricDefinitions[0].Regex", "loss=(\\S+)");
    let id = lab.submit("nan", draft).await;
    lab.services.dispatch_once().await.unwrap();
    lab.services.task_sync_jobs().await.unwrap();
    let run = lab.run(&id).await;
    for value in ["1.5", "nan", "inf", "-inf", "soon"] {
        lab.cloud.log(&stream_of(&run), format!("loss={value}"));
    }
    lab.services.task_sync_logs().await.unwrap();
    let points = losses(&lab, &run).await;
    assert_eq!(points.len(), 4, "`soon` is no number");
    assert!(points[1].value.is_nan() && points[2].value == f64::INFINITY && points[3].value == f64::NEG_INFINITY);
    assert_eq!(points.iter().map(|it| it.step).collect::<Vec<_>>(), [0, 1, 2, 3], "numbered where no step is named");
}

#[tokio::test]
async fn a_flood_is_bounded_per_pass_and_thinned_for_open_pages() {
    let mut lab = Lab::new().await;
    let run = lab.running().await;
    let services = lab.second_server(|it| {
        it.log_events_per_page = 1_000;
        it.log_pages_per_tick = 2;
        it.live_lines_per_page = 50;
    });
    for n in 0..5_000 {
        lab.cloud.log(&stream_of(&run), format!("line {n}"));
    }
    lab.cloud.log(&stream_of(&run), "x".repeat(1_000_000));
    let mut pages = Box::pin(services.hub().subscribe(vec![Topic::Run(run.id.clone())], None));
    let before = lab.cloud.calls_of("events");
    assert!(services.task_sync_logs().await.unwrap().again, "there is more");
    assert_eq!(lab.cloud.calls_of("events") - before, 2);
    while services.task_sync_logs().await.unwrap().again {}
    let (mut lines, mut dropped, mut longest) = (0, 0, 0);
    while lines + dropped < 5_001 {
        let HubItem { number: None, event: LiveEvent::Log { lines: some, dropped: lost, .. } } =
            pages.next().await.unwrap()
        else {
            panic!("only log lines were expected");
        };
        assert!(some.len() <= 50);
        longest = longest.max(some.iter().map(|it| it.text.len()).max().unwrap_or(0));
        lines += some.len() as u64;
        dropped += lost;
    }
    assert_eq!(lines + dropped, 5_001);
    assert_eq!(longest, 4_096);
    assert!(dropped > 4_000);
}

#[tokio::test]
async fn one_runs_broken_log_does_not_hold_up_the_others() {
    let lab = Lab::new().await;
    let broken = lab.running().await;
    let id = lab.submit("second", lab.draft()).await;
    lab.services.dispatch_once().await.unwrap();
    lab.services.task_sync_jobs().await.unwrap();
    let fine = lab.run(&id).await;
    print_epochs(&lab, &broken, 0..2);
    print_epochs(&lab, &fine, 0..2);
    lab.cloud.arm_call("events", 0, Fault::Timeout);
    assert!(lab.services.task_sync_logs().await.is_err(), "the failure is shown");
    assert_eq!(losses(&lab, &fine).await.len() + losses(&lab, &broken).await.len(), 2);
    lab.services.task_sync_logs().await.unwrap();
    assert_epochs(&losses(&lab, &fine).await, 0..2);
    assert_epochs(&losses(&lab, &broken).await, 0..2);
}

#[tokio::test]
async fn tail_and_search_show_the_engines_lines_in_time_order() {
    let lab = Lab::new().await;
    let run = lab.running().await;
    for n in 0..6 {
        lab.cloud.log(&format!("{}/algo-{}-1", run.job_name, n % 2 + 1), format!("line {n}"));
        lab.clock.advance_seconds(1);
    }
    let tail = lab.services.run_log_tail(&run.id, 4).await.unwrap();
    let shown: Vec<_> = tail.lines.iter().map(|it| (it.host.as_str(), it.text.as_str())).collect();
    assert_eq!(shown, [("algo-1", "line 2"), ("algo-2", "line 3"), ("algo-1", "line 4"), ("algo-2", "line 5")]);
    assert!(tail.has_earlier);
    let found = lab.services.run_log_search(&run.id, "line 3", 10).await.unwrap();
    assert_eq!(found.lines.iter().map(|it| it.text.as_str()).collect::<Vec<_>>(), ["line 3"]);
    assert!(!found.has_earlier);
    assert!(lab.services.run_log_search(&run.id, "", 10).await.unwrap().lines.is_empty());
}
