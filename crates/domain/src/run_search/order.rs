//! What a list is ordered by.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Field, MAX_ORDERS, SearchFault, parse::Parser};

/// Runs without a value come last in either direction, before them those whose value is NaN; runs that are equal in all
/// orders stand newest first.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Order {
    pub field: Field,
    pub is_ascending: bool,
}

impl Order {
    /// `metrics.loss desc, created`: ascending unless it says `desc`; blank is none.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, SearchFault> {
        Parser::new(text)?.list(MAX_ORDERS, "orders", |parser| {
            let field = parser.field()?;
            let is_ascending = !parser.word("desc");
            if is_ascending {
                parser.word("asc");
            }
            Ok(Self { field, is_ascending })
        })
    }
}

/// `metrics.loss desc`, or the field alone when ascending.
impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.field, if self.is_ascending { "" } else { " desc" })
    }
}
