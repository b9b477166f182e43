//! What the store promises, proven on SQLite and on PostgreSQL by the same tests.
//!
//! `contract!` turns each function into two tests, `sqlite` and `postgres`, each with an empty database of its own. The
//! PostgreSQL cluster is started by this test binary; without PostgreSQL on the machine these tests fail, and say so.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops where it is")]

mod budgets;
mod capsules;
mod connect;
mod costs;
mod drafts_and_sources;
mod experiments;
mod harness;
mod import;
mod live;
mod mlflow;
mod mlflow_models;
mod observe;
mod outbox;
mod outcomes;
mod past_runs;
mod presets;
mod quota_waits;
mod requests;
mod run_archive;
mod run_list;
mod run_search;
mod run_views;
mod samples;
mod series;
mod stop;
mod sweeps;
mod thinning;
