//! What is typed: spans, sizes, times, rates, headers, patterns, scripts, expectations.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use webhook_cli::cli::value;
use webhook_cli::delivery::{EventFilter, Timestamp, duration};
use webhook_cli::receive::{ExpectedDelivery, Script};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    // Beyond this, a double has no whole milliseconds.
    let is_exact = |span: &Duration| span.as_secs() < 1 << 40;
    if let Some(span) = value::span(text).ok().filter(is_exact) {
        let again = duration::parse(&duration::typed(span));
        let millis = again.map(|again| again.as_millis());
        assert_eq!(millis, Some(span.as_millis()), "{text}");
    }
    let _ = value::size(text);
    let _ = value::rate(text);
    let _ = value::speed(text);
    let _ = value::tolerance(text);
    if let Ok((name, value)) = value::sent_header(text) {
        assert!(!format!("{name}{value}").contains(['\r', '\n']), "{text:?}");
    }
    if let Ok(moment) = text.parse::<value::Moment>() {
        let _ = moment.seen_from(Timestamp::from_seconds(1_700_000_000));
    }
    if let Ok(filter) = text.parse::<EventFilter>() {
        let _ = filter.matches(text);
    }
    let _ = text.parse::<Script>();
    let _ = ExpectedDelivery::read(text, |event| event.contains('.'));
});
