//! How much one request may hold. What a database would refuse in its own words, or work on without end, is refused
//! before it gets there: clients send again what fails inside, and it fails again.
//!
//! Limits of SQLite behind these: 64 tables in a join, 1,000 levels in an expression, 32,766 arguments in a statement,
//! 50,000 bytes in a pattern. PostgreSQL: 2,704 bytes in an entry of an index. MLflow has none of these limits.

use super::{
    MlflowError, NewLoggedModel, Param, Result, Tag,
    check::{MAX_KEY_CHARS, length},
    filter::{Comparison, Token},
};

/// Of a filter, and of one clause of an order.
const MAX_FILTER_BYTES: usize = 65_536;
/// Each may join a table.
const MAX_ORDERS: usize = 32;
const MAX_COMPARISONS: usize = 200;
/// Values behind IN in one filter, and experiments in one search: together they fit into one statement.
const MAX_LISTED: usize = 10_000;
/// SQLite needs three bytes for some characters of a pattern.
const MAX_PATTERN_CHARS: usize = 10_000;
/// Of `logged-models/search`, which asks for each of them in each comparison of a metric.
const MAX_DATASETS: usize = 20;
/// Tags or params, where MLflow sets no limit of its own.
const MAX_ENTRIES: usize = 1_000;
const MAX_ID_CHARS: usize = 64;
/// Of logged models, as MLflow's columns have them.
const MAX_MODEL_KEY_CHARS: usize = 255;
const MAX_MODEL_NAME_CHARS: usize = 500;

fn at_most(whole: &str, limit: usize, what: &str, count: usize) -> Result<()> {
    if count <= limit {
        return Ok(());
    }
    Err(MlflowError::invalid(format!("{whole} can contain at most {limit} {what}. Got {count} {what}.")))
}

/// Before it is read.
pub(crate) fn filter_text(text: &str) -> Result<()> {
    at_most("A filter", MAX_FILTER_BYTES, "bytes", text.len())
}

pub(crate) fn comparisons(found: &[Comparison]) -> Result<()> {
    at_most("A filter", MAX_COMPARISONS, "comparisons", found.len())?;
    let mut listed = 0;
    for it in found {
        let is_pattern = ["LIKE", "ILIKE"].iter().any(|like| it.operator.eq_ignore_ascii_case(like));
        match &it.right {
            Some(Token::List(_, Some(texts))) => listed += texts.len(),
            Some(Token::Text(text) | Token::Word(text)) if is_pattern => {
                at_most("A pattern", MAX_PATTERN_CHARS, "characters", text.chars().count())?;
            }
            _ => {}
        }
    }
    at_most("A filter", MAX_LISTED, "values in lists", listed)
}

/// Before any of them is read.
pub(crate) fn orders<'t>(texts: impl ExactSizeIterator<Item = &'t str>) -> Result<()> {
    at_most("`order_by`", MAX_ORDERS, "clauses", texts.len())?;
    texts.map(str::len).try_for_each(|bytes| at_most("A clause of `order_by`", MAX_FILTER_BYTES, "bytes", bytes))
}

pub fn searched_experiments(count: usize) -> Result<()> {
    at_most("A search", MAX_LISTED, "experiment ids", count)
}

pub fn searched_datasets(count: usize) -> Result<()> {
    at_most("A search", MAX_DATASETS, "datasets", count)
}

/// `what` is `tags`, `params`, ...: how many of them one request that is no `log-batch` may bring.
pub fn entries(what: &str, count: usize) -> Result<()> {
    at_most("A request", MAX_ENTRIES, what, count)
}

/// An id that is kept as the client wrote it.
pub fn id(what: &str, text: &str) -> Result<()> {
    length(what, MAX_ID_CHARS, text)
}

/// The tags of a run that is made. Their names are free, as at MLflow; their lengths are not.
pub fn run_tags(tags: &[Tag]) -> Result<()> {
    entries("tags", tags.len())?;
    tags.iter().try_for_each(|it| length("key", MAX_KEY_CHARS, &it.key))
}

/// Models that a run has as inputs or outputs; `what` is `models`.
pub fn model_ids<'t>(ids: impl ExactSizeIterator<Item = &'t str>) -> Result<()> {
    entries("models", ids.len())?;
    ids.into_iter().try_for_each(|it| id("model_id", it))
}

pub fn logged_model(new: &NewLoggedModel) -> Result<()> {
    length("name", MAX_MODEL_NAME_CHARS, &new.name)?;
    length("model_type", MAX_MODEL_NAME_CHARS, &new.model_type)?;
    id("source_run_id", &new.source_run_id)?;
    logged_model_params(&new.params)?;
    logged_model_tags(&new.tags)
}

