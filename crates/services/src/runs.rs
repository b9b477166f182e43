//! Reading and stopping runs: what pages ask for.

use std::collections::BTreeSet;

use bytes::Bytes;
use domain::{
    ids::{JobName, RunId},
    run::{ExperimentSummary, Run, RunBadge, RunFilter, RunPage},
    series::{Point, PointWindow, Series, SeriesKey, SeriesSource},
};
use futures::stream::BoxStream;
use store::{AuditEntry, SourceMeta};

use crate::{ServiceError, Services, engine::EngineError};

/// A list page holds at most this many runs.
const MAX_LIST_LIMIT: u32 = 200;

/// A model artifact on its way to the browser; nothing is held in memory.
pub struct ArtifactStream {
    /// `<job>-model.tar.gz`.
    pub file_name: String,
    pub size_bytes: Option<u64>,
    pub stream: BoxStream<'static, Result<Bytes, EngineError>>,
}

/// What a text that somebody typed names.
#[derive(Clone, Debug, PartialEq)]
pub enum RunMatch {
    One(Box<Run>),
    None,
    /// It begins the id or job name of more than one.
    Several,
}

/// The source that a run was launched with, as the deterministic `tar.gz` that the job got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceArchive {
    /// `<job>-source.tar.gz`.
    pub file_name: String,
    pub bytes: Bytes,
}

impl Services {
    pub async fn run_get(&self, id: &RunId) -> Result<Option<Run>, ServiceError> {
        Ok(self.inner.store.run_get(id).await?)
    }

    /// By its id or its whole job name.
    pub async fn run_find(&self, text: &str) -> Result<Option<Run>, ServiceError> {
        if let Ok(id) = RunId::parse(text)
            && let Some(run) = self.run_get(&id).await?
        {
            return Ok(Some(run));
        }
        match JobName::parse(text) {
            Ok(name) => Ok(self.inner.store.run_get_by_job_name(&name).await?),
            Err(_) => Ok(None),
        }
    }

    /// The run whose id or job name is `text`, or else the only one whose id or job name begins with it.
    pub async fn run_match(&self, text: &str) -> Result<RunMatch, ServiceError> {
        if let Some(run) = self.run_find(text).await? {
            return Ok(RunMatch::One(Box::new(run)));
        }
        let mut found = self.inner.store.run_list_by_prefix(text, 2).await?;
        Ok(match (found.pop(), found.is_empty()) {
            (None, _) => RunMatch::None,
            (Some(run), true) => RunMatch::One(Box::new(run)),
            (Some(_), false) => RunMatch::Several,
        })
    }

    /// Newest first. A limit of 0 or above 200 is 200.
    pub async fn run_list(&self, filter: &RunFilter) -> Result<RunPage, ServiceError> {
        let mut filter = filter.clone();
        if filter.limit == 0 || filter.limit > MAX_LIST_LIMIT {
            filter.limit = MAX_LIST_LIMIT;
        }
        Ok(self.inner.store.run_list(&filter).await?)
    }

    pub async fn run_badge_counts(&self) -> Result<Vec<(RunBadge, u64)>, ServiceError> {
        Ok(self.inner.store.run_badge_counts().await?)
    }

    pub async fn experiment_list(&self) -> Result<Vec<ExperimentSummary>, ServiceError> {
        Ok(self.inner.store.experiment_list().await?)
    }

    /// What was done with this run, oldest first.
    pub async fn audit_list(&self, id: &RunId) -> Result<Vec<AuditEntry>, ServiceError> {
        Ok(self.inner.store.audit_list(id).await?)
    }

    /// Records the wish to stop and sends it on. Safe to repeat; a run that is over stays as it is.
    pub async fn run_stop(&self, id: &RunId) -> Result<Run, ServiceError> {
        let run = self.run_get(id).await?.ok_or(ServiceError::NotFound { what: "run" })?;
        if run.is_over() {
            return Ok(run);
        }
        let changed = self.inner.store.run_stop_wish(id, self.now()).await?;
        self.inner.tasks.dispatch.poke();
        self.inner.hub.poke();
        match changed {
            Some(run) => Ok(run),
            None => self.run_get(id).await?.ok_or(ServiceError::NotFound { what: "run" }),
        }
    }

