//! Who may call what, and with how much: one line per route and server function. What has no line does not exist.
//!
//! To add a route: add its line here, or the test that walks every route fails; and it would be refused anyway.

mod mlflow;

use std::time::Duration;

use axum::http::Method;

/// What a route does when it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Changes nothing; may be called from anywhere that passes the Host check.
    Read,
    /// Changes something or is called by our own script: must come from our own pages.
    SameOrigin,
}

#[derive(Clone, Copy, Debug)]
pub struct Policy {
    pub method: &'static str,
    /// As axum writes it: `/runs/{id}`, `/pkg/{*file}`.
    pub path: &'static str,
    pub effect: Effect,
    /// The largest request body in bytes.
    pub body_bytes: u64,
    /// How long an answer may take to begin; `None` for uploads and streams, which have limits of their own.
    pub time: Option<Duration>,
}

const PAGE_TIME: Duration = Duration::from_secs(30);
/// A launch may fetch its source from a git host, which has two minutes.
const FETCH_TIME: Duration = Duration::from_secs(150);
/// A server function's arguments, a stop form.
const SMALL_BODY: u64 = 256 * 1024;
/// A request that is pasted or rendered, a script: the reader takes a megabyte, and JSON's escapes may double it.
const SHARE_BYTES: u64 = 2 * 1024 * 1024;
/// A little over what a source may have, so that the answer can say how much that is.
const SOURCE_BYTES: u64 = 65 * 1024 * 1024;
/// The launch form is read to its end up to here, so that a browser gets an answer and not a reset connection.
pub const LAUNCH_DRAIN_BYTES: u64 = 2 * 1024 * 1024 * 1024;

const fn read(path: &'static str) -> Policy {
    Policy { method: "GET", path, effect: Effect::Read, body_bytes: 0, time: Some(PAGE_TIME) }
}

const fn stream(path: &'static str) -> Policy {
    Policy { time: None, ..read(path) }
}

/// What a browser may call from our own pages, and any program that is no browser.
const fn change(path: &'static str) -> Policy {
    Policy { method: "POST", path, effect: Effect::SameOrigin, body_bytes: SMALL_BODY, time: Some(PAGE_TIME) }
}

/// Every route and server function there is, but for MLflow's. There is no login yet: each is open to whoever passes the layer.
const POLICIES: &[Policy] = &[
    // Pages.
    read("/"),
    read("/launch"),
    read("/presets"),
    read("/experiments"),
    read("/runs"),
    read("/runs/mlflow"),
    read("/runs/mlflow/{id}"),
    read("/runs/{id}"),
    read("/runs/{id}/relaunch"),
    read("/runs/{id}/diff"),
    read("/compare"),
    read("/costs"),
    read("/sweeps"),
    read("/sweeps/new"),
    read("/sweeps/{id}"),
    // Forms.
    Policy { body_bytes: LAUNCH_DRAIN_BYTES, time: None, ..change("/launch") },
    Policy { body_bytes: LAUNCH_DRAIN_BYTES, time: None, ..change("/launch/sweep") },
    Policy { body_bytes: LAUNCH_DRAIN_BYTES, time: None, ..change("/presets") },
    change("/runs/bulk"),
    change("/runs/views"),
    change("/runs/views/{id}/delete"),
    change("/presets/{id}/rename"),
    change("/presets/{id}/delete"),
    change("/runs/{id}/preset"),
    change("/runs/{id}/stop"),
    change("/runs/{id}/relaunch"),
    change("/sweeps"),
    change("/sweeps/{id}/stop"),
    // Downloads and the live stream.
    stream("/runs/{id}/model.tar.gz"),
    stream("/runs/{id}/source.tar.gz"),
    stream("/runs/{id}/capsule.tar.gz"),
    stream("/live"),
    // Server functions: each is a public URL; POST only, same origin only.
    change("/api/ui/site_get"),
    change("/api/ui/overview_get"),
    change("/api/ui/costs_get"),
    change("/api/ui/compare_get"),
    change("/api/ui/compare_curves"),
    change("/api/ui/run_get"),
    change("/api/ui/run_rows"),
    change("/api/ui/series_windows"),
    change("/api/ui/run_list_by_filter"),
    change("/api/ui/run_list"),
    change("/api/ui/experiment_list"),
    change("/api/ui/run_series"),
    change("/api/ui/run_log_tail"),
    change("/api/ui/run_log_search"),
    change("/api/ui/run_source"),
    change("/api/ui/capsule_get"),
    change("/api/ui/relaunch_check"),
    change("/api/ui/diff_get"),
    change("/api/ui/mlflow_run_list"),
    change("/api/ui/mlflow_run_get"),
    change("/api/ui/mlflow_job_get"),
    change("/api/ui/sweep_form_get"),
    change("/api/ui/sweep_get"),
    change("/api/ui/sweep_list"),
    change("/api/ui/launch_form_get"),
    change("/api/ui/object_list"),
    change("/api/ui/channel_check"),
    change("/api/ui/preset_list"),
    Policy { body_bytes: SHARE_BYTES, ..change("/api/ui/metric_proposal_list") },
    change("/api/ui/launch_quote"),
    Policy { body_bytes: SHARE_BYTES, ..change("/api/ui/share_read") },
    Policy { body_bytes: SHARE_BYTES, ..change("/api/ui/share_render") },
    // The REST API. Programs send no Origin; a browser on another site does, and is refused.
    Policy { body_bytes: SOURCE_BYTES, time: None, ..change("/api/v1/sources") },
    read("/api/v1/runs"),
    Policy { body_bytes: SHARE_BYTES, time: Some(FETCH_TIME), ..change("/api/v1/runs") },
    stream("/api/v1/runs.csv"),
    stream("/api/v1/runs.json"),
    read("/api/v1/runs/{id}"),
    read("/api/v1/runs/{id}/request"),
    read("/api/v1/runs/{id}/metrics"),
    read("/api/v1/runs/{id}/logs"),
    change("/api/v1/runs/{id}/stop"),
    change("/api/v1/runs/{id}/archive"),
    change("/api/v1/runs/{id}/unarchive"),
    read("/api/v1/experiments"),
    read("/api/v1/costs"),
    read("/api/v1/costs.csv"),
    read("/api/v1/openapi.json"),
    // The built site, and what machines ask.
    read("/pkg/{*file}"),
    read("/favicon.svg"),
    read("/favicon.ico"),
    read("/robots.txt"),
    read("/healthz"),
    read("/readyz"),
];

