//! Handshakes, and what is documented as the answer.

use super::super::case::{TestCase, TestDelivery};
use super::{CheckContext, CheckError, Made};
use crate::delivery::Request;
use crate::provider::{Composer, ExpectedAnswer, Fault, Handshake, Payload};

impl CheckContext<'_> {
    /// The handshake that is played, as the provider sends it.
    pub fn handshake(&mut self) -> Made {
        let (handshake, payload) = self.shaken()?;
        let request = if handshake.signed {
            payload.sign(self.definition(), self.key)
        } else {
            payload.unsigned()
        };
        Ok(TestCase::of(vec![TestDelivery::of(&payload, request)]))
    }

    /// The same signed with another secret.
    pub fn forged_handshake(&mut self) -> Made {
        let (_, payload) = self.shaken()?;
        let requests = Fault::WrongSecret.inject(self.definition(), self.key, &payload)?;
        let deliveries = requests.into_iter();
        let deliveries = deliveries.map(|request| TestDelivery::of(&payload, request));
        Ok(TestCase::of(deliveries.collect()))
    }

    /// The answers that the provider documents to a handshake.
    pub fn answers(&self, handshake: &Handshake, request: &Request) -> Vec<ExpectedAnswer> {
        handshake.answers(request, self.scheme(), Some(self.key))
    }

    fn shaken(&mut self) -> Result<(&Handshake, Payload), CheckError> {
        let (now, story) = (self.now(), self.next_story());
        let definition = self.definition();
        let handshake = definition.handshake(&self.event);
        let handshake = handshake.ok_or_else(|| CheckError::NoEvent(self.event.clone()))?;
        let composer = Composer::new(definition, &self.event, now, story);
        let payload = composer.handshake(handshake, definition, &self.url.1, now);
        Ok((handshake, self.addressed(payload)))
    }
}
