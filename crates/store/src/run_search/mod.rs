//! Runs by a condition, in an order, with the parameters, tags and metrics that are wanted.
//!
//! Invariants:
//! - Which runs a page has is found in narrow rows (an index of `runs`, `run_values`, an index of `series`); only the rows
//!   of the page are read as a whole.
//! - Archived runs are left out unless the condition says something about being archived.
//! - What is compared is what `ListedRun::value` shows; `tests/contract/run_search` holds one against the other.

mod common;
mod condition;
mod expression;
mod names;
mod order;
mod rows;
mod values;

use domain::{
    ids::RunId,
    run::Run,
    run_search::{
        Condition, Field, ListedRun, MAX_FIELDS, MAX_ORDERS, Op, Operand, Order, RunGroupPage, RunGroups,
        RunSearchPage, Test,
    },
    time::Timestamp,
};

pub(crate) use values::run_values_add;

use self::expression::Dialect;
use crate::{
    Store,
    db::{Conn, Reader},
    error::Result,
    run_row::{run_columns, runs_of},
    statement::Statement,
    text,
};

/// Which of the runs that match are given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchWindow {
    /// Only runs that are older than this one: how a list without orders goes on, whatever is launched meanwhile.
    pub before: Option<RunId>,
    pub offset: u64,
    /// 1 to 500.
    pub limit: u32,
}

/// Rows of a page.
const MAX_PAGE: u32 = 500;
/// Rows that are read at once where all are needed.
const CHUNK: usize = 2_000;

impl Store {
    /// A part of the runs that match, and how many do. Of `orders` and `columns` no more than a search may have are heeded;
    /// of the rows at most 500 are given.
    #[tracing::instrument(name = "db.run.search", level = "debug", skip_all)]
    pub async fn run_search(
        &self,
        condition: Option<&Condition>,
        orders: &[Order],
        columns: &[Field],
        now: Timestamp,
        offset: u64,
        limit: u32,
    ) -> Result<RunSearchPage> {
        let mut reader = self.db.reader().await?;
        let dialect = dialect(&mut reader, now);
        let total = total(&mut reader, condition, dialect).await?;
        if offset >= total {
            return Ok(RunSearchPage { total, rows: Vec::new() });
        }
        let limit = u64::from(limit.clamp(1, MAX_PAGE));
        let ids = ids(&mut reader, condition, orders, dialect, offset, limit).await?;
        Ok(RunSearchPage { total, rows: rows::listed(&mut reader, &ids, columns).await? })
    }

    /// The runs of a page with everything that is known of them, and how many match in all.
    #[tracing::instrument(name = "db.run.search_whole", level = "debug", skip_all)]
    pub async fn run_search_whole(
        &self,
        condition: Option<&Condition>,
        orders: &[Order],
        now: Timestamp,
        window: &SearchWindow,
    ) -> Result<(u64, Vec<Run>)> {
        let mut reader = self.db.reader().await?;
        let dialect = dialect(&mut reader, now);
        let total = total(&mut reader, condition, dialect).await?;
        let older = window.before.as_ref().map(|id| {
            let value = Operand::Text(id.to_string());
            let is_older = Condition::test(Field::Id, Test::Compare { op: Op::Less, value });
            Condition::And(condition.cloned().into_iter().chain([is_older]).collect())
        });
        let condition = older.as_ref().or(condition);
        let limit = u64::from(window.limit.clamp(1, MAX_PAGE));
        let ids = ids(&mut reader, condition, orders, dialect, window.offset, limit).await?;
        let mut select = Statement::new(concat!("SELECT ", run_columns!(), " FROM runs WHERE id IN "));
        select.bind_list(&ids);
        let mut runs = runs_of(select.fetch_all(reader.conn()).await?)?;
        runs.sort_by_key(|run| ids.iter().position(|it| it == run.id.as_str()));
        Ok((total, runs))
    }

    /// The ids alone, in their order, at most `limit`.
    #[tracing::instrument(name = "db.run.search_ids", level = "debug", skip_all)]
    pub async fn run_search_ids(
        &self,
        condition: Option<&Condition>,
        orders: &[Order],
        now: Timestamp,
        limit: u64,
    ) -> Result<Vec<RunId>> {
        let mut reader = self.db.reader().await?;
        let dialect = dialect(&mut reader, now);
        let ids = ids(&mut reader, condition, orders, dialect, 0, limit).await?;
        let parsed = |id: String| RunId::parse(&id).map_err(|err| text::bad_row("runs", &id, &err.to_string()));
        ids.into_iter().map(parsed).collect()
    }

