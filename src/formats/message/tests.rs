use std::fmt::Write as _;

use proptest::prelude::*;

use super::super::ReadNote;
use super::*;
use crate::delivery::Headers;

fn one(text: impl AsRef<[u8]>) -> FoundCapture {
    let mut readings = all(text.as_ref(), 1);
    assert_eq!(readings.len(), 1);
    readings.remove(0)
}

fn all(text: &[u8], line: u64) -> Vec<FoundCapture> {
    let readings = read_all(text, line, false).unwrap();
    readings.into_iter().collect::<Result<_, _>>().unwrap()
}

fn error(text: &str) -> String {
    let readings = read_all(text.as_bytes(), 1, false);
    let readings =
        readings.and_then(|readings| readings.into_iter().collect::<Result<Vec<_>, _>>());
    readings.unwrap_err().to_string()
}

fn fields(reading: &FoundCapture) -> Vec<(&str, &[u8])> {
    let headers = reading.capture.request.headers.iter();
    headers
        .map(|(name, value)| (name, value.as_ref()))
        .collect()
}

/// The body and whether it is complete.
fn body(reading: &FoundCapture) -> (&[u8], bool) {
    let request = &reading.capture.request;
    (&request.body, request.body_complete)
}

#[test]
fn crlf_and_lf_are_line_ends_and_the_body_is_the_rest() {
    for end in ["\r\n", "\n"] {
        let text = [
            "POST /a?b HTTP/1.1",
            "Host: x",
            "X-A:  1 ",
            "x-a:2",
            "X-E:",
            "",
            "{\n\r\n}\n",
        ]
        .join(end);
        let reading = one(text);
        let request = &reading.capture.request;
        assert_eq!(
            (request.method.as_str(), request.target.as_str()),
            ("POST", "/a?b")
        );
        let expected: [(&str, &[u8]); 4] =
            [("Host", b"x"), ("X-A", b"1"), ("x-a", b"2"), ("X-E", b"")];
        assert_eq!(fields(&reading), expected);
        assert_eq!(body(&reading), (b"{\n\r\n}\n".as_slice(), true));
        assert_eq!(
            (reading.place, reading.notes),
            (FilePosition::Line(1), vec![])
        );
    }
}

#[test]
fn line_ends_after_the_declared_length_are_an_editor_s() {
    let reading = one("POST / HTTP/1.1\nContent-Length: 2\n\n{}\r\n\n");
    assert_eq!(body(&reading), (b"{}".as_slice(), true));
    assert_eq!(reading.notes, [ReadNote::TrailingNewline(3)]);
}

#[test]
fn a_body_of_another_length_is_kept_whole_and_said_to_be_incomplete() {
    for (text, found) in [("{", 1), ("{}x\n", 4), ("", 0)] {
        let reading = one(format!("POST / HTTP/1.1\nContent-Length: 2\n\n{text}"));
        assert_eq!(body(&reading), (text.as_bytes(), false));
        assert_eq!(reading.notes, [ReadNote::Length { declared: 2, found }]);
    }
}

#[test]
fn a_file_may_end_with_its_headers() {
    let reading = one("GET /x HTTP/1.1\nHost: a");
    assert_eq!(body(&reading), (b"".as_slice(), true));
    assert_eq!(reading.capture.request.headers.text("host"), Some("a"));
}

#[test]
fn chunks_are_put_together() {
    let head = "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n";
    for (chunks, expected, complete) in [
        (
            "4\r\nWiki\r\n6;x=1\r\npe\r\ndi\r\n0\r\nTrailer: 1\r\n\r\n",
            "Wikipe\r\ndi",
            true,
        ),
        ("4\nWiki\n0\n\n", "Wiki", true),
        ("0\r\n\r\n", "", true),
        ("4\r\nWiki\r\n6\r\npe", "Wikipe", false),
        ("4\r\nWiki", "Wiki", false),
        ("ffffffffffffffff\r\nWiki", "Wiki", false),
        ("", "", false),
    ] {
        let reading = one(format!("{head}{chunks}"));
        assert_eq!(
            body(&reading),
            (expected.as_bytes(), complete),
            "{chunks:?}"
        );
        assert_eq!(reading.notes, [], "{chunks:?}");
    }
    let decoded = one(format!("{head}{{\"a\":1}}\n"));
    assert_eq!(body(&decoded), (b"{\"a\":1}\n".as_slice(), true));
    assert_eq!(decoded.notes, [ReadNote::NotChunked]);
}

