//! `GET /live?topic=..`: the live hub as server-sent events, with durable ids.
//!
//! A browser resumes by `Last-Event-ID`. An id that is no number of ours means that we do not know what the page has:
//! it is told to read again. The stream ends with the server; comments keep it open through proxies.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::{Query, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use domain::live::{LiveEvent, Topic};
use futures::{StreamExt as _, stream};
use services::HubItem;

use super::{
    Web,
    error::{Problem, Wants},
};

const HEARTBEAT: Duration = Duration::from_secs(10);
/// When the browser comes back after a lost connection; a spread, so that not all come at once.
const RETRY_BASE_MS: u64 = 1_000;
const RETRY_SPREAD_MS: u64 = 1_500;
/// A page listens to one thing, or to as many runs as are compared.
const MAX_TOPICS: usize = domain::compare::MAX_COMPARED;

pub(super) async fn live(
    State(web): State<Web>,
    Query(parameters): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    wants: Wants,
) -> Response {
    let topics: Option<Vec<Topic>> =
        parameters.iter().filter(|(name, _)| name == "topic").map(|(_, value)| Topic::parse(value)).collect();
    let Some(topics) = topics.filter(|it| (1..=MAX_TOPICS).contains(&it.len())) else {
        let message = "The live stream needs `topic=runs`, `topic=run:<id>`, or some `topic=curves:<id>`.";
        return Problem::new(StatusCode::BAD_REQUEST, message).response(wants);
    };
    let last_id = headers.get("last-event-id").map(|it| parse_id(it.to_str().unwrap_or_default()));
    let after =
        last_id.unwrap_or_else(|| parameters.iter().find(|(name, _)| name == "after").and_then(|(_, it)| parse_id(it)));
    // An id came, and it is not one of ours.
    let is_lost = last_id == Some(None);
    let beginning = is_lost.then_some(HubItem { number: None, event: LiveEvent::Resync });
    let retry = Duration::from_millis(RETRY_BASE_MS + rand::random_range(0..RETRY_SPREAD_MS));
    let stream = stream::once(async move { Event::default().retry(retry) })
        .chain(stream::iter(beginning).chain(web.services.hub().subscribe(topics, after)).map(encode))
        .map(Ok::<_, Infallible>)
        .take_until(web.stop.clone().cancelled_owned());
    let mut answer = Sse::new(stream).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response();
    let headers = answer.headers_mut();
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

fn encode(item: HubItem) -> Event {
    let event = match item.number {
        Some(number) => Event::default().id(number.to_string()),
        None => Event::default(),
    };
    // JSON text has no line breaks, which is all that the framing asks for.
    let data = serde_json::to_string(&item.event).unwrap_or_else(|failure| {
        tracing::error!(%failure, "a live event cannot be written as JSON");
        r#"{"kind":"resync"}"#.to_owned()
    });
    event.data(data)
}

/// Our numbers begin at 1.
fn parse_id(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number| *number >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_number_of_ours_or_nothing() {
        assert_eq!(parse_id("17"), Some(17));
        for text in ["", "-1", "abc", "1e3", "99999999999999999999", "17 "] {
            assert_eq!(parse_id(text), None, "{text}");
        }
    }

    #[test]
    fn a_resync_is_readable_by_the_page() {
        let text = serde_json::to_string(&LiveEvent::Resync).expect("JSON");
        assert_eq!(text, r#"{"kind":"resync"}"#);
    }
}
