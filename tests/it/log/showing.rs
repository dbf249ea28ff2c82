//! `webhook log show` and `webhook log diff`.

use super::*;

#[test]
fn a_delivery_is_shown_whole_and_harmless() {
    let hostile = with(
        capture(1),
        &[
            ("/request/body", HOSTILE.into()),
            ("/request/headers/0", json!(["X-Evil", "\u{1b}[2J\u{202e}"])),
            ("/event", "order\u{7}".into()),
            ("/verdict/status", "mismatch".into()),
            (
                "/verdict/reason",
                "the body has a line end at its end".into(),
            ),
            ("/duplicate_of", id(0).into()),
        ],
    );
    let sandbox = filled(&[capture(0), hostile]);
    add_attempt(&sandbox, attempt(1, id(1), Ok(answer(500, "it broke"))));
    add_attempt(&sandbox, attempt(2, id(1), Err(refused())));
    let run = sandbox.run(&["log", "show", "@last"]).expect(0);
    assert_eq!(run.stderr, "");
    assert!(is_harmless(&run.stdout), "{:?}", run.stdout);
    let parts = [
        "✗ mismatch  dlv_",
        "olympus (t,v1)",
        "order\\x07",
        "the body has a line end at its end",
        "2026-01-18 10:30:01.000000 +00:00, ",
        "127.0.0.1:50812",
        "evt_1",
        "answered",
        "POST /hook?shop=1 HTTP/1.1",
        "X-Evil: \\x1b[2J\\u{202e}",
        "Content-Type: application/json",
        "\"note\": \"\\u007f\\u009b2J\\u202e\"",
        "500",
        "it broke",
        "refused",
        "att_01JD",
    ];
    let mut rest = run.stdout.as_str();
    for part in parts {
        let at = rest
            .find(part)
            .unwrap_or_else(|| panic!("{part} in {}", run.stdout));
        rest = &rest[at..];
    }
    let again = format!("again     same event as {}", id(0));
    assert!(run.stdout.contains(&again), "{}", run.stdout);
}

#[test]
fn every_spelling_of_an_id_finds_its_delivery() {
    let captures = [
        capture(7),
        with(
            capture(8),
            &[("/id", "dlv_01KDABCDEFGHJKMNPQRSTVWXYZ".into())],
        ),
        capture(9),
    ];
    let sandbox = filled(&captures);
    let show = |id: &str| sandbox.run(&["log", "show", "--json", id]);
    let full = "dlv_01KDABCDEFGHJKMNPQRSTVWXYZ";
    for spelling in [full, "dlv_01KD", "01KD", "01kdabc", "@last~1"] {
        assert_eq!(ids(&show(spelling).expect(0)), [full], "{spelling}");
    }
    assert_eq!(ids(&show("@last").expect(0)), [id(9)]);
    assert_eq!(ids(&show("@last~2").expect(0)), [id(7)]);
    for (wrong, said) in [
        ("01J", "is the beginning of several ids"),
        ("dlv_09", "nothing in the log has the id `dlv_09`"),
        ("@last~3", "the log does not go back to `@last~3`"),
        ("@lats", "neither `@last` nor `@last~N`"),
        ("", "nothing in the log has the id"),
    ] {
        let run = show(wrong).expect(2);
        assert_eq!(run.stdout, "", "{wrong}");
        assert!(run.stderr.contains(said), "{wrong}: {}", run.stderr);
    }
    assert!(
        show("01J").stderr.contains(&id(7)),
        "an ambiguity names what it could be"
    );
}

#[test]
fn json_is_the_delivery_then_its_attempts() {
    let sandbox = filled(&numbered(2));
    add_attempt(&sandbox, attempt(1, id(0), Ok(answer(500, "no"))));
    add_attempt(&sandbox, attempt(2, id(0), Err(refused())));
    let lines = sandbox
        .run(&["log", "show", "--json", &id(0)])
        .expect(0)
        .json_lines();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0], capture(0));
    assert_eq!(lines[1]["kind"], "attempt");
    assert_eq!(lines[1]["response"]["status"], 500);
    assert_eq!(lines[2]["error"]["kind"], "refused");
    let only = sandbox
        .run(&["log", "show", "--as", "json", &id(0)])
        .expect(0)
        .json_lines();
    assert_eq!(only, [capture(0)]);
}

