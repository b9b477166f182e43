//! `cargo x`: every task of this repository, from a fresh clone to measured figures.
//!
//! What holds for all commands:
//! - Each step says what it does and shows the command that it runs, so that anyone can repeat it by hand.
//! - What is missing is installed where a package manager can do it, and named with its cure where it cannot.
//! - Nothing is done twice: a step whose inputs did not change is skipped (`stamp`).
//! - There is one selection of packages for every native build (`cargo::NATIVE`), because a different selection unifies
//!   features differently and compiles the AWS SDKs again, which takes minutes. For the same reason checks and tests
//!   use one resolution, that of `cargo test` with its extra features, and its binary is the one that is tested.
//!
//! To add a command: a file in `commands/` with `pub(crate) fn run`, a variant here, a line in the README's table.

mod cargo;
mod commands;
mod needs;
mod places;
mod say;
mod shell;
mod site;
mod stamp;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{cargo::Mode, places::Places};

/// The tasks of this repository.
#[derive(Parser)]
#[command(name = "cargo x", bin_name = "cargo x", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Builds the browser client, the site and the release binary `trainyard` with the site inside it
    Build {
        /// Unoptimised and quick: a debug binary that reads the site from its folder
        #[arg(long)]
        dev: bool,
    },
    /// Builds, then serves; every argument after `--` goes to `trainyard serve`
    Run {
        /// A debug build that is rebuilt and restarted whenever a source file changes
        #[arg(long)]
        dev: bool,
        /// For `trainyard serve`, for example `-- --addr 127.0.0.1:8080`
        #[arg(last = true)]
        serve_args: Vec<String>,
    },
    /// Everything that needs no running program: format, lints for both targets, dependency rules, tidy tests
    Check,
    /// Every test of ours: Rust, then boto3, the AWS CLI, both SageMaker SDKs and the browser against the release binary
    Test {
        /// Instead the suites that AWS and moto wrote, which are fetched first: see
        /// `end2end/python/upstream/README.md`
        #[arg(long)]
        deep: bool,
        /// For the pytest of `--deep`, for example `-- -k multipart`
        #[arg(last = true, requires = "deep")]
        pytest_args: Vec<String>,
    },
    /// The browser specs alone; arguments after `--` go to `playwright test`
    E2e {
        #[arg(last = true)]
        playwright_args: Vec<String>,
    },
    /// Formats the Rust code
    Fmt,
    /// Measures what the README states: first-load bytes, idle memory, cold start
    Measure,
    /// The speed of the local endpoint as ratios to moto's server in the same run; prints a table, writes
    /// `bench.json` into the target folder
    Bench,
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            say::error(&format!("{err:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    let places = Places::find()?;
    match cli.command {
        Command::Build { dev } => commands::build::run(&places, Mode::of_dev_flag(dev)).map(drop),
        Command::Run { dev: false, serve_args } => commands::run::run(&places, &serve_args),
        Command::Run { dev: true, serve_args } => commands::watch::run(&places, &serve_args),
        Command::Check => commands::check::run(&places),
        Command::Test { deep: false, .. } => commands::test::run(&places),
        Command::Test { deep: true, pytest_args } => commands::deep::run(&places, &pytest_args),
        Command::E2e { playwright_args } => commands::e2e::run(&places, &playwright_args),
        Command::Fmt => commands::fmt::run(&places),
        Command::Measure => commands::measure::run(&places),
        Command::Bench => commands::bench::run(&places),
    }
}
