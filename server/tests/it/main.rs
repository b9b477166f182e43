//! The server through its front door: a real `Application`, its own folder, the real local engine, a real database.
//!
//! `harness` has what tests share; no test sleeps for an effect, each waits on its condition with a deadline.

mod api;
mod bad_input;
mod client;
mod cold_start;
mod harness;
mod launch;
mod lifecycle;
mod live;
mod run_search;
mod security;
