//! A run as a list shows it: narrow, with the parameters, tags and metrics that were asked for and no others.

use serde::{Deserialize, Serialize};

use super::{Field, Stat, Value};
use crate::{
    cost::CostFacts,
    ids::{ExperimentName, JobName, RunId},
    run::{Run, RunBadge, RunOrigin},
    series::lossless_f64,
    time::Timestamp,
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListedRun {
    pub id: RunId,
    pub experiment: ExperimentName,
    pub job_name: JobName,
    pub badge: RunBadge,
    pub origin: RunOrigin,
    pub instance_type: Option<String>,
    pub facts: CostFacts,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub updated_at: Timestamp,
    pub is_archived: bool,
    /// Name and value, as `tags`.
    pub params: Vec<(String, String)>,
    pub tags: Vec<(String, String)>,
    pub metrics: Vec<MetricSummary>,
}

/// A metric of one run. One that came by several ways is that of the first of them: the run's log, an MLflow client,
/// CloudWatch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricSummary {
    pub name: String,
    #[serde(with = "lossless_f64")]
    pub last: f64,
    #[serde(with = "lossless_f64")]
    pub first: f64,
    /// Of the finite values, as `max`; `None` when none was.
    pub min: Option<f64>,
    pub max: Option<f64>,
    /// NaN and infinities included.
    pub count: u64,
}

impl MetricSummary {
    pub fn value(&self, stat: Stat) -> Option<f64> {
        match stat {
            Stat::Last => Some(self.last),
            Stat::First => Some(self.first),
            Stat::Min => self.min,
            Stat::Max => self.max,
            Stat::Count => Some(self.count as f64),
        }
    }
}

impl ListedRun {
    /// What the list shows in this column; `None` when there is nothing, or the column was not asked for.
    pub fn value(&self, field: &Field, now: Timestamp) -> Option<Value> {
        let named = |list: &[(String, String)], name: &str| {
            list.iter().find(|(it, _)| it == name).map(|(_, value)| Value::Text(value.clone()))
        };
        let seconds = |it: u64| Value::Seconds(i64::try_from(it).unwrap_or(i64::MAX));
        match field {
            Field::Id => Some(Value::Text(self.id.to_string())),
            Field::Name => Some(Value::Text(self.job_name.to_string())),
            Field::Experiment => Some(Value::Text(self.experiment.to_string())),
            Field::Status => Some(Value::Text(self.badge.as_str().to_owned())),
            Field::Origin => Some(Value::Text(self.origin.as_str().to_owned())),
            Field::InstanceType => self.instance_type.clone().map(Value::Text),
            Field::InstanceCount => Some(Value::Number(f64::from(self.facts.instance_count))),
            Field::Spot => Some(Value::Flag(self.facts.spot)),
            Field::Duration => self.duration_seconds(now).map(Value::Seconds),
            Field::TrainingSeconds => self.facts.training_seconds.map(seconds),
            Field::BillableSeconds => self.facts.billable_seconds.map(seconds),
            Field::Cost => self.facts.summary(now).total.map(Value::Dollars),
            Field::Savings => {
                let permille = self.facts.summary(now).spot_savings_permille;
                permille.map(|it| Value::Percent(f64::from(it) / 10.0))
            }
            Field::Created => Some(Value::Time(self.created_at)),
            Field::Started => self.facts.started_at.map(Value::Time),
            Field::Ended => self.ended_at.map(Value::Time),
            Field::Archived => Some(Value::Flag(self.is_archived)),
            Field::Param(name) => named(&self.params, name),
            Field::Tag(name) => named(&self.tags, name),
            Field::Metric { name, stat } => {
                self.metrics.iter().find(|it| it.name == *name)?.value(*stat).map(Value::Number)
            }
        }
    }

    /// Whole seconds from the start to the end or, while it runs, to now; `None` when either is not known.
    fn duration_seconds(&self, now: Timestamp) -> Option<i64> {
        let started_at = self.facts.started_at?;
        let ended_at = self.ended_at.or_else(|| (!self.facts.is_over).then_some(now))?;
        Some(ended_at.unix_micros().saturating_sub(started_at.unix_micros()).max(0) / 1_000_000)
    }

    /// Takes over what changes in a run's life; parameters, tags and metrics stay as they are.
    pub fn update(&mut self, run: &Run) {
        self.badge = run.badge();
        self.instance_type.clone_from(&run.instance_type);
        self.facts = CostFacts::of_run(run);
        self.ended_at = run.ended_at;
        self.updated_at = run.updated_at;
    }
}

/// A part of what a search found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunSearchPage {
    /// How many runs match in all.
    pub total: u64,
    pub rows: Vec<ListedRun>,
}
