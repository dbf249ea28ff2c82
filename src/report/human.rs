//! What `listen` and `log tail` print of a delivery: one line, what is wrong with it, the payload.

use colored::Colorize as _;

use super::answer::shortened;
use super::errors::{hint, note};
use super::payload::{BodyDetail, Detail, payload};
use super::sanitize::escape;
use super::style::{self, INDENT, cut, fitting, indent, join_lines, pad};
use super::units::{bytes, ordinal};
use super::wrap::wrap;
use crate::delivery::{Delivery, DeliverySource, Timestamp, Verdict, is_success};

/// Columns kept for a provider's name, an event type, an id and a verdict, so that lines align.
const PROVIDER_COLUMNS: usize = 12;
const EVENT_COLUMNS: usize = 20;
const ID_COLUMNS: usize = 16;
const VERDICT_COLUMNS: usize = 12;
/// The columns of a terminal that has room for everything.
const WIDE: usize = 100;
/// The least that an event type is cut down to.
const LEAST_EVENT: usize = 8;

/// The indentation of a payload.
const PAYLOAD_INDENT: &str = "  ";

impl Detail {
    /// How much of a body is printed where `body` would be; where little is said, all or nothing.
    #[must_use]
    pub const fn of(self, body: BodyDetail) -> BodyDetail {
        match (self, body) {
            (Self::Little, BodyDetail::Short) => BodyDetail::None,
            _ => body,
        }
    }
}

/// What the delivery itself does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryView {
    /// How much of the body is printed.
    pub body: BodyDetail,
    /// Which delivery of its event this is, counted from 1.
    pub repeat: Option<u32>,
    /// Whether it was logged, so that `webhook log show` can show the rest.
    pub kept: bool,
    /// Whether all come from one provider, whose name may then be left out.
    pub one_provider: bool,
    /// How much is said.
    pub detail: Detail,
    /// The columns of a line.
    pub width: Option<usize>,
}

/// A delivery as it came in: one line, what is wrong with it, the payload.
pub fn delivery(delivery: &Delivery, view: &DeliveryView) -> String {
    if delivery.source == DeliverySource::Probe {
        return probe(delivery, view);
    }
    let see_all = view
        .kept
        .then(|| format!("webhook log show {}", delivery.id));
    let room = view
        .width
        .map(|width| width.saturating_sub(PAYLOAD_INDENT.len()));
    let body = payload(&delivery.request.body, view.body, see_all.as_deref(), room);
    let about = join_lines([
        grounds(&delivery.verdict, view.detail),
        incomplete(delivery),
        again(delivery, view.repeat),
    ]);
    join_lines([
        first_line(delivery, view),
        wrap(&indent(&about, INDENT), view.width),
        indent(&body, PAYLOAD_INDENT),
    ])
}

/// A line for who asked and delivered nothing; where it was kept from the application, why.
fn probe(delivery: &Delivery, view: &DeliveryView) -> String {
    let request = &delivery.request;
    let asked = shortened(&format!("{} {}", request.method, request.target));
    let clock = delivery.received_at.to_local_clock_text();
    let what = match (&delivery.event, &delivery.provider) {
        (Some(name), Some(provider)) => {
            format!("handshake {}  {}", escape(name), escape(provider))
        }
        _ => "probe".into(),
    };
    let line = format!("{clock}  -->  {what}  {asked}")
        .dimmed()
        .to_string();
    let line = view.width.map_or(line.clone(), |room| cut(&line, room));
    let verdict = &delivery.verdict;
    let about = match (&verdict.hint, view.detail) {
        (Some(_), _) => grounds(verdict, view.detail),
        (None, Detail::Little) => String::new(),
        (None, _) => join_lines(verdict.notes.iter().map(|text| note(text))),
    };
    join_lines([line, wrap(&indent(&about, INDENT), view.width)])
}

