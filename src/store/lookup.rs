//! From what a person types to an id.

use std::path::Path;

use rusqlite::Connection;

use super::LookupError;
use super::error::AtPath;

/// The one id of a table that is `text` or begins with it; `prefix` is that of our own ids there.
///
/// Also without the `dlv_` and in lower case, as long as nothing is spelled just so: an imported
/// delivery keeps whatever id its writer gave it.
pub(super) fn resolve(
    conn: &Connection,
    path: &Path,
    (table, prefix): (&str, &str),
    text: &str,
) -> Result<String, LookupError> {
    let not_found = || LookupError::NotFound { id: text.into() };
    if text.is_empty() {
        return Err(not_found());
    }
    for spelling in [text.to_owned(), canonical(prefix, text)] {
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
    table: &str,
    from: &str,
    to: &str,
    limit: usize,
) -> Result<Vec<String>, LookupError> {
    let sql =
        format!("SELECT id FROM {table} WHERE id >= ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3");
    let mut found = conn.prepare_cached(&sql).at(path)?;
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
fn canonical(prefix: &str, text: &str) -> String {
    let ulid = text.strip_prefix(prefix).unwrap_or(text);
    format!("{prefix}{}", ulid.to_ascii_uppercase())
}
