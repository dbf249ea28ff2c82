//! What the tests of this room share.

use crate::delivery::{Delivery, Headers, Request, Status, Timestamp, Verdict};

/// The text as a stream without colours gets it.
pub fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// The same with the clock of this machine's time zone replaced by `10:30:01`.
pub fn plain_at(text: &str, at: Timestamp) -> String {
    plain(text).replace(&at.to_local_clock_text(), "10:30:01")
}

/// A moment.
pub const AT: Timestamp = Timestamp::from_seconds(1_768_732_201);

/// A valid delivery of `order.created` from olympus.
pub fn delivery(body: &str) -> Delivery {
    let headers: Headers = [("Content-Type", "application/json")].into_iter().collect();
    Delivery {
        id: "dlv_2".into(),
        received_at: AT,
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
