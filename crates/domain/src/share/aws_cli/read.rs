//! Reading `aws sagemaker create-training-job ...`: `--cli-input-json`, `--cli-input-yaml`, and one option for each
//! member, as JSON or in the CLI's shorthand. Options go before the input file, as in the CLI.

use serde_json::{Map, Value};

use super::{
    shell::{Command, Word, commands},
    shorthand,
};
use crate::share::{
    fault::{Fault, Path},
    json,
    members::Kind,
    yaml,
};
use crate::training_job::root;

/// Options of the CLI itself, which say nothing about the job; the first of them take a value.
const GLOBAL_WITH_VALUE: [&str; 10] = [
    "region",
    "profile",
    "endpoint-url",
    "output",
    "query",
    "color",
    "ca-bundle",
    "cli-read-timeout",
    "cli-connect-timeout",
    "cli-binary-format",
];
const GLOBAL: [&str; 7] = [
    "debug",
    "no-verify-ssl",
    "no-paginate",
    "no-sign-request",
    "no-cli-pager",
    "cli-auto-prompt",
    "no-cli-auto-prompt",
];

/// The request, and what to say about how it was read.
pub(in crate::share) fn read(text: &str) -> Result<(Value, Vec<String>), Fault> {
    let commands = commands(text)?;
    let is_ours = |it: &Command| {
        it.words.iter().any(|it| it.text == "sagemaker") && it.words.iter().any(|it| it.text == "create-training-job")
    };
    let ours: Vec<&Command> = commands.iter().filter(|it| is_ours(it)).collect();
    let Some(command) = ours.first() else {
        return Err(Fault::new(
            0,
            "there is no `aws sagemaker create-training-job` here. Paste the command whole, from `aws` to its end.",
        ));
    };
    let mut notes = Vec::new();
    if ours.len() > 1 {
        notes.push(format!("The text has {} commands that create a job; this is the first.", ours.len()));
    }
    let mut input = Map::new();
    let mut members = Map::new();
    let mut ignored = Vec::new();
    // From `aws` on, options are those of the CLI; the operation's name has no dashes.
    let begin = command.words.iter().position(|it| it.text.rsplit('/').next() == Some("aws")).map_or(0, |it| it + 1);
    let mut words = command.words[begin..].iter().peekable();
    while let Some(word) = words.next() {
        if ["sagemaker", "create-training-job"].contains(&word.text.as_str()) {
            continue;
        }
        let Some(option) = word.text.strip_prefix("--") else {
            return Err(Fault::new(
                word.at,
                format!(
                    "`{}` belongs to no option. Put it in quotes with the value before it, or remove it.",
                    word.get()?
                ),
            ));
        };
        let (name, inline) = option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
        let inline = inline.map(|it| Value::String(it.to_owned()));
        if GLOBAL.contains(&name) {
            ignored.push(name);
            continue;
        }
        // Values go up to the next option.
        let mut values = Vec::new();
        while let Some(value) = words.next_if(|it| !it.text.starts_with("--")) {
            values.push(value);
        }
        let texts = match &inline {
            Some(Value::String(text)) => vec![Given { text, at: word.at + 2 + name.len() + 1 }],
            _ => values.iter().map(|it| Given::new(it)).collect::<Result<_, _>>()?,
        };
        if GLOBAL_WITH_VALUE.contains(&name) {
            ignored.push(name);
            continue;
        }
        match (name, texts.as_slice()) {
            ("cli-input-json", [it]) => input = object(input_file(it, command, name)?, json::read)?,
            ("cli-input-yaml", [it]) => input = object(input_file(it, command, name)?, yaml::read)?,
            _ => {
                let (member, value) = member(name, &texts, word.at)?;
                members.insert(member.to_owned(), value);
            }
        }
    }
    if !ignored.is_empty() {
        let names: Vec<String> = ignored.iter().map(|it| format!("`--{it}`")).collect();
        notes.push(format!(
            "{}: left out, because it is for the AWS CLI and says nothing about the job.",
            names.join(", ")
        ));
    }
    input.extend(members);
    Ok((Value::Object(input), notes))
}

