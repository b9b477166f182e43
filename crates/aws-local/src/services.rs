//! What the operations work on, and the table that finds them.

use std::path::PathBuf;

use crate::cloudwatch::MetricStore;
use crate::iam::Roles;
use crate::job::JobHost;
use crate::logs::LogStore;
use crate::quotas::Quotas;
use crate::route::Service;
use crate::sagemaker::experiments::ExperimentStore;
use crate::sagemaker::tuning::TuningStore;
use crate::sagemaker::{JobRecords, TagStore};
use crate::sts::Sessions;
use crate::wire::{ApiError, ApiResult, Call, Protocol};
use crate::{cloudwatch, control, cost, iam, logs, pricing, quotas, sagemaker, sagemaker_metrics, sts};

/// State shared by all operations. Everything in it may be used from several threads at once.
pub(crate) struct Services {
    pub region: String,
    pub account: String,
    /// The folder whose sub-folders are the buckets.
    pub s3_root: PathBuf,
    pub jobs: JobHost,
    pub metrics: MetricStore,
    pub roles: Roles,
    pub quotas: Quotas,
    pub sessions: Sessions,
    /// Tags of everything in SageMaker that is not a training job.
    pub tags: TagStore,
    /// What Search has made of the jobs so far.
    pub job_records: JobRecords,
    pub experiments: ExperimentStore,
    pub tuning: TuningStore,
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
            Service::Control => control::call(self, operation, &call.input),
            Service::Sts => sts::call(self, operation, &call.input, &call.caller),
            Service::SageMakerMetrics => sagemaker_metrics::call(self, operation, &call.input),
            Service::Iam => iam::call(self, operation, &call.input),
            Service::Pricing => pricing::call(self, operation, &call.input),
            Service::ServiceQuotas => quotas::call(self, operation, &call.input),
            Service::CostExplorer => cost::call(self, operation, &call.input),
            Service::Unknown => None,
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
