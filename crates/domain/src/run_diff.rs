//! What two runs differ in.

use serde::{Deserialize, Serialize};

use crate::{capsule::DriftItem, draft_changes::Change, run::Run};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunDiff {
    pub then: Run,
    pub now: Run,
    /// Members of the requests that differ; names, tags of Trainyard and places made from names are left out.
    pub changes: Vec<Change>,
    /// The whole requests, line by line.
    pub request: Vec<DiffLine>,
    pub source: SourceDiff,
    /// Of the channels that both have recorded.
    pub data: Vec<DriftItem>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SourceDiff {
    /// The same bytes.
    Same,
    /// Trainyard does not hold both archives.
    Unknown,
    /// Only files that differ.
    Files(Vec<FileDiff>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDiff {
    pub path: String,
    pub kind: FileChange,
    /// Empty for what is not text or too large.
    pub lines: Vec<DiffLine>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileChange {
    Added,
    Removed,
    Changed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffLine {
    pub kind: LineKind,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LineKind {
    Same,
    Added,
    Removed,
    /// Lines were left out here; the text says how many or why.
    Gap,
}
