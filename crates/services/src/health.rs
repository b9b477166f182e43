//! What `/readyz` and the status page say.

use domain::time::Timestamp;

use crate::{Services, tasks::TaskStatus};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentHealth {
    pub is_ok: bool,
    /// The public message of what is wrong; `None` when all is well.
    pub message: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    pub database: ComponentHealth,
    pub engine: ComponentHealth,
    /// The last complete pass over the engine's jobs: how fresh what pages show is.
    pub last_sync_at: Option<Timestamp>,
    pub tasks: Vec<TaskStatus>,
}

impl Health {
    pub const fn is_ready(&self) -> bool {
        self.database.is_ok && self.engine.is_ok
    }
}

impl ComponentHealth {
    fn of(result: Result<(), String>) -> Self {
        Self { is_ok: result.is_ok(), message: result.err() }
    }
}

impl Services {
    /// Asks the database and the engine now.
    pub async fn health(&self) -> Health {
        let inner = &self.inner;
        let database =
            async { inner.store.ping().await.map_err(|err| crate::ServiceError::from(err).public_message()) };
        let engine = async { inner.engine.jobs.ping().await.map_err(|err| err.public_message()) };
        let (database, engine) = tokio::join!(database, engine);
        Health {
            database: ComponentHealth::of(database),
            engine: ComponentHealth::of(engine),
            last_sync_at: inner.tasks.jobs.status().last_ok_at,
            tasks: self.task_statuses(),
        }
    }

    /// Every background task, for a page.
    pub fn task_statuses(&self) -> Vec<TaskStatus> {
        let tasks = &self.inner.tasks;
        [
            &tasks.dispatch,
            &tasks.reconcile,
            &tasks.jobs,
            &tasks.logs,
            &tasks.metrics,
            &tasks.hub,
            &tasks.prune,
            &tasks.capsules,
            &tasks.sweeps,
            &tasks.quotas,
        ]
        .into_iter()
        .map(crate::tasks::TaskHandle::status)
        .collect()
    }
}
