use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::*;
use crate::delivery::{FailureKind, Headers};
use crate::http::{Arrival, ByteBudget, Handler, Limits, Reply, buffered, serve, tls};

/// A server that reads one request head and `body` bytes on one connection, then does as told with
/// the stream; gives back what it read.
async fn peer<F>(
    body: usize,
    act: impl FnOnce(TcpStream) -> F + Send + 'static,
) -> (SocketAddr, JoinHandle<String>)
where
    F: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = Vec::new();
        while !read.ends_with(b"\r\n\r\n") {
            read.push(stream.read_u8().await.unwrap());
        }
        let mut rest = vec![0; body];
        stream.read_exact(&mut rest).await.unwrap();
        act(stream).await;
        String::from_utf8([read, rest].concat()).unwrap()
    });
    (address, task)
}

/// A server that sends `reply` to one request and closes.
async fn replying(body: usize, reply: &'static str) -> (SocketAddr, JoinHandle<String>) {
    peer(body, move |mut stream| async move {
        stream.write_all(reply.as_bytes()).await.unwrap();
    })
    .await
}

fn client() -> Client {
    Client::new(&ClientOptions::default()).unwrap()
}

fn to(address: SocketAddr) -> Target {
    Target::parse(&format!("{address}/hook?a=b")).unwrap()
}

