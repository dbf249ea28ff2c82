//! Bodies that were parsed and written again between signing and here.

use std::collections::HashSet;

use super::Diagnosis;
use super::cause::{self, Cause};
use super::rewrite::{Escapes, JsonStyle, Layout, Numbers, write};
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

/// Nothing changed but white space.
const COMPACT: JsonStyle = JsonStyle {
    layout: Layout::Compact,
    escapes: None,
    numbers: Numbers::Kept,
};

/// Nothing changed but white space and numbers.
const SHORTEST: JsonStyle = JsonStyle {
    numbers: Numbers::Shortest,
    ..COMPACT
};

/// `JSON.stringify`.
const PLAIN: Escapes = Escapes {
    beyond_ascii: false,
    slash: false,
    chars: "",
    upper: false,
};

/// Python's `ensure_ascii`, PHP with `JSON_UNESCAPED_SLASHES`.
const UNICODE: Escapes = Escapes {
    beyond_ascii: true,
    ..PLAIN
};

/// PHP with `JSON_UNESCAPED_UNICODE`.
const SLASHES: Escapes = Escapes {
    slash: true,
    ..PLAIN
};

/// PHP's `json_encode`.
const PHP: Escapes = Escapes {
    beyond_ascii: true,
    ..SLASHES
};

/// Go's `encoding/json`, Rails.
const GO: Escapes = Escapes {
    chars: "<>&\u{2028}\u{2029}",
    ..PLAIN
};

/// Gson.
const GSON: Escapes = Escapes {
    chars: "<>&='\u{2028}\u{2029}",
    ..PLAIN
};

/// .NET's `System.Text.Json`.
const DOTNET: Escapes = Escapes {
    beyond_ascii: true,
    chars: "<>&'\"+`\u{7f}",
    upper: true,
    ..PLAIN
};

/// The layouts besides the compact one: Python; JavaScript, Ruby and Go; PHP and Java; tabs.
const LAYOUTS: &[Layout] = &[
    Layout::Spaced,
    Layout::Indented("  "),
    Layout::Indented("    "),
    Layout::Indented("\t"),
];

/// The styles of other programs that change more than white space and numbers.
const ESCAPED: &[(Cause, Escapes)] = &[
    (cause::ESCAPES_UNDONE, PLAIN),
    (cause::UNICODE_ESCAPED, UNICODE),
    (cause::SLASHES_ESCAPED, SLASHES),
    (cause::PHP_ESCAPED, PHP),
    (cause::HTML_ESCAPED, GO),
    (cause::HTML_ESCAPED, GSON),
    (cause::HTML_ESCAPED, DOTNET),
];

/// The escapes with which programs write sorted keys: as they are, Python, Go.
const SORTED: &[Option<Escapes>] = &[None, Some(PLAIN), Some(UNICODE), Some(GO)];

/// The way in which the body was re-serialised, where undoing it makes the signature right.
pub(super) fn find(trial: &Trial<'_>, presented: &ParsedSignature<'_>) -> Option<Diagnosis> {
    if trial.body().len() > MAX_REWRITTEN {
        return None;
    }
    let text = std::str::from_utf8(trial.body()).ok()?;
    let text = text.trim_start_matches('\u{feff}');
    let javascript = restringify(trial, text)?;
    if !trial.spend(PARSED * (text.len() + javascript.len())) {
        return None;
    }
    let received = tokens(text)?;
    let written = tokens(&javascript)?;
    let mut search = Search {
        trial,
        presented,
        seen: HashSet::new(),
    };
    if let Some((layout, signed)) = search.layouts(&received, COMPACT) {
        return Some(white_space(layout, &signed, text).found());
    }
    if let Some((layout, signed)) = search.layouts(&written, COMPACT) {
        let changed = search.what_changed(&received, &written);
        return changed.or_else(|| Some(white_space(layout, &signed, text).found()));
    }
    if search.layouts(&received, SHORTEST).is_some() {
        return Some(cause::RESERIALIZED_NUMBERS.found_in("numbers became as short as can be"));
    }
    [
        (&received, COMPACT),
        (&received, SHORTEST),
        (&written, COMPACT),
    ]
    .into_iter()
    .find_map(|(tokens, style)| search.escapes(tokens, style))
    .or_else(|| search.padded(&received))
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
    /// The compact texts of the styles that were tried: most styles change nothing in most bodies.
    seen: HashSet<String>,
}

impl Search<'_> {
    fn proves(&self, text: &str) -> bool {
        self.trial.body_proves(self.presented, text.as_bytes())
    }

    /// The text of tokens, where it is not too long and the allowance has room for it.
    fn write(&self, tokens: &[Token<'_>], style: JsonStyle) -> Option<String> {
        let body = self.trial.body().len();
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
        let others = LAYOUTS.iter().filter_map(|layout| {
            let layout = *layout;
            Some((layout, self.write(tokens, JsonStyle { layout, ..style })?))
        });
        std::iter::once((Layout::Compact, compact))
            .chain(others)
            .find(|(_, text)| self.proves(text) || self.proves_with_newline(text))
    }

    /// Go's `json.Encoder` and files end with a newline.
    fn proves_with_newline(&self, text: &str) -> bool {
        self.trial.spend(text.len()) && self.proves(&format!("{text}\n"))
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
        if !self.trial.spend(PARSED * self.trial.body().len()) {
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

fn white_space(layout: Layout, signed: &str, received: &str) -> Cause {
    match layout {
        Layout::Compact => cause::RESERIALIZED_COMPACT,
        Layout::Spaced => cause::RESERIALIZED_SPACED,
        Layout::Indented(_) if signed.replace('\n', "") == received => cause::LINE_BREAKS_LOST,
        Layout::Indented(_) => cause::RESERIALIZED_PRETTY,
    }
}

fn is_whole(number: &str) -> bool {
    !number.contains(['.', 'e', 'E'])
}
