//! Mistakes with the secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::Diagnosis;
use super::cause::{self, Cause};
use super::trial::Trial;
use crate::delivery::text::is_unseen;
use crate::signature::{
    Key, KeyError, ParsedSignature, Scheme, Secret, SecretEncoding, USUAL_PREFIX,
};

/// What programs write for a variable that is not set.
const UNSET: &[&str] = &["undefined", "null", "None", "nil", "NULL"];

/// References to the documented variable that nothing expanded.
const NOT_EXPANDED: &[&str] = &[
    "$WEBHOOK_SECRET",
    "${WEBHOOK_SECRET}",
    "%WEBHOOK_SECRET%",
    "process.env.WEBHOOK_SECRET",
];

/// Secrets as they stand in the providers' documents.
const PLACEHOLDERS: &[&str] = &[
    "whsec_xxxxxxxxxxxxx",
    "whsec_xxxxxxxxxxxxxx",
    "your-webhook-secret",
    "your_webhook_secret",
    "whsec_...",
];

/// A cause and the bytes in the secret's place.
type Suspect = (Cause, Vec<u8>);

/// The mistake with the secret with which the signature over `body` is right.
pub(super) fn find(
    trial: &Trial<'_>,
    presented: &ParsedSignature<'_>,
    body: &[u8],
) -> Option<Diagnosis> {
    let context = trial.context;
    let scheme = context.scheme;
    let key_proves = |key: Result<Key, KeyError>| {
        key.is_ok_and(|key| trial.proves(&key, &scheme.signed, presented, body))
    };
    let text_proves = |text: Vec<u8>| key_proves(Key::new(scheme, &Secret::new("", text)));
    let bytes_prove = |bytes: &[u8]| key_proves(Key::from_bytes(scheme, "", bytes));
    let other = || {
        let mut others = context.other_secrets.iter();
        let secret = others.find(|secret| key_proves(Key::new(scheme, secret)))?;
        Some(cause::ANOTHER_SECRET.found_in(secret.label()))
    };
    if !scheme.shares_secret() {
        return other();
    }
    let own = context.secrets.iter().find_map(|secret| {
        let text = secret.expose();
        let mut texts = altered(text).into_iter();
        let mut keys = decoded(scheme, text).into_iter();
        let cause = texts
            .find_map(|(cause, text)| text_proves(text).then_some(cause))
            .or_else(|| keys.find_map(|(cause, key)| bytes_prove(&key).then_some(cause)))?;
        Some(cause.found_in(secret.label()))
    });
    let unset = || {
        let (cause, text) = fixed().find(|(_, text)| bytes_prove(text.as_bytes()))?;
        Some(cause.found_in(text))
    };
    own.or_else(unset)
        .or_else(|| key_proves(Key::of_no_bytes(scheme)).then(|| cause::SECRET_EMPTY.found()))
        .or_else(other)
}

/// Other texts of the secret.
fn altered(text: &[u8]) -> Vec<Suspect> {
    let trimmed = text.trim_ascii();
    let mut suspects = vec![
        (cause::SECRET_SPACE, trimmed.to_vec()),
        (cause::SECRET_NEWLINE, [text, b"\n"].concat()),
        (cause::SECRET_NEWLINE, [text, b"\r\n"].concat()),
        (cause::SECRET_SPACE_ADDED, [text, b" "].concat()),
        (cause::SECRET_SPACE_ADDED, [b" ", text].concat()),
        (cause::SECRET_SPACE_ADDED, [b" ", text, b" "].concat()),
        (cause::SECRET_QUOTES_ADDED, [b"\"", text, b"\""].concat()),
        (cause::SECRET_QUOTES_ADDED, [b"'", text, b"'"].concat()),
    ];
    if let Ok(text) = std::str::from_utf8(text)
        && text.contains(is_unseen)
    {
        let seen = text.replace(is_unseen, "");
        suspects.push((cause::SECRET_UNSEEN, seen.trim().into()));
    }
    for quote in [b"\"", b"'", b"`"] {
        let inner = trimmed
            .strip_prefix(quote)
            .and_then(|text| text.strip_suffix(quote));
        suspects.extend(inner.map(|inner| (cause::SECRET_QUOTED, inner.to_vec())));
    }
    if let Some(place) = text.iter().position(|byte| *byte == b'=')
        && let Some(value) = text.get(place + 1..)
    {
        suspects.push((cause::SECRET_NAMED, value.to_vec()));
    }
    if !text.starts_with(USUAL_PREFIX) {
        suspects.push((cause::SECRET_PREFIX_ADDED, [USUAL_PREFIX, text].concat()));
    }
    suspects
}

/// Keys made of the secret by another rule than the documented one.
fn decoded(scheme: &Scheme, text: &[u8]) -> Vec<Suspect> {
    let bare = text.strip_prefix(USUAL_PREFIX);
    if scheme.secret().encoding != SecretEncoding::Text {
        let texts = [Some(text), bare].into_iter().flatten();
        return texts
            .map(|text| (cause::SECRET_NOT_DECODED, text.to_vec()))
            .collect();
    }
    let rest = bare.unwrap_or(text);
    let prefix_decoded = bare.and_then(|text| BASE64.decode(text).ok());
    [
        (cause::SECRET_PREFIX_STRIPPED, bare.map(<[u8]>::to_vec)),
        (cause::SECRET_PREFIX_DECODED, prefix_decoded),
        (cause::SECRET_BASE64_DECODED, BASE64.decode(text).ok()),
        (cause::SECRET_HEX_DECODED, hex::decode(rest).ok()),
    ]
    .into_iter()
    .filter_map(|(cause, key)| Some((cause, key?)))
    .collect()
}

/// Keys that are no secret at all.
fn fixed() -> impl Iterator<Item = (Cause, &'static str)> {
    [
        (cause::SECRET_UNSET, UNSET),
        (cause::SECRET_NOT_EXPANDED, NOT_EXPANDED),
        (cause::SECRET_PLACEHOLDER, PLACEHOLDERS),
    ]
    .into_iter()
    .flat_map(|(cause, texts)| texts.iter().map(move |text| (cause, *text)))
}
