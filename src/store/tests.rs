//! The log as its callers see it.

mod migrating;
mod paging;
mod refusals;
mod selections;
mod survival;

use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;
use tempfile::TempDir;

use strum::VariantArray as _;

use super::{
    Imported, Log, LookupError, Position, Query, Reader, SourceFilter, StoreError, Writer,
};
use crate::delivery::{
    Answer, Attempt, Delivery, DeliverySource, Failure, FailureKind, Headers, Request, Signing,
    Status, Timestamp, Trigger, Verdict, id,
};

/// A log in a folder of its own, gone with the value.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("data/log.db")
    }

    fn log(&self) -> Log {
        Log::open(self.path()).unwrap()
    }

    fn reader(&self) -> Reader {
        Log::open_existing(self.path()).unwrap().reader().unwrap()
    }

    /// A log with these deliveries, in this order.
    fn holding(deliveries: &[Delivery]) -> Self {
        let place = Self::new();
        place.log().import(deliveries.iter().cloned()).unwrap();
        place
    }

    /// The log opened by `SQLite` alone, as anyone could.
    fn sqlite(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path()).unwrap()
    }
}

fn delivery() -> Delivery {
    Delivery {
        id: id::delivery(),
        received_at: Timestamp::from_seconds(1_768_732_201),
        source: DeliverySource::Listen,
        remote: Some("127.0.0.1:50812".into()),
        provider: Some("olympus".into()),
        event: Some("order.created".into()),
        event_id: Some("evt_1".into()),
        duplicate_of: None,
        verdict: Verdict::new(Status::Valid),
        request: Request::post("/hook", Headers::new(), "{}"),
        response_status: Some(200),
    }
}

fn attempt(delivery_id: &str, outcome: Result<u16, FailureKind>) -> Attempt {
    Attempt {
        id: id::attempt(),
        delivery_id: delivery_id.into(),
        trigger: Trigger::Forward,
        url: "http://localhost:3000/hook".into(),
        started_at: Timestamp::from_seconds(1_768_732_202),
        duration_ms: 12.5,
        signing: Some(Signing::Kept),
        outcome: outcome
            .map(|status| Answer {
                status,
                headers: [("Server", "app")].into_iter().collect(),
                body: "no\0pe".into(),
            })
            .map_err(|kind| Failure {
                kind,
                message: "nobody there".into(),
            }),
    }
}

/// Queues without a runtime; the queue of these tests is never full.
fn submit(writer: &Writer, delivery: &Delivery) -> super::Receipt {
    now(writer.submit(Arc::new(delivery.clone())))
}

fn keep(writer: &Writer, delivery: &Delivery) -> Result<(), StoreError> {
    submit(writer, delivery).wait()
}

fn keep_attempt(writer: &Writer, attempt: &Attempt, run: Option<&str>) {
    now(writer.submit_attempt(attempt.clone(), run))
        .wait()
        .unwrap();
}

fn now<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

fn all(reader: &Reader, query: &Query) -> Vec<Delivery> {
    let mut found = Vec::new();
    let visit = |delivery| -> Result<(), StoreError> {
        found.push(delivery);
        Ok(())
    };
    reader.select(query, visit).unwrap();
    found
}

/// The newest delivery, whatever its source.
fn newest(reader: &Reader) -> Result<Option<Delivery>, StoreError> {
    reader.last(&SourceFilter::All, 0)
}

/// Everything.
fn everything() -> Query {
    Query {
        sources: SourceFilter::All,
        ..Query::default()
    }
}

prop_compose! {
    fn any_request()(
        method in "[A-Z]{1,7}",
        target in "/\\PC{0,20}",
        headers in prop::collection::vec(("[!-~]{1,12}", prop::collection::vec(any::<u8>(), 0..20)), 0..6),
        body in prop::collection::vec(any::<u8>(), 0..3000),
        body_complete in any::<bool>(),
    ) -> Request {
        let request = Request::post(target, headers.into_iter().collect(), body);
        Request { method, body_complete, ..request }
    }
}

