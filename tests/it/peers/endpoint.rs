//! An endpoint that keeps what comes byte for byte and does as the test says.

use std::io::{BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// A request as it came over the wire.
#[derive(Debug, Clone)]
pub struct Message {
    /// Every byte of it.
    pub bytes: Vec<u8>,
    /// The request line.
    pub line: String,
    /// The fields in order, spelled as they came.
    pub fields: Vec<(String, String)>,
    /// The content.
    pub body: Vec<u8>,
}

impl Message {
    /// The value of a field; names compare without case.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        let found = fields.find(|(field, _)| field.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The content as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    /// The content as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// Reads messages that follow one another, such as what `--dry-run` prints.
    pub fn all(bytes: &[u8]) -> Vec<Self> {
        let mut reader = BufReader::new(bytes);
        std::iter::from_fn(|| Self::read(&mut reader)).collect()
    }

    fn read(reader: &mut impl std::io::BufRead) -> Option<Self> {
        let mut bytes = Vec::new();
        loop {
            let start = bytes.len();
            if reader.read_until(b'\n', &mut bytes).ok()? == 0 {
                return None;
            }
            match &bytes[start..] {
                // A line end may stand before a message.
                b"\r\n" if start == 0 => bytes.clear(),
                b"\r\n" => break,
                _ => {}
            }
        }
        let head = String::from_utf8(bytes.clone()).expect("a head of text");
        let mut lines = head.trim_end().split("\r\n");
        let line = lines.next().expect("a request line").to_owned();
        let field = |line: &str| {
            let (name, value) = line.split_once(':').expect("a field");
            (name.to_owned(), value.trim().to_owned())
        };
        let fields: Vec<_> = lines.map(field).collect();
        let mut message = Self {
            bytes,
            line,
            fields,
            body: Vec::new(),
        };
        let length = message.field("content-length").unwrap_or("0");
        let mut body = vec![0; length.parse().expect("a length")];
        reader.read_exact(&mut body).ok()?;
        message.bytes.extend_from_slice(&body);
        message.body = body;
        Some(message)
    }
}

/// What an endpoint does with a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Answers this status, with these fields.
    Status(u16, Vec<(&'static str, String)>),
    /// Answers this status with these bytes.
    Page(u16, Vec<u8>),
    /// Closes the connection.
    Hangup,
    /// Answers nothing until the test is over.
    Silence,
}

impl Reply {
    pub fn status(code: u16) -> Self {
        Self::Status(code, Vec::new())
    }
}

/// An endpoint on a port of its own, which keeps every request that came.
pub struct Endpoint {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Message>>>,
}

impl Endpoint {
    /// Starts one that answers each request, numbered from 0, as `answer` says.
    pub fn start(answer: impl Fn(usize, &Message) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (shared, answer) = (Arc::clone(&seen), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (seen, answer) = (Arc::clone(&shared), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream, &seen, answer.as_ref()));
            }
        });
        Self { address, seen }
    }

    /// One that answers 200.
    pub fn ok() -> Self {
        Self::start(|_, _| Reply::status(200))
    }

    /// One that answers these statuses in turn; the last one stays.
    pub fn script(statuses: &[u16]) -> Self {
        let statuses = statuses.to_vec();
        Self::start(move |number, _| Reply::status(statuses[number.min(statuses.len() - 1)]))
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far.
    pub fn seen(&self) -> Vec<Message> {
        self.seen.lock().expect("no panic").clone()
    }

    /// The only request.
    #[track_caller]
    pub fn one(&self) -> Message {
        let mut seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }
}

fn serve(
    mut stream: TcpStream,
    seen: &Mutex<Vec<Message>>,
    answer: &(dyn Fn(usize, &Message) -> Reply + Send + Sync),
) {
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
    while let Some(message) = Message::read(&mut reader) {
        let number = {
            let mut seen = seen.lock().expect("no panic");
            seen.push(message.clone());
            seen.len() - 1
        };
        let (status, fields, page) = match answer(number, &message) {
            Reply::Status(status, fields) => (status, fields, b"ok".to_vec()),
            Reply::Page(status, page) => (status, Vec::new(), page),
            Reply::Hangup => return,
            Reply::Silence => {
                // Ends when the other side gives up and closes.
                let _ = reader.read(&mut [0]);
                return;
            }
        };
        let mut head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n", page.len());
        for (name, value) in fields {
            head.extend([name, ": ", &value, "\r\n"]);
        }
        head.push_str("\r\n");
        if stream
            .write_all(&[head.as_bytes(), &page].concat())
            .is_err()
        {
            return;
        }
    }
}
