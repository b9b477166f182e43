//! Bringing a database up to date, or refusing it when a newer program wrote it.
//!
//! `migrations/sqlite` and `migrations/postgres` hold the same numbers and names. A released migration is never
//! changed: the next one has the next number. Each runs in a transaction of its own; the caller sees to it that one
//! process at a time comes here (a file lock for SQLite, sqlx's advisory lock for PostgreSQL).

use sqlx::{
    PgConnection, SqliteConnection,
    migrate::{MigrateError, Migrator},
};

use crate::error::{Result, StoreError, of_driver};

static SQLITE: Migrator = sqlx::migrate!("../../migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("../../migrations/postgres");

pub(crate) async fn sqlite(conn: &mut SqliteConnection) -> Result<()> {
    let has_history: bool =
        sqlx::query_scalar("SELECT COUNT(*) > 0 FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'")
            .fetch_one(&mut *conn)
            .await
            .map_err(of_driver)?;
    if has_history {
        let found: Option<i64> = sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations")
            .fetch_one(&mut *conn)
            .await
            .map_err(of_driver)?;
        refuse_newer(&SQLITE, found)?;
    }
    SQLITE.run_direct(None, conn, false).await.map_err(of_migration)
}

pub(crate) async fn postgres(conn: &mut PgConnection) -> Result<()> {
    let has_history: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(&mut *conn)
        .await
        .map_err(of_driver)?;
    if has_history {
        let found: Option<i64> = sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations")
            .fetch_one(&mut *conn)
            .await
            .map_err(of_driver)?;
        refuse_newer(&POSTGRES, found)?;
    }
    POSTGRES.run_direct(None, conn, false).await.map_err(of_migration)
}

fn newest(migrator: &Migrator) -> i64 {
    migrator.iter().map(|it| it.version).max().unwrap_or_default()
}

fn refuse_newer(migrator: &Migrator, found: Option<i64>) -> Result<()> {
    let known = newest(migrator);
    match found {
        Some(found) if found > known => Err(StoreError::NewerSchema { found, known }),
        _ => Ok(()),
    }
}

fn of_migration(err: MigrateError) -> StoreError {
    match err {
        // No answer is not the migration's fault.
        MigrateError::Execute(err) => match of_driver(err) {
            StoreError::Statement(source) => StoreError::Migration(source),
            other => other,
        },
        MigrateError::ExecuteMigration(err, version) => match of_driver(err) {
            StoreError::Statement(source) => StoreError::Migration(format!("migration {version}: {source}").into()),
            other => other,
        },
        other => StoreError::Migration(Box::new(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_databases_have_the_same_migrations() {
        let names = |migrator: &Migrator| {
            migrator.iter().map(|it| (it.version, it.description.to_string())).collect::<Vec<_>>()
        };
        assert_eq!(names(&SQLITE), names(&POSTGRES));
        let versions: Vec<i64> = SQLITE.iter().map(|it| it.version).collect();
        let expected: Vec<i64> = (1..).take(versions.len()).collect();
        assert_eq!(versions, expected, "numbers have no holes");
    }

    #[test]
    fn every_migration_says_why() {
        for migration in SQLITE.iter().chain(POSTGRES.iter()) {
            assert!(migration.sql.as_str().starts_with("-- "), "{} has no comment on top", migration.description);
        }
    }
}
