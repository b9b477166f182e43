//! Runs as a month's review counts them.

use domain::{
    cost::CostFacts, costs::CostRun, ids::RunId, job_spec::tag, money::NanoUsd, run::RunBadge, time::Timestamp,
};
use serde::Deserialize;
use sqlx::FromRow;

use crate::{Store, db::fetch, error::Result, text};

/// SageMaker ends a job after 28 days at the latest (`MaxRuntimeInSeconds`, API reference); twice that and a little is
/// beyond doubt. Runs that began earlier are not looked at, so that a month reads an index's range and not every run.
pub(crate) const LONGEST_RUN_SECONDS: i64 = 60 * 86_400;

#[derive(FromRow)]
pub(crate) struct CostRow {
    id: String,
    job_name: String,
    experiment: String,
    instance_type: Option<String>,
    instance_count: i64,
    spot: i64,
    badge: String,
    price_nanousd_per_hour: Option<i64>,
    started_at: Option<i64>,
    ended_at: Option<i64>,
    training_seconds: Option<i64>,
    billable_seconds: Option<i64>,
    tags: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    #[serde(default)]
    value: String,
}

impl CostRow {
    pub(crate) fn into_run(self) -> Result<CostRun> {
        let bad = |what: &str| text::bad_row("runs", &self.id, what);
        let badge = RunBadge::parse(&self.badge).ok_or_else(|| bad("unknown badge"))?;
        // What another client wrote as tags and is none counts as none: a review of all runs must not fail for it.
        let tags: Vec<Tag> = self.tags.as_deref().and_then(|it| serde_json::from_str(it).ok()).unwrap_or_default();
        let own = tags.into_iter().filter(|it| !it.key.starts_with(tag::PREFIX));
        Ok(CostRun {
            id: RunId::parse(&self.id).map_err(|err| bad(&err.to_string()))?,
            job_name: self.job_name,
            experiment: self.experiment,
            instance_type: self.instance_type,
            badge,
            ended_at: self.ended_at.map(Timestamp::from_unix_micros),
            facts: CostFacts {
                spot: self.spot != 0,
                is_over: badge.is_over(),
                started_at: self.started_at.map(Timestamp::from_unix_micros),
                instance_count: u32::try_from(self.instance_count).unwrap_or(u32::MAX),
                price_nanousd_per_hour: self.price_nanousd_per_hour.map(NanoUsd),
                training_seconds: self.training_seconds.map(text::to_u64),
                billable_seconds: self.billable_seconds.map(text::to_u64),
            },
            tags: own.map(|it| (it.key, it.value)).collect(),
        })
    }
}

impl Store {
    /// Runs that ran at any time from `from` on and before `to`, those that still run included.
    #[tracing::instrument(name = "db.run.costs", level = "debug", skip_all)]
    pub async fn run_cost_list(&self, from: Timestamp, to: Timestamp) -> Result<Vec<CostRun>> {
        let mut reader = self.db.reader().await?;
        let rows = fetch!(
            all,
            CostRow,
            reader,
            "SELECT id, job_name, experiment, instance_type, instance_count, spot, badge,
                    price_nanousd_per_hour, started_at, ended_at, training_seconds, billable_seconds, tags
             FROM runs WHERE started_at >= $1 AND started_at < $2 AND (ended_at IS NULL OR ended_at >= $3)
             ORDER BY id",
            from.plus_seconds(-LONGEST_RUN_SECONDS).unix_micros(),
            to.unix_micros(),
            from.unix_micros(),
        )?;
        rows.into_iter().map(CostRow::into_run).collect()
    }
}
