//! One JSON value, or a line that holds one behind what containers and CI put before it: a capture of
//! ours, a gateway's event, an entry of HAR, a list of such, or any of these within the object that a
//! logger, a container or a queue wrote around it.

use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

use super::json::{self, JsonLists};
use super::{FilePosition, FormatError, FoundCapture, gateway, har};
use crate::delivery::capture::CaptureError;

/// How many braces of a line are tried for the beginning of JSON.
const TRIED: usize = 16;

/// How many objects and lists may stand around a capture; each is read once more.
const MAX_AROUND: usize = 4;

/// How a delivery begins.
const CAPTURE_START: &[u8] = br#"{"v":1,"kind":"delivery""#;

/// Members in which others put what they carry: Docker, systemd, loggers of several languages, AWS
/// and its queues, Google, Vercel.
const AROUND: [&str; 14] = [
    "log",
    "message",
    "msg",
    "MESSAGE",
    "@message",
    "textPayload",
    "jsonPayload",
    "line",
    "event",
    "http",
    "body",
    "Sns",
    "Message",
    "detail",
];

/// A line or value that is no delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherLine {
    /// One of ours, such as an attempt.
    Ours,
    /// What some program says.
    Talk,
}

/// A capture, or an error in its place; or what else there is.
pub type LineResult<T = FoundCapture> = Result<Result<T, FormatError>, OtherLine>;

/// Reads a line without white space at its ends: what it holds, one by one.
pub fn read(line: &[u8], place: FilePosition) -> Vec<LineResult> {
    read_line(line, place, 0)
}

/// Reads one JSON value, or one that breaks off, as far as it goes.
pub fn read_value(bytes: &[u8], place: FilePosition) -> Vec<LineResult> {
    value(bytes, place, 0)
}

/// Whether a line holds a delivery.
pub fn has_capture(line: &[u8], place: FilePosition) -> bool {
    let told = read(line, place);
    told.iter().any(|told| matches!(told, Ok(Ok(_))))
}

fn read_line(line: &[u8], place: FilePosition, depth: usize) -> Vec<LineResult> {
    let is_json = match line.first() {
        Some(b'{') => true,
        Some(b'[' | b'"') => serde_json::from_slice::<IgnoredAny>(line).is_ok(),
        _ => false,
    };
    let told = if is_json {
        value(line, place, depth)
    } else {
        return behind_prefix(line, place, depth);
    };
    // Such as `{app="web"} {…}`, or with a terminal's codes behind it.
    if let [Ok(Err(error))] = told.as_slice()
        && error.is_broken()
    {
        let behind = behind_prefix(line, place, depth);
        if behind.iter().any(is_ours) {
            return behind;
        }
    }
    told
}

/// A value around which so many others were taken off.
fn value(bytes: &[u8], place: FilePosition, depth: usize) -> Vec<LineResult> {
    let is_around = depth < MAX_AROUND;
    if is_around
        && json::begins_list(bytes)
        && let Some(told) = listed(bytes, place, depth + 1)
    {
        return told;
    }
    let source = match json::capture(bytes) {
        Ok(capture) => return vec![Ok(Ok(FoundCapture::new(place, capture, Vec::new())))],
        Err(CaptureError::Kind(_)) => return vec![Err(OtherLine::Ours)],
        Err(source) => source,
    };
    let is_form = matches!(source, CaptureError::Form(_));
    let error = FormatError::Capture { place, source };
    if !is_form {
        return vec![Ok(Err(error))];
    }
    // The depth that serde_json reads is limited, so that nesting cannot overflow the stack.
    let value = serde_json::from_slice::<Value>(bytes).ok();
    if value.as_ref().is_some_and(json::is_other_line) {
        return vec![Err(OtherLine::Ours)];
    }
    if let Some(found) = value.as_ref().and_then(|value| gateway::read(value, place)) {
        return vec![Ok(found)];
    }
    if is_around {
        let within = value
            .as_ref()
            .and_then(|value| within(value, place, depth + 1));
        if let Some(told) = within.or_else(|| listed(bytes, place, depth + 1)) {
            return told;
        }
    }
    match value {
        Some(value) if is_logged(&value, depth > 0) => vec![Err(OtherLine::Talk)],
        Some(value) => vec![Ok(Err(json::explain(&value, error)))],
        None => vec![Ok(Err(error))],
    }
}

