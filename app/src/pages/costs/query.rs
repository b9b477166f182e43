//! The review's whole state, as it stands in the URL.

use domain::costs::{CostFilter, CostGrouping, Month};
use leptos_router::params::ParamsMap;

use crate::paths::{self, Query};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CostsQuery {
    /// `None`: this one.
    pub month: Option<Month>,
    pub grouping: CostGrouping,
    /// The steps into the figures, the first one first.
    pub filter: CostFilter,
}

/// Between a step's grouping and its key; a tag's name may have a colon.
const SEPARATOR: char = '~';
/// More steps lead nowhere new.
const MAX_STEPS: usize = 8;

impl CostsQuery {
    pub fn read(query: &ParamsMap) -> Self {
        let step = |text: &String| {
            let (grouping, key) = text.split_once(SEPARATOR)?;
            Some((CostGrouping::parse(grouping)?, key.to_owned()))
        };
        Self {
            month: query.get_str("month").and_then(|it| Month::parse(it.trim())),
            grouping: query.get_str("by").and_then(|it| CostGrouping::parse(it.trim())).unwrap_or_default(),
            filter: query.get_all("in").unwrap_or_default().iter().filter_map(step).take(MAX_STEPS).collect(),
        }
    }

    /// The page's URL in this state; defaults are left out.
    pub fn href(&self) -> String {
        let mut query = Query::default();
        for (name, value) in self.pairs() {
            query.push(name, Some(&value));
        }
        query.on(paths::COSTS)
    }

    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        pairs.extend(self.month.map(|it| ("month", it.to_string())));
        if self.grouping != CostGrouping::default() {
            pairs.push(("by", self.grouping.to_string()));
        }
        pairs.extend(self.filter.iter().map(|(grouping, key)| ("in", format!("{grouping}{SEPARATOR}{key}"))));
        pairs
    }

    /// One step into a group: its runs, by what tells them apart next.
    pub fn of_group(&self, key: &str) -> Self {
        let mut inner = self.clone();
        inner.filter.push((self.grouping.clone(), key.to_owned()));
        inner.grouping = CostGrouping::Run;
        inner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_survives_its_url() {
        let state = CostsQuery {
            month: Month::parse("2026-11"),
            grouping: CostGrouping::Tag("cost:center".to_owned()),
            filter: vec![
                (CostGrouping::Experiment, "a~b & c".to_owned()),
                (CostGrouping::Tag("team".to_owned()), String::new()),
            ],
        };
        let url = leptos_router::location::RequestUrl::new(&state.href()).parse().expect("our own URL");
        assert_eq!(CostsQuery::read(url.search_params()), state);
        assert_eq!(CostsQuery::default().href(), paths::COSTS);
        let inner = state.of_group("x");
        assert_eq!((inner.filter.len(), inner.grouping), (3, CostGrouping::Run));
    }

    #[test]
    fn nonsense_in_the_url_is_the_default() {
        let mut query = ParamsMap::new();
        for (name, value) in [("month", "2026-99"), ("by", "tag:"), ("in", "x"), ("in", "run:1~2")] {
            query.insert(name, value.to_owned());
        }
        assert_eq!(CostsQuery::read(&query), CostsQuery::default());
    }
}
