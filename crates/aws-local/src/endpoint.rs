//! The port: binds, answers, and stops.

use std::fs;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::Request;
use http::request::Parts;
use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::background;
use crate::clock;
use crate::cloudwatch::MetricStore;
use crate::config::{LocalConfig, LocalError};
use crate::guard::Guard;
use crate::iam::Roles;
use crate::job::JobHost;
use crate::logs::LogStore;
use crate::quotas::Quotas;
use crate::route::{self, Route, Service};
use crate::s3::Objects;
use crate::sagemaker::experiments::ExperimentStore;
use crate::sagemaker::tuning::TuningStore;
use crate::sagemaker::{JobRecords, TagStore};
use crate::services::Services;
use crate::signature::{AccessKey, Caller, Verifier};
use crate::sts::Sessions;
use crate::wire::{self, ApiError, Call, Protocol, body, cbor, query};

/// How long requests that are under way may take to end after the stop.
const DRAIN: Duration = Duration::from_secs(5);

/// A bound endpoint, not yet serving.
pub struct LocalEndpoint {
    listener: TcpListener,
    local_addr: SocketAddr,
    app: Arc<App>,
}

struct App {
    guard: Guard,
    verifier: Verifier,
    services: Arc<Services>,
    objects: Objects,
}

/// Opens the data folder and the port. Jobs of an earlier server are re-attached or recovered here.
pub async fn bind(config: LocalConfig) -> Result<LocalEndpoint, LocalError> {
    let LocalConfig { addr, data, region, account, bucket, allowed_hosts, keys, quotas, mut job } = config;
    if !s3s::path::check_bucket_name(&bucket) {
        return Err(LocalError::BucketName { name: bucket });
    }
    if let Some(key) = keys.unusable() {
        return Err(LocalError::Key { key: key.to_owned() });
    }
    let quotas = Quotas::new(quotas).map_err(|key| LocalError::Quota { key })?;
    let listener = TcpListener::bind(addr).await.map_err(|source| match source.kind() {
        ErrorKind::AddrInUse => LocalError::AddrInUse { addr },
        _ => LocalError::AddrUnusable { addr, source },
    })?;
    let local_addr = listener.local_addr().map_err(|source| LocalError::AddrUnusable { addr, source })?;

    let s3_root = data.join("s3");
    create(&s3_root.join(&bucket))?;
    // Folders may exist and still not be ours to write.
    let probe = data.join(".writable");
    fs::write(&probe, []).and_then(|()| fs::remove_file(&probe)).map_err(|source| not_writable(&data, source))?;

    job.region.clone_from(&region);
    if job.endpoint_url.is_none() {
        job.endpoint_url = Some(format!("http://{}", reachable(local_addr)));
    }
    // Recovering an earlier server's jobs reads their files.
    let opening = {
        let (data, s3_root) = (data.clone(), s3_root.clone());
        move || -> anyhow::Result<_> {
            let (roles, sessions) = (Roles::open(&data.join("iam"))?, Sessions::open(&data.join("sts"))?);
            job.access_key = Some(Verifier::own_key(&sessions));
            let jobs = JobHost::open(&data, job)?;
            let (metrics, objects) =
                (MetricStore::open(&data.join("cloudwatch"))?, Objects::open(&s3_root, &account, &region)?);
            let logs = LogStore::open(&data.join("logs"))?;
            let tags = TagStore::open(&data.join("sagemaker/tags"))?;
            let experiments = ExperimentStore::open(&data.join("experiments"))?;
            let tuning = TuningStore::open(&data.join("tuning"))?;
            let job_records = JobRecords::default();
            let services = Services {
                region,
                account,
                s3_root,
                jobs,
                metrics,
                roles,
                quotas,
                sessions,
                tags,
                job_records,
                experiments,
                tuning,
                logs,
            };
            Ok((services, objects))
        }
    };
    let opened = tokio::task::spawn_blocking(opening).await.unwrap_or_else(|panic| Err(panic.into()));
    let (services, objects) = opened.map_err(|source| LocalError::Store { path: data, source })?;
    let guard = Guard::new(local_addr, allowed_hosts);
    let app = App { guard, verifier: Verifier::new(keys), services: Arc::new(services), objects };
    Ok(LocalEndpoint { listener, local_addr, app: Arc::new(app) })
}

impl LocalEndpoint {
    /// The address that clients use, with the real port.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// A key that requests may be signed with, whatever keys are configured: for programs that the endpoint trusts.
    pub fn own_key(&self) -> AccessKey {
        Verifier::own_key(&self.app.services.sessions)
    }

    /// The host of the jobs, for start-up messages such as which isolation is in force.
    pub fn jobs(&self) -> &JobHost {
        &self.app.services.jobs
    }

