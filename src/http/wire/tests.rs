use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use tokio::sync::{oneshot, watch};

use super::*;
use crate::delivery::Headers;
use crate::http::Limits;
use crate::http::seat::Seats;
use crate::http::stage::Stage;

/// A request as it is sent, and what must be read of it.
#[derive(Debug, Clone)]
struct Sent {
    bytes: Vec<u8>,
    method: &'static str,
    target: String,
    fields: Headers,
}

const MAX_HEAD: usize = 64 * 1024;

/// More than a head of the largest size holds of the shortest.
const MANY: usize = 4096;

/// A recorder with room for any head.
fn recorder(max_head: usize) -> HeadRecorder {
    HeadRecorder::new(max_head, ByteBudget::new(1 << 30))
}

fn record(pieces: impl IntoIterator<Item = impl AsRef<[u8]>>) -> HeadRecorder {
    let mut recorder = self::recorder(MAX_HEAD);
    for piece in pieces {
        recorder.feed(piece.as_ref());
    }
    recorder
}

/// Names in odd case, few enough to repeat.
fn name() -> impl Strategy<Value = String> {
    "[xX]-[aA]|[cC]ontent-[tT]ype|X-OLYMPUS-Signature|[A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~-]{0,12}"
        .prop_filter("framing is added apart", |name| {
            !["content-length", "transfer-encoding"]
                .iter()
                .any(|other| name.eq_ignore_ascii_case(other))
        })
}

/// Values as they arrive: any visible byte and above 0x7f, blanks within.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![0x21..=0x7eu8, 0x80..=0xffu8];
    let inner = prop_oneof![Just(b' '), Just(b'\t'), 0x21..=0x7eu8, 0x80..=0xffu8];
    prop_oneof![
        Just(Vec::new()),
        (byte.clone(), prop::collection::vec(inner, 0..20), byte).prop_map(|(a, mut v, z)| {
            v.insert(0, a);
            v.push(z);
            v
        }),
    ]
}

/// A body with the field that frames it.
fn body() -> impl Strategy<Value = (Option<(&'static str, String)>, Vec<u8>)> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..80);
    prop_oneof![
        Just((None, Vec::new())),
        bytes().prop_map(|b| (Some(("Content-LENGTH", b.len().to_string())), b)),
        (
            prop::collection::vec(bytes(), 0..4),
            "(;[a-z]{1,3}(=\"[a-z ]{0,4}\")?)?",
            "(X-[a-z]{1,4}: [a-z]{0,5}\r\n){0,2}"
        )
            .prop_map(|(chunks, extension, trailers)| {
                let coding = Some(("transfer-Encoding", "chunked".to_owned()));
                (coding, chunked(&chunks, &extension, &trailers))
            }),
    ]
}

fn chunked(chunks: &[Vec<u8>], extension: &str, trailers: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for chunk in chunks.iter().filter(|chunk| !chunk.is_empty()) {
        bytes.extend(format!("{:X}{extension}\r\n", chunk.len()).bytes());
        bytes.extend(chunk);
        bytes.extend(b"\r\n");
    }
    bytes.extend(format!("0{extension}\r\n{trailers}\r\n").bytes());
    bytes
}

fn sent() -> impl Strategy<Value = Sent> {
    (
        prop::sample::select(vec!["POST", "GET", "PUT", "PROPFIND"]),
        "/[!-\"$-~]{0,20}",
        prop::collection::vec((name(), value()), 0..8),
        any::<prop::sample::Index>(),
        body(),
        prop::sample::select(vec!["", "\r\n", "\n\r\n"]),
    )
        .prop_map(
            |(method, target, mut fields, place, (framing, body), before)| {
                if let Some((name, value)) = framing {
                    let place = place.index(fields.len() + 1);
                    fields.insert(place, (name.to_owned(), value.into_bytes()));
                }
                let mut bytes = format!("{before}{method} {target} HTTP/1.1\r\n").into_bytes();
                for (name, value) in &fields {
                    bytes.extend([name.as_bytes(), b": ", value, b" \r\n"].concat());
                }
                bytes.extend(b"\r\n");
                bytes.extend(body);
                Sent {
                    bytes,
                    method,
                    target,
                    fields: fields.into_iter().collect(),
                }
            },
        )
}

/// Bytes as strangers send them: noise, requests, the start of a head and more of it, and many
/// requests at once. A few of these in a row go beyond either bound.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60),
        "[\r\nA-C:/ 0-9;]{0,40}".prop_map(String::into_bytes),
        sent().prop_map(|sent| sent.bytes),
        Just(b"POST / HTTP/1.1\r\nX-Long: ".to_vec()),
        (0..MAX_HEAD).prop_map(|length| vec![b'x'; length]),
        (0..MANY).prop_map(|count| b"GET / HTTP/1.1\r\n\r\n".repeat(count)),
    ]
}

