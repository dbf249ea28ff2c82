//! What the recipes of checks are made of: a provider's genuine deliveries, and every part of a
//! signature open to change.

mod documents;
mod handshakes;
mod signatures;

use serde_json::Value;

use super::body;
use super::case::{TestCase, TestDelivery};
use super::error::CheckError;
use super::pair::{created_at, newer_of};
use super::parts::{SignatureFields, SigningInput};
use crate::delivery::{Request, Status, Timestamp};
use crate::json::Path;
use crate::provider::{Composer, Definition, Document, Payload, Provider, Story};
use crate::signature::{Freshness, Key, Scheme, announce, mac_text, show, verify};

/// What a recipe gives.
pub type Made = Result<TestCase, CheckError>;

/// A provider, its key, and the event that is played.
pub struct CheckContext<'a> {
    provider: &'a Provider,
    key: &'a Key,
    event: String,
    /// What stands before the target in the URL, and the target.
    url: (String, String),
    clock: fn() -> Timestamp,
    /// The story that the next delivery tells; each tells another.
    story: Story,
    /// The genuine delivery that was made last.
    seen: Option<Payload>,
}

impl<'a> CheckContext<'a> {
    /// Of a provider. Requests are made for `url`, its origin and its request target; ids follow from
    /// `seed`.
    pub const fn new(
        provider: &'a Provider,
        key: &'a Key,
        url: (String, String),
        clock: fn() -> Timestamp,
        seed: u64,
    ) -> Self {
        Self {
            provider,
            key,
            event: String::new(),
            url,
            clock,
            story: Story { seed, number: 0 },
            seen: None,
        }
    }

    /// Chooses the event that the next recipe plays.
    pub fn play(&mut self, event: &str) {
        event.clone_into(&mut self.event);
    }

    /// The provider.
    pub const fn provider(&self) -> &'a Provider {
        self.provider
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// How old a signature may be, in seconds.
    pub fn tolerance(&self) -> i64 {
        let tolerance = self.scheme().tolerance;
        tolerance.map_or(0, |tolerance| {
            i64::try_from(tolerance.past_seconds).unwrap_or(i64::MAX)
        })
    }

    /// Whether the provider's rules, strictly taken, accept all that a check sends.
    pub fn is_genuine(&self, case: &TestCase) -> bool {
        let keys = std::slice::from_ref(self.key);
        case.deliveries.iter().all(|delivery| {
            let (scheme, request) = (self.scheme(), &delivery.request);
            verify(scheme, keys, request, self.now(), Freshness::Strict).status == Status::Valid
        })
    }

    /// A genuine delivery.
    pub fn genuine(&mut self) -> Made {
        let payload = self.payload()?;
        let case = TestCase::of(vec![self.genuine_of(&payload)]);
        self.seen = Some(payload);
        Ok(case)
    }

    /// With the signature of the genuine delivery before, which the receiver has seen.
    pub fn signed_as_before(&mut self) -> Made {
        let none = CheckError::Inapplicable("no genuine delivery was sent before");
        let seen = self.seen.clone().ok_or(none)?;
        let mut document = self.document()?;
        // A provider's bodies need not have an id in which they differ, nor its data an object.
        body::add_field(&mut document.value, &self.definition().envelope.data);
        body::add_field(&mut document.value, &Path::ROOT);
        let mut payload = self.written(document);
        payload.signed_at = seen.signed_at;
        payload.event_id = seen.event_id;
        Ok(self.signed(
            &payload,
            |content| content.body = seen.body.to_vec(),
            |_| (),
        ))
    }

    /// So many genuine deliveries, all at once.
    pub fn several(&mut self, count: usize) -> Made {
        let deliveries = (0..count).map(|_| {
            let payload = self.payload()?;
            Ok(self.genuine_of(&payload))
        });
        Ok(TestCase::of(deliveries.collect::<Result<_, CheckError>>()?).at_once())
    }

