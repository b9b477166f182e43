//! The compare page's whole state, as it stands in the URL: a link shows the same comparison.

use domain::{
    compare::MetricStat,
    ids::{ExperimentName, RunId},
    sweep::Goal,
};
use leptos_router::params::ParamsMap;

use super::quantity::Quantity;
use crate::{
    model::chart_query::ChartQuery,
    paths::{self, Query},
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    #[default]
    Curves,
    Table,
    Scatter,
}

impl Tab {
    pub const ALL: [Self; 3] = [Self::Curves, Self::Table, Self::Scatter];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Curves => "curves",
            Self::Table => "table",
            Self::Scatter => "scatter",
        }
    }

    pub const fn word(self) -> &'static str {
        match self {
            Self::Curves => "Curves",
            Self::Table => "Table",
            Self::Scatter => "Scatter",
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct CompareQuery {
    /// In the order of their colours.
    pub runs: Vec<RunId>,
    /// Where no run is named: the newest of this experiment.
    pub experiment: Option<ExperimentName>,
    /// The run that others are measured against; else the first.
    pub base: Option<RunId>,
    pub tab: Tab,
    pub chart: ChartQuery,
    /// Part of the names of the metrics to show.
    pub metric: String,
    pub stat: MetricStat,
    /// Rows in which all runs are equal are shown, too.
    pub with_equal: bool,
    pub scatter_x: Option<Quantity>,
    pub scatter_y: Option<Quantity>,
    /// Which way the scatter's y is better; else what its name says.
    pub goal: Option<Goal>,
}

const fn goal_str(goal: Goal) -> &'static str {
    match goal {
        Goal::Minimize => "min",
        Goal::Maximize => "max",
    }
}

impl CompareQuery {
    pub fn read(query: &ParamsMap) -> Self {
        let text = |name| query.get_str(name).map(str::trim).unwrap_or_default();
        let ids = query.get_all("run").unwrap_or_default();
        Self {
            // The form of a page without script names each in a parameter of its own, our links all in one.
            runs: ids.iter().flat_map(|it| it.split(',')).filter_map(|it| RunId::parse(it.trim()).ok()).collect(),
            experiment: ExperimentName::parse(text("experiment")).ok(),
            base: RunId::parse(text("base")).ok(),
            tab: Tab::ALL.into_iter().find(|it| it.as_str() == text("tab")).unwrap_or_default(),
            chart: ChartQuery::read(query),
            metric: text("metric").to_owned(),
            stat: MetricStat::parse(text("value")).unwrap_or_default(),
            with_equal: text("equal") == "1",
            scatter_x: Quantity::parse(text("sx")),
            scatter_y: Quantity::parse(text("sy")),
            goal: [Goal::Minimize, Goal::Maximize].into_iter().find(|it| goal_str(*it) == text("goal")),
        }
    }

    /// The page's URL in this state; defaults are left out.
    pub fn href(&self) -> String {
        let mut query = Query::default();
        for (name, value) in self.pairs() {
            query.push(name, Some(&value));
        }
        self.chart.push_to(&mut query);
        query.on(paths::COMPARE)
    }

    /// All but how the curves are drawn.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let ids: Vec<&str> = self.runs.iter().map(RunId::as_str).collect();
        let quantity = |it: &Option<Quantity>| it.as_ref().map(ToString::to_string).unwrap_or_default();
        let default = Self::default();
        let unless = |is_default: bool, text: &str| if is_default { String::new() } else { text.to_owned() };
        let pairs = [
            ("run", ids.join(",")),
            ("experiment", self.experiment.as_ref().map(ToString::to_string).unwrap_or_default()),
            ("base", self.base.as_ref().map(ToString::to_string).unwrap_or_default()),
            ("tab", unless(self.tab == default.tab, self.tab.as_str())),
            ("metric", self.metric.clone()),
            ("value", unless(self.stat == default.stat, self.stat.as_str())),
            ("equal", unless(!self.with_equal, "1")),
            ("sx", quantity(&self.scatter_x)),
            ("sy", quantity(&self.scatter_y)),
            ("goal", self.goal.map(goal_str).unwrap_or_default().to_owned()),
        ];
        pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_survives_its_url() {
        let id = |number| RunId::new(domain::time::Timestamp::from_unix_millis(1), number);
        let state = CompareQuery {
            runs: vec![id(2), id(1)],
            experiment: None,
            base: Some(id(1)),
            tab: Tab::Scatter,
            chart: ChartQuery {
                axis: charts::XAxis::Dollars,
                log_scale: true,
                smoothing_percent: 30,
                zoom: Some((0.5, 2.0)),
            },
            metric: "loss & <b>".to_owned(),
            stat: MetricStat::Min,
            with_equal: true,
            scatter_x: Some(Quantity::Parameter("lr:0".to_owned())),
            scatter_y: Some(Quantity::Metric("val:loss".to_owned())),
            goal: Some(Goal::Maximize),
        };
        let url = leptos_router::location::RequestUrl::new(&state.href()).parse().expect("our own URL");
        assert_eq!(CompareQuery::read(url.search_params()), state);
        assert_eq!(CompareQuery::default().href(), paths::COMPARE);
    }

    #[test]
    fn runs_are_named_together_or_one_by_one_and_nonsense_is_left_out() {
        let id = RunId::new(domain::time::Timestamp::from_unix_millis(1), 7);
        let mut query = ParamsMap::new();
        query.insert("run", format!("{id},../etc"));
        query.insert("run", id.to_string());
        query.insert("tab", "x".to_owned());
        let read = CompareQuery::read(&query);
        assert_eq!(read.runs, [id.clone(), id]);
        assert_eq!(read.tab, Tab::Curves);
    }
}
