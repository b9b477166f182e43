//! What the operations work on, and the table that finds them.

use std::path::PathBuf;

use crate::cloudwatch::MetricStore;
use crate::job::JobHost;
use crate::logs::LogStore;
use crate::route::Service;
use crate::wire::{ApiError, ApiResult, Call, Protocol};
use crate::{cloudwatch, logs, sagemaker, sts};

/// State shared by all operations. Everything in it may be used from several threads at once.
pub(crate) struct Services {
    pub region: String,
    pub account: String,
    /// The folder whose sub-folders are the buckets.
    pub s3_root: PathBuf,
    pub jobs: JobHost,
    pub metrics: MetricStore,
    pub logs: LogStore,
}

impl Services {
    /// Carries out one call. It may read and write files: call it where blocking is allowed.
    pub(crate) fn call(&self, call: &Call) -> ApiResult {
        let operation = call.operation.as_str();
        match call.service {
            Service::SageMaker => sagemaker::call(self, operation, &call.input),
            Service::Logs => logs::call(self, operation, &call.input),
            Service::CloudWatch => cloudwatch::call(self, operation, &call.input),
            Service::Sts => sts::call(self, operation, &call.input),
            Service::SageMakerMetrics
            | Service::Iam
            | Service::Pricing
            | Service::ServiceQuotas
            | Service::CostExplorer
            | Service::Unknown => None,
        }
        .unwrap_or_else(|| Err(unknown_operation(call.protocol, operation)))
    }
}

/// Each protocol has its own way to say that it does not know an operation.
pub(crate) fn unknown_operation(protocol: Protocol, operation: &str) -> ApiError {
    let shown: String = operation.chars().take(100).collect();
    let message = format!("The operation {shown:?} is not provided by Trainyard's local endpoint.");
    match protocol {
        Protocol::Json10 | Protocol::Json11 | Protocol::RestJson => {
            ApiError::client("UnknownOperationException", message)
        }
        Protocol::Cbor => ApiError::new(404, "UnknownOperationException", message),
        Protocol::Query => ApiError::client("InvalidAction", message),
    }
}
