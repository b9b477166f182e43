//! `cargo x measure`: the figures that the README states, measured on this machine with the release binary.

use crate::{
    commands::{build, e2e::Browser},
    places::Places,
    say,
};

pub(crate) fn run(places: &Places) -> anyhow::Result<()> {
    let browser = Browser::prepare(places)?;
    let binary = build::run_with_tests(places)?;
    say::step("Measuring: cold start, idle memory, first load of a run's page, the list of 100,000 runs");
    let args = ["--config", "measure.config.ts"].map(str::to_owned);
    browser.playwright(places, &binary, &args)
}
