//! The one layer around everything: what does not pass here reaches no route. Deny by default.
//!
//! In order: Host (against DNS rebinding: 421), address length (414), a line in `policy` (404, 405), origin of requests
//! that change something (403), body size (413), time to the first byte of the answer (503). Every answer, refusals
//! included, leaves with the security headers. A page brings its own content policy with its nonce; whatever brings
//! none gets one that allows nothing.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http_body_util::{BodyExt as _, Limited};

use super::{
    error::{Problem, Wants},
    mlflow,
    policy::{self, Effect},
};

/// Path and query together; ours are under 1 kB.
const MAX_URI_BYTES: usize = 8 * 1024;
/// MLflow's clients list runs there, and are told how many they may.
const MAX_MLFLOW_URI_BYTES: usize = 48 * 1024;
/// Of a request that is refused, this much is read and thrown away, for at most this long.
const REFUSED_BODY_BYTES: usize = 4 << 20;
const REFUSED_BODY_TIME: Duration = Duration::from_secs(2);
/// For everything that is not a page of ours.
const CLOSED_CONTENT_POLICY: &str = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'";

/// The names under which the dashboard may be called.
#[derive(Clone, Debug)]
pub struct HostList {
    port: u16,
    names: Arc<[String]>,
    /// Bound to more than this machine: then any literal address may be used. DNS rebinding needs a name.
    literal_addresses: bool,
}

impl HostList {
    pub fn new(bound: SocketAddr, allowed: &[String]) -> Self {
        let names = allowed.iter().map(|it| it.trim().trim_end_matches('.').to_ascii_lowercase()).collect();
        Self { port: bound.port(), names, literal_addresses: !bound.ip().is_loopback() }
    }

    /// Whether `authority`, `name` or `name:port`, is one of ours.
    fn allows(&self, authority: &str) -> bool {
        let authority = authority.to_ascii_lowercase();
        if self.names.contains(&authority) {
            return true;
        }
        let (name, port) = split_authority(&authority);
        if self.names.iter().any(|it| it == name) {
            return true;
        }
        let is_our_port = port == Some(self.port) || (port.is_none() && self.port == 80);
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
        let is_ours = match address {
            Ok(address) => address.is_loopback() || self.literal_addresses,
            Err(_) => name == "localhost",
        };
        is_our_port && is_ours
    }
}

/// `name:port` in two; the port of `[::1]:80` is behind the bracket.
fn split_authority(authority: &str) -> (&str, Option<u16>) {
    match authority.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port.parse().ok()),
        _ => (authority, None),
    }
}

/// The layer itself; mounted outside the router by `super::service`.
pub async fn guard(State(hosts): State<HostList>, request: Request, next: Next) -> Response {
    let wants = Wants::of_request(request.uri().path(), request.headers());
    let answer = match admit(&hosts, request.method(), request.uri(), request.headers()) {
        Ok(policy) => run(policy, request, next, wants).await,
        Err(problem) => {
            discard(request).await;
            problem.response(wants)
        }
    };
    with_headers(answer)
}

/// Reads what a refused client is still sending, within bounds: whoever is cut off while sending sees a broken
/// connection instead of the answer.
///
/// A client that asked whether to send at all (`Expect: 100-continue`) has its answer without that.
async fn discard(request: Request) {
    if request.headers().contains_key(header::EXPECT) {
        return;
    }
    let mut rest = Limited::new(request.into_body(), REFUSED_BODY_BYTES);
    let read = async { while let Some(Ok(_)) = rest.frame().await {} };
    // Either way the refusal goes out now.
    let _in_time = tokio::time::timeout(REFUSED_BODY_TIME, read).await;
}

fn admit(
    hosts: &HostList,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<&'static policy::Policy, Problem> {
    let host = host_of(uri, headers).ok_or_else(Problem::bad_host)?;
    if !hosts.allows(host) {
        return Err(Problem::bad_host());
    }
    let longest = if mlflow::is_ours(uri.path()) { MAX_MLFLOW_URI_BYTES } else { MAX_URI_BYTES };
    if uri.path_and_query().map_or(0, |it| it.as_str().len()) > longest {
        return Err(Problem::new(StatusCode::URI_TOO_LONG, "This address is too long."));
    }
    let Some(policy) = policy::find(method, uri.path()) else {
        let known = policy::methods(uri.path());
        return Err(if known.is_empty() { Problem::not_found() } else { Problem::wrong_method(&known) });
    };
    if policy.effect == Effect::SameOrigin {
        same_origin(host, headers)?;
    }
    if declared_length(headers).is_some_and(|it| it > policy.body_bytes) {
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "This request is larger than it may be."));
    }
    Ok(policy)
}

