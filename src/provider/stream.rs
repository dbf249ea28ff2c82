//! The judgement of a request whose body is too large to be held.

use std::io::{self, Read};

use super::judge::rank;
use super::{Catalogue, Judged, Keyring, Policy, Provider};
use crate::delivery::{Headers, Timestamp};
use crate::signature::Check;

/// Bytes of the body that are in memory at once; they stay in the processor's cache while every key
/// takes them.
const PIECE: usize = 128 * 1024;

/// Judges a request by its headers and a body that passes by once. Without the body there is no
/// envelope to recognise the provider by, no event but one that stands in a header, and no proven
/// cause of a wrong signature.
pub fn judge_stream<'a>(
    catalogue: &'a Catalogue,
    keyring: &Keyring,
    policy: &Policy,
    headers: &Headers,
    body: &mut dyn Read,
    now: Timestamp,
) -> io::Result<Judged<'a>> {
    let mut checks: Vec<_> = candidates(catalogue, policy, headers)
        .map(|provider| (provider, check(provider, keyring, headers)))
        .collect();
    each_piece(body, |piece| {
        for (_, check) in &mut checks {
            check.update(piece);
        }
    })?;
    let found = checks
        .into_iter()
        .map(|(provider, check)| (provider, check.finish(now, policy.freshness)))
        .max_by_key(|(_, verdict)| (rank(verdict.status), verdict.notes.is_empty()));
    let Some((provider, verdict)) = found else {
        return Ok(Judged::unrecognised());
    };
    let envelope = &provider.definition.envelope;
    Ok(Judged {
        provider: Some(provider),
        event: envelope.event.find(headers, None),
        event_id: envelope.id.find(headers, None),
        verdict,
    })
}

/// The provider that the user fixed, else those whose signature header is there.
fn candidates<'a>(
    catalogue: &'a Catalogue,
    policy: &Policy,
    headers: &Headers,
) -> impl Iterator<Item = &'a Provider> {
    let fixed = policy.provider.as_deref();
    catalogue.iter().filter(move |provider| match fixed {
        Some(name) => provider.name() == name,
        None => headers.contains(&provider.definition.signature.header),
    })
}

fn check<'a>(provider: &'a Provider, keyring: &'a Keyring, headers: &'a Headers) -> Check<'a> {
    let keys = keyring.keys(provider.name());
    Check::start(&provider.definition.signature, keys, headers)
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
