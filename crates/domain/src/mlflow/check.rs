//! What names and values may be, with MLflow's own sentences.
//!
//! Source: `mlflow/utils/validation.py` and `mlflow/utils/uri.py` of 3.17.2.

pub use super::limit::{
    entries, id, logged_model, logged_model_params, logged_model_tags, model_ids, run_tags, searched_datasets,
    searched_experiments,
};
use super::{Dataset, DatasetInput, Metric, MlflowError, Param, Result, Tag};

pub const MAX_METRICS_PER_BATCH: usize = 1_000;
pub const MAX_PARAMS_TAGS_PER_BATCH: usize = 100;
pub const MAX_ENTITIES_PER_BATCH: usize = 1_000;
pub const MAX_SEARCH_RESULTS: i64 = 50_000;
pub(crate) const MAX_KEY_CHARS: usize = 250;
const MAX_PARAM_VALUE_CHARS: usize = 6_000;
const MAX_TAG_VALUE_CHARS: usize = 8_000;
const MAX_EXPERIMENT_NAME_CHARS: usize = 500;
const MAX_EXPERIMENT_TAG_VALUE_CHARS: usize = 20_000;
const MAX_DATASET_NAME_CHARS: usize = 500;
const MAX_DATASET_DIGEST_CHARS: usize = 36;
const MAX_DATASET_SOURCE_CHARS: usize = 65_535;
const MAX_DATASET_SCHEMA_CHARS: usize = 1_048_575;
const MAX_DATASET_PROFILE_CHARS: usize = 16_777_215;
const MAX_INPUT_TAG_KEY_CHARS: usize = 255;
const MAX_INPUT_TAG_VALUE_CHARS: usize = 500;
/// Timestamps are kept in microseconds: the largest number of milliseconds that has some.
const MAX_TIMESTAMP_MS: i64 = i64::MAX / 1_000;

/// `Invalid value "x" for parameter 'key' supplied: why`, the value as JSON.
pub fn invalid_value(path: &str, value: &str, why: &str) -> MlflowError {
    let shown = serde_json::Value::from(value);
    MlflowError::invalid(format!("Invalid value {shown} for parameter '{path}' supplied: {why}"))
}

fn too_long(what: &str, limit: usize) -> MlflowError {
    MlflowError::invalid(format!("'{what}' exceeds the maximum length of {limit} characters"))
}

pub(crate) fn length(what: &str, limit: usize, text: &str) -> Result<()> {
    if text.chars().count() > limit { Err(too_long(what, limit)) } else { Ok(()) }
}

/// MLflow cuts long values by default, and says so in its log alone.
fn cut(text: String, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => text[..end].to_owned(),
        None => text,
    }
}

/// The name of a metric, param or tag: it may become a file's name in other stores.
fn name(name: &str, path: &str) -> Result<()> {
    let is_allowed = |c: char| c.is_alphanumeric() || "_/.- :".contains(c);
    if !name.chars().all(is_allowed) {
        let why = "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) \
                   and slashes (/).";
        return Err(invalid_value(path, name, why));
    }
    path_name(name, path)
}

/// The name and length of a tag of the registry.
pub(crate) fn key(text: &str, path: &str) -> Result<()> {
    name(text, path)?;
    length(path, MAX_KEY_CHARS, text)
}

/// A name that is no other one when it is read as a path.
pub(crate) fn path_name(name: &str, path: &str) -> Result<()> {
    let normal = normal_path(name);
    if normal != name || normal == "." || normal.starts_with("..") || normal.starts_with('/') {
        let why = format!(
            "Names may be treated as files in certain cases, and must not resolve to other names when treated as such. \
             This name would resolve to '{normal}'"
        );
        return Err(invalid_value(path, name, &why));
    }
    Ok(())
}

/// As Python's `posixpath.normpath`.
fn normal_path(path: &str) -> String {
    // POSIX: two leading slashes are not one, three are.
    let slashes = match path.chars().take_while(|c| *c == '/').count() {
        0 => "",
        2 => "//",
        _ => "/",
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|it| !it.is_empty() && *it != ".") {
        let is_up = part == ".." && !parts.is_empty() && parts.last() != Some(&"..");
        if is_up {
            parts.pop();
        } else if part != ".." || slashes.is_empty() {
            parts.push(part);
        }
    }
    let joined = format!("{slashes}{}", parts.join("/"));
    if joined.is_empty() { ".".to_owned() } else { joined }
}

fn at(path: &str, field: &str) -> String {
    if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") }
}

