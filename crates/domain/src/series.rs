//! Series of metric points: what `ingest` takes in, the store keeps and `charts` draws.

use serde::{Deserialize, Serialize};

use crate::{ids::RunId, time::Timestamp};

/// Where a point came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeriesSource {
    /// Parsed from the job's own log lines by its metric definitions.
    Log,
    /// An algorithm metric as CloudWatch holds it (dimension `TrainingJobName`).
    CloudWatch,
    /// An instance metric of CloudWatch (dimension `Host`): CPU, memory, disk, GPU.
    Instance,
    /// Logged by an MLflow client, with its own steps and times. The same point twice is one point: clients send again.
    Mlflow,
}

impl SeriesSource {
    const ALL: [Self; 4] = [Self::Log, Self::CloudWatch, Self::Instance, Self::Mlflow];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::CloudWatch => "cloud_watch",
            Self::Instance => "instance",
            Self::Mlflow => "mlflow",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }
}

/// One series of one run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SeriesKey {
    pub name: String,
    pub source: SeriesSource,
    /// `algo-1` for instance metrics and log metrics; empty where the engine does not tell.
    pub host: String,
}

/// One measurement. `value` may be NaN or infinite: both are kept, and drawn honestly.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The training step when the line named one, else the point's number in its series, from 0.
    pub step: i64,
    pub at: Timestamp,
    #[serde(with = "lossless_f64")]
    pub value: f64,
}

/// A part of a series: what a chart shows when somebody looks closer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PointWindow {
    /// From and to, both included.
    Steps(i64, i64),
    Times(Timestamp, Timestamp),
}

impl Point {
    /// MLflow's order: by step, time and value. NaN counts as 0 there, as in MLflow's own tables.
    pub fn is_after(&self, other: &Self) -> bool {
        let value = |it: &Self| if it.value.is_nan() { 0.0 } else { it.value };
        let place = |it: &Self| (it.step, it.at);
        place(self) > place(other) || place(self) == place(other) && value(self) > value(other)
    }
}

/// A point before `ingest` has numbered it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NewPoint {
    pub step: Option<i64>,
    pub at: Timestamp,
    pub value: f64,
}

/// One call to `ingest`: points of one run with the cursor that they came with, stored in one transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct IngestBatch {
    pub run_id: RunId,
    pub series: Vec<(SeriesKey, Vec<NewPoint>)>,
    /// The reader's place after these points: replaying a batch whose cursor is stored already changes nothing.
    pub cursor: Option<CursorMove>,
}

/// A compare-and-set of a reader's place: applied only when the stored value is still `from`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CursorMove {
    /// `log:<stream>` or `cloudwatch`.
    pub key: String,
    pub from: Option<String>,
    pub to: String,
}

/// A series with its points, ready to draw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    pub key: SeriesKey,
    pub points: Vec<Point>,
}

impl SeriesKey {
    /// What tells this series from its neighbours: `CPUUtilization algo-2`, or the name alone without a host.
    pub fn label(&self) -> String {
        if self.host.is_empty() { self.name.clone() } else { format!("{} {}", self.name, self.host) }
    }
}

impl SeriesKey {
    /// Adds points that came live to those that are known, in the order of time. What a page has read already is not
    /// there twice: an engine's points come in the order of time, and what is not behind the last one is known. MLflow's
    /// come in any order, and the same point is the same wherever it stands.
    pub fn points_add(&self, known: &mut Vec<Point>, new: Vec<Point>) {
        let place = |it: &Point| (it.at, it.step);
        let last = known.last().map(place);
        if self.source != SeriesSource::Mlflow {
            known.extend(new.into_iter().filter(|it| last.is_none_or(|last| place(it) > last)));
            return;
        }
        for point in new {
            let end = known.partition_point(|it| place(it) <= place(&point));
            let equals = known[..end].iter().rev().take_while(|it| place(it) == place(&point));
            if equals.map(|it| it.value.to_bits()).all(|it| it != point.value.to_bits()) {
                known.insert(end, point);
            }
        }
    }
}

/// What is known of a series without reading its points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeriesSummary {
    pub key: SeriesKey,
    /// All points, NaN and infinities included.
    pub count: u64,
    /// In the order of time; either may be NaN or infinite. Of MLflow's points `last` is the one with the largest step,
    /// then the latest time, then the largest value, whenever it arrived.
    pub first: Point,
    pub last: Point,
    /// The smallest finite value; the first point that had it. `None` when no value was finite.
    pub min: Option<Extreme>,
    /// The largest finite value; the first point that had it.
    pub max: Option<Extreme>,
}

/// A smallest or largest value and the step where it was reached. Always finite.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Extreme {
    pub value: f64,
    pub step: i64,
}

impl SeriesSummary {
    /// The summary of these points in their order; `None` when there are none.
    pub fn of_points(key: SeriesKey, points: &[Point]) -> Option<Self> {
        let (first, rest) = points.split_first()?;
        let mut summary = Self { key, count: 1, first: *first, last: *first, min: None, max: None };
        summary.min = Extreme::of(first);
        summary.max = summary.min;
        for point in rest {
            summary.add(point);
        }
        Some(summary)
    }

    /// The summary after one more point at the end.
    pub fn add(&mut self, point: &Point) {
        self.count += 1;
        if self.key.source != SeriesSource::Mlflow || point.is_after(&self.last) {
            self.last = *point;
        }
        let Some(seen) = Extreme::of(point) else { return };
        if self.min.is_none_or(|it| seen.value < it.value) {
            self.min = Some(seen);
        }
        if self.max.is_none_or(|it| seen.value > it.value) {
            self.max = Some(seen);
        }
    }
}

