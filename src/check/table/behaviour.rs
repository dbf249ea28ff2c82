//! What a receiver has to do beyond one delivery: repeats, order, deadlines.

use super::{Check, Expect, Severity, always};
use crate::check::pair::newer_of;

/// How often one delivery is sent at once.
const REPEATS: usize = 8;
/// How many deliveries come at once under load.
const LOAD: usize = 50;

const TWICE_WHY: &str = "every provider sends a delivery again when an answer was late or lost; a \
    receiver that counts it twice charges twice, ships twice, or fails on its own unique key";
const TWICE_FIX: &str = "put the event's id into a table with a unique key, in the transaction of the \
    work itself (`INSERT … ON CONFLICT DO NOTHING`), and answer 2xx where it was there. To look \
    first and write then is not enough: two can look at once";
const PROMPT_FIX: &str = "answer as soon as the delivery is kept, and do the work afterwards, from a \
    queue";
const ORDER_WHY: &str = "no provider promises an order, and a retry comes minutes or hours after newer \
    events; a receiver that fails on it loses it, at once or when the provider gives it up";
const ORDER_FIX: &str = "make what is not there yet, and let the older of two states go by the \
    event's time; answer 2xx in every case";

/// Half a body comes last, as a receiver that waits for the rest answers nothing any more.
pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "idempotent/twice",
        severity: Severity::Loss,
        title: "the same delivery twice",
        applies: always,
        case: |context| Ok(context.genuine()?.times(2)),
        expect: Expect::AcceptedOnce,
        why: TWICE_WHY,
        fix: TWICE_FIX,
    },
    Check {
        id: "idempotent/concurrent",
        severity: Severity::Loss,
        title: "the same delivery eight times at once",
        applies: always,
        case: |context| Ok(context.genuine()?.times(REPEATS).at_once()),
        expect: Expect::AcceptedOnce,
        why: TWICE_WHY,
        fix: TWICE_FIX,
    },
    Check {
        id: "order/updated-first",
        severity: Severity::Loss,
        title: "an update before the creation that it belongs to",
        applies: |provider| newer_of(provider).is_some(),
        case: |context| context.pair(|created, updated| vec![updated, created]),
        expect: Expect::Accepted,
        why: ORDER_WHY,
        fix: ORDER_FIX,
    },
    Check {
        id: "order/late-retry",
        severity: Severity::Loss,
        title: "a retry that comes after a newer event",
        applies: |provider| newer_of(provider).is_some(),
        case: |context| context.pair(|created, updated| vec![created.clone(), updated, created]),
        expect: Expect::Accepted,
        why: ORDER_WHY,
        fix: ORDER_FIX,
    },
    Check {
        id: "prompt/deadline",
        severity: Severity::Loss,
        title: "a delivery, with an eye on the provider's deadline",
        applies: always,
        case: |context| context.genuine(),
        expect: Expect::Within(1),
        why: "the provider hangs up at its deadline, takes the delivery for failed and sends it \
              again, while the first is still being worked on",
        fix: PROMPT_FIX,
    },
    Check {
        id: "prompt/tenth",
        severity: Severity::Warning,
        title: "a delivery, with an eye on a tenth of the deadline",
        applies: always,
        case: |context| context.genuine(),
        expect: Expect::Within(10),
        why: "what takes a tenth of the deadline when nothing else happens misses it on a busy day",
        fix: PROMPT_FIX,
    },
    Check {
        id: "prompt/load",
        severity: Severity::Loss,
        title: "fifty deliveries at once",
        applies: always,
        case: |context| context.several(LOAD),
        expect: Expect::Within(1),
        why: "an import or a sale sends many events in a second; what is not answered in time comes \
              again on top of the next ones",
        fix: "answer as soon as the delivery is kept; look at the size of the database pool, and at \
              what is done once for each request",
    },
    Check {
        id: "prompt/half-body",
        severity: Severity::Crash,
        title: "a client that leaves after half a body, then a genuine delivery",
        applies: always,
        case: |context| Ok(context.genuine()?.after_half_of_it()),
        expect: Expect::Within(1),
        why: "connections break; one that does must not take the process, or a worker, with it",
        fix: "handle the error of reading the body: `aborted` and `error` of a stream in Node, the \
              `Err` of the extractor in axum; put a limit on the time that reading may take",
    },
];
