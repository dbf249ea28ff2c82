//! The lines that `listen`, `send` and `replay` print as things happen.

use std::time::Duration;

use colored::Colorize as _;

use super::answer::{self, shortened};
use super::errors::{hint, note};
use super::hints;
use super::payload::{BodyDetail, payload};
use super::sanitize::escape;
use super::style::{self, INDENT, indent, join_lines, pad};
use super::units::{bytes, duration, millis, ordinal};
use super::wrap::wrap;
use crate::delivery::{
    Answer, Attempt, Delivery, DeliverySource, Failure, Signing, Timestamp, Trigger, Verdict,
    is_success,
};

/// Columns kept for a provider's name, an event type, an id and a verdict, so that lines align.
const PROVIDER_COLUMNS: usize = 12;
const EVENT_COLUMNS: usize = 20;
const ID_COLUMNS: usize = 16;
const VERDICT_COLUMNS: usize = 12;
/// Columns kept for the status of an answer and for its time.
const STATUS_COLUMNS: usize = 3;
const MILLIS_COLUMNS: usize = 6;

/// The indentation of a payload.
const PAYLOAD_INDENT: &str = "  ";

/// What the delivery itself does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryView {
    /// How much of the body is printed.
    pub body: BodyDetail,
    /// Which delivery of its event this is, counted from 1.
    pub repeat: Option<u32>,
    /// Whether it was logged, so that `webhook log show` can show the rest.
    pub kept: bool,
    /// The columns in which what is wrong with it is broken into lines.
    pub width: Option<usize>,
}

/// What the attempt itself does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AttemptView<'a> {
    /// Which delivery it was, such as the event's id.
    pub label: Option<&'a str>,
    /// What is to be said of the answer in place of general advice.
    pub remark: Option<&'a str>,
    /// The columns in which that is broken into lines.
    pub width: Option<usize>,
}

/// A delivery as it came in: one line, what is wrong with it, the payload.
pub fn delivery(delivery: &Delivery, view: &DeliveryView) -> String {
    if delivery.source == DeliverySource::Probe {
        return probe(delivery);
    }
    let see_all = view
        .kept
        .then(|| format!("webhook log show {}", delivery.id));
    let body = payload(&delivery.request.body, view.body, see_all.as_deref());
    let about = join_lines([
        grounds(&delivery.verdict),
        incomplete(delivery),
        again(delivery, view.repeat),
    ]);
    join_lines([
        first_line(delivery),
        wrap(&indent(&about, INDENT), view.width),
        indent(&body, PAYLOAD_INDENT),
    ])
}

/// A line for who asked and delivered nothing; where it was kept from the application, why.
fn probe(delivery: &Delivery) -> String {
    let request = &delivery.request;
    let asked = shortened(&format!("{} {}", request.method, request.target));
    let clock = delivery.received_at.to_local_clock_text();
    let line = format!("{clock}  -->  {asked}  probe").dimmed().to_string();
    match &delivery.verdict.hint {
        None => line,
        Some(_) => join_lines([line, indent(&grounds(&delivery.verdict), INDENT)]),
    }
}

/// What came of a request that was sent: one line, and for anything but 2xx what to do.
pub fn attempt(attempt: &Attempt, view: &AttemptView<'_>) -> String {
    let (outcome, about) = match &attempt.outcome {
        Ok(answer) => (
            answered(answer, attempt.duration_ms),
            answer::about(answer, view.remark),
        ),
        Err(failure) => (failed(failure), failure_about(failure)),
    };
    let label = view
        .label
        .map_or(String::new(), |label| format!("{}  ", escape(label)));
    let line = format!(
        "{}  {}  {outcome}  {label}{}{}",
        clock(ended_at(attempt)),
        "<--".blue(),
        shortened(&attempt.url).dimmed(),
        resigned(attempt),
    );
    join_lines([line, wrap(&indent(&about, INDENT), view.width)])
}

/// When the next attempt comes: number `number` of `of`.
pub fn retry_line(number: u32, of: u32, wait: Duration, at: Timestamp) -> String {
    let when = at.to_local_clock_text();
    let line = format!("attempt {number} of {of} in {}, at {when}", duration(wait));
    format!("{INDENT}{}", line.yellow())
}

