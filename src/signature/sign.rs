//! Making the headers that prove a request.

use super::{Key, Scheme, TemplateValues};
use crate::delivery::{Headers, Timestamp};

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
    let signature = mac_text(scheme, key, timestamp, id, body);
    render_headers(scheme, Some(timestamp), id, &signature)
}

/// The MAC as text, without the layout around it.
pub fn mac_text(scheme: &Scheme, key: &Key, timestamp: &str, id: &str, body: &[u8]) -> String {
    let values = TemplateValues {
        timestamp,
        id,
        body,
    };
    scheme.encoding.encode(&key.mac(&scheme.signed, values))
}

/// The headers in which a scheme shows a MAC's text, right or not. Without a timestamp, the parts
/// and the header that would hold it are left out, as only a fault does.
pub fn render_headers(
    scheme: &Scheme,
    timestamp: Option<&str>,
    id: &str,
    signature: &str,
) -> Headers {
    let mut headers = Headers::new();
    if let Some(name) = &scheme.id_header {
        headers.push(name, id.to_owned());
    }
    if let (Some(name), Some(timestamp)) = (&scheme.timestamp_header, timestamp) {
        headers.push(name, timestamp.to_owned());
    }
    headers.push(&scheme.header, scheme.value.fill(timestamp, signature));
    headers
}
