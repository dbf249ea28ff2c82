//! Bodies that were parsed and written again between signing and here.

use std::collections::HashSet;

use super::Diagnosis;
use super::cause::{self, Cause};
use super::node::Node;
use super::rewrite::{Escapes, Layout, Numbers, Style, write};
use super::trial::Trial;
use crate::json::javascript;
use crate::signature::ParsedSignature;

/// The largest body that is rewritten as JSON.
const MAX_REWRITTEN: usize = 1024 * 1024;

/// How many whole numbers may each have been money or a float: every subset of them is tried.
const MAX_DOUBTFUL: usize = 6;

/// The most numbers in a body of which subsets are tried; a longer list would not be hit anyway.
const MAX_SUBSET_NUMBERS: usize = 100;

/// The most characters of two numbers that a reason quotes.
const MAX_SHOWN: usize = 80;

/// Nothing changed but white space.
const COMPACT: Style = Style {
    layout: Layout::Compact,
    escapes: None,
    numbers: Numbers::Kept,
    sorted: false,
};

/// Nothing changed but white space and numbers.
const SHORTEST: Style = Style {
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
    let received = Node::parse(text)?;
    let javascript = javascript::restringify(text.as_bytes())?;
    let written = Node::parse(&javascript)?;
    let mut search = Search {
        trial,
        presented,
        seen: HashSet::new(),
    };
    if let Some((layout, signed)) = search.layouts(&received, COMPACT) {
        return Some(white_space(layout, &signed, text).found());
    }
    if let Some((layout, signed)) = search.layouts(&written, COMPACT) {
        let changed = what_changed(&received, &written);
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
    .find_map(|(node, style)| search.escapes(node, style))
    .or_else(|| search.padded(&received))
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

    /// The layout in which `style` makes the signature right, and that text.
    fn layouts(&mut self, node: &Node<'_>, style: Style) -> Option<(Layout, String)> {
        let compact = write(node, style);
        if !self.seen.insert(compact.clone()) {
            return None;
        }
        let others = LAYOUTS.iter().map(|layout| {
            (
                *layout,
                write(
                    node,
                    Style {
                        layout: *layout,
                        ..style
                    },
                ),
            )
        });
        std::iter::once((Layout::Compact, compact))
            .chain(others)
            // Go's `json.Encoder` and files end with a newline.
            .find(|(_, text)| self.proves(text) || self.proves(&format!("{text}\n")))
    }

    /// Other escapes, then sorted keys with any of them.
    fn escapes(&mut self, node: &Node<'_>, style: Style) -> Option<Diagnosis> {
        for (cause, escapes) in ESCAPED {
            let escapes = Some(*escapes);
            if self.layouts(node, Style { escapes, ..style }).is_some() {
                return Some(cause.found());
            }
        }
        for escapes in SORTED {
            let style = Style {
                escapes: *escapes,
                sorted: true,
                ..style
            };
            if self.layouts(node, style).is_some() {
                return Some(cause::RESERIALIZED_SORTED.found());
            }
        }
        None
    }

    /// Numbers that lost their last zeros on the way.
    fn padded(&self, node: &Node<'_>) -> Option<Diagnosis> {
        let (two, _) = paddings(node).into_iter().find(|(two, whole)| {
            let numbers = Numbers::Padded {
                two: *two,
                whole: *whole,
            };
            self.proves(&write(node, Style { numbers, ..COMPACT }))
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
fn paddings(node: &Node<'_>) -> Vec<(bool, u32)> {
    let numbers = node.numbers();
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
        None if write(received, COMPACT) != write(written, COMPACT) => {
            Some(cause::ESCAPES_UNDONE.found())
        }
        None => None,
    }
}

fn is_whole(number: &str) -> bool {
    !number.contains(['.', 'e', 'E'])
}
