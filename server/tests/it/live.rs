//! The live stream: durable ids, resume without loss, honest resync.

use std::time::Duration;

use domain::live::LiveEvent;

use crate::harness::{EventReader, LaunchForm, QUICK_SCRIPT, TestApp};

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_stream_goes_on_where_it_broke() {
    let app = TestApp::start().await;
    let mut all = EventReader::open(&app, "runs", Some("0")).await;
    let id = app.launch(LaunchForm::script(QUICK_SCRIPT)).await;
    let is_over = |event: &LiveEvent| matches!(event, LiveEvent::Run(run) if run.is_over());
    let whole = all.until(is_over).await;
    assert!(all.retry.is_some(), "the browser is told when to come back");
    let numbers: Vec<i64> = whole.iter().filter_map(|it| it.id).collect();
    assert!(numbers.len() >= 3, "states were seen one by one: {numbers:?}");
    assert!(numbers.is_sorted_by(|a, b| a < b), "each number once and in order: {numbers:?}");

    let middle = numbers[numbers.len() / 2];
    let mut resumed = EventReader::open(&app, "runs", Some(&middle.to_string())).await;
    let rest: Vec<i64> = resumed.until(is_over).await.iter().filter_map(|it| it.id).collect();
    let wanted: Vec<i64> = numbers.iter().copied().filter(|it| *it > middle).collect();
    assert_eq!(rest, wanted, "what came after {middle}, and nothing else");

    // The run's own topic has its points, too; the log may be read after the job's end is seen.
    let mut of_run = EventReader::open(&app, &format!("run:{id}"), Some("0")).await;
    of_run.until(|event| matches!(event, LiveEvent::Points { .. })).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_is_none_of_ours_means_read_again() {
    let app = TestApp::start().await;
    let long = "9".repeat(4_000);
    for id in ["garbage", "-1", "1e9", "999999999", long.as_str()] {
        let mut reader = EventReader::open(&app, "runs", Some(id)).await;
        let first = reader.next().await.expect("an event");
        assert_eq!(first.event, LiveEvent::Resync, "{}", &id[..id.len().min(20)]);
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_end_with_the_server() {
    let app = TestApp::start().await;
    let mut readers = Vec::new();
    for _ in 0..20 {
        readers.push(EventReader::open(&app, "runs", None).await);
    }
    let start = std::time::Instant::now();
    app.stop().await;
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    for reader in &mut readers {
        assert!(reader.ends_within(Duration::from_secs(1)).await);
    }
}
