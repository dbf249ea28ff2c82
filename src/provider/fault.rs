//! Deliberate faults: a genuine delivery with one thing wrong, to see what a receiver does.

use bytes::Bytes;
use serde_json::Value;
use strum::{Display, EnumMessage, IntoStaticStr, VariantArray};

use super::Definition;
use super::composed::Payload;
use crate::delivery::Request;
use crate::json::{JsonFields, javascript};
use crate::signature::{Key, Scheme, Secret, Tolerance, new_pair};

/// One thing that is wrong with a delivery. The text at each is what people read of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, EnumMessage, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
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
    /// The last characters of the signature cut off.
    Truncated,
    /// The body written anew after signing, as a middleware would.
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
    /// The provider documents no tolerance, so no age is too old.
    #[error("`{0}` documents no tolerance, so no receiver has to refuse an old or early signature")]
    NoTolerance(String),
    /// The scheme covers no body, so none is wrong.
    #[error("`{0}` does not sign the body, so no receiver can tell that it was changed")]
    NoBody(String),
    /// The body is not JSON, so it has no other spelling.
    #[error("the body is not JSON, so it cannot be written anew")]
    NotJson,
}

/// How much older than the tolerance a stale signature is, in seconds.
const BEYOND: i64 = 60;
/// How many characters a truncated signature loses.
const CUT: usize = 8;

impl Fault {
    /// What is sent, for people.
    pub fn effect(self) -> &'static str {
        self.get_documentation()
            .unwrap_or_default()
            .trim_end_matches('.')
    }

    /// Fails where a provider's payload with this body cannot have the fault.
    pub fn check(self, definition: &Definition, body: &[u8]) -> Result<(), FaultError> {
        match self {
            Self::Stale | Self::Future => tolerance(definition).map(drop),
            Self::Reserialized | Self::TamperedBody if !definition.signature.covers_body() => {
                Err(FaultError::NoBody(definition.name.clone()))
            }
            Self::Reserialized => reserialize(body).map(drop),
            _ => Ok(()),
        }
    }

    /// The requests that are sent: one with the fault, or the same one twice.
    pub fn inject(
        self,
        definition: &Definition,
        key: &Key,
        payload: &Payload,
    ) -> Result<Vec<Request>, FaultError> {
        let genuine = || payload.sign(definition, key);
        let signed_once = || payload.sign_alone(definition, key);
        let request = match self {
            Self::WrongSecret => match wrong_key(definition) {
                Some(other) => payload.sign(definition, &other),
                None => with_signature(definition, signed_once(), of_another_key),
            },
            Self::TamperedBody => with_body(genuine(), |body| Ok(tamper(body)))?,
            Self::Stale => moved(definition, payload, -1)?.sign(definition, key),
            Self::Future => moved(definition, payload, 1)?.sign(definition, key),
            Self::MissingSignature => without_signature(definition, genuine()),
            Self::MalformedSignature => {
                with_signature(definition, signed_once(), |_| "not-a-signature".into())
            }
            Self::WrongPrefix => with_signature(definition, signed_once(), |value| {
                other_prefix(definition, value)
            }),
            Self::Truncated => with_signature(definition, signed_once(), |value| {
                let length = value.chars().count().saturating_sub(CUT);
                value.chars().take(length).collect()
            }),
            Self::Reserialized => with_body(genuine(), reserialize)?,
            Self::Duplicate => {
                let request = genuine();
                return Ok(vec![request.clone(), request]);
            }
        };
        Ok(vec![request])
    }
}

impl Payload {
    /// The signed request with its first signature alone, where the provider sends several: one beside a
    /// forged one would still be right.
    pub fn sign_alone(&self, definition: &Definition, key: &Key) -> Request {
        let mut request = self.sign(definition, key);
        let beside = definition.signature.also_signed.iter();
        for source in beside.flat_map(Scheme::proofs) {
            source.remove(&mut request);
        }
        request
    }
}

/// A secret that nobody configured. Hexadecimal digits by fours are text, hexadecimal and base64
/// alike, so it is a secret of every scheme.
const WRONG_SECRET: &[u8; 32] = b"bad0bad1bad2bad3bad4bad5bad6bad7";

/// The key that a scheme makes of [`WRONG_SECRET`], or a new pair; `None` of pairs that cannot be made here.
fn wrong_key(definition: &Definition) -> Option<Key> {
    let secret = Secret::new("a wrong secret", WRONG_SECRET.to_vec()).deriving();
    let scheme = &definition.signature;
    Key::new(scheme, &secret).ok().or_else(|| {
        let pair = Secret::new("a wrong key", new_pair()?.into());
        Key::new(scheme, &pair).ok()
    })
}

