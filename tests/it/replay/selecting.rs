//! Which deliveries are meant, and where they go.

use webhook_cli::delivery::{Delivery, Status, Trigger, Verdict};

use super::logged::{SECRET, delivery, fill, ibakepro, log_attempt, olympus, olympus_event};
use crate::harness::endpoint::Endpoint;
use crate::harness::sender::now;
use crate::harness::{Run, Sandbox};

/// The ids that a dry run with these arguments shows.
fn meant(sandbox: &Sandbox, args: &[&str]) -> Vec<String> {
    let all = [&["replay", "--dry-run", "--json", "--url", "9"], args].concat();
    let lines = sandbox.run(&all).expect(0).json_lines();
    let id = |line: &serde_json::Value| line["id"].as_str().expect("an id").to_owned();
    lines.iter().map(id).collect()
}

/// An error of usage that names these things and shows the hint.
#[track_caller]
fn assert_refused(run: Run, parts: &[&str]) {
    let run = run.expect(2);
    for part in parts {
        assert!(run.stderr.contains(part), "{part:?} in {}", run.stderr);
    }
    assert_eq!(run.stdout, "");
}

fn with_id(mut delivery: Delivery, id: &str) -> Delivery {
    delivery.id = id.into();
    delivery
}

#[test]
fn ids_prefixes_and_places_from_the_end_name_deliveries() {
    let sandbox = Sandbox::new();
    let at = now();
    let named = |id: &str, number| with_id(olympus(number, at), id);
    let ids = [
        "dlv_01JD0000000000000000000000",
        "dlv_01JD1111111111111111111111",
        "dlv_01JE2222222222222222222222",
    ];
    fill(
        &sandbox,
        ids.iter().enumerate().map(|(number, id)| named(id, number)),
    );
    for (args, places) in [
        (&[ids[0]][..], &[0][..]),
        (&["dlv_01JE"], &[2]),
        (&["01JD1"], &[1]),
        (&["01je2"], &[2]),
        (&["@last"], &[2]),
        (&["@last~0"], &[2]),
        (&["@last~2"], &[0]),
        // In the order of the log, each once.
        (&["@last", "@last~1", "01JD0", "@last"], &[0, 1, 2]),
        (&["@last", "@last~1", "--event", "order.created"], &[1, 2]),
    ] {
        let wanted: Vec<_> = places.iter().map(|place| ids[*place]).collect();
        assert_eq!(meant(&sandbox, args), wanted, "{args:?}");
    }
}

#[test]
fn a_delivery_is_named_by_what_people_see() {
    let sandbox = Sandbox::new();
    let at = now();
    let named = |number, id: &str, event_id: &str| {
        let mut delivery = with_id(olympus(number, at), id);
        delivery.event_id = Some(event_id.into());
        delivery
    };
    fill(
        &sandbox,
        [
            named(0, "dlv_01JD0", "evt_abc1"),
            named(1, "dlv_01JD1", "evt_abc1"),
            named(2, "dlv_01JD2", "evt_abd2"),
        ],
    );
    let shown = |name: &str| {
        let run = sandbox.run(&["log", "show", name, "--json"]);
        (
            run.code,
            run.stdout
                .split("dlv_")
                .nth(1)
                .map(|rest| rest[..5].to_owned()),
            run.stderr,
        )
    };
    assert_eq!(
        shown("evt_abc1").1.as_deref(),
        Some("01JD1"),
        "the newest of it"
    );
    assert_eq!(shown("evt_abc").1.as_deref(), Some("01JD1"));
    assert_eq!(shown("evt_abd2").1.as_deref(), Some("01JD2"));
    let (code, _, told) = shown("evt_ab");
    assert_eq!(code, Some(2), "{told}");
    assert!(
        told.contains("`evt_abc1`") && told.contains("`evt_abd2`"),
        "{told}"
    );
    assert_eq!(shown("evt_nope").0, Some(2));
}