#[test]
fn a_folded_field_is_one() {
    let reading = one("GET / HTTP/1.1\nX-A: 1\n\t 2\n  3\nX-B: 4\n\n");
    assert_eq!(
        fields(&reading),
        [("X-A", b"1 2 3".as_slice()), ("X-B", b"4")]
    );
    assert_eq!(
        reading.notes,
        [ReadNote::Unfolded(3), ReadNote::Unfolded(4)]
    );
}

#[test]
fn all_messages_of_a_connection_are_read() {
    let text = "POST /1 HTTP/1.1\nContent-Length: 1\n\na\n\nPUT /2 HTTP/1.1\nTransfer-Encoding: chunked\n\n1\nb\n0\n\nGET /3 HTTP/1.1\n\n";
    let readings = all(text.as_bytes(), 10);
    let targets: Vec<_> = readings
        .iter()
        .map(|r| r.capture.request.target.as_str())
        .collect();
    assert_eq!(targets, ["/1", "/2", "/3"]);
    let places: Vec<_> = readings.iter().map(|r| r.place).collect();
    assert_eq!(
        places,
        [
            FilePosition::Line(10),
            FilePosition::Line(15),
            FilePosition::Line(22)
        ]
    );
    assert_eq!(body(&readings[1]), (b"b".as_slice(), true));
}

#[test]
fn a_proxy_s_absolute_target_is_path_and_query() {
    assert_eq!(
        one("POST http://a.b/c?d HTTP/1.1\n\n")
            .capture
            .request
            .target,
        "/c?d"
    );
    assert_eq!(one("OPTIONS * HTTP/1.1\n\n").capture.request.target, "*");
}

#[test]
fn errors_name_the_line() {
    assert_eq!(
        error("\n\nPOST /\n"),
        "line 3: no request line such as `POST /path HTTP/1.1`"
    );
    assert_eq!(
        error("POST / HTTP/1.1\nA: 1\nno colon\n"),
        "line 3: `no colon` is no header"
    );
    assert_eq!(
        error("POST / HTTP/1.1\n folded\n"),
        "line 2: ` folded` is no header"
    );
    assert_eq!(
        error("POST / HTTP/1.1\nA : 1\n"),
        "line 2: `A : 1` is no header"
    );
    let long = format!("POST / HTTP/1.1\n\u{1b}{}\n", "x".repeat(90));
    assert_eq!(
        error(&long),
        format!("line 2: `\\u{{1b}}{}` is no header", "x".repeat(39))
    );
    for length in [
        "-1",
        "+1",
        "x",
        "",
        "1\nContent-Length: 2",
        "99999999999999999999",
    ] {
        let text = format!("POST / HTTP/1.1\nContent-Length: {length}\n\n");
        assert!(
            error(&text).ends_with("`Content-Length` is not one number"),
            "{length}"
        );
    }
}

const CURL: &str = "* Connected to localhost (127.0.0.1) port 4400\n> POST /hook HTTP/1.1\r\n> Host: localhost:4400\r\n> Content-Length: 2\r\n> \r\n";

#[test]
fn what_curl_shows_is_undressed() {
    let answer =
        "* upload completely sent off: 2 bytes\n< HTTP/1.1 200 OK\n< \n{\"received\":true}";
    let reading = one(format!("{CURL}{answer}"));
    assert_eq!(
        fields(&reading),
        [
            ("Host", b"localhost:4400".as_slice()),
            ("Content-Length", b"2")
        ]
    );
    assert_eq!(body(&reading), (b"".as_slice(), false));
    assert_eq!(reading.place, FilePosition::Line(2));
    let below = one(format!("{CURL}{{}}\n"));
    assert_eq!(body(&below), (b"{}".as_slice(), true));
}

