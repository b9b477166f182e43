//! The run page's whole view state, as it stands in the URL.

use domain::{capsule::Tolerance, ids::RunId};
use leptos_router::params::ParamsMap;

use crate::{
    model::chart_query::ChartQuery,
    paths::{self, Query},
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    #[default]
    Overview,
    Charts,
    System,
    Logs,
    Config,
    Files,
    Capsule,
}

impl Tab {
    pub const ALL: [Self; 7] =
        [Self::Overview, Self::Charts, Self::System, Self::Logs, Self::Config, Self::Files, Self::Capsule];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Charts => "charts",
            Self::System => "system",
            Self::Logs => "logs",
            Self::Config => "config",
            Self::Files => "files",
            Self::Capsule => "capsule",
        }
    }

    pub const fn word(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Charts => "Charts",
            Self::System => "System",
            Self::Logs => "Logs",
            Self::Config => "Parameters",
            Self::Files => "Files",
            Self::Capsule => "Capsule",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunQuery {
    pub tab: Tab,
    pub chart: ChartQuery,
    /// Log lines must contain this.
    pub search: String,
    /// Log lines of this host only.
    pub host: String,
    /// How far apart a repetition's metrics may be.
    pub tolerance: Tolerance,
}

impl RunQuery {
    pub fn read(query: &ParamsMap) -> Self {
        let text = |name| query.get_str(name).unwrap_or_default();
        Self {
            tab: Tab::parse(text("tab")).unwrap_or_default(),
            chart: ChartQuery::read(query),
            search: text("q").to_owned(),
            host: text("host").to_owned(),
            tolerance: Tolerance::parse(text("tolerance")).unwrap_or_default(),
        }
    }

    /// The page's URL in this state; defaults are left out.
    pub fn href(&self, id: &RunId) -> String {
        let default = Self::default();
        let mut query = Query::default();
        query.push("tab", (self.tab != default.tab).then_some(self.tab.as_str()));
        self.chart.push_to(&mut query);
        query.push("q", Some(&self.search));
        query.push("host", Some(&self.host));
        let tolerance = self.tolerance.word();
        query.push("tolerance", (self.tolerance != default.tolerance).then_some(tolerance.as_str()));
        query.on(&paths::run(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_survives_its_url() {
        let id = RunId::new(domain::time::Timestamp::from_unix_millis(1), 7);
        let state = RunQuery {
            tab: Tab::Logs,
            chart: ChartQuery { axis: charts::XAxis::WallTime, log_scale: true, smoothing_percent: 60, zoom: None },
            search: "a&b=<c> ü".to_owned(),
            host: "algo-1".to_owned(),
            tolerance: Tolerance::EXACT,
        };
        let href = state.href(&id);
        let url = leptos_router::location::RequestUrl::new(&href).parse().expect("our own URL");
        assert_eq!(RunQuery::read(url.search_params()), state);
        assert_eq!(RunQuery::default().href(&id), paths::run(&id));
    }

    #[test]
    fn nonsense_in_the_url_is_the_default() {
        let mut query = ParamsMap::new();
        for (name, value) in [("tab", "x"), ("smooth", "1000"), ("log", "yes"), ("x", ""), ("tolerance", "9")] {
            query.insert(name, value.to_owned());
        }
        assert_eq!(RunQuery::read(&query), RunQuery::default());
    }
}
