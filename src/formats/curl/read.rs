//! Curl command lines, as a browser's "copy as cURL" gives them, read as the requests that they would
//! send.

use super::super::{FilePosition, FormatError, FoundCapture, ReadNote, url};
use super::shell;
use crate::delivery::capture::Capture;
use crate::delivery::{Headers, Request};

/// Short options with a value.
const SHORT: &str = "XHdAbeomxuwTFcDEKCtUYyzPQr";

/// Long options with a value that says nothing of the request's bytes; all others that are not known
/// below have none.
const PASSED_OVER: [&str; 20] = [
    "--user-agent",
    "--cookie",
    "--referer",
    "--output",
    "--max-time",
    "--cacert",
    "--connect-timeout",
    "--proxy",
    "--user",
    "--write-out",
    "--retry",
    "--retry-delay",
    "--cert",
    "--key",
    "--cookie-jar",
    "--dump-header",
    "--resolve",
    "--connect-to",
    "--config",
    "--max-redirs",
];

/// How requests begin that were copied for other tools, and for which.
const OTHER_TOOLS: [(&str, &str); 9] = [
    ("$session = New-Object ", "PowerShell"),
    ("Invoke-WebRequest ", "PowerShell"),
    ("Invoke-RestMethod ", "PowerShell"),
    ("iwr ", "PowerShell"),
    ("irm ", "PowerShell"),
    ("fetch(", "JavaScript"),
    ("await fetch(", "JavaScript"),
    ("wget -", "wget"),
    ("http POST ", "HTTPie"),
];

/// The tool that a text which begins so was copied for, where that is not curl.
pub fn other_tool(bytes: &[u8]) -> Option<&'static str> {
    let is_one = |(start, _): &&(&str, &str)| bytes.starts_with(start.as_bytes());
    OTHER_TOOLS.iter().find(is_one).map(|(_, tool)| *tool)
}

/// Whether a text begins as such a command does, comments aside.
pub fn looks_like_one(bytes: &[u8]) -> bool {
    let mut lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with(b"#"));
    first.is_some_and(|line| {
        let line = line.strip_prefix(b"$ ").unwrap_or(line);
        let mut words = line.split(|byte| *byte == b' ');
        // An option or an address makes it a command, and no sentence about curl.
        words.next().is_some_and(is_curl)
            && words
                .any(|word| word.starts_with(b"-") || word.contains(&b'/') || word.contains(&b':'))
    })
}

fn is_curl(word: &[u8]) -> bool {
    word == b"curl" || word == b"curl.exe"
}

/// The requests of the commands in a text whose first byte stands on line `line`.
pub fn read_all(bytes: &[u8], line: u64) -> Vec<Result<FoundCapture, FormatError>> {
    let commands = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8");
    let commands =
        commands.and_then(|text| shell::commands(text, line).ok_or("a quote is not closed"));
    match commands {
        Ok(commands) => commands.into_iter().filter_map(read).collect(),
        Err(problem) => vec![Err(refused(FilePosition::Line(line), problem))],
    }
}

fn refused(place: FilePosition, problem: &str) -> FormatError {
    FormatError::at(place, format!("a curl command: {problem}"))
}

/// The request of a command; `None` where its words are no call of curl.
fn read((line, words, is_odd): shell::ShellCommand) -> Option<Result<FoundCapture, FormatError>> {
    let at = words.iter().position(|word| is_curl(word))?;
    let place = FilePosition::Line(line);
    let command = CurlCommand::of(words.into_iter().skip(at + 1));
    let found = command.and_then(|command| command.into_capture(place));
    let found = found.map(|mut found| {
        found.notes.extend(is_odd.then_some(ReadNote::Quoting));
        found
    });
    Some(found.map_err(|problem| refused(place, &problem)))
}

