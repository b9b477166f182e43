//! Migrations: the same steps for both databases.

use std::collections::BTreeSet;

use crate::{assert_none, files};

fn names(database: &str) -> BTreeSet<String> {
    let files = files(&format!("migrations/{database}"), ".sql");
    files.iter().map(|it| it.file_name().expect("a file").to_string_lossy().into_owned()).collect()
}

#[test]
fn both_databases_have_the_same_migrations() {
    let (sqlite, postgres) = (names("sqlite"), names("postgres"));
    assert!(!sqlite.is_empty(), "no migrations found in migrations/sqlite");
    let lonely: Vec<String> = sqlite.symmetric_difference(&postgres).cloned().collect();
    assert_none(&lonely, "Each migration exists in migrations/sqlite and in migrations/postgres under one name:");
}

#[test]
fn migrations_are_numbered_from_one_without_gaps() {
    let mut offenders = Vec::new();
    for (index, name) in names("sqlite").iter().enumerate() {
        let expected = format!("{:04}_", index + 1);
        if !name.starts_with(&expected) {
            offenders.push(format!("{name}: expected a name that begins with {expected}"));
        }
    }
    assert_none(&offenders, "Migrations are NNNN_what_it_does.sql in one row:");
}
