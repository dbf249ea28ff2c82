//! The verification of a request whose body is too large to be held.

use std::io::{self, Read};

use super::recognise::rank;
use super::{Catalogue, Keyring, Policy, Provider, RequestVerdict};
use crate::delivery::{Request, Timestamp};
use crate::signature::StreamVerifier;

/// Bytes of the body that are in memory at once; they stay in the processor's cache while every key
/// takes them.
const PIECE: usize = 128 * 1024;

/// Verifies a request, whose own body is none, with a body that passes by once. Without the body there is no
/// envelope to recognise the provider by, no event but one that stands in a header, and no proven
/// cause of a wrong signature.
pub fn verify_stream<'a>(
    catalogue: &'a Catalogue,
    keyring: &Keyring,
    policy: &Policy,
    request: &Request,
    body: &mut dyn Read,
    now: Timestamp,
) -> io::Result<RequestVerdict<'a>> {
    let asked = policy.signature.as_deref();
    let mut checks: Vec<_> = candidates(catalogue, policy, request)
        .map(|provider| (provider, check(provider, keyring, request, asked)))
        .collect();
    each_piece(body, |piece| {
        for (_, check) in &mut checks {
            check.update(piece);
        }
    })?;
    let found = checks
        .into_iter()
        .map(|(provider, check)| (provider, check.finish(now, policy.freshness)))
        .max_by_key(|(provider, verdict)| {
            let presence = provider.scheme.presence(request, None);
            // What could not be checked may be right, and what is wrong another's.
            let is_open = provider.scheme.around_body().is_none()
                && !keyring.keys(provider.name()).is_empty();
            (
                rank(verdict.status),
                is_open,
                presence,
                verdict.notes.is_empty(),
            )
        });
    let Some((provider, verdict)) = found else {
        return Ok(RequestVerdict::unrecognised());
    };
    let envelope = &provider.definition.envelope;
    Ok(RequestVerdict {
        provider: Some(provider),
        event: envelope.event.find(&request.headers, None),
        event_id: envelope.id.find(&request.headers, None),
        handshake: None,
        is_odd: false,
        is_undiagnosed: false,
        verdict,
        work: 0,
    })
}

/// The provider that the user fixed, else those whose signature is there.
fn candidates<'a>(
    catalogue: &'a Catalogue,
    policy: &Policy,
    request: &Request,
) -> impl Iterator<Item = &'a Provider> {
    let fixed = policy.provider.as_deref();
    catalogue.iter().filter(move |provider| match fixed {
        Some(name) => provider.name() == name,
        None => provider.is_presented(request, None),
    })
}

fn check<'a>(
    provider: &'a Provider,
    keyring: &'a Keyring,
    request: &'a Request,
    asked: Option<&str>,
) -> StreamVerifier<'a> {
    let keys = keyring.keys(provider.name());
    StreamVerifier::start(&provider.scheme, keys, request, asked)
}

fn each_piece(body: &mut dyn Read, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    let mut buffer = vec![0; PIECE];
    loop {
        match body.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => take(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::{Headers, Status};
    use crate::provider::verify_request;
    use crate::signature::sign;

    const NOW: Timestamp = Timestamp::from_seconds(1_705_574_400);

    fn keyring(catalogue: &Catalogue) -> Keyring {
        let mut keyring = Keyring::default();
        for provider in catalogue.iter() {
            let secret = crate::signature::secret_of_any(&provider.scheme, "bad0bad1bad2bad3");
            let added = keyring.add(provider, &secret, "a test".into());
            added.expect("a secret of any scheme");
        }
        keyring
    }

    /// A signed request of each provider.
    fn requests<'a>(
        catalogue: &'a Catalogue,
        keyring: &'a Keyring,
    ) -> impl Iterator<Item = (&'a str, Request)> {
        catalogue.iter().map(|provider| {
            let key = &keyring.keys(provider.name())[0];
            let mut request = Request::post("/", Headers::new(), "no envelope");
            sign(&provider.definition.signature, key, NOW, "", &mut request);
            (provider.name(), request)
        })
    }

    fn judged<'a>(
        catalogue: &'a Catalogue,
        keyring: &Keyring,
        policy: &Policy,
        request: &Request,
    ) -> RequestVerdict<'a> {
        let body = &mut &request.body[..];
        verify_stream(catalogue, keyring, policy, request, body, NOW).unwrap()
    }

    #[test]
    fn the_verdict_is_that_of_a_body_which_is_held() {
        let catalogue = Catalogue::builtin();
        let keyring = keyring(&catalogue);
        let policy = Policy::default();
        for (name, mut request) in requests(&catalogue, &keyring) {
            let scheme = &catalogue.get(name).unwrap().definition.signature;
            if scheme.around_body().is_none() {
                let passed = judged(&catalogue, &keyring, &policy, &request);
                assert_eq!(passed.verdict.status, Status::Unverified, "{name}");
                continue;
            }
            let changed = if scheme.covers_body() {
                Status::Mismatch
            } else {
                Status::Valid
            };
            for status in [Status::Valid, changed] {
                let passed = judged(&catalogue, &keyring, &policy, &request);
                let held = verify_request(&catalogue, &keyring, &policy, &request, NOW);
                assert_eq!(passed.verdict.status, status, "{name}");
                assert_eq!(passed.verdict.status, held.verdict.status, "{name}");
                let provider = passed.provider.map(Provider::name);
                assert_eq!(provider, held.provider.map(Provider::name));
                request.body = "another".into();
            }
        }
    }

    #[test]
    fn a_provider_that_was_fixed_is_the_only_one() {
        let catalogue = Catalogue::builtin();
        let keyring = keyring(&catalogue);
        let policy = Policy {
            provider: Some("olympus".into()),
            ..Policy::default()
        };
        for (name, request) in requests(&catalogue, &keyring) {
            let judged = judged(&catalogue, &keyring, &policy, &request);
            assert_eq!(judged.provider.map(Provider::name), Some("olympus"));
            assert_eq!(judged.verdict.is_valid(), name == "olympus", "{name}");
        }
    }

    #[test]
    fn a_request_of_nobody_is_unverified() {
        let catalogue = Catalogue::builtin();
        let request = Request::post("/", Headers::new(), "x");
        let judged = judged(
            &catalogue,
            &keyring(&catalogue),
            &Policy::default(),
            &request,
        );
        assert!(judged.provider.is_none());
        assert_eq!(judged.verdict.status, Status::Unverified);
    }
}
