//! Skipping what is already done: a step's inputs are hashed, and the hash is kept when the step has succeeded.
//!
//! A stamp is written after the outputs, so an interrupted step runs again.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use sha2::{Digest, Sha256};

/// The hash of a step's inputs, built up piece by piece; each piece is framed by its length.
pub(crate) struct Inputs(Sha256);

impl Inputs {
    /// `recipe` names the step and its version: a change of the step's code must change it.
    pub(crate) fn new(recipe: &str) -> Self {
        Self(Sha256::new()).bytes(recipe.as_bytes())
    }

    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    pub(crate) fn file(self, path: &Path) -> anyhow::Result<Self> {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(self.bytes(&bytes))
    }

    pub(crate) fn finish(self) -> String {
        hex::encode(self.0.finalize())
    }
}

/// Whether the step with these inputs has been done and its outputs are still there.
pub(crate) fn is_done(stamp: &Path, inputs: &str, outputs: &[&Path]) -> bool {
    fs::read_to_string(stamp).is_ok_and(|it| it == inputs) && outputs.iter().all(|it| it.exists())
}

pub(crate) fn mark_done(stamp: &Path, inputs: &str) -> anyhow::Result<()> {
    fs::write(stamp, inputs).with_context(|| format!("cannot write {}", stamp.display()))
}

/// The files below a folder, relative to it, sorted. Nothing when there is no such folder.
pub(crate) fn files_below(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(relative) = open.pop() {
        let here = folder.join(&relative);
        if !here.exists() {
            continue;
        }
        for entry in fs::read_dir(&here).with_context(|| format!("cannot list {}", here.display()))? {
            let entry = entry?;
            let path = relative.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                open.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_framed() {
        let hash = |parts: &[&str]| parts.iter().fold(Inputs::new("r"), |it, part| it.bytes(part.as_bytes())).finish();
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
        assert_eq!(hash(&["ab", "c"]), hash(&["ab", "c"]));
    }

    #[test]
    fn a_step_is_done_only_with_the_same_inputs_and_its_outputs_in_place() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let (stamp, output) = (folder.path().join("stamp"), folder.path().join("output"));
        assert!(!is_done(&stamp, "1", &[&output]));
        fs::write(&output, "made")?;
        mark_done(&stamp, "1")?;
        assert!(is_done(&stamp, "1", &[&output]));
        assert!(!is_done(&stamp, "2", &[&output]));
        fs::remove_file(&output)?;
        assert!(!is_done(&stamp, "1", &[&output]));
        Ok(())
    }
}
