//! `webhook log`: the list and its filters.

use super::*;

#[test]
fn the_table_has_a_line_each_with_the_newest_last() {
    let sandbox = filled(&numbered(3));
    add_attempt(&sandbox, attempt(1, id(0), Ok(answer(200, "ok"))));
    add_attempt(&sandbox, attempt(2, id(1), Ok(answer(200, "ok"))));
    add_attempt(&sandbox, attempt(3, id(1), Err(refused())));
    let run = sandbox.run(&["log"]).expect(0);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 4, "{}", run.stdout);
    assert!(lines[0].starts_with("#  TIME"));
    for (number, last) in [(0, "→ 200"), (1, "→ refused"), (2, "-")] {
        let line = lines[number + 1];
        assert!(line.ends_with(last), "{line}");
        for part in [
            &id(number),
            "olympus",
            "order.created",
            "✓ valid",
            " ago",
            " B ",
        ] {
            assert!(line.contains(part), "{part}: {line}");
        }
    }
    assert_eq!(run.stderr, "");
}

#[test]
fn json_is_the_capture_as_it_came_also_where_a_terminal_would_obey_it() {
    let hostile = with(
        capture(1),
        &[
            ("/request/body", HOSTILE.into()),
            ("/request/body_bytes", HOSTILE.len().into()),
        ],
    );
    let captures = [capture(0), hostile];
    let run = filled(&captures).run(&["log", "--json"]).expect(0);
    assert_eq!(run.json_lines(), captures);
    assert_eq!(run.stderr, "");
}

#[test]
fn people_see_the_newest_fifty_and_how_many_there_are_besides() {
    let sandbox = filled(&numbered(62));
    let run = sandbox.run(&["log"]).expect(0);
    assert_eq!(run.stdout.lines().count(), 51);
    assert!(!run.stdout.contains(&id(11)) && run.stdout.contains(&id(12)));
    assert_eq!(run.stderr, "… and 12 older: --limit\n");

    let all = sandbox.run(&["log", "--limit", "100"]).expect(0);
    assert_eq!((all.stdout.lines().count(), all.stderr.as_str()), (63, ""));
    let two = sandbox.run(&["log", "-n", "2"]).expect(0);
    assert_eq!((two.stdout.lines().count(), two.stderr.as_str()), (3, ""));
    assert_eq!(ids(&sandbox.run(&["log", "--json"])).len(), 62);
    assert_eq!(
        ids(&sandbox.run(&["log", "--json", "-n", "2"])),
        [id(60), id(61)]
    );
}

#[test]
fn filters_hold_together() {
    let sandbox = filled(&[
        capture(0),
        with(capture(1), &[("/event", "order.updated".into())]),
        with(
            capture(2),
            &[
                ("/provider", "cimplify".into()),
                ("/event", "payment.failed".into()),
            ],
        ),
        with(
            capture(3),
            &[
                ("/verdict/status", "mismatch".into()),
                ("/event", Value::Null),
            ],
        ),
        with(
            capture(4),
            &[("/request/body", "{\"sku\":\"Blue Shirt\"}".into())],
        ),
    ]);
    add_attempt(&sandbox, attempt(1, id(1), Ok(answer(500, "no"))));
    add_attempt(&sandbox, attempt(2, id(0), Ok(answer(500, "no"))));
    add_attempt(&sandbox, attempt(3, id(0), Ok(answer(204, ""))));
    let cases: [(&[&str], &[usize]); 13] = [
        (&[], &[0, 1, 2, 3, 4]),
        (&["--event", "order.*"], &[0, 1, 4]),
        (&["--event", "order.*,!order.updated"], &[0, 4]),
        (
            &["--events", "payment.*", "--event", "order.updated"],
            &[1, 2],
        ),
        (&["--provider", "cimplify"], &[2]),
        (&["--verdict", "mismatch,stale"], &[3]),
        (&["--since", "1768732203"], &[3, 4]),
        (&["--until", "2026-01-18T10:30:02Z"], &[0, 1]),
        (&["--since", "1768732201", "--until", "1768732203"], &[1, 2]),
        (&["--failed"], &[1]),
        (&["--search", "blue shirt"], &[4]),
        (
            &["--event", "order.*", "--verdict", "valid", "--limit", "1"],
            &[4],
        ),
        (&["--limit", "0"], &[]),
    ];
    for (filters, expected) in cases {
        let args = [&["log", "--json"], filters].concat();
        let expected: Vec<_> = expected.iter().map(|number| id(*number)).collect();
        assert_eq!(ids(&sandbox.run(&args).expect(0)), expected, "{filters:?}");
    }
}

