//! CloudWatch metrics: instance metrics by host, and algorithm metrics by job where the log did not give them.
//!
//! Invariants: one query for all runs that are up to date, one per run that is behind; a point is stored once, in one
//! transaction with the place; a run far behind (imported history) advances by bounded windows.

use domain::{
    instance_type::InstanceTypeInfo,
    metric_definition::MetricDefinition,
    run::Run,
    series::{CursorMove, IngestBatch, SeriesKey, SeriesSource},
    time::Timestamp,
};

use super::{
    definitions_of,
    finish::{Part, end_of},
    metric_place::{MetricPlace, floor_to},
};
use crate::{
    ServiceError, Services,
    config::micros,
    engine::{MetricData, MetricQuery},
    tasks::TaskOutcome,
};

const CURSOR_KEY: &str = "cloudwatch";
const INSTANCE_METRICS: [&str; 3] = ["CPUUtilization", "MemoryUtilization", "DiskUtilization"];
const GPU_METRICS: [&str; 2] = ["GPUUtilization", "GPUMemoryUtilization"];
/// Periods per query: far below CloudWatch's 100,800 points a call for a few series.
const WINDOW_PERIODS: i64 = 5_000;
const MAX_HOSTS: u32 = 100;

/// What is to be asked for one run.
struct RunQuery {
    run: Run,
    keys: Vec<SeriesKey>,
    queries: Vec<MetricQuery>,
    stored: Option<String>,
    place: MetricPlace,
    from: Timestamp,
    /// Exclusive; periods that end before it are final.
    to: Timestamp,
    is_cut: bool,
}

impl Services {
    pub async fn task_sync_metrics(&self) -> Result<TaskOutcome, ServiceError> {
        let (mut together, mut alone) = (Vec::new(), Vec::new());
        for run in self.runs_to_copy().await? {
            let asked = self.run_query(run).await?;
            if asked.is_cut || asked.run.is_over() { alone.push(vec![asked]) } else { together.push(asked) }
        }
        alone.push(together);
        let mut outcome = TaskOutcome::default();
        let mut failure = None;
        for group in alone.into_iter().rev().filter(|it| !it.is_empty()) {
            outcome.again |= group.iter().any(|it| it.is_cut);
            match self.group_copy(group).await {
                Ok(points) => outcome.changed += points,
                Err(err) => failure = Some(err),
            }
        }
        failure.map_or(Ok(outcome), Err)
    }

    async fn run_query(&self, run: Run) -> Result<RunQuery, ServiceError> {
        let config = &self.inner.config;
        let period = i64::from(config.metric_period_seconds) * 1_000_000;
        let start = floor_to(run.created_at, period);
        let stored = self.inner.store.cursor_get(&run.id, CURSOR_KEY).await?;
        let place = MetricPlace::parse(stored.as_deref(), start);
        let until = Timestamp::from_unix_micros(place.until);
        // Late data of periods that were asked for already: each series knows what it has.
        let from = floor_to(until.plus_micros(-micros(config.metric_lookback)), period).max(start);
        let mut newest = floor_to(self.now().plus_micros(-micros(config.metric_settle)), period);
        if run.is_over() {
            let end = end_of(&run).plus_micros(micros(config.metric_end_grace));
            newest = newest.min(floor_to(end, period).plus_micros(period));
        }
        let window_end = until.plus_micros(WINDOW_PERIODS * period);
        let mut keys = instance_keys(&run);
        keys.extend(self.algorithm_keys(&run).await?);
        let queries = keys.iter().map(|it| query(&run, it)).collect();
        let (to, is_cut) = (newest.min(window_end).max(from), newest > window_end);
        Ok(RunQuery { run, keys, queries, stored, place, from, to, is_cut })
    }

    /// The definitions that have no points from the log: those are read from CloudWatch instead.
    async fn algorithm_keys(&self, run: &Run) -> Result<Vec<SeriesKey>, ServiceError> {
        let definitions = definitions_of(run);
        if definitions.is_empty() {
            return Ok(Vec::new());
        }
        let known = self.inner.store.series_list(&run.id).await?;
        let in_log = |name: &str| known.iter().any(|it| it.key.source == SeriesSource::Log && it.key.name == name);
        let missing = definitions.iter().map(MetricDefinition::name).filter(|name| !in_log(name));
        Ok(missing
            .map(|name| SeriesKey { name: name.to_owned(), source: SeriesSource::CloudWatch, host: String::new() })
            .collect())
    }

