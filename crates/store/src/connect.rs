//! Opening a database: where it is, whether it can be written, and how its connections are set up.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use sqlx::{
    ConnectOptions, Connection, Executor, PgConnection,
    error::DatabaseError,
    pool::PoolOptions,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::Mutex;

use crate::{
    Backend, Store,
    db::{Db, PostgresDb, SqliteDb, fetch},
    error::{Result, StoreError, of_driver, primary_sqlite_code},
    migrate,
};

/// How long a call waits for a connection, and a start for a server's answer or another start's migration.
const WAIT: Duration = Duration::from_secs(10);
/// Pages read in parallel; SQLite's readers never wait for its writer.
const SQLITE_READERS: u32 = 4;
const POSTGRES_WRITERS: u32 = 6;
const POSTGRES_READERS: u32 = 10;

impl Store {
    /// Opens the database at `url` and brings it up to date: a plain path or `sqlite:///path/file.db` (created when
    /// missing, in a folder that exists), or `postgres://user@host/database`.
    pub async fn connect(url: &str) -> Result<Self> {
        let db = match Address::parse(url)? {
            Address::File(path) => Db::Sqlite(open_sqlite(&path).await?),
            Address::Server(options) => Db::Postgres(open_postgres(*options).await?),
        };
        Ok(Self { db })
    }

    /// Answers when the database answers.
    pub async fn ping(&self) -> Result<()> {
        let mut reader = self.db.reader().await?;
        // A table, not `SELECT 1`: an SQLite file that was lost or damaged is noticed.
        fetch!(one, (i64,), reader, "SELECT number FROM live_counter").map(|_| ())
    }

    pub fn backend(&self) -> Backend {
        match self.db {
            Db::Sqlite(_) => Backend::Sqlite,
            Db::Postgres(_) => Backend::Postgres,
        }
    }

    /// Ends every connection after the statement that it is at; later calls fail as `Unavailable`.
    pub async fn close(&self) {
        self.db.close().await;
    }
}

#[derive(Debug)]
enum Address {
    File(PathBuf),
    Server(Box<PgConnectOptions>),
}

impl Address {
    fn parse(url: &str) -> Result<Self> {
        let fail = |reason: &str| Err(StoreError::Url { reason: reason.to_owned() });
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        match scheme {
            "postgres" | "postgresql" => match PgConnectOptions::from_str(url) {
                Ok(options) => Ok(Self::Server(Box::new(options))),
                // The parser's message could quote the password.
                Err(_) => fail("the postgres:// address is malformed"),
            },
            "" | "sqlite" if rest.is_empty() => fail("it names no file"),
            "" if rest.starts_with("sqlite:") => fail("write sqlite:// with two slashes, then the path"),
            "sqlite" if rest.contains('?') => fail("an sqlite:// address takes no parameters"),
            "" | "sqlite" if rest == ":memory:" => fail("a database in memory would not survive a restart"),
            "" | "sqlite" => Ok(Self::File(PathBuf::from(rest))),
            other => fail(&format!("`{other}://` is not supported")),
        }
    }
}

async fn open_sqlite(path: &Path) -> Result<SqliteDb> {
    prove_writable(path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .foreign_keys(true)
        // Other processes may hold the file for a moment: a backup, a second server that is starting.
        .busy_timeout(WAIT)
        // Without a limit the log keeps the size of the largest batch that ever was.
        .pragma("journal_size_limit", "67108864");
    let durable = options.clone().synchronous(SqliteSynchronous::Full);
    let bulk = options.clone().synchronous(SqliteSynchronous::Normal).optimize_on_close(true, None);
    let read = options.pragma("query_only", "on");

    let _turn = migration_turn(path).await?;
    let mut conn = durable.connect().await.map_err(|err| of_sqlite_open(path, err))?;
    migrate::sqlite(&mut conn).await.map_err(|err| match err {
        StoreError::Damaged(_) => StoreError::NotADatabase { path: path.to_owned() },
        other => other,
    })?;
    conn.close().await.map_err(of_driver)?;

    let one =
        || SqlitePoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None).acquire_timeout(WAIT);
    Ok(SqliteDb {
        durable: one().connect_with(durable).await.map_err(of_driver)?,
        bulk: one().connect_with(bulk).await.map_err(of_driver)?,
        read: SqlitePoolOptions::new()
            .max_connections(SQLITE_READERS)
            .acquire_timeout(WAIT)
            .connect_with(read)
            .await
            .map_err(of_driver)?,
        writer: Arc::new(Mutex::new(())),
    })
}

/// Opens the file for writing as SQLite will, because SQLite says "unable to open" for every reason.
fn prove_writable(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(StoreError::FolderMissing { path: folder.to_owned() });
    }
    writable(path).map(|_| ()).map_err(|err| StoreError::NotWritable { path: path.to_owned(), source: Box::new(err) })
}

