//! The composition root: the one place where store, engine, use cases and pages meet, and the binary `trainyard`.
//!
//! `startup::Application` is the whole server as a value; `main` and the tests build the same one.

pub mod cli;
pub mod client;
pub mod config;
pub mod engine_settings;
pub mod http;
pub mod startup;

mod clock;
mod config_file;
mod data_dir;
mod interrupt;
mod local;
mod program;
mod samples;
mod telemetry;

pub use clock::SystemClock;
pub use program::run;
