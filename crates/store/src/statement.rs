//! Statements that are made at run time: how many rows they have or which conditions is not known before.
//!
//! Invariant: the text is made of pieces that this crate wrote; everything that came from elsewhere is an argument. The
//! text is in the subset that both databases understand, `$1` for arguments included.

use sqlx::{AssertSqlSafe, FromRow, postgres::PgRow, sqlite::SqliteRow};

use crate::{
    db::Conn,
    error::{Result, of_driver},
};

/// A typed argument: an absent one has a type too.
#[derive(Clone, Debug)]
pub(crate) enum Arg {
    Integer(Option<i64>),
    Float(Option<f64>),
    Text(Option<String>),
}

#[derive(Debug, Default)]
pub(crate) struct Statement {
    sql: String,
    args: Vec<Arg>,
}

impl From<i64> for Arg {
    fn from(value: i64) -> Self {
        Self::Integer(Some(value))
    }
}

impl From<Option<i64>> for Arg {
    fn from(value: Option<i64>) -> Self {
        Self::Integer(value)
    }
}

impl From<i16> for Arg {
    fn from(value: i16) -> Self {
        Self::Integer(Some(i64::from(value)))
    }
}

impl From<f64> for Arg {
    fn from(value: f64) -> Self {
        Self::Float(Some(value))
    }
}

impl From<Option<f64>> for Arg {
    fn from(value: Option<f64>) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Arg {
    fn from(value: &str) -> Self {
        Self::Text(Some(crate::text::plain(value).into_owned()))
    }
}

impl From<&String> for Arg {
    fn from(value: &String) -> Self {
        Self::from(value.as_str())
    }
}

impl From<Option<&str>> for Arg {
    fn from(value: Option<&str>) -> Self {
        Self::Text(crate::text::plain_owned(value))
    }
}

impl Statement {
    pub(crate) fn new(sql: &'static str) -> Self {
        Self { sql: sql.to_owned(), args: Vec::new() }
    }

    pub(crate) fn push(&mut self, sql: &'static str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    /// A number of ours in a name, as `o1` in a list of joins.
    pub(crate) fn push_number(&mut self, number: usize) -> &mut Self {
        self.sql.push_str(&number.to_string());
        self
    }

    pub(crate) fn bind(&mut self, arg: impl Into<Arg>) -> &mut Self {
        self.args.push(arg.into());
        self.sql.push('$');
        self.sql.push_str(&self.args.len().to_string());
        self
    }

    /// `($1, $2, $3)`.
    pub(crate) fn bind_list<A: Into<Arg>>(&mut self, list: impl IntoIterator<Item = A>) -> &mut Self {
        let mut joint = "(";
        let mut count = 0;
        for arg in list {
            self.push(joint).bind(arg);
            joint = ", ";
            count += 1;
        }
        // SQL has no empty list; nothing is in this one.
        self.push(if count == 0 { "(NULL)" } else { ")" })
    }

    /// `VALUES ($1, $2), ($3, $4)`, of at least one row.
    pub(crate) fn bind_rows<const N: usize>(&mut self, rows: impl IntoIterator<Item = [Arg; N]>) -> &mut Self {
        let mut joint = "VALUES ";
        for row in rows {
            self.push(joint).bind_list(row);
            joint = ", ";
        }
        self
    }

    /// How the database would go about it, for tests.
    #[cfg(test)]
    pub(crate) fn explained(mut self) -> Self {
        self.sql.insert_str(0, "EXPLAIN QUERY PLAN ");
        self
    }

    /// Rows affected.
    pub(crate) async fn execute(self, conn: Conn<'_>) -> Result<u64> {
        macro_rules! run {
            ($database:ty, $conn:expr, $sql:expr) => {{
                let mut query = sqlx::query::<$database>(AssertSqlSafe($sql)).persistent(false);
                for arg in self.args {
                    query = match arg {
                        Arg::Integer(value) => query.bind(value),
                        Arg::Float(value) => query.bind(value),
                        Arg::Text(value) => query.bind(value),
                    };
                }
                query.execute($conn).await.map(|it| it.rows_affected()).map_err(of_driver)
            }};
        }
        match conn {
            Conn::Sqlite(conn) => run!(sqlx::Sqlite, conn, nameless(&self.sql)),
            Conn::Postgres(conn) => run!(sqlx::Postgres, conn, self.sql),
        }
    }

    pub(crate) async fn fetch_all<R>(self, conn: Conn<'_>) -> Result<Vec<R>>
    where
        R: Send + Unpin + for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow>,
    {
        macro_rules! run {
            ($database:ty, $conn:expr, $sql:expr) => {{
                let mut query = sqlx::query_as::<$database, R>(AssertSqlSafe($sql)).persistent(false);
                for arg in self.args {
                    query = match arg {
                        Arg::Integer(value) => query.bind(value),
                        Arg::Float(value) => query.bind(value),
                        Arg::Text(value) => query.bind(value),
                    };
                }
                query.fetch_all($conn).await.map_err(of_driver)
            }};
        }
        match conn {
            Conn::Sqlite(conn) => run!(sqlx::Sqlite, conn, nameless(&self.sql)),
            Conn::Postgres(conn) => run!(sqlx::Postgres, conn, self.sql),
        }
    }
}

/// `$1, $2` -> `?, ?`: the arguments are in order, each there once. SQLite looks a name up among all others, which for
/// some thousands takes seconds; what has no name is counted.
fn nameless(sql: &str) -> String {
    let mut parts = sql.split('$');
    let mut nameless = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        nameless.push('?');
        nameless.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    nameless
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_numbered_or_counted() {
        let mut select = Statement::new("SELECT a FROM t WHERE b = ");
        select.bind(1_i64).push(" AND c IN ").bind_list(["x"; 10]).push(" AND (d, e) IN (");
        select.bind_rows([[2_i64.into(), 3_i64.into()]]).push(")");
        assert!(select.sql.ends_with("$11) AND (d, e) IN (VALUES ($12, $13))"), "{}", select.sql);
        let places = "?, ?, ?, ?, ?, ?, ?, ?, ?, ?";
        assert_eq!(
            nameless(&select.sql),
            format!("SELECT a FROM t WHERE b = ? AND c IN ({places}) AND (d, e) IN (VALUES (?, ?))")
        );
    }
}
