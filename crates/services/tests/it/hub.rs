//! The live stream: resumed without loss or repetition, or told to resync; never a silent hole.

use std::pin::Pin;

use domain::{
    live::{LiveEvent, Topic},
    run::Run,
    series::{IngestBatch, NewPoint, SeriesKey, SeriesSource},
};
use futures::{FutureExt as _, Stream, StreamExt as _};
use services::{HubItem, Services};

use crate::lab::Lab;

type Pages = Pin<Box<dyn Stream<Item = HubItem> + Send>>;

fn subscribe(services: &Services, run: &Run, after: Option<i64>) -> Pages {
    Box::pin(services.hub().subscribe(vec![Topic::Run(run.id.clone())], after))
}

async fn point(lab: &Lab, run: &Run, step: i64) {
    let key = SeriesKey { name: "loss".to_owned(), source: SeriesSource::Log, host: "algo-1".to_owned() };
    let new = NewPoint { step: Some(step), at: lab.now(), value: 0.5 };
    let batch = IngestBatch { run_id: run.id.clone(), series: vec![(key, vec![new])], cursor: None };
    assert_eq!(lab.services.ingest(batch).await.unwrap(), Some(1));
}

fn step_of(item: &HubItem) -> i64 {
    match &item.event {
        LiveEvent::Points { series, .. } => series[0].1[0].step,
        other => panic!("points were expected: {other:?}"),
    }
}

/// All that is there now, without waiting.
fn ready(pages: &mut Pages) -> Vec<HubItem> {
    let mut items = Vec::new();
    while let Some(Some(item)) = pages.next().now_or_never() {
        items.push(item);
    }
    items
}

#[tokio::test]
async fn what_happens_after_the_subscription_arrives_once_in_order() {
    let lab = Lab::new().await;
    let run = lab.running().await;
    lab.services.task_pump().await.unwrap();
    let mut pages = subscribe(&lab.services, &run, None);
    for step in 0..10 {
        point(&lab, &run, step).await;
    }
    lab.services.task_pump().await.unwrap();
    lab.services.task_pump().await.unwrap();
    let items = ready(&mut pages);
    assert_eq!(items.iter().map(step_of).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
    assert!(items.windows(2).all(|it| it[0].number < it[1].number));
}

#[tokio::test]
async fn resuming_anywhere_gives_the_rest_without_loss_or_repetition() {
    let lab = Lab::new().await;
    let run = lab.running().await;
    let first = lab.services.live_last_number().await.unwrap();
    for step in 0..6 {
        point(&lab, &run, step).await;
    }
    for seen in 0..=6 {
        let mut pages = subscribe(&lab.services, &run, Some(first + seen));
        // Live events come while the past is not read yet: they are in the replay and in the queue.
        lab.services.task_pump().await.unwrap();
        let base = lab.services.live_last_number().await.unwrap() - first;
        point(&lab, &run, base).await;
        lab.services.task_pump().await.unwrap();
        let mut steps = Vec::new();
        for _ in seen..=base {
            steps.push(step_of(&pages.next().await.unwrap()));
        }
        assert_eq!(steps, (seen..=base).collect::<Vec<_>>());
        assert_eq!(ready(&mut pages), []);
    }
}

#[tokio::test]
async fn a_number_that_is_too_old_or_from_the_future_is_a_resync() {
    let lab = Lab::new().await;
    let run = lab.running().await;
    for step in 0..5 {
        point(&lab, &run, step).await;
    }
    let newest = lab.services.live_last_number().await.unwrap();
    lab.clock.advance_seconds(25 * 3_600);
    lab.services.task_prune().await.unwrap();
    for after in [1, -7, i64::MIN, newest + 1_000, i64::MAX] {
        let mut pages = subscribe(&lab.services, &run, Some(after));
        let item = pages.next().await.unwrap();
        assert_eq!(item, HubItem { number: Some(newest), event: LiveEvent::Resync }, "after {after}");
        assert_eq!(ready(&mut pages), [], "after {after}");
    }
    // And it goes on from there.
    let mut pages = subscribe(&lab.services, &run, Some(newest + 1_000));
    assert_eq!(pages.next().await.unwrap().event, LiveEvent::Resync);
    lab.services.task_pump().await.unwrap();
    point(&lab, &run, 5).await;
    lab.services.task_pump().await.unwrap();
    assert_eq!(ready(&mut pages).iter().map(step_of).collect::<Vec<_>>(), [5]);
}

#[tokio::test]
async fn a_slow_reader_gets_one_resync_and_goes_on() {
    let lab = Lab::new().await;
    let run = lab.running().await;
    lab.services.task_pump().await.unwrap();
    let mut slow = subscribe(&lab.services, &run, None);
    let mut quick = subscribe(&lab.services, &run, None);
    let mut seen_by_quick = 0;
    for step in 0..400 {
        point(&lab, &run, step).await;
        if step % 50 == 49 {
            lab.services.task_pump().await.unwrap();
            seen_by_quick += ready(&mut quick).len();
        }
    }
    assert_eq!(seen_by_quick, 400, "a slow reader is no other's trouble");
    let items = ready(&mut slow);
    let (resync, kept) = items.split_last().unwrap();
    assert_eq!(kept.len(), 256);
    assert_eq!(resync.event, LiveEvent::Resync);
    assert_eq!(resync.number, Some(lab.services.live_last_number().await.unwrap()));
    assert_eq!(kept.iter().map(step_of).collect::<Vec<_>>(), (0..256).collect::<Vec<_>>());
    point(&lab, &run, 400).await;
    lab.services.task_pump().await.unwrap();
    assert_eq!(ready(&mut slow).iter().map(step_of).collect::<Vec<_>>(), [400]);
}

#[tokio::test]
async fn a_topic_gets_its_own_and_a_closed_stream_leaves_nothing_behind() {
    let lab = Lab::new().await;
    let run = lab.running().await;
    lab.services.task_pump().await.unwrap();
    let mut runs: Pages = Box::pin(lab.services.hub().subscribe(vec![Topic::Runs], None));
    let id = lab.submit("other", lab.draft()).await;
    let mut own = subscribe(&lab.services, &run, None);
    point(&lab, &run, 0).await;
    lab.services.task_pump().await.unwrap();
    let listed = ready(&mut runs);
    assert!(matches!(&listed[..], [HubItem { event: LiveEvent::Run(it), .. }] if it.id == id));
    assert_eq!(ready(&mut own).iter().map(step_of).collect::<Vec<_>>(), [0]);
    assert_eq!(lab.services.hub().subscriber_count(), 2);
    drop((runs, own));
    assert_eq!(lab.services.hub().subscriber_count(), 0);
}

#[tokio::test]
async fn events_of_another_server_come_through_the_store() {
    let mut lab = Lab::new().await;
    let run = lab.running().await;
    let other = lab.second_server(|_| ());
    other.task_pump().await.unwrap();
    let mut pages = subscribe(&other, &run, None);
    point(&lab, &run, 3).await;
    other.task_pump().await.unwrap();
    assert_eq!(ready(&mut pages).iter().map(step_of).collect::<Vec<_>>(), [3]);
}
