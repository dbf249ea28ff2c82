//! A row for every cause: a delivery for which exactly that cause is named.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256, Sha512};

use super::sample::{
    BODY, HEX, ID, INPUT, KEY, OTHER_KEY, Provider, SECRET, Sample, TIME, digest, hmac, public_key,
    sign,
};

/// The name of the cause and the delivery.
pub type Row = (&'static str, Sample);

pub fn rows() -> Vec<Row> {
    [
        header_rows(),
        layout_rows(),
        encoding_rows(),
        secret_rows(),
        content_rows(),
        scheme_rows(),
        hash_rows(),
        body_rows(),
        compressed_rows(),
        form_rows(),
        line_rows(),
        url_rows(),
        pair_rows(),
        claim_rows(),
        message_rows(),
    ]
    .concat()
}

/// The right MAC over [`BODY`].
fn mac(provider: Provider) -> Vec<u8> {
    hmac(&provider.key(), &provider.message(BODY.as_bytes()))
}

fn digits(provider: Provider) -> String {
    hex::encode(mac(provider))
}

fn sent(provider: Provider, value: impl Into<String>) -> Sample {
    Sample::new(provider, value, BODY.as_bytes())
}

fn header_rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for provider in HEX {
        let value = provider.value(&mac(provider));
        rows.extend([
            ("header-quoted", sent(provider, format!("\"{value}\""))),
            ("header-quoted", sent(provider, format!("'{value}'"))),
            ("truncated", sent(provider, &value[..value.len() - 1])),
            ("truncated", sent(provider, &value[..value.len() - 48])),
            (
                "header-repeated",
                sent(provider, value.clone())
                    .with_header(provider.scheme().header().unwrap(), &value),
            ),
        ]);
    }
    let standard = Provider::Standard.value(&mac(Provider::Standard));
    rows.push(("truncated", sent(Provider::Standard, &standard[..30])));
    rows
}

fn layout_rows() -> Vec<Row> {
    use Provider::{Bare, Labelled, Timed};
    let (bare, labelled, timed) = (digits(Bare), digits(Labelled), digits(Timed));
    vec![
        (
            "header-spaced",
            sent(Timed, format!("t={TIME}, v1={timed}")),
        ),
        (
            "header-spaced",
            sent(Labelled, format!("sha256= {labelled}")),
        ),
        ("prefix-missing", sent(Labelled, &*labelled)),
        ("prefix-missing", sent(Timed, format!("{TIME},{timed}"))),
        ("prefix-missing", sent(Timed, format!("t={TIME},{timed}"))),
        ("prefix-extra", sent(Bare, format!("sha256={bare}"))),
        ("prefix-extra", sent(Bare, format!("v1={bare}"))),
        (
            "prefix-extra",
            sent(Labelled, format!("sha256=sha256={labelled}")),
        ),
        (
            "prefix-extra",
            sent(Timed, format!("t={TIME},v1=sha256={timed}")),
        ),
        ("prefix-other", sent(Labelled, format!("SHA256={labelled}"))),
        ("prefix-other", sent(Labelled, format!("v1={labelled}"))),
        ("prefix-other", sent(Timed, format!("t={TIME},v0={timed}"))),
        ("parts-swapped", sent(Timed, format!("v1={timed},t={TIME}"))),
        (
            "separator-other",
            sent(Timed, format!("t={TIME};v1={timed}")),
        ),
        (
            "timestamp-in-another-header",
            sent(Timed, &*timed).with_header("X-Request-Timestamp", TIME),
        ),
        (
            "timestamp-in-another-header",
            sent(Timed, format!("v1={timed}")).with_header("X-Timestamp", TIME),
        ),
        ("timestamp-not-unix-seconds", {
            let time = "2024-01-18T10:40:00Z";
            let mac = hmac(SECRET.as_bytes(), format!("{time}.{BODY}").as_bytes());
            sent(Timed, format!("t={time},v1={}", hex::encode(mac)))
        }),
    ]
}