impl Extreme {
    /// `None` for NaN and infinities.
    pub fn of(point: &Point) -> Option<Self> {
        point.value.is_finite().then_some(Self { value: point.value, step: point.step })
    }
}

/// JSON has no NaN or infinity: they travel as the strings `NaN`, `Infinity`, `-Infinity`.
pub mod lossless_f64 {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        if value.is_finite() {
            serializer.serialize_f64(*value)
        } else if value.is_nan() {
            serializer.serialize_str("NaN")
        } else if *value > 0.0 {
            serializer.serialize_str("Infinity")
        } else {
            serializer.serialize_str("-Infinity")
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Number(f64),
            Text(String),
        }
        match Either::deserialize(deserializer)? {
            Either::Number(value) => Ok(value),
            Either::Text(text) => match text.as_str() {
                "NaN" => Ok(f64::NAN),
                "Infinity" => Ok(f64::INFINITY),
                "-Infinity" => Ok(f64::NEG_INFINITY),
                _ => Err(serde::de::Error::custom("expected a number, NaN, Infinity or -Infinity")),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn points(values: &[f64]) -> Vec<Point> {
        (0..)
            .zip(values)
            .map(|(step, value)| Point { step, at: Timestamp::from_unix_millis(step), value: *value })
            .collect()
    }

    fn key() -> SeriesKey {
        SeriesKey { name: "loss".to_owned(), source: SeriesSource::Log, host: "algo-1".to_owned() }
    }

    #[test]
    fn live_points_join_those_that_are_known() {
        let known = points(&[3.0, 2.0, 1.0]);
        let late = Point { step: 0, at: Timestamp::from_unix_millis(1), value: 9.0 };
        let new = vec![known[2], late, Point { step: 3, at: Timestamp::from_unix_millis(3), value: f64::NAN }];
        let of_engine = {
            let mut all = known.clone();
            key().points_add(&mut all, new.clone());
            all
        };
        assert_eq!(of_engine.iter().map(|it| it.step).collect::<Vec<_>>(), [0, 1, 2, 3], "what is known is left out");
        let of_mlflow = SeriesKey { source: SeriesSource::Mlflow, ..key() };
        let mut all = known;
        for _ in 0..2 {
            of_mlflow.points_add(&mut all, new.clone());
        }
        assert_eq!(
            all.iter().map(|it| it.at.unix_millis()).collect::<Vec<_>>(),
            [0, 1, 1, 2, 3],
            "late ones find their place"
        );
        assert_eq!(all[1].value.to_bits(), late.value.to_bits(), "of the same moment, by step");
    }

    #[test]
    fn extremes_are_finite_and_the_first_of_their_kind() {
        let points = points(&[f64::NAN, 2.0, 1.0, f64::INFINITY, 1.0, 2.0, f64::NEG_INFINITY]);
        let summary = SeriesSummary::of_points(key(), &points).expect("points");
        assert_eq!(summary.count, 7);
        assert_eq!(summary.min, Some(Extreme { value: 1.0, step: 2 }));
        assert_eq!(summary.max, Some(Extreme { value: 2.0, step: 1 }));
        assert!(summary.first.value.is_nan());
        assert_eq!(summary.last.step, 6);
        assert_eq!(SeriesSummary::of_points(key(), &[]), None);
        let infinite = SeriesSummary::of_points(key(), &points[..1]).expect("points");
        assert_eq!((infinite.min, infinite.max), (None, None));
    }

    #[test]
    fn what_is_no_number_travels_as_text() {
        let text = |value| serde_json::to_string(&points(&[value])[0]).expect("serializable");
        assert!(text(f64::NAN).contains(r#""value":"NaN""#));
        assert!(text(f64::INFINITY).contains(r#""value":"Infinity""#));
        assert!(text(f64::NEG_INFINITY).contains(r#""value":"-Infinity""#));
        assert!(serde_json::from_str::<Point>(r#"{"step":1,"at":2,"value":"many"}"#).is_err());
        let whole: Point = serde_json::from_str(r#"{"step":1,"at":2,"value":3}"#).expect("an integer is a number");
        assert_eq!(whole.value.to_bits(), 3.0_f64.to_bits());
    }

    #[test]
    fn sources_are_parsed_back() {
        for source in SeriesSource::ALL {
            assert_eq!(SeriesSource::parse(source.as_str()), Some(source));
            assert_eq!(serde_json::to_string(&source).expect("serializable"), format!("\"{}\"", source.as_str()));
        }
        assert_eq!(key().label(), "loss algo-1");
    }

    proptest! {
        /// Every double survives JSON to the last bit; all NaNs become one.
        #[test]
        fn doubles_survive_json(bits in any::<u64>(), step in any::<i64>()) {
            let value = f64::from_bits(bits);
            let point = Point { step, at: Timestamp::from_unix_micros(step), value };
            let text = serde_json::to_string(&point).expect("serializable");
            let back: Point = serde_json::from_str(&text).expect("parsable");
            prop_assert_eq!((back.step, back.at), (point.step, point.at));
            prop_assert!(back.value.to_bits() == bits || (back.value.is_nan() && value.is_nan()));
        }

        /// Adding points one by one is the same as looking at all of them.
        #[test]
        fn a_summary_grows(values in proptest::collection::vec(-1e9..1e9_f64, 1..50)) {
            let points = points(&values);
            let summary = SeriesSummary::of_points(key(), &points).expect("points");
            let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
            let highest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            prop_assert_eq!(summary.min.map(|it| it.value), Some(lowest));
            prop_assert_eq!(summary.max.map(|it| it.value), Some(highest));
            prop_assert_eq!(summary.count as usize, points.len());
        }
    }
}
