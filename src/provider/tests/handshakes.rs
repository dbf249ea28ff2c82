use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::delivery::{Answer, Headers, Request};
use crate::json::JsonFields;
use crate::provider::{
    Definition, ExpectedAnswer, Handshake, Policy, SettingValues, payload, read_definition,
    unsigned_handshake, verify_request,
};
use crate::signature::{Key, Secret, secret_of_any};

/// A handshake of each form that the language has, beside those that are built in.
const OTHERS: &str = r#"[
  {"name": "ping", "request": {"body": {"type": 1, "on": true, "in": {"a": "p{{id:a}}-{{id:b}}"}}},
   "answer": {"body": {"type": 1, "list": ["{json:in.a}", {"mac": "x{json:in.a|hmac}"}]}}},
  {"name": "secret", "signed": false, "request": {"headers": {"X-Hook-Secret": "{{id:secret}}"}},
   "answer": {"status": 204, "headers": {"X-Hook-Secret": "{header:X-Hook-Secret}"}}},
  {"name": "token", "signed": false, "request": {"query": {"validationToken": "{{id:token}} & more"}},
   "answer": {"headers": {"Content-Type": "text/plain"}, "text": "{query:validationToken}"}},
  {"name": "origin", "signed": false,
   "request": {"method": "OPTIONS", "headers": {"WebHook-Request-Origin": "{{id:a}}.example"}},
   "answer": {"headers": {"WebHook-Allowed-Origin": "{header:WebHook-Request-Origin}"}}},
  {"name": "crc", "signed": false, "request": {"method": "GET", "query": {"crc_token": "{{uuid:a}}"}},
   "answer": {"body": {"response_token": "sha256={query:crc_token|hmac}"}}},
  {"name": "confirm", "request": {"body": {"Type": "Confirm", "Url": "https://a.example/{{id:a}}"}},
   "tell": "open {json:Url}"}
]"#;

fn acme(handshakes: &Value) -> Value {
    json!({"name": "acme",
        "signature": {"header": "X-Acme-Signature", "value": {"parts": ["{signature}"]},
            "signed": "{body}", "digest": "sha256", "encoding": "base64"},
        "envelope": {"template": {"id": "{{id:e}}", "type": "{{event}}", "data": "{{data}}"},
            "event": "type", "id": "id", "data": "data"},
        "handshakes": handshakes})
}

fn load(definition: &Value) -> Result<Definition, String> {
    let path = std::path::Path::new("acme/provider.json");
    read_definition(path, &definition.to_string(), &SettingValues::new())
        .map_err(|error| error.to_string())
}

/// Every definition that has handshakes.
fn definitions() -> Vec<Definition> {
    let others = load(&acme(&serde_json::from_str(OTHERS).unwrap())).unwrap();
    let catalogue = Catalogue::builtin();
    let builtin = catalogue.iter().map(|it| Definition::clone(&it.definition));
    let with = builtin.filter(|it| !it.handshakes.is_empty());
    with.chain([others]).collect()
}

fn key(definition: &Definition) -> Key {
    let scheme = &definition.signature;
    // Text, hex and base64 at once, or a pair.
    let secret = secret_of_any(scheme, "bad0bad1bad2bad3");
    Key::new(scheme, &Secret::new("s#1", secret)).unwrap()
}

fn sent(definition: &Definition, handshake: &Handshake, seed: u64, target: &str) -> Request {
    let story = Story { seed, number: 0 };
    let composer = Composer::new(definition, &handshake.name, AT, story);
    let payload = composer.handshake(handshake, definition, target, AT);
    if handshake.signed {
        payload.sign(definition, &key(definition))
    } else {
        payload.unsigned()
    }
}

fn answers(
    definition: &Definition,
    handshake: &Handshake,
    request: &Request,
) -> Vec<ExpectedAnswer> {
    let key = key(definition);
    handshake.answers(request, &definition.signature, Some(&key))
}

fn is(handshake: &Handshake, request: &Request) -> bool {
    let body = payload(&request.headers, &request.body);
    handshake.is(request, JsonFields::new(&body).as_ref())
}

