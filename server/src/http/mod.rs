//! HTTP: the router, and the layers around it.
//!
//! Outside in: `security` (deny by default), a span per request, panics caught, compression of pages, the router.
//! To add a route: one line in `router` below, one in `policy`; for the REST API, see `api`, for MLflow's, `mlflow`.

pub mod api;
pub mod error;
pub mod policy;
pub mod security;
pub mod static_files;

mod downloads;
mod health;
mod launch;
mod live;
mod mlflow;
mod presets;
mod relaunch;
mod runs;
mod stop;
mod sweep;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, FromRef, Request},
    http::{Extensions, HeaderMap, HeaderValue, Method, StatusCode, Version, header},
    middleware,
    response::Response,
    routing::{MethodRouter, get, post},
};
use leptos::{config::LeptosOptions, nonce::use_nonce, prelude::provide_context, prelude::use_context};
use leptos_axum::{LeptosRoutes as _, ResponseOptions, generate_route_list};
use services::Services;
use tokio_util::sync::CancellationToken;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer,
        predicate::{DefaultPredicate, NotForContentType, Predicate as _},
    },
    trace::TraceLayer,
};

use security::HostList;

/// What handlers are given.
#[derive(Clone)]
pub struct Web {
    pub services: Services,
    /// Cancelled when the server ends: live streams end with it.
    pub stop: CancellationToken,
    pub(crate) uploads: Arc<tokio::sync::Semaphore>,
    /// Turns of MLflow clients that send much.
    pub(crate) transfers: Arc<tokio::sync::Semaphore>,
    pub(crate) leptos: LeptosOptions,
}

impl FromRef<Web> for LeptosOptions {
    fn from_ref(web: &Web) -> Self {
        web.leptos.clone()
    }
}

impl Web {
    pub fn new(services: Services, stop: CancellationToken) -> Self {
        // Our own shell writes the document's head: of these options only the name is ever read.
        let leptos = LeptosOptions::builder().output_name("trainyard").build();
        let turns = |count| Arc::new(tokio::sync::Semaphore::new(count));
        let (uploads, transfers) = (turns(launch::MAX_UPLOADS), turns(mlflow::MAX_TRANSFERS));
        Self { services, stop, uploads, transfers, leptos }
    }
}

/// A route as it is mounted: its method and its path.
pub type MountedRoute = (Method, String);

/// The whole HTTP service, with the list of everything that is mounted in it.
pub fn service(web: Web, hosts: HostList) -> (Router, Vec<MountedRoute>) {
    let (router, mounted) = router(web);
    let compression = CompressionLayer::new().compress_when(
        DefaultPredicate::new()
            .and(NotForContentType::new("text/event-stream"))
            .and(NotForContentType::new("application/gzip"))
            .and(NotForContentType::new("application/octet-stream"))
            // Artifacts: models and images are packed already, and their size shall be known.
            .and(|_, _: Version, _: &HeaderMap, answer: &Extensions| answer.get::<mlflow::IsArtifact>().is_none()),
    );
    let trace = TraceLayer::new_for_http()
        .make_span_with(|request: &Request| {
            // The path alone: a query may hold what a user typed.
            tracing::info_span!("http.request", method = %request.method(), path = %request.uri().path())
        })
        .on_request(())
        .on_response(log_answer)
        .on_failure(());
    // Around a router of one route that takes everything, so that the layers see also what the inner one does not know.
    // The last layer is the outermost.
    let service = Router::new()
        .fallback_service(router)
        .layer(compression)
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(trace)
        .layer(middleware::from_fn_with_state(hosts, security::guard));
    (service, mounted)
}

fn log_answer(answer: &Response, took: Duration, _: &tracing::Span) {
    let (status, duration_ms) = (answer.status().as_u16(), took.as_millis());
    tracing::debug!(status, duration_ms, "answered");
}

