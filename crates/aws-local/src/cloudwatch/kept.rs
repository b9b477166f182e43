//! What clients put: one append-only file of JSON lines, and the same in memory.
//!
//! Invariants: a sample is on disk before it is answered; a line that a crash cut short is ignored; the file is replaced
//! only by a whole one (written aside, synced, renamed), and stays below [`MAX_BYTES`], which bounds the memory too.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::metric::{MetricKey, Sample};
use super::retention::rolled_up;

const FILE: &str = "metrics.jsonl";
const ASIDE: &str = "metrics.jsonl.new";

/// Below this the file is left as it was written.
const COMPACT_BYTES: u64 = 64 << 20;

/// The file is never larger for longer than one request: what is oldest goes first.
const MAX_BYTES: u64 = 256 << 20;

pub(super) type SeriesMap = BTreeMap<MetricKey, Vec<Sample>>;

#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    key: MetricKey,
    #[serde(flatten)]
    sample: Sample,
}

pub(super) struct Kept {
    folder: PathBuf,
    file: File,
    series: SeriesMap,
    bytes: u64,
    compact_at: u64,
}

impl Kept {
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        // A compaction that was cut short replaced nothing.
        let _ = fs::remove_file(folder.join(ASIDE));
        let mut file = appending(folder)?;
        let mut series = SeriesMap::new();
        for line in BufReader::new(&file).split(b'\n') {
            if let Ok(Line { key, sample }) = serde_json::from_slice(&line?) {
                series.entry(key).or_default().push(sample);
            }
        }
        end_line(&mut file)?;
        let bytes = file.metadata()?.len();
        let mut kept = Self { folder: folder.to_owned(), file, series, bytes, compact_at: COMPACT_BYTES };
        kept.compact_if_due();
        Ok(kept)
    }

    pub(super) fn series(&self) -> &SeriesMap {
        &self.series
    }

    /// Stores samples; all of them are on disk before any is answered.
    pub(super) fn put(&mut self, samples: Vec<(MetricKey, Sample)>) -> io::Result<()> {
        let mut lines = Vec::new();
        for (key, sample) in &samples {
            serde_json::to_writer(&mut lines, &Line { key: key.clone(), sample: *sample })?;
            lines.push(b'\n');
        }
        if let Err(error) = self.file.write_all(&lines).and_then(|()| self.file.sync_data()) {
            // A full disk may have cut a line short; the next one must not be joined to it.
            let _ = self.file.write_all(b"\n");
            return Err(error);
        }
        self.bytes += lines.len() as u64;
        for (key, sample) in samples {
            self.series.entry(key).or_default().push(sample);
        }
        self.compact_if_due();
        Ok(())
    }

    fn compact_if_due(&mut self) {
        if self.bytes < self.compact_at {
            return;
        }
        if let Err(error) = self.compact(MAX_BYTES) {
            tracing::warn!(%error, "the metrics that clients put could not be compacted; the file is used as it is");
        }
        self.compact_at = (self.bytes + self.bytes / 2).max(COMPACT_BYTES).min(MAX_BYTES.max(self.bytes + 1));
    }

    /// Rolls old samples up as CloudWatch does, and drops the oldest of what is still too much.
    fn compact(&mut self, max_bytes: u64) -> io::Result<()> {
        let now = crate::clock::now_ms();
        let mut series: SeriesMap = self
            .series
            .iter()
            .map(|(key, samples)| (key.clone(), rolled_up(samples, now)))
            .filter(|(_, samples)| !samples.is_empty())
            .collect();
        let mut bytes = self.write_aside(&series)?;
        if bytes > max_bytes / 4 * 3 {
            let mut times: Vec<i64> = series.values().flatten().map(|sample| sample.at_ms).collect();
            times.sort_unstable();
            let surplus = 1.0 - max_bytes as f64 / 2.0 / bytes as f64;
            let oldest = times.get((times.len() as f64 * surplus) as usize).copied().unwrap_or(now);
            for samples in series.values_mut() {
                samples.retain(|sample| sample.at_ms >= oldest);
            }
            series.retain(|_, samples| !samples.is_empty());
            bytes = self.write_aside(&series)?;
        }
        fs::rename(self.folder.join(ASIDE), self.folder.join(FILE))?;
        File::open(&self.folder)?.sync_all()?;
        self.file = appending(&self.folder)?;
        self.series = series;
        self.bytes = bytes;
        Ok(())
    }

    fn write_aside(&self, series: &SeriesMap) -> io::Result<u64> {
        let mut out = BufWriter::new(File::create(self.folder.join(ASIDE))?);
        for (key, samples) in series {
            for sample in samples {
                serde_json::to_writer(&mut out, &Line { key: key.clone(), sample: *sample })?;
                out.write_all(b"\n")?;
            }
        }
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok(file.metadata()?.len())
    }
}

fn appending(folder: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).append(true).create(true).open(folder.join(FILE))
}

/// Closes a line that a crash left open, so that the next one is not lost with it.
fn end_line(file: &mut File) -> io::Result<()> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(());
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    if last != *b"\n" {
        file.write_all(b"\n")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::metric::Unit;
    use super::*;

    fn key(name: &str) -> MetricKey {
        MetricKey {
            namespace: "app".to_owned(),
            name: name.to_owned(),
            dimensions: vec![("k".to_owned(), "v".to_owned())],
        }
    }

    #[test]
    fn put_samples_survive_a_restart_and_a_torn_line() {
        let folder = tempfile::tempdir().unwrap();
        let now = crate::clock::now_ms();
        let mut kept = Kept::open(folder.path()).unwrap();
        kept.put(vec![(key("a"), Sample::one(now, 0.1, Unit::PERCENT))]).unwrap();
        drop(kept);
        let file = folder.path().join(FILE);
        let mut torn = fs::read(&file).unwrap();
        torn.extend_from_slice(b"{\"namespace\":\"app\",\"na\xff");
        fs::write(&file, torn).unwrap();

        let mut kept = Kept::open(folder.path()).unwrap();
        kept.put(vec![(key("a"), Sample::one(now + 1, 0.2, Unit::PERCENT))]).unwrap();
        drop(kept);
        let kept = Kept::open(folder.path()).unwrap();
        assert_eq!(
            kept.series()[&key("a")],
            [Sample::one(now, 0.1, Unit::PERCENT), Sample::one(now + 1, 0.2, Unit::PERCENT)]
        );
    }

    #[test]
    fn compaction_keeps_to_its_bound_and_drops_what_is_oldest() {
        let folder = tempfile::tempdir().unwrap();
        let now = crate::clock::now_ms();
        let mut kept = Kept::open(folder.path()).unwrap();
        let samples = (0..1000).map(|n| (key("a"), Sample::one(now - n, n as f64, Unit::NONE))).collect();
        kept.put(samples).unwrap();
        let before = kept.bytes;
        kept.compact(before / 2).unwrap();
        assert!(kept.bytes <= before / 2, "{} of {before}", kept.bytes);
        kept.put(vec![(key("b"), Sample::one(now, 1.0, Unit::NONE))]).unwrap();
        drop(kept);
        let kept = Kept::open(folder.path()).unwrap();
        let left = &kept.series()[&key("a")];
        assert!((200..=300).contains(&left.len()), "{}", left.len());
        assert!(left.contains(&Sample::one(now, 0.0, Unit::NONE)) && kept.series().contains_key(&key("b")));
    }
}
