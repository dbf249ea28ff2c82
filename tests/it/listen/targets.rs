//! Applications that are several, slow, gone or odd.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use rusqlite::Connection;

use super::durable::{attempts, kept};
use crate::harness::endpoint::{Endpoint, Reply};
use crate::harness::sender::{SECRET, deliver, deliver_to, envelope, order, signature};
use crate::harness::{Listener, PATIENCE, Sandbox, own_address, post_message};

fn listen(flags: &[&str]) -> (Sandbox, Listener) {
    let sandbox = Sandbox::new();
    let mut all = vec!["--secret", SECRET];
    all.extend(flags);
    let listener = sandbox.listen(&all);
    (sandbox, listener)
}

/// A port at which nothing listens.
pub fn free_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

#[test]
fn deliveries_reach_a_target_in_the_order_of_the_log() {
    let under_way = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&under_way);
    let app = Endpoint::start(move |_, _| {
        assert_eq!(counted.fetch_add(1, Ordering::SeqCst), 0, "two at once");
        thread::yield_now();
        counted.fetch_sub(1, Ordering::SeqCst);
        Reply::status(200)
    });
    let (sandbox, listener) = listen(&["--forward-to", &app.authority()]);
    let address = listener.address();
    let start = Arc::new(Barrier::new(24));
    let senders: Vec<_> = (0..24)
        .map(|n| {
            let start = Arc::clone(&start);
            thread::spawn(move || {
                start.wait();
                deliver_to(address, &format!("/{n}"), order(&format!("evt_{n}"))).0
            })
        })
        .collect();
    assert!(senders.into_iter().all(|s| s.join().unwrap() == 200));
    let logged: Vec<_> = kept(&sandbox.log_file())
        .iter()
        .map(|d| format!("POST {} HTTP/1.1", d.request.target))
        .collect();
    let forwarded: Vec<_> = (0..24).map(|_| app.next().line).collect();
    assert_eq!(forwarded, logged);
}

#[test]
fn with_concurrency_nobody_waits_behind_a_slow_one_while_a_worker_is_free() {
    let (open, opened) = channel::<()>();
    let opened = Mutex::new(opened);
    let (under_way, most) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&most);
    let app = Endpoint::start(move |_, message| {
        let now = under_way.fetch_add(1, Ordering::SeqCst) + 1;
        counted.fetch_max(now, Ordering::SeqCst);
        if message.target().starts_with("/slow") {
            // Ends with an error once the gate is opened.
            let _ = opened.lock().unwrap().recv();
        }
        under_way.fetch_sub(1, Ordering::SeqCst);
        Reply::status(200)
    });
    let flags = [
        "-f",
        &app.authority(),
        "--concurrency",
        "2",
        "--answer",
        "now",
    ];
    let (_sandbox, mut listener) = listen(&flags);
    let send = |path: &str| deliver_to(listener.address(), path, order(path));
    send("/slow/1");
    assert_eq!(app.next().target(), "/slow/1");
    let quick: Vec<_> = (0..6).map(|number| format!("/quick/{number}")).collect();
    for path in &quick {
        send(path);
    }
    // The worker that is free takes one after the other, in their order.
    let came: Vec<_> = quick
        .iter()
        .map(|_| app.next().target().to_owned())
        .collect();
    assert_eq!(came, quick);
    for _ in &quick {
        assert_eq!(listener.next_of("attempt")["response"]["status"], 200);
    }
    // With both at work, the next one waits.
    let send = |path: &str| deliver_to(listener.address(), path, order(path));
    send("/slow/2");
    assert_eq!(app.next().target(), "/slow/2");
    send("/last");
    assert_eq!(listener.next_of("delivery")["event_id"], "/slow/2");
    assert_eq!(listener.next_of("delivery")["event_id"], "/last");
    drop(open);
    assert_eq!(app.next().target(), "/last");
    assert_eq!(most.load(Ordering::SeqCst), 2);
}

