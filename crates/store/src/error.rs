//! What can go wrong with the database, by what can be done about it.
//!
//! Each message is one line for the person who runs the server; the driver's own words are the `source`. No message
//! and no source holds a password: servers are named by host, port and database only.

use std::path::PathBuf;

use domain::ids::RunId;
use sqlx::error::DatabaseError;

/// The driver's error, which no other crate needs to know by type.
pub type DriverError = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Neither a file path nor a PostgreSQL address.
    #[error(
        "not a database address: {reason}; give a file path, sqlite:///path/to/file.db or postgres://user@host/database"
    )]
    Url { reason: String },
    #[error("the folder {} of the database does not exist: create it, or choose another with --data", .path.display())]
    FolderMissing { path: PathBuf },
    #[error("the database {} cannot be written: check its owner and permissions, or choose another folder with --data", .path.display())]
    NotWritable {
        path: PathBuf,
        #[source]
        source: DriverError,
    },
    /// Another program's file, or one that is damaged from the first page.
    #[error("{} is not an SQLite database: move the file away, or choose another folder with --data", .path.display())]
    NotADatabase { path: PathBuf },
    /// Nothing answers there.
    #[error("the database server {server} cannot be reached")]
    Unreachable {
        server: String,
        #[source]
        source: DriverError,
    },
    /// The server answers, and does not let us in: wrong user, password or database name.
    #[error("the database server {server} refused the connection")]
    Refused {
        server: String,
        #[source]
        source: DriverError,
    },
    /// Nothing was changed.
    #[error(
        "the database was written by a newer Trainyard (its schema is {found}, this program knows {known}): start that version"
    )]
    NewerSchema { found: i64, known: i64 },
    #[error("the database could not be brought up to date; it is as it was before")]
    Migration(#[source] DriverError),
    /// The database was there and is not now: the caller's next try may succeed.
    #[error("the database does not answer at the moment")]
    Unavailable(#[source] DriverError),
    #[error("the database has no space left: nothing was written")]
    DiskFull(#[source] DriverError),
    #[error("the database is damaged: stop the server and restore a backup")]
    Damaged(#[source] DriverError),
    #[error("there is no run {0}")]
    RunMissing(RunId),
    #[error("the source archive {0} is not stored")]
    SourceMissing(String),
    /// A key made by a client is longer than any that we make: refused before an index would.
    #[error("{what} has {chars} characters; at most {max} are allowed")]
    TooLong { what: &'static str, chars: usize, max: usize },
    /// A batch with points whose cursor does not move could be stored twice.
    #[error("the cursor {key} of a batch with points does not move")]
    CursorUnmoved { key: String },
    /// A create was answered with a stop's outcome, or the other way round: a mistake of the caller.
    #[error("the outcome {outcome} does not belong to a {kind} call")]
    OutcomeMismatch { kind: &'static str, outcome: &'static str },
    /// A row that this program did not write, or wrote wrongly.
    #[error("{table} {id} is not readable: {reason}")]
    BadRow { table: &'static str, id: String, reason: String },
    #[error("the database refused a statement")]
    Statement(#[source] DriverError),
}

pub(crate) type Result<T> = std::result::Result<T, StoreError>;

/// Sorts the driver's errors of a running store by what can be done about them.
pub(crate) fn of_driver(err: sqlx::Error) -> StoreError {
    let code = err.as_database_error().and_then(DatabaseError::code).unwrap_or_default().into_owned();
    match (&err, code.as_str()) {
        (sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_), _) => {
            StoreError::Unavailable(Box::new(err))
        }
        _ if is_sqlite(&err) => match primary_sqlite_code(&code) {
            5 | 6 => StoreError::Unavailable(Box::new(err)), // BUSY, LOCKED
            13 => StoreError::DiskFull(Box::new(err)),       // FULL
            11 | 26 => StoreError::Damaged(Box::new(err)),   // CORRUPT, NOTADB
            _ => StoreError::Statement(Box::new(err)),
        },
        // Classes of SQLSTATE: 08 connection, 53 resources, 57P shutdown, XX data corruption.
        (_, "53100") => StoreError::DiskFull(Box::new(err)),
        (_, "XX001" | "XX002") => StoreError::Damaged(Box::new(err)),
        (_, state) if state.starts_with("08") || state.starts_with("53") || state.starts_with("57P") => {
            StoreError::Unavailable(Box::new(err))
        }
        _ => StoreError::Statement(Box::new(err)),
    }
}

/// The transaction failed because a row that it names is not there.
pub(crate) fn is_foreign_key_violation(err: &StoreError) -> bool {
    let StoreError::Statement(source) = err else { return false };
    let driver = source.downcast_ref::<sqlx::Error>().and_then(sqlx::Error::as_database_error);
    driver.is_some_and(DatabaseError::is_foreign_key_violation)
}

fn is_sqlite(err: &sqlx::Error) -> bool {
    err.as_database_error().is_some_and(|it| it.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some())
}

/// The low byte is the error, the rest its variant; sqlx gives the extended code in decimal.
pub(crate) fn primary_sqlite_code(code: &str) -> u32 {
    code.parse::<u32>().unwrap_or_default() & 0xff
}
