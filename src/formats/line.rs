//! One JSON value, or a line that holds one behind what containers and CI put before it: a capture of
//! ours, a gateway's event, or either within the object that a logger or a container wrote around it.

use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

use super::json::{self, Reading};
use super::{FilePosition, FormatError, FoundCapture, gateway};

/// How many braces of a line are tried for the beginning of JSON.
const TRIED: usize = 16;

/// How a delivery begins.
const CAPTURE_START: &[u8] = br#"{"v":1,"kind":"delivery""#;

/// Members in which others put what they carry: Docker, systemd, loggers of several languages, AWS,
/// Google, Vercel.
const AROUND: [&str; 11] = [
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
];

/// A line or value that is no delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherLine {
    /// One of ours, such as an attempt.
    Ours,
    /// What some program says.
    Talk,
}

/// A capture, or what there is in its place.
pub type LineResult = Result<Result<FoundCapture, OtherLine>, FormatError>;

/// Reads a line without white space at its ends.
pub fn read(line: &[u8], place: FilePosition) -> LineResult {
    let is_json = match line.first() {
        Some(b'{') => true,
        Some(b'[' | b'"') => serde_json::from_slice::<IgnoredAny>(line).is_ok(),
        _ => false,
    };
    if !is_json {
        return behind_prefix(line, place);
    }
    match read_value(line, place) {
        // Such as `{app="web"} {…}`, or with a terminal's codes behind it.
        Err(error) if error.is_broken() => match behind_prefix(line, place) {
            Ok(Err(_)) => Err(error),
            told => told,
        },
        told => told,
    }
}

/// Reads one JSON value.
pub fn read_value(bytes: &[u8], place: FilePosition) -> LineResult {
    let source = match json::read(bytes, place)? {
        Reading::Capture(found) => return Ok(Ok(*found)),
        Reading::Other => return Ok(Err(OtherLine::Ours)),
        Reading::None(source) => source,
    };
    // The depth that serde_json reads is limited, so that nesting cannot overflow the stack.
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else {
        return Err(FormatError::Capture { place, source });
    };
    if json::is_other_line(&value) {
        return Ok(Err(OtherLine::Ours));
    }
    if let Some(found) = gateway::read(&value, place) {
        return found.map(Ok);
    }
    match within(&value, place) {
        Some(told) => told,
        None if is_logged(&value) => Ok(Err(OtherLine::Talk)),
        None => Err(json::explain(&value, place, source)),
    }
}

/// What stands in an object that somebody wrote around it; `None` where that is nothing of ours.
fn within(value: &Value, place: FilePosition) -> Option<LineResult> {
    let object = value.as_object()?;
    let mut inner = AROUND.iter().filter_map(|name| object.get(*name));
    inner.find_map(|inner| {
        let told = match inner {
            Value::String(text) if text.contains('{') => read(text.trim().as_bytes(), place),
            Value::Object(_) => read_value(inner.to_string().as_bytes(), place),
            _ => return None,
        };
        // What a container has cut in two must not pass for talk.
        let is_cut = inner
            .as_str()
            .is_some_and(|text| is_capture(text.as_bytes()));
        (is_ours(&told) || is_cut).then_some(told)
    })
}

/// Whether there is a sign of a capture in it.
fn is_ours(told: &LineResult) -> bool {
    match told {
        Ok(found) => *found != Err(OtherLine::Talk),
        Err(error) => !error.may_be_body(),
    }
}

/// Whether an object is a line of a container's or a program's log.
fn is_logged(value: &Value) -> bool {
    let has = |names: &[&str]| names.iter().any(|name| value.get(*name).is_some());
    has(&["log", "MESSAGE", "message", "msg", "textPayload", "event"])
        && has(&[
            "time",
            "timestamp",
            "ts",
            "@timestamp",
            "__REALTIME_TIMESTAMP",
        ])
        && has(&[
            "stream",
            "level",
            "severity",
            "lvl",
            "PRIORITY",
            "levelname",
            "log.level",
        ])
}

/// The first JSON object of a line that is a capture, with anything before and behind it.
fn behind_prefix(line: &[u8], place: FilePosition) -> LineResult {
    let starts = line.iter().enumerate().filter(|(_, byte)| **byte == b'{');
    for (at, _) in starts.take(TRIED) {
        let text = line.get(at..).unwrap_or_default();
        let mut values = serde_json::Deserializer::from_slice(text).into_iter::<&RawValue>();
        let told = match values.next() {
            Some(Ok(value)) => read_value(value.get().as_bytes(), place),
            // It must not pass for talk.
            _ if is_capture(text) => read_value(text, place),
            _ => continue,
        };
        let behind = text.get(values.byte_offset()..).unwrap_or_default();
        if is_ours(&told) && told.is_ok() && behind.contains(&b'{') {
            return Err(FormatError::at(place, "more than one capture on a line"));
        }
        if is_ours(&told) || told.is_err() && is_capture(text) {
            return told;
        }
    }
    Ok(Err(OtherLine::Talk))
}

/// Whether a text begins as a delivery that `listen` wrote.
fn is_capture(text: &[u8]) -> bool {
    let letters = text.iter().filter(|byte| !byte.is_ascii_whitespace());
    letters.take(CAPTURE_START.len()).eq(CAPTURE_START)
}