#[test]
fn what_names_no_single_delivery_is_an_error_with_a_hint() {
    let sandbox = Sandbox::new();
    let at = now();
    let deliveries = [
        with_id(olympus(0, at), "dlv_01JD0000000000000000000000"),
        with_id(olympus(1, at), "dlv_01JD1111111111111111111111"),
    ];
    fill(&sandbox, deliveries);
    let replay = |args: &[&str]| sandbox.run(&[&["replay", "--url", "9"], args].concat());
    let both = ["dlv_01JD0000", "dlv_01JD1111"];
    assert_refused(replay(&["01JD"]), &[&both[..], &["`01JD`"]].concat());
    assert_refused(replay(&["dlv_nope"]), &["dlv_nope", "`webhook log`"]);
    assert_refused(replay(&["@last~2"]), &["does not go back to `@last~2`"]);
    assert_refused(
        replay(&["@first"]),
        &["neither `@last` nor `@last~N`", "`@last~2`"],
    );
    assert_refused(replay(&[""]), &["`webhook log`"]);
    assert_refused(replay(&[]), &["nothing says which deliveries", "`@last`"]);
    assert_refused(
        replay(&["--event", "order.craeted"]),
        &["did you mean `order.created`?"],
    );
    let nothing = replay(&["--event", "nope.*", "--json"]).expect(0);
    assert!(
        nothing
            .stderr
            .contains("no delivery matches: nothing is sent")
    );
    assert_eq!(nothing.json_lines()[0]["sent"], 0);
    assert_refused(
        replay(&["--provider", "olympos"]),
        &["did you mean `olympus`?"],
    );
    assert_refused(replay(&["--verdict", "valit"]), &["did you mean `valid`?"]);
    assert_refused(
        replay(&["--since", "-1m", "--until", "-1h"]),
        &["nothing lies between"],
    );
}

#[test]
fn filters_select_and_all_of_them_must_hold() {
    let sandbox = Sandbox::new();
    let at = now();
    let hour = 3_600;
    let mut bad = olympus(3, at - 20);
    bad.verdict = Verdict::new(Status::Mismatch);
    let ids = fill(
        &sandbox,
        [
            olympus(0, at - 2 * hour),
            olympus_event("order.updated", 1, at - 90 * 60),
            olympus_event("payment.failed", 2, at - 60),
            bad,
            ibakepro(4, at - 10),
        ],
    );
    log_attempt(&sandbox, &ids[1], Trigger::Forward, "http://h/", 500);
    log_attempt(&sandbox, &ids[2], Trigger::Forward, "http://h/", 500);
    log_attempt(&sandbox, &ids[2], Trigger::Replay, "http://h/", 200);
    let since = (at - hour).to_string();
    for (args, places) in [
        (&["--event", "order.*"][..], &[0, 1, 3, 4][..]),
        (&["--event", "order.*,!order.updated"], &[0, 3, 4]),
        (
            &["--event", "order.created", "--event", "payment.*"],
            &[0, 2, 3, 4],
        ),
        (&["--provider", "ibakepro"], &[4]),
        (&["--verdict", "mismatch"], &[3]),
        (&["--verdict", "mismatch,valid"], &[0, 1, 2, 3, 4]),
        (&["--since", "-1h"], &[2, 3, 4]),
        (&["--since", &since], &[2, 3, 4]),
        (&["--until", "-1h"], &[0, 1]),
        (&["--since", "-100m", "--until", "-1h"], &[1]),
        (&["--failed"], &[1]),
        (&["--search", "EVT_0002"], &[2]),
        (&["-n", "2"], &[3, 4]),
        (&["-n", "1", "--provider", "olympus"], &[3]),
        (
            &[
                "--event",
                "order.*",
                "--provider",
                "olympus",
                "--since",
                "-1h",
            ],
            &[3],
        ),
    ] {
        let wanted: Vec<_> = places.iter().map(|place| ids[*place].clone()).collect();
        assert_eq!(meant(&sandbox, args), wanted, "{args:?}");
    }
}

#[test]
fn without_a_log_there_is_a_hint_and_none_is_made() {
    let sandbox = Sandbox::new();
    let run = sandbox.run(&["replay", "@last", "--url", "9"]).expect(4);
    assert!(
        run.stderr.contains("`webhook listen` makes one"),
        "{}",
        run.stderr
    );
    assert!(!sandbox.log_file().exists());
}

