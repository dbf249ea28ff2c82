//! The lines of what was sent: each attempt, and when the next one comes.

use std::collections::BTreeMap;
use std::time::Duration;

use colored::Colorize as _;

use super::answer::{self, shortened};
use super::errors::{hint, note};
use super::hints;
use super::human::clock;
use super::payload::Detail;
use super::sanitize::escape;
use super::style::{self, INDENT, cut, fitting, indent, join_lines, pad};
use super::units::{duration, millis};
use super::wrap::wrap;
use crate::delivery::{Answer, Attempt, Signing, Timestamp, Trigger};

/// Columns kept for the status of an answer and for its time.
const STATUS_COLUMNS: usize = 3;
const MILLIS_COLUMNS: usize = 6;
/// The least of a URL that is worth showing, in columns.
const LEAST_URL: usize = 14;

/// What the attempt itself does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AttemptView<'a> {
    /// Which delivery it was, such as the event's id.
    pub label: Option<&'a str>,
    /// What is to be said of the answer in place of general advice.
    pub remark: Option<&'a str>,
    /// Whether the endpoint is known without its URL, which may then be left out.
    pub one_endpoint: bool,
    /// How much is said.
    pub detail: Detail,
    /// The columns of a line.
    pub width: Option<usize>,
    /// What it is against the attempt before; that it still passes is not said.
    pub change: Option<&'static str>,
}

/// What came of the last attempt at each endpoint, so that nothing is said twice: of several attempts
/// that come to the same, the first has the reason and the advice.
#[derive(Debug, Default)]
pub struct Attempts {
    /// By host and port: the status of the answer, or why there was none.
    last: BTreeMap<String, Result<u16, String>>,
}

impl Attempts {
    /// What came of a request that was sent: one line, and for anything but 2xx what to do.
    pub fn text(&mut self, attempt: &Attempt, view: &AttemptView<'_>) -> String {
        let place = authority(&attempt.url);
        let outcome = attempt.outcome.as_ref();
        let now = outcome.map(|answer| answer.status);
        let now = now.map_err(|failure| failure.message.clone());
        let before = self.last.insert(place.to_owned(), now.clone());
        let is_new = before.as_ref() != Some(&now);
        let about = match outcome {
            Ok(answer) => join_lines([
                answer::about(answer, view.remark, is_new, view.detail),
                match before {
                    Some(Err(_)) => note(&format!("`{place}` answers again")),
                    _ => String::new(),
                },
            ]),
            Err(failure) => {
                let advice = hints::for_failure(failure).filter(|_| is_new);
                advice.map_or(String::new(), hint)
            }
        };
        let (line, below) = line(attempt, is_new, view);
        let about = match view.detail {
            Detail::Little => below,
            _ => join_lines([below, about]),
        };
        join_lines([line, wrap(&indent(&about, INDENT), view.width)])
    }

    /// Takes that a person was told why nothing can be reached at `place`, a host and port; says
    /// whether that is new.
    pub fn is_down(&mut self, place: &str, reason: &str) -> bool {
        let now = Err(reason.to_owned());
        self.last.insert(place.to_owned(), now.clone()) != Some(now)
    }
}

/// The host and port of a URL as they stand in it.
fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

/// The line of an attempt, and what of it has no room there. Why there was no answer is told where
/// that `is_new`.
fn line(attempt: &Attempt, is_new: bool, view: &AttemptView<'_>) -> (String, String) {
    let (word, reason) = came_of(attempt, is_new);
    let head = format!("{}  {}  {word}", clock(ended_at(attempt)), "<--".blue());
    let label = view.label.map(escape).unwrap_or_default();
    let url = shortened(&attempt.url);
    let join = |parts: &[&str]| {
        let parts = [&[&*head], parts].concat().into_iter();
        let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
        parts.join("  ")
    };
    let done = [resigned(attempt), changed(view.change)];
    let done = done.iter().filter(|part| !part.is_empty());
    let resigned = done.map(String::as_str).collect::<Vec<_>>().join("  ");
    let is_told = !is_new && attempt.outcome.is_err() && view.one_endpoint;
    let shown_url = (!is_told).then(|| url.dimmed().to_string());
    let shown_url = shown_url.unwrap_or_default();
    let whole = join(&[&reason, &label, &shown_url, &resigned]);
    let Some(room) = view.width.filter(|room| style::width(&whole) > *room) else {
        return (whole, String::new());
    };
    let bare = join(&[&label, &resigned]);
    let beside = room.saturating_sub(style::width(&bare) + 2);
    let bare_url = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let cut_url = (!view.one_endpoint && beside >= LEAST_URL).then(|| cut(bare_url, beside));
    let cut_url = cut_url.map(|url| join(&[&label, &url.dimmed(), &resigned]));
    // An id stands last in a label.
    let labels = label
        .match_indices("  ")
        .filter_map(|(at, gap)| label.get(at + gap.len()..));
    let lines: Vec<_> = [join(&[&label, &shown_url, &resigned])]
        .into_iter()
        .chain(cut_url)
        .chain([bare])
        .chain(
            std::iter::once(&*label)
                .chain(labels)
                .map(|label| join(&[label])),
        )
        .collect();
    (fitting(&lines, room), reason)
}

