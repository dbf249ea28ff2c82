//! The check of captures, whoever took them: one after the other, nothing sent, nothing kept.

mod adopt;
mod input;
mod live;

use std::io::{self, Read};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use crate::delivery::capture::Capture;
use crate::delivery::{Headers, Request, Status, Timestamp, Verdict, Verification};
use crate::formats::{FoundCapture, ReadNote};
use crate::provider::{
    Catalogue, Keyring, Policy, RequestVerdict, verify_and_observe, verify_stream,
};
use crate::signature::Freshness;

pub use adopt::adopt;
pub use input::{CaptureInput, InputReader};
pub use live::OnWait;

/// The largest bare body that is held, and so looked into and diagnosed; a larger one passes through
/// the MAC in pieces. Well above the 25 MiB that `listen` takes by default.
const HELD_BODY: u64 = 32 * 1024 * 1024;

/// The bytes of work that are taken for the causes of all wrong signatures of a run together: some
/// seconds, and every cause in a file of two thousand captures of usual size.
pub const WORK: usize = 4_000_000_000;

/// Said where that is used up.
const UNDIAGNOSED: &str =
    "no cause was looked for after those of so many others: verify this one alone";

/// All that a check rests on besides the capture.
pub struct Verifier<'a> {
    /// The providers.
    pub catalogue: &'a Catalogue,
    /// Their secrets.
    pub keyring: Keyring,
    /// How requests are checked.
    pub policy: Policy,
    /// Path and query of what bare bodies were sent to, where that is known.
    pub target: Option<String>,
    /// The moment as of which freshness is checked; `None` for that of receipt, else now.
    pub at: Option<Timestamp>,
    /// The clock.
    pub clock: fn() -> Timestamp,
    /// What is left of [`WORK`]; once it is used up, no more causes are looked for. On all
    /// cores together, so that which of many captures is the last with a cause is left to chance.
    pub work: AtomicUsize,
}

impl Verifier<'_> {
    /// Checks a capture. What it says itself of provider and verdict is not believed.
    pub fn capture(&self, reading: &FoundCapture) -> Verification {
        let capture = &reading.capture;
        let mut found = self.request(&capture.request, capture.received_at());
        found.id.clone_from(&capture.facts.id);
        let verdict = &mut found.verdict;
        if self.at.is_none() && self.policy.freshness != Freshness::Ignored {
            leave_age_open(verdict, capture);
        }
        let notes = &mut verdict.notes;
        notes.extend(reading.notes.iter().map(ToString::to_string));
        if !capture.request.body_complete && reading.notes.is_empty() {
            notes.push("the body was not captured to its end".into());
        }
        if verdict.status == Status::Mismatch {
            leave_body_open(verdict, reading);
        }
        found
    }

    /// Checks a bare body with these headers.
    pub fn body(&self, headers: &Headers, mut reader: impl Read) -> io::Result<Verification> {
        let mut held = Vec::new();
        reader.by_ref().take(HELD_BODY + 1).read_to_end(&mut held)?;
        if held.len() as u64 > HELD_BODY {
            let request = Request::post(self.target(), headers.clone(), "");
            return self.large_body(&request, &mut held.chain(reader));
        }
        Ok(self.request(&Request::post(self.target(), headers.clone(), held), None))
    }

    fn request(&self, request: &Request, received_at: Option<Timestamp>) -> Verification {
        let begun = (self.clock)();
        let at = self.at.or(received_at).unwrap_or(begun);
        let policy = Policy {
            allowance: (self.policy.allowance).filter(|_| self.work.load(Relaxed) > 0),
            ..self.policy.clone()
        };
        let (catalogue, keyring) = (self.catalogue, &self.keyring);
        let (mut verified, observations) =
            verify_and_observe(catalogue, keyring, &policy, request, at);
        let left = |left: usize| Some(left.saturating_sub(verified.work));
        // It always changes.
        let _ = self.work.fetch_update(Relaxed, Relaxed, left);
        if verified.is_undiagnosed && verified.verdict.status.is_wrong() {
            verified.verdict.hint = Some(UNDIAGNOSED.into());
        }
        let misfits = verified.misfits(request);
        let mut found = self.found(verified, observations, begun);
        let texts = misfits.iter().map(ToString::to_string);
        found.observations.extend(texts);
        Verification { misfits, ..found }
    }

    /// The request target of a bare body.
    fn target(&self) -> &str {
        self.target.as_deref().unwrap_or("/")
    }

    fn large_body(&self, request: &Request, body: &mut dyn Read) -> io::Result<Verification> {
        let begun = (self.clock)();
        let at = self.at.unwrap_or(begun);
        let (catalogue, keyring) = (self.catalogue, &self.keyring);
        let verified = verify_stream(catalogue, keyring, &self.policy, request, body, at)?;
        let limit = HELD_BODY / 1024 / 1024;
        let unseen = format!("the body is larger than {limit} MiB: only its signature was checked");
        Ok(self.found(verified, vec![unseen], begun))
    }

    fn found(
        &self,
        mut verified: RequestVerdict<'_>,
        observations: Vec<String>,
        begun: Timestamp,
    ) -> Verification {
        verified.hint_at_secret();
        let micros = (self.clock)().micros().saturating_sub(begun.micros());
        Verification {
            id: None,
            provider: verified.provider.map(|provider| provider.name().to_owned()),
            event: verified.event,
            event_id: verified.event_id,
            verdict: verified.verdict,
            observations,
            misfits: Vec::new(),
            time: Duration::from_micros(u64::try_from(micros).unwrap_or_default()),
        }
    }
}

