//! What can be loaded: whatever cannot sign, or would not verify what it signed, is refused by the
//! name of its field.

use std::cell::Cell;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::delivery::{Headers, Request, Status, Timestamp};
use crate::provider::read::read_definition;
use crate::provider::{Definition, SettingValues};
use crate::signature::{Freshness, Key, Secret, StreamVerifier, sign, verify};

/// A definition with this `signature`.
fn definition(signature: &Value) -> Value {
    json!({
        "name": "acme", "title": "Acme", "docs": "https://acme.example/webhooks",
        "signature": signature,
        "envelope": {
            "template": {"id": "{{id:event}}", "type": "{{event}}", "data": "{{data}}"},
            "event": "type", "id": "id", "time": "data.at", "data": "data"
        },
        "delivery": {
            "method": "POST", "headers": [["Content-Type", "application/json"]],
            "timeout_seconds": 5, "success": ["2xx"],
            "retry": {"on": ["5xx"], "schedule": ["1m"], "counted_from": "previous"}
        }
    })
}

fn signature() -> Value {
    json!({
        "kind": "hmac", "digest": "sha256", "encoding": "hex", "header": "X-Acme",
        "value": {"parts": ["t={timestamp}", "v1={signature}"], "separator": ","},
        "signed": "{timestamp}.{body}", "tolerance": {"past_seconds": 300}
    })
}

fn load(definition: &Value) -> Result<Definition, String> {
    read_definition(
        Path::new("acme/provider.json"),
        &definition.to_string(),
        &SettingValues::new(),
    )
    .map_err(|error| error.to_string())
}