fn router(web: Web) -> (Router, Vec<MountedRoute>) {
    let mut mounted = Vec::new();
    let mut router: Router<Web> = Router::new();
    let mut mount = |method: Method, path: &str, handler: MethodRouter<Web>| {
        mounted.push((method, path.to_owned()));
        router = std::mem::take(&mut router).route(path, handler);
    };
    // The form is read in chunks with limits of its own.
    mount(Method::POST, "/launch", post(launch::launch).layer(DefaultBodyLimit::disable()));
    mount(Method::POST, "/launch/sweep", post(launch::sweep).layer(DefaultBodyLimit::disable()));
    mount(Method::POST, "/presets", post(presets::create).layer(DefaultBodyLimit::disable()));
    mount(Method::POST, "/presets/{id}/rename", post(presets::rename));
    mount(Method::POST, "/presets/{id}/delete", post(presets::delete));
    mount(Method::POST, "/runs/bulk", post(runs::bulk));
    mount(Method::POST, "/runs/views", post(runs::view_keep));
    mount(Method::POST, "/runs/views/{id}/delete", post(runs::view_delete));
    mount(Method::POST, "/runs/{id}/preset", post(presets::create_of_run));
    mount(Method::POST, "/runs/{id}/stop", post(stop::stop));
    mount(Method::POST, "/runs/{id}/relaunch", post(relaunch::relaunch));
    mount(Method::POST, "/sweeps", post(sweep::create));
    mount(Method::POST, "/sweeps/{id}/stop", post(sweep::stop));
    mount(Method::GET, "/runs/{id}/model.tar.gz", get(downloads::artifact));
    mount(Method::GET, "/runs/{id}/source.tar.gz", get(downloads::source));
    mount(Method::GET, "/runs/{id}/capsule.tar.gz", get(downloads::capsule));
    mount(Method::GET, "/live", get(live::live));
    mount(Method::GET, "/healthz", get(health::healthz));
    mount(Method::GET, "/readyz", get(health::readyz));
    mount(Method::GET, "/pkg/{*file}", get(static_files::package));
    mount(Method::GET, "/favicon.svg", get(static_files::icon));
    mount(Method::GET, "/favicon.ico", get(static_files::icon));
    mount(Method::GET, "/robots.txt", get(static_files::robots));

    let (api, api_routes) = api::router();
    router = router.merge(api);
    mounted.extend(api_routes);

    let (mlflow, mlflow_routes) = mlflow::router();
    router = router.merge(mlflow);
    mounted.extend(mlflow_routes);

    let pages = generate_route_list(app::App);
    mounted.extend(pages.iter().map(|page| (Method::GET, page.path().to_owned())));
    mounted.extend(leptos::server_fn::axum::server_fn_paths().map(|(path, method)| (method, path.to_owned())));
    let context = page_context(web.services.clone());
    let not_found = leptos_axum::render_app_async_with_context(context.clone(), app::shell);
    let router = router
        .leptos_routes_with_context(&web, pages, context, app::shell)
        .fallback(move |request: Request<Body>| {
            let not_found = not_found.clone();
            async move {
                let mut answer = not_found(request).await;
                // Whatever the page thinks of itself.
                *answer.status_mut() = StatusCode::NOT_FOUND;
                answer
            }
        })
        .with_state(web);
    (router, mounted)
}

/// What pages and server functions find in their context; and the content policy with this answer's nonce.
fn page_context(services: Services) -> impl Fn() + Clone + Send + Sync + 'static {
    let assets = static_files::assets();
    move || {
        provide_context(services.clone());
        provide_context(assets.clone());
        // Server functions have no nonce and answer no page.
        if let (Some(nonce), Some(options)) = (use_nonce(), use_context::<ResponseOptions>())
            && let Ok(policy) = HeaderValue::from_str(&security::page_content_policy(&nonce.to_string()))
        {
            options.insert_header(header::CONTENT_SECURITY_POLICY, policy);
        }
    }
}
