//! One delivery: its verdict and why, the request, what was done with it, and what can be done.

use maud::{Markup, html};

use super::body::{VIEWS, body};
use super::{segment, spoken, status_word, verdict};
use crate::delivery::{Attempt, Delivery, Headers, Timestamp};
use crate::report::{age, bytes, millis};

/// How many of the bytes that are signed are shown.
const SIGNED_LIMIT: usize = 16 * 1024;

/// A delivery that is open.
pub struct DetailView<'a> {
    /// The delivery.
    pub delivery: &'a Delivery,
    /// The attempts at it, in order.
    pub attempts: &'a [Attempt],
    /// What its signature is over: the template, and the bytes.
    pub signed: Option<(String, Vec<u8>)>,
    /// What stands out in its payload.
    pub noticed: Vec<String>,
    /// Where a replay goes unless the person says otherwise.
    pub endpoint: &'a str,
    /// What its forms carry.
    pub proof: &'a str,
    /// How its body is shown.
    pub view: &'a str,
    /// The time.
    pub now: Timestamp,
}

/// The delivery.
pub fn detail(opened: &DetailView<'_>) -> Markup {
    let delivery = opened.delivery;
    html! {
        article.delivery data-id=(delivery.id) {
            header {
                a.close href="/" title="Esc" { "Close" }
                h1 { (delivery.event.as_deref().unwrap_or("no event")) }
                p.sub {
                    @if let Some(provider) = &delivery.provider { (provider) " · " }
                    code { (delivery.id) }
                    @if let Some(id) = &delivery.event_id { " · " code { (id) } }
                }
                p.sub {
                    time datetime=(delivery.received_at) { (delivery.received_at.to_local_moment_text()) }
                    ", " (age(delivery.received_at, opened.now))
                    @if let Some(remote) = &delivery.remote { ", from " (remote) }
                    @if let Some(first) = &delivery.duplicate_of {
                        ", the same event as " a href={ "/d/" (segment(first)) } data-part="" { (first) }
                    }
                }
            }
            (verdict_panel(opened))
            (replay_form(opened))
            (attempts(opened))
            (request(opened))
        }
    }
}

fn verdict_panel(opened: &DetailView<'_>) -> Markup {
    let delivery = opened.delivery;
    let found = &delivery.verdict;
    let known = [
        ("Reason", found.reason.clone()),
        ("What to do", found.hint.clone()),
        ("Cause", found.cause.clone()),
        ("Signature", found.scheme.clone()),
        ("Secret", found.secret.clone()),
        ("Age", found.age_seconds.map(|age| format!("{age} s"))),
        (
            "Answered",
            delivery.response_status.map(|status| status.to_string()),
        ),
    ];
    let known = known
        .into_iter()
        .filter_map(|(name, text)| Some((name, text?)));
    html! {
        section.panel aria-label="Verdict" {
            h2 { (verdict(found.status)) }
            dl.fields {
                @for (name, text) in known { dt { (name) } dd { (spoken(&text)) } }
                @for one in &found.signatures { dt { (one.at) } dd { (verdict(one.status)) } }
                @for note in &found.notes { dt { "Note" } dd { (note) } }
                @for noticed in &opened.noticed { dt { "Payload" } dd { (noticed) } }
            }
            @if let Some((template, bytes)) = &opened.signed { (signed_panel(template, bytes)) }
        }
    }
}

/// What the signature is over, as it was put together here.
fn signed_panel(template: &str, signed: &[u8]) -> Markup {
    let shown = signed.get(..SIGNED_LIMIT).unwrap_or(signed);
    html! {
        details {
            summary { "Signed is " code { (template) } ": " (bytes(signed.len() as u64)) }
            pre.raw { (String::from_utf8_lossy(shown)) @if shown.len() < signed.len() { "…" } }
        }
    }
}

fn replay_form(opened: &DetailView<'_>) -> Markup {
    let id = segment(&opened.delivery.id);
    let ways = [
        ("auto", "automatic"),
        ("keep", "keep the signature"),
        ("fresh", "sign afresh"),
    ];
    let forms = [
        ("curl", "curl"),
        ("http", "HTTP"),
        ("capture", "capture"),
        ("command", "command"),
    ];
    html! {
        form #replay.panel method="post" action={ "/d/" (id) "/replay" } {
            input type="hidden" name="proof" value=(opened.proof);
            label.wide { "Send again to "
                input name="url" value=(opened.endpoint) required placeholder="http://localhost:3000/webhooks";
            }
            label { "Signature "
                select name="sign" { @for (name, about) in ways { option value=(name) { (about) } } }
            }
            button.main type="submit" { "Replay" }
            a.button href={ "/d/" (id) "/edit" } data-part="" { "Edit" }
            span.copy { "Copy as"
                @for (form, name) in forms {
                    " " a href={ "/d/" (id) "/as/" (form) } data-copy="" { (name) }
                }
            }
        }
    }
}

