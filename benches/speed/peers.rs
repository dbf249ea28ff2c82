//! The servers and programs that the figures are compared with. They are this very binary, started
//! again with `peer NAME …`, so that they are built as the subject is.

use std::convert::Infallible;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use clap::Parser;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self as client, SendRequest};
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rusqlite::Connection;
use sha2::Sha256;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::sync::oneshot;

use crate::measure::Outcome;

type Answer = Response<Full<Bytes>>;

/// How many rows of `floor` share one commit at most, as in the subject.
const BATCH_ROWS: usize = 1024;
/// How many rows of `floor` may wait for the writer.
const QUEUE_ROWS: usize = 8192;

/// Runs one peer, until it is killed.
pub fn run(mut arguments: impl Iterator<Item = String>) -> Outcome {
    let mut next = |what| arguments.next().ok_or(what);
    let name = next("the peer's name is missing")?;
    if name == "hello" {
        Hello::parse_from(["hello".to_owned()].into_iter().chain(arguments));
        return Ok(());
    }
    let address = next("the address is missing")?;
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    match name.as_str() {
        "bare" => runtime.block_on(bare(&address)),
        "floor" => {
            let (secret, database) = (next("the secret is missing")?, next("the file is missing")?);
            runtime.block_on(floor(&address, &secret, database))
        }
        "proxy" => {
            let upstream = next("the upstream address is missing")?;
            runtime.block_on(proxy(&address, upstream))
        }
        other => Err(format!("no peer is called `{other}`").into()),
    }
}

/// The least that a program with clap does at its start.
#[derive(Parser)]
#[command(version)]
struct Hello {}

/// Reads each body and answers 200: what HTTP costs by itself.
async fn bare(address: &str) -> Outcome {
    let listener = TcpListener::bind(address).await?;
    loop {
        let socket = accept(&listener).await?;
        tokio::spawn(serve(socket, |request: Request<Incoming>| async {
            Ok(match request.into_body().collect().await {
                Ok(_) => answer(StatusCode::OK),
                Err(_) => answer(StatusCode::BAD_REQUEST),
            })
        }));
    }
}

/// Verifies, keeps one durable row and answers after its commit: the least that the promise costs.
async fn floor(address: &str, secret: &str, database: String) -> Outcome {
    let (rows, queue) = sync_channel(QUEUE_ROWS);
    std::thread::spawn(move || write_rows(&queue, &database).expect("the database can be written"));
    let key = Hmac::<Sha256>::new_from_slice(secret.as_bytes())?;
    let listener = TcpListener::bind(address).await?;
    loop {
        let socket = accept(&listener).await?;
        let (key, rows) = (key.clone(), rows.clone());
        tokio::spawn(serve(socket, move |request| {
            keep(key.clone(), rows.clone(), request)
        }));
    }
}

/// What `floor` keeps of a request.
struct KeptRow {
    at_micros: u128,
    target: String,
    headers: String,
    body: Bytes,
    kept: oneshot::Sender<()>,
}

async fn keep(
    mut mac: Hmac<Sha256>,
    rows: SyncSender<KeptRow>,
    request: Request<Incoming>,
) -> Result<Answer, Infallible> {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        return Ok(answer(StatusCode::BAD_REQUEST));
    };
    let body = body.to_bytes();
    mac.update(&body);
    let presented = head.headers.get("x-cimplify-signature");
    let presented = presented.and_then(|value| hex::decode(value.as_bytes()).ok());
    if presented.is_none_or(|presented| mac.verify_slice(&presented).is_err()) {
        return Ok(answer(StatusCode::UNAUTHORIZED));
    }
    let headers = head.headers.iter();
    let headers = headers.map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()));
    let (kept, receipt) = oneshot::channel();
    let row = KeptRow {
        at_micros: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_micros()),
        target: head.uri.to_string(),
        headers: serde_json::to_string(&headers.collect::<Vec<_>>()).unwrap_or_default(),
        body,
        kept,
    };
    let is_kept = rows.try_send(row).is_ok() && receipt.await.is_ok();
    Ok(answer(if is_kept {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }))
}

/// Writes what waits as one transaction, again and again; `synchronous` and the page are the subject's.
fn write_rows(queue: &Receiver<KeptRow>, database: &str) -> Outcome {
    let connection = Connection::open(database)?;
    connection.execute_batch(
        "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE delivery (id INTEGER PRIMARY KEY, at INTEGER, target TEXT, headers TEXT, body BLOB)",
    )?;
    while let Ok(first) = queue.recv() {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let mut insert = connection.prepare_cached(
            "INSERT INTO delivery (at, target, headers, body) VALUES (?, ?, ?, ?)",
        )?;
        let mut receipts = Vec::new();
        for row in std::iter::once(first)
            .chain(queue.try_iter())
            .take(BATCH_ROWS)
        {
            let at = i64::try_from(row.at_micros)?;
            insert.execute((at, row.target, row.headers, &row.body[..]))?;
            receipts.push(row.kept);
        }
        drop(insert);
        connection.execute_batch("COMMIT")?;
        for kept in receipts {
            // A sender that left needs no receipt.
            let _ = kept.send(());
        }
    }
    Ok(())
}

/// Passes each request on to `upstream` and its answer back: what forwarding costs by itself. One
/// connection to the upstream for each client's, so that nothing is shared or waited for.
async fn proxy(address: &str, upstream: String) -> Outcome {
    let listener = TcpListener::bind(address).await?;
    loop {
        let socket = accept(&listener).await?;
        let upstream = upstream.clone();
        tokio::spawn(async move {
            let Ok(sender) = connect(&upstream).await else {
                return;
            };
            let sender = std::sync::Arc::new(tokio::sync::Mutex::new(sender));
            serve(socket, move |request| pass_on(sender.clone(), request)).await;
        });
    }
}

async fn connect(upstream: &str) -> Outcome<SendRequest<Full<Bytes>>> {
    let socket = TcpStream::connect(upstream).await?;
    socket.set_nodelay(true)?;
    let (sender, connection) = client::handshake(TokioIo::new(socket)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn pass_on(
    sender: std::sync::Arc<tokio::sync::Mutex<SendRequest<Full<Bytes>>>>,
    request: Request<Incoming>,
) -> Result<Answer, Infallible> {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        return Ok(answer(StatusCode::BAD_REQUEST));
    };
    let request = Request::from_parts(head, Full::new(body.to_bytes()));
    let answered = async {
        let (head, body) = sender
            .lock()
            .await
            .send_request(request)
            .await?
            .into_parts();
        Ok::<_, hyper::Error>(Response::from_parts(
            head,
            Full::new(body.collect().await?.to_bytes()),
        ))
    };
    Ok(answered
        .await
        .unwrap_or_else(|_| answer(StatusCode::BAD_GATEWAY)))
}

async fn accept(listener: &TcpListener) -> Outcome<TcpStream> {
    let (socket, _) = listener.accept().await?;
    socket.set_nodelay(true)?;
    Ok(socket)
}

/// Serves one connection to its end. How it ends is the load's business, not the server's.
async fn serve<F, R>(socket: TcpStream, handle: F)
where
    F: Fn(Request<Incoming>) -> R,
    R: Future<Output = Result<Answer, Infallible>>,
{
    let connection =
        server::Builder::new().serve_connection(TokioIo::new(socket), service_fn(handle));
    let _ = connection.await;
}

fn answer(status: StatusCode) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from_static(br#"{"received":true}"#)));
    *answer.status_mut() = status;
    answer
}
