//! What a team allows itself: tags that every job must carry, instance types and counts, per pattern of experiments.
//!
//! Invariants:
//! - Every policy whose pattern fits the experiment counts; none loosens another.
//! - A policy that could never be kept, or that says nothing, is refused when it is read.
//! - A refusal names the field, the policy and the cure.

mod pattern;

use serde::{Deserialize, Serialize};

use crate::{
    instance_type::instances_text,
    job_draft::{FieldError, JobDraft},
    job_spec::{JobSpec, is_tag_text, tag},
    quota,
};

pub use pattern::Pattern;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct LaunchPolicy {
    /// Which experiments it is about: `vision-*`.
    pub experiments: Pattern,
    /// Tags that a job must have, each with a value.
    pub required_tags: Vec<String>,
    /// Empty: all.
    pub allowed_instance_types: Vec<Pattern>,
    /// Of the whole cluster.
    pub max_instances: Option<u32>,
    /// Whom to ask; stands at the end of each refusal.
    pub message: Option<String>,
}

/// As it stands in a file.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
struct Written {
    #[serde(default)]
    experiments: String,
    #[serde(default, alias = "required-tags")]
    required_tags: Vec<String>,
    #[serde(default, alias = "allowed-instance-types", skip_serializing_if = "Option::is_none")]
    allowed_instance_types: Option<Vec<String>>,
    #[serde(default, alias = "max-instances", skip_serializing_if = "Option::is_none")]
    max_instances: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// Why a policy cannot be kept to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    #[error("a policy needs experiments = \"vision-*\" (or \"*\" for all)")]
    Experiments,
    #[error("the policy for {0} says nothing: give it required_tags, allowed_instance_types or max_instances")]
    Empty(Pattern),
    #[error(
        "`{0}` cannot be required as a tag: a tag's name has 1 to 128 letters, digits, spaces and `_ . : / = + - @`, and does not begin with `aws:` or `trainyard:`"
    )]
    Tag(String),
    #[error("at most {} tags can be required", JobSpec::MAX_TAGS)]
    TooManyTags,
    #[error("`{0}` is no instance type: they begin with `ml.`, as in `ml.g5.*`")]
    InstanceType(String),
    #[error("allowed_instance_types is empty, so that no job could be launched: leave it out, or name some")]
    NoInstanceType,
    #[error("max_instances is 0, so that no job could be launched: leave it out, or allow 1")]
    NoInstances,
    #[error("a policy's message has at most {MAX_MESSAGE_CHARS} characters and no line break")]
    Message,
}

const MAX_MESSAGE_CHARS: usize = 300;

impl TryFrom<Written> for LaunchPolicy {
    type Error = PolicyFault;

    fn try_from(written: Written) -> Result<Self, PolicyFault> {
        let Written { experiments, required_tags, allowed_instance_types, max_instances, message } = written;
        let experiments = Pattern::parse(&experiments).ok_or(PolicyFault::Experiments)?;
        let is_tag = |it: &String| {
            (1..=128).contains(&it.chars().count())
                && is_tag_text(it)
                && it.trim() == it
                && !it.to_ascii_lowercase().starts_with("aws:")
                && !it.starts_with(tag::PREFIX)
        };
        if let Some(wrong) = required_tags.iter().find(|it| !is_tag(it)) {
            return Err(PolicyFault::Tag(wrong.clone()));
        }
        if required_tags.len() > JobSpec::MAX_TAGS {
            return Err(PolicyFault::TooManyTags);
        }
        let types = match allowed_instance_types {
            Some(list) if list.is_empty() => return Err(PolicyFault::NoInstanceType),
            list => list.unwrap_or_default(),
        };
        let pattern = |text: String| {
            let pattern = Pattern::parse(&text).filter(|_| text.starts_with("ml.") || text.starts_with('*'));
            pattern.ok_or(PolicyFault::InstanceType(text))
        };
        let allowed_instance_types = types.into_iter().map(pattern).collect::<Result<Vec<_>, _>>()?;
        if max_instances == Some(0) {
            return Err(PolicyFault::NoInstances);
        }
        let message = message.map(|it| it.trim().to_owned()).filter(|it| !it.is_empty());
        if message.as_ref().is_some_and(|it| it.chars().count() > MAX_MESSAGE_CHARS || it.contains(char::is_control)) {
            return Err(PolicyFault::Message);
        }
        if required_tags.is_empty() && allowed_instance_types.is_empty() && max_instances.is_none() {
            return Err(PolicyFault::Empty(experiments));
        }
        Ok(Self { experiments, required_tags, allowed_instance_types, max_instances, message })
    }
}

impl From<LaunchPolicy> for Written {
    fn from(policy: LaunchPolicy) -> Self {
        let types: Vec<String> = policy.allowed_instance_types.into_iter().map(String::from).collect();
        Self {
            experiments: policy.experiments.into(),
            required_tags: policy.required_tags,
            allowed_instance_types: (!types.is_empty()).then_some(types),
            max_instances: policy.max_instances,
            message: policy.message,
        }
    }
}

