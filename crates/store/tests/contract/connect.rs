//! Opening a database, or saying in one line why not.

use std::error::Error;

use futures::future::join_all;
use store::{Backend, Store, StoreError};
use testkit::postgres::Cluster;

use crate::{harness::contract, samples::*};

contract! {
    async fn an_open_store_answers(store) {
        store.ping().await.unwrap();
        let expected = if store.url.starts_with("sqlite") { Backend::Sqlite } else { Backend::Postgres };
        assert_eq!(store.backend(), expected);
        store.close().await;
        assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    }

    async fn a_database_newer_than_the_program_is_refused_and_left_alone(store) {
        let future = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                      VALUES (9000, 'from the future', TRUE, 'x', 0)";
        run_sql(&store.url, future).await;
        let refused = Store::connect(&store.url).await.map(|_| ());
        assert!(matches!(refused, Err(StoreError::NewerSchema { found: 9_000, known }) if known < 9_000), "{refused:?}");
        let line = refused.unwrap_err().to_string();
        assert!(line.contains("9000") && !line.contains('\n'), "{line}");
    }

    async fn a_changed_migration_is_refused(store) {
        run_sql(&store.url, "UPDATE _sqlx_migrations SET checksum = 'x' WHERE version = 3").await;
        let refused = Store::connect(&store.url).await.map(|_| ());
        assert!(matches!(refused, Err(StoreError::Migration(_))), "{refused:?}");
    }

    async fn what_was_written_is_there_after_reopening(store) {
        requested(&store, 1).await;
        store.close().await;
        let again = store.second().await;
        assert_eq!(again.run_get(&run_id(1)).await.unwrap().unwrap(), run(1));
    }
}

/// Runs one statement beside the store.
async fn run_sql(url: &str, sql: &'static str) {
    use sqlx::Connection;
    if url.starts_with("sqlite") {
        let mut conn = sqlx::SqliteConnection::connect(url).await.unwrap();
        // A checksum is bytes: SQLite's strict tables would not take text, this table is not strict.
        sqlx::query(sql).execute(&mut conn).await.unwrap();
    } else {
        let mut conn = sqlx::PgConnection::connect(url).await.unwrap();
        sqlx::query(sql).execute(&mut conn).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_servers_start_at_once_on_a_new_file() {
    let folder = tempfile::tempdir().unwrap();
    several_servers_start_at_once(&folder.path().join("trainyard.db").display().to_string()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_servers_start_at_once_on_a_new_postgres_database() {
    several_servers_start_at_once(&Cluster::shared().create_database()).await;
}

async fn several_servers_start_at_once(url: &str) {
    let starts = (0..4).map(|_| {
        let url = url.to_owned();
        tokio::spawn(async move { Store::connect(&url).await })
    });
    for store in join_all(starts).await {
        store.unwrap().unwrap().ping().await.unwrap();
    }
}

async fn refusal(url: &str) -> StoreError {
    let err = Store::connect(url).await.map(|_| ()).unwrap_err();
    let line = err.to_string();
    assert!(!line.contains('\n') && line.len() < 250, "one clear line: {line}");
    err
}

#[tokio::test]
async fn a_folder_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none").join("trainyard.db");
    let err = refusal(&path.display().to_string()).await;
    assert!(matches!(&err, StoreError::FolderMissing { path } if path.ends_with("none")), "{err:?}");
}

#[tokio::test]
async fn a_file_that_cannot_be_written() {
    // A folder in the file's place: refused to root as well, unlike a missing permission.
    let folder = tempfile::tempdir().unwrap();
    let err = refusal(&folder.path().display().to_string()).await;
    assert!(matches!(&err, StoreError::NotWritable { path, .. } if path == folder.path()), "{err:?}");
    assert!(err.source().is_some(), "the system's reason is kept");
}

#[tokio::test]
async fn a_file_of_another_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    let content = "not a database at all\n".repeat(1_000);
    std::fs::write(&path, &content).unwrap();
    let err = refusal(&path.display().to_string()).await;
    assert!(matches!(&err, StoreError::NotADatabase { .. }), "{err:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), content, "it is left alone");
}

#[tokio::test]
async fn an_address_of_no_kind() {
    for url in
        ["", "sqlite://", "mysql://localhost/x", "sqlite::memory:", ":memory:", "postgres://[", "sqlite:///x?mode=ro"]
    {
        let err = refusal(url).await;
        assert!(matches!(err, StoreError::Url { .. }), "{url}: {err:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there() {
    let err = refusal("postgres://someone:secret@127.0.0.1:9/trainyard").await;
    assert!(matches!(&err, StoreError::Unreachable { server, .. } if server == "127.0.0.1:9/trainyard"), "{err:?}");
    assert!(!format!("{err:?} {err}").contains("secret"));
}

#[tokio::test]
async fn a_server_that_refuses() {
    let url = Cluster::shared().create_database().replace("/test_", "/no_such_");
    let err = refusal(&url).await;
    assert!(matches!(&err, StoreError::Refused { .. }), "{err:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_restarts_is_found_again() {
    let cluster = Cluster::start().unwrap();
    let store = Store::connect(&cluster.create_database()).await.unwrap();
    let lease = dispatching(&store, 1).await;
    cluster.crash().unwrap();
    let gone = store.outbox_resolve(&lease, &created(1), after(1_001)).await;
    assert!(matches!(gone, Err(StoreError::Unavailable(_))), "{gone:?}");
    cluster.start_server().unwrap();
    // The next call is the retry: the answer is applied, once.
    let applied = store.outbox_resolve(&lease, &created(1), after(1_002)).await.unwrap();
    assert!(matches!(applied, store::Guarded::Applied(_)));
}
