//! A request before it is signed.

use bytes::Bytes;

use super::payload::payload;
use super::{Definition, FieldSource};
use crate::delivery::{Headers, Request, Timestamp};
use crate::json::JsonFields;
use crate::signature::{Key, sign};

/// A request before it is signed.
#[derive(Debug, Clone)]
pub struct Payload {
    /// The event's name; empty where nobody knows it.
    pub event: String,
    /// The id by which receivers drop duplicates, empty where there is none. Schemes that sign an id
    /// sign this one.
    pub event_id: String,
    /// The content, byte for byte.
    pub body: Bytes,
    /// The headers besides the signature.
    pub headers: Headers,
    /// The method.
    pub method: String,
    /// What stands before the target in the URL that is signed.
    pub origin: Option<String>,
    /// Path and query.
    pub target: String,
    /// The time of signing.
    pub signed_at: Timestamp,
}

impl Payload {
    /// Of a request that is to be signed once more: everything but the signature stays.
    pub fn of_request(definition: &Definition, request: &Request, signed_at: Timestamp) -> Self {
        let body = payload(&request.headers, &request.body);
        let fields = JsonFields::new(&body);
        let find = |source: &FieldSource| source.find(&request.headers, fields.as_ref());
        Self {
            event: find(&definition.envelope.event).unwrap_or_default(),
            event_id: find(&definition.envelope.id).unwrap_or_default(),
            body: request.body.clone(),
            headers: request.headers.clone(),
            method: request.method.clone(),
            origin: request.origin.clone(),
            target: request.target.clone(),
            signed_at,
        }
    }

    /// Puts another body in the place of this one, and finds the event's id anew.
    pub fn set_body(&mut self, body: impl Into<Bytes>, definition: &Definition) {
        self.body = body.into();
        let body = payload(&self.headers, &self.body);
        let fields = JsonFields::new(&body);
        let id = definition.envelope.id.find(&self.headers, fields.as_ref());
        self.event_id = id.unwrap_or_default();
    }

    /// The signed request, as the provider would send it.
    pub fn sign(&self, definition: &Definition, key: &Key) -> Request {
        let mut request = self.unsigned();
        let scheme = &definition.signature;
        sign(scheme, key, self.signed_at, &self.event_id, &mut request);
        request
    }

    /// The request without its signature.
    pub fn unsigned(&self) -> Request {
        Request {
            method: self.method.clone(),
            origin: self.origin.clone(),
            ..Request::post(self.target.clone(), self.headers.clone(), self.body.clone())
        }
    }
}
