//! The engine at the other end of a wire: adapters from the AWS SDKs to the traits that `services` declares.
//!
//! Invariants of this crate:
//! - It is the only one that names `aws_sdk_*`, and no SDK type leaves it.
//! - Create and Stop are sent once: the loop around them is the dispatcher's, because the SDK's own retries hide
//!   a lost answer. Reads are retried by the SDK, with a retry budget of their own.
//! - Every call has a connect, a read and an operation timeout.
//! - What is sent by CreateTrainingJob is the recorded request, byte for byte; what is read from Describe and Search
//!   is the raw JSON answer. The SDK signs, transports and sorts out errors, and drops no field that it does not know.
//!
//! To add an operation: write it in the service's file, map its errors by `error::of_sdk`, and extend the suite in
//! `tests/adapters.rs`, which runs against the embedded engine.

mod cloudwatch;
mod connect;
mod error;
mod logs;
mod objects;
mod quotas;
mod raw;
mod sagemaker;

pub use connect::{AwsConfig, ConnectError, Target, connect};