/// A field of the signature, a wrong value of it, the field that is named, and what is said.
const MISTAKES: &str = r#"
kind | "rot13" | signature.kind | unknown variant `rot13`
kind | "hash" | signature | `{secret}` is not signed, so anybody could make the hash
header | [] | signature.header | no header is named
header | ["X-Acme", "x-acme"] | signature | the header `x-acme` stands for two things
path | "a.b" | signature | two of `header`, `path`, `query` and `form`
timestamp | {"path": "a", "query": "b"} | signature | two of `header`, `path`, `query` and `form`
signed | "{secret}{timestamp}.{body}" | signature | `{secret}` is signed, which is for the kind `hash` alone
signed | "[{timestamp}.{body}" | signature.signed | `[` is not closed
signed | "{timestamp}.{body}]" | signature.signed | `]` without `[`
signed | "{timestamp}.{body|md5}" | signature.signed | unknown variable `{body|md5}`
secret | {"encoding": "pem"} | signature | `secret` is PEM, which is for key pairs alone
digest | "md5" | signature.digest | unknown variant `md5`
encoding | "text" | signature.encoding | unknown variant `text`, expected one of `hex`, `hex-upper`, `base64`, `base64url`
header | "" | signature.header | `` is no name of a header
header | "X Y" | signature.header | `X Y` is no name of a header
header_ | "X" | signature.header_ | unknown field `header_`
timestamp_header | "" | signature.timestamp_header | `` is no name of a header
timestamp_header | "X-T" | signature | both `value` and `timestamp_header` hold the timestamp
id_header | "é" | signature.id_header | `é` is no name of a header
id_header | "x-acme" | signature | the header `x-acme` stands for two things
signed | "{time}.{body}" | signature.signed | unknown variable `{time}`, expected `{timestamp}`
signed | "{signature}" | signature.signed | unknown variable `{signature}`
signed | "{body" | signature.signed | `{` is not closed in `{body`
signed | "{timestamp}" | signature.signed | `{body}` is not signed
signed | "" | signature.signed | `{body}` is not signed
signed | "{id}.{timestamp}.{body}" | signature | `{id}` is signed, but no `id_header` holds it
signed | "{body}" | signature | `tolerance` is given, but no `{timestamp}` is signed
signed | "{timestamp}.{header:x-acme}{body}" | signature | `signed` has the header `X-Acme`, which is made of
signed | "{header:}{body}" | signature.signed | unknown variable `{header:}`
kind | "token" | signature | `signed` is given, but a token signs nothing
timestamp | {"header": "X-T"} | signature | both `value` and `timestamp_header` hold the timestamp
timestamp | {"unit": "hours"} | signature.timestamp.unit | unknown variant `hours`
value | {"parts": ["t={timestamp}", "{secret}"], "separator": ","} | signature | of the kind `hmac`, a part of `value` has
tolerance | {"past": 1} | signature.tolerance.past | unknown field `past`
secret | {"encoding": "hx"} | signature.secret.encoding | unknown variant `hx`
value | {"parts": ["t={timestamp} ", "v1={signature}"], "separator": ",", "reading": "any-order"} | signature.value | a part begins or ends with a space
value | {"parts": []} | signature.value | no part of `parts` has `{signature}`
value | {"parts": ["t={timestamp}"]} | signature.value | no part of `parts` has `{signature}`
value | {"parts": ["t={timestamp},v1={signature}"]} | signature.value.parts[0] | 2 variables in the part
value | {"parts": ["{signature}", "x"]} | signature.value.parts[1] | 0 variables in the part `x`
value | {"parts": ["v{id}"]} | signature.value.parts[0] | unknown variable `{id}`
value | {"parts": ["v={signature"]} | signature.value.parts[0] | `{` is not closed
value | {"parts": ["\n{signature}"]} | signature.value.parts[0] | `\n{signature}` is not visible ASCII
value | {"parts": [" {signature}"]} | signature.value | the value begins or ends with a space
value | {"parts": ["{signature}"]} | signature | `{timestamp}` is signed, but neither `value` nor
value | {"parts": ["{signature}", "a", "b={signature}"]} | signature.value.parts[1] | 0 variables
value | {"parts": ["{signature}", "{signature}"]} | signature.value | `parts` has `{signature}` twice
value | {"parts": ["{signature}", "a{timestamp}", "b{timestamp}"]} | signature.value | `parts` has `{timestamp}`
value | {"parts": ["a,b={signature}"], "separator": ","} | signature.value | `separator` may stand
value | {"parts": ["{timestamp}", "{signature}"]} | signature.value | `parts` are several, but no `sep
value | {"parts": ["{timestamp}", "{signature}"], "separator": "a"} | signature.value | `separator` may
value | {"parts": ["{signature}"], "separator": ""} | signature.value | `separator` may stand
value | {"parts": ["{signature}"], "reading": "any"} | signature.value.reading | unknown variant `any`
also_accepted | [{"value": {"parts": []}, "note": "x"}] | signature.also_accepted[0].value | no part of
also_accepted | [{"value": {"parts": ["{signature}"]}, "note": "x"}] | signature | `{timestamp}` is signed, but neither `also_accepted[0].value` nor
"#;

#[test]
fn what_is_wrong_is_named_by_file_and_field() {
    assert!(load(&definition(&signature())).is_ok());
    for line in MISTAKES.trim().lines() {
        let columns: Vec<_> = line.split(" | ").collect();
        let [field, value, named, problem] = columns[..] else {
            panic!("no row: {line}");
        };
        let mut signature = signature();
        signature[field] = serde_json::from_str(value).expect("JSON");
        let error = load(&definition(&signature)).expect_err(line);
        let start = format!("`acme/provider.json` is not valid: `{named}`: {problem}");
        assert!(error.starts_with(&start), "{error}\n{start}");
    }
}

#[test]
fn a_path_that_leads_nowhere_in_the_template_is_named() {
    for field in ["event", "id", "time", "data"] {
        let mut wrong = definition(&signature());
        wrong["envelope"][field] = json!("nowhere.name");
        let problem = load(&wrong).unwrap_err();
        let expected =
            format!("`envelope.{field}`: `envelope.template` has nothing at `nowhere.name`");
        assert!(problem.ends_with(&expected), "{problem}");
        wrong["envelope"][field] = json!("data.name");
        load(&wrong).unwrap();
    }
}

#[test]
fn what_is_wrong_beside_the_signature_is_named_too() {
    for (pointer, value, problem) in [
        (
            "/delivery/method",
            json!(""),
            "`delivery.method`: `` is no method",
        ),
        (
            "/delivery/headers/0/0",
            json!("A:"),
            "`delivery.headers[0]`: `A:` is no name of a header",
        ),
        (
            "/envelope/event",
            json!({"header": ""}),
            "`envelope.event`: `` is no name of a header",
        ),
        (
            "/envelope/id",
            json!("a..b"),
            "`envelope.id`: `a..b` is not a path",
        ),
        (
            "/envelope/time",
            json!("a..b"),
            "`envelope.time`: `a..b` is not a path",
        ),
        (
            "/envelope/data",
            json!("a..b"),
            "`envelope.data`: `a..b` is not a path",
        ),
        (
            "/envelope/id",
            json!(7),
            "`envelope.id`: data did not match",
        ),
        (
            "/envelope/template/id",
            json!("{{di}}"),
            "`envelope.template`: unknown placeholder",
        ),
        (
            "/delivery/headers/0/1",
            json!("{{di}}"),
            "`delivery.headers`: unknown placeholder",
        ),
        (
            "/delivery/success/0",
            json!("ok"),
            "`delivery.success[0]`: `ok` is not a status",
        ),
    ] {
        let mut definition = definition(&signature());
        *definition.pointer_mut(pointer).expect("a field") = value;
        let error = load(&definition).expect_err(problem);
        let start = format!("`acme/provider.json` is not valid: {problem}");
        assert!(error.starts_with(&start), "{error}\n{start}");
    }
    let text = definition(&signature()).to_string();
    let load = |text: &str| {
        read_definition(Path::new("x"), text, &SettingValues::new())
            .expect_err("broken")
            .to_string()
    };
    assert!(load(&format!("{text} 1")).contains("trailing characters"));
    assert!(load("{}").starts_with("`x` is not valid: missing field `name`"));
}

/// Texts around a variable, harmless and not.
fn literal() -> impl Strategy<Value = &'static str> {
    select(vec![
        "", "v1=", "t=", "v1,", "sha256=", " ", ",", "a", "0", ";", "é", "}", "{",
    ])
}

/// Any layout, most of them without sense.
fn layout() -> impl Strategy<Value = Value> {
    let variable = select(vec![
        "{signature}",
        "{signature}",
        "{timestamp}",
        "{id}",
        "",
    ]);
    let part = prop_oneof![
        12 => (literal(), variable, literal()).prop_map(|(a, b, c)| format!("{a}{b}{c}")),
        1 => Just("t={timestamp},v1={signature}".to_owned()),
    ];
    let separator = prop::option::of(select(vec![",", " ", ", ", ";", "", "a", "=", "é"]));
    let reading = select(vec!["positional", "any-order"]);
    (prop::collection::vec(part, 0..4), separator, reading).prop_map(
        |(parts, separator, reading)| json!({"parts": parts, "separator": separator, "reading": reading}),
    )
}

/// A layout with sense, with the timestamp or without.
fn sound_layout(has_timestamp: bool) -> impl Strategy<Value = Value> {
    let texts = vec!["v1=", "v0-", "sha256=", "", "a", "0:"];
    let signatures = prop::sample::subsequence(texts, 1..3);
    let suffix = select(vec!["", ".", "b"]);
    let separator = select(vec![",", " ", ", ", ";", "|"]);
    let reading = select(vec!["positional", "any-order"]);
    let timestamp = select(vec!["t=", "ts=", ""]);
    (
        signatures,
        suffix,
        timestamp,
        any::<bool>(),
        separator,
        reading,
    )
        .prop_map(
            move |(signatures, suffix, timestamp, is_last, separator, reading)| {
                let parts = signatures.iter();
                let mut parts: Vec<_> = parts
                    .map(|text| format!("{text}{{signature}}{suffix}"))
                    .collect();
                if has_timestamp {
                    let place = if is_last { parts.len() } else { 0 };
                    parts.insert(place, format!("{timestamp}{{timestamp}}"));
                }
                json!({"parts": parts, "separator": separator, "reading": reading})
            },
        )
}

/// What is signed: all of `variables`, joined in some way.
fn signed(variables: Vec<&'static str>) -> impl Strategy<Value = String> {
    let joint = select(vec![".", ":", "", "é\n", "}"]);
    (Just(variables).prop_shuffle(), joint, any::<bool>()).prop_map(
        |(variables, joint, labelled)| {
            let label = if labelled { "v0:" } else { "" };
            format!("{label}{}", variables.join(joint))
        },
    )
}

/// Signatures with sense, over the whole language.
fn sound() -> impl Strategy<Value = Value> {
    let prefix = prop::option::of(select(vec!["", "whsec_"]));
    let secret = (prefix, select(vec!["text", "hex", "base64"]))
        .prop_map(|(prefix, encoding)| json!({"prefix": prefix, "encoding": encoding}));
    let tolerance = prop::option::of((0..1_000_u64, prop::option::of(0..1_000_u64)));
    let places = vec![
        "{method}",
        "{target}",
        "{url}",
        "{header:X-Z}",
        "{query:q}",
        "{json:id}",
        "{body|sha256|hex}",
        "{target|crc32}",
        "[{header:X-Z}]",
        "[{method}]",
    ];
    let of_time =
        move |(time_in_value, time_signed, id_signed, place): (Option<bool>, bool, bool, _)| {
            let in_value = time_in_value == Some(true);
            let mut variables = vec!["{body}"];
            variables.extend(place);
            variables.extend(time_in_value.filter(|_| time_signed).map(|_| "{timestamp}"));
            variables.extend(id_signed.then_some("{id}"));
            let variants = prop::collection::vec(sound_layout(in_value), 0..2);
            let time_header = (time_in_value == Some(false)).then_some("X-T");
            let ids = (Just(time_header), Just(id_signed.then_some("X-I")));
            (sound_layout(in_value), variants, signed(variables), ids)
        };
    let parts = (
        prop::option::of(any::<bool>()),
        any::<bool>(),
        any::<bool>(),
        prop::option::of(select(places)),
    )
        .prop_flat_map(of_time);
    let encodings = (
        select(vec!["hex", "hex-upper", "base64", "base64url"]),
        select(vec!["sha1", "sha256", "sha512"]),
        select(vec!["seconds", "milliseconds", "rfc3339"]),
        select(vec!["hmac", "hash", "ed25519", "ecdsa"]),
    );
    (parts, encodings, secret, tolerance).prop_map(
        |((value, variants, signed, headers), (encoding, digest, unit, kind), secret, tolerance)| {
            let signed = match kind {
                "hash" => format!("{{secret}}{signed}"),
                _ => signed,
            };
            let variants = variants.into_iter();
            let variants = variants.map(|value| json!({"value": value, "note": "an old form"}));
            let tolerance = tolerance.filter(|_| signed.contains("{timestamp}"));
            let digest = if ["ed25519", "ecdsa"].contains(&kind) { "sha256" } else { digest };
            json!({
                "kind": kind, "header": "X-A", "value": value,
                "also_accepted": variants.collect::<Vec<_>>(),
                "timestamp_header": headers.0, "timestamp": {"unit": unit}, "id_header": headers.1, "signed": signed,
                "encoding": encoding, "digest": digest, "secret": secret,
                "tolerance": tolerance
                    .map(|(past, future)| json!({"past_seconds": past, "future_seconds": future})),
            })
        },
    )
}

/// One field changed into anything that the language or a mistake in it may hold.
fn change() -> impl Strategy<Value = (&'static str, Value)> {
    let field =
        |names: &'static [&'static str], values: Vec<Value>| (select(names), select(values));
    let pieces = select(vec![
        "{body}",
        "{timestamp}",
        "{id}",
        ".",
        "{signature}",
        "{",
        "x",
    ]);
    let signed = prop::collection::vec(pieces, 0..5).prop_map(|pieces| json!(pieces.concat()));
    prop_oneof![
        2 => (Just("value"), layout()),
        1 => (Just("also_accepted"), layout().prop_map(|value| json!([{"value": value, "note": "x"}]))),
        1 => (Just("signed"), signed),
        1 => field(
            &["header", "timestamp_header", "id_header"],
            vec![Value::Null, json!("X-T"), json!("x-a"), json!(""), json!("X Y")],
        ),
        1 => field(&["tolerance"], vec![Value::Null, json!({"past_seconds": 60})]),
        1 => field(&["encoding", "digest", "kind"], vec![json!("text"), json!("hex"), json!("sha1")]),
    ]
}

/// Signatures over the whole language, those that make no sense among them.
fn signatures() -> impl Strategy<Value = Value> {
    let changes = prop::collection::vec(change(), 0..3);
    (sound(), changes).prop_map(|(mut signature, changes)| {
        for (field, value) in changes {
            signature[field] = value;
        }
        signature
    })
}

/// The key of a definition, from a secret whose text every encoding takes.
fn key(definition: &Definition, digits: &str) -> Key {
    let prefix = definition.signature.secret().prefix.as_deref();
    let text = format!("{}{digits}", prefix.unwrap_or_default());
    let secret = crate::signature::secret_of_any(&definition.signature, &text);
    Key::new(&definition.signature, &Secret::new("s#1", secret)).expect("a key")
}

fn status(definition: &Definition, keys: &[Key], request: &Request, now: Timestamp) -> Status {
    let scheme = &definition.signature;
    let held = verify(scheme, keys, request, now, Freshness::Documented);
    let mut passing = StreamVerifier::start(scheme, keys, request, None);
    passing.update(&request.body);
    let passed = passing.finish(now, Freshness::Documented);
    if passed.status != Status::Unverified {
        assert_eq!(passed, held);
    }
    assert_eq!(
        held.notes.is_empty(),
        scheme.covers_body() || ![Status::Valid, Status::Stale].contains(&held.status)
    );
    held.status
}

/// Whatever the signature's definition is: where it is loaded, it signs, and verifies that alone.
fn signs_and_verifies(definition: &Definition, at: i64, id: &str, body: &[u8]) {
    let right = [key(definition, "bad0bad1bad2bad3")];
    let other = [key(definition, "feedfeedfeedfeed")];
    let now = Timestamp::from_seconds(at);
    let mut request = Request::post("/", Headers::new(), body.to_vec());
    sign(&definition.signature, &right[0], now, id, &mut request);
    assert_eq!(status(definition, &right, &request, now), Status::Valid);
    assert_eq!(status(definition, &other, &request, now), Status::Mismatch);
    let mut tampered = request.clone();
    tampered.body = [body, b"x"].concat().into();
    let changed = if definition.signature.covers_body() {
        Status::Mismatch
    } else {
        Status::Valid
    };
    assert_eq!(status(definition, &right, &tampered, now), changed);
    if let Some(tolerance) = definition.signature.tolerance {
        let past = i64::try_from(tolerance.past_seconds).expect("small");
        let status = |age| status(definition, &right, &request, now.plus_seconds(age));
        assert_eq!(status(past), Status::Valid);
        assert_eq!(status(past + 1), Status::Stale);
        if let Some(future) = tolerance.future_seconds {
            assert_eq!(
                status(-1 - i64::try_from(future).expect("small")),
                Status::Stale
            );
        }
    }
}

#[test]
fn any_definition_that_loads_signs_and_verifies() {
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(512)
    };
    let (loaded, refused) = (Cell::new(0), Cell::new(0));
    let body = prop::collection::vec(any::<u8>(), 0..60);
    let cases = (
        signatures(),
        100_000_000..4_000_000_000_i64,
        "[!-~]{0,12}",
        body,
    );
    let outcome = TestRunner::new(config).run(&cases, |(signature, at, id, body)| {
        let count = match load(&definition(&signature)) {
            Ok(definition) => {
                signs_and_verifies(&definition, at, &id, &body);
                &loaded
            }
            Err(_) => &refused,
        };
        count.set(count.get() + 1);
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    let counts = (loaded.get(), refused.get());
    assert!(
        counts.0 > 100 && counts.1 > 100,
        "loaded and refused: {counts:?}"
    );
}

#[test]
fn no_separator_is_a_character_of_what_it_separates() {
    for (unit, encoding, separator, is_told) in [
        ("rfc3339", "hex", ":", true),
        ("rfc3339", "hex", "-", true),
        ("rfc3339", "hex", ",", false),
        ("seconds", "base64url", "_", true),
        ("seconds", "hex", "-", false),
    ] {
        let mut signature = signature();
        signature["value"]["separator"] = json!(separator);
        signature["encoding"] = json!(encoding);
        signature["timestamp"] = json!({"unit": unit});
        let loaded = load(&definition(&signature));
        assert_eq!(loaded.is_err(), is_told, "{signature}: {loaded:?}");
    }
}

proptest! {
    #[test]
    fn what_makes_sense_is_loaded(signature in sound()) {
        let outcome = load(&definition(&signature));
        prop_assert!(outcome.is_ok(), "{}\n{}", outcome.unwrap_err(), signature);
    }
}

/// A proof and a time at any place, and what is signed: all of the data, and not the proof.
fn placed() -> impl Strategy<Value = (Value, &'static str)> {
    let json = r#"{"p": {"sig": "", "at": 0}, "data": "…", "n": 1.50}"#;
    let form = "sig=&data=%E2%80%A6&n=1+2";
    let proofs = vec![
        (json!({"header": ["X-A", "X-B"]}), "{body}", json),
        (json!({"query": "sig"}), "{body}", form),
        (json!({"path": "p.sig"}), "{json:data}{json:n}", json),
        (json!({"form": "sig"}), "{form:data}{form:n}", form),
    ];
    let times = vec![
        json!({"header": "X-T", "unit": "rfc3339"}),
        json!({"query": "at", "unit": "milliseconds"}),
        json!({"path": "p.at", "unit": "milliseconds"}),
        json!({"form": "at"}),
        Value::Null,
    ];
    (select(proofs), select(times)).prop_filter_map(
        "a form is no JSON",
        move |((mut signature, signed, body), time)| {
            let fits = match (time.get("path"), time.get("form")) {
                (Some(_), _) => body == json,
                (_, Some(_)) => body == form,
                _ => true,
            };
            fits.then_some(())?;
            let signed = format!(
                "{signed}{}",
                if time.is_null() { "" } else { "{timestamp}" }
            );
            signature["signed"] = signed.into();
            signature["digest"] = "sha256".into();
            signature["encoding"] = "base64".into();
            signature["value"] = json!({"parts": ["v1={signature}"]});
            if !time.is_null() {
                signature["timestamp"] = time;
                signature["tolerance"] = json!({"past_seconds": 300});
            }
            Some((signature, body))
        },
    )
}

proptest! {
    #[test]
    fn a_proof_is_found_wherever_its_definition_puts_it(
        (signature, body) in placed(),
        at in 1_700_000_000..1_800_000_000_i64,
    ) {
        let definition = load(&definition(&signature)).expect("sound");
        let scheme = &definition.signature;
        let keys = [key(&definition, "bad0bad1bad2bad3")];
        let now = Timestamp::from_seconds(at);
        let mut request = Request::post("/h?a=b", Headers::new(), body);
        prop_assert_ne!(status(&definition, &keys, &request, now), Status::Valid);
        sign(scheme, &keys[0], now, "", &mut request);
        prop_assert_eq!(status(&definition, &keys, &request, now), Status::Valid);
        let late = now.plus_seconds(301);
        let aged = if scheme.tolerance.is_some() { Status::Stale } else { Status::Valid };
        prop_assert_eq!(status(&definition, &keys, &request, late), aged);
        let changed = String::from_utf8(request.body.to_vec()).unwrap();
        let mut tampered = request.clone();
        tampered.body = changed.replace('…', "-").replace("%A6", "%A7").into();
        prop_assert_eq!(status(&definition, &keys, &tampered, now), Status::Mismatch);
        for source in scheme.proofs() {
            source.remove(&mut request);
        }
        prop_assert_eq!(status(&definition, &keys, &request, now), Status::Missing);
    }
}
