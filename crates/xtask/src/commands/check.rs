//! `cargo x check`: all that needs no running program. Every step runs, so that one call names everything wrong.

use anyhow::bail;

use crate::{
    cargo::{self, Mode},
    needs,
    places::Places,
    say, shell,
};

/// What a step is called and what it does.
type Step = (&'static str, fn(&Places) -> anyhow::Result<()>);

const STEPS: [Step; 5] = [
    ("format", format),
    ("clippy, native", clippy_native),
    ("clippy, browser", clippy_browser),
    ("dependencies", dependencies),
    ("tidy", tidy),
];

pub(crate) fn run(places: &Places) -> anyhow::Result<()> {
    let mut failed = Vec::new();
    for (name, step) in STEPS {
        if let Err(err) = step(places) {
            say::note(&format!("{name}: {err:#}"));
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        bail!("check failed: {}", failed.join("; "));
    }
    say::step("check: everything is in order");
    Ok(())
}

fn format(places: &Places) -> anyhow::Result<()> {
    say::step("Format");
    shell::run(cargo::cargo(places, "fmt").args(["--all", "--check"]))
}

/// In the release profile, whose build scripts and macros the tests use too.
fn clippy_native(places: &Places) -> anyhow::Result<()> {
    say::step("Clippy for the server's side");
    shell::run(cargo::native(places, "clippy", Mode::Release).args(["--all-targets", "--", "-D", "warnings"]))
}

/// With a list of its own: what compiles for the browser but panics there.
fn clippy_browser(places: &Places) -> anyhow::Result<()> {
    needs::wasm_target(places)?;
    say::step("Clippy for the browser's side");
    let mut command = cargo::client(places, "clippy", Mode::Release);
    command.env("CLIPPY_CONF_DIR", places.root.join("crates/xtask/clippy-wasm"));
    command.args(cargo::CLIENT).args(["--features", "app/hydrate", "--lib", "--", "-D", "warnings"]);
    shell::run(&mut command)
}

/// Bans, licences and sources always; known vulnerabilities where their database can be had.
fn dependencies(places: &Places) -> anyhow::Result<()> {
    let tool = needs::cargo_deny(places)?;
    say::step("Dependency rules: who may use what, licences, sources");
    let deny = || {
        let mut command = shell::command(&tool);
        command.current_dir(&places.root).args(["--log-level", "warn", "check", "--hide-inclusion-graph"]);
        command
    };
    shell::run(deny().args(["bans", "licenses", "sources"]))?;
    say::step("Known vulnerabilities of the dependencies");
    let output = shell::output(deny().arg("advisories"))?;
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() {
        say::note(text.trim());
    } else if is_database_missing(&text) {
        say::note(
            "NOT CHECKED: the RustSec advisory database could not be fetched (it is a git repository on github.com).\n\
             Run `cargo x check` once where that can be reached.",
        );
    } else {
        bail!("{}", text.trim());
    }
    Ok(())
}

/// Tells "the database could not be fetched" from "an advisory was found".
fn is_database_missing(text: &str) -> bool {
    let is_found =
        text.contains("error[vulnerability]") || text.contains("error[unmaintained]") || text.contains("error[yanked]");
    !is_found && text.contains("advisory database")
}

fn tidy(places: &Places) -> anyhow::Result<()> {
    say::step("Tidy: the rules that no compiler knows");
    shell::run(cargo::cargo(places, "test").args(["-p", "xtask", "--test", "tidy"]))
}

#[cfg(test)]
mod tests {
    use super::is_database_missing;

    #[test]
    fn a_found_advisory_is_never_taken_for_a_missing_database() {
        assert!(is_database_missing(
            "[ERROR] failed to fetch advisory database https://github.com/RustSec/advisory-db"
        ));
        assert!(!is_database_missing("error[vulnerability]: a hole\n   advisory database of today"));
        assert!(!is_database_missing("error: cannot read deny.toml"));
    }
}