/// `path` is `metrics[3]` in a batch and empty else.
pub fn metric(metric: &Metric, path: &str) -> Result<()> {
    name(&metric.key, &at(path, "name"))?;
    if !(0..=MAX_TIMESTAMP_MS).contains(&metric.timestamp_ms) {
        return Err(MlflowError::invalid(format!(
            "Invalid value {} for parameter '{}' supplied: metric '{}' (value={:?}). Timestamp must be a nonnegative long \
             (64-bit integer) ",
            metric.timestamp_ms,
            at(path, "timestamp"),
            metric.key,
            metric.value
        )));
    }
    length("Metric name", MAX_KEY_CHARS, &metric.key)
}

pub fn param(param: Param, path: &str) -> Result<Param> {
    name(&param.key, &at(path, "key"))?;
    length("Param key", MAX_KEY_CHARS, &param.key)?;
    Ok(Param { value: cut(param.value, MAX_PARAM_VALUE_CHARS), ..param })
}

pub fn tag(tag: Tag, path: &str) -> Result<Tag> {
    let key = at(path, "key");
    name(&tag.key, &key)?;
    length(&key, MAX_KEY_CHARS, &tag.key)?;
    Ok(Tag { value: cut(tag.value, MAX_TAG_VALUE_CHARS), ..tag })
}

pub fn experiment_tag(tag: &Tag) -> Result<()> {
    name(&tag.key, "key")?;
    length("key", MAX_KEY_CHARS, &tag.key)?;
    length("value", MAX_EXPERIMENT_TAG_VALUE_CHARS, &tag.value)
}

pub fn artifact_location(uri: &str) -> Result<()> {
    if uri.starts_with("runs:") {
        return Err(MlflowError::invalid(format!("Artifact location cannot be a runs:/ URI. Given: '{uri}'")));
    }
    if uri.split_once('#').is_some_and(|(_, fragment)| !fragment.is_empty()) {
        return Err(MlflowError::invalid("'artifact_location' URL can't include fragments or params."));
    }
    Ok(())
}

pub fn experiment_name(name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(MlflowError::invalid("Invalid experiment name: ''"));
    }
    length("name", MAX_EXPERIMENT_NAME_CHARS, name)
}

pub fn experiment_id(text: &str) -> Result<i64> {
    text.trim().parse().map_err(|_| {
        MlflowError::invalid(format!("Invalid experiment ID '{text}'. Experiment ID must be a valid integer."))
    })
}

/// The form of a run's id, before it is looked up.
pub fn run_id(text: &str) -> Result<()> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let begins = text.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
    if begins && text.chars().count() <= 256 && text.chars().all(is_word) {
        Ok(())
    } else {
        let shown = serde_json::Value::from(text);
        Err(MlflowError::invalid(format!("Invalid value {shown} for parameter 'run_id' supplied.")))
    }
}

pub fn max_results(given: i64) -> Result<u64> {
    let wrong = |rule: &str| {
        Err(MlflowError::invalid(format!(
            "Invalid value {given} for parameter 'max_results' supplied. It must be {rule}"
        )))
    };
    match given {
        ..=0 => wrong("a positive integer"),
        1..=MAX_SEARCH_RESULTS => Ok(given.unsigned_abs()),
        _ => wrong(&format!("at most {MAX_SEARCH_RESULTS}")),
    }
}

/// How much one log-batch may hold.
pub fn batch_limits(metrics: usize, params: usize, tags: usize) -> Result<()> {
    let limits = [
        ("metrics", MAX_METRICS_PER_BATCH, metrics),
        ("params", MAX_PARAMS_TAGS_PER_BATCH, params),
        ("tags", MAX_PARAMS_TAGS_PER_BATCH, tags),
        ("metrics, params, and tags", MAX_ENTITIES_PER_BATCH, metrics + params + tags),
    ];
    match limits.into_iter().find(|(_, limit, count)| count > limit) {
        None => Ok(()),
        Some((what, limit, count)) => Err(MlflowError::invalid(format!(
            "A batch logging request can contain at most {limit} {what}. Got {count} {what}. Please split up {what} \
             across multiple requests and try again."
        ))),
    }
}

pub fn params_unique(params: &[Param]) -> Result<()> {
    let mut seen = Vec::new();
    let mut twice = Vec::new();
    for param in params {
        if seen.contains(&&param.key) {
            twice.push(format!("'{}'", param.key));
        } else {
            seen.push(&param.key);
        }
    }
    if twice.is_empty() {
        return Ok(());
    }
    Err(MlflowError::invalid(format!(
        "Duplicate parameter keys have been submitted: [{}]. Please ensure the request contains only one param value per \
         param key.",
        twice.join(", ")
    )))
}