#[test]
fn what_may_be_curl_s_or_the_body_s_is_not_guessed() {
    let expected = "cannot tell the body from what `curl -v` wrote";
    assert_eq!(
        error(&format!("{CURL}{{}}\n< HTTP/1.1 200 OK\n")),
        format!("line 7: {expected}")
    );
    assert_eq!(
        error("> POST / HTTP/1.1\nHost: x\n\n"),
        format!("line 2: {expected}")
    );
    assert!(looks_like_one(b"> POST / HTTP/1.1\nHost: x\n\n"));
    assert!(!looks_like_one(b"> a quotation\n"));
}

#[test]
fn what_tcpdump_shows_is_undressed() {
    let about = "10:30:01.123456 IP 127.0.0.1.50812 > 127.0.0.1.4400: Flags [P.], seq 1:99, ack 1, win 512, length 98";
    let packet = "E...s.@.@............0.......P.......POST /hook HTTP/1.1\nContent-Length: 8\n\n{\"n\":..}\n\n";
    let reading = one(format!("{about}\n{packet}{about}\nE...HTTP/1.1 200 OK\n"));
    assert_eq!(body(&reading), (b"{\"n\":..}".as_slice(), true));
    assert_eq!(
        reading.notes,
        [ReadNote::TrailingNewline(1), ReadNote::Dots]
    );
    assert_eq!(reading.place, FilePosition::Line(2));
}

#[test]
fn no_request_is_looked_for_past_the_headers_of_a_packet() {
    let about = "10:30:01.123456 IP 127.0.0.1.50812 > 127.0.0.1.4400: Flags [P.], length 98";
    let dump = |before: usize| {
        let headers = "GET ".repeat(before / 4);
        format!("{about}\n{headers}POST /hook HTTP/1.1\n\n")
    };
    assert!(looks_like_one(dump(120).as_bytes()));
    assert!(!looks_like_one(dump(400).as_bytes()));
    // Were each `GET ` tried against the rest of its line, this would not end.
    assert!(!looks_like_one(dump(4_000_000).as_bytes()));
}

fn request(headers: Headers, body: &[u8]) -> Request {
    Request::post("/a?b=c", headers, body.to_vec())
}

#[test]
fn host_stands_first_and_the_length_last() {
    let headers = [
        ("A", "1"),
        ("content-length", "9"),
        ("host", "x"),
        ("Transfer-Encoding", "chunked"),
        ("a", "2"),
    ];
    let request = request(headers.into_iter().collect(), b"{}");
    let written = String::from_utf8(write(&request, None).unwrap()).unwrap();
    assert_eq!(
        written,
        "POST /a?b=c HTTP/1.1\r\nHost: x\r\nA: 1\r\na: 2\r\nContent-Length: 2\r\n\r\n{}"
    );
    let sent = String::from_utf8(write(&request, Some("http://u@y:1/z")).unwrap()).unwrap();
    assert!(sent.contains("\r\nHost: x\r\n") && !sent.contains("y:1"));
    let request = self::request(Headers::new(), b"{}");
    let sent = String::from_utf8(write(&request, Some("http://u@y:1/z")).unwrap()).unwrap();
    assert!(sent.contains("\r\nHost: y:1\r\n"));
}

#[test]
fn no_header_can_make_another_one() {
    let smuggled: Headers = [("A", "1\r\nB: 2")].into_iter().collect();
    let error = write(&request(smuggled, b""), None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "header cannot be written in an HTTP message: `A`"
    );
    let mut request = request(Headers::new(), b"");
    request.target = "/ HTTP/1.1\r\nB:".into();
    assert_eq!(write(&request, None).unwrap_err().part, "target");
}

