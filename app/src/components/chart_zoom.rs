//! A part of a chart's axis: chosen by dragging or by keys, and read anew, because a page holds only as many points of a
//! long series as the whole chart can show.

use std::{borrow::Cow, collections::BTreeMap};

use charts::{PlotArea, XAxis};
use domain::{
    series::{Point, PointWindow},
    time::Timestamp,
};
use leptos::prelude::*;

use super::chart::{ChartLook, Line};
use crate::api::run::SeriesWindow;

/// A series with fewer points than this was not thinned: see `api::run::FIRST_POINTS`, and how `store` thins.
const SURELY_WHOLE: usize = 150;
/// A drag below this is a click.
const MIN_DRAG_PIXELS: f64 = 6.0;

/// Waits for whoever turns on: only where he stops is read.
#[cfg(feature = "hydrate")]
const READ_AFTER: std::time::Duration = std::time::Duration::from_millis(150);

/// What was read for a part of the axis, by the line's place in the chart.
#[derive(Clone, Default, PartialEq)]
struct Read {
    /// What it answers; for any other question it stands for nothing.
    windows: Vec<(usize, SeriesWindow)>,
    points: BTreeMap<usize, Vec<Point>>,
}

#[derive(Clone, Copy)]
pub(super) struct Closer {
    wanted: Memo<Vec<(usize, SeriesWindow)>>,
    read: RwSignal<Read>,
}

/// Follows the look: reads the lines of which the page holds only a part.
pub(super) fn closer(lines: Signal<Vec<Line>>, look: Signal<ChartLook>) -> Closer {
    let wanted = Memo::new(move |_| {
        let look = look.get();
        look.x_range.map(|range| lines.with(|lines| windows(lines, look, range))).unwrap_or_default()
    });
    let closer = Closer { wanted, read: RwSignal::new(Read::default()) };
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        if wanted.with(Vec::is_empty) {
            return;
        }
        set_timeout(move || closer.fetch(wanted.try_get_untracked().unwrap_or_default()), READ_AFTER);
    });
    closer
}

impl Closer {
    #[cfg(feature = "hydrate")]
    fn fetch(self, windows: Vec<(usize, SeriesWindow)>) {
        if windows.is_empty() || self.read.try_with_untracked(|it| it.windows == windows) != Some(false) {
            return;
        }
        leptos::task::spawn_local(async move {
            let asked = windows.iter().map(|(_, it)| it.clone()).collect();
            // Failing means that the chart stays as coarse as it is.
            let Ok(found) = crate::api::run::series_windows(asked).await else { return };
            // Somebody may want something else by now.
            if self.wanted.try_with_untracked(|it| *it == windows) == Some(true) {
                let points = windows.iter().map(|(place, _)| *place).zip(found).collect();
                self.read.try_set(Read { windows, points });
            }
        });
    }

    /// The line's points: those that were read closer, and what came live after them; or those that the page holds.
    pub(super) fn points(self, place: usize, held: &[Point]) -> Cow<'_, [Point]> {
        self.wanted.with(|wanted| {
            self.read.with(|read| {
                let window = read.windows.iter().find(|(it, _)| *it == place).map(|(_, it)| it.window);
                match (window, read.points.get(&place)) {
                    (Some(window), Some(closer)) if read.windows == *wanted => {
                        let last = closer.last().map(|it| it.at);
                        let is_later = |it: &&Point| last.is_some_and(|last| it.at > last) && is_before_end(window, it);
                        Cow::Owned(closer.iter().chain(held.iter().filter(is_later)).copied().collect())
                    }
                    _ => Cow::Borrowed(held),
                }
            })
        })
    }
}

fn is_before_end(window: PointWindow, point: &Point) -> bool {
    match window {
        PointWindow::Steps(_, to) => point.step <= to,
        PointWindow::Times(_, to) => point.at <= to,
    }
}

/// The parts of the lines that were thinned.
fn windows(lines: &[Line], look: ChartLook, range: (f64, f64)) -> Vec<(usize, SeriesWindow)> {
    let window = |(place, line): (usize, &Line)| {
        let is_part = line.points.with_untracked(Vec::len) >= SURELY_WHOLE;
        let (run_id, key) = line.source.clone().filter(|_| is_part)?;
        Some((place, SeriesWindow { run_id, key, window: window(line, look, range)? }))
    };
    lines.iter().enumerate().filter_map(window).collect()
}

/// The part of the axis as steps or times of a line; `None`: it has no place there.
fn window(line: &Line, look: ChartLook, (from, to): (f64, f64)) -> Option<PointWindow> {
    let at = |origin: Timestamp, seconds: f64| origin.plus_micros((seconds * 1e6) as i64);
    let origin = line.clock.map(|it| it.origin).or(look.origin);
    Some(match look.x {
        XAxis::Step => PointWindow::Steps(from.floor() as i64, to.ceil() as i64),
        XAxis::WallTime => {
            let epoch = Timestamp::from_unix_micros(0);
            PointWindow::Times(at(epoch, from), at(epoch, to))
        }
        XAxis::RelativeTime => {
            let origin = origin.or_else(|| line.points.with_untracked(|it| it.first().map(|it| it.at)))?;
            PointWindow::Times(at(origin, from), at(origin, to))
        }
        XAxis::Dollars => {
            let clock = line.clock.filter(|it| it.dollars_per_second > 0.0)?;
            let seconds = |dollars: f64| dollars / clock.dollars_per_second;
            PointWindow::Times(at(clock.origin, seconds(from)), at(clock.origin, seconds(to)))
        }
    })
}

/// The part between two places; `None` when they are too near each other to be meant.
pub(super) fn chosen(plot: &PlotArea, from: f64, to: f64) -> Option<(f64, f64)> {
    let pixels = (plot.pixel_of_x(to) - plot.pixel_of_x(from)).abs();
    (pixels >= MIN_DRAG_PIXELS).then(|| (from.min(to), from.max(to)))
}

/// `+` shows half as much around a place, `-` twice as much, `0` all; `current` is what is shown now.
pub(super) fn keyed(
    plot: &PlotArea,
    key: &str,
    around: Option<f64>,
    current: Option<(f64, f64)>,
) -> Option<(f64, f64)> {
    let width = plot.x_max - plot.x_min;
    let middle = around.unwrap_or_else(|| f64::midpoint(plot.x_min, plot.x_max));
    match key {
        "+" | "=" => Some((middle - width / 4.0, middle + width / 4.0)),
        // The whole is not known here: from four times a part that was never zoomed into, nothing is gained.
        "-" => current.map(|_| (middle - width, middle + width)),
        _ => None,
    }
}

/// Left edge and width of a selection, in percent of the chart.
pub(super) fn percent(plot: &PlotArea, from: f64, to: f64) -> (f64, f64) {
    let (a, b) = (plot.pixel_of_x(from), plot.pixel_of_x(to));
    (a.min(b) / plot.width * 100.0, (a - b).abs() / plot.width * 100.0)
}
