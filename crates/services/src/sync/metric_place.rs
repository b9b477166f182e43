//! Where the copy of a run's CloudWatch metrics is: which periods are through, and the last point of each series.

use std::collections::BTreeMap;

use domain::{
    series::{NewPoint, SeriesKey},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::engine::MetricData;

/// Kept as JSON in the store's cursor `cloudwatch`. Points are taken once because each series remembers its last one;
/// `until` only says where to begin asking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MetricPlace {
    /// Microseconds: everything before was asked for once.
    pub(crate) until: i64,
    /// Microseconds of the last point, by series.
    pub(crate) last: BTreeMap<String, i64>,
}

impl MetricPlace {
    pub(crate) fn parse(stored: Option<&str>, start: Timestamp) -> Self {
        stored
            .and_then(|it| serde_json::from_str(it).ok())
            .unwrap_or(Self { until: start.unix_micros(), last: BTreeMap::new() })
    }

    pub(crate) fn to_text(&self) -> String {
        serde_json::json!({ "until": self.until, "last": self.last }).to_string()
    }

    /// The points that are new and whose period has ended before `to`.
    pub(crate) fn take_new(
        &mut self,
        key: &SeriesKey,
        data: &MetricData,
        to: Timestamp,
        period_micros: i64,
    ) -> Vec<NewPoint> {
        let id = format!("{}/{}/{}", key.source.as_str(), key.host, key.name);
        let mut last = self.last.get(&id).copied().unwrap_or(i64::MIN);
        let mut points = Vec::new();
        for (at, value) in &data.points {
            let micros = at.unix_micros();
            if micros > last && micros.saturating_add(period_micros) <= to.unix_micros() {
                points.push(NewPoint { step: None, at: *at, value: *value });
                last = micros;
            }
        }
        if !points.is_empty() {
            self.last.insert(id, last);
        }
        points
    }
}

/// The start of the period that `at` is in.
pub(crate) fn floor_to(at: Timestamp, period_micros: i64) -> Timestamp {
    Timestamp::from_unix_micros(at.unix_micros().div_euclid(period_micros) * period_micros)
}
