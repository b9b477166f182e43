//! The embedded AWS-compatible endpoint: SageMaker training jobs that really run on this machine, with their logs,
//! metrics and artifacts, behind the wire protocols that boto3, the `sagemaker` SDK, the AWS CLI and the Rust SDKs speak.
//!
//! One port serves everything. The crate knows none of Trainyard's other crates: it is the other side of a wire.
//!
//! | module | says |
//! |---|---|
//! | [`config`], [`endpoint`] | what `server` uses: bind, serve, errors in one line |
//! | `guard`, `route` | who may talk to the port, and which service a request means |
//! | `wire` | JSON 1.0/1.1, RPC v2 CBOR and query: bytes to [`serde_json::Value`] and back, errors in each form |
//! | `sagemaker`, `logs`, `cloudwatch`, `sts` | one function per operation, `Value` in, `Value` out |
//! | `s3` | S3 by `s3s` and `s3s-fs`, after the framing and signatures of the SDKs are taken off |
//! | [`image`] | what a training image is on this machine: packages, a stand-in, a Python, a container |
//! | [`job`] | runs the jobs: `/opt/ml`, processes, log events, metrics, spot interruptions |
//!
//! Invariants: every answer, an error too, is in the protocol of its request and never HTML; no operation blocks the
//! async threads; whatever a caller sends is checked against the API's own model before anything happens.

mod clock;
mod cloudwatch;
pub mod config;
pub mod endpoint;
mod field;
mod guard;
pub mod image;
pub mod job;
mod logs;
mod page;
mod route;
mod s3;
mod sagemaker;
mod services;
mod sts;
mod wire;

pub use config::{LocalConfig, LocalError};
pub use endpoint::{LocalEndpoint, bind};
pub use job::{JobConfig, JobHost};
