//! The compared runs while they are looked at: records and figures change as the live stream says so.

use std::collections::BTreeMap;

use domain::{
    compare::{CompareRow, ComparedRun, parameter_rows},
    ids::RunId,
    live::{LiveEvent, Topic},
    run::Run,
    series::{Point, Series, SeriesKey, SeriesSummary},
    time::Timestamp,
};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::compare::{CompareView, compare_get},
    components::now::ticking,
    live::{self, Heard},
    model::groups::{is_algorithm, is_shadowed},
};

/// A curve that is drawn: new points go there.
#[derive(Clone)]
pub struct Drawn {
    pub run_id: RunId,
    pub key: SeriesKey,
    pub points: ArcRwSignal<Vec<Point>>,
}

/// How a run is told from the others of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunLabel {
    /// Those of its parameters that the runs differ in, the first few: `lr=0.1, depth=3`.
    pub parameters: String,
    /// The parameters, or else the job's name; and the end of the id, which no two runs share.
    pub full: String,
}

#[derive(Clone, Copy)]
pub struct CompareState {
    /// In the order of their colours.
    pub runs: RwSignal<Vec<Run>>,
    /// Of each run, in the same order. Apart from the records: points come often, and change nothing of those.
    pub metrics: RwSignal<Vec<Vec<SeriesSummary>>>,
    pub labels: StoredValue<Vec<RunLabel>>,
    pub now: ReadSignal<Timestamp>,
    /// Every curve of every chart that is open.
    pub drawn: StoredValue<Vec<Drawn>>,
    /// By metric, the charts that are open: what grows there makes one read its curves anew.
    pub open: StoredValue<BTreeMap<String, RwSignal<u32>>>,
}

/// A curve that has grown longer than this is read anew, thinned.
const MAX_POINTS: usize = 3_000;
/// A label with more of them would be a table.
const MAX_PARAMETERS: usize = 3;
const ID_END_CHARS: usize = 5;

fn labels(runs: &[ComparedRun]) -> Vec<RunLabel> {
    let rows = parameter_rows(runs.iter().map(|it| &it.run));
    let telling: Vec<&CompareRow> = rows.iter().filter(|it| it.differs()).take(MAX_PARAMETERS).collect();
    let label = |(index, it): (usize, &ComparedRun)| {
        let parameter = |row: &&CompareRow| Some(format!("{}={}", row.name, row.cells[index].as_ref()?));
        let parameters = telling.iter().filter_map(parameter).collect::<Vec<_>>().join(", ");
        let id = it.run.id.as_str().to_ascii_lowercase();
        let name = it.run.job_name.as_str();
        let name = name.strip_suffix(id.as_str()).map_or(name, |it| it.trim_end_matches('-'));
        let what = if parameters.is_empty() { name } else { &parameters };
        RunLabel { full: format!("{what} …{}", &id[id.len() - ID_END_CHARS..]), parameters }
    };
    runs.iter().enumerate().map(label).collect()
}

impl CompareState {
    pub fn new(view: CompareView) -> Self {
        let labels = labels(&view.comparison.runs);
        let (runs, metrics): (Vec<Run>, Vec<_>) =
            view.comparison.runs.into_iter().map(|it| (it.run, it.metrics)).unzip();
        let ids: Vec<RunId> = runs.iter().map(|it| it.id.clone()).collect();
        let state = Self {
            now: ticking(view.now),
            labels: StoredValue::new(labels),
            runs: RwSignal::new(runs),
            metrics: RwSignal::new(metrics),
            drawn: StoredValue::new(Vec::new()),
            open: StoredValue::new(BTreeMap::new()),
        };
        // What has ended changes no more, but for its last values, which come a moment later.
        let topics: Vec<Topic> = ids.iter().cloned().map(Topic::Curves).collect();
        live::listen(&topics, view.live_number, move |heard| match heard {
            Heard::Event(LiveEvent::Run(run)) => state.set_run(*run),
            Heard::Event(LiveEvent::Points { run_id, series }) => state.append(&run_id, series),
            Heard::Event(LiveEvent::Resync) => {
                let ids = ids.clone();
                spawn_local(async move {
                    // Failing means that the page stays as it is; the connection light tells.
                    if let Ok(view) = compare_get(ids, None).await {
                        state.set_all(view.comparison.runs);
                    }
                });
            }
            Heard::Opened | Heard::Event(LiveEvent::Log { .. } | LiveEvent::Logged) => {}
        });
        state
    }