proptest! {
    /// Of every definition: what is composed is known again, alone among its provider's handshakes, each
    /// documented answer is right and every other is not.
    #[test]
    fn what_is_composed_is_recognised_and_its_answer_is_right(seed: u64) {
        for definition in definitions() {
            for handshake in &definition.handshakes {
                let name = format!("{} {}", definition.name, handshake.name);
                for target in ["/", "/hook?shop=1"] {
                    let request = sent(&definition, handshake, seed, target);
                    prop_assert!(request.target.starts_with(target), "{name}");
                    let known: Vec<_> =
                        definition.handshakes.iter().filter(|it| is(it, &request)).collect();
                    prop_assert_eq!(known.len(), 1, "{}", &name);
                    prop_assert_eq!(&known[0].name, &handshake.name);
                    let all = answers(&definition, handshake, &request);
                    let documented =
                        usize::from(handshake.answer.is_some()) + handshake.also_accepted.len();
                    prop_assert_eq!(all.len(), documented, "{}", &name);
                    for one in &all {
                        prop_assert_eq!(ExpectedAnswer::judge(&all, &one.answer), Ok(()));
                        let refused = Answer { status: 500, ..one.answer.clone() };
                        prop_assert!(ExpectedAnswer::judge(&all, &refused).is_err(), "{name}");
                    }
                    let other = Answer { status: 200, headers: Headers::new(), body: "ok".into() };
                    prop_assert_eq!(ExpectedAnswer::judge(&all, &other).is_err(), documented > 0);
                    let other_ids = sent(&definition, handshake, seed ^ 1, target);
                    let theirs = answers(&definition, handshake, &other_ids);
                    // Some answers are always the same.
                    let other = theirs.first().filter(|it| Some(*it) != all.first());
                    if let Some(other) = other {
                        prop_assert!(ExpectedAnswer::judge(&all, &other.answer).is_err(), "{name}");
                    }
                }
            }
        }
    }

    /// No text of a pattern makes anything but itself match where no placeholder is.
    #[test]
    fn another_literal_is_another_request(text in "[a-z{}]{0,6}") {
        let definition = load(&acme(&json!([{"name": "a", "request": {"body": {"type": "verify"}}}]))).unwrap();
        let body = json!({"type": text}).to_string();
        let request = Request::post("/", Headers::new(), body);
        prop_assert_eq!(is(&definition.handshakes[0], &request), text == "verify");
    }
}

#[test]
fn a_signed_one_is_valid_and_named_and_an_unsigned_one_is_its_providers() {
    let catalogue = Catalogue::builtin();
    let policy = Policy::default();
    let mut keyring = Keyring::default();
    for provider in catalogue.iter() {
        let secret = secret_of_any(&provider.scheme, "bad0bad1bad2bad3");
        keyring.add(provider, &secret, "a test".into()).unwrap();
    }
    for provider in catalogue.iter() {
        let definition = &provider.definition;
        for handshake in &definition.handshakes {
            let story = Story { seed: 7, number: 0 };
            let composer = Composer::new(definition, &handshake.name, AT, story);
            let payload = composer.handshake(handshake, definition, "/", AT);
            let found = if handshake.signed {
                let request = payload.sign(definition, &key(definition));
                let judged = verify_request(&catalogue, &keyring, &policy, &request, AT);
                assert!(judged.verdict.is_valid(), "{:?}", judged.verdict);
                assert_eq!(judged.event.as_deref(), Some(&*handshake.name));
                judged.provider.zip(judged.handshake)
            } else {
                unsigned_handshake(&catalogue, &keyring, &policy, &payload.unsigned())
            };
            let (of, known) = found.expect("a handshake that is known again");
            assert_eq!((of.name(), &known.name), (provider.name(), &handshake.name));
        }
    }
}

