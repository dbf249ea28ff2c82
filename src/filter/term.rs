//! One term of a filter, and whether a delivery meets it.

use super::LastOutcome;
use super::compare::ValueTest;
use super::text::contains_text;
use crate::delivery::{
    Delivery, DeliverySource, EventFilter, Headers, Request, Status, Timestamp, is_success,
};
use crate::json::{JsonFields, Path};

/// A test, or its opposite.
#[derive(Debug, Clone, PartialEq)]
pub struct FilterTerm {
    /// Whether the test must fail.
    pub negated: bool,
    /// What is tested.
    pub test: FilterTest,
}

/// What a term tests.
#[derive(Debug, Clone, PartialEq)]
pub enum FilterTest {
    /// This text in body, target, headers or event id; ASCII letters match in either case.
    Text(String),
    /// The event's name.
    Event(EventFilter),
    /// One of these providers.
    Provider(Vec<String>),
    /// One of these verdicts.
    Verdict(Vec<Status>),
    /// One of these sources; none is all there are.
    Source(Vec<DeliverySource>),
    /// One of these answers: of the last attempt, else of this program itself.
    Answer(Vec<AnswerPattern>),
    /// Sent on at least once, and the last attempt was not answered 2xx.
    Failed,
    /// The same event came before.
    Duplicate,
    /// Received at this moment or later.
    Since(Timestamp),
    /// Received before this moment.
    Until(Timestamp),
    /// The delivery's id, or how it begins.
    Id(String),
    /// The provider's id of the event.
    EventId(ValueTest),
    /// The method.
    Method(ValueTest),
    /// The path, without the query.
    Path(ValueTest),
    /// A parameter of the query.
    Query(String, ValueTest),
    /// A header field.
    Header(String, ValueTest),
    /// A value in the body: of JSON at a path, of a form by its name.
    Body(Path, String, ValueTest),
}

/// A status of an answer, a class of them, or that there was none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerPattern {
    /// From the first to the last.
    Between(u16, u16),
    /// No answer: the attempt failed.
    NoAnswer,
}

impl FilterTerm {
    pub(super) const fn looks_at_attempts(&self) -> bool {
        matches!(self.test, FilterTest::Answer(_) | FilterTest::Failed)
    }

    pub(super) fn holds(&self, delivery: &Delivery, last: Option<&LastOutcome>) -> bool {
        self.test.holds(delivery, last) != self.negated
    }
}

impl FilterTest {
    fn holds(&self, delivery: &Delivery, last: Option<&LastOutcome>) -> bool {
        let request = &delivery.request;
        match self {
            Self::Text(text) => has_text(delivery, text),
            Self::Event(events) => events.matches_known(delivery.event.as_deref()),
            Self::Provider(names) => is_one_of(names, delivery.provider.as_ref()),
            Self::Verdict(wanted) => wanted.contains(&delivery.verdict.status),
            Self::Source(wanted) => wanted.is_empty() || wanted.contains(&delivery.source),
            Self::Answer(wanted) => {
                let own = delivery.response_status.map(Ok);
                let answer = last.copied().or(own);
                answer.is_some_and(|answer| wanted.iter().any(|it| it.is_met(answer)))
            }
            Self::Failed => last.is_some_and(|last| !last.is_ok_and(is_success)),
            Self::Duplicate => delivery.duplicate_of.is_some(),
            Self::Since(moment) => delivery.received_at >= *moment,
            Self::Until(moment) => delivery.received_at < *moment,
            Self::Id(id) => delivery.id.starts_with(id.as_str()),
            Self::EventId(test) => test.is_met(delivery.event_id.as_deref()),
            Self::Method(test) => test.is_met(Some(&request.method)),
            Self::Path(test) => test.is_met(request.target.split('?').next()),
            Self::Query(name, test) => any(form(request.query().as_bytes(), name), test),
            Self::Header(name, test) => any(fields(&request.headers, name), test),
            Self::Body(path, name, test) => body(request, path, name, test),
        }
    }
}

impl AnswerPattern {
    fn is_met(self, answer: LastOutcome) -> bool {
        match (self, answer) {
            (Self::Between(first, last), Ok(status)) => (first..=last).contains(&status),
            (Self::NoAnswer, Err(_)) => true,
            _ => false,
        }
    }
}

fn is_one_of(names: &[String], name: Option<&String>) -> bool {
    name.is_some_and(|name| names.contains(name))
}

fn has_text(delivery: &Delivery, text: &str) -> bool {
    let request = &delivery.request;
    let fields = request.headers.iter();
    let fields = fields.flat_map(|(name, value)| [name.as_bytes(), value.as_ref()]);
    let rest = [request.body.as_ref(), request.target.as_bytes()];
    let id = delivery.event_id.iter().map(String::as_bytes);
    let mut places = fields.chain(rest).chain(id);
    places.any(|place| contains_text(place, text.as_bytes()))
}

/// Whether any of these values meets a test; where there is none, whether that does.
fn any(mut values: impl Iterator<Item = String>, test: &ValueTest) -> bool {
    match values.next() {
        None => test.is_met(None),
        Some(first) => test.is_met(Some(&first)) || values.any(|value| test.is_met(Some(&value))),
    }
}

fn fields<'a>(headers: &'a Headers, name: &'a str) -> impl Iterator<Item = String> + 'a {
    let values = headers.get_all(name);
    values.map(|value| String::from_utf8_lossy(value).into_owned())
}

fn form<'a>(text: &'a [u8], name: &'a str) -> impl Iterator<Item = String> + 'a {
    let pairs = url::form_urlencoded::parse(text);
    pairs
        .filter(move |(own, _)| own == name)
        .map(|(_, value)| value.into_owned())
}

fn body(request: &Request, path: &Path, name: &str, test: &ValueTest) -> bool {
    if let Some(fields) = JsonFields::new(&request.body) {
        let said = |raw: &str| serde_json::from_str::<String>(raw);
        let value = fields.at(path);
        let value = value.map(|raw| said(raw).unwrap_or_else(|_| raw.to_owned()));
        return test.is_met(value.as_deref());
    }
    let media_type = request.headers.text("content-type").unwrap_or_default();
    let is_form = media_type.starts_with("application/x-www-form-urlencoded");
    let values = form(&request.body, name).filter(|_| is_form);
    any(values, test)
}