#[test]
fn an_attempt_is_shown_with_its_answer() {
    let sandbox = filled(&numbered(1));
    add_attempt(
        &sandbox,
        attempt(1, id(0), Ok(answer(422, "{\"error\":\"no sku\"}"))),
    );
    add_attempt(&sandbox, attempt(2, id(0), Err(refused())));
    let of_attempt = |number: u32| format!("att_01JD{number:022}");

    let run = sandbox.run(&["log", "show", &of_attempt(1)]).expect(0);
    assert!(is_harmless(&run.stdout), "{:?}", run.stdout);
    let parts = [
        &of_attempt(1),
        &id(0),
        "forward",
        "the signature was kept",
        "http://localhost:3000/app?shop=1",
        "12 ms",
        "422",
        "X-App: shop\\x1b[2J",
        "\"no sku\"",
    ];
    for part in parts {
        assert!(run.stdout.contains(part), "{part} in {}", run.stdout);
    }
    let run = sandbox.run(&["log", "show", &of_attempt(2)]).expect(0);
    assert!(
        run.stdout.contains("refused: connection refused"),
        "{}",
        run.stdout
    );
    let lines = sandbox
        .run(&["log", "show", "--json", &of_attempt(1)])
        .expect(0)
        .json_lines();
    assert_eq!(lines[0]["id"], of_attempt(1));
    let run = sandbox
        .run(&["log", "show", "--as", "http", &of_attempt(1)])
        .expect(2);
    assert!(run.stderr.contains(&id(0)), "{}", run.stderr);
}

#[test]
fn the_http_message_has_the_body_byte_for_byte() {
    let body = "\u{0}\u{1}{}\r\n\n\u{fffd}";
    let sandbox = filled(&[with(capture(0), &[("/request/body", body.into())])]);
    let run = sandbox
        .run(&["log", "show", "@last", "--as", "http"])
        .expect(0);
    let message = [
        "POST /hook?shop=1 HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/json\r\n",
        &format!("Content-Length: {}\r\n\r\n{body}", body.len()),
    ]
    .concat();
    assert_eq!(run.raw_stdout, message.as_bytes());
    assert_eq!(run.stderr, "");

    let sandbox = filled(&[with(
        capture(0),
        &[("/request/body_complete", false.into())],
    )]);
    let run = sandbox
        .run(&["log", "show", "@last", "--as", "http"])
        .expect(0);
    assert!(
        run.stderr.contains("warning: the sender stopped"),
        "{}",
        run.stderr
    );
    let sandbox = filled(&[with(capture(0), &[("/request/headers/0/1", "a\nb".into())])]);
    let run = sandbox
        .run(&["log", "show", "@last", "--as", "http"])
        .expect(4);
    assert!(
        run.stderr.contains("`--as json`") && run.stdout.is_empty(),
        "{}",
        run.stderr
    );
}

#[test]
fn curl_goes_where_the_delivery_went_or_to_the_listener() {
    let sandbox = filled(&numbered(2));
    add_attempt(&sandbox, attempt(1, id(0), Err(refused())));
    let forwarded = sandbox
        .run(&["log", "show", &id(0), "--as", "curl"])
        .expect(0);
    assert!(
        forwarded
            .stdout
            .starts_with("curl -X POST 'http://localhost:3000/app?shop=1'"),
        "{}",
        forwarded.stdout
    );
    assert_eq!(forwarded.stderr, "");
    let never = sandbox
        .run(&["log", "show", &id(1), "--as", "curl"])
        .expect(0);
    assert!(
        never
            .stdout
            .starts_with("curl -X POST 'http://localhost:4400/hook?shop=1'"),
        "{}",
        never.stdout
    );
    assert!(never.stderr.contains("never sent on"), "{}", never.stderr);
}

#[test]
fn diff_is_no_when_something_differs() {
    let same = with(
        capture(0),
        &[("/id", id(5).into()), ("/remote", "10.0.0.1:1".into())],
    );
    let sandbox = filled(&[capture(0), capture(1), same]);
    let run = sandbox.run(&["log", "diff", &id(0), &id(5)]).expect(0);
    assert!(run.stdout.contains("no difference"), "{}", run.stdout);

    let run = sandbox.run(&["log", "diff", &id(0), &id(1)]).expect(1);
    assert!(run.stdout.contains("~ n: 0 → 1"), "{}", run.stdout);
    let lines = sandbox
        .run(&["log", "diff", "--json", &id(0), &id(1)])
        .expect(1)
        .json_lines();
    assert_eq!(lines.len(), 1);
    let diff = &lines[0];
    assert_eq!((&diff["v"], &diff["kind"]), (&json!(1), &json!("diff")));
    assert_eq!(
        (&diff["left"], &diff["right"]),
        (&json!(id(0)), &json!(id(1)))
    );
    assert_eq!(diff["headers"], json!([]));
    assert_eq!(
        diff["body"]["changes"][1],
        json!({"path": "n", "left": "0", "right": "1"})
    );
    sandbox.run(&["log", "diff", &id(0), "dlv_09"]).expect(2);
}
