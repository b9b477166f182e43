//! A run's log from its beginning, page by page: for those who copy it or follow it.
//!
//! The reader's place is theirs to keep: a [`LogCursor`] holds one token of the engine per stream, and nothing of it is
//! stored here.

use std::collections::BTreeMap;

use domain::{ids::RunId, log::LogLine, status::LaunchState};
use serde::{Deserialize, Serialize};

use crate::{
    ServiceError, Services,
    engine::EngineError,
    logs::{belongs, host_of, line},
};

const MAX_LINES: u32 = 2_000;
/// The newest ones are read; a cursor of this many still fits into an address.
const MAX_STREAMS: usize = 64;

/// How far a reader has come; the default is the beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LogCursor(BTreeMap<String, String>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunLogPage {
    /// In the order of time within this page.
    pub lines: Vec<LogLine>,
    /// Where to go on.
    pub next: LogCursor,
    /// The next page may have lines already.
    pub has_more: bool,
    /// The run was over before this page was read.
    pub is_over: bool,
}

impl Services {
    /// The lines after `cursor`, about `max_lines` of them (at most 2,000), from all of the run's streams.
    pub async fn run_log_page(
        &self,
        id: &RunId,
        cursor: &LogCursor,
        max_lines: u32,
    ) -> Result<RunLogPage, ServiceError> {
        let run = self.run_get(id).await?.ok_or(ServiceError::NotFound { what: "run" })?;
        let mut page = RunLogPage { lines: Vec::new(), next: cursor.clone(), has_more: false, is_over: run.is_over() };
        if run.launch_state != LaunchState::Submitted {
            return Ok(page);
        }
        let logs = &self.inner.engine.logs;
        let mut streams = logs.streams(&run.job_name).await?;
        streams.retain(|it| belongs(it, &run));
        let skipped = streams.len().saturating_sub(MAX_STREAMS);
        let streams = &streams[skipped..];
        let share = max_lines.clamp(1, MAX_LINES) / u32::try_from(streams.len().max(1)).unwrap_or(u32::MAX);
        for stream in streams {
            let place = stream[run.job_name.as_str().len()..].trim_start_matches('/');
            let token = cursor.0.get(place).map(String::as_str);
            let read = match logs.events(stream, token, share.max(1)).await {
                Err(EngineError::NotFound) => continue,
                other => other?,
            };
            let host = host_of(stream, &run.job_name);
            page.lines.extend(read.events.into_iter().map(|it| line(&host, it)));
            if !read.next_token.is_empty() && token != Some(read.next_token.as_str()) {
                page.has_more = true;
                page.next.0.insert(place.to_owned(), read.next_token);
            }
        }
        page.lines.sort_by_key(|it| it.at);
        Ok(page)
    }
}
