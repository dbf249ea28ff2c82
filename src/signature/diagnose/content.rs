//! Mistakes in what is signed and how: other templates, timestamps, hash functions, schemes.

use super::Diagnosis;
use super::cause::{self, Cause};
use super::trial::Trial;
use crate::delivery::{Headers, Request, Timestamp};
use crate::signature::{
    Key, ParsedSignature, Scheme, SchemeKind, Template, TemplatePiece, ValueSource,
};

/// What the known schemes sign, and near misses of it.
const TEMPLATES: &[&str] = &[
    "{body}",
    "{timestamp}.{body}",
    "{timestamp}{body}",
    "{timestamp}:{body}",
    "{timestamp}\n{body}",
    "v0:{timestamp}:{body}",
    "v1:{timestamp}:{body}",
    "{body}.{timestamp}",
    "{body}{timestamp}",
    "{id}.{timestamp}.{body}",
    "{id}.{body}",
    "{timestamp}.{id}.{body}",
];

/// Milliseconds in a second, as timestamps count them.
const MILLIS: i64 = 1000;

/// The mistake in what was signed with which the signature is right.
pub(super) fn find(trial: &Trial<'_>, presented: &ParsedSignature<'_>) -> Option<Diagnosis> {
    let is_open = !trial.context.scheme.tells_content();
    find_url(trial, presented)
        .or_else(|| is_open.then(|| find_template(trial, presented))?)
        .or_else(|| is_open.then(|| find_timestamp(trial, presented))?)
        .or_else(|| find_other_scheme(trial))
        .or_else(|| is_keyed(trial).then(|| find_hash(trial, presented))?)
        .or_else(|| is_keyed(trial).then(|| find_swapped(trial, presented))?)
}

/// Whether what is documented is an HMAC.
const fn is_keyed(trial: &Trial<'_>) -> bool {
    matches!(trial.context.scheme.kind, SchemeKind::Hmac { .. })
}

/// A claim by which a genuine token is one of another request.
pub(super) fn find_claim(trial: &Trial<'_>, presented: &ParsedSignature<'_>) -> Option<Diagnosis> {
    let token = &presented.macs.first()?.bytes;
    let values = presented.values(trial.request(), trial.body());
    let claim = trial.keys.iter().find_map(|key| {
        let is_affordable = trial.spend_on(key, &trial.context.scheme.signed, values, presented);
        is_affordable.then(|| key.other_claim(values, token))?
    })?;
    Some(cause::CLAIM_OTHER.found_in(claim))
}

/// Another URL of the same request: a proxy ends TLS, takes another name and port, adds or drops a slash
/// or the query.
fn find_url(trial: &Trial<'_>, presented: &ParsedSignature<'_>) -> Option<Diagnosis> {
    let signed = &trial.context.scheme.signed;
    if !signed.has(&TemplatePiece::Url) && !signed.has(&TemplatePiece::Target) {
        return None;
    }
    let request = trial.request();
    origins(request).into_iter().find_map(|origin| {
        targets(&request.target).into_iter().find_map(|target| {
            if !trial.spend(trial.head_size()) {
                return None;
            }
            let sent = Request {
                origin: Some(origin.clone()),
                target,
                ..request.clone()
            };
            let is_proven = trial.request_proves(presented, &sent);
            is_proven.then(|| cause::ANOTHER_URL.found_in(&sent.url()))
        })
    })
}

/// What may stand before the target: each scheme, with each host that the request names.
fn origins(request: &Request) -> Vec<String> {
    let known = request
        .origin
        .as_deref()
        .and_then(|origin| origin.split_once("://"));
    let named = ["Host", "X-Forwarded-Host", "X-Original-Host"];
    let named = named.iter().filter_map(|name| request.headers.text(name));
    let mut hosts: Vec<_> = known
        .map(|(_, host)| host)
        .into_iter()
        .chain(named)
        .collect();
    // The port is often left out, or was the tunnel's own.
    for host in hosts.clone() {
        hosts.extend(host.rsplit_once(':').map(|(name, _)| name));
    }
    hosts.sort_unstable();
    hosts.dedup();
    let with = |scheme: &'static str, port: &'static str| {
        move |host: &&str| format!("{scheme}://{host}{port}")
    };
    let (https, http) = (
        hosts.iter().map(with("https", "")),
        hosts.iter().map(with("http", "")),
    );
    let https_port = hosts
        .iter()
        .filter(|host| !host.contains(':'))
        .map(with("https", ":443"));
    https.chain(http).chain(https_port).collect()
}

/// What the target may have been: itself, with or without a slash at its end, without its query.
fn targets(target: &str) -> Vec<String> {
    let path = target.split('?').next().unwrap_or_default();
    let query = target.get(path.len()..).unwrap_or_default();
    let other = match path.strip_suffix('/') {
        Some(path) => path.to_owned(),
        None => format!("{path}/"),
    };
    let mut targets = vec![target.to_owned(), format!("{other}{query}")];
    if !query.is_empty() {
        targets.extend([path.to_owned(), other]);
    }
    targets
}

fn find_template(trial: &Trial<'_>, presented: &ParsedSignature<'_>) -> Option<Diagnosis> {
    let documented = &trial.context.scheme.signed;
    let mut presented = presented.clone();
    if presented.timestamp.is_none() {
        let other = timestamp_header(&trial.context.request.headers);
        presented.timestamp = other.map(|(_, text)| text.into());
    }
    TEMPLATES.iter().find_map(|text| {
        let template = Template::try_from((*text).to_owned()).ok()?;
        let missing = (template.has(&TemplatePiece::Timestamp) && presented.timestamp.is_none())
            || (template.has(&TemplatePiece::Id) && presented.id.is_none());
        let found = template != *documented
            && !missing
            && trial.any_proves(&template, &presented, trial.body());
        found.then(|| template_cause(documented, &template).found_in(&text.replace('\n', "\\n")))
    })
}

