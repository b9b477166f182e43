//! Service Quotas of SageMaker: how many instances may train at a time.
//!
//! Two lists make the answer. `ListServiceQuotas` has the values that apply to the account and leaves out those that were
//! never set; what AWS gives everybody then counts (`ListAWSDefaultServiceQuotas`). SageMaker has thousands of quotas, of
//! which those of training are kept.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_servicequotas::types::ServiceQuota;
use domain::quota::{QuotaUse, TrainingQuota};
use services::engine::{EngineError, QuotaEngine};

use crate::error::of_sdk;

const SERVICE: &str = "sagemaker";

pub(crate) struct Quotas {
    pub(crate) client: aws_sdk_servicequotas::Client,
}

#[async_trait]
impl QuotaEngine for Quotas {
    async fn training_quotas(&self) -> Result<Vec<TrainingQuota>, EngineError> {
        let mut found = BTreeMap::new();
        let mut defaults = self.client.list_aws_default_service_quotas().service_code(SERVICE).into_paginator().send();
        while let Some(page) = defaults.next().await {
            found.extend(page.map_err(of_sdk)?.quotas().iter().filter_map(of_training));
        }
        let mut applied = self.client.list_service_quotas().service_code(SERVICE).into_paginator().send();
        while let Some(page) = applied.next().await {
            found.extend(page.map_err(of_sdk)?.quotas().iter().filter_map(of_training));
        }
        let quota = |((instance_type, usage), instances)| TrainingQuota { instance_type, usage, instances };
        Ok(found.into_iter().map(quota).collect())
    }
}

/// A quota of training with its value; `None` for any other, and for one without a value.
fn of_training(quota: &ServiceQuota) -> Option<((String, QuotaUse), u32)> {
    let key = QuotaUse::of_quota_name(quota.quota_name()?)?;
    let value = quota.value().filter(|it| it.is_finite() && *it >= 0.0)?;
    // A conversion of a float stays at the bounds.
    Some((key, value as u32))
}
