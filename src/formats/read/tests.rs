use std::io::{self, BufReader, Read};

use proptest::prelude::*;

use super::super::ReadNote;
use super::*;

const CAPTURE: &str = r#"{"request":{"headers":[["A","1"]],"body":"{}"}}"#;
const ATTEMPT: &str =
    r#"{"v":1,"kind":"attempt","id":"att_1","delivery_id":"dlv_1","response":null}"#;

/// All captures of a file.
#[derive(Debug)]
struct Captures {
    readings: Vec<FoundCapture>,
    skipped: u64,
}

/// Reads all captures of `bytes`; the first error ends it.
fn read_any(bytes: &[u8], name: Option<&str>) -> Result<Captures, FormatError> {
    let mut reader = captures(bytes, name)?;
    let readings = reader.by_ref().collect::<Result<_, _>>()?;
    Ok(Captures {
        readings,
        skipped: reader.skipped(),
    })
}

/// Where the captures stand, and how much was skipped.
fn found(text: &str) -> (Vec<FilePosition>, u64) {
    let captures = read_any(text.as_bytes(), None).unwrap();
    let places = captures.readings.iter().map(|r| r.place).collect();
    (places, captures.skipped)
}

fn error(text: &str) -> FormatError {
    read_any(text.as_bytes(), None).unwrap_err()
}

#[test]
fn the_first_bytes_tell_the_form() {
    let pretty = CAPTURE.replacen('{', "{\n ", 1);
    let har = r#"{"log":{"entries":[{"request":{"url":"/","headers":[]}}]}}"#;
    for (text, place) in [
        (CAPTURE.to_owned(), FilePosition::Line(1)),
        (
            format!("\u{feff}\r\n \n{CAPTURE}\r\n\n"),
            FilePosition::Line(3),
        ),
        (pretty.clone(), FilePosition::Line(1)),
        (format!("\u{feff}\n{pretty}"), FilePosition::Line(2)),
        (format!("[{CAPTURE}]"), FilePosition::Item(1, 1)),
        (har.to_owned(), FilePosition::Entry(1)),
        (har.replace(':', ":\n"), FilePosition::Entry(1)),
        (format!("\u{feff}{har}"), FilePosition::Entry(1)),
        ("\nPOST / HTTP/1.1\n\n{}".into(), FilePosition::Line(2)),
        (
            "\u{feff}POST / HTTP/1.1\n\n{}".into(),
            FilePosition::Line(1),
        ),
    ] {
        assert_eq!(found(&text), (vec![place], 0), "{text}");
    }
}

#[test]
fn lines_that_are_no_delivery_are_counted() {
    let ready = r#"{"v":1,"kind":"ready","url":"http://127.0.0.1:4400"}"#;
    let text = [
        ready,
        CAPTURE,
        "",
        ATTEMPT,
        CAPTURE,
        r#"{"v":1,"kind":"summary"}"#,
    ]
    .join("\n");
    let places = vec![FilePosition::Line(2), FilePosition::Line(5)];
    assert_eq!(found(&text), (places, 3));
    assert_eq!(
        found(&format!("[{ATTEMPT},{CAPTURE}]")),
        (vec![FilePosition::Item(1, 2)], 1)
    );
}

#[test]
fn documents_may_stand_one_after_the_other() {
    let pretty = CAPTURE.replace(',', ",\n");
    let text = format!("\n{pretty}\n\n{pretty}{pretty}\n");
    let lines = pretty.lines().count() as u64;
    let places = vec![
        FilePosition::Line(2),
        FilePosition::Line(lines + 3),
        FilePosition::Line(2 * lines + 2),
    ];
    assert_eq!(found(&text), (places, 0));
}

#[test]
fn after_an_error_the_next_line_is_read() {
    let text = [
        CAPTURE,
        "{",
        r#"{"request":{}}"#,
        CAPTURE,
        r#"{"v":9,"request":{"headers":[],"body":""}}"#,
    ];
    let read: Vec<_> = captures(text.join("\n").as_bytes(), None)
        .unwrap()
        .collect();
    let shown: Vec<_> = read
        .iter()
        .map(|r| r.as_ref().err().map(ToString::to_string))
        .collect();
    assert_eq!(shown[0], None);
    assert!(
        shown[1]
            .as_ref()
            .unwrap()
            .starts_with("line 2: not a capture: EOF")
    );
    assert_eq!(shown[2].as_deref(), Some("line 3: no `request.headers`"));
    assert_eq!(shown[3], None);
    let newer = "line 5: capture version `9` is newer than this program reads";
    assert_eq!(shown[4].as_deref(), Some(newer));
    assert_eq!(shown.len(), 5);
}

