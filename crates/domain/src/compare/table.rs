//! Parameters and members of requests as rows, with a cell for each run.

use std::collections::{BTreeMap, BTreeSet};

use crate::{job_draft::JobDraft, run::Run};

/// One quantity of all runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompareRow {
    pub name: String,
    /// In the runs' order; `None`: this run has none.
    pub cells: Vec<Option<String>>,
}

impl CompareRow {
    /// Whether any two runs have different values.
    pub fn differs(&self) -> bool {
        self.cells.windows(2).any(|it| it[0] != it[1])
    }

    fn rows(columns: &[BTreeMap<String, String>]) -> Vec<Self> {
        let names: BTreeSet<&String> = columns.iter().flat_map(BTreeMap::keys).collect();
        let cells = |name: &String| columns.iter().map(|it| it.get(name).cloned()).collect();
        names.into_iter().map(|name| Self { name: name.clone(), cells: cells(name) }).collect()
    }
}

/// Hyperparameters, without those by which SageMaker's toolkit is told what to do.
pub fn parameter_rows<'a>(runs: impl IntoIterator<Item = &'a Run>) -> Vec<CompareRow> {
    let own = |run: &Run| {
        let all = run.hyperparameters.iter().filter(|(name, _)| !name.starts_with("sagemaker_"));
        all.map(|(name, value)| (name.clone(), value.clone())).collect::<BTreeMap<_, _>>()
    };
    let columns: Vec<_> = runs.into_iter().map(own).collect();
    CompareRow::rows(&columns)
}

/// The other members of the requests by their paths, and the script. What every run has of its own by necessity (its
/// name, Trainyard's tags, the place made for its checkpoints) is left out.
pub fn member_rows<'a>(runs: impl IntoIterator<Item = &'a Run>) -> Vec<CompareRow> {
    let columns: Vec<_> = runs.into_iter().map(members).collect();
    CompareRow::rows(&columns)
}

const ENVIRONMENT: &str = "Environment";

fn members(run: &Run) -> BTreeMap<String, String> {
    // A request with members that this version does not know has no form; its parameters are compared all the same.
    let Ok(draft) = JobDraft::of_run(run) else { return BTreeMap::new() };
    let of_pairs = |path: &str| path.starts_with("HyperParameters") || path.starts_with(ENVIRONMENT);
    let mut members: BTreeMap<String, String> = draft
        .fields
        .iter()
        .filter(|(path, text)| !of_pairs(path) && !text.is_empty())
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .collect();
    for (name, value) in draft.fields.pairs(ENVIRONMENT) {
        members.insert(format!("{ENVIRONMENT}.{name}"), value);
    }
    if let Some(script) = run.entry_point() {
        members.insert("Entry point".to_owned(), script.to_owned());
    }
    if let Some(sha256) = &run.source_sha256 {
        members.insert("Source (SHA-256)".to_owned(), sha256.get(..12).unwrap_or(sha256).to_owned());
    }
    members
}