proptest! {
    #[test]
    fn what_is_written_reads_back_byte_for_byte(
        headers in prop::collection::vec(("X-[A-Za-z-]{1,12}", "[!-~\u{80}-\u{ff}]{0,20}"), 0..6),
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let request = request(headers.into_iter().collect(), &body);
        let mut reading = one(write(&request, None).unwrap());
        reading.capture.request.headers.remove("Content-Length");
        prop_assert_eq!(reading.capture.request, request);
        prop_assert_eq!(reading.notes, []);
    }

    #[test]
    fn any_chunks_are_put_together(
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..6),
    ) {
        let mut text = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for part in &parts {
            text.extend(format!("{:x}\r\n", part.len()).bytes().chain(part.iter().copied()).chain(*b"\r\n"));
        }
        text.extend(b"0\r\n\r\n");
        let reading = one(text);
        let expected = parts.concat();
        prop_assert_eq!(body(&reading), (expected.as_slice(), true));
    }

    #[test]
    fn nothing_panics(
        start in prop::sample::select(vec!["", "> ", "POST / HTTP/1.1\n", CURL, "1 IP a > b: length 3\n", "=> Send header, 9\n0000: "]),
        bytes in prop::collection::vec(any::<u8>(), 0..120),
        text in "(Content-Length: [0-9]{1,3}\n|Transfer-Encoding: chunked\n|\n|> |[0-9a-f]\r\n){0,8}",
    ) {
        let all = [start.as_bytes(), text.as_bytes(), &bytes].concat();
        let _ = looks_like_one(&all);
        let _ = read_all(&all, 1, false);
        let _ = read_all(&all, 1, true);
    }
}

#[test]
fn a_message_ends_where_an_answer_or_a_mark_begins() {
    let one = "POST /a HTTP/1.1\nX-A: 1\n";
    let answer = "HTTP/1.1 200 OK\nContent-Length: 4\n\nPOST";
    let next = "PUT /b HTTP/1.1\n\nsecond";
    for (text, bodies) in [
        (format!("{one}\n{{}}\n\n{answer}"), vec!["{}"]),
        (
            format!("{one}Content-Length: 2\n\n{{}}{answer}"),
            vec!["{}"],
        ),
        (
            format!("{one}Content-Length: 2\n\n{{}}\n\n\n{answer}\n\n"),
            vec!["{}"],
        ),
        (
            format!("{one}\n{{}}\n{answer}\n\n{next}"),
            vec!["{}", "second"],
        ),
        (
            format!("{one}\n{{}}\n\n###\n\n{next}"),
            vec!["{}", "second"],
        ),
        (
            format!("### first\n{one}\n{{}}\n### second\n# @name b\n{next}"),
            vec!["{}", "second"],
        ),
        (format!("# a\n// b\n{one}\n{{}}"), vec!["{}"]),
        (
            format!("{one}\nHTTP/1.1 is fine\n## so is this"),
            vec!["HTTP/1.1 is fine\n## so is this"],
        ),
        ("POST http://x:1/a\nX-A: 1\n\n{}".to_owned(), vec!["{}"]),
    ] {
        assert!(looks_like_one(text.as_bytes()), "{text}");
        let found = all(text.as_bytes(), 1);
        let read: Vec<_> = found
            .iter()
            .map(|found| String::from_utf8_lossy(&found.capture.request.body))
            .collect();
        assert_eq!(read, bodies, "{text}");
        assert!(
            found
                .iter()
                .all(|found| found.capture.request.body_complete),
            "{text}"
        );
    }
}

#[test]
fn a_later_request_stands_on_its_own_line() {
    let found = all(
        b"POST /a HTTP/1.1\n\n{}\n###\n# b\n\nPUT /b HTTP/1.1\n\n",
        1,
    );
    assert_eq!(found[1].place, FilePosition::Line(7));
}

/// The bodies of an `.http` file.
fn of_http_file(text: &str) -> Vec<FoundCapture> {
    let readings = read_all(text.as_bytes(), 1, true).unwrap();
    readings.into_iter().flatten().collect()
}

