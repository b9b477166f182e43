//! A run's log for people: its end, and a search in it. Both are read from the engine and bounded.
//!
//! Text is hostile: lines are cut, never interpreted.

use domain::{
    ids::{JobName, RunId},
    log::{LogLine, LogTail},
    run::Run,
    status::LaunchState,
};

use crate::{
    ServiceError, Services,
    engine::{EngineError, LogEvent},
};

const MAX_LINES: u32 = 2_000;
/// A search text above this finds nothing that anybody means.
const MAX_SEARCH_CHARS: usize = 200;
/// A job on a hundred instances that was interrupted has many streams; the newest are read.
const MAX_STREAMS: usize = 64;

impl Services {
    /// The last lines of all of the run's streams, in time order; at most 2,000.
    pub async fn run_log_tail(&self, id: &RunId, max_lines: u32) -> Result<LogTail, ServiceError> {
        let run = self.run_get(id).await?.ok_or(ServiceError::NotFound { what: "run" })?;
        if run.launch_state != LaunchState::Submitted {
            return Ok(LogTail::default());
        }
        let max_lines = max_lines.clamp(1, MAX_LINES);
        let mut streams = self.inner.engine.logs.streams(&run.job_name).await?;
        streams.retain(|it| belongs(it, &run));
        let skipped = streams.len().saturating_sub(MAX_STREAMS);
        let mut lines = Vec::new();
        let mut has_earlier = skipped > 0;
        for stream in streams.iter().skip(skipped) {
            let events = match self.inner.engine.logs.tail(stream, max_lines).await {
                Err(EngineError::NotFound) => continue,
                other => other?,
            };
            has_earlier |= events.len() >= max_lines as usize;
            let host = host_of(stream, &run.job_name);
            lines.extend(events.into_iter().map(|it| line(&host, it)));
        }
        lines.sort_by_key(|it| it.at);
        let too_many = lines.len().saturating_sub(max_lines as usize);
        if too_many > 0 {
            lines.drain(..too_many);
            has_earlier = true;
        }
        Ok(LogTail { lines, has_earlier })
    }

    /// The first lines that contain `text`, in time order; `has_earlier` says that there are more than `max_lines`.
    pub async fn run_log_search(&self, id: &RunId, text: &str, max_lines: u32) -> Result<LogTail, ServiceError> {
        let run = self.run_get(id).await?.ok_or(ServiceError::NotFound { what: "run" })?;
        if text.is_empty() || text.chars().count() > MAX_SEARCH_CHARS || run.launch_state != LaunchState::Submitted {
            return Ok(LogTail::default());
        }
        let max_lines = max_lines.clamp(1, MAX_LINES);
        let mut found = self.inner.engine.logs.search(&run.job_name, text, max_lines + 1).await?;
        let has_earlier = found.len() > max_lines as usize;
        found.truncate(max_lines as usize);
        let lines = found.into_iter().map(|(stream, event)| line(&host_of(&stream, &run.job_name), event)).collect();
        Ok(LogTail { lines, has_earlier })
    }
}

/// `algo-1` out of `<job>/algo-1-1700000000`; the whole rest when it has another shape.
pub(crate) fn host_of(stream: &str, job_name: &JobName) -> String {
    let rest = stream.strip_prefix(job_name.as_str()).and_then(|it| it.strip_prefix('/')).unwrap_or(stream);
    match rest.rsplit_once('-') {
        Some((host, epoch)) if !epoch.is_empty() && epoch.bytes().all(|b| b.is_ascii_digit()) && host.contains('-') => {
            host.to_owned()
        }
        _ => rest.to_owned(),
    }
}

/// Whether a stream is this run's own: `job-1` is a prefix of `job-10`, the slash is not.
pub(crate) fn belongs(stream: &str, run: &Run) -> bool {
    stream.strip_prefix(run.job_name.as_str()).is_some_and(|it| it.starts_with('/'))
}

/// One event as a page shows it, cut to `LogLine::MAX_CHARS`.
pub(crate) fn line(host: &str, event: LogEvent) -> LogLine {
    let LogEvent { at, text } = event;
    let (text, truncated_chars) = match text.char_indices().nth(LogLine::MAX_CHARS) {
        Some((cut, _)) => (text[..cut].to_owned(), text[cut..].chars().count() as u64),
        None => (text, 0),
    };
    LogLine { host: host.to_owned(), at, text, truncated_chars }
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;

    use super::*;

    #[test]
    fn the_host_is_the_streams_middle() {
        let job = JobName::parse("wine-1").unwrap();
        assert_eq!(host_of("wine-1/algo-1-1700000000", &job), "algo-1");
        assert_eq!(host_of("wine-1/algo-12-1", &job), "algo-12");
        assert_eq!(host_of("wine-1/algo-1", &job), "algo-1");
        assert_eq!(host_of("wine-1/driver", &job), "driver");
    }

    #[test]
    fn a_long_line_is_cut_at_a_character() {
        let at = Timestamp::from_unix_micros(1);
        let cut = line("algo-1", LogEvent { at, text: "é".repeat(5_000) });
        assert_eq!((cut.text.chars().count(), cut.truncated_chars), (LogLine::MAX_CHARS, 904));
        let whole = line("algo-1", LogEvent { at, text: "short".to_owned() });
        assert_eq!((whole.text.as_str(), whole.truncated_chars), ("short", 0));
    }
}
