//! What happens to a log in use: taken away, full, pruned, followed.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::*;

/// Everything that `SQLite` keeps for the log.
const FILES: [&str; 3] = ["log.db", "log.db-wal", "log.db-shm"];

#[test]
fn a_deleted_log_is_made_anew_before_anything_is_acknowledged() {
    for gone in [&FILES[..1], &FILES[..2], &FILES[..]] {
        let place = Place::new();
        let writer = place.log().writer().unwrap();
        keep(&writer, &delivery()).unwrap();
        for name in gone {
            fs::remove_file(place.path().with_file_name(name)).unwrap();
        }
        let [first, second] = [delivery(), delivery()];
        keep(&writer, &first).unwrap();
        keep(&writer, &second).unwrap();
        assert_eq!(all(&place.reader(), &Query::default()), [first, second]);
    }
}

/// Whoever writes again at once leaves the lock free for no time at all.
#[test]
fn a_prune_gets_its_turn_beside_one_who_never_stops_writing() {
    let place = Place::new();
    let log = place.log();
    let writer = log.writer().unwrap();
    for _ in 0..3 {
        keep(&writer, &delivery()).unwrap();
    }
    let (is_over, path) = (AtomicBool::new(false), place.path());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let busy = rusqlite::Connection::open(path).unwrap();
            busy.busy_timeout(Duration::from_secs(60)).unwrap();
            while !is_over.load(Ordering::Relaxed) {
                let write = "BEGIN IMMEDIATE; UPDATE delivery SET remote = 'busy'; COMMIT";
                busy.execute_batch(write).unwrap();
            }
        });
        let pruned = log.prune(None, Some(1));
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(pruned.unwrap().deliveries, 2);
    });
}

#[test]
fn a_deleted_folder_is_made_anew() {
    let place = Place::new();
    let writer = place.log().writer().unwrap();
    keep(&writer, &delivery()).unwrap();
    fs::remove_dir_all(place.path().parent().unwrap()).unwrap();
    let kept = delivery();
    keep(&writer, &kept).unwrap();
    assert_eq!(all(&place.reader(), &Query::default()), [kept]);
}

#[test]
fn a_deleted_wal_loses_nothing() {
    let place = Place::new();
    let writer = place.log().writer().unwrap();
    let [first, second] = [delivery(), delivery()];
    keep(&writer, &first).unwrap();
    fs::remove_file(place.path().with_file_name("log.db-wal")).unwrap();
    keep(&writer, &second).unwrap();
    let both = [first, second];
    assert_eq!(all(&place.reader(), &Query::default()), both);
    drop(writer);
    assert_eq!(all(&place.reader(), &Query::default()), both);
}

#[test]
fn who_reads_a_log_that_was_deleted_goes_on_reading_that_one() {
    let place = Place::new();
    let writer = place.log().writer().unwrap();
    let [old, between, new] = [delivery(), delivery(), delivery()];
    keep(&writer, &old).unwrap();
    let reader = place.reader();
    assert_eq!(reader.get(&old.id).unwrap(), old);
    fs::remove_file(place.path()).unwrap();
    keep(&writer, &between).unwrap();
    keep(&writer, &new).unwrap();
    // The second was in the old file before it was seen that nobody would find it there.
    let [in_old, in_new] = [[old, between.clone()], [between, new]];
    assert_eq!(all(&reader, &Query::default()), in_old);
    assert_eq!(all(&place.reader(), &Query::default()), in_new);
}

#[test]
fn an_import_into_a_log_that_is_taken_away_is_an_error() {
    let place = Place::new();
    let taken_away = (0..2).map(|n| {
        if n == 1 {
            fs::remove_file(place.path()).unwrap();
        }
        delivery()
    });
    let error = place.log().import(taken_away).unwrap_err();
    assert!(matches!(error, StoreError::Replaced { .. }), "{error:?}");
}

#[test]
fn what_has_a_receipt_survives_a_crash() {
    let place = Place::new();
    let writer = place.log().writer().unwrap();
    for _ in 0..5 {
        let d = delivery();
        keep(&writer, &d).unwrap();
        let crashed = Place::new();
        let folder = crashed.path();
        fs::create_dir(folder.parent().unwrap()).unwrap();
        for name in &FILES[..2] {
            let left = place.path().with_file_name(name);
            fs::copy(left, folder.with_file_name(name)).unwrap();
        }
        assert_eq!(newest(&crashed.reader()).unwrap(), Some(d));
    }
}

