//! Runs side by side: in the order that was asked for, each once, with one series for each metric.

use domain::{
    compare::MAX_COMPARED,
    ids::RunId,
    run::Run,
    series::{IngestBatch, NewPoint, SeriesKey, SeriesSource},
    time::Timestamp,
};

use crate::{fake::START, lab::Lab};

fn key(name: &str, source: SeriesSource, host: &str) -> SeriesKey {
    SeriesKey { name: name.to_owned(), source, host: host.to_owned() }
}

async fn two(lab: &Lab) -> (Run, Run) {
    let (a, b) = (lab.submit("a", lab.draft()).await, lab.submit("b", lab.draft()).await);
    (lab.run(&a).await, lab.run(&b).await)
}

async fn ingest(lab: &Lab, run: &RunId, key: SeriesKey, values: &[f64]) {
    let point =
        |(index, value): (i64, &f64)| NewPoint { step: Some(index), at: START.plus_seconds(index), value: *value };
    let points = (0..).zip(values).map(point).collect();
    let batch = IngestBatch { run_id: run.clone(), series: vec![(key, points)], cursor: None };
    lab.store.series_ingest(&batch, START).await.unwrap();
}

#[tokio::test]
async fn runs_come_in_their_order_each_once_and_the_missing_are_named() {
    let lab = Lab::new().await;
    let (a, b) = two(&lab).await;
    let nobody = RunId::new(Timestamp::from_unix_millis(1), 1);
    let asked = [b.id.clone(), nobody.clone(), a.id.clone(), b.id.clone()];
    let comparison = lab.services.compare_get(&asked).await.unwrap();
    let ids: Vec<_> = comparison.runs.iter().map(|it| it.run.id.clone()).collect();
    assert_eq!((ids, comparison.missing), (vec![b.id.clone(), a.id.clone()], vec![nobody]));
    let newest = lab.services.compare_experiment_list(&a.experiment, 1).await.unwrap();
    assert_eq!(newest, [a.id.clone().max(b.id)]);
    let many: Vec<_> = (0..60).map(|it| RunId::new(Timestamp::from_unix_millis(2), it)).collect();
    assert_eq!(lab.services.compare_get(&many).await.unwrap().missing.len(), MAX_COMPARED);
}

#[tokio::test]
async fn a_metric_is_shown_once_and_instances_are_no_metrics() {
    let lab = Lab::new().await;
    let (a, b) = two(&lab).await;
    ingest(&lab, &a.id, key("loss", SeriesSource::CloudWatch, ""), &[9.0]).await;
    ingest(&lab, &a.id, key("loss", SeriesSource::Log, "algo-2"), &[2.0]).await;
    ingest(&lab, &a.id, key("loss", SeriesSource::Log, "algo-1"), &[3.0, 1.0]).await;
    ingest(&lab, &a.id, key("CPUUtilization", SeriesSource::Instance, "algo-1"), &[50.0]).await;
    ingest(&lab, &b.id, key("loss", SeriesSource::CloudWatch, ""), &[4.0]).await;
    let both = [a.id.clone(), b.id.clone()];
    let comparison = lab.services.compare_get(&both).await.unwrap();
    let [of_a] = comparison.runs[0].metrics.as_slice() else { panic!("one metric: {comparison:?}") };
    assert_eq!((of_a.key.host.as_str(), of_a.last.value.to_bits()), ("algo-1", 1.0_f64.to_bits()));
    assert_eq!(comparison.runs[1].metrics[0].key.source, SeriesSource::CloudWatch);

    let curves = lab.services.compare_curves(&both, "loss", 100).await.unwrap();
    let shape: Vec<(&RunId, Vec<&str>)> =
        curves.iter().map(|(id, series)| (id, series.iter().map(|it| it.key.host.as_str()).collect())).collect();
    assert_eq!(shape, [(&a.id, vec!["algo-1", "algo-2"]), (&b.id, vec![""])]);
    assert_eq!(lab.services.compare_curves(&both, "CPUUtilization", 100).await.unwrap(), []);
}
