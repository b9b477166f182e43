//! What MLflow clients record: experiments, runs, params, tags, inputs. Their metrics are in `series`, as all are.
//!
//! Invariants:
//! - Each write finds its run or experiment and checks that it may be written in the transaction that writes.
//! - A write that is sent again changes nothing and is answered as the first time.
//! - What is refused is refused as MLflow does: [`MlflowStoreError::Refused`] holds its code and sentence.

mod experiment_search;
mod experiments;
mod inputs;
mod jobs;
mod metrics;
mod model_links;
mod model_search;
mod models;
mod registry;
mod registry_search;
mod run_details;
mod run_search;
mod runs;
mod values;
mod version_rows;
mod versions;

use domain::{ids::RunId, mlflow::MlflowError};

pub(crate) use jobs::job_end;
pub use metrics::HistoryRange;
pub use runs::{NewTrackingRun, RunChange};

use crate::{db::Conn, error::StoreError, statement::Statement};

pub(crate) type Result<T> = std::result::Result<T, MlflowStoreError>;

#[derive(Debug, thiserror::Error)]
pub enum MlflowStoreError {
    #[error(transparent)]
    Refused(#[from] MlflowError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    pub entries: Vec<T>,
    pub has_more: bool,
}

/// Ids per statement when the parts of many are read.
const IDS: usize = 500;

/// Ends the `EXISTS (SELECT ...` of a comparison. The limit changes nothing of what EXISTS asks; it keeps PostgreSQL from
/// making one join of all that a filter compares, which it plans for minutes when that is much.
const EXISTS_END: &str = " LIMIT 1 OFFSET 0)";

pub(crate) fn run_missing(id: &str) -> MlflowError {
    MlflowError::missing(format!("Run with id={id} not found"))
}

/// An id as a client wrote it. What is no id of ours names no run.
fn run_id(text: &str) -> Result<RunId> {
    match RunId::parse(text) {
        Ok(id) if id.as_str() == text => Ok(id),
        _ => Err(run_missing(text).into()),
    }
}

impl<T> Page<T> {
    /// From one entry more than the page holds.
    fn of(mut entries: Vec<T>, size: u64) -> Self {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let has_more = entries.len() > size;
        entries.truncate(size);
        Self { entries, has_more }
    }
}

impl Statement {
    /// `column` passes the test. LIKE means the same in both databases: case counts, and nothing escapes.
    pub(crate) fn text_test(
        &mut self,
        column: &'static str,
        test: &domain::mlflow::filter::TextTest,
        is_sqlite: bool,
    ) -> &mut Self {
        use domain::mlflow::filter::TextTest;
        self.push(column);
        match test {
            TextTest::Equal(value) => self.push(" = ").bind(value),
            TextTest::NotEqual(value) => self.push(" <> ").bind(value),
            TextTest::In(values) => self.push(" IN ").bind_list(values),
            TextTest::NotIn(values) => self.push(" NOT IN ").bind_list(values),
            // SQLite's own LIKE ignores the case of ASCII; its GLOB does not.
            TextTest::Like(pattern) if is_sqlite => self.push(" GLOB ").bind(&glob(pattern)),
            TextTest::ILike(pattern) if is_sqlite => self.push(" LIKE ").bind(pattern),
            TextTest::Like(pattern) => self.push(" LIKE ").bind(pattern).push(" ESCAPE ''"),
            TextTest::ILike(pattern) => self.push(" ILIKE ").bind(pattern).push(" ESCAPE ''"),
        }
    }
}

fn is_sqlite(conn: &Conn<'_>) -> bool {
    matches!(conn, Conn::Sqlite(_))
}

/// A LIKE pattern in SQLite's other language.
fn glob(pattern: &str) -> String {
    let mut glob = String::with_capacity(pattern.len());
    for c in pattern.chars() {
        match c {
            '%' => glob.push('*'),
            '_' => glob.push('?'),
            '*' | '?' | '[' => {
                glob.push('[');
                glob.push(c);
                glob.push(']');
            }
            other => glob.push(other),
        }
    }
    glob
}

/// `uri` with a path added, before its query.
fn uri_join(uri: &str, path: &str) -> String {
    let end = uri.find(['?', '#']).unwrap_or(uri.len());
    format!("{}/{path}{}", uri[..end].trim_end_matches('/'), &uri[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_translated() {
        assert_eq!(glob("a%b_c*[?"), "a*b?c[*][[][?]");
    }

    #[test]
    fn paths_are_added_before_the_query() {
        assert_eq!(uri_join("mlflow-artifacts:/1", "r/artifacts"), "mlflow-artifacts:/1/r/artifacts");
        assert_eq!(uri_join("s3://b/p/?x=1", "r"), "s3://b/p/r?x=1");
    }
}
