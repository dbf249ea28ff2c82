//! An application that is not ours: plain sockets, answers as the test says, and every byte that
//! came.

use std::io::{BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};

use super::PATIENCE;
use super::message::Message;

/// What an endpoint does with a request.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Answers this status, with these fields.
    Status(u16, Vec<(&'static str, String)>),
    /// Answers this status with these bytes.
    Page(u16, Vec<u8>),
    /// Answers these bytes, be they HTTP or not.
    Raw(Vec<u8>),
    /// Writes what it likes, then closes the connection.
    Stream(fn(&mut TcpStream)),
    /// Closes the connection.
    Hangup,
    /// Answers nothing until the test is over.
    Silence,
}

impl Reply {
    pub const fn status(code: u16) -> Self {
        Self::Status(code, Vec::new())
    }

    /// Writes the answer; `None` where that is the end of the connection.
    fn write(self, stream: &mut TcpStream) -> Option<()> {
        let (status, fields, page) = match self {
            Self::Status(status, fields) => (status, fields, b"ok".to_vec()),
            Self::Page(status, page) => (status, Vec::new(), page),
            Self::Raw(bytes) => return stream.write_all(&bytes).ok(),
            Self::Stream(write) => {
                write(stream);
                return None;
            }
            Self::Hangup => return None,
            Self::Silence => {
                // Ends when the other side gives up and closes.
                let _ = stream.read(&mut [0]);
                return None;
            }
        };
        let mut head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n", page.len());
        for (name, value) in fields {
            head.extend([name, ": ", &value, "\r\n"]);
        }
        head.push_str("\r\n");
        stream.write_all(&[head.as_bytes(), &page].concat()).ok()
    }
}

/// How a request, numbered from 0, is answered.
type Answer = dyn Fn(usize, &Message) -> Reply + Send + Sync;

/// An endpoint on a port of its own, which keeps every request that came.
pub struct Endpoint {
    pub address: SocketAddr,
    record: Arc<Record>,
}

#[derive(Default)]
struct Record {
    seen: Mutex<Seen>,
    has_come: Condvar,
}

#[derive(Default)]
struct Seen {
    all: Vec<Message>,
    /// How many the test has waited for.
    awaited: usize,
}

impl Endpoint {
    /// Starts one that answers each request as `answer` says.
    pub fn start(answer: impl Fn(usize, &Message) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let record = Arc::new(Record::default());
        let (shared, answer): (_, Arc<Answer>) = (Arc::clone(&record), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (record, answer) = (Arc::clone(&shared), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream, &record, &*answer));
            }
        });
        Self { address, record }
    }

    /// One that answers 200.
    pub fn ok() -> Self {
        Self::script(&[200])
    }

    /// One that answers these statuses in turn; the last one stays.
    pub fn script(statuses: &[u16]) -> Self {
        let statuses = statuses.to_vec();
        Self::start(move |number, _| Reply::status(statuses[number.min(statuses.len() - 1)]))
    }

    /// One that answers these bytes, be they HTTP or not.
    pub fn saying(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |_, _| Reply::Raw(answer.clone()))
    }

    /// Answers 200, the requests from number `first` on only once the gate is opened.
    pub fn gated(first: usize) -> (Self, Gate) {
        let (arrive, arrived) = channel();
        let (open, opened) = channel::<()>();
        let (arrive, opened) = (Mutex::new(arrive), Mutex::new(opened));
        let endpoint = Self::start(move |number, _| {
            if number >= first {
                // Nobody counts any more once the gate was opened.
                let _ = arrive.lock().expect("no panic").send(number);
                // Ends with an error, for everyone, once the gate was opened.
                let _ = opened.lock().expect("no panic").recv();
            }
            Reply::status(200)
        });
        (endpoint, Gate { arrived, open })
    }

    /// Its `host:port`.
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// Its URL with a path, which may be empty.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The requests so far.
    pub fn seen(&self) -> Vec<Message> {
        self.record.seen.lock().expect("no panic").all.clone()
    }

    /// How many came so far.
    pub fn count(&self) -> usize {
        self.record.seen.lock().expect("no panic").all.len()
    }

    /// Waits until so many came in all.
    #[track_caller]
    pub fn wait_for(&self, count: usize) {
        let seen = self.record.seen.lock().expect("no panic");
        let too_few = |seen: &mut Seen| seen.all.len() < count;
        let has_come = &self.record.has_come;
        let (seen, _) = has_come
            .wait_timeout_while(seen, PATIENCE, too_few)
            .expect("no panic");
        let came = seen.all.len();
        // Not under the lock, which a panic would break for the endpoint.
        drop(seen);
        assert!(came >= count, "{came} of {count} came");
    }

    /// The only request.
    #[track_caller]
    pub fn one(&self) -> Message {
        let mut seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }

    /// The next request, which has to come.
    #[track_caller]
    pub fn next(&self) -> Message {
        let seen = self.record.seen.lock().expect("no panic");
        let none = |seen: &mut Seen| seen.all.len() <= seen.awaited;
        let has_come = &self.record.has_come;
        let (mut seen, _) = has_come
            .wait_timeout_while(seen, PATIENCE, none)
            .expect("no panic");
        let message = seen.all.get(seen.awaited).cloned();
        seen.awaited += 1;
        // Not under the lock, which a panic would break for the endpoint.
        drop(seen);
        message.expect("a request comes")
    }
}

impl Record {
    /// Keeps a request; returns its number.
    fn keep(&self, message: Message) -> usize {
        let mut seen = self.seen.lock().expect("no panic");
        seen.all.push(message);
        self.has_come.notify_all();
        seen.all.len() - 1
    }
}

/// Serves one connection to its end. One without a request is a look whether somebody is there.
fn serve(mut stream: TcpStream, record: &Record, answer: &Answer) {
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
    while let Some(message) = Message::read(&mut reader) {
        let number = record.keep(message.clone());
        if answer(number, &message).write(&mut stream).is_none() {
            return;
        }
    }
}

/// Holds the answers of an endpoint back.
pub struct Gate {
    arrived: Receiver<usize>,
    open: Sender<()>,
}

impl Gate {
    /// Waits until so many more requests stand at the gate.
    pub fn wait_for(&self, count: usize) {
        for _ in 0..count {
            self.arrived.recv_timeout(PATIENCE).expect("a request");
        }
    }

    /// Lets the next one pass.
    pub fn let_one(&self) {
        self.open.send(()).expect("an endpoint");
    }

    /// Lets all of them pass, and all that come.
    pub fn open(self) {
        drop(self);
    }
}
