//! `webhook send` from outside.

mod choice;
mod edit;
mod ends;
mod engine;
mod events;
mod faults;
mod handshakes;
mod load;
mod retry;
mod secrets;
mod shape;
mod wire;

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Sender as Tell, channel};
use std::thread::JoinHandle;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::harness::message::Message;
use crate::harness::{PATIENCE, Run, Sandbox};

/// The secret of these tests. It is in no output, in no form.
pub const SECRET: &str = "whsec_T0p+s3cret/of=tests";

/// A user with a secret, whose every output is searched for it.
pub struct Sender(Sandbox);

impl Sender {
    /// With `WEBHOOK_SECRET` set.
    pub fn new() -> Self {
        Self::without_secret().with("WEBHOOK_SECRET", SECRET)
    }

    pub fn without_secret() -> Self {
        Self(Sandbox::new())
    }

    pub fn with(self, name: &str, value: &str) -> Self {
        Self(self.0.with(name, value))
    }

    pub const fn sandbox(&self) -> &Sandbox {
        &self.0
    }

    /// Runs `webhook send` to its end.
    pub fn send(&self, args: &[&str]) -> Run {
        self.send_with(args, b"")
    }

    /// Runs `webhook send` to its end with these bytes on stdin.
    pub fn send_with(&self, args: &[&str], stdin: &[u8]) -> Run {
        let all: Vec<_> = ["send"].iter().chain(args).copied().collect();
        keeps_secret(self.0.run_with(&all, stdin))
    }

    /// Starts `webhook send`.
    pub fn start(&self, args: &[&str]) -> Sending {
        let all: Vec<_> = ["send"].iter().chain(args).copied().collect();
        let mut command = self.0.command(&all);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        Sending {
            talk: BufReader::new(child.stderr.take().expect("a pipe")),
            heard: String::new(),
            child,
        }
    }

    /// The requests that a dry run prints.
    #[track_caller]
    pub fn dry(&self, args: &[&str]) -> Vec<Message> {
        let all: Vec<_> = args.iter().chain(&["--dry-run"]).copied().collect();
        Message::all(&self.send(&all).expect(0).raw_stdout)
    }

    /// The body of the one request that a dry run prints.
    #[track_caller]
    pub fn body(&self, args: &[&str]) -> Value {
        let messages = self.dry(args);
        assert_eq!(messages.len(), 1);
        messages[0].json()
    }

    /// Runs what must be refused as wrong usage: an error that says `message`, with a hint, each in
    /// a line of its own, and nothing on stdout.
    #[track_caller]
    pub fn refused(&self, args: &[&str], message: &str, hint: &str) {
        let run = self.send(args).expect(2);
        assert_eq!(run.stdout, "");
        let lines: Vec<_> = run.stderr.lines().collect();
        let [error, advice] = lines.as_slice() else {
            panic!("not two lines: {}", run.stderr);
        };
        assert!(error.starts_with("error: "), "{error}");
        assert!(error.contains(message), "{error}");
        assert!(advice.starts_with("hint: "), "{advice}");
        assert!(advice.contains(hint), "{advice}");
    }
}

/// A running `webhook send`.
pub struct Sending {
    child: Child,
    talk: BufReader<ChildStderr>,
    heard: String,
}

impl Sending {
    /// Waits for a line on stderr that holds `text`.
    pub fn hear(&mut self, text: &str) -> String {
        loop {
            let mut line = String::new();
            let length = self.talk.read_line(&mut line).expect("text");
            assert!(length > 0, "it ended without `{text}`: {}", self.heard);
            self.heard.push_str(&line);
            if line.contains(text) {
                return line;
            }
        }
    }

    pub fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Waits for its end; one that does not come is brought about, and the code is then none.
    pub fn wait(mut self) -> Run {
        let watch = watchdog(self.child.id());
        let mut stdout = self.child.stdout.take().expect("a pipe");
        let reader = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stdout.read_to_end(&mut bytes);
            bytes
        });
        let _ = self.talk.read_to_string(&mut self.heard);
        let raw_stdout = reader.join().expect("no panic");
        let status = self.child.wait().expect("the program ends");
        watch.0.send(()).expect("the watchdog waits");
        watch.1.join().expect("no panic");
        keeps_secret(Run {
            stdout: String::from_utf8_lossy(&raw_stdout).into_owned(),
            stderr: self.heard,
            code: status.code(),
            raw_stdout,
        })
    }
}

/// Kills a process that outlives the tests' patience, unless it is told that the process has ended.
fn watchdog(id: u32) -> (Tell<()>, JoinHandle<()>) {
    let (tell, told) = channel();
    let thread = std::thread::spawn(move || {
        if told.recv_timeout(PATIENCE).is_err() {
            signal(id, "KILL");
            let _ = told.recv();
        }
    });
    (tell, thread)
}

fn signal(id: u32, name: &str) {
    let args = [format!("-{name}"), id.to_string()];
    let status = Command::new("kill").args(args).status();
    assert!(status.expect("kill runs").success());
}

/// Fails the test where a run told the secret.
#[track_caller]
pub fn keeps_secret(run: Run) -> Run {
    let coded = [
        SECRET.to_owned(),
        SECRET.trim_start_matches("whsec_").to_owned(),
        hex::encode(SECRET),
        STANDARD.encode(SECRET),
    ];
    for text in coded {
        assert!(!run.stdout.contains(&text), "{}", run.stdout);
        assert!(!run.stderr.contains(&text), "{}", run.stderr);
    }
    run
}

/// The lines of this kind.
pub fn of_kind(run: &Run, kind: &str) -> Vec<Value> {
    let lines = run.json_lines().into_iter();
    lines.filter(|line| line["kind"] == kind).collect()
}

/// The only `summary` line, which is the last line.
#[track_caller]
pub fn summary(run: &Run) -> Value {
    assert_eq!(of_kind(run, "summary").len(), 1, "{}", run.stdout);
    let last = run.json_lines().pop().expect("a line");
    assert_eq!(last["kind"], "summary");
    last
}
