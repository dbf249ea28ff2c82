//! The one verification of a request: whose is it, which event, is it genuine, and if not, why.

use std::borrow::Cow;
use std::cell::Cell;
use std::cmp::Reverse;

use super::explain::Explanation;
use super::observe::observe;
use super::payload::PayloadFields;
use super::recognise::recognise;
use super::{BodyFormat, Catalogue, Handshake, Keyring, Provider, payload};
use crate::delivery::{Misfit, Request, Status, Timestamp, Verdict};
use crate::json::{JsonFields, is_json};
use crate::signature::{Allowance, Freshness, verify_by};

/// How requests are verified.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The provider, where the user fixed it; else it is recognised.
    pub provider: Option<String>,
    /// What stands before the target in the URL that senders use, where the user said it.
    pub origin: Option<String>,
    /// The header, or other place, of the signature that decides where a request carries several; else
    /// the provider's first one that is there.
    pub signature: Option<String>,
    /// How the signed time is checked.
    pub freshness: Freshness,
    /// How far the cause of a wrong signature is looked for; `None` for not at all.
    pub allowance: Option<Allowance>,
}

/// Any provider, as documented, every cause looked for.
impl Default for Policy {
    fn default() -> Self {
        Self {
            provider: None,
            origin: None,
            signature: None,
            freshness: Freshness::default(),
            allowance: Some(Allowance::THOROUGH),
        }
    }
}

impl Policy {
    /// The request with the URL by which it was sent, where the user said it and the request does not.
    fn as_sent<'a>(&self, request: &'a Request) -> Cow<'a, Request> {
        match &self.origin {
            Some(origin) if request.origin.is_none() => Cow::Owned(Request {
                origin: Some(origin.clone()),
                ..request.clone()
            }),
            _ => Cow::Borrowed(request),
        }
    }
}

/// What was made of a request.
#[derive(Debug, Clone)]
pub struct RequestVerdict<'a> {
    /// Whose it is.
    pub provider: Option<&'a Provider>,
    /// The event's name.
    pub event: Option<String>,
    /// The id by which receivers drop duplicates.
    pub event_id: Option<String>,
    /// The handshake that it is, of those that its provider signs.
    pub handshake: Option<&'a Handshake>,
    /// Whether the body was looked at and is not JSON, which is what providers send.
    pub is_odd: bool,
    /// Whether its signature is wrong, and only for want of an allowance no cause was looked for.
    pub is_undiagnosed: bool,
    /// Whether it is genuine.
    pub verdict: Verdict,
    /// The bytes of work that were spent on why not.
    pub work: usize,
}

impl RequestVerdict<'_> {
    /// Says how to give the secret of a provider for which there is none.
    pub fn hint_at_secret(&mut self) {
        if let Some(provider) = self.provider
            && self.verdict.status == Status::Unverified
            && self.verdict.hint.is_none()
        {
            let hint = format!("give its secret: `--secret {}=…`", provider.name());
            self.verdict.hint = Some(hint);
        }
    }

    /// Where the payload of what may be genuine is not as its event is described.
    pub fn misfits(&self, request: &Request) -> Vec<Misfit> {
        let known = self.provider.zip(self.event.as_deref());
        let known = known.filter(|_| self.verdict.status.is_counted());
        known.map_or_else(Vec::new, |(provider, event)| {
            provider.misfits(event, &request.headers, &request.body)
        })
    }

    /// What is made of a request that is nobody's.
    pub(super) fn unrecognised() -> Self {
        Self {
            provider: None,
            event: None,
            event_id: None,
            handshake: None,
            is_odd: false,
            is_undiagnosed: false,
            verdict: Verdict::new(Status::Unverified).because("no provider is recognised"),
            work: 0,
        }
    }
}

/// Verifies a request at the moment `now`.
///
/// With secrets, the MAC decides whose a request is before anything else does; then the form of the
/// header's value; then the envelope. Without a signature header, the envelope alone.
pub fn verify_request<'a>(
    catalogue: &'a Catalogue,
    keyring: &Keyring,
    policy: &Policy,
    request: &Request,
    now: Timestamp,
) -> RequestVerdict<'a> {
    let body = payload(&request.headers, &request.body);
    let payload = (&*body, JsonFields::new(&body));
    verify_payload(catalogue, keyring, policy, request, &payload, now)
}

