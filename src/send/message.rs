//! What is sent: an event of a provider, what stands in it, and what is changed before it is signed.

use bytes::Bytes;
use serde_json::Value;

use super::{SendError, SendOptions};
use crate::delivery::{Answer, Headers, Request, Timestamp};
use crate::json::{Path, TypedJson};
use crate::provider::{
    Composer, Definition, Document, ExpectedAnswer, FieldSource, Handshake, Payload, Provider,
    Story,
};
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
    /// No event: a handshake.
    Handshake(Box<Handshake>),
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
    /// The handshake, where it is one.
    pub fn handshake(&self) -> Option<&Handshake> {
        match &self.content {
            EventContent::Handshake(handshake) => Some(handshake),
            _ => None,
        }
    }

    /// Whether it carries a signature.
    pub fn is_signed(&self) -> bool {
        self.handshake().is_none_or(|handshake| handshake.signed)
    }

    /// Whether an answer to a request of its is one that the provider documents: of a handshake, and of
    /// an event where the provider looks at more than the status. Else what that is, and what came.
    /// `None` where nothing is documented.
    pub fn judge(&self, request: &Request, answer: &Answer) -> Option<Result<(), [String; 2]>> {
        let definition = &self.provider.definition;
        let (scheme, key) = (&definition.signature, Some(self.key));
        let expected = if let Some(handshake) = self.handshake() {
            handshake.answers(request, scheme, key)
        } else {
            let usual = definition.answer.as_ref()?;
            vec![usual.fill(request, scheme, key)?]
        };
        Some(ExpectedAnswer::judge(&expected, answer))
    }

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
            EventContent::Handshake(handshake) => {
                return self.compose_handshake(&composer, handshake, definition, at);
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
        payload.origin = Some(self.signed_origin());
        if let Some(fault) = self.fault {
            fault.check(definition, &payload.body)?;
        }
        Ok(payload)
    }

    /// A handshake with the headers that are added.
    fn compose_handshake(
        &self,
        composer: &Composer<'_>,
        handshake: &Handshake,
        definition: &Definition,
        at: Timestamp,
    ) -> Result<Payload, SendError> {
        let target = self.target.request_target();
        let mut payload = composer.handshake(handshake, definition, target, at);
        payload.origin = Some(self.signed_origin());
        self.shape.add_headers(&mut payload.headers);
        match payload.headers.unsendable() {
            Some(name) => Err(SendError::Header(name.to_owned())),
            None => Ok(payload),
        }
    }

    /// What stands before the target in the URL that is signed.
    fn signed_origin(&self) -> String {
        let given = self.origin.clone();
        given.unwrap_or_else(|| self.target.origin())
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
        let body = format.write_exact(&document.value, &numbers);
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