/// A word for what came of an attempt, and why there was no answer where that `is_new`.
fn came_of(attempt: &Attempt, is_new: bool) -> (String, String) {
    match &attempt.outcome {
        Ok(answer) => (answered(answer, attempt.duration_ms), String::new()),
        Err(failure) => {
            let reason = Some(escape(&failure.message)).filter(|_| is_new);
            let word = failure.kind.as_str().red().bold().to_string();
            (word, reason.unwrap_or_default().into_owned())
        }
    }
}

/// When the next attempt comes: number `number` of `of`.
pub fn retry_line(number: u32, of: u32, wait: Duration, at: Timestamp) -> String {
    let when = at.to_local_clock_text();
    let line = format!("attempt {number} of {of} in {}, at {when}", duration(wait));
    format!("{INDENT}{}", line.yellow())
}

fn answered(answer: &Answer, duration_ms: f64) -> String {
    let status = pad(&style::status_code(answer.status), STATUS_COLUMNS);
    format!("{status}  {:>MILLIS_COLUMNS$}", millis(duration_ms))
}

/// For a replay, whether the signature is the one that was received.
fn resigned(attempt: &Attempt) -> String {
    let text = match attempt.signing {
        Some(Signing::Fresh) if attempt.trigger == Trigger::Replay => "signed afresh",
        Some(Signing::Kept) if attempt.trigger == Trigger::Replay => "signature kept",
        _ => return String::new(),
    };
    text.dimmed().to_string()
}

/// What changed since the attempt before; what passes as it did is nothing to say.
fn changed(change: Option<&str>) -> String {
    match change {
        None | Some("still passing") => String::new(),
        Some(fixed @ "fixed") => fixed.green().to_string(),
        Some(failing) => failing.red().to_string(),
    }
}

