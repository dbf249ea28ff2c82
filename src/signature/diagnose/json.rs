//! Bodies that were parsed and written again between signing and here.

use std::collections::HashSet;

use super::Diagnosis;
use super::cause;
use super::rewrite::{JsonStyle, Layout, Numbers, write};
use super::styles::{COMPACT, ESCAPED, LAYOUTS, RARE_LAYOUTS, SHORTEST, SORTED};
use super::tokens::{keys, numbers, sorted, tokens};
use super::trial::Trial;
use crate::json::{Token, javascript};
use crate::signature::ParsedSignature;

/// The largest body that is rewritten as JSON.
const MAX_REWRITTEN: usize = 1024 * 1024;

/// How many times its body's length a text may have that is written of it: indentation and escapes
/// make three times of honest ones.
const MAX_GROWTH: usize = 4;

/// The length that any text may have, as small bodies grow more: bytes.
const MIN_WRITTEN: usize = 4096;

/// What it costs to take a text apart, in bytes of work for each of its own: values are built of it.
const PARSED: usize = 8;

/// How many whole numbers may each have been money or a float: every subset of them is tried.
const MAX_DOUBTFUL: usize = 6;

/// The most numbers in a body of which subsets are tried; a longer list would not be hit anyway.
const MAX_SUBSET_NUMBERS: usize = 100;

/// The most characters of two numbers that a reason quotes.
const MAX_SHOWN: usize = 80;

/// The way in which `body` was re-serialised, where undoing it makes the signature right.
pub(super) fn find(
    trial: &Trial<'_>,
    presented: &ParsedSignature<'_>,
    body: &[u8],
) -> Option<Diagnosis> {
    if body.len() > MAX_REWRITTEN {
        return None;
    }
    let text = std::str::from_utf8(body).ok()?;
    let text = text.trim_start_matches('\u{feff}');
    let javascript = restringify(trial, text)?;
    if !trial.spend(PARSED * (text.len() + javascript.len())) {
        return None;
    }
    let received = tokens(text)?;
    let written = tokens(&javascript)?;
    [LAYOUTS, RARE_LAYOUTS].into_iter().find_map(|layouts| {
        let search = Search {
            trial,
            presented,
            body,
            layouts,
            seen: HashSet::new(),
        };
        search.find(text, &received, &written)
    })
}

/// What `JSON.stringify(JSON.parse(text))` gives, where the allowance and the length allow it.
pub(super) fn restringify(trial: &Trial<'_>, text: &str) -> Option<String> {
    (text.len() <= MAX_REWRITTEN && trial.spend(PARSED * text.len()))
        .then(|| javascript::restringify(text.as_bytes()))?
}

/// One look through the styles of one text.
struct Search<'s> {
    trial: &'s Trial<'s>,
    presented: &'s ParsedSignature<'s>,
    body: &'s [u8],
    /// The layouts besides the compact one.
    layouts: &'static [Layout],
    /// The compact texts of the styles that were tried: most styles change nothing in most bodies.
    seen: HashSet<String>,
}