    async fn group_copy(&self, group: Vec<RunQuery>) -> Result<u64, ServiceError> {
        let from = group.iter().map(|it| it.from).min().unwrap_or_else(|| self.now());
        let to = group.iter().map(|it| it.to).max().unwrap_or(from);
        let queries: Vec<MetricQuery> = group.iter().flat_map(|it| it.queries.iter().cloned()).collect();
        let period_seconds = self.inner.config.metric_period_seconds;
        let answered = if to > from {
            self.inner.engine.metrics.query(&queries, from, to, period_seconds).await
        } else {
            Ok(vec![MetricData::default(); queries.len()])
        };
        let answers = match answered {
            Ok(answers) => answers,
            Err(err) => {
                if let ([alone], true) = (group.as_slice(), err.is_permanent()) {
                    self.part_refused(&alone.run, Part::Metrics).await?;
                }
                return Err(err.into());
            }
        };
        let mut answers = answers.into_iter();
        let mut points = 0;
        for asked in group {
            let own: Vec<MetricData> = answers.by_ref().take(asked.queries.len()).collect();
            points += self.run_answer(asked, &own).await?;
        }
        Ok(points)
    }

    async fn run_answer(&self, asked: RunQuery, answers: &[MetricData]) -> Result<u64, ServiceError> {
        let config = &self.inner.config;
        let RunQuery { run, keys, stored, mut place, to, is_cut, .. } = asked;
        let period = i64::from(config.metric_period_seconds) * 1_000_000;
        let pairs = keys.into_iter().zip(answers);
        let series: Vec<_> = pairs
            .map(|(key, data)| {
                let new = place.take_new(&key, data, to, period);
                (key, new)
            })
            .filter(|(_, new)| !new.is_empty())
            .collect();
        let advanced = to.unix_micros() - place.until;
        place.until = place.until.max(to.unix_micros());
        let mut points = 0;
        // An idle place is written seldom: asking again for a few empty periods costs less than a write per pass.
        if !series.is_empty() || is_cut || advanced > micros(config.metric_lookback).max(period * 60) {
            let cursor = CursorMove { key: CURSOR_KEY.to_owned(), from: stored, to: place.to_text() };
            let batch = IngestBatch { run_id: run.id.clone(), series, cursor: Some(cursor) };
            match self.ingest(batch).await? {
                Some(count) => points = count,
                None => return Ok(0),
            }
        }
        let last_needed = end_of(&run).plus_micros(micros(config.metric_end_grace));
        if run.is_over() && !is_cut && to >= last_needed {
            self.part_done(&run, Part::Metrics).await?;
        } else {
            self.part_open(&run, Part::Metrics).await?;
        }
        Ok(points)
    }
}

fn instance_keys(run: &Run) -> Vec<SeriesKey> {
    let info = run.instance_type.as_deref().and_then(InstanceTypeInfo::find);
    let has_gpu = info.is_none_or(|it| it.gpu_count.unwrap_or(0) > 0);
    let gpu_metrics = GPU_METRICS.iter().filter(|_| has_gpu);
    let names: Vec<&str> = INSTANCE_METRICS.iter().chain(gpu_metrics).copied().collect();
    let hosts = 1..=run.instance_count.clamp(1, MAX_HOSTS);
    let key = |host: u32, name: &str| SeriesKey {
        name: name.to_owned(),
        source: SeriesSource::Instance,
        host: format!("algo-{host}"),
    };
    hosts.flat_map(|host| names.iter().map(move |name| key(host, name))).collect()
}

fn query(run: &Run, key: &SeriesKey) -> MetricQuery {
    let dimension = match key.source {
        SeriesSource::Instance => ("Host".to_owned(), format!("{}/{}", run.job_name, key.host)),
        SeriesSource::Log | SeriesSource::CloudWatch | SeriesSource::Mlflow => {
            ("TrainingJobName".to_owned(), run.job_name.to_string())
        }
    };
    MetricQuery { name: key.name.clone(), dimension }
}
