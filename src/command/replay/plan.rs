//! What is sent for a delivery: its own bytes and signature, or fresh ones.

use bytes::Bytes;
use rand::rngs::StdRng;
use serde_json::Value;

use super::Replay;
use super::endpoints::Endpoints;
use crate::cli::SignMode;
use crate::command::setup::headers;
use crate::command::shape;
use crate::delivery::{Delivery, Headers, Request, Signing, Status, Timestamp, Verdict};
use crate::exit::CliError;
use crate::http::Target;
use crate::json::JsonFields;
use crate::provider::{
    Composer, FieldSource, Payload, Policy, Provider, RequestVerdict, verify_request,
};
use crate::signature::Key;

/// How much longer than now an original signature has to be fresh to be kept, in seconds: a request
/// takes its time, and clocks differ.
const MARGIN: i64 = 5;

/// A delivery on its way out.
pub struct Plan {
    /// The delivery, with the request that is sent.
    pub delivery: Delivery,
    /// Where to.
    pub target: Target,
    /// Whether the signature is the original one.
    pub signing: Signing,
    /// What a person should know of it.
    pub doubt: Option<Doubt>,
}

/// Why a receiver may refuse what is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// The original signature, which is kept, is older than receivers take.
    Stale {
        /// How old, and what receivers take.
        message: String,
        /// Whose receivers.
        provider: String,
    },
    /// The body was not received to its end.
    Incomplete(String),
}

/// Decides what is sent for a delivery, as of now: a signature ages while others have their turn.
pub fn make(
    replay: &Replay<'_>,
    endpoints: &Endpoints,
    mut delivery: Delivery,
) -> Result<Plan, CliError> {
    let target = endpoints.of(&delivery)?;
    let now = replay.world.now();
    let RequestVerdict {
        provider, verdict, ..
    } = recognise(replay, &delivery, now.plus_seconds(MARGIN));
    let signing = signing(replay, &verdict);
    let mut doubt = incomplete(&delivery);
    if signing == Signing::Fresh {
        let provider = provider.ok_or_else(unrecognised)?;
        let key = key(replay, provider, &verdict, &delivery.id)?;
        change(replay, provider, &mut delivery)?;
        delivery.request = sign_afresh(provider, key, &delivery.request, now);
    } else if let Some(provider) = provider {
        doubt = doubt.or_else(|| stale(provider, &verdict, &delivery.id));
    }
    add_headers(&mut delivery.request.headers, &headers(&replay.args.header));
    target
        .request_target()
        .clone_into(&mut delivery.request.target);
    Ok(Plan {
        delivery,
        target,
        signing,
        doubt,
    })
}

/// Whose a delivery is, and what its signature is worth at a moment. What a MAC proves goes before
/// what the log says, as the log may have been written without the secret; the log goes before a
/// mere likeness.
fn recognise<'a>(
    replay: &'a Replay<'_>,
    delivery: &Delivery,
    now: Timestamp,
) -> RequestVerdict<'a> {
    let catalogue = &replay.setup.catalogue;
    let verify = |provider: Option<&str>| {
        let policy = Policy {
            provider: provider.map(str::to_owned),
            // Whether it is genuine counts here, not why it is not.
            diagnose_up_to: 0,
            ..Policy::default()
        };
        verify_request(catalogue, &replay.keyring, &policy, &delivery.request, now)
    };
    let judged = verify(None);
    let is_proven = matches!(judged.verdict.status, Status::Valid | Status::Stale);
    let found = judged.provider.map(Provider::name);
    let logged = delivery.provider.as_deref();
    match logged.filter(|name| catalogue.get(name).is_some()) {
        Some(name) if !is_proven && found != Some(name) => verify(Some(name)),
        _ => judged,
    }
}

/// A signature that is not ours is never replaced unasked: that would make a forged delivery a
/// genuine one.
fn signing(replay: &Replay<'_>, verdict: &Verdict) -> Signing {
    let args = replay.args;
    match args.sign.unwrap_or(SignMode::Auto) {
        SignMode::Keep => Signing::Kept,
        SignMode::Auto if !args.changes() && verdict.status != Status::Stale => Signing::Kept,
        SignMode::Auto | SignMode::Fresh => Signing::Fresh,
    }
}

