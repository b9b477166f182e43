//! What SageMaker knows of a request: which members there are, in which order, and of which type.
//!
//! Renderers take the order from here, readers the types: an option of the AWS CLI or a scalar of YAML is text without
//! a type, and only the API says whether `10` is a number or a hyperparameter.

mod table;

use serde_json::{Map, Value};

pub(super) use table::REQUEST;

/// The type of a member, as far as reading text needs it.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    Integer,
    Flag,
    /// Free keys, values of text: hyperparameters, environment.
    Map,
    List(&'static Kind),
    Structure(&'static Structure),
}

pub(super) struct Structure {
    /// The shape's name in the API model; the SageMaker SDK names its classes so.
    pub(super) name: &'static str,
    pub(super) members: &'static [(&'static str, Kind)],
}

impl Structure {
    pub(super) fn kind_of(&self, member: &str) -> Option<Kind> {
        self.members.iter().find(|(name, _)| *name == member).map(|(_, kind)| *kind)
    }
}

impl Kind {
    /// The type of what `key` leads to, when it is known.
    pub(super) fn of_member(self, key: &str) -> Option<Self> {
        match self {
            Self::Structure(structure) => structure.kind_of(key),
            Self::Map => Some(Self::Text),
            _ => None,
        }
    }

    pub(super) fn of_item(self) -> Option<Self> {
        if let Self::List(item) = self { Some(*item) } else { None }
    }
}

/// The members that only DescribeTrainingJob has, and what clients add to an answer.
pub(super) const READ_ONLY: [&str; 25] = [
    "TrainingJobArn",
    "TuningJobArn",
    "LabelingJobArn",
    "AutoMLJobArn",
    "ModelArtifacts",
    "TrainingJobStatus",
    "SecondaryStatus",
    "FailureReason",
    "WarmPoolStatus",
    "CreationTime",
    "TrainingStartTime",
    "TrainingEndTime",
    "LastModifiedTime",
    "SecondaryStatusTransitions",
    "FinalMetricDataList",
    "TrainingTimeInSeconds",
    "BillableTimeInSeconds",
    "BillableTokenCount",
    "DebugRuleEvaluationStatuses",
    "ProfilerRuleEvaluationStatuses",
    "ProfilingStatus",
    "MlflowDetails",
    "ProgressInfo",
    "OutputModelPackageArn",
    "ResponseMetadata",
];

/// The same request with its members in the API's order; those that the API does not have come last. Free maps keep
/// their order.
pub(super) fn in_order(request: &Value) -> Value {
    ordered(request, Some(Kind::Structure(&REQUEST)))
}

fn ordered(value: &Value, kind: Option<Kind>) -> Value {
    match (value, kind) {
        (Value::Object(map), Some(Kind::Structure(structure))) => {
            let mut sorted = Map::new();
            for (name, kind) in structure.members {
                if let Some(value) = map.get(*name) {
                    sorted.insert((*name).to_owned(), ordered(value, Some(*kind)));
                }
            }
            for (name, value) in map {
                if !sorted.contains_key(name) {
                    sorted.insert(name.clone(), value.clone());
                }
            }
            Value::Object(sorted)
        }
        (Value::Array(items), Some(Kind::List(item))) => {
            items.iter().map(|it| ordered(it, Some(*item))).collect::<Vec<_>>().into()
        }
        _ => value.clone(),
    }
}
