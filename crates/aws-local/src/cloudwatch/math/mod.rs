//! Metric math: `m1 / (m1 + m2) * 100`, `MAX(METRICS())`, `SEARCH('...', 'Average', 60)`.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html>
//!
//! `token` and `parse` make an [`Expression`] of the text, `value` says what can be computed with, `apply` computes.
//! Text of any kind is either an expression or [`Malformed`]; how deep and how long it may be is bounded.

mod apply;
mod parse;
mod token;
mod value;

pub(super) use apply::{Fill, apply, fill, operate};
pub(super) use parse::{Expression, Operator, parse};
pub(super) use value::{Computed, Series};

/// Why an expression cannot be read or computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Malformed(pub String);

pub(super) fn malformed<T>(why: impl Into<String>) -> Result<T, Malformed> {
    Err(Malformed(why.into()))
}