/// Changes the body as flags say, and what the delivery tells of it.
fn change(
    replay: &Replay<'_>,
    provider: &Provider,
    delivery: &mut Delivery,
) -> Result<(), CliError> {
    let args = replay.args;
    if !args.changes() {
        return Ok(());
    }
    let mut body = delivery.request.body.to_vec();
    for assignment in &args.set {
        body = shape::set_in_text(&body, assignment, args.add)?;
    }
    if args.new_id {
        body = with_new_id(replay, provider, &mut delivery.request.headers, body)?;
    }
    if args.edit {
        body = shape::edit(&body, &replay.setup.config)?;
    }
    delivery.request.body = Bytes::from(body);
    let envelope = &provider.definition.envelope;
    let peek = JsonFields::new(&delivery.request.body);
    let headers = &delivery.request.headers;
    delivery.event = envelope.event.find(headers, peek.as_ref());
    delivery.event_id = envelope.id.find(headers, peek.as_ref());
    Ok(())
}

fn with_new_id(
    replay: &Replay<'_>,
    provider: &Provider,
    headers: &mut Headers,
    body: Vec<u8>,
) -> Result<Vec<u8>, CliError> {
    let envelope = &provider.definition.envelope;
    let mut random: StdRng = rand::make_rng();
    let mut composer = Composer::new(&provider.definition, "", replay.world.now(), &mut random);
    let id = composer.event_id();
    match &envelope.id {
        FieldSource::Header { header } => {
            if let Some(id) = id.as_ref().and_then(Value::as_str) {
                headers.set(header, id.to_owned());
            }
            Ok(body)
        }
        FieldSource::Path(path) => {
            let id = id.unwrap_or_default();
            shape::set_in_text(&body, &shape::assignment(path, &id), false)
        }
    }
}

/// The key that made the original signature, so that during a rotation the endpoint's own is used;
/// where none did, the first.
fn key<'a>(
    replay: &'a Replay<'_>,
    provider: &Provider,
    verdict: &Verdict,
    id: &str,
) -> Result<&'a Key, CliError> {
    let name = provider.name();
    let keys = replay.keyring.keys(name);
    let made_it = |key: &&Key| verdict.secret.as_deref() == Some(key.label());
    keys.iter().find(made_it).or(keys.first()).ok_or_else(|| {
        CliError::usage(format!("no secret to sign `{id}` afresh with"))
            .hint(format!("give it: {}", replay.how_to_give_secret(name)))
    })
}

fn sign_afresh(provider: &Provider, key: &Key, request: &Request, now: Timestamp) -> Request {
    let definition = &provider.definition;
    Request {
        method: request.method.clone(),
        ..Payload::of_request(definition, request, now).sign(definition, key)
    }
}

/// Puts the fields of the user in the place of those of the same names.
fn add_headers(headers: &mut Headers, added: &Headers) {
    for (name, _) in added.iter() {
        headers.remove(name);
    }
    for (name, value) in added.iter() {
        headers.push(name, value.clone());
    }
}

fn unrecognised() -> CliError {
    CliError::usage("no provider is recognised, so it cannot be signed afresh")
        .hint("`--sign keep` sends it as it came")
}

fn incomplete(delivery: &Delivery) -> Option<Doubt> {
    let id = &delivery.id;
    let cut = !delivery.request.body_complete;
    cut.then(|| Doubt::Incomplete(format!("the body of `{id}` was not received to its end")))
}

fn stale(provider: &Provider, verdict: &Verdict, id: &str) -> Option<Doubt> {
    let tolerance = provider.definition.signature.tolerance?.past_seconds;
    let age = u64::try_from(verdict.age_seconds?).ok()?;
    let name = provider.name();
    (age > tolerance).then(|| {
        let message = format!(
            "the signature of `{id}` is {age} s old, and {name} receivers refuse it after {tolerance} s"
        );
        Doubt::Stale {
            message,
            provider: name.to_owned(),
        }
    })
}
