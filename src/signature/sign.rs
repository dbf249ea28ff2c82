//! Making the headers that prove a request.

use super::{Encoding, Fields, Key, Scheme};
use crate::delivery::{Headers, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// What is to be signed.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// The time of signing.
    pub at: Timestamp,
    /// The delivery's id, for schemes that sign one.
    pub id: &'a str,
    /// The content, byte for byte.
    pub body: &'a [u8],
}

/// The headers that prove `signed` under `scheme`, in the order id, timestamp, signature.
pub fn sign(scheme: &Scheme, key: &Key, signed: Signed<'_>) -> Headers {
    let timestamp = signed.at.seconds().to_string();
    sign_with_text(scheme, key, &timestamp, signed.id, signed.body)
}

/// The same over a timestamp's text, for faults and tests that need one which is no number.
pub fn sign_with_text(
    scheme: &Scheme,
    key: &Key,
    timestamp: &str,
    id: &str,
    body: &[u8],
) -> Headers {
    let mac = key.mac(
        &scheme.signed,
        Fields {
            timestamp,
            id,
            body,
            signature: "",
        },
    );
    let signature = encode(scheme.encoding, &mac);
    let fields = Fields {
        timestamp,
        id,
        body: b"",
        signature: &signature,
    };
    let parts: Vec<_> = scheme
        .value
        .parts
        .iter()
        .map(|part| part.fill(fields))
        .collect();
    let mut headers = Headers::new();
    if let Some(name) = &scheme.id_header {
        headers.push(name, id.to_owned());
    }
    if let Some(name) = &scheme.timestamp_header {
        headers.push(name, timestamp.to_owned());
    }
    let separator = scheme.value.separator.as_deref().unwrap_or_default();
    headers.push(&scheme.header, parts.join(separator));
    headers
}

/// The text of a MAC.
pub(super) fn encode(encoding: Encoding, mac: &[u8]) -> String {
    match encoding {
        Encoding::Hex => hex::encode(mac),
        Encoding::Base64 | Encoding::Text => BASE64.encode(mac),
    }
}
