//! Which provider, which event, which endpoint.

use super::{SECRET, Sender};
use crate::harness::Sandbox;
use crate::harness::endpoint::Endpoint;
use crate::peers::is_signed;

#[test]
fn an_event_of_several_goes_to_the_first_and_stderr_says_how_to_choose() {
    let endpoint = Endpoint::ok();
    let run = Sender::new()
        .send(&["order.created", "--url", &endpoint.url("")])
        .expect(0);
    let note = "note: sending `order.created` as barecommerce; also an event of cimplify, ibakepro, \
                olympus";
    assert!(run.stderr.contains(note), "{}", run.stderr);
    assert!(is_signed("barecommerce", SECRET, &endpoint.one()));
    assert!(!run.stdout.contains("note"), "{}", run.stdout);
}

#[test]
fn an_event_of_one_needs_no_choice() {
    let endpoint = Endpoint::ok();
    let run = Sender::new()
        .send(&["menu.price_changed", "--url", &endpoint.url("")])
        .expect(0);
    assert_eq!(run.stderr, "");
    assert!(is_signed("olympus", SECRET, &endpoint.one()));
}

#[test]
fn the_configured_provider_is_taken() {
    let variable = Sender::new().with("WEBHOOK_PROVIDER", "cimplify");
    let file = Sender::new();
    file.sandbox()
        .file("webhook.toml", "provider = 'cimplify'\n");
    let user = Sender::new();
    user.sandbox()
        .file("../.config/webhook/config.toml", "provider = 'cimplify'\n");
    for sender in [variable, file, user] {
        let endpoint = Endpoint::ok();
        let run = sender
            .send(&["order.created", "--url", &endpoint.url("")])
            .expect(0);
        assert_eq!(run.stderr, "");
        assert!(is_signed("cimplify", SECRET, &endpoint.one()));
        // The flag goes before all of them.
        let args = [
            "order.created",
            "--url",
            &endpoint.url(""),
            "--provider",
            "olympus",
        ];
        sender.send(&args).expect(0);
        assert!(is_signed("olympus", SECRET, &endpoint.seen()[1]));
    }
}

#[test]
fn what_is_unknown_is_refused_with_a_near_name() {
    let sender = Sender::new();
    let refused = |args: &[&str], message: &str, hint: &str| {
        let args = [args, &["--dry-run"]].concat();
        sender.refused(&args, message, hint);
    };
    refused(
        &["order.creatd"],
        "unknown event `order.creatd`",
        "did you mean `order.created`?",
    );
    refused(
        &["zzz"],
        "unknown event `zzz`",
        "`webhook events` lists them",
    );
    refused(
        &["order.created", "--provider", "olimpus"],
        "unknown provider `olimpus`",
        "did you mean `olympus`?",
    );
    refused(
        &["order.created", "order.sennt", "--provider", "olympus"],
        "`order.sennt`",
        "did you mean `order.sent`?",
    );
    refused(
        &["--all"],
        "`--all` sends every event of a provider",
        "--provider NAME",
    );
}

#[test]
fn an_event_without_a_fixture_is_sent_with_data_in_its_provider_s_envelope() {
    let endpoint = Endpoint::ok();
    let sender = Sender::new();
    let data = r#"{"total":49.90,"id":9007199254740993}"#;
    for (provider, event) in [("olympus", "shop.opened"), ("olympus", "order.creatd")] {
        let url = endpoint.url("");
        let args = [
            event, "-p", provider, "--data", data, "--url", &url, "--json",
        ];
        let run = sender.send(&args).expect(0);
        let note = format!("note: `{provider}` has no event `{event}`: sent with the data given; ");
        assert!(run.stderr.starts_with(&note), "{}", run.stderr);
        assert_eq!(run.json_lines()[0]["event"], event);
        let sent = endpoint.seen().pop().unwrap();
        assert!(is_signed(provider, SECRET, &sent));
        assert_eq!(sent.json()["type"], event);
        assert_eq!(sent.json()["tenant_id"], "tenant_xyz");
        assert!(sent.text().contains(data), "{}", sent.text());
    }
    let run = sender.send(&["order.creatd", "-p", "olympus", "--data", "{}", "--dry-run"]);
    assert!(
        run.stderr.contains("did you mean `order.created`?"),
        "{}",
        run.stderr
    );
    for content in [["--data", "{}"], ["--body", "@x"]] {
        let args = [&["shop.opened", "--dry-run"], &content[..]].concat();
        sender.refused(
            &args,
            "unknown event `shop.opened`",
            "`--provider NAME` sends any",
        );
    }
}

#[test]
fn an_event_of_another_provider_is_told_whose_it_is() {
    let args = ["media.created", "--provider", "olympus", "--dry-run"];
    Sender::new().refused(&args, "`media.created`", "barecommerce");
}