    /// The creation of something and an update of it, in the order that `arrange` gives. A delivery
    /// that stands there twice is sent again as it was.
    pub fn pair(
        &mut self,
        arrange: impl FnOnce(TestDelivery, TestDelivery) -> Vec<TestDelivery>,
    ) -> Made {
        let Some((created, updated)) = newer_of(self.provider) else {
            return Err(CheckError::NoEvent("*.updated".into()));
        };
        let (now, story) = (self.now(), self.next_story());
        let (first, second) = (self.fixture(created)?, self.fixture(updated)?);
        let compose =
            |event, data, at| Composer::new(self.definition(), event, at, story).fixture(data);
        let second = compose(updated, &second, now);
        let before = created_at(self.definition(), &second, now);
        let first = compose(created, &first, before);
        let (first, second) = (self.written(first), self.written(second));
        Ok(TestCase::of(arrange(
            self.genuine_of(&first),
            self.genuine_of(&second),
        )))
    }

    fn definition(&self) -> &'a Definition {
        &self.provider.definition
    }

    fn scheme(&self) -> &'a Scheme {
        &self.provider.definition.signature
    }

    fn payload(&mut self) -> Result<Payload, CheckError> {
        let document = self.document()?;
        Ok(self.written(document))
    }

    fn document(&mut self) -> Result<Document, CheckError> {
        let event = self.event.clone();
        self.document_of(&event, &event)
    }

    /// The data of one event under the name of another.
    fn document_of(&mut self, event: &str, name: &str) -> Result<Document, CheckError> {
        let data = self.fixture(event)?;
        let (now, story) = (self.now(), self.next_story());
        let composer = Composer::new(self.definition(), name, now, story);
        Ok(composer.fixture(&data))
    }

    const fn next_story(&mut self) -> Story {
        self.story.number += 1;
        self.story
    }

    /// An event's data, with placeholders.
    fn fixture(&self, event: &str) -> Result<Value, CheckError> {
        let no_event = || CheckError::NoEvent(event.to_owned());
        Ok(self.provider.event(event).ok_or_else(no_event)??.data)
    }

    fn written(&self, document: Document) -> Payload {
        self.addressed(document.write(self.definition(), &self.url.1, self.now()))
    }

    /// The payload under the URL that is signed.
    fn addressed(&self, payload: Payload) -> Payload {
        Payload {
            origin: Some(self.url.0.clone()),
            ..payload
        }
    }

    fn genuine_of(&self, payload: &Payload) -> TestDelivery {
        TestDelivery::of(payload, payload.sign(self.definition(), self.key))
    }

    fn signed(
        &self,
        payload: &Payload,
        change_content: impl FnOnce(&mut SigningInput),
        change_shown: impl FnOnce(&mut SignatureFields),
    ) -> TestCase {
        let mut content = SigningInput {
            time: self.scheme().time_unit.text(payload.signed_at),
            unit: self.scheme().time_unit,
            body: payload.body.to_vec(),
            signed: self.scheme().signed.clone(),
            key: self.key.clone(),
        };
        change_content(&mut content);
        let scheme = Scheme {
            signed: content.signed,
            ..self.scheme().clone()
        };
        let id = &payload.event_id;
        let mut request = payload.unsigned();
        let mut signed = Request {
            body: content.body.into(),
            ..request.clone()
        };
        // The key that it names is the provider's own, whichever signs.
        announce(&scheme, self.key, Some(&content.time), id, &mut signed);
        let mut shown = SignatureFields {
            mac: mac_text(&scheme, &content.key, &content.time, id, &signed),
            time: Some(content.time),
            unit: scheme.time_unit,
        };
        change_shown(&mut shown);
        show(
            &scheme,
            self.key,
            shown.time.as_deref(),
            id,
            &shown.mac,
            &mut request,
        );
        TestCase::of(vec![TestDelivery::of(payload, request)])
    }
}
