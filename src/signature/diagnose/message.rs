//! Mistakes in HTTP message signatures that can be read.

use super::Diagnosis;
use super::cause;
use super::trial::Trial;
use crate::signature::ParsedSignature;
use crate::signature::message_proof::MessageFault;

/// Why an HTTP message signature that can be read proves nothing.
pub(super) fn find(trial: &Trial<'_>, presented: &ParsedSignature<'_>) -> Option<Diagnosis> {
    trial.context.scheme.message()?;
    let signature = &presented.macs.first()?.bytes;
    let values = presented.values(trial.request(), trial.body());
    let faults = trial.keys.iter().map(|key| {
        let signed = &trial.context.scheme.signed;
        let is_affordable = trial.spend_on(key, signed, values, presented);
        is_affordable.then(|| key.message_fault(values, signature))?
    });
    let faults: Vec<_> = faults.collect();
    if faults.contains(&Some(MessageFault::OtherContent)) {
        return Some(cause::DIGEST_OTHER.found());
    }
    // Of several keys, one may be the one that is named.
    match faults.into_iter().collect::<Option<Vec<_>>>()?.pop()? {
        MessageFault::UnknownKey(id) => Some(cause::KEY_UNKNOWN.found_in(&id)),
        MessageFault::OtherContent => None,
    }
}