/// Takes back what was said of the age of a capture whose time nobody can read.
fn leave_age_open(verdict: &mut Verdict, capture: &Capture) {
    if verdict.age_seconds.is_none() || capture.unreadable_time().is_none() {
        return;
    }
    verdict.age_seconds = None;
    if verdict.status.is_proven() {
        verdict.status = Status::Unverified;
        verdict.reason = Some("the signature is right, but nobody can tell how old it was".into());
        verdict.hint =
            Some("give the time of receipt with `--at`, or `--tolerance none` for any age".into());
    }
}

/// Says of a wrong signature that it may be one over other bytes than those that the capture has.
fn leave_body_open(verdict: &mut Verdict, reading: &FoundCapture) {
    let reason = if !reading.capture.request.body_complete {
        "the capture does not have the body whole"
    } else if verdict.cause.is_none() && reading.notes.iter().any(ReadNote::is_doubt) {
        "the capture does not have the body as it was received"
    } else {
        return;
    };
    verdict.status = Status::Unverified;
    verdict.cause = None;
    verdict.reason = Some(reason.into());
    verdict.hint = Some("capture it with the body as it was received".into());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::Status;
    use crate::provider::{Definition, Provider};
    use crate::signature::sign;

    const NOW: i64 = 1_770_000_000;

    fn verifier(catalogue: &Catalogue) -> Verifier<'_> {
        let mut keyring = Keyring::default();
        for provider in catalogue.iter().filter(|it| in_headers(it)) {
            let secret = crate::signature::secret_of_any(&provider.scheme, "bad0bad1bad2bad3");
            let added = keyring.add(provider, &secret, "a test".into());
            added.expect("a secret of any scheme");
        }
        Verifier {
            catalogue,
            keyring,
            policy: Policy::default(),
            target: None,
            at: None,
            clock: || Timestamp::from_seconds(NOW),
            work: AtomicUsize::new(WORK),
        }
    }

    /// The headers that the first provider of the catalogue with a signed time would send.
    fn signed(definition: &Definition, keyring: &Keyring, body: &[u8]) -> Headers {
        let at = Timestamp::from_seconds(NOW);
        let key = &keyring.keys(&definition.name)[0];
        let headers = [("Content-Type", "application/json")].into_iter().collect();
        let mut request = Request::post("/", headers, body.to_vec());
        sign(&definition.signature, key, at, "evt_1", &mut request);
        request.headers
    }

    /// Whether a signature and its time stand in headers alone.
    fn in_headers(provider: &Provider) -> bool {
        let scheme = &provider.definition.signature;
        let mut places = scheme.proofs().chain(&scheme.time_source);
        places.all(|place| place.header().is_some())
    }

    #[test]
    fn a_bare_body_is_checked_without_a_command_line() {
        let catalogue = Catalogue::builtin();
        for provider in catalogue.iter().filter(|it| in_headers(it)) {
            let mut verifier = verifier(&catalogue);
            verifier.policy.provider = Some(provider.name().to_owned());
            let body = br#"{"id":"evt_1","type":"order.created"}"#;
            let headers = signed(&provider.definition, &verifier.keyring, body);
            let status = |found: io::Result<Verification>| found.map(|found| found.verdict.status);
            let found = verifier.body(&headers, &body[..]);
            assert_eq!(
                status(found).ok(),
                Some(Status::Valid),
                "{}",
                provider.name()
            );
            let found = verifier.body(&headers, &body[1..]);
            let covers_body = provider.definition.signature.covers_body();
            let changed = if covers_body {
                Status::Mismatch
            } else {
                Status::Valid
            };
            assert_eq!(status(found).ok(), Some(changed), "{}", provider.name());
        }
    }

    /// A file of wrong signatures takes no longer than the run's allowance; what is judged stays.
    #[test]
    fn causes_are_looked_for_until_the_work_of_a_run_is_used_up() {
        let catalogue = Catalogue::builtin();
        for provider in catalogue.iter().filter(|it| in_headers(it)) {
            let mut verifier = verifier(&catalogue);
            verifier.policy.provider = Some(provider.name().to_owned());
            verifier.work = AtomicUsize::new(1);
            let body = br#"{"id":"evt_1","type":"order.created"}"#;
            let headers = signed(&provider.definition, &verifier.keyring, body);
            let with_line_end = [&body[..], b"\n"].concat();
            let verdict = |body: &[u8]| verifier.body(&headers, body).unwrap().verdict;
            assert!(verdict(body).is_valid());
            if !provider.definition.signature.covers_body() {
                continue;
            }
            let explained = verdict(&with_line_end);
            assert_eq!(explained.cause.as_deref(), Some("trailing-newline-added"));
            let open = verdict(&with_line_end);
            assert_eq!((open.status, open.cause), (explained.status, None));
            let hint = open.hint.unwrap();
            assert!(hint.contains("verify this one alone"), "{hint}");
            assert!(verdict(body).is_valid(), "{}", provider.name());
            assert_eq!(verifier.work.load(Relaxed), 0);
        }
    }

    #[test]
    fn a_body_that_is_not_held_is_checked_all_the_same() {
        let catalogue = Catalogue::builtin();
        let mut verifier = verifier(&catalogue);
        let provider = catalogue.iter().next().expect("a provider");
        verifier.policy.provider = Some(provider.name().to_owned());
        let length = usize::try_from(HELD_BODY).expect("it fits") + 1;
        let body = vec![b' '; length];
        let headers = signed(&provider.definition, &verifier.keyring, &body);
        let found = verifier.body(&headers, &body[..]).expect("it is read");
        assert_eq!(found.verdict.status, Status::Valid);
        assert_eq!(found.observations.len(), 1, "that it was not looked into");
    }
}
