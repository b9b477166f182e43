//! Log events out of CloudWatch Logs. A group or stream that does not exist yet is an empty log, not a failure.

use async_trait::async_trait;
use aws_sdk_cloudwatchlogs::types::OrderBy;
use domain::{ids::JobName, time::Timestamp};
use services::engine::{EngineError, LogEngine, LogEvent, LogPage};

use crate::error::of_sdk;

const GROUP: &str = "/aws/sagemaker/TrainingJobs";
/// The most streams that one page names.
const STREAMS_PAGE: i32 = 50;
/// A filtered read looks through at most this many pages: a search is for a page, not an export.
const MAX_SEARCH_PAGES: usize = 20;
/// The most events that GetLogEvents and FilterLogEvents give at once.
const EVENTS_PAGE: u32 = 10_000;

pub(crate) struct Logs {
    pub(crate) client: aws_sdk_cloudwatchlogs::Client,
}

#[async_trait]
impl LogEngine for Logs {
    async fn streams(&self, job: &JobName) -> Result<Vec<String>, EngineError> {
        let mut names = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let sent = self
                .client
                .describe_log_streams()
                .log_group_name(GROUP)
                .log_stream_name_prefix(format!("{job}/"))
                .order_by(OrderBy::LogStreamName)
                .limit(STREAMS_PAGE)
                .set_next_token(token.clone())
                .send()
                .await;
            let page = match sent.map_err(of_sdk) {
                Ok(page) => page,
                Err(EngineError::NotFound) => return Ok(names),
                Err(failure) => return Err(failure),
            };
            names.extend(page.log_streams().iter().filter_map(|it| it.log_stream_name()).map(str::to_owned));
            match page.next_token {
                Some(next) if token.as_ref() != Some(&next) => token = Some(next),
                _ => return Ok(names),
            }
        }
    }

    async fn events(&self, stream: &str, token: Option<&str>, limit: u32) -> Result<LogPage, EngineError> {
        self.page(stream, token, limit, true).await
    }

    async fn tail(&self, stream: &str, limit: u32) -> Result<Vec<LogEvent>, EngineError> {
        Ok(self.page(stream, None, limit, false).await?.events)
    }

    async fn search(&self, job: &JobName, text: &str, limit: u32) -> Result<Vec<(String, LogEvent)>, EngineError> {
        let mut found = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..MAX_SEARCH_PAGES {
            let sent = self
                .client
                .filter_log_events()
                .log_group_name(GROUP)
                .log_stream_name_prefix(format!("{job}/"))
                .filter_pattern(pattern(text))
                .limit(count(limit))
                .set_next_token(token.clone())
                .send()
                .await;
            let page = match sent.map_err(of_sdk) {
                Ok(page) => page,
                Err(EngineError::NotFound) => break,
                Err(failure) => return Err(failure),
            };
            found.extend(
                page.events().iter().map(|it| {
                    (it.log_stream_name().unwrap_or_default().to_owned(), event(it.timestamp(), it.message()))
                }),
            );
            match page.next_token {
                Some(next) if token.as_ref() != Some(&next) && found.len() < limit as usize => token = Some(next),
                _ => break,
            }
        }
        found.sort_by_key(|(_, event)| event.at);
        found.truncate(limit as usize);
        Ok(found)
    }
}

impl Logs {
    async fn page(
        &self,
        stream: &str,
        token: Option<&str>,
        limit: u32,
        from_head: bool,
    ) -> Result<LogPage, EngineError> {
        let sent = self
            .client
            .get_log_events()
            .log_group_name(GROUP)
            .log_stream_name(stream)
            .start_from_head(from_head)
            .limit(count(limit))
            .set_next_token(token.filter(|it| !it.is_empty()).map(str::to_owned))
            .send()
            .await;
        match sent.map_err(of_sdk) {
            Ok(page) => Ok(LogPage {
                events: page.events().iter().map(|it| event(it.timestamp(), it.message())).collect(),
                next_token: page.next_forward_token.or(token.map(str::to_owned)).unwrap_or_default(),
            }),
            // An empty token means the head of the stream again.
            Err(EngineError::NotFound) => {
                Ok(LogPage { events: Vec::new(), next_token: token.unwrap_or_default().to_owned() })
            }
            Err(failure) => Err(failure),
        }
    }
}

fn event(at_millis: Option<i64>, text: Option<&str>) -> LogEvent {
    LogEvent {
        at: Timestamp::from_unix_millis(at_millis.unwrap_or_default()),
        text: text.unwrap_or_default().to_owned(),
    }
}

fn count(limit: u32) -> i32 {
    i32::try_from(limit.clamp(1, EVENTS_PAGE)).unwrap_or(i32::MAX)
}

/// A quoted term matches the text as it is; the quotes and backslashes in it are escaped.
fn pattern(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
