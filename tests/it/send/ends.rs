//! How a run ends: exit codes, what is printed, HTTPS.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Mutex;
use std::sync::mpsc::channel;

use super::{Sender, of_kind, summary};
use crate::harness::endpoint::{Endpoint, Reply};
use crate::harness::{PATIENCE, Run};

fn send_to(url: &str, more: &[&str]) -> Run {
    let args = [&["order.sent", "--url", url, "--json"], more].concat();
    Sender::new().send(&args)
}

#[test]
fn the_answer_is_the_exit_code() {
    for (status, code) in [
        (200, 0),
        (204, 0),
        (299, 0),
        (301, 1),
        (400, 1),
        (401, 1),
        (500, 1),
        (503, 1),
    ] {
        let endpoint = Endpoint::script(&[status]);
        let run = send_to(&endpoint.url(""), &[]).expect(code);
        let attempt = &of_kind(&run, "attempt")[0];
        assert_eq!(attempt["response"]["status"], status);
        assert_eq!(attempt["error"], serde_json::Value::Null);
        assert_eq!(endpoint.seen().len(), 1, "one attempt is one request");
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Endpoint::ok();
    let location = elsewhere.url("");
    let endpoint =
        Endpoint::start(move |_, _| Reply::Status(307, vec![("Location", location.clone())]));
    let run = Sender::new()
        .send(&["order.sent", "--url", &endpoint.url("")])
        .expect(1);
    assert!(
        run.stdout.contains("redirects are not followed"),
        "{}",
        run.stdout
    );
    assert_eq!(elsewhere.seen().len(), 0);
}

#[test]
fn no_answer_is_three_and_says_why() {
    let refusing = TcpListener::bind("127.0.0.1:0").expect("a port");
    let refused = format!("http://{}", refusing.local_addr().expect("an address"));
    drop(refusing);
    let silent = Endpoint::start(|_, _| Reply::Silence);
    let closing = Endpoint::start(|_, _| Reply::Hangup);
    let tls = without_tls();
    for (url, kind) in [
        (refused.as_str(), "refused"),
        (&silent.url(""), "timeout"),
        (&closing.url(""), "reset"),
        ("http://nope.invalid", "dns"),
        (&tls, "tls"),
    ] {
        let limit = if kind == "timeout" { "300ms" } else { "30s" };
        let run = send_to(url, &["--timeout", limit]).expect(3);
        let attempt = &of_kind(&run, "attempt")[0];
        assert_eq!(attempt["error"]["kind"], kind, "{attempt}");
        assert_eq!(attempt["response"], serde_json::Value::Null);
        assert_eq!(summary(&run)["by_failure"][kind], 1, "{}", run.stdout);
        let human = Sender::new().send(&["order.sent", "--url", url, "--timeout", limit]);
        assert!(human.stdout.contains(kind), "{}", human.stdout);
        assert!(human.stdout.contains("hint: "), "{}", human.stdout);
        human.expect(3);
    }
}

/// The HTTPS URL of something that says `hello` to everyone, which is no TLS.
fn without_tls() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("https://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.write_all(b"hello\r\n");
            // Until the other side closes, as a reset would overtake the text.
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
    url
}

#[test]
fn the_worst_of_several_is_told() {
    // Two events, the first refused by its endpoint: a no says more than a lost connection.
    let endpoint = Endpoint::start(|number, _| match number {
        0 => Reply::status(500),
        _ => Reply::Hangup,
    });
    let args = [
        "order.sent",
        "order.ready",
        "--url",
        &endpoint.url(""),
        "--provider",
        "olympus",
    ];
    let run = Sender::new().send(&args).expect(1);
    assert!(run.stderr.contains("sent 2 requests"), "{}", run.stderr);
}

#[test]
fn json_is_an_attempt_each_and_a_summary() {
    let endpoint = Endpoint::script(&[200, 500]);
    let args = [
        "order.created",
        "order.sent",
        "--provider",
        "olympus",
        "--url",
        &endpoint.url(""),
        "--json",
    ];
    let run = Sender::new().send(&args).expect(1);
    let attempts = of_kind(&run, "attempt");
    for (attempt, event) in attempts.iter().zip(["order.created", "order.sent"]) {
        assert_eq!(attempt["v"], 1);
        assert_eq!(attempt["cause"], "send");
        assert_eq!(attempt["event"], event);
        assert_eq!(attempt["provider"], "olympus");
        assert_eq!(attempt["url"], format!("{}/", endpoint.url("")));
        assert!(
            attempt["id"]
                .as_str()
                .is_some_and(|id| id.starts_with("att_"))
        );
        assert!(
            attempt["delivery_id"]
                .as_str()
                .is_some_and(|id| id.starts_with("dlv_"))
        );
        assert!(attempt["duration_ms"].as_f64().is_some_and(|ms| ms > 0.0));
    }
    assert_eq!(attempts[0]["event_id"], endpoint.seen()[0].json()["id"]);
    assert_ne!(attempts[0]["delivery_id"], attempts[1]["delivery_id"]);
    let summary = summary(&run);
    assert_eq!(
        [
            &summary["sent"],
            &summary["succeeded"],
            &summary["rejected"]
        ],
        [2, 1, 1]
    );
    assert_eq!(run.json_lines().len(), 3);
}

#[test]
fn what_an_endpoint_answers_cannot_touch_the_terminal() {
    let page = "\u{1b}[2J\u{202e}\u{9b}1m\r\nhint: run this\u{7}";
    let endpoint = Endpoint::start(move |_, _| Reply::Page(500, page.into()));
    let args = [
        "order.sent",
        "--url",
        &endpoint.url(""),
        "--id",
        "evt_\u{1b}]0;x\u{7}",
    ];
    let run = Sender::new().send(&args).expect(1);
    let is_safe = |c: char| c == '\n' || !(c.is_control() || c == '\u{202e}');
    assert!(run.stdout.chars().all(is_safe), "{:?}", run.stdout);
}

#[test]
fn an_interrupted_run_tells_what_was_sent() {
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let (tell, told) = channel();
        let tell = Mutex::new(tell);
        let endpoint = Endpoint::start(move |number, _| {
            if number == 0 {
                return Reply::status(200);
            }
            let _ = tell.lock().expect("no panic").send(());
            Reply::Silence
        });
        let args = [
            "--all",
            "--provider",
            "cimplify",
            "--url",
            &endpoint.url(""),
            "--json",
        ];
        let sending = Sender::new().start(&args);
        told.recv_timeout(PATIENCE).expect("a second request");
        sending.signal(name);
        let run = sending.wait().expect(code);
        assert_eq!(summary(&run)["sent"], 1);
        assert_eq!(endpoint.seen().len(), 2);
    }
}

