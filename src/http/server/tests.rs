use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::*;
use crate::http::{Arrival, ByteBudget, Handler, Pending, Problem, Reply, buffered, tls};

/// When a test gives up; longer than any of the default limits, which paused time runs through.
const GIVE_UP: Duration = Duration::from_secs(400);

/// Answers with the target once the gate lets it, and tells the test what arrived and when it was
/// done. What is asked of `/later` is taken in at once, and its answer waits for the gate.
struct Desk {
    gate: Arc<Semaphore>,
    arrivals: mpsc::UnboundedSender<Arrival>,
    finished: AtomicUsize,
    reply_size: usize,
}

impl Handler for Desk {
    async fn handle(&self, arrival: Arrival) -> Pending {
        let status = match arrival.problem {
            None => 200,
            Some(Problem::TooLarge { .. }) => 413,
            Some(Problem::Stalled) => 408,
            Some(Problem::Aborted) => 400,
            Some(Problem::NoRoom) => 503,
        };
        let mut body = arrival.request.target.clone();
        body.extend(std::iter::repeat_n('.', self.reply_size));
        let is_later = arrival.request.target == "/later";
        self.arrivals.send(arrival).unwrap();
        if is_later {
            let gate = Arc::clone(&self.gate);
            return async move {
                gate.acquire().await.unwrap().forget();
                Reply::json(status, body)
            }
            .boxed();
        }
        self.gate.acquire().await.unwrap().forget();
        self.finished.fetch_add(1, Ordering::SeqCst);
        let reply = Reply::json(status, body).with("X-Desk", "1");
        std::future::ready(reply).boxed()
    }
}

/// A server on a port of its own.
struct Site {
    address: SocketAddr,
    desk: Arc<Desk>,
    budget: ByteBudget,
    arrivals: mpsc::UnboundedReceiver<Arrival>,
    strays: mpsc::UnboundedReceiver<Stray>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

struct Setup {
    limits: Limits,
    gate: usize,
    reply_size: usize,
    tls: Option<TlsAcceptor>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            gate: 1000,
            reply_size: 0,
            tls: None,
        }
    }
}

