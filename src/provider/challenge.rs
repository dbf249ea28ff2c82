//! A handshake as its provider would send it.

use serde_json::Value;

use super::{Composer, Definition, Handshake, Payload};
use crate::delivery::{Headers, Timestamp};

impl Composer<'_> {
    /// A handshake to a target, with fresh ids. One that has a body has the headers of deliveries, too.
    pub fn handshake(
        &self,
        handshake: &Handshake,
        definition: &Definition,
        target: &str,
        signed_at: Timestamp,
    ) -> Payload {
        let mut document = self.without_document();
        let (headers, target) = handshake.head(target, &|text| self.text(text));
        let body = handshake
            .request
            .body
            .clone()
            .map_or_else(String::new, |body| {
                let filled = self.fill(&Value::Object(body));
                handshake.request.format.write(&filled)
            });
        if body.is_empty() {
            document.headers = Headers::new();
        }
        for (name, value) in headers.iter() {
            document.headers.set(name, value.clone());
        }
        let payload = document.with_body(body, definition, &target, signed_at);
        Payload {
            method: handshake.request.method.clone(),
            ..payload
        }
    }
}