#[test]
fn with_one_that_nobody_signs_nothing_else_comes_in() {
    let definition = load(&acme(&json!([
        {"name": "a", "signed": false, "request": {"query": {"token": "{{id:a}}"}}},
        {"name": "b", "signed": false, "request": {"body": {"in": {"token": "{{id:a}}"}}}},
        {"name": "c", "request": {"body": {"in": {"token": "{{id:a}}"}}}},
    ])))
    .unwrap();
    let known = |target: &str, body: &str| {
        let request = Request::post(target, Headers::new(), body.to_owned());
        let handshakes = definition.handshakes.iter();
        let known = handshakes.filter(|it| is(it, &request)).map(|it| &*it.name);
        known.collect::<String>()
    };
    assert_eq!(known("/?token=x", ""), "a");
    assert_eq!(known("/?token=x", " {}\n"), "a");
    assert_eq!(known("/?token=", ""), "");
    assert_eq!(known("/?token=x", r#"{"type":"order.paid"}"#), "");
    assert_eq!(known("/", r#"{"in":{"token":"x"}}"#), "bc");
    assert_eq!(known("/", r#"{"in":{"token":null}}"#), "");
    assert_eq!(known("/", r#"{"in":{"token":"x","more":1}}"#), "c");
    assert_eq!(
        known("/", r#"{"in":{"token":"x"},"type":"order.paid"}"#),
        "c"
    );
    assert_eq!(
        known("/", r#"{"in":{"token":"x"},"in":{"token":"x"}}"#),
        "c"
    );
    assert_eq!(known("/", r#"[{"in":{"token":"x"}}]"#), "");
}

/// X signs a token with the key and in the way in which it signs deliveries.
#[test]
fn the_mac_of_nothing_that_could_be_a_delivery_is_given() {
    let handshakes = json!([{"name": "crc", "signed": false,
        "request": {"method": "GET", "query": {"t": "{{id:a}}"}}, "answer": {"text": "{query:t|hmac}"}}]);
    let definition = load(&acme(&handshakes)).unwrap();
    let count = |token: &str| {
        let mut query = url::form_urlencoded::Serializer::new(String::from("/?"));
        let target = query.append_pair("t", token).finish();
        let request = Request {
            method: "GET".into(),
            ..Request::post(target, Headers::new(), "")
        };
        assert!(is(&definition.handshakes[0], &request), "{token}");
        answers(&definition, &definition.handshakes[0], &request).len()
    };
    for token in [
        "9b4507b3-9040-4669",
        "qgg8vlvZRS6UYooatFL8Aw==",
        &"a".repeat(256),
    ] {
        assert_eq!(count(token), 1, "{token}");
    }
    for body in [
        r#"{"type":"order.paid"}"#,
        "v0:1767225600:a",
        "a b",
        "é",
        "[1]",
        &"a".repeat(257),
    ] {
        assert_eq!(count(body), 0, "{body}");
    }
}

#[test]
fn an_answer_is_judged_by_what_the_provider_looks_at() {
    let judge =
        |answer: Value, status: u16, headers: &[(&'static str, &'static str)], body: &str| {
            let handshakes =
                json!([{"name": "a", "request": {"query": {"t": "{{id:a}}"}}, "answer": answer}]);
            let definition = load(&acme(&handshakes)).unwrap();
            let request = Request::post("/?t=x", Headers::new(), "");
            let all = answers(&definition, &definition.handshakes[0], &request);
            let came = Answer {
                status,
                headers: headers.iter().copied().collect(),
                body: body.to_owned().into(),
            };
            ExpectedAnswer::judge(&all, &came).err()
        };
    let pair = |expected: &str, came: &str| Some([expected.to_owned(), came.to_owned()]);
    let text = json!({"text": "{query:t}"});
    assert_eq!(judge(text.clone(), 202, &[], "x"), None);
    assert_eq!(judge(text.clone(), 404, &[], "x"), pair("200", "404"));
    assert_eq!(judge(text.clone(), 200, &[], "x\n"), pair("`x`", "`x\n`"));
    assert_eq!(judge(text, 200, &[], ""), pair("`x`", "an empty body"));
    let object = json!({"body": {"a": "{query:t}"}});
    assert_eq!(
        judge(object.clone(), 200, &[], r#" {"b": 1, "a": "x"}"#),
        None
    );
    assert_eq!(
        judge(object, 200, &[], r#"{"a":"y"}"#),
        pair(r#"`{"a":"x"}`"#, r#"`{"a":"y"}`"#)
    );
    let plain = json!({"text": "{query:t}", "headers": {"Content-Type": "text/plain"}});
    let kind = "Content-Type";
    assert_eq!(
        judge(
            plain.clone(),
            200,
            &[(kind, "Text/Plain; charset=utf-8")],
            "x"
        ),
        None
    );
    let other = judge(plain.clone(), 200, &[(kind, "text/html")], "x");
    assert_eq!(
        other,
        pair("`Content-Type: text/plain`", "`Content-Type: text/html`")
    );
    assert_eq!(
        judge(plain, 200, &[], "x"),
        pair("`Content-Type: text/plain`", "no `Content-Type`")
    );
    let loose =
        json!({"text": "<Response/>", "exact": false, "headers": {"Content-Type": "text/xml"}});
    assert_eq!(
        judge(
            loose.clone(),
            200,
            &[(kind, "text/xml")],
            "<Response>a</Response>"
        ),
        None
    );
    assert_eq!(judge(loose.clone(), 204, &[], ""), None);
    let other = judge(loose, 200, &[(kind, "application/json")], "{}");
    assert_eq!(
        other,
        pair(
            "`Content-Type: text/xml`",
            "`Content-Type: application/json`"
        )
    );
    let refusal = json!({"status": 404});
    assert_eq!(judge(refusal, 200, &[], ""), pair("404", "200"));
}

#[test]
fn what_is_wrong_with_a_handshake_is_named() {
    let one = |field: &str, value: Value| {
        let mut one = json!({"name": "a", "request": {"query": {"t": "{{id:a}}"}}});
        one[field] = value;
        json!([one])
    };
    for (handshakes, problem) in [
        (
            one("answer", json!({"text": "{query:"})),
            "`{` is not closed in `{query:`",
        ),
        (
            one("answer", json!({"text": "{secret}"})),
            "unknown place `{secret}`, expected `{json:…}`",
        ),
        (
            one("answer", json!({"body": ["{query:t|hmc}"]})),
            "unknown place `{query:t|hmc}`",
        ),
        (
            one("answer", json!({"body": {}, "text": ""})),
            "has a `body` and a `text`",
        ),
        (
            one("answer", json!({"status": 100})),
            "`status` is 100, expected 200 to 599",
        ),
        (
            one("answer", json!({"headers": {"A B": "x"}})),
            "`A B` is no name of a header",
        ),
        (
            one(
                "answer",
                json!({"headers": {"content-type": "text/html"}, "text": "{query:t}"}),
            ),
            "what a request holds is answered as `text/plain` or `application/json` only",
        ),
        (
            one("tell", json!("{query:t|hmac}")),
            "`handshakes[0].tell`: `|hmac` is for answers",
        ),
        (
            one("request", json!({})),
            "`handshakes[0].request`: has no query, header or body",
        ),
        (
            one("request", json!({"method": "A B", "query": {"a": "b"}})),
            "`A B` is no method",
        ),
        (
            one("request", json!({"query": {"t": "{{idd:a}}"}})),
            "unknown placeholder `{{idd:a}}`",
        ),
        (
            one("request", json!({"body": {"a": {"b": "{{x}}"}}})),
            "unknown placeholder `{{x}}`",
        ),
        (
            one("request", json!({"body": {"a": ["{{id:x}}"]}})),
            "`handshakes[0].request`: what it sends is not",
        ),
    ] {
        let error = load(&acme(&handshakes)).expect_err(problem);
        assert!(error.contains(problem), "{error}\n{problem}");
    }
    let mut token = acme(&one("answer", json!({"text": "{query:t|hmac}"})));
    token["signature"] =
        json!({"kind": "token", "header": "X-T", "value": {"parts": ["{secret}"]}});
    let error = load(&token).unwrap_err();
    assert!(
        error.contains("`handshakes[0].answer`: `|hmac` needs a signature"),
        "{error}"
    );
}
