//! Shaping: `--data`, `--set`, `--unset`, `--edit`, `--body`, `--id`, `--timestamp`, `--seed`.

use serde_json::{Value, json};

use super::{SECRET, Sender};
use crate::harness::Sandbox;
use crate::harness::endpoint::Endpoint;
use crate::harness::sender::now;
use crate::peers::is_signed;

/// An event whose payload the document shows.
const EVENT: [&str; 3] = ["order.created", "--provider", "olympus"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&EVENT, more].concat()
}

#[test]
fn data_is_text_a_file_or_stdin() {
    let sender = Sender::new();
    let text = r#"{"a":[1,{"b":"{{event}}"}],"z":49.90}"#;
    // What looks like a fixture's placeholder is the user's own text.
    let data = json!({"a": [1, {"b": "{{event}}"}], "z": 49.9});
    sender.sandbox().file("data.json", format!("\n {text}\n"));
    assert_eq!(sender.body(&with(&["--data", text]))["data"], data);
    assert_eq!(sender.body(&with(&["--data", "@data.json"]))["data"], data);
    let args = with(&["--data", "-", "--dry-run", "--json"]);
    let run = sender.send_with(&args, text.as_bytes()).expect(0);
    let body = run.json_lines()[0]["request"]["body"].clone();
    let body: Value = serde_json::from_str(body.as_str().expect("text")).expect("JSON");
    assert_eq!(body["data"], data);
    assert_eq!(body["type"], "order.created");
}

