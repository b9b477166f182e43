//! `FailureReason` texts.
//!
//! `/opt/ml/output/failure` comes first, as SageMaker documents. Without it, script mode reports like the
//! sagemaker-training toolkit 5.1: `ExecuteUserScriptError:` with `ExitCode`, `ErrorMessage` and Command.

use std::collections::VecDeque;
use std::io::Read;
use std::path::Path;

use super::super::limits::Excess;
use super::super::output::Tail;
use super::super::program::{Program, quote};
use super::super::sandbox::{Exit, Sandbox};
use super::super::tree::open_file;
use super::Job;
use super::attempt::Host;

/// `FailureReason` holds at most this many characters.
const CHARACTERS_MAX: usize = 1024;

/// Cuts to the length that SageMaker allows.
pub(super) fn clip(text: &str) -> String {
    text.chars().take(CHARACTERS_MAX).collect()
}

/// Why a host failed.
pub(super) fn of_host(job: &Job, host: &Host) -> String {
    let code = match &host.exit {
        Some(Exit::Code(code)) => *code,
        Some(Exit::Signal(signal)) => 128 + signal,
        Some(Exit::Trouble(message)) => {
            let words = Sandbox::last_words(&host.tail);
            return format!("InternalServerError: {} could not be run on this machine: {message} {words}", host.name);
        }
        None => return format!("InternalServerError: {} was lost", host.name),
    };
    if let Some(text) = failure_file(&host.place.ml()).filter(|_| host.excess.is_none()) {
        let is_classed = matches!(job.program, Program::Algorithm(_)) && text.starts_with("ClientError: ");
        return if is_classed { text } else { format!("AlgorithmError: {text}") };
    }
    if let Some(excess @ Excess::Disk { .. }) = &host.excess {
        return format!("ClientError: {excess}");
    }
    let message = host.excess.as_ref().map_or_else(|| last_error(&host.tail), ToString::to_string);
    let words: Vec<String> = host.command.iter().map(|word| quote(&word.to_string_lossy())).collect();
    match &job.program {
        Program::Script(_) => user_script_error("ExecuteUserScriptError", code, &message, &words.join(" ")),
        Program::Algorithm(algorithm) => user_script_error(algorithm.title(), code, &message, &words.join(" ")),
        // The engine's own code for what it could not do at all; its message says what.
        Program::Image if code == 125 => {
            format!("ClientError: the container engine could not run {}: {message}", job.plan.image)
        }
        Program::Image => user_script_error("the container failed", code, &message, &job.plan.image),
        Program::Container(_) => user_script_error("the container's command failed", code, &message, &words.join(" ")),
    }
}

/// The toolkit's form, with as much of the end of the message as fits.
pub(super) fn user_script_error(class: &str, code: i32, message: &str, command: &str) -> String {
    let command: String = command.chars().take(300).collect();
    let extra = if code == 137 { "\nExtraInfo \"OutOfMemory: Process killed by SIGKILL (signal 9)\"" } else { "" };
    let form = |message: &str| {
        format!("AlgorithmError: {class}:\nExitCode {code}\nErrorMessage \"{message}\"{extra}\nCommand \"{command}\"")
    };
    let room = CHARACTERS_MAX.saturating_sub(form("").chars().count());
    let skip = message.chars().count().saturating_sub(room);
    form(&message.chars().skip(skip).collect::<String>())
}

fn failure_file(ml: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    let file = open_file(ml, Path::new("output/failure"))?;
    file.take(4 * CHARACTERS_MAX as u64).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// The last traceback of a Python script, or else the last lines that it wrote.
pub(super) fn last_error(tail: &Tail) -> String {
    let lines = if tail.stderr.is_empty() { &tail.stdout } else { &tail.stderr };
    traceback(lines).unwrap_or_else(|| {
        let skip = lines.len().saturating_sub(10);
        lines.iter().skip(skip).cloned().collect::<Vec<_>>().join("\n")
    })
}

fn traceback(lines: &VecDeque<String>) -> Option<String> {
    let begin = lines.iter().rposition(|line| line.starts_with("Traceback (most recent call last)"))?;
    Some(lines.iter().skip(begin).cloned().collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::{Tail, last_error, user_script_error};

    #[test]
    fn the_end_of_a_long_message_is_kept() {
        let message = format!("{}ValueError: the point", "frame\n".repeat(500));
        let text = user_script_error("ExecuteUserScriptError", 1, &message, "python train.py");
        assert_eq!(text.chars().count(), 1024);
        assert!(text.contains("ValueError: the point\"\nCommand \"python train.py\""), "{text}");
        assert!(text.starts_with("AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage \""), "{text}");
        let killed = user_script_error("ExecuteUserScriptError", 137, "", "python train.py");
        assert!(killed.contains("\nExtraInfo \"OutOfMemory: Process killed by SIGKILL (signal 9)\"\n"), "{killed}");
    }

    #[test]
    fn the_last_traceback_is_the_error() {
        let mut tail = Tail::default();
        for line in ["Traceback (most recent call last):", "first", "Traceback (most recent call last):", "  x", "E: y"]
        {
            tail.stderr.push_back(line.to_owned());
        }
        assert_eq!(last_error(&tail), "Traceback (most recent call last):\n  x\nE: y");
        let mut plain = Tail::default();
        plain.stdout.push_back("only this".to_owned());
        assert_eq!(last_error(&plain), "only this");
    }
}
