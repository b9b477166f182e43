//! The list of runs: searched, grouped, exported; what is done to many runs at once; a team's views of it.

use domain::{
    ids::RunId,
    run::Run,
    run_search::{
        Condition, Field, ListedRun, Order, RunFieldNames, RunGroupPage, RunSearchPage, RunView, RunViewId, RunViewName,
    },
};
use store::{ArchiveOutcome, SearchWindow};

use crate::{ServiceError, Services};

/// Groups that a page shows; the largest are kept.
const MAX_GROUPS: u32 = 500;
/// Runs that are archived in one transaction.
const ARCHIVED_AT_ONCE: usize = 200;
/// Runs in a table that is exported.
const MAX_EXPORT: u64 = 1_000_000;

/// What became of a run that was to be stopped with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopOutcome {
    /// The wish is on record.
    Stopping,
    /// It was over already, and stays as it is.
    Over,
    /// There is no such run.
    Missing,
}

impl Services {
    /// A part of the runs that match, at most 500, with the values of `columns`, and how many match in all.
    pub async fn run_search(
        &self,
        condition: Option<&Condition>,
        orders: &[Order],
        columns: &[Field],
        offset: u64,
        limit: u32,
    ) -> Result<RunSearchPage, ServiceError> {
        Ok(self.inner.store.run_search(condition, orders, columns, self.now(), offset, limit).await?)
    }

    /// The same with everything that is known of each run.
    pub async fn run_search_whole(
        &self,
        condition: Option<&Condition>,
        orders: &[Order],
        window: &SearchWindow,
    ) -> Result<(u64, Vec<Run>), ServiceError> {
        Ok(self.inner.store.run_search_whole(condition, orders, self.now(), window).await?)
    }

    /// All runs that match, put together by what they have in `by`: the 500 largest groups.
    pub async fn run_groups(
        &self,
        condition: Option<&Condition>,
        by: &[Field],
        columns: &[Field],
    ) -> Result<RunGroupPage, ServiceError> {
        Ok(self.inner.store.run_group_list(condition, by, columns, self.now(), MAX_GROUPS).await?)
    }

    /// The ids of all runs that match, in their order: what an export goes through bit by bit, and bulk actions need.
    pub async fn run_search_ids(
        &self,
        condition: Option<&Condition>,
        orders: &[Order],
    ) -> Result<Vec<RunId>, ServiceError> {
        Ok(self.inner.store.run_search_ids(condition, orders, self.now(), MAX_EXPORT).await?)
    }

    /// These runs with the values of `columns`, in this order; those that are not there are left out.
    pub async fn run_listed(&self, ids: &[RunId], columns: &[Field]) -> Result<Vec<ListedRun>, ServiceError> {
        Ok(self.inner.store.run_listed(ids, columns).await?)
    }

    /// Names of parameters, tags and metrics that any run has.
    pub async fn run_field_names(&self) -> Result<RunFieldNames, ServiceError> {
        Ok(self.inner.store.run_field_names().await?)
    }

    /// Archives runs that are over, or takes them back into lists; what became of each, in their order.
    pub async fn run_archive(
        &self,
        ids: &[RunId],
        is_archived: bool,
    ) -> Result<Vec<(RunId, ArchiveOutcome)>, ServiceError> {
        let mut outcomes = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(ARCHIVED_AT_ONCE) {
            outcomes.extend(self.inner.store.run_archive(chunk, is_archived, self.now()).await?);
            self.inner.hub.poke();
        }
        Ok(outcomes)
    }

    /// Records the wish to stop each of these runs; what became of each, in their order. What failed half way is safe to
    /// repeat.
    pub async fn run_stop_many(&self, ids: &[RunId]) -> Result<Vec<(RunId, StopOutcome)>, ServiceError> {
        let mut outcomes = Vec::with_capacity(ids.len());
        for id in ids {
            let outcome = match self.run_get(id).await? {
                None => StopOutcome::Missing,
                Some(run) if run.is_over() => StopOutcome::Over,
                Some(_) => {
                    self.run_stop(id).await?;
                    StopOutcome::Stopping
                }
            };
            outcomes.push((id.clone(), outcome));
        }
        Ok(outcomes)
    }

    /// All views, by name.
    pub async fn run_view_list(&self) -> Result<Vec<RunView>, ServiceError> {
        Ok(self.inner.store.run_view_list().await?)
    }

    /// Keeps a view; one of this name gets the new query. `query` as [`RunView::query_parse`] gives it.
    pub async fn run_view_put(&self, name: RunViewName, query: String) -> Result<RunView, ServiceError> {
        let created_at = self.now();
        let id = RunViewId::new(created_at, self.inner.config.random.next_u128());
        Ok(self.inner.store.run_view_put(&RunView { id, name, query, created_at }).await?)
    }

    pub async fn run_view_delete(&self, id: &RunViewId) -> Result<(), ServiceError> {
        let was_there = self.inner.store.run_view_delete(id).await?;
        if was_there { Ok(()) } else { Err(ServiceError::NotFound { what: "view" }) }
    }
}

/// Runs that say what a list's usual columns are.
const LOOKED_AT: u64 = 100;

impl Services {
    /// The columns of a list that nobody has chosen any for: see `store::run_common_fields`.
    pub async fn run_common_fields(
        &self,
        condition: Option<&Condition>,
        orders: &[Order],
    ) -> Result<Vec<Field>, ServiceError> {
        let ids = self.inner.store.run_search_ids(condition, orders, self.now(), LOOKED_AT).await?;
        Ok(self.inner.store.run_common_fields(&ids).await?)
    }
}
