//! HAR as we write it: every required field, and no claim about what was not measured.

use std::borrow::Cow;
use std::io::{self, Write};

use ::url::form_urlencoded;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::super::found::has_body;
use super::super::url;
use super::CREATOR;
use super::read::OwnForm;
use crate::delivery::capture::FactsForm;
use crate::delivery::{Delivery, Headers, Request};

/// Where a request without a usable `Host` is said to have gone.
const UNKNOWN_HOST: &str = "localhost";

/// Writes deliveries as HAR, one entry at a time, so that a log of any length can be exported.
///
/// Bodies that are not UTF-8 are base64 with `encoding`, which the specification has for responses
/// only but most readers take for requests too.
#[derive(Debug)]
pub struct HarWriter<W> {
    out: W,
    entries: u64,
}

impl<W: Write> HarWriter<W> {
    /// Begins a file; `version` is this program's.
    pub fn new(mut out: W, version: &str) -> io::Result<Self> {
        out.write_all(br#"{"log":{"version":"1.2","creator":"#)?;
        serde_json::to_writer(&mut out, &json!({"name": CREATOR, "version": version}))?;
        out.write_all(br#","pages":[],"entries":["#)?;
        Ok(Self { out, entries: 0 })
    }

    /// Adds one delivery.
    pub fn entry(&mut self, delivery: &Delivery) -> io::Result<()> {
        let separator: &[u8] = if self.entries == 0 { b"\n" } else { b",\n" };
        self.out.write_all(separator)?;
        self.entries += 1;
        serde_json::to_writer(&mut self.out, &entry(delivery))?;
        Ok(())
    }

    /// Ends the file and gives the writer back.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.write_all(b"\n]}}\n")?;
        self.out.flush()?;
        Ok(self.out)
    }
}

fn entry(delivery: &Delivery) -> Value {
    let request = &delivery.request;
    let url = absolute(request);
    let exact = url::target(&url).as_deref() == Some(request.target.as_str());
    let own = OwnForm {
        facts: FactsForm {
            // It is the entry's `startedDateTime`.
            received_at: None,
            ..FactsForm::of(delivery)
        },
        target: (!exact).then(|| request.target.clone()),
        body_complete: request.body_complete,
    };
    json!({
        "startedDateTime": delivery.received_at.to_string(),
        "time": 0,
        "request": request_json(request, &url),
        "response": response_json(delivery.response_status, &request.version),
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        "_delivery": own,
    })
}

fn request_json(request: &Request, url: &str) -> Value {
    let query = request.target.split_once('?').map(|(_, query)| query);
    let query = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let headers = request.headers.iter();
    let mut json = json!({
        "method": request.method,
        "url": url,
        "httpVersion": request.version,
        "cookies": cookies(&request.headers),
        "headers": headers.map(|(name, value)| header(name, value)).collect::<Vec<_>>(),
        "queryString": query.map(|(name, value)| pair(&name, &value)).collect::<Vec<_>>(),
    });
    if !request.body.is_empty() || has_body(&request.method) {
        json["postData"] = post_data(request);
    }
    json["headersSize"] = (-1).into();
    json["bodySize"] = request.body.len().into();
    json
}

fn post_data(request: &Request) -> Value {
    let mime_type = request.headers.get("Content-Type");
    let mime_type = mime_type.map_or("".into(), |value| String::from_utf8_lossy(value));
    let params: [Value; 0] = [];
    let Ok(text) = std::str::from_utf8(&request.body) else {
        let text = BASE64.encode(&request.body);
        return json!({"mimeType": mime_type, "params": params, "text": text, "encoding": "base64"});
    };
    json!({"mimeType": mime_type, "params": params, "text": text})
}

fn response_json(status: Option<u16>, http_version: &str) -> Value {
    json!({
        "status": status.unwrap_or(0),
        "statusText": "",
        "httpVersion": http_version,
        "cookies": [],
        "headers": [],
        "content": {"size": 0, "mimeType": "x-unknown"},
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": -1,
    })
}

fn header(name: &str, value: &[u8]) -> Value {
    let text = String::from_utf8_lossy(value);
    let mut json = pair(name, &text);
    if matches!(text, Cow::Owned(_)) {
        json["_base64"] = BASE64.encode(value).into();
    }
    json
}

fn pair(name: &str, value: &str) -> Value {
    json!({"name": name, "value": value})
}

/// The URL that the sender had, as far as the request tells: `http`, for that is what was listened
/// on, and the host it named.
fn absolute(request: &Request) -> String {
    let host = request
        .headers
        .text("Host")
        .filter(|host| is_authority(host));
    let host = host.unwrap_or(UNKNOWN_HOST);
    let slash = if request.target.starts_with('/') {
        ""
    } else {
        "/"
    };
    format!("http://{host}{slash}{}", request.target)
}

fn is_authority(host: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b);
    !host.is_empty() && host.bytes().all(plain)
}

fn cookies(headers: &Headers) -> Vec<Value> {
    let lines = headers
        .get_all("Cookie")
        .map(|line| String::from_utf8_lossy(line));
    let pairs = lines.flat_map(|line| {
        let parts = line
            .split(';')
            .filter_map(|part| part.trim().split_once('='));
        parts
            .map(|(name, value)| pair(name, value))
            .collect::<Vec<_>>()
    });
    pairs.collect()
}
