//! Metric definitions that a script's own statements ask for: what it prints is read, a regex is made for each number
//! that looks like a metric, and tried on the line that the statement makes.
//!
//! Invariants:
//! - Nothing is run; a script is text, and may be hostile. Work is bounded by its length.
//! - Every proposal is a valid definition that finds the number it is meant for in its own example line, and no number
//!   in a line that another statement prints, as far as such a regex exists.
//! - Formats, labels and expressions are guesses. A person decides: nothing is added by itself.
//!
//! To know another way of printing: `template` for statements, `framework` for lines that a library prints by itself.

mod framework;
mod python;
mod sample;
mod template;
mod words;

use serde::{Deserialize, Serialize};

use crate::metric_definition::MetricDefinition;
use python::{Call, calls_in};
use sample::Sample;
use template::{Field, Kind, Piece};

/// A definition to choose, with the statement it is for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricProposal {
    pub name: String,
    pub regex: String,
    /// Of the statement in the script, from 1.
    pub line: usize,
    /// A line as the statement prints it, with numbers made up.
    pub example: String,
    /// What the regex finds there.
    pub value: f64,
}

/// A number as Python writes it. A full stop after it is not part of it.
const NUMBER: &str = "([-+]?[0-9.]*[0-9](?:e[-+]?[0-9]+)?|nan|[-+]?inf)";

/// Statements that are looked at.
const MAX_CALLS: usize = 400;
/// A script that prints more metrics than a job may define.
const MAX_PROPOSALS: usize = MetricDefinition::MAX_PER_JOB;
/// A longer line is no example to look at.
const MAX_EXAMPLE_CHARS: usize = 300;

/// What one statement prints in one line.
struct Printed {
    line: usize,
    pieces: Vec<Piece>,
    sample: Sample,
    /// Nothing stands before it in the log, as a logger's prefix does.
    is_bare: bool,
}

/// The definitions that this Python script asks for, in the order of its statements.
pub fn metric_proposals(script: &str) -> Vec<MetricProposal> {
    let calls = calls_in(script, MAX_CALLS, prints);
    let lines = calls.iter().flat_map(of_call);
    let printed: Vec<Printed> =
        lines.filter(|it| it.sample.text.chars().count() <= MAX_EXAMPLE_CHARS).take(MAX_CALLS).collect();
    let mut proposals: Vec<MetricProposal> = Vec::new();
    let mut add = |proposal: Option<MetricProposal>| {
        if let Some(proposal) = proposal
            && proposals.len() < MAX_PROPOSALS
            && proposal.example.chars().count() <= MAX_EXAMPLE_CHARS
            && !proposals.iter().any(|it| it.name == proposal.name)
        {
            proposals.push(proposal);
        }
        proposals.len() < MAX_PROPOSALS
    };
    // A field costs several searches in every line: no further one is looked at once there are enough.
    let places = printed.iter().enumerate().flat_map(|(index, line)| (0..line.pieces.len()).map(move |at| (index, at)));
    for (index, at) in places {
        if !add(of_field(&printed, index, at)) {
            break;
        }
    }
    for it in framework::printed(script) {
        let value = MetricDefinition::parse(&it.name, &it.regex).ok().and_then(|made| made.value_in(&it.example));
        let of = |value| MetricProposal {
            name: it.name.clone(),
            regex: it.regex.clone(),
            line: it.call.line,
            example: it.example.clone(),
            value,
        };
        add(value.map(of));
    }
    proposals
}

/// Functions that write a line into the log. `debug` does not, by default.
fn prints(callee: &str) -> bool {
    match callee.rsplit_once('.') {
        None => callee == "print",
        Some((owner, "write")) => owner.ends_with("tqdm") || owner.ends_with("stdout") || owner.ends_with("stderr"),
        Some((_, "info" | "warning" | "error" | "critical" | "echo")) => true,
        Some((owner, "print")) => owner.ends_with("console") || owner.ends_with("accelerator"),
        Some(_) => false,
    }
}

fn of_call(call: &Call<'_>) -> Vec<Printed> {
    let is_bare = matches!(call.function(), "print" | "write" | "echo");
    let of = |pieces: Vec<Piece>| Printed { line: call.line, sample: sample::sample(&pieces), pieces, is_bare };
    template::lines_of(call).into_iter().map(of).collect()
}

