//! `trainyard logs RUN`: what a run printed, and with `-f` what it prints until it ends.

use std::time::Duration;

use clap::Args;

use super::{Api, ClientError, Ended, ServerArgs, note, say, shown};
use crate::http::api::model::{LogPageBody, RunBody};

#[derive(Debug, Args)]
pub struct LogsArgs {
    /// A run's id, its job name, or the beginning of either
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Go on until the run ends; the exit code is 0 if it completed, and 1 otherwise
    #[arg(short, long)]
    pub follow: bool,
    #[command(flatten)]
    pub server: ServerArgs,
}

/// How long the server may wait for a line.
const WAIT_SECONDS: u32 = 15;
/// The log comes a moment later than the status: an empty page is believed the second time.
const EMPTY_PAGES: u32 = 2;
const PAUSE: Duration = Duration::from_secs(1);
/// A server that is restarted is back in less.
const MAX_FAILURES: u32 = 30;

pub(crate) async fn logs(args: LogsArgs) -> Result<Ended, ClientError> {
    let api = Api::new(&args.server.server)?;
    let run = api.run_get(&args.run).await?;
    if args.follow {
        return follow(&api, &run.id).await;
    }
    let mut cursor = None;
    loop {
        let page = api.log_page(&run.id, cursor.as_deref(), 0).await?;
        print(&page, run.instance_count)?;
        if !page.has_more {
            return Ok(Ended::Well);
        }
        cursor = Some(page.next_cursor);
    }
}

/// Prints the log from its beginning until the run is over; says on standard error what becomes of the run.
pub(super) async fn follow(api: &Api, id: &str) -> Result<Ended, ClientError> {
    let mut run = api.run_get(id).await?;
    note(&state(&run));
    let (mut cursor, mut empty_pages, mut failures) = (None, 0, 0);
    while empty_pages < EMPTY_PAGES {
        let asked = api.log_page(id, cursor.as_deref(), WAIT_SECONDS).await;
        let page = match asked {
            Err(failure) if failures < MAX_FAILURES && is_passing(&failure) => {
                failures += 1;
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            other => other?,
        };
        failures = 0;
        print(&page, run.instance_count)?;
        let is_empty = page.lines.is_empty() && !page.has_more;
        cursor = Some(page.next_cursor);
        if is_empty {
            let now = api.run_get(id).await?;
            if state(&now) != state(&run) {
                note(&state(&now));
            }
            run = now;
        }
        if is_empty && page.is_over {
            empty_pages += 1;
            tokio::time::sleep(PAUSE).await;
        } else {
            empty_pages = 0;
        }
    }
    Ok(if run.badge == "completed" { Ended::Well } else { Ended::Badly })
}

/// A server that is restarted, or an engine that does not give the log just now.
fn is_passing(failure: &ClientError) -> bool {
    match failure {
        ClientError::Unreachable { .. } => true,
        ClientError::Refused(problem) => matches!(problem.status, 502 | 503),
        _ => false,
    }
}

/// The host stands before the line when there are several.
fn print(page: &LogPageBody, hosts: u32) -> Result<(), ClientError> {
    for line in &page.lines {
        let text = shown(&line.text);
        if hosts > 1 { say(&format!("{} {text}", line.host))? } else { say(&text)? }
    }
    Ok(())
}

/// The run's state, and why it is so, in one line.
fn state(run: &RunBody) -> String {
    let status = run.secondary_status.as_deref().filter(|_| !run.is_over).unwrap_or(&run.badge);
    let why = run.failure_reason.as_deref().or(run.launch_message.as_deref()).unwrap_or_default();
    let colon = if why.is_empty() { "" } else { ": " };
    shown(&format!("{}: {status}{colon}{}", run.job_name, why.replace(['\n', '\r'], " ")))
}