#[test]
fn an_unknown_flag_is_wrong_usage() {
    let run = Sender::new()
        .send(&["order.created", "--providr", "olympus"])
        .expect(2);
    let said = "error: unexpected argument `--providr` found\nhint: did you mean `--provider`?\n";
    assert_eq!(run.stderr, said);
    assert_eq!(run.stdout, "");
}

#[test]
fn the_endpoint_is_the_flag_s_the_variable_s_or_the_file_s() {
    let [flag, variable, file] = [Endpoint::ok(), Endpoint::ok(), Endpoint::ok()];
    let event = ["order.sent"];
    let by_file = Sender::new();
    let toml = format!("url = '{}/file'\n", file.url(""));
    by_file.sandbox().file("webhook.toml", toml);
    by_file.send(&event).expect(0);
    assert_eq!(file.one().line, "POST /file HTTP/1.1");

    let by_variable = by_file.with("WEBHOOK_URL", &variable.url(""));
    by_variable.send(&event).expect(0);
    variable.one();

    by_variable
        .send(&[event[0], "--url", &flag.url("")])
        .expect(0);
    // A bare port is this machine.
    let port = flag.address.port().to_string();
    by_variable.send(&[event[0], "--url", &port]).expect(0);
    assert_eq!(
        flag.seen()[1].field("host"),
        Some(&*format!("localhost:{port}"))
    );
    assert_eq!(
        [flag.seen().len(), variable.seen().len(), file.seen().len()],
        [2, 1, 1]
    );
}

#[test]
fn without_an_endpoint_it_is_the_listener_s_default_which_is_said() {
    let sender = Sender::new();
    // What fails next, so that nothing is sent to whoever listens there.
    let run = sender
        .send(&["order.sent", "--cacert", "none.pem"])
        .expect(4);
    let note = "note: no `--url` and no WEBHOOK_URL: sending to http://localhost:4400\n";
    assert!(run.stderr.starts_with(note), "{}", run.stderr);
    let dry = sender.dry(&["order.sent"]);
    assert_eq!(dry[0].field("host"), Some("localhost:4400"));
    for url in ["ftp://h/x", "http://", "localhost:0", "http://h h/"] {
        sender.refused(&["order.sent", "--url", url], "", "an endpoint is a port");
    }
}

#[test]
fn a_password_in_the_url_is_in_no_output() {
    let endpoint = Endpoint::ok();
    let url = format!("http://me:hunter2@{}/x", endpoint.address);
    for more in [
        &["--json"][..],
        &[],
        &["--dry-run"],
        &["--dry-run", "--as", "curl"],
    ] {
        let args = [&["order.sent", "--url", &url], more].concat();
        let run = Sender::new().send(&args).expect(0);
        assert!(!(run.stdout + &run.stderr).contains("hunter2"));
    }
    let sent = &endpoint.seen()[0];
    assert_eq!(sent.field("authorization"), Some("Basic bWU6aHVudGVyMg=="));
}

#[test]
fn flags_that_would_undo_each_other_are_refused() {
    let sender = Sender::new();
    let base = ["order.sent", "--url", "1"];
    for (flags, message) in [
        (
            &["--retry", "--count", "3"][..],
            "`--retry` follows one delivery",
        ),
        (
            &["--edit", "--concurrency", "3"],
            "`--edit` shapes one delivery",
        ),
        (
            &["--dry-run", "--rate", "3/s"],
            "`--dry-run` prints each event once",
        ),
        (&["--dry-run", "--retry"], "nothing to retry"),
        (
            &["--body", "@x", "--id", "evt_1"],
            "`--id` cannot stand in a `--body`",
        ),
        (
            &["--data", "-", "--secret-file", "-"],
            "stdin can be read by one flag only",
        ),
        (
            &["--body", "-", "--secret-file", "olympus=-"],
            "stdin can be read by one flag only",
        ),
    ] {
        sender.refused(&[&base[..], flags].concat(), message, "");
    }
    for flags in [
        &["--speed", "2x"][..],
        &["--as", "curl"],
        &["--dry-run", "--as", "curl", "--json"],
        &["--add"],
        &["--all"],
        &["--fault", "stale", "--retry"],
        &["--fault", "sticky"],
        &["--count", "0"],
        &["--rate", "0/s"],
        &["--concurrency", "0"],
        &["--timestamp", "yesterday"],
    ] {
        let run = sender.send(&[&base[..], flags].concat()).expect(2);
        assert_eq!(run.stdout, "", "{flags:?}");
        assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
    }
}

#[test]
fn an_id_is_refused_where_deliveries_have_none() {
    let sandbox = Sandbox::new();
    let send = ["send", "meeting.ended", "--provider", "zoom", "--dry-run"];
    sandbox.run(&send).expect(0);
    let run = sandbox.run(&[&send[..], &["--id", "x"]].concat()).expect(2);
    assert!(
        run.stderr.contains("deliveries of `zoom` have no id"),
        "{}",
        run.stderr
    );
}