/// The options of a word, each with the value that is joined to it: `--request=PUT`, `-sXPUT`.
fn options(word: &[u8]) -> Option<Vec<(String, Option<Vec<u8>>)>> {
    let text = String::from_utf8_lossy(word);
    if text.starts_with("--") {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.as_bytes().to_vec())),
            None => (&*text, None),
        };
        return Some(vec![(name.to_owned(), value)]);
    }
    let letters = text
        .strip_prefix('-')
        .filter(|letters| !letters.is_empty())?;
    let mut options = Vec::new();
    for (at, letter) in letters.char_indices() {
        let name = format!("-{letter}");
        if SHORT.contains(letter) {
            let value = &letters[at + letter.len_utf8()..];
            options.push((name, (!value.is_empty()).then(|| value.as_bytes().to_vec())));
            break;
        }
        options.push((name, None));
    }
    Some(options)
}

#[derive(Default)]
struct CurlCommand {
    url: String,
    method: Option<String>,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
    elsewhere: Option<String>,
}

impl CurlCommand {
    fn of(words: impl IntoIterator<Item = Vec<u8>>) -> Result<Self, String> {
        let mut command = Self::default();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            if matches!(
                word.as_slice(),
                b"|" | b";" | b"&" | b"&&" | b">" | b"||" | b"2>&1"
            ) {
                break;
            }
            let Some(options) = options(&word) else {
                command.url = String::from_utf8_lossy(&word).into_owned();
                continue;
            };
            for (name, joined) in options {
                command.set(&name, || {
                    joined.or_else(|| words.next()).unwrap_or_default()
                })?;
            }
        }
        Ok(command)
    }

    /// Takes an option; `value` gives its value.
    fn set(&mut self, name: &str, value: impl FnOnce() -> Vec<u8>) -> Result<(), String> {
        let text = |value: Vec<u8>| String::from_utf8_lossy(&value).into_owned();
        match name {
            "-X" | "--request" => self.method = Some(text(value())),
            "-H" | "--header" => self.add_header(&text(value())),
            "-d" | "--data" | "--data-ascii" | "--data-binary" => self.add_data(&value(), true),
            "--data-raw" => self.add_data(&value(), false),
            "--json" => {
                self.add_header("Content-Type: application/json");
                self.add_data(&value(), true);
            }
            "--url" => self.url = text(value()),
            "-F" | "--form" | "--data-urlencode" | "-T" | "--upload-file" => {
                return Err(format!("`{name}` is not read"));
            }
            name if PASSED_OVER.contains(&name) => drop(value()),
            name if !name.starts_with("--") && name.ends_with(|letter| SHORT.contains(letter)) => {
                drop(value());
            }
            _ => {}
        }
        Ok(())
    }

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

    fn add_data(&mut self, data: &[u8], may_name_file: bool) {
        if let Some(file) = data.strip_prefix(b"@").filter(|_| may_name_file) {
            self.elsewhere = Some(String::from_utf8_lossy(file).into_owned());
        }
        match &mut self.body {
            Some(body) => body.extend([b"&", data].concat()),
            None => self.body = Some(data.to_owned()),
        }
    }

    fn into_capture(self, place: FilePosition) -> Result<FoundCapture, String> {
        let target = url::target(&self.url)
            .map(Into::into)
            .or_else(|| self.schemeless());
        let target = target.ok_or("it has no URL")?;
        let method = if self.body.is_some() { "POST" } else { "GET" };
        let mut headers: Headers = self.headers.into_iter().collect();
        if self.body.is_some() && !headers.contains("Content-Type") {
            headers.push("Content-Type", "application/x-www-form-urlencoded");
        }
        let body = self.body.filter(|_| self.elsewhere.is_none());
        let request = Request {
            method: self.method.unwrap_or_else(|| method.to_owned()),
            body_complete: self.elsewhere.is_none(),
            origin: url::origin(&self.url),
            ..Request::post(target, headers, body.unwrap_or_default())
        };
        let note = self
            .elsewhere
            .map(|file| format!("it stands in `{}`", file.escape_debug()));
        let left_out = note.map(ReadNote::LeftOut);
        let notes = [ReadNote::Command].into_iter().chain(left_out).collect();
        Ok(FoundCapture::new(place, Capture::of(request), notes))
    }

    /// The target of a URL as people type it: `localhost:4400/hook`.
    fn schemeless(&self) -> Option<String> {
        let is_host = self
            .url
            .starts_with(|first: char| first.is_ascii_alphanumeric());
        let url = format!("http://{}", self.url);
        url::target(&url).filter(|_| is_host).map(Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str, line: u64) -> FoundCapture {
        let mut found = read_all(text.as_bytes(), line);
        assert_eq!(found.len(), 1, "{text}");
        found.remove(0).unwrap()
    }

    #[test]
    fn a_command_is_the_request_that_it_would_send() {
        let text = "$ curl 'http://localhost:4400/hook?a=1' \\\n  -X POST -H 'X-A: 1' --compressed -HX-B:2 \\\n  -A me --data-raw '{\"a\": \"b'\\''c\"}'\n";
        assert!(looks_like_one(text.as_bytes()));
        let found = one(text, 3);
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
        let found = one("curl -d @body.json http://x/", 1);
        assert!(!found.capture.request.body_complete);
        let note = ReadNote::LeftOut("it stands in `body.json`".into());
        assert_eq!(found.notes[1], note);
        for (text, problem) in [
            ("curl -d 'a http://x/", "a quote is not closed"),
            ("curl -d a", "it has no URL"),
            ("curl -F a=b http://x/", "`-F` is not read"),
            ("curl --data-raw $'a http://x/", "a quote is not closed"),
        ] {
            let error = read_all(text.as_bytes(), 1)
                .remove(0)
                .unwrap_err()
                .to_string();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }

    #[test]
    fn what_this_program_prints_it_reads() {
        let headers = [("Content-Type", "application/json"), ("X-A", "it's")];
        let request = Request::post("/x?y=z", headers.into_iter().collect(), r#"{"a":'1'}"#);
        let command = super::super::command(&request, "http://localhost:3000/x?y=z").unwrap();
        let found = one(&command, 1).capture.request;
        let origin = Some("http://localhost:3000".to_owned());
        assert_eq!(found, Request { origin, ..request });
    }

    #[test]
    fn commands_are_read_as_each_shell_has_them() {
        let body = r#"{"a": "it's 5% \n"}"#;
        for text in [
            r#"curl 'http://x/h?a=1' -H 'X-A: 1' --data-raw $'{"a": "it\'s 5% \\n"}'"#,
            r#"curl -sSXPOST x:1/h?a=1 -HX-A:1 -u me:secret -d "{\"a\": \"it's 5% \\n\"}" | jq ."#,
            "curl ^\"http://x/h?a=1^\" ^\n  -H ^\"X-A: 1^\" ^\n  --data-raw ^\"^{^\\^\"a^\\^\": ^\\^\"it's 5^% \\n^\\^\"^}^\"",
            "curl.exe \"http://x/h?a=1\" ^\r\n -H \"X-A: 1\" ^\r\n --data-raw \"{\"\"a\"\": \"\"it's 5% \\n\"\"}\"",
        ] {
            assert!(looks_like_one(text.as_bytes()), "{text}");
            let request = one(text, 1).capture.request;
            assert_eq!(String::from_utf8_lossy(&request.body), body, "{text}");
            assert_eq!(
                (request.method.as_str(), request.target.as_str()),
                ("POST", "/h?a=1"),
                "{text}"
            );
            assert_eq!(request.headers.text("X-A"), Some("1"), "{text}");
        }
    }

    #[test]
    fn the_commands_of_a_script_are_read_one_by_one() {
        let text = "#!/bin/sh\n# it's one\ncurl http://x/a \\\n  -d 1\n\nexport A='b'\n$ curl -d 2\ncurl http://x/c -d 3\n";
        assert!(looks_like_one(text.as_bytes()));
        let found = read_all(text.as_bytes(), 1);
        let told: Vec<_> = found
            .iter()
            .map(|found| match found {
                Ok(found) => format!(
                    "{} {}",
                    found.place,
                    String::from_utf8_lossy(&found.capture.request.body)
                ),
                Err(error) => error.to_string(),
            })
            .collect();
        assert_eq!(
            told,
            [
                "line 3 1",
                "line 7: a curl command: it has no URL",
                "line 8 3"
            ]
        );
    }
}
