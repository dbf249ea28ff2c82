//! HAR as we write it: every required field, and no claim about what was not measured.

use std::borrow::Cow;
use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::super::url;
use super::CREATOR;
use super::form::{
    Empty, EntryForm, Field, Named, Pair, PostData, RequestForm, ResponseContent, ResponseForm,
    Timings,
};
use super::read::Own;
use crate::delivery::{Delivery, Headers, Request};

/// Where a request without a usable `Host` is said to have gone.
const UNKNOWN_HOST: &str = "localhost";

/// Writes deliveries as HAR, one entry at a time, so that a log of any length can be exported.
///
/// Bodies that are not UTF-8 are base64 with `encoding`, which the specification has for responses
/// only but most readers take for requests too.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    entries: u64,
}

impl<W: Write> Writer<W> {
    /// Begins a file; `version` is this program's.
    pub fn new(mut out: W, version: &str) -> io::Result<Self> {
        out.write_all(br#"{"log":{"version":"1.2","creator":"#)?;
        serde_json::to_writer(
            &mut out,
            &Named {
                name: CREATOR,
                version,
            },
        )?;
        out.write_all(br#","pages":[],"entries":["#)?;
        Ok(Self { out, entries: 0 })
    }

    /// Adds one delivery.
    pub fn entry(&mut self, delivery: &Delivery) -> io::Result<()> {
        let separator: &[u8] = if self.entries == 0 { b"\n" } else { b",\n" };
        self.out.write_all(separator)?;
        self.entries += 1;
        serde_json::to_writer(&mut self.out, &EntryForm::of(delivery))?;
        Ok(())
    }

    /// Ends the file and gives the writer back.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.write_all(b"\n]}}\n")?;
        self.out.flush()?;
        Ok(self.out)
    }
}

impl<'a> EntryForm<'a> {
    fn of(delivery: &'a Delivery) -> Self {
        let request = &delivery.request;
        let url = absolute(request);
        let target = url::target(&url);
        let exact = target.as_deref() == Some(request.target.as_str());
        Self {
            started_date_time: delivery.received_at.to_string(),
            time: 0,
            own: Own {
                target: (!exact).then(|| request.target.clone()),
                ..own(delivery)
            },
            request: RequestForm::of(request, url),
            response: ResponseForm::of(delivery.response_status, &request.version),
            cache: Empty {},
            timings: Timings {
                send: 0,
                wait: 0,
                receive: 0,
            },
        }
    }
}

fn own(delivery: &Delivery) -> Own {
    Own {
        id: Some(delivery.id.clone()),
        source: Some(delivery.source.to_string()),
        remote: delivery.remote.clone(),
        provider: delivery.provider.clone(),
        event: delivery.event.clone(),
        event_id: delivery.event_id.clone(),
        duplicate_of: delivery.duplicate_of.clone(),
        verdict: Some(delivery.verdict.clone()),
        target: None,
        body_complete: delivery.request.body_complete,
    }
}

impl<'a> RequestForm<'a> {
    fn of(request: &'a Request, url: String) -> Self {
        let query = request
            .target
            .split_once('?')
            .map_or("", |(_, query)| query);
        Self {
            method: &request.method,
            url,
            http_version: &request.version,
            cookies: cookies(&request.headers),
            headers: request
                .headers
                .iter()
                .map(|(name, value)| Field::of(name, value))
                .collect(),
            query_string: url::form_pairs(query).into_iter().map(Pair::of).collect(),
            post_data: (!request.body.is_empty()).then(|| PostData::of(request)),
            headers_size: -1,
            body_size: request.body.len(),
        }
    }
}

impl<'a> PostData<'a> {
    fn of(request: &'a Request) -> Self {
        let mime_type = request.headers.get("Content-Type");
        let (text, encoding) = match std::str::from_utf8(&request.body) {
            Ok(text) => (Cow::Borrowed(text), None),
            Err(_) => (BASE64.encode(&request.body).into(), Some("base64")),
        };
        Self {
            mime_type: mime_type.map_or("".into(), |value| String::from_utf8_lossy(value)),
            params: [],
            text,
            encoding,
        }
    }
}

impl<'a> ResponseForm<'a> {
    fn of(status: Option<u16>, http_version: &'a str) -> Self {
        Self {
            status: status.unwrap_or(0),
            status_text: "",
            http_version,
            cookies: [],
            headers: [],
            content: ResponseContent {
                size: 0,
                mime_type: "x-unknown",
            },
            redirect_url: "",
            headers_size: -1,
            body_size: -1,
        }
    }
}

impl<'a> Field<'a> {
    fn of(name: &'a str, value: &'a [u8]) -> Self {
        let text = String::from_utf8_lossy(value);
        let base64 = matches!(text, Cow::Owned(_)).then(|| BASE64.encode(value));
        Self {
            name,
            value: text,
            base64,
        }
    }
}

impl Pair {
    fn of((name, value): (String, String)) -> Self {
        Self { name, value }
    }
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

fn cookies(headers: &Headers) -> Vec<Pair> {
    let lines = headers
        .get_all("Cookie")
        .map(|line| String::from_utf8_lossy(line));
    let pairs = lines.flat_map(|line| {
        let parts = line
            .split(';')
            .filter_map(|part| part.trim().split_once('='));
        parts
            .map(|(n, v)| Pair::of((n.into(), v.into())))
            .collect::<Vec<_>>()
    });
    pairs.collect()
}