pub fn logged_model_params(params: &[Param]) -> Result<()> {
    entries("params", params.len())?;
    params.iter().try_for_each(|it| length("key", MAX_MODEL_KEY_CHARS, &it.key))
}

pub fn logged_model_tags(tags: &[Tag]) -> Result<()> {
    entries("tags", tags.len())?;
    tags.iter().try_for_each(|it| length("key", MAX_MODEL_KEY_CHARS, &it.key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mlflow::{
        experiment_filter, logged_model_filter,
        model::{LoggedModelOrderText, logged_model_orders},
        model_version_filter, run_filter, run_orders,
    };

    fn refused<T: std::fmt::Debug>(result: Result<T>) -> String {
        result.expect_err("refused").message
    }

    fn numbered(count: usize, text: impl Fn(usize) -> String, joint: &str) -> String {
        (0..count).map(text).collect::<Vec<_>>().join(joint)
    }

    #[test]
    fn filters_have_limits() {
        let long = format!("params.a = '{}'", "x".repeat(MAX_FILTER_BYTES));
        let too_long = "A filter can contain at most 65536 bytes. Got 65549 bytes.";
        assert_eq!(refused(run_filter(&long)), too_long);
        assert_eq!(refused(experiment_filter(&long)), too_long);
        assert_eq!(refused(logged_model_filter(&long)), too_long);
        let terms = |count| numbered(count, |it| format!("params.p{it} = '1'"), " AND ");
        assert_eq!(run_filter(&terms(200)).map(|it| it.len()), Ok(200));
        let too_many = "A filter can contain at most 200 comparisons. Got 201 comparisons.";
        assert_eq!(refused(run_filter(&terms(201))), too_many);
        assert_eq!(refused(logged_model_filter(&terms(201))), too_many);
        let list = |count| numbered(count, |_| "''".to_owned(), ",");
        let lists = format!("run_id IN ({}) AND name IN ({})", list(5_000), list(5_001));
        let too_many = "A filter can contain at most 10000 values in lists. Got 10001 values in lists.";
        assert_eq!(refused(model_version_filter(&lists)), too_many);
        for like in ["LIKE", "ilike"] {
            let pattern = |count: usize| format!("tags.a {like} '{}'", "%".repeat(count));
            assert_eq!(run_filter(&pattern(10_000)).map(|it| it.len()), Ok(1));
            let why = refused(run_filter(&pattern(10_001)));
            assert_eq!(why, "A pattern can contain at most 10000 characters. Got 10001 characters.");
        }
    }

    #[test]
    fn orders_have_limits() {
        let texts = |count: usize| (0..count).map(|it| format!("metrics.m{it} DESC")).collect::<Vec<_>>();
        assert_eq!(run_orders(&texts(32)).map(|it| it.len()), Ok(32));
        let too_many = "`order_by` can contain at most 32 clauses. Got 33 clauses.";
        assert_eq!(refused(run_orders(&texts(33))), too_many);
        assert!(refused(run_orders(&["x".repeat(MAX_FILTER_BYTES + 1)])).contains("at most 65536 bytes"));
        let order = |field: String| LoggedModelOrderText {
            field_name: field,
            ascending: None,
            dataset_name: String::new(),
            dataset_digest: String::new(),
        };
        let orders: Vec<_> = texts(33).into_iter().map(order).collect();
        assert_eq!(refused(logged_model_orders(&orders)), too_many);
        let twice = ["name", "metrics.a", "name", "metrics.a"].map(|it| order(it.to_owned()));
        assert_eq!(logged_model_orders(&twice).map(|it| it.len()), Ok(2), "the second of a kind orders nothing");
    }

    #[test]
    fn what_is_made_has_limits() {
        let tags = |count: usize, chars: usize| {
            (0..count).map(|_| Tag { key: "k".repeat(chars), value: String::new() }).collect::<Vec<_>>()
        };
        assert_eq!(run_tags(&tags(1_000, 250)), Ok(()));
        assert_eq!(refused(run_tags(&tags(1_001, 1))), "A request can contain at most 1000 tags. Got 1001 tags.");
        assert_eq!(refused(run_tags(&tags(1, 251))), "'key' exceeds the maximum length of 250 characters");
        assert_eq!(refused(logged_model_tags(&tags(1, 256))), "'key' exceeds the maximum length of 255 characters");
        let why = refused(model_ids([&*"m".repeat(65)].into_iter()));
        assert_eq!(why, "'model_id' exceeds the maximum length of 64 characters");
        assert!(searched_experiments(10_000).is_ok() && searched_experiments(10_001).is_err());
        assert!(searched_datasets(20).is_ok() && searched_datasets(21).is_err());
    }
}
