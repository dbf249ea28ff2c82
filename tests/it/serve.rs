//! The accept loop, its limits and its shutdown beneath a service of another make: one that streams
//! its answers and upgrades connections.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Extension, Request, State};
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use futures_util::stream::{self, Stream};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use webhook_cli::http::limits::{HEAD_TIME, KEEP_ALIVE, WRITE_IDLE};
use webhook_cli::http::{GRACE, Head, Limits, serve};

/// A router behind the accept loop, on a port of its own.
struct Site {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Site {
    async fn open(router: Router, limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let service = TowerToHyperService::new(router);
        let notice = Arc::new(|_, _| {});
        let server = tokio::spawn(serve(
            vec![listener],
            None,
            service,
            limits,
            notice,
            async {
                let _ = stopped.await;
            },
        ));
        Self {
            address,
            stop,
            server,
        }
    }

    async fn send(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    /// Asks for the end and waits for it; how long that took.
    async fn shut_down(self) -> Duration {
        let start = Instant::now();
        self.stop.send(()).unwrap();
        self.server.await.unwrap();
        start.elapsed()
    }
}

async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    while !text.ends_with(end) {
        let byte = stream.read_u8().await;
        text.push(char::from(byte.unwrap_or_else(|error| {
            panic!("{error} after {text:?}");
        })));
    }
    text
}

/// Reads until the connection ends in whichever way.
async fn read_rest(stream: &mut TcpStream) -> usize {
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    rest.len()
}

type Lines = Arc<Mutex<mpsc::UnboundedReceiver<String>>>;

async fn events(State(lines): State<Lines>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    Sse::new(stream::unfold(lines, |lines| async {
        let line = lines.lock().await.recv().await?;
        Some((Ok(Event::default().data(line)), lines))
    }))
}

#[tokio::test(start_paused = true)]
async fn events_are_streamed_one_by_one_and_end_with_the_server() {
    let (lines, received) = mpsc::unbounded_channel();
    let router = Router::new()
        .route("/events", get(events))
        .with_state(Arc::new(Mutex::new(received)));
    let site = Site::open(router, Limits::default()).await;
    let mut stream = site.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let head = read_until(&mut stream, "\r\n\r\n").await;
    assert!(
        head.contains("Content-Type: text/event-stream\r\n"),
        "{head}"
    );
    for line in ["first", "second"] {
        // Longer than any request may take: a stream that is quiet is not late.
        tokio::time::sleep(KEEP_ALIVE * 2).await;
        lines.send(line.to_owned()).unwrap();
        read_until(&mut stream, &format!("data: {line}\n\n\r\n")).await;
    }
    let took = site.shut_down().await;
    assert!((GRACE..GRACE * 2).contains(&took), "{took:?}");
    assert_eq!(read_rest(&mut stream).await, 0);
    assert!(lines.is_closed(), "the service's stream is dropped");
}

/// What an application does with the stream of an upgraded connection.
type Upgraded = TokioIo<hyper::upgrade::Upgraded>;

/// A route that upgrades to a protocol of its own and lets `act` speak it.
fn upgrading<F>(act: impl Fn(Upgraded) -> F + Clone + Send + Sync + 'static) -> Router
where
    F: Future<Output = ()> + Send + 'static,
{
    let upgrade = move |mut request: Request| async move {
        let upgraded = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            act(TokioIo::new(upgraded.await.unwrap())).await;
        });
        let fields = [(header::CONNECTION, "upgrade"), (header::UPGRADE, "echo")];
        (StatusCode::SWITCHING_PROTOCOLS, fields)
    };
    Router::new().route("/echo", get(upgrade))
}

async fn echo(stream: impl AsyncRead + AsyncWrite) {
    let (mut reading, mut writing) = tokio::io::split(stream);
    tokio::io::copy(&mut reading, &mut writing).await.unwrap();
    writing.write_all(b"bye").await.unwrap();
    writing.shutdown().await.unwrap();
}

