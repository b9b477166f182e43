//! Renders a request for another tool: `share FORMAT [REGION] < request.json`, or reads what was pasted:
//! `share read < text`. The text goes to standard output, notes and errors to standard error. For
//! `end2end/python/test_share.py`, which has no server at hand.

use std::{
    io::{self, Read as _, Write as _},
    process::ExitCode,
};

use domain::share::{Pasted, ShareFormat, read};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // Nobody is left to tell when this fails.
            let _ = writeln!(io::stderr(), "{message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().unwrap_or_default();
    let region = arguments.next().unwrap_or_else(|| "us-east-1".to_owned());
    let mut input = String::new();
    io::stdin().read_to_string(&mut input).map_err(|err| err.to_string())?;
    let (text, notes) = if what == "read" {
        match read(&input).map_err(|err| err.to_string())? {
            Pasted::Request { request, notes, .. } => (request.to_string(), notes),
            Pasted::Arn(arn) => (arn.text, Vec::new()),
        }
    } else {
        let format = ShareFormat::parse(&what).ok_or_else(|| format!("`{what}` is no format"))?;
        let request = serde_json::from_str(&input).map_err(|err| err.to_string())?;
        let shared = format.render(&request, &region);
        (shared.text, shared.notes)
    };
    io::stdout().write_all(text.as_bytes()).map_err(|err| err.to_string())?;
    notes.iter().try_for_each(|it| writeln!(io::stderr(), "{it}")).map_err(|err| err.to_string())
}
