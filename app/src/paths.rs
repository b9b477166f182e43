//! Typed links: the only place where a URL of our own is written.

use domain::{
    ids::{ExperimentName, PresetId, RunId, SweepId},
    run::RunBadge,
    run_search::{Condition, Field, Op, Operand, RunViewId, Test},
};

pub const OVERVIEW: &str = "/";
pub const LAUNCH: &str = "/launch";
pub const EXPERIMENTS: &str = "/experiments";
pub const RUNS: &str = "/runs";
/// Where a form that does something with ticked runs posts to.
pub const RUNS_BULK: &str = "/runs/bulk";
/// Where a form that keeps a view posts to.
pub const RUNS_VIEWS: &str = "/runs/views";
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

/// The runs that a search finds.
pub fn runs_search(search: &str) -> String {
    let mut query = Query::default();
    query.push("search", Some(search));
    query.on(RUNS)
}

fn runs_with(field: Field, value: &str) -> String {
    let test = Test::Compare { op: Op::Equal, value: Operand::Text(value.to_owned()) };
    runs_search(&Condition::test(field, test).to_string())
}

pub fn runs_of_experiment(name: &ExperimentName) -> String {
    runs_with(Field::Experiment, name.as_str())
}

pub fn runs_with_badge(badge: RunBadge) -> String {
    runs_with(Field::Status, badge.as_str())
}

/// A view of the list: the state that was kept.
pub fn runs_view(query: &str) -> String {
    if query.is_empty() { RUNS.to_owned() } else { format!("{RUNS}?{query}") }
}

/// Where the form that deletes a view posts to.
pub fn runs_view_delete(id: &RunViewId) -> String {
    format!("{RUNS_VIEWS}/{id}/delete")
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

/// A URL's query, read once: the router's own map decodes what is decoded already, and `'%be%'` is lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UrlQuery(Vec<(String, String)>);

impl UrlQuery {
    /// Of the text behind the question mark.
    pub fn parse(text: &str) -> Self {
        let pair = |part: &str| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (unescape(name), unescape(value))
        };
        Self(text.trim_start_matches('?').split('&').filter(|it| !it.is_empty()).map(pair).collect())
    }

    /// The first of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str())
    }
}

impl FromIterator<(String, String)> for UrlQuery {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

/// As forms are sent: a plus is a blank. What is no escape stays as it is.
fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escaped = text.get(at + 1..at + 3).and_then(|it| u8::from_str_radix(it, 16).ok());
        match (byte, escaped) {
            (b'%', Some(byte)) => {
                plain.push(byte);
                at += 2;
            }
            (b'+', _) => plain.push(b' '),
            (byte, _) => plain.push(*byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&plain).into_owned()
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
    fn a_hostile_name_stays_inside_its_value() {
        let name = ExperimentName::parse("wine & 'cheese'?a=b#c").expect("a name");
        assert_eq!(
            runs_of_experiment(&name),
            "/runs?search=experiment%20%3D%20%27wine%20%26%20%27%27cheese%27%27%3Fa%3Db%23c%27"
        );
        assert_eq!(runs_with_badge(RunBadge::Failed), "/runs?search=status%20%3D%20failed");
        assert_eq!(runs_view(""), "/runs");
    }

    #[test]
    fn a_query_is_read_as_it_was_written() {
        let mut query = Query::default();
        let texts = ["name ILIKE '%bert%'", "a+b c&d=e%20f", "é\u{1F600}"];
        for (name, text) in ["a", "b", "c"].iter().zip(texts) {
            query.push(name, Some(text));
        }
        let read = UrlQuery::parse(&query.on(""));
        assert_eq!(["a", "b", "c"].map(|it| read.get(it)), texts.map(Some));
        let form = UrlQuery::parse("a=b+c%2Bd&empty=&bare&bad=%zz%e");
        assert_eq!(
            ["a", "empty", "bare", "bad", "none"].map(|it| form.get(it)),
            [Some("b c+d"), Some(""), Some(""), Some("%zz%e"), None]
        );
    }

    #[test]
    fn every_byte_outside_the_unreserved_set_is_escaped() {
        assert_eq!(escape("é/%<>"), "%C3%A9%2F%25%3C%3E");
    }
}
