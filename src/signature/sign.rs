//! Making the headers that prove a request.

use super::{Key, Scheme, TemplateValues};
use crate::delivery::{Headers, Timestamp};

/// The headers that prove `body`, and an id where the scheme signs one, under `scheme`, in the order id,
/// timestamp, signature. `at` is the time of signing.
pub fn sign(scheme: &Scheme, key: &Key, at: Timestamp, id: &str, body: &[u8]) -> Headers {
    let timestamp = at.seconds().to_string();
    let signature = mac_text(scheme, key, &timestamp, id, body);
    render_headers(scheme, Some(&timestamp), id, &signature)
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
