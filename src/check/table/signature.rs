//! What a receiver has to turn away, with a 4xx: signatures that are not the provider's.

use super::applies::{
    covers_body, has_time_outside_body, is_hex, is_in_header, is_jwt, is_signed, shows_time,
    signs_time,
};
use super::{Check, Expect, Severity, always};
use crate::check::parts::SignatureFields;
use crate::provider::Fault;
use crate::signature::{Template, TemplatePiece};

const FORGED_WHY: &str = "whoever knows the URL can send this and have it taken for the provider's: \
    orders that nobody placed, payments that nobody made";
const EXACT_FIX: &str = "compute the MAC over the raw body with the secret, and compare it with the \
    whole of the signature in constant time; anything else is a 401";
const REPLAY_WHY: &str =
    "who once saw a delivery, in a log or on a proxy, can send it again for ever";
const TIME_FIX: &str = "read the timestamp as a whole number, compare it with the clock, and refuse \
    what is older than the tolerance or no number; compute the MAC over its text as it came";

/// The number of seconds in a day.
const DAY: i64 = 86_400;
/// The digits of a time that no 64-bit number holds.
const HUGE: &str = "99999999999999999999";

/// A row about what only the provider can make, and does not: a receiver that takes it is open to
/// nobody else.
macro_rules! unsent {
    ($id:literal, $title:literal, $applies:expr, $case:expr, $why:literal, $fix:expr) => {
        Check {
            id: $id,
            severity: Severity::Warning,
            title: $title,
            applies: $applies,
            case: $case,
            expect: Expect::Rejected,
            why: concat!(
                $why,
                ". It is no forgery: only who has the secret can make it"
            ),
            fix: $fix,
        }
    };
}

/// A row about a forgery whose signature is not right.
macro_rules! forged {
    ($id:literal, $title:literal, $case:expr) => {
        forged!($id, $title, always, $case, FORGED_WHY, EXACT_FIX)
    };
    ($id:literal, $title:literal, $applies:expr, $case:expr, $why:expr, $fix:expr) => {
        Check {
            id: $id,
            severity: Severity::Forgery,
            title: $title,
            applies: $applies,
            case: $case,
            expect: Expect::Rejected,
            why: $why,
            fix: $fix,
        }
    };
}

