//! What providers want to be answered: to handshakes, and to deliveries where a status is not enough.

use super::rules::Rules;
use crate::delivery::Request;
use crate::provider::{ExpectedAnswer, Handshake, Provider, RequestVerdict, unsigned_handshake};

impl Rules {
    /// What a genuine handshake is to be answered with; what a person has to do is noted.
    pub(super) fn shake_hands(
        &self,
        verified: &mut RequestVerdict<'_>,
        request: &Request,
    ) -> Option<Vec<ExpectedAnswer>> {
        let (provider, handshake) = verified.provider.zip(verified.handshake)?;
        if !verified.verdict.is_valid() {
            return None;
        }
        verified.verdict.notes.extend(handshake.told(request));
        Some(self.answers(provider, handshake, request))
    }

    pub(super) fn answers(
        &self,
        provider: &Provider,
        handshake: &Handshake,
        request: &Request,
    ) -> Vec<ExpectedAnswer> {
        let key = self.keyring.keys(provider.name()).first();
        handshake.answers(request, &provider.definition.signature, key)
    }

    /// Whether the user has named the provider of a handshake, or given it a secret: an application gets
    /// no other `POST` that nobody has signed.
    pub(super) fn expects(&self, found: Option<(&Provider, &Handshake)>) -> bool {
        found.is_some_and(|(provider, _)| {
            let fixed = self.policy.provider.as_deref();
            fixed == Some(provider.name()) || !self.keyring.keys(provider.name()).is_empty()
        })
    }

    pub(super) fn unsigned_handshake(&self, request: &Request) -> Option<(&Provider, &Handshake)> {
        unsigned_handshake(&self.catalogue, &self.keyring, &self.policy, request)
    }

    /// What a provider wants each delivery to be answered with, where it wants anything.
    pub(super) fn usual_answer(
        &self,
        provider: &Provider,
        request: &Request,
    ) -> Option<ExpectedAnswer> {
        let answer = provider.definition.answer.as_ref()?;
        let key = self.keyring.keys(provider.name()).first();
        answer.fill(request, &provider.definition.signature, key)
    }
}
