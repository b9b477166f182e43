//! The run list's data: a page of runs that a search finds, in an order and with columns; groups of them; and more rows.

use domain::{
    ids::RunId,
    run::{RunFilter, RunPage},
    run_search::{Field, ListedRun, Order, RunGroupPage, RunSearchPage, RunView, SearchFault},
    time::Timestamp,
};
use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};

use super::error::ApiError;

/// What is in the page's URL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunsQuery {
    /// As typed.
    pub search: String,
    pub order: Vec<Order>,
    /// `None`: those that suit the runs that are found.
    pub columns: Option<Vec<Field>>,
    /// Groups instead of runs.
    pub by: Vec<Field>,
    /// The run that numbers are compared with.
    pub base: Option<RunId>,
    /// From 1.
    pub page: u32,
    /// What of the URL makes no sense and was left out.
    pub faults: Vec<String>,
}

impl Default for RunsQuery {
    fn default() -> Self {
        Self {
            search: String::new(),
            order: Vec::new(),
            columns: None,
            by: Vec::new(),
            base: None,
            page: 1,
            faults: Vec::new(),
        }
    }
}

impl RunsQuery {
    /// Runs before the page's first.
    pub fn offset(&self) -> u64 {
        u64::from(self.page.saturating_sub(1)) * u64::from(PAGE_ROWS)
    }
}

/// What the search found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Found {
    Wrong(SearchFault),
    Rows(RunSearchPage),
    Groups(RunGroupPage),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunListView {
    /// The newest live event that is in this data: the page listens after it.
    pub live_number: i64,
    pub now: Timestamp,
    pub found: Found,
    /// Besides the run itself.
    pub columns: Vec<Field>,
    pub base: Option<ListedRun>,
    /// Names of parameters, tags and metrics to choose from.
    pub names: Vec<Field>,
    pub experiments: Vec<String>,
    pub views: Vec<RunView>,
}

/// Rows of one page of the list.
pub const PAGE_ROWS: u32 = 100;

#[cfg(feature = "ssr")]
mod ssr {
    use domain::run_search::{RunFieldNames, Stat};

    use super::{Field, RunsQuery};

    /// What every list may show.
    pub(super) const FIRST: [Field; 1] = [Field::Status];
    pub(super) const LAST: [Field; 4] = [Field::InstanceType, Field::Duration, Field::Cost, Field::Created];
    /// Names of each kind to choose from; others can be typed.
    const MAX_NAMES: usize = 100;

    pub(super) fn names(names: RunFieldNames) -> Vec<Field> {
        let metric = |name| Field::Metric { name, stat: Stat::Last };
        let metrics = names.metrics.into_iter().take(MAX_NAMES).map(metric);
        let params = names.params.into_iter().take(MAX_NAMES).map(Field::Param);
        metrics.chain(params).chain(names.tags.into_iter().take(MAX_NAMES).map(Field::Tag)).collect()
    }

    /// More than these nobody looks at; each costs a look-up per row, and in groups a sum per group.
    const MAX_COLUMNS: usize = 60;
    pub(super) const MAX_BY: usize = 6;

    /// The columns that the URL names, or the usual ones around those of the runs' own.
    pub(super) fn columns(query: &RunsQuery, own: impl IntoIterator<Item = Field>) -> Vec<Field> {
        match &query.columns {
            Some(columns) => limited(columns.clone()),
            None => FIRST.into_iter().chain(own).chain(LAST).collect(),
        }
    }

    pub(super) fn limited(mut columns: Vec<Field>) -> Vec<Field> {
        columns.truncate(MAX_COLUMNS);
        columns
    }
}

#[server(prefix = "/api/ui", endpoint = "run_list", input = Json)]
pub async fn run_list(query: RunsQuery) -> Result<RunListView, ApiError> {
    use domain::run_search::Condition;

    let mut query = query;
    query.by.truncate(ssr::MAX_BY);
    let services = super::context::services()?;
    let live_number = services.live_last_number().await?;
    let now = services.now();
    let condition = Condition::parse(&query.search);
    let own = match &condition {
        Ok(condition) if query.columns.is_none() => {
            services.run_common_fields(condition.as_ref(), &query.order).await?
        }
        _ => Vec::new(),
    };
    let columns = ssr::columns(&query, own);
    let found = match &condition {
        Err(fault) => Found::Wrong(fault.clone()),
        Ok(condition) if query.by.is_empty() => {
            let condition = condition.as_ref();
            Found::Rows(services.run_search(condition, &query.order, &columns, query.offset(), PAGE_ROWS).await?)
        }
        Ok(condition) => Found::Groups(services.run_groups(condition.as_ref(), &query.by, &columns).await?),
    };
    let base = match &query.base {
        Some(id) => services.run_listed(std::slice::from_ref(id), &columns).await?.pop(),
        None => None,
    };
    let names = ssr::names(services.run_field_names().await?);
    let experiments = services.experiment_list().await?.into_iter().map(|it| it.name.to_string()).collect();
    let views = services.run_view_list().await?;
    Ok(RunListView { live_number, now, found, columns, base, names, experiments, views })
}

/// The list from `offset` on, for whoever scrolls.
#[server(prefix = "/api/ui", endpoint = "run_rows", input = Json)]
pub async fn run_rows(
    search: String,
    order: Vec<Order>,
    columns: Vec<Field>,
    offset: u64,
) -> Result<RunSearchPage, ApiError> {
    use domain::run_search::Condition;

    let services = super::context::services()?;
    let condition = Condition::parse(&search).map_err(|fault| ApiError::BadRequest(fault.to_string()).with_status())?;
    Ok(services.run_search(condition.as_ref(), &order, &ssr::limited(columns), offset, PAGE_ROWS).await?)
}

/// Runs as they are, newest first, for whoever needs more of them than a row.
#[server(prefix = "/api/ui", endpoint = "run_list_by_filter", input = Json)]
pub async fn run_list_by_filter(filter: RunFilter) -> Result<RunPage, ApiError> {
    Ok(super::context::services()?.run_list(&filter).await?)
}