#[test]
fn the_bytes_of_strangers_reach_the_bounds() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let pieces = prop::collection::vec(piece(), 0..10);
    let (mut long, mut many) = (0, 0);
    for _ in 0..256 {
        let pieces = pieces.new_tree(&mut runner).unwrap().current();
        let mut recorder = self::recorder(usize::MAX);
        for piece in pieces {
            recorder.feed(&piece);
            long += usize::from(recorder.partial.len() > MAX_HEAD);
            many += usize::from(recorder.head.is_some() && recorder.partial.len() > MAX_HEAD);
        }
    }
    assert!(
        long > 5 && many > 5,
        "{long} long heads, {many} times too many"
    );
}

proptest! {
    #[test]
    fn heads_are_noted_exactly_as_sent_however_they_are_cut(
        requests in prop::collection::vec(sent(), 1..5),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let stream: Vec<u8> = requests.iter().flat_map(|sent| sent.bytes.clone()).collect();
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let mut recorder = self::recorder(MAX_HEAD);
        let mut heads = Vec::new();
        for ends in cuts.windows(2) {
            recorder.feed(&stream[ends[0]..ends[1]]);
            // The service takes some of them at once and others late.
            if ends[1] % 2 == 0 {
                heads.extend(std::iter::from_fn(|| recorder.next_head()));
            }
        }
        heads.extend(std::iter::from_fn(|| recorder.next_head()));

        prop_assert_eq!(heads.len(), requests.len());
        for (head, sent) in heads.iter().zip(&requests) {
            prop_assert_eq!(&head.method, sent.method);
            prop_assert_eq!(&head.target, &sent.target);
            prop_assert_eq!(&head.fields, &sent.fields);
        }
        prop_assert!(!recorder.is_mid_head());
        prop_assert_eq!(recorder.heads_before_this(), Some(requests.len() as u64));
    }

    #[test]
    fn any_bytes_are_survived_within_bounds(pieces in prop::collection::vec(piece(), 0..10)) {
        let mut recorder = self::recorder(MAX_HEAD);
        for piece in pieces {
            recorder.feed(&piece);
            prop_assert!(recorder.partial.len() <= MAX_HEAD);
        }
    }
}

fn parts(
    build: impl FnOnce(hyper::http::request::Builder) -> hyper::http::request::Builder,
) -> Parts {
    let request = build(hyper::Request::builder().method("POST").uri("/a?b=c"));
    request.body(()).unwrap().into_parts().0
}

const HEAD: &[u8] =
    b"POST /a?b=c HTTP/1.1\r\nX-A: 1\r\nY: 2\r\nx-a: 3\r\nContent-Length: 0\r\n\r\n";

#[test]
fn a_head_that_agrees_with_hyper_is_used_as_sent() {
    let parts = parts(|r| {
        r.header("x-a", "1")
            .header("x-a", "3")
            .header("y", "2")
            .header("content-length", "0")
    });
    let names: Vec<_> = record([HEAD])
        .take(&parts)
        .fields
        .iter()
        .map(|(n, _)| n.to_owned())
        .collect();
    assert_eq!(names, ["X-A", "Y", "x-a", "Content-Length"]);
}