fn template_cause(documented: &Template, signed: &Template) -> Cause {
    let differs = |place| (documented.has(&place), signed.has(&place));
    match (
        differs(TemplatePiece::Timestamp),
        differs(TemplatePiece::Id),
    ) {
        ((true, false), _) => cause::TIMESTAMP_NOT_SIGNED,
        ((false, true), _) => cause::TIMESTAMP_SIGNED,
        (_, (true, false)) => cause::ID_NOT_SIGNED,
        _ => cause::PARTS_JOINED,
    }
}

fn find_timestamp(trial: &Trial<'_>, presented: &ParsedSignature<'_>) -> Option<Diagnosis> {
    let scheme = trial.context.scheme;
    let sent = presented.timestamp.as_deref();
    other_timestamps(sent.filter(|_| scheme.signs_time())?)
        .into_iter()
        .find_map(|(cause, detail, text)| {
            let mut presented = presented.clone();
            presented.timestamp = Some(text.into());
            let proven = trial.any_proves(&scheme.signed, &presented, trial.body());
            proven.then(|| cause.found_in(detail))
        })
}

/// The same moment in other texts, each with its cause and detail.
fn other_timestamps(sent: &str) -> Vec<(Cause, &'static str, String)> {
    let Ok(number) = sent.parse::<i64>() else {
        return Vec::new();
    };
    let moment = Timestamp::from_seconds(number).to_seconds_text();
    let with_millis = moment.replace('Z', ".000Z");
    let with_offset = moment.replace('Z', "+00:00");
    let in_millis = format!("{sent}000");
    let in_seconds = (number / MILLIS).to_string();
    let decimal = format!("{sent}.0");
    let bare = number.to_string();
    let unit = cause::TIMESTAMP_MILLISECONDS;
    let form = cause::TIMESTAMP_FORMATTED;
    let mut texts = vec![
        (unit, "milliseconds", in_millis),
        (unit, "seconds", in_seconds),
        (form, "as RFC 3339", moment),
        (form, "as RFC 3339", with_millis),
        (form, "as RFC 3339", with_offset),
        (form, "as a decimal number", decimal),
    ];
    if bare != sent {
        texts.push((form, "as a number, without its leading zeros", bare));
    }
    texts
}

/// The other provider as whose the signature is right.
pub(super) fn find_other_scheme(trial: &Trial<'_>) -> Option<Diagnosis> {
    let context = trial.context;
    let request = context.request;
    let text = |source: &ValueSource| source.text(request, None);
    context.other_schemes.iter().find_map(|(name, other)| {
        let here = Scheme {
            proof: context.scheme.proof.clone(),
            ..(*other).clone()
        };
        let value = &text(&here.proof)?;
        if trial.value_proves(&here, context.secrets, value).is_some() {
            return Some(cause::ANOTHER_SCHEME.found_in(name));
        }
        let value = &text(&other.proof)?;
        if trial.value_proves(other, context.secrets, value).is_some() {
            return Some(cause::ANOTHER_SCHEME.found_in(name));
        }
        let label = trial.value_proves(other, context.other_secrets, value)?;
        Some(cause::ANOTHER_PROVIDER.found_in(&format!("`{name}` with the secret `{label}`")))
    })
}

/// A hash without a key, or one that was joined with the secret by hand.
fn find_hash(trial: &Trial<'_>, presented: &ParsedSignature<'_>) -> Option<Diagnosis> {
    if !trial.spend(trial.body().len()) {
        return None;
    }
    let digest = trial.context.scheme.digest()?;
    let signed = signed_bytes(trial, presented);
    // Nothing hangs on the time of this comparison: none of these hashes is ever accepted.
    let equals = |parts: &[&[u8]]| {
        trial.spend(signed.len()) && {
            let hash = digest.hash(parts);
            presented.macs.iter().any(|mac| mac.bytes == hash)
        }
    };
    if equals(&[&signed]) {
        return Some(cause::HASH_FOR_HMAC.found_in("what is to be signed"));
    }
    trial.context.secrets.iter().find_map(|secret| {
        let secret = secret.expose();
        let detail = if equals(&[secret, &signed]) {
            "the secret and what is to be signed"
        } else if equals(&[&signed, secret]) {
            "what is to be signed and the secret"
        } else {
            return None;
        };
        Some(cause::HASH_FOR_HMAC.found_in(detail))
    })
}

fn find_swapped(trial: &Trial<'_>, presented: &ParsedSignature<'_>) -> Option<Diagnosis> {
    let body_alone = Template::of_body();
    if !trial.spend(2 * trial.body().len()) {
        return None;
    }
    let signed = signed_bytes(trial, presented);
    let key = Key::from_bytes(trial.context.scheme, "", &signed).ok()?;
    let mut secrets = trial.context.secrets.iter();
    secrets
        .any(|secret| trial.proves(&key, &body_alone, presented, secret.expose()))
        .then(|| cause::KEY_AND_BODY_SWAPPED.found())
}

/// The bytes that the documented MAC is over.
fn signed_bytes(trial: &Trial<'_>, presented: &ParsedSignature<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let signed = &trial.context.scheme.signed;
    signed.for_each(presented.values(trial.request(), trial.body()), |piece| {
        bytes.extend_from_slice(piece);
    });
    bytes
}

/// A header of its own that tells a time: its name and its digits.
pub(super) fn timestamp_header(headers: &Headers) -> Option<(&str, &str)> {
    headers.iter().find_map(|(name, value)| {
        let text = std::str::from_utf8(value).ok()?.trim();
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        (digits && name.to_ascii_lowercase().contains("timestamp")).then_some((name, text))
    })
}
