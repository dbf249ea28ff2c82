//! From what a person types to an id.

use std::path::Path;

use rusqlite::Connection;

use super::LookupError;
use super::error::AtPath;
use crate::delivery::id;

/// A table with ids, and how its ids begin.
#[derive(Clone, Copy)]
pub(super) enum Table {
    Delivery,
    Attempt,
}

impl Table {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Delivery => id::DELIVERY,
            Self::Attempt => id::ATTEMPT,
        }
    }

    /// Ids from `?1` to below `?2`, newest first, at most `?3`.
    const fn range(self) -> &'static str {
        match self {
            Self::Delivery => {
                "SELECT id FROM delivery WHERE id >= ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3"
            }
            Self::Attempt => {
                "SELECT id FROM attempt WHERE id >= ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3"
            }
        }
    }
}

/// The one id that is `text` or begins with it.
///
/// Also without the `dlv_` and in lower case, as long as nothing is spelled just so: an imported
/// delivery keeps whatever id its writer gave it.
pub(super) fn resolve(
    conn: &Connection,
    path: &Path,
    table: Table,
    text: &str,
) -> Result<String, LookupError> {
    let not_found = || LookupError::NotFound { id: text.into() };
    if text.is_empty() {
        return Err(not_found());
    }
    for spelling in [text.to_owned(), canonical(table, text)] {
        if let Some(id) = ids(conn, path, table, &spelling, &after(&spelling, '\0'), 1)?.pop() {
            return Ok(id);
        }
        let end = after(&spelling, char::MAX);
        let mut found = ids(conn, path, table, &spelling, &end, LookupError::CANDIDATES)?;
        found.reverse();
        match <[String; 1]>::try_from(found) {
            Ok([id]) => return Ok(id),
            Err(none) if none.is_empty() => {}
            Err(candidates) => {
                return Err(LookupError::Ambiguous {
                    prefix: text.into(),
                    candidates,
                });
            }
        }
    }
    Err(not_found())
}

fn ids(
    conn: &Connection,
    path: &Path,
    table: Table,
    from: &str,
    to: &str,
    limit: usize,
) -> Result<Vec<String>, LookupError> {
    let mut found = conn.prepare_cached(table.range()).at(path)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let ids = found
        .query_map((from, to, limit), |row| row.get(0))
        .and_then(Iterator::collect)
        .at(path)?;
    Ok(ids)
}

/// The bound behind `text` alone (NUL) or behind everything that begins with it (the last
/// character).
fn after(text: &str, end: char) -> String {
    format!("{text}{end}")
}

/// Ids of our own are a prefix and a ULID, which is in upper case.
fn canonical(table: Table, text: &str) -> String {
    let prefix = table.prefix();
    let ulid = text.strip_prefix(prefix).unwrap_or(text);
    format!("{prefix}{}", ulid.to_ascii_uppercase())
}
