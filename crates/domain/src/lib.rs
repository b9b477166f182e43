//! What Trainyard is about, as plain data and arithmetic: training jobs, runs, series, money.
//!
//! Invariants of this crate:
//! - It compiles to wasm32 and does no input or output: no clock, no files, no network, no randomness.
//!   Time and randomness come in as arguments.
//! - Values that have a rule are built by `parse`/`TryFrom` only, and are trusted from then on.
//! - Money is integer nano-dollars; no float comes near it.

pub mod algorithm;
pub mod ansi;
pub mod budget;
pub mod capsule;
pub mod channel_check;
pub mod compare;
pub mod cost;
pub mod costs;
pub mod data_format;
pub mod draft_changes;
pub mod git_source;
pub mod ids;
pub mod image_catalogue;
pub mod instance_type;
pub mod job_draft;
pub mod job_spec;
pub mod launch_policy;
pub mod live;
pub mod log;
pub mod metric_definition;
pub mod metric_proposal;
pub mod metric_trial;
pub mod mlflow;
pub mod money;
pub mod observation;
pub mod preset;
pub mod python_text;
pub mod quota;
pub mod run;
pub mod run_diff;
pub mod run_search;
pub mod s3_uri;
pub mod secret;
pub mod series;
pub mod share;
pub mod spreadsheet;
pub mod status;
pub mod step;
pub mod sweep;
pub mod time;
pub mod training_job;
pub mod typed_script;
