//! The rows that the window shows, of as many as there are: read in pages as somebody scrolls, kept while they are near.
//!
//! Invariants:
//! - Of 100,000 runs only some dozens of rows are in the document, and some thousands in memory.
//! - At most one page is being read at a time, and always one that is in view: whoever drags through the list asks for
//!   where he stops.
//! - On the server, without script and on a phone the rows are those of the URL's page.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::{Range, RangeInclusive},
    sync::Arc,
    time::Duration,
};

use domain::{
    ids::RunId,
    run::Run,
    run_search::{Field, ListedRun},
};
use leptos::{prelude::*, task::spawn_local};

use crate::api::runs::{PAGE_ROWS, RunsQuery, run_rows};

/// Pages in memory around the one in view.
const KEPT_PAGES: u64 = 20;
/// As in `style/pages/runs.css`, until the browser has drawn one.
const ROW_PX: f64 = 42.0;
/// Rows that a window shows at most: more would be no window, but a document without one.
const MAX_SEEN: u64 = 200;
/// After a reading failed.
const AGAIN_AFTER: Duration = Duration::from_secs(3);
/// Rows above and below what is seen, so that scrolling shows no gap.
const MARGIN_ROWS: u64 = 12;

#[derive(Clone, Copy)]
pub(super) struct Rows {
    pub(super) total: RwSignal<u64>,
    /// Those in the document.
    pub(super) range: RwSignal<Range<u64>>,
    /// As somebody scrolls; otherwise the URL's page.
    pub(super) is_scrolled: RwSignal<bool>,
    /// The height of a row as the browser draws it.
    pub(super) row_px: RwSignal<f64>,
    /// By the page's number, from 0.
    pages: RwSignal<BTreeMap<u64, Arc<Vec<ListedRun>>>>,
    source: StoredValue<(RunsQuery, Vec<Field>)>,
    is_reading: StoredValue<bool>,
    /// Pages that may show what no longer is so.
    stale: StoredValue<BTreeSet<u64>>,
}

impl Rows {
    pub(super) fn new(query: RunsQuery, columns: Vec<Field>, total: u64, rows: Vec<ListedRun>) -> Self {
        let first = query.offset();
        let range = first..first + rows.len() as u64;
        let page = first / u64::from(PAGE_ROWS);
        Self {
            total: RwSignal::new(total),
            range: RwSignal::new(range),
            is_scrolled: RwSignal::new(false),
            row_px: RwSignal::new(ROW_PX),
            pages: RwSignal::new(BTreeMap::from([(page, Arc::new(rows))])),
            source: StoredValue::new((query, columns)),
            is_reading: StoredValue::new(false),
            stale: StoredValue::new(BTreeSet::new()),
        }
    }

    /// The run at this place of the list; `None` while it is being read.
    pub(super) fn at(self, index: u64) -> Option<ListedRun> {
        let (page, place) = (index / u64::from(PAGE_ROWS), (index % u64::from(PAGE_ROWS)) as usize);
        self.pages.with(|pages| pages.get(&page)?.get(place).cloned())
    }

    pub(super) fn shown(self) -> u64 {
        self.range.with(|it| it.end - it.start)
    }

    /// Runs that are not over, of those in memory, at most so many.
    pub(super) fn running(self, max: usize) -> Vec<RunId> {
        self.pages.with_untracked(|pages| {
            let open = pages.values().flat_map(|it| it.iter()).filter(|it| !it.facts.is_over);
            open.map(|it| it.id.clone()).take(max).collect()
        })
    }

    /// What a live event says of a run, if it is in memory.
    pub(super) fn change(self, run: &Run) {
        let find = |pages: &BTreeMap<u64, Arc<Vec<ListedRun>>>, id: &RunId| {
            pages.iter().find_map(|(page, rows)| Some((*page, rows.iter().position(|it| it.id == *id)?)))
        };
        let Some((page, place)) = self.pages.try_with_untracked(|pages| find(pages, &run.id)).flatten() else {
            return;
        };
        self.pages.update(|pages| {
            if let Some(rows) = pages.get_mut(&page) {
                Arc::make_mut(rows)[place].update(run);
            }
        });
    }

    /// The window shows rows `first` to `first + count`.
    #[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "on the server nothing scrolls"))]
    pub(super) fn scroll(self, first: u64, count: u64) {
        let total = self.total.get_untracked();
        let count = count.min(MAX_SEEN);
        let start = first.saturating_sub(MARGIN_ROWS).min(total);
        let end = (first + count + MARGIN_ROWS).min(total);
        if self.range.with_untracked(|it| *it != (start..end)) {
            self.range.set(start..end);
        }
        self.read();
    }

    /// One page, as without script: the window has become too narrow for a grid.
    #[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "on the server nothing scrolls"))]
    pub(super) fn unscroll(self) {
        let rows = u64::from(PAGE_ROWS);
        let first = self.range.with_untracked(|it| it.start + MARGIN_ROWS) / rows * rows;
        self.is_scrolled.set(false);
        self.range.set(first..(first + rows).min(self.total.get_untracked()));
        self.read();
    }

    /// What is in view is read again; the rest when somebody scrolls there.
    pub(super) fn refresh(self) {
        let Some(seen) = self.seen() else { return };
        self.pages.try_update_untracked(|pages| pages.retain(|it, _| seen.contains(it)));
        self.stale.try_update_value(|stale| stale.extend(seen));
        self.read();
    }

    /// The pages in view; `None` when the list is gone.
    fn seen(self) -> Option<RangeInclusive<u64>> {
        let range = self.range.try_get_untracked()?;
        let rows = u64::from(PAGE_ROWS);
        Some(range.start / rows..=range.end.saturating_sub(1).max(range.start) / rows)
    }

    /// The next page to read: one in view that may have changed or is missing.
    fn wanted(self) -> Option<u64> {
        let seen = self.seen()?;
        let stale = self.stale.try_with_value(|stale| stale.iter().copied().find(|it| seen.contains(it)))?;
        let total = self.total.try_get_untracked()?;
        let is_missing = |page: &u64| {
            let is_there = self.pages.try_with_untracked(|pages| pages.contains_key(page));
            page * u64::from(PAGE_ROWS) < total && is_there == Some(false)
        };
        stale.or_else(|| seen.clone().find(is_missing))
    }

    /// Reads what is wanted, page after page, until nothing is.
    fn read(self) {
        if self.is_reading.try_get_value() != Some(false) {
            return;
        }
        self.is_reading.set_value(true);
        spawn_local(async move {
            while let Some(page) = self.wanted() {
                let Some((query, columns)) = self.source.try_get_value() else { return };
                let offset = page * u64::from(PAGE_ROWS);
                // What changes from here on is not in the answer.
                self.stale.try_update_value(|stale| stale.remove(&page));
                let Ok(answer) = run_rows(query.search, query.order, columns, offset).await else {
                    // The list stays as it is, and the connection light tells.
                    self.stale.try_update_value(|stale| stale.insert(page));
                    set_timeout(move || self.read(), AGAIN_AFTER);
                    break;
                };
                let count = answer.rows.len() as u64;
                self.total.try_set(answer.total);
                self.pages.try_update(|pages| {
                    pages.insert(page, Arc::new(answer.rows));
                    pages.retain(|it, _| it.abs_diff(page) <= KEPT_PAGES);
                });
                if self.is_scrolled.try_get_untracked() == Some(false) {
                    self.range.try_set(offset..offset + count);
                }
            }
            self.is_reading.try_set_value(false);
        });
    }
}