const UPGRADE: &str =
    "GET /echo HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn an_upgraded_connection_is_the_applications_until_the_end() {
    let limits = Limits {
        max_connections: 1,
        ..Limits::default()
    };
    let site = Site::open(upgrading(echo), limits).await;
    let mut stream = site.send(UPGRADE).await;
    let head = read_until(&mut stream, "\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    // What looks like half a head, for longer than a head may take, is none of the server's business.
    for word in ["GET / HTTP/1.1\r\nX-Half: ", "\r\n\r\n", "hello"] {
        stream.write_all(word.as_bytes()).await.unwrap();
        read_until(&mut stream, word).await;
        tokio::time::sleep(HEAD_TIME.max(KEEP_ALIVE) * 2).await;
    }
    // It still counts among the connections.
    let mut next = site
        .send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        .await;
    let early = tokio::time::timeout(HEAD_TIME, next.read_u8()).await;
    assert!(early.is_err(), "{early:?}");
    drop(next);
    // It reads the end, has its last word, and nobody waits for longer than that takes.
    let took = site.shut_down().await;
    assert_eq!(read_until(&mut stream, "bye").await, "bye");
    assert_eq!(read_rest(&mut stream).await, 0);
    assert!(took < GRACE, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn an_application_that_does_not_end_is_cut_off() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let router = upgrading(move |mut stream| {
        let tell = tell.clone();
        async move {
            let read = stream.read(&mut [0]).await.unwrap();
            while stream.write_all(b".").await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            tell.send(read).unwrap();
        }
    });
    let site = Site::open(router, Limits::default()).await;
    let mut stream = site.send(UPGRADE).await;
    read_until(&mut stream, "\r\n\r\n").await;
    let took = site.shut_down().await;
    assert!((GRACE..GRACE * 2).contains(&took), "{took:?}");
    assert_eq!(told.recv().await, Some(0));
    read_rest(&mut stream).await;
}

const CHUNK: usize = 64 * 1024;

/// A stream of so many chunks that counts those it made; the counter's clone is gone with it.
async fn large(State(made): State<Arc<AtomicUsize>>) -> Response {
    let chunks = stream::unfold(made, |made| async {
        let number = made.fetch_add(1, Ordering::SeqCst);
        let chunk = Bytes::from(vec![b'x'; CHUNK]);
        (number < 1024).then_some((Ok::<_, Infallible>(chunk), made))
    });
    Body::from_stream(chunks).into_response()
}

#[tokio::test(start_paused = true)]
async fn a_large_answer_is_made_as_fast_as_it_is_read() {
    // What sockets hold on both sides, at the most that Linux gives them by default, and hyper.
    const BUFFERED: usize = 16 * 1024 * 1024;
    let made = Arc::new(AtomicUsize::new(0));
    let router = Router::new()
        .route("/", get(large))
        .with_state(Arc::clone(&made));
    let site = Site::open(router, Limits::default()).await;
    let request = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    let mut stream = site.send(request).await;
    read_until(&mut stream, "\r\n\r\n").await;
    let mut part = vec![0; 8 * 1024 * 1024];
    for round in 0..4 {
        // Paused time goes on when nothing else does: the server has made what it could.
        tokio::time::sleep(WRITE_IDLE / 3).await;
        let ahead = made.load(Ordering::SeqCst) * CHUNK - round * part.len();
        assert!(ahead <= BUFFERED, "{ahead} bytes ahead in round {round}");
        stream.read_exact(&mut part).await.unwrap();
    }
    assert!(read_rest(&mut stream).await > (64 - 32) * 1024 * 1024);
    assert_eq!(made.load(Ordering::SeqCst), 1025);

    // Whoever stops reading loses the answer, and its stream is dropped.
    made.store(0, Ordering::SeqCst);
    let holders = Arc::strong_count(&made);
    let mut stream = site.send(request).await;
    read_until(&mut stream, "\r\n\r\n").await;
    assert!(Arc::strong_count(&made) > holders);
    tokio::time::sleep(WRITE_IDLE * 2).await;
    assert_eq!(Arc::strong_count(&made), holders);
    assert!(made.load(Ordering::SeqCst) < 1024);
    assert!(site.shut_down().await < GRACE);
}

/// Answers with the head as it came and the number of times that it was asked.
async fn show(
    Extension(head): Extension<Head>,
    Extension(remote): Extension<SocketAddr>,
) -> String {
    let names: Vec<_> = head.fields.iter().map(|(name, _)| name).collect();
    format!(
        "{} {} {} from {}",
        head.method,
        head.target,
        names.join(","),
        remote.ip()
    )
}

#[tokio::test]
async fn a_service_sees_the_head_as_it_came_and_none_that_is_in_doubt() {
    let site = Site::open(Router::new().fallback(any(show)), Limits::default()).await;
    for (request, status, end) in [
        (
            "POST /a//b?c HTTP/1.1\r\nhOST: h\r\nX-B: 1\r\nx-a: 2\r\nX-b: 3\r\nconnection: close\r\n\r\n",
            "200",
            "POST /a//b?c hOST,X-B,x-a,X-b,connection from 127.0.0.1",
        ),
        ("CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n", "405", "\r\n\r\n"),
        (
            "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "400",
            "\r\n\r\n",
        ),
        (
            &format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(200_000)),
            "431",
            "\r\n\r\n",
        ),
    ] {
        let mut stream = site.send(request).await;
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.unwrap();
        assert_eq!(reply.split(' ').nth(1), Some(status), "{reply}");
        assert!(reply.ends_with(end), "{reply}");
    }
}
