//! An error of a reader, first as a place in the text, then as a line and a column for people.

use std::fmt;

/// Where a pasted text cannot be understood, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ReadError {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// One sentence or two: what it is, and the cure.
    pub message: String,
}

/// An error at a byte of the text that a reader was given.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }

    /// The same error in the text in which this reader's text begins at `start`.
    pub(super) fn shifted(self, start: usize) -> Self {
        Self { at: self.at + start, ..self }
    }

    pub(super) fn in_text(self, text: &str) -> ReadError {
        let before = &text[..text.floor_char_boundary(self.at)];
        let line_start = before.rfind('\n').map_or(0, |it| it + 1);
        ReadError {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message: self.message,
        }
    }
}

/// The way to a value, for messages: `AlgorithmSpecification.MetricDefinitions[0].Regex`.
#[derive(Clone, Debug, Default)]
pub(super) struct Path(Vec<Step>);

#[derive(Clone, Debug)]
enum Step {
    Member(String),
    Item(usize),
}

impl Path {
    pub(super) fn member(&self, name: &str) -> Self {
        self.with(Step::Member(name.to_owned()))
    }

    pub(super) fn item(&self, index: usize) -> Self {
        self.with(Step::Item(index))
    }

    /// The member of the request in which the value is.
    pub(super) fn first(&self) -> Option<&str> {
        if let Some(Step::Member(name)) = self.0.first() { Some(name) } else { None }
    }

    pub(super) fn depth(&self) -> usize {
        self.0.len()
    }

    fn with(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("the request");
        }
        for (index, step) in self.0.iter().enumerate() {
            match step {
                Step::Member(name) if index == 0 => write!(f, "{name}")?,
                Step::Member(name) => write!(f, ".{name}")?,
                Step::Item(item) => write!(f, "[{item}]")?,
            }
        }
        Ok(())
    }
}

/// Deeper than any request; a stack has room for many times that.
pub(super) const MAX_DEPTH: usize = 48;

pub(super) fn too_deep(at: usize) -> Fault {
    Fault::new(
        at,
        format!("this is nested more than {MAX_DEPTH} deep, which no training job is. Paste the request alone."),
    )
}