#[test]
fn other_json_is_told_what_it_lacks() {
    for (text, message, may_be_body) in [
        (
            r#"{"id":"evt_1","type":"order.created","data":{}}"#,
            "line 1: not a capture (it has no `request.headers`)",
            true,
        ),
        (
            r#"{"request":{"body":""}}"#,
            "line 1: no `request.headers`",
            false,
        ),
        (
            r#"{"request":{"headers":[]}}"#,
            "line 1: no `request.body`",
            false,
        ),
        (
            r#"{"request":{"headers":{"A":"1"},"body":""}}"#,
            "line 1: `request.headers` is an object, not a list of pairs",
            false,
        ),
        (
            r#"{"request":{"headers":[{"name":"A","value":"1"}],"body":""}}"#,
            "line 1: `request.headers` is a list of objects, not of pairs",
            false,
        ),
        (
            r#"{"request":{"headers":[],"body":{"a":1}}}"#,
            "line 1: `request.body` is an object, not the text that was sent",
            false,
        ),
        (
            r#"{"request":"POST /"}"#,
            "line 1: `request` is a string",
            false,
        ),
        (
            r#"{"headers":{},"body":""}"#,
            "line 1: no `request` around `headers` and `body`",
            false,
        ),
        (
            r#"{"entries":[]}"#,
            "line 1: `entries` outside of `log`",
            false,
        ),
        (
            r#"{"startedDateTime":"","request":{"url":"/","headers":[]}}"#,
            "line 1: an entry of HAR outside of `log.entries`",
            false,
        ),
        ("[1]", "item 1: a number, not a capture", true),
    ] {
        let error = error(text);
        assert_eq!(error.to_string(), message, "{text}");
        assert_eq!(error.may_be_body(), may_be_body, "{text}");
        assert!(error.hint().starts_with("expected {"), "{text}");
    }
    for (text, message) in [
        (r#"{"log":{}}"#, "line 1: no `log.entries`"),
        (
            r#"{"log":{"entries":{"0":{}}}}"#,
            "line 1: `log.entries` is no list",
        ),
    ] {
        let error = error(text);
        assert_eq!(error.to_string(), message);
        assert!(error.hint().contains("entries"), "{text}");
    }
}

#[test]
fn what_is_none_of_the_forms_may_be_a_body() {
    for text in [
        "hello",
        "a=1&b=2",
        "\u{1}\u{2}",
        "<xml/>",
        "\"text\"",
        "POST /\n",
        "{oops",
    ] {
        assert!(error(text).may_be_body(), "{text}");
    }
    assert!(matches!(error(" \n\u{feff}"), FormatError::Empty));
    assert!(matches!(error("a\0b\0\0\u{1}"), FormatError::Unrecognised));
    assert!(matches!(error("\u{feff} \n"), FormatError::Empty));
    assert!(!error("POST / HTTP/1.1\nno colon\n").may_be_body());
}

#[test]
fn a_name_decides_where_the_bytes_do_not() {
    let by_name = |text: &str, name| {
        read_any(text.as_bytes(), Some(name))
            .unwrap_err()
            .to_string()
    };
    assert!(by_name("POST\n", "a.http").starts_with("line 1: no request line"));
    assert!(by_name("{\n}", "a.ndjson").starts_with("line 1: not a capture"));
    assert_eq!(
        by_name("{\n}", "a.json"),
        "line 1: not a capture (it has no `request.headers`)"
    );
}

#[test]
fn a_body_that_is_not_utf8_is_an_error_with_its_line() {
    let text = [
        CAPTURE.as_bytes(),
        b"\n",
        &CAPTURE.as_bytes().replacen(b'1', b'\xff'),
    ]
    .concat();
    let error = read_any(&text, None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 2: not a capture: the text is not UTF-8"
    );
}

trait Replacen {
    fn replacen(&self, from: u8, to: u8) -> Vec<u8>;
}

impl Replacen for [u8] {
    fn replacen(&self, from: u8, to: u8) -> Vec<u8> {
        self.iter()
            .map(|b| if *b == from { to } else { *b })
            .collect()
    }
}

#[test]
fn nesting_does_not_overflow() {
    let deep = "[".repeat(200_000);
    let objects = "{\"a\":".repeat(200_000);
    for text in [
        deep.clone(),
        objects.clone(),
        format!("{{\"request\":{deep}"),
        format!("{{\"log\":{{\"entries\":{deep}"),
        format!("[{}]", deep.clone() + &"]".repeat(200_000)),
        format!("{objects}1{}", "}".repeat(200_000)),
        format!(
            "{{\"log\":{{\"entries\":[{{\"x\":{objects}1{}}}]}}}}",
            "}".repeat(200_000)
        ),
    ] {
        assert!(read_any(text.as_bytes(), None).is_err());
    }
}

/// A file of lines that is never held as a whole.
#[derive(Debug)]
struct Endless {
    line: Vec<u8>,
    at: usize,
    left: usize,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let from = &self.line[self.at..];
        let count = from.len().min(buffer.len()).min(self.left);
        buffer[..count].copy_from_slice(&from[..count]);
        self.at = (self.at + count) % self.line.len();
        self.left -= count;
        Ok(count)
    }
}

