//! Runs side by side: their records with what is known of their metrics, and one metric's curves.

use domain::{
    compare::{ComparedRun, Comparison, MAX_COMPARED},
    ids::{ExperimentName, RunId},
    run::RunFilter,
    series::{Series, SeriesKey, SeriesSource, SeriesSummary},
};

use crate::{ServiceError, Services};

impl Services {
    /// The runs of these ids, each once, in their order; at most [`MAX_COMPARED`].
    pub async fn compare_get(&self, ids: &[RunId]) -> Result<Comparison, ServiceError> {
        let mut comparison = Comparison::default();
        for id in compared(ids) {
            let Some(run) = self.inner.store.run_get(id).await? else {
                comparison.missing.push(id.clone());
                continue;
            };
            let metrics = metrics_once(self.inner.store.series_list(id).await?);
            comparison.runs.push(ComparedRun { run, metrics });
        }
        Ok(comparison)
    }

    /// The newest runs of an experiment, at most `limit`, the oldest of them first.
    pub async fn compare_experiment_list(
        &self,
        experiment: &ExperimentName,
        limit: u32,
    ) -> Result<Vec<RunId>, ServiceError> {
        let filter = RunFilter { experiment: Some(experiment.clone()), limit, ..RunFilter::default() };
        let page = self.inner.store.run_list(&filter).await?;
        Ok(page.runs.into_iter().rev().map(|it| it.id).collect())
    }

    /// The curves of one metric, those of each run together, with at most `max_points` points each. Runs without it are
    /// left out.
    pub async fn compare_curves(
        &self,
        ids: &[RunId],
        metric: &str,
        max_points: u32,
    ) -> Result<Vec<(RunId, Vec<Series>)>, ServiceError> {
        let mut curves = Vec::new();
        for id in compared(ids) {
            let is_meant = |it: &SeriesKey| it.name == metric && it.source != SeriesSource::Instance;
            let of_run = self.series_of(id, Some(max_points), is_meant).await?;
            if !of_run.is_empty() {
                curves.push((id.clone(), of_run));
            }
        }
        Ok(curves)
    }
}

fn compared(ids: &[RunId]) -> impl Iterator<Item = &RunId> {
    let is_first = |(index, id): &(usize, &RunId)| !ids[..*index].contains(id);
    ids.iter().enumerate().filter(is_first).map(|(_, id)| id).take(MAX_COMPARED)
}

/// What the algorithm reported, each name once: of several series of one name the one with steps, of the first host.
fn metrics_once(list: Vec<SeriesSummary>) -> Vec<SeriesSummary> {
    let mut own: Vec<_> = list.into_iter().filter(|it| it.key.source != SeriesSource::Instance).collect();
    own.sort_by(|a, b| {
        let place = |it: &SeriesSummary| (it.key.name.clone(), it.key.source == SeriesSource::CloudWatch);
        place(a).cmp(&place(b)).then_with(|| a.key.host.cmp(&b.key.host))
    });
    own.dedup_by(|a, b| a.key.name == b.key.name);
    own
}