#[test]
fn an_empty_selection_is_told_on_stderr_and_no_error() {
    let sandbox = filled(&numbered(1));
    for json in [&[][..], &["--json"]] {
        for (filters, said, code) in [
            (
                ["--event", "order.craeted"],
                "did you mean `order.created`?",
                2,
            ),
            (["--event", "payment.*"], "no delivery matches\n", 0),
            (["--source", "send"], "`send` keeps nothing", 0),
            (["--event", "payment.failed"], "no delivery matches\n", 0),
        ] {
            let run = sandbox
                .run(&[&["log"], json, &filters].concat())
                .expect(code);
            assert_eq!(run.stdout, "");
            assert!(run.stderr.contains(said), "{}", run.stderr);
        }
    }
    sandbox.run(&["log", "prune", "--keep", "0"]).expect(0);
    let run = sandbox.run(&["log"]).expect(0);
    assert_eq!(
        (run.stdout.as_str(), run.stderr.as_str()),
        ("", "note: the log holds no delivery\n")
    );
}

#[test]
fn wrong_filters_are_wrong_usage_and_the_hint_helps() {
    let sandbox = filled(&numbered(1));
    let cases: [(&[&str], &str); 8] = [
        (&["--verdict", "mismatched"], "did you mean `mismatch`?"),
        (&["--verdict", "x"], "one of `valid`, `mismatch`"),
        (&["--provider", "olympos"], "did you mean `olympus`?"),
        (&["--event", "order.*,,x"], "patterns look like `order.*`"),
        (&["--event", "!"], "patterns look like `order.*`"),
        (
            &["--since", "-1m", "--until", "-2m"],
            "nothing lies between",
        ),
        (&["--since", "yesterday"], "is not a time such as"),
        (&["--json", "show", "@last"], "put them behind it"),
    ];
    for (filters, said) in cases {
        let run = sandbox.run(&[&["log"], filters].concat()).expect(2);
        assert_eq!(run.stdout, "", "{filters:?}");
        assert!(run.stderr.contains(said), "{filters:?}: {}", run.stderr);
    }
}

#[test]
fn a_long_log_streams_and_a_closed_pipe_ends_it_quietly() {
    const ROWS: usize = 20_000;
    let sandbox = filled(&numbered(ROWS));
    assert_eq!(ids(&sandbox.run(&["log", "--json"]).expect(0)).len(), ROWS);
    let args: [&[&str]; 3] = [
        &["log", "--json"],
        &["log", "export"],
        &["log", "export", "--format", "har"],
    ];
    for args in args {
        let (first, stderr, status) = first_line(&sandbox, args);
        assert!(!first.is_empty(), "{args:?}");
        assert_eq!((stderr.as_str(), status.code()), ("", Some(0)), "{args:?}");
    }
}

/// Reads one line and goes away, as `head -1` does.
fn first_line(sandbox: &Sandbox, args: &[&str]) -> (String, String, ExitStatus) {
    let mut command = sandbox.command(args);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let output = child.wait_with_output().unwrap();
    (
        line,
        String::from_utf8(output.stderr).unwrap(),
        output.status,
    )
}

#[test]
fn listing_goes_on_while_another_process_writes() {
    const ROWS: usize = 4_000;
    let sandbox = filled(&numbered(1));
    let more = ndjson(&(1..ROWS).map(capture).collect::<Vec<_>>());
    let file = sandbox.file("more.ndjson", more);
    let mut command = sandbox.command(&["log", "import", file.to_str().unwrap()]);
    let mut writer = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut before = 1;
    while writer.try_wait().unwrap().is_none() {
        let listed = ids(&sandbox.run(&["log", "--json"]).expect(0));
        let expected: Vec<_> = (0..listed.len()).map(id).collect();
        assert_eq!(listed, expected);
        assert!(listed.len() >= before);
        before = listed.len();
    }
    assert_eq!(writer.wait().unwrap().code(), Some(0));
    assert_eq!(ids(&sandbox.run(&["log", "--json"])).len(), ROWS);
}