fn encoding_rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for provider in HEX {
        let value = |text: &str| {
            provider
                .value(&mac(provider))
                .replace(&digits(provider), text)
        };
        let base64 = BASE64.encode(mac(provider));
        let url = URL_SAFE_NO_PAD.encode(mac(provider));
        let twice = BASE64.encode(digits(provider));
        rows.extend([
            ("base64-for-hex", sent(provider, value(&base64))),
            ("base64-for-hex", sent(provider, value(&url))),
            ("base64-of-hex", sent(provider, value(&twice))),
        ]);
    }
    let standard = mac(Provider::Standard);
    let url = URL_SAFE_NO_PAD.encode(&standard);
    rows.extend([
        (
            "hex-for-base64",
            sent(Provider::Standard, format!("v1,{}", hex::encode(&standard))),
        ),
        (
            "base64url-for-base64",
            sent(Provider::Standard, format!("v1,{url}")),
        ),
    ]);
    rows
}

/// The cause, the secret as configured, and the key with which it was signed.
const SECRETS: &[(&str, &str, &[u8])] = &[
    ("secret-surrounding-space", " whsec_abc123", b"whsec_abc123"),
    (
        "secret-surrounding-space",
        "whsec_abc123\r\n",
        b"whsec_abc123",
    ),
    (
        "secret-invisible-character",
        "whsec_abc123\u{a0}",
        b"whsec_abc123",
    ),
    (
        "secret-invisible-character",
        "\u{200b}whsec_abc\u{ad}123",
        b"whsec_abc123",
    ),
    ("secret-trailing-newline", "whsec_abc123", b"whsec_abc123\n"),
    (
        "secret-trailing-newline",
        "whsec_abc123",
        b"whsec_abc123\r\n",
    ),
    ("secret-space-added", "whsec_abc123", b"whsec_abc123 "),
    ("secret-space-added", "whsec_abc123", b" whsec_abc123"),
    ("secret-quoted", "\"whsec_abc123\"", b"whsec_abc123"),
    ("secret-quoted", "'whsec_abc123' ", b"whsec_abc123"),
    ("secret-quotes-added", "whsec_abc123", b"\"whsec_abc123\""),
    ("secret-with-name", "SECRET=whsec_abc123", b"whsec_abc123"),
    ("secret-prefix-stripped", "whsec_abc123", b"abc123"),
    ("secret-prefix-added", "abc123", b"whsec_abc123"),
    (
        "secret-prefix-stripped-and-decoded",
        "whsec_aGVsbG8=",
        b"hello",
    ),
    ("secret-base64-decoded", "aGVsbG8=", b"hello"),
    ("secret-hex-decoded", "68656c6c6f", b"hello"),
    ("secret-empty", "whsec_abc123", b""),
    ("secret-unset", "whsec_abc123", b"undefined"),
    ("secret-unset", "whsec_abc123", b"null"),
    ("secret-not-expanded", "whsec_abc123", b"$WEBHOOK_SECRET"),
    ("secret-placeholder", "whsec_abc123", b"your-webhook-secret"),
];

fn secret_rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for provider in HEX {
        let message = provider.message(BODY.as_bytes());
        for (cause, secret, key) in SECRETS {
            let sample = Sample::signed(provider, key, &message);
            rows.push((*cause, sample.with_secret(secret.as_bytes())));
        }
        let sample = Sample::signed(provider, b"whsec_other", &message);
        rows.push((
            "another-secret",
            sample.with_other_secret("other#2", "whsec_other"),
        ));
    }
    let message = Provider::Standard.message(BODY.as_bytes());
    for key in [&b"whsec_abc1"[..], b"abc1"] {
        let sample = Sample::signed(Provider::Standard, key, &message);
        rows.push(("secret-not-decoded", sample));
    }
    rows
}

