//! Typed links: the only place where a URL of our own is written.

use domain::{
    ids::{ExperimentName, PresetId, RunId, SweepId},
    run::{RunBadge, RunFilter},
};

pub const OVERVIEW: &str = "/";
pub const LAUNCH: &str = "/launch";
pub const EXPERIMENTS: &str = "/experiments";
pub const RUNS: &str = "/runs";
pub const SWEEPS: &str = "/sweeps";
pub const COMPARE: &str = "/compare";
pub const COSTS: &str = "/costs";
/// Where the launch form goes to be swept over.
pub const LAUNCH_SWEEP: &str = "/launch/sweep";
pub const SWEEP_NEW: &str = "/sweeps/new";
pub const PRESETS: &str = "/presets";
/// Runs that MLflow clients logged.
pub const MLFLOW: &str = "/runs/mlflow";

/// The launch form filled with a bundled sample's settings.
pub fn launch_sample(name: &str) -> String {
    format!("{LAUNCH}?sample={}", escape(name))
}

/// The launch form filled with a preset.
pub fn launch_preset(id: &PresetId) -> String {
    format!("{LAUNCH}?preset={id}")
}

/// Where the form that renames a preset posts to.
pub fn preset_rename(id: &PresetId) -> String {
    format!("{PRESETS}/{id}/rename")
}

/// Where the form that deletes a preset posts to.
pub fn preset_delete(id: &PresetId) -> String {
    format!("{PRESETS}/{id}/delete")
}

/// Where the form that keeps a run's settings as a preset posts to.
pub fn run_preset(id: &RunId) -> String {
    format!("{RUNS}/{id}/preset")
}

/// The launch form filled with what a run was launched with.
pub fn launch_clone(id: &RunId) -> String {
    format!("{LAUNCH}?clone={id}")
}

pub fn run(id: &RunId) -> String {
    format!("{RUNS}/{id}")
}

/// Where the stop form posts to.
pub fn run_stop(id: &RunId) -> String {
    format!("{RUNS}/{id}/stop")
}

/// The page that looks before the run is launched again, and where its form posts to.
pub fn run_relaunch(id: &RunId) -> String {
    format!("{RUNS}/{id}/relaunch")
}

/// Where the form that names another run goes, with `with`.
pub fn run_diff_base(id: &RunId) -> String {
    format!("{RUNS}/{id}/diff")
}

/// What the run `id` changed against `other`.
pub fn run_diff(id: &RunId, other: &RunId) -> String {
    format!("{}?with={other}", run_diff_base(id))
}

/// Everything that the run was made of, a download.
pub fn run_capsule(id: &RunId) -> String {
    format!("{RUNS}/{id}/capsule.tar.gz")
}

/// The model artifact, a download.
pub fn run_model(id: &RunId) -> String {
    format!("{RUNS}/{id}/model.tar.gz")
}

/// The source archive that the run was launched with, a download.
pub fn run_source(id: &RunId) -> String {
    format!("{RUNS}/{id}/source.tar.gz")
}

pub fn sweep(id: &SweepId) -> String {
    format!("{SWEEPS}/{id}")
}

/// Where a sweep's stop form posts to.
pub fn sweep_stop(id: &SweepId) -> String {
    format!("{SWEEPS}/{id}/stop")
}

/// The sweep's form for the job's form under this key, with what was typed.
pub fn sweep_new(draft_key: &str, typed: &[(String, String)]) -> String {
    let mut query = Query::default();
    query.push("draft", Some(draft_key));
    for (name, value) in typed {
        query.push(name, Some(value));
    }
    query.on(SWEEP_NEW)
}

/// These runs side by side, coloured in this order.
pub fn compare(ids: &[RunId]) -> String {
    let ids: Vec<&str> = ids.iter().map(RunId::as_str).collect();
    let mut query = Query::default();
    query.push("run", Some(&ids.join(",")));
    query.on(COMPARE)
}

/// The newest runs of an experiment side by side.
pub fn compare_experiment(name: &ExperimentName) -> String {
    let mut query = Query::default();
    query.push("experiment", Some(name.as_str()));
    query.on(COMPARE)
}

/// A month's costs as a table, a download.
pub fn costs_table(month: &str, grouping: &str) -> String {
    let mut query = Query::default();
    query.push("month", Some(month));
    query.push("by", Some(grouping));
    query.on("/api/v1/costs.csv")
}

pub fn runs(filter: &RunFilter) -> String {
    let mut query = Query::default();
    query.push("experiment", filter.experiment.as_ref().map(ExperimentName::as_str));
    query.push("badge", filter.badge.map(RunBadge::as_str));
    query.push("name", filter.name_contains.as_deref());
    query.push("before", filter.before.as_ref().map(RunId::as_str));
    query.on(RUNS)
}

pub fn runs_of_experiment(name: &ExperimentName) -> String {
    runs(&RunFilter { experiment: Some(name.clone()), ..RunFilter::default() })
}

pub fn runs_with_badge(badge: RunBadge) -> String {
    runs(&RunFilter { badge: Some(badge), ..RunFilter::default() })
}

/// A run as an MLflow client knows it, with a folder of its artifacts.
pub fn mlflow_run(id: &RunId, folder: &str) -> String {
    let mut query = Query::default();
    query.push("path", Some(folder));
    query.on(&format!("{MLFLOW}/{id}"))
}

/// The logged runs of an experiment, by MLflow's number.
pub fn mlflow_experiment(id: i64) -> String {
    format!("{MLFLOW}?experiment={id}")
}

/// An artifact that a client logged, a download.
pub fn mlflow_artifact(id: &RunId, path: &str) -> String {
    let mut query = Query::default();
    query.push("run_id", Some(id.as_str()));
    query.push("path", Some(path));
    query.on("/get-artifact")
}

/// A query string under construction; empty and absent values are left out.
#[derive(Default)]
pub struct Query(String);

impl Query {
    pub fn push(&mut self, name: &str, value: Option<&str>) {
        let Some(value) = value.filter(|it| !it.is_empty()) else { return };
        self.0.push(if self.0.is_empty() { '?' } else { '&' });
        self.0.push_str(&escape(name));
        self.0.push('=');
        self.0.push_str(&escape(value));
    }

    pub fn on(&self, path: &str) -> String {
        format!("{path}{}", self.0)
    }
}

/// Percent-encodes everything but RFC 3986's unreserved characters.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            const HEX: &[u8; 16] = b"0123456789ABCDEF";
            escaped.push('%');
            escaped.push(char::from(HEX[usize::from(byte >> 4)]));
            escaped.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_become_a_query_and_hostile_text_stays_inside_its_value() {
        let filter = RunFilter {
            experiment: ExperimentName::parse("wine & \"cheese\"?a=b#c").ok(),
            badge: Some(RunBadge::Failed),
            ..RunFilter::default()
        };
        assert_eq!(runs(&filter), "/runs?experiment=wine%20%26%20%22cheese%22%3Fa%3Db%23c&badge=failed");
        assert_eq!(runs(&RunFilter::default()), "/runs");
    }

    #[test]
    fn every_byte_outside_the_unreserved_set_is_escaped() {
        assert_eq!(escape("é/%<>"), "%C3%A9%2F%25%3C%3E");
    }
}
