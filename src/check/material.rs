//! What the recipes of checks are made of: a provider's genuine deliveries, and every part of a
//! signature open to change.

mod signatures;

use bytes::Bytes;
use rand::rngs::StdRng;
use serde_json::Value;

use super::content::{Content, Shown};
use super::draft::{Draft, Post};
use super::error::CheckError;
use super::probe::{Parcel, Probe};
use super::spelling;
use crate::delivery::{Request, Timestamp};
use crate::json::{JsonFields, javascript};
use crate::provider::{Definition, Forge, Letter, Provider, seal};
use crate::signature::{Key, Scheme, mac_text, render_headers};

/// How long before its update something was created, in seconds: told in the events, not in when
/// they are signed.
const SINCE_CREATION: i64 = 60;

/// The first pair of events that tell of the creation and of an update of one kind of thing.
pub(super) fn newer_of(provider: &Provider) -> Option<(&str, &str)> {
    provider.event_names().find_map(|created| {
        let kind = created.strip_suffix("created")?;
        let updated = format!("{kind}updated");
        let updated = provider.event_names().find(|name| *name == updated)?;
        Some((created, updated))
    })
}

/// What a recipe gives.
pub type Made = Result<Probe, CheckError>;

/// A provider, its key, and the event that is played.
pub struct Material<'a> {
    provider: &'a Provider,
    key: &'a Key,
    event: String,
    target: String,
    clock: fn() -> Timestamp,
    random: StdRng,
    /// The genuine delivery that was made last.
    seen: Option<Letter>,
}

impl<'a> Material<'a> {
    /// Of a provider. Requests are made for the request target `target`; ids come from `random`.
    pub const fn new(
        provider: &'a Provider,
        key: &'a Key,
        target: String,
        clock: fn() -> Timestamp,
        random: StdRng,
    ) -> Self {
        Self {
            provider,
            key,
            event: String::new(),
            target,
            clock,
            random,
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

    /// A genuine delivery.
    pub fn genuine(&mut self) -> Made {
        let post = self.letter()?;
        let probe = Probe::of(vec![self.sealed(&post)]);
        self.seen = Some(post.letter);
        Ok(probe)
    }

    /// With the signature of the genuine delivery before, which the receiver has seen and taken.
    pub fn signed_as_before(&mut self) -> Made {
        let seen = match self.seen.clone() {
            Some(seen) => seen,
            None => self.letter()?.letter,
        };
        let mut draft = self.draft()?;
        // A provider's bodies need not have an id in which they differ.
        spelling::add_field(&mut draft.document, &self.definition().envelope.data);
        let mut post = self.written(draft, javascript::stringify);
        post.letter.signed_at = seen.signed_at;
        post.letter.event_id = seen.event_id;
        Ok(self.signed(&post, |content| content.body = seen.body.to_vec(), |_| ()))
    }

    /// So many genuine deliveries, all at once.
    pub fn several(&mut self, count: usize) -> Made {
        let parcels = (0..count).map(|_| {
            let post = self.letter()?;
            Ok(self.sealed(&post))
        });
        Ok(Probe::of(parcels.collect::<Result<_, CheckError>>()?).at_once())
    }

    /// Of a document that was changed before it was written; the change gets the path of the data.
    pub fn edited(&mut self, change: impl FnOnce(&mut Value, &str)) -> Made {
        let mut draft = self.draft()?;
        change(&mut draft.document, &self.definition().envelope.data);
        let post = self.written(draft, javascript::stringify);
        Ok(Probe::of(vec![self.sealed(&post)]))
    }

    /// Of a document that is written in another way.
    pub fn spelt<B: Into<Bytes>>(&mut self, write: impl FnOnce(&Value) -> B) -> Made {
        let draft = self.draft()?;
        let post = self.written(draft, write);
        Ok(Probe::of(vec![self.sealed(&post)]))
    }

    /// The same of a document that has a number with a fraction.
    pub fn spelt_with_fraction<B: Into<Bytes>>(&mut self, write: impl FnOnce(&Value) -> B) -> Made {
        let mut draft = self.draft_with_fraction()?;
        spelling::ensure_fraction(&mut draft.document, &self.definition().envelope.data);
        let post = self.written(draft, write);
        Ok(Probe::of(vec![self.sealed(&post)]))
    }

    /// A delivery of an event of this name with the data of the one that is played.
    pub fn under_another_name(&mut self, name: &str) -> Made {
        let event = self.event.clone();
        let draft = self.draft_of(&event, name)?;
        let post = self.written(draft, javascript::stringify);
        Ok(Probe::of(vec![self.sealed(&post)]))
    }

    /// A genuine delivery with another `Content-Type`.
    pub fn as_media_type(&mut self, media_type: &'static str) -> Made {
        let mut post = self.letter()?;
        post.letter.headers.set("Content-Type", media_type);
        Ok(Probe::of(vec![self.sealed(&post)]))
    }

    /// The creation of something and an update of it, in the order that `arrange` gives. A delivery
    /// that stands there twice is sent again as it was.
    pub fn pair(&mut self, arrange: impl FnOnce(Parcel, Parcel) -> Vec<Parcel>) -> Made {
        let Some((created, updated)) = newer_of(self.provider) else {
            return Err(CheckError::NoEvent("*.updated".into()));
        };
        let now = self.now();
        let before = now.plus_seconds(-SINCE_CREATION);
        let mut forge = Forge::new(created, before, &mut self.random);
        let first = Draft::drawn(self.provider, created, created, &mut forge)?;
        forge.go_on(updated, now, &self.provider.definition);
        let second = Draft::drawn(self.provider, updated, updated, &mut forge)?;
        let first = self.written(first, javascript::stringify);
        let second = self.written(second, javascript::stringify);
        Ok(Probe::of(arrange(
            self.sealed(&first),
            self.sealed(&second),
        )))
    }

    const fn definition(&self) -> &'a Definition {
        &self.provider.definition
    }

    const fn scheme(&self) -> &'a Scheme {
        &self.provider.definition.signature
    }

