//! HAR as it is read: all that exporters leave out may be left out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::found::ReadBody;
use super::super::line::{LineResult, OtherLine};
use super::super::{FilePosition, FormatError, FoundCapture, ReadNote, url};
use super::CREATOR;
use super::body::{self, Declared, PostDataForm};
use super::text::Text;
use crate::delivery::capture::{Capture, FactsForm, text_of_any};
use crate::delivery::{Headers, Request};

#[derive(Deserialize)]
struct EntryForm {
    #[serde(rename = "startedDateTime", default, deserialize_with = "text_of_any")]
    started: Option<String>,
    request: Option<RequestForm>,
    response: Option<Value>,
    #[serde(rename = "_delivery")]
    own: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestForm {
    method: Option<Text>,
    url: Option<Text>,
    http_version: Option<Text>,
    headers: Option<Vec<HeaderForm>>,
    post_data: Option<PostDataForm>,
    body_size: Option<Value>,
    #[serde(rename = "_content")]
    content: Option<PostDataForm>,
    #[serde(rename = "_requestBodyStatus")]
    body_status: Option<Text>,
}

#[derive(Deserialize)]
struct HeaderForm {
    name: Option<Text>,
    value: Option<Text>,
    /// Ours, for values that are no text.
    #[serde(rename = "_base64")]
    base64: Option<String>,
}

/// What we write beside the request: the custom field `_delivery`.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct OwnForm {
    #[serde(flatten)]
    pub facts: FactsForm,
    /// The exact target, where the URL does not give it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// False where the body was not read to its end.
    pub body_complete: bool,
}

/// Reads an entry of a file that `creator` wrote. One that is not as HAR has it is an error of its own,
/// and what is no HTTP (such as `data:` and `wss:`) is no delivery.
pub fn read_entry(text: &str, place: FilePosition, creator: &str) -> LineResult {
    let mut json = serde_json::Deserializer::from_str(text);
    let form = serde_path_to_error::deserialize::<_, EntryForm>(&mut json).map_err(|error| {
        // Only the field, as its content may be anything.
        let problem = match error.path().to_string().as_str() {
            "." | "?" => "it is no entry of HAR".to_owned(),
            path => format!("`{path}` is not as HAR has it"),
        };
        FormatError::at(place, problem)
    });
    let found = form.and_then(|form| form.into_capture(text, place, creator));
    found.transpose().ok_or(OtherLine::Ours)
}

/// What `postData` has in place of HAR's own fields, where exporters put a body that is no text.
fn other_key(entry: &str) -> Option<String> {
    let entry = serde_json::from_str::<Value>(entry).ok()?;
    let fields = entry.pointer("/request/postData")?.as_object()?;
    let is_known = |key: &str| ["mimeType", "text", "encoding", "params", "comment"].contains(&key);
    let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    let mut others = fields
        .iter()
        .filter(|(key, value)| !is_known(key) && (is_text(value) || value.is_object()));
    others.next().map(|(key, _)| key.clone())
}

/// A number, also as text, which some exporters write.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_f64(),
    }
}

impl EntryForm {
    /// The request of the entry at `place`; `None` where its URL is not of HTTP.
    fn into_capture(
        self,
        text: &str,
        place: FilePosition,
        creator: &str,
    ) -> Result<Option<FoundCapture>, FormatError> {
        let missing = |field| FormatError::at(place, format!("no `{field}`"));
        let form = self.request.ok_or_else(|| missing("request"))?;
        let url = form.url.as_ref().map(Text::to_lossy);
        let url = url.ok_or_else(|| missing("request.url"))?;
        let Some(target) = url::target(&url) else {
            return Ok(None);
        };
        let headers = form.headers.as_deref();
        let headers = headers.ok_or_else(|| missing("request.headers"))?;
        let not_base64 = || FormatError::at(place, "what is said to be base64 is not");
        let headers = headers_of(headers).ok_or_else(not_base64)?;
        let mut body = form.body(&headers, creator).ok_or_else(not_base64)?;
        let own = self.own.filter(|_| creator == CREATOR);
        let own = own.and_then(|own| serde_json::from_value::<OwnForm>(own).ok());
        if own.is_none() {
            form.note_missing(&mut body, &headers, text);
        }
        let mut request = form.into_request(target.into_owned(), headers);
        let mut facts = FactsForm::default();
        if let Some(own) = own {
            facts = own.facts;
            body.complete = own.body_complete;
            request.target = own.target.unwrap_or(request.target);
        }
        request.body_complete = body.complete;
        request.body = body.bytes.into();
        facts.received_at = self.started;
        let answered = self
            .response
            .and_then(|response| status(number(response.get("status")?)?));
        let capture = Capture {
            facts,
            response_status: answered,
            ..Capture::of(request)
        };
        Ok(Some(FoundCapture::new(place, capture, body.notes)))
    }
}

