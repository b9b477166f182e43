//! The commands that talk to a running server: `launch`, `runs`, `logs` and `stop`, over its REST API and nothing else.
//!
//! What was asked for goes to standard output, everything else to standard error. What a job printed is shown without
//! what would steer a terminal.

pub mod launch;
pub mod logs;
pub mod runs;
pub mod stop;

mod api;
mod error;
mod pack;

use std::{
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
};

use clap::Args;

pub(crate) use error::ClientError;

use api::Api;

/// Which server is asked.
#[derive(Debug, Args)]
pub struct ServerArgs {
    /// The Trainyard server
    #[arg(long, value_name = "URL", env = "TRAINYARD_SERVER", default_value = "http://127.0.0.1:3000")]
    pub server: String,
}

/// How a command ended that could do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Well,
    /// A run that was followed ended otherwise than `Completed`.
    Badly,
}

/// Runs a command to its exit code: 0, or 1 with a line on standard error.
pub(crate) fn run(work: impl Future<Output = Result<Ended, ClientError>>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(failure) => return fail(&failure),
    };
    match runtime.block_on(work) {
        Ok(Ended::Well) => ExitCode::SUCCESS,
        Ok(Ended::Badly) => ExitCode::FAILURE,
        // `trainyard logs RUN | head` has what it wanted.
        Err(ClientError::Output(failure)) if failure.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => fail(&failure),
    }
}

fn fail(failure: &dyn std::error::Error) -> ExitCode {
    note(&format!("trainyard: {failure}"));
    ExitCode::FAILURE
}

/// A line of the answer.
fn say(line: &str) -> Result<(), ClientError> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(ClientError::Output)
}

/// A line beside the answer; if nobody can read it, nobody misses it.
fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Text that a job or its engine wrote: as it is into a pipe or a file, and without anything that steers a terminal.
fn shown(text: &str) -> String {
    if !io::stdout().is_terminal() {
        return text.to_owned();
    }
    domain::ansi::plain_text(text)
        .chars()
        .map(|it| if it.is_control() && it != '\t' { '\u{fffd}' } else { it })
        .collect()
}
