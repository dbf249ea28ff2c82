//! Making the headers that prove a request.

use super::{Key, Scheme, Template, TemplateValues};
use crate::delivery::{Headers, Request, Timestamp};

/// The headers that prove `request`, and an id where the scheme signs one, under `scheme`, in the order
/// id, timestamp, signature. `at` is the time of signing.
pub fn sign(scheme: &Scheme, key: &Key, at: Timestamp, id: &str, request: &Request) -> Headers {
    let timestamp = scheme.time_unit.text(at);
    let signature = mac_text(scheme, key, &timestamp, id, request);
    render_headers(scheme, Some(&timestamp), id, &signature)
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