#[test]
fn lines_are_read_one_at_a_time() {
    let line = format!("{CAPTURE}\n").into_bytes();
    let reader = Endless {
        left: line.len() * 10_000,
        line,
        at: 0,
    };
    let mut lines = LineReader::new(BufReader::new(reader));
    let found = std::iter::from_fn(|| lines.next_line());
    assert_eq!(
        found.flat_map(TextLine::read).flatten().flatten().count(),
        10_000
    );
    assert!(lines.held() < 4 * 1024);
}

#[test]
fn all_cores_find_what_one_does() {
    let long = CAPTURE.replace("{}", &"x".repeat(2 * BLOCK));
    let lines = [
        CAPTURE,
        ATTEMPT,
        "",
        "some talk",
        "{\"request\":1}",
        CAPTURE,
        &long,
    ];
    for count in [0, 1, 7, 20_000] {
        // The long one is rare.
        let line = |n: usize| lines[if n % 1000 == 6 { 6 } else { n % 6 }];
        let text = (0..count).map(line).collect::<Vec<_>>().join("\n") + "\n" + CAPTURE;
        let told =
            |found: Result<FilePosition, FormatError>| found.map_err(|error| error.to_string());
        let mut one = captures(text.as_bytes(), None).unwrap();
        let alone: Vec<_> = one
            .by_ref()
            .map(|found| told(found.map(|found| found.place)))
            .collect();
        std::thread::scope(|scope| {
            let place = |found: FoundCapture| found.place;
            let mut all = captures_on_all_cores(scope, text.as_bytes(), None, place).unwrap();
            let together: Vec<_> = all.by_ref().map(told).collect();
            assert_eq!(together, alone);
            assert_eq!(all.skipped(), one.skipped());
            assert!(all.remarks().eq(one.remarks()));
        });
    }
}

struct Failing;

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("gone"))
    }
}

#[test]
fn a_reader_that_fails_ends_it() {
    let start = format!("{CAPTURE}\n");
    let reader = BufReader::new(start.as_bytes().chain(Failing));
    let read: Vec<_> = captures(reader, None).unwrap().collect();
    assert!(matches!(read.as_slice(), [Ok(_), Err(FormatError::Io(_))]));
}

proptest! {
    #[test]
    fn nothing_panics(
        start in prop::sample::select(vec![
            "", "{", "[", "{\"log\":", "{\"request\":{\"headers\":", "POST / HTTP/1.1\n", "\u{feff}",
        ]),
        json in "[\\[\\]{}\":,0a \n]{0,30}",
        bytes in prop::collection::vec(any::<u8>(), 0..80),
        name in prop::option::of("[a-z.]{0,3}(http|ndjson|har)"),
    ) {
        for tail in [json.as_bytes(), &bytes] {
            let all = [start.as_bytes(), tail].concat();
            let _ = read_any(&all, name.as_deref());
            let count = captures(all.as_slice(), name.as_deref()).map_or(0, Iterator::count);
            prop_assert!(count <= all.len());
        }
    }
}

#[test]
fn captures_are_found_behind_prefixes_and_between_talk() {
    let line = r#"{"v":1,"kind":"delivery","request":{"headers":[],"body":"a"}}"#;
    for text in [
        format!("listening on http://localhost:4401\n{line}\n{line}\n"),
        format!("{line}\nwarning: nothing listens yet {{}}\n\n{line}"),
        format!("webhook-1  | {line}\nwebhook-1  | {line}\n"),
        format!("\u{1b}[2K{line}\n2026-03-02T09:15:03.1234567Z {line}\n"),
        format!("\0\0{line}\n{line}"),
    ] {
        let found: Vec<_> = captures(text.as_bytes(), None).unwrap().collect();
        let good = found.iter().filter(|found| found.is_ok()).count();
        assert_eq!((found.len(), good), (2, 2), "{text}");
    }
}

