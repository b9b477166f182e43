//! `cargo x bench`: the endpoint's and the tracking server's speed, each as ratios to a peer in the same run, and a few
//! figures of the endpoint's own.
//!
//! Nothing here is a limit: machines differ. It fails only when something did not work.

use std::path::PathBuf;

use crate::{
    commands::build,
    needs::python::{MLFLOW_SERVER, MOTO},
    places::Places,
    say, shell,
};

/// `TRAINYARD_BIN` names a binary to measure instead of the one that is built here.
pub(crate) fn run(places: &Places) -> anyhow::Result<()> {
    let (python, tracking_python) = (MOTO.prepare(places)?, MLFLOW_SERVER.prepare(places)?);
    let binary = match std::env::var_os("TRAINYARD_BIN") {
        Some(binary) => PathBuf::from(binary),
        None => build::run_with_tests(places)?,
    };
    say::step("Measuring the endpoint beside moto's server, through boto3");
    let mut driver = shell::command(python);
    driver.current_dir(places.end2end().join("python")).env("TRAINYARD_BIN", &binary);
    driver.args(["-B", "-m", "bench", "--json"]).arg(places.target.join("bench.json"));
    shell::run(&mut driver)?;
    say::step("Measuring the tracking server beside MLflow's own, over HTTP");
    let mut driver = shell::command(tracking_python);
    driver.current_dir(places.end2end().join("python/tracking")).env("TRAINYARD_BIN", binary);
    driver.args(["-B", "-m", "bench", "--json"]).arg(places.target.join("bench-tracking.json"));
    shell::run(&mut driver)
}
