//! CloudWatch's metrics: each point once, and the rule by which an ended run is left alone.

use domain::{
    run::Run,
    series::{SeriesKey, SeriesSource},
};

use crate::{
    fake::{Fault, START},
    lab::Lab,
};

fn cpu() -> SeriesKey {
    SeriesKey { name: "CPUUtilization".to_owned(), source: SeriesSource::Instance, host: "algo-1".to_owned() }
}

async fn values(lab: &Lab, run: &Run, key: &SeriesKey) -> Vec<f64> {
    lab.store.series_points(&run.id, key, None).await.unwrap().iter().map(|it| it.value).collect()
}

fn emit_cpu(lab: &Lab, run: &Run, second: i64) {
    lab.cloud.metric("CPUUtilization", &format!("{}/algo-1", run.job_name), START.plus_seconds(second), second as f64);
}

async fn is_active(lab: &Lab, run: &Run) -> bool {
    lab.store.run_active_list().await.unwrap().iter().any(|it| it.id == run.id)
}

#[tokio::test]
async fn each_instance_point_is_stored_once_as_it_comes() {
    let lab = Lab::new().await;
    let run = lab.running().await;
    for second in (0..40).step_by(2) {
        emit_cpu(&lab, &run, second);
        lab.services.task_sync_metrics().await.unwrap();
        lab.services.task_sync_metrics().await.unwrap();
        lab.clock.advance_seconds(2);
    }
    lab.clock.advance_seconds(5);
    lab.services.task_sync_metrics().await.unwrap();
    let expected: Vec<f64> = (0..40).step_by(2).map(f64::from).collect();
    assert_eq!(values(&lab, &run, &cpu()).await, expected);
    let points = lab.store.series_points(&run.id, &cpu(), None).await.unwrap();
    assert_eq!(points[3].at, START.plus_seconds(6));
}

#[tokio::test]
async fn a_period_is_taken_only_when_it_is_over() {
    let lab = Lab::new().await;
    let run = lab.running().await;
    lab.clock.advance_seconds(10);
    emit_cpu(&lab, &run, 9);
    lab.services.task_sync_metrics().await.unwrap();
    assert_eq!(values(&lab, &run, &cpu()).await, [] as [f64; 0]);
    lab.clock.advance_seconds(1);
    lab.services.task_sync_metrics().await.unwrap();
    assert_eq!(values(&lab, &run, &cpu()).await, [9.0]);
}

#[tokio::test]
async fn data_that_comes_late_is_not_missed() {
    let lab = Lab::new().await;
    let run = lab.running().await;
    emit_cpu(&lab, &run, 0);
    lab.clock.advance_seconds(30);
    lab.services.task_sync_metrics().await.unwrap();
    // Ten seconds old already when the engine shows it.
    emit_cpu(&lab, &run, 20);
    lab.services.task_sync_metrics().await.unwrap();
    assert_eq!(values(&lab, &run, &cpu()).await, [0.0, 20.0]);
}

#[tokio::test]
async fn a_crash_at_any_query_repeats_and_loses_nothing() {
    for fault in [Fault::HangBefore, Fault::HangAfter, Fault::AnswerLost, Fault::Throttled] {
        let mut lab = Lab::new().await;
        let run = lab.running().await;
        for second in (0..60).step_by(2) {
            emit_cpu(&lab, &run, second);
        }
        lab.clock.advance_seconds(30);
        lab.services.task_sync_metrics().await.unwrap();
        lab.clock.advance_seconds(30);
        lab.cloud.arm_call("query", 0, fault);
        let services = lab.services.clone();
        lab.run_until_hung(async move { services.task_sync_metrics().await }).await;
        assert_eq!(lab.cloud.fired(), 1);
        lab.crash_and_restart().await;
        lab.clock.advance_seconds(5);
        lab.services.task_sync_metrics().await.unwrap();
        let expected: Vec<f64> = (0..60).step_by(2).map(f64::from).collect();
        assert_eq!(values(&lab, &run, &cpu()).await, expected, "{fault:?}");
    }
}

#[tokio::test]
async fn a_long_history_is_copied_in_windows() {
    let lab = Lab::new().await;
    let run = lab.running().await;
    for second in (0..20_000).step_by(500) {
        emit_cpu(&lab, &run, second);
    }
    lab.clock.advance_seconds(20_000);
    let mut passes = 1;
    while lab.services.task_sync_metrics().await.unwrap().again {
        passes += 1;
    }
    assert_eq!(passes, 4);
    assert_eq!(values(&lab, &run, &cpu()).await.len(), 40);
}

