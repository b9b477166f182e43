//! The roles that somebody made, changed or deleted, in one durable file. All others follow from their name.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::model::{Role, exists_by_default};
use crate::durable;

/// More roles than an account may have: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
pub(super) const MAX_ROLES: usize = 5000;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) roles: BTreeMap<String, Role>,
    pub(super) deleted: BTreeSet<String>,
}

impl State {
    /// The role of this name, as it is or as it is by default.
    pub(super) fn get(&self, name: &str) -> Option<Role> {
        match self.roles.get(name) {
            Some(role) => Some(role.clone()),
            None => (exists_by_default(name) && !self.deleted.contains(name)).then(|| Role::by_default("/")),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Roles {
    path: PathBuf,
    state: Mutex<State>,
}

impl Roles {
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join("roles.json");
        Ok(Self { state: Mutex::new(durable::read(&path)?), path })
    }

    pub(super) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the state. It is on disk before anybody sees it, and unchanged when the change is refused.
    pub(super) fn change<T, E: From<io::Error>>(
        &self,
        change: impl FnOnce(&mut State) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = state.clone();
        let answer = change(&mut next)?;
        durable::write(&self.path, &next)?;
        *state = next;
        Ok(answer)
    }

    /// Whether a role of the endpoint's own account may be assumed.
    pub(crate) fn exists(&self, name: &str) -> bool {
        self.read(|state| state.get(name).is_some())
    }
}
