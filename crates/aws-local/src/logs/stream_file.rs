//! One stream that clients write: a file of JSON lines, the first of which says whose it is.
//!
//! Invariants: only whole lines count, and what a crash left of a torn one is cut off before the next is written; events
//! are on disk before they are answered. The order of events is by time, whatever the order they came in, so the index
//! (16 bytes an event) is made when a stream is first looked into.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The longest first line.
const MAX_HEAD: u64 = 16 << 10;

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    stream: String,
    created_at_ms: i64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    #[serde(rename = "t")]
    at_ms: i64,
    #[serde(rename = "i")]
    ingested_at_ms: i64,
    #[serde(rename = "m")]
    message: String,
}

/// An event and its place in the order of its stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    pub index: u64,
    pub at_ms: i64,
    pub ingested_at_ms: i64,
    pub message: String,
}

#[derive(Debug)]
pub(super) struct StreamFile {
    path: PathBuf,
    pub name: String,
    pub created_at_ms: i64,
    index: Option<Index>,
}

#[derive(Debug, Default)]
struct Index {
    /// Time and offset of each event, in order of time.
    events: Vec<(i64, u64)>,
    /// Where the whole lines end.
    end: u64,
    last_ingestion_ms: Option<i64>,
}

/// What a stream is described by.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Extent {
    pub first_event_ms: Option<i64>,
    pub last_event_ms: Option<i64>,
    pub last_ingestion_ms: Option<i64>,
    pub event_count: u64,
    pub bytes: u64,
}

impl StreamFile {
    /// Makes the file, whole or not at all.
    pub(super) fn create(path: &Path, name: &str, created_at_ms: i64) -> io::Result<Self> {
        let mut head = serde_json::to_vec(&Head { stream: name.to_owned(), created_at_ms })?;
        head.push(b'\n');
        super::store::write_whole(path, &head)?;
        Ok(Self { path: path.to_owned(), name: name.to_owned(), created_at_ms, index: None })
    }

    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut head = Vec::new();
        let mut reader = BufReader::new(io::Read::take(File::open(path)?, MAX_HEAD));
        reader.read_until(b'\n', &mut head)?;
        let Head { stream, created_at_ms } = serde_json::from_slice(&head)?;
        Ok(Self { path: path.to_owned(), name: stream, created_at_ms, index: None })
    }

    /// Appends events; a batch may come out of order with what is there, not within itself.
    pub(super) fn append(&mut self, events: &[(i64, &str)], now_ms: i64) -> io::Result<()> {
        let path = self.path.clone();
        let index = self.index()?;
        let (mut lines, mut places) = (Vec::new(), Vec::new());
        for (at_ms, message) in events {
            places.push((*at_ms, index.end + lines.len() as u64));
            serde_json::to_writer(
                &mut lines,
                &Line { at_ms: *at_ms, ingested_at_ms: now_ms, message: (*message).to_owned() },
            )?;
            lines.push(b'\n');
        }
        let file = OpenOptions::new().write(true).open(path)?;
        if file.metadata()?.len() > index.end {
            file.set_len(index.end)?;
        }
        file.write_all_at(&lines, index.end)?;
        file.sync_data()?;
        index.end += lines.len() as u64;
        index.last_ingestion_ms = Some(now_ms);
        let is_late = matches!((index.events.last(), places.first()), (Some(last), Some(first)) if first.0 < last.0);
        index.events.extend(places);
        if is_late {
            index.events.sort_by_key(|(at_ms, _)| *at_ms);
        }
        Ok(())
    }

    /// Events from number `from` on, until `max_events` or `max_bytes` of text are reached; at least one.
    pub(super) fn read(&mut self, from: u64, max_events: usize, max_bytes: usize) -> io::Result<Vec<Event>> {
        let path = self.path.clone();
        let index = self.index()?;
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let (mut events, mut bytes) = (Vec::new(), 0);
        let file = File::open(path)?;
        let mut reader = BufReader::with_capacity(64 << 10, file);
        let mut place = None;
        for (number, (_, offset)) in index.events.iter().enumerate().skip(from).take(max_events) {
            if place != Some(*offset) {
                io::Seek::seek(&mut reader, io::SeekFrom::Start(*offset))?;
            }
            let mut line = Vec::new();
            reader.read_until(b'\n', &mut line)?;
            place = Some(offset + line.len() as u64);
            let Line { at_ms, ingested_at_ms, message } = serde_json::from_slice(&line)?;
            bytes += message.len();
            if bytes > max_bytes && !events.is_empty() {
                break;
            }
            events.push(Event { index: number as u64, at_ms, ingested_at_ms, message });
        }
        Ok(events)
    }

    /// How many events are earlier than that.
    pub(super) fn earlier_than(&mut self, at_ms: i64) -> io::Result<u64> {
        Ok(self.index()?.events.partition_point(|event| event.0 < at_ms) as u64)
    }

    pub(super) fn extent(&mut self) -> io::Result<Extent> {
        let index = self.index()?;
        Ok(Extent {
            first_event_ms: index.events.first().map(|event| event.0),
            last_event_ms: index.events.last().map(|event| event.0),
            last_ingestion_ms: index.last_ingestion_ms,
            event_count: index.events.len() as u64,
            bytes: index.end,
        })
    }

    fn index(&mut self) -> io::Result<&mut Index> {
        let made = match self.index.take() {
            Some(made) => made,
            None => Index::of(&self.path)?,
        };
        Ok(self.index.insert(made))
    }

    pub(super) fn remove(&self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }
}

impl Index {
    fn of(path: &Path) -> io::Result<Self> {
        let mut reader = BufReader::with_capacity(64 << 10, File::open(path)?);
        let mut index = Self::default();
        let mut line = Vec::new();
        loop {
            line.clear();
            let length = reader.read_until(b'\n', &mut line)? as u64;
            if line.last() != Some(&b'\n') {
                break;
            }
            // The first line is the head: no event.
            if let Ok(event) = serde_json::from_slice::<Line>(&line) {
                index.events.push((event.at_ms, index.end));
                index.last_ingestion_ms = Some(event.ingested_at_ms);
            }
            index.end += length;
        }
        index.events.sort_by_key(|(at_ms, _)| *at_ms);
        Ok(index)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn events_are_in_order_of_time_and_survive_a_torn_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.jsonl");
        let mut stream = StreamFile::create(&path, "a/b", 1).unwrap();
        stream.append(&[(10, "one"), (30, "three")], 100).unwrap();
        stream.append(&[(20, "two")], 101).unwrap();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"t\":40,\"i\":1,\"m\":\"to").unwrap();

        let mut stream = StreamFile::open(&path).unwrap();
        assert_eq!((stream.name.as_str(), stream.created_at_ms), ("a/b", 1));
        stream.append(&[(30, "four")], 102).unwrap();
        let mut stream = StreamFile::open(&path).unwrap();
        let messages: Vec<_> = stream.read(0, 10, 1000).unwrap().into_iter().map(|event| event.message).collect();
        assert_eq!(messages, ["one", "two", "three", "four"]);
        assert_eq!(stream.read(1, 2, 1).unwrap().len(), 1);
        assert_eq!(stream.earlier_than(30).unwrap(), 2);
        let extent = stream.extent().unwrap();
        assert_eq!((extent.first_event_ms, extent.last_event_ms, extent.event_count), (Some(10), Some(30), 4));
        assert_eq!(extent.last_ingestion_ms, Some(102));
    }
}
