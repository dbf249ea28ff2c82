//! `webhook log` alone: what there is, newest last.

use std::io::Write as _;

use colored::Colorize as _;

use super::super::setup::existing_log;
use super::super::{World, select};
use super::output;
use crate::cli::SelectArgs;
use crate::config::Setup;
use crate::delivery::{Attempt, Delivery, Timestamp};
use crate::exit::{CliError, Outcome};
use crate::report::sanitize::escape;
use crate::report::{self, style};
use crate::store::{Query, Reader, StoreError};

/// How many people are shown where they set no limit.
const PEOPLE_LIMIT: usize = 50;

/// How many older ones are counted at most; who has more needs no exact number.
const COUNTED_LIMIT: usize = 10_000;

/// How much of a cell is shown, in characters. It holds an id of ours, which can so be copied.
const CELL_LIMIT: usize = 40;

const COLUMNS: [&str; 9] = [
    "TIME", "AGE", "ID", "PROVIDER", "EVENT", "EVENT ID", "VERDICT", "SIZE", "LAST",
];

/// What a narrow terminal goes without, the first first.
const DISPENSABLE: [&str; 5] = ["EVENT ID", "SIZE", "TIME", "PROVIDER", "AGE"];

/// Lists what the filters mean.
pub fn run(
    args: &SelectArgs,
    json: bool,
    setup: &Setup,
    world: &World,
) -> Result<Outcome, CliError> {
    let query = select::query(args, setup, world.now())?;
    let reader = existing_log(setup)?.reader()?;
    let listed = if json {
        print_lines(&reader, &query, world)?
    } else {
        print_table(&reader, &query, world)?
    };
    if listed == 0 {
        world.console.note(&select::nothing(args, setup, &reader)?);
    }
    Ok(Outcome::Yes)
}

/// One capture a line; how many it was.
fn print_lines(reader: &Reader, query: &Query, world: &World) -> Result<usize, CliError> {
    let mut out = output::buffered(world.console);
    let mut listed = 0;
    reader.select(query, |delivery| {
        listed += 1;
        output::line(&mut out, delivery.to_json()).map_err(CliError::from)
    })?;
    out.flush()?;
    Ok(listed)
}

/// A table, and below it on stderr how much it leaves out; how many rows it was.
fn print_table(reader: &Reader, query: &Query, world: &World) -> Result<usize, CliError> {
    let shown = Query {
        limit: query.limit.or(Some(PEOPLE_LIMIT)),
        ..query.clone()
    };
    let rows = rows(reader, &shown, world.now())?;
    let listed = rows.len();
    if listed > 0 {
        world.console.data(&fitted(&rows, world.console.width()))?;
    }
    if query.limit.is_none()
        && listed == PEOPLE_LIMIT
        && let Some(line) = left_out(reader, &shown)?
    {
        world.console.talk(&line);
    }
    Ok(listed)
}

fn rows(reader: &Reader, query: &Query, now: Timestamp) -> Result<Vec<Vec<String>>, CliError> {
    let (mut ids, mut rows) = (Vec::new(), Vec::new());
    reader.select(query, |delivery| {
        rows.push(row(&delivery, now));
        ids.push(delivery.id);
        Ok::<_, StoreError>(())
    })?;
    let statuses = reader.last_attempt_status(&ids)?;
    for (id, row) in ids.iter().zip(&mut rows) {
        row.push(match statuses.get(id) {
            None => "-".into(),
            Some(Some(status)) => format!("→ {}", style::status_code(*status)),
            Some(None) => failed(reader, id)?,
        });
    }
    Ok(rows)
}

/// All columns but the last.
fn row(delivery: &Delivery, now: Timestamp) -> Vec<String> {
    vec![
        delivery.received_at.to_local_clock_text(),
        report::age(delivery.received_at, now),
        cell(Some(&delivery.id)),
        cell(delivery.provider.as_deref()),
        cell(delivery.event.as_deref()),
        cell(delivery.event_id.as_deref()),
        style::verdict(delivery.verdict.status),
        report::bytes(delivery.request.body.len() as u64),
    ]
}

fn cell(text: Option<&str>) -> String {
    let text = escape(text.unwrap_or("-"));
    match text.char_indices().nth(CELL_LIMIT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.into_owned(),
    }
}

/// What became of the last attempt, which the log has no status of.
fn failed(reader: &Reader, id: &str) -> Result<String, StoreError> {
    let last: Option<Attempt> = reader.attempts_of(id)?.pop();
    Ok(match last.map(|attempt| attempt.outcome) {
        None => "-".into(),
        Some(Ok(answer)) => format!("→ {}", style::status_code(answer.status)),
        Some(Err(failure)) => format!("→ {}", failure.kind.as_str().red()),
    })
}

/// The table without the columns for which there is no room.
fn fitted(rows: &[Vec<String>], width: Option<usize>) -> String {
    let mut columns = COLUMNS.to_vec();
    let mut dispensable = DISPENSABLE.iter();
    loop {
        let table = report::table(
            &columns,
            rows.iter().map(|r| pick(r, &columns)).collect(),
            None,
        );
        let widest = table.lines().map(style::width).max().unwrap_or_default();
        if width.is_none_or(|room| widest <= room) {
            return table;
        }
        let Some(gone) = dispensable.next() else {
            return table;
        };
        columns.retain(|column| column != gone);
    }
}

fn pick(row: &[String], columns: &[&str]) -> Vec<String> {
    let named = COLUMNS.iter().zip(row);
    let wanted = named.filter(|(name, _)| columns.contains(name));
    wanted.map(|(_, cell)| cell.clone()).collect()
}

/// How many older ones the filters mean as well.
fn left_out(reader: &Reader, shown: &Query) -> Result<Option<String>, StoreError> {
    let counted = Query {
        limit: Some(PEOPLE_LIMIT + COUNTED_LIMIT),
        ..shown.clone()
    };
    Ok(
        match reader.ids(&counted)?.len().saturating_sub(PEOPLE_LIMIT) {
            0 => None,
            COUNTED_LIMIT.. => Some(format!("… and {COUNTED_LIMIT} or more older: --limit")),
            older => Some(format!("… and {older} older: --limit")),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Vec<String>> {
        let row = [
            "10:30:01",
            "3 min ago",
            "dlv_1",
            "olympus",
            "order.created",
            "evt_1",
        ];
        let rest = ["✓ valid", "412 B", "→ 200"];
        vec![row.into_iter().chain(rest).map(String::from).collect()]
    }

    #[test]
    fn a_narrow_terminal_loses_columns_and_never_the_id() {
        colored::control::set_override(true);
        let mut before = usize::MAX;
        for room in [200, 80, 60, 40, 20] {
            let table = fitted(&rows(), Some(room));
            let widest = table.lines().map(style::width).max().unwrap();
            assert!(widest <= before, "{table}");
            assert!(widest <= room || room <= 40, "{room}: {table}");
            for kept in ["dlv_1", "order.created", "✓ valid", "→ 200"] {
                assert!(table.contains(kept), "{table}");
            }
            before = widest;
        }
        assert_eq!(fitted(&rows(), None), fitted(&rows(), Some(200)));
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
