//! What the live stream says. Every event has a number that survives restarts, so that a browser can resume.

use serde::{Deserialize, Serialize};

use crate::{
    ids::RunId,
    log::LogLine,
    run::Run,
    series::{Point, SeriesKey},
};

/// What a page listens to; in the stream's URL as `topic=run:<id>`, `topic=curves:<id>`,
/// `topic=runs` or `topic=mlflow`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Changes of every run, without points and logs: overview and lists.
    Runs,
    /// That MLflow clients made or changed runs: their list.
    Mlflow,
    /// Everything about one run.
    Run(RunId),
    /// A run's changes and its points, without its log: several runs side by side.
    Curves(RunId),
}

impl Topic {
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None if text == "runs" => Some(Self::Runs),
            None if text == "mlflow" => Some(Self::Mlflow),
            Some(("run", id)) => RunId::parse(id).ok().map(Self::Run),
            Some(("curves", id)) => RunId::parse(id).ok().map(Self::Curves),
            _ => None,
        }
    }

    pub fn wants(&self, run_id: &RunId, event: &LiveEvent) -> bool {
        match self {
            Self::Runs => matches!(event, LiveEvent::Run(_)),
            Self::Mlflow => matches!(event, LiveEvent::Logged),
            Self::Run(id) => id == run_id,
            Self::Curves(id) => id == run_id && !matches!(event, LiveEvent::Log { .. }),
        }
    }
}

impl std::fmt::Display for Topic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Runs => f.write_str("runs"),
            Self::Mlflow => f.write_str("mlflow"),
            Self::Run(id) => write!(f, "run:{id}"),
            Self::Curves(id) => write!(f, "curves:{id}"),
        }
    }
}

/// One event as it goes over the wire (`data:` of a server-sent event).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data", rename_all = "snake_case")]
pub enum LiveEvent {
    /// The run as it is now.
    Run(Box<Run>),
    /// New points, in order.
    Points { run_id: RunId, series: Vec<(SeriesKey, Vec<Point>)> },
    /// An MLflow client made the run, ended it, or set params or tags: what it has logged is to be read again.
    Logged,
    /// New log lines. Not kept by number: after a `Resync` the page reads the tail again.
    Log { run_id: RunId, lines: Vec<LogLine>, dropped: u64 },
    /// The stream has a hole (slow reader, or too old a number): read the page's data again.
    Resync,
}

/// A durable event with its number.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberedEvent {
    pub number: i64,
    pub run_id: RunId,
    pub event: LiveEvent,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{run::fixture, series::SeriesSource, time::Timestamp};

    #[test]
    fn topics_are_parsed_back() {
        let run = fixture::run();
        for topic in [Topic::Runs, Topic::Mlflow, Topic::Run(run.id.clone()), Topic::Curves(run.id)] {
            assert_eq!(Topic::parse(&topic.to_string()), Some(topic));
        }
        for wrong in ["", "run", "run:", "run:nonsense", "runs:", "experiments"] {
            assert_eq!(Topic::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_topic_gets_its_own_events_only() {
        let run = fixture::run();
        let (id, other) = (run.id.clone(), RunId::new(run.created_at, 8));
        let changed = LiveEvent::Run(Box::new(run));
        let points = LiveEvent::Points { run_id: id.clone(), series: Vec::new() };
        assert!(Topic::Runs.wants(&id, &changed) && !Topic::Runs.wants(&id, &points));
        assert!(Topic::Run(id.clone()).wants(&id, &points) && !Topic::Run(other).wants(&id, &points));
    }

    #[test]
    fn events_survive_the_wire() {
        let key = SeriesKey { name: "loss".to_owned(), source: SeriesSource::Log, host: String::new() };
        let point = Point { step: 1, at: Timestamp::from_unix_micros(2), value: f64::INFINITY };
        let event = LiveEvent::Points { run_id: fixture::run().id, series: vec![(key, vec![point])] };
        let text = serde_json::to_string(&event).expect("serializable");
        assert!(text.starts_with(r#"{"kind":"points","data":{"#), "{text}");
        assert_eq!(serde_json::from_str::<LiveEvent>(&text).expect("parsable"), event);
        assert_eq!(serde_json::to_string(&LiveEvent::Resync).expect("serializable"), r#"{"kind":"resync"}"#);
    }
}
