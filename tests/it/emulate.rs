//! `webhook emulate`: a provider on this machine, seen from its endpoints and through its API.

mod api;
mod control;
mod documented;
mod durable;
mod schedule;
mod story;

use std::net::SocketAddr;

use serde_json::Value;

use crate::harness::{Listener, Sandbox, raw_exchange};

/// An emulator that runs, and the key of its API.
struct Emulated {
    process: Listener,
    key: String,
}

impl Emulated {
    fn start(sandbox: &Sandbox, args: &[&str]) -> Self {
        let process = sandbox.emulate(args);
        let key = process.ready["api_key"].as_str().expect("a key").to_owned();
        Self { process, key }
    }

    fn address(&self) -> SocketAddr {
        self.process.address()
    }

    /// Calls the API; the status, and the answer's JSON, null where it has no body.
    fn call(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        call(self.address(), Some(&self.key), method, path, body)
    }

    /// The same for a call that has to succeed.
    #[track_caller]
    fn ask(&self, method: &str, path: &str, body: &str) -> Value {
        let (status, answer) = self.call(method, path, body);
        assert!(
            (200..300).contains(&status),
            "{method} {path}: {status} {answer}"
        );
        answer
    }

    /// Waits until nothing is left to do now.
    #[track_caller]
    fn idle(&self) {
        let idle = self.ask("GET", "/_control/idle?timeout=30s", "");
        assert_eq!(idle["idle"], true);
    }
}

/// Calls an API as a client that was written by someone else.
fn call(
    address: SocketAddr,
    key: Option<&str>,
    method: &str,
    path: &str,
    body: &str,
) -> (u16, Value) {
    let key = key.map_or(String::new(), |key| {
        format!("Authorization: Bearer {key}\r\n")
    });
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{key}Connection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let answer = raw_exchange(address, &[head.as_bytes(), body.as_bytes()].concat());
    let text = String::from_utf8(answer).expect("text");
    let status = text.split(' ').nth(1).and_then(|it| it.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no answer to {method} {path}: {text}"));
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    if body.is_empty() {
        return (status, Value::Null);
    }
    let json = serde_json::from_str(body);
    (
        status,
        json.unwrap_or_else(|error| panic!("{error}: {body}")),
    )
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name}: {value}"))
}