#[test]
fn what_an_http_file_has_around_a_body_is_no_part_of_it() {
    let one = "POST http://x/a\nX-A: 1\n";
    let next = "###\nPUT http://x/b HTTP/1.1\n\nsecond\n";
    for (text, bodies) in [
        (format!("{one}\n{{}}\n"), vec!["{}"]),
        (format!("{one}\n{{}}\r\n\r\n"), vec!["{}"]),
        (format!("{one}\n{{}}\n\n{next}"), vec!["{}", "second"]),
        (
            format!("{one}\n{{}}\n> {{% client.log(1) %}}\n{next}"),
            vec!["{}", "second"],
        ),
        (
            format!("{one}\n{{}}\n\n> {{%\n  POST x HTTP/1.1\n\n%}}\n\n{next}"),
            vec!["{}", "second"],
        ),
        (
            format!("{one}\n{{}}\n\n> ./after.js\n<> 2026-01-18.200.json\n"),
            vec!["{}"],
        ),
        (
            format!("{one}\n{{}}\n>>! out.json\n{next}"),
            vec!["{}", "second"],
        ),
        (
            format!("< {{%\n request.x = 1\n%}}\n{one}\n{{}}"),
            vec!["{}"],
        ),
        (
            format!("@a = 1\n@b=2\n\n# @no-log\n{one}// a note\n# and: one\n\n{{}}"),
            vec!["{}"],
        ),
        (format!("{one}\n<a>1</a>\n"), vec!["<a>1</a>"]),
        (
            format!("{one}\n{{\"a\":{{{{\"b\"}}}}}}\n"),
            vec!["{\"a\":{{\"b\"}}}"],
        ),
        ("POST /a\nHost: x\n\n{}\n".into(), vec!["{}"]),
        (
            format!("{one}\na\n# b\n\n# c\nd\n\n# e\n\n// f\n{next}"),
            vec!["a\n# b\n\n# c\nd", "second"],
        ),
        (format!("GET http://x/c\n\n{next}"), vec!["", "second"]),
        ("http://x/c\n".into(), vec![""]),
    ] {
        let found = of_http_file(&text);
        let read: Vec<_> = found.iter().map(body).collect();
        let expected: Vec<_> = bodies.iter().map(|body| (body.as_bytes(), true)).collect();
        assert_eq!(read, expected, "{text}");
        assert!(found.iter().all(|found| found.notes.is_empty()), "{text}");
    }
}

#[test]
fn variables_are_put_in_where_the_file_tells_them() {
    let found = of_http_file(
        "@host = localhost:3000\n@url=http://{{host}}/hooks\n\nPOST {{url}}\n  ?a={{ host }}\n  &b=2\nX-A: {{host}}\n\n{\"h\":\"{{host}}\"}\n",
    );
    let request = &found[0].capture.request;
    assert_eq!(request.target, "/hooks?a=localhost:3000&b=2");
    assert_eq!(request.headers.text("X-A"), Some("localhost:3000"));
    assert_eq!(
        body(&found[0]),
        (b"{\"h\":\"localhost:3000\"}".as_slice(), true)
    );
    assert_eq!(found[0].place, FilePosition::Line(4));
}

#[test]
fn what_stands_outside_of_an_http_file_is_told() {
    for (text, note) in [
        ("{\"id\":\"{{$guid}}\"}", ReadNote::Unset("$guid".into())),
        (
            "< ./body.json",
            ReadNote::LeftOut("it stands in `./body.json`".into()),
        ),
        (
            "<@latin1 body.json\n",
            ReadNote::LeftOut("it stands in `body.json`".into()),
        ),
        ("", ReadNote::NoBody),
    ] {
        let found = of_http_file(&format!("POST {{{{host}}}}/a\nX-A: 1\n\n{text}"));
        assert_eq!(found[0].notes, [note]);
        assert_eq!(found[0].capture.request.target, "/a");
        assert!(!found[0].capture.request.body_complete, "{text}");
    }
}

#[test]
fn an_odd_request_of_an_http_file_spoils_itself_alone() {
    let one = "POST http://x/a\nX-A: 1\n\n{}\n";
    let text = format!("{one}\n###\nPOST http://x/b\nno colon\n\n{{}}\n\n### c\n{one}");
    let found = read_all(text.as_bytes(), 1, false).unwrap();
    assert_eq!(found.len(), 3);
    assert_eq!(
        found[1].as_ref().unwrap_err().to_string(),
        "line 8: `no colon` is no header"
    );
    assert_eq!(body(found[2].as_ref().unwrap()), (b"{}".as_slice(), true));
}

