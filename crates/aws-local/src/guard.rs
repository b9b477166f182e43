//! Who may talk to the port. Unless keys are configured any key is accepted, so the port itself must not be open to web
//! pages.
//!
//! A page in a browser can send requests to 127.0.0.1, and by DNS rebinding even read the answers. Programs that mean
//! this endpoint name it in `Host`; browsers add `Origin` or `Sec-Fetch-Site` that no SDK sends. So: only known hosts,
//! and nothing that a page started.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, header, request::Parts};

use crate::wire::ApiError;

#[derive(Debug, Clone)]
pub(crate) struct Guard {
    bound: IpAddr,
    allowed_hosts: Vec<String>,
}

impl Guard {
    pub(crate) fn new(bound: SocketAddr, allowed_hosts: Vec<String>) -> Self {
        Self { bound: bound.ip(), allowed_hosts }
    }

    pub(crate) fn check(&self, head: &Parts) -> Result<(), ApiError> {
        let host = host(head).unwrap_or_default();
        if !self.is_known(host) {
            return Err(ApiError::new(
                403,
                "AccessDeniedException",
                format!(
                    "Requests for the host {:?} are not answered here. Use the endpoint's own address, or add the name to its \
                     allowed hosts.",
                    host.chars().take(100).collect::<String>()
                ),
            ));
        }
        if from_page(&head.headers) {
            return Err(ApiError::new(
                403,
                "AccessDeniedException",
                "This endpoint answers programs, not web pages: the request carries a browser's Origin or Sec-Fetch-Site.",
            ));
        }
        Ok(())
    }

    fn is_known(&self, host: &str) -> bool {
        match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            // Bound to every address of the machine, any of them may be named: an address cannot be rebound.
            Ok(ip) => ip.is_loopback() || ip == self.bound || self.bound.is_unspecified(),
            Err(_) => {
                host.eq_ignore_ascii_case("localhost")
                    || self.allowed_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host))
            }
        }
    }
}

/// The host without its port. HTTP/2 carries it in the URI.
fn host(head: &Parts) -> Option<&str> {
    let authority = match head.headers.get(header::HOST) {
        Some(host) => host.to_str().ok()?,
        None => head.uri.authority()?.as_str(),
    };
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => Some(host),
        _ => Some(authority),
    }
}

fn from_page(headers: &HeaderMap) -> bool {
    // `none` is a person who typed the address: harmless, and useful to look at.
    headers.contains_key(header::ORIGIN) || headers.get("sec-fetch-site").is_some_and(|site| site != "none")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn allowed(request: http::request::Builder) -> bool {
        let guard = Guard::new(SocketAddr::from(([127, 0, 0, 1], 4566)), vec!["trainyard.lan".to_owned()]);
        guard.check(&request.body(()).unwrap().into_parts().0).is_ok()
    }

    #[test]
    fn only_own_names_are_answered() {
        for host in ["127.0.0.1:4566", "localhost:4566", "LOCALHOST", "[::1]:4566", "trainyard.lan:4566"] {
            assert!(allowed(Request::get("/").header("host", host)), "{host}");
        }
        for host in
            ["evil.example", "evil.example:4566", "10.0.0.1:4566", "127.0.0.1.evil.example", "localhost.evil", ""]
        {
            assert!(!allowed(Request::get("/").header("host", host)), "{host}");
        }
        assert!(!allowed(Request::get("/")));
    }

    #[test]
    fn pages_are_refused() {
        let local = || Request::post("/").header("host", "127.0.0.1:4566");
        assert!(!allowed(local().header("origin", "http://127.0.0.1:3000")));
        assert!(!allowed(local().header("origin", "null")));
        assert!(!allowed(local().header("sec-fetch-site", "cross-site")));
        assert!(!allowed(local().header("sec-fetch-site", "same-site")));
        assert!(allowed(local().header("sec-fetch-site", "none")));
    }
}