    /// These runs in this order; those that are not there are left out.
    #[tracing::instrument(name = "db.run.listed", level = "debug", skip_all)]
    pub async fn run_listed(&self, ids: &[RunId], columns: &[Field]) -> Result<Vec<ListedRun>> {
        let mut reader = self.db.reader().await?;
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let mut found = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(CHUNK) {
            found.extend(rows::listed(&mut reader, chunk, columns).await?);
        }
        Ok(found)
    }

    /// All runs that match, put together by the values of `by`, with statistics of `columns`: the `limit` largest groups.
    #[tracing::instrument(name = "db.run.groups", level = "debug", skip_all)]
    pub async fn run_group_list(
        &self,
        condition: Option<&Condition>,
        by: &[Field],
        columns: &[Field],
        now: Timestamp,
        limit: u32,
    ) -> Result<RunGroupPage> {
        let mut reader = self.db.reader().await?;
        let dialect = dialect(&mut reader, now);
        let ids = ids(&mut reader, condition, &[], dialect, 0, u64::MAX).await?;
        let wanted: Vec<Field> = by.iter().chain(columns).cloned().collect();
        let mut groups = RunGroups::default();
        for chunk in ids.chunks(CHUNK) {
            for run in rows::listed(&mut reader, chunk, &wanted).await? {
                let of = |fields: &[Field]| fields.iter().map(|it| run.value(it, now)).collect::<Vec<_>>();
                groups.add(of(by), &of(columns));
            }
        }
        Ok(groups.finish(limit as usize))
    }
}

fn dialect(reader: &mut Reader, now: Timestamp) -> Dialect {
    Dialect { is_sqlite: matches!(reader.conn(), Conn::Sqlite(_)), now }
}

async fn total(reader: &mut Reader, condition: Option<&Condition>, dialect: Dialect) -> Result<u64> {
    let mut count = Statement::new("SELECT COUNT(*)");
    count.matching(condition, &[], dialect);
    let counted: Vec<(i64,)> = count.fetch_all(reader.conn()).await?;
    Ok(counted.first().map_or(0, |(count,)| text::to_u64(*count)))
}

async fn ids(
    reader: &mut Reader,
    condition: Option<&Condition>,
    orders: &[Order],
    dialect: Dialect,
    offset: u64,
    limit: u64,
) -> Result<Vec<String>> {
    let orders = &orders[..orders.len().min(MAX_ORDERS)];
    let mut select = Statement::new("SELECT r.id");
    select.matching(condition, orders, dialect).ordered(orders, dialect);
    select.push(" LIMIT ").bind(text::to_i64(limit)).push(" OFFSET ").bind(text::to_i64(offset));
    let rows: Vec<(String,)> = select.fetch_all(reader.conn()).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Whether it looks at nothing in a run's own row but its id.
fn is_narrow(condition: &Condition) -> bool {
    match condition {
        Condition::And(list) | Condition::Or(list) => list.iter().all(is_narrow),
        Condition::Not(inner) => is_narrow(inner),
        Condition::Test { field, .. } => is_beside(field),
        Condition::NameContains(_) => false,
    }
}

fn is_beside(field: &Field) -> bool {
    matches!(field, Field::Id | Field::Param(_) | Field::Tag(_) | Field::Metric { .. })
}

/// The fields of a list once each, no more of them than a list may have.
fn wanted(columns: &[Field]) -> impl Iterator<Item = &Field> {
    let is_new = |(index, field): &(usize, &Field)| !columns[..*index].contains(field);
    columns.iter().enumerate().filter(is_new).map(|(_, field)| field).take(MAX_FIELDS)
}

impl Statement {
    /// FROM and WHERE: the runs that match, with what they are ordered by beside them.
    fn matching(&mut self, condition: Option<&Condition>, orders: &[Order], dialect: Dialect) -> &mut Self {
        self.push(" FROM runs r");
        let is_about_archived = condition.is_some_and(|it| it.mentions(&Field::Archived));
        if dialect.is_sqlite && !is_about_archived {
            // Without statistics SQLite would rather look up wide rows by an index of one column.
            let is_narrow = condition.is_none_or(is_narrow) && orders.iter().all(|it| is_beside(&it.field));
            self.push(if is_narrow { " INDEXED BY runs_by_archived" } else { " INDEXED BY runs_listed" });
        }
        self.order_joins(orders);
        self.push(if is_about_archived { " WHERE 1 = 1" } else { " WHERE r.archived_at IS NULL" });
        match condition {
            Some(condition) => self.push(" AND ").condition(condition, dialect),
            None => self,
        }
    }
}
