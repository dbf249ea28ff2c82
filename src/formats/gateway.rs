//! The event that an API gateway or a host of functions hands to a function: a request as members of
//! a JSON object. Each has its own names; these are from what AWS (API Gateway, ALB, function URLs),
//! Netlify, Vercel, Azure, `DigitalOcean` and `OpenWhisk` document.

use ::url::form_urlencoded::byte_serialize;
use serde_json::{Map, Value};

use super::found::ReadBody;
use super::{FilePosition, FormatError, FoundCapture, base64, url};
use crate::delivery::capture::{Capture, FactsForm};
use crate::delivery::{Headers, Request, Timestamp};

/// The shape of an event, for messages.
const EVENT_SHAPE: &str = r#"{"headers":{"Name":"value"},"body":"…","isBase64Encoded":false}"#;

/// Members of which one stands beside the headers of an event that has no body.
const MARKS: [&str; 9] = [
    "isBase64Encoded",
    "httpMethod",
    "requestContext",
    "rawPath",
    "rawUrl",
    "multiValueHeaders",
    "method",
    "encoding",
    "__ow_method",
];

type Members = Map<String, Value>;

/// Reads an event; `None` where a value is none.
pub fn read(value: &Value, place: FilePosition) -> Option<Result<FoundCapture, FormatError>> {
    let event = value.as_object()?;
    let headers = headers(event)?;
    let bodies = ["rawBody", "body", "__ow_body"];
    let body = bodies
        .iter()
        .find_map(|name| event.get(*name).filter(|body| !body.is_null()));
    let is_marked = MARKS.iter().any(|name| event.contains_key(*name));
    if !is_marked && (headers.is_empty() || body.is_none()) {
        return None;
    }
    Some(match body.map_or(Some(""), Value::as_str) {
        Some(text) => event_of(event, headers, text, place),
        None => Err(FormatError::expecting(
            place,
            "`body` is not the text that was sent",
            EVENT_SHAPE,
        )),
    })
}

fn event_of(
    event: &Members,
    headers: Headers,
    body: &str,
    place: FilePosition,
) -> Result<FoundCapture, FormatError> {
    let bytes = if is_base64(event) {
        let error = || FormatError::at(place, "what is said to be base64 is not");
        base64::decode(body.as_bytes()).ok_or_else(error)?
    } else {
        body.as_bytes().to_vec()
    };
    let mut body = ReadBody {
        bytes,
        complete: true,
        notes: Vec::new(),
    };
    let method = method(event).unwrap_or("POST").to_ascii_uppercase();
    body.note_length(&headers);
    body.note_unpacked(&headers);
    body.note_missing(&method, &headers);
    let request = Request {
        method,
        body_complete: body.complete,
        ..Request::post(target(event), headers, body.bytes)
    };
    let facts = FactsForm {
        received_at: received_at(event),
        ..FactsForm::default()
    };
    Ok(FoundCapture::new(
        place,
        Capture {
            facts,
            ..Capture::of(request)
        },
        body.notes,
    ))
}

fn is_base64(event: &Members) -> bool {
    let says =
        |name: &str, words: &[Value]| event.get(name).is_some_and(|said| words.contains(said));
    says("isBase64Encoded", &[true.into(), "true".into()]) || says("encoding", &["base64".into()])
}

fn method(event: &Members) -> Option<&str> {
    let mut names = ["httpMethod", "method", "__ow_method"].iter();
    let method = names.find_map(|name| text(event, name));
    method.or_else(|| text(nested(event, &["requestContext", "http"])?, "method"))
}

/// The headers, of which those with all their values go first; `None` where there is no object of them.
fn headers(event: &Members) -> Option<Headers> {
    let all = ["multiValueHeaders", "headers", "__ow_headers"];
    let mut objects = all.iter().filter_map(|name| event.get(*name)?.as_object());
    let first = objects.next()?;
    let fields = if first.is_empty() {
        objects.next().unwrap_or(first)
    } else {
        first
    };
    let mut headers = Headers::new();
    for (name, value) in fields {
        match value {
            Value::Array(values) => values
                .iter()
                .filter_map(scalar)
                .for_each(|v| headers.push(name.clone(), v)),
            value => headers.push(name.clone(), scalar(value)?),
        }
    }
    Some(headers)
}

/// A header's value, or a parameter's.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

fn text<'a>(members: &'a Members, name: &str) -> Option<&'a str> {
    members.get(name)?.as_str()
}

fn nested<'a>(members: &'a Members, path: &[&str]) -> Option<&'a Members> {
    path.iter()
        .try_fold(members, |members, name| members.get(*name)?.as_object())
}

/// Path and query, put together where the event has only parts.
fn target(event: &Members) -> String {
    let whole = ["rawUrl", "url"]
        .iter()
        .find_map(|name| url::target(text(event, name)?));
    if let Some(target) = whole {
        return target.into_owned();
    }
    let paths = ["rawPath", "path", "__ow_path"];
    let path = paths.iter().find_map(|name| text(event, name));
    let path = path.or_else(|| text(nested(event, &["requestContext", "http"])?, "path"));
    let query = ["rawQueryString", "rawQuery", "__ow_query"]
        .iter()
        .find_map(|name| text(event, name));
    let query = query.map_or_else(|| parameters(event), str::to_owned);
    let path = path.filter(|path| path.starts_with('/')).unwrap_or("/");
    if query.is_empty() || path.contains('?') {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}

/// The query out of its parameters, which only a load balancer leaves encoded.
fn parameters(event: &Members) -> String {
    let is_encoded = nested(event, &["requestContext", "elb"]).is_some();
    let encode = |text: &str| {
        if is_encoded {
            text.to_owned()
        } else {
            byte_serialize(text.as_bytes()).collect()
        }
    };
    let all = ["multiValueQueryStringParameters", "queryStringParameters"];
    let found = all.iter().find_map(|name| event.get(*name)?.as_object());
    let mut pairs = Vec::new();
    for (name, value) in found.into_iter().flatten() {
        let values = value
            .as_array()
            .map_or(std::slice::from_ref(value), Vec::as_slice);
        let values = values.iter().filter_map(scalar);
        pairs.extend(values.map(|value| format!("{}={}", encode(name), encode(&value))));
    }
    pairs.join("&")
}

/// When AWS received it; other events do not tell.
fn received_at(event: &Members) -> Option<String> {
    let context = nested(event, &["requestContext"])?;
    let millis = ["timeEpoch", "requestTimeEpoch"]
        .iter()
        .find_map(|name| context.get(*name)?.as_i64())?;
    Some(Timestamp::from_micros(millis.checked_mul(1_000)?).to_string())
}
