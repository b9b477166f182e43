//! The embedded AWS-compatible endpoint: SageMaker training jobs that really run on this machine, with their logs,
//! metrics and artifacts, behind the wire protocols that boto3, the `sagemaker` SDK, the AWS CLI and the Rust SDKs speak.
//!
//! One port serves everything. The crate knows none of Trainyard's other crates: it is the other side of a wire.
//!
//! | module | says |
//! |---|---|
//! | [`config`], [`endpoint`] | what `server` uses: bind, serve, errors in one line |
//! | `guard`, `route` | who may talk to the port, and which service a request means |
//! | `signature` | who signed a request, and whether that is true |
//! | `wire` | JSON 1.0/1.1, RPC v2 CBOR and query: bytes to [`serde_json::Value`] and back, errors in each form |
//! | `sagemaker`, `sagemaker_metrics`, `logs`, `cloudwatch`, `sts`, `iam`, `pricing`, `cost`, `quotas` | one function per operation, `Value` in, `Value` out |
//! | `control` | what AWS has no operation for: `TrainyardLocal.InterruptTrainingJob` |
//! | `background` | what goes on without a request: tuning jobs, and what ended jobs leave for experiments |
//! | `s3` | S3: the protocol by `s3s`, the objects as plain files |
//! | [`image`] | what a training image is on this machine: packages, a stand-in, a Python, a container |
//! | [`job`] | runs the jobs: `/opt/ml`, processes, log events, metrics, spot interruptions |
//!
//! Invariants: every answer, an error too, is in the protocol of its request and never HTML; no operation blocks the
//! async threads; whatever a caller sends is checked against the API's own model before anything happens.

mod background;
mod clock;
mod cloudwatch;
pub mod config;
mod control;
mod cost;
mod durable;
pub mod endpoint;
mod field;
mod guard;
mod iam;
pub mod image;
pub mod job;
mod logs;
mod page;
mod pricing;
mod quotas;
mod route;
mod s3;
mod sagemaker;
mod sagemaker_metrics;
mod services;
mod signature;
mod sts;
mod wire;

pub use config::{LocalConfig, LocalError};
pub use endpoint::{LocalEndpoint, bind};
pub use job::{JobConfig, JobHost};
pub use signature::{AccessKey, Keys, sign};
