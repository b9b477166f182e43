//! Text and JSON on their way into and out of columns.

use std::borrow::Cow;

use serde::{Serialize, de::DeserializeOwned};

use crate::error::{Result, StoreError};

/// The longest key that a client may choose (idempotency keys, sha256, cursors): index entries have a limit of their
/// own in PostgreSQL, and this is far below it.
pub(crate) const MAX_KEY_CHARS: usize = 512;

/// Text as both databases keep it: PostgreSQL has no NUL in text, and logs and failure reasons may hold anything.
/// JSON needs no care, because there NUL is written as an escape.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

pub(crate) fn plain_owned(text: Option<&str>) -> Option<String> {
    text.map(|it| plain(it).into_owned())
}

/// A key as a client sent it: of a sane length, and stored as `plain`.
pub(crate) fn key<'t>(what: &'static str, text: &'t str) -> Result<Cow<'t, str>> {
    let chars = text.chars().count();
    if chars > MAX_KEY_CHARS {
        return Err(StoreError::TooLong { what, chars, max: MAX_KEY_CHARS });
    }
    Ok(plain(text))
}

/// Our own types: their keys are strings and their numbers are numbers, so this cannot fail.
pub(crate) fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|err| StoreError::BadRow {
        table: "value",
        id: String::new(),
        reason: err.to_string(),
    })
}

/// Reads what `to_json` wrote; `table` and `id` say where, should it not be that.
pub(crate) fn from_json<T: DeserializeOwned>(table: &'static str, id: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|err| bad_row(table, id, &err.to_string()))
}

pub(crate) fn bad_row(table: &'static str, id: &str, reason: &str) -> StoreError {
    StoreError::BadRow { table, id: id.to_owned(), reason: reason.to_owned() }
}

/// Counts and seconds: never near the limit, but never wrapping either.
pub(crate) fn to_i64(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(crate) fn to_u64(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
