//! The compared runs while they are looked at: records and figures change as the live stream says so.

use domain::{
    compare::{CompareRow, ComparedRun, parameter_rows},
    ids::RunId,
    live::{LiveEvent, Topic},
    run::Run,
    series::{Point, SeriesKey, SeriesSummary},
    time::Timestamp,
};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::compare::{CompareView, compare_get},
    components::now::ticking,
    live::{self, Heard},
    model::groups::is_algorithm,
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
    pub runs: RwSignal<Vec<ComparedRun>>,
    pub labels: StoredValue<Vec<RunLabel>>,
    pub now: ReadSignal<Timestamp>,
    /// Every curve of every chart that is open.
    pub drawn: StoredValue<Vec<Drawn>>,
    /// Grows when the charts must read their curves anew.
    pub version: RwSignal<u32>,
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
        let state = Self {
            now: ticking(view.now),
            labels: StoredValue::new(labels(&view.comparison.runs)),
            runs: RwSignal::new(view.comparison.runs),
            drawn: StoredValue::new(Vec::new()),
            version: RwSignal::new(0),
        };
        let ids: Vec<RunId> = state.runs.with_untracked(|all| all.iter().map(|it| it.run.id.clone()).collect());
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
                        state.runs.try_set(view.comparison.runs);
                        state.version.try_update(|it| *it += 1);
                    }
                });
            }
            Heard::Opened | Heard::Event(LiveEvent::Log { .. }) => {}
        });
        state
    }

    fn set_run(self, run: Run) {
        self.runs.try_update(|all| {
            if let Some(known) = all.iter_mut().find(|it| it.run.id == run.id) {
                known.run = run;
            }
        });
    }

    fn append(self, run_id: &RunId, series: Vec<(SeriesKey, Vec<Point>)>) {
        for (key, points) in series.into_iter().filter(|(key, _)| is_algorithm(key)) {
            self.summarise(run_id, &key, &points);
            let known = self.drawn.try_with_value(|all| {
                all.iter().find(|it| it.run_id == *run_id && it.key == key).map(|it| it.points.clone())
            });
            let Some(known) = known.flatten() else {
                // The run's first value of this metric: an open chart of it has one curve more.
                self.version.try_update(|it| *it += 1);
                continue;
            };
            known.update(|all| {
                let last = all.last().map(|it| (it.at, it.step));
                all.extend(points.into_iter().filter(|it| last.is_none_or(|last| (it.at, it.step) > last)));
            });
            if known.with_untracked(Vec::len) > MAX_POINTS {
                self.version.try_update(|it| *it += 1);
            }
        }
    }

    /// The table's figures follow the curves.
    fn summarise(self, run_id: &RunId, key: &SeriesKey, points: &[Point]) {
        self.runs.try_update(|all| {
            let Some(run) = all.iter_mut().find(|it| it.run.id == *run_id) else { return };
            match run.metrics.iter_mut().find(|it| it.key.name == key.name) {
                Some(summary) if summary.key == *key => {
                    // What the page's data had already is heard again at most once, right after it was read.
                    let last = summary.last.at;
                    points.iter().filter(|it| it.at > last).for_each(|it| summary.add(it));
                }
                // Another host's or source's series of the same name: the table shows the one that it began with.
                Some(_) => {}
                None => run.metrics.extend(SeriesSummary::of_points(key.clone(), points)),
            }
        });
    }

    /// Names of the metrics that any of the runs has.
    pub fn metric_names(self) -> Vec<String> {
        let mut names: Vec<String> =
            self.runs.with(|all| all.iter().flat_map(|it| &it.metrics).map(|it| it.key.name.clone()).collect());
        names.sort();
        names.dedup();
        names
    }
}
