//! What the tests of this room share.

use proptest::prelude::*;

use super::sanitize::{StyledPiece, is_clean, pieces};
use crate::delivery::{Delivery, DeliverySource, Headers, Request, Status, Timestamp, Verdict};

/// The text as a stream without colours gets it.
pub fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// The same with the clock of this machine's time zone replaced by `10:30:01`.
pub fn plain_at(text: &str, at: Timestamp) -> String {
    plain(text).replace(&at.to_local_clock_text(), "10:30:01")
}

/// A colour sequence that no report uses: untrusted text that holds it must not bring it through.
pub const FOREIGN_STYLE: &str = "\x1b[7m";

/// Untrusted text of the worst kind.
pub fn hostile() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| format!("{FOREIGN_STYLE}\u{202e}\x07{text}"))
}

/// Whether a report holds nothing that a terminal would obey but this program's own colours and
/// line breaks.
pub fn is_safe(report: &str) -> bool {
    let is_safe_piece = |piece| match piece {
        StyledPiece::Style(sequence) => sequence != FOREIGN_STYLE,
        StyledPiece::Text(text) => is_clean(text),
    };
    pieces(report).all(is_safe_piece)
}

/// A moment.
pub const AT: Timestamp = Timestamp::from_seconds(1_768_732_201);

/// A valid delivery of `order.created` from olympus.
pub fn delivery(body: &str) -> Delivery {
    let headers: Headers = [("Content-Type", "application/json")].into_iter().collect();
    Delivery {
        id: "dlv_2".into(),
        received_at: AT,
        source: DeliverySource::Listen,
        remote: None,
        provider: Some("olympus".into()),
        event: Some("order.created".into()),
        event_id: Some("evt_abc123".into()),
        duplicate_of: None,
        verdict: Verdict::new(Status::Valid),
        request: Request::post(
            "/webhooks/olympus?shop=1",
            headers,
            body.as_bytes().to_vec(),
        ),
        response_status: Some(200),
    }
}