#[test]
fn neither_the_sender_nor_the_next_delivery_waits_for_the_disk_behind_an_attempt() {
    let sandbox = Sandbox::new();
    let log = sandbox.log_file();
    let locked = Arc::new(Mutex::new(None));
    let lock = Arc::clone(&locked);
    let app = Endpoint::start(move |_, _| {
        // The delivery is in the log by now; the attempt finds it locked.
        let other = Connection::open(&log).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        *lock.lock().unwrap() = Some(other);
        Reply::status(200)
    });
    let mut listener = sandbox.listen(&["--secret", SECRET, "--forward-to", &app.authority()]);
    assert_eq!(deliver(listener.address(), order("evt_1")).0, 200);
    let log = sandbox.log_file();
    assert_eq!(attempts(&log, &kept(&log)[0].id).len(), 0);
    let other = locked.lock().unwrap().take().unwrap();
    other.execute_batch("ROLLBACK").unwrap();
    let attempt = listener.next_of("attempt");
    assert_eq!(attempt["response"]["status"], 200);
    assert_eq!(attempts(&log, &kept(&log)[0].id)[0].id, attempt["id"]);
}

#[test]
fn answered_at_once_the_sender_does_not_wait_for_the_application() {
    let (app, gate) = Endpoint::gated(0);
    let (_sandbox, mut listener) = listen(&["--forward-to", &app.authority(), "--answer", "now"]);
    let (status, answer) = deliver(listener.address(), order("evt_1"));
    assert_eq!((status, answer.as_str()), (200, r#"{"received":true}"#));
    assert_eq!(listener.next_line()["response"]["status"], 200);
    app.next();
    gate.let_one();
    assert_eq!(listener.next_of("attempt")["response"]["status"], 200);
}

#[test]
fn what_is_on_its_way_at_the_end_arrives() {
    let (app, gate) = Endpoint::gated(0);
    let (sandbox, mut listener) = listen(&["--forward-to", &app.authority(), "--answer", "now"]);
    for n in 0..3 {
        deliver(listener.address(), order(&format!("evt_{n}")));
    }
    app.next();
    listener.signal("INT");
    gate.open();
    for _ in 0..3 {
        assert_eq!(listener.next_of("attempt")["response"]["status"], 200);
    }
    assert_eq!(listener.wait().2.code(), Some(0));
    let log = sandbox.log_file();
    assert!(kept(&log).iter().all(|d| attempts(&log, &d.id).len() == 1));
}

#[test]
fn of_two_targets_both_get_it_and_the_refusal_goes_back() {
    let good = Endpoint::ok();
    let bad = Endpoint::start(|_, _| Reply::Page(500, b"bad".to_vec()));
    let (sandbox, mut listener) = listen(&[
        "--forward-to",
        &good.authority(),
        "--forward-to",
        &bad.authority(),
    ]);
    let (status, answer) = deliver(listener.address(), order("evt_1"));
    assert_eq!((status, answer.as_str()), (500, "bad"));
    assert_eq!(good.next().body, bad.next().body);
    // An attempt is printed once it is kept.
    for _ in 0..2 {
        listener.next_of("attempt");
    }
    let log = sandbox.log_file();
    assert_eq!(attempts(&log, &kept(&log)[0].id).len(), 2);
}

#[test]
fn a_slow_target_does_not_hold_up_another() {
    let (slow, gate) = Endpoint::gated(0);
    let quick = Endpoint::ok();
    let flags = [
        "--forward-to",
        &slow.authority(),
        "--forward-to",
        &quick.authority(),
        "--answer",
        "now",
    ];
    let (_sandbox, listener) = listen(&flags);
    for n in 0..3 {
        deliver(listener.address(), order(&format!("evt_{n}")));
    }
    for _ in 0..3 {
        quick.next();
    }
    assert_eq!(slow.count(), 1);
    gate.open();
    slow.next();
}

#[test]
fn routes_go_by_event() {
    let (orders, payments) = (Endpoint::ok(), Endpoint::ok());
    let routes = [
        format!("order.*={}", orders.authority()),
        format!("payment.*=http://{}/pay", payments.authority()),
    ];
    let (_sandbox, listener) = listen(&["--route", &routes[0], "--route", &routes[1]]);
    deliver_to(listener.address(), "/a", order("evt_1"));
    deliver_to(
        listener.address(),
        "/b",
        order("evt_2").replace("order.created", "payment.voided"),
    );
    let (status, _) = deliver(
        listener.address(),
        order("evt_3").replace("order.created", "location.hours_changed"),
    );
    assert_eq!(status, 200);
    assert_eq!(orders.next().line, "POST /a HTTP/1.1");
    assert_eq!(payments.next().line, "POST /pay HTTP/1.1");
    assert_eq!((orders.count(), payments.count()), (1, 1));
}

#[test]
fn an_application_that_is_down_is_502_and_the_delivery_is_kept() {
    let nowhere = free_port();
    let (sandbox, mut listener) = listen(&["--forward-to", &nowhere]);
    let warning = listener.complains("nothing listens");
    assert!(warning.contains(&nowhere), "{warning}");
    let (status, answer) = deliver(listener.address(), order("evt_1"));
    assert_eq!(status, 502);
    assert!(answer.contains(&nowhere), "{answer}");
    let attempt = listener.next_of("attempt");
    assert!(attempt["response"].is_null());
    assert_eq!(attempt["error"]["kind"], "refused");
    let log = sandbox.log_file();
    let delivery = &kept(&log)[0];
    assert!(attempts(&log, &delivery.id)[0].outcome.is_err());
}

/// What is said of the time until it runs is what happens then.
#[test]
fn an_application_that_is_down_is_told_with_what_becomes_of_deliveries() {
    let nowhere = free_port();
    for (flags, told) in [
        (&[][..], "answered 502, and every delivery is kept"),
        (&["--no-log"], "answered 502, and nothing is kept"),
        (&["--answer", "now"], "answered and kept"),
        (&["--answer", "now", "--no-log"], "answered and lost"),
    ] {
        let all = [&["--forward-to", &nowhere][..], flags].concat();
        let (_sandbox, mut listener) = listen(&all);
        listener.complains("nothing listens");
        listener.complains(told);
    }
}

#[test]
fn an_application_that_is_slow_is_504() {
    let (app, gate) = Endpoint::gated(0);
    let (_sandbox, mut listener) =
        listen(&["--forward-to", &app.authority(), "--timeout", "300ms"]);
    let (status, answer) = deliver(listener.address(), order("evt_1"));
    assert_eq!(status, 504);
    assert!(answer.contains("300ms"), "{answer}");
    assert_eq!(listener.next_of("attempt")["error"]["kind"], "timeout");
    gate.open();
}

#[test]
fn an_application_that_ends_midway_is_502() {
    let app = Endpoint::start(|_, _| {
        Reply::Stream(|stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        })
    });
    let (_sandbox, mut listener) = listen(&["--forward-to", &app.authority()]);
    assert_eq!(deliver(listener.address(), order("evt_1")).0, 502);
    assert_eq!(listener.next_of("attempt")["error"]["kind"], "reset");
}

#[test]
fn an_application_that_speaks_no_http_is_502() {
    let app = Endpoint::saying("220 smtp.example ESMTP\r\n");
    let (_sandbox, mut listener) = listen(&["--forward-to", &app.authority()]);
    assert_eq!(deliver(listener.address(), order("evt_1")).0, 502);
    assert_eq!(listener.next_of("attempt")["error"]["kind"], "protocol");
}

#[test]
fn an_endless_answer_is_cut_off() {
    let app = Endpoint::start(|_, _| {
        Reply::Stream(|stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x1_0000));
            while stream.write_all(chunk.as_bytes()).is_ok() {}
        })
    });
    let (_sandbox, mut listener) = listen(&["--forward-to", &app.authority()]);
    assert_eq!(deliver(listener.address(), order("evt_1")).0, 502);
    assert_eq!(listener.next_of("attempt")["error"]["kind"], "too_large");
}