    /// Every series of a run, thinned to `max_points` each (shape kept) when given.
    ///
    /// A metric that was read from the log is not shown a second time as CloudWatch's copy of it: the log has the
    /// steps and every value, CloudWatch one average per period.
    pub async fn run_series(&self, id: &RunId, max_points: Option<u32>) -> Result<Vec<Series>, ServiceError> {
        self.series_of(id, max_points, |_| true).await
    }

    /// Every point of what the run's script or algorithm reported; how busy its instances were is left out.
    pub(crate) async fn metric_series(&self, id: &RunId) -> Result<Vec<Series>, ServiceError> {
        self.series_of(id, None, |it| it.source != SeriesSource::Instance).await
    }

    pub(crate) async fn series_of(
        &self,
        id: &RunId,
        max_points: Option<u32>,
        is_wanted: impl Fn(&SeriesKey) -> bool,
    ) -> Result<Vec<Series>, ServiceError> {
        let keys = self.run_series_keys(id).await?;
        self.run_series_read(id, keys.into_iter().filter(is_wanted), max_points).await
    }

    /// What `run_series` reads: a client may have logged more series than a page can show.
    pub async fn run_series_keys(&self, id: &RunId) -> Result<Vec<SeriesKey>, ServiceError> {
        let mut keys: Vec<SeriesKey> = self.inner.store.series_list(id).await?.into_iter().map(|it| it.key).collect();
        let of_log = keys.iter().filter(|it| it.source == SeriesSource::Log);
        let from_log: BTreeSet<String> = of_log.map(|it| it.name.clone()).collect();
        keys.retain(|it| it.source != SeriesSource::CloudWatch || !from_log.contains(&it.name));
        Ok(keys)
    }

    /// These series of a run, thinned to `max_points` each (shape kept) when given.
    pub async fn run_series_read(
        &self,
        id: &RunId,
        keys: impl IntoIterator<Item = SeriesKey>,
        max_points: Option<u32>,
    ) -> Result<Vec<Series>, ServiceError> {
        let mut series = Vec::new();
        for key in keys {
            let points = self.inner.store.series_points(id, &key, max_points).await?;
            series.push(Series { key, points });
        }
        Ok(series)
    }

    /// A part of a curve, with as many points as a chart can show.
    pub async fn series_window(
        &self,
        id: &RunId,
        key: &SeriesKey,
        window: PointWindow,
        max_points: u32,
    ) -> Result<Vec<Point>, ServiceError> {
        Ok(self.inner.store.series_window(id, key, window, max_points).await?)
    }

    /// The run's own model artifact, at the URI that the engine reported for it and no other.
    pub async fn run_artifact_open(&self, id: &RunId) -> Result<ArtifactStream, ServiceError> {
        let run = self.run_get(id).await?.ok_or(ServiceError::NotFound { what: "run" })?;
        let uri = run.model_artifact.as_deref().ok_or(ServiceError::NotFound { what: "model artifact" })?;
        let object = match self.inner.engine.objects.get(uri).await {
            Err(EngineError::NotFound) => return Err(ServiceError::NotFound { what: "model artifact" }),
            other => other?,
        };
        Ok(ArtifactStream {
            file_name: format!("{}-model.tar.gz", run.job_name),
            size_bytes: object.size_bytes,
            stream: object.stream,
        })
    }

    /// What is inside the run's source archive; the archive itself is not read.
    pub async fn run_source_meta_get(&self, id: &RunId) -> Result<SourceMeta, ServiceError> {
        let missing = ServiceError::NotFound { what: "source archive" };
        let run = self.run_get(id).await?.ok_or(ServiceError::NotFound { what: "run" })?;
        match run.source_sha256 {
            Some(sha256) => self.inner.store.source_meta_get(&sha256).await?.ok_or(missing),
            None => Err(missing),
        }
    }

    pub async fn run_source_get(&self, id: &RunId) -> Result<SourceArchive, ServiceError> {
        let run = self.run_get(id).await?.ok_or(ServiceError::NotFound { what: "run" })?;
        let sha256 = run.source_sha256.as_deref().ok_or(ServiceError::NotFound { what: "source archive" })?;
        let source =
            self.inner.store.source_get(sha256).await?.ok_or(ServiceError::NotFound { what: "source archive" })?;
        Ok(SourceArchive { file_name: format!("{}-source.tar.gz", run.job_name), bytes: source.bytes.into() })
    }
}
