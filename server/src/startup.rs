//! The server as a value: built from a configuration, run until it is told to stop.
//!
//! Start: folder and its lock, listener, database with its migrations, engine, use cases, router. Whatever fails is one
//! line that names the cure. Stop: no new connections, live streams end by a token, what is at work gets a few seconds,
//! the engine goes last; ten seconds in all, and never more.

use std::{error::Error as _, net::SocketAddr, sync::Arc, time::Duration};

use axum::serve::ListenerExt as _;
use domain::time::Clock;
use services::{EngineKind, Services, ServicesConfig};
use store::{Store, StoreError};
use tokio::{net::TcpListener, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    SystemClock,
    cli::EngineChoice,
    config::{Config, ConfigError, DatabaseUrl},
    data_dir::{self, DataDirError, DirLock},
    http::{self, MountedRoute, Web, security::HostList},
    local::{self, LocalEndpoint},
    samples,
    telemetry::LogFilterError,
};

/// Answers and background work that are under way when the server stops.
const WORK_GRACE: Duration = Duration::from_secs(6);
/// The engine's own answers, then the database's connections.
const ENGINE_GRACE: Duration = Duration::from_secs(2);
const DATABASE_GRACE: Duration = Duration::from_secs(1);

/// Why the server does not start. Each text is one line.
#[derive(Debug, thiserror::Error)]
pub enum StartupError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Log(#[from] LogFilterError),
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    #[error("{addr} is in use by another program: stop that one, or pass another {flag}")]
    PortTaken { flag: &'static str, addr: SocketAddr },
    #[error("{addr} cannot be listened on: {source}; pass another {flag}")]
    Addr { flag: &'static str, addr: SocketAddr, source: std::io::Error },
    #[error("{message}")]
    Database { message: String },
    #[error(transparent)]
    Engine(#[from] aws::ConnectError),
    #[error("the local engine cannot run: {message}")]
    LocalEngine { message: String },
    #[error("{message}")]
    Refused { message: String },
    #[error("the system refused the program a basic service: {0}")]
    Runtime(std::io::Error),
}

/// Built, listening, and not yet serving.
pub struct Application {
    listener: TcpListener,
    addr: SocketAddr,
    engine: Option<LocalEndpoint>,
    store: Store,
    services: Services,
    config: Config,
    _data_lock: DirLock,
}

impl Application {
    /// Everything that can go wrong at the start goes wrong here. Port 0 takes a free one: see `addr`.
    pub async fn build(config: Config) -> Result<Self, StartupError> {
        Self::build_with(config, |_| {}).await
    }

    /// The same, with a last word on the use cases' configuration, for tests.
    pub async fn build_with(config: Config, tune: impl FnOnce(&mut ServicesConfig)) -> Result<Self, StartupError> {
        let data_lock = data_dir::open(&config.data_dir, "trainyard.lock")?;
        let listener = listen("--addr", config.addr).await?;
        let addr = listener.local_addr().map_err(StartupError::Runtime)?;
        let store = Store::connect(config.database_url.expose())
            .await
            .map_err(|failure| database_error(&failure, &config.database_url))?;
        let (engine, endpoint) = match config.engine {
            EngineChoice::Aws => (aws::connect(aws_config(&config, aws::Target::Aws)).await?, None),
            EngineChoice::Local => {
                let endpoint = local::start(&config).await?;
                let endpoint_url = format!("http://{}", endpoint.addr());
                let key = Some((endpoint.key().id.clone(), endpoint.key().secret.clone()));
                (aws::connect(aws_config(&config, aws::Target::Local { endpoint_url, key })).await?, Some(endpoint))
            }
        };
        let kind = if endpoint.is_some() { EngineKind::Local } else { EngineKind::Aws };
        let mut services_config = ServicesConfig {
            samples: samples::bundled(),
            policies: config.policies.clone(),
            budgets: config.budgets.clone(),
            tracking_uri: config.tracking_uri.for_jobs(endpoint.is_some().then_some(addr)),
            ..ServicesConfig::for_engine(kind)
        };
        tune(&mut services_config);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let services = Services::new(store.clone(), engine, clock, services_config);
        if config.database_url.is_file_in(&config.data_dir) {
            // The folder's lock says that no other server uses this database.
            services.leases_release().await.map_err(|failure| StartupError::Database { message: failure.chain() })?;
        }
        services.mlflow_start().await.map_err(|failure| StartupError::Database { message: failure.to_string() })?;
        if !http::static_files::is_built() {
            tracing::warn!(
                "this binary was built without the browser client: pages work, and do not update by themselves"
            );
        }
        Ok(Self { listener, addr, engine: endpoint, store, services, config, _data_lock: data_lock })
    }

    /// Where the dashboard listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where the local engine listens, if it is ours.
    pub fn engine_addr(&self) -> Option<SocketAddr> {
        self.engine.as_ref().map(LocalEndpoint::addr)
    }

    pub fn services(&self) -> &Services {
        &self.services
    }

    /// Everything that is mounted, for the test that holds it against the policies.
    pub fn routes(&self) -> Vec<MountedRoute> {
        http::service(self.web(CancellationToken::new()), self.hosts()).1
    }

    fn web(&self, stop: CancellationToken) -> Web {
        Web::new(self.services.clone(), stop)
    }

    fn hosts(&self) -> HostList {
        HostList::new(self.addr, &self.config.allowed_hosts)
    }

    /// Serves until `stop`, then ends within ten seconds.
    pub async fn run(self, stop: CancellationToken) -> Result<(), StartupError> {
        let (router, _) = http::service(self.web(stop.clone()), self.hosts());
        let tasks = tokio::spawn({
            let (services, stop) = (self.services.clone(), stop.clone());
            async move { services.run_tasks(stop).await }
        });
        // Small events must not wait for more.
        let listener = self.listener.tap_io(|stream| {
            if let Err(failure) = stream.set_nodelay(true) {
                tracing::debug!(%failure, "TCP_NODELAY was refused");
            }
        });
        tracing::info!(addr = %self.addr, database = ?self.config.database_url, "serving");
        let serving = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
        let work = async {
            let served = serving.await;
            if let Err(failure) = tasks.await {
                tracing::error!(%failure, "background work ended badly");
            }
            served.map_err(StartupError::Runtime)
        };
        let result = tokio::select! {
            result = work => result,
            () = after(&stop, WORK_GRACE) => {
                tracing::warn!("some connections or background work did not end in time and are cut off");
                Ok(())
            }
        };
        if let Some(engine) = self.engine
            && timeout(ENGINE_GRACE, engine.stop()).await.is_err()
        {
            tracing::warn!("the local engine did not end in time; its jobs go on by themselves");
        }
        if timeout(DATABASE_GRACE, self.store.close()).await.is_err() {
            tracing::warn!("the database did not close in time");
        }
        tracing::info!("stopped");
        result
    }
}

/// Some time after `stop`.
async fn after(stop: &CancellationToken, grace: Duration) {
    stop.cancelled().await;
    tokio::time::sleep(grace).await;
}

async fn listen(flag: &'static str, addr: SocketAddr) -> Result<TcpListener, StartupError> {
    TcpListener::bind(addr).await.map_err(|source| listen_error(flag, addr, source))
}

fn listen_error(flag: &'static str, addr: SocketAddr, source: std::io::Error) -> StartupError {
    if source.kind() == std::io::ErrorKind::AddrInUse {
        StartupError::PortTaken { flag, addr }
    } else {
        StartupError::Addr { flag, addr, source }
    }
}

fn aws_config(config: &Config, target: aws::Target) -> aws::AwsConfig {
    aws::AwsConfig {
        target,
        region: config.region.clone(),
        bucket: config.bucket.clone(),
        role_arn: config.role_arn.clone(),
        output_path: config.output_path.clone(),
    }
}

/// The store's line and what the driver said, without secrets.
fn database_error(failure: &StoreError, url: &DatabaseUrl) -> StartupError {
    let cause = failure.source().map(|it| format!(" ({it})")).unwrap_or_default();
    StartupError::Database { message: url.redact(&format!("{failure}{cause}")) }
}