/// Of 100 files, 30 connections are served and 30 more wait for the applications, 15 for each.
#[test]
fn applications_that_hang_leave_room_for_the_events_of_others() {
    let [(orders, open), (payments, also)] = [Endpoint::gated(0), Endpoint::gated(0)];
    let [to_orders, to_payments] = [("order.*", &orders), ("payment.*", &payments)]
        .map(|(events, app)| format!("{events}={}", app.authority()));
    let sandbox = Sandbox::new();
    let script = "ulimit -n 100; exec \"$0\" \"$@\"";
    let program = env!("CARGO_BIN_EXE_webhook");
    let listen = ["listen", "--json", "--port", "0", "--secret", SECRET];
    let routes = ["--route", &to_orders, "--route", &to_payments];
    let args = [&["-c", script, program][..], &listen, &routes].concat();
    let mut listener = sandbox.listen_by("sh", &args);
    let mut waiting = Vec::new();
    for event in ["order.created", "payment.processed"] {
        for number in 0..30 {
            let body = envelope("olympus", event, &format!("{event}_{number}"));
            let (name, value) = signature("olympus", SECRET, body.as_bytes());
            let mut stream = TcpStream::connect(listener.address()).unwrap();
            let message = post_message("/", &[(name, &value)], body.as_bytes());
            stream.write_all(&message).unwrap();
            waiting.push(stream);
        }
    }
    let mut refused = 0;
    for _ in 0..60 {
        refused += usize::from(listener.next_of("delivery")["response"]["status"] == 503);
    }
    assert_eq!(refused, 30);
    let other = envelope("olympus", "menu.item_updated", "evt_1");
    assert_eq!(deliver(listener.address(), other).0, 200);
    open.open();
    also.open();
}

