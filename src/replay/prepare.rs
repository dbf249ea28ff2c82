//! What is sent for a delivery: its own bytes and signature, or fresh ones.

use bytes::Bytes;
use rand::RngExt as _;
use serde_json::Value;

use super::{Replay, ReplayError};
use crate::delivery::{
    About, Attempt, Delivery, Headers, Request, Signing, Status, Timestamp, Verdict,
};
use crate::http::Target;
use crate::json::{JsonFields, Path, TypedJson, restore_numbers};
use crate::provider::{
    Composer, FieldSource, Payload, Policy, Provider, RequestVerdict, Story, verify_request,
};
use crate::signature::Key;

/// How much longer than now an original signature has to be fresh to be kept, in seconds: a request
/// takes its time, and clocks differ.
const MARGIN: i64 = 5;

/// A delivery on its way out.
pub struct Prepared {
    /// The delivery, with the request that is sent.
    pub delivery: Delivery,
    /// Where to.
    pub target: Target,
    /// Whether the signature is the original one.
    pub signing: Signing,
    /// Why the receiver may refuse it.
    pub warning: Option<Warning>,
    /// Whether the last attempt at it before the replay was answered 2xx; `None` where there was none.
    pub was_success: Option<bool>,
}

/// Why a receiver may refuse what is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// The original signature, which is kept, is older than receivers take.
    Stale {
        /// Whose receivers.
        provider: String,
        /// How old it is, in seconds.
        age: u64,
        /// The most that receivers take, in seconds.
        tolerance: u64,
    },
    /// The body was not received to its end.
    Incomplete,
}

impl Prepared {
    /// What an attempt at it is against the one before.
    pub fn change(&self, attempt: &Attempt) -> Option<&'static str> {
        self.was_success.map(|was| attempt.change_since(was))
    }

    /// What a line about an attempt at it tells.
    pub fn about(&self, attempt: &Attempt) -> About<'_> {
        About {
            change: Some(self.change(attempt)),
            ..self.delivery.about()
        }
    }
}

