//! `cargo x bench`: the endpoint's speed as ratios to a peer in the same run, and a few figures of its own.
//!
//! Nothing here is a limit: machines differ. It fails only when something did not work.

use std::path::PathBuf;

use crate::{commands::build, needs::python::MOTO, places::Places, say, shell};

/// `TRAINYARD_BIN` names a binary to measure instead of the one that is built here.
pub(crate) fn run(places: &Places) -> anyhow::Result<()> {
    let python = MOTO.prepare(places)?;
    let binary = match std::env::var_os("TRAINYARD_BIN") {
        Some(binary) => PathBuf::from(binary),
        None => build::run_with_tests(places)?,
    };
    say::step("Measuring the endpoint beside moto's server, through boto3");
    let mut driver = shell::command(python);
    driver.current_dir(places.end2end().join("python")).env("TRAINYARD_BIN", binary);
    driver.args(["-B", "-m", "bench", "--json"]).arg(places.target.join("bench.json"));
    shell::run(&mut driver)
}
