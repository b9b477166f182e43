//! A view of the list of runs that a team keeps under a name: what the page had in its URL.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{PresetName, RunId},
    time::Timestamp,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunView {
    pub id: RunViewId,
    /// One view has it at a time.
    pub name: RunViewName,
    /// The URL's query, without the question mark.
    pub query: String,
    pub created_at: Timestamp,
}

/// A ULID, as a run's id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunViewId(String);

/// 1-80 printable characters, trimmed, as a preset's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunViewName(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunViewError {
    #[error("a view's id has 26 letters and digits, as 01ARZ3NDEKTSV4RRFFQ69G5FAV")]
    Id,
    #[error("a view's name has 1 to 80 printable characters")]
    Name,
    #[error("a view's query is at most {} characters of a URL", RunView::MAX_QUERY_CHARS)]
    Query,
}

impl RunView {
    pub const MAX_QUERY_CHARS: usize = 16_000;

    /// A query as it may be kept.
    pub fn query_parse(text: &str) -> Result<String, RunViewError> {
        let query = text.trim().trim_start_matches('?');
        if query.chars().count() > Self::MAX_QUERY_CHARS || query.chars().any(char::is_control) {
            return Err(RunViewError::Query);
        }
        Ok(query.to_owned())
    }
}

impl RunViewId {
    pub fn new(now: Timestamp, random: u128) -> Self {
        Self(RunId::new(now, random).to_string())
    }

    pub fn parse(text: &str) -> Result<Self, RunViewError> {
        RunId::parse(text).map(|it| Self(it.to_string())).map_err(|_| RunViewError::Id)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl RunViewName {
    pub fn parse(text: &str) -> Result<Self, RunViewError> {
        PresetName::parse(text).map(|it| Self(it.as_str().to_owned())).map_err(|_| RunViewError::Name)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! text_type {
    ($type:ident) => {
        impl TryFrom<String> for $type {
            type Error = RunViewError;

            fn try_from(text: String) -> Result<Self, RunViewError> {
                Self::parse(&text)
            }
        }

        impl From<$type> for String {
            fn from(it: $type) -> Self {
                it.0
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_type!(RunViewId);
text_type!(RunViewName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_view_is_made_of_is_checked() {
        assert_eq!(RunViewName::parse("  best of november ").expect("a name").as_str(), "best of november");
        for wrong in ["", " ", "a\nb", &"x".repeat(81)] {
            assert_eq!(RunViewName::parse(wrong), Err(RunViewError::Name), "{wrong:?}");
        }
        assert_eq!(RunView::query_parse("?search=a").as_deref(), Ok("search=a"));
        assert_eq!(RunView::query_parse("a\tb"), Err(RunViewError::Query));
        let id = RunViewId::new(Timestamp::from_unix_millis(1), 2);
        assert_eq!(RunViewId::parse(id.as_str()), Ok(id));
        assert_eq!(RunViewId::parse("first"), Err(RunViewError::Id));
    }
}