/// A signature with another character near its end, where every encoding has bytes of it: nobody without
/// the right key can tell it from one of another key.
fn of_another_key(value: &str) -> String {
    let place = value.len().saturating_sub(10);
    let change = |(at, c)| match c {
        '0' if at == place => '1',
        _ if at == place => '0',
        _ => c,
    };
    value.char_indices().map(change).collect()
}

/// The tolerance beyond which a signature is stale.
fn tolerance(definition: &Definition) -> Result<Tolerance, FaultError> {
    let name = || definition.name.clone();
    let scheme = &definition.signature;
    match scheme.tolerance {
        Some(tolerance) => Ok(tolerance),
        None if scheme.signs_time() => Err(FaultError::NoTolerance(name())),
        None => Err(FaultError::NoTime(name())),
    }
}

/// The payload, signed beyond the tolerance in the past (-1) or the future (1).
fn moved(
    definition: &Definition,
    payload: &Payload,
    direction: i64,
) -> Result<Payload, FaultError> {
    let seconds = i64::try_from(tolerance(definition)?.past_seconds)
        .unwrap_or(i64::MAX)
        .saturating_add(BEYOND);
    Ok(Payload {
        signed_at: payload
            .signed_at
            .plus_seconds(seconds.saturating_mul(direction)),
        ..payload.clone()
    })
}

/// The signed request with its body changed, in which the proof may stand.
fn with_body(
    mut request: Request,
    change: impl FnOnce(&[u8]) -> Result<Vec<u8>, FaultError>,
) -> Result<Request, FaultError> {
    request.body = Bytes::from(change(&request.body)?);
    Ok(request)
}

fn without_signature(definition: &Definition, mut request: Request) -> Request {
    for source in definition.signature.all().flat_map(Scheme::proofs) {
        source.remove(&mut request);
    }
    request
}

/// The request with another value where its signature stands, where it has one.
pub fn with_signature(
    definition: &Definition,
    mut request: Request,
    change: impl FnOnce(&str) -> String,
) -> Request {
    let source = &definition.signature.proof;
    let fields = JsonFields::new(&request.body);
    let value = source.text(&request, fields.as_ref());
    if let Some(changed) = value.map(|value| change(&value)) {
        source.put(&mut request, &changed);
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
        None if prefix == "sha1=" => "md5=".into(),
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
        let payload = payload(br#"{"id":"evt_1","data":{"total":1,"note":"a"}}"#);
        assert_eq!(
            fault.check(definition, &payload.body).is_ok(),
            fault.inject(definition, &key, &payload).is_ok(),
            "{provider} {fault:?}"
        );
        let requests = fault.inject(definition, &key, &payload)?;
        let verdict = verify(
            &definition.signature,
            &[key],
            &requests[0],
            NOW,
            Freshness::Strict,
        );
        Ok(verdict.status)
    }

    fn payload(body: &'static [u8]) -> Payload {
        Payload {
            event: "order.created".into(),
            body: Bytes::from_static(body),
            headers: Headers::new(),
            event_id: "evt_1".into(),
            signed_at: NOW,
            method: "POST".into(),
            origin: None,
            target: "/".into(),
        }
    }

    #[test]
    fn every_body_can_be_changed() {
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
                let payload = payload(body.as_bytes());
                let wrong = fault.inject(definition, &key, &payload).unwrap();
                assert_ne!(wrong[0].body, body.as_bytes(), "{fault:?}");
            }
        }
    }

    #[test]
    fn another_prefix_is_never_the_right_one() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/definitions");
        for (name, value, wrong) in [
            ("slack", "v0=ab", "v1=ab"),
            ("stripe", "t=1,v1=ab", "t=1,v0=ab"),
            ("standard-webhooks", "v1,ab", "v0,ab"),
            ("github", "sha256=ab", "sha1=ab"),
            ("shopify", "ab", "sha1=ab"),
        ] {
            let provider = crate::provider::Provider::read(&folder.join(name)).unwrap();
            assert_eq!(other_prefix(&provider.definition, value), wrong, "{name}");
        }
        for provider in crate::provider::Catalogue::builtin().iter() {
            let right = provider.definition.signature.value.fill(Some("1"), "ab");
            let wrong = other_prefix(&provider.definition, &right);
            assert_ne!(wrong, right, "{}", provider.name());
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
        let mut definition = Definition::clone(&catalogue.iter().next().unwrap().definition);
        for encoding in [
            SecretEncoding::Text,
            SecretEncoding::Hex,
            SecretEncoding::Base64,
        ] {
            if let SchemeKind::Hmac { secret, .. } = &mut definition.signature.kind {
                secret.encoding = encoding;
            }
            let key = wrong_key(&definition);
            assert!(key.is_some(), "{encoding}");
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
