//! The services against a fake engine with its own ledger and against the real SQLite store.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod budgets;
mod capsule;
mod compare;
mod crash;
mod faults;
mod git;
mod git_host;
mod hub;
mod jobs;
mod lab;
mod launch;
mod logs;
mod metrics;
mod objects;
mod policy;
mod presets;
mod proposals;
mod quota;
mod quote;
mod run_search;
mod sources;
mod stop;
mod sweep;

mod fake;
mod fake_quotas;