#[test]
fn a_target_that_is_none_is_an_error() {
    for target in ["ftp://localhost/", "http://", "localhost:99999", "0"] {
        let run = Sandbox::new().run(&["listen", "--port", "0", "--forward-to", target]);
        assert_eq!(run.code, Some(2), "{target}: {}", run.stderr);
        assert!(run.stderr.contains("hint: "), "{}", run.stderr);
    }
}

#[test]
fn a_listener_does_not_forward_to_itself() {
    let port = free_port().rsplit(':').next().unwrap().to_owned();
    let here = format!("http://127.0.0.1:{port}/x");
    let mut cases = vec![("127.0.0.1", port.clone()), ("127.0.0.1", here)];
    cases.push(("0.0.0.0", format!("127.0.0.2:{port}")));
    cases.extend(own_address().map(|own| ("0.0.0.0", format!("{own}:{port}"))));
    for (host, target) in cases {
        let flags = ["--host", host, "--port", &port, "--forward-to", &target];
        let run = Sandbox::new().run(&[&["listen"], &flags[..]].concat());
        let run = run.expect(2);
        assert!(
            run.stderr.contains("this listener itself"),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn a_scripted_answer_stands_before_the_applications() {
    let app = Endpoint::ok();
    let (_sandbox, listener) = listen(&["--forward-to", &app.authority(), "--respond", "503,200"]);
    assert_eq!(deliver(listener.address(), order("evt_1")).0, 503);
    assert_eq!(deliver(listener.address(), order("evt_1")).0, 200);
    assert_eq!(app.next().body, app.next().body);
}

#[test]
fn an_application_sees_a_delivery_only_after_it_is_in_the_log() {
    let sandbox = Sandbox::new();
    let log = sandbox.log_file();
    let (told, seen) = channel();
    let told = Mutex::new(told);
    let app = Endpoint::start(move |_, _| {
        let _ = told.lock().unwrap().send(kept(&log).len());
        Reply::status(200)
    });
    let listener = sandbox.listen(&["--secret", SECRET, "--forward-to", &app.authority()]);
    deliver(listener.address(), order("evt_1"));
    assert_eq!(seen.recv_timeout(PATIENCE), Ok(1));
}
