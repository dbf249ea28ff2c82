//! What providers want to be answered: to handshakes, and to deliveries where a status is not enough.

use super::probe::kept_from_application;
use super::rules::Rules;
use crate::delivery::{Request, Status, Verdict};
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

    /// What a handshake is to be answered with.
    fn answers(
        &self,
        provider: &Provider,
        handshake: &Handshake,
        request: &Request,
    ) -> Vec<ExpectedAnswer> {
        let key = self.keyring.keys(provider.name()).first();
        handshake.answers(request, &provider.definition.signature, key)
    }

    /// What is to be said of a probe or of a handshake that nobody signs, the routes along which it goes,
    /// and what the handshake is to be answered with; neither of the two where another site may ask.
    pub(super) fn let_in(
        &self,
        request: &Request,
        found: Option<(&Provider, &Handshake)>,
    ) -> (Verdict, Vec<usize>, Option<Vec<ExpectedAnswer>>) {
        let what = match found {
            Some((_, it)) => format!("the handshake `{}`", it.name.escape_debug()),
            None => "a probe".into(),
        };
        let verdict = Verdict::new(Status::Unverified);
        let mut verdict = verdict.because(format!("{what}: nothing is delivered"));
        let is_asked_for = found.is_some() || !self.routes.is_empty();
        if let Some((reason, hint)) =
            kept_from_application(request, &self.hosts).filter(|_| is_asked_for)
        {
            let done = if self.routes.is_empty() {
                "answered"
            } else {
                "forwarded"
            };
            verdict.reason = Some(format!("not {done}: {reason}"));
            verdict.hint = hint;
            return (verdict, Vec::new(), None);
        }
        let handshake = found.map(|(provider, it)| {
            let answers = self.answers(provider, it, request);
            let has_key = !self.keyring.keys(provider.name()).is_empty();
            if answers.is_empty() && it.gives_mac() && !has_key {
                let hint = format!(
                    "its answer needs a secret: `--secret {}=…`",
                    provider.name()
                );
                verdict.hint = Some(hint);
            }
            verdict.notes.extend(it.told(request));
            answers
        });
        let goes_on = self.catalogue.is_probe(request) || self.is_meant(found);
        let routes = (0..self.routes.len()).filter(|_| goes_on).collect();
        (verdict, routes, handshake)
    }

    /// Whether the user has named the provider of a handshake, or given it a secret: an application gets
    /// no other `POST` that nobody has signed.
    fn is_meant(&self, found: Option<(&Provider, &Handshake)>) -> bool {
        found.is_some_and(|(provider, _)| {
            let fixed = self.policy.provider.as_deref();
            fixed == Some(provider.name()) || !self.keyring.keys(provider.name()).is_empty()
        })
    }

    /// The handshake that a request is, of those that nobody signs, and whose.
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
