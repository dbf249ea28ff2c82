//! A delivery and an attempt in full, as people read them.

use colored::Colorize as _;

use super::sanitize::{escape, escape_bytes};
use super::style::{self, join_lines};
use super::verify::field;
use super::{AttemptView, Attempts, age, millis, verified, whole_payload, wrap};
use crate::delivery::{
    Answer, Attempt, Delivery, DeliverySource, Headers, Request, Signing, Timestamp,
};

/// A delivery: the verdict, what is known about it, the request whole, and what was done with it;
/// prose is broken to `width` columns.
pub fn delivery(
    delivery: &Delivery,
    attempts: &[Attempt],
    now: Timestamp,
    width: Option<usize>,
) -> String {
    let found = delivery.verification();
    let mut printed = Attempts::default();
    let sent = attempts.iter().map(|one| {
        let view = AttemptView {
            label: Some(&one.id),
            width,
            ..AttemptView::default()
        };
        printed.text(one, &view)
    });
    sections([
        join_lines([
            verified(&delivery.id, &found, width),
            wrap(&about(delivery, now), width),
        ]),
        head(&delivery.request, width),
        whole_payload(&delivery.request.body),
        join_lines(sent),
    ])
}

fn about(delivery: &Delivery, now: Timestamp) -> String {
    let answered = delivery.response_status.map(|status| status.to_string());
    let first = delivery.duplicate_of.as_deref();
    let again = first.map(|first| format!("same event as {first}"));
    let incomplete = (!delivery.request.body_complete).then_some("the body is not complete");
    // What is shown is what was received, unless it says otherwise.
    let source =
        Some(delivery.source.as_ref()).filter(|_| delivery.source != DeliverySource::Listen);
    join_lines([
        field("source", source),
        field("received", Some(&moment(delivery.received_at, now))),
        field("from", delivery.remote.as_deref()),
        field("event id", delivery.event_id.as_deref()),
        field("again", again.as_deref()),
        field("answered", answered.as_deref()),
        field("note", incomplete),
    ])
}

fn head(request: &Request, width: Option<usize>) -> String {
    let line = format!("{} {} {}", request.method, request.target, request.version);
    join_lines([
        escape(&line).bold().to_string(),
        fields(&request.headers, width),
    ])
}

/// An attempt: where to, why, and the answer whole; prose is broken to `width` columns.
pub fn attempt(attempt: &Attempt, now: Timestamp, width: Option<usize>) -> String {
    let outcome = match &attempt.outcome {
        Ok(answer) => answered(answer, width),
        Err(_) => String::new(),
    };
    sections([wrap(&sent(attempt, now), width), outcome])
}

fn sent(attempt: &Attempt, now: Timestamp) -> String {
    let signed = attempt.signing.map(|signing| match signing {
        Signing::Kept => "the signature was kept",
        Signing::Fresh => "signed afresh",
    });
    let failure = attempt.outcome.as_ref().err();
    let failed = failure.map(|failure| format!("{}: {}", failure.kind.as_str(), failure.message));
    join_lines([
        escape(&attempt.id).bold().to_string(),
        field("delivery", Some(&attempt.delivery_id)),
        field("cause", Some(attempt.trigger.as_str())),
        field("signed", signed),
        field("url", Some(&attempt.url)),
        field("started", Some(&moment(attempt.started_at, now))),
        field("took", Some(&millis(attempt.duration_ms))),
        field("failed", failed.as_deref()),
    ])
}

fn answered(answer: &Answer, width: Option<usize>) -> String {
    let status = style::status_code(answer.status);
    sections([
        join_lines([status, fields(&answer.headers, width)]),
        whole_payload(&answer.body),
    ])
}

/// Header fields, each value below itself where it takes several lines. A word that fits no line
/// stays whole: whoever copies a signature or a token must not get a line end in it.
fn fields(headers: &Headers, width: Option<usize>) -> String {
    let field = |(name, value): (&str, &bytes::Bytes)| {
        format!("{}: {}", escape(name).cyan(), escape_bytes(value))
    };
    wrap(&join_lines(headers.iter().map(field)), width)
}

fn moment(at: Timestamp, now: Timestamp) -> String {
    format!("{}, {}", at.to_local_moment_text(), age(at, now))
}

fn sections(parts: impl IntoIterator<Item = String>) -> String {
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{self, plain};
    use super::*;

    #[test]
    fn header_values_go_on_below_themselves_and_tokens_stay_whole() {
        let mut shown = testing::delivery("{}");
        let token = "e".repeat(60);
        shown.request.headers = Headers::new();
        for (name, value) in [
            ("Cookie", "a=1; b=2; c=3; d=4; e=5; f=6"),
            ("X-Token", token.as_str()),
        ] {
            shown.request.headers.push(name, value.to_owned());
        }
        let at = |width| plain(&delivery(&shown, &[], shown.received_at, width));
        let narrow = "\nCookie: a=1; b=2; c=3; d=4; e=5;\n        f=6\nX-Token: e";
        assert!(at(Some(32)).contains(narrow), "{}", at(Some(32)));
        for width in [None, Some(32)] {
            assert!(at(width).contains(&format!("\nX-Token: {token}\n")));
        }
        assert!(at(None).contains("d=4; e=5; f=6\n"));
    }
}
