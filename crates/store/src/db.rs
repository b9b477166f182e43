//! Two databases behind one shape: connections, transactions, and the macros that run one SQL text on either.
//!
//! Invariants:
//! - Every write goes through `Tx`, every read through `Reader` (or a `Tx` when it decides a write).
//! - In SQLite one transaction writes at a time: writers queue for a fair lock before they begin, and begin with
//!   BEGIN IMMEDIATE, so that a transaction never fails half way because another one wrote.
//! - A `Tx` that is dropped is rolled back; dropping it at any await point leaves nothing half done.
//! - SQL is `&'static str` in the subset that both databases understand (`$1`, `RETURNING`, `ON CONFLICT`). Where they
//!   differ, the code matches on `Conn` and says why.

use std::sync::Arc;

use sqlx::{PgConnection, PgPool, Postgres, Sqlite, SqliteConnection, SqlitePool, Transaction, pool::PoolConnection};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::error::{Result, of_driver};

#[derive(Clone, Debug)]
pub(crate) enum Db {
    Sqlite(SqliteDb),
    Postgres(PostgresDb),
}

/// `durable` and `bulk` have one connection each; `writer` lets one of them write at a time.
#[derive(Clone, Debug)]
pub(crate) struct SqliteDb {
    pub(crate) durable: SqlitePool,
    pub(crate) bulk: SqlitePool,
    pub(crate) read: SqlitePool,
    pub(crate) writer: Arc<Mutex<()>>,
}

/// Two pools, so that slow page reads never keep a launch waiting for a connection.
#[derive(Clone, Debug)]
pub(crate) struct PostgresDb {
    pub(crate) write: PgPool,
    pub(crate) read: PgPool,
}

/// What a commit promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// On disk when the commit returns. A launch is recorded before its job is created: if a power cut could take the
    /// record back, the same click would pay for a second job.
    Flushed,
    /// On disk a moment later, in order: a power cut may take the last commits back, whole ones only, newest first.
    /// Points come with the cursor of their reader, so what is lost is read again from the engine.
    Deferred,
}

/// One connection, of either kind, for one statement.
pub(crate) enum Conn<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

/// A write transaction.
pub(crate) enum Tx {
    // The transaction is declared before the turn, so that it is dropped (and its rollback begun) first.
    Sqlite(Transaction<'static, Sqlite>, OwnedMutexGuard<()>),
    Postgres(Transaction<'static, Postgres>),
}

/// A connection that only reads.
pub(crate) enum Reader {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

impl Db {
    pub(crate) async fn begin(&self, durability: Durability) -> Result<Tx> {
        match self {
            Self::Sqlite(db) => {
                let turn = Arc::clone(&db.writer).lock_owned().await;
                let pool = match durability {
                    Durability::Flushed => &db.durable,
                    Durability::Deferred => &db.bulk,
                };
                Ok(Tx::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await.map_err(of_driver)?, turn))
            }
            Self::Postgres(db) => {
                let mut tx = Tx::Postgres(db.write.begin().await.map_err(of_driver)?);
                if durability == Durability::Deferred {
                    execute!(tx, "SET LOCAL synchronous_commit TO OFF")?;
                }
                Ok(tx)
            }
        }
    }

    pub(crate) async fn reader(&self) -> Result<Reader> {
        match self {
            Self::Sqlite(db) => Ok(Reader::Sqlite(db.read.acquire().await.map_err(of_driver)?)),
            Self::Postgres(db) => Ok(Reader::Postgres(db.read.acquire().await.map_err(of_driver)?)),
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(db) => {
                db.read.close().await;
                db.bulk.close().await;
                // Last, because the last connection to close folds the write-ahead log into the file.
                db.durable.close().await;
            }
            Self::Postgres(db) => {
                db.read.close().await;
                db.write.close().await;
            }
        }
    }
}

impl Tx {
    pub(crate) fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(tx, _) => Conn::Sqlite(tx),
            Self::Postgres(tx) => Conn::Postgres(tx),
        }
    }

    pub(crate) async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(tx, _turn) => tx.commit().await.map_err(of_driver),
            Self::Postgres(tx) => tx.commit().await.map_err(of_driver),
        }
    }
}

impl Reader {
    pub(crate) fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(conn) => Conn::Sqlite(conn),
            Self::Postgres(conn) => Conn::Postgres(conn),
        }
    }
}

/// `execute!(tx, SQL, binds..)?` -> how many rows were affected.
macro_rules! execute {
    ($db:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        match $db.conn() {
            $crate::db::Conn::Sqlite(conn) => {
                sqlx::query::<sqlx::Sqlite>($sql)$(.bind($bind))*.execute(conn).await.map(|it| it.rows_affected())
            }
            $crate::db::Conn::Postgres(conn) => {
                sqlx::query::<sqlx::Postgres>($sql)$(.bind($bind))*.execute(conn).await.map(|it| it.rows_affected())
            }
        }
        .map_err($crate::error::of_driver)
    };
}

/// `fetch!(optional, Row, db, SQL, binds..)?`: `one`, `optional` or `all` rows; `Row` is a `FromRow` or a tuple.
macro_rules! fetch {
    (one, $($rest:tt)*) => { $crate::db::fetch_with!(fetch_one, $($rest)*) };
    (optional, $($rest:tt)*) => { $crate::db::fetch_with!(fetch_optional, $($rest)*) };
    (all, $($rest:tt)*) => { $crate::db::fetch_with!(fetch_all, $($rest)*) };
}

macro_rules! fetch_with {
    ($method:ident, $row:ty, $db:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        match $db.conn() {
            $crate::db::Conn::Sqlite(conn) => {
                sqlx::query_as::<sqlx::Sqlite, $row>($sql)$(.bind($bind))*.$method(conn).await
            }
            $crate::db::Conn::Postgres(conn) => {
                sqlx::query_as::<sqlx::Postgres, $row>($sql)$(.bind($bind))*.$method(conn).await
            }
        }
        .map_err($crate::error::of_driver)
    };
}

pub(crate) use {execute, fetch, fetch_with};
