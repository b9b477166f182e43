//! The instance types and their prices. The file is the one that the dashboard's own catalogue is made from: one table
//! of one truth, with the date and the confidence of each price.

use std::sync::OnceLock;

use serde::Deserialize;

/// One type of `TrainingInstanceType`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(super) vcpu: Option<u32>,
    /// Decimal text, as it is in the file.
    pub(super) memory_gib: Option<String>,
    pub(super) gpu_count: Option<u32>,
    pub(crate) usd_per_hour: Option<String>,
    /// `firm`, `uncertain` or `stale`.
    pub(super) confidence: Option<String>,
    /// When the price was read.
    pub(super) price_date: Option<String>,
}

/// All types in the API model's order.
pub(crate) fn rows() -> &'static [Row] {
    static ROWS: OnceLock<Vec<Row>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let text = include_str!("../../../domain/data/instance_types.csv");
        csv::Reader::from_reader(text.as_bytes()).deserialize().filter_map(Result::ok).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_file_is_read() {
        let lines = include_str!("../../../domain/data/instance_types.csv").lines().count();
        assert_eq!(rows().len() + 1, lines);
        let row = rows().iter().find(|row| row.name == "ml.m5.large").unwrap();
        assert_eq!((row.usd_per_hour.as_deref(), row.vcpu), (Some("0.115"), Some(2)));
    }
}