#[test]
fn a_log_that_was_renamed_keeps_its_rows_and_a_new_one_begins() {
    let place = Place::new();
    let writer = place.log().writer().unwrap();
    let [old, new] = [delivery(), delivery()];
    keep(&writer, &old).unwrap();
    let aside = place.path().with_file_name("aside.db");
    fs::rename(place.path(), &aside).unwrap();
    keep(&writer, &new).unwrap();
    assert_eq!(all(&place.reader(), &Query::default()), [new]);
    let aside = Log::open_existing(aside).unwrap().reader().unwrap();
    assert_eq!(aside.get(&old.id).unwrap(), old);
}

#[test]
fn a_log_that_was_replaced_by_another_goes_on_in_that_one() {
    let place = Place::new();
    let writer = place.log().writer().unwrap();
    keep(&writer, &delivery()).unwrap();
    let [theirs, new] = [delivery(), delivery()];
    let other = Place::holding(std::slice::from_ref(&theirs));
    fs::rename(other.path(), place.path()).unwrap();
    keep(&writer, &new).unwrap();
    assert_eq!(all(&place.reader(), &Query::default()), [theirs, new]);
}

#[test]
fn a_log_that_was_replaced_by_something_else_is_an_error_until_it_is_gone() {
    let place = Place::new();
    let writer = place.log().writer().unwrap();
    keep(&writer, &delivery()).unwrap();
    fs::remove_file(place.path()).unwrap();
    fs::write(place.path(), "something else entirely".repeat(100)).unwrap();
    let kept = delivery();
    for _ in 0..2 {
        let error = keep(&writer, &kept).unwrap_err();
        assert!(
            matches!(error, StoreError::NotADatabase { .. }),
            "{error:?}"
        );
    }
    fs::remove_file(place.path()).unwrap();
    keep(&writer, &kept).unwrap();
    assert_eq!(place.reader().get(&kept.id).unwrap(), kept);
}

#[test]
fn a_prune_by_age_takes_the_attempts_along_and_gives_the_space_back() {
    let moment = |n: i64| Timestamp::from_seconds(1_000 + n);
    let body = vec![0x5A; 20_000];
    let deliveries: Vec<_> = (0..100)
        .map(|n| Delivery {
            received_at: moment(n),
            request: Request::post("/", Headers::new(), body.clone()),
            ..delivery()
        })
        .collect();
    let place = Place::holding(&deliveries);
    let writer = place.log().writer().unwrap();
    for of in [&deliveries[0].id, &deliveries[99].id, "dlv_forged"] {
        let sent = Attempt {
            started_at: moment(1),
            ..attempt(of, Ok(200))
        };
        keep_attempt(&writer, &sent, None);
    }
    drop(writer);
    let size = || fs::metadata(place.path()).unwrap().len();
    let before = size();
    let pruned = place.log().prune(Some(moment(90)), None).unwrap();
    assert_eq!((pruned.deliveries, pruned.attempts), (90, 2));
    assert_eq!(pruned.bytes, before - size());
    assert!(pruned.bytes > 90 * 20_000);
    let reader = place.reader();
    assert_eq!(all(&reader, &Query::default()), deliveries[90..]);
    assert_eq!(reader.attempts_of(&deliveries[99].id).unwrap().len(), 1);
}

#[test]
fn a_prune_by_number_keeps_the_newest() {
    let deliveries: Vec<_> = (0..10).map(|_| delivery()).collect();
    let place = Place::holding(&deliveries);
    let log = place.log();
    assert_eq!(
        log.prune(None, None).unwrap(),
        crate::store::Pruned::default()
    );
    assert_eq!(log.prune(None, Some(10)).unwrap().deliveries, 0);
    assert_eq!(log.prune(None, Some(3)).unwrap().deliveries, 7);
    assert_eq!(all(&place.reader(), &Query::default()), deliveries[7..]);
    assert_eq!(log.prune(None, Some(0)).unwrap().deliveries, 3);
    assert_eq!(place.reader().counts().unwrap().0, 0);
}

#[test]
fn a_prune_and_a_writer_get_along() {
    let deliveries: Vec<_> = (0..3000).map(|_| delivery()).collect();
    let place = Place::holding(&deliveries);
    let log = place.log();
    let writer = log.writer().unwrap();
    std::thread::scope(|scope| {
        let prune = scope.spawn(|| log.prune(Some(Timestamp::from_seconds(i64::MAX)), None));
        while !prune.is_finished() {
            let late = Delivery {
                received_at: Timestamp::from_micros(i64::MAX),
                ..delivery()
            };
            keep(&writer, &late).unwrap();
        }
        assert_eq!(prune.join().unwrap().unwrap().deliveries, 3000);
    });
}

