//! The outer layer: every route and server function has a declared policy, and what it says holds.

use std::collections::BTreeSet;

use axum::http::Method;
use server::http::policy::{self, Effect, NOT_FOUND, policies};

use crate::harness::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn every_route_and_server_function_has_its_line_and_every_line_its_route() {
    let app = TestApp::start().await;
    let dir = tempfile::tempdir().expect("a folder");
    let built = server::startup::Application::build(crate::harness::config(&dir)).await.expect("an application");
    let mounted = built.routes();
    assert!(mounted.len() > 20, "there are routes to look at: {}", mounted.len());
    for (method, path) in &mounted {
        let policy = policy::find(method, path);
        let declared = policy.filter(|it| it.path != NOT_FOUND.path);
        assert!(declared.is_some(), "{method} {path} has no declared policy");
    }
    let mounted: BTreeSet<(String, String)> =
        mounted.iter().map(|(method, path)| (method.to_string(), path.clone())).collect();
    for policy in policies() {
        let route = (policy.method.to_owned(), policy.path.to_owned());
        assert!(mounted.contains(&route), "{} {} is declared and not mounted", policy.method, policy.path);
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_server_function_can_be_called_by_a_link() {
    let app = TestApp::start().await;
    let mut count = 0;
    for (path, method) in leptos::server_fn::axum::server_fn_paths() {
        count += 1;
        assert_eq!(method, Method::POST, "{path} is not POST");
        assert_eq!(policy::find(&method, path).map(|it| it.effect), Some(Effect::SameOrigin), "{path}");
        let answer = app.get(path).send().await.expect("an answer");
        assert_eq!(answer.status(), 405, "GET {path}");
    }
    assert!(count >= 8, "server functions are registered: {count}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_origins_change_nothing() {
    let app = TestApp::start().await;
    let own = app.url.clone();
    let posts: Vec<String> = policies()
        .filter(|it| it.method == "POST")
        .map(|it| it.path.replace("{id}", "01ARZ3NDEKTSV4RRFFQ69G5FAV"))
        .collect();
    assert!(posts.len() > 8);
    for path in &posts {
        for (name, value) in [
            ("origin", "http://evil.example"),
            ("origin", "null"),
            ("origin", "http://127.0.0.1:1"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            let answer = app.post(path).header(name, value).body("{}").send().await.expect("an answer");
            assert_eq!(answer.status(), 403, "{path} with {name}: {value}");
        }
        let answer = app.post(path).header("origin", &own).body("{}").send().await.expect("an answer");
        assert_ne!(answer.status(), 403, "{path} from our own page");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_host_name_gets_nothing() {
    let app = TestApp::start_with(|config| config.allowed_hosts = vec!["yard.example".to_owned()]).await;
    let port = app.addr.port();
    for host in
        ["evil.example".to_owned(), format!("evil.example:{port}"), "127.0.0.1".to_owned(), "localhost:1".to_owned()]
    {
        for path in ["/", "/healthz", "/pkg/trainyard.js", "/live?topic=runs"] {
            let answer = app.get(path).header("host", &host).send().await.expect("an answer");
            assert_eq!(answer.status(), 421, "{host} {path}");
        }
    }
    for host in [format!("localhost:{port}"), format!("[::1]:{port}"), "yard.example".to_owned()] {
        let answer = app.get("/healthz").header("host", &host).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{host}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_the_headers_and_a_page_its_own_nonce() {
    let app = TestApp::start().await;
    let mut nonces = BTreeSet::new();
    for path in ["/", "/", "/launch", "/runs", "/experiments", "/no/such/page"] {
        let answer = app.get(path).header("accept", "text/html").send().await.expect("an answer");
        let policy = answer.headers()["content-security-policy"].to_str().unwrap_or_default().to_owned();
        for wanted in ["default-src 'none'", "script-src 'self' 'nonce-", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(wanted), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe-inline"), "{path}: {policy}");
        let nonce = policy.split("'nonce-").nth(1).and_then(|it| it.split('\'').next()).unwrap_or_default().to_owned();
        let html = answer.text().await.expect("text");
        assert!(html.contains(&format!("nonce=\"{nonce}\"")), "{path} uses its nonce");
        for script in html.split("<script").skip(1) {
            let tag = script.split('>').next().unwrap_or_default();
            assert!(
                tag.contains("nonce=") || tag.contains("src="),
                "{path}: an inline script without the nonce: {tag}"
            );
        }
        assert!(!html.contains(" style=\""), "{path}: an inline style, which the policy forbids");
        assert!(nonces.insert(nonce), "a nonce is used once");
    }
    for (path, status) in [("/", 200), ("/healthz", 200), ("/no/such/page", 404), ("/live", 400), ("/robots.txt", 200)]
    {
        let answer = app.get(path).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{path}");
        let headers = answer.headers();
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(headers[name], value, "{path}");
        }
        assert!(headers.contains_key("content-security-policy"), "{path}");
        assert!(headers.contains_key("cache-control"), "{path}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_or_wrong_request_is_refused() {
    let app = TestApp::start().await;
    let large = app.post("/api/ui/run_get").body(vec![b'x'; 300 * 1024]).send().await.expect("an answer");
    assert_eq!(large.status(), 413);
    let wrong = app.post("/runs").body("").send().await.expect("an answer");
    assert_eq!(wrong.status(), 405);
    assert_eq!(wrong.headers()["allow"], "GET");
    let unknown = app.post("/no/such/route").body("").send().await.expect("an answer");
    assert_eq!(unknown.status(), 404);
    let deep = "[".repeat(20_000);
    let answer = app.post("/api/ui/run_get").header("content-type", "application/json").body(deep).send().await;
    assert!(answer.expect("an answer").status().as_u16() < 600, "deep JSON ends in an answer, not in a crash");
    assert_eq!(app.get("/healthz").send().await.expect("an answer").status(), 200);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ready_says_what_is_ready() {
    let app = TestApp::start().await;
    let body = crate::harness::eventually("the first sync", async || {
        let answer = app.get("/readyz").send().await.ok()?;
        let body: serde_json::Value = answer.json().await.ok()?;
        body["last_sync_at"].is_string().then_some(body)
    })
    .await;
    assert_eq!(body["status"], "ready", "{body}");
    assert_eq!(body["database"]["ok"], true);
    assert_eq!(body["engine"]["ok"], true);
    app.stop().await;
}
