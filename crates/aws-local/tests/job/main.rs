//! Jobs that really run: python3 scripts under the supervisor and the sandbox of `aws_local::job`.
//!
//! The test program is its own `trainyard`: started with a hidden subcommand it is the supervisor or the sandbox.

mod bench;
mod contract;
mod hostile;
mod hosts;
mod images;
mod inputs;
mod life;
mod limits;
mod output;
mod queue;
mod recovery;
mod retry;
mod samples;
mod spot;
mod stop;
mod warm_pool;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    match args.split_first() {
        Some((verb, rest)) if verb == "local-sandbox" => return aws_local::job::sandbox(rest),
        Some((verb, [dir])) if verb == "local-supervise" => return aws_local::job::supervise(Path::new(dir)),
        _ => {}
    }
    let mut trials: Vec<Trial> = Vec::new();
    for list in [
        life::TESTS,
        stop::TESTS,
        spot::TESTS,
        recovery::TESTS,
        output::TESTS,
        hostile::TESTS,
        hosts::TESTS,
        inputs::TESTS,
        contract::TESTS,
        samples::TESTS,
        queue::TESTS,
        limits::TESTS,
        warm_pool::TESTS,
        retry::TESTS,
        images::TESTS,
    ] {
        for (name, test) in list {
            let test = *test;
            trials.push(Trial::test(*name, move || {
                test();
                Ok(())
            }));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
