//! What is not opened, not read, not found, and what is said about it.

use std::fs;

use super::*;

fn refused(place: &Place) -> (StoreError, StoreError) {
    (
        Log::open(place.path()).unwrap_err(),
        Log::open_existing(place.path()).unwrap_err(),
    )
}

fn place_of(content: &[u8]) -> Place {
    let place = Place::new();
    fs::create_dir(place.folder.path().join("data")).unwrap();
    fs::write(place.path(), content).unwrap();
    place
}

#[test]
fn a_log_that_was_never_written_is_missing() {
    let place = Place::new();
    let error = Log::open_existing(place.path()).unwrap_err();
    assert!(matches!(error, StoreError::Missing { .. }), "{error:?}");
    assert!(!place.path().exists());
    let empty = place_of(b"");
    let error = Log::open_existing(empty.path()).unwrap_err();
    assert!(matches!(error, StoreError::Missing { .. }), "{error:?}");
}

#[test]
fn a_newer_version_is_refused() {
    let place = Place::holding(&[]);
    place
        .sqlite()
        .pragma_update(None, "user_version", 7)
        .unwrap();
    let path = place.path();
    let wanted = format!(
        "log `{}` has version `7`, this program reads up to `3`",
        path.display()
    );
    let (open, existing) = refused(&place);
    assert_eq!(
        [open.to_string(), existing.to_string()],
        [wanted.clone(), wanted]
    );
}

#[test]
fn the_database_of_another_program_is_refused_and_left_alone() {
    let place = place_of(b"");
    place
        .sqlite()
        .execute_batch("CREATE TABLE delivery (id)")
        .unwrap();
    let before = fs::read(place.path()).unwrap();
    let (open, existing) = refused(&place);
    assert!(matches!(open, StoreError::Foreign { .. }), "{open:?}");
    assert!(
        matches!(existing, StoreError::Foreign { .. }),
        "{existing:?}"
    );
    assert_eq!(fs::read(place.path()).unwrap(), before);
}

#[test]
fn a_file_of_another_kind_is_refused_and_left_alone() {
    let text = "not a database, but long enough to be one ".repeat(100);
    let place = place_of(text.as_bytes());
    let (open, existing) = refused(&place);
    assert!(matches!(open, StoreError::NotADatabase { .. }), "{open:?}");
    assert!(
        matches!(existing, StoreError::NotADatabase { .. }),
        "{existing:?}"
    );
    assert_eq!(fs::read(place.path()).unwrap(), text.as_bytes());
}

#[test]
fn damaged_pages_are_an_error() {
    let deliveries: Vec<_> = (0..200).map(|_| delivery()).collect();
    let place = Place::holding(&deliveries);
    let mut bytes = fs::read(place.path()).unwrap();
    bytes.iter_mut().skip(8192).for_each(|byte| *byte = 0x5A);
    fs::write(place.path(), bytes).unwrap();
    let error = place.reader().recent(300).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error() {
    let place = Place::new();
    fs::write(place.folder.path().join("data"), "a file").unwrap();
    let error = Log::open(place.path()).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error:?}");
    assert!(error.to_string().contains("data/log.db` cannot be opened"));
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_what_was_received() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let writer = place.log().writer().unwrap();
    keep(&writer, &delivery()).unwrap();
    let folder = place.folder.path().join("data");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for name in ["log.db", "log.db-wal", "log.db-shm"] {
        assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
    }
}

#[test]
fn a_row_that_was_spoiled_by_hand_is_named() {
    for (change, cause) in [
        ("headers = '{'", "`headers`: not a capture"),
        (
            "verdict_json = '{}'",
            "`verdict_json`: missing field `status`",
        ),
        ("response_status = 70000", "70000"),
        ("method = x'ff'", "method"),
    ] {
        let d = delivery();
        let place = Place::holding(std::slice::from_ref(&d));
        place
            .sqlite()
            .execute(&format!("UPDATE delivery SET {change}"), [])
            .unwrap();
        let error = newest(&place.reader()).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("delivery `{}` in log", d.id)),
            "{error}"
        );
        assert!(error.contains(cause), "{error}");
    }
}

#[test]
fn a_spoiled_attempt_is_named_too() {
    for change in [
        "cause = 'whim'",
        "signing = 'twice'",
        "status = NULL",
        "url = NULL",
    ] {
        let place = Place::new();
        let sent = attempt("dlv_1", Ok(200));
        keep_attempt(&place.log().writer().unwrap(), &sent, None);
        let conn = place.sqlite();
        conn.execute_batch(
            "CREATE TABLE copy AS SELECT * FROM attempt; DROP TABLE attempt; \
             ALTER TABLE copy RENAME TO attempt",
        )
        .unwrap();
        conn.execute(&format!("UPDATE attempt SET {change}"), [])
            .unwrap();
        let error = place.reader().attempts_of("dlv_1").unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("attempt `{}` in log", sent.id)),
            "{error}"
        );
    }
}

#[test]
fn an_id_is_found_by_its_beginning_alone() {
    let with_id = |id: &str| Delivery {
        id: id.into(),
        ..delivery()
    };
    let place = Place::holding(&["dlv_01AB", "dlv_01ABC", "dlv_01AX", "mine"].map(with_id));
    let reader = place.reader();
    let found = |text: &str| reader.get(text).map(|delivery| delivery.id);
    for (text, id) in [
        ("dlv_01AX", "dlv_01AX"),
        ("dlv_01AB", "dlv_01AB"),
        ("dlv_01ax", "dlv_01AX"),
        ("01abc", "dlv_01ABC"),
        ("mi", "mine"),
    ] {
        assert_eq!(found(text).unwrap(), id);
    }
    for text in ["", "dlv_02", "%", "dlv_01ABCD"] {
        assert!(
            matches!(found(text), Err(LookupError::NotFound { .. })),
            "{text}"
        );
    }
    let Err(LookupError::Ambiguous { candidates, .. }) = found("01A") else {
        panic!("several ids begin so");
    };
    assert_eq!(candidates, ["dlv_01AB", "dlv_01ABC", "dlv_01AX"]);
}

#[test]
fn what_stands_before_a_row_that_cannot_be_read_is_handed_over() {
    let deliveries = [delivery(), delivery(), delivery()];
    let place = Place::holding(&deliveries);
    let spoil = "UPDATE delivery SET headers = 'x' WHERE seq = 2";
    place.sqlite().execute_batch(spoil).unwrap();
    let mut seen = Vec::new();
    let read = place.reader().select(&Query::default(), |delivery| {
        seen.push(delivery.id);
        Ok::<_, StoreError>(())
    });
    assert!(matches!(read, Err(StoreError::BadRow { .. })), "{read:?}");
    assert_eq!(seen, [deliveries[0].id.clone()]);
}
