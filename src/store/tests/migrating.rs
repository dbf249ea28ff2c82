//! Logs that earlier versions have made, real ones as SQL (`tests/logs`).

use std::collections::HashSet;

use super::*;
use crate::store::Run;

const VERSION_1: &str = include_str!("../../../tests/logs/version-1.sql");

/// The bulk replay that is in the log of version 1.
const RUN: &str = "run_01M8EPKMWNW7GSNZFNG32ZV26E";

fn version_1() -> Place {
    let place = Place::new();
    std::fs::create_dir(place.path().parent().unwrap()).unwrap();
    place.sqlite().execute_batch(VERSION_1).unwrap();
    place
}

/// Rows of a table as text, for comparing what was there before with what is there now.
fn rows(place: &Place, columns: &str, table: &str) -> Vec<String> {
    let sql = format!("SELECT json_array({columns}) FROM {table} ORDER BY seq");
    let conn = place.sqlite();
    let mut statement = conn.prepare(&sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

fn schema(place: &Place) -> Vec<(String, String)> {
    let conn = place.sqlite();
    let sql = "SELECT type || ' ' || name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY 1";
    let mut statement = conn.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_log_of_version_1_is_read_as_it_was() {
    let place = version_1();
    let kept = "seq, id, received_at, remote, provider, event, event_id, duplicate_of, verdict_json, \
                response_status, method, target, version, headers, body_complete, hex(body)";
    let attempts = "seq, id, delivery_id, cause, url, started_at, duration_ms, signing, run, status, \
                    headers, hex(body)";
    let before = (
        rows(&place, kept, "delivery"),
        rows(&place, attempts, "attempt"),
    );
    // Opening what is there migrates too: `log` and `replay` open it so.
    let reader = place.reader();
    let after = (
        rows(&place, kept, "delivery"),
        rows(&place, attempts, "attempt"),
    );
    assert_eq!(after, before);
    assert_eq!((after.0.len(), after.1.len()), (7, 8));

    let deliveries = all(&reader, &everything());
    let read: Vec<_> = deliveries
        .iter()
        .map(|d| (d.source.as_ref(), d.verdict.status.as_str()))
        .collect();
    let (received, tested) = (("listen", "valid"), ("test", "unverified"));
    let stale = ("listen", "stale");
    let wanted = [received, received, received, stale, tested, tested, tested];
    assert_eq!(read, wanted);
    for delivery in &deliveries {
        assert_eq!(reader.get(&delivery.id).unwrap(), *delivery);
        for attempt in reader.attempts_of(&delivery.id).unwrap() {
            assert_eq!(
                attempt.trigger == Trigger::Test,
                delivery.source == DeliverySource::Test
            );
        }
    }
    let run = reader.run(RUN).unwrap().unwrap();
    assert_eq!(
        run.started_at,
        reader.attempts_of(&deliveries[0].id).unwrap()[1].started_at
    );
    assert_eq!(run.selection, "");
    assert_eq!(run.endpoint.as_deref(), Some("http://127.0.0.1:40875/slow"));
    let sent = deliveries[..2].iter().map(|d| d.id.clone());
    assert_eq!(
        reader.sent_in_run(RUN).unwrap(),
        sent.collect::<HashSet<_>>()
    );
}

#[test]
fn what_test_has_forged_is_known_by_its_attempts_or_by_its_verdict() {
    for gone in [
        "DELETE FROM attempt",
        "UPDATE delivery SET verdict_json = '{}'",
    ] {
        let place = version_1();
        place.sqlite().execute_batch(gone).unwrap();
        Log::open(place.path()).unwrap();
        let sources = rows(&place, "source", "delivery").join("");
        assert_eq!(
            sources,
            "[\"listen\"]".repeat(4) + &"[\"test\"]".repeat(3),
            "{gone}"
        );
    }
}

#[test]
fn a_migrated_log_has_the_form_of_a_new_one_and_takes_rows() {
    let place = version_1();
    let writer = place.log().writer().unwrap();
    assert_eq!(schema(&place), schema(&Place::holding(&[])));
    let kept = delivery();
    keep(&writer, &kept).unwrap();
    assert_eq!(newest(&place.reader()).unwrap(), Some(kept));
}

#[test]
fn a_log_with_an_import_of_version_1_gets_all_indexes_of_an_import() {
    let place = version_1();
    let index = "CREATE INDEX delivery_received ON delivery (received_at)";
    place.sqlite().execute_batch(index).unwrap();
    Log::open(place.path()).unwrap();
    let imported = Place::new();
    imported.log().import([delivery()]).unwrap();
    assert_eq!(schema(&place), schema(&imported));
}

#[test]
fn a_listener_of_version_1_goes_on_in_a_log_that_was_migrated_meanwhile() {
    let place = version_1();
    let conn = place.sqlite();
    let old = "INSERT INTO delivery (seq, id, received_at, verdict, verdict_json, method, target, \
               version, headers, body_complete, body) \
               VALUES (100, 'dlv_late', 0, 'valid', '{\"status\":\"valid\"}', 'POST', '/', \
               'HTTP/1.1', '[]', 1, x'')";
    let mut insert = conn.prepare(old).unwrap();
    let log = place.log();
    insert.execute([]).unwrap();
    let late = log.reader().unwrap().get("dlv_late").unwrap();
    assert_eq!(late.source, DeliverySource::Listen);
}

#[test]
fn a_source_that_a_newer_version_has_named_is_no_fault_of_the_row() {
    let place = Place::holding(&[delivery()]);
    let change = "UPDATE delivery SET source = 'emulate'";
    place.sqlite().execute_batch(change).unwrap();
    let read = newest(&place.reader()).unwrap().unwrap();
    assert_eq!(read.source, DeliverySource::Other("emulate".into()));
    assert!(read.to_json().contains("\"source\":\"emulate\""));
}

#[test]
fn a_run_is_found_by_what_was_asked_for() {
    let place = Place::new();
    let writer = place.log().writer().unwrap();
    let run = |number: i64, selection: &str, endpoint: Option<&str>| Run {
        id: format!("run_{number}"),
        started_at: Timestamp::from_seconds(number),
        selection: selection.into(),
        endpoint: endpoint.map(Into::into),
    };
    let runs = [
        run(1, "orders", None),
        run(2, "orders", Some("http://a/")),
        run(3, "orders", Some("http://a/")),
        run(4, "payments", Some("http://a/")),
    ];
    for run in &runs {
        now(writer.begin_run(run)).wait().unwrap();
    }
    let twice = now(writer.begin_run(&runs[0])).wait();
    assert!(
        matches!(twice, Err(StoreError::Conflict { .. })),
        "{twice:?}"
    );
    let reader = place.reader();
    let last = |selection, endpoint| reader.last_run(selection, endpoint).unwrap();
    assert_eq!(last("orders", None).as_ref(), Some(&runs[0]));
    assert_eq!(last("orders", Some("http://a/")).as_ref(), Some(&runs[2]));
    assert_eq!(last("payments", Some("http://a/")).as_ref(), Some(&runs[3]));
    assert_eq!(last("payments", None), None);
    assert_eq!(reader.run("run_2").unwrap().as_ref(), Some(&runs[1]));
    assert_eq!(reader.run("run_9").unwrap(), None);
    assert_eq!(reader.newest_run().unwrap().as_ref(), Some(&runs[3]));
}
