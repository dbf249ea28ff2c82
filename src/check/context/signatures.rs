//! Genuine deliveries with a wrong signature.

use super::super::case::{TestCase, TestDelivery};
use super::super::parts::{SignatureFields, SigningInput};
use super::{CheckContext, Made};
use crate::provider::{Fault, with_signature};
use crate::signature::{Key, MacEncoding, PartVariable};

impl CheckContext<'_> {
    /// A delivery with one of the faults that `send --fault` knows.
    pub fn fault(&mut self, fault: Fault) -> Made {
        let payload = self.payload()?;
        let requests = fault.inject(self.definition(), self.key, &payload)?;
        let deliveries = requests
            .into_iter()
            .map(|request| TestDelivery::of(&payload, request));
        Ok(TestCase::of(deliveries.collect()))
    }

    /// Signed over something else than what is sent.
    pub fn content(&mut self, change: impl FnOnce(&mut SigningInput)) -> Made {
        let payload = self.payload()?;
        Ok(self.signed(&payload, change, |_| ()))
    }

    /// Rightly signed and wrongly shown.
    pub fn shown(&mut self, change: impl FnOnce(&mut SignatureFields)) -> Made {
        let payload = self.payload()?;
        Ok(self.signed(&payload, |_| (), change))
    }

    /// With a MAC that lacks its last byte: the last character of its text may be padding, which
    /// decoders make good.
    pub fn with_short_mac(&mut self) -> Made {
        let encoding = self.scheme().encoding;
        self.shown(|shown| {
            let mut mac = encoding.decode(&shown.mac).unwrap_or_default();
            mac.pop();
            shown.mac = encoding.encode(&mac);
        })
    }

    /// With the claims of the right token in one that is not signed (RFC 7519, section 6).
    pub fn with_unsigned_token(&mut self) -> Made {
        let header = MacEncoding::Base64Url.encode(br#"{"alg":"none","typ":"JWT"}"#);
        self.shown(move |shown| {
            let claims = shown.mac.split('.').nth(1).unwrap_or_default();
            shown.mac = format!("{header}.{claims}.");
        })
    }

    /// With another value in the signature's header.
    pub fn with_value(&mut self, change: impl FnOnce(&str) -> String) -> Made {
        let payload = self.payload()?;
        let request = payload.sign_alone(self.definition(), self.key);
        let request = with_signature(self.definition(), request, change);
        Ok(TestCase::of(vec![TestDelivery::of(&payload, request)]))
    }

    /// With the timestamp alone in the signature's header.
    pub fn with_timestamp_alone(&mut self) -> Made {
        let layout = &self.provider().definition.signature.value;
        self.with_value(|value| {
            let parts = layout.split(value).zip(&layout.parts);
            let times = parts.filter(|(_, part)| part.variable == PartVariable::Timestamp);
            times.map(|(text, _)| text).collect()
        })
    }

    /// With a second header of the signature's name behind the right one: its MAC is false.
    pub fn with_second_header(&mut self) -> Made {
        let payload = self.payload()?;
        let mut request = payload.sign_alone(self.definition(), self.key);
        let false_one = self.signed(&payload, |content| content.body.clear(), |_| ());
        let name = self.scheme().header().unwrap_or_default();
        let values = false_one.deliveries.iter();
        for value in values.filter_map(|delivery| delivery.request.headers.get(name)) {
            request.headers.push(name.to_owned(), value.clone());
        }
        Ok(TestCase::of(vec![TestDelivery::of(&payload, request)]))
    }

    /// With the signature in a header of another name.
    pub fn in_another_header(&mut self) -> Made {
        let payload = self.payload()?;
        let mut request = payload.sign_alone(self.definition(), self.key);
        let name = self.scheme().header().unwrap_or_default();
        let others = ["X-Webhook-Signature", "X-Hub-Signature-256"];
        let other = others
            .into_iter()
            .find(|other| !other.eq_ignore_ascii_case(name));
        if let (Some(other), Some(value)) = (other, request.headers.get(name).cloned()) {
            request.headers.remove(name);
            request.headers.push(other, value);
        }
        Ok(TestCase::of(vec![TestDelivery::of(&payload, request)]))
    }

    /// With the signature of a genuine body, and this one.
    pub fn with_body(&mut self, body: &'static str) -> Made {
        let payload = self.payload()?;
        let mut request = payload.sign(self.definition(), self.key);
        request.body = body.into();
        Ok(TestCase::of(vec![TestDelivery::of(&payload, request)]))
    }

    /// Signed with a secret of no bytes.
    pub fn with_empty_secret(&mut self) -> Made {
        let key = Key::of_no_bytes(self.scheme())?;
        self.content(move |content| content.key = key)
    }
}
