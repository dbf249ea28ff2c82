//! What is sent: an event of a provider, what stands in it, and what is changed before it is signed.

use bytes::Bytes;
use serde_json::Value;

use super::{SendError, SendOptions};
use crate::delivery::Headers;
use crate::json::{Path, TypedJson, restore_numbers};
use crate::provider::{BodyFormat, Composer, Document, FieldSource, Payload, Provider, Story};
use crate::signature::Key;

/// An event to send, as its provider.
#[derive(Clone)]
pub struct Message<'a> {
    /// Whose it is.
    pub provider: &'a Provider,
    /// The event's name; empty where nobody knows it.
    pub event: &'a str,
    /// What it is signed with.
    pub key: &'a Key,
    /// What stands in it.
    pub content: EventContent,
}

/// What stands in an event.
#[derive(Debug, Clone)]
pub enum EventContent {
    /// A fixture's data, with placeholders.
    Fixture(Value),
    /// Data in which everything means itself.
    Data(TypedJson),
    /// Bytes that are sent as they are.
    Body(Bytes),
}

/// What is changed in an event, in this order. Only the headers change a body of bytes, and an id that stands in one.
#[derive(Debug, Clone, Default)]
pub struct Shape {
    /// The event's id, in place of a fresh one.
    pub id: Option<String>,
    /// Values to set.
    pub set: Vec<(Path, TypedJson)>,
    /// Whether a value may be set where nothing stands.
    pub can_add: bool,
    /// Values to remove.
    pub unset: Vec<Path>,
    /// Headers in place of the provider's of the same names; repeats stay repeats.
    pub headers: Headers,
}

impl Message<'_> {
    /// The story that the delivery of this number tells where `messages` are sent in turn, over and
    /// over: all in one turn tell one, but what is there twice tells another.
    pub fn story(messages: &[Self], seed: u64, number: usize) -> Story {
        let place = number % messages.len().max(1);
        let name = |message: &Self| (message.provider.name().to_owned(), message.event.to_owned());
        let own = messages.get(place).map(name);
        let before = messages.iter().take(place).map(name);
        let repeats = before.filter(|other| own.as_ref() == Some(other)).count();
        let number = u64::try_from(number - place + repeats).unwrap_or(u64::MAX);
        Story { seed, number }
    }
}

impl SendOptions<'_> {
    /// The event with fresh ids and times, changed and written. Fails where it cannot be changed so,
    /// or could not have the fault.
    pub fn compose(&self, message: &Message<'_>, story: Story) -> Result<Payload, SendError> {
        let definition = &message.provider.definition;
        let at = (self.clock)();
        let composer = Composer::new(definition, message.event, at, story);
        let (mut document, body) = match &message.content {
            EventContent::Fixture(data) => {
                self.shape
                    .apply(message, composer.fixture(data), Vec::new())?
            }
            EventContent::Data(data) => {
                let numbers = data.numbers_at(&definition.envelope.data).collect();
                self.shape
                    .apply(message, composer.data(&data.value), numbers)?
            }
            EventContent::Body(body) => {
                let mut document = composer.without_document();
                self.shape.put_id(message, &mut document)?;
                (document, body.clone())
            }
        };
        self.shape.add_headers(&mut document.headers);
        if let Some(name) = document.headers.unsendable() {
            return Err(SendError::Header(name.to_owned()));
        }
        let target = self.target.request_target();
        let mut payload = document.with_body(body, definition, target, at);
        let origin = self.origin.clone();
        payload.origin = Some(origin.unwrap_or_else(|| self.target.origin()));
        if let Some(fault) = self.fault {
            fault.check(definition, &payload.body)?;
        }
        Ok(payload)
    }
}

impl Shape {
    /// The document changed, and as the provider writes it, with `numbers` and those that are set as
    /// they were typed.
    fn apply(
        &self,
        message: &Message<'_>,
        mut document: Document,
        mut numbers: Vec<(Path, String)>,
    ) -> Result<(Document, Bytes), SendError> {
        numbers.extend(self.put_id(message, &mut document)?);
        for (path, value) in &self.set {
            path.set(&mut document.value, value.value.clone(), self.can_add)
                .map_err(SendError::Set)?;
            numbers.extend(value.numbers_at(path));
        }
        for path in &self.unset {
            path.unset(&mut document.value).map_err(SendError::Unset)?;
        }
        let format = message.provider.definition.envelope.format;
        let mut body = format.write(&document.value);
        if format == BodyFormat::Json {
            body = restore_numbers(body, &numbers);
        }
        Ok((document, body.into()))
    }

    fn put_id(
        &self,
        message: &Message<'_>,
        document: &mut Document,
    ) -> Result<Vec<(Path, String)>, SendError> {
        let place = &message.provider.definition.envelope.id;
        match &self.id {
            Some(_) if matches!(place, FieldSource::Joined(_) | FieldSource::Absent) => {
                Err(SendError::NoId(message.provider.name().to_owned()))
            }
            Some(id) => place.put(document, id).map_err(SendError::Id),
            None => Ok(Vec::new()),
        }
    }

    fn add_headers(&self, headers: &mut Headers) {
        for (place, (name, value)) in self.headers.iter().enumerate() {
            let mut earlier = self.headers.iter().take(place);
            if earlier.any(|(other, _)| other.eq_ignore_ascii_case(name)) {
                headers.push(name, value.clone());
            } else {
                headers.set(name, value.clone());
            }
        }
    }
}