#[test]
fn without_a_url_a_delivery_goes_where_it_was_last_sent() {
    let sandbox = Sandbox::new();
    let [earlier, endpoint] = [Endpoint::ok(), Endpoint::ok()];
    let ids = fill(&sandbox, (0..3).map(|number| olympus(number, now())));
    let (forwarded, replayed) = (endpoint.url("/own?a=b"), endpoint.url("/replayed"));
    log_attempt(&sandbox, &ids[0], Trigger::Forward, &earlier.url("/"), 500);
    log_attempt(&sandbox, &ids[0], Trigger::Forward, &forwarded, 500);
    log_attempt(&sandbox, &ids[1], Trigger::Forward, &earlier.url("/"), 500);
    log_attempt(&sandbox, &ids[1], Trigger::Replay, &replayed, 404);
    // As a person does it: once with a URL, then without.
    let args = ["replay", &ids[2], "--url", &endpoint.url("/once")];
    sandbox.run(&args).expect(0);

    sandbox
        .run(&["replay", "--event", "order.*", "--since", "-1h"])
        .expect(0);
    let targets: Vec<_> = endpoint
        .seen()
        .iter()
        .map(|one| one.target().to_owned())
        .collect();
    let wanted = ["/once?shop=1", "/own?a=b", "/replayed", "/once?shop=1"];
    assert_eq!(targets, wanted);
    assert_eq!(earlier.count(), 0);
}

#[test]
fn where_one_was_never_sent_on_nothing_is_sent() {
    let sandbox = Sandbox::new();
    let endpoint = Endpoint::ok();
    let ids = fill(&sandbox, (0..5).map(|number| olympus(number, now())));
    for (sent, how_many) in [
        (
            2,
            "3 of 5 deliveries were never sent on, so there is no endpoint for them",
        ),
        (
            4,
            "1 of 5 deliveries was never sent on, so there is no endpoint for it",
        ),
    ] {
        for id in &ids[..sent] {
            log_attempt(&sandbox, id, Trigger::Forward, &endpoint.url("/"), 200);
        }
        for more in [&[][..], &["--dry-run"], &["--json"]] {
            let run = sandbox.run(&[&["replay", "-n5"], more].concat());
            let hint = "hint: give one: `--url http://localhost:3000/webhooks`";
            let lines: Vec<_> = run.stderr.lines().collect();
            assert_eq!(lines, [&format!("error: {how_many}"), hint], "{more:?}");
            assert_refused(run, &[]);
        }
    }
    assert_refused(
        sandbox.run(&["replay", "@last"]),
        &[&format!("`{}` was never sent on", ids[4]), "--url http"],
    );
    sandbox.file("one.json", olympus(9, now()).to_json());
    assert_refused(
        sandbox.run(&["replay", "--from", "one.json"]),
        &["was never sent on", "--url http"],
    );
    assert_eq!(endpoint.count(), 0);
}

#[test]
fn a_url_that_is_given_goes_before_where_it_was_last_sent() {
    let sandbox = Sandbox::new();
    let forwarded = Endpoint::ok();
    let ids = fill(&sandbox, [olympus(1, now())]);
    log_attempt(
        &sandbox,
        &ids[0],
        Trigger::Forward,
        &forwarded.url("/"),
        200,
    );
    let endpoint = Endpoint::ok();
    let url = endpoint.url("");
    sandbox.run(&["replay", "@last", "--url", &url]).expect(0);
    sandbox.file("webhook.toml", format!("url = '{}'", endpoint.url("/toml")));
    sandbox.run(&["replay", "@last"]).expect(0);
    let sandbox = sandbox.with("WEBHOOK_URL", &endpoint.url("/environment?x=1"));
    sandbox.run(&["replay", "@last"]).expect(0);
    sandbox
        .run(&["replay", "@last", "--url", &endpoint.url("/flag/")])
        .expect(0);
    let targets: Vec<_> = endpoint
        .seen()
        .iter()
        .map(|seen| seen.target().to_owned())
        .collect();
    let wanted = [
        "/hooks?shop=1",
        "/toml?shop=1",
        "/environment?x=1&shop=1",
        "/flag/?shop=1",
    ];
    assert_eq!(targets, wanted);
    assert_eq!(forwarded.count(), 0);
}

