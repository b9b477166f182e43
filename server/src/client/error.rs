//! What can go wrong between the command line and a server: one line, then one for each wrong field.

use std::{io, path::PathBuf};

use domain::share::ReadError;

use crate::http::error::ProblemBody;

#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error("`{server}` is no address of a server: {reason}; give one like http://127.0.0.1:3000 with --server")]
    Address { server: String, reason: String },
    #[error(
        "no Trainyard server answers at {server} ({reason}): start one with `trainyard serve`, or name yours with --server"
    )]
    Unreachable { server: String, reason: String },
    /// The launch may have arrived: the same key makes it safe to try again.
    #[error(
        "the answer of {server} was lost ({reason}): send this again with --idempotency-key {key}, which launches it once at most"
    )]
    LaunchUnknown { server: String, reason: String, key: String },
    #[error("what answers at {server} is no Trainyard server that this program knows: {reason}")]
    NotTrainyard { server: String, reason: String },
    #[error("{}", refusal(.0))]
    Refused(ProblemBody),
    #[error("{} cannot be read: {source}", .path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{what}, {source}")]
    NoJob { what: String, source: ReadError },
    #[error("{0}")]
    Usage(String),
    #[error("the output cannot be written: {0}")]
    Output(io::Error),
}

fn refusal(problem: &ProblemBody) -> String {
    if problem.errors.is_empty() {
        return problem.detail.clone();
    }
    let lines = problem.errors.iter().map(|it| format!("\n  {}: {}", it.field, it.message));
    format!("the server refuses this, and nothing was done:{}", lines.collect::<String>())
}
