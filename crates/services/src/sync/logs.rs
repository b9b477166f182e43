//! Logs: reads each active run's streams forward, applies its metric definitions, and shows the lines to open pages.
//!
//! Invariants: a stream's place and the points up to it are one transaction, so a crash between two pages repeats or
//! loses nothing; a pass is bounded in pages and bytes per stream, and a flood is read on in the next pass; lines that
//! open pages cannot take are counted, not queued.

use std::sync::Arc;

use domain::{
    live::LiveEvent,
    metric_definition::MetricDefinition,
    run::Run,
    series::{CursorMove, IngestBatch},
};
use futures::stream::{self, StreamExt as _};

use super::{
    definitions_of,
    finish::{Part, end_of},
    log_parse::{LogPlace, live_lines, points_in},
};
use crate::{
    ServiceError, Services,
    config::micros,
    engine::EngineError,
    logs::{belongs, host_of},
    tasks::TaskOutcome,
};

const RUNS_AT_ONCE: usize = 4;
/// Of log text per message to open pages.
const LIVE_BYTES: usize = 128 * 1024;

/// How far a stream was read.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    points: u64,
    /// There is more to read right now.
    has_more: bool,
    /// Something was read, so the end may have moved.
    has_grown: bool,
}

impl Services {
    pub async fn task_sync_logs(&self) -> Result<TaskOutcome, ServiceError> {
        let runs = self.runs_to_copy().await?;
        let results: Vec<_> = stream::iter(runs)
            .map(|run| async move { self.logs_copy(&run).await })
            .buffer_unordered(RUNS_AT_ONCE)
            .collect()
            .await;
        let mut outcome = TaskOutcome::default();
        let mut failure = None;
        for result in results {
            match result {
                Ok(progress) => {
                    outcome.changed += progress.points;
                    outcome.again |= progress.has_more;
                }
                Err(err) => failure = Some(err),
            }
        }
        // One run's trouble does not hold up the others; it is still the task's trouble.
        failure.map_or(Ok(outcome), Err)
    }

    async fn logs_copy(&self, run: &Run) -> Result<Progress, ServiceError> {
        match self.logs_copy_streams(run).await {
            Err(ServiceError::Engine(err)) if err.is_permanent() => {
                self.part_refused(run, Part::Logs).await?;
                Err(err.into())
            }
            other => other,
        }
    }

    async fn logs_copy_streams(&self, run: &Run) -> Result<Progress, ServiceError> {
        let definitions = Arc::new(definitions_of(run));
        let mut streams = self.inner.engine.logs.streams(&run.job_name).await?;
        streams.retain(|it| belongs(it, run));
        let mut total = Progress::default();
        for stream in &streams {
            let progress = self.stream_copy(run, stream, &definitions).await?;
            total.points += progress.points;
            total.has_more |= progress.has_more;
            total.has_grown |= progress.has_grown;
        }
        let grace = micros(self.inner.config.log_end_grace);
        let is_past_end = run.is_over() && self.now() >= end_of(run).plus_micros(grace);
        if is_past_end && !total.has_more && !total.has_grown {
            self.part_done(run, Part::Logs).await?;
        } else {
            self.part_open(run, Part::Logs).await?;
        }
        Ok(total)
    }

    async fn stream_copy(
        &self,
        run: &Run,
        stream: &str,
        definitions: &Arc<Vec<MetricDefinition>>,
    ) -> Result<Progress, ServiceError> {
        let config = &self.inner.config;
        let cursor_key = format!("log:{stream}");
        let host = host_of(stream, &run.job_name);
        let mut stored = self.inner.store.cursor_get(&run.id, &cursor_key).await?;
        let mut place = LogPlace::parse(stored.as_deref());
        let mut progress = Progress::default();
        let mut bytes = 0;
        for _ in 0..config.log_pages_per_tick {
            let read = self.inner.engine.logs.events(stream, place.token.as_deref(), config.log_events_per_page).await;
            let page = match read {
                Err(EngineError::Rejected { .. }) if place.token.is_some() => {
                    place = place.at_head();
                    continue;
                }
                Err(EngineError::NotFound) => return Ok(progress),
                other => other?,
            };
            let is_end = page.events.is_empty() && place.token.as_ref().is_none_or(|it| *it == page.next_token);
            if is_end {
                return Ok(progress);
            }
            progress.has_grown = true;
            bytes += page.events.iter().map(|it| it.text.len()).sum::<usize>();
            let mut events = page.events;
            place.pass(&mut events, page.next_token);
            let (shared, host_name) = (definitions.clone(), host.clone());
            // A page of hostile lines against forty regexes is work for another thread.
            let (events, series) = tokio::task::spawn_blocking(move || {
                let series = points_in(&events, &shared, &host_name);
                (events, series)
            })
            .await
            .map_err(|_| ServiceError::Internal { what: "log parser" })?;
            let to = place.to_text();
            let cursor = CursorMove { key: cursor_key.clone(), from: stored.take(), to: to.clone() };
            let batch = IngestBatch { run_id: run.id.clone(), series, cursor: Some(cursor) };
            let Some(points) = self.ingest(batch).await? else {
                // Another server reads this stream, too, and was faster.
                return Ok(progress);
            };
            stored = Some(to);
            progress.points += points;
            if self.inner.hub.is_watched(&run.id) && !events.is_empty() {
                let (lines, dropped) = live_lines(events, config.live_lines_per_page, LIVE_BYTES, &host);
                self.inner.hub.publish_log(LiveEvent::Log { run_id: run.id.clone(), lines, dropped });
            }
            if bytes >= config.log_bytes_per_tick {
                break;
            }
        }
        progress.has_more = true;
        Ok(progress)
    }
}