fn first_line(delivery: &Delivery) -> String {
    let request = &delivery.request;
    let event = match &delivery.event {
        Some(event) => escape(event).into_owned(),
        None => shortened(&format!("{} {}", request.method, request.target)),
    };
    format!(
        "{}  {}  {}  {}  {}  {}  {}{}",
        clock(delivery.received_at),
        "-->".blue(),
        pad(&or_dash(delivery.provider.as_deref()), PROVIDER_COLUMNS),
        pad(&event.bold().to_string(), EVENT_COLUMNS),
        pad(&or_dash(delivery.event_id.as_deref()), ID_COLUMNS),
        pad(&style::verdict(delivery.verdict.status), VERDICT_COLUMNS),
        bytes(request.body.len() as u64),
        turned_away(delivery),
    )
}

/// What this program answered, where that was not 2xx.
fn turned_away(delivery: &Delivery) -> String {
    match delivery.response_status {
        Some(status) if !is_success(status) => {
            format!("  answered {}", style::status_code(status))
        }
        _ => String::new(),
    }
}

/// Reason, hint and notes of a verdict.
fn grounds(verdict: &Verdict) -> String {
    let reason = verdict.reason.as_deref().filter(|_| !verdict.is_valid());
    let advice = verdict.hint.as_deref().filter(|_| !verdict.is_valid());
    let first = [
        reason.map_or(String::new(), |text| escape(text).into_owned()),
        advice.map_or(String::new(), hint),
    ];
    join_lines(
        first
            .into_iter()
            .chain(verdict.notes.iter().map(|n| note(n))),
    )
}

fn incomplete(delivery: &Delivery) -> String {
    if delivery.request.body_complete {
        return String::new();
    }
    note("the body was not received to its end")
}

fn again(delivery: &Delivery, repeat: Option<u32>) -> String {
    let Some(first) = &delivery.duplicate_of else {
        return String::new();
    };
    let count = repeat.map_or(String::new(), |n| format!(" ({} time)", ordinal(n)));
    let label = "again:".magenta();
    format!("{label} same event as {}{count}", escape(first))
}

fn answered(answer: &Answer, duration_ms: f64) -> String {
    let status = pad(&style::status_code(answer.status), STATUS_COLUMNS);
    format!("{status}  {:>MILLIS_COLUMNS$}", millis(duration_ms))
}

fn failed(failure: &Failure) -> String {
    let kind = failure.kind.as_str().red().bold();
    format!("{kind}  {}", escape(&failure.message))
}

fn failure_about(failure: &Failure) -> String {
    hints::for_failure(failure).map_or(String::new(), hint)
}

/// For a replay, whether the signature is the one that was received.
fn resigned(attempt: &Attempt) -> String {
    let text = match attempt.signing {
        Some(Signing::Fresh) if attempt.trigger == Trigger::Replay => "  signed afresh",
        Some(Signing::Kept) if attempt.trigger == Trigger::Replay => "  signature kept",
        _ => return String::new(),
    };
    text.dimmed().to_string()
}

fn ended_at(attempt: &Attempt) -> Timestamp {
    let length = Duration::try_from_secs_f64(attempt.duration_ms / 1000.0).unwrap_or_default();
    let micros = i64::try_from(length.as_micros()).unwrap_or(0);
    Timestamp::from_micros(attempt.started_at.micros().saturating_add(micros))
}

fn clock(at: Timestamp) -> String {
    at.to_local_clock_text().dimmed().to_string()
}

