//! Quotas: how many instances of a type may train at a time in an account and region, and what to do when they do.
//!
//! Source: Service Quotas' names of SageMaker's quotas, which its `ResourceLimitExceeded` quotes, too.
//! Invariant: what is not known limits nothing; it is never taken for 0.

mod need;
mod plan;
mod room;

pub use need::{Need, needs};
pub(crate) use plan::TYPES;
pub(crate) use plan::per_hour;
pub use plan::{QuotaDraft, WaitPlan, amended, kind_text};
pub use room::{QuotaTable, QuotaVerdict, Room, Shortfall, Taken};

use serde::{Deserialize, Serialize};

/// What a quota is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuotaUse {
    OnDemand,
    Spot,
    /// Instances that are kept after a job for the next one.
    WarmPool,
}

/// How many instances of a type the account may have for a use at a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TrainingQuota {
    pub instance_type: String,
    pub usage: QuotaUse,
    pub instances: u32,
}

impl QuotaUse {
    pub const ALL: [Self; 3] = [Self::OnDemand, Self::Spot, Self::WarmPool];

    const fn words(self) -> &'static str {
        match self {
            Self::OnDemand => "training job",
            Self::Spot => "spot training job",
            Self::WarmPool => "training warm pool",
        }
    }

    /// `ml.g5.xlarge for spot training job usage`, as AWS spells it.
    pub fn quota_name(self, instance_type: &str) -> String {
        format!("{instance_type} for {} usage", self.words())
    }

    /// Instance type and use of a quota by its name; `None` when it is none of training.
    pub fn of_quota_name(name: &str) -> Option<(String, Self)> {
        let (instance_type, rest) = name.split_once(" for ")?;
        let words = rest.strip_suffix(" usage")?;
        let usage = Self::ALL.into_iter().find(|it| it.words() == words)?;
        instance_type.starts_with("ml.").then(|| (instance_type.to_owned(), usage))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_awss_own_and_are_read_back() {
        assert_eq!(QuotaUse::OnDemand.quota_name("ml.m5.xlarge"), "ml.m5.xlarge for training job usage");
        for usage in QuotaUse::ALL {
            let name = usage.quota_name("ml.g5.xlarge");
            assert_eq!(QuotaUse::of_quota_name(&name), Some(("ml.g5.xlarge".to_owned(), usage)));
        }
        for other in ["ml.g5.xlarge for endpoint usage", "Number of instances across training jobs", "", " for  usage"]
        {
            assert_eq!(QuotaUse::of_quota_name(other), None, "{other:?}");
        }
    }
}
