//! Lists keys in the order of their bytes, without visiting folders that cannot hold an answer.

use std::fs;
use std::io;
use std::iter::Peekable;
use std::ops::ControlFlow;
use std::path::Path;
use std::vec::IntoIter;

use super::{Store, attributes};

#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    pub(crate) prefix: String,
    /// Only keys and prefixes that come after this one.
    pub(crate) after: String,
    /// What follows it in a key is rolled up; empty rolls up nothing.
    pub(crate) delimiter: String,
    pub(crate) limit: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Listed {
    Key(String),
    /// Keys that begin so, rolled up.
    Prefix(String),
}

impl Listed {
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Key(text) | Self::Prefix(text) => text,
        }
    }
}

type Flow = ControlFlow<io::Result<()>>;

impl Store {
    /// Keys and rolled-up prefixes, and whether more would follow.
    pub(crate) fn list(&self, bucket: &str, query: &Query) -> io::Result<(Vec<Listed>, bool)> {
        let mut aside = self.aside_keys(bucket)?;
        aside.sort();
        let mut walk = Walk { query, found: Vec::new(), more: false, aside: aside.into_iter().peekable() };
        let flow = walk.folder(&self.root.join(bucket), "");
        let flow = if flow.is_continue() { walk.rest() } else { flow };
        if let ControlFlow::Break(Err(error)) = flow {
            return Err(error);
        }
        Ok((walk.found, walk.more))
    }

    fn aside_keys(&self, bucket: &str) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(self.root.join(".aside").join(bucket)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let folder = self.root.join(".attributes").join(bucket);
        let key = |entry: fs::DirEntry| {
            let found = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            attributes::key_of(&folder, entry.file_name().to_str()?, &found)
        };
        Ok(entries.flatten().filter_map(key).collect())
    }
}

struct Walk<'a> {
    query: &'a Query,
    found: Vec<Listed>,
    more: bool,
    aside: Peekable<IntoIter<String>>,
}

impl Walk<'_> {
    /// `begin` is the key of the folder, with its slash.
    fn folder(&mut self, path: &Path, begin: &str) -> Flow {
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            // A delete may take a folder away meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Flow::Continue(()),
            Err(error) => return Flow::Break(Err(error)),
        };
        let mut names: Vec<String> = entries
            .flatten()
            .filter_map(|entry| {
                let kind = entry.file_type().ok()?;
                let name = entry.file_name().into_string().ok()?;
                // With its slash a folder sorts where its keys do.
                if kind.is_dir() { Some(name + "/") } else { kind.is_file().then_some(name) }
            })
            .collect();
        names.sort();
        for name in names {
            let key = format!("{begin}{name}");
            if let Some(folder) = name.strip_suffix('/') {
                self.below(&path.join(folder), &key)?;
            } else {
                self.before(&key)?;
                self.offer(&key)?;
            }
        }
        Flow::Continue(())
    }

    fn below(&mut self, path: &Path, begin: &str) -> Flow {
        let Query { prefix, after, delimiter, .. } = self.query;
        let asked = begin.starts_with(prefix.as_str()) || prefix.starts_with(begin);
        let past = after.as_str() > begin && !after.starts_with(begin);
        if !asked || past {
            return Flow::Continue(());
        }
        if delimiter == "/" && begin.len() > prefix.len() && !(after.starts_with(begin) && after != begin) {
            if begin == after || !holds_file(path) {
                return Flow::Continue(());
            }
            self.before(begin)?;
            return self.roll_up(begin);
        }
        self.folder(path, begin)
    }

    /// Keys aside that come before this one.
    fn before(&mut self, key: &str) -> Flow {
        while let Some(aside) = self.aside.next_if(|aside| aside.as_str() < key) {
            self.offer(&aside)?;
        }
        Flow::Continue(())
    }

    fn rest(&mut self) -> Flow {
        while let Some(aside) = self.aside.next() {
            self.offer(&aside)?;
        }
        Flow::Continue(())
    }

    fn offer(&mut self, key: &str) -> Flow {
        let Query { prefix, after, delimiter, .. } = self.query;
        if !key.starts_with(prefix.as_str()) || key <= after.as_str() && !after.is_empty() {
            return Flow::Continue(());
        }
        if !delimiter.is_empty()
            && let Some(place) = key[prefix.len()..].find(delimiter.as_str())
        {
            return self.roll_up(&key[..prefix.len() + place + delimiter.len()]);
        }
        self.add(Listed::Key(key.to_owned()))
    }

    fn roll_up(&mut self, begin: &str) -> Flow {
        // The page before ended with it, or this one has it already.
        if begin == self.query.after || matches!(self.found.last(), Some(Listed::Prefix(last)) if last == begin) {
            return Flow::Continue(());
        }
        self.add(Listed::Prefix(begin.to_owned()))
    }

    fn add(&mut self, listed: Listed) -> Flow {
        if self.found.len() >= self.query.limit {
            self.more = true;
            return Flow::Break(Ok(()));
        }
        self.found.push(listed);
        Flow::Continue(())
    }
}

fn holds_file(path: &Path) -> bool {
    fs::read_dir(path).is_ok_and(|entries| {
        entries.flatten().any(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => holds_file(&entry.path()),
            Ok(kind) => kind.is_file(),
            Err(_) => false,
        })
    })
}