fn content_rows() -> Vec<Row> {
    use Provider::{Bare, Labelled, Standard, Timed};
    let row = |cause, provider: Provider, message: String| {
        (
            cause,
            Sample::signed(provider, &provider.key(), message.as_bytes()),
        )
    };
    let in_milliseconds = hmac(SECRET.as_bytes(), format!("{TIME}.{BODY}").as_bytes());
    let in_milliseconds = format!("t={TIME}123,v1={}", hex::encode(in_milliseconds));
    let (cause, timed_body) = row("timestamp-signed", Bare, format!("{TIME}.{BODY}"));
    let (_, joined) = row("", Labelled, format!("v0:{TIME}:{BODY}"));
    vec![
        row("timestamp-not-signed", Timed, BODY.into()),
        row("timestamp-not-signed", Standard, BODY.into()),
        row("timestamp-not-signed", Standard, format!("{ID}.{BODY}")),
        (cause, timed_body.with_header("X-Webhook-Timestamp", TIME)),
        (cause, joined.with_header("X-Slack-Request-Timestamp", TIME)),
        row("id-not-signed", Standard, format!("{TIME}.{BODY}")),
        row(
            "signed-parts-joined-otherwise",
            Timed,
            format!("{TIME}{BODY}"),
        ),
        row(
            "signed-parts-joined-otherwise",
            Timed,
            format!("{BODY}.{TIME}"),
        ),
        row(
            "signed-parts-joined-otherwise",
            Standard,
            format!("{TIME}.{ID}.{BODY}"),
        ),
        row("timestamp-milliseconds", Timed, format!("{TIME}000.{BODY}")),
        ("timestamp-milliseconds", sent(Timed, in_milliseconds)),
        row(
            "timestamp-formatted",
            Timed,
            format!("2024-01-18T10:40:00Z.{BODY}"),
        ),
        row(
            "timestamp-formatted",
            Timed,
            format!("2024-01-18T10:40:00.000Z.{BODY}"),
        ),
        row("timestamp-formatted", Timed, format!("{TIME}.0.{BODY}")),
    ]
}

fn scheme_rows() -> Vec<Row> {
    use Provider::{Bare, Labelled, Timed};
    let timed = Timed.value(&mac(Timed));
    let theirs = hmac(b"whsec_theirs", &Timed.message(BODY.as_bytes()));
    let odd = sent(Labelled, "none").with_header("X-Timed", &Timed.value(&theirs));
    vec![
        ("another-scheme", sent(Bare, &*timed).with_other(Timed)),
        ("another-scheme", sent(Labelled, &*timed).with_other(Timed)),
        (
            "another-scheme",
            sent(Timed, Labelled.value(&mac(Labelled))).with_other(Labelled),
        ),
        (
            "another-scheme",
            sent(Labelled, "none")
                .with_header("X-Timed", &timed)
                .with_other(Timed),
        ),
        (
            "another-provider",
            odd.with_other(Timed)
                .with_other_secret("timed#1", "whsec_theirs"),
        ),
    ]
}

fn hash_rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for provider in HEX {
        let message = provider.message(BODY.as_bytes());
        let plain = [
            Sha256::digest(&message),
            Sha256::digest([SECRET.as_bytes(), &message].concat()),
            Sha256::digest([&message, SECRET.as_bytes()].concat()),
        ];
        for hash in plain {
            rows.push((
                "hash-in-place-of-hmac",
                sent(provider, provider.value(&hash)),
            ));
        }
        let swapped = hmac(&message, SECRET.as_bytes());
        rows.push((
            "key-and-body-swapped",
            sent(provider, provider.value(&swapped)),
        ));
        let long = hmac_sha512(SECRET.as_bytes(), &message);
        rows.push(("another-digest", sent(provider, provider.value(&long))));
    }
    let long = hex::encode(hmac_sha512(SECRET.as_bytes(), BODY.as_bytes()));
    let value = format!("sha512={long}");
    rows.push(("another-digest", sent(Provider::Labelled, value)));
    rows
}

