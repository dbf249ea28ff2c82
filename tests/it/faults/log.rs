//! A log that fails while the listener runs: what was not kept is not answered 2xx.

use rusqlite::Connection;

use crate::harness::Sandbox;
use crate::harness::sender::{SECRET, deliver, order};
use crate::listen::durable::kept;

#[test]
fn a_full_disk_is_answered_503_and_the_listener_lives() {
    let sandbox = Sandbox::new();
    // Files of this shell may grow to 256 KiB.
    let script = "ulimit -f 512; exec \"$0\" \"$@\"";
    let program = env!("CARGO_BIN_EXE_webhook");
    let flags = [
        "-c", script, program, "listen", "--json", "--port", "0", "--secret", SECRET,
    ];
    let mut listener = sandbox.listen_by("sh", &flags);
    assert_eq!(deliver(listener.address(), order("small")).0, 200);
    let large = order("large").replace("49.9", &format!("\"{}\"", "x".repeat(1 << 20)));
    let (status, answer) = deliver(listener.address(), &large);
    assert_eq!(status, 503, "{answer}");
    assert!(answer.contains("could not be kept"), "{answer}");
    listener.complains("log");
    assert_eq!(deliver(listener.address(), order("small again")).0, 200);
    assert_eq!(listener.stop().2.code(), Some(0));
    let ids: Vec<_> = kept(&sandbox.log_file())
        .into_iter()
        .filter_map(|d| d.event_id)
        .collect();
    assert_eq!(ids, ["small", "small again"]);
}

/// Once the log has no room for what the `-wal` holds, nothing of it is taken for somebody else's.
#[test]
fn what_a_full_disk_keeps_in_part_is_all_there_once_there_is_room() {
    let sandbox = Sandbox::new();
    // Files of this shell may grow to 10 MiB, and rows are moved into the log every 8 MiB.
    let script = "ulimit -f 20480; exec \"$0\" \"$@\"";
    let program = env!("CARGO_BIN_EXE_webhook");
    let flags = [
        "-c", script, program, "listen", "--json", "--port", "0", "--secret", SECRET,
    ];
    let listener = sandbox.listen_by("sh", &flags);
    let large = |id: &str| order(id).replace("49.9", &format!("\"{}\"", "x".repeat(1 << 20)));
    let mut taken = Vec::new();
    let mut refused = 0;
    while refused < 3 {
        let id = format!("evt_{}", taken.len() + refused);
        match deliver(listener.address(), large(&id)).0 {
            200 => taken.push(id),
            503 => refused += 1,
            status => panic!("{status}"),
        }
    }
    assert!(taken.len() > 12, "{taken:?}");
    assert_eq!(listener.stop().2.code(), Some(0));
    // Nothing limits this listener.
    let listener = sandbox.listen(&["--secret", SECRET]);
    assert_eq!(deliver(listener.address(), order("after")).0, 200);
    taken.push("after".into());
    let ids: Vec<_> = kept(&sandbox.log_file())
        .into_iter()
        .filter_map(|d| d.event_id)
        .collect();
    assert_eq!(ids, taken);
    let log = Connection::open(sandbox.log_file()).unwrap();
    let sound: String = log
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(sound, "ok");
}

#[test]
fn a_locked_log_is_answered_503_and_its_retry_is_no_repeat() {
    let sandbox = Sandbox::new();
    let mut listener = sandbox.listen(&["--secret", SECRET]);
    let other = Connection::open(sandbox.log_file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (status, answer) = deliver(listener.address(), order("evt_1"));
    assert_eq!(status, 503, "{answer}");
    let complaint = listener.complains("locked");
    assert!(complaint.contains("warning"), "{complaint}");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(deliver(listener.address(), order("evt_1")).0, 200);
    let line = listener.next_line();
    assert!(line["duplicate_of"].is_null(), "{line}");
    let kept = kept(&sandbox.log_file());
    assert_eq!(kept.len(), 1);
    assert_eq!(line["id"], kept[0].id);
}

#[test]
fn a_log_that_is_deleted_is_made_anew() {
    let sandbox = Sandbox::new();
    let mut listener = sandbox.listen(&["--secret", SECRET]);
    assert_eq!(deliver(listener.address(), order("before")).0, 200);
    for suffix in ["", "-wal", "-shm"] {
        let mut name = sandbox.log_file().into_os_string();
        name.push(suffix);
        std::fs::remove_file(name).unwrap();
    }
    let (status, _) = deliver(listener.address(), order("after"));
    listener.complains("was deleted, moved or replaced while in use");
    let ids: Vec<_> = kept(&sandbox.log_file())
        .into_iter()
        .filter_map(|d| d.event_id)
        .collect();
    assert_eq!((status, ids), (200, vec!["after".to_owned()]));
}

#[test]
fn a_log_that_is_emptied_in_place_acknowledges_nothing_until_it_is_moved_away() {
    let sandbox = Sandbox::new();
    let mut listener = sandbox.listen(&["--secret", SECRET]);
    assert_eq!(deliver(listener.address(), order("before")).0, 200);
    std::fs::write(sandbox.log_file(), "").unwrap();
    for _ in 0..2 {
        let (status, answer) = deliver(listener.address(), order("refused"));
        assert_eq!(status, 503, "{answer}");
    }
    listener.complains("was emptied or written over while in use");
    assert_eq!(std::fs::read(sandbox.log_file()).unwrap(), b"");
    std::fs::remove_file(sandbox.log_file()).unwrap();
    assert_eq!(deliver(listener.address(), order("after")).0, 200);
    assert_eq!(listener.stop().2.code(), Some(0));
    let kept = kept(&sandbox.log_file());
    let ids: Vec<_> = kept.iter().filter_map(|d| d.event_id.as_deref()).collect();
    assert_eq!(ids, ["after"]);
}

#[test]
fn a_log_whose_folder_is_gone_is_answered_as_it_is_kept() {
    let sandbox = Sandbox::new();
    let listener = sandbox.listen(&["--secret", SECRET]);
    assert_eq!(deliver(listener.address(), order("before")).0, 200);
    std::fs::remove_dir_all(sandbox.home().join(".local")).unwrap();
    let (status, answer) = deliver(listener.address(), order("after"));
    let is_kept = sandbox.log_file().exists() && kept(&sandbox.log_file()).len() == 1;
    assert_eq!(status, if is_kept { 200 } else { 503 }, "{answer}");
    assert_eq!(listener.stop().2.code(), Some(0));
}

#[test]
fn a_reader_does_not_hold_up_the_listener() {
    let sandbox = Sandbox::new();
    let listener = sandbox.listen(&["--secret", SECRET]);
    deliver(listener.address(), order("evt_1"));
    let reader = Connection::open(sandbox.log_file()).unwrap();
    reader
        .execute_batch("BEGIN; SELECT * FROM delivery")
        .unwrap();
    assert_eq!(deliver(listener.address(), order("evt_2")).0, 200);
}
