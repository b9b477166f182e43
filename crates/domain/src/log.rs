//! Log lines as a page shows them. Text is hostile: it is only ever shown as text.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// One log event of one stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// `algo-1`, from the stream's name `<job>/algo-<n>-<epoch>`.
    pub host: String,
    pub at: Timestamp,
    /// At most `LogLine::MAX_CHARS` characters; `truncated_chars` says how many are missing.
    pub text: String,
    pub truncated_chars: u64,
}

impl LogLine {
    /// A page shows this much of one line.
    pub const MAX_CHARS: usize = 4_096;
}

/// The end of a run's log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogTail {
    pub lines: Vec<LogLine>,
    /// The log began before these lines.
    pub has_earlier: bool,
}
