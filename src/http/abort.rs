//! A client that leaves in the middle of its request, as one does whose connection breaks.

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::{Target, failure, fields};
use crate::delivery::{Failure, Request};

/// Sends the head of a request and the first half of its body, then closes the connection. Returns
/// how many bytes of the body went out; zero for a target over TLS, to which nothing is sent.
pub async fn abort_mid_body(target: &Target, request: &Request) -> Result<usize, Failure> {
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
    sent.await
        .map_err(|error| failure::unsendable(error, target))?;
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
    for (name, value) in fields::end_to_end(&request.headers) {
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
    use crate::delivery::Headers;

    #[tokio::test]
    async fn half_of_the_body_arrives_and_then_the_end() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = Target::parse(&format!("http://{}/hook", listener.local_addr().unwrap()));
        let reading = std::thread::spawn(move || {
            let mut text = String::new();
            let (mut stream, _) = listener.accept().unwrap();
            stream.read_to_string(&mut text).unwrap();
            text
        });
        let headers: Headers = [("X-A", "1")].into_iter().collect();
        let request = Request::post("/ignored", headers, "0123456789");
        assert_eq!(abort_mid_body(&target.unwrap(), &request).await, Ok(5));
        let text = reading.join().unwrap();
        assert!(text.starts_with("POST /hook HTTP/1.1\r\n"), "{text}");
        assert!(text.contains("Content-Length: 10\r\nX-A: 1\r\n"), "{text}");
        assert!(text.ends_with("\r\n\r\n01234"), "{text}");
    }
}
