//! What is billed of the jobs: a line for each group of instances and for a kept warm pool.
//!
//! A job's billable seconds lie evenly over the spans in which it had instances, which its transitions tell. What a line
//! has taken until some moment is a running sum, rounded down; a period's part is the difference of two of them.

use std::collections::BTreeMap;

use super::period::Period;
use crate::field;
use crate::job::JobRecord;
use crate::pricing::rows;
use crate::quotas::instances;
use crate::services::Services;

const NANO: i128 = 1_000_000_000;
const HOUR_SECONDS: i128 = 3600;

/// Secondary statuses of a job that has no instances, as the job host bills them.
const WAITS: [&str; 4] = ["Interrupted", "Starting", "Pending", "Restarting"];

/// How regions are called in usage types.
const PREFIXES: [(&str, &str); 16] = [
    ("us-east-1", "USE1"),
    ("us-east-2", "USE2"),
    ("us-west-1", "USW1"),
    ("us-west-2", "USW2"),
    ("ca-central-1", "CAN1"),
    ("eu-west-1", "EU"),
    ("eu-west-2", "EUW2"),
    ("eu-west-3", "EUW3"),
    ("eu-central-1", "EUC1"),
    ("eu-north-1", "EUN1"),
    ("ap-northeast-1", "APN1"),
    ("ap-northeast-2", "APN2"),
    ("ap-southeast-1", "APS1"),
    ("ap-southeast-2", "APS2"),
    ("ap-south-1", "APS3"),
    ("sa-east-1", "SAE1"),
];

/// One line of a bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) resource: String,
    pub(super) usage_type: String,
    pub(super) instance_type: String,
    pub(super) purchase: &'static str,
    pub(super) tags: BTreeMap<String, String>,
    /// For one instance, over the whole line.
    seconds: i128,
    count: i128,
    nano_usd_per_hour: i128,
    /// In milliseconds, in order.
    spans: Vec<(i64, i64)>,
}

/// A part of a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) nano_usd: i128,
    pub(super) nano_hours: i128,
}

impl Line {
    pub(super) fn within(&self, period: Period) -> Amount {
        let (begin, end) = (self.until(period.begin_ms), self.until(period.end_ms));
        Amount { nano_usd: end.nano_usd - begin.nano_usd, nano_hours: end.nano_hours - begin.nano_hours }
    }

    pub(super) fn touches(&self, period: Period) -> bool {
        self.spans.iter().any(|(begin, end)| *begin < period.end_ms && *end > period.begin_ms)
    }

    fn until(&self, at_ms: i64) -> Amount {
        let length = |limit: i64| -> i128 {
            self.spans.iter().map(|(begin, end)| i128::from((*end).min(limit) - *begin).max(0)).sum()
        };
        let whole = length(i64::MAX).max(1);
        // Instance-milliseconds of billable time, times what one costs: nothing is divided before the end.
        let part = self.seconds * self.count * length(at_ms);
        let (divisor, nano_usd) = (whole * HOUR_SECONDS, self.nano_usd_per_hour);
        Amount { nano_usd: part * nano_usd / divisor, nano_hours: part * NANO / divisor }
    }
}

/// Every line of the jobs that have ended.
pub(super) fn lines(services: &Services) -> Vec<Line> {
    services.jobs.list().iter().flat_map(|job| of_job(services, job)).collect()
}

fn of_job(services: &Services, job: &JobRecord) -> Vec<Line> {
    let (Some(billable), Some(started_ms), Some(ended_ms)) = (job.billable_seconds, job.started_at_ms, job.ended_at_ms)
    else {
        return Vec::new();
    };
    let prefix =
        PREFIXES.iter().find(|(region, _)| *region == services.region).map_or(services.region.as_str(), |it| it.1);
    let is_spot = field::boolean(&job.request, "EnableManagedSpotTraining").unwrap_or(false);
    let spans = working_spans(job, started_ms, ended_ms);
    let pool = services.jobs.warm_pool(&job.name).and_then(|pool| pool.retained_billable_seconds).filter(|it| *it > 0);
    let mut lines = Vec::new();
    for (instance_type, count) in instances(&job.request) {
        let Some(nano_usd_per_hour) = price(&instance_type) else { continue };
        let line = |kind: &str, purchase, seconds: u64, spans| Line {
            resource: job.arn.clone(),
            usage_type: format!("{prefix}-{kind}:{instance_type}"),
            instance_type: instance_type.clone(),
            purchase,
            tags: job.tags.clone(),
            seconds: seconds.into(),
            count: count.into(),
            nano_usd_per_hour,
            spans,
        };
        let (kind, purchase) = if is_spot { ("TrSpt", "Spot Instances") } else { ("Train", "On Demand Instances") };
        lines.push(line(kind, purchase, billable, spans.clone()));
        if let Some(seconds) = pool {
            let end_ms = ended_ms.saturating_add(i64::try_from(seconds).unwrap_or(0).saturating_mul(1000));
            lines.push(line("TrainWarmPool", "On Demand Instances", seconds, vec![(ended_ms, end_ms)]));
        }
    }
    lines
}

