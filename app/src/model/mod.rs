//! What pages compute from domain data before they show it: pure functions, tested without a browser.

pub mod channel;
pub mod chart_query;
pub mod groups;
pub mod progress;
pub mod rows;
pub mod spend;
pub mod traceback;
