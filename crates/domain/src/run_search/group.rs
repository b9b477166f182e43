//! Runs put together by the values of some fields, with statistics of others.

use std::{collections::HashMap, fmt::Write as _};

use serde::{Deserialize, Serialize};

use super::{Condition, Field, Value};

/// Runs that have the same values in all fields that they are grouped by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunGroup {
    /// In the order of the fields; `None`: these runs have no such value.
    pub values: Vec<Option<Value>>,
    pub count: u64,
    /// In the order of the columns; `None`: no run of the group has a number there.
    pub statistics: Vec<Option<Statistics>>,
}

/// All groups, or the largest of them when there are too many.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunGroupPage {
    /// Runs that match.
    pub run_total: u64,
    /// Groups that they make.
    pub group_total: u64,
    pub groups: Vec<RunGroup>,
}

/// Of the numbers that are not NaN; an infinity among them makes of mean and deviation what arithmetic makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    pub n: u64,
    #[serde(with = "crate::series::lossless_f64")]
    pub mean: f64,
    /// Of a sample, by `n - 1`; 0 for one number.
    #[serde(with = "crate::series::lossless_f64")]
    pub std: f64,
    #[serde(with = "crate::series::lossless_f64")]
    pub min: f64,
    #[serde(with = "crate::series::lossless_f64")]
    pub max: f64,
}

/// Welford's running mean and sum of squares, which loses nothing to large offsets.
#[derive(Clone, Copy, Debug, Default)]
struct Running {
    n: u64,
    mean: f64,
    squares: f64,
    min: f64,
    max: f64,
}

impl Running {
    fn add(&mut self, value: f64) {
        if value.is_nan() {
            return;
        }
        self.n += 1;
        let distance = value - self.mean;
        self.mean += distance / self.n as f64;
        self.squares += distance * (value - self.mean);
        self.min = if self.n == 1 { value } else { self.min.min(value) };
        self.max = if self.n == 1 { value } else { self.max.max(value) };
    }

    fn finish(self) -> Option<Statistics> {
        let Self { n, mean, squares, min, max } = self;
        let std = if n > 1 { (squares / (n - 1) as f64).sqrt() } else { 0.0 };
        (n > 0).then_some(Statistics { n, mean, std, min, max })
    }
}

impl Statistics {
    /// `None` when none of the values is a number.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut running = Running::default();
        values.into_iter().for_each(|it| running.add(it));
        running.finish()
    }
}

/// Groups while they grow: runs come one by one, and none is kept.
#[derive(Debug, Default)]
pub struct RunGroups {
    places: HashMap<String, usize>,
    groups: Vec<(Vec<Option<Value>>, u64, Vec<Running>)>,
    count: u64,
}

impl RunGroups {
    /// One run: its values in the fields that are grouped by, and those in the columns.
    pub fn add(&mut self, values: Vec<Option<Value>>, columns: &[Option<Value>]) {
        self.count += 1;
        let place = *self.places.entry(key(&values)).or_insert_with(|| {
            self.groups.push((values, 0, vec![Running::default(); columns.len()]));
            self.groups.len() - 1
        });
        let (_, count, running) = &mut self.groups[place];
        *count += 1;
        for (running, value) in running.iter_mut().zip(columns) {
            if let Some(value) = value.as_ref().and_then(Value::as_f64) {
                running.add(value);
            }
        }
    }

    /// The `limit` largest groups, the first that came before others of their size.
    pub fn finish(self, limit: usize) -> RunGroupPage {
        let (run_total, group_total) = (self.count, self.groups.len() as u64);
        let mut groups = self.groups;
        groups.sort_by_key(|(_, count, _)| std::cmp::Reverse(*count));
        groups.truncate(limit);
        let group = |(values, count, running): (_, _, Vec<Running>)| RunGroup {
            values,
            count,
            statistics: running.into_iter().map(Running::finish).collect(),
        };
        RunGroupPage { run_total, group_total, groups: groups.into_iter().map(group).collect() }
    }
}

/// Equal for equal values: each with its length, so that no text reads as two. All NaNs are one value.
fn key(values: &[Option<Value>]) -> String {
    let mut key = String::new();
    for value in values {
        match value {
            Some(value) => {
                let text = value.to_string();
                let _ = write!(key, "{}:{text}", text.len());
            }
            None => key.push('-'),
        }
    }
    key
}

/// The search that finds exactly the runs of a group of what `search` found.
pub fn group_search(search: &str, by: &[Field], values: &[Option<Value>]) -> String {
    let mut list = Vec::new();
    match Condition::parse(search) {
        Ok(Some(Condition::And(all))) => list.extend(all),
        Ok(found) => list.extend(found),
        // What cannot be read found nothing that could be grouped.
        Err(_) => return search.to_owned(),
    }
    list.extend(by.iter().zip(values).map(|(field, value)| field.is(value.as_ref())));
    match <[Condition; 1]>::try_from(list) {
        Ok([only]) => only.to_string(),
        Err(list) if list.is_empty() => String::new(),
        Err(list) => Condition::And(list).to_string(),
    }
}
