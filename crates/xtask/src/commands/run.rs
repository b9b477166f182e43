//! `cargo x run`: builds, then becomes the server.

use crate::{cargo::Mode, commands::build, places::Places, say, shell};

pub(crate) fn run(places: &Places, serve_args: &[String]) -> anyhow::Result<()> {
    let binary = build::run(places, Mode::Release)?;
    say::step(&format!("Starting Trainyard at http://{} (Ctrl-C ends it)", address(serve_args)));
    let mut server = shell::command(binary);
    server.arg("serve").args(serve_args);
    become_server(server)
}

/// The address that the server will listen on: its own rules, flag before environment before default.
pub(crate) fn address(serve_args: &[String]) -> String {
    let after = |flag: &str| {
        let mut args = serve_args.iter();
        args.find_map(|arg| match arg.strip_prefix(flag) {
            Some("") => Some(None),
            Some(rest) => rest.strip_prefix('=').map(|it| Some(it.to_owned())),
            None => None,
        })
        .and_then(|inline| inline.or_else(|| args.next().cloned()))
    };
    after("--addr").or_else(|| std::env::var("TRAINYARD_ADDR").ok()).unwrap_or_else(|| "127.0.0.1:3000".to_owned())
}

/// Signals then reach the server itself, and its exit code is ours.
#[cfg(unix)]
fn become_server(mut server: std::process::Command) -> anyhow::Result<()> {
    use std::os::unix::process::CommandExt;
    Err(anyhow::Error::new(server.exec()).context("the server could not be started"))
}

#[cfg(not(unix))]
fn become_server(mut server: std::process::Command) -> anyhow::Result<()> {
    shell::run(&mut server)
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn the_address_is_read_from_either_form_of_the_flag() {
        let args = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        assert_eq!(address(&args(&["--data", "d", "--addr", "127.0.0.1:8080"])), "127.0.0.1:8080");
        assert_eq!(address(&args(&["--addr=127.0.0.1:8081"])), "127.0.0.1:8081");
        assert_eq!(address(&args(&["--data", "d"])), "127.0.0.1:3000");
    }
}