#[test]
fn https_is_trusted_by_the_flag_or_the_file_only() {
    let sender = Sender::new();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into(), "127.0.0.1".into()]);
    let made = made.expect("a certificate");
    let certificate = sender.sandbox().file("cert.pem", made.cert.pem());
    sender
        .sandbox()
        .file("key.pem", made.signing_key.serialize_pem());
    let own = ["--tls", "--cert", "cert.pem", "--key", "key.pem"];
    for listen in [&own[..], &["--tls"]] {
        let mut listener = sender.sandbox().listen(listen);
        let url = listener.url();
        assert!(url.starts_with("https://"), "{url}");
        let args = ["order.sent", "--url", &url];
        let run = sender.send(&args).expect(3);
        assert!(run.stdout.contains("tls"), "{}", run.stdout);
        sender
            .send(&[&args[..], &["--insecure"]].concat())
            .expect(0);
        assert_eq!(listener.next_line()["verdict"]["status"], "valid");
        let trusting = [
            &args[..],
            &["--cacert", certificate.to_str().expect("text")],
        ]
        .concat();
        // Only the listener that serves with it is trusted for it.
        let is_own = listen.len() > 1;
        sender.send(&trusting).expect(if is_own { 0 } else { 3 });
    }
    let args = [
        "order.sent",
        "--url",
        "https://localhost:1",
        "--cacert",
        "none.pem",
    ];
    let run = sender.send(&args).expect(4);
    assert!(
        run.stderr.contains("cannot read `none.pem`"),
        "{}",
        run.stderr
    );
}

/// What a TLS library calls the fault tells nobody what to do.
#[test]
fn a_certificate_that_is_refused_is_told_in_words() {
    use rcgen::{
        BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd,
    };
    let sender = Sender::new();
    let params = |name: &str| CertificateParams::new([name.to_owned()]).expect("a name");
    let key = || KeyPair::generate().expect("a key");
    let mut authority = params("an authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let names = &mut authority.distinguished_name;
    names.push(DnType::CommonName, "an authority");
    let issuer = Issuer::new(authority.clone(), key());
    let trusted = authority.self_signed(issuer.key()).expect("a certificate");
    sender.sandbox().file("ca.pem", trusted.pem());
    let (mut own, mut expired) = (params("localhost"), params("localhost"));
    own.is_ca = authority.is_ca;
    expired.not_after = date_time_ymd(2020, 1, 1);
    for (params, is_own, words) in [
        (params("localhost"), true, "signed by nobody"),
        (own, true, "signed by nobody"),
        (expired, false, "has expired"),
        (params("example.org"), false, "is for other names"),
    ] {
        let key = key();
        let made = if is_own {
            params.self_signed(&key)
        } else {
            params.signed_by(&key, &issuer)
        };
        let made = made.expect("a certificate");
        sender.sandbox().file("cert.pem", made.pem());
        sender.sandbox().file("key.pem", key.serialize_pem());
        let serving = ["--tls", "--cert", "cert.pem", "--key", "key.pem"];
        let listener = sender.sandbox().listen(&serving);
        let url = listener.url();
        let args = ["order.sent", "--url", &url, "--cacert", "ca.pem"];
        let run = sender.send(&args).expect(3);
        assert!(run.stdout.contains(words), "{words}: {}", run.stdout);
    }
}