/// Opens or makes a file that only its owner may read: the database holds people's scripts and parameters. SQLite gives
/// the files beside it the same permissions.
fn writable(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Two servers may start on one file at once: the second waits until the first has migrated it. SQLite itself has no
/// lock that spans the several transactions of a migration. The lock goes with the process, however that ends.
async fn migration_turn(path: &Path) -> Result<File> {
    let mut lock_path = path.as_os_str().to_owned();
    lock_path.push("-migration.lock");
    let not_writable = |err: io::Error| StoreError::NotWritable { path: path.to_owned(), source: Box::new(err) };
    let file = writable(Path::new(&lock_path)).map_err(not_writable)?;
    let pause = Duration::from_millis(20);
    for _ in 0..(WAIT.as_millis() / pause.as_millis()) {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(pause).await,
            Err(TryLockError::Error(err)) => return Err(not_writable(err)),
        }
    }
    Err(StoreError::Unavailable("another process is bringing the database up to date".into()))
}

fn of_sqlite_open(path: &Path, err: sqlx::Error) -> StoreError {
    let code = err.as_database_error().and_then(DatabaseError::code).map(|it| primary_sqlite_code(&it));
    match code {
        Some(26) => StoreError::NotADatabase { path: path.to_owned() },
        // READONLY, IOERR, CANTOPEN: the file is writable, so it is the folder that is not (the log is a file beside it).
        Some(8 | 10 | 14) => StoreError::NotWritable { path: path.to_owned(), source: Box::new(err) },
        _ => of_driver(err),
    }
}

async fn open_postgres(options: PgConnectOptions) -> Result<PostgresDb> {
    let options = options.application_name("trainyard");
    let server = server_name(&options);
    // A connection of its own, closed afterwards: the advisory lock of the migrations goes with it even when this
    // future is dropped half way, and never comes back into a pool.
    let connecting = tokio::time::timeout(WAIT, PgConnection::connect_with(&options));
    let mut conn = match connecting.await {
        Ok(Ok(conn)) => conn,
        Ok(Err(err)) => return Err(of_postgres_connect(server, err)),
        Err(elapsed) => return Err(StoreError::Unreachable { server, source: Box::new(elapsed) }),
    };
    migrate::postgres(&mut conn).await?;
    conn.close().await.map_err(of_driver)?;
    Ok(PostgresDb {
        write: postgres_pool(POSTGRES_WRITERS).connect_with(options.clone()).await.map_err(of_driver)?,
        read: postgres_pool(POSTGRES_READERS).connect_with(options).await.map_err(of_driver)?,
    })
}

fn postgres_pool(max: u32) -> PoolOptions<sqlx::Postgres> {
    PgPoolOptions::new().max_connections(max).acquire_timeout(WAIT).idle_timeout(Duration::from_mins(10)).after_connect(
        |conn, _| {
            Box::pin(async move {
                // By statement, not by start-up options: connection poolers such as pgbouncer refuse those. Without JIT:
                // a long filter would be compiled for longer than any search takes. A transaction sees what others have
                // committed while it waited for a lock, whatever the database's default is: locks depend on it.
                conn.execute(
                    "SET statement_timeout = '30s'; SET lock_timeout = '10s'; SET jit TO off; \
                     SET idle_in_transaction_session_timeout = '60s'; \
                     SET default_transaction_isolation TO 'read committed'",
                )
                .await
                .map(|_| ())
            })
        },
    )
}

fn of_postgres_connect(server: String, err: sqlx::Error) -> StoreError {
    let source = Box::new(err);
    if source.as_database_error().is_some() {
        StoreError::Refused { server, source }
    } else {
        StoreError::Unreachable { server, source }
    }
}

/// Host, port and database: never the user's password.
fn server_name(options: &PgConnectOptions) -> String {
    let host = options.get_socket().map_or_else(|| options.get_host().to_owned(), |it| it.display().to_string());
    format!("{host}:{}/{}", options.get_port(), options.get_database().unwrap_or_else(|| options.get_username()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn launches_are_flushed_and_points_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let db = open_sqlite(&folder.path().join("trainyard.db")).await.unwrap();
        for (pool, synchronous) in [(&db.durable, 2_i64), (&db.bulk, 1)] {
            let of = |pragma| sqlx::query_scalar::<_, i64>(pragma).fetch_one(pool);
            assert_eq!(of("PRAGMA synchronous").await.unwrap(), synchronous);
            assert_eq!(of("PRAGMA foreign_keys").await.unwrap(), 1);
            let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(pool).await.unwrap();
            assert_eq!(journal, "wal");
        }
    }

    #[tokio::test]
    async fn readers_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let db = open_sqlite(&folder.path().join("trainyard.db")).await.unwrap();
        assert!(sqlx::query("DELETE FROM live_counter").execute(&db.read).await.is_err());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn only_the_owner_may_read_the_files() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let _db = open_sqlite(&folder.path().join("trainyard.db")).await.unwrap();
        let mut count = 0;
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", file.path());
            count += 1;
        }
        assert!(count >= 3, "the database, its log and its index");
    }
}