/// Every line, MLflow's too.
pub fn policies() -> impl Iterator<Item = &'static Policy> {
    POLICIES.iter().chain(mlflow::POLICIES.iter().flatten())
}

/// What a path without a line gets: a page that says so, for reading only.
pub const NOT_FOUND: Policy = read("/{*any}");

/// The line for a request; HEAD counts as GET. `None`: refused.
pub fn find(method: &Method, path: &str) -> Option<&'static Policy> {
    let method = if *method == Method::HEAD { Method::GET } else { method.clone() };
    let named = policies().find(|it| it.method == method.as_str() && matches(it.path, path));
    // A path that has a line for another method is not unknown: it gets 405, not the page.
    let is_page = method == Method::GET && methods(path).is_empty() && !super::error::is_for_programs(path);
    named.or_else(|| is_page.then_some(&NOT_FOUND))
}

/// The methods that a path has lines for, for the Allow header.
pub fn methods(path: &str) -> Vec<&'static str> {
    policies().filter(|it| matches(it.path, path)).map(|it| it.method).collect()
}

/// Segment by segment; `{name}` takes one segment that is not empty, `{*name}` takes the rest.
fn matches(pattern: &str, path: &str) -> bool {
    let mut wanted = pattern.split('/');
    let mut given = path.split('/');
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(rest), Some(first)) if rest.starts_with("{*") => return !first.is_empty() || given.next().is_some(),
            (Some(one), Some(segment)) if one.starts_with('{') => {
                if segment.is_empty() {
                    return false;
                }
            }
            (Some(one), Some(segment)) if one == segment => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_take_whole_segments() {
        assert!(matches("/runs/{id}", "/runs/01J"));
        assert!(!matches("/runs/{id}", "/runs/"));
        assert!(!matches("/runs/{id}", "/runs/01J/stop"));
        assert!(matches("/pkg/{*file}", "/pkg/a/b.js"));
        assert!(!matches("/pkg/{*file}", "/pkg"));
        assert!(matches("/", "/"));
    }

    #[test]
    fn what_is_not_declared_can_only_be_read_as_not_found() {
        assert!(find(&Method::POST, "/api/ui/unheard_of").is_none());
        assert!(find(&Method::DELETE, "/runs/01J").is_none());
        assert!(find(&Method::GET, "/api/ui/run_get").is_none());
        assert!(find(&Method::GET, "/api/v1/unheard_of").is_none(), "programs get no page");
        assert_eq!(find(&Method::GET, "/etc/passwd").map(|it| it.path), Some(NOT_FOUND.path));
        assert_eq!(find(&Method::HEAD, "/runs").map(|it| it.path), Some("/runs"));
    }

    #[test]
    fn nothing_that_is_posted_is_open_to_other_origins() {
        for policy in policies() {
            assert_eq!(policy.effect == Effect::Read, policy.method == "GET", "{}", policy.path);
        }
    }
}
