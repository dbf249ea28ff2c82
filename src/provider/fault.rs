//! Deliberate faults: a genuine delivery spoilt in one way, to see what a receiver does.

use bytes::Bytes;
use serde_json::Value;

use super::Definition;
use super::forge::{Letter, seal};
use crate::delivery::Request;
use crate::json::javascript;
use crate::signature::{Key, Secret};

/// A way to spoil a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Signed with a secret that is not the receiver's.
    WrongSecret,
    /// A value in the body changed after signing.
    TamperedBody,
    /// Signed longer ago than the tolerance allows.
    Stale,
    /// Signed further in the future than the tolerance.
    Future,
    /// No signature header.
    MissingSignature,
    /// A signature header that is no signature.
    MalformedSignature,
    /// The signature under another prefix than the documented one.
    WrongPrefix,
    /// The end of the signature cut off.
    Truncated,
    /// The body written anew after signing.
    Reserialized,
    /// The same delivery twice.
    Duplicate,
}

/// Why a fault cannot be played.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// The scheme signs no time, so nothing can be stale.
    #[error("`{0}` signs no time, so a signature of it cannot be stale or in the future")]
    NoTime(String),
    /// The body is not JSON, so it has no other spelling.
    #[error("the body is not JSON, so it cannot be written anew")]
    NotJson,
}

/// How much older than the tolerance a stale signature is, in seconds.
const BEYOND: i64 = 60;
/// How many characters a truncated signature loses.
const CUT: usize = 8;

/// The requests to send for a fault: one, or the same one twice.
pub fn spoil(
    fault: Fault,
    definition: &Definition,
    key: &Key,
    letter: &Letter,
) -> Result<Vec<Request>, FaultError> {
    let genuine = || seal(definition, key, letter);
    let request = match fault {
        Fault::WrongSecret => seal(definition, &wrong_key(definition), letter),
        Fault::TamperedBody => with_body(genuine(), tamper(&letter.body)),
        Fault::Stale => seal(definition, key, &moved(definition, letter, -1)?),
        Fault::Future => seal(definition, key, &moved(definition, letter, 1)?),
        Fault::MissingSignature => without_signature(definition, genuine()),
        Fault::MalformedSignature => {
            with_signature(definition, genuine(), |_| "not-a-signature".into())
        }
        Fault::WrongPrefix => with_signature(definition, genuine(), |value| {
            other_prefix(definition, value)
        }),
        Fault::Truncated => with_signature(definition, genuine(), |value| {
            value
                .chars()
                .take(value.chars().count().saturating_sub(CUT))
                .collect()
        }),
        Fault::Reserialized => with_body(genuine(), reserialize(&letter.body)?),
        Fault::Duplicate => return Ok(vec![genuine(), genuine()]),
    };
    Ok(vec![request])
}

/// A secret that nobody configured. Hexadecimal digits by fours are text, hexadecimal and base64
/// alike, so it is a secret of every scheme.
const WRONG_SECRET: &[u8; 32] = b"bad0bad1bad2bad3bad4bad5bad6bad7";

/// The key that a scheme makes of [`WRONG_SECRET`].
fn wrong_key(definition: &Definition) -> Key {
    let secret = Secret::new("a wrong secret", WRONG_SECRET.to_vec());
    Key::new(&definition.signature, &secret).expect("a secret of every scheme")
}

/// The letter, signed beyond the tolerance in the past (-1) or the future (1).
fn moved(definition: &Definition, letter: &Letter, direction: i64) -> Result<Letter, FaultError> {
    let scheme = &definition.signature;
    if !scheme.signs_time() {
        return Err(FaultError::NoTime(definition.name.clone()));
    }
    let tolerance = scheme
        .tolerance
        .map_or(0, |tolerance| tolerance.past_seconds);
    let seconds = i64::try_from(tolerance)
        .unwrap_or(i64::MAX)
        .saturating_add(BEYOND);
    Ok(Letter {
        signed_at: letter
            .signed_at
            .plus_seconds(seconds.saturating_mul(direction)),
        ..letter.clone()
    })
}

fn with_body(mut request: Request, body: Vec<u8>) -> Request {
    request.body = Bytes::from(body);
    request
}

fn without_signature(definition: &Definition, mut request: Request) -> Request {
    request.headers.remove(&definition.signature.header);
    request
}

fn with_signature(
    definition: &Definition,
    mut request: Request,
    change: impl FnOnce(&str) -> String,
) -> Request {
    let name = &definition.signature.header;
    let changed = request.headers.text(name).map(change);
    if let Some(value) = changed {
        request.headers.set(name, value);
    }
    request
}

/// The signature's own part under a prefix that nobody documents.
fn other_prefix(definition: &Definition, value: &str) -> String {
    let part = definition.signature.value.parts.last();
    let prefix = part.map_or("", |part| part.prefix.as_str());
    let other = match prefix.strip_prefix('v') {
        // Of a versioned one another version: `v0=` for `v1=`, `v1=` for `v0=`.
        Some(rest) => match rest.strip_prefix('0') {
            Some(rest) => format!("v1{rest}"),
            None => format!(
                "v0{}",
                rest.trim_start_matches(|c: char| c.is_ascii_digit())
            ),
        },
        None => "sha1=".into(),
    };
    match value.rsplit_once(prefix).filter(|_| !prefix.is_empty()) {
        Some((before, mac)) => format!("{before}{other}{mac}"),
        None => format!("{other}{value}"),
    }
}

/// The body with one value changed: one that a receiver which parses and writes it anew sees too.
fn tamper(body: &[u8]) -> Vec<u8> {
    let parsed = serde_json::from_slice::<Value>(body).ok();
    let tampered = parsed.and_then(|mut value| change_last(&mut value).then_some(value));
    match tampered {
        Some(value) => javascript::stringify(&value).into_bytes(),
        None => [body, b"x"].concat(),
    }
}