fn request(fields: &[(&str, &'static str)], body: &'static str) -> Request {
    let headers: Headers = fields.iter().copied().collect();
    Request::post("/ignored", headers, body)
}

async fn failure_of(address: SocketAddr) -> Failure {
    let (target, request) = (to(address), request(&[], "x"));
    client().send(&target, &request, None).await.unwrap_err()
}

#[tokio::test]
async fn the_request_goes_out_as_it_is_with_its_framing_made_anew() {
    let (address, peer) = replying(6, "HTTP/1.1 204 No Content\r\n\r\n").await;
    let request = request(
        &[
            ("X-Olympus-Signature", "t=1"),
            ("host", "original.example"),
            ("x-olympus-signature", "t=2"),
            ("Connection", "keep-alive, X-Hop"),
            ("X-Hop", "1"),
            ("Transfer-Encoding", "chunked"),
            ("Content-Length", "999"),
            ("Expect", "100-continue"),
            ("Accept", "a/b"),
            ("Content-Type", "application/json"),
        ],
        "{\"a\"}\n",
    );
    let answer = client().send(&to(address), &request, None).await.unwrap();
    assert_eq!((answer.status, answer.is_success()), (204, true));
    let expected = "POST /hook?a=b HTTP/1.1\r\nX-Olympus-Signature: t=1\r\n\
         X-Olympus-Signature: t=2\r\nHost: original.example\r\nAccept: a/b\r\n\
         Content-Type: application/json\r\nContent-Length: 6\r\n\r\n{\"a\"}\n";
    assert_eq!(peer.await.unwrap(), expected);
}

#[tokio::test]
async fn one_client_spells_names_as_each_request_asks() {
    let client = client();
    let request = request(&[("X-Olympus-Signature", "t=1")], "x");
    let no_content = "HTTP/1.1 204 No Content\r\n\r\n";
    let (address, peer) = replying(1, no_content).await;
    let sent = client.send_lower_case(&to(address), &request, None).await;
    assert_eq!(sent.unwrap().status, 204);
    let text = peer.await.unwrap();
    assert!(text.contains("\r\nx-olympus-signature: t=1\r\n"), "{text}");
    assert!(text.contains("\r\nhost: "), "{text}");
    let (address, peer) = replying(1, no_content).await;
    client.send(&to(address), &request, None).await.unwrap();
    let text = peer.await.unwrap();
    assert!(text.contains("\r\nX-Olympus-Signature: t=1\r\n"), "{text}");
}

#[tokio::test]
async fn an_empty_post_says_that_it_is_empty() {
    let (address, peer) = replying(0, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    client()
        .send(&to(address), &request(&[], ""), None)
        .await
        .unwrap();
    assert!(peer.await.unwrap().contains("\r\nContent-Length: 0\r\n"));
}

#[tokio::test]
async fn user_information_becomes_basic_authorization() {
    let (address, peer) = replying(1, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let target = Target::parse(&format!("http://me:pass@{address}")).unwrap();
    let request = request(&[("Authorization", "Bearer theirs")], "x");
    client().send(&target, &request, None).await.unwrap();
    let sent = peer.await.unwrap();
    assert!(
        sent.contains("\r\nAuthorization: Basic bWU6cGFzcw==\r\n"),
        "{sent}"
    );
    assert!(!sent.contains("Bearer") && !sent.contains('@'), "{sent}");
}

#[tokio::test]
async fn the_answer_comes_back_as_it_is() {
    let reply = "HTTP/1.1 302 Found\r\nSet-Cookie: a\r\nLocation: /elsewhere\r\nSet-Cookie: b\r\n\
                 Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nraw\r\n0\r\n\r\n";
    let (address, peer) = replying(1, reply).await;
    let answer = client()
        .send(&to(address), &request(&[], "x"), None)
        .await
        .unwrap();
    assert_eq!((answer.status, &answer.body[..]), (302, &b"raw"[..]));
    let cookies: Vec<_> = answer.headers.get_all("Set-Cookie").collect();
    assert_eq!(cookies, ["a", "b"]);
    assert_eq!(answer.headers.text("location"), Some("/elsewhere"));
    assert_eq!(answer.headers.text("content-encoding"), Some("gzip"));
    peer.await.unwrap();
}

#[tokio::test]
async fn a_closed_port_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let failure = failure_of(address).await;
    assert_eq!(failure.kind, FailureKind::Refused);
    assert_eq!(failure.message, format!("nothing listens on `{address}`"));
}

#[tokio::test]
async fn a_host_without_address_is_told_as_such() {
    // A label longer than DNS allows, so that no resolver is asked.
    let name = format!("{}.localhost", "a".repeat(70));
    let target = Target::parse(&name).unwrap();
    let failure = client()
        .send(&target, &request(&[], "x"), None)
        .await
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Dns, "{failure}");
    let expected = format!("cannot resolve `{name}`");
    assert_eq!(failure.message, expected);
}

#[tokio::test(start_paused = true)]
async fn silence_and_trickles_end_at_the_timeout() {
    let (address, silent) = peer(1, |stream| async {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let limit = Some(Duration::from_secs(30));
    let failure = client()
        .send(&to(address), &request(&[], "x"), limit)
        .await
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Timeout);
    assert_eq!(
        failure.message,
        format!("no answer within 30s from `{address}`")
    );
    silent.abort();

    let (address, trickle) = peer(1, |mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        while stream.write_all(b".").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    })
    .await;
    let limit = Some(Duration::from_millis(2500));
    let failure = client()
        .send(&to(address), &request(&[], "x"), limit)
        .await
        .unwrap_err();
    assert_eq!(
        failure.message,
        format!("no answer within 2500ms from `{address}`")
    );
    trickle.abort();
}

#[tokio::test]
async fn an_endless_answer_is_too_large() {
    let (address, peer) = peer(1, |mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let piece = vec![b'x'; 1024 * 1024];
        while stream.write_all(&piece).await.is_ok() {}
    })
    .await;
    let failure = failure_of(address).await;
    assert_eq!(failure.kind, FailureKind::TooLarge);
    assert_eq!(
        failure.message,
        format!("the answer from `{address}` is larger than 8 MiB")
    );
    peer.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn answers_are_held_within_one_budget() {
    let reply = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmore";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nmore\r\n0\r\n\r\n";
    let mut client = client();
    client.answers = ByteBudget::new(1024);
    let request = request(&[], "x");
    let (address, _) = replying(1, reply).await;
    let held = client
        .send(&to(address), &request, None)
        .await
        .unwrap()
        .body;
    assert_eq!((&held[..], client.answers.free()), (&b"more"[..], 0));
    for refused in [reply, chunked] {
        let (address, _) = replying(1, refused).await;
        let failure = client.send(&to(address), &request, None).await.unwrap_err();
        let expected = format!("no room for the answer from `{address}`: too many others are held");
        assert_eq!(failure.message, expected);
    }
    drop(held);
    let (address, _) = replying(1, reply).await;
    client.send(&to(address), &request, None).await.unwrap();
    assert_eq!(client.answers.free(), 1024);
}

#[tokio::test]
async fn a_connection_that_ends_early_is_a_reset() {
    for cut in [
        "",
        "HTTP/1.1 20",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
    ] {
        let (address, peer) = replying(1, cut).await;
        let failure = failure_of(address).await;
        assert_eq!(failure.kind, FailureKind::Reset, "{cut:?}: {failure}");
        peer.await.unwrap();
    }
}

#[tokio::test]
async fn what_is_not_http_is_a_protocol_failure() {
    let (address, peer) = replying(1, "SSH-2.0-OpenSSH\r\n\r\n").await;
    let failure = failure_of(address).await;
    assert_eq!(failure.kind, FailureKind::Protocol, "{failure}");
    peer.await.unwrap();
}

#[tokio::test]
async fn one_attempt_is_one_request() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let sent = tokio::spawn(async move { failure_of(address).await });
    let (mut stream, _) = listener.accept().await.unwrap();
    stream.read_u8().await.unwrap();
    drop(stream);
    assert_eq!(sent.await.unwrap().kind, FailureKind::Reset);
    // Whatever was sent again would wait in the queue by now.
    let again = tokio::time::timeout(Duration::ZERO, listener.accept()).await;
    assert!(again.is_err());
}

struct Greeter;

impl Handler for Greeter {
    async fn handle(&self, arrival: Arrival) -> crate::http::Pending {
        let reply = Reply::json(200, arrival.request.version);
        Box::pin(std::future::ready(reply))
    }
}

async fn greeting(listener: TcpListener, tls: Option<tokio_rustls::TlsAcceptor>) {
    let limits = Limits::default();
    let service = buffered(Arc::new(Greeter), limits, ByteBudget::of(&limits));
    let notice: crate::http::Notice = Arc::new(|_, _| {});
    let end = std::future::pending();
    serve(vec![listener], tls, service, limits, notice, end).await;
}

/// A TLS server for `localhost`, and a file with its certificate.
async fn secured() -> (Target, tempfile::NamedTempFile) {
    let (acceptor, certificate) = tls::self_signed("localhost").unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &certificate).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(greeting(listener, Some(acceptor)));
    (Target::parse(&target).unwrap(), file)
}

