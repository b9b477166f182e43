//! Metric definitions tried on a pasted log: what the server will find in such lines, before anything is launched.
//!
//! The lines go through `MetricDefinition::look_at` and `step_in`, which are all that the server asks of them, too.

use crate::{
    metric_definition::{Look, MetricDefinition, MetricDefinitionError},
    series::Point,
    step::step_in,
    time::Timestamp,
};

/// So many lines are tried; of a longer log the last ones.
pub const MAX_LINES: usize = 2_000;

/// A number found in a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The line's place in the log, from 0.
    pub line: usize,
    /// The bytes of the group in the line.
    pub start: usize,
    pub end: usize,
    pub value: f64,
    /// The step that the line names.
    pub step: Option<i64>,
}

/// Why a definition finds nothing, with the cure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Miss {
    #[error("{0}")]
    Wrong(#[from] MetricDefinitionError),
    #[error(
        "line {line} matches, but the first group is `{group}`, which is no number: put the parentheses around the number alone"
    )]
    NoNumber { line: usize, group: String },
    #[error(
        "line {line} matches, but the first group takes no part: put the number's group first, or `?:` into the others"
    )]
    EmptyGroup { line: usize },
    #[error(
        "line {line} would match with other capitals: write `{text}` as it stands in the log, or begin the regex with `(?i)`"
    )]
    Case { line: usize, text: String },
    #[error(
        "line {line} has `{text}`, but what follows there does not fit the rest of the regex: compare the two, blanks included"
    )]
    Rest { line: usize, text: String },
    #[error("no line has `{text}`: write what stands before the number in the log")]
    Text { text: String },
    #[error(
        "no line matches: write what stands before the number, then the number in parentheses, for example `loss=([0-9.]+)`"
    )]
    Nothing,
}

/// The lines that are tried, and how many were left out before them.
pub fn lines(log: &str) -> (Vec<&str>, usize) {
    let all: Vec<&str> = log.lines().collect();
    let skipped = all.len().saturating_sub(MAX_LINES);
    (all[skipped..].to_vec(), skipped)
}

/// Tries one definition on every line. Finding nothing is said with its cure, unless there is no line at all.
pub fn try_definition(name: &str, regex: &str, lines: &[&str]) -> Result<Vec<Found>, Miss> {
    let definition = MetricDefinition::parse(name, regex)?;
    let mut found = Vec::new();
    let mut no_number = None;
    for (index, line) in lines.iter().enumerate() {
        let text = MetricDefinition::searched_part(line);
        match definition.look_at(text) {
            Look::Number { value, at } => {
                found.push(Found { line: index, start: at.start, end: at.end, value, step: step_in(text) });
            }
            Look::NoNumber { group } => {
                no_number.get_or_insert((index + 1, group));
            }
            Look::NoMatch => {}
        }
    }
    if !found.is_empty() || lines.is_empty() {
        return Ok(found);
    }
    Err(match no_number {
        Some((line, group)) if group.is_empty() => Miss::EmptyGroup { line },
        Some((line, group)) => Miss::NoNumber { line, group: group.chars().take(40).collect() },
        None => miss(regex, lines),
    })
}

/// The points as the run will show them: a line that names no step is numbered from 0 in its series.
pub fn points(found: &[Found]) -> Vec<Point> {
    let at = Timestamp::from_unix_micros(0);
    let step = |it: &Found, index: usize| it.step.unwrap_or_else(|| i64::try_from(index).unwrap_or(i64::MAX));
    found.iter().enumerate().map(|(index, it)| Point { step: step(it, index), at, value: it.value }).collect()
}

fn miss(regex: &str, lines: &[&str]) -> Miss {
    let text = plain_beginning(regex);
    if text.is_empty() {
        return Miss::Nothing;
    }
    let has = |line: &&str| line.contains(&text);
    if let Some(index) = lines.iter().position(has) {
        return Miss::Rest { line: index + 1, text };
    }
    let lower = text.to_lowercase();
    match lines.iter().position(|it| it.to_lowercase().contains(&lower)) {
        Some(index) => Miss::Case { line: index + 1, text },
        None => Miss::Text { text },
    }
}

/// The text that every match begins with, as far as the regex says it in plain characters.
fn plain_beginning(regex: &str) -> String {
    let mut text = String::new();
    let mut chars = regex.strip_prefix('^').unwrap_or(regex).chars().peekable();
    if regex.contains('|') && !regex.contains('(') {
        return text;
    }
    while let Some(c) = chars.next() {
        let plain = match c {
            '\\' => match chars.next() {
                Some('b') if text.is_empty() => continue,
                Some(c) if !c.is_alphanumeric() => c,
                _ => break,
            },
            '(' | '[' | '.' | '{' | '*' | '+' | '?' | '^' | '$' | '|' | ')' => break,
            c => c,
        };
        // What may be missing or come often is no fixed text.
        if matches!(chars.peek(), Some('*' | '?' | '+' | '{')) {
            break;
        }
        text.push(plain);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "starting\nepoch=1 loss=0.5\nepoch=2 loss=0.25 LR=0.1\nstate=low";

    fn tried(regex: &str) -> Result<Vec<(usize, f64, Option<i64>)>, String> {
        let found = try_definition("m", regex, &lines(LOG).0).map_err(|it| it.to_string())?;
        Ok(found.into_iter().map(|it| (it.line, it.value, it.step)).collect())
    }

    #[test]
    fn what_the_server_will_find_is_found() {
        assert_eq!(tried("loss=([0-9.]+)"), Ok(vec![(1, 0.5, Some(1)), (2, 0.25, Some(2))]));
        let found = try_definition("m", "loss=([0-9.]+)", &lines(LOG).0).expect("found");
        assert_eq!(&LOG.lines().nth(1).expect("a line")[found[0].start..found[0].end], "0.5");
        assert_eq!(points(&found).iter().map(|it| it.step).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn points_without_a_step_are_numbered() {
        let log = "loss=3\nloss=2\nloss=1";
        let found = try_definition("m", "loss=(.*)", &lines(log).0).expect("found");
        assert_eq!(
            points(&found).iter().map(|it| (it.step, it.value)).collect::<Vec<_>>(),
            [(0, 3.0), (1, 2.0), (2, 1.0)]
        );
    }

    #[test]
    fn every_miss_names_its_cure() {
        for (regex, cure) in [
            ("state=(\\S+)", "`low`, which is no number"),
            ("loss=(x)?0", "takes no part"),
            ("lr=([0-9.]+)", "(?i)"),
            ("loss=(\\d+)ms", "line 2 has `loss=`"),
            ("\\bacc\\.=([0-9.]+)", "no line has `acc.=`"),
            ("([0-9]+)%", "no line matches"),
            ("loss=[0-9.]+", "put parentheses around the number"),
            ("loss=(", "not a valid regular expression"),
        ] {
            let said = tried(regex).expect_err(regex);
            assert!(said.contains(cure), "{regex}: {said}");
        }
        assert_eq!(try_definition("m", "loss=(.*)", &[]), Ok(Vec::new()), "without a log nothing is missed");
    }

    #[test]
    fn of_a_long_log_the_end_is_tried() {
        let log = "loss=1\n".repeat(MAX_LINES + 5);
        let (kept, skipped) = lines(&log);
        assert_eq!((kept.len(), skipped), (MAX_LINES, 5));
    }
}