#[test]
fn following_shows_each_delivery_once() {
    let place = Place::holding(&[delivery()]);
    let writer = place.log().writer().unwrap();
    let reader = place.reader();
    let seen = std::cell::RefCell::new(Vec::new());
    let visit = |delivery: Delivery| -> Result<(), StoreError> {
        seen.borrow_mut().push(delivery.id);
        Ok(())
    };
    let mut at = reader.end().unwrap();
    let mut sent = Vec::new();
    for round in 0..5 {
        for _ in 0..round {
            let d = delivery();
            keep(&writer, &d).unwrap();
            sent.push(d.id);
        }
        at = reader.follow(at, &Query::default(), visit).unwrap();
    }
    assert_eq!(*seen.borrow(), sent);
    // The places of what is pruned are not given to what comes after.
    place.log().prune(None, Some(0)).unwrap();
    at = reader.follow(at, &Query::default(), visit).unwrap();
    keep(&writer, &delivery()).unwrap();
    reader.follow(at, &Query::default(), visit).unwrap();
    assert_eq!(seen.borrow().len(), sent.len() + 1);
}

#[test]
fn following_takes_page_after_page_and_ends_with_the_first_error() {
    let deliveries: Vec<_> = (0..600).map(|_| delivery()).collect();
    let place = Place::holding(&deliveries);
    let reader = place.reader();
    let follow = |most: usize| {
        let mut seen = Vec::new();
        let visit = |delivery| {
            seen.push(delivery);
            if seen.len() == most {
                Err(StoreError::Stopped)
            } else {
                Ok(())
            }
        };
        let end = reader.follow(Position::START, &Query::default(), visit);
        (end, seen)
    };
    let (end, seen) = follow(usize::MAX);
    assert_eq!(end.unwrap(), reader.end().unwrap());
    assert_eq!(seen, deliveries);
    let (end, seen) = follow(300);
    assert!(matches!(end, Err(StoreError::Stopped)), "{end:?}");
    assert_eq!(seen, deliveries[..300]);
}

#[test]
fn what_test_has_sent_takes_no_place_of_what_was_received_in_a_prune() {
    let [received, tested] = ["listen", "test"].map(DeliverySource::named);
    let of = |source: &DeliverySource| Delivery {
        source: source.clone(),
        ..delivery()
    };
    let deliveries: Vec<_> = (0..5)
        .flat_map(|_| [of(&received), of(&tested), of(&tested)])
        .collect();
    let place = Place::holding(&deliveries);
    let log = place.log();
    let left = || {
        let left = all(&place.reader(), &everything());
        let tests = left.iter().filter(|d| d.source == tested).count();
        (left.len() - tests, tests)
    };
    assert_eq!(log.prune(None, Some(5)).unwrap().deliveries, 5);
    assert_eq!(left(), (5, 5));
    assert_eq!(log.prune(None, Some(3)).unwrap().deliveries, 4);
    assert_eq!(left(), (3, 3));
    let later = Some(Timestamp::from_seconds(i64::MAX / 1_000_000));
    assert_eq!(log.prune(later, None).unwrap().deliveries, 6);
}

#[test]
fn a_prune_takes_bulk_replays_of_which_nothing_is_left() {
    let place = Place::new();
    let writer = place.log().writer().unwrap();
    for (id, at) in [("run_gone", 10), ("run_with_attempts", 10), ("run_new", 30)] {
        let run = crate::store::Run {
            id: id.into(),
            started_at: Timestamp::from_seconds(at),
            selection: "orders".into(),
            endpoint: None,
        };
        now(writer.begin_run(&run)).wait().unwrap();
    }
    let late = attempt("dlv_1", Ok(200));
    keep_attempt(&writer, &late, Some("run_with_attempts"));
    place
        .log()
        .prune(Some(Timestamp::from_seconds(20)), None)
        .unwrap();
    let reader = place.reader();
    let is_there = |id| reader.run(id).unwrap().is_some();
    let there = ["run_gone", "run_with_attempts", "run_new"].map(is_there);
    assert_eq!(there, [false, true, true]);
}