#[tokio::test]
async fn algorithm_metrics_come_from_cloudwatch_only_where_the_log_has_none() {
    let lab = Lab::new().await;
    let mut draft = lab.draft();
    draft.fields.set("AlgorithmSpecification.MetricDefinitions[1].Name", "accuracy");
    draft.fields.set("AlgorithmSpecification.MetricDefinitions[1].Regex", "accuracy=([0-9.]+)");
    let id = lab.submit("key", draft).await;
    lab.services.dispatch_once().await.unwrap();
    lab.services.task_sync_jobs().await.unwrap();
    let run = lab.run(&id).await;
    lab.cloud.log(&format!("{}/algo-1-1", run.job_name), "step=7 loss=0.5");
    lab.services.task_sync_logs().await.unwrap();
    lab.cloud.metric("loss", run.job_name.as_str(), START.plus_seconds(1), 0.5);
    lab.cloud.metric("accuracy", run.job_name.as_str(), START.plus_seconds(1), 0.75);
    lab.clock.advance_seconds(5);
    lab.services.task_sync_metrics().await.unwrap();
    let series = lab.services.run_series(&run.id, None).await.unwrap();
    let mut found: Vec<_> =
        series.iter().map(|it| (it.key.name.as_str(), it.key.source, it.points[0].step, it.points[0].value)).collect();
    found.sort_by_key(|it| it.0);
    assert_eq!(found, [("accuracy", SeriesSource::CloudWatch, 0, 0.75), ("loss", SeriesSource::Log, 7, 0.5)]);
}

#[tokio::test]
async fn an_ended_run_is_left_alone_only_when_everything_is_copied() {
    let lab = Lab::new().await;
    let run = lab.running().await;
    let stream = format!("{}/algo-1-1", run.job_name);
    lab.cloud.log(&stream, "epoch=1 loss=0.5");
    lab.clock.advance_seconds(10);
    lab.cloud.complete(run.job_name.as_str());
    lab.services.task_sync_jobs().await.unwrap();
    assert!(lab.run(&run.id).await.is_over());
    lab.services.task_sync_logs().await.unwrap();
    lab.services.task_sync_metrics().await.unwrap();
    assert!(is_active(&lab, &run).await, "the last lines and points may still be on their way");

    // They arrive: after the end, inside the grace.
    lab.clock.advance_seconds(1);
    lab.cloud.log(&stream, "epoch=2 loss=0.25");
    emit_cpu(&lab, &run, 9);
    lab.clock.advance_seconds(10);
    for _ in 0..3 {
        lab.services.task_sync_logs().await.unwrap();
        lab.services.task_sync_metrics().await.unwrap();
    }
    assert!(!is_active(&lab, &run).await);
    assert_eq!(values(&lab, &run, &cpu()).await, [9.0]);
    let loss = SeriesKey { name: "loss".to_owned(), source: SeriesSource::Log, host: "algo-1".to_owned() };
    assert_eq!(values(&lab, &run, &loss).await, [0.5, 0.25]);

    // And nobody asks for them any more.
    let (streams, queries) = (lab.cloud.calls_of("streams"), lab.cloud.calls_of("query"));
    lab.services.task_sync_logs().await.unwrap();
    lab.services.task_sync_metrics().await.unwrap();
    assert_eq!((lab.cloud.calls_of("streams"), lab.cloud.calls_of("query")), (streams, queries));
}

#[tokio::test]
async fn metrics_that_are_late_keep_a_run_open_after_its_log_is_through() {
    let lab = Lab::new().await;
    let run = lab.running().await;
    lab.clock.advance_seconds(10);
    lab.cloud.complete(run.job_name.as_str());
    lab.services.task_sync_jobs().await.unwrap();
    // The log's grace is over, the metrics' is not.
    lab.clock.advance_seconds(2);
    lab.services.task_sync_logs().await.unwrap();
    lab.services.task_sync_metrics().await.unwrap();
    assert!(is_active(&lab, &run).await);
    emit_cpu(&lab, &run, 9);
    lab.clock.advance_seconds(5);
    lab.services.task_sync_metrics().await.unwrap();
    assert!(!is_active(&lab, &run).await);
    assert_eq!(values(&lab, &run, &cpu()).await, [9.0]);
}