/// The same, with what is noticed of the payload besides, for which it is not read again.
pub fn verify_and_observe<'a>(
    catalogue: &'a Catalogue,
    keyring: &Keyring,
    policy: &Policy,
    request: &Request,
    now: Timestamp,
) -> (RequestVerdict<'a>, Vec<String>) {
    let body = payload(&request.headers, &request.body);
    let payload = (&*body, JsonFields::new(&body));
    let verified = verify_payload(catalogue, keyring, policy, request, &payload, now);
    let noticed = verified
        .provider
        .map(|provider| observe(provider, request, &payload));
    (verified, noticed.unwrap_or_default())
}

fn verify_payload<'a>(
    catalogue: &'a Catalogue,
    keyring: &Keyring,
    policy: &Policy,
    request: &Request,
    (body, fields): &PayloadFields<'_>,
    now: Timestamp,
) -> RequestVerdict<'a> {
    let request = &*policy.as_sent(request);
    let asked = policy.signature.as_deref();
    let checked = |provider: &'a Provider| {
        let scheme = &provider.scheme;
        let keys = keyring.keys(provider.name());
        let decides = scheme.deciding(request, asked);
        let verdict = verify_by(decides, scheme, keys, request, (now, policy.freshness));
        (provider, verdict)
    };
    let fixed = policy.provider.as_deref();
    let found = match fixed.and_then(|name| catalogue.get(name)) {
        Some(provider) => Some(checked(provider)),
        None => recognise(catalogue, keyring, request, fields.as_ref(), checked),
    };
    let Some((provider, verdict)) = found else {
        return RequestVerdict::unrecognised();
    };
    let explanation = Explanation {
        catalogue,
        keyring,
        provider,
        scheme: (provider
            .scheme
            .all()
            .nth(provider.scheme.deciding(request, asked)))
        .unwrap_or(&provider.scheme),
        request,
        work: Cell::new(0),
    };
    let (verdict, is_undiagnosed) = explanation.of(verdict, policy.allowance);
    let envelope = &provider.definition.envelope;
    let mut handshakes = provider.definition.handshakes.iter();
    let handshake = handshakes.find(|one| one.signed && one.is(request, fields.as_ref()));
    let event = || envelope.event.find(&request.headers, fields.as_ref());
    RequestVerdict {
        provider: Some(provider),
        // A subscription's handshake may name the events that it will bring, and is none of them.
        event: handshake.map_or_else(event, |handshake| Some(handshake.name.clone())),
        event_id: envelope.id.find(&request.headers, fields.as_ref()),
        handshake,
        // Looked through once more only where it is no object or was unpacked.
        is_odd: envelope.format == BodyFormat::Json
            && !(fields.is_some() && body.len() == request.body.len() || is_json(&request.body)),
        is_undiagnosed,
        verdict,
        work: explanation.work.get(),
    }
}

/// The handshake that a request is, of those that providers don't sign, and whose it is: the fixed
/// provider's, else that of one with a secret, else the one that has most in common with the request.
pub fn unsigned_handshake<'a>(
    catalogue: &'a Catalogue,
    keyring: &Keyring,
    policy: &Policy,
    request: &Request,
) -> Option<(&'a Provider, &'a Handshake)> {
    let body = payload(&request.headers, &request.body);
    let fields = JsonFields::new(&body);
    let fixed = policy.provider.as_deref();
    let providers = catalogue.iter();
    let meant = providers.filter(|one| fixed.is_none_or(|name| name == one.name()));
    let found = meant.flat_map(|provider| {
        let unsigned = provider
            .definition
            .handshakes
            .iter()
            .filter(|it| !it.signed);
        let found = unsigned.filter(|it| it.is(request, fields.as_ref()));
        found.map(move |handshake| (provider, handshake))
    });
    let has_key = |provider: &Provider| !keyring.keys(provider.name()).is_empty();
    let found = found.min_by_key(|(provider, it)| (!has_key(provider), Reverse(it.marks())));
    found.filter(|_| !catalogue.is_signed(request, fields.as_ref()))
}
