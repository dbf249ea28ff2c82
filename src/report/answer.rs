//! What an answer that is not 2xx says, and what to do about it.

use std::io::Read;

use colored::Colorize as _;
use flate2::read::{GzDecoder, ZlibDecoder};
use serde::Deserialize;

use super::errors::hint;
use super::payload::{Detail, head};
use super::sanitize::{escape, escape_bytes, escape_bytes_lines, escape_lines};
use super::style::join_lines;
use super::units::bytes;
use super::{hints, html};
use crate::delivery::Answer;

/// How much of an answer that is not 2xx is looked at, in bytes: a framework's error page has its
/// message below its styles.
const ANSWER_LIMIT: usize = 64 * 1024;
/// How many of its lines are printed.
pub(super) const ANSWER_LINES: usize = 8;

/// How much of a path, a URL or a line of an answer is printed, in characters.
const TEXT_LIMIT: usize = 200;

/// How the listener's message begins when it could not forward as nothing took the connection.
const NOT_RUNNING: &str = "nothing listens on ";

/// How a TLS port of this program answers plain HTTP; what to do is said there.
const WANTS_TLS: &[u8] = b"this port takes HTTPS";

/// The answers in which a listener of this program says what is wrong.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refusal {
    error: String,
    verdict: Option<String>,
    hint: Option<String>,
}

/// What a listener of this program answers where it was told to, whatever comes.
#[derive(Deserialize)]
struct Scripted {
    scripted: u16,
}

/// What is to be told of an answer; `remark` takes the place of the advice, which is given where the
/// status `is_new`.
pub(super) fn about(answer: &Answer, remark: Option<&str>, is_new: bool, detail: Detail) -> String {
    let remark = remark.map(|text| escape(text).into_owned());
    if answer.is_success() {
        let body = match detail {
            Detail::Much => text(answer),
            _ => String::new(),
        };
        return join_lines([body, remark.unwrap_or_default()]);
    }
    if let Some((reason, advice)) = refusal(answer) {
        let advice = advice.filter(|_| is_new);
        let advice = remark.or_else(|| advice.as_deref().map(hint));
        return join_lines([cut_line(&escape(&reason)), advice.unwrap_or_default()]);
    }
    let location = answer.headers.get("location").map(|to| {
        let to = escape_bytes(to);
        format!("location: {}", shortened(&to))
    });
    let advice = match serde_json::from_slice::<Scripted>(&answer.body) {
        Ok(answered) if answered.scripted == answer.status => Some(hints::SCRIPTED),
        _ if answer.body.starts_with(WANTS_TLS) => None,
        _ => hints::for_status(answer.status),
    };
    let advice = remark.or_else(|| advice.filter(|_| is_new).map(hint));
    join_lines([
        location.unwrap_or_default(),
        text(answer),
        advice.unwrap_or_default(),
    ])
}

/// Reason and advice of an answer that a listener of this program gave for itself. Other programs
/// answer `{"error": …}`, too: without a verdict it is the listener's only by its words.
fn refusal(answer: &Answer) -> Option<(String, Option<String>)> {
    let refusal: Refusal = serde_json::from_slice(&answer.body).ok()?;
    if refusal.verdict.is_some() {
        return Some((refusal.error, refusal.hint));
    }
    let is_ours = answer.status == 502 && refusal.error.starts_with(NOT_RUNNING);
    is_ours.then(|| (refusal.error, Some(hints::NOT_FORWARDED.to_owned())))
}