#[test]
fn stdin_serves_every_event_of_a_run() {
    let args = [
        "--all",
        "--provider",
        "cimplify",
        "--data",
        "-",
        "--dry-run",
        "--json",
    ];
    let run = Sender::new().send_with(&args, b"{\"n\":1}").expect(0);
    let lines = run.json_lines();
    assert_eq!(lines.len(), 10);
    for line in lines {
        let body = line["request"]["body"].as_str().expect("text").to_owned();
        assert!(body.ends_with(r#""data":{"n":1}}"#), "{body}");
    }
}

#[test]
fn data_that_cannot_be_read_is_an_error() {
    let sender = Sender::new();
    sender.refused(
        &with(&["--data", "{x", "--dry-run"]),
        "`--data` is not JSON",
        "`@file`",
    );
    let run = sender
        .send(&with(&["--data", "@none.json", "--dry-run"]))
        .expect(4);
    assert!(
        run.stderr.contains("cannot read `none.json`"),
        "{}",
        run.stderr
    );
}

#[test]
fn values_are_set_with_their_json_types() {
    let sender = Sender::new();
    let keys = |body: &Value| -> Vec<String> {
        body["data"]
            .as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect()
    };
    let plain = sender.body(&EVENT);
    let set = sender.body(&with(&[
        "--set",
        "data.total=12.50",
        "--set",
        "data.status=closed",
        "--set",
        "data.table=\"7\"",
        "--set",
        "data.number=true",
        "--set",
        "data.items[0].quantity=null",
        "--set",
        r#"data.server={"id":[1]}"#,
        "--set",
        "tenant_id=",
        "--set",
        "data.order_type=a=b",
    ]));
    assert_eq!(set["data"]["total"], 12.5);
    assert_eq!(set["data"]["status"], "closed");
    assert_eq!(set["data"]["table"], "7");
    assert_eq!(set["data"]["number"], true);
    assert_eq!(set["data"]["items"][0]["quantity"], Value::Null);
    assert_eq!(
        set["data"]["items"][0]["name"],
        plain["data"]["items"][0]["name"]
    );
    assert_eq!(set["data"]["server"], json!({"id": [1]}));
    assert_eq!(set["tenant_id"], "");
    assert_eq!(set["data"]["order_type"], "a=b");
    assert_eq!(keys(&set), keys(&plain), "each in its place");
}

#[test]
fn a_dot_of_a_key_is_escaped() {
    let sender = Sender::new();
    let data = ["--data", r#"{"a.b":1,"a":{"b":2}}"#];
    let body = sender.body(&with(&[&data[..], &["--set", r"data.a\.b=3"]].concat()));
    assert_eq!(body["data"], json!({"a.b": 3, "a": {"b": 2}}));
}

#[test]
fn a_path_at_which_nothing_stands_is_an_error_that_names_the_nearest() {
    let sender = Sender::new();
    for (set, message, hint) in [
        (
            "data.totl=1",
            "no value at `data.totl`",
            "did you mean `data.total`? `--add`",
        ),
        (
            "data.items[0].quantty=1",
            "`data.items[0].quantty`",
            "`data.items[0].quantity`",
        ),
        ("data.items[9]=1", "no value at `data.items[9]`", "`--add`"),
        (
            "data.wxyz=1",
            "no value at `data.wxyz`",
            "`--add` lets `--set` add",
        ),
        (
            "tenant=1",
            "no value at `tenant`",
            "did you mean `tenant_id`?",
        ),
    ] {
        sender.refused(&with(&["--dry-run", "--set", set]), message, hint);
    }
    for (set, message) in [
        ("data.total.x=1", "`data.total` is a number, not an object"),
        ("data..x=1", "`data..x` is not a path"),
        ("data.items[x]=1", "is not a path"),
        ("=1", "is not a path"),
        ("data.total", "is not of the form"),
    ] {
        let run = sender.send(&with(&["--dry-run", "--set", set])).expect(2);
        assert!(run.stderr.contains(message), "{}", run.stderr);
        assert_eq!(run.stdout, "");
    }
    sender.refused(
        &with(&["--dry-run", "--unset", "data.totl"]),
        "no value at `data.totl`",
        "did you mean `data.total`?",
    );
}

#[test]
fn nothing_is_sent_where_one_of_several_cannot_be_shaped() {
    let endpoint = Endpoint::ok();
    let url = endpoint.url("");
    let shape = [
        "--provider",
        "olympus",
        "--url",
        &url,
        "--set",
        "data.subtotal=1",
    ];
    let sender = Sender::new();
    // `order.created` has a subtotal, `menu.price_changed` has none.
    let events = ["order.created", "menu.price_changed"];
    for load in [&[][..], &["--count", "10"]] {
        let args = [&events[..], &shape, load].concat();
        sender.refused(&args, "no value at `data.subtotal`", "--add");
    }
    assert_eq!(endpoint.seen().len(), 0);
}

#[test]
fn add_and_unset_change_what_there_is() {
    let sender = Sender::new();
    let body = sender.body(&with(&[
        "--add",
        "--set",
        "data.meta.tags[0]=new",
        "--set",
        "data.items[1]={\"id\":2}",
        "--unset",
        "data.table",
        "--unset",
        "data.items[0]",
        "--unset",
        "location_id",
    ]));
    assert_eq!(body["data"]["meta"], json!({"tags": ["new"]}));
    assert_eq!(body["data"]["items"], json!([{"id": 2}]));
    assert!(body["data"].get("table").is_none());
    assert!(body.get("location_id").is_none());
}

#[test]
fn a_body_goes_out_byte_for_byte_and_signed() {
    let bodies: [&[u8]; 5] = [
        b"{ \"b\": 49.90,\r\n \"a\":1e3 }\n",
        b"not JSON",
        b"\xff\xfe\x00\x01binary",
        b"",
        "{\"event\":\"new.thing\",\"é\":\"\u{2028}\"}".as_bytes(),
    ];
    let sender = Sender::new();
    for body in bodies {
        let endpoint = Endpoint::ok();
        let url = endpoint.url("");
        sender.sandbox().file("body.bin", body);
        let args = ["--provider", "ibakepro", "--url", &url, "--body"];
        sender.send(&[&args[..], &["@body.bin"]].concat()).expect(0);
        sender
            .send_with(&[&args[..], &["-"]].concat(), body)
            .expect(0);
        for sent in endpoint.seen() {
            assert_eq!(sent.body, body);
            assert!(is_signed("ibakepro", SECRET, &sent), "{sent:?}");
        }
        assert_eq!(endpoint.seen().len(), 2);
    }
}

#[test]
fn a_body_that_the_documented_handler_reads_otherwise_is_warned_of() {
    let warned = |provider: &str, body: &str| {
        let args = ["--provider", provider, "--dry-run", "--body", "-"];
        let run = Sender::new().send_with(&args, body.as_bytes()).expect(0);
        run.stderr.contains("warning: the documented handler of")
    };
    assert!(warned("ibakepro", r#"{"a": 1}"#));
    assert!(warned("cimplify", r#"{"a":49.90}"#));
    assert!(warned("cimplify", "no JSON"));
    assert!(!warned("ibakepro", r#"{"a":49.9}"#));
    assert!(!warned("olympus", r#"{"a": 1}"#), "it checks the raw bytes");
}

#[test]
fn a_body_needs_a_provider_but_no_known_event() {
    let sender = Sender::new();
    sender.refused(
        &["--body", "@x", "--dry-run"],
        "`--body` alone",
        "--provider NAME",
    );
    sender.sandbox().file("x", "{}");
    let messages = sender.dry(&["some.thing", "--provider", "cimplify", "--body", "@x"]);
    assert_eq!(messages[0].text(), "{}");
    let run = sender.send(&["--provider", "cimplify", "--body", "@x", "--set", "a=1"]);
    run.expect(2);
}

#[test]
fn ids_are_fresh_unless_they_are_fixed() {
    let sender = Sender::new();
    let first = sender.body(&EVENT);
    let second = sender.body(&EVENT);
    assert_ne!(first["id"], second["id"]);
    assert_ne!(first["data"]["id"], second["data"]["id"]);
    assert!(
        first["id"]
            .as_str()
            .is_some_and(|id| id.starts_with("evt_"))
    );
    let fixed = sender.body(&with(&["--id", "evt_mine"]));
    assert_eq!(fixed["id"], "evt_mine");
    let cut = sender.body(&with(&["--id", "evt_é\"x"]));
    assert_eq!(cut["id"], "evt_é\"x");
}

#[test]
fn a_time_is_rfc_3339_unix_or_before_now() {
    let sender = Sender::new();
    for typed in [
        "2026-01-18T10:30:00Z",
        "2026-01-18T11:30:00.5+01:00",
        "1768732200",
    ] {
        let [message] = &sender.dry(&with(&["--timestamp", typed]))[..] else {
            panic!("not one message");
        };
        assert_eq!(
            message.json()["created_at"],
            "2026-01-18T10:30:00Z",
            "{typed}"
        );
        assert_eq!(message.json()["data"]["created_at"], "2026-01-18T10:30:00Z");
        let signature = message.field("x-olympus-signature").expect("a signature");
        assert!(signature.starts_with("t=1768732200,v1="), "{signature}");
        assert!(is_signed("olympus", SECRET, message));
    }
    let before = now();
    let [message] = &sender.dry(&with(&["--timestamp", "-10m"]))[..] else {
        panic!("not one message");
    };
    let signature = message.field("x-olympus-signature").expect("a signature");
    let time = signature.trim_start_matches("t=").split(',').next();
    let time: i64 = time.and_then(|time| time.parse().ok()).expect("seconds");
    assert!((before - 600..=now() - 600).contains(&time), "{signature}");
}

#[test]
fn a_seed_makes_the_same_bodies_again() {
    let sender = Sender::new();
    let bodies = |seed: &str, time: &str| -> Vec<Vec<u8>> {
        let args = [
            "--all",
            "--provider",
            "olympus",
            "--seed",
            seed,
            "--timestamp",
            time,
        ];
        sender
            .dry(&args)
            .into_iter()
            .map(|message| message.body)
            .collect()
    };
    let first = bodies("7", "1768732200");
    assert_eq!(first, bodies("7", "1768732200"));
    assert_ne!(first, bodies("8", "1768732200"));
    let id =
        |bodies: &[Vec<u8>]| serde_json::from_slice::<Value>(&bodies[0]).unwrap()["id"].clone();
    assert_eq!(id(&first), id(&bodies("7", "1768732201")));
}

#[test]
fn a_seed_tells_one_story_whichever_events_are_asked_for() {
    let sender = Sender::new();
    let sent = |events: &[&str]| -> Vec<Value> {
        let args = [events, &["--provider", "cimplify", "--seed", "7"]].concat();
        let messages = sender.dry(&args).into_iter();
        messages
            .map(|message| serde_json::from_slice(&message.body).unwrap())
            .collect()
    };
    let [order] = &sent(&["order.created"])[..] else {
        panic!("not one");
    };
    let [payment] = &sent(&["payment.completed"])[..] else {
        panic!("not one");
    };
    assert_eq!(order["data"]["order_id"], payment["data"]["order_id"]);
    assert_ne!(order["id"], payment["id"]);
    // The same event again is of another order, and its payment of that one.
    let four = ["order.created", "payment.completed"].repeat(2);
    let [first, paid, second, paid_too] = &sent(&four)[..] else {
        panic!("not four");
    };
    assert_eq!((&first["id"], &paid["id"]), (&order["id"], &payment["id"]));
    assert_eq!(second["data"]["order_id"], paid_too["data"]["order_id"]);
    assert_ne!(second["data"]["order_id"], first["data"]["order_id"]);
    assert!(second["id"] != first["id"] && paid_too["id"] != paid["id"]);
}

/// Each step is taken once: a number of them that would take minutes where all above are read again.
#[test]
fn thousands_of_steps_are_set() {
    let sender = Sender::new();
    let deep = format!("data{}=1.0", ".a".repeat(12_000));
    let wide: Vec<_> = (0..6_000).map(|n| format!("data.k{n}=1.0")).collect();
    let deep = vec!["--set", &deep];
    let wide = wide.iter().flat_map(|set| ["--set", set]).collect();
    for (sets, count) in [(deep, 12_000), (wide, 6_000)] {
        let messages = sender.dry(&with(&[&["--add"], &sets[..]].concat()));
        let text = messages[0].text();
        let levels = text.matches(r#""a":{"#).count() + text.matches(":1.0").count();
        assert_eq!(levels, count);
    }
}

/// A device without an end is not read until the memory is full.
#[test]
fn what_has_no_end_on_stdin_is_an_error() {
    for (args, most) in [
        (["send", "-p", "olympus", "--body", "-"], "256 MiB"),
        (["send", "-p", "olympus", "--secret-file", "-"], "16 MiB"),
    ] {
        let sandbox = Sandbox::new();
        let mut command = sandbox.command(&args);
        let event = ["order.created", "--dry-run"];
        let endless = std::fs::File::open("/dev/zero").unwrap();
        let output = command.args(event).stdin(endless).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{stderr}");
        let told = format!("cannot read `stdin`: it is larger than {most}");
        assert!(stderr.contains(&told), "{stderr}");
    }
}
