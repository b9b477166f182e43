//! The sums of one month: in all, by day, and by whatever was chosen.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Month, Spend};
use crate::{
    cost::{CostFacts, CostSummary},
    ids::RunId,
    money::NanoUsd,
    run::RunBadge,
    time::Timestamp,
};

/// A run as a review counts it.
#[derive(Clone, Debug, PartialEq)]
pub struct CostRun {
    pub id: RunId,
    pub job_name: String,
    pub experiment: String,
    pub instance_type: Option<String>,
    pub badge: RunBadge,
    pub ended_at: Option<Timestamp>,
    pub facts: CostFacts,
    /// Key and value, without Trainyard's own.
    pub tags: Vec<(String, String)>,
}

/// What runs are put together by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CostGrouping {
    #[default]
    Experiment,
    InstanceType,
    /// Spot or on demand.
    Market,
    Status,
    /// The value of the tag of this key; runs without it are a group of their own.
    Tag(String),
    Run,
}

impl CostGrouping {
    /// As it stands in a URL: `experiment`, `instance`, `market`, `status`, `run`, `tag:team`.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "experiment" => Self::Experiment,
            "instance" => Self::InstanceType,
            "market" => Self::Market,
            "status" => Self::Status,
            "run" => Self::Run,
            other => Self::Tag(other.strip_prefix("tag:").filter(|it| !it.is_empty())?.to_owned()),
        })
    }

    /// The group that a run belongs to; empty: it has no such thing.
    fn key(&self, run: &CostRun) -> String {
        match self {
            Self::Experiment => run.experiment.clone(),
            Self::InstanceType => run.instance_type.clone().unwrap_or_default(),
            Self::Market => if run.facts.spot { "spot" } else { "on-demand" }.to_owned(),
            Self::Status => run.badge.as_str().to_owned(),
            Self::Tag(key) => run.tags.iter().find(|(it, _)| it == key).map(|(_, it)| it.clone()).unwrap_or_default(),
            Self::Run => run.id.to_string(),
        }
    }
}

impl std::fmt::Display for CostGrouping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Experiment => f.write_str("experiment"),
            Self::InstanceType => f.write_str("instance"),
            Self::Market => f.write_str("market"),
            Self::Status => f.write_str("status"),
            Self::Run => f.write_str("run"),
            Self::Tag(key) => write!(f, "tag:{key}"),
        }
    }
}

/// Only runs of these groups, one for each step into the figures: `(grouping, key)`.
pub type CostFilter = Vec<(CostGrouping, String)>;

/// More groups than these are summed up in the last one.
pub const MAX_GROUPS: usize = 200;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostGroup {
    /// In a filter. Empty: what has no such thing. `None`: all the groups that are not listed.
    pub key: Option<String>,
    /// As people read it: a run's job name instead of its id.
    pub label: String,
    pub spend: Spend,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostReview {
    pub month: Month,
    pub total: Spend,
    /// Of the month before, the same runs' choice.
    pub previous: Option<Spend>,
    /// One for each day of the month.
    pub days: Vec<Spend>,
    /// The dearest first.
    pub groups: Vec<CostGroup>,
    /// Keys of tags that any run of the month has.
    pub tag_keys: Vec<String>,
}

impl CostReview {
    /// `runs`: those that ran at any time in the month or the one before.
    pub fn of(runs: &[CostRun], month: Month, grouping: &CostGrouping, filter: &CostFilter, now: Timestamp) -> Self {
        let in_month = (month.start(), month.end());
        let borders: Vec<Timestamp> = month.day_borders().collect();
        let mut total = Spend::default();
        let mut days = vec![Spend::default(); month.day_count() as usize];
        let mut groups: BTreeMap<String, (String, Spend)> = BTreeMap::new();
        let mut previous = month.previous().map(|it| (Spend::default(), (it.start(), it.end())));
        let mut tag_keys: BTreeSet<String> = BTreeSet::new();
        for run in runs.iter().filter(|run| filter.iter().all(|(grouping, key)| grouping.key(run) == *key)) {
            let Some(span) = Span::of(run, now) else { continue };
            let cost = run.facts.summary(now);
            if let Some((spend, period)) = &mut previous {
                span.add(spend, &cost, *period);
            }
            if !span.touches(in_month) {
                continue;
            }
            span.add(&mut total, &cost, in_month);
            for (day, borders) in days.iter_mut().zip(borders.windows(2)) {
                span.add(day, &cost, (borders[0], borders[1]));
            }
            let key = grouping.key(run);
            let label = if *grouping == CostGrouping::Run { run.job_name.clone() } else { key.clone() };
            span.add(&mut groups.entry(key).or_insert((label, Spend::default())).1, &cost, in_month);
            tag_keys.extend(run.tags.iter().map(|(key, _)| key.clone()));
        }
        let previous = previous.map(|(spend, _)| spend);
        Self { month, total, previous, days, groups: dearest_first(groups), tag_keys: tag_keys.into_iter().collect() }
    }
}

fn dearest_first(groups: BTreeMap<String, (String, Spend)>) -> Vec<CostGroup> {
    let mut list: Vec<CostGroup> =
        groups.into_iter().map(|(key, (label, spend))| CostGroup { key: Some(key), label, spend }).collect();
    list.sort_by_key(|it| std::cmp::Reverse(it.spend.total()));
    if list.len() > MAX_GROUPS {
        let rest = list.split_off(MAX_GROUPS - 1);
        let label = format!("{} others", rest.len());
        let spend = rest.iter().fold(Spend::default(), |sum, it| sum.plus(&it.spend));
        list.push(CostGroup { key: None, label, spend });
    }
    list
}

/// What a run spent in a month, as far as is known at `now`.
pub fn month_spend(run: &CostRun, month: Month, now: Timestamp) -> Spend {
    let mut spend = Spend::default();
    if let Some(span) = Span::of(run, now) {
        span.add(&mut spend, &run.facts.summary(now), (month.start(), month.end()));
    }
    spend
}

/// When a run ran: its cost grows evenly from one end to the other.
#[derive(Clone, Copy)]
struct Span {
    from: i64,
    to: i64,
}

impl Span {
    /// `None`: it has not begun.
    fn of(run: &CostRun, now: Timestamp) -> Option<Self> {
        let from = run.facts.started_at?.unix_micros();
        let to = run.ended_at.unwrap_or(now).unix_micros();
        // A moment has no inside: it lies in the period that it begins.
        Some(Self { from, to: to.max(from.saturating_add(1)) })
    }

    fn touches(self, (from, to): (Timestamp, Timestamp)) -> bool {
        self.from < to.unix_micros() && self.to > from.unix_micros()
    }

    /// How much of `whole` has accrued up to a moment; rounded down, so that differences of it sum exactly.
    fn accrued(self, whole: NanoUsd, at: i64) -> i64 {
        let passed = i128::from(at.clamp(self.from, self.to)) - i128::from(self.from);
        let length = i128::from(self.to) - i128::from(self.from);
        i64::try_from(i128::from(whole.0) * passed / length).unwrap_or(whole.0)
    }

    fn add(self, spend: &mut Spend, cost: &CostSummary, period: (Timestamp, Timestamp)) {
        if self.touches(period) {
            let (from, to) = (period.0.unix_micros(), period.1.unix_micros());
            spend.add(cost, |whole| NanoUsd(self.accrued(whole, to) - self.accrued(whole, from)));
        }
    }
}
