//! A curl command line, as a browser's "copy as cURL" gives it, read as the request that it would send.

use super::super::{FilePosition, FormatError, FoundCapture, ReadNote, url};
use crate::delivery::capture::Capture;
use crate::delivery::{Headers, Request};

/// Options with a value that says nothing of the request's bytes; all others that are not known below
/// have none.
const PASSED_OVER: [&str; 14] = [
    "-A",
    "--user-agent",
    "-b",
    "--cookie",
    "-e",
    "--referer",
    "-o",
    "--output",
    "-m",
    "--max-time",
    "--cacert",
    "--connect-timeout",
    "-x",
    "--proxy",
];

/// Whether a text begins as such a command does.
pub fn looks_like_one(bytes: &[u8]) -> bool {
    let text = bytes.trim_ascii_start();
    let text = text.strip_prefix(b"$ ").unwrap_or(text);
    text.starts_with(b"curl ") || text.starts_with(b"curl.exe ")
}

/// The request of the command in a text whose first byte stands on line `line`.
pub fn read(bytes: &[u8], line: u64) -> Result<FoundCapture, FormatError> {
    let place = FilePosition::Line(line);
    let refused = |problem: &str| FormatError::at(place, format!("a curl command: {problem}"));
    let text = std::str::from_utf8(bytes).map_err(|_| refused("it is not UTF-8"))?;
    if text.contains(" $'") {
        return Err(refused(
            "`$'…'` is a shell's own and is not read: copy it \"as cURL (cmd)\", or run it",
        ));
    }
    let one_line = text.replace("\\\r\n", " ").replace("\\\n", " ");
    let words = shlex::split(&one_line).ok_or_else(|| refused("a quote is not closed"))?;
    let mut words = words
        .into_iter()
        .skip_while(|word| !word.starts_with("curl"))
        .skip(1);
    let mut command = CurlCommand::default();
    while let Some(word) = words.next() {
        let (name, mut joined) = split(&word);
        let mut value = || joined.take().or_else(|| words.next()).unwrap_or_default();
        match name {
            "-X" | "--request" => command.method = Some(value()),
            "-H" | "--header" => command.add_header(&value()),
            "-d" | "--data" | "--data-ascii" | "--data-binary" => command.add_data(&value(), true),
            "--data-raw" => command.add_data(&value(), false),
            "--json" => {
                command.add_header("Content-Type: application/json");
                command.add_data(&value(), true);
            }
            "--url" => command.url = value(),
            "-F" | "--form" | "--data-urlencode" | "-T" | "--upload-file" => {
                return Err(refused(&format!("`{name}` is not read")));
            }
            name if PASSED_OVER.contains(&name) => drop(value()),
            name if name.starts_with('-') => {}
            _ => command.url = word,
        }
    }
    let target = url::target(&command.url)
        .ok_or_else(|| refused("it has no URL"))?
        .into_owned();
    Ok(command.into_capture(place, target))
}

/// An option and the value that is joined to it: `--request=PUT`, `-XPUT`.
fn split(word: &str) -> (&str, Option<String>) {
    if let Some((name, value)) = word.strip_prefix("--").and_then(|_| word.split_once('=')) {
        return (name, Some(value.to_owned()));
    }
    match word.char_indices().nth(2) {
        Some((at, _)) if ["-X", "-H", "-d"].contains(&&word[..at]) => {
            (&word[..at], Some(word[at..].to_owned()))
        }
        _ => (word, None),
    }
}

#[derive(Default)]
struct CurlCommand {
    url: String,
    method: Option<String>,
    headers: Vec<(String, String)>,
    body: Option<String>,
    elsewhere: Option<String>,
}

impl CurlCommand {
    /// A header; one without a value takes away what curl would add.
    fn add_header(&mut self, text: &str) {
        if let Some((name, value)) = text
            .split_once(':')
            .filter(|(_, value)| !value.trim().is_empty())
        {
            self.headers
                .push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }

    fn add_data(&mut self, text: &str, may_name_file: bool) {
        if let Some(file) = text.strip_prefix('@').filter(|_| may_name_file) {
            self.elsewhere = Some(file.to_owned());
        }
        match &mut self.body {
            Some(body) => body.extend(["&", text]),
            None => self.body = Some(text.to_owned()),
        }
    }

    fn into_capture(self, place: FilePosition, target: String) -> FoundCapture {
        let method = if self.body.is_some() { "POST" } else { "GET" };
        let mut headers: Headers = self.headers.into_iter().collect();
        if self.body.is_some() && !headers.contains("Content-Type") {
            headers.push("Content-Type", "application/x-www-form-urlencoded");
        }
        let body = self.body.filter(|_| self.elsewhere.is_none());
        let request = Request {
            method: self.method.unwrap_or_else(|| method.to_owned()),
            body_complete: self.elsewhere.is_none(),
            ..Request::post(target, headers, body.unwrap_or_default())
        };
        let note = self
            .elsewhere
            .map(|file| format!("it stands in `{}`", file.escape_debug()));
        let left_out = note.map(ReadNote::LeftOut);
        let notes = [ReadNote::Command].into_iter().chain(left_out).collect();
        FoundCapture::new(place, Capture::of(request), notes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_the_request_that_it_would_send() {
        let text = "$ curl 'http://localhost:4400/hook?a=1' \\\n  -X POST -H 'X-A: 1' --compressed -HX-B:2 \\\n  -A me --data-raw '{\"a\": \"b'\\''c\"}'\n";
        assert!(looks_like_one(text.as_bytes()));
        let found = read(text.as_bytes(), 3).unwrap();
        let request = &found.capture.request;
        assert_eq!(
            (request.method.as_str(), request.target.as_str()),
            ("POST", "/hook?a=1")
        );
        assert_eq!(&request.body[..], b"{\"a\": \"b'c\"}");
        assert_eq!(request.headers.text("x-b"), Some("2"));
        assert_eq!(found.place, FilePosition::Line(3));
        assert!(request.body_complete);
        assert_eq!(found.notes, [ReadNote::Command]);
    }

    #[test]
    fn what_a_command_does_not_hold_is_told() {
        let found = read(b"curl -d @body.json http://x/", 1).unwrap();
        assert!(!found.capture.request.body_complete);
        let note = ReadNote::LeftOut("it stands in `body.json`".into());
        assert_eq!(found.notes[1], note);
        for (text, problem) in [
            ("curl -d 'a http://x/", "a quote is not closed"),
            ("curl -d a", "it has no URL"),
            ("curl -F a=b http://x/", "`-F` is not read"),
            ("curl --data-raw $'a' http://x/", "`$'…'` is a shell's own"),
        ] {
            let error = read(text.as_bytes(), 1).unwrap_err().to_string();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }

    #[test]
    fn what_this_program_prints_it_reads() {
        let headers = [("Content-Type", "application/json"), ("X-A", "it's")];
        let request = Request::post("/x?y=z", headers.into_iter().collect(), r#"{"a":'1'}"#);
        let command = super::super::command(&request, "http://localhost:3000/x?y=z").unwrap();
        let found = read(command.as_bytes(), 1).unwrap().capture.request;
        assert_eq!(found, request);
    }
}