/// Changes the last string, number or boolean; tells whether there was one.
fn change_last(value: &mut Value) -> bool {
    match value {
        Value::String(text) => {
            text.push('0');
            true
        }
        Value::Number(number) => {
            // Not `+ 1`, which beyond 2^53 gives the same number again.
            let was_zero = number.as_f64().unwrap_or_default() == 0.0;
            *value = Value::from(u8::from(was_zero));
            true
        }
        Value::Array(items) => items.iter_mut().rev().any(change_last),
        Value::Object(map) => {
            let mut members: Vec<_> = map.values_mut().collect();
            members.iter_mut().rev().any(|member| change_last(member))
        }
        Value::Bool(flag) => {
            *flag = !*flag;
            true
        }
        Value::Null => false,
    }
}

fn reserialize(body: &[u8]) -> Result<Vec<u8>, FaultError> {
    let value: Value = serde_json::from_slice(body).map_err(|_| FaultError::NotJson)?;
    let mut written = serde_json::to_vec_pretty(&value).map_err(|_| FaultError::NotJson)?;
    // `{}` and `1` have no other layout; a line end is what an editor would add.
    if written == body {
        written.push(b'\n');
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::{Headers, Status, Timestamp};
    use crate::provider::Catalogue;
    use crate::signature::{Freshness, SchemeKind, SecretEncoding, verify};

    const NOW: Timestamp = Timestamp::from_seconds(1_768_732_200);

    fn status_of(provider: &str, fault: Fault) -> Result<Status, FaultError> {
        let catalogue = Catalogue::builtin();
        let definition = &catalogue.get(provider).unwrap().definition;
        let secret = Secret::new("s#1", b"whsec_right".to_vec());
        let key = Key::new(&definition.signature, &secret).unwrap();
        let letter = letter(br#"{"id":"evt_1","data":{"total":1,"note":"a"}}"#);
        let requests = spoil(fault, definition, &key, &letter)?;
        let verdict = verify(
            &definition.signature,
            &[key],
            &requests[0],
            NOW,
            Freshness::Strict,
        );
        Ok(verdict.status)
    }

    fn letter(body: &'static [u8]) -> Letter {
        Letter {
            body: Bytes::from_static(body),
            headers: Headers::new(),
            event_id: "evt_1".into(),
            signed_at: NOW,
            target: "/".into(),
        }
    }

    #[test]
    fn every_body_can_be_spoilt() {
        let catalogue = Catalogue::builtin();
        let definition = &catalogue.get("cimplify").unwrap().definition;
        let secret = Secret::new("s#1", b"whsec_right".to_vec());
        let key = Key::new(&definition.signature, &secret).unwrap();
        for body in [
            "{}",
            "[]",
            "1",
            "0",
            "1e300",
            "null",
            "true",
            r#"{"a":10000000000000000}"#,
            r#"{"a":null}"#,
            "\"\"",
            "[\n  1\n]",
        ] {
            for fault in [Fault::TamperedBody, Fault::Reserialized] {
                let spoilt = spoil(fault, definition, &key, &letter(body.as_bytes())).unwrap();
                assert_ne!(spoilt[0].body, body.as_bytes(), "{fault:?}");
            }
        }
    }

    #[test]
    fn another_prefix_is_never_the_right_one() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/definitions");
        for (name, value, spoilt) in [
            ("slack", "v0=ab", "v1=ab"),
            ("stripe", "t=1,v1=ab", "t=1,v0=ab"),
            ("standard-webhooks", "v1,ab", "v0,ab"),
            ("github", "sha256=ab", "sha1=ab"),
            ("shopify", "ab", "sha1=ab"),
        ] {
            let provider = crate::provider::Provider::read(&folder.join(name)).unwrap();
            assert_eq!(other_prefix(&provider.definition, value), spoilt, "{name}");
        }
    }

    #[test]
    fn each_fault_is_seen_for_what_it_is() {
        for provider in ["ibakepro", "olympus", "barecommerce", "cimplify"] {
            for (fault, status) in [
                (Fault::WrongSecret, Status::Mismatch),
                (Fault::TamperedBody, Status::Mismatch),
                (Fault::MissingSignature, Status::Missing),
                (Fault::MalformedSignature, Status::Malformed),
                (Fault::WrongPrefix, Status::Malformed),
                (Fault::Truncated, Status::Malformed),
                (Fault::Reserialized, Status::Mismatch),
                (Fault::Duplicate, Status::Valid),
            ] {
                assert_eq!(
                    status_of(provider, fault),
                    Ok(status),
                    "{provider} {fault:?}"
                );
            }
        }
    }

    #[test]
    fn the_wrong_secret_is_a_key_whatever_a_scheme_makes_of_secrets() {
        let catalogue = Catalogue::builtin();
        let mut definition = catalogue.iter().next().unwrap().definition.clone();
        for encoding in [
            SecretEncoding::Text,
            SecretEncoding::Hex,
            SecretEncoding::Base64,
        ] {
            let SchemeKind::Hmac { secret, .. } = &mut definition.signature.kind;
            secret.encoding = encoding;
            let key = wrong_key(&definition);
            assert_eq!(key.label(), "a wrong secret", "{encoding}");
        }
    }

    #[test]
    fn only_a_scheme_with_a_time_can_be_stale() {
        assert_eq!(status_of("olympus", Fault::Stale), Ok(Status::Stale));
        assert_eq!(status_of("olympus", Fault::Future), Ok(Status::Stale));
        assert_eq!(
            status_of("cimplify", Fault::Stale),
            Err(FaultError::NoTime("cimplify".into()))
        );
    }
}
