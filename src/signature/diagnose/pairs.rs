//! Two mistakes with one body: what a single command, or the two steps of every day, do together.

use super::body::MISTAKES;
use super::cause::{self, Cause};
use super::trial::Trial;
use super::{Diagnosis, json, secrets};
use crate::signature::ParsedSignature;

/// How many times the received body's length the body between two mistakes may have.
const MAX_GROWTH: usize = 2;

/// Mistakes after whose undoing JSON appears that was not there before.
const WRAPPINGS: &[Cause] = &[
    cause::FORM_ENCODED,
    cause::STRING_SENT,
    cause::BASE64_ADDED,
    cause::BYTES_REPR,
];

/// Two mistakes, where undoing both makes the signature right.
pub(super) fn find(trial: &Trial<'_>, presented: &ParsedSignature<'_>) -> Option<Diagnosis> {
    let broken = broken_lines(trial.body());
    if broken
        .iter()
        .any(|text| trial.spend(2 * trial.body().len()) && trial.body_proves(presented, text))
    {
        return Some(cause::LINE_BREAKS_LOST.found());
    }
    let largest = MAX_GROWTH * trial.body().len();
    MISTAKES.iter().find_map(|(first, undo)| {
        let between = trial
            .spend(trial.body().len())
            .then(|| undo(trial.body()))??;
        if between.is_empty() || between.len() > largest || between == trial.body() {
            return None;
        }
        let second = behind(trial, presented, *first, &between)?;
        Some(first.found().and(&second))
    })
}

/// The second mistake, behind the one that is called `first`.
fn behind(
    trial: &Trial<'_>,
    presented: &ParsedSignature<'_>,
    first: Cause,
    between: &[u8],
) -> Option<Diagnosis> {
    let others = MISTAKES
        .iter()
        .filter(|(second, _)| *second != first && *second != cause::BODY_EMPTY);
    for (second, undo) in others {
        if trial.spend(between.len())
            && let Some(signed) = undo(between)
            && trial.spend(signed.len())
            && trial.body_proves(presented, &signed)
        {
            return Some(second.found());
        }
    }
    if WRAPPINGS.contains(&first)
        && let Some(found) = json::find(trial, presented, between)
    {
        return Some(found);
    }
    secrets::find(trial, presented, between)
}

/// A JSON text whose line breaks were stripped, with them again, in every way that files have them.
fn broken_lines(body: &[u8]) -> Vec<Vec<u8>> {
    let mut texts = Vec::new();
    for end in [b"\n".as_slice(), b"\r\n"] {
        for before in 0..2 {
            let text = with_breaks(body, end, before);
            texts.extend([[&*text, end].concat(), text]);
        }
    }
    texts
}

/// The text with `end` where an indented one breaks, behind the first `before` spaces there.
fn with_breaks(body: &[u8], end: &[u8], before: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(body.len());
    let (mut in_string, mut escaped) = (false, false);
    let mut rest = body;
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        let closes = !in_string && matches!(byte, b'}' | b']');
        let empty = text
            .trim_ascii_end()
            .ends_with(if *byte == b'}' { b"{" } else { b"[" });
        if closes && !empty && !text.ends_with(end) {
            let blank = text.iter().rev().take_while(|byte| **byte == b' ').count();
            let at = text.len() - blank + before.min(blank);
            text.splice(at..at, end.iter().copied());
        }
        text.push(*byte);
        if *byte == b'"' && !escaped {
            in_string = !in_string;
        }
        escaped = in_string && *byte == b'\\' && !escaped;
        let opens = !in_string && matches!(byte, b'{' | b'[' | b',');
        let next = behind.trim_ascii_start().first();
        if opens && !matches!(next, Some(b'}' | b']')) {
            let blank = behind.iter().take_while(|byte| **byte == b' ').count();
            let (spaces, kept) = behind.split_at(before.min(blank));
            text.extend(spaces);
            text.extend(end);
            rest = kept;
        }
    }
    text
}