fn attempts(opened: &DetailView<'_>) -> Markup {
    let all = opened.attempts;
    if all.is_empty() {
        return html! {};
    }
    let before = std::iter::once(None).chain(all.iter().map(Some));
    html! {
        section aria-label="Attempts" {
            h2 { "Attempts" }
            ol.attempts {
                @for (number, (attempt, before)) in all.iter().zip(before).enumerate() {
                    @let is_last = number + 1 == all.len();
                    li { (one_attempt(attempt, before, is_last && !attempt.is_success(), opened.now)) }
                }
            }
        }
    }
}

fn one_attempt(
    attempt: &Attempt,
    before: Option<&Attempt>,
    is_open: bool,
    now: Timestamp,
) -> Markup {
    let outcome = attempt.outcome.as_ref();
    let word = outcome
        .map(|answer| answer.status)
        .map_err(|failure| failure.kind);
    html! {
        details open[is_open] {
            summary {
                (status_word(word)) " "
                @if let Some(before) = before { span.badge { (attempt.change_since(before.is_success())) } " " }
                time datetime=(attempt.started_at) title=(attempt.started_at) { (attempt.started_at.to_local_text(now)) } " "
                (attempt.trigger.as_str()) " to " code { (attempt.url) } " "
                span.sub { (millis(attempt.duration_ms)) }
                @if let Some(signing) = attempt.signing { " " span.sub { "signature " (signing.as_str()) } }
            }
            @match &attempt.outcome {
                Ok(answer) => {
                    (fields(&answer.headers))
                    pre.raw { (String::from_utf8_lossy(&answer.body)) }
                }
                Err(failure) => p { (failure.message) },
            }
        }
    }
}

fn request(opened: &DetailView<'_>) -> Markup {
    let (delivery, request) = (opened.delivery, &opened.delivery.request);
    let here = format!("/d/{}", segment(&delivery.id));
    html! {
        section aria-label="Request" {
            h2 { "Request" }
            p { code.line { (request.method) " " (request.target) " " (request.version) } }
            (fields(&request.headers))
            nav.views aria-label="Body" {
                @for (name, label) in VIEWS {
                    a href={ (here) "?view=" (name) } data-part="" aria-current=[(name == opened.view).then_some("true")] { (label) }
                    " "
                }
                a href={ (here) "/body" } download="" { "File" }
                " " span.sub { (bytes(request.body.len() as u64)) }
                @if !request.body_complete { " " span.badge { "the body is not complete" } }
            }
            (body(request, opened.view))
        }
    }
}

fn fields(headers: &Headers) -> Markup {
    html! {
        table.headers { tbody {
            @for (name, value) in headers.iter() {
                tr { th scope="row" { (name) } td { (String::from_utf8_lossy(value)) } }
            }
        } }
    }
}

/// The form in which a delivery is changed before it is sent.
pub fn edit(delivery: &Delivery, endpoint: &str, proof: &str) -> Markup {
    let request = &delivery.request;
    let lines = request
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value)));
    let headers = lines.collect::<Vec<_>>().join("\n");
    let text = std::str::from_utf8(&request.body);
    let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(&request.body).is_ok();
    html! {
        form #edit.panel method="post" action={ "/d/" (segment(&delivery.id)) "/replay" } data-id=(delivery.id) {
            h1 { "Change and send" }
            p.hint {
                "It is signed afresh where its provider and secret are known. The delivery in the log stays as it came."
            }
            input type="hidden" name="proof" value=(proof);
            input type="hidden" name="sign" value="auto";
            label { "Send to " input name="url" value=(endpoint) required; }
            label { "Headers, a line each; one that is taken away is sent as it came " textarea name="headers" rows="8" spellcheck="false" { (headers) } }
            @match text {
                // A browser drops a line end that a text field begins with.
                Ok(text) => label { "Body "
                    textarea name="body" rows="20" spellcheck="false" aria-describedby="json-error" data-json[is_json] { "\n" (text) }
                },
                Err(_) => p.hint { "The body is not text, and is sent as it came." },
            }
            p #json-error.wrong role="alert" hidden {}
            div.actions {
                button.main type="submit" { "Send" }
                @if is_json { button type="button" data-indent="" hidden { "Indent the body" } }
                a.button href={ "/d/" (segment(&delivery.id)) } data-part="" { "Back" }
            }
        }
    }
}