    fn letter(&mut self) -> Result<Post, CheckError> {
        let draft = self.draft()?;
        Ok(self.written(draft, javascript::stringify))
    }

    fn draft(&mut self) -> Result<Draft, CheckError> {
        let event = self.event.clone();
        self.draft_of(&event, &event)
    }

    /// The data of one event under the name of another.
    fn draft_of(&mut self, event: &str, name: &str) -> Result<Draft, CheckError> {
        let mut forge = Forge::new(name, self.now(), &mut self.random);
        Draft::drawn(self.provider, event, name, &mut forge)
    }

    /// The event that is played, or the first of the provider's that has a number with a fraction.
    fn draft_with_fraction(&mut self) -> Result<Draft, CheckError> {
        let played = self.event.clone();
        let names = std::iter::once(played.as_str()).chain(self.provider.event_names());
        for name in names {
            let draft = self.draft_of(name, name)?;
            if spelling::has_fraction(&draft.document) {
                return Ok(draft);
            }
        }
        self.draft()
    }

    fn written<B: Into<Bytes>>(&self, draft: Draft, write: impl FnOnce(&Value) -> B) -> Post {
        let body = write(&draft.document).into();
        let place = &self.definition().envelope.id;
        let event_id = place.find(&draft.headers, JsonFields::new(&body).as_ref());
        Post {
            event: draft.event,
            letter: Letter {
                event_id: event_id.unwrap_or_default(),
                body,
                headers: draft.headers,
                signed_at: self.now(),
                target: self.target.clone(),
            },
        }
    }

    fn sealed(&self, post: &Post) -> Parcel {
        post.parcel(seal(self.definition(), self.key, &post.letter))
    }

    fn signed(
        &self,
        post: &Post,
        change_content: impl FnOnce(&mut Content),
        change_shown: impl FnOnce(&mut Shown),
    ) -> Probe {
        let mut content = Content {
            time: post.letter.signed_at.seconds().to_string(),
            body: post.letter.body.to_vec(),
            signed: self.scheme().signed.clone(),
            key: self.key.clone(),
        };
        change_content(&mut content);
        let scheme = Scheme {
            signed: content.signed,
            ..self.scheme().clone()
        };
        let id = &post.letter.event_id;
        let mut shown = Shown {
            mac: mac_text(&scheme, &content.key, &content.time, id, &content.body),
            time: Some(content.time),
        };
        change_shown(&mut shown);
        let mut headers = post.letter.headers.clone();
        for (name, value) in render_headers(&scheme, shown.time.as_deref(), id, &shown.mac).iter() {
            headers.set(name, value.clone());
        }
        let request = Request {
            headers,
            ..seal(self.definition(), self.key, &post.letter)
        };
        Probe::of(vec![post.parcel(request)])
    }
}
