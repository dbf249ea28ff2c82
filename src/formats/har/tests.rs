use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;

use super::super::{FormatError, FoundCapture, ReadNote, captures};
use super::*;
use crate::delivery::capture::Capture;
use crate::delivery::text::BOM;
use crate::delivery::{Delivery, DeliverySource, Headers, Request, Status, Timestamp, Verdict};

/// All captures of a file; its first error, where there is one.
fn read(bytes: &[u8]) -> Result<(Vec<FoundCapture>, u64), FormatError> {
    let mut reader = captures(bytes, None)?;
    let found = reader.by_ref().collect::<Result<_, _>>()?;
    Ok((found, reader.skipped()))
}

const BODY: &str = r#"{"id":"evt_1","type":"order.created","data":{"name":"Café Ñandú"}}"#;

fn fixture(name: &str) -> Vec<FoundCapture> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/har");
    let bytes = std::fs::read(folder.join(name)).unwrap();
    read(&bytes).unwrap().0
}

/// The body, whether it is complete, and what was noted.
fn bodies(readings: &[FoundCapture]) -> Vec<(&[u8], bool, &[ReadNote])> {
    let mut bodies = Vec::new();
    for FoundCapture { capture, notes, .. } in readings {
        let request = &capture.request;
        bodies.push((
            request.body.as_ref(),
            request.body_complete,
            notes.as_slice(),
        ));
    }
    bodies
}

fn length(declared: u64, found: u64) -> ReadNote {
    ReadNote::Length { declared, found }
}

#[test]
fn chrome_writes_pseudo_headers_and_leaves_bodies_out() {
    let readings = fixture("chrome.har");
    let first = &readings[0].capture;
    let names: Vec<_> = first.request.headers.iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        ["content-length", "content-type", "x-olympus-signature"]
    );
    assert_eq!(first.request.target, "/webhooks/olympus?shop=1&x=%7e");
    assert_eq!(first.request.version, "HTTP/2.0");
    assert_eq!(
        first.received_at(),
        Timestamp::parse("2026-01-18T10:30:01.123Z")
    );
    assert_eq!(first.response_status, Some(204));
    assert_eq!(readings[2].capture.response_status, None);
    let expected: [(&[u8], bool, &[ReadNote]); 3] = [
        (BODY.as_bytes(), true, &[]),
        (b"a=1%202&b=%C3%A", true, &[]),
        (b"", false, &[length(412, 0)]),
    ];
    assert_eq!(bodies(&readings), expected);
}

#[test]
fn entries_that_are_no_http_are_counted() {
    let bytes =
        br#"{"log":{"entries":[{"request":{"url":"wss://x/"}},{"request":{"url":"data:,x"}}]}}"#;
    assert_eq!(read(bytes).unwrap(), (vec![], 2));
}

#[test]
fn firefox_counts_characters() {
    let readings = fixture("firefox.har");
    let expected: [(&[u8], bool, &[ReadNote]); 3] = [
        (BODY.as_bytes(), true, &[]),
        (BODY.as_bytes(), true, &[]),
        (
            b"",
            false,
            &[
                ReadNote::LeftOut("Request bodies are not included.".into()),
                length(2_097_152, 0),
            ],
        ),
    ];
    assert_eq!(bodies(&readings), expected);
    assert_eq!(
        readings[0].capture.received_at(),
        Timestamp::parse("2026-01-18T10:30:01.123Z")
    );
    assert_eq!(readings[1].capture.request.version, "HTTP/1.1");
}

#[test]
fn charles_keeps_forms_as_fields_only() {
    let readings = fixture("charles.har");
    let expected: [(&[u8], bool, &[ReadNote]); 3] = [
        (
            br#"{"className":"Order","opType":1}"#,
            true,
            &[ReadNote::Rebuilt],
        ),
        (
            b"payload=%7B%22a%22%3A+1%7D&name=%C3%A9",
            true,
            &[ReadNote::Rebuilt],
        ),
        (BODY.as_bytes(), true, &[]),
    ];
    assert_eq!(bodies(&readings), expected);
}

#[test]
fn mitmproxy_escapes_bytes_and_decodes_bodies() {
    let readings = fixture("mitmproxy.har");
    let expected: [(&[u8], bool, &[ReadNote]); 3] = [
        (b"{\"a\":\"\xff\x80\"}", true, &[]),
        ("Café\n".as_bytes(), true, &[ReadNote::Latin1]),
        (BODY.as_bytes(), false, &[length(45, BODY.len() as u64)]),
    ];
    assert_eq!(bodies(&readings), expected);
}