/// The line of a delivery. What tells most stands first; where there is no room for all, the size,
/// the provider and the id are left out in turn, and the event is cut.
fn first_line(delivery: &Delivery, view: &DeliveryView) -> String {
    let request = &delivery.request;
    let event = event(delivery).bold().to_string();
    let begin = format!("{}  {}", clock(delivery.received_at), "-->".blue());
    let verdict = style::verdict(delivery.verdict.status);
    let head = format!("{begin}  {}", pad(&verdict, VERDICT_COLUMNS));
    let size = bytes(request.body.len() as u64);
    let answered = turned_away(delivery);
    let provider = pad(&or_dash(delivery.provider.as_deref()), PROVIDER_COLUMNS);
    let id = pad(&or_dash(delivery.event_id.as_deref()), ID_COLUMNS);
    let padded = pad(&event, EVENT_COLUMNS);
    let whole = format!("{head}  {padded}  {provider}  {id}  {size}{answered}");
    let is_narrow = |room: &usize| *room < WIDE || style::width(&whole) > *room;
    let Some(room) = view.width.filter(is_narrow) else {
        return whole;
    };
    let [provider, id] = [&delivery.provider, &delivery.event_id];
    let gap = |text: &Option<String>| {
        let text = text.as_deref().map(escape);
        text.map_or(String::new(), |text| format!("  {text}"))
    };
    let id = gap(id);
    let provider = gap(if view.one_provider { &None } else { provider });
    let beside = style::width(&head) + 2 + style::width(&answered);
    let least = cut(&event, room.saturating_sub(beside).max(LEAST_EVENT));
    let lines = [
        format!("{head}  {padded}{provider}{id}  {size}{answered}"),
        format!("{head}  {event}{provider}{id}  {size}{answered}"),
        format!("{head}  {event}{provider}{id}{answered}"),
        format!("{head}  {event}{id}{answered}"),
        format!("{begin}  {verdict}  {event}{id}{answered}"),
        format!("{head}  {event}{answered}"),
        format!("{head}  {least}{answered}"),
    ];
    fitting(&lines, room)
}

/// What a delivery is about, else what it asks for.
fn event(delivery: &Delivery) -> String {
    let request = &delivery.request;
    match &delivery.event {
        Some(name) if delivery.is_handshake() => format!("handshake {}", escape(name)),
        Some(event) => escape(event).into_owned(),
        None => shortened(&format!("{} {}", request.method, request.target)),
    }
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

/// Reason, hint and notes of a verdict; the reason alone where little is said.
fn grounds(verdict: &Verdict, detail: Detail) -> String {
    let reason = verdict.reason.as_deref().filter(|_| !verdict.is_valid());
    let advice = verdict.hint.as_deref().filter(|_| !verdict.is_valid());
    let reason = reason.map_or(String::new(), |text| escape(text).into_owned());
    if detail == Detail::Little {
        return reason;
    }
    let first = [reason, advice.map_or(String::new(), hint)];
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

pub(super) fn clock(at: Timestamp) -> String {
    at.to_local_clock_text().dimmed().to_string()
}

fn or_dash(text: Option<&str>) -> String {
    text.map_or_else(|| "-".to_owned(), |text| escape(text).into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{self, AT, plain_at};
    use super::*;
    use crate::delivery::Status;

    const VIEW: DeliveryView = DeliveryView {
        body: BodyDetail::Full,
        repeat: None,
        kept: true,
        one_provider: false,
        detail: Detail::Usual,
        width: None,
    };

    fn shown(delivery: &Delivery, view: &DeliveryView) -> String {
        plain_at(&super::delivery(delivery, view), AT)
    }

    #[test]
    fn a_valid_delivery_is_one_line_and_its_payload() {
        let expected = "\
10:30:01  -->  ✓ valid       order.created         olympus       evt_abc123        12 B
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
10:30:01  -->  ✗ mismatch    order.created         olympus       evt_abc123        2 B  answered 401
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
10:30:01  -->  ? unverified  POST /a\\x1b[2J        -             -                 5 B
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
    }

    #[test]
    fn a_line_fits_the_width_with_its_verdict_first() {
        let mut refused = testing::delivery("{}");
        refused.verdict = Verdict::new(Status::Mismatch);
        refused.response_status = Some(401);
        refused.event_id = Some("evt_q18eu98vwh9c".into());
        let mut unknown = refused.clone();
        (unknown.provider, unknown.event, unknown.event_id) = (None, None, None);
        unknown.request.target = format!("/{}", "x".repeat(300));
        for delivery in [&refused, &unknown] {
            for (width, one_provider) in [
                (60, false),
                (60, true),
                (80, false),
                (80, true),
                (120, false),
            ] {
                let view = DeliveryView {
                    body: BodyDetail::None,
                    width: Some(width),
                    one_provider,
                    ..VIEW
                };
                let text = shown(delivery, &view);
                assert!(
                    style::width(&text) <= width && !text.contains('\n'),
                    "{text}"
                );
                assert!(text.starts_with("10:30:01  -->  ✗ mismatch"), "{text}");
                assert!(text.ends_with("answered 401"), "{text}");
            }
        }
        let at = |width| {
            let view = DeliveryView {
                body: BodyDetail::None,
                width: Some(width),
                one_provider: true,
                ..VIEW
            };
            shown(&testing::delivery("{}"), &view)
        };
        assert_eq!(
            at(120),
            "10:30:01  -->  ✓ valid       order.created         olympus       evt_abc123        2 B"
        );
        assert_eq!(
            at(80),
            "10:30:01  -->  ✓ valid       order.created         evt_abc123  2 B"
        );
        assert_eq!(at(50), "10:30:01  -->  ✓ valid  order.created  evt_abc123");
    }

    proptest! {
        #[test]
        fn nothing_from_outside_reaches_the_terminal_raw(text in testing::hostile()) {
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
        }
    }
}