/// The bodies that are found, and what is said of the lines between.
fn told(text: impl AsRef<[u8]>) -> (Vec<String>, Option<String>) {
    let mut reader = captures(text.as_ref(), None).unwrap();
    let body =
        |found: FoundCapture| String::from_utf8(found.capture.request.body.to_vec()).unwrap();
    let bodies = reader.by_ref().map(|found| body(found.unwrap())).collect();
    (bodies, reader.remarks().next())
}

#[test]
fn what_containers_and_loggers_put_around_a_line_is_taken_off() {
    let line = r#"{"v":1,"kind":"delivery","request":{"headers":[],"body":"a"}}"#;
    let quoted = serde_json::to_string(&format!("{line}\n")).unwrap();
    for text in [
        format!("webhook-1  | {line}"),
        format!("\u{1b}[36mwebhook-1  |\u{1b}[0m {line}\u{1b}[0m"),
        format!("[webhook] {line}"),
        format!("[0] {line}"),
        format!("[pod/web-7f/app] {line}"),
        format!("2026-03-02T09:15:02.497123456Z stdout F {line}"),
        format!("Mar 02 09:15:02 box webhook[812]: {line}"),
        format!("build\tRun tests\t2026-03-02T09:15:03.1234567Z {line}"),
        format!("2026-03-02T09:15:02Z {{app=\"web\"}} {line}"),
        format!("INFO {{\"a\":1}} {line}"),
        format!(r#"{{"log":{quoted},"stream":"stdout","time":"2026-03-02T09:15:02.4Z"}}"#),
        format!(r#"{{"log":{quoted},"stream":"stdout","attrs":{{"tag":"x"}},"time":""}}"#),
        format!(r#"{{"__REALTIME_TIMESTAMP":"1","MESSAGE":{quoted},"PRIORITY":"6"}}"#),
        format!(r#"{{"level":30,"time":1,"msg":{quoted}}}"#),
        format!(r#"{{"timestamp":"x","level":"INFO","message":{line}}}"#),
    ] {
        let found = told(format!("{text}\n{text}\n"));
        assert_eq!(found, (vec!["a".into(), "a".into()], None), "{text}");
    }
}

#[test]
fn talk_is_skipped_with_its_number_and_its_first_line() {
    let line = r#"{"v":1,"kind":"delivery","request":{"headers":[],"body":"a"}}"#;
    let docker = r#"{"log":"listening\n","stream":"stderr","time":"2026-03-02T09:15:02Z"}"#;
    let pino = r#"{"level":30,"time":1772442902000,"pid":1,"msg":"started"}"#;
    let one = |number| format!("skipped line {number}, which holds no delivery");
    for (text, note) in [
        (format!("listening\n{line}\n"), one(1)),
        (format!("warning: nothing listens {{}}\n{line}\n"), one(1)),
        (format!("{line}\n\n[info] started\n"), one(3)),
        (format!("{docker}\n{line}"), one(1)),
        (format!("{line}\n{pino}\n{ATTEMPT}\n"), one(2)),
        (
            format!("{ATTEMPT}\na\n{line}\nb\nc: d\n"),
            "skipped 3 lines that hold no delivery, the first is line 2".into(),
        ),
    ] {
        assert_eq!(told(&text), (vec!["a".into()], Some(note)), "{text}");
    }
    // What begins as a delivery is none of it, nor is a second one on its line.
    let docker = format!(r#"{{"log":{:?},"stream":"stdout"}}"#, &line[..40]);
    for odd in [
        format!("web | {}", &line[..40]),
        docker,
        format!("{line}{line}"),
    ] {
        let text = format!("{line}\n{odd}\n{line}");
        let found: Vec<_> = captures(text.as_bytes(), None).unwrap().collect();
        let errors = found.iter().filter(|found| found.is_err()).count();
        assert_eq!((found.len(), errors), (3, 1), "{odd}");
    }
    for first in ["curl is great", "Accept: nothing"] {
        let found = told(format!("{first}\n{line}\n"));
        assert_eq!(found, (vec!["a".into()], Some(one(1))), "{first}");
    }
}

#[test]
fn a_gateway_s_event_is_the_request_that_it_got() {
    let read = |text: &str| {
        let mut found = read_any(text.as_bytes(), None).unwrap().readings;
        assert_eq!(found.len(), 1, "{text}");
        found.remove(0)
    };
    let v1 = r#"{"resource":"/{p+}","path":"/w","httpMethod":"PUT","headers":null,
        "multiValueHeaders":{"X-A":["1","2"],"content-length":["2"]},"multiValueQueryStringParameters":{"a":["1 2","3"]},
        "requestContext":{"requestTimeEpoch":1772442902000},"body":"{}","isBase64Encoded":false}"#;
    let v2 = r#"{"version":"2.0","rawPath":"/w","rawQueryString":"a=1%202","headers":{"x-a":"1,2"},
        "requestContext":{"http":{"method":"PUT"},"timeEpoch":1772442902000},"body":"e30=","isBase64Encoded":true}"#;
    let elb = r#"{"requestContext":{"elb":{}},"httpMethod":"PUT","path":"/w","queryStringParameters":{"a":"1%202"},
        "headers":{"x-a":"1"},"body":"{}","isBase64Encoded":false}"#;
    let netlify = r#"{"rawUrl":"https://x.app/w?a=1%202","path":"/w","httpMethod":"PUT","headers":{"x-a":"1"},"body":"{}"}"#;
    let vercel = r#"{"Action":"Invoke","body":"{\"method\":\"PUT\",\"path\":\"/w?a=1%202\",\"headers\":{\"x-a\":\"1\"},\"encoding\":\"base64\",\"body\":\"e30=\"}"}"#;
    let azure = r#"{"method":"PUT","url":"https://x/w?a=1%202","headers":{"x-a":"1"},"body":{},"rawBody":"{}"}"#;
    let ocean =
        r#"{"http":{"method":"PUT","path":"/w?a=1%202","headers":{"x-a":"1"},"body":"{}"}}"#;
    let whisk = r#"{"__ow_method":"put","__ow_path":"/w","__ow_query":"a=1%202","__ow_headers":{"x-a":"1"},"__ow_body":"{}"}"#;
    let at = "2026-03-02T09:15:02.000000Z";
    for (event, target, time) in [
        (v1, "/w?a=1+2&a=3", at),
        (v2, "/w?a=1%202", at),
        (elb, "/w?a=1%202", ""),
        (netlify, "/w?a=1%202", ""),
        (vercel, "/w?a=1%202", ""),
        (azure, "/w?a=1%202", ""),
        (ocean, "/w?a=1%202", ""),
        (whisk, "/w?a=1%202", ""),
    ] {
        let line = event.replace('\n', " ");
        for text in [
            event.to_owned(),
            format!("2026-03-02T09:15:02.497Z\t7f-1\tINFO\t{line}"),
            format!("[{event}]"),
        ] {
            let found = read(&text);
            let request = &found.capture.request;
            assert_eq!(
                (request.method.as_str(), request.target.as_str()),
                ("PUT", target),
                "{text}"
            );
            assert_eq!(
                (&request.body[..], request.body_complete),
                (&b"{}"[..], true),
                "{text}"
            );
            assert!(
                request.headers.text("X-A").unwrap().starts_with('1'),
                "{text}"
            );
            let received = found.capture.received_at().map(|at| at.to_string());
            assert_eq!(received.unwrap_or_default(), time, "{text}");
            assert_eq!(found.notes, [], "{text}");
        }
    }
}

#[test]
fn what_a_gateway_s_event_does_not_hold_is_told() {
    for (text, note) in [
        (
            r#"{"headers":{"a":"1"},"body":null,"isBase64Encoded":false}"#,
            ReadNote::NoBody,
        ),
        (
            r#"{"headers":{"a":"1","content-length":9},"body":"{}"}"#,
            ReadNote::Length {
                declared: 9,
                found: 2,
            },
        ),
        (
            r#"{"headers":{"content-encoding":"gzip"},"body":"{}"}"#,
            ReadNote::Unpacked("gzip".into()),
        ),
    ] {
        let found = read_any(text.as_bytes(), None).unwrap().readings.remove(0);
        assert_eq!(
            (found.notes, found.capture.request.body_complete),
            (vec![note], false),
            "{text}"
        );
    }
    for (text, problem) in [
        (
            r#"{"headers":{"a":"1"},"body":{"a":1}}"#,
            "`body` is not the text that was sent",
        ),
        (
            r#"{"headers":{"a":"1"},"body":"*","isBase64Encoded":true}"#,
            "what is said to be base64 is not",
        ),
    ] {
        assert_eq!(error(text).to_string(), format!("line 1: {problem}"));
        assert!(!error(text).may_be_body());
    }
}

#[test]
fn utf16_is_read_as_utf8() {
    let pretty = CAPTURE.replace(',', ",\n");
    for text in [
        format!("{CAPTURE}\r\n{CAPTURE}\r\n"),
        format!("talk\n{CAPTURE}"),
        pretty,
        "POST / HTTP/1.1\nA: 1\n\n{}".into(),
    ] {
        let plain = told(&text).0;
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        let (little, big): (Vec<_>, Vec<_>) = units
            .map(|unit: u16| (unit.to_le_bytes(), unit.to_be_bytes()))
            .unzip();
        assert_eq!(told(little.concat()).0, plain);
        assert_eq!(told(big.concat()).0, plain);
    }
    assert!(matches!(
        read_any(b"\xff\xfe{\0\x00\xd8", None),
        Err(FormatError::Utf16)
    ));
}

#[test]
fn what_has_no_end_is_not_read_for_one() {
    let nuls = Endless {
        line: vec![0; 1 << 16],
        at: 0,
        left: usize::MAX,
    };
    let error = captures(BufReader::new(nuls), None)
        .err()
        .map(|error| error.to_string());
    assert_eq!(
        error.unwrap(),
        "line 1: it begins with nothing but NUL bytes"
    );
    let talk = Endless {
        line: vec![b'y'; 1 << 20].into_iter().chain([b'\n']).collect(),
        at: 0,
        left: usize::MAX,
    };
    let read: Vec<_> = captures(BufReader::new(talk), None).unwrap().collect();
    assert!(matches!(read.as_slice(), [Err(FormatError::Unrecognised)]));
}

#[test]
fn a_delivery_page_is_its_headers_and_payload() {
    let head = "Accept: */*\nX-A: 1\nContent-Type: application/json\n";
    let pretty = "{\n  \"a\": [\n    1.50\n  ]\n}";
    let compact = "{\"a\":[1.50]}";
    let page = vec![ReadNote::Page];
    let indented = vec![ReadNote::Page, ReadNote::Compacted];
    for (text, body, notes) in [
        (format!("{head}\n{compact}\n"), compact, &page),
        (
            format!("Request URL: https://x/w\nRequest method: PUT\n{head}\n{pretty}"),
            compact,
            &indented,
        ),
        (
            format!(
                "Headers\n\nRequest URL: https://x/w\nRequest method: PUT\n{head}\nPayload\n\n{pretty}\n"
            ),
            compact,
            &indented,
        ),
        (
            format!("## Request headers\n{head}**Body**\n{pretty}\n\n## Response\nHTTP 200\n"),
            compact,
            &indented,
        ),
        (
            "X-A\t1\nUser-Agent\tme\n\na=1&b=2\n".into(),
            "a=1&b=2",
            &page,
        ),
        (
            format!("{head}Content-Length: {}\n\n{pretty}\n", pretty.len()),
            pretty,
            &page,
        ),
    ] {
        let found = read_any(text.as_bytes(), None).unwrap().readings.remove(0);
        let request = &found.capture.request;
        assert_eq!(String::from_utf8_lossy(&request.body), body, "{text}");
        assert_eq!(&found.notes, notes, "{text}");
        assert!(request.body_complete, "{text}");
        assert_eq!(request.headers.text("x-a"), Some("1"), "{text}");
        let put = text.contains("PUT");
        assert_eq!(
            (request.method.as_str(), request.target.as_str()),
            if put { ("PUT", "/w") } else { ("POST", "/") }
        );
    }
    let found = read_any(format!("{head}\nPayload\n").as_bytes(), None)
        .unwrap()
        .readings
        .remove(0);
    assert_eq!(found.notes, [ReadNote::Page, ReadNote::NoBody]);
    for text in [
        "X-Ray: yes, it said",
        "note: a\nhint: b\n\nc",
        "my-app: a\nx: b\n",
    ] {
        let read = read_any(text.as_bytes(), None);
        assert!(
            matches!(read, Err(FormatError::Unrecognised)) || text.starts_with("X-Ray"),
            "{text}"
        );
    }
}
