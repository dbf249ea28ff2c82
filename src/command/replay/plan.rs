//! What is sent for a delivery: its own bytes and signature, or fresh ones.

use bytes::Bytes;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::Replay;
use super::source::Source;
use crate::cli::SignMode;
use crate::command::setup::headers;
use crate::command::shape;
use crate::delivery::{Delivery, Request, Signing, Status, Timestamp, Verdict};
use crate::exit::Trouble;
use crate::http::Target;
use crate::provider::{Forge, Letter, Place, Policy, Provider, judge, seal};
use crate::signature::Freshness;

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
    /// What a person should know before it is sent.
    pub warning: Option<String>,
}

/// Decides what is sent for a delivery.
pub fn make(replay: &Replay<'_>, source: &Source, mut delivery: Delivery) -> Result<Plan, Trouble> {
    let target = target(replay, source, &delivery)?;
    let now = replay.world.now();
    let judged = judge(
        &replay.setup.catalogue,
        &replay.keyring,
        &policy(replay, &delivery),
        &delivery.request,
        now.plus_seconds(MARGIN),
    );
    let provider = judged.provider;
    let changed = change(replay, provider, &mut delivery)?;
    let fresh = match replay.args.sign.unwrap_or(SignMode::Auto) {
        SignMode::Keep if changed => {
            let trouble = Trouble::usage("`--sign keep` cannot go with a changed body");
            return Err(trouble.hint("a changed body needs a fresh signature: leave `--sign` out"));
        }
        SignMode::Keep => false,
        SignMode::Fresh => true,
        SignMode::Auto => changed || judged.verdict.status == Status::Stale,
    };
    let mut warning = None;
    if fresh {
        delivery.request = sign_afresh(replay, provider, &delivery, now)?;
    } else {
        warning = provider.and_then(|provider| doubt(provider, &judged.verdict, &delivery.id));
    }
    for (name, value) in headers(&replay.args.header).iter() {
        delivery.request.headers.set(name, value.clone());
    }
    target
        .request_target()
        .clone_into(&mut delivery.request.target);
    let signing = if fresh { Signing::Fresh } else { Signing::Kept };
    Ok(Plan {
        delivery,
        target,
        signing,
        warning,
    })
}

/// The provider is recognised anew where it can be; a delivery whose signature tells nothing is its
/// logged provider's.
fn policy(replay: &Replay<'_>, delivery: &Delivery) -> Policy {
    let logged = delivery.provider.as_deref();
    let known = logged.filter(|name| replay.setup.catalogue.get(name).is_some());
    Policy {
        provider: known.map(str::to_owned),
        freshness: Freshness::Documented,
        ..Policy::default()
    }
}

/// The endpoint that was given, with the delivery's own path where it has none; else where the
/// delivery was forwarded to.
fn target(replay: &Replay<'_>, source: &Source, delivery: &Delivery) -> Result<Target, Trouble> {
    if let Some(target) = &replay.target {
        return Ok(target.join_path(&delivery.request.target));
    }
    match source.last_url(&delivery.id)? {
        Some(url) => Ok(Target::parse(&url)?),
        None => Err(Trouble::usage(format!(
            "`{}` was never forwarded, so there is no endpoint",
            delivery.id
        ))
        .hint("give one: `--url http://localhost:3000/webhooks`")),
    }
}

/// Changes the body as flags say; tells whether anything did.
fn change(
    replay: &Replay<'_>,
    provider: Option<&Provider>,
    delivery: &mut Delivery,
) -> Result<bool, Trouble> {
    let args = replay.args;
    let mut body = delivery.request.body.to_vec();
    for assignment in &args.set {
        body = shape::set_in_text(&body, assignment, args.add)?;
    }
    if args.new_id {
        body = with_new_id(replay, provider, &mut delivery.request, body)?;
    }
    if args.edit {
        body = shape::edit(&body, &replay.setup.config)?;
    }
    let changed = args.new_id || body != delivery.request.body;
    delivery.request.body = Bytes::from(body);
    Ok(changed)
}

fn with_new_id(
    replay: &Replay<'_>,
    provider: Option<&Provider>,
    request: &mut Request,
    body: Vec<u8>,
) -> Result<Vec<u8>, Trouble> {
    let provider = provider.ok_or_else(unrecognised)?;
    let envelope = &provider.definition.envelope;
    let mut random = StdRng::from_os_rng();
    let mut forge = Forge::new("", replay.world.now(), &mut random);
    match &envelope.id {
        Place::Header { header } => {
            let made = forge.headers(&provider.definition);
            if let Some(id) = made.get(header) {
                request.headers.set(header, id.clone());
            }
            Ok(body)
        }
        Place::Path(path) => {
            let made = forge.fill(&envelope.template);
            let id = path.split('.').try_fold(&made, |value, key| value.get(key));
            let id = id.cloned().unwrap_or_default();
            shape::set_in_text(&body, &shape::assignment(path, &id), false)
        }
    }
}

fn sign_afresh(
    replay: &Replay<'_>,
    provider: Option<&Provider>,
    delivery: &Delivery,
    now: Timestamp,
) -> Result<Request, Trouble> {
    let provider = provider.ok_or_else(unrecognised)?;
    let key = replay
        .keyring
        .keys(provider.name())
        .first()
        .ok_or_else(|| {
            Trouble::usage(format!("no secret to sign `{}` afresh with", delivery.id))
                .hint(format!("give it: `--secret {}=…`", provider.name()))
        })?;
    let peek = crate::json::Peek::new(&delivery.request.body);
    let id = provider
        .definition
        .envelope
        .id
        .find(&delivery.request.headers, peek.as_ref());
    let letter = Letter {
        body: delivery.request.body.clone(),
        headers: delivery.request.headers.clone(),
        event_id: id.unwrap_or_default(),
        signed_at: now,
        target: delivery.request.target.clone(),
    };
    let sealed = seal(&provider.definition, key, &letter);
    Ok(Request {
        method: delivery.request.method.clone(),
        ..sealed
    })
}

fn unrecognised() -> Trouble {
    Trouble::usage("no provider is recognised, so it cannot be signed afresh")
        .hint("`--sign keep` sends it as it came")
}

/// Why the receiver may refuse an original signature.
fn doubt(provider: &Provider, verdict: &Verdict, id: &str) -> Option<String> {
    let tolerance = provider.definition.signature.tolerance?;
    let age = verdict.age_seconds?;
    let old = u64::try_from(age).is_ok_and(|age| age > tolerance.past_seconds);
    let name = provider.name();
    old.then(|| {
        format!(
            "the signature of `{id}` is {age} s old, and {name} receivers refuse it after {} s",
            tolerance.past_seconds
        )
    })
}
