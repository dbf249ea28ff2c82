//! The story of an emulated provider, a line for each thing that happens.

use std::time::Duration;

use colored::Colorize as _;

use super::errors::hint;
use super::hints;
use super::payload::Detail;
use super::ready::fact;
use super::sanitize::escape;
use super::style::{self, INDENT, cut, fitting, indent, join_lines, pad};
use super::units::{counted, duration, in_hours, millis};
use super::wrap::wrap;
use crate::delivery::{Attempt, Timestamp};

/// Columns kept for a status and for a time.
const STATUS_COLUMNS: usize = 3;
const MILLIS_COLUMNS: usize = 6;

/// What is said when calls can come.
#[derive(Debug, Clone)]
pub struct EmulatorFacts<'a> {
    /// The provider's name for people.
    pub title: &'a str,
    /// The URL of the API.
    pub url: &'a str,
    /// The key of the API.
    pub api_key: &'a str,
    /// The endpoints: the URL of each, and its events.
    pub endpoints: Vec<(String, String)>,
    /// How fast its time runs, where that is not the usual.
    pub speed: Option<String>,
    /// The file of its state; `None` where nothing is kept.
    pub state: Option<String>,
    /// How many deliveries are to come from before.
    pub pending: usize,
    /// How this program is called.
    pub program: &'a str,
}

/// An attempt as a line tells it.
#[derive(Debug, Clone, Copy)]
pub struct EmulatedLine<'a> {
    /// When it ended, by the emulated clock.
    pub at: Timestamp,
    /// When the emulator started, by that clock.
    pub since: Timestamp,
    /// The event's id.
    pub event_id: &'a str,
    /// Which attempt it was, and of how many.
    pub number: (u32, usize),
    /// What it repeats, where it does.
    pub again: Option<&'a str>,
    /// How long until the next one, by the emulated clock and by the real one, where one follows.
    pub next: Option<(Duration, Option<Duration>)>,
    /// How it ended, where none follows.
    pub end: &'a str,
    /// How much is said.
    pub detail: Detail,
    /// The columns of a line.
    pub width: Option<usize>,
}

/// The first lines of an emulator; the URL alone where little is to be said.
pub fn emulator(facts: &EmulatorFacts<'_>, detail: Detail) -> String {
    let (title, url) = (escape(facts.title), facts.url.green().bold());
    let first = format!("{} {title} on {url}", "emulating".bold());
    if detail == Detail::Little {
        return first;
    }
    let state = facts.state.as_deref();
    let state = state.unwrap_or("none: nothing is kept beyond the end");
    let mut rows = vec![("api key", facts.api_key.to_owned())];
    for (url, events) in &facts.endpoints {
        let (url, events) = (escape(url), escape(events).dimmed());
        rows.push(("endpoint", format!("{url}  {events}")));
    }
    rows.extend(facts.speed.clone().map(|speed| ("speed", speed)));
    rows.push(("state", escape(state).into_owned()));
    let pending = u64::try_from(facts.pending).unwrap_or(u64::MAX);
    if pending > 0 {
        let pending = counted(pending, "delivery is", "deliveries are");
        rows.push(("backlog", format!("{pending} to come from before")));
    }
    let example = match facts.endpoints.as_slice() {
        [] => "emulate endpoints add http://localhost:3000",
        _ => "emulate trigger order.created",
    };
    rows.push(("try", format!("{} {example}", facts.program)));
    rows.push(("stop", "Ctrl-C".into()));
    let rows = rows.into_iter().map(|(name, text)| fact(name, &text));
    join_lines(std::iter::once(first).chain(rows))
}

/// The moment on this machine's clock, with its date where that is not the one of the start.
fn clock(at: Timestamp, since: Timestamp) -> String {
    at.to_local_text(since).dimmed().to_string()
}

/// A delivery whose first attempt is about to be made.
pub fn emulated_delivery(
    (at, since): (Timestamp, Timestamp),
    (event, event_id, url): (&str, &str, &str),
    note: &str,
    width: Option<usize>,
) -> String {
    let head = format!("{}  {}", clock(at, since), "-->".blue());
    let (event, id) = (escape(event).bold().to_string(), escape(event_id));
    let note = match note {
        "" => String::new(),
        note => note.yellow().to_string(),
    };
    let join = |parts: &[&str]| {
        let parts = [&[&*head][..], parts].concat().into_iter();
        let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
        parts.join("  ")
    };
    let whole = join(&[&event, &id, &note, &escape(url).dimmed()]);
    let short = join(&[&event, &id, &note]);
    width.map_or(whole.clone(), |room| fitting(&[whole, short], room))
}

/// An attempt: what came of it, and when the next one comes, in both clocks.
pub fn emulated_attempt(attempt: &Attempt, line: &EmulatedLine<'_>) -> String {
    let head = format!("{}  {}", clock(line.at, line.since), "<--".blue());
    let (word, reason, advice) = match &attempt.outcome {
        Ok(answer) => {
            let status = pad(&style::status_code(answer.status), STATUS_COLUMNS);
            let time = millis(attempt.duration_ms);
            (
                format!("{status}  {time:>MILLIS_COLUMNS$}"),
                String::new(),
                None,
            )
        }
        Err(failure) => {
            let word = failure.kind.as_str().red().bold().to_string();
            let reason = escape(&failure.message).into_owned();
            (word, reason, hints::for_failure(failure))
        }
    };
    let (number, of) = line.number;
    let number = match line.again {
        Some(again) => again.to_owned(),
        None => format!("{number} of {of}"),
    };
    let after = match line.next {
        Some((wait, Some(here))) if here.as_millis() + 1 < wait.as_millis() => {
            let text = format!("next in {}, here {}", in_hours(wait), duration(here));
            text.yellow().to_string()
        }
        Some((wait, _)) => format!("next in {}", in_hours(wait)).yellow().to_string(),
        None => line.end.to_owned(),
    };
    let id = escape(line.event_id);
    let whole = format!("{head}  {word}  {id}  {number}  {after}");
    let short = format!("{head}  {word}  {number}  {after}");
    let text = line
        .width
        .map_or(whole.clone(), |room| fitting(&[whole, short], room));
    // Said once of a delivery.
    let is_first = line.number.0 == 1 && line.detail > Detail::Little;
    let about = join_lines([reason, advice.map_or(String::new(), hint)]);
    let about = if is_first { about } else { String::new() };
    join_lines([text, wrap(&indent(&about, INDENT), line.width)])
}

/// That something happened to an endpoint.
pub fn emulated_endpoint(what: &str, url: &str, width: Option<usize>) -> String {
    let line = format!("{INDENT}{} {}", what.yellow(), escape(url));
    width.map_or(line.clone(), |room| cut(&line, room))
}
