//! A series as a row: its key and its summary, and the conversion to both.

use domain::{
    series::{Extreme, Point, SeriesKey, SeriesSource, SeriesSummary},
    time::Timestamp,
};
use sqlx::FromRow;

use crate::{error::Result, points::value_from, text};

/// The columns that `SeriesRow` reads, by name.
macro_rules! series_columns {
    () => {
        "id, source, host, name, count, first_step, first_at, first_value, first_kind, last_step, last_at, \
         last_value, last_kind, min_value, min_step, max_value, max_step"
    };
}
pub(crate) use series_columns;

#[derive(FromRow)]
pub(crate) struct SeriesRow {
    pub(crate) id: i64,
    source: String,
    host: String,
    name: String,
    count: i64,
    first_step: i64,
    first_at: i64,
    first_value: Option<f64>,
    first_kind: i16,
    last_step: i64,
    last_at: i64,
    last_value: Option<f64>,
    last_kind: i16,
    min_value: Option<f64>,
    min_step: Option<i64>,
    max_value: Option<f64>,
    max_step: Option<i64>,
}

impl SeriesRow {
    pub(crate) fn into_summary(self) -> Result<SeriesSummary> {
        let source = SeriesSource::parse(&self.source)
            .ok_or_else(|| text::bad_row("series", &self.id.to_string(), "unknown source"))?;
        let point =
            |step, at, value, kind| Point { step, at: Timestamp::from_unix_micros(at), value: value_from(value, kind) };
        let extreme = |value: Option<f64>, step: Option<i64>| Some(Extreme { value: value?, step: step? });
        Ok(SeriesSummary {
            key: SeriesKey { name: self.name, source, host: self.host },
            count: text::to_u64(self.count),
            first: point(self.first_step, self.first_at, self.first_value, self.first_kind),
            last: point(self.last_step, self.last_at, self.last_value, self.last_kind),
            min: extreme(self.min_value, self.min_step),
            max: extreme(self.max_value, self.max_step),
        })
    }
}
