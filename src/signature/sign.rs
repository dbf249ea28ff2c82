//! Writing what proves a request into it.

use super::read::read;
use super::{Key, Scheme, Template, TemplateValues, ValueSource};
use crate::delivery::{Headers, Request, Timestamp};

/// Proves `request` under `scheme`: writes the id where the scheme signs one, the timestamp and the
/// signature to their places, in this order; then those of the schemes beside it that are sent, or that
/// the request has already. `at` is the time of signing.
pub fn sign(scheme: &Scheme, key: &Key, at: Timestamp, id: &str, request: &mut Request) {
    for (place, other) in scheme.all().enumerate() {
        let is_there = |source: &ValueSource| source.is_in(request, None);
        let is_wanted = place == 0 || other.is_sent || other.proofs().any(is_there);
        if let Some(key) = key.at(place).filter(|_| is_wanted) {
            sign_one(other, key, at, id, request);
        }
    }
}

fn sign_one(scheme: &Scheme, key: &Key, at: Timestamp, id: &str, request: &mut Request) {
    let timestamp = scheme.time_unit.text(at);
    announce(scheme, key, Some(&timestamp), id, request);
    let signature = mac_text(scheme, key, &timestamp, id, request);
    let value = scheme.value.fill(Some(&timestamp), &signature);
    scheme.proof.put(request, &value);
}

/// The MAC over a request as text, without the layout around it. The timestamp is any text, as faults
/// need one that is no time.
pub fn mac_text(
    scheme: &Scheme,
    key: &Key,
    timestamp: &str,
    id: &str,
    request: &Request,
) -> String {
    let values = TemplateValues {
        timestamp,
        id,
        body: &request.body,
        secret: b"",
        request,
    };
    scheme.encoding.encode(&key.mac(&scheme.signed, values))
}

/// The MAC over a text of its own, as the scheme writes it: an answer to a challenge.
pub fn mac_of(scheme: &Scheme, key: &Key, text: &[u8]) -> String {
    let scheme = Scheme {
        signed: Template::of_body(),
        ..scheme.clone()
    };
    let request = Request::post("", Headers::new(), text.to_vec());
    mac_text(&scheme, key, "", "", &request)
}

/// Writes into a request what stands beside its signature, which may be signed: the id, the timestamp,
/// and what a signature by `key` says that it covers. Without a timestamp its place stays as it is, as only a fault leaves it.
pub fn announce(
    scheme: &Scheme,
    key: &Key,
    timestamp: Option<&str>,
    id: &str,
    request: &mut Request,
) {
    if let Some(name) = &scheme.id_header {
        request.headers.set(name, id.to_owned());
    }
    if let (Some(source), Some(timestamp)) = (&scheme.time_source, timestamp) {
        source.put(request, timestamp);
    }
    key.announce(timestamp, id, request);
}

/// Writes a MAC's text, right or not, into a request as the scheme shows it, with what stands beside
/// it. Without a timestamp, the parts that would hold it are left out, as only a fault does.
pub fn show(
    scheme: &Scheme,
    key: &Key,
    timestamp: Option<&str>,
    id: &str,
    signature: &str,
    request: &mut Request,
) {
    announce(scheme, key, timestamp, id, request);
    let value = scheme.value.fill(timestamp, signature);
    scheme.proof.put(request, &value);
}

/// The bytes that the signature of a request is over, put together as the scheme says, without the secret
/// where that is signed, too; `None` where the signature cannot be read.
pub fn signed_bytes(scheme: &Scheme, request: &Request) -> Option<Vec<u8>> {
    let parsed = read(scheme, request).ok()?;
    let mut bytes = Vec::new();
    let values = parsed.values(request, &request.body);
    scheme
        .signed
        .for_each(values, |piece| bytes.extend_from_slice(piece));
    Some(bytes)
}