impl RequestForm {
    fn body(&self, headers: &Headers, creator: &str) -> Option<ReadBody> {
        body::rebuild(
            self.post_data.as_ref(),
            self.content.as_ref(),
            self.body_status.as_ref(),
            &Declared::new(headers, self.body_size.as_ref().and_then(number), creator),
        )
    }

    /// Notes a body that is another than the one that came, or that is not here.
    fn note_missing(&self, body: &mut ReadBody, headers: &Headers, entry: &str) {
        body.note_unpacked(headers);
        let is_empty = body.bytes.is_empty() && body.complete;
        if let Some(key) = other_key(entry).filter(|_| is_empty) {
            let why = format!("only `{}` stands for it", key.escape_debug());
            body.notes.push(ReadNote::LeftOut(why));
            body.complete = false;
        }
        let has_text = self.post_data.as_ref().is_some_and(PostDataForm::has_text);
        // Chrome says 0 of a body that it did not keep, but then it has no text.
        if !(is_empty && has_text && self.body_size == Some(0.into())) {
            let method = self.method.as_ref().map(Text::to_lossy);
            body.note_missing(method.as_deref().unwrap_or("POST"), headers);
        }
    }

    /// The request without its body.
    fn into_request(self, target: String, headers: Headers) -> Request {
        let version_text = self.http_version.map(|version| version.to_lossy());
        Request {
            method: self
                .method
                .map_or_else(|| "POST".into(), |method| method.to_lossy()),
            origin: self
                .url
                .as_ref()
                .and_then(|url| url::origin(&url.to_lossy())),
            target,
            version: version(&version_text.unwrap_or_default()),
            headers,
            body: Bytes::new(),
            body_complete: true,
        }
    }
}

/// The fields without HTTP/2's pseudo headers; `None` where what is said to be base64 is not.
fn headers_of(fields: &[HeaderForm]) -> Option<Headers> {
    let mut headers = Headers::new();
    for field in fields {
        let name = field.name.as_ref().map(Text::to_lossy).unwrap_or_default();
        if name.is_empty() || name.starts_with(':') {
            continue;
        }
        let value = match &field.base64 {
            Some(text) => BASE64.decode(text).ok()?,
            None => field
                .value
                .as_ref()
                .map(|value| value.unescape().0)
                .unwrap_or_default(),
        };
        headers.push(name, value);
    }
    Some(headers)
}

/// The version as the request line of HTTP/1.x has it; Chrome says `h2` and `http/2.0`, Firefox
/// `HTTP/2`, and some say nothing.
fn version(text: &str) -> String {
    match text.to_ascii_lowercase().as_str() {
        "http/1.0" => "HTTP/1.0".into(),
        "h2" | "h2c" | "http/2" | "http/2.0" => "HTTP/2.0".into(),
        "h3" | "http/3" | "http/3.0" => "HTTP/3.0".into(),
        _ => "HTTP/1.1".into(),
    }
}

/// The status answered; exporters write 0 where there was no answer.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked before"
)]
fn status(number: f64) -> Option<u16> {
    (100.0..1000.0).contains(&number).then_some(number as u16)
}
