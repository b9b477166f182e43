//! `cargo x fmt`: formats the Rust code.

use crate::{cargo::cargo, places::Places, say, shell};

pub(crate) fn run(places: &Places) -> anyhow::Result<()> {
    say::step("Formatting");
    shell::run(cargo(places, "fmt").arg("--all"))
}