    fn place(self, run_id: &RunId) -> Option<usize> {
        self.runs.try_with_untracked(|all| all.iter().position(|it| it.id == *run_id)).flatten()
    }

    fn set_all(self, runs: Vec<ComparedRun>) {
        for ComparedRun { run, metrics } in runs {
            if let Some(place) = self.place(&run.id) {
                self.metrics.try_update(|all| all[place] = metrics);
            }
            self.set_run(run);
        }
        self.read_again(|_| true);
    }

    /// An older record than the one that is shown changes nothing.
    fn set_run(self, run: Run) {
        let Some(place) = self.place(&run.id) else { return };
        let is_end = self.runs.try_update(|all| {
            let known = &mut all[place];
            let is_end = run.is_over() && !known.is_over();
            if run.updated_at >= known.updated_at {
                *known = run;
            }
            is_end
        });
        if is_end == Some(true) {
            // What it cost is known now, and so is where its curves lie on the axis of money.
            self.read_again(|_| true);
        }
    }

    fn read_again(self, is_meant: impl Fn(&str) -> bool) {
        let open = self.open.try_with_value(|all| {
            all.iter().filter(|(metric, _)| is_meant(metric)).map(|(_, it)| *it).collect::<Vec<_>>()
        });
        for version in open.unwrap_or_default() {
            version.try_update(|it| *it += 1);
        }
    }

    fn append(self, run_id: &RunId, series: Vec<(SeriesKey, Vec<Point>)>) {
        for (key, points) in series.into_iter().filter(|(key, _)| is_algorithm(key)) {
            let of_run = self.drawn.try_with_value(|all| {
                all.iter().filter(|it| it.run_id == *run_id).map(|it| it.key.clone()).collect::<Vec<_>>()
            });
            if is_shadowed(&key, &of_run.unwrap_or_default()) {
                continue;
            }
            self.summarise(run_id, &key, &points);
            let known = self.drawn.try_with_value(|all| {
                all.iter().find(|it| it.run_id == *run_id && it.key == key).map(|it| it.points.clone())
            });
            let Some(known) = known.flatten() else {
                // The run's first value of this metric: its chart, where it is open, has one curve more.
                self.read_again(|metric| metric == key.name);
                continue;
            };
            known.update(|all| key.points_add(all, points));
            if known.with_untracked(Vec::len) > MAX_POINTS {
                self.read_again(|metric| metric == key.name);
            }
        }
    }

    /// The table's figures follow the curves.
    fn summarise(self, run_id: &RunId, key: &SeriesKey, points: &[Point]) {
        let Some(place) = self.place(run_id) else { return };
        self.metrics.try_update(|all| {
            let metrics = &mut all[place];
            match metrics.iter_mut().find(|it| it.key.name == key.name) {
                // What the page's data had already is heard again at most once, right after it was read.
                Some(summary) if summary.key == *key => {
                    let last = (summary.last.at, summary.last.step);
                    points.iter().filter(|it| (it.at, it.step) > last).for_each(|it| summary.add(it));
                }
                // Another host's or source's series of the same name: the table shows the one that it began with.
                Some(_) => {}
                None => metrics.extend(SeriesSummary::of_points(key.clone(), points)),
            }
        });
    }

    /// A curve that was read: it is drawn from now on, with what came live while it was being read.
    pub fn draw(self, run_id: &RunId, series: Series) -> ArcRwSignal<Vec<Point>> {
        let Series { key, mut points } = series;
        let mut drawn = None;
        self.drawn.update_value(|all| {
            if let Some(old) = all.iter().position(|it| it.run_id == *run_id && it.key == key) {
                let came = all.swap_remove(old).points.get_untracked();
                key.points_add(&mut points, came);
            }
            let points = ArcRwSignal::new(points);
            drawn = Some(points.clone());
            all.push(Drawn { run_id: run_id.clone(), key, points });
        });
        drawn.unwrap_or_default()
    }

    /// Names of the metrics that any of the runs has.
    pub fn metric_names(self) -> Vec<String> {
        let mut names: Vec<String> =
            self.metrics.with(|all| all.iter().flatten().map(|it| it.key.name.clone()).collect());
        names.sort();
        names.dedup();
        names
    }
}
