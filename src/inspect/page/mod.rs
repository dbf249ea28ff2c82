//! The pages: the list beside the delivery that is open. Whatever comes from a payload is a text node.

mod body;
pub mod compare;
pub mod detail;

use maud::{DOCTYPE, Markup, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded;

use super::asset::{script_path, style_path};
use super::row::ListedDelivery;
use super::view::InspectView;
use crate::delivery::{FailureKind, Status, Timestamp};
use crate::filter::{FIELDS, FilterSyntaxError};
use crate::report::{bytes, millis, style::mark};

/// What stands as it is in a segment of a path: the unreserved characters of RFC 3986.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// An id as a segment of a path: an imported delivery has whatever id its file gives it.
pub fn segment(id: &str) -> String {
    utf8_percent_encode(id, SEGMENT).to_string()
}

/// A page of the list.
pub struct Listing {
    /// What was asked for.
    pub shown: InspectView,
    /// The deliveries, the newest first.
    pub rows: Vec<ListedDelivery>,
    /// Whether there are older ones.
    pub has_more: bool,
    /// What is wrong with the filter.
    pub wrong: Option<FilterSyntaxError>,
    /// The place of the last delivery in the log.
    pub end: i64,
    /// The same among the attempts.
    pub attempts_end: i64,
    now: Timestamp,
}

impl Listing {
    /// A page without rows.
    pub const fn of(shown: InspectView, now: Timestamp) -> Self {
        Self {
            shown,
            rows: Vec::new(),
            has_more: false,
            wrong: None,
            end: 0,
            attempts_end: 0,
            now,
        }
    }
}

/// The whole page; beside the list what is open, and the id of the delivery that it is about.
pub fn whole(listing: &Listing, open: Option<(&str, Markup)>) -> Markup {
    let title = open.as_ref().map_or("webhook", |(id, _)| id);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="dark light";
                title { (title) }
                link rel="icon" href="data:,";
                link rel="stylesheet" href=(style_path());
                script type="module" src=(script_path()) {}
            }
            body {
                (top(listing))
                p #said.hint role="status" hidden {}
                main.panes data-open=(open.is_some()) {
                    section #list aria-label="Deliveries" { (list(listing)) }
                    section #detail aria-label="Delivery" tabindex="-1" {
                        @match open {
                            Some((_, detail)) => (detail),
                            None => p.hint { "Choose a delivery, or press " kbd { "j" } ". " kbd { "?" } " lists all keys." },
                        }
                    }
                }
                (keys())
            }
        }
    }
}

fn top(listing: &Listing) -> Markup {
    let wrong = listing.wrong.as_ref();
    html! {
        header.top {
            a.name href="/" { "webhook" }
            form.filter action="/" method="get" role="search" {
                label.unseen for="filter" { "Filter" }
                input #filter name="filter" type="search" autocomplete="off" spellcheck="false"
                    list="terms" placeholder="event:order.* verdict:mismatch status:5xx \"text\""
                    value=(listing.shown.filter) aria-invalid=(wrong.is_some())
                    aria-describedby="wrong";
                datalist #terms {
                    @for field in FIELDS { option value=(field.example) { (field.about) } }
                }
            }
            span #live.live role="status" title="new deliveries are shown as they come" { "connecting" }
            button #help type="button" aria-haspopup="dialog" aria-label="Keys and filter" title="Keys and filter" { "?" }
        }
        p #wrong.wrong role="alert" hidden[wrong.is_none()] {
            @if let Some(wrong) = wrong {
                (wrong.problem) " "
                code { (listing.shown.filter.get(wrong.at.clone()).unwrap_or_default()) }
                " (" (spoken(&wrong.hint)) ")"
            }
        }
    }
}

