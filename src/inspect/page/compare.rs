//! Two deliveries beside each other.

use maud::{Markup, html};

use super::segment;
use crate::report::diff::{BodyDiff, Change, Diff};

/// What differs between two deliveries.
pub fn compare(diff: &Diff) -> Markup {
    html! {
        article.compare {
            a.close href="/" title="Esc" { "Close" }
            h1 { "Compared" }
            p.sub {
                "Left " a href={ "/d/" (segment(&diff.left)) } data-part="" { (diff.left) } ", right "
                a href={ "/d/" (segment(&diff.right)) } data-part="" { (diff.right) }
            }
            @if diff.is_empty() { p { "Nothing differs but ids, times and addresses." } }
            (changes("Delivery", &diff.delivery))
            (changes("Headers", &diff.headers))
            @match &diff.body {
                BodyDiff::Same => {},
                BodyDiff::Json { changes: found } => (changes("Body", found)),
                BodyDiff::Lines { lines } => {
                    h2 { "Body" }
                    pre.raw {
                        @for line in lines {
                            @if line.left.is_some() { del { (line.text) } } @else { ins { (line.text) } }
                        }
                    }
                },
                BodyDiff::Spelling(first) => p {
                    "The bodies have the same values, written differently from byte "
                    (first.same_bytes + 1) " on."
                },
                BodyDiff::Bytes(first) => p {
                    "The bodies differ from byte " (first.same_bytes + 1) " on."
                },
            }
        }
    }
}

fn changes(title: &str, changes: &[Change]) -> Markup {
    html! {
        @if !changes.is_empty() {
            h2 { (title) }
            table.changes {
                thead { tr { th scope="col" { "What" } th scope="col" { "Left" } th scope="col" { "Right" } } }
                tbody {
                    @for change in changes {
                        tr {
                            th scope="row" { code { (change.path) } }
                            td { @if let Some(left) = &change.left { del { (left) } } }
                            td { @if let Some(right) = &change.right { ins { (right) } } }
                        }
                    }
                }
            }
        }
    }
}
