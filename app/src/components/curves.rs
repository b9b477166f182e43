//! The curves of one run as a page holds them: read once, then grown by live events, drawn as a grid of charts.

use charts::Unit;
use domain::{
    ids::RunId,
    series::{Point, Series, SeriesKey},
};
use leptos::prelude::*;

use super::chart::{ChartCard, ChartLook, Cursor, Line};
use crate::{
    api::run::MAX_SERIES,
    model::groups::{self, grouped, label_of},
};

/// One series. Its points change on their own, so that a new point redraws one chart and not the page.
#[derive(Clone)]
pub struct Curve {
    pub key: SeriesKey,
    pub points: ArcRwSignal<Vec<Point>>,
}

#[derive(Clone, Copy)]
pub struct Curves {
    run_id: StoredValue<RunId>,
    /// By key; at most `MAX_SERIES`.
    pub list: RwSignal<Vec<Curve>>,
    /// Series that the page does not hold.
    pub more: RwSignal<usize>,
}

impl Curves {
    pub fn new(run_id: RunId, series: Vec<Series>, more: usize) -> Self {
        let curves =
            Self { run_id: StoredValue::new(run_id), list: RwSignal::new(Vec::new()), more: RwSignal::new(more) };
        curves.set(series);
        curves
    }

    /// What was read anew, into the same signals: nothing on the page jumps.
    pub fn set(self, series: Vec<Series>) {
        for Series { key, points } in groups::without_shadowed(series) {
            match self.find(&key) {
                Some(curve) => curve.points.set(points),
                None => self.add(key, points),
            }
        }
    }

    /// What came live.
    pub fn append(self, series: Vec<(SeriesKey, Vec<Point>)>) {
        for (key, new) in series {
            if let Some(curve) = self.find(&key) {
                curve.points.update(|points| key.points_add(points, new));
                continue;
            }
            let is_shadowed = self.list.try_with_untracked(|all| {
                let keys: Vec<SeriesKey> = all.iter().map(|it| it.key.clone()).collect();
                groups::is_shadowed(&key, &keys)
            });
            if is_shadowed == Some(false) {
                self.add(key, new);
            }
        }
    }

    fn add(self, key: SeriesKey, points: Vec<Point>) {
        if self.list.try_with_untracked(Vec::len).is_none_or(|count| count >= MAX_SERIES) {
            // How many there are in all is known when the page is read again: this one may have been counted.
            self.more.try_update(|more| *more = (*more).max(1));
            return;
        }
        self.list.try_update(|all| {
            all.push(Curve { key, points: ArcRwSignal::new(points) });
            all.sort_by(|a, b| a.key.cmp(&b.key));
        });
    }

    fn find(self, key: &SeriesKey) -> Option<Curve> {
        self.list.try_with_untracked(|all| all.iter().find(|it| it.key == *key).cloned()).flatten()
    }
}

/// The charts of the curves that `takes` takes, one for each quantity. They share a cursor.
#[component]
pub fn CurveGrid(
    curves: Curves,
    takes: fn(&SeriesKey) -> bool,
    #[prop(into)] look: Signal<ChartLook>,
    #[prop(optional)] is_compact: bool,
    /// As of [`ChartCard`].
    #[prop(optional_no_strip)]
    on_zoom: Option<Callback<Option<(f64, f64)>>>,
) -> impl IntoView {
    let cursor = Cursor(RwSignal::new(None));
    let groups = Memo::new(move |_| curves.list.with(|all| grouped(all.iter().map(|it| it.key.clone()).filter(takes))));
    view! {
        <div class="charts" class:is-compact=is_compact>
            <For
                each=move || groups.get()
                key=|(title, keys)| (title.clone(), keys.len())
                children=move |(title, keys)| {
                    let unit = if title.ends_with("Utilization") { Unit::Percent } else { Unit::Plain };
                    let lines = lines_of(curves, &keys);
                    view! {
                        <ChartCard title=words(&title) lines=Signal::stored(lines) look unit cursor is_compact on_zoom=on_zoom/>
                    }
                }
            />
        </div>
    }
}

/// The curves of a chart, coloured in their order.
fn lines_of(curves: Curves, keys: &[SeriesKey]) -> Vec<Line> {
    let several_hosts = keys.iter().any(|it| it.host != keys[0].host);
    let (run_id, curves) = (curves.run_id.get_value(), curves.list.get_untracked());
    let found = keys.iter().filter_map(|key| curves.iter().find(|it| it.key == *key));
    found
        .enumerate()
        .map(|(color_index, curve)| Line {
            label: label_of(&curve.key, several_hosts),
            color_index,
            points: curve.points.clone(),
            clock: None,
            source: Some((run_id.clone(), curve.key.clone())),
        })
        .collect()
}

/// CloudWatch's names as words; a script's own names stay as they are.
fn words(title: &str) -> String {
    match title {
        "CPUUtilization" => "CPU utilization".to_owned(),
        "MemoryUtilization" => "Memory utilization".to_owned(),
        "DiskUtilization" => "Disk utilization".to_owned(),
        "GPUUtilization" => "GPU utilization".to_owned(),
        "GPUMemoryUtilization" => "GPU memory utilization".to_owned(),
        other => other.to_owned(),
    }
}

/// Says that there are more curves than the page draws, and how to see the rest.
#[component]
pub fn MoreCurves(curves: Curves, children: ChildrenFn) -> impl IntoView {
    view! {
        <Show when=move || { curves.more.get() > 0 }>
            <p class="dim">{format!("The first {MAX_SERIES} series are drawn here. ")}{children()}</p>
        </Show>
    }
}
