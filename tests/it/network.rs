//! How endpoints are reached: names, proxies, certificates, and by which name the sender asks.

use std::net::TcpStream;
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::harness::endpoint::{Endpoint, Reply};
use crate::harness::sender::{SECRET, deliver, order};
use crate::harness::{Sandbox, has, must_have_all};
use crate::listen::free_port;

const SEND: [&str; 6] = ["send", "order.created", "-p", "olympus", "--secret", SECRET];

fn send(sandbox: &Sandbox, flags: &[&str]) -> crate::harness::Run {
    sandbox.run(&[&SEND[..], flags].concat())
}

#[test]
fn the_name_that_is_given_is_the_one_that_is_asked_for() {
    let app = Endpoint::ok();
    let sandbox = Sandbox::new();
    let (url, host) = (app.url("/w"), ["-H", "Host: shop.example"]);
    send(&sandbox, &["--url", &url, host[0], host[1]]).expect(0);
    assert_eq!(app.next().values("host"), ["shop.example"]);
    let dry = send(&sandbox, &["--url", &url, host[0], host[1], "--dry-run"]).expect(0);
    assert_eq!(
        dry.stdout.matches("Host: shop.example\r\n").count(),
        1,
        "{}",
        dry.stdout
    );
    let authority = app.authority();
    let flags = ["--secret", SECRET, "--forward-to", &authority];
    let listener = sandbox.listen(&[&flags[..], &host].concat());
    assert_eq!(deliver(listener.address(), order("evt_1")).0, 200);
    assert_eq!(app.next().values("host"), ["shop.example"]);
    let replay = ["replay", "@last", "--url", &url, "--secret", SECRET];
    sandbox.run(&[&replay[..], &host].concat()).expect(0);
    assert_eq!(app.next().values("host"), ["shop.example"]);
    sandbox.run(&replay).expect(0);
    assert_eq!(app.next().values("host"), [app.authority()]);
}

#[test]
fn a_listener_is_reached_by_both_addresses_of_localhost() {
    let sandbox = Sandbox::new();
    for flags in [&[][..], &["--host", "localhost"]] {
        let listener = sandbox.listen(&[&["--no-log"], flags].concat());
        let port = listener.address().port();
        TcpStream::connect(("127.0.0.1", port)).unwrap();
        // A machine without IPv6 has only the other one.
        if std::net::TcpListener::bind("[::1]:0").is_ok() {
            TcpStream::connect(("::1", port)).unwrap();
        }
    }
    let listener = sandbox.listen(&["--no-log", "--host", "127.0.0.1"]);
    assert!(TcpStream::connect(("::1", listener.address().port())).is_err());
    sandbox.run(&["listen", "--host", "[::1"]).expect(2);
}

#[test]
fn the_network_is_told_of_where_it_can_reach_the_listener() {
    let sandbox = Sandbox::new();
    let mut listener = sandbox.listen(&["--no-log", "--host", "0.0.0.0"]);
    listener.complains("by whoever is on the network");
}

#[test]
fn a_proxy_is_asked_for_what_is_elsewhere_and_its_failure_is_its_own() {
    let proxy = Endpoint::ok();
    let app = Endpoint::ok();
    let through = |url: &str| Sandbox::new().with("http_proxy", url);
    let sandbox = through(&proxy.url(""));
    send(&sandbox, &["--url", &app.url("/w")]).expect(0);
    assert_eq!((app.count(), proxy.count()), (1, 0));
    send(&sandbox, &["--url", "http://shop.invalid:3000/w"]).expect(0);
    assert_eq!(proxy.next().target(), "http://shop.invalid:3000/w");
    let down = free_port();
    let run = send(
        &through(&format!("http://{down}")),
        &["--url", "http://shop.invalid:3000/w"],
    );
    let run = run.expect(3);
    let told =
        format!("the proxy `{down}` on the way to `shop.invalid:3000`: nothing listens there");
    assert!(run.stdout.contains(&told), "{}", run.stdout);
    assert!(run.stdout.contains("`no_proxy`"), "{}", run.stdout);
    assert!(
        !run.stdout.contains("nothing listens on `shop"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_packed_answer_is_shown_as_the_text_that_it_is() {
    let app = Endpoint::start(|_, _| {
        use std::io::Write as _;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(b"column total does not exist").unwrap();
        let body = encoder.finish().unwrap();
        let head = format!(
            "HTTP/1.1 500 X\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        Reply::Raw([head.into_bytes(), body].concat())
    });
    let run = send(&Sandbox::new(), &["--url", &app.url("/w")]).expect(1);
    assert!(
        run.stdout.contains("column total does not exist"),
        "{}",
        run.stdout
    );
}

/// What `openssl req -x509` makes is a certificate of an authority, for no name but its subject's.
#[test]
fn the_very_certificate_of_a_server_is_trusted_whatever_it_says() {
    if !has("openssl") {
        assert!(!must_have_all(), "no openssl");
        return;
    }
    let sandbox = Sandbox::new();
    let openssl = |args: &str| {
        let mut command = Command::new("openssl");
        command.args(args.split(' ')).current_dir(sandbox.folder());
        let done = command.output().unwrap();
        assert!(
            done.status.success(),
            "{args}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
    };
    let key = "-newkey rsa:2048 -nodes -keyout key.pem -subj /CN=localhost";
    openssl(&format!("req -x509 {key} -out authority.pem -days 30"));
    openssl(&format!("req -x509 {key} -out other.pem -days 30"));
    let tls = [
        "--cert",
        "other.pem",
        "--key",
        "key.pem",
        "--tls",
        "--secret",
        SECRET,
    ];
    let listener = sandbox.listen(&[&["--no-log"][..], &tls].concat());
    let url = format!("https://localhost:{}/", listener.address().port());
    send(&sandbox, &["--url", &url]).expect(3);
    send(&sandbox, &["--url", &url, "--cacert", "other.pem"]).expect(0);
    let wrong = send(&sandbox, &["--url", &url, "--cacert", "authority.pem"]).expect(3);
    assert!(wrong.stdout.contains("tls"), "{}", wrong.stdout);
}
