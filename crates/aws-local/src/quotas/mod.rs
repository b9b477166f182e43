//! Service Quotas: how many instances of a type may train at a time, and the limit when a job is created.
//!
//! Invariant: a quota that is not configured limits nothing and shows [`UNLIMITED`]. A job counts until it is terminal,
//! a stopped one too while it stops.

mod admit;
mod show;

pub(crate) use admit::{Quotas, instances};

use serde_json::Value;

use crate::services::Services;
use crate::wire::ApiResult;

/// What a quota shows that nobody configured: more instances than any machine plays.
pub(crate) const UNLIMITED: u64 = 1_000_000;

/// What a quota is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    Training,
    Spot,
    WarmPool,
}

impl Use {
    const ALL: [Self; 3] = [Self::Training, Self::Spot, Self::WarmPool];

    /// Before the colon of a configured quota.
    fn prefix(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Spot => "spot",
            Self::WarmPool => "warm-pool",
        }
    }

    /// The quota's name, as AWS and its errors spell it.
    fn quota_name(self, instance_type: &str) -> String {
        let what = match self {
            Self::Training => "training job",
            Self::Spot => "spot training job",
            Self::WarmPool => "training warm pool",
        };
        format!("{instance_type} for {what} usage")
    }
}

pub(crate) fn call(services: &Services, operation: &str, input: &Value) -> Option<ApiResult> {
    Some(match operation {
        "ListServices" => show::list_services(input),
        "ListServiceQuotas" => show::list_service_quotas(services, input),
        "ListAWSDefaultServiceQuotas" => show::list_aws_default_service_quotas(services, input),
        "GetServiceQuota" => show::get_service_quota(services, input),
        "GetAWSDefaultServiceQuota" => show::get_aws_default_service_quota(services, input),
        _ => return None,
    })
}
