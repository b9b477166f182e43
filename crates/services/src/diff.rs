//! Making `domain::run_diff`: parameters, request, files of the source, data of two runs.
//!
//! Bounds: a file above [`MAX_FILE_BYTES`] or that is not text is compared by its bytes and not shown; at most
//! [`MAX_LINES`] lines of one text are shown.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use domain::{
    capsule::channel_drifts,
    ids::RunId,
    run::Run,
    run_diff::{DiffLine, FileChange, FileDiff, LineKind, RunDiff, SourceDiff},
};
use similar::{ChangeTag, TextDiff};

use crate::{
    ServiceError, Services,
    capsule::run_changes,
    source::{OwnFile, own_files},
};

/// A larger file's lines are not shown.
const MAX_FILE_BYTES: u64 = 512 * 1024;
/// Of one source, held while it is compared.
const MAX_SOURCE_BYTES: u64 = 32 * 1024 * 1024;
/// Of one text.
const MAX_LINES: usize = 2_000;
/// Of all files of a source together.
const MAX_ALL_LINES: usize = 20_000;
/// For one text; after that the diff is a coarser one.
const PATIENCE: Duration = Duration::from_millis(500);
/// Unchanged lines around a change.
const CONTEXT_LINES: usize = 3;

impl Services {
    /// What the run `now` changed against the run `then`.
    pub async fn run_diff(&self, then: &RunId, now: &RunId) -> Result<RunDiff, ServiceError> {
        let missing = ServiceError::NotFound { what: "run" };
        let (Some(then), Some(now)) = (self.run_get(then).await?, self.run_get(now).await?) else {
            return Err(missing);
        };
        let data = match (self.capsule_get(&then.id).await?, self.capsule_get(&now.id).await?) {
            (Some(then), Some(now)) => channel_drifts(&then, &now.channels),
            _ => Vec::new(),
        };
        let source = self.source_diff(&then, &now).await?;
        let request = text_diff(&format!("{:#}", then.request), &format!("{:#}", now.request));
        let changes = run_changes(&then, &now)?;
        Ok(RunDiff { changes, request, source, data, then, now })
    }

    async fn source_diff(&self, then: &Run, now: &Run) -> Result<SourceDiff, ServiceError> {
        let (Some(old), Some(new)) = (&then.source_sha256, &now.source_sha256) else { return Ok(SourceDiff::Unknown) };
        if old == new {
            return Ok(SourceDiff::Same);
        }
        let store = &self.inner.store;
        let (Some(old), Some(new)) = (store.source_get(old).await?, store.source_get(new).await?) else {
            return Ok(SourceDiff::Unknown);
        };
        let compared = self.archive_work(move || {
            let files = |bytes: &[u8]| own_files(bytes, MAX_FILE_BYTES, MAX_SOURCE_BYTES).ok();
            Some(files_diff(&files(&old.bytes)?, &files(&new.bytes)?))
        });
        let files = compared.await?.ok_or(ServiceError::Internal { what: "source diff" })?;
        Ok(SourceDiff::Files(files))
    }
}

type Files = BTreeMap<String, OwnFile>;

fn files_diff(then: &Files, now: &Files) -> Vec<FileDiff> {
    let paths: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    let mut room = MAX_ALL_LINES;
    paths
        .into_iter()
        .filter_map(|path| {
            let (old, new) = (then.get(path), now.get(path));
            let kind = match (old, new) {
                (None, _) => FileChange::Added,
                (_, None) => FileChange::Removed,
                (Some(old), Some(new)) if old.sha256 == new.sha256 => return None,
                _ => FileChange::Changed,
            };
            let lines = match (text_of(old), text_of(new)) {
                (Some(old), Some(new)) if room > 0 => text_diff(old, new),
                _ => Vec::new(),
            };
            room = room.saturating_sub(lines.len());
            Some(FileDiff { path: path.clone(), kind, lines })
        })
        .collect()
}

/// Text as people can read it; an absent file is an empty text.
fn text_of(file: Option<&OwnFile>) -> Option<&str> {
    let Some(file) = file else { return Some("") };
    let bytes = file.bytes.as_deref().filter(|it| !it.contains(&0))?;
    std::str::from_utf8(bytes).ok()
}

fn text_diff(then: &str, now: &str) -> Vec<DiffLine> {
    // Two large texts without a common line would take minutes to compare at their best.
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(then, now);
    let mut lines = Vec::new();
    let mut next_line = 0;
    for group in diff.grouped_ops(CONTEXT_LINES) {
        let start = group.first().map_or(0, |it| it.old_range().start);
        if start > next_line {
            lines.push(gap(start - next_line));
        }
        next_line = group.last().map_or(start, |it| it.old_range().end);
        for change in group.iter().flat_map(|it| diff.iter_changes(it)) {
            let kind = match change.tag() {
                ChangeTag::Equal => LineKind::Same,
                ChangeTag::Insert => LineKind::Added,
                ChangeTag::Delete => LineKind::Removed,
            };
            lines.push(DiffLine { kind, text: change.value().trim_end_matches(['\r', '\n']).to_owned() });
        }
        if lines.len() > MAX_LINES {
            lines.truncate(MAX_LINES);
            lines.push(DiffLine { kind: LineKind::Gap, text: "The rest is too long to show.".to_owned() });
            return lines;
        }
    }
    lines
}

fn gap(count: usize) -> DiffLine {
    let text = if count == 1 { "1 equal line".to_owned() } else { format!("{count} equal lines") };
    DiffLine { kind: LineKind::Gap, text }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    fn files(list: &[(&str, &[u8])]) -> Files {
        let file = |bytes: &[u8]| OwnFile { sha256: Sha256::digest(bytes).into(), bytes: Some(bytes.to_vec()) };
        list.iter().map(|(path, bytes)| ((*path).to_owned(), file(bytes))).collect()
    }

    #[test]
    fn only_files_that_differ_are_listed_and_text_line_by_line() {
        let then = files(&[("a.py", b"one\ntwo\n"), ("same", b"x"), ("gone", b"g\n"), ("data", &[0, 1])]);
        let now = files(&[("a.py", b"one\nthree\n"), ("same", b"x"), ("new", b"n\n"), ("data", &[0, 2])]);
        let found = files_diff(&then, &now);
        let kinds: Vec<(&str, FileChange)> = found.iter().map(|it| (it.path.as_str(), it.kind)).collect();
        let wanted = [
            ("a.py", FileChange::Changed),
            ("data", FileChange::Changed),
            ("gone", FileChange::Removed),
            ("new", FileChange::Added),
        ];
        assert_eq!(kinds, wanted);
        let lines: Vec<(LineKind, &str)> = found[0].lines.iter().map(|it| (it.kind, it.text.as_str())).collect();
        assert_eq!(lines, [(LineKind::Same, "one"), (LineKind::Removed, "two"), (LineKind::Added, "three")]);
        assert!(found[1].lines.is_empty(), "bytes are not shown");
    }

    #[test]
    fn equal_lines_far_from_a_change_are_a_gap() {
        let then = (0..20).map(|it| it.to_string() + "\n").collect::<String>();
        let now = then.replace("15\n", "x\n");
        let lines = text_diff(&then, &now);
        assert_eq!((lines[0].kind, lines[0].text.as_str()), (LineKind::Gap, "12 equal lines"));
        assert_eq!(lines.iter().filter(|it| it.kind != LineKind::Same).count(), 3);
    }
}