async fn greet(
    target: &Target,
    ca_file: Option<PathBuf>,
    insecure: bool,
) -> Result<Answer, Failure> {
    let client = Client::new(&ClientOptions {
        ca_file,
        insecure,
        ..ClientOptions::default()
    })
    .unwrap();
    client.send(target, &request(&[], "x"), None).await
}

#[tokio::test]
async fn a_certificate_is_trusted_by_its_file_or_not_at_all() {
    let (target, file) = secured().await;
    let answer = greet(&target, Some(file.path().into()), false)
        .await
        .unwrap();
    assert_eq!((answer.status, &answer.body[..]), (200, &b"HTTP/1.1"[..]));

    let (_, of_another) = secured().await;
    let failure = greet(&target, Some(of_another.path().into()), false)
        .await
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Tls, "{failure}");
    assert!(failure.message.contains("certificate"), "{failure}");

    assert_eq!(greet(&target, None, true).await.unwrap().status, 200);
}

#[tokio::test]
async fn tls_where_there_is_none_is_a_tls_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(greeting(listener, None));
    let target = Target::parse(&format!("https://{address}")).unwrap();
    let failure = greet(&target, None, true).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Tls, "{failure}");
}

#[test]
fn a_file_without_certificates_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let of = |path: PathBuf| ClientOptions {
        ca_file: Some(path),
        ..ClientOptions::default()
    };
    let error = Client::new(&of(file.path().into())).err().unwrap();
    assert_eq!(
        error.to_string(),
        format!("no PEM certificate in `{}`", file.path().display())
    );
    let missing = file.path().with_extension("missing");
    let error = Client::new(&of(missing.clone())).err().unwrap();
    assert!(
        error
            .to_string()
            .starts_with(&format!("cannot read `{}`: ", missing.display()))
    );
}
