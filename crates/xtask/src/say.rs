//! What the person at the terminal reads: one line per step, the command below it, notes where something is left out.
//!
//! Everything goes to standard error, so that a command's own output can be piped.

#![expect(clippy::print_stderr, reason = "talking to the terminal is what this module is for")]

use std::io::IsTerminal;

/// A step begins: a sentence in the present tense.
pub(crate) fn step(text: &str) {
    eprintln!("{} {text}", bold("==>"));
}

/// The command of a step, as one could type it.
pub(crate) fn command(text: &str) {
    eprintln!("    $ {text}");
}

/// Something the reader should know: a step that was skipped, a size, a cure.
pub(crate) fn note(text: &str) {
    for line in text.lines() {
        eprintln!("    {line}");
    }
}

/// Why the command ends here.
pub(crate) fn error(text: &str) {
    eprintln!("{} {text}", bold("error:"));
}

fn bold(text: &str) -> String {
    if std::io::stderr().is_terminal() { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
}
