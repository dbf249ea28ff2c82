//! The table of `webhook log`: a delivery a row, the newest last.

use colored::Colorize as _;

use super::sanitize::escape;
use super::{age, bytes, style, table};
use crate::delivery::{Delivery, FailureKind, Timestamp};

/// How much of a cell is shown, in characters. It holds an id of ours, which can so be copied.
const CELL_LIMIT: usize = 40;

const COLUMNS: [&str; 10] = [
    "#", "TIME", "AGE", "ID", "VERDICT", "PROVIDER", "EVENT", "EVENT ID", "SIZE", "LAST",
];

/// What a narrow terminal goes without, the first first.
const DISPENSABLE: [&str; 7] = ["SIZE", "ID", "EVENT ID", "TIME", "PROVIDER", "AGE", "LAST"];
/// What stands in place of a number.
const NO_NUMBER: &str = "-";

/// The first cell: the number by which the delivery can be named, where it has one.
pub fn number(number: Option<usize>) -> String {
    let number = number.map_or_else(|| NO_NUMBER.into(), |number| number.to_string());
    number.dimmed().to_string()
}

/// The cells between: of a delivery, but for its number and what became of its last attempt.
pub fn row(delivery: &Delivery, now: Timestamp) -> Vec<String> {
    let request = &delivery.request;
    let asked = format!("{} {}", request.method, request.target);
    vec![
        delivery.received_at.to_local_text(now),
        age(delivery.received_at, now),
        cell(Some(&delivery.id)),
        style::verdict(delivery.verdict.status),
        cell(delivery.provider.as_deref()),
        cell(Some(delivery.event.as_deref().unwrap_or(&asked))),
        cell(delivery.event_id.as_deref()),
        bytes(request.body.len() as u64),
    ]
}

/// The last cell: what became of the last attempt, where there was one.
pub fn last_attempt(outcome: Option<Result<u16, FailureKind>>) -> String {
    match outcome {
        None => "-".into(),
        Some(Ok(status)) => format!("→ {}", style::status_code(status)),
        Some(Err(kind)) => format!("→ {}", kind.as_str().red()),
    }
}

/// The table of all rows, without the columns for which a terminal of `width` has no room. An id is not
/// missed where its row's number names the delivery as well.
pub fn listing(rows: &[Vec<String>], width: Option<usize>) -> String {
    let mut columns = COLUMNS.to_vec();
    let first = rows.first().and_then(|row| row.first());
    let is_numbered = first.is_some_and(|first| !first.contains(NO_NUMBER));
    let dispensable = DISPENSABLE.iter();
    let mut dispensable = dispensable.filter(|name| **name != "ID" || is_numbered);
    loop {
        let picked: Vec<_> = rows.iter().map(|row| pick(row, &columns)).collect();
        let whole = table(&columns, picked.clone(), None);
        let widest = whole.lines().map(style::width).max().unwrap_or_default();
        if width.is_none_or(|room| widest <= room) {
            return whole;
        }
        let Some(gone) = dispensable.next() else {
            return table(&columns, picked, width);
        };
        columns.retain(|column| column != gone);
    }
}

fn cell(text: Option<&str>) -> String {
    let text = escape(text.unwrap_or("-"));
    match text.char_indices().nth(CELL_LIMIT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.into_owned(),
    }
}

fn pick(row: &[String], columns: &[&str]) -> Vec<String> {
    let named = COLUMNS.iter().zip(row);
    let wanted = named.filter(|(name, _)| columns.contains(name));
    wanted.map(|(_, cell)| cell.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(number: &str) -> Vec<Vec<String>> {
        let row = [
            number,
            "10:30:01",
            "3 min ago",
            "dlv_1",
            "✓ valid",
            "olympus",
            "order.created",
        ];
        let rest = ["evt_1", "412 B", "→ 200"];
        vec![row.into_iter().chain(rest).map(String::from).collect()]
    }

    #[test]
    fn a_narrow_terminal_loses_columns_and_never_what_names_the_delivery() {
        colored::control::set_override(true);
        let mut before = usize::MAX;
        let rooms = [200, 80, 60, 40].into_iter().cycle();
        for (room, (number, name)) in
            rooms.zip([("7", "7 "); 4].into_iter().chain([("-", "dlv_1"); 4]))
        {
            let table = listing(&rows(number), Some(room));
            if room == 200 {
                before = usize::MAX;
            }
            let widest = table.lines().map(style::width).max().unwrap();
            assert!(widest <= before, "{table}");
            assert!(widest <= room, "{room}: {table}");
            for kept in [name, "order.c", "✓ valid"] {
                assert!(table.contains(kept), "{table}");
            }
            before = widest;
        }
        assert_eq!(listing(&rows("7"), None), listing(&rows("7"), Some(200)));
    }

    #[test]
    fn a_cell_is_cut_at_its_limit_and_harmless() {
        let long = format!("\x1b[2J{}", "x".repeat(100));
        let shown = cell(Some(&long));
        assert_eq!(shown.chars().count(), CELL_LIMIT + 1);
        assert!(!shown.contains('\x1b') && shown.ends_with('…'));
        assert_eq!(cell(None), "-");
    }
}
