//! The catalogue of AWS's images, `data/images.json`: which repository is which framework, and which packages of PyPI
//! make this machine's Python like the one in the image.
//!
//! Invariant: an image is looked up by its registry too; a repository named `xgboost` in somebody's own account is not
//! AWS's. To add an image, add its entry; the tests check every entry.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::uri::{Device, Version};
use super::{ImageError, ImageUri, Registry, StandIn};

/// Packages that stand for an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packages {
    /// For people: `scikit-learn 1.2`.
    pub label: String,
    /// Lines of a `requirements.txt`. Empty: the bare Python.
    pub requirements: Vec<String>,
    /// True for lines of the catalogue, which are installed from wheels only; the user's own may need to be built.
    pub is_catalogued: bool,
    /// What the image runs when the job has no script.
    pub stand_in: Option<StandIn>,
    /// What is different here from the image; said in the job's log when it matters.
    pub notes: Vec<String>,
}

impl Packages {
    pub(super) fn mapped(uri: &ImageUri, lines: &[String]) -> Packages {
        Packages {
            label: format!("the mapping of {}", uri.as_str()),
            requirements: lines.to_vec(),
            is_catalogued: false,
            stand_in: None,
            notes: Vec::new(),
        }
    }

    pub(super) fn algorithm(algorithm: StandIn) -> Packages {
        Packages {
            label: algorithm.title().to_owned(),
            requirements: Vec::new(),
            is_catalogued: true,
            stand_in: Some(algorithm),
            notes: Vec::new(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    #[expect(dead_code, reason = "says where the facts are from, to readers of the file")]
    source: String,
    registries: BTreeMap<String, Vec<String>>,
    images: Vec<Entry>,
}

/// One image, in all its versions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    framework: String,
    /// `owner/name` for those of `public.ecr.aws` and Docker Hub.
    repositories: Vec<String>,
    /// A key of `registries`, or `hub`.
    registry: String,
    /// What the version follows in the tag, when it does not come first.
    version_mark: Option<String>,
    algorithm: Option<String>,
    /// Said when the packages are installed.
    note: Option<String>,
    /// Why the image cannot be stood in for, and what to do.
    end_of_life: Option<String>,
    /// An algorithm of AWS without a stand-in.
    #[serde(default)]
    closed: bool,
    /// Oldest first.
    versions: Vec<EntryVersion>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryVersion {
    version: String,
    requirements: Vec<String>,
}

#[expect(clippy::expect_used, reason = "the file is part of the binary; the tests below read all of it")]
static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/images.json")).expect("the bundled catalogue is valid")
});

/// The entry of an image, if it is one of AWS's.
pub(super) fn find(uri: &ImageUri) -> Option<&'static Entry> {
    CATALOGUE.images.iter().find(|entry| {
        let is_kept_there = match &uri.registry {
            Registry::Ecr { account, .. } => {
                CATALOGUE.registries.get(&entry.registry).is_some_and(|accounts| accounts.contains(account))
            }
            Registry::PublicEcr | Registry::Hub => true,
            Registry::Host(_) => false,
        };
        is_kept_there && entry.repositories.iter().any(|repository| is_named(uri, repository))
    })
}

/// Names of public registries carry an owner, AWS's own do not; its deep learning images are public under one owner.
fn is_named(uri: &ImageUri, repository: &str) -> bool {
    let is_public_name = repository.contains('/') || repository == "python";
    match &uri.registry {
        Registry::Ecr { .. } => uri.repository == repository,
        Registry::PublicEcr => match uri.repository.strip_prefix("deep-learning-containers/") {
            Some(name) => name == repository,
            None => is_public_name && uri.repository == repository,
        },
        Registry::Hub => is_public_name && uri.repository == repository,
        Registry::Host(_) => false,
    }
}

impl Entry {
    /// The packages for this very image: those of its version or of the nearest one.
    pub(super) fn packages(&self, uri: &ImageUri) -> Result<Packages, ImageError> {
        let image = uri.as_str().to_owned();
        if let Some(advice) = &self.end_of_life {
            return Err(ImageError::EndOfLife { image, framework: self.framework.clone(), advice: advice.clone() });
        }
        if self.closed {
            return Err(ImageError::NoStandIn { algorithm: self.framework.clone() });
        }
        let stand_in = self.algorithm.as_deref().and_then(StandIn::named);
        let wanted = uri.version(self.version_mark.as_deref());
        let mut label = self.framework.clone();
        let mut notes = Vec::new();
        let mut requirements = Vec::new();
        if let Some((version, found)) = self.nearest(wanted) {
            label = format!("{label} {}", found.version);
            requirements.clone_from(&found.requirements);
            if wanted.is_some_and(|wanted| wanted != version) && self.versions.len() > 1 {
                let asked = uri.tag.as_deref().unwrap_or_default();
                notes.push(format!("the version of the tag {asked} cannot be had for this machine's Python; {version} is the nearest that can"));
            }
            if let Some(python) = uri.python() {
                notes.push(format!(
                    "the image has Python {python}; packages are installed for the Python of this machine"
                ));
            }
            if uri.device() == Some(Device::Gpu) {
                notes.push("a GPU image runs on the CPU here".to_owned());
            }
            notes.extend(self.note.clone());
        }
        Ok(Packages { label, requirements, is_catalogued: true, stand_in, notes })
    }

    /// The version itself; else the newest older one; else the oldest. Without a wish the newest.
    fn nearest(&self, wanted: Option<Version>) -> Option<(Version, &EntryVersion)> {
        let versions: Vec<(Version, &EntryVersion)> =
            self.versions.iter().filter_map(|entry| Some((Version::parse(&entry.version)?, entry))).collect();
        let Some(wanted) = wanted else { return versions.last().copied() };
        versions.iter().rev().find(|(version, _)| *version <= wanted).or(versions.first()).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::{CATALOGUE, StandIn, Version};

    #[test]
    fn every_entry_can_be_used() {
        for entry in &CATALOGUE.images {
            let name = &entry.framework;
            assert!(entry.registry == "hub" || CATALOGUE.registries.contains_key(&entry.registry), "{name}");
            assert!(entry.algorithm.as_deref().is_none_or(|name| StandIn::named(name).is_some()), "{name}");
            let versions: Vec<Version> =
                entry.versions.iter().map(|entry| Version::parse(&entry.version).expect("a version")).collect();
            assert!(versions.is_sorted(), "{name}: {versions:?}");
            let is_closed = entry.closed || entry.end_of_life.is_some();
            assert!(is_closed || !versions.is_empty() || entry.algorithm.is_some(), "{name}");
            for line in entry.versions.iter().flat_map(|entry| &entry.requirements) {
                assert!(line.contains("=="), "{name}: {line} is not pinned");
            }
        }
        let accounts = CATALOGUE.registries.values().flatten();
        assert!(accounts.into_iter().all(|account| account.len() == 12));
    }
}
