//! The server inside the test's process: the same `Application` that `main` runs.

use std::{net::SocketAddr, ops::Deref};

use server::{
    cli::{EngineChoice, Settings},
    config::{Config, DatabaseUrl},
    startup::Application,
};
use services::Services;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Client, program};

pub(crate) struct TestApp {
    client: Client,
    pub(crate) addr: SocketAddr,
    pub(crate) engine_addr: SocketAddr,
    pub(crate) services: Services,
    stop: CancellationToken,
    running: Option<JoinHandle<()>>,
    _dir: TempDir,
}

/// A test talks to its server as to a client.
impl Deref for TestApp {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

/// A configuration that takes free ports and lives in `dir`.
pub(crate) fn config(dir: &TempDir) -> Config {
    let any_port = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    let settings = Settings {
        addr: any_port,
        aws_addr: any_port,
        data: Some(dir.path().join("data")),
        engine: Some(EngineChoice::Local),
        ..Settings::default()
    };
    let config = Config::from_settings(settings, None).expect("a configuration");
    Config { job_program: Some(program()), ..config }
}

impl TestApp {
    /// With SQLite in its own folder.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// With another database.
    pub(crate) async fn start_on(database_url: &str) -> Self {
        Self::start_with(|config| config.database_url = DatabaseUrl::new(database_url)).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let mut config = config(&dir);
        change(&mut config);
        let application = Application::build(config).await.unwrap_or_else(|failure| panic!("{failure}"));
        let addr = application.addr();
        let engine_addr = application.engine_addr().expect("the local engine");
        let services = application.services().clone();
        let stop = CancellationToken::new();
        let running = tokio::spawn({
            let stop = stop.clone();
            async move { application.run(stop).await.unwrap_or_else(|failure| panic!("{failure}")) }
        });
        Self { client: Client::new(addr), addr, engine_addr, services, stop, running: Some(running), _dir: dir }
    }

    /// Ends the server as a signal does and waits for its end.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        if let Some(running) = self.running.take() {
            running.await.expect("a clean end");
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
