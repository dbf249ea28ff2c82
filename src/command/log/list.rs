//! `webhook log` alone: what there is, newest last.

use std::io::Write as _;

use super::super::setup::existing_log;
use super::super::{World, select};
use super::output;
use crate::cli::SelectArgs;
use crate::config::Setup;
use crate::exit::{CliError, Outcome};
use crate::report::listing;
use crate::store::{Query, Reader, StoreError};

/// How many people are shown where they set no limit.
const PEOPLE_LIMIT: usize = 50;

/// How many older ones are counted at most; who has more needs no exact number.
const COUNTED_LIMIT: usize = 10_000;

/// Lists what matches.
pub fn run(
    args: &SelectArgs,
    json: bool,
    setup: &Setup,
    world: &World,
) -> Result<Outcome, CliError> {
    let query = select::query(args, setup, world.now())?;
    let reader = existing_log(setup)?.reader()?;
    select::refuse_unknown(args, setup, Some(&reader))?;
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
    let (mut ids, mut rows) = (Vec::new(), Vec::new());
    reader.select(&shown, |delivery| {
        rows.push(listing::row(&delivery, world.now()));
        ids.push(delivery.id);
        Ok::<_, StoreError>(())
    })?;
    let outcomes = reader.last_outcomes(&ids)?;
    // Numbers that name other rows than these would be worse than none.
    let is_numbered = reader.remember_rows(&ids).is_ok();
    for (place, (id, row)) in ids.iter().zip(&mut rows).enumerate() {
        row.push(listing::last_attempt(outcomes.get(id).copied()));
        row.insert(0, listing::number(is_numbered.then_some(place + 1)));
    }
    if !rows.is_empty() {
        let table = listing::listing(&rows, world.console.width());
        world.console.data(&table)?;
    }
    if query.limit.is_none() && rows.len() == PEOPLE_LIMIT {
        tell_left_out(reader, &shown, world)?;
    }
    Ok(rows.len())
}

/// Says how many older ones match as well.
fn tell_left_out(reader: &Reader, shown: &Query, world: &World) -> Result<(), StoreError> {
    let counted = Query {
        limit: Some(PEOPLE_LIMIT + COUNTED_LIMIT),
        ..shown.clone()
    };
    match reader.count(&counted)?.saturating_sub(PEOPLE_LIMIT) {
        0 => {}
        COUNTED_LIMIT.. => {
            let text = format!("… and {COUNTED_LIMIT} or more older: --limit");
            world.console.remark(&text);
        }
        older => world
            .console
            .remark(&format!("… and {older} older: --limit")),
    }
    Ok(())
}
