//! The embedded engine as the server runs it: bound at the start, told to stop last.

use std::{error::Error as _, ffi::OsString, net::SocketAddr, path::Path, process::ExitCode};

use aws_local::{AccessKey, JobConfig, LocalConfig, LocalError};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    config::{Config, LocalOnly},
    data_dir::{self, DirLock},
    startup::StartupError,
};

/// Serving from the moment it is made.
pub(crate) struct LocalEndpoint {
    addr: SocketAddr,
    /// What this process signs its own requests with.
    key: AccessKey,
    /// How jobs are kept apart and what they may take: sentences for people.
    terms: [String; 2],
    stop: CancellationToken,
    serving: JoinHandle<Result<(), LocalError>>,
    /// One process at a time looks after the folder's jobs.
    _lock: DirLock,
}

impl LocalEndpoint {
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) fn key(&self) -> &AccessKey {
        &self.key
    }

    /// How jobs are kept apart and what they may take.
    pub(crate) fn terms(&self) -> &[String] {
        &self.terms
    }

    /// Ends the endpoint; its jobs go on by themselves.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        match self.serving.await {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => tracing::error!(%failure, "the local engine ended badly"),
            Err(failure) => tracing::error!(%failure, "the local engine ended badly"),
        }
    }

    /// `trainyard local`: serves until `stop`.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> Result<(), StartupError> {
        let ended = tokio::select! {
            ended = &mut self.serving => ended,
            () = stop.cancelled() => {
                self.stop.cancel();
                self.serving.await
            }
        };
        match ended {
            Ok(Ok(())) => Ok(()),
            Ok(Err(failure)) => Err(StartupError::LocalEngine { message: with_cause(&failure) }),
            Err(failure) => Err(StartupError::LocalEngine { message: failure.to_string() }),
        }
    }
}

/// For `trainyard serve`.
pub(crate) async fn start(config: &Config) -> Result<LocalEndpoint, StartupError> {
    let program = config.job_program.clone().map_or_else(std::env::current_exe, Ok).map_err(StartupError::Runtime)?;
    let mut local = LocalConfig::new(config.engine_dir(), JobConfig::new(program));
    config.local.apply(&mut local);
    local.addr = config.aws_addr;
    local.region = config.region.clone().unwrap_or(local.region);
    local.bucket = config.bucket.clone().unwrap_or(local.bucket);
    local.allowed_hosts.clone_from(&config.allowed_hosts);
    bind(local, "--aws-addr").await
}

/// For `trainyard local`.
pub(crate) async fn start_alone(config: &LocalOnly) -> Result<LocalEndpoint, StartupError> {
    let program = std::env::current_exe().map_err(StartupError::Runtime)?;
    let mut local = LocalConfig::new(config.engine_dir(), JobConfig::new(program));
    config.local.apply(&mut local);
    local.addr = config.addr;
    local.region.clone_from(&config.region);
    local.bucket.clone_from(&config.bucket);
    bind(local, "--addr").await
}

async fn bind(config: LocalConfig, flag: &'static str) -> Result<LocalEndpoint, StartupError> {
    let lock = data_dir::open(&config.data, "engine.lock")?;
    let endpoint = aws_local::bind(config).await.map_err(|failure| match failure {
        LocalError::AddrInUse { addr } => StartupError::PortTaken { flag, addr },
        LocalError::AddrUnusable { addr, source } => StartupError::Addr { flag, addr, source },
        other => StartupError::LocalEngine { message: with_cause(&other) },
    })?;
    let (addr, key) = (endpoint.local_addr(), endpoint.own_key());
    let isolation = endpoint.jobs().isolation();
    let terms = [isolation.sentence.clone(), endpoint.jobs().limits()];
    tracing::info!(?isolation, limits = %terms[1], %addr, "the local engine is there");
    let stop = CancellationToken::new();
    let serving = tokio::spawn(endpoint.serve(stop.clone()));
    Ok(LocalEndpoint { addr, key, terms, stop, serving, _lock: lock })
}

/// The failure and what caused it, in one line.
fn with_cause(failure: &LocalError) -> String {
    let mut text = failure.to_string();
    let mut cause = failure.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

/// `trainyard local-supervise DIR`.
pub(crate) fn supervise(dir: &Path) -> ExitCode {
    aws_local::job::supervise(dir)
}

/// `trainyard local-sandbox ..`.
pub(crate) fn sandbox(arguments: &[OsString]) -> ExitCode {
    aws_local::job::sandbox(arguments)
}
