//! The use cases of Trainyard: launch, stop, watch, ingest, and the background work that keeps runs true.
//!
//! `Services` is what the server and the pages call. It needs a `Store`, an `Engine` (traits, implemented by the `aws`
//! crate), a clock and a `ServicesConfig`; it names no AWS type and no HTTP type.
//!
//! Invariants of this crate:
//! - Nothing is sent to the engine before the run, its outbox row and its audit row are committed.
//! - A job name is derived once from the run's id: whatever fails, at most one job per run exists.
//! - Every metric point enters through `ingest`, in one transaction with the cursor that it came with.
//! - Background work is an idempotent function without input; tests call it directly.

pub mod config;
pub mod engine;
pub mod health;
pub mod live;
pub mod random;
pub mod tasks;

mod budgets;
mod capsule;
mod compare;
mod costs;
mod diff;
mod dispatch;
mod error;
mod ingest;
mod launch;
mod limits;
mod log_page;
mod logs;
mod mlflow;
mod objects;
mod quota;
mod reconcile;
mod run_search;
mod runs;
mod source;
mod sweep;
mod sync;

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use domain::{
    image_catalogue::{CatalogueImage, catalogue_images},
    time::{Clock, Timestamp},
};
use futures::future::{BoxFuture, FutureExt as _};
use store::Store;
use tokio_util::sync::CancellationToken;

pub use capsule::{CapsuleArchive, RelaunchCheck, ReproductionCheck};
pub use config::{Sample, SampleFile, ServicesConfig};
pub use dispatch::DispatchReport;
pub use engine::{Engine, EngineError, EngineInfo, EngineKind, ObjectEntry, ObjectPage};
pub use error::ServiceError;
pub use health::{ComponentHealth, Health};
pub use launch::{LaunchSubmitted, PresetChanged, ScriptProposal, Upload};
pub use limits::RateConfig;
pub use live::{HubItem, LiveHub};
pub use log_page::{LogCursor, RunLogPage};
pub use mlflow::{
    ArtifactFile, ArtifactList, ArtifactRead, ExperimentSearch, LogBatch, MetricOfRun, MlflowFailure, ModelCreation,
    ModelSearch, RegistrySearch, RunCreation, RunSearch, VersionCreation,
};
pub use run_search::StopOutcome;
pub use runs::{ArtifactStream, RunMatch, SourceArchive};
pub use source::{GitConfig, SourceError, SourceField, SourceLimits, source_normalise};
pub use store::{
    ArchiveOutcome, AuditEntry, HistoryRange, RunChange, SearchWindow, SourceEntry, SourceMeta, StoredDraft,
};
pub use sweep::{SweepSubmitted, SweepWithRuns};
pub use tasks::{TaskOutcome, TaskStatus};

use tasks::TaskHandle;

/// Every use case. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) store: Store,
    /// Behind the rate limiter.
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) config: ServicesConfig,
    pub(crate) hub: LiveHub,
    pub(crate) tasks: Tasks,
    /// This process, in leases.
    pub(crate) owner: String,
    pub(crate) jobs_sync: tokio::sync::Mutex<sync::jobs::JobsCursor>,
    pub(crate) finish: Mutex<sync::finish::FinishBoard>,
    pub(crate) missing: Mutex<reconcile::MissingJobs>,
    pub(crate) quotas: Mutex<quota::QuotaBoard>,
    /// How many archives are packed, unpacked or compared at a time.
    pub(crate) upload_slots: tokio::sync::Semaphore,
    /// Repositories that are fetched at a time: each may take as much of the disk as a source may have.
    pub(crate) git_slots: tokio::sync::Semaphore,
    /// What AWS offers in the engine's region.
    pub(crate) images: Vec<CatalogueImage>,
}

pub(crate) struct Tasks {
    pub(crate) dispatch: TaskHandle,
    pub(crate) reconcile: TaskHandle,
    pub(crate) jobs: TaskHandle,
    pub(crate) logs: TaskHandle,
    pub(crate) metrics: TaskHandle,
    pub(crate) hub: TaskHandle,
    pub(crate) prune: TaskHandle,
    pub(crate) capsules: TaskHandle,
    pub(crate) sweeps: TaskHandle,
    pub(crate) quotas: TaskHandle,
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services").field("engine", &self.inner.engine.info).finish_non_exhaustive()
    }
}