    /// Answers until `stop`, then up to five seconds more for requests under way. Jobs go on without the server.
    pub async fn serve(self, stop: CancellationToken) -> Result<(), LocalError> {
        let background_stop = stop.child_token();
        let background = tokio::spawn(background::run(Arc::clone(&self.app.services), background_stop.clone()));
        let router = Router::new().fallback(handle).with_state(self.app);
        let serving = axum::serve(self.listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
        let drained = async {
            stop.cancelled().await;
            tokio::time::sleep(DRAIN).await;
        };
        let outcome = tokio::select! {
            ended = serving => ended.map_err(|source| LocalError::Serve { source }),
            () = drained => Ok(()),
        };
        background_stop.cancel();
        let _ = background.await;
        outcome
    }
}

/// An address that is bound to all interfaces is reached by loopback.
fn reachable(addr: SocketAddr) -> SocketAddr {
    match addr {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => SocketAddr::from(([127, 0, 0, 1], addr.port())),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => {
            SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, addr.port()))
        }
        addr => addr,
    }
}

fn create(path: &Path) -> Result<(), LocalError> {
    fs::create_dir_all(path).map_err(|source| not_writable(path, source))
}

fn not_writable(path: &Path, source: std::io::Error) -> LocalError {
    LocalError::NotWritable { path: path.to_owned(), source }
}

async fn handle(State(app): State<Arc<App>>, request: Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let route = Route::of(&head);
    let caller = Caller::of(&head);
    if let Err(refusal) = app.guard.check(&head) {
        return match route {
            Route::Rpc { protocol, service, operation } => wire::answer(protocol, service, &operation, Err(refusal)),
            Route::NoOperation => wire::answer(Protocol::Json11, Service::Unknown, "", Err(refusal)),
            Route::Form | Route::UrlForm(_) => wire::answer(Protocol::Query, Service::Unknown, "", Err(refusal)),
            Route::S3 => crate::s3::refused(403, "AccessDenied", &refusal.message),
        };
    }
    match route {
        Route::Rpc { protocol, service, operation } => {
            let input = received(&app, &head, body, protocol, service).await.and_then(|bytes| match protocol {
                Protocol::Cbor => cbor::decode(&bytes),
                _ => json(&bytes),
            });
            run(&app, protocol, service, operation, caller, input).await
        }
        Route::NoOperation => {
            let input = received(&app, &head, body, Protocol::Json11, Service::Unknown).await;
            run(&app, Protocol::Json11, Service::Unknown, String::new(), caller, input.map(|_| Value::Null)).await
        }
        Route::Form => {
            let bytes = received(&app, &head, body, Protocol::Query, Service::CloudWatch).await;
            let fields = bytes.and_then(|bytes| query::fields(&bytes));
            run_form(&app, caller, fields).await
        }
        Route::UrlForm(form) => {
            let bytes = received(&app, &head, body, Protocol::Query, Service::CloudWatch).await;
            run_form(&app, caller, bytes.map(|_| route::url_fields(&form))).await
        }
        Route::S3 if app.verifier.is_on() => {
            match app.verifier.check_s3(&head, &app.services.sessions, clock::now_ms()) {
                Ok(verified) => app.objects.call(head, body, Some(verified)).await,
                Err(refusal) => {
                    let (status, code, message) = refusal.in_s3();
                    crate::s3::refused(status, code, &message)
                }
            }
        }
        Route::S3 => app.objects.call(head, body, None).await,
    }
}

/// The whole body of a request that may come in.
async fn received(
    app: &App,
    head: &Parts,
    body: Body,
    protocol: Protocol,
    service: Service,
) -> Result<Bytes, ApiError> {
    let bytes = body::collect(body, body::limit(service)).await?;
    if app.verifier.is_on() {
        let checked = app.verifier.check(head, &bytes, &app.services.sessions, clock::now_ms());
        checked.map_err(|refusal| refusal.to_error(protocol))?;
    }
    body::unpacked(&head.headers, bytes)
}

async fn run_form(app: &App, caller: Caller, fields: Result<Vec<(String, String)>, ApiError>) -> Response {
    match fields {
        Ok(fields) => {
            let (service, operation) = route::form_target(&fields);
            run(app, Protocol::Query, service, operation, caller, query::decode(&fields)).await
        }
        Err(error) => wire::answer(Protocol::Query, Service::Unknown, "", Err(error)),
    }
}

async fn run(
    app: &App,
    protocol: Protocol,
    service: Service,
    operation: String,
    caller: Caller,
    input: Result<Value, ApiError>,
) -> Response {
    let input = match input {
        Ok(input) => input,
        Err(error) => return wire::answer(protocol, service, &operation, Err(error)),
    };
    let call = Call { service, operation: operation.clone(), protocol, input, caller };
    let services = Arc::clone(&app.services);
    // Operations read journals and folders. A panic in one is a bug in that one, and the others go on.
    let outcome = tokio::task::spawn_blocking(move || services.call(&call))
        .await
        .unwrap_or_else(|error| Err(ApiError::internal(error)));
    wire::answer(protocol, service, &operation, outcome)
}

fn json(bytes: &[u8]) -> Result<Value, ApiError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(Map::new()));
    }
    match serde_json::from_slice(bytes) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(ApiError::client("SerializationException", "Start of structure or map expected.")),
        Err(error) => {
            Err(ApiError::client("SerializationException", format!("The request body is not valid JSON: {error}.")))
        }
    }
}