/// The proposal for the piece at this place, if it is a number worth a curve.
fn of_field(printed: &[Printed], index: usize, at: usize) -> Option<MetricProposal> {
    let line = printed.get(index)?;
    let Piece::Field(field) = line.pieces.get(at)? else { return None };
    let before = match at.checked_sub(1).and_then(|it| line.pieces.get(it)) {
        Some(Piece::Text(text)) => text.as_str(),
        _ => "",
    };
    let name = name_of(field, before)?;
    // `12/60000`: a part of a count.
    let is_counted = matches!(line.pieces.get(at + 1), Some(Piece::Text(text)) if text.starts_with('/'));
    if is_counted {
        return None;
    }
    let number = line.pieces[..at].iter().filter(|it| matches!(it, Piece::Field(_))).count();
    let expected = (*line.sample.values.get(number)?)?;
    let finds = |regex: &str| {
        let made = MetricDefinition::parse(&name, regex).ok()?;
        (made.value_in(&line.sample.text) == Some(expected)).then_some(made)
    };
    // The same label in another statement is the same metric; anything else there must not be found.
    let is_alone = |made: &MetricDefinition| {
        printed.iter().all(|it| {
            it.sample.text == line.sample.text || made.value_in(&it.sample.text).is_none() || {
                let labels = it.pieces.iter().filter_map(|piece| match piece {
                    Piece::Text(text) => Some(words::name_of_label(words::label_of(text))),
                    Piece::Field(_) => None,
                });
                labels.into_iter().any(|label| label == name)
            }
        })
    };
    let made: Vec<MetricDefinition> = regexes(line, before, at).iter().filter_map(|it| finds(it)).collect();
    let chosen = made.iter().find(|it| is_alone(it)).or(made.first())?;
    Some(MetricProposal {
        name: name.clone(),
        regex: chosen.regex_text().to_owned(),
        line: line.line,
        example: line.sample.text.clone(),
        value: expected,
    })
}

/// A name for the number, or nothing when it is no metric.
fn name_of(field: &Field, before: &str) -> Option<String> {
    let label = words::name_of_label(words::label_of(before));
    let name =
        if label.chars().any(char::is_alphabetic) { label } else { words::name_of_expression(&field.expression) };
    let is_number = matches!(field.format.kind, Kind::Fixed | Kind::Scientific | Kind::General | Kind::Percent);
    let is_metric = words::is_metric(&name) || (is_number && !words::is_counter(&name));
    (is_metric && !name.is_empty() && name.chars().count() <= 255).then_some(name)
}

/// Regexes for a number, the shortest first: its label, all the text before it, that at the line's beginning, and the
/// text with the number before it.
fn regexes(line: &Printed, before: &str, at: usize) -> Vec<String> {
    let label = words::label_of(before).trim_start();
    let mut list = Vec::new();
    if label.chars().any(char::is_alphanumeric) {
        let border = if label.starts_with(|c: char| c.is_alphanumeric() || c == '_') { r"\b" } else { "" };
        list.push(format!("{border}{}{NUMBER}", escape(label)));
    }
    if before.chars().any(char::is_alphanumeric) {
        list.push(format!("{}{NUMBER}", escape(before)));
    }
    if line.is_bare && at <= 1 {
        list.push(format!("^{}{NUMBER}", escape(before)));
    }
    if let Some(Piece::Text(text)) = at.checked_sub(3).and_then(|it| line.pieces.get(it)) {
        list.push(format!(r"{}\S+{}{NUMBER}", escape(text), escape(before)));
    }
    list
}

/// The text as a regex. How many blanks there are does not matter: widths make more of them.
fn escape(text: &str) -> String {
    let mut regex = String::with_capacity(text.len() + 8);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_whitespace() {
            while chars.next_if(|it| it.is_whitespace()).is_some() {}
            // At the end none may be left: `%+8.4f` fills them.
            regex.push_str(if chars.peek().is_none() { r"\s*" } else { r"\s+" });
        } else {
            if r"\.+*?()|[]{}^$".contains(c) {
                regex.push('\\');
            }
            regex.push(c);
        }
    }
    if !regex.ends_with(r"\s*") {
        // `loss=%8.4f`
        regex.push_str(r"\s*");
    }
    regex
}

#[cfg(test)]
mod tests;