impl LaunchPolicy {
    pub fn is_about(&self, experiment: &str) -> bool {
        self.experiments.fits(experiment.trim())
    }

    pub fn allows_type(&self, name: &str) -> bool {
        self.allowed_instance_types.is_empty() || self.allowed_instance_types.iter().any(|it| it.fits(name.trim()))
    }

    /// Its rules, a line each, for people.
    pub fn rules(&self) -> Vec<String> {
        let mut rules = Vec::new();
        if !self.required_tags.is_empty() {
            rules.push(format!("Tags that need a value: {}", self.required_tags.join(", ")));
        }
        if !self.allowed_instance_types.is_empty() {
            let types: Vec<String> = self.allowed_instance_types.iter().map(ToString::to_string).collect();
            rules.push(format!("Instance types: {}", types.join(", ")));
        }
        if let Some(max) = self.max_instances {
            rules.push(format!("At most {} together", instances_text(max)));
        }
        rules
    }

    /// What of a form this policy refuses; nothing where the form is about other experiments.
    fn errors(&self, draft: &JobDraft) -> Vec<FieldError> {
        if !self.is_about(&draft.experiment) {
            return Vec::new();
        }
        let mut errors = Vec::new();
        let end = self.message.as_ref().map(|it| format!(" {it}")).unwrap_or_default();
        let mut refuse =
            |field: String, message: String| errors.push(FieldError::new(field, format!("{message}{end}")));
        let whose = format!("the policy for experiments `{}`", self.experiments);
        for name in &self.required_tags {
            if let TagState::Missing(field) = tag_state(draft, name) {
                refuse(field, format!("{whose} requires the tag `{name}`: add it, with a value."));
            }
        }
        let fields = &draft.fields;
        let rows = |list: &'static str| fields.rows(list).into_iter().map(move |row| format!("{list}[{row}]."));
        let of_type = |name: &str| {
            let allowed = quoted(&self.allowed_instance_types);
            (!name.is_empty() && !self.allows_type(name))
                .then(|| format!("{whose} does not allow `{name}`: choose one of {allowed}."))
        };
        // Together, but for preferences, of which SageMaker takes one.
        let mut count = 0_u64;
        let mut last_count = None;
        let own = std::iter::once("ResourceConfig.".to_owned());
        for place in rows(GROUPS).chain(rows(PREFERENCES)).chain(own) {
            let type_field = format!("{place}InstanceType");
            if let Some(message) = of_type(fields.get(&type_field).trim()) {
                refuse(type_field, message);
            }
            let count_field = format!("{place}InstanceCount");
            if let Ok(typed) = fields.get(&count_field).trim().parse::<u64>() {
                count = if place.starts_with(PREFERENCES) { count.max(typed) } else { count.saturating_add(typed) };
                last_count = Some(count_field);
            }
        }
        if let (Some(max), Some(field)) = (self.max_instances, last_count)
            && count > u64::from(max)
        {
            refuse(
                field,
                format!("{whose} allows at most {} together, and there are {count}: take fewer.", instances_text(max)),
            );
        }
        // What may be sent instead, where a quota has no room, is held to the same list.
        if let Ok(Some(plan)) = draft.quota.parse(fields) {
            for message in plan.instance_types.iter().filter_map(|it| of_type(it.as_str())) {
                refuse(quota::TYPES.to_owned(), message);
            }
        }
        errors
    }
}

const GROUPS: &str = "ResourceConfig.InstanceGroups";
const PREFERENCES: &str = "ResourceConfig.InstancePreferences";

/// What all policies refuse, in their order.
pub fn policy_errors(policies: &[LaunchPolicy], draft: &JobDraft) -> Vec<FieldError> {
    policies.iter().flat_map(|it| it.errors(draft)).collect()
}

/// Tags that the form needs and has no row of.
pub fn missing_tags(policies: &[LaunchPolicy], draft: &JobDraft) -> Vec<String> {
    let mut missing: Vec<String> = Vec::new();
    for name in policies.iter().filter(|it| it.is_about(&draft.experiment)).flat_map(|it| &it.required_tags) {
        let has_row = tag_row(draft, name).is_some();
        if !has_row && !missing.contains(name) {
            missing.push(name.clone());
        }
    }
    missing
}

enum TagState {
    There,
    /// The field to mend.
    Missing(String),
}

fn tag_state(draft: &JobDraft, name: &str) -> TagState {
    let Some(row) = tag_row(draft, name) else { return TagState::Missing("Tags".to_owned()) };
    let field = format!("Tags[{row}].Value");
    if draft.fields.get(&field).trim().is_empty() { TagState::Missing(field) } else { TagState::There }
}

fn tag_row(draft: &JobDraft, name: &str) -> Option<usize> {
    let has_name = |row: &usize| draft.fields.get(&format!("Tags[{row}].Key")).trim() == name;
    draft.fields.rows("Tags").into_iter().find(has_name)
}

fn quoted<T: ToString>(names: &[T]) -> String {
    names.iter().map(|it| format!("`{}`", it.to_string())).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
