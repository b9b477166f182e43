//! From log events to metric points and to the lines that open pages see. Pure; runs off the async threads.

use domain::{
    log::LogLine,
    metric_definition::MetricDefinition,
    series::{NewPoint, SeriesKey, SeriesSource},
    step::step_in,
};
use serde::{Deserialize, Serialize};

use crate::{engine::LogEvent, logs::line};

/// Where the reader of a stream is; kept as JSON in the store's cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LogPlace {
    /// Events taken from this stream so far.
    pub(crate) events: u64,
    /// Events still to be passed over: tokens expire (after 24 hours), and then the stream is read from its head again.
    #[serde(default)]
    pub(crate) skip: u64,
    pub(crate) token: Option<String>,
}

impl LogPlace {
    /// An unreadable cursor is one from the head; it cannot be, but must not stop the others.
    pub(crate) fn parse(stored: Option<&str>) -> Self {
        stored.and_then(|it| serde_json::from_str(it).ok()).unwrap_or_default()
    }

    pub(crate) fn to_text(&self) -> String {
        serde_json::json!({ "events": self.events, "skip": self.skip, "token": self.token }).to_string()
    }

    /// The token has expired.
    pub(crate) fn at_head(&self) -> Self {
        Self { events: self.events, skip: self.events, token: None }
    }

    /// Drops events that were taken already and moves past the page.
    pub(crate) fn pass(&mut self, events: &mut Vec<LogEvent>, next_token: String) {
        let known = usize::try_from(self.skip).unwrap_or(usize::MAX).min(events.len());
        events.drain(..known);
        self.skip -= known as u64;
        self.events += events.len() as u64;
        self.token = Some(next_token);
    }
}

/// Points by metric, in the order of the lines.
pub(crate) fn points_in(
    events: &[LogEvent],
    definitions: &[MetricDefinition],
    host: &str,
) -> Vec<(SeriesKey, Vec<NewPoint>)> {
    let mut found: Vec<Vec<NewPoint>> = vec![Vec::new(); definitions.len()];
    for event in events {
        let text = MetricDefinition::searched_part(&event.text);
        let mut step = None;
        for (definition, points) in definitions.iter().zip(&mut found) {
            if let Some(value) = definition.value_in(text) {
                let step = *step.get_or_insert_with(|| step_in(text));
                points.push(NewPoint { step, at: event.at, value });
            }
        }
    }
    let key = |name: &str| SeriesKey { name: name.to_owned(), source: SeriesSource::Log, host: host.to_owned() };
    let named = definitions.iter().zip(found).filter(|(_, points)| !points.is_empty());
    named.map(|(definition, points)| (key(definition.name()), points)).collect()
}

/// The last `max` lines of a page of events for open pages, and how many were left out.
pub(crate) fn live_lines(mut events: Vec<LogEvent>, max: usize, max_bytes: usize, host: &str) -> (Vec<LogLine>, u64) {
    let mut bytes = 0;
    let fitting = events.iter().rev().take(max).take_while(|it| {
        bytes += it.text.len().min(LogLine::MAX_CHARS);
        bytes <= max_bytes
    });
    let dropped = events.len() - fitting.count();
    let lines = events.drain(dropped..).map(|it| line(host, it)).collect();
    (lines, dropped as u64)
}