/// The one host that the request names: its Host header and, where given, the authority of its address must agree.
fn host_of<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let mut named = headers.get_all(header::HOST).iter();
    let host = match (named.next(), named.next()) {
        (Some(host), None) => Some(host.to_str().ok()?),
        (None, _) => None,
        (Some(_), Some(_)) => return None,
    };
    match (host, uri.authority().map(axum::http::uri::Authority::as_str)) {
        (Some(host), Some(authority)) => (host == authority).then_some(host),
        (host, authority) => host.or(authority),
    }
}

/// Browsers say where a request comes from; both headers, where present, must say "from here".
///
/// Neither is present only from clients that are no browsers, and those carry no one's session: there is no login yet.
fn same_origin(host: &str, headers: &HeaderMap) -> Result<(), Problem> {
    let refusal =
        || Problem::new(StatusCode::FORBIDDEN, "This request does not come from one of Trainyard's own pages.");
    // `same-site` is not enough: every port of localhost is the same site.
    let fetch_site = headers.get("sec-fetch-site");
    if fetch_site.is_some_and(|it| it != "same-origin" && it != "none") {
        return Err(refusal());
    }
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => Ok(()),
        (Some(origin), None) => {
            let origin = origin.to_str().map_err(|_| refusal())?;
            let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
            if authority.is_some_and(|it| it.eq_ignore_ascii_case(host)) { Ok(()) } else { Err(refusal()) }
        }
        (Some(_), Some(_)) => Err(refusal()),
    }
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn run(policy: &'static policy::Policy, request: Request, next: Next, wants: Wants) -> Response {
    let limit = usize::try_from(policy.body_bytes).unwrap_or(usize::MAX);
    let request = request.map(|body| Body::new(Limited::new(body, limit)));
    let answer = next.run(request);
    match policy.time {
        None => answer.await,
        Some(time) => match tokio::time::timeout(time, answer).await {
            Ok(answer) => answer,
            Err(_) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "This took too long; try again in a moment.")
                .response(wants),
        },
    }
}

fn with_headers(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    let mut always = |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
    always(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    always(header::X_FRAME_OPTIONS, "DENY");
    always(header::REFERRER_POLICY, "same-origin");
    always(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    always(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    let mut default = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    default(header::CONTENT_SECURITY_POLICY, CLOSED_CONTENT_POLICY);
    // What we say changes by the second, and is nobody else's.
    default(header::CACHE_CONTROL, "private, no-cache");
    answer
}

/// The content policy of a page: our own files, and the inline scripts that carry this answer's nonce.
pub fn page_content_policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    )
}

impl IntoResponse for Problem {
    /// For places that do not know what the client wants.
    fn into_response(self) -> Response {
        self.response(Wants::Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(bound: &str, allowed: &[&str]) -> HostList {
        let allowed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
        HostList::new(bound.parse().expect("an address"), &allowed)
    }

    #[test]
    fn loopback_names_with_our_port_and_nothing_else() {
        let list = hosts("127.0.0.1:3000", &["yard.example", "lab.example:8443"]);
        for host in
            ["127.0.0.1:3000", "localhost:3000", "LocalHost:3000", "[::1]:3000", "yard.example", "lab.example:8443"]
        {
            assert!(list.allows(host), "{host}");
        }
        for host in [
            "evil.example:3000",
            "127.0.0.1",
            "localhost:3001",
            "localhost.evil.example:3000",
            "lab.example",
            "192.168.1.4:3000",
            "",
            "localhost:3000:3000",
            "[::1]",
            "127.0.0.1.evil.example:3000",
        ] {
            assert!(!list.allows(host), "{host}");
        }
    }

    #[test]
    fn a_server_on_every_address_takes_addresses_but_no_names() {
        let list = hosts("0.0.0.0:3000", &[]);
        assert!(list.allows("192.168.1.4:3000"));
        assert!(!list.allows("rebound.example:3000"));
    }

    fn origin_check(headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        same_origin("localhost:3000", &headers).is_ok()
    }

    #[test]
    fn only_our_own_pages_may_change_something() {
        assert!(origin_check(&[]));
        assert!(origin_check(&[("origin", "http://localhost:3000")]));
        assert!(origin_check(&[("origin", "http://localhost:3000"), ("sec-fetch-site", "same-origin")]));
        assert!(!origin_check(&[("origin", "null")]));
        assert!(!origin_check(&[("origin", "http://localhost:3001")]));
        assert!(!origin_check(&[("origin", "http://evil.example")]));
        assert!(!origin_check(&[("sec-fetch-site", "cross-site")]));
        assert!(!origin_check(&[("sec-fetch-site", "same-site")]));
        assert!(!origin_check(&[("origin", "http://evil.example"), ("sec-fetch-site", "same-origin")]));
    }
}
