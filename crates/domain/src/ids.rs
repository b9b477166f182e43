//! Identifiers: of runs, sweeps and presets; names of jobs, experiments and presets.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// A run's id: a ULID, 26 characters, sortable by creation time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

impl RunId {
    /// Made from the clock and 80 bits of randomness, both given by the caller.
    pub fn new(now: Timestamp, random: u128) -> Self {
        let millis = u64::try_from(now.unix_millis()).unwrap_or(0);
        Self(ulid::Ulid::from_parts(millis, random).to_string())
    }

    pub fn parse(text: &str) -> Result<Self, IdError> {
        ulid::Ulid::from_string(text).map(|it| Self(it.to_string())).map_err(|_| IdError::RunId)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A sweep's id: a ULID, like a run's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SweepId(String);

impl SweepId {
    pub fn new(now: Timestamp, random: u128) -> Self {
        Self(RunId::new(now, random).0)
    }

    pub fn parse(text: &str) -> Result<Self, IdError> {
        RunId::parse(text).map(|it| Self(it.0)).map_err(|_| IdError::SweepId)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A preset's id: a ULID, as a run's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PresetId(String);

impl PresetId {
    /// Made from the clock and 80 bits of randomness, both given by the caller.
    pub fn new(now: Timestamp, random: u128) -> Self {
        Self(RunId::new(now, random).0)
    }

    pub fn parse(text: &str) -> Result<Self, IdError> {
        ulid::Ulid::from_string(text).map(|it| Self(it.to_string())).map_err(|_| IdError::PresetId)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A preset's name: 1-80 printable characters, trimmed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PresetName(String);

impl PresetName {
    pub const MAX_CHARS: usize = 80;

    pub fn parse(text: &str) -> Result<Self, IdError> {
        let text = text.trim();
        let count = text.chars().count();
        if count == 0 || count > Self::MAX_CHARS || text.chars().any(char::is_control) {
            return Err(IdError::PresetName);
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A training job's name, 1-63 characters; SageMaker's only idempotency key for a job.
///
/// Source: CreateTrainingJob, `TrainingJobName`, pattern `[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobName(String);

impl JobName {
    pub const MAX_CHARS: usize = 63;

    pub fn parse(text: &str) -> Result<Self, IdError> {
        let chars = text.chars().count();
        if chars > Self::MAX_CHARS {
            return Err(IdError::JobNameLength(chars));
        }
        let alnum = |it: Option<char>| it.is_some_and(|c| c.is_ascii_alphanumeric());
        let inside = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if inside && alnum(text.chars().next()) && alnum(text.chars().last()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdError::JobNamePattern)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An experiment's name: 1-120 printable characters, trimmed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ExperimentName(String);

impl ExperimentName {
    pub const MAX_CHARS: usize = 120;

    pub fn parse(text: &str) -> Result<Self, IdError> {
        let text = text.trim();
        let count = text.chars().count();
        if count == 0 || count > Self::MAX_CHARS || text.chars().any(char::is_control) {
            return Err(IdError::ExperimentName);
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("not a run id: expected 26 letters and digits, as in `01JD5Z0Q6V8X2N4T7R9C3B1M5K`")]
    RunId,
    #[error("not a sweep id: expected 26 letters and digits")]
    SweepId,
    #[error("not a preset id: expected 26 letters and digits, as in `01JD5Z0Q6V8X2N4T7R9C3B1M5K`")]
    PresetId,
    #[error("a preset's name has 1 to 80 characters, none of them control characters")]
    PresetName,
    #[error("a training job name has at most 63 characters; this one has {0}")]
    JobNameLength(usize),
    #[error("a training job name has letters, digits and hyphens only, and begins and ends with a letter or digit")]
    JobNamePattern,
    #[error("an experiment name has 1 to 120 characters, none of them control characters")]
    ExperimentName,
}

macro_rules! text_id {
    ($($id:ident),*) => {$(
        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl TryFrom<String> for $id {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(&text)
            }
        }
        impl From<$id> for String {
            fn from(id: $id) -> Self {
                id.0
            }
        }
        impl std::str::FromStr for $id {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }
    )*};
}
text_id!(RunId, SweepId, PresetId, JobName, ExperimentName, PresetName);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn job_names_follow_sagemakers_pattern() {
        for good in ["a", "wine-1", "a--b", "A9", &"x".repeat(63)] {
            assert!(JobName::parse(good).is_ok(), "{good:?}");
        }
        for bad in ["", "-a", "a-", "a_b", "a b", "ä", "a/../b", "a\n"] {
            assert_eq!(JobName::parse(bad), Err(IdError::JobNamePattern), "{bad:?}");
        }
        assert_eq!(JobName::parse(&"x".repeat(64)), Err(IdError::JobNameLength(64)));
        assert_eq!(JobName::parse(&"ä".repeat(40)), Err(IdError::JobNamePattern), "characters are counted, not bytes");
    }

    #[test]
    fn experiment_names_are_trimmed_and_printable() {
        assert_eq!(ExperimentName::parse("  Wein & Öl ").map(String::from).as_deref(), Ok("Wein & Öl"));
        for bad in ["", "   ", "a\nb", &"x".repeat(121)] {
            assert_eq!(ExperimentName::parse(bad), Err(IdError::ExperimentName), "{bad:?}");
        }
    }

    #[test]
    fn deserializing_goes_through_the_same_door() {
        assert!(serde_json::from_str::<JobName>("\"a_b\"").is_err());
        assert!(serde_json::from_str::<RunId>("\"nonsense\"").is_err());
        assert!(serde_json::from_str::<ExperimentName>("\"\"").is_err());
    }

    proptest! {
        #[test]
        fn run_ids_sort_by_time_and_are_parsed_back(
            first in 0_i64..281_474_976_710_655, later in 1_i64..1_000_000, random: u128,
        ) {
            let id = RunId::new(Timestamp::from_unix_millis(first), random);
            let next = RunId::new(Timestamp::from_unix_millis((first + later).min(281_474_976_710_655)), random);
            prop_assert_eq!(RunId::parse(id.as_str()), Ok(id.clone()));
            prop_assert_eq!(RunId::parse(&id.as_str().to_lowercase()), Ok(id.clone()), "case does not matter");
            prop_assert!(id <= next);
        }

        #[test]
        fn any_text_is_parsed_or_refused(text in any::<String>()) {
            if let Ok(name) = JobName::parse(&text) {
                prop_assert_eq!(name.as_str(), text.as_str());
            }
            if let Ok(name) = ExperimentName::parse(&text) {
                prop_assert_eq!(ExperimentName::parse(name.as_str()), Ok(name.clone()));
            }
            let _ = RunId::parse(&text);
        }
    }
}