#[test]
fn none_asked_for_is_not_none_that_matches() {
    let sandbox = filled(&numbered(2));
    let lists: [&[&str]; 3] = [
        &["-n", "0"],
        &["--limit", "0", "--json"],
        &["export", "-n0"],
    ];
    for list in lists {
        let run = sandbox.run(&[&["log"], list].concat()).expect(0);
        assert_eq!(run.stdout, "", "{list:?}");
        assert!(run.stderr.contains("asks for none"), "{}", run.stderr);
    }
}

#[test]
fn an_event_that_nobody_has_is_an_error_wherever_deliveries_are_chosen() {
    let sandbox = filled(&numbered(1));
    let nowhere = sandbox.home().join("none.db");
    let nowhere = nowhere.to_str().unwrap();
    let ways: [&[&str]; 5] = [
        &["log"],
        &["log", "export"],
        &["log", "tail"],
        &["log", "--log", nowhere, "tail"],
        &["replay", "--url", "1"],
    ];
    for way in ways {
        let run = sandbox.run(&[way, &["--event", "order.craeted"]].concat());
        let run = run.expect(2);
        assert!(run.stderr.contains("`order.created`"), "{}", run.stderr);
    }
    // A pattern may fit what comes one day: it is told.
    let run = sandbox.run(&["log", "--event", "nosuch.*"]).expect(0);
    let told = "no delivery matches: no provider has an event like `nosuch.*`";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    let run = sandbox
        .run(&["log", "-p", "stripe", "--event", "order.*"])
        .expect(0);
    assert!(
        run.stderr.ends_with("no delivery matches\n"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_filter_is_one_line_wherever_deliveries_are_chosen() {
    let paid = with(
        capture(1),
        &[(
            "/request/body",
            r#"{"type":"order.paid","data":{"total":"129.50"}}"#.into(),
        )],
    );
    let sandbox = filled(&[capture(0), paid, capture(2)]);
    add_attempt(&sandbox, attempt(1, id(2), Ok(answer(502, "no"))));
    for (filter, numbers) in [
        ("body.data.total>100", &[1][..]),
        ("-body.data.total", &[0, 2]),
        ("status:5xx", &[2]),
        ("provider:olympus \"129.50\" event:order.*", &[1]),
        ("since:2026-01-18T10:30:01Z -is:failed", &[1]),
    ] {
        let run = sandbox
            .run(&["log", "--json", "--filter", filter])
            .expect(0);
        let found: Vec<_> = run.json_lines().iter().map(|it| it["id"].clone()).collect();
        let wanted: Vec<_> = numbers
            .iter()
            .map(|number| Value::from(id(*number)))
            .collect();
        assert_eq!(found, wanted, "{filter}");
    }
    let url = "http://127.0.0.1:1/";
    let replay = ["replay", "--dry-run", "--json", "--url", url, "--filter"];
    let run = sandbox
        .run(&[&replay[..], &["body.data.total>100"]].concat())
        .expect(0);
    assert_eq!(run.json_lines().len(), 1);
}

#[test]
fn what_is_wrong_in_a_filter_is_told_with_its_place() {
    let sandbox = filled(&numbered(1));
    let run = sandbox
        .run(&["log", "--filter", "verdict:valid evnt:order.*"])
        .expect(2);
    assert_eq!(
        run.stderr,
        "error: `--filter`, column 15: there is no field `evnt`\nhint: did you mean `event`?\n"
    );
}

#[test]
fn the_help_names_every_field_of_a_filter() {
    let help = Sandbox::new().run(&["log", "--help"]).expect(0).stdout;
    for field in webhook_cli::filter::FIELDS {
        let name = field.name.trim_end_matches('.');
        assert!(help.contains(&format!("`{name}")), "{name}");
    }
}