#[test]
fn proxyman_may_not_write_what_it_showed() {
    let readings = fixture("proxyman.har");
    let expected: [(&[u8], bool, &[ReadNote]); 2] = [
        (b"", false, &[length(1342, 0)]),
        (BODY.as_bytes(), true, &[]),
    ];
    assert_eq!(bodies(&readings), expected);
    let headers = &readings[1].capture.request.headers;
    assert_eq!(headers.get_all("X-Twice").collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn insomnia_knows_no_sizes() {
    let readings = fixture("insomnia.har");
    let expected: [(&[u8], bool, &[ReadNote]); 3] = [
        (BODY.as_bytes(), true, &[]),
        (b"a+b=1%262&%C3%A9=", true, &[ReadNote::Rebuilt]),
        (b"", false, &[ReadNote::Multipart]),
    ];
    assert_eq!(bodies(&readings), expected);
    assert_eq!(readings[0].capture.response_status, None);
}

#[test]
fn fiddler_writes_a_byte_order_mark() {
    let readings = fixture("fiddler.har");
    assert_eq!(bodies(&readings), [(BODY.as_bytes(), true, [].as_slice())]);
}

#[test]
fn http_toolkit_has_a_field_for_what_is_no_text() {
    let readings = fixture("httptoolkit.har");
    let expected: [(&[u8], bool, &[ReadNote]); 2] = [
        (b"\xff\xfe\0\x01", true, &[]),
        (
            b"",
            false,
            &[
                ReadNote::LeftOut("discarded:too-large".into()),
                length(5_000_000, 0),
            ],
        ),
    ];
    assert_eq!(bodies(&readings), expected);
}

#[test]
fn reqable_puts_encoding_on_post_data() {
    let readings = fixture("reqable.har");
    assert_eq!(
        bodies(&readings),
        [(
            b"param1=value1&param2=value2".as_slice(),
            true,
            [].as_slice()
        )]
    );
    assert_eq!(readings[0].capture.request.target, "/");
}

#[test]
fn an_odd_entry_spoils_itself_alone_and_its_content_is_not_told() {
    let good = r#"{"request":{"url":"http://x/a","headers":[]}}"#;
    for (odd, problem) in [
        ("null", "it is no entry of HAR"),
        ("7", "it is no entry of HAR"),
        ("[]", "it is no entry of HAR"),
        ("{}", "no `request`"),
        (
            r#"{"request":{"url":"http://x/","headers":{"secret":1}}}"#,
            "`request.headers` is not as HAR has it",
        ),
        (
            r#"{"request":{"url":"http://x/","headers":[],"postData":"secret"}}"#,
            "`request.postData` is not as HAR has it",
        ),
        (
            r#"{"request":{"url":"http://x/","headers":null}}"#,
            "no `request.headers`",
        ),
    ] {
        let file = format!(r#"{{"log":{{"entries":[{good},{odd},{good}]}}}}"#);
        let found: Vec<_> = captures(file.as_bytes(), None).unwrap().collect();
        assert_eq!(found.len(), 3, "{odd}");
        assert!(found[0].is_ok() && found[2].is_ok(), "{odd}");
        let error = found[1].as_ref().unwrap_err().to_string();
        assert_eq!(error, format!("entry 2: {problem}"), "{odd}");
    }
}

#[test]
fn numbers_are_read_as_text_too_and_what_is_no_status_is_none() {
    for (status, size, expected) in [
        ("200", "2", Some(200)),
        ("\"404\"", "\"2\"", Some(404)),
        ("\"Error\"", "-1", None),
    ] {
        let file = format!(
            r#"{{"log":{{"entries":[{{"response":{{"status":{status}}},"request":{{"url":"http://x/",
            "headers":[],"bodySize":{size},"postData":{{"text":"{{}}"}}}}}}]}}}}"#
        );
        let found = read(file.as_bytes()).unwrap().0;
        assert_eq!(found[0].capture.response_status, expected, "{status}");
        assert!(found[0].capture.request.body_complete, "{size}");
    }
}

