//! Searching runs: a small language of conditions and orders, the fields that it speaks of, and what a search finds.
//!
//! ```text
//! search    = either ;            either = both { OR both } ;        both = single { [AND] single } ;
//! single    = NOT single | ( either ) | field test | text            (text alone: a part of the job name, case ignored)
//! test      = op value | [NOT] IN ( value, .. ) | [NOT] LIKE text | [NOT] ILIKE text | IS [NOT] NULL | = NULL
//! op        = = == != <> < <= > >=
//! field     = status | cost | .. | params.lr | tags.team | metrics.loss | min(metrics.loss) | params.`a name`
//! ```
//!
//! Invariants:
//! - What is shown by `Display` is parsed back to the same thing, so that a search may live in a URL.
//! - Logic has two values. A test of a value that is not there is false, that of `!=`, NOT IN and NOT LIKE included; only
//!   IS NULL is true for it. `NOT (..)` turns whatever is in it round, so `NOT params.lr = 1` finds runs without `lr` too.
//! - A metric that is NaN is there: it is equal to `nan`, different from every number, neither less nor more than any.
//! - A fault names a place in the text. Parsing takes time in proportion to the text's length, and never panics.

mod condition;
mod fault;
mod field;
mod group;
mod lexer;
mod listed;
mod operand;
mod order;
mod parse;
#[cfg(test)]
mod tests;
mod value;
mod view;

pub use condition::{Condition, Op, Test};
pub use fault::SearchFault;
pub use field::{Field, FieldKind, Stat};
pub use group::{RunGroup, RunGroupPage, RunGroups, Statistics, group_search};
pub use listed::{ListedRun, MetricSummary, RunSearchPage};
pub use operand::{Operand, number_of};
pub use order::Order;
pub use value::Value;
pub use view::{RunView, RunViewError, RunViewId, RunViewName};

/// Names of fields that runs have, for a chooser; of each kind the first [`MAX_NAMES`] by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RunFieldNames {
    pub params: Vec<String>,
    pub tags: Vec<String>,
    pub metrics: Vec<String>,
}

/// A search or a list of fields is at most so long, in characters.
pub const MAX_CHARS: usize = 4_000;
/// Parentheses and NOTs inside each other.
pub const MAX_DEPTH: usize = 50;
/// Tests in one search.
pub const MAX_TESTS: usize = 200;
/// Fields in one list, as columns.
pub const MAX_FIELDS: usize = 200;
/// Names of one kind in [`RunFieldNames`].
pub const MAX_NAMES: usize = 1_000;
/// Fields that one list is ordered by.
pub const MAX_ORDERS: usize = 8;