impl Setup {
    async fn open(self) -> Site {
        let (sender, arrivals) = mpsc::unbounded_channel();
        let desk = Arc::new(Desk {
            gate: Arc::new(Semaphore::new(self.gate)),
            arrivals: sender,
            finished: AtomicUsize::new(0),
            reply_size: self.reply_size,
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stray_sender, strays) = mpsc::unbounded_channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let budget = ByteBudget::of(&self.limits);
        let service = buffered(Arc::clone(&desk), self.limits, budget.clone());
        let server = tokio::spawn(serve(
            vec![listener],
            self.tls,
            service,
            self.limits,
            Arc::new(move |stray, _| drop(stray_sender.send(stray))),
            async {
                let _ = stopped.await;
            },
        ));
        Site {
            address,
            desk,
            budget,
            arrivals,
            strays,
            stop,
            server,
        }
    }
}

impl Site {
    async fn dial(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends `bytes` on a connection of their own and reads all that comes until it is closed.
    async fn exchange(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.dial().await;
        stream.write_all(bytes.as_ref()).await.unwrap();
        read_all(&mut stream).await
    }

    async fn arrival(&mut self) -> Arrival {
        let arrival = timeout(GIVE_UP, self.arrivals.recv()).await;
        arrival.expect("an arrival in time").unwrap()
    }
}

async fn open() -> Site {
    Setup::default().open().await
}

async fn with_limits(change: impl FnOnce(&mut Limits)) -> Site {
    let mut setup = Setup::default();
    change(&mut setup.limits);
    setup.open().await
}

async fn read_all(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let read = timeout(GIVE_UP, stream.read_to_string(&mut text)).await;
    read.expect("an end in time").unwrap();
    text
}

/// Reads up to and including `end`.
async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    while !text.ends_with(end) {
        text.push(char::from(stream.read_u8().await.unwrap()));
    }
    text
}

fn status(reply: &str) -> &str {
    reply.split(' ').nth(1).unwrap_or(reply)
}

#[tokio::test]
async fn fields_arrive_as_they_were_sent() {
    let mut site = open().await;
    let reply = site
        .exchange(
            b"POST /hooks?shop=1&shop=2 HTTP/1.1\r\nHost: h\r\nX-Olympus-SIGNATURE: t=1\r\n\
              x-b:  padded \r\nX-Raw: \xff\xfe\r\nX-OLYMPUS-signature: t=2\r\nconnection: close\r\n\
              Content-length: 5\r\n\r\n{\x00\xff}\n",
        )
        .await;
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
    assert!(reply.contains("\r\nX-Desk: 1\r\n") && reply.contains("\r\nDate: "));
    assert!(reply.ends_with("\r\n\r\n/hooks?shop=1&shop=2"));

    let arrival = site.arrival().await;
    let fields: Vec<_> = arrival
        .request
        .headers
        .iter()
        .map(|(n, v)| (n, &v[..]))
        .collect();
    assert_eq!(
        fields,
        [
            ("Host", &b"h"[..]),
            ("X-Olympus-SIGNATURE", b"t=1"),
            ("x-b", b"padded"),
            ("X-Raw", b"\xff\xfe"),
            ("X-OLYMPUS-signature", b"t=2"),
            ("connection", b"close"),
            ("Content-length", b"5"),
        ]
    );
    assert_eq!(arrival.request.body, &b"{\x00\xff}\n"[..]);
    assert_eq!(arrival.request.target, "/hooks?shop=1&shop=2");
    assert_eq!(arrival.request.version, "HTTP/1.1");
    assert!(arrival.request.body_complete && arrival.problem.is_none());
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let mut site = open().await;
    let reply = site
        .exchange(
            "POST /1 HTTP/1.1\r\nHost: h\r\nX-One: 1\r\nContent-Length: 2\r\n\r\nab\
             GET /2 HTTP/1.1\r\nhOST: h\r\nx-TWO: 2\r\n\r\n\
             PUT /3 HTTP/1.1\r\nHost: h\r\nX-tHREE: 3\r\nTransfer-Encoding: chunked\r\n\
             Connection: close\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: 1\r\n\r\n",
        )
        .await;
    let places: Vec<_> = ["/1", "/2", "/3"]
        .iter()
        .map(|body| reply.find(body))
        .collect();
    assert!(
        places.is_sorted() && places.iter().all(Option::is_some),
        "{reply}"
    );
    for (method, name, body) in [
        ("POST", "X-One", "ab"),
        ("GET", "x-TWO", ""),
        ("PUT", "X-tHREE", "abc"),
    ] {
        let request = site.arrival().await.request;
        assert_eq!(
            (request.method.as_str(), &request.body[..]),
            (method, body.as_bytes())
        );
        assert!(request.headers.iter().any(|(field, _)| field == name));
    }
}

#[tokio::test]
async fn http_1_0_is_answered_and_closed() {
    let mut site = open().await;
    let reply = site
        .exchange("POST /old HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi")
        .await;
    assert!(reply.starts_with("HTTP/1.0 200 OK"), "{reply}");
    let request = site.arrival().await.request;
    assert_eq!(
        (request.version.as_str(), &request.body[..]),
        ("HTTP/1.0", &b"hi"[..])
    );
}

#[tokio::test]
async fn any_method_and_form_of_target_is_taken_but_no_tunnel() {
    let mut site = open().await;
    for (line, target) in [
        ("PROPFIND /a//b/../%2e?", "/a//b/../%2e?"),
        ("GET http://Example.com/x?y", "http://Example.com/x?y"),
        ("OPTIONS *", "*"),
    ] {
        let reply = site
            .exchange(format!(
                "{line} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
            ))
            .await;
        assert_eq!(status(&reply), "200");
        assert_eq!(site.arrival().await.request.target, target);
    }
    let reply = site
        .exchange("CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n")
        .await;
    assert_eq!(status(&reply), "405");
    assert!(site.arrivals.is_empty());
}

#[tokio::test]
async fn a_reply_to_head_has_no_content() {
    let site = open().await;
    let reply = site
        .exchange("HEAD /abc HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        .await;
    assert!(
        reply.contains("\r\nContent-Length: 4\r\n") && reply.ends_with("\r\n\r\n"),
        "{reply}"
    );
}

#[tokio::test]
async fn a_sender_that_asks_first_is_told_to_continue() {
    let mut site = open().await;
    let mut stream = site.dial().await;
    let head = b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n";
    stream.write_all(head).await.unwrap();
    assert_eq!(
        read_until(&mut stream, "\r\n\r\n").await,
        "HTTP/1.1 100 Continue\r\n\r\n"
    );
    stream.write_all(b"ok").await.unwrap();
    assert_eq!(status(&read_all(&mut stream).await), "200");
    assert_eq!(site.arrival().await.request.body, "ok");
}

#[tokio::test]
async fn a_declared_length_over_the_limit_is_refused_unread() {
    let mut site = with_limits(|limits| limits.max_body = 10).await;
    let head = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n";
    let reply = site.exchange(head).await;
    assert!(
        reply.starts_with("HTTP/1.1 413 ") && reply.contains("\r\nConnection: close\r\n"),
        "{reply}"
    );
    let arrival = site.arrival().await;
    assert_eq!(arrival.problem, Some(Problem::TooLarge { limit: 10 }));
    assert!(arrival.request.body.is_empty() && !arrival.request.body_complete);

    let reply = site
        .exchange("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 10\r\n\r\n0123456789")
        .await;
    assert_eq!(status(&reply), "200");
}

#[tokio::test]
async fn a_sender_in_full_flow_still_gets_the_refusal() {
    let mut site = with_limits(|limits| limits.max_body = 10).await;
    let body = vec![b'x'; 4 * 1024 * 1024];
    let declared = format!(
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let chunked = format!(
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n",
        body.len()
    );
    for head in [declared, chunked] {
        let reply = site.exchange([head.as_bytes(), &body].concat()).await;
        assert_eq!(status(&reply), "413");
        let arrival = site.arrival().await;
        assert_eq!(arrival.problem, Some(Problem::TooLarge { limit: 10 }));
        assert_eq!(arrival.request.body, Bytes::new());
    }
}

const KIB: usize = 1024;

/// A request with a body of so many KiB, which declares its length or does not.
fn post(kib: usize, is_chunked: bool) -> Vec<u8> {
    let size = kib * KIB;
    let head = "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n";
    let body = "x".repeat(size);
    if is_chunked {
        format!("{head}Transfer-Encoding: chunked\r\n\r\n{size:x}\r\n{body}\r\n0\r\n\r\n").into()
    } else {
        format!("{head}Content-Length: {size}\r\n\r\n{body}").into()
    }
}

async fn with_budget(kib: usize) -> Site {
    with_limits(|limits| (limits.max_body, limits.max_held) = (kib * KIB / 2, kib * KIB)).await
}

#[tokio::test(start_paused = true)]
async fn a_body_without_room_waits_and_is_then_refused() {
    let mut site = with_budget(512).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        assert_eq!(status(&site.exchange(post(200, false)).await), "200");
        held.push(site.arrival().await);
    }
    assert_eq!(site.budget.free(), 112 * KIB);
    for is_chunked in [false, true] {
        let reply = site.exchange(post(200, is_chunked)).await;
        assert_eq!(status(&reply), "503");
        let refused = site.arrival().await;
        assert_eq!(refused.problem, Some(Problem::NoRoom));
        assert!(refused.request.body.is_empty() && !refused.request.body_complete);
    }
    // What needs no room finds some.
    assert_eq!(
        status(&site.exchange("GET / HTTP/1.0\r\n\r\n").await),
        "200"
    );
    let start = Instant::now();
    let waiting = site.exchange(post(200, false));
    let (reply, ()) = tokio::join!(waiting, async {
        tokio::time::sleep(Limits::default().body_idle / 2).await;
        held.clear();
    });
    assert_eq!(status(&reply), "200");
    assert!(start.elapsed() >= Limits::default().body_idle / 2);
}

#[tokio::test]
async fn many_large_bodies_at_once_never_hold_more_than_the_budget() {
    const CLIENTS: usize = 24;
    let mut site = with_budget(512).await;
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..CLIENTS {
        let mut stream = site.dial().await;
        clients.spawn(async move {
            // The reply may come before all of a refused body is out.
            let _ = stream.write_all(&post(200, client % 3 == 0)).await;
            status(&read_all(&mut stream).await).to_owned()
        });
    }
    let (mut held, mut arrived) = (Vec::new(), 0);
    while arrived < CLIENTS {
        let mut next = Some(site.arrival().await);
        while let Some(arrival) = next {
            held.push(arrival.request.body);
            arrived += 1;
            next = site.arrivals.try_recv().ok();
        }
        let bytes: usize = held.iter().map(Bytes::len).sum();
        assert!(bytes + site.budget.free() <= 512 * KIB, "{bytes} bytes");
        if bytes > 300 * KIB {
            held.clear();
        }
    }
    drop(held);
    let answers = clients.join_all().await;
    let count = |status| answers.iter().filter(|answer| *answer == status).count();
    assert_eq!(count("200") + count("503"), CLIENTS);
    assert!(count("200") >= CLIENTS * 2 / 3, "{answers:?}");
    assert_eq!(site.budget.free(), 512 * KIB);
}

#[tokio::test]
async fn requests_with_conflicting_lengths_reach_no_handler() {
    let mut site = open().await;
    for lengths in [
        "Content-Length: 2\r\nContent-Length: 3",
        "Content-Length: 2, 3",
        "Content-Length: +2",
        "Content-Length: 2\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 2",
        "Transfer-Encoding: chunked, gzip",
    ] {
        let reply = site
            .exchange(format!(
                "POST / HTTP/1.1\r\nHost: h\r\n{lengths}\r\n\r\n0\r\n\r\n"
            ))
            .await;
        assert_eq!(status(&reply), "400", "{lengths}");
        assert!(site.arrivals.is_empty(), "{lengths}");
    }
    let twice = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nCONTENT-Length: 2\r\nConnection: close\r\n\r\nok";
    assert_eq!(status(&site.exchange(twice).await), "200");
    let request = site.arrival().await.request;
    assert_eq!(request.headers.get_all("content-length").count(), 2);
}

#[tokio::test]
async fn requests_that_break_a_rule_of_framing_or_host_are_refused_and_told() {
    let mut site = open().await;
    let post = "POST / HTTP/1.1\r\n";
    for (head, status_expected, rule) in [
        (format!("{post}Content-Length: 0"), "400", Some("no `Host`")),
        (
            format!("{post}Host: a\r\nHost: a"),
            "400",
            Some("more than one `Host`"),
        ),
        (
            "GET / HTTP/1.0\r\nHost: a\r\nhost: b".into(),
            "400",
            Some("more than one `Host`"),
        ),
        (format!("{post}Host:"), "200", None),
        ("GET / HTTP/1.0".into(), "200", None),
        (
            format!("{post}Host: a\r\nTransfer-Encoding: CHUNKED"),
            "200",
            None,
        ),
    ]
    .into_iter()
    .chain(
        [
            "chunked, chunked",
            "gzip, chunked",
            ",chunked",
            "chunked\r\nTransfer-Encoding: chunked",
        ]
        .map(|coding| {
            let head = format!("{post}Host: a\r\nTransfer-Encoding: {coding}");
            (head, "400", Some("`Transfer-Encoding`"))
        }),
    ) {
        let end = if head.contains("Transfer") {
            "0\r\n\r\n"
        } else {
            ""
        };
        let message = format!("{head}\r\nConnection: close\r\n\r\n{end}");
        let reply = site.exchange(message).await;
        assert_eq!(status(&reply), status_expected, "{head}: {reply}");
        match rule {
            None => assert!(site.arrivals.try_recv().is_ok(), "{head}"),
            Some(rule) => match site.strays.try_recv() {
                Ok(Stray::Refused(told)) => assert!(told.contains(rule), "{head}: {told}"),
                told => panic!("{head}: {told:?}"),
            },
        }
        assert!(site.arrivals.is_empty(), "{head}");
    }
}

#[tokio::test]
async fn what_speaks_something_else_is_told() {
    let mut site = open().await;
    for (bytes, expected) in [
        (
            &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
            Stray::Tls,
        ),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Stray::NotHttp),
        (b"hello\r\n\r\n", Stray::NotHttp),
    ] {
        let mut stream = site.dial().await;
        stream.write_all(bytes).await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
        assert_eq!(site.strays.recv().await.unwrap(), expected);
    }
    let tls = Some(tls::self_signed("localhost").unwrap().0);
    let mut site = Setup {
        tls,
        ..Setup::default()
    }
    .open()
    .await;
    let reply = site.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(
        status(&reply) == "400" && reply.contains("https://"),
        "{reply}"
    );
    assert_eq!(site.strays.recv().await.unwrap(), Stray::Plain);
    let mut stream = site.dial().await;
    stream
        .write_all(b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00")
        .await
        .unwrap();
    let _ = stream.read_to_end(&mut Vec::new()).await;
    let told = site.strays.recv().await.unwrap();
    assert!(matches!(told, Stray::NoHandshake(_)), "{told:?}");
}

#[tokio::test]
async fn long_heads_pass_and_endless_ones_do_not() {
    let mut site = open().await;
    let head = |size: usize| {
        let value = "x".repeat(size);
        format!("GET / HTTP/1.1\r\nX-Long: {value}\r\nHost: h\r\nConnection: close\r\n\r\n")
    };
    assert_eq!(status(&site.exchange(head(64 * 1024)).await), "200");
    assert_eq!(
        site.arrival()
            .await
            .request
            .headers
            .iter()
            .next()
            .unwrap()
            .0,
        "X-Long"
    );
    assert_eq!(status(&site.exchange(head(1024 * 1024)).await), "431");
    assert!(site.arrivals.is_empty());

    let small = with_limits(|limits| limits.max_head = 10_000).await;
    assert_eq!(status(&small.exchange(head(9_900)).await), "200");
    assert_eq!(status(&small.exchange(head(10_000)).await), "431");
}

#[tokio::test(start_paused = true)]
async fn long_heads_share_a_budget_of_their_own() {
    let long = format!("GET / HTTP/1.0\r\nX-Long: {}", "x".repeat(64 * KIB));
    let whole = format!("{long}\r\n\r\n");
    // Each takes twice its bytes while it is read, and its bytes while it is handled.
    let mut site = with_limits(|limits| limits.max_heads = 200 * KIB).await;
    let (one, other) = tokio::join!(site.exchange(&long), site.exchange(&long));
    let mut statuses = [status(&one), status(&other)];
    statuses.sort_unstable();
    assert_eq!(statuses, ["408", "503"]);
    let refused = one + &other;
    assert!(refused.contains("Retry-After: 5\r\n"), "{refused}");
    assert_eq!(site.strays.recv().await, Some(Stray::NoRoom));
    assert!(site.strays.is_empty());

    assert_eq!(status(&site.exchange(&whole).await), "200");
    let held = site.arrival().await;
    let copy = held.request.headers.iter().next().unwrap().1.clone();
    drop(held);
    assert_eq!(status(&site.exchange(&whole).await), "200");
    let second = site.arrival().await;
    assert_eq!(status(&site.exchange(&whole).await), "503");
    assert_eq!(
        status(&site.exchange("GET / HTTP/1.0\r\n\r\n").await),
        "200"
    );
    drop((copy, second));
    assert_eq!(status(&site.exchange(&whole).await), "200");
}

#[tokio::test(start_paused = true)]
async fn a_head_that_stalls_is_answered_408_and_silence_is_closed() {
    let site = open().await;
    let start = Instant::now();
    let reply = site.exchange("POST / HTTP/1.1\r\nX-Half: ").await;
    assert!(
        reply.starts_with("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"),
        "{reply}"
    );
    assert_eq!(site.exchange("").await, "");
    assert!(start.elapsed() < 3 * Limits::default().head_time);
}

#[tokio::test(start_paused = true)]
async fn a_connection_may_idle_for_longer_than_a_head_may_take() {
    let limits = Limits::default();
    let site = open().await;
    let mut stream = site.dial().await;
    stream
        .write_all(b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    read_until(&mut stream, "/1").await;
    tokio::time::sleep(limits.keep_alive / 2).await;
    stream
        .write_all(b"GET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    read_until(&mut stream, "/2").await;
    let start = Instant::now();
    assert_eq!(read_all(&mut stream).await, "");
    assert!(start.elapsed() >= limits.keep_alive);

    let mut stream = site.dial().await;
    stream
        .write_all(b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2")
        .await
        .unwrap();
    let start = Instant::now();
    assert!(read_all(&mut stream).await.contains("HTTP/1.1 408 "));
    assert!(start.elapsed() < limits.keep_alive);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stalls_reaches_the_handler_as_far_as_it_came() {
    let mut site = open().await;
    let reply = site
        .exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf")
        .await;
    assert!(
        reply.starts_with("HTTP/1.1 408 ") && reply.contains("\r\nConnection: close\r\n"),
        "{reply}"
    );
    let arrival = site.arrival().await;
    assert_eq!(arrival.problem, Some(Problem::Stalled));
    assert_eq!(arrival.request.body, "half");
    assert!(!arrival.request.body_complete);
}

#[tokio::test]
async fn a_sender_that_leaves_in_mid_body_is_still_handled() {
    let mut site = open().await;
    let mut stream = site.dial().await;
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf")
        .await
        .unwrap();
    drop(stream);
    let arrival = site.arrival().await;
    assert_eq!(arrival.problem, Some(Problem::Aborted));
    assert_eq!(
        (arrival.request.body_complete, &arrival.request.body[..]),
        (false, &b"half"[..])
    );

    let broken =
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n";
    assert_eq!(status(&site.exchange(broken).await), "400");
    let arrival = site.arrival().await;
    assert_eq!(
        (arrival.problem, &arrival.request.body[..]),
        (Some(Problem::Aborted), &b"abc"[..])
    );
}

#[tokio::test]
async fn a_sender_that_closes_its_half_still_gets_the_reply() {
    let mut site = Setup {
        gate: 0,
        ..Setup::default()
    }
    .open()
    .await;
    let mut stream = site.dial().await;
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nok")
        .await
        .unwrap();
    stream.shutdown().await.unwrap();
    site.arrival().await;
    site.desk.gate.add_permits(1);
    assert_eq!(status(&read_all(&mut stream).await), "200");
}

#[tokio::test]
async fn a_handler_runs_to_its_end_without_its_sender() {
    let mut site = Setup {
        gate: 0,
        ..Setup::default()
    }
    .open()
    .await;
    let mut stream = site.dial().await;
    // The reply to the first request meets a closed socket while the second is being handled.
    stream
        .write_all(&b"GET / HTTP/1.1\r\nHost: h\r\n\r\n".repeat(2))
        .await
        .unwrap();
    site.arrival().await;
    drop(stream);
    site.desk.gate.add_permits(1);
    site.arrival().await;
    site.desk.gate.add_permits(1);
    site.stop.send(()).unwrap();
    site.server.await.unwrap();
    assert_eq!(site.desk.finished.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn the_end_waits_for_requests_under_way_and_for_nothing_else() {
    let mut site = Setup {
        gate: 0,
        ..Setup::default()
    }
    .open()
    .await;
    let mut idle = site.dial().await;
    let mut busy = site.dial().await;
    busy.write_all(b"GET /busy HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    site.arrival().await;
    site.stop.send(()).unwrap();
    assert_eq!(read_all(&mut idle).await, "");
    assert!(!site.server.is_finished());
    site.desk.gate.add_permits(1);
    assert!(read_all(&mut busy).await.ends_with("/busy"));
    site.server.await.unwrap();
    let refused = TcpStream::connect(site.address).await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
}

#[tokio::test(start_paused = true)]
async fn the_end_does_not_wait_for_ever() {
    let mut site = Setup {
        gate: 0,
        ..Setup::default()
    }
    .open()
    .await;
    let mut stream = site.dial().await;
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    site.arrival().await;
    let start = Instant::now();
    site.stop.send(()).unwrap();
    site.server.await.unwrap();
    assert!(start.elapsed() >= GRACE && start.elapsed() < GRACE * 2);
    let _ = stream.read_to_end(&mut Vec::new()).await;
    site.desk.gate.add_permits(1);
    while site.desk.finished.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn connections_over_the_limit_wait_for_one_to_end() {
    let mut site = with_limits(|limits| limits.max_connections = 1).await;
    let mut first = site.dial().await;
    first
        .write_all(b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    read_until(&mut first, "/1").await;
    let mut second = site.dial().await;
    second
        .write_all(b"GET /2 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    first
        .write_all(b"GET /3 HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    read_until(&mut first, "/3").await;
    drop(first);
    assert!(read_all(&mut second).await.ends_with("/2"));
    let order = [
        site.arrival().await,
        site.arrival().await,
        site.arrival().await,
    ];
    assert_eq!(
        order.map(|arrival| arrival.request.target),
        ["/1", "/3", "/2"]
    );
}

#[tokio::test]
async fn who_waits_for_an_answer_that_is_made_elsewhere_takes_no_seat() {
    let mut setup = Setup {
        gate: 0,
        ..Setup::default()
    };
    (setup.limits.max_connections, setup.limits.max_waiting) = (1, 2);
    let mut site = setup.open().await;
    let mut waiting = Vec::new();
    for _ in 0..3 {
        let mut stream = site.dial().await;
        let request = b"GET /later HTTP/1.1\r\nHost: h\r\n\r\n";
        stream.write_all(request).await.unwrap();
        site.arrival().await;
        waiting.push(stream);
    }
    // Two stand aside, one has the seat: the first ones find none, and their connections end.
    site.desk.gate.add_permits(3);
    for (place, mut stream) in waiting.into_iter().enumerate() {
        let reply = read_until(&mut stream, "/later").await;
        assert_eq!(status(&reply), "200", "{place}");
    }
    site.stop.send(()).unwrap();
    site.server.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_end_waits_for_who_stands_aside() {
    let mut setup = Setup {
        gate: 0,
        ..Setup::default()
    };
    setup.limits.max_connections = 1;
    let mut site = setup.open().await;
    let mut stream = site.dial().await;
    let request = b"GET /later HTTP/1.1\r\nHost: h\r\n\r\n";
    stream.write_all(request).await.unwrap();
    site.arrival().await;
    site.stop.send(()).unwrap();
    tokio::time::sleep(GRACE / 2).await;
    assert!(!site.server.is_finished());
    site.desk.gate.add_permits(1);
    assert!(read_all(&mut stream).await.ends_with("/later"));
    site.server.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_slowest_gives_way_to_who_waits_for_a_seat() {
    let post = |body| format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 90000\r\n\r\n{body}");
    let fast = "x".repeat(60_000);
    for slow in [post("x"), "POST / HT".into(), String::new()] {
        let mut site = with_limits(|limits| limits.max_connections = 2).await;
        let mut kept = site.dial().await;
        kept.write_all(post(&fast).as_bytes()).await.unwrap();
        let mut slow_one = site.dial().await;
        slow_one.write_all(slow.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        let start = Instant::now();
        let next = site.exchange("GET /next HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        assert_eq!(status(&next.await), "200", "{slow:.10}");
        assert!(start.elapsed() < Duration::from_secs(1), "{slow:.10}");
        let _ = slow_one.read_to_end(&mut Vec::new()).await;
        kept.write_all(&vec![b'x'; 30_000]).await.unwrap();
        assert_eq!(status(&read_until(&mut kept, "\r\n").await), "200");
        while site.arrival().await.request.target != "/next" {}
    }
}

#[tokio::test(start_paused = true)]
async fn who_takes_no_answers_has_no_more_requests_read() {
    let mut setup = Setup {
        gate: 1_000_000,
        reply_size: 64 * 1024,
        ..Setup::default()
    };
    setup.limits.write_idle = GIVE_UP * 10;
    let mut site = setup.open().await;
    let mut deaf = site.dial().await;
    let requests = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n".repeat(100_000);
    let (mut from, mut to) = deaf.split();
    // The system may take all of them, or not.
    let mut sent = Box::pin(to.write_all(&requests));
    let _ = timeout(GIVE_UP, &mut sent).await;
    let arrived = std::iter::from_fn(|| site.arrivals.try_recv().ok()).count();
    assert!(arrived < 10_000, "{arrived} requests");
    // It goes on once the answers are taken.
    tokio::time::resume();
    let mut taken = vec![0; 64 * 1024 * (arrived + 1_000)];
    from.read_exact(&mut taken).await.unwrap();
    site.arrival().await;
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_takes_no_reply_loses_its_place() {
    let mut setup = Setup {
        reply_size: 32 * 1024 * 1024,
        ..Setup::default()
    };
    setup.limits.max_connections = 1;
    let mut site = setup.open().await;
    let mut deaf = site.dial().await;
    deaf.write_all(b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    site.arrival().await;
    let mut next = site.dial().await;
    next.write_all(b"GET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(site.arrival().await.request.target, "/2");
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_does_not_come_is_given_up() {
    let tls = tls::self_signed("localhost").unwrap().0;
    let site = Setup {
        tls: Some(tls),
        ..Setup::default()
    }
    .open()
    .await;
    let start = Instant::now();
    assert_eq!(site.exchange("").await, "");
    assert!(start.elapsed() >= Limits::default().handshake_time);
}

#[tokio::test(start_paused = true)]
async fn failed_accepts_neither_end_nor_spin_the_loop() {
    let start = Instant::now();
    let mut errors = vec![
        io::Error::from(io::ErrorKind::ConnectionAborted),
        io::Error::from_raw_os_error(24),
        io::Error::from_raw_os_error(23),
    ];
    let accepted =
        accept(|| std::future::ready(errors.pop().map_or(Ok("a connection"), Err))).await;
    assert_eq!(accepted, "a connection");
    assert_eq!(start.elapsed(), ACCEPT_PAUSE * 2);
}