impl Services {
    pub fn new(store: Store, engine: Engine, clock: Arc<dyn Clock>, config: ServicesConfig) -> Self {
        let owner = format!("{:032x}", config.random.next_u128());
        let inner = Inner {
            hub: LiveHub::new(store.clone()),
            images: catalogue_images(&engine.info.region),
            engine: limits::limited(engine, &config.rates),
            store,
            clock,
            config,
            tasks: Tasks {
                dispatch: TaskHandle::new("dispatch"),
                reconcile: TaskHandle::new("reconcile"),
                jobs: TaskHandle::new("sync_jobs"),
                logs: TaskHandle::new("sync_logs"),
                metrics: TaskHandle::new("sync_metrics"),
                hub: TaskHandle::new("live_hub"),
                prune: TaskHandle::new("prune"),
                capsules: TaskHandle::new("capsules"),
                sweeps: TaskHandle::new("sweeps"),
                quotas: TaskHandle::new("quotas"),
            },
            owner,
            jobs_sync: tokio::sync::Mutex::default(),
            finish: Mutex::default(),
            missing: Mutex::default(),
            quotas: Mutex::default(),
            upload_slots: tokio::sync::Semaphore::new(2),
            git_slots: tokio::sync::Semaphore::new(4),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The live stream of every page.
    pub fn hub(&self) -> &LiveHub {
        &self.inner.hub
    }

    /// The number of the newest live event: read it before a page's data, then subscribe after it.
    pub async fn live_last_number(&self) -> Result<i64, ServiceError> {
        Ok(self.inner.store.live_last_number().await?)
    }

    pub fn engine_info(&self) -> &EngineInfo {
        &self.inner.engine.info
    }

    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// Runs all background work until `stop`; returns within about five seconds of it.
    pub async fn run_tasks(&self, stop: CancellationToken) {
        let (tasks, config) = (&self.inner.tasks, &self.inner.config);
        let all = futures::future::join_all([
            self.drive(&tasks.dispatch, config.dispatch_period, &stop, |it| async move { it.task_dispatch().await }),
            self.drive(&tasks.reconcile, config.reconcile_period, &stop, |it| async move { it.task_reconcile().await }),
            self.drive(&tasks.jobs, config.jobs_period, &stop, |it| async move { it.task_sync_jobs().await }),
            self.drive(&tasks.logs, config.logs_period, &stop, |it| async move { it.task_sync_logs().await }),
            self.drive(&tasks.metrics, config.metrics_period, &stop, |it| async move { it.task_sync_metrics().await }),
            self.drive(&tasks.hub, config.hub_period, &stop, |it| async move { it.task_pump().await }),
            self.drive(&tasks.prune, config.prune_period, &stop, |it| async move { it.task_prune().await }),
            self.drive(&tasks.capsules, config.capsules_period, &stop, |it| async move { it.task_capsules().await }),
            self.drive(&tasks.sweeps, config.sweeps_period, &stop, |it| async move { it.task_sweeps().await }),
            self.drive(&tasks.quotas, config.quotas_period, &stop, |it| async move { it.task_quotas().await }),
        ]);
        let pass_pokes_on = async {
            loop {
                self.inner.hub.poked().await;
                tasks.hub.poke();
            }
        };
        tokio::select! {
            _ = all => {}
            () = pass_pokes_on => {}
        }
    }

    fn drive<'a, Fut>(
        &'a self,
        task: &'a TaskHandle,
        period: Duration,
        stop: &CancellationToken,
        pass: fn(Self) -> Fut,
    ) -> BoxFuture<'a, ()>
    where
        Fut: Future<Output = Result<TaskOutcome, ServiceError>> + Send + 'static,
    {
        task.drive(period, self.inner.clock.clone(), stop.clone(), move || pass(self.clone())).boxed()
    }

    /// One pass of the live hub's pump.
    pub async fn task_pump(&self) -> Result<TaskOutcome, ServiceError> {
        Ok(TaskOutcome::changed(self.inner.hub.pump().await?))
    }

    /// Forgets live events that no page will ask for again, old forms, and archives that nothing uses.
    pub async fn task_prune(&self) -> Result<TaskOutcome, ServiceError> {
        let (store, config) = (&self.inner.store, &self.inner.config);
        let ago = |span| self.now().plus_micros(-config::micros(span));
        store.live_prune(ago(config.live_keep)).await?;
        // Forms first: they hold on to archives.
        let drafts = store.draft_prune(ago(config.draft_keep)).await?;
        let sources = store.source_prune(ago(config.draft_keep)).await?;
        Ok(TaskOutcome::changed(drafts + sources))
    }

    /// For a start that knows itself to be the only server of this database: what an earlier process held in mid-call
    /// is looked up at once instead of at the end of its lease.
    pub async fn leases_release(&self) -> Result<(), ServiceError> {
        let released = self.inner.store.outbox_release(self.now()).await?;
        if released > 0 {
            tracing::info!(released, "launches that an earlier process was at are taken up");
        }
        Ok(())
    }
}
