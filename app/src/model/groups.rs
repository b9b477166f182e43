//! Which curves share a chart.
//!
//! Metrics that differ only in their phase (`train:loss`, `validation:loss`) belong together: seeing them apart is what
//! the chart is for. Instance metrics are grouped by what they measure, one curve per host.

use std::collections::BTreeMap;

use domain::series::{Series, SeriesKey, SeriesSource};

/// Words that name a phase rather than a quantity.
const PHASES: [&str; 9] = ["train", "training", "valid", "validation", "val", "test", "eval", "dev", "holdout"];
const SEPARATORS: [char; 5] = [':', '_', '-', '/', '.'];

/// Every metric once.
pub fn without_shadowed(series: Vec<Series>) -> Vec<Series> {
    let keys: Vec<SeriesKey> = series.iter().map(|it| it.key.clone()).collect();
    series.into_iter().filter(|it| !is_shadowed(&it.key, &keys)).collect()
}

pub fn is_algorithm(key: &SeriesKey) -> bool {
    key.source != SeriesSource::Instance
}

/// The same metric also came out of the log, where it has its steps and no delay.
pub fn is_shadowed(key: &SeriesKey, all: &[SeriesKey]) -> bool {
    key.source == SeriesSource::CloudWatch && all.iter().any(|it| it.source == SeriesSource::Log && it.name == key.name)
}

/// The one curve that tells most of a run: a loss, if there is one.
#[cfg(any(feature = "ssr", test))]
pub fn telling_key(keys: Vec<SeriesKey>) -> Option<SeriesKey> {
    let mut own: Vec<SeriesKey> = keys.into_iter().filter(is_algorithm).collect();
    let index = own.iter().position(|it| it.name.contains("loss")).unwrap_or(0);
    (index < own.len()).then(|| own.swap_remove(index))
}

/// Chart titles with the keys drawn under each, titles in alphabetical order, keys in theirs.
pub fn grouped(keys: impl IntoIterator<Item = SeriesKey>) -> Vec<(String, Vec<SeriesKey>)> {
    let mut groups: BTreeMap<String, Vec<SeriesKey>> = BTreeMap::new();
    for key in keys {
        groups.entry(title_of(&key)).or_default().push(key);
    }
    for keys in groups.values_mut() {
        keys.sort();
    }
    groups.into_iter().collect()
}

/// The quantity that a metric's name names, without its phase.
fn title_of(key: &SeriesKey) -> String {
    if !is_algorithm(key) {
        return key.name.clone();
    }
    let is_phase = |word: &str| PHASES.contains(&word.to_ascii_lowercase().as_str());
    if let Some((first, rest)) = key.name.split_once(SEPARATORS)
        && is_phase(first)
        && !rest.is_empty()
    {
        return rest.to_owned();
    }
    if let Some((rest, last)) = key.name.rsplit_once(SEPARATORS)
        && is_phase(last)
        && !rest.is_empty()
    {
        return rest.to_owned();
    }
    key.name.clone()
}

/// What tells a curve apart from the others of its chart.
pub fn label_of(key: &SeriesKey, several_hosts: bool) -> String {
    match (is_algorithm(key), several_hosts && !key.host.is_empty()) {
        (true, false) => key.name.clone(),
        (true, true) => format!("{} ({})", key.name, key.host),
        (false, _) => key.host.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, source: SeriesSource, host: &str) -> SeriesKey {
        SeriesKey { name: name.to_owned(), source, host: host.to_owned() }
    }

    #[test]
    fn phases_of_one_quantity_share_a_chart() {
        let names = ["validation:loss", "train:loss", "accuracy_val", "accuracy", "lr"];
        let groups = grouped(names.map(|name| key(name, SeriesSource::Log, "algo-1")));
        let titles: Vec<&str> = groups.iter().map(|(title, _)| title.as_str()).collect();
        assert_eq!(titles, ["accuracy", "loss", "lr"]);
        assert_eq!(groups[1].1[0].name, "train:loss");
        assert_eq!(groups[1].1[1].name, "validation:loss");
    }

    #[test]
    fn instance_metrics_are_one_chart_with_a_curve_per_host() {
        let groups = grouped(["algo-2", "algo-1"].map(|host| key("CPUUtilization", SeriesSource::Instance, host)));
        assert_eq!(groups.len(), 1);
        assert_eq!(label_of(&groups[0].1[0], true), "algo-1");
    }

    #[test]
    fn a_metric_known_from_the_log_is_not_drawn_twice() {
        let log = key("loss", SeriesSource::Log, "algo-1");
        let cloud = key("loss", SeriesSource::CloudWatch, "");
        let all = [log.clone(), cloud.clone()];
        assert!(is_shadowed(&cloud, &all));
        assert!(!is_shadowed(&log, &all));
        assert!(!is_shadowed(&cloud, std::slice::from_ref(&cloud)));
    }
}