fn hmac_sha512(key: &[u8], message: &[u8]) -> Vec<u8> {
    use hmac::{KeyInit, Mac};
    let mut mac = hmac::Hmac::<Sha512>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// The cause, the body that was signed, and the body that was received.
const BODIES: &[(&str, &[u8], &[u8])] = &[
    ("trailing-newline-added", b"{}", b"{}\n"),
    ("trailing-newline-added", b"{}", b"{}\r\n"),
    ("trailing-newline-lost", b"{}\n", b"{}"),
    ("trailing-newline-lost", b"{}\r\n", b"{}"),
    ("trailing-space-added", b"{}", b"{} \n\n"),
    ("trailing-space-added", b"{}", b"  {}\n"),
    ("crlf-to-lf", b"{\r\n}\r\n", b"{\n}\n"),
    ("lf-to-crlf", b"{\n}\n", b"{\r\n}\r\n"),
    ("bom-added", b"{}", b"\xef\xbb\xbf{}"),
    ("bom-lost", b"\xef\xbb\xbf{}", b"{}"),
    ("line-breaks-added", b"{  \"a\": 1}", b"{\n  \"a\": 1\n}\n"),
    (
        "line-breaks-lost",
        b"{\n  \"a\": [\n    1\n  ]\n}\n",
        b"{  \"a\": [    1  ]}",
    ),
    (
        "form-encoded",
        b"{\"a\":\"b c\"}",
        b"%7B%22a%22%3A%22b+c%22%7D",
    ),
    ("form-encoded", b"{\"a\":1}", b"%7B%22a%22%3A1%7D="),
    ("form-encoded", b"{\"a\":1}", b"payload=%7B%22a%22:1%7D"),
    ("latin1-to-utf8", b"caf\xe9", "café".as_bytes()),
    ("latin1-to-utf8", "café".as_bytes(), "cafÃ©".as_bytes()),
    ("utf8-read-as-latin1", "cafÃ©".as_bytes(), "café".as_bytes()),
    (
        "invalid-utf8-replaced",
        "caf\u{fffd}!".as_bytes(),
        b"caf\xe9!",
    ),
    ("empty-body-signed", b"", b"{\"a\":1}"),
    ("object-signed", b"[object Object]", b"{\"a\":1}"),
    ("object-signed", b"undefined", b"{\"a\":1}"),
    ("stringified-twice", br#""{\"a\":1}""#, b"{\"a\":1}"),
    ("stringified-after-signing", b"{\"a\":1}", br#""{\"a\":1}""#),
    // Written by Node.js 20.
    (
        "buffer-stringified",
        br#"{"type":"Buffer","data":[123,34,97,34,58,49,125]}"#,
        b"{\"a\":1}",
    ),
    // Written by Python 3.
    (
        "bytes-repr-signed",
        br#"b'{\'a\':"x\\\n\x00\xe9"}'"#,
        b"{'a':\"x\\\n\x00\xe9\"}",
    ),
    ("bytes-repr-signed", br#"b"it's""#, b"it's"),
    ("base64-signed", b"eyJhIjoxfQ==", b"{\"a\":1}"),
    ("base64-added", b"{\"a\":1}", b"eyJhIjoxfQ=="),
    (
        "member-signed",
        br#"{ "t": 1 }"#,
        br#"{"id":"e","data":{ "t": 1 }}"#,
    ),
    (
        "member-signed",
        br#"{"t":1.5}"#,
        br#"{"id":"e","data":{ "t": 1.50 }}"#,
    ),
];

/// The same for JSON; the texts are what `JSON.stringify` of Node.js, `json.dumps` of Python,
/// `json_encode` of PHP and so on write, put down by hand.
const TEXTS: &[(&str, &str, &str)] = &[
    (
        "reserialized-compact",
        r#"{"a":1.50,"b":[]}"#,
        "{\n  \"a\": 1.50,\n  \"b\": []\n}\n",
    ),
    (
        "reserialized-compact",
        r#"{"a":"b c"}"#,
        r#"{ "a" : "b c" }"#,
    ),
    (
        "reserialized-compact",
        "{\"a\":\"b c\"}\n",
        r#"{ "a" : "b c" }"#,
    ),
    (
        "reserialized-pretty",
        "{\n  \"a\": [\n    1,\n    {}\n  ]\n}",
        r#"{"a":[1,{}]}"#,
    ),
    ("reserialized-pretty", "{\n    \"a\": 1\n}", r#"{"a":1}"#),
    ("reserialized-pretty", "{\n\t\"a\": 1\n}\n", r#"{"a":1}"#),
    (
        "reserialized-spaced",
        r#"{"a": 1, "b": [1, 2]}"#,
        r#"{"a":1,"b":[1,2]}"#,
    ),
    (
        "reserialized-numbers",
        r#"{"total":49.9,"n":10}"#,
        r#"{"total":49.90,"n":10.0}"#,
    ),
    (
        "reserialized-numbers",
        "{\n  \"total\": 49.9\n}",
        r#"{"total":49.90}"#,
    ),
    (
        "reserialized-numbers",
        r#"{"total": 49.9, "n": 10.0}"#,
        r#"{"total":49.90,"n":10.00}"#,
    ),
    (
        "reserialized-keys",
        r#"{"2":"b","10":"a"}"#,
        r#"{"10":"a","2":"b"}"#,
    ),
    ("reserialized-keys", r#"{"a":2}"#, r#"{"a":1,"a":2}"#),
    (
        "reserialized-sorted",
        r#"{"a":{"c":3,"d":2},"b":1.50}"#,
        r#"{"b":1.50,"a":{"d":2,"c":3}}"#,
    ),
    (
        "reserialized-sorted",
        r#"{"a": 2.5, "b": "caf\u00e9"}"#,
        r#"{"b":"café","a":2.50}"#,
    ),
    (
        "reserialized-sorted",
        r#"{"a":"\u003cb\u003e","b":10}"#,
        r#"{"b":10.0,"a":"<b>"}"#,
    ),
    (
        "number-zeros-lost",
        r#"{"quantity":2,"tip":10.00,"total":59.90}"#,
        r#"{"quantity":2,"tip":10,"total":59.9}"#,
    ),
    (
        "number-zeros-lost",
        r#"{"n":2,"total":10.0}"#,
        r#"{"n":2,"total":10}"#,
    ),
    (
        "escapes-undone",
        r#"{"a":"café /"}"#,
        r#"{"a":"caf\u00e9 \/"}"#,
    ),
    ("escapes-undone", r#"{"a": "café"}"#, r#"{"a":"caf\u00e9"}"#),
    (
        "unicode-escaped",
        r#"{"a":"caf\u00e9 \ud83d\ude00 /"}"#,
        r#"{"a":"café 😀 /"}"#,
    ),
    (
        "unicode-escaped",
        r#"{"a": "caf\u00e9", "n": 49.9}"#,
        r#"{"a":"café","n":49.90}"#,
    ),
    (
        "reserialized-pretty",
        "{\r\n  \"a\": [\r\n    1\r\n  ]\r\n}",
        r#"{"a":[1]}"#,
    ),
    ("reserialized-pretty", "{\n   \"a\": 1\n}\n", r#"{"a":1}"#),
    (
        "reserialized-half-spaced",
        r#"{"a":1, "b":2}"#,
        r#"{"a":1,"b":2}"#,
    ),
    (
        "reserialized-half-spaced",
        r#"{"a": 1,"b": 2}"#,
        r#"{"a":1,"b":2}"#,
    ),
    (
        "line-breaks-lost",
        "{\r\n  \"a\": 1\r\n}\r\n",
        r#"{  "a": 1}"#,
    ),
    (
        "line-breaks-lost",
        "{ \n     \"a\": \"x,{\" \n} \n",
        r#"{      "a": "x,{" } "#,
    ),
    (
        "object-printed",
        "{'a': \"it's\", 'b': [True, None, 2.5]}",
        r#"{"a":"it's","b":[true,null,2.50]}"#,
    ),
    (
        "object-printed",
        r#"{"a"=>1, "b"=>nil}"#,
        r#"{"a":1,"b":null}"#,
    ),
    (
        "object-printed",
        r#"{"a" => 1, "b" => [1, 2]}"#,
        r#"{"a":1,"b":[1,2]}"#,
    ),
    (
        "object-printed",
        "{a=x, b={c=null}}",
        r#"{"a":"x","b":{"c":null}}"#,
    ),
    (
        "object-printed",
        "map[a:x b:map[c:<nil>]]",
        r#"{"b":{"c":null},"a":"x"}"#,
    ),
    (
        "reserialized-pretty",
        "{\n  \"a\" : [ 1, {\n    \"b\" : { },\n    \"c\" : [ ]\n  } ],\n  \"d\" : null\n}",
        r#"{"a":[1,{"b":{},"c":[]}],"d":null}"#,
    ),
    (
        "reserialized-pretty",
        "{\r\n    \"a\":  1,\r\n    \"b\":  {\r\n              \"c\":  [\r\n                        2,\r\n                        {\r\n\r\n                        }\r\n                    ]\r\n          }\r\n}",
        r#"{"a":1,"b":{"c":[2,{}]}}"#,
    ),
    (
        "object-printed",
        "Array\n(\n    [a] => x\n    [b] => Array\n        (\n            [0] => 1\n            [1] => 2.5\n        )\n\n    [c] => \n)\n",
        r#"{"a":"x","b":[1,2.50],"c":null}"#,
    ),
    (
        "object-printed",
        "stdClass Object\n(\n    [a] => stdClass Object\n        (\n            [b] => 1\n        )\n\n)\n",
        r#"{"a":{"b":true}}"#,
    ),
    ("slashes-escaped", r#"{"a":"b\/é"}"#, r#"{"a":"b/é"}"#),
    (
        "unicode-and-slashes-escaped",
        r#"{"a":"b\/\u00e9"}"#,
        r#"{"a":"b/é"}"#,
    ),
    (
        "html-escaped",
        r#"{"a":"\u003cb\u003e \u0026 é"}"#,
        r#"{"a":"<b> & é"}"#,
    ),
    ("html-escaped", r#"{"a":"1 \u003d 1"}"#, r#"{"a":"1 = 1"}"#),
    (
        "html-escaped",
        r#"{"a":"\u0022\u002B\u00E9"}"#,
        r#"{"a":"\"+é"}"#,
    ),
];

fn body_rows() -> Vec<Row> {
    let texts = TEXTS
        .iter()
        .map(|(cause, signed, received)| (*cause, signed.as_bytes(), received.as_bytes()));
    let all: Vec<_> = BODIES.iter().copied().chain(texts).collect();
    [
        Provider::Labelled,
        Provider::Timed,
        Provider::Bare,
        Provider::Standard,
    ]
    .into_iter()
    .flat_map(|provider| {
        all.iter()
            .map(move |(cause, signed, received)| {
                (*cause, Sample::changed(provider, signed, received))
            })
            .collect::<Vec<_>>()
    })
    .collect()
}

/// A form that was parsed on the way, signed as it was sent.
fn form_rows() -> Vec<Row> {
    let form = "payload=%7B%22a%22%3A%22b+%2F+%C3%A9%22%7D";
    [
        ("form-to-json", form, r#"{"a":"b / é"}"#),
        ("form-to-json", "a=1&b=x+y%26", r#"{"a":1,"b":"x y&"}"#),
        ("form-to-json", "a=1&b=x%20y%26", r#"{"a": 1, "b": "x y&"}"#),
        ("form-reencoded", "a=x+y&b=%2F~", "a=x%20y&b=%2F~"),
        ("form-reencoded", "a=x%20y&b=%2f*", "a=x+y&b=%2F*"),
    ]
    .map(|(cause, signed, received)| {
        let sample = Sample::changed(Provider::Bare, signed.as_bytes(), received.as_bytes());
        (cause, sample)
    })
    .into()
}

/// What tools print around a signature, and a header that came in two.
fn line_rows() -> Vec<Row> {
    use Provider::{Bare, Labelled, Timed};
    let (bare, labelled, timed) = (digits(Bare), digits(Labelled), digits(Timed));
    let split = sent(Timed, format!("t={TIME}")).with_header("X-Timed", &format!("v1={timed}"));
    let short = |provider: Provider| {
        use hmac::{KeyInit, Mac};
        let mut mac = hmac::Hmac::<sha1::Sha1>::new_from_slice(&provider.key()).unwrap();
        mac.update(&provider.message(BODY.as_bytes()));
        mac.finalize().into_bytes().to_vec()
    };
    let sha1 = format!("sha1={}", hex::encode(short(Labelled)));
    vec![
        ("header-split", split),
        ("another-digest", sent(Labelled, sha1)),
        ("another-digest", sent(Bare, hex::encode(short(Bare)))),
        ("another-digest", sent(Bare, BASE64.encode(short(Bare)))),
        ("another-digest", sent(Timed, Timed.value(&short(Timed)))),
        (
            "tool-line",
            sent(Bare, format!("HMAC-SHA256(stdin)= {bare}")),
        ),
        (
            "tool-line",
            sent(Bare, format!("HMAC-SHA2-256(body.json)= {bare}")),
        ),
        ("tool-line", sent(Bare, format!("{bare} *stdin"))),
        ("tool-line", sent(Bare, format!("{bare}  -"))),
        (
            "tool-line",
            sent(Labelled, format!("sha256=HMAC-SHA256(stdin)= {labelled}")),
        ),
        ("tool-line", sent(Labelled, format!("sha256={labelled}  -"))),
        (
            "tool-line",
            sent(Timed, format!("t={TIME},v1=HMAC-SHA256(stdin)= {timed}")),
        ),
    ]
}

fn compressed_rows() -> Vec<Row> {
    let level = flate2::Compression::default();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), level);
    gzip.write_all(BODY.as_bytes()).unwrap();
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), level);
    zlib.write_all(BODY.as_bytes()).unwrap();
    let bodies = [gzip.finish().unwrap(), zlib.finish().unwrap()];
    HEX.into_iter()
        .flat_map(|provider| {
            bodies.each_ref().map(|body| {
                let sample = Sample::changed(provider, BODY.as_bytes(), body);
                ("compressed-after-signing", sample)
            })
        })
        .collect()
}

/// Signed for another URL of the same request.
fn url_rows() -> Vec<Row> {
    let signed_for = |url: &str| {
        let provider = Provider::Addressed;
        Sample::signed(provider, &provider.key(), format!("{url}{BODY}").as_bytes())
    };
    let forwarded = signed_for("https://hooks.example/hooks/?shop=1");
    vec![
        (
            "another-url",
            signed_for("https://shop.example:8080/hooks/?shop=1"),
        ),
        (
            "another-url",
            signed_for("https://shop.example/hooks/?shop=1"),
        ),
        (
            "another-url",
            signed_for("https://shop.example:443/hooks/?shop=1"),
        ),
        (
            "another-url",
            signed_for("http://shop.example/hooks?shop=1"),
        ),
        ("another-url", signed_for("http://shop.example:8080/hooks/")),
        ("another-url", signed_for("https://shop.example/hooks")),
        (
            "another-url",
            forwarded.with_header("X-Original-Host", "hooks.example"),
        ),
    ]
}

/// Mistakes that a public key proves.
fn pair_rows() -> Vec<Row> {
    let provider = Provider::Paired;
    let changed = |signed: &str, received: &str| {
        Sample::changed(provider, signed.as_bytes(), received.as_bytes())
    };
    let right = sign(KEY, &provider.message(BODY.as_bytes()));
    let others = sign(OTHER_KEY, &provider.message(BODY.as_bytes()));
    let milliseconds = sign(KEY, format!("{TIME}000{BODY}").as_bytes());
    vec![
        ("trailing-newline-lost", changed(&format!("{BODY}\n"), BODY)),
        (
            "trailing-newline-added",
            changed(BODY, &format!("{BODY}\n")),
        ),
        (
            "reserialized-compact",
            changed(r#"{"a":1}"#, r#"{ "a": 1 }"#),
        ),
        (
            "timestamp-not-signed",
            sent(provider, sign(KEY, BODY.as_bytes())),
        ),
        ("timestamp-milliseconds", sent(provider, milliseconds)),
        (
            "base64-for-hex",
            sent(provider, BASE64.encode(hex::decode(&right).unwrap())),
        ),
        ("prefix-extra", sent(provider, format!("v1={right}"))),
        (
            "another-secret",
            sent(provider, others).with_other_secret("other#1", &public_key(OTHER_KEY)),
        ),
    ]
}

/// Mistakes that a token proves.
fn claim_rows() -> Vec<Row> {
    let provider = Provider::Claimed;
    let changed = |signed: &str, received: &str| {
        Sample::changed(provider, signed.as_bytes(), received.as_bytes())
    };
    let right = changed(BODY, BODY);
    vec![
        ("claim-other", changed("another", BODY)),
        ("trailing-newline-lost", changed(&format!("{BODY}\n"), BODY)),
        (
            "reserialized-compact",
            changed(r#"{"a":1}"#, r#"{ "a": 1 }"#),
        ),
        ("secret-trailing-newline", {
            let message = provider.message(BODY.as_bytes());
            let mac = hmac(format!("{SECRET}\n").as_bytes(), &message);
            let mac = URL_SAFE_NO_PAD.encode(mac);
            sent(
                provider,
                format!("{}.{mac}", String::from_utf8(message).unwrap()),
            )
        }),
        (
            "secret-surrounding-space",
            right.with_secret(format!(" {SECRET}").as_bytes()),
        ),
    ]
}

fn message_rows() -> Vec<Row> {
    let provider = Provider::Messaged;
    let with = |mac: &[u8], signed: &str| {
        let mut sample = Sample::new(provider, provider.value(mac), BODY.as_bytes());
        let headers = &mut sample.request.headers;
        headers.push("Signature-Input", format!("sig1={INPUT}"));
        headers.push("Content-Digest", digest(signed.as_bytes()));
        sample
    };
    let sent = |key: &str, signed: &str| {
        let mac = hmac(key.as_bytes(), &provider.message(signed.as_bytes()));
        with(&mac, signed)
    };
    // What a key pair costs leaves the doctor less to try.
    let paired = |signed: &str| {
        let mac = hex::decode(sign(KEY, &provider.message(signed.as_bytes()))).unwrap();
        let public = URL_SAFE_NO_PAD.encode(hex::decode(public_key(KEY)).unwrap());
        let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"its key","x":"{public}"}}"#);
        with(&mac, signed).with_secret(jwk.as_bytes())
    };
    let key = URL_SAFE_NO_PAD.encode(SECRET);
    let known_as = |id: &str| format!(r#"{{"kty":"oct","kid":"{id}","k":"{key}"}}"#);
    vec![
        ("digest-other", sent(SECRET, "another")),
        (
            "digest-other",
            sent(SECRET, "another").with_secret(known_as("its key").as_bytes()),
        ),
        ("digest-other", paired("another")),
        ("trailing-newline-lost", sent(SECRET, &format!("{BODY}\n"))),
        ("trailing-newline-lost", paired(&format!("{BODY}\n"))),
        (
            "key-unknown",
            sent(SECRET, BODY).with_secret(known_as("another").as_bytes()),
        ),
        (
            "secret-trailing-newline",
            sent(&format!("{SECRET}\n"), BODY),
        ),
    ]
}