/// The first lines of an answer that are not blank; of a page, its text.
fn text(answer: &Answer) -> String {
    let coding = answer.headers.get("content-encoding");
    let unpacked = coding.and_then(|coding| unpacked(coding, &answer.body));
    if let (Some(coding), None) = (coding, &unpacked) {
        let size = bytes(answer.body.len() as u64);
        return format!("an answer of {size}, coded as {}", escape_bytes(coding));
    }
    let body = unpacked.as_deref().unwrap_or(&answer.body);
    let start = head(body, ANSWER_LIMIT);
    let text = match std::str::from_utf8(start) {
        Ok(page) if is_html(answer) => escape_lines(&html::text(page)).into_owned(),
        _ => escape_bytes_lines(start),
    };
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let first = lines.by_ref().take(ANSWER_LINES).map(cut_line);
    let first = join_lines(first);
    if lines.next().is_none() && start.len() == body.len() {
        return first;
    }
    let more = format!("… {} in all", bytes(answer.body.len() as u64));
    join_lines([first, more.dimmed().to_string()])
}

/// The beginning of a packed body; `None` where it is packed in another way, or broken.
fn unpacked(coding: &[u8], body: &[u8]) -> Option<Vec<u8>> {
    let mut reader: Box<dyn Read> = match coding.trim_ascii().to_ascii_lowercase().as_slice() {
        b"identity" => Box::new(body),
        b"gzip" | b"x-gzip" => Box::new(GzDecoder::new(body)),
        b"deflate" => Box::new(ZlibDecoder::new(body)),
        _ => return None,
    };
    let mut text = Vec::new();
    // One byte more than is shown says that there is more.
    let limit = ANSWER_LIMIT as u64 + 1;
    reader.by_ref().take(limit).read_to_end(&mut text).ok()?;
    Some(text)
}

fn is_html(answer: &Answer) -> bool {
    let kind = answer.headers.text("content-type").unwrap_or_default();
    kind.trim_start()
        .to_ascii_lowercase()
        .starts_with("text/html")
}

pub(super) fn shortened(text: &str) -> String {
    cut_line(&escape(text))
}

fn cut_line(text: &str) -> String {
    match text.char_indices().nth(TEXT_LIMIT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::plain;
    use super::*;
    use crate::delivery::Headers;

    fn told(status: u16, body: &str, remark: Option<&str>) -> String {
        let answer = Answer {
            status,
            headers: Headers::new(),
            body: body.as_bytes().to_vec().into(),
        };
        plain(&about(&answer, remark, true, Detail::Usual))
    }

    #[test]
    fn a_listeners_own_verdict_is_told_in_its_words_alone() {
        let body =
            r#"{"error":"the body was changed","verdict":"mismatch","hint":"take the raw body"}"#;
        assert_eq!(
            told(401, body, None),
            "the body was changed\nhint: take the raw body"
        );
        let body = r#"{"error":"signed 2 h before","verdict":"stale"}"#;
        assert_eq!(told(401, body, None), "signed 2 h before");
    }

    #[test]
    fn a_remark_takes_the_place_of_the_advice() {
        let body = r#"{"error":"signed 2 h before","verdict":"stale","hint":"sign again"}"#;
        assert_eq!(
            told(401, body, Some("as it is")),
            "signed 2 h before\nas it is"
        );
        assert_eq!(told(401, "no", Some("as it is")), "no\nas it is");
        assert_eq!(told(200, "fine", Some("taken")), "taken");
        assert_eq!(told(200, "fine", None), "");
    }

    #[test]
    fn a_listener_whose_application_is_down_is_no_proxy() {
        let body = r#"{"error":"nothing listens on `localhost:3000`"}"#;
        let expected = "\
nothing listens on `localhost:3000`
hint: the listener answered: the application behind it does not run; start it, then `webhook replay @last`";
        assert_eq!(told(502, body, None), expected);
    }

    #[test]
    fn anothers_json_keeps_the_general_advice() {
        for (status, body) in [
            (401, r#"{"error":"no"}"#),
            (401, r#"{"error":"no","verdict":"x","code":7}"#),
            (502, r#"{"error":"upstream is down"}"#),
            (503, r#"{"error":"nothing listens on `x`"}"#),
        ] {
            let told = told(status, body, None);
            assert!(
                told.starts_with(body) && told.contains("\nhint: "),
                "{told}"
            );
        }
    }
}