pub(super) const CHECKS: &[Check] = &[
    forged!("signature/missing", "no signature header", |context| {
        context.fault(Fault::MissingSignature)
    }),
    forged!("signature/empty", "an empty signature header", |context| {
        context.with_value(|_| String::new())
    }),
    forged!(
        "signature/garbage",
        "a signature header that is no signature",
        |context| { context.fault(Fault::MalformedSignature) }
    ),
    forged!(
        "signature/unsigned-token",
        "a token that says of itself that it is not signed: `alg` is `none`",
        is_jwt,
        |context| context.with_unsigned_token(),
        "anyone can write such a token, and a library that takes the algorithm from it accepts it",
        "name the algorithms that you accept to the library: the token's own word counts for nothing"
    ),
    forged!(
        "signature/truncated",
        "the right signature without the last byte of its MAC",
        |context| context.with_short_mac()
    ),
    forged!(
        "signature/odd-length",
        "an odd number of the right signature's characters",
        |context| { context.shown(|shown| shown.mac.truncate((shown.mac.len() / 2) | 1)) }
    ),
    unsent!(
        "signature/too-long",
        "the right signature with more behind it",
        always,
        |context| context.shown(|shown| shown.mac.push_str("zz")),
        "only the beginning of the signature is looked at, so the comparison is not of the whole value; \
         such a shortcut is one change away from taking a forgery",
        EXACT_FIX
    ),
    unsent!(
        "signature/wrong-prefix",
        "the right MAC under another prefix or version",
        always,
        |context| context.fault(Fault::WrongPrefix),
        "the prefix names the scheme; a receiver that does not look at it would take a weaker scheme, \
         or a broken one of later, for this one",
        "look for the documented prefix by name, and refuse a header without it"
    ),
    unsent!(
        "signature/other-header",
        "the right signature in a header of another name",
        is_in_header,
        |context| context.in_another_header(),
        "a receiver that looks for a signature wherever one may stand is as strong as the weakest scheme \
         that it knows",
        "read the documented header by its name, and no other"
    ),
    unsent!(
        "signature/upper-case",
        "the right MAC in upper case",
        is_hex,
        |context| context.shown(|shown| shown.mac.make_ascii_uppercase()),
        "the documented receivers compare the text, which is lower case; this one takes more than the \
         provider sends",
        "compare the text in constant time, or leave it: decoding the hex is as safe"
    ),
    forged!(
        "signature/other-body",
        "the right signature of the delivery before",
        covers_body,
        |context| context.signed_as_before(),
        FORGED_WHY,
        EXACT_FIX
    ),
    forged!(
        "signature/tampered-body",
        "the body changed after it was signed",
        covers_body,
        |context| { context.fault(Fault::TamperedBody) },
        FORGED_WHY,
        EXACT_FIX
    ),
    forged!(
        "signature/broken-json",
        "a body that is no JSON, under the signature of another",
        covers_body,
        |context| context.with_body("{\"id\": "),
        FORGED_WHY,
        EXACT_FIX
    ),
    forged!(
        "signature/wrong-secret",
        "signed with another secret",
        |context| { context.fault(Fault::WrongSecret) }
    ),
    forged!(
        "signature/empty-secret",
        "signed with an empty secret",
        is_signed,
        |context| context.with_empty_secret(),
        "a secret that is not set is an empty one, and everybody can sign with that",
        "read the secret once at start, and refuse to start without it: `process.env.X ?? ''` makes \
         a lock that every key opens"
    ),
    forged!(
        "signature/empty-body",
        "the right signature of an empty body",
        covers_body,
        |context| context.content(|content| content.body.clear()),
        "the MAC is computed over nothing: a middleware has read the body before, and one signature \
         of nothing opens the door to any body",
        EXACT_FIX
    ),
    Check {
        id: "signature/second-header",
        severity: Severity::Crash,
        title: "a second, false signature header beside the right one",
        applies: is_in_header,
        case: |context| context.with_second_header(),
        expect: Expect::NotCrashed,
        why: super::CRASH_WHY,
        fix: super::CRASH_FIX,
    },
    unsent!(
        "signature/body-only",
        "the MAC over the body alone, without the timestamp",
        |provider| (provider.definition.signature.signed).has(&TemplatePiece::Timestamp),
        |context| context.content(|content| content.signed = Template::of_body()),
        "a MAC that does not cover the timestamp leaves it open to be changed, and a replay of such a \
         one is fresh for ever",
        TIME_FIX
    ),
    forged!(
        "signature/stale-301s",
        "rightly signed, one second older than the tolerance",
        signs_time,
        |context| {
            let tolerance = context.tolerance();
            context.content(move |content| content.move_time(-tolerance - 1))
        },
        REPLAY_WHY,
        TIME_FIX
    ),
    forged!(
        "signature/stale-day",
        "rightly signed, a day ago",
        signs_time,
        |context| {
            let age = context.tolerance().max(DAY);
            context.content(move |content| content.move_time(-age - 1))
        },
        REPLAY_WHY,
        TIME_FIX
    ),
    forged!(
        "signature/timestamp-changed",
        "the timestamp changed, the signature kept",
        shows_time,
        |context| context.shown(SignatureFields::move_time),
        REPLAY_WHY,
        TIME_FIX
    ),
    forged!(
        "signature/timestamp-missing",
        "no timestamp beside the signature",
        has_time_outside_body,
        |context| context.shown(|shown| shown.time = None),
        REPLAY_WHY,
        TIME_FIX
    ),
    forged!(
        "signature/signature-missing",
        "the timestamp alone, without a signature",
        |provider| {
            let scheme = &provider.definition.signature;
            scheme.signs_time() && scheme.value.has_timestamp()
        },
        |context| context.with_timestamp_alone(),
        FORGED_WHY,
        EXACT_FIX
    ),
    unsent!(
        "signature/timestamp-negative",
        "rightly signed, at a time before 1970",
        signs_time,
        |context| context.content(|content| content.time.insert(0, '-')),
        "what is older than the tolerance is to be refused, and 1970 is",
        TIME_FIX
    ),
    unsent!(
        "signature/timestamp-huge",
        "rightly signed, at a time of twenty digits",
        signs_time,
        |context| context.content(|content| content.time = HUGE.into()),
        "the documented receivers refuse the past alone, so that this one is fresh for ever",
        "refuse what is further in the future than the tolerance, too"
    ),
    unsent!(
        "signature/timestamp-text",
        "rightly signed, at a time that is no number",
        signs_time,
        |context| context.content(|content| content.time = "yesterday".into()),
        "the age of what is no number is NaN, and `NaN > 300` is false: the check of the age lets it pass",
        TIME_FIX
    ),
];
