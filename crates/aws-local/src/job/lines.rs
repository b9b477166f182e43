//! Reads a growing file of JSON lines by line number, without reading what lies before.
//!
//! Invariant: only whole lines (ended by a newline) exist for a reader. The index keeps the offset of every 256th line,
//! 8 bytes each, and grows by scanning only what was appended since the last look.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

const LINES_PER_MARK: u64 = 256;

/// The index of one file.
#[derive(Debug)]
pub(super) struct LineIndex {
    path: PathBuf,
    /// Offset of line `i * LINES_PER_MARK`.
    marks: Vec<u64>,
    lines: u64,
    /// Bytes of whole lines seen.
    scanned: u64,
    last_line_at: u64,
}

impl LineIndex {
    pub(super) fn new(path: &Path) -> LineIndex {
        LineIndex { path: path.to_owned(), marks: vec![0], lines: 0, scanned: 0, last_line_at: 0 }
    }

    pub(super) fn lines(&self) -> u64 {
        self.lines
    }

    /// Takes note of what was appended. A file that does not exist yet has no lines.
    pub(super) fn refresh(&mut self) -> io::Result<()> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        if file.metadata()?.len() <= self.scanned {
            return Ok(());
        }
        file.seek(SeekFrom::Start(self.scanned))?;
        let mut offset = self.scanned;
        let mut chunk = vec![0; 256 * 1024];
        loop {
            let count = file.read(&mut chunk)?;
            if count == 0 {
                return Ok(());
            }
            for (position, byte) in chunk[..count].iter().enumerate() {
                if *byte == b'\n' {
                    self.last_line_at = self.scanned;
                    self.scanned = offset + position as u64 + 1;
                    self.lines += 1;
                    if self.lines.is_multiple_of(LINES_PER_MARK) {
                        self.marks.push(self.scanned);
                    }
                }
            }
            offset += count as u64;
        }
    }

    /// Gives lines from number `from` on (without their newlines) to `visit`, until it returns false.
    pub(super) fn read(&self, from: u64, mut visit: impl FnMut(u64, &[u8]) -> bool) -> io::Result<()> {
        if from >= self.lines {
            return Ok(());
        }
        let mark = usize::try_from(from / LINES_PER_MARK).unwrap_or(usize::MAX);
        let Some(offset) = self.marks.get(mark) else { return Ok(()) };
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(*offset))?;
        let mut reader = BufReader::with_capacity(64 * 1024, file);
        let mut line = Vec::new();
        for number in (from / LINES_PER_MARK) * LINES_PER_MARK..self.lines {
            line.clear();
            if reader.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            if number >= from && !visit(number, line.strip_suffix(b"\n").unwrap_or(&line)) {
                break;
            }
        }
        Ok(())
    }

    /// The last whole line.
    pub(super) fn last(&self) -> io::Result<Option<Vec<u8>>> {
        if self.lines == 0 {
            return Ok(None);
        }
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.last_line_at))?;
        let length = usize::try_from(self.scanned - self.last_line_at).unwrap_or(0);
        let mut line = vec![0; length];
        file.read_exact(&mut line)?;
        line.pop();
        Ok(Some(line))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::LineIndex;

    #[test]
    fn finds_any_line_while_the_file_grows() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.jsonl");
        let mut index = LineIndex::new(&path);
        index.refresh().expect("a missing file is empty");
        assert_eq!(index.lines(), 0);
        let mut file = std::fs::File::create(&path).expect("created");
        for number in 0..1000 {
            writeln!(file, "line {number}").expect("written");
        }
        write!(file, "torn").expect("written");
        index.refresh().expect("refreshed");
        assert_eq!(index.lines(), 1000);
        for wanted in [0, 1, 255, 256, 257, 999] {
            let mut seen = None;
            index
                .read(wanted, |number, line| {
                    seen = Some((number, String::from_utf8_lossy(line).into_owned()));
                    false
                })
                .expect("read");
            assert_eq!(seen, Some((wanted, format!("line {wanted}"))));
        }
        writeln!(file, " end").expect("written");
        index.refresh().expect("refreshed");
        assert_eq!(index.lines(), 1001);
        assert_eq!(index.last().expect("read"), Some(b"torn end".to_vec()));
    }
}