/// What curl writes of these pieces, by `--trace-ascii` or `--trace`; see `dump` in its `tool_cb_dbg.c`.
fn trace(pieces: &[(&str, &[u8])], is_hex: bool) -> String {
    let mut text = String::from("== Info: Connected to localhost\n");
    for (name, bytes) in pieces {
        let length = bytes.len();
        let _ = writeln!(text, "=> Send {name}, {length} bytes (0x{length:x})");
        let mut at = 0;
        while at < length {
            let rest = &bytes[at..];
            if is_hex {
                let row = &rest[..rest.len().min(16)];
                let hex: Vec<_> = row.iter().map(|byte| hex::encode([*byte])).collect();
                let hex = hex.join(" ");
                let _ = writeln!(text, "{at:04x}: {hex:48}{}", "x".repeat(row.len()));
                at += row.len();
                continue;
            }
            let row = &rest[..rest.len().min(64)];
            let end = rest
                .windows(2)
                .position(|two| two == b"\r\n")
                .filter(|end| *end <= 64);
            let row = &row[..end.unwrap_or(row.len())];
            let shown: String = row
                .iter()
                .map(|byte| {
                    if (32..127).contains(byte) {
                        char::from(*byte)
                    } else {
                        '.'
                    }
                })
                .collect();
            let _ = writeln!(text, "{at:04x}: {shown}");
            at += row.len() + if end.is_some() { 2 } else { 0 };
        }
    }
    text + "<= Recv header, 17 bytes (0x11)\n0000: HTTP/1.1 200 OK\n== Info: Connection left intact\n"
}

#[test]
fn what_curl_traces_is_put_together() {
    let body = format!("{{\"a\":\"{}\"}}", "0123456789 ".repeat(20));
    let head = format!(
        "POST /hook HTTP/1.1\r\nX-A: {}\r\nContent-Length: {}\r\n\r\n",
        "b".repeat(90),
        body.len()
    );
    for is_hex in [false, true] {
        let text = trace(
            &[
                ("header", head.as_bytes()),
                ("data", &body.as_bytes()[..100]),
                ("data", &body.as_bytes()[100..]),
            ],
            is_hex,
        );
        assert!(may_begin(text.lines().next().unwrap().as_bytes()));
        let reading = one(&text);
        assert_eq!(body_of(&reading), (body.as_str(), true), "{text}");
        assert_eq!(
            reading.capture.request.headers.text("X-A"),
            Some("b".repeat(90).as_str())
        );
        assert_eq!(reading.place, FilePosition::Line(3));
        let dots = (!is_hex).then_some(ReadNote::Dots);
        assert_eq!(reading.notes, Vec::from_iter(dots));
        // A time before each line, as `--trace-time` has it, and spaces that an editor took off.
        let timed: Vec<_> = text
            .lines()
            .map(|line| {
                let time = if line.starts_with('0') {
                    ""
                } else {
                    "09:15:02.123456 "
                };
                format!("{time}{}", line.trim_end())
            })
            .collect();
        assert_eq!(body_of(&one(timed.join("\n"))), (body.as_str(), true));
    }
    let cut = trace(
        &[
            ("header", head.as_bytes()),
            ("data", &body.as_bytes()[..100]),
        ],
        false,
    );
    assert!(!one(cut).capture.request.body_complete);
}

fn body_of(reading: &FoundCapture) -> (&str, bool) {
    let (bytes, complete) = body(reading);
    (std::str::from_utf8(bytes).unwrap(), complete)
}

proptest! {
    #[test]
    fn any_trace_gives_its_bytes_back(body in prop::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), any::<u8>()], 0..300)) {
        let head = format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", body.len());
        let reading = one(trace(&[("header", head.as_bytes()), ("data", &body)], true));
        prop_assert_eq!(super::tests::body(&reading), (body.as_slice(), true));
    }
}
