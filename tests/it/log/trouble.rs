//! Logs that are not there, not ours, damaged, or of another version.

use super::*;

/// Every subcommand that reads a log.
const READING: [&[&str]; 6] = [
    &["log"],
    &["log", "--json"],
    &["log", "show", "@last"],
    &["log", "export"],
    &["log", "diff", "@last", "@last~1"],
    &["log", "prune", "--keep", "1"],
];

/// Runs all that read, and one that writes; each must fail as an unreadable log does.
fn expect_trouble(sandbox: &Sandbox, said: &str) {
    let file = sandbox.file("one.ndjson", ndjson(&numbered(1)));
    let import = ["log", "import", file.to_str().unwrap()];
    for args in READING.into_iter().chain([&import[..], &["log", "tail"]]) {
        let run = sandbox.run(args).expect(4);
        assert_eq!(run.stdout, "", "{args:?}");
        assert!(
            run.stderr.starts_with("error: "),
            "{args:?}: {}",
            run.stderr
        );
        assert!(run.stderr.contains(said), "{args:?}: {}", run.stderr);
        assert_eq!(run.stderr.lines().count(), 2, "{args:?}: {}", run.stderr);
    }
}

#[test]
fn without_a_log_the_hint_says_what_makes_one() {
    let sandbox = Sandbox::new();
    for args in READING {
        let run = sandbox.run(args).expect(4);
        assert_eq!(run.stdout, "", "{args:?}");
        assert!(
            run.stderr.contains("error: there is no log at `"),
            "{}",
            run.stderr
        );
        assert!(
            run.stderr.contains("hint: `webhook listen` makes one"),
            "{}",
            run.stderr
        );
    }
    assert!(!sandbox.log_file().exists(), "reading makes no log");
}

#[test]
fn a_file_of_something_else_is_refused_and_left_alone() {
    let sandbox = filled(&numbered(1));
    let text = "this is no database at all, and long enough to have a header\n".repeat(20);
    std::fs::write(sandbox.log_file(), &text).unwrap();
    expect_trouble(&sandbox, "is not a SQLite database");
    assert_eq!(std::fs::read_to_string(sandbox.log_file()).unwrap(), text);

    std::fs::remove_file(sandbox.log_file()).unwrap();
    let conn = rusqlite::Connection::open(sandbox.log_file()).unwrap();
    conn.execute_batch("CREATE TABLE other (x)").unwrap();
    drop(conn);
    expect_trouble(&sandbox, "but not a webhook log");
}

#[test]
fn a_newer_log_is_refused_with_both_versions() {
    let sandbox = filled(&numbered(1));
    let conn = rusqlite::Connection::open(sandbox.log_file()).unwrap();
    conn.pragma_update(None, "user_version", 99).unwrap();
    drop(conn);
    expect_trouble(&sandbox, "has version `99`, this program reads up to `3`");
}

#[test]
fn damaged_pages_are_named_as_such() {
    let sandbox = filled(&numbered(500));
    let mut bytes = std::fs::read(sandbox.log_file()).unwrap();
    // All but the first page, which holds the header and the schema.
    let page = 8192.min(bytes.len());
    bytes[page..].fill(0xa5);
    std::fs::write(sandbox.log_file(), bytes).unwrap();
    let run = sandbox.run(&["log", "--json"]).expect(4);
    assert!(run.stderr.contains("is damaged"), "{}", run.stderr);
    assert!(
        run.stderr.contains("hint: keep a copy of the file"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_row_that_was_edited_by_hand_is_named() {
    let sandbox = filled(&numbered(2));
    let conn = rusqlite::Connection::open(sandbox.log_file()).unwrap();
    conn.execute("UPDATE delivery SET headers = 'x' WHERE id = ?1", [id(1)])
        .unwrap();
    drop(conn);
    let run = sandbox.run(&["log", "--json"]).expect(4);
    assert!(
        run.stderr.contains(&id(1)) && run.stderr.contains("`headers`"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_log_where_nothing_can_be_written_is_an_error() {
    let sandbox = Sandbox::new();
    let file = sandbox.file("a-file", "");
    let log = file.join("log.db");
    let input = ndjson(&numbered(1));
    let args = ["log", "--log", log.to_str().unwrap(), "import", "-"];
    let run = sandbox.run_with(&args, input.as_bytes()).expect(4);
    assert!(run.stderr.contains("log.db` "), "{}", run.stderr);
    assert_eq!(run.stdout, "");
}

#[test]
fn the_log_can_be_named_before_and_behind_a_subcommand_and_by_a_variable() {
    let input = ndjson(&numbered(1));
    for args in [
        ["log", "--log", "x.db", "import", "-"],
        ["log", "import", "--log", "x.db", "-"],
    ] {
        let sandbox = Sandbox::new();
        sandbox.run_with(&args, input.as_bytes()).expect(0);
        assert!(sandbox.folder().join("x.db").is_file() && !sandbox.log_file().exists());
        let listed = sandbox.run(&["--log", "x.db", "log", "--json"]).expect(0);
        assert_eq!(ids(&listed), [id(0)]);
    }
    let sandbox = Sandbox::new().with("WEBHOOK_LOG", "y.db");
    sandbox
        .run_with(&["log", "import", "-"], input.as_bytes())
        .expect(0);
    assert!(sandbox.folder().join("y.db").is_file());
}
