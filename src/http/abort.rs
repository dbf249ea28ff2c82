//! A request that is aborted in mid-body, as one is whose connection breaks.

use std::io;
use std::time::Duration;

use futures_util::TryFutureExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::{Target, failure, fields};
use crate::delivery::{Failure, Request};

/// Sends the head of a request and the first half of its body, then closes the connection. Returns
/// how many bytes of the body went out; zero for a target over TLS, to which nothing is sent.
///
/// `timeout` covers all of it: connecting, sending and closing.
pub async fn abort_mid_body(
    target: &Target,
    request: &Request,
    timeout: Option<Duration>,
) -> Result<usize, Failure> {
    if target.is_https() {
        return Ok(0);
    }
    let half = request.body.len() / 2;
    let mut message = head(target, request);
    message.extend_from_slice(request.body.get(..half).unwrap_or_default());
    let sent = async {
        let mut stream = TcpStream::connect(target.authority()).await?;
        stream.write_all(&message).await?;
        stream.shutdown().await
    };
    let sent = sent.map_err(|error: io::Error| failure::unsendable(error, target));
    failure::within(timeout, target, sent).await?;
    Ok(half)
}

/// The head, which promises the whole body.
fn head(target: &Target, request: &Request) -> Vec<u8> {
    let mut head = format!(
        "{} {} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n",
        request.method,
        target.request_target(),
        target.authority(),
        request.body.len()
    )
    .into_bytes();
    let authorization = target.authorization();
    if let Some(value) = &authorization {
        head.extend_from_slice(format!("Authorization: {value}\r\n").as_bytes());
    }
    let is_ours =
        |name: &str| authorization.is_some() && name.eq_ignore_ascii_case("authorization");
    let fields = fields::end_to_end(&request.headers);
    for (name, value) in fields.filter(|(name, _)| !is_ours(name)) {
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value);
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::net::TcpListener;

    use super::*;
    use crate::delivery::{FailureKind, Headers};

    #[tokio::test]
    async fn half_of_the_body_arrives_and_then_the_end() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let target = Target::parse(&format!("http://me:pass@{address}/hook"));
        let reading = std::thread::spawn(move || {
            let mut text = String::new();
            let (mut stream, _) = listener.accept().unwrap();
            stream.read_to_string(&mut text).unwrap();
            text
        });
        let fields = [("Authorization", "theirs"), ("X-A", "1")];
        let headers: Headers = fields.into_iter().collect();
        let request = Request::post("/ignored", headers, "0123456789");
        assert_eq!(
            abort_mid_body(&target.unwrap(), &request, None).await,
            Ok(5)
        );
        let text = reading.join().unwrap();
        assert!(text.starts_with("POST /hook HTTP/1.1\r\n"), "{text}");
        let fields = "Content-Length: 10\r\nAuthorization: Basic bWU6cGFzcw==\r\nX-A: 1\r\n\r\n";
        assert!(text.contains(fields), "{text}");
        assert!(text.ends_with("\r\n\r\n01234"), "{text}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_read_holds_it_up_no_longer_than_the_timeout() {
        // The system takes the connection and as much as the sockets hold; half the body is more.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = Target::parse(&listener.local_addr().unwrap().to_string()).unwrap();
        let request = Request::post("/", Headers::new(), vec![b'x'; 64 * 1024 * 1024]);
        let limit = Duration::from_secs(30);
        let aborted = abort_mid_body(&target, &request, Some(limit));
        // Far beyond the limit, so that a fault is a failure and no hang.
        let aborted = tokio::time::timeout(limit * 10, aborted).await;
        let failure = aborted.expect("an end in time").unwrap_err();
        assert_eq!(failure.kind, FailureKind::Timeout, "{failure}");
    }
}
