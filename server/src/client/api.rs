//! The REST API from the other side: one method per route that the commands use.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Url};
use serde::de::DeserializeOwned;

use super::ClientError;
use crate::http::{
    api::model::{LaunchBody, LogPageBody, RunBody, RunListBody, SourceBody},
    error::ProblemBody,
};

/// An answer may take its time: a large source is packed, a log is waited for.
const PATIENCE: Duration = Duration::from_mins(5);
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

pub(super) struct Api {
    http: reqwest::Client,
    base: Url,
    /// As it was given, for messages.
    pub(super) server: String,
}

/// Which runs to list.
pub(super) struct ListQuery<'a> {
    pub(super) experiment: Option<&'a str>,
    pub(super) badge: Option<&'a str>,
    pub(super) search: Option<&'a str>,
    pub(super) order: Option<&'a str>,
    pub(super) before: Option<&'a str>,
    /// With an order, instead of `before`.
    pub(super) offset: Option<u64>,
    pub(super) limit: u32,
}

impl Api {
    pub(super) fn new(server: &str) -> Result<Self, ClientError> {
        let wrong = |reason: String| ClientError::Address { server: server.to_owned(), reason };
        let base = Url::parse(server).map_err(|failure| wrong(failure.to_string()))?;
        if base.scheme() != "http" || base.host().is_none() {
            return Err(wrong("it does not begin with http:// and a host".to_owned()));
        }
        let http = reqwest::Client::builder()
            // A dashboard is on this machine or in this network.
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_PATIENCE)
            .timeout(PATIENCE)
            .user_agent(concat!("trainyard/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|failure| wrong(failure.to_string()))?;
        Ok(Self { http, base, server: server.trim_end_matches('/').to_owned() })
    }

    /// The page of a run, for people.
    pub(super) fn run_page(&self, id: &str) -> String {
        format!("{}/runs/{id}", self.server)
    }

    pub(super) async fn run_get(&self, run: &str) -> Result<RunBody, ClientError> {
        self.send(self.request(Method::GET, &["runs", run])).await
    }

    pub(super) async fn run_list(&self, query: &ListQuery<'_>) -> Result<RunListBody, ClientError> {
        let given = [
            ("experiment", query.experiment),
            ("badge", query.badge),
            ("search", query.search),
            ("order", query.order),
            ("before", query.before),
        ];
        let given: Vec<_> = given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let offset: Vec<_> = query.offset.iter().map(|it| ("offset", *it)).collect();
        let request = self.request(Method::GET, &["runs"]).query(&given).query(&offset);
        let request = request.query(&[("limit", query.limit)]);
        self.send(request).await
    }

    pub(super) async fn run_stop(&self, id: &str) -> Result<RunBody, ClientError> {
        self.send(self.request(Method::POST, &["runs", id, "stop"])).await
    }

    pub(super) async fn log_page(
        &self,
        id: &str,
        cursor: Option<&str>,
        wait_seconds: u32,
    ) -> Result<LogPageBody, ClientError> {
        let request = self.request(Method::GET, &["runs", id, "logs"]).query(&[("wait_seconds", wait_seconds)]);
        let place: Vec<_> = cursor.iter().map(|it| ("cursor", *it)).collect();
        self.send(request.query(&place)).await
    }

    pub(super) async fn source_put(&self, file_name: &str, bytes: Vec<u8>) -> Result<SourceBody, ClientError> {
        let request = self.request(Method::POST, &["sources"]).query(&[("file_name", file_name)]);
        self.send(request.header("content-type", "application/octet-stream").body(bytes)).await
    }

    /// At most one run per key, however often this is called.
    pub(super) async fn launch(&self, key: &str, body: &LaunchBody) -> Result<RunBody, ClientError> {
        let request = self.request(Method::POST, &["runs"]).header("idempotency-key", key).json(body);
        self.send(request).await.map_err(|failure| match failure {
            ClientError::Unreachable { server, reason } => {
                ClientError::LaunchUnknown { server, reason, key: key.to_owned() }
            }
            other => other,
        })
    }

    /// Each segment is escaped: what somebody typed stays one segment.
    fn request(&self, method: Method, segments: &[&str]) -> RequestBuilder {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["api", "v1"]).extend(segments);
        }
        self.http.request(method, url).header("accept", "application/json")
    }

    async fn send<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, ClientError> {
        let unreachable = |failure: reqwest::Error| ClientError::Unreachable {
            server: self.server.clone(),
            reason: innermost(&failure),
        };
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(unreachable)?;
        let strange = |reason: String| ClientError::NotTrainyard {
            server: self.server.clone(),
            reason: format!("{status}, {reason}"),
        };
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|failure| strange(failure.to_string()));
        }
        match serde_json::from_slice::<ProblemBody>(&body) {
            Ok(problem) => Err(ClientError::Refused(problem)),
            Err(_) => Err(strange("and no word why".to_owned())),
        }
    }
}

/// The last cause says most: `Connection refused`.
fn innermost(failure: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = failure;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_server_address_says_so_before_anything_is_sent() {
        for wrong in ["", "127.0.0.1:3000", "https://yard.example", "ftp://yard.example", "http://"] {
            assert!(matches!(Api::new(wrong), Err(ClientError::Address { .. })), "{wrong:?}");
        }
    }

    #[test]
    fn what_was_typed_stays_one_segment() {
        let api = Api::new("http://127.0.0.1:3000/").expect("an address");
        let request = api.request(Method::GET, &["runs", "../x?y"]).build().expect("a request");
        assert_eq!(request.url().as_str(), "http://127.0.0.1:3000/api/v1/runs/..%2Fx%3Fy");
    }
}
