//! An application that is not ours: a socket, scripted answers, and a record of every byte.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use super::PATIENCE;

/// A request as it came over the wire.
#[derive(Debug, Clone)]
pub struct Received {
    /// Request line and fields, with the empty line.
    pub head: String,
    /// The content.
    pub body: Vec<u8>,
}

impl Received {
    /// The request line.
    pub fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    /// All values of a field, whatever the case of its name.
    pub fn values(&self, name: &str) -> Vec<&str> {
        let fields = self.head.lines().skip(1).filter_map(|l| l.split_once(": "));
        fields
            .filter(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    }
}

/// How one request is answered.
type Answer = dyn Fn(usize, &Received, &mut TcpStream) + Send + Sync;

/// A server on port 0. Dropping it fails the test where nobody called it.
pub struct Peer {
    pub address: SocketAddr,
    arrivals: Mutex<Receiver<Received>>,
    count: Arc<AtomicUsize>,
    may_idle: bool,
}

impl Peer {
    /// Answers each request with the next of these messages; the last one stays.
    pub fn answering(answers: &[&str]) -> Self {
        let answers: Vec<_> = answers.iter().map(|a| a.as_bytes().to_vec()).collect();
        Self::with(move |number, _, stream| {
            let answer = answers.get(number).or(answers.last()).expect("an answer");
            let _ = stream.write_all(answer);
        })
    }

    /// Answers 200 to everything.
    pub fn ok() -> Self {
        Self::answering(&["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"])
    }

    /// Answers as the function does, which gets the number of the request, from 0.
    pub fn with(answer: impl Fn(usize, &Received, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (sender, arrivals) = channel();
        let count = Arc::new(AtomicUsize::new(0));
        let answer: Arc<Answer> = Arc::new(answer);
        let counted = Arc::clone(&count);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let visit = (stream, sender.clone(), Arc::clone(&counted), answer.clone());
                std::thread::spawn(move || serve(visit.0, &visit.1, &visit.2, &*visit.3));
            }
        });
        Self {
            address,
            arrivals: Mutex::new(arrivals),
            count,
            may_idle: false,
        }
    }

    /// One that nobody needs to call.
    pub fn that_may_idle(mut self) -> Self {
        self.may_idle = true;
        self
    }

    /// Its `host:port`.
    pub fn url(&self) -> String {
        self.address.to_string()
    }

    /// The next request that came, which has to come.
    #[track_caller]
    pub fn next(&self) -> Received {
        let arrivals = self.arrivals.lock().expect("no poison");
        arrivals.recv_timeout(PATIENCE).expect("a request comes")
    }

    /// How many requests came so far.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let was_called = self.count() > 0 || self.may_idle;
        assert!(
            was_called || std::thread::panicking(),
            "nobody called the application"
        );
    }
}

fn serve(mut stream: TcpStream, arrivals: &Sender<Received>, count: &AtomicUsize, answer: &Answer) {
    let mut buffer = Vec::new();
    // A connection without a request is a look whether somebody is there.
    while let Some(request) = read_request(&mut stream, &mut buffer) {
        let number = count.fetch_add(1, Ordering::SeqCst);
        let _ = arrivals.send(request.clone());
        answer(number, &request, &mut stream);
    }
}

/// Reads one request with `Content-Length`; leaves what follows it in the buffer.
fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Received> {
    let end = loop {
        match buffer.windows(4).position(|w| w == b"\r\n\r\n") {
            Some(place) => break place + 4,
            None => read_more(stream, buffer)?,
        }
    };
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    let mut request = Received {
        head,
        body: Vec::new(),
    };
    let length = request.values("content-length");
    let length = length.first().and_then(|l| l.parse().ok()).unwrap_or(0);
    while buffer.len() < end + length {
        read_more(stream, buffer)?;
    }
    request.body = buffer[end..end + length].to_vec();
    buffer.drain(..end + length);
    Some(request)
}

fn read_more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    let mut piece = [0; 8 * 1024];
    let read = stream.read(&mut piece).ok().filter(|read| *read > 0)?;
    buffer.extend_from_slice(&piece[..read]);
    Some(())
}
