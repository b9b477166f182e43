//! The endpoint through its real port, with the bytes that clients send.

#![expect(clippy::unwrap_used, reason = "in a test, what is not as expected ends it")]

mod app;
mod cloudwatch;
mod experiments;
mod fuzz;
mod guard;
mod logs;
mod protocols;
mod quotas;
mod s3;
mod sagemaker;
mod tuning;