#[test]
fn what_cannot_be_read_is_told() {
    let entry = r#"{"startedDateTime":"2026-03-02T09:15:02","request":{"url":"http://x/","headers":[],
        "postData":{"text":"","_file":"a.json"}}}"#;
    let found = read(format!(r#"{{"log":{{"entries":[{entry}]}}}}"#).as_bytes())
        .unwrap()
        .0;
    let expected = [
        ReadNote::LeftOut("it stands in `a.json`".into()),
        ReadNote::Time("2026-03-02T09:15:02".into()),
    ];
    assert_eq!(found[0].notes, expected);
    assert!(!found[0].capture.request.body_complete);
}

/// The bodies of entries of which this is `request`, beside a URL and headers.
fn of_requests(requests: &[&str]) -> Vec<FoundCapture> {
    let entry = |more: &&str| {
        format!(r#"{{"startedDateTime":7,"response":"x","request":{{"url":"http://x/",{more}}}}}"#)
    };
    let entries: Vec<_> = requests.iter().map(entry).collect();
    read(format!(r#"{{"log":{{"entries":[{}]}}}}"#, entries.join(",")).as_bytes())
        .unwrap()
        .0
}

#[test]
fn a_body_that_is_not_here_is_told_unless_none_was_sent() {
    let none = ReadNote::NoBody;
    let elsewhere = |key: &str| ReadNote::LeftOut(format!("only `{key}` stands for it"));
    for (request, note) in [
        (r#""headers":[]"#, Some(none.clone())),
        (r#""headers":[],"postData":null"#, Some(none.clone())),
        (
            r#""headers":[],"postData":{},"bodySize":0"#,
            Some(none.clone()),
        ),
        (
            r#""headers":[],"postData":{"text":""},"bodySize":-1,"method":"put""#,
            Some(none),
        ),
        (
            r#""headers":[],"postData":{"text":"","_sha1":"ab.json"},"bodySize":0"#,
            Some(elsewhere("_sha1")),
        ),
        (
            r#""headers":[],"postData":{"mimeType":"a/b","body":"{}"}"#,
            Some(elsewhere("body")),
        ),
        (r#""headers":[],"postData":{"text":""},"bodySize":0"#, None),
        (
            r#""headers":[{"name":"content-length","value":"0"}],"postData":null"#,
            None,
        ),
        (r#""headers":[],"method":"GET","postData":null"#, None),
    ] {
        let found = &of_requests(&[request])[0];
        let expected: Vec<_> = note
            .into_iter()
            .chain([ReadNote::Time("7".into())])
            .collect();
        assert_eq!(found.notes, expected, "{request}");
        assert_eq!(
            found.capture.request.body_complete,
            expected.len() == 1,
            "{request}"
        );
    }
}

#[test]
fn errors_name_the_entry() {
    for (entry, message) in [
        (r"{}", "entry 1: no `request`"),
        (r#"{"request":{"headers":[]}}"#, "entry 1: no `request.url`"),
        (
            r#"{"request":{"url":"http://x/"}}"#,
            "entry 1: no `request.headers`",
        ),
        (
            r#"{"request":{"url":"/","headers":[],"postData":{"text":"*","encoding":"base64"}}}"#,
            "entry 1: what is said to be base64 is not",
        ),
    ] {
        let file = format!(r#"{{"log":{{"entries":[{entry}]}}}}"#);
        assert_eq!(read(file.as_bytes()).unwrap_err().to_string(), message);
    }
}

#[test]
fn custom_fields_of_others_are_not_ours() {
    let own = r#"{"id":"dlv_1","verdict":{"status":"valid"},"body_complete":true}"#;
    for (creator, expected) in [("webhook", Some("dlv_1")), ("Other", None)] {
        let entry = format!(r#"{{"request":{{"url":"/","headers":[]}},"_delivery":{own}}}"#);
        let file = format!(r#"{{"log":{{"creator":{{"name":"{creator}"}},"entries":[{entry}]}}}}"#);
        let readings = read(file.as_bytes()).unwrap().0;
        assert_eq!(readings[0].capture.facts.id.as_deref(), expected);
    }
}

fn written(deliveries: &[Delivery]) -> Vec<u8> {
    let mut writer = HarWriter::new(Vec::new(), "0.1.0").unwrap();
    for delivery in deliveries {
        writer.entry(delivery).unwrap();
    }
    writer.finish().unwrap()
}

fn delivery(request: Request) -> Delivery {
    Delivery {
        id: "dlv_1".into(),
        received_at: Timestamp::from_micros(1_768_732_201_123_456),
        source: DeliverySource::Listen,
        remote: Some("127.0.0.1:50812".into()),
        provider: Some("olympus".into()),
        event: Some("order.created".into()),
        event_id: None,
        duplicate_of: None,
        verdict: Verdict::new(Status::Mismatch).because("another secret"),
        request,
        response_status: Some(401),
    }
}

/// The fields that HAR 1.2 requires, under the object that each belongs to.
const REQUIRED: [(&str, &[&str]); 9] = [
    ("/log", &["version", "creator", "entries"]),
    ("/log/creator", &["name", "version"]),
    (
        "/log/entries/0",
        &[
            "startedDateTime",
            "time",
            "request",
            "response",
            "cache",
            "timings",
        ],
    ),
    (
        "/log/entries/0/request",
        &[
            "method",
            "url",
            "httpVersion",
            "cookies",
            "headers",
            "queryString",
            "headersSize",
            "bodySize",
        ],
    ),
    (
        "/log/entries/0/request/postData",
        &["mimeType", "params", "text"],
    ),
    (
        "/log/entries/0/response",
        &[
            "status",
            "statusText",
            "httpVersion",
            "cookies",
            "headers",
            "content",
            "redirectURL",
            "headersSize",
            "bodySize",
        ],
    ),
    ("/log/entries/0/response/content", &["size", "mimeType"]),
    ("/log/entries/0/timings", &["send", "wait", "receive"]),
    ("/log/entries/0/request/cookies/0", &["name", "value"]),
];

#[test]
fn every_required_field_is_written() {
    let headers = [
        ("Host", "a.b:1"),
        ("Cookie", "s=1; t=2"),
        ("Content-Type", "text/plain"),
    ];
    let request = Request::post("/x?a=1&b=%20", headers.into_iter().collect(), "{}");
    let file: Value = serde_json::from_slice(&written(&[delivery(request)])).unwrap();
    for (object, fields) in REQUIRED {
        let object = file.pointer(object).unwrap();
        for field in fields {
            assert!(
                object.get(field).is_some_and(|v| !v.is_null()),
                "{field} in {object}"
            );
        }
    }
    let request = file.pointer("/log/entries/0/request").unwrap();
    assert_eq!(request["url"], "http://a.b:1/x?a=1&b=%20");
    assert_eq!(request["queryString"][1]["value"], " ");
    assert_eq!(request["bodySize"], 2);
    assert_eq!(file.pointer("/log/entries/0/response/status").unwrap(), 401);
}

#[test]
fn a_log_without_deliveries_is_a_file_too() {
    assert_eq!(read(&written(&[])).unwrap().0, []);
}

fn any_header() -> impl Strategy<Value = (String, Vec<u8>)> {
    let names = prop_oneof![
        "[A-Za-z-]{1,12}",
        Just("Host".into()),
        Just("Content-Length".into())
    ];
    (names, prop::collection::vec(any::<u8>(), 0..20))
}

fn any_request() -> impl Strategy<Value = Request> {
    let versions = prop::sample::select(vec!["HTTP/1.0", "HTTP/1.1", "HTTP/2.0"]);
    let headers = prop::collection::vec(any_header(), 0..6);
    let bodies = prop::collection::vec(any::<u8>(), 0..200);
    (
        "[A-Z]{1,8}",
        "\\PC{0,20}",
        versions,
        headers,
        bodies,
        any::<bool>(),
    )
        .prop_map(
            |(method, target, version, headers, body, body_complete)| Request {
                method,
                origin: None,
                target,
                version: version.into(),
                headers: headers.into_iter().collect(),
                body: body.into(),
                body_complete,
            },
        )
}

proptest! {
    #[test]
    fn what_is_written_reads_back_byte_for_byte(requests in prop::collection::vec(any_request(), 0..4)) {
        let deliveries: Vec<_> = requests.into_iter().map(delivery).collect();
        let (found, skipped) = read(&written(&deliveries)).unwrap();
        let mut captures: Vec<_> = found.into_iter().map(|r| r.capture).collect();
        for capture in &mut captures {
            // Every URL of a HAR has one.
            prop_assert!(capture.request.origin.take().is_some());
        }
        let capture = |delivery| Capture {
            body_bytes: None,
            ..Capture::from(delivery)
        };
        let expected: Vec<_> = deliveries.into_iter().map(capture).collect();
        prop_assert_eq!(captures, expected);
        prop_assert_eq!(skipped, 0);
    }

    #[test]
    fn a_body_without_our_field_reads_back_too(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let request = Request::post("/", Headers::new(), body.clone());
        let text = String::from_utf8(written(&[delivery(request)])).unwrap();
        let file = text.replace("\"name\":\"webhook\"", "\"name\":\"other\"");
        let readings = read(file.as_bytes()).unwrap().0;
        prop_assert_eq!(bodies(&readings), [(body.as_slice(), true, [].as_slice())]);
    }

    #[test]
    fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,40}") {
        let _ = read(&bytes);
        let form = serde_json::json!({"log": {"entries": [{"request": {
            "url": text, "headers": [{"name": text, "value": text}], "bodySize": bytes.len(),
            "postData": {"text": text, "params": [{"name": text}], "encoding": "base64"}}}]}});
        let _ = read(form.to_string().as_bytes());
    }
}

#[test]
fn the_byte_order_mark_is_optional() {
    let file = [BOM, &written(&[])].concat();
    assert_eq!(read(&file).unwrap().0, []);
}
