//! Everything that Trainyard remembers, in SQLite or PostgreSQL. The only crate that speaks SQL.
//!
//! Invariants:
//! - A method is one transaction: after an error, or a call that was dropped half way, nothing of it is there.
//! - Nothing here calls the engine, reads the clock or makes ids: `now` and ids are arguments.
//! - Both databases behave the same; `tests/contract` runs every promise on both.
//! - Whoever works on an outbox row proves by its `epoch` that no one took over since; a late write changes nothing.
//! - What the engine reports only ever adds: a finished run stays finished, a known figure is never erased.
//! - Every change that a page shows writes its live event in the same transaction, as its last statement.
//!
//! Conventions: times are microseconds UTC, money is integer nano-dollars, ids and JSON are text. "Not there" is `None`
//! or an outcome; an error means that the database could not do its work, or that the caller made a mistake.
//!
//! To add a resource: a table in a new migration, the same number and name in `migrations/sqlite` and
//! `migrations/postgres`; a file here named after it, with its row type private and conversions written out; methods
//! named resource first, verb last (`thing_get`, `thing_list`, `thing_put`); and its promises in
//! `tests/contract/<file>.rs`, which runs them on both databases.

mod audit;
mod budgets;
mod capsules;
mod connect;
mod costs;
mod db;
mod drafts;
mod error;
mod experiments;
mod git_sources;
mod live;
mod migrate;
mod mlflow;
mod observe;
mod outbox;
mod outbox_outcome;
mod past_runs;
mod points;
mod presets;
mod quota_waits;
mod requests;
mod run_archive;
mod run_row;
mod run_search;
mod run_views;
mod runs;
mod series;
mod series_append;
mod series_row;
mod settings;
mod sources;
mod statement;
mod stop;
mod sweeps;
mod text;
mod thinning;

pub use audit::{AuditEntry, AuditSubject};
pub use drafts::StoredDraft;
pub use error::{DriverError, StoreError};
pub use live::LiveRead;
pub use mlflow::{HistoryRange, MlflowStoreError, NewTrackingRun, Page, RunChange};
pub use outbox::{Guarded, LaunchOutcome, OutboxKind, OutboxLease};
pub use presets::PresetOutcome;
pub use quota_waits::QuotaWait;
pub use requests::{NewRun, RunRequestOutcome, SpendGate};
pub use run_archive::ArchiveOutcome;
pub use run_search::SearchWindow;
pub use series::IngestOutcome;
pub use sources::{NewSource, Source, SourceEntry, SourceMeta};

/// The open database. Cheap to clone; all clones share the same connections.
#[derive(Clone, Debug)]
pub struct Store {
    db: db::Db,
}

/// Which database it is, to show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}