prop_compose! {
    fn any_delivery()(
        request in any_request(),
        received_at in any::<i64>().prop_map(Timestamp::from_micros),
        source in "listen|test|\\PC{0,9}",
        texts in prop::array::uniform6(prop::option::of("\\PC{0,12}|\0a")),
        status in prop::sample::select(Status::VARIANTS.to_vec()),
        age_seconds in any::<Option<i64>>(),
        notes in prop::collection::vec("\\PC{0,9}", 0..3),
        response_status in any::<Option<u16>>(),
    ) -> Delivery {
        let [remote, provider, event, event_id, duplicate_of, reason] = texts;
        let verdict = Verdict { age_seconds, reason, notes, ..Verdict::new(status) };
        Delivery {
            id: id::delivery(), received_at, source: DeliverySource::named(&source), remote, provider, event, event_id, duplicate_of,
            verdict, request, response_status,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn deliveries_come_back_byte_for_byte(deliveries in prop::collection::vec(any_delivery(), 1..20)) {
        let place = Place::new();
        let writer = place.log().writer().unwrap();
        let receipts: Vec<_> = deliveries.iter().map(|d| submit(&writer, d)).collect();
        for receipt in receipts {
            receipt.wait().unwrap();
        }
        prop_assert_eq!(all(&place.reader(), &everything()), deliveries);
    }
}

#[test]
fn attempts_come_back_whole_and_in_order() {
    let place = Place::new();
    let (log, d) = (place.log(), delivery());
    let writer = log.writer().unwrap();
    keep(&writer, &d).unwrap();
    let mut sent = vec![
        attempt(&d.id, Ok(500)),
        attempt(&d.id, Err(FailureKind::Timeout)),
    ];
    sent[1].signing = None;
    for attempt in &sent {
        keep_attempt(&writer, attempt, None);
    }
    let reader = log.reader().unwrap();
    assert_eq!(reader.attempts_of(&d.id).unwrap(), sent);
    assert_eq!(reader.attempt(&sent[0].id).unwrap(), sent[0]);
    assert_eq!(reader.attempts_of("dlv_none").unwrap(), []);
}

#[test]
fn a_receipt_means_that_another_connection_sees_the_row() {
    let place = Place::new();
    let writer = place.log().writer().unwrap();
    let reader = place.reader();
    for _ in 0..20 {
        let d = delivery();
        keep(&writer, &d).unwrap();
        assert_eq!(reader.get(&d.id).unwrap(), d);
    }
}

#[test]
fn a_row_that_is_refused_takes_no_other_with_it() {
    let place = Place::new();
    let writer = place.log().writer().unwrap();
    let (first, second) = (delivery(), delivery());
    let receipts = [&first, &first, &second].map(|d| submit(&writer, d));
    let answers = receipts.map(super::Receipt::wait);
    assert!(matches!(&answers[1], Err(StoreError::Conflict(id)) if *id == first.id));
    assert!(answers[0].is_ok() && answers[2].is_ok());
    assert_eq!(place.reader().counts().unwrap().0, 2);
}

#[test]
fn two_writers_share_a_log() {
    let place = Place::new();
    let writers = [place.log().writer().unwrap(), place.log().writer().unwrap()];
    let mut receipts = Vec::new();
    for round in 0..100 {
        receipts.push(submit(&writers[round % 2], &delivery()));
    }
    for receipt in receipts {
        receipt.wait().unwrap();
    }
    assert_eq!(place.reader().counts().unwrap().0, 100);
}

#[test]
fn many_can_make_the_log_at_once() {
    let place = Place::new();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| keep(&place.log().writer().unwrap(), &delivery()).unwrap());
        }
    });
    assert_eq!(place.reader().counts().unwrap().0, 8);
}

#[test]
fn the_last_writer_to_go_finishes_the_queue() {
    let place = Place::new();
    let log = place.log();
    let writer = log.writer().unwrap();
    let receipts: Vec<_> = (0..500).map(|_| submit(&writer, &delivery())).collect();
    drop(writer);
    assert_eq!(log.reader().unwrap().counts().unwrap().0, 500);
    for receipt in receipts {
        receipt.wait().unwrap();
    }
}

#[test]
fn an_import_adds_what_is_new_and_leaves_what_is_there() {
    let [mut old, new] = [delivery(), delivery()];
    let place = Place::holding(std::slice::from_ref(&old));
    let before = old.clone();
    old.event = Some("forged".into());
    let done = place.log().import([old, new.clone()]).unwrap();
    assert_eq!(
        done,
        Imported {
            added: 1,
            present: 1
        }
    );
    assert_eq!(all(&place.reader(), &Query::default()), [before, new]);
}

#[test]
fn the_file_is_for_any_sqlite_and_a_person_to_read() {
    let place = Place::holding(&[delivery()]);
    let row: (String, String, String) = place
        .sqlite()
        .query_row(
            "SELECT received_at, verdict, body FROM delivery_readable WHERE event = 'order.created'",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    let wanted = ("2026-01-18T10:30:01.000Z", "valid", "{}");
    assert_eq!((row.0.as_str(), row.1.as_str(), row.2.as_str()), wanted);
}

#[test]
fn the_form_is_the_one_that_was_chosen() {
    let place = Place::holding(&[]);
    let conn = place.sqlite();
    let pragma = |name: &str| -> String {
        conn.query_row(
            &format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}"),
            [],
            |r| r.get(0),
        )
        .unwrap()
    };
    let form = ["page_size", "auto_vacuum", "journal_mode", "user_version"].map(pragma);
    assert_eq!(form, ["8192", "2", "wal", "3"]);
}
