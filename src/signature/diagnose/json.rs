//! Bodies that were parsed and written again between signing and here.

use super::Diagnosis;
use super::cause::{self, Cause};
use super::rewrite::{Escapes, Layout, Node, Numbers, Style};
use super::trial::Trial;
use crate::json::javascript;
use crate::signature::Presented;

/// The largest body that is rewritten as JSON.
const MAX_REWRITTEN: usize = 4 * 1024 * 1024;

/// How many whole numbers may each have been money or a float: every subset of them is tried.
const MAX_DOUBTFUL: usize = 6;

/// The most characters of two numbers that a reason quotes.
const MAX_SHOWN: usize = 80;

/// Nothing changed but white space.
const COMPACT: Style = Style {
    layout: Layout::Compact,
    escapes: None,
    numbers: Numbers::Kept,
    sorted: false,
};

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

const INDENTED: &[Layout] = &[
    Layout::Indented("  "),
    Layout::Indented("    "),
    Layout::Indented("\t"),
];

const INLINE: &[Layout] = &[Layout::Compact, Layout::Spaced];

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

/// The way in which the body was re-serialised, where undoing it makes the signature right.
pub(super) fn find(trial: &Trial<'_>, presented: &Presented<'_>) -> Option<Diagnosis> {
    let body = trial.body();
    if body.len() > MAX_REWRITTEN {
        return None;
    }
    let text = std::str::from_utf8(body).ok()?;
    let text = text.trim_start_matches('\u{feff}');
    let received = Node::parse(text)?;
    let javascript = javascript::restringify(text.as_bytes())?;
    let written = Node::parse(&javascript)?;
    let search = Search {
        trial,
        presented,
        text,
    };
    search
        .white_space(&received, Numbers::Kept)
        .or_else(|| {
            let found = search.white_space(&written, Numbers::Kept)?;
            Some(what_changed(&received, &written).unwrap_or(found))
        })
        .or_else(|| {
            search.white_space(&received, Numbers::Shortest)?;
            Some(cause::RESERIALIZED_NUMBERS.found_in("numbers in their shortest form"))
        })
        .or_else(|| search.escapes(&received, Numbers::Kept))
        .or_else(|| search.escapes(&received, Numbers::Shortest))
        .or_else(|| search.escapes(&written, Numbers::Kept))
        .or_else(|| search.padded(&received))
}

/// One look through the styles of one text.
struct Search<'s> {
    trial: &'s Trial<'s>,
    presented: &'s Presented<'s>,
    text: &'s str,
}

impl Search<'_> {
    fn proves(&self, text: &str) -> bool {
        self.trial.body_proves(self.presented, text.as_bytes())
    }

    fn white_space(&self, node: &Node<'_>, numbers: Numbers) -> Option<Diagnosis> {
        let write = |layout| {
            node.write(Style {
                layout,
                numbers,
                ..COMPACT
            })
        };
        if self.proves(&write(Layout::Compact)) {
            return Some(cause::RESERIALIZED_COMPACT.found());
        }
        if self.proves(&write(Layout::Spaced)) {
            return Some(cause::RESERIALIZED_SPACED.found());
        }
        let signed = INDENTED
            .iter()
            .map(|layout| write(*layout))
            .find(|text| self.proves(text) || self.proves(&format!("{text}\n")))?;
        let stripped = signed.replace('\n', "") == self.text;
        Some(if stripped {
            cause::LINE_BREAKS_LOST.found()
        } else {
            cause::RESERIALIZED_PRETTY.found()
        })
    }

    /// Other escapes, then sorted keys with any of them.
    fn escapes(&self, node: &Node<'_>, numbers: Numbers) -> Option<Diagnosis> {
        let kept = (cause::RESERIALIZED_SORTED, None);
        let sorted = ESCAPED
            .iter()
            .map(|(_, escapes)| (cause::RESERIALIZED_SORTED, Some(*escapes)));
        let unsorted = ESCAPED
            .iter()
            .map(|(cause, escapes)| (*cause, Some(*escapes)));
        unsorted
            .map(|style| (false, style))
            .chain(
                std::iter::once(kept)
                    .chain(sorted)
                    .map(|style| (true, style)),
            )
            .find(|(sorted, (_, escapes))| {
                INLINE.iter().chain(INDENTED).any(|layout| {
                    self.proves(&node.write(Style {
                        layout: *layout,
                        escapes: *escapes,
                        numbers,
                        sorted: *sorted,
                    }))
                })
            })
            .map(|(_, (cause, _))| cause.found())
    }

    /// Numbers that lost their last zeros on the way.
    fn padded(&self, node: &Node<'_>) -> Option<Diagnosis> {
        let numbers = node.numbers();
        let whole = numbers.iter().filter(|text| is_whole(text)).count();
        let subsets = 1u32 << whole.min(MAX_DOUBTFUL);
        // All of them first: the subsets reach only the first few.
        let masks = std::iter::once(u32::MAX).chain(0..subsets);
        let (two, _) =
            masks
                .flat_map(|mask| [(true, mask), (false, mask)])
                .find(|(two, whole)| {
                    let numbers = Numbers::Padded {
                        two: *two,
                        whole: *whole,
                    };
                    self.proves(&node.write(Style { numbers, ..COMPACT }))
                })?;
        let detail = if two {
            "money was written with two decimals"
        } else {
            "whole numbers were written with `.0`"
        };
        Some(cause::ZEROS_LOST.found_in(detail))
    }
}

/// What `JSON.stringify` changed besides white space; `None` where nothing.
fn what_changed(received: &Node<'_>, written: &Node<'_>) -> Option<Diagnosis> {
    if received.keys() != written.keys() {
        return Some(cause::RESERIALIZED_KEYS.found());
    }
    let (before, after) = (received.numbers(), written.numbers());
    let mut pairs = before.iter().zip(&after);
    match pairs.find(|(before, after)| before != after) {
        Some((before, after)) if before.len() + after.len() <= MAX_SHOWN => {
            Some(cause::RESERIALIZED_NUMBERS.found_in(&format!("`{before}` became `{after}`")))
        }
        Some(_) => Some(cause::RESERIALIZED_NUMBERS.found_in("long numbers became shorter")),
        None if received.write(COMPACT) != written.write(COMPACT) => {
            Some(cause::ESCAPES_UNDONE.found())
        }
        None => None,
    }
}

fn is_whole(number: &&&str) -> bool {
    !number.contains(['.', 'e', 'E'])
}