impl Search<'_> {
    fn find(
        mut self,
        text: &str,
        received: &[Token<'_>],
        written: &[Token<'_>],
    ) -> Option<Diagnosis> {
        if let Some((layout, signed)) = self.layouts(received, COMPACT) {
            return Some(white_space(layout, &signed, text));
        }
        if let Some((layout, signed)) = self.layouts(written, COMPACT) {
            let changed = self.what_changed(received, written);
            return changed.or_else(|| Some(white_space(layout, &signed, text)));
        }
        if self.layouts(received, SHORTEST).is_some() {
            return Some(cause::RESERIALIZED_NUMBERS.found_in("numbers became as short as can be"));
        }
        [
            (received, COMPACT),
            (received, SHORTEST),
            (written, COMPACT),
        ]
        .into_iter()
        .find_map(|(tokens, style)| self.escapes(tokens, style))
        .or_else(|| self.padded(received))
    }

    fn proves(&self, text: &str) -> bool {
        self.trial.body_proves(self.presented, text.as_bytes())
    }

    /// The text of tokens, where it is not too long and the allowance has room for it.
    fn write(&self, tokens: &[Token<'_>], style: JsonStyle) -> Option<String> {
        let body = self.body.len();
        let largest = (MAX_GROWTH * body).max(MIN_WRITTEN);
        if !self.trial.spend(body) {
            return None;
        }
        let Some(text) = write(tokens, style, largest) else {
            // As much was written before it was given up.
            self.trial.spend(largest);
            return None;
        };
        self.trial.spend(text.len()).then_some(text)
    }

    /// The layout in which `style` makes the signature right, and that text.
    fn layouts(&mut self, tokens: &[Token<'_>], style: JsonStyle) -> Option<(Layout, String)> {
        let compact = self.write(tokens, style)?;
        if !self.trial.spend(2 * compact.len()) || !self.seen.insert(compact.clone()) {
            return None;
        }
        let others = self.layouts.iter().filter_map(|layout| {
            let layout = *layout;
            Some((layout, self.write(tokens, JsonStyle { layout, ..style })?))
        });
        std::iter::once((Layout::Compact, compact))
            .chain(others)
            .find(|(_, text)| self.proves(text) || self.proves_with_newline(text))
    }

    /// Go's `json.Encoder` and files end with a newline.
    fn proves_with_newline(&self, text: &str) -> bool {
        let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        self.trial.spend(text.len()) && self.proves(&format!("{text}{end}"))
    }

    /// Other escapes, then sorted keys with any of them.
    fn escapes(&mut self, tokens: &[Token<'_>], style: JsonStyle) -> Option<Diagnosis> {
        for (cause, escapes) in ESCAPED {
            let escapes = Some(*escapes);
            if self
                .layouts(tokens, JsonStyle { escapes, ..style })
                .is_some()
            {
                return Some(cause.found());
            }
        }
        if !self.trial.spend(PARSED * self.body.len()) {
            return None;
        }
        let sorted = sorted(tokens);
        for escapes in SORTED {
            let escapes = *escapes;
            if self
                .layouts(&sorted, JsonStyle { escapes, ..style })
                .is_some()
            {
                return Some(cause::RESERIALIZED_SORTED.found());
            }
        }
        None
    }

    /// What `JSON.stringify` changed besides white space; `None` where nothing.
    fn what_changed(&self, received: &[Token<'_>], written: &[Token<'_>]) -> Option<Diagnosis> {
        if keys(received) != keys(written) {
            return Some(cause::RESERIALIZED_KEYS.found());
        }
        let (before, after) = (numbers(received), numbers(written));
        let mut pairs = before.iter().zip(&after);
        match pairs.find(|(before, after)| before != after) {
            Some((before, after)) if before.len() + after.len() <= MAX_SHOWN => {
                Some(cause::RESERIALIZED_NUMBERS.found_in(&format!("`{before}` became `{after}`")))
            }
            Some(_) => Some(cause::RESERIALIZED_NUMBERS.found_in("long numbers became shorter")),
            None if self.write(received, COMPACT) != self.write(written, COMPACT) => {
                Some(cause::ESCAPES_UNDONE.found())
            }
            None => None,
        }
    }

    /// Numbers that lost their last zeros on the way.
    fn padded(&self, tokens: &[Token<'_>]) -> Option<Diagnosis> {
        let (two, _) = paddings(tokens).into_iter().find(|(two, whole)| {
            let numbers = Numbers::Padded {
                two: *two,
                whole: *whole,
            };
            self.write(tokens, JsonStyle { numbers, ..COMPACT })
                .is_some_and(|text| self.proves(&text))
        })?;
        let detail = if two {
            "money was written with two decimals"
        } else {
            "whole numbers were written with `.0`"
        };
        Some(cause::ZEROS_LOST.found_in(detail))
    }
}

/// Whether to two decimals, and which whole numbers: all or none of them, then every subset of the
/// first few, as quantities stay whole where money and floats do not.
fn paddings(tokens: &[Token<'_>]) -> Vec<(bool, u32)> {
    let numbers = numbers(tokens);
    let whole = numbers.iter().filter(|text| is_whole(text)).count();
    let doubtful = if numbers.len() > MAX_SUBSET_NUMBERS {
        0
    } else {
        whole.min(MAX_DOUBTFUL)
    };
    std::iter::once(u32::MAX)
        .chain(0..1 << doubtful)
        .flat_map(|mask| [(true, mask), (false, mask)])
        .collect()
}

fn white_space(layout: Layout, signed: &str, received: &str) -> Diagnosis {
    match layout {
        Layout::Compact => cause::RESERIALIZED_COMPACT.found(),
        Layout::Spaced => cause::RESERIALIZED_SPACED.found(),
        Layout::CommaSpaced => cause::RESERIALIZED_HALF_SPACED.found_in("`,`"),
        Layout::ColonSpaced => cause::RESERIALIZED_HALF_SPACED.found_in("`:`"),
        Layout::Indented(..) if signed.replace(['\r', '\n'], "") == received => {
            cause::LINE_BREAKS_LOST.found()
        }
        Layout::Indented(..) | Layout::Jackson(_) | Layout::PowerShell(_) => {
            cause::RESERIALIZED_PRETTY.found()
        }
    }
}

fn is_whole(number: &str) -> bool {
    !number.contains(['.', 'e', 'E'])
}
