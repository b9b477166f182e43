//! `BatchGetMetrics`: series of a metric, one value per period, along iterations or time.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::entries;
use crate::field;
use crate::sagemaker::experiments::{Kind, Sample, Summary, arn};
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};

const MOST_QUERIES: usize = 100;
/// More points than this are not answered for one query: it is `Truncated`.
const MOST_POINTS: usize = 10_000;

const STATISTICS: [&str; 6] = ["Min", "Max", "Avg", "Count", "StdDev", "Last"];

pub(super) fn batch_get_metrics(services: &Services, input: &Value) -> ApiResult {
    let queries = entries(input, "MetricQueries", "metricQueries", MOST_QUERIES)?;
    let results: Vec<Value> = queries
        .iter()
        .map(|query| match result(services, query) {
            Ok(points) => {
                let status = if points.len() > MOST_POINTS { "Truncated" } else { "Complete" };
                let (xs, values): (Vec<i64>, Vec<f64>) = points.into_iter().take(MOST_POINTS).unzip();
                json!({ "Status": status, "XAxisValues": xs, "MetricValues": values })
            }
            Err(error) => {
                let status = if error.status < 500 { "ValidationError" } else { "InternalError" };
                json!({ "Status": status, "Message": error.message, "XAxisValues": [], "MetricValues": [] })
            }
        })
        .collect();
    Ok(json!({ "MetricQueryResults": results }))
}

/// What one point stands for.
#[derive(Clone, Copy)]
enum Period {
    Milliseconds(i64),
    Iteration,
}

impl Period {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "OneMinute" => Self::Milliseconds(60_000),
            "FiveMinute" => Self::Milliseconds(300_000),
            "OneHour" => Self::Milliseconds(3_600_000),
            "IterationNumber" => Self::Iteration,
            _ => return None,
        })
    }
}

/// The points of a query, in order of the x-axis.
fn result(services: &Services, query: &Value) -> Result<Vec<(i64, f64)>, ApiError> {
    let member = |name: &str| {
        field::text(query, name).ok_or_else(|| ApiError::validation(format!("{name} must be given in every query.")))
    };
    let statistic = member("MetricStat")?;
    let period = Period::parse(member("Period")?);
    let along_time = match member("XAxisType")? {
        "Timestamp" => Some(true),
        "IterationNumber" => Some(false),
        _ => None,
    };
    let (Some(period), Some(along_time), true) = (period, along_time, STATISTICS.contains(&statistic)) else {
        return Err(ApiError::validation("MetricStat, Period or XAxisType has a value that is not in its enum."));
    };
    let samples = samples(services, member("ResourceArn")?, member("MetricName")?)?;

    let mut bins: BTreeMap<i64, (Summary, i64)> = BTreeMap::new();
    for (ordinal, sample) in samples.iter().enumerate() {
        let iteration = sample.step.unwrap_or(i64::try_from(ordinal).unwrap_or(i64::MAX));
        let bin = match period {
            Period::Milliseconds(width) => sample.at_ms.div_euclid(width) * width,
            Period::Iteration => iteration,
        };
        let (summary, last_iteration) = bins.entry(bin).or_default();
        summary.add(sample);
        *last_iteration = iteration.max(*last_iteration);
    }
    let (start, end) = (field::integer(query, "Start"), field::integer(query, "End"));
    let mut points: Vec<(i64, f64)> = bins
        .into_iter()
        .map(|(bin, (summary, last_iteration))| {
            let x = match (along_time, period) {
                (true, Period::Milliseconds(_)) => bin / 1000,
                (true, Period::Iteration) => summary.last_at_ms() / 1000,
                (false, _) => last_iteration,
            };
            (x, summary.statistic(statistic))
        })
        .filter(|(x, _)| start.is_none_or(|start| *x >= start) && end.is_none_or(|end| *x <= end))
        .collect();
    points.sort_by_key(|(x, _)| *x);
    Ok(points)
}

/// Samples of a trial component (with those of the job that it stands for) or of a training job.
fn samples(services: &Services, resource: &str, metric: &str) -> Result<Vec<Sample>, ApiError> {
    let unknown = || {
        let shown: String = resource.chars().take(256).collect();
        ApiError::validation(format!("The resource {shown} does not exist."))
    };
    let name = resource.rsplit('/').next().unwrap_or_default();
    if resource.eq_ignore_ascii_case(&arn(services, Kind::TrialComponent, name)) {
        let component = services.experiments.get(Kind::TrialComponent, name).ok_or_else(unknown)?;
        let mut samples = services.experiments.metrics.read(name, metric).map_err(ApiError::internal)?;
        if let Some(job) = component.job {
            samples.extend(of_job(services, &job.name, metric));
        }
        return Ok(samples);
    }
    let job = crate::sagemaker::job_by_arn(services, resource)?;
    Ok(of_job(services, &job.name, metric))
}

fn of_job(services: &Services, job: &str, metric: &str) -> Vec<Sample> {
    let samples = services.jobs.metrics_read(job, 0).into_iter();
    samples
        .filter(|sample| sample.metric == metric && sample.dimension.0 == "TrainingJobName")
        .map(|sample| Sample { at_ms: sample.at_ms, step: None, value: sample.value })
        .collect()
}