/// What stands in an object that somebody wrote around it; `None` where that is nothing of ours.
fn within(value: &Value, place: FilePosition, depth: usize) -> Option<Vec<LineResult>> {
    let object = value.as_object()?;
    let mut inner = AROUND
        .iter()
        .filter_map(|name| object.get(*name))
        .filter(|inner| inner.get("entries").is_none());
    inner.find_map(|inner| {
        let told = match inner {
            Value::String(text) if text.contains('{') => {
                read_line(text.trim().as_bytes(), place, depth)
            }
            Value::Object(_) => self::value(inner.to_string().as_bytes(), place, depth),
            _ => return None,
        };
        // What a container has cut in two must not pass for talk.
        let is_cut = inner
            .as_str()
            .is_some_and(|text| is_capture(text.as_bytes()));
        (is_cut || told.iter().any(is_ours)).then_some(told)
    })
}

/// What stands in a list that a JSON text is, or has if any of it is ours: its items, and where it
/// breaks off.
fn listed(bytes: &[u8], place: FilePosition, depth: usize) -> Option<Vec<LineResult>> {
    let lists = JsonLists::of(bytes);
    for (name, items) in &lists.lists {
        let is_har = name == "log.entries";
        let place_of = |index| {
            if is_har {
                FilePosition::Entry(index + 1)
            } else {
                place.item(index + 1)
            }
        };
        let read = |(index, item): (usize, &&str)| {
            if is_har {
                vec![har::read_entry(item, place_of(index), lists.creator)]
            } else {
                value(item.as_bytes(), place_of(index), depth)
            }
        };
        let mut told: Vec<_> = items.iter().enumerate().flat_map(read).collect();
        let is_ours = is_har || told.iter().any(is_ours);
        if is_ours && let Some(problem) = lists.problem {
            told.push(Ok(Err(FormatError::at(place_of(items.len()), problem))));
        }
        if is_ours {
            return Some(told);
        }
        if name.is_empty() && lists.problem.is_none() {
            // One of a million others is enough.
            told.truncate(1);
            return Some(told).filter(|told| !told.is_empty());
        }
    }
    None
}

/// Whether there is a sign of a capture in it.
fn is_ours(told: &LineResult) -> bool {
    match told {
        Ok(Ok(_)) | Err(OtherLine::Ours) => true,
        Ok(Err(error)) => !error.may_be_body(),
        Err(OtherLine::Talk) => false,
    }
}

/// Whether an object is a line of a container's or a program's log; one that stands in a list of such
/// needs no level.
fn is_logged(value: &Value, is_listed: bool) -> bool {
    let has = |names: &[&str]| names.iter().any(|name| value.get(*name).is_some());
    has(&["log", "MESSAGE", "message", "msg", "textPayload", "event"])
        && has(&[
            "time",
            "timestamp",
            "ts",
            "@timestamp",
            "__REALTIME_TIMESTAMP",
        ])
        && (is_listed
            || has(&[
                "stream",
                "level",
                "severity",
                "lvl",
                "PRIORITY",
                "levelname",
                "log.level",
            ]))
}

/// The first JSON object of a line that is a capture, with anything before and behind it.
fn behind_prefix(line: &[u8], place: FilePosition, depth: usize) -> Vec<LineResult> {
    let starts = line.iter().enumerate().filter(|(_, byte)| **byte == b'{');
    for (at, _) in starts.take(TRIED) {
        let text = line.get(at..).unwrap_or_default();
        let mut values = serde_json::Deserializer::from_slice(text).into_iter::<&RawValue>();
        let told = match values.next() {
            Some(Ok(object)) => value(object.get().as_bytes(), place, depth),
            // It must not pass for talk.
            _ if is_capture(text) => value(text, place, depth),
            _ => continue,
        };
        let behind = text.get(values.byte_offset()..).unwrap_or_default();
        let is_ours = told.iter().any(is_ours);
        let is_read = !told.iter().any(|told| matches!(told, Ok(Err(_))));
        if is_ours && is_read && behind.contains(&b'{') {
            let problem = "more than one capture on a line";
            return vec![Ok(Err(FormatError::at(place, problem)))];
        }
        if is_ours || !is_read && is_capture(text) {
            return told;
        }
    }
    vec![Err(OtherLine::Talk)]
}

/// Whether a text begins as a delivery that `listen` wrote.
fn is_capture(text: &[u8]) -> bool {
    json::begins_with(text, CAPTURE_START)
}
