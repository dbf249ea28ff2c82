//! The same event in other bytes, each validly signed. Who computes the MAC over what a parser and
//! a writer made of the body fails here and nowhere else.

use super::{Check, Expect, Severity};
use crate::check::body;
use crate::provider::{BodyFormat, Provider};

const WHY: &str = "the MAC is computed over a body that was parsed and written again, not over the \
    bytes that came; it passes only as long as the provider happens to write JSON as your library \
    does, and every delivery is lost on the day that it does not";
const FIX: &str = "keep the raw body and compute the MAC over it: `express.raw({ type: '*/*' })` in \
    place of `express.json()`, `await request.text()`, `Bytes` before `Json`; parse after the check";

/// Whether there is a document that can be written in several ways.
fn is_json(provider: &Provider) -> bool {
    provider.definition.envelope.format == BodyFormat::Json
}

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "raw-bytes/white-space",
        severity: Severity::Loss,
        title: "the event with white space around it and between its tokens",
        applies: is_json,
        case: |context| context.written_as(body::spaced),
        expect: Expect::Accepted,
        why: WHY,
        fix: FIX,
    },
    Check {
        id: "raw-bytes/escaped-unicode",
        severity: Severity::Loss,
        title: "the event with characters written as `\\u…`",
        applies: is_json,
        case: |context| context.written_as(body::escaped),
        expect: Expect::Accepted,
        why: WHY,
        fix: FIX,
    },
    Check {
        id: "raw-bytes/number-text",
        severity: Severity::Loss,
        title: "the event with a zero behind a fraction, its own or an added field's: `49.90`",
        applies: is_json,
        case: |context| context.written_with_fraction(body::with_trailing_zeros),
        expect: Expect::Accepted,
        why: WHY,
        fix: FIX,
    },
    Check {
        id: "raw-bytes/key-order",
        severity: Severity::Loss,
        title: "the event with its keys in another order",
        applies: is_json,
        case: |context| context.written_as(body::reversed),
        expect: Expect::Accepted,
        why: WHY,
        fix: FIX,
    },
];