/// The list alone.
pub fn list(listing: &Listing) -> Markup {
    let Listing {
        shown,
        rows: listed,
        ..
    } = listing;
    let older = listed.last().filter(|_| listing.has_more);
    html! {
        button #new.new type="button" hidden { "new" }
        table #deliveries data-after=(listing.end) data-attempts=(listing.attempts_end)
            data-first=(shown.before.is_none()) {
            thead { tr {
                th scope="col" { "Time" }
                th scope="col" { "Event" }
                th scope="col" { "Verdict" }
                th scope="col" { "Answer" }
                th.size scope="col" { "Size" }
            } }
            tbody #rows { (rows(listed, &shown.filter, listing.now)) }
        }
        @if listed.is_empty() && listing.wrong.is_none() {
            p #empty.hint {
                @if shown.filter.is_empty() {
                    "Nothing was received yet. " code { "webhook listen" } " receives, "
                    code { "webhook send" } " sends it an example; both show up here."
                } @else { "No delivery matches. " a href="/" { "Show all" } }
            }
        }
        @if !listed.is_empty() {
            a.export href=(link("/export", shown, None)) download="" { "Export all that match" }
        }
        a.older rel="next" hidden[older.is_none()]
            href=(link("/", shown, older.map(|last| last.place.number()))) { "Older deliveries" }
    }
}

/// A path with the filter that is in force.
fn link(path: &str, shown: &InspectView, before: Option<i64>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if !shown.filter.is_empty() {
        query.append_pair("filter", &shown.filter);
    }
    if let Some(before) = before {
        query.append_pair("before", &before.to_string());
    }
    match query.finish().as_str() {
        "" => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

/// Rows of the list.
pub fn rows(rows: &[ListedDelivery], filter: &str, now: Timestamp) -> Markup {
    let shown = InspectView {
        filter: filter.to_owned(),
        ..InspectView::default()
    };
    html! { @for row in rows { (row_of(row, &shown, now)) } }
}

fn row_of(row: &ListedDelivery, shown: &InspectView, now: Timestamp) -> Markup {
    let delivery = &row.delivery;
    let place = link(&format!("/d/{}", segment(&delivery.id)), shown, None);
    let event = delivery.event.as_deref().unwrap_or("no event");
    html! {
        tr data-id=(delivery.id) data-place=(row.place.number()) {
            td.time {
                time datetime=(delivery.received_at) title=(delivery.received_at) {
                    (delivery.received_at.to_local_text(now))
                }
            }
            td.event {
                a href=(place) { (event) }
                @if delivery.duplicate_of.is_some() { " " span.badge title="the same event came before" { "again" } }
                @if delivery.source != crate::delivery::DeliverySource::Listen {
                    " " span.badge { (delivery.source) }
                }
                div.sub {
                    @if let Some(provider) = &delivery.provider { (provider) " " }
                    @if let Some(id) = &delivery.event_id { span.id { (id) } }
                    @else { (delivery.request.method) " " (delivery.request.target) }
                }
            }
            td.verdict { (verdict(delivery.verdict.status)) }
            td.answer { (answer(row)) }
            td.size { (bytes(row.body_bytes)) }
        }
    }
}

/// A text whose words between backticks are code.
fn spoken(text: &str) -> Markup {
    html! {
        @for (number, part) in text.split('`').enumerate() {
            @if number % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// A verdict with its colour and word.
fn verdict(status: Status) -> Markup {
    html! { span class={ "verdict-" (status.as_str()) } { (mark(status)) " " (status) } }
}

fn answer(row: &ListedDelivery) -> Markup {
    let Some(attempts) = &row.attempts else {
        let own = row.delivery.response_status;
        return html! { @if let Some(status) = own { (status_word(Ok(status))) } @else { "–" } };
    };
    html! {
        (status_word(attempts.last)) " "
        span.sub { (millis(attempts.duration_ms)) }
        @if attempts.count > 1 { " " span.badge title="attempts" { "×" (attempts.count) } }
    }
}

/// The status of an answer, or why there is none.
fn status_word(outcome: Result<u16, FailureKind>) -> Markup {
    match outcome {
        Ok(status) => html! { span class={ "status-" (status / 100) } { (status) } },
        Err(kind) => html! { span.status-none { (kind.as_str()) } },
    }
}

fn keys() -> Markup {
    let keys = [
        ("j k", "next, previous delivery"),
        ("Enter", "open it"),
        ("/", "to the filter"),
        ("r", "replay it as the form says"),
        ("e", "change it, then send"),
        ("c", "mark it; on another one, compare the two"),
        ("Esc", "back to the list"),
    ];
    html! {
        dialog #keys aria-label="Keys and filter" {
            form method="dialog" { button { "Close" } }
            h2 { "Keys" }
            dl { @for (key, meaning) in keys { dt { kbd { (key) } } dd { (meaning) } } }
            h2 { "Filter" }
            dl { @for field in FIELDS { dt { code { (field.example) } } dd { (spoken(field.about)) } } }
        }
    }
}