#[test]
fn captures_of_every_form_are_replayed_and_no_log_is_made() {
    let sandbox = Sandbox::new();
    let at = now() - 400 * 86_400;
    let (one, two) = (ibakepro(1, at), olympus(2, at));
    let body = String::from_utf8(one.request.body.to_vec()).unwrap();
    let value = one.request.headers.text("X-Webhook-Signature").unwrap();
    let har = serde_json::json!({"log": {"version": "1.2", "creator": {"name": "t", "version": "1"},
        "entries": [{"startedDateTime": "2026-01-18T10:30:00Z", "time": 1, "cache": {},
            "timings": {"send": 0, "wait": 0, "receive": 0},
            "request": {"method": "POST", "url": "http://h/hooks?shop=1", "httpVersion": "HTTP/1.1",
                "cookies": [], "queryString": [], "headersSize": -1, "bodySize": body.len(),
                "headers": [{"name": "Content-Type", "value": "application/json"},
                    {"name": "X-Webhook-Signature", "value": value}],
                "postData": {"mimeType": "application/json", "text": body}},
            "response": {"status": 200, "statusText": "", "httpVersion": "HTTP/1.1", "cookies": [],
                "headers": [], "content": {"size": 0, "mimeType": ""}, "redirectURL": "",
                "headersSize": -1, "bodySize": 0}}]}});
    let raw = format!(
        "POST /hooks?shop=1 HTTP/1.1\r\nHost: h\r\nX-Webhook-Signature: {value}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let lines = format!("{}\n{}\n", one.to_json(), two.to_json());
    sandbox.file("one.json", one.to_json());
    sandbox.file("lines.ndjson", &lines);
    sandbox.file("capture.har", har.to_string());
    sandbox.file("message.http", &raw);
    let endpoint = Endpoint::ok();
    let url = endpoint.url("");
    for (file, stdin, count) in [
        ("one.json", "", 1),
        ("lines.ndjson", "", 2),
        ("capture.har", "", 1),
        ("message.http", "", 1),
        ("-", lines.as_str(), 2),
        ("-", raw.as_str(), 1),
    ] {
        let before = endpoint.count();
        let args = ["replay", "--from", file, "--url", &url, "--secret", SECRET];
        sandbox.run_with(&args, stdin.as_bytes()).expect(0);
        let seen = endpoint.seen().split_off(before);
        assert_eq!(seen.len(), count, "{file}");
        assert_eq!(seen[0].body, one.request.body, "{file}");
        assert_eq!(seen[0].header("X-Webhook-Signature"), value, "{file}");
        assert_eq!(seen[0].target(), "/hooks?shop=1", "{file}");
    }
    assert!(!sandbox.log_file().exists());
}

#[test]
fn a_file_that_is_none_or_is_filtered_is_refused_before_anything_is_sent() {
    let sandbox = Sandbox::new();
    let endpoint = Endpoint::ok();
    let url = endpoint.url("");
    let good = ibakepro(1, now()).to_json();
    sandbox.file("broken.ndjson", "{\"request\":\n{\"request\":{}}\n");
    sandbox.file("empty.ndjson", "");
    sandbox.file("good.json", &good);
    let from = |file: &str, more: &[&str]| {
        sandbox.run(&[&["replay", "--url", &url, "--from", file], more].concat())
    };
    from("nope.json", &[]).expect(4);
    from("broken.ndjson", &[]).expect(4);
    let run = from("empty.ndjson", &[]);
    assert!(matches!(run.code, Some(2 | 4)), "{run:?}");
    assert_refused(
        from("good.json", &["--event", "order.*"]),
        &["`webhook log import FILE`"],
    );
    assert_eq!(endpoint.count(), 0);
}

#[test]
fn a_message_without_facts_is_told_by_what_its_body_says() {
    let sandbox = Sandbox::new();
    let endpoint = Endpoint::ok();
    let send = [
        "send",
        "order.created",
        "--provider",
        "olympus",
        "--dry-run",
    ];
    let message = sandbox.run(&send).expect(0).stdout;
    sandbox.file("a.http", message);
    let url = endpoint.url("/");
    let args = ["replay", "--from", "a.http", "--url", &url, "--json"];
    let line = &sandbox.run(&args).expect(0).json_lines()[0];
    assert_eq!(line["provider"], "olympus");
    assert_eq!(line["event"], "order.created");
    assert_eq!(line["event_id"], endpoint.one().json()["id"]);
}

#[test]
fn one_odd_capture_of_a_file_keeps_no_other_back() {
    let sandbox = Sandbox::new();
    let endpoint = Endpoint::ok();
    let url = endpoint.url("");
    let good = ibakepro(1, now()).to_json();
    sandbox.file(
        "a.ndjson",
        format!("listening\n{good}\n{{\"request\":\n{good}\n"),
    );
    let run = sandbox
        .run(&["replay", "--url", &url, "--from", "a.ndjson"])
        .expect(4);
    assert_eq!(endpoint.count(), 2);
    assert!(
        run.stderr.contains("line 3: not a capture"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr
            .contains("skipped line 1, which holds no delivery"),
        "{}",
        run.stderr
    );
    let text = "@to = http://x\nPOST {{to}}/a\nA: 1\n\n{}\n\n> {%\n%}\n### b\nno line\n### c\nPOST {{to}}/c\n\n[]\n";
    sandbox.file("a.http", text);
    sandbox
        .run(&["replay", "--url", &url, "--from", "a.http"])
        .expect(4);
    let bodies: Vec<_> = endpoint
        .seen()
        .split_off(2)
        .into_iter()
        .map(|seen| seen.body)
        .collect();
    assert_eq!(bodies, [b"{}", b"[]"]);
}

#[test]
fn a_body_that_was_cut_off_is_sent_only_by_force() {
    let sandbox = Sandbox::new();
    let mut cut = delivery("olympus", now(), &[], "{\"id\":\"e");
    cut.request.body_complete = false;
    let file = cut.to_json();
    let ids = fill(&sandbox, [cut]);
    let endpoint = Endpoint::ok();
    let url = endpoint.url("");
    sandbox.file("cut.json", &file);
    for which in [
        &["@last"][..],
        &["--since", "-1h"],
        &["--from", "cut.json"],
        &["@last", "--dry-run"],
    ] {
        let args = [&["replay", "--url", &url], which].concat();
        let run = sandbox.run(&args).expect(1);
        assert!(
            run.stderr
                .contains("was not received to its end, and is not sent"),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains("`--force` sends"), "{}", run.stderr);
        assert_eq!((endpoint.count(), run.stdout.as_str()), (0, ""));
    }
    // Others are sent as ever.
    fill(&sandbox, [ibakepro(1, now()), ibakepro(2, now())]);
    let args = ["replay", "--since", "-1h", "--url", &url, "--json"];
    let run = sandbox.run(&args).expect(1);
    let summary = run.json_lines().pop().unwrap();
    assert_eq!(
        (&summary["sent"], &summary["skipped"]),
        (&2.into(), &1.into())
    );
    assert_eq!(endpoint.count(), 2);

    let forced = ["replay", &ids[0], "--force", "--url", &url];
    let run = sandbox.run(&forced).expect(0);
    assert!(run.stderr.contains("is incomplete"), "{}", run.stderr);
    assert_eq!(endpoint.seen()[2].body, b"{\"id\":\"e");
}

#[test]
fn a_row_is_what_the_last_list_showed_whatever_came_since() {
    let sandbox = Sandbox::new();
    let ids = fill(&sandbox, (0..3).map(|number| olympus(number, now())));
    let run = sandbox.run(&["log", "show", "2"]).expect(2);
    assert!(
        run.stderr.contains("the last `webhook log` has no row `2`"),
        "{}",
        run.stderr
    );
    let listed = sandbox.run(&["log"]).expect(0).stdout;
    let second = listed.lines().nth(2).unwrap();
    assert!(
        second.trim_start().starts_with("2 ") && second.contains(&ids[1]),
        "{listed}"
    );
    fill(&sandbox, [olympus(9, now())]);
    assert_eq!(
        meant(&sandbox, &["2", "3"]),
        [ids[1].clone(), ids[2].clone()]
    );
    let shown = sandbox.run(&["log", "show", "1", "--json"]).expect(0);
    assert_eq!(shown.json_lines()[0]["id"], ids[0].as_str());
    sandbox.run(&["log", "diff", "1", "1"]).expect(0);
    sandbox.run(&["log", "diff", "1", "2"]).expect(1);
    // JSON has no rows, and what is filtered is numbered anew.
    sandbox.run(&["log", "--json"]).expect(0);
    assert_eq!(meant(&sandbox, &["3"]), [ids[2].clone()]);
    sandbox.run(&["log", "-n", "1"]).expect(0);
    let newest = meant(&sandbox, &["1"]);
    assert!(!ids.contains(&newest[0]));
    sandbox.run(&["log", "show", "4"]).expect(2);
    sandbox.run(&["log", "--event", "payment.*"]).expect(0);
    sandbox.run(&["log", "show", "1"]).expect(2);
}

#[test]
fn an_event_that_came_more_than_once_is_said_to() {
    let sandbox = Sandbox::new();
    let mut again = olympus(1, now());
    again.id = "dlv_again".into();
    let event_id = again.event_id.clone().unwrap();
    fill(&sandbox, [olympus(1, now()), again]);
    let run = sandbox.run(&["log", "show", &event_id, "--json"]).expect(0);
    assert_eq!(run.json_lines()[0]["id"], "dlv_again");
    let note = format!("note: `{event_id}` came 2 times: the newest is meant, `dlv_again`\n");
    assert_eq!(run.stderr, note);
    let run = sandbox
        .run(&["log", "show", "dlv_again", "--json"])
        .expect(0);
    assert_eq!(run.stderr, "");
}

/// A line of a file whose request is this one, but for what is `wrong` in it.
fn captured(wrong: &str, to: &str) -> String {
    let line = r#"{"request":{"method":"POST","target":"/","headers":[["X-A","b"]],"body":"{}"}}"#;
    let changed = line.replace(wrong, to);
    assert_ne!(changed, line);
    changed
}

#[test]
fn what_http_cannot_carry_is_left_out_and_said_to_be() {
    let sandbox = Sandbox::new();
    let endpoint = Endpoint::ok();
    let url = endpoint.url("");
    for (wrong, to, said) in [
        (
            "X-A",
            "X A",
            "the header `X A` has bytes that HTTP cannot carry",
        ),
        (
            "X-A",
            ":path",
            "the header `:path` has bytes that HTTP cannot carry",
        ),
        (
            "\"b\"",
            r#""b\nX-B: c""#,
            "the header `X-A` has bytes that HTTP cannot carry",
        ),
        ("POST", "PO ST", "`PO ST` is no method"),
    ] {
        sandbox.file("one.json", captured(wrong, to));
        for more in [&[][..], &["--dry-run"]] {
            let args = [&["replay", "--from", "one.json", "--url", &url], more].concat();
            let run = sandbox.run(&args).expect(1);
            assert!(
                run.stderr.contains(&format!("is not sent: {said}\n")),
                "{}",
                run.stderr
            );
            assert_eq!((endpoint.count(), run.stdout.as_str()), (0, ""));
        }
    }
    let good = captured("\"b\"", "\"good\"");
    let lines = [good.clone(), captured("POST", "PO ST"), good].join("\n");
    sandbox.file("three.ndjson", lines);
    let args = ["replay", "--from", "three.ndjson", "--url", &url, "--json"];
    let run = sandbox.run(&args).expect(1);
    let summary = run.json_lines().pop().unwrap();
    assert_eq!(
        (&summary["sent"], &summary["skipped"]),
        (&2.into(), &1.into())
    );
    assert_eq!(endpoint.count(), 2);
    assert!(!run.stderr.contains("stopped"), "{}", run.stderr);
}