fn or_dash(text: Option<&str>) -> String {
    text.map_or_else(|| "-".to_owned(), |text| escape(text).into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{self, AT, plain, plain_at};
    use super::*;
    use crate::delivery::{FailureKind, Headers, Status};

    const VIEW: DeliveryView = DeliveryView {
        body: BodyDetail::Full,
        repeat: None,
        kept: true,
        width: None,
    };

    fn shown(delivery: &Delivery, view: &DeliveryView) -> String {
        plain_at(&super::delivery(delivery, view), AT)
    }

    fn sent(outcome: Result<Answer, Failure>) -> Attempt {
        Attempt {
            id: "att_1".into(),
            delivery_id: "dlv_1".into(),
            trigger: Trigger::Forward,
            url: "http://localhost:3000/hooks".into(),
            started_at: AT,
            duration_ms: 12.4,
            signing: None,
            outcome,
        }
    }

    fn answer(status: u16, body: &str) -> Attempt {
        sent(Ok(Answer {
            status,
            headers: Headers::new(),
            body: body.as_bytes().to_vec().into(),
        }))
    }

    fn labelled(label: &str) -> AttemptView<'_> {
        AttemptView {
            label: Some(label),
            ..AttemptView::default()
        }
    }

    fn shown_attempt(attempt: &Attempt) -> String {
        plain_at(&super::attempt(attempt, &labelled("evt_abc123")), AT)
    }

    #[test]
    fn a_valid_delivery_is_one_line_and_its_payload() {
        let expected = "\
10:30:01  -->  olympus       order.created         evt_abc123        ✓ valid       12 B
  {
    \"a\": 12.50
  }";
        assert_eq!(shown(&testing::delivery("{\"a\":12.50} "), &VIEW), expected);
    }

    #[test]
    fn what_is_wrong_stands_below_the_line() {
        let mut delivery = testing::delivery("{}");
        delivery.verdict = Verdict::new(Status::Mismatch)
            .because("the body lost its last newline")
            .hinting("check the signature over the raw bytes");
        delivery
            .verdict
            .notes
            .push("unknown event `x\u{202e}`".into());
        delivery.duplicate_of = Some("dlv_1".into());
        delivery.response_status = Some(401);
        delivery.request.body_complete = false;
        let view = DeliveryView {
            body: BodyDetail::None,
            repeat: Some(2),
            ..VIEW
        };
        let expected = "\
10:30:01  -->  olympus       order.created         evt_abc123        ✗ mismatch    2 B  answered 401
          the body lost its last newline
          hint: check the signature over the raw bytes
          note: unknown event `x\\u{202e}`
          note: the body was not received to its end
          again: same event as dlv_1 (2nd time)";
        assert_eq!(shown(&delivery, &view), expected);
    }

    #[test]
    fn an_unknown_sender_is_shown_by_its_request() {
        let mut delivery = testing::delivery("hello");
        (delivery.provider, delivery.event, delivery.event_id) = (None, None, None);
        delivery.verdict = Verdict::new(Status::Unverified);
        delivery.request.target = "/a\x1b[2J".into();
        let expected = "\
10:30:01  -->  -             POST /a\\x1b[2J        -                 ? unverified  5 B
  hello";
        assert_eq!(shown(&delivery, &VIEW), expected);
    }

    #[test]
    fn what_is_left_out_names_the_log_only_where_there_is_one() {
        let delivery = testing::delivery(&format!("[{}1]", "1,".repeat(20)));
        let short = DeliveryView {
            body: BodyDetail::Short,
            ..VIEW
        };
        assert!(shown(&delivery, &short).ends_with("\n  … 11 more lines: webhook log show dlv_2"));
        let unkept = DeliveryView {
            kept: false,
            ..short
        };
        assert!(shown(&delivery, &unkept).ends_with("\n  … 11 more lines"));
    }

    #[test]
    fn what_is_wrong_is_broken_to_the_width_and_the_payload_is_not() {
        let mut delivery =
            testing::delivery("{\"a\":\"one two three four five six seven eight nine\"}");
        delivery.verdict =
            Verdict::new(Status::Mismatch).because("one two three four five six seven");
        let view = DeliveryView {
            width: Some(40),
            ..VIEW
        };
        let text = shown(&delivery, &view);
        let about = "\n          one two three four five six\n          seven\n  {";
        assert!(text.contains(about), "{text}");
        assert!(text.contains("five six seven eight nine\""), "{text}");

        let view = AttemptView {
            width: Some(50),
            ..AttemptView::default()
        };
        let text = plain(&super::attempt(&answer(500, ""), &view));
        let about =
            "\n          hint: the handler failed: see its own\n                log for the trace";
        assert!(text.ends_with(about), "{text}");
    }

    #[test]
    fn a_2xx_is_one_line() {
        let expected = "10:30:01  <--  200   12 ms  evt_abc123  http://localhost:3000/hooks";
        assert_eq!(shown_attempt(&answer(200, "{\"received\":true}")), expected);
        let mut replayed = answer(204, "");
        replayed.trigger = Trigger::Replay;
        replayed.signing = Some(Signing::Fresh);
        let expected =
            "10:30:01  <--  204   12 ms  evt_abc123  http://localhost:3000/hooks  signed afresh";
        assert_eq!(shown_attempt(&replayed), expected);
    }

    #[test]
    fn an_error_shows_the_answer_and_what_to_do() {
        let expected = "\
10:30:01  <--  400   12 ms  evt_abc123  http://localhost:3000/hooks
          No signatures found
          \\x1b[31mat handler
          hint: most often the signature is checked over a parsed body: check it over the raw bytes, before any JSON middleware";
        let attempt = answer(400, "No signatures found\n\n\x1b[31mat handler\n");
        assert_eq!(shown_attempt(&attempt), expected);
    }

    #[test]
    fn a_long_answer_is_cut() {
        let shown = shown_attempt(&answer(599, &"line\n".repeat(20)));
        assert_eq!(shown.lines().count(), 1 + answer::ANSWER_LINES + 1);
        assert!(shown.ends_with("\n          … 100 B in all"));
    }

    #[test]
    fn of_a_page_the_text_is_shown() {
        let page = "<!DOCTYPE html><html><head><style>p { color: red }</style>\n<title>Error</title></head>\n<body><pre>No &lt;sig&gt;<br>at <b>handler</b></pre></body></html>";
        let mut attempt = answer(599, page);
        if let Ok(answer) = &mut attempt.outcome {
            answer
                .headers
                .push("Content-Type", "text/html; charset=utf-8");
        }
        let expected = "\
10:30:01  <--  599   12 ms  evt_abc123  http://localhost:3000/hooks
          Error
          No <sig>
          at handler";
        assert_eq!(shown_attempt(&attempt), expected);
    }

    #[test]
    fn a_redirect_and_a_coded_answer_are_named() {
        let mut attempt = answer(302, "x");
        if let Ok(answer) = &mut attempt.outcome {
            answer.headers.push("Location", "/login");
            answer.headers.push("Content-Encoding", "gzip");
        }
        let expected = "\
10:30:01  <--  302   12 ms  evt_abc123  http://localhost:3000/hooks
          location: /login
          an answer of 1 B, coded as gzip
          hint: redirects are not followed: give the final URL";
        assert_eq!(shown_attempt(&attempt), expected);
    }

    #[test]
    fn a_failure_says_what_and_what_to_do() {
        let attempt = sent(Err(Failure {
            kind: FailureKind::Refused,
            message: "nothing listens on 127.0.0.1:3000".into(),
        }));
        let expected = "\
10:30:01  <--  refused  nothing listens on 127.0.0.1:3000  evt_abc123  http://localhost:3000/hooks
          hint: start the app, or check the port in the URL";
        assert_eq!(shown_attempt(&attempt), expected);
    }

    #[test]
    fn the_clock_of_an_answer_is_when_it_came() {
        let mut attempt = answer(200, "");
        attempt.duration_ms = 61_000.0;
        let ended = AT.plus_seconds(61).to_local_clock_text();
        assert!(plain(&super::attempt(&attempt, &AttemptView::default())).starts_with(&ended));
    }

    #[test]
    fn the_next_attempt_is_announced() {
        let line = retry_line(2, 6, Duration::from_secs(300), AT);
        assert_eq!(
            plain_at(&line, AT),
            "          attempt 2 of 6 in 5 min, at 10:30:01"
        );
    }

    proptest! {
        #[test]
        fn nothing_from_outside_reaches_the_terminal_raw(text in testing::hostile(), html in any::<bool>()) {
            let mut delivery = testing::delivery(&format!("{text}{}", "\n".repeat(20)));
            delivery.verdict = Verdict::new(Status::Mismatch).because(&text).hinting(&text);
            delivery.verdict.notes.push(text.clone());
            delivery.request.method.clone_from(&text);
            delivery.request.target.clone_from(&text);
            (delivery.provider, delivery.event_id) = (Some(text.clone()), Some(text.clone()));
            (delivery.event, delivery.duplicate_of) = (None, Some(text.clone()));
            delivery.id.clone_from(&text);
            for body in [BodyDetail::Full, BodyDetail::Short] {
                let view = DeliveryView { body, ..VIEW };
                prop_assert!(testing::is_safe(&super::delivery(&delivery, &view)));
            }

            let mut rejected = answer(302, &text);
            rejected.url.clone_from(&text);
            if let Ok(answer) = &mut rejected.outcome {
                let kind = if html { "text/html" } else { "text/plain" };
                answer.headers.push("content-type", kind);
                answer.headers.push("location", text.clone());
            }
            prop_assert!(testing::is_safe(&super::attempt(&rejected, &labelled(&text))));
            let failure = Failure { kind: FailureKind::Tls, message: text.clone() };
            prop_assert!(testing::is_safe(&super::attempt(&sent(Err(failure)), &AttemptView::default())));
        }
    }
}
