//! Whose a request is.

use super::{Catalogue, Keyring, Provider};
use crate::delivery::{Headers, Request, Status, Verdict};
use crate::json::JsonFields;

/// The provider that a request is nearest to, and its verdict: of those whose proof it presents, with their
/// secrets, else the one whose envelope and event it has.
pub(super) fn recognise<'a>(
    catalogue: &'a Catalogue,
    keyring: &Keyring,
    request: &Request,
    fields: Option<&JsonFields<'_>>,
    checked: impl Fn(&'a Provider) -> (&'a Provider, Verdict),
) -> Option<(&'a Provider, Verdict)> {
    let mut signed = catalogue.presented(request, fields).map(&checked);
    // Most requests have the header of one provider alone, and there is nothing to choose.
    let best = match (signed.next(), signed.next()) {
        (Some(first), Some(second)) => {
            let all = [first, second].into_iter().chain(signed);
            nearest_of(all, |(provider, verdict)| {
                let event = &provider.definition.envelope.event;
                let event = event.find(&request.headers, fields);
                (
                    rank(verdict.status),
                    provider.scheme.presence(request, fields),
                    is_handshake(provider, request, fields),
                    likeness(provider, &request.headers, fields),
                    event.is_some_and(|event| provider.has_event(&event)),
                    !keyring.keys(provider.name()).is_empty(),
                    verdict.notes.is_empty(),
                )
            })
        }
        (first, _) => first,
    };
    best.or_else(|| {
        let alike = catalogue
            .iter()
            .filter(|provider| knows_event(provider, &request.headers, fields))
            .max_by_key(|provider| likeness(provider, &request.headers, fields))?;
        Some(checked(alike))
    })
}

/// The one to which a request is nearest; where its signature is right and it could as well be another's,
/// with a note that names them.
fn nearest_of<'a, N: Ord>(
    candidates: impl Iterator<Item = (&'a Provider, Verdict)>,
    nearness: impl Fn(&(&'a Provider, Verdict)) -> N,
) -> Option<(&'a Provider, Verdict)> {
    let candidates = candidates.map(|candidate| (nearness(&candidate), candidate));
    let mut candidates: Vec<_> = candidates.collect();
    candidates.sort_by(|(one, _), (other, _)| one.cmp(other));
    let (most, (provider, mut verdict)) = candidates.pop()?;
    let equals = candidates.iter().filter(|(nearness, _)| *nearness == most);
    let names: Vec<_> = equals
        .map(|(_, (other, _))| format!("`{}`", other.name()))
        .collect();
    if !names.is_empty() && rank(verdict.status) >= rank(Status::Stale) {
        let names = names.join(", ");
        verdict.notes.push(format!(
            "it is right for {names}, too: `--provider` decides"
        ));
    }
    Some((provider, verdict))
}

/// How much a status says that the request is this provider's.
pub(super) const fn rank(status: Status) -> u8 {
    match status {
        Status::Valid => 3,
        Status::Stale => 2,
        Status::Mismatch | Status::Unverified => 1,
        Status::Malformed | Status::Missing => 0,
    }
}

/// Whether the request is one of the handshakes that the provider signs.
fn is_handshake(provider: &Provider, request: &Request, fields: Option<&JsonFields<'_>>) -> bool {
    let mut handshakes = provider.definition.handshakes.iter();
    handshakes.any(|one| one.signed && one.is(request, fields))
}

/// How many members of the provider's envelope the body has; 0 where one is missing.
fn likeness(provider: &Provider, headers: &Headers, fields: Option<&JsonFields<'_>>) -> usize {
    match provider.definition.envelope.template.as_object() {
        Some(template) if is_complete(provider, fields) => template.len(),
        Some(_) => 0,
        None => usize::from(knows_event(provider, headers, fields)),
    }
}

/// Whether the body has every member of the provider's envelope.
fn is_complete(provider: &Provider, fields: Option<&JsonFields<'_>>) -> bool {
    let template = provider.definition.envelope.template.as_object();
    template.is_none_or(|template| {
        fields.is_some_and(|fields| template.keys().all(|key| fields.raw(key).is_some()))
    })
}

fn knows_event(provider: &Provider, headers: &Headers, fields: Option<&JsonFields<'_>>) -> bool {
    let event = provider.definition.envelope.event.find(headers, fields);
    is_complete(provider, fields) && event.is_some_and(|event| provider.has_event(&event))
}
