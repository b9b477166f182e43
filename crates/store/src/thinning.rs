//! Fewer points that draw the same curve: a page has about a thousand pixels, a series may have millions of points.
//!
//! Invariants:
//! - Of every bucket of consecutive points the first, the last, the smallest, the largest and the first that is no
//!   number are kept: peaks, ends and gaps survive.
//! - The same points give the same result, however they are cut into pages; memory is that of the result.

use crate::points::PointRow;

/// Of one bucket: first, last, smallest, largest, first that is not finite.
const KEPT_PER_BUCKET: u64 = 5;

pub(crate) struct Thinning {
    /// Points per bucket, by their number in the series.
    width: i64,
    bucket: Option<Bucket>,
    kept: Vec<PointRow>,
}

struct Bucket {
    number: i64,
    first: PointRow,
    last: PointRow,
    smallest: Option<PointRow>,
    largest: Option<PointRow>,
    not_finite: Option<PointRow>,
}

impl Thinning {
    /// For `count` points of which at most `max_points` shall remain (less than five are read as five).
    pub(crate) fn new(count: u64, max_points: u32) -> Self {
        let buckets = (u64::from(max_points) / KEPT_PER_BUCKET).max(1);
        let width = i64::try_from(count.div_ceil(buckets).max(1)).unwrap_or(i64::MAX);
        Self { width, bucket: None, kept: Vec::new() }
    }

    /// Takes the points in the order of their numbers.
    pub(crate) fn add(&mut self, row: PointRow) {
        let number = row.seq / self.width;
        if self.bucket.as_ref().is_some_and(|it| it.number != number) {
            self.close();
        }
        self.bucket.get_or_insert_with(|| Bucket::new(number, row)).add(row);
    }

    pub(crate) fn finish(mut self) -> Vec<PointRow> {
        self.close();
        self.kept
    }

    fn close(&mut self) {
        let Some(it) = self.bucket.take() else { return };
        let mut rows: Vec<PointRow> =
            [Some(it.first), it.smallest, it.largest, it.not_finite, Some(it.last)].into_iter().flatten().collect();
        rows.sort_by_key(|it| it.seq);
        rows.dedup_by_key(|it| it.seq);
        self.kept.extend(rows);
    }
}

impl Bucket {
    fn new(number: i64, first: PointRow) -> Self {
        Self { number, first, last: first, smallest: None, largest: None, not_finite: None }
    }

    fn add(&mut self, row: PointRow) {
        let value = row.point().value;
        self.last = row;
        if !value.is_finite() {
            self.not_finite.get_or_insert(row);
            return;
        }
        if self.smallest.is_none_or(|it| value < it.point().value) {
            self.smallest = Some(row);
        }
        if self.largest.is_none_or(|it| value > it.point().value) {
            self.largest = Some(row);
        }
    }
}