fn ended_at(attempt: &Attempt) -> Timestamp {
    let length = Duration::try_from_secs_f64(attempt.duration_ms / 1000.0).unwrap_or_default();
    let micros = i64::try_from(length.as_micros()).unwrap_or(0);
    Timestamp::from_micros(attempt.started_at.micros().saturating_add(micros))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{self, AT, plain, plain_at};
    use super::*;
    use crate::delivery::{Failure, FailureKind, Headers};

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
        plain_at(
            &Attempts::default().text(attempt, &labelled("evt_abc123")),
            AT,
        )
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
        assert!(
            plain(&Attempts::default().text(&attempt, &AttemptView::default())).starts_with(&ended)
        );
    }

    #[test]
    fn the_next_attempt_is_announced() {
        let line = retry_line(2, 6, Duration::from_secs(300), AT);
        assert_eq!(
            plain_at(&line, AT),
            "          attempt 2 of 6 in 5 min, at 10:30:01"
        );
    }

    #[test]
    fn what_to_do_is_broken_to_the_width() {
        let view = AttemptView {
            width: Some(50),
            ..AttemptView::default()
        };
        let text = plain(&Attempts::default().text(&answer(500, ""), &view));
        let about =
            "\n          hint: the handler failed: see its own\n                log for the trace";
        assert!(text.ends_with(about), "{text}");
    }

    fn refused() -> Attempt {
        sent(Err(Failure {
            kind: FailureKind::Refused,
            message: "nothing listens on `localhost:3000`".into(),
        }))
    }

    #[test]
    fn an_endpoint_that_is_down_says_so_once_and_once_that_it_is_back() {
        let (mut attempts, view) = (Attempts::default(), labelled("evt_1"));
        let mut shown = |attempt: &Attempt| plain_at(&attempts.text(attempt, &view), AT);
        let first = shown(&refused());
        assert!(
            first.contains("nothing listens") && first.contains("hint: start"),
            "{first}"
        );
        let one = "10:30:01  <--  refused  evt_1  http://localhost:3000/hooks";
        assert_eq!([shown(&refused()), shown(&refused())], [one, one]);
        let back = shown(&answer(200, ""));
        let note = "\n          note: `localhost:3000` answers again";
        assert!(back.ends_with(note), "{back}");
        assert_eq!(shown(&answer(200, "")).lines().count(), 1);
        assert_eq!(shown(&refused()), first);
    }

    #[test]
    fn where_there_is_one_endpoint_its_url_is_told_once() {
        let view = AttemptView {
            one_endpoint: true,
            ..labelled("evt_1")
        };
        let mut attempts = Attempts::default();
        attempts.text(&refused(), &view);
        let again = plain_at(&attempts.text(&refused(), &view), AT);
        assert_eq!(again, "10:30:01  <--  refused  evt_1");
    }

    #[test]
    fn advice_is_given_once_for_answers_that_are_alike() {
        let mut attempts = Attempts::default();
        let mut hints = |status| {
            let text = plain(&attempts.text(&answer(status, "no"), &AttemptView::default()));
            assert!(text.contains("\n          no"), "{text}");
            text.matches("hint: ").count()
        };
        assert_eq!([500, 500, 401, 401, 500].map(&mut hints), [1, 0, 1, 0, 1]);
    }

    #[test]
    fn the_body_of_a_2xx_is_shown_where_much_is_said_and_advice_where_not_little() {
        let told = |status, detail| {
            let view = AttemptView {
                detail,
                ..AttemptView::default()
            };
            plain(&Attempts::default().text(&answer(status, "done"), &view))
                .lines()
                .count()
        };
        assert_eq!(
            [Detail::Little, Detail::Usual, Detail::Much].map(|d| told(200, d)),
            [1, 1, 2]
        );
        assert_eq!(
            [Detail::Little, Detail::Usual, Detail::Much].map(|d| told(500, d)),
            [1, 3, 3]
        );
    }

    #[test]
    fn a_line_fits_the_width_and_keeps_status_and_id() {
        let long = Failure {
            kind: FailureKind::Dns,
            message: "cannot resolve `a.very.long.name.example`".into(),
        };
        for attempt in [answer(200, ""), refused(), sent(Err(long))] {
            for (width, one_endpoint) in [(60, false), (60, true), (80, false), (120, false)] {
                let label = "olympus  order.created  evt_q18eu98vwh9c";
                let view = AttemptView {
                    width: Some(width),
                    one_endpoint,
                    ..labelled(label)
                };
                let text = plain(&Attempts::default().text(&attempt, &view));
                assert!(
                    text.lines().all(|line| style::width(line) <= width),
                    "{text}"
                );
                let word = if attempt.outcome.is_ok() {
                    "200"
                } else {
                    "  <--  "
                };
                assert!(text.contains(word), "{text}");
                let reason = attempt.outcome.as_ref().err();
                let told = |failure: &Failure| text.contains(&failure.message);
                assert!(reason.is_none_or(told), "{text}");
                assert!(width < 80 || text.contains(label), "{text}");
            }
        }
    }

    proptest! {
        #[test]
        fn nothing_from_outside_reaches_the_terminal_raw(text in testing::hostile(), html in any::<bool>()) {
            let mut rejected = answer(302, &text);
            rejected.url.clone_from(&text);
            if let Ok(answer) = &mut rejected.outcome {
                let kind = if html { "text/html" } else { "text/plain" };
                answer.headers.push("content-type", kind);
                answer.headers.push("location", text.clone());
            }
            prop_assert!(testing::is_safe(&Attempts::default().text(&rejected, &labelled(&text))));
            let failure = Failure { kind: FailureKind::Tls, message: text.clone() };
            prop_assert!(testing::is_safe(&Attempts::default().text(&sent(Err(failure)), &AttemptView::default())));
        }
    }
}