/// The text of a value and where it begins.
#[derive(Clone, Copy)]
struct Given<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Given<'a> {
    fn new(word: &'a Word) -> Result<Self, Fault> {
        Ok(Self { text: word.get()?, at: word.at })
    }
}

/// What `--cli-input-json` reads: its value, or what a here-document gives on standard input.
fn input_file<'a>(given: &Given<'a>, command: &'a Command, option: &str) -> Result<Given<'a>, Fault> {
    match (given.text, &command.input) {
        ("file:///dev/stdin" | "file:///proc/self/fd/0" | "file:///dev/fd/0", Some(word)) => Given::new(word),
        (text, _) => {
            refuse_file(text, given.at, option)?;
            Ok(*given)
        }
    }
}

fn refuse_file(text: &str, at: usize, option: &str) -> Result<(), Fault> {
    if text.starts_with("file://") || text.starts_with("fileb://") {
        return Err(Fault::new(
            at,
            format!("`--{option}` reads the file `{text}`, which is on your machine. Paste what is in it."),
        ));
    }
    Ok(())
}

fn object(given: Given<'_>, read: fn(&str) -> Result<Value, Fault>) -> Result<Map<String, Value>, Fault> {
    match read(given.text).map_err(|it| it.shifted(given.at))? {
        Value::Object(map) => Ok(map),
        _ => Err(Fault::new(given.at, "this is no request: it has no members. Paste an object, `{...}`.")),
    }
}

/// The member that an option sets. `at` is the option.
fn member(option: &str, values: &[Given<'_>], at: usize) -> Result<(&'static str, Value), Fault> {
    let find = |option: &str| {
        let folded = option.replace('-', "");
        let found = root().members().iter().find(|it| it.name.eq_ignore_ascii_case(&folded))?;
        Some((found.name.as_str(), Kind::of(found)))
    };
    let negated = option.strip_prefix("no-").and_then(find).filter(|(_, kind)| matches!(kind, Kind::Flag));
    let (name, kind, is_negated) = match (find(option), negated) {
        (Some((name, kind)), _) => (name, kind, false),
        (None, Some((name, kind))) => (name, kind, true),
        (None, None) => {
            return Err(Fault::new(
                at,
                format!("`--{option}` is no option of `create-training-job`. Mend its name or remove it."),
            ));
        }
    };
    let path = Path::default().member(name);
    for value in values {
        refuse_file(value.text, value.at, option)?;
    }
    let value = match (kind, values) {
        (Kind::Flag, []) => Value::Bool(!is_negated),
        (_, []) => return Err(Fault::new(at, format!("`--{option}` has no value. Write one after it."))),
        (Kind::Text | Kind::Integer | Kind::Flag, [it]) => shorthand::typed(it.text, Some(kind), it.at, &path)?,
        (Kind::List(item), values) => match values {
            [it] if it.text.trim_start().starts_with('[') => json_value(*it)?,
            values => {
                let items = values.iter().enumerate();
                items.map(|(index, it)| one(*it, Kind::of(item), &path.item(index))).collect::<Result<_, _>>()?
            }
        },
        (_, [it]) => one(*it, kind, &path)?,
        (_, [_, second, ..]) => {
            return Err(Fault::new(
                second.at,
                format!(
                    "`--{option}` takes one value, and here is a second. Put the value in quotes if it has blanks."
                ),
            ));
        }
    };
    Ok((name, value))
}

/// A structure, a map or an item of a list: JSON, shorthand, or plain text.
fn one(given: Given<'_>, kind: Kind, path: &Path) -> Result<Value, Fault> {
    let is_compound = matches!(kind, Kind::Structure(_) | Kind::Map);
    if is_compound && given.text.trim_start().starts_with('{') {
        json_value(given)
    } else if is_compound {
        shorthand::read(given.text, kind, path).map_err(|it| it.shifted(given.at))
    } else {
        shorthand::typed(given.text, Some(kind), given.at, path)
    }
}

fn json_value(given: Given<'_>) -> Result<Value, Fault> {
    json::read(given.text).map_err(|it| it.shifted(given.at))
}
