//! What a receiver has to answer before its provider delivers anything.

use super::{Check, Expect, HANDSHAKE, HANDSHAKE_FORGED, Severity};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: HANDSHAKE,
        severity: Severity::Loss,
        title: "the provider's handshake",
        applies: |provider| !provider.definition.handshakes.is_empty(),
        case: |context| context.handshake(),
        expect: Expect::Documented,
        why: "the provider takes the URL only after this answer, and some ask again later: without it \
            nothing is delivered",
        fix: "answer as the provider documents: `webhook providers show` prints it, and \
            `webhook send --handshake` sends it alone",
    },
    Check {
        id: HANDSHAKE_FORGED,
        severity: Severity::Warning,
        title: "the handshake signed with another secret",
        applies: |provider| {
            let mut handshakes = provider.definition.handshakes.iter();
            handshakes.any(|handshake| handshake.signed)
        },
        case: |context| context.forged_handshake(),
        expect: Expect::Withheld,
        why: "whoever knows the URL gets the answer that only the provider should get; where a MAC with \
            the secret stands in it, they can sign deliveries with that",
        fix: "verify the signature first, of handshakes as of deliveries",
    },
];
