//! Our own captures as JSON text, and what to say of JSON that is none.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::delivery::capture::{self, CaptureError};

use super::error::HAR_SHAPE;
use super::{FilePosition, FormatError, FoundCapture};

/// The shape of a capture, for messages.
const CAPTURE_SHAPE: &str = r#"{"request":{"headers":[["Name","value"]],"body":"…"}}"#;

/// What a JSON text is.
pub enum Reading {
    /// A capture.
    Capture(Box<FoundCapture>),
    /// A line of ours that is no delivery, such as an attempt or a summary.
    Other,
    /// No capture, and why.
    None(CaptureError),
}

/// Reads one JSON value; an error is a capture that is broken.
pub fn read(bytes: &[u8], place: FilePosition) -> Result<Reading, FormatError> {
    let found = match std::str::from_utf8(bytes) {
        Ok(text) => capture::read(text),
        Err(_) => Err(CaptureError::Form(not_utf8())),
    };
    Ok(match found {
        Ok(capture) => Reading::Capture(Box::new(FoundCapture::new(place, capture, Vec::new()))),
        Err(CaptureError::Kind(_)) => Reading::Other,
        Err(source @ CaptureError::Form(_)) => Reading::None(source),
        Err(source) => return Err(FormatError::Capture { place, source }),
    })
}

fn not_utf8() -> serde_json::Error {
    serde::de::Error::custom("the text is not UTF-8")
}

/// Says what a JSON value lacks that is no capture; `source` where that is nothing known.
pub fn explain(value: &Value, place: FilePosition, source: CaptureError) -> FormatError {
    let Some((problem, expected, bare)) = lacks(value) else {
        return FormatError::Capture { place, source };
    };
    FormatError::Shape {
        place,
        problem,
        expected: Some(expected),
        bare,
    }
}

/// Whether this is a line that we write beside deliveries: it has our `v` and a `kind`.
pub fn is_other_line(value: &Value) -> bool {
    let kind = value.get("kind").and_then(Value::as_str);
    value.get("v").is_some_and(Value::is_u64) && kind.is_some_and(|kind| kind != "delivery")
}

/// What is missing, the nearest shape, and whether there is no sign of a capture at all.
type Lack = (String, &'static str, bool);

fn lacks(value: &Value) -> Option<Lack> {
    let Value::Object(object) = value else {
        let problem = format!("{}, not a capture", noun(value));
        return Some((problem, CAPTURE_SHAPE, true));
    };
    let problem = match object.get("request") {
        None => return Some(lacks_request(object)),
        Some(Value::Object(request)) => {
            if request.contains_key("url") && object.contains_key("startedDateTime") {
                let problem = "an entry of HAR outside of `log.entries`";
                return Some((problem.into(), HAR_SHAPE, false));
            }
            lacks_in_request(request)?
        }
        Some(other) => format!("`request` is {}", noun(other)),
    };
    Some((problem, CAPTURE_SHAPE, false))
}

fn lacks_request(object: &Map<String, Value>) -> Lack {
    let has = |key| object.contains_key(key);
    let (problem, expected, bare) = match () {
        () if has("log") => ("no `log.entries`", HAR_SHAPE, false),
        () if has("entries") => ("`entries` outside of `log`", HAR_SHAPE, false),
        () if has("headers") || has("body") => (
            "no `request` around `headers` and `body`",
            CAPTURE_SHAPE,
            false,
        ),
        () => (
            "not a capture (it has no `request.headers`)",
            CAPTURE_SHAPE,
            true,
        ),
    };
    (problem.into(), expected, bare)
}

fn lacks_in_request(request: &Map<String, Value>) -> Option<String> {
    match request.get("headers") {
        None => return Some("no `request.headers`".into()),
        Some(Value::Array(fields)) if fields.iter().any(Value::is_object) => {
            return Some("`request.headers` is a list of objects, not of pairs".into());
        }
        Some(Value::Array(_)) => {}
        Some(other) => {
            return Some(format!(
                "`request.headers` is {}, not a list of pairs",
                noun(other)
            ));
        }
    }
    match request.get("body") {
        None => Some("no `request.body`".into()),
        Some(Value::String(_)) => None,
        Some(other) => Some(format!(
            "`request.body` is {}, not the text that was sent",
            noun(other)
        )),
    }
}

const fn noun(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Enough of a JSON object to tell HAR from a capture.
#[derive(Deserialize)]
struct ShapeForm<'a> {
    /// A list of entries in an object; our own lines and those of containers have a text there.
    #[serde(borrow)]
    log: Option<&'a RawValue>,
    request: Option<serde::de::IgnoredAny>,
    kind: Option<serde::de::IgnoredAny>,
}

/// What the text of a JSON object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonShape {
    /// An object with `log`, and not our own line that tells where the log is.
    Har,
    /// Any other whole object.
    Object,
    /// The text ends before the object does.
    Unfinished,
    /// No JSON object.
    Broken,
}

/// Tells HAR from a capture, and a line that is whole from the first of many.
pub fn shape(bytes: &[u8]) -> JsonShape {
    match serde_json::from_slice::<ShapeForm>(bytes) {
        Ok(ShapeForm {
            log: Some(log),
            request: None,
            kind: None,
        }) if log.get().starts_with('{') => JsonShape::Har,
        Ok(_) => JsonShape::Object,
        Err(error) if error.is_eof() => JsonShape::Unfinished,
        Err(error) if error.is_data() => JsonShape::Object,
        Err(_) => JsonShape::Broken,
    }
}

/// Whether a line is a JSON list, or the beginning of one.
pub fn is_list(line: &[u8]) -> bool {
    match serde_json::from_slice::<serde::de::IgnoredAny>(line) {
        Ok(_) => line.first() == Some(&b'['),
        Err(error) => error.is_eof(),
    }
}
