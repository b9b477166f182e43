//! Metrics out of CloudWatch: batches of 500 queries, each paged to its end.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_cloudwatch::{
    primitives::DateTime,
    types::{Dimension, Metric, MetricDataQuery, MetricStat, ScanBy},
};
use domain::time::Timestamp;
use services::engine::{EngineError, MetricData, MetricEngine, MetricQuery};

use crate::error::of_sdk;

/// Both kinds of a training job's metrics live in this namespace.
const NAMESPACE: &str = "/aws/sagemaker/TrainingJobs";
/// The most that one GetMetricData call takes.
const BATCH: usize = 500;
/// A query's pages end; a server that never ends them is cut here.
const MAX_PAGES: usize = 1_000;

pub(crate) struct CloudWatch {
    pub(crate) client: aws_sdk_cloudwatch::Client,
}

#[async_trait]
impl MetricEngine for CloudWatch {
    async fn query(
        &self,
        queries: &[MetricQuery],
        from: Timestamp,
        to: Timestamp,
        period_seconds: u32,
    ) -> Result<Vec<MetricData>, EngineError> {
        let mut answers = Vec::with_capacity(queries.len());
        for batch in queries.chunks(BATCH) {
            answers.extend(self.batch(batch, from, to, period_seconds).await?);
        }
        Ok(answers)
    }
}

impl CloudWatch {
    async fn batch(
        &self,
        batch: &[MetricQuery],
        from: Timestamp,
        to: Timestamp,
        period_seconds: u32,
    ) -> Result<Vec<MetricData>, EngineError> {
        let period = i32::try_from(period_seconds).unwrap_or(i32::MAX);
        let queries: Vec<MetricDataQuery> =
            batch.iter().enumerate().map(|(index, query)| query_of(index, query, period)).collect();
        let mut points: Vec<Vec<(Timestamp, f64)>> = vec![Vec::new(); batch.len()];
        let ids: HashMap<String, usize> = (0..batch.len()).map(|index| (query_id(index), index)).collect();
        let mut token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let page = self
                .client
                .get_metric_data()
                .set_metric_data_queries(Some(queries.clone()))
                .start_time(date_time(from))
                .end_time(date_time(to))
                .scan_by(ScanBy::TimestampAscending)
                .set_next_token(token.clone())
                .send()
                .await
                .map_err(of_sdk)?;
            for result in page.metric_data_results() {
                let Some(index) = result.id().and_then(|id| ids.get(id)) else { continue };
                let pairs = result.timestamps().iter().zip(result.values());
                points[*index].extend(pairs.map(|(at, value)| (timestamp(at), *value)));
            }
            match page.next_token {
                Some(next) if token.as_ref() != Some(&next) => token = Some(next),
                _ => break,
            }
        }
        Ok(points
            .into_iter()
            .map(|mut points| {
                points.sort_by_key(|(at, _)| *at);
                points.dedup_by_key(|(at, _)| *at);
                MetricData { points }
            })
            .collect())
    }
}

/// CloudWatch wants ids that begin with a lower-case letter.
fn query_id(index: usize) -> String {
    format!("q{index}")
}

fn query_of(index: usize, query: &MetricQuery, period: i32) -> MetricDataQuery {
    let (dimension_name, dimension_value) = &query.dimension;
    let dimension = Dimension::builder().name(dimension_name).value(dimension_value).build();
    let metric = Metric::builder().namespace(NAMESPACE).metric_name(&query.name).dimensions(dimension).build();
    let stat = MetricStat::builder().metric(metric).period(period).stat("Average").build();
    MetricDataQuery::builder().id(query_id(index)).metric_stat(stat).return_data(true).build()
}

fn date_time(at: Timestamp) -> DateTime {
    DateTime::from_millis(at.unix_millis())
}

fn timestamp(at: &DateTime) -> Timestamp {
    Timestamp::from_unix_micros(at.as_nanos().div_euclid(1_000).try_into().unwrap_or(i64::MAX))
}