/// When a job had instances. One that the transitions cannot tell had them all the time.
fn working_spans(job: &JobRecord, started_ms: i64, ended_ms: i64) -> Vec<(i64, i64)> {
    let works = job.transitions.iter().filter(|it| !WAITS.contains(&it.status.as_str()));
    let spans: Vec<(i64, i64)> = works
        .map(|it| (it.started_at_ms.max(started_ms), it.ended_at_ms.unwrap_or(ended_ms).min(ended_ms)))
        .filter(|(begin, end)| begin < end)
        .collect();
    if spans.is_empty() { vec![(started_ms, ended_ms.max(started_ms + 1))] } else { spans }
}

fn price(instance_type: &str) -> Option<i128> {
    let usd = rows().iter().find(|row| row.name == instance_type)?.usd_per_hour.as_deref()?;
    nano(usd)
}

/// Decimal text in billionths.
fn nano(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    Some(whole.parse::<i128>().ok()? * NANO + fraction.parse::<i128>().ok()?)
}

/// Billionths as decimal text without zeros at its end.
pub(super) fn decimal(nano: i128) -> String {
    let text = format!("{}.{:09}", nano / NANO, nano % NANO);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_read_and_written_without_floats() {
        for (text, value) in [("0.115", 115_000_000), ("98.32", 98_320_000_000), ("3", 3_000_000_000)] {
            assert_eq!(nano(text), Some(value));
            assert_eq!(decimal(value), text);
        }
        assert_eq!((nano("n/a"), decimal(0), decimal(1)), (None, "0".to_owned(), "0.000000001".to_owned()));
        assert_eq!(price("ml.m5.large"), Some(115_000_000));
        assert_eq!(price("ml.none"), None);
    }

    proptest! {
        /// Whatever the borders of the periods are, their parts make the whole.
        #[test]
        fn the_parts_of_a_line_are_the_whole(
            seconds in 1_u64..1_000_000, count in 1_u32..100, price in 1_i64..500_000_000_000,
            lengths in prop::collection::vec((0_i64..100_000, 1_i64..10_000_000), 1..5),
            borders in prop::collection::btree_set(-1000_i64..60_000_000, 0..20),
        ) {
            let mut at = 0;
            let spans: Vec<(i64, i64)> = lengths.iter().map(|(wait, work)| {
                let begin = at + wait;
                at = begin + work;
                (begin, at)
            }).collect();
            let line = Line {
                resource: String::new(), usage_type: String::new(), instance_type: String::new(), purchase: "",
                tags: BTreeMap::new(), seconds: seconds.into(), count: count.into(),
                nano_usd_per_hour: price.into(), spans,
            };
            let mut edges: Vec<i64> = borders.into_iter().collect();
            edges.insert(0, -2000);
            edges.push(60_000_000);
            let parts: Vec<Amount> =
                edges.windows(2).map(|it| line.within(Period { begin_ms: it[0], end_ms: it[1] })).collect();
            let whole = i128::from(seconds) * i128::from(count);
            prop_assert_eq!(parts.iter().map(|it| it.nano_usd).sum::<i128>(), whole * i128::from(price) / 3600);
            prop_assert_eq!(parts.iter().map(|it| it.nano_hours).sum::<i128>(), whole * NANO / 3600);
            prop_assert!(parts.iter().all(|it| it.nano_usd >= 0));
        }
    }
}