impl Replay<'_> {
    /// Decides what is sent for a delivery, as of now: a signature ages while others have their turn.
    pub(super) fn prepare(
        &self,
        mut delivery: Delivery,
        target: Target,
        was_success: Option<bool>,
    ) -> Result<Prepared, ReplayError> {
        let now = (self.clock)();
        let RequestVerdict {
            provider, verdict, ..
        } = self.recognise(&delivery, now.plus_seconds(MARGIN));
        let signing = self.signing(&verdict);
        target
            .request_target()
            .clone_into(&mut delivery.request.target);
        delivery.request.origin = Some(target.origin());
        let is_cut = !delivery.request.body_complete;
        let mut warning = is_cut.then_some(Warning::Incomplete);
        if signing == Signing::Fresh {
            let provider = provider.ok_or(ReplayError::Unrecognised)?;
            let key = self.key(provider, &verdict, &delivery.id)?;
            self.change(provider, &mut delivery)?;
            delivery.request = sign_afresh(provider, key, &delivery.request, now);
        } else if let Some(provider) = provider {
            warning = warning.or_else(|| stale(provider, &verdict));
        }
        // The name by which the sender reached whoever received it.
        delivery.request.headers.remove("Host");
        add_headers(&mut delivery.request.headers, &self.headers);
        if let Some(reason) = delivery.request.unsendable() {
            let id = delivery.id;
            return Err(ReplayError::Unsendable { id, reason });
        }
        Ok(Prepared {
            delivery,
            target,
            signing,
            warning,
            was_success,
        })
    }

    /// Whose a delivery is, and what its signature is worth at a moment. What a MAC proves goes before
    /// what the log says, as the log may have been written without the secret; the log goes before a
    /// mere likeness.
    fn recognise(&self, delivery: &Delivery, now: Timestamp) -> RequestVerdict<'_> {
        let verify = |provider: Option<&str>| {
            let policy = Policy {
                provider: provider.map(str::to_owned),
                // Whether it is genuine counts here, not why it is not.
                allowance: None,
                ..Policy::default()
            };
            verify_request(
                self.catalogue,
                self.keyring,
                &policy,
                &delivery.request,
                now,
            )
        };
        let found = verify(None);
        let name = found.provider.map(Provider::name);
        let logged = delivery.provider.as_deref();
        match logged.filter(|name| self.catalogue.get(name).is_some()) {
            Some(logged) if !found.verdict.status.is_proven() && name != Some(logged) => {
                verify(Some(logged))
            }
            _ => found,
        }
    }

    /// A signature that is not ours is never replaced unasked: that would make a forged delivery a
    /// genuine one.
    fn signing(&self, verdict: &Verdict) -> Signing {
        match self.signing {
            Some(signing) => signing,
            None if self.changes.is_none() && verdict.status != Status::Stale => Signing::Kept,
            None => Signing::Fresh,
        }
    }

    /// The key that made the original signature, so that during a rotation the endpoint's own is used;
    /// where none did, or its public half alone is known, the first that can sign.
    fn key(&self, provider: &Provider, verdict: &Verdict, id: &str) -> Result<&Key, ReplayError> {
        let keys = self.keyring.keys(provider.name());
        let made_it = |key: &&Key| verdict.secret.as_deref() == Some(key.label());
        let mut signing = keys.iter().filter(|key| key.can_sign());
        let key = signing.clone().find(made_it).or_else(|| signing.next());
        let (id, provider) = (id.to_owned(), provider.name().to_owned());
        match key {
            Some(key) => Ok(key),
            None if keys.is_empty() => Err(ReplayError::NoSecret { id, provider }),
            None => Err(ReplayError::PublicKey { id, provider }),
        }
    }

    /// Changes the body, and what the delivery tells of it.
    fn change(&self, provider: &Provider, delivery: &mut Delivery) -> Result<(), ReplayError> {
        if self.changes.is_none() {
            return Ok(());
        }
        let mut body = delivery.request.body.to_vec();
        for (path, value) in &self.changes.set {
            body = set(&body, path, value, self.changes.add)?;
        }
        if self.changes.new_id {
            body = self.with_new_id(provider, &mut delivery.request.headers, body)?;
        }
        if let Some(edit) = self.changes.edit {
            body = edit(&body).ok_or(ReplayError::NotEdited)?;
        }
        delivery.request.body = Bytes::from(body);
        let envelope = &provider.definition.envelope;
        let fields = JsonFields::new(&delivery.request.body);
        let headers = &delivery.request.headers;
        delivery.event = envelope.event.find(headers, fields.as_ref());
        delivery.event_id = envelope.id.find(headers, fields.as_ref());
        Ok(())
    }

    fn with_new_id(
        &self,
        provider: &Provider,
        headers: &mut Headers,
        body: Vec<u8>,
    ) -> Result<Vec<u8>, ReplayError> {
        let definition = &provider.definition;
        let story = Story {
            seed: (self.random)().random(),
            number: 0,
        };
        let id = Composer::new(definition, "", (self.clock)(), story).event_id();
        match &definition.envelope.id {
            FieldSource::Header { header } => {
                if let Some(id) = id.as_ref().and_then(Value::as_str) {
                    headers.set(header, id.to_owned());
                }
                Ok(body)
            }
            FieldSource::Path(path) => set(&body, path, &id.unwrap_or_default().into(), false),
            FieldSource::Joined(_) | FieldSource::Absent => {
                Err(ReplayError::NoId(provider.name().to_owned()))
            }
        }
    }
}

/// Sets one value in the text of a body; everything else stays byte for byte.
fn set(body: &[u8], path: &Path, value: &TypedJson, add: bool) -> Result<Vec<u8>, ReplayError> {
    let mut document: Value =
        serde_json::from_slice(body).map_err(|error| ReplayError::NotJson(error.to_string()))?;
    // The document says what is wrong with the path; the text is what is sent.
    path.set(&mut document, value.value.clone(), add)?;
    let spliced = path.splice(body, &value.value);
    let spliced = spliced.and_then(|body| String::from_utf8(body).ok());
    let spliced = spliced.ok_or_else(|| ReplayError::NotSet(path.to_string()))?;
    let numbers: Vec<_> = value.numbers_at(path).collect();
    Ok(restore_numbers(spliced, &numbers).into_bytes())
}

fn sign_afresh(provider: &Provider, key: &Key, request: &Request, now: Timestamp) -> Request {
    let definition = &provider.definition;
    Payload::of_request(definition, request, now).sign(definition, key)
}

/// Puts fields in the place of those of the same names.
fn add_headers(headers: &mut Headers, added: &Headers) {
    for (name, _) in added.iter() {
        headers.remove(name);
    }
    for (name, value) in added.iter() {
        headers.push(name, value.clone());
    }
}

fn stale(provider: &Provider, verdict: &Verdict) -> Option<Warning> {
    let tolerance = provider.definition.signature.tolerance?.past_seconds;
    let age = u64::try_from(verdict.age_seconds? - MARGIN).ok()?;
    (age + MARGIN.unsigned_abs() > tolerance).then(|| Warning::Stale {
        provider: provider.name().to_owned(),
        age,
        tolerance,
    })
}
