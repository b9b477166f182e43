//! Access keys and their secrets. What is printed of them is the keys' names alone.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// An access key with its secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKey {
    pub id: String,
    pub secret: String,
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("AccessKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The keys that requests may be signed with, each to its secret. None: any key is accepted and no signature is read.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Keys(BTreeMap<String, String>);

impl Keys {
    pub fn new(keys: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(keys.into_iter().collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first key that no request could be signed with: its name must fit a credential, its secret must not be empty.
    pub fn unusable(&self) -> Option<&str> {
        let plain =
            |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        self.0.iter().find(|(id, secret)| !plain(id) || secret.is_empty()).map(|(id, _)| id.as_str())
    }

    pub(super) fn secret(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_printed_and_unusable_keys_are_named() {
        let keys = |id: &str, secret: &str| Keys::new([(id.to_owned(), secret.to_owned())]);
        assert_eq!(format!("{:?}", keys("AKIA", "hidden")), "{\"AKIA\"}");
        let pair = AccessKey { id: "AKIA".into(), secret: "hidden".into() };
        assert!(!format!("{pair:?}").contains("hidden"));
        assert_eq!(keys("team_a-1", "x").unusable(), None);
        for (id, secret) in [("a/b", "x"), ("", "x"), ("AKIA", ""), ("a b", "x")] {
            assert_eq!(keys(id, secret).unusable(), Some(id));
        }
    }
}