#[test]
fn a_head_at_odds_with_hyper_gives_way_for_good() {
    let swapped = parts(|r| r.header("x-a", "3").header("x-a", "1").header("y", "2"));
    let missing = parts(|r| r.header("x-a", "1").header("y", "2"));
    let surplus = parts(|r| {
        r.header("x-a", "1")
            .header("x-a", "3")
            .header("y", "2")
            .header("z", "")
    });
    let elsewhere = parts(|r| {
        r.uri("/a")
            .header("x-a", "1")
            .header("x-a", "3")
            .header("y", "2")
    });
    for parts in [swapped, missing, surplus, elsewhere] {
        let mut recorder = record([HEAD, HEAD]);
        assert_eq!(recorder.take(&parts), Head::from_parts(&parts));
        assert!(matches!(recorder.state, State::Off) && recorder.head.is_none());
    }
}

#[test]
fn an_absolute_target_at_odds_with_hyper_gives_way() {
    for (sent, read) in [
        ("http://host/a", "http://host/b"),
        ("http://host/a", "http://other/a"),
        ("http://host/a", "https://host/a"),
        ("http://host:1/a", "http://host/a"),
        ("http://host/x/a", "http://host/a"),
        ("http://host", "http://host/a"),
        ("/a", "http://host/a"),
    ] {
        let head = format!("POST {sent} HTTP/1.1\r\n\r\n");
        let parts = parts(|r| r.uri(read));
        assert_eq!(record([head]).take(&parts).target, read, "{sent}");
    }
}

#[test]
fn every_form_of_target_is_kept() {
    for target in [
        "/a?b=c",
        "http://Host:80/a?b=c",
        "http://host",
        "http://host?b",
        "HTTPS://user@Host/#fragment",
        "*",
        "/a#fragment",
    ] {
        let head = format!("POST {target} HTTP/1.1\r\n\r\n");
        let parts = parts(|r| r.uri(target));
        assert_eq!(record([head]).take(&parts).target, target);
    }
}

#[test]
fn a_head_beyond_the_limit_turns_it_off() {
    let mut recorder = self::recorder(100);
    recorder.feed(b"POST / HTTP/1.1\r\nX: ");
    recorder.feed(&[b'x'; 100]);
    assert!(matches!(recorder.state, State::Off) && recorder.partial.is_empty());
}

#[test]
fn no_head_is_read_before_the_one_in_front_is_taken() {
    let mut recorder = record([b"GET / HTTP/1.1\r\nX: 1\r\n\r\n".repeat(100)]);
    for number in 1..=100 {
        assert_eq!(recorder.ended, number);
        assert!(recorder.next_head().is_some());
    }
    assert!(recorder.next_head().is_none());
}

#[tokio::test]
async fn no_more_is_read_at_once_than_is_allowed() {
    let long = format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", 1 << 17);
    let chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n";
    for head in [&long, chunked] {
        let recorder = Arc::new(Mutex::new(recorder(MAX_HEAD)));
        let limits = Limits::default();
        let (_open, stage) = watch::channel(Stage::Open);
        let held = (Seats::new(limits).take().await, stage);
        let (mut sender, stream) = duplex(1 << 20);
        let mut stream =
            RecordingStream::new(stream, &recorder, &limits, held, oneshot::channel().0);
        sender.write_all(head.as_bytes()).await.unwrap();
        sender.write_all(&vec![b'x'; 1 << 19]).await.unwrap();
        let mut buffer = vec![0; 1 << 20];
        for most in [HEAD_READ, BODY_READ, BODY_READ] {
            assert_eq!(stream.read(&mut buffer).await.unwrap() as u64, most);
        }
    }
}

#[test]
fn what_waits_behind_a_head_is_bounded() {
    let recorder = record([b"GET / HTTP/1.1\r\n\r\n".repeat(MANY)]);
    assert!(matches!(recorder.state, State::Off) && recorder.partial.is_empty());
}
