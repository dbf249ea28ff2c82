//! What a receiver has to take: everything that the provider documents, and what it may add to it.

use super::{Check, Expect, Severity, always};
use crate::check::body;
use crate::json::Path;

const FIELDS_WHY: &str = "providers add fields without notice; a receiver that refuses what it does \
    not know loses every delivery from that day on";
const FIELDS_FIX: &str = "ignore fields that you do not know: no `additionalProperties: false`, no \
    `.strict()`, no `deny_unknown_fields` on what comes from outside";
const HEADER_CASE_WHY: &str = "header names have no case (RFC 9110, section 5.1), and proxies and HTTP/2 \
    write them in lower case";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: super::EACH_EVENT,
        severity: Severity::Loss,
        title: "a documented event",
        applies: always,
        case: |context| context.genuine(),
        expect: Expect::Accepted,
        why: "the provider sends it and takes anything but a 2xx for a failure, a redirect too: it is \
              lost at once where the provider does not retry such an answer, else after its retries",
        fix: "answer 2xx to every delivery whose signature is right, events that you do not use \
              included, at the very URL that you gave the provider",
    },
    Check {
        id: "accepts/unknown-event",
        severity: Severity::Loss,
        title: "an event type that it has never heard of",
        applies: always,
        case: |context| context.under_another_name("webhook_test.never_heard_of"),
        expect: Expect::Accepted,
        why: "providers add event types; one that is refused is lost at once or sent again until it is \
              given up, and some providers switch off an endpoint that fails",
        fix: "end the choice by event type with a branch that acknowledges and does nothing",
    },
    Check {
        id: "accepts/extra-envelope-field",
        severity: Severity::Loss,
        title: "a field in the envelope that is not documented",
        applies: |provider| provider.definition.envelope.template.is_object(),
        case: |context| context.edited(|document, _| body::add_field(document, &Path::ROOT)),
        expect: Expect::Accepted,
        why: FIELDS_WHY,
        fix: FIELDS_FIX,
    },
    Check {
        id: "accepts/extra-data-field",
        severity: Severity::Loss,
        title: "a field in the data that is not documented",
        applies: always,
        case: |context| context.edited(body::add_field),
        expect: Expect::Accepted,
        why: FIELDS_WHY,
        fix: FIELDS_FIX,
    },
    Check {
        id: "accepts/unicode",
        severity: Severity::Loss,
        title: "text beyond ASCII: accents, Japanese, an emoji",
        applies: always,
        case: |context| context.edited(body::add_unicode),
        expect: Expect::Accepted,
        why: "names and addresses are not ASCII; a body that is read as Latin-1, or by characters in \
              place of bytes, gives another MAC or a cut text",
        fix: "compute the MAC over the bytes as they came, and read them as UTF-8 afterwards",
    },
    Check {
        id: "accepts/large-body",
        severity: Severity::Warning,
        title: "a body of 1 MiB",
        applies: always,
        case: |context| context.edited(body::add_bulk),
        expect: Expect::Accepted,
        why: "an order with many lines is large, and many frameworks stop at 100 KB by default",
        fix: "raise the limit for this route: `express.raw({ type: '*/*', limit: '5mb' })`, \
              `DefaultBodyLimit::max`, `client_max_body_size` of the proxy in front",
    },
    Check {
        id: "accepts/content-type-charset",
        severity: Severity::Loss,
        title: "`Content-Type` with a charset",
        applies: always,
        case: |context| context.with_charset(),
        expect: Expect::Accepted,
        why: "the parameter is allowed and changes nothing; HTTP clients add it with an update",
        fix: "compare the media type without its parameters, or do not look at it",
    },
    Check {
        id: "accepts/header-case",
        severity: Severity::Loss,
        title: "header names in lower case",
        applies: always,
        case: |context| Ok(context.genuine()?.in_lower_case()),
        expect: Expect::Accepted,
        why: HEADER_CASE_WHY,
        fix: "ask your framework for the header by name, which has no case there, in place of \
              searching raw headers",
    },
];
