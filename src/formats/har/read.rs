//! HAR as it is read: all that exporters leave out may be left out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::found::ReadBody;
use super::super::{FilePosition, FormatError, FoundCapture, ReadNote, url};
use super::CREATOR;
use super::body::{self, Declared, PostDataForm};
use super::text::Text;
use crate::delivery::capture::{Capture, FactsForm};
use crate::delivery::text;
use crate::delivery::{Headers, Request};

#[derive(Deserialize)]
struct FileForm {
    log: LogForm,
}

#[derive(Deserialize)]
struct LogForm {
    creator: Option<CreatorForm>,
    entries: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
struct CreatorForm {
    name: Option<Text>,
}

#[derive(Deserialize)]
struct EntryForm {
    #[serde(rename = "startedDateTime")]
    started: Option<Text>,
    request: Option<RequestForm>,
    response: Option<ResponseForm>,
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

#[derive(Deserialize)]
struct ResponseForm {
    status: Option<Value>,
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

/// Reads a whole HAR file, with or without a byte order mark: its requests in the file's order, and
/// how many entries are none (such as `data:` and `wss:`). An entry that is not as HAR has it is an
/// error of its own.
pub fn read(bytes: &[u8]) -> Result<(Vec<Result<FoundCapture, FormatError>>, u64), FormatError> {
    let bytes = text::without_marks(bytes);
    let file = serde_json::from_slice::<FileForm>(bytes).map_err(FormatError::Har)?;
    let log = file.log;
    let creator = log.creator.and_then(|c| c.name).map(|name| name.to_lossy());
    let creator = creator.unwrap_or_default();
    let (mut found, mut skipped) = (Vec::with_capacity(log.entries.len()), 0);
    for (index, entry) in log.entries.into_iter().enumerate() {
        let place = FilePosition::Entry(index + 1);
        match read_entry(&entry, place).and_then(|entry| entry.into_capture(place, &creator)) {
            Ok(Some(capture)) => found.push(Ok(capture)),
            Ok(None) => skipped += 1,
            Err(error) => found.push(Err(error)),
        }
    }
    Ok((found, skipped))
}

/// An entry, or in which field it is not as HAR has it; the field's content may be anything.
fn read_entry(text: &RawValue, place: FilePosition) -> Result<EntryForm, FormatError> {
    let mut json = serde_json::Deserializer::from_str(text.get());
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let problem = match error.path().to_string().as_str() {
            "." | "?" => "it is no entry of HAR".to_owned(),
            path => format!("`{path}` is not as HAR has it"),
        };
        FormatError::at(place, problem)
    })
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
        note_unpacked(&mut body, &headers);
        let mut request = form.into_request(target.into_owned(), headers, body.complete);
        request.body = body.bytes.into();
        let own = self.own.filter(|_| creator == CREATOR);
        let own = own.and_then(|own| serde_json::from_value::<OwnForm>(own).ok());
        let mut facts = FactsForm::default();
        if let Some(own) = own {
            facts = own.facts;
            request.body_complete = own.body_complete;
            request.target = own.target.unwrap_or(request.target);
        }
        facts.received_at = self.started.map(|time| time.to_lossy());
        let answered = self.response.and_then(|r| r.status);
        let answered = answered.as_ref().and_then(number).and_then(status);
        let capture = Capture::knowing(facts, request, answered);
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

    /// The request without its body.
    fn into_request(self, target: String, headers: Headers, body_complete: bool) -> Request {
        let version_text = self.http_version.map(|version| version.to_lossy());
        Request {
            method: self
                .method
                .map_or_else(|| "POST".into(), |method| method.to_lossy()),
            target,
            version: version(&version_text.unwrap_or_default()),
            headers,
            body: Bytes::new(),
            body_complete,
        }
    }
}

/// Notes a body that was packed on its way and is text here: these are not the bytes that came.
fn note_unpacked(body: &mut ReadBody, headers: &Headers) {
    let coding = headers.text("Content-Encoding").unwrap_or("identity");
    let is_text = !body.bytes.is_empty() && std::str::from_utf8(&body.bytes).is_ok();
    // Where the length differs, that is noted already.
    if is_text && body.complete && !coding.trim().eq_ignore_ascii_case("identity") {
        body.complete = false;
        body.notes.push(ReadNote::Unpacked(coding.to_owned()));
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