pub fn dataset_input(input: &DatasetInput) -> Result<()> {
    let Dataset { name, digest, source, schema, profile, .. } = &input.dataset;
    length("name", MAX_DATASET_NAME_CHARS, name)?;
    length("digest", MAX_DATASET_DIGEST_CHARS, digest)?;
    length("source", MAX_DATASET_SOURCE_CHARS, source)?;
    length("schema", MAX_DATASET_SCHEMA_CHARS, schema.as_deref().unwrap_or_default())?;
    length("profile", MAX_DATASET_PROFILE_CHARS, profile.as_deref().unwrap_or_default())?;
    for tag in &input.tags {
        length("key", MAX_INPUT_TAG_KEY_CHARS, &tag.key)?;
        length("value", MAX_INPUT_TAG_VALUE_CHARS, &tag.value)?;
    }
    Ok(())
}

/// A path below an artifact root, decoded as often as it was encoded: nothing that leads out of the root.
pub fn artifact_path(path: &str) -> Result<String> {
    let wrong = || MlflowError::invalid("Invalid path");
    let mut path = path.to_owned();
    // Clients encode images' paths twice; more is nobody's honest path.
    for _ in 0..5 {
        let decoded = percent_encoding::percent_decode_str(&path).decode_utf8().map_err(|_| wrong())?.into_owned();
        if decoded == path {
            break;
        }
        path = decoded;
    }
    let has_drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic();
    let is_wrong = path.contains(['#', '\\', '\0'])
        || path.starts_with('/')
        || path.starts_with("file:")
        || has_drive
        || path.chars().any(char::is_control)
        || path.split('/').any(|it| it == "..");
    if is_wrong {
        return Err(wrong());
    }
    let normal = normal_path(&path);
    Ok(if normal == "." { String::new() } else { normal })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message<T: std::fmt::Debug>(result: Result<T>) -> String {
        result.expect_err("refused").message
    }

    #[test]
    fn names_are_judged_as_mlflow_does() {
        for good in ["loss", "a/b.c", "train loss: 1", "ünï", "..a", "a..b", "a/..b"] {
            // A name that begins with two dots reads like a way up.
            assert_eq!(name(good, "key").is_ok(), !good.starts_with(".."), "{good}");
        }
        assert_eq!(
            message(name("a$b", "name")),
            "Invalid value \"a$b\" for parameter 'name' supplied: Names may only contain alphanumerics, underscores (_), \
             dashes (-), periods (.), spaces ( ), colon(:) and slashes (/)."
        );
        for (bad, resolved) in
            [("../x", "../x"), ("a//b", "a/b"), ("a/./b", "a/b"), ("", "."), ("/a", "/a"), ("a/", "a")]
        {
            assert!(message(name(bad, "name")).ends_with(&format!("would resolve to '{resolved}'")), "{bad}");
        }
    }

    #[test]
    fn long_values_are_cut_and_long_keys_refused() {
        let cut = param(Param { key: "p".to_owned(), value: "ä".repeat(6_001) }, "").expect("cut");
        assert_eq!(cut.value.chars().count(), 6_000);
        let long = Tag { key: "k".repeat(251), value: String::new() };
        assert_eq!(message(tag(long, "tags[0]")), "'tags[0].key' exceeds the maximum length of 250 characters");
        assert_eq!(message(experiment_name(&"x".repeat(501))), "'name' exceeds the maximum length of 500 characters");
    }

    #[test]
    fn artifact_paths_stay_below_their_root() {
        assert_eq!(artifact_path("images/a%252Bb.png"), Ok("images/a+b.png".to_owned()));
        assert_eq!(artifact_path("a/./b/"), Ok("a/b".to_owned()));
        assert_eq!(artifact_path(""), Ok(String::new()));
        for bad in ["..", "a/../b", "/etc", "%2e%2e/a", "%252e%252e", "a\\b", "C:/x", "file:///etc", "a#b", "a\nb"] {
            assert_eq!(message(artifact_path(bad)), "Invalid path", "{bad}");
        }
    }

    #[test]
    fn places_have_no_fragments() {
        assert_eq!(
            message(artifact_location("s3://b/a#b")),
            "'artifact_location' URL can't include fragments or params."
        );
        assert!(message(artifact_location("runs:/a/b")).starts_with("Artifact location cannot be a runs:/ URI."));
        assert_eq!((artifact_location("s3://b/a?c=d"), artifact_location("")), (Ok(()), Ok(())));
    }

    #[test]
    fn batches_have_limits() {
        assert!(batch_limits(1_000, 0, 0).is_ok());
        assert!(message(batch_limits(1_001, 0, 0)).contains("at most 1000 metrics. Got 1001 metrics."));
        assert!(message(batch_limits(950, 51, 0)).contains("at most 1000 metrics, params, and tags. Got 1001"));
        let params = ["a", "b", "a"].map(|key| Param { key: key.to_owned(), value: String::new() });
        assert!(message(params_unique(&params)).contains("submitted: ['a']."));
    }
}
