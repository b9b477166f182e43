//! `AddTags`, `ListTags` and `DeleteTags`, by the ARN of any resource that is kept here.
//!
//! Tags of training jobs lie with the job; those of everything else in the [`TagStore`]. [`TAGGED`] says which kinds of
//! resources there are: add a line for a new one, `put` its tags in the store when it is created, and none when it is
//! deleted.

mod store;

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub(crate) use store::TagStore;

use super::experiments::Kind;
use super::{job_by_arn, job_error, no_such_resource};
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};
use crate::{field, page};

pub(super) type Tags = BTreeMap<String, String>;

/// The most tags of one resource.
const MAX_TAGS: usize = 50;

/// Kinds of resources besides training jobs: the ARN's type (`experiment` in `...:experiment/<name>`), and whether there
/// is one of that name.
const TAGGED: [(&str, Exists); 4] = [
    ("experiment", |services, name| services.experiments.get(Kind::Experiment, name).is_some()),
    ("experiment-trial", |services, name| services.experiments.get(Kind::Trial, name).is_some()),
    ("experiment-trial-component", |services, name| services.experiments.get(Kind::TrialComponent, name).is_some()),
    ("hyper-parameter-tuning-job", |services, name| services.tuning.get(name).is_some()),
];

type Exists = fn(&Services, &str) -> bool;

/// Whose tags a request means.
enum Owner {
    TrainingJob { name: String, tags: Tags },
    Stored { arn: String },
}

impl Owner {
    fn of(services: &Services, input: &Value) -> Result<Self, ApiError> {
        let arn = field::text(input, "ResourceArn").unwrap_or_default();
        let prefix = format!("arn:aws:sagemaker:{}:{}:", services.region, services.account);
        let (kind, name) =
            arn.strip_prefix(&prefix).and_then(|rest| rest.split_once('/')).ok_or_else(|| no_such_resource(arn))?;
        if kind == "training-job" {
            let job = job_by_arn(services, arn)?;
            return Ok(Self::TrainingJob { name: job.name, tags: job.tags });
        }
        let known = TAGGED.iter().any(|(tagged, exists)| *tagged == kind && exists(services, name));
        if known { Ok(Self::Stored { arn: arn.to_owned() }) } else { Err(no_such_resource(arn)) }
    }

    fn tags(&self, services: &Services) -> Tags {
        match self {
            Self::TrainingJob { tags, .. } => tags.clone(),
            Self::Stored { arn } => services.tags.get(arn),
        }
    }

    fn set(&self, services: &Services, tags: &Tags) -> Result<(), ApiError> {
        match self {
            Self::TrainingJob { name, .. } => services.jobs.tags_set(name, tags).map_err(job_error),
            Self::Stored { arn } => services.tags.put(arn, tags).map_err(ApiError::internal),
        }
    }
}

/// Adds tags or changes their values; answers all tags of the resource.
pub(super) fn add_tags(services: &Services, input: &Value) -> ApiResult {
    let added = tags_of(input)?;
    let _turn = services.tags.turn();
    let owner = Owner::of(services, input)?;
    let mut tags = owner.tags(services);
    tags.extend(added);
    if tags.len() > MAX_TAGS {
        return Err(ApiError::validation(format!(
            "A resource can have at most {MAX_TAGS} tags; this one would have {}.",
            tags.len()
        )));
    }
    owner.set(services, &tags)?;
    Ok(json!({ "Tags": tag_list(&tags) }))
}

/// Removes tags by their keys; a key that is not there is no error.
pub(super) fn delete_tags(services: &Services, input: &Value) -> ApiResult {
    let _turn = services.tags.turn();
    let owner = Owner::of(services, input)?;
    let mut tags = owner.tags(services);
    let before = tags.len();
    for key in field::list(input, "TagKeys").iter().filter_map(Value::as_str) {
        tags.remove(key);
    }
    if tags.len() != before {
        owner.set(services, &tags)?;
    }
    Ok(json!({}))
}

pub(super) fn list_tags(services: &Services, input: &Value) -> ApiResult {
    let tags = Owner::of(services, input)?.tags(services);
    let limit = usize::try_from(field::integer(input, "MaxResults").unwrap_or(50)).unwrap_or(50);
    let after: Option<String> = match field::text(input, "NextToken") {
        Some(token) => Some(page::decode(token).ok_or_else(|| ApiError::validation("Invalid NextToken."))?),
        None => None,
    };
    let mut rest = tags.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|after| key > after));
    let cut: Tags = rest.by_ref().take(limit).collect();
    let more = rest.next().is_some();
    let next = cut.keys().next_back().filter(|_| more).map(|last| page::encode(last).into());
    Ok(field::object([("Tags", Some(tag_list(&cut))), ("NextToken", next)]))
}

/// The tags of a request, in which no key may come twice.
pub(super) fn tags_of(input: &Value) -> Result<Tags, ApiError> {
    let mut tags = Tags::new();
    for tag in field::list(input, "Tags") {
        let (key, value) = (field::text(tag, "Key").unwrap_or_default(), field::text(tag, "Value").unwrap_or_default());
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(ApiError::validation(format!("The tag key {key:?} is given more than once.")));
        }
    }
    Ok(tags)
}

/// SageMaker's form of tags: a list of Key and Value.
pub(super) fn tag_list(tags: &Tags) -> Value {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}
