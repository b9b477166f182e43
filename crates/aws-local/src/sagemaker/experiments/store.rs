//! `DATA/experiments/{experiments,trials,components}/<name>.json`, one file per entity, and `metrics/`, all of it also in
//! memory.
//!
//! Invariants: a file is written before memory changes, so what was answered survives a crash; relations live in one
//! file each (a trial names its experiment, a component names its trials), so no crash leaves half of one; names follow
//! the API's pattern (letters, digits, inner hyphens) before they get here, so none leaves its folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::metrics::MetricFiles;
use crate::durable;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Kind {
    Experiment,
    Trial,
    TrialComponent,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Experiment, Self::Trial, Self::TrialComponent];

    /// What the API's member names begin with: `TrialName`, `TrialArn`, `TrialSummaries`.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Experiment => "Experiment",
            Self::Trial => "Trial",
            Self::TrialComponent => "TrialComponent",
        }
    }

    pub(crate) fn name_member(self) -> String {
        format!("{}Name", self.prefix())
    }

    pub(crate) fn arn_member(self) -> String {
        format!("{}Arn", self.prefix())
    }

    pub(crate) fn arn_part(self) -> &'static str {
        match self {
            Self::Experiment => "experiment",
            Self::Trial => "experiment-trial",
            Self::TrialComponent => "experiment-trial-component",
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Experiment => "experiments",
            Self::Trial => "trials",
            Self::TrialComponent => "components",
        }
    }
}

/// An experiment, a trial or a trial component.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entity {
    pub kind: Kind,
    pub name: String,
    pub created_at_ms: i64,
    pub modified_at_ms: i64,
    /// What create and update gave, by the API's names: `DisplayName`, `Description`, `ExperimentName`, `Parameters`...
    pub members: Map<String, Value>,
    /// Of a component: the trials that it is in.
    #[serde(default)]
    pub trials: BTreeSet<String>,
    /// Of a component: the training job that it stands for.
    #[serde(default)]
    pub job: Option<JobSource>,
    /// Of a component that is a run: ARNs of the jobs that were started in it.
    #[serde(default)]
    pub sources: BTreeSet<String>,
}

/// Where a component comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct JobSource {
    pub name: String,
    pub arn: String,
    pub run_name: Option<String>,
    /// True once the job is over and `members` and `metrics` hold what it left.
    pub settled: bool,
    /// `TrialComponentMetricSummary` entries of the job that is over.
    pub metrics: Vec<Value>,
}

impl Entity {
    pub(super) fn new(kind: Kind, name: &str, at_ms: i64) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            created_at_ms: at_ms,
            modified_at_ms: at_ms,
            members: Map::new(),
            trials: BTreeSet::new(),
            job: None,
            sources: BTreeSet::new(),
        }
    }

    pub(super) fn experiment(&self) -> Option<&str> {
        self.members.get("ExperimentName").and_then(Value::as_str)
    }
}

pub(crate) struct ExperimentStore {
    root: PathBuf,
    entities: Mutex<BTreeMap<(Kind, String), Entity>>,
    pub(crate) metrics: MetricFiles,
}

impl ExperimentStore {
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        let mut entities = BTreeMap::new();
        for kind in Kind::ALL {
            for entity in durable::read_folder::<Entity>(&root.join(kind.folder()))? {
                entities.insert((kind, entity.name.clone()), entity);
            }
        }
        let metrics = root.join("metrics");
        fs::create_dir_all(&metrics)?;
        Ok(Self { root: root.to_owned(), entities: Mutex::new(entities), metrics: MetricFiles::new(metrics) })
    }

    /// Everything, until the answer is dropped: what is decided on it is still true when it is written.
    pub(crate) fn hold(&self) -> Held<'_> {
        Held { root: &self.root, entities: self.entities.lock().unwrap_or_else(PoisonError::into_inner) }
    }

    pub(crate) fn get(&self, kind: Kind, name: &str) -> Option<Entity> {
        self.hold().get(kind, name).cloned()
    }

    pub(crate) fn list(&self, kind: Kind) -> Vec<Entity> {
        self.hold().list(kind).cloned().collect()
    }
}

pub(crate) struct Held<'a> {
    root: &'a Path,
    entities: MutexGuard<'a, BTreeMap<(Kind, String), Entity>>,
}

impl Held<'_> {
    pub(crate) fn get(&self, kind: Kind, name: &str) -> Option<&Entity> {
        self.entities.get(&(kind, name.to_owned()))
    }

    /// All of a kind, in order of name.
    pub(crate) fn list(&self, kind: Kind) -> impl Iterator<Item = &Entity> {
        self.entities.range((kind, String::new())..).map(|(_, entity)| entity).take_while(move |it| it.kind == kind)
    }

    pub(crate) fn put(&mut self, entity: Entity) -> io::Result<()> {
        durable::write(&self.path(entity.kind, &entity.name), &entity)?;
        self.entities.insert((entity.kind, entity.name.clone()), entity);
        Ok(())
    }

    pub(super) fn remove(&mut self, kind: Kind, name: &str) -> io::Result<()> {
        durable::remove(&self.path(kind, name))?;
        self.entities.remove(&(kind, name.to_owned()));
        Ok(())
    }

    fn path(&self, kind: Kind, name: &str) -> PathBuf {
        self.root.join(kind.folder()).join(format!("{name}.json"))
    }
}
