//! The AWS CLI: one command that a POSIX shell passes on unchanged, and the reading of such commands.

mod read;
mod shell;
mod shorthand;

use serde_json::Value;

use super::{Shared, json::pretty_ascii, visible::is_hidden};

pub(super) use read::read;

/// Linux takes no longer argument (`MAX_ARG_STRLEN` is 128 KiB, with the zero at the end).
const MAX_ARGUMENT: usize = 128 * 1024 - 1;

/// The request stands in single quotes, in which a shell looks at nothing. JSON can say `'` without it, so there is no
/// quoting inside; and it is ASCII, so the locale does not matter. (Not a here-document: the CLI reads its input twice,
/// and standard input can be read once.)
pub(super) fn render(request: &Value, region: &str) -> Shared {
    let json = pretty_ascii(request).replace('\'', "\\u0027");
    let json = json.trim_end();
    let mut notes = Vec::new();
    if json.len() > MAX_ARGUMENT {
        notes.push(format!(
            "The request has {} bytes, and Linux passes at most {MAX_ARGUMENT} in one argument: save it as JSON in a file, \
             and give `--cli-input-json file://job.json` instead.",
            json.len()
        ));
    }
    let text = format!("aws sagemaker create-training-job --region {} --cli-input-json '{json}'\n", word(region));
    Shared { text, notes }
}

/// One word for the shell. A region has no characters that cannot be seen.
fn word(text: &str) -> String {
    let text: String = text.chars().filter(|it| !is_hidden(*it)).collect();
    let is_plain = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if is_plain { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
