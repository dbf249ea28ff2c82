//! HTTP message signatures: the published ones, what is refused and why, and that nothing can be changed.

use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use serde_json::{Value, json};
use sfv::{Item, Parser};

use super::super::component::component_value;
use super::super::{Freshness, Key, Scheme, Secret, TemplateValues, secret_of_any, sign, verify};
use super::*;
use crate::delivery::{Headers, Timestamp, Verdict};

/// When the examples of RFC 9421 were signed.
const AT: Timestamp = Timestamp::from_seconds(1_618_884_473);

/// The keys of RFC 9421, appendix B.1.
const RSA_PSS: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2
+QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct+Lh1GH45x28Rw3Ry53mm+
oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHq
gDsznjPFmTOtCEcN2Z1FpWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5W
Utzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4
aOT9v6d+nb4bnNkQVklLQ3fVAvJm+xdDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI
2wIDAQAB
-----END PUBLIC KEY-----";
const P256: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lf
w0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==
-----END PUBLIC KEY-----";
const ED25519: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=
-----END PUBLIC KEY-----";
const ED25519_PRIVATE: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"test-key-ed25519","d":"n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU","x":"JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs"}"#;
const SHARED: &str = r#"{"kty":"oct","kid":"test-shared-secret","k":"uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ"}"#;

/// The examples of appendix B.2 that are of requests: what is covered, the signature, the algorithm and
/// the key.
const EXAMPLES: [[&str; 4]; 5] = [
    [
        r#"();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd""#,
        "d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Udx7zFZsckzXaJMkA7ChG52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVrogUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C8ssinQ98Xw9Q==",
        "rsa-pss-sha512",
        RSA_PSS,
    ],
    [
        r#"("@authority" "content-digest" "@query-param";name="Pet");created=1618884473;keyid="test-key-rsa-pss";tag="header-example""#,
        "LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+ECxCmT8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBSpqfZUJcsIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb0rQl3/XaVe4bXTugEjHSw==",
        "rsa-pss-sha512",
        RSA_PSS,
    ],
    [
        r#"("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss""#,
        "bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768ZrCUb38K0fUxN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FUo5fTIztsDZKEgM4cUA==",
        "rsa-pss-sha512",
        RSA_PSS,
    ],
    [
        r#"("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#,
        "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=",
        "hmac-sha256",
        SHARED,
    ],
    [
        r#"("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519""#,
        "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==",
        "ed25519",
        ED25519,
    ],
];

fn scheme(fields: &Value) -> Scheme {
    let mut scheme =
        json!({"kind": "http-signatures", "components": [], "algorithms": ["ed25519"]});
    for (name, value) in fields.as_object().unwrap() {
        scheme[name] = value.clone();
    }
    serde_json::from_value(scheme).unwrap()
}

fn key(scheme: &Scheme, secret: &str) -> Key {
    Key::new(scheme, &Secret::new("s#1", secret.into())).unwrap()
}

/// The request of appendix B.2.
fn published() -> Request {
    let headers = [
        ("Host", "example.com"),
        ("Date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        ("Content-Type", "application/json"),
        (
            "Content-Digest",
            "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
        ),
        ("Content-Length", "18"),
    ];
    let headers: Headers = headers.into_iter().collect();
    Request::post("/foo?param=Value&Pet=dog", headers, r#"{"hello": "world"}"#)
}

/// The same with a signature.
fn signed_as(input: &str, signature: &str) -> Request {
    let mut request = published();
    request
        .headers
        .set("Signature-Input", format!("sig={input}"));
    request
        .headers
        .set("Signature", format!("sig=:{signature}:"));
    request
}

fn judged(scheme: &Scheme, key: &Key, request: &Request) -> Verdict {
    verify(
        scheme,
        std::slice::from_ref(key),
        request,
        AT,
        Freshness::Documented,
    )
}

#[test]
fn the_published_signatures_are_genuine_and_of_one_algorithm() {
    for [input, signature, algorithm, secret] in EXAMPLES {
        let scheme = scheme(&json!({"algorithms": [algorithm]}));
        let key = key(&scheme, secret);
        let request = signed_as(input, signature);
        assert_eq!(
            judged(&scheme, &key, &request).status,
            Status::Valid,
            "{input}"
        );
        let forged = signed_as(input, &format!("A{}", &signature[1..]));
        assert_eq!(
            judged(&scheme, &key, &forged).status,
            Status::Mismatch,
            "{input}"
        );
        let moved = signed_as(&input.replace("4473", "4474"), signature);
        assert_eq!(
            judged(&scheme, &key, &moved).status,
            Status::Mismatch,
            "{input}"
        );
        // A key is for its algorithm, whatever else would be accepted and whatever a message says.
        for named in ["hmac-sha256", "rsa-v1_5-sha256", "ecdsa-p256-sha256"] {
            let both = super::tests::scheme(&json!({"algorithms": [named, algorithm]}));
            let key = self::key(&both, secret);
            let request = signed_as(&format!("{input};alg=\"{named}\""), signature);
            let status = judged(&both, &key, &request).status;
            assert_eq!(status, Status::Mismatch, "{input} {named}");
        }
    }
}

/// Appendix B.2.4 is of a response, whose status no request has.
#[test]
fn the_published_signature_of_ecdsa_is_genuine() {
    let base = "\"@status\": 200
\"content-type\": application/json
\"content-digest\": sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:
\"content-length\": 23
\"@signature-params\": (\"@status\" \"content-type\" \"content-digest\" \"content-length\");created=1618884473;keyid=\"test-key-ecc-p256\"";
    let signature =
        "wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==";
    let scheme = scheme(&json!({"algorithms": ["ecdsa-p256-sha256"]}));
    let algorithms = &scheme.message().unwrap().algorithms;
    let none = std::collections::BTreeMap::new();
    let keys = KeySet::read(algorithms, &none, scheme.secret(), P256.as_bytes()).unwrap();
    let signature = MacEncoding::Base64.decode(signature).unwrap();
    assert!(keys.verifies((None, None), base.as_bytes(), &signature));
    assert!(!keys.verifies((None, None), &base.as_bytes()[1..], &signature));
}

#[test]
fn what_is_sent_is_the_published_signature_where_the_algorithm_gives_but_one() {
    for ([input, signature, algorithm, _], secret) in
        [(EXAMPLES[3], SHARED), (EXAMPLES[4], ED25519_PRIVATE)]
    {
        let (covered, _) = input.split_once(");").unwrap();
        let covered = covered.trim_start_matches('(').replace('"', "");
        let components: Vec<_> = covered.split(' ').collect();
        let scheme = scheme(&json!({
            "components": components, "label": "sig", "algorithms": [algorithm]
        }));
        let key = key(&scheme, secret);
        let mut request = published();
        sign(&scheme, &key, AT, "", &mut request);
        assert_eq!(request, signed_as(input, signature));
    }
}

fn values(request: &Request) -> TemplateValues<'_> {
    TemplateValues {
        timestamp: "",
        id: "",
        body: &request.body,
        secret: b"",
        request,
    }
}

/// A component, and what the request below has as it; `None` where a signature over it is refused.
const VALUES: &[(&str, Option<&str>)] = &[
    ("\"@method\"", Some("POST")),
    ("\"@authority\"", Some("www.example.com")),
    ("\"@scheme\"", Some("https")),
    ("\"@path\"", Some("/path")),
    ("\"@query-param\";name=\"baz\"", Some("batman")),
    ("\"@query-param\";name=\"qux\"", Some("")),
    (
        "\"@query-param\";name=\"var\"",
        Some("this%20is%20a%20big%0Amultiline%20value"),
    ),
    ("\"@query-param\";name=\"foo\"", None),
    ("\"@query-param\";name=\"other\"", None),
    ("\"@query-param\"", None),
    ("\"x-ows\"", Some("Leading and trailing whitespace.")),
    ("\"x-folded\"", Some("Obsolete line folding.")),
    ("\"cache-control\"", Some("max-age=60, must-revalidate")),
    ("\"x-empty\"", Some("")),
    ("\"x-dictionary\";key=\"a\"", Some("1")),
    ("\"x-dictionary\";key=\"b\"", Some("2;x=1;y=2")),
    ("\"x-dictionary\";key=\"c\"", Some("(a b c)")),
    ("\"x-dictionary\";key=\"d\"", Some("?1")),
    ("\"x-dictionary\";key=\"e\"", None),
    (
        "\"x-bytes\";bs",
        Some(":dmFsdWUsIHdpdGgsIGxvdHM=:, :b2YsIGNvbW1hcw==:"),
    ),
    ("\"content-length\"", Some("4")),
    ("\"x-missing\"", None),
    ("\"x-broken\"", None),
    ("\"x-dictionary\";sf", None),
    ("\"x-ows\";tr", None),
    ("\"x-ows\";req", None),
    ("\"x-ows\";bs;key=\"a\"", None),
    ("\"X-OWS\"", None),
    ("\"@status\"", None),
    ("\"@signature-params\"", None),
    ("\"@method\";req", None),
    ("17", None),
];

/// The examples of RFC 9421, sections 2.1 and 2.2.
#[test]
fn a_component_is_what_the_standard_says() {
    let headers = [
        ("Host", "www.Example.com:443"),
        ("X-OWS", "  Leading and trailing whitespace.   "),
        ("X-Folded", "Obsolete\r\n    line folding."),
        ("Cache-Control", "max-age=60"),
        ("Cache-Control", "   must-revalidate"),
        ("X-Empty", ""),
        ("X-Dictionary", "a=1, b=2;x=1;y=2, c=(a b c), d"),
        ("X-Bytes", "value, with, lots"),
        ("X-Bytes", "of, commas"),
        ("X-Broken", "one\ntwo"),
    ];
    let request = Request {
        origin: Some("https://www.Example.com:443".into()),
        ..Request::post(
            "/path?param=value&foo=bar&baz=batman&qux=&v%61r=this%20is%20a%20big%0Amultiline+value&foo=2",
            headers.into_iter().collect(),
            "four",
        )
    };
    for (component, expected) in VALUES {
        let item = Parser::new(component).parse::<Item>().unwrap();
        let value = component_value(&item, values(&request), false).ok();
        let value = value.map(|value| String::from_utf8(value.into_owned()).unwrap());
        assert_eq!(value.as_deref(), *expected, "{component}");
    }
    let query = Parser::new("\"@query\"").parse::<Item>().unwrap();
    for (target, expected) in [("/p", "?"), ("/p?", "?"), ("/p?a=%62", "?a=%62")] {
        let request = Request::post(target, Headers::new(), "");
        let value = component_value(&query, values(&request), true).unwrap();
        assert_eq!(value, expected.as_bytes());
    }
}

/// An origin, a target, and the URL and the host that they are in the normal form.
const URLS: &[(&str, &str, &str, &str)] = &[
    (
        "HTTPS://seller.example.com",
        "/adcp",
        "https://seller.example.com/adcp",
        "seller.example.com",
    ),
    (
        "https://Seller.Example.COM",
        "/p",
        "https://seller.example.com/p",
        "seller.example.com",
    ),
    (
        "https://example.com.",
        "/p",
        "https://example.com/p",
        "example.com",
    ),
    (
        "https://example.com.:8443",
        "/p",
        "https://example.com:8443/p",
        "example.com:8443",
    ),
    (
        "https://[2001:DB8::1]",
        "/p",
        "https://[2001:db8::1]/p",
        "[2001:db8::1]",
    ),
    (
        "https://[::1]:8443",
        "/p",
        "https://[::1]:8443/p",
        "[::1]:8443",
    ),
    (
        "https://user:pass@s.example",
        "/p",
        "https://s.example/p",
        "s.example",
    ),
    (
        "http://s.example:80",
        "/p",
        "http://s.example/p",
        "s.example",
    ),
    (
        "https://s.example",
        "/adcp/./buy",
        "https://s.example/adcp/buy",
        "s.example",
    ),
    (
        "https://s.example",
        "/a/b/../c",
        "https://s.example/a/c",
        "s.example",
    ),
    (
        "https://s.example",
        "/a//b",
        "https://s.example/a//b",
        "s.example",
    ),
    (
        "https://s.example",
        "/a/.//b",
        "https://s.example/a//b",
        "s.example",
    ),
    (
        "https://s.example",
        "/a//../b",
        "https://s.example/a/b",
        "s.example",
    ),
    (
        "https://s.example",
        "?x=1",
        "https://s.example/?x=1",
        "s.example",
    ),
    (
        "https://s.example",
        "/path%2fhere",
        "https://s.example/path%2Fhere",
        "s.example",
    ),
    (
        "https://s.example",
        "/a%3Ab%3Fc",
        "https://s.example/a%3Ab%3Fc",
        "s.example",
    ),
    (
        "https://s.example",
        "/%7Efoo",
        "https://s.example/~foo",
        "s.example",
    ),
    (
        "https://s.example",
        "/%41%42C",
        "https://s.example/ABC",
        "s.example",
    ),
    (
        "https://s.example",
        "/p?b=2&a=1&c=3",
        "https://s.example/p?b=2&a=1&c=3",
        "s.example",
    ),
    (
        "https://s.example",
        "/p?x=a+b",
        "https://s.example/p?x=a+b",
        "s.example",
    ),
    (
        "https://s.example",
        "/p?",
        "https://s.example/p?",
        "s.example",
    ),
];

/// Facts of adcontextprotocol/adcp, static/compliance/source/test-vectors/request-signing,
/// canonicalization.json.
#[test]
fn a_url_in_its_normal_form_is_one_for_all_ways_to_write_it() {
    for (origin, target, uri, authority) in URLS {
        let request = Request {
            origin: Some((*origin).into()),
            ..Request::post(*target, Headers::new(), "")
        };
        for (component, expected) in [("\"@target-uri\"", *uri), ("\"@authority\"", *authority)] {
            let item = Parser::new(component).parse::<Item>().unwrap();
            let value = component_value(&item, values(&request), true).unwrap();
            assert_eq!(
                String::from_utf8_lossy(&value),
                expected,
                "{origin}{target}"
            );
        }
    }
    for origin in [
        "https://example.com..",
        "https://example..com",
        "https://:443",
        "https://user@",
        "https://[::1",
        "https://fe80::1",
        "https://b\u{fc}cher.example",
    ] {
        let request = Request {
            origin: Some(origin.into()),
            ..Request::post("/p", Headers::new(), "")
        };
        let item = Parser::new("\"@target-uri\"").parse::<Item>().unwrap();
        assert!(
            component_value(&item, values(&request), true).is_err(),
            "{origin}"
        );
    }
}

/// What of a right signature is changed, to what, and what is told.
const LACKS: &[(&str, &str, &str)] = &[
    (r#""@method" "#, "", "does not cover \"@method\""),
    (
        r#" "content-digest""#,
        "",
        "does not cover \"content-digest\"",
    ),
    (
        r#""@method" "#,
        r#""@method" "@method" "#,
        "covers `\"@method\"` twice",
    ),
    (
        r#""@method" "#,
        r#""@method" "@status" "#,
        "`\"@status\"` is not supported",
    ),
    (
        r#""@method" "#,
        r#""@method" "x-none" "#,
        "no `x-none` header",
    ),
    (";created=1618884473", "", "no parameter `created`"),
    (
        ";created=1618884473",
        ";created=\"1\"",
        "`created` of the signature is of another type",
    ),
    (
        ";created=1618884473",
        ";created=-1",
        "`created` of the signature is of another type",
    ),
    (";expires=1618884500", "", "no parameter `expires`"),
    (
        ";expires=1618884500",
        ";expires=1618884473",
        "ends before it begins",
    ),
    (
        ";expires=1618884500",
        ";expires=1618884534",
        "good for 61 s, longer than 60 s",
    ),
    (";nonce=\"n\"", "", "no parameter `nonce`"),
    (
        ";nonce=\"n\"",
        ";nonce=n",
        "`nonce` of the signature is of another type",
    ),
    (";keyid=\"k\"", "", "no parameter `keyid`"),
    (
        ";keyid=\"k\"",
        ";keyid=k",
        "`keyid` of the signature is of another type",
    ),
    (";alg=\"ed25519\"", "", "no parameter `alg`"),
    (
        ";alg=\"ed25519\"",
        ";alg=\"hmac-sha256\"",
        "by `hmac-sha256`, accepted is ed25519",
    ),
    (
        ";alg=\"ed25519\"",
        ";alg=\"none\"",
        "by `none`, accepted is ed25519",
    ),
    (";tag=\"t\"", ";tag=\"u\"", "no signature with the tag `t`"),
    (";tag=\"t\"", "", "no signature with the tag `t`"),
];

/// A signature that could be right but does not say or cover what it has to is refused, with the reason.
#[test]
fn what_a_signature_lacks_is_told() {
    let scheme = scheme(&json!({
        "components": ["@method", "content-digest"], "parameters": ["nonce", "keyid", "alg"],
        "tag": "t", "lifetime_seconds": 60
    }));
    let key = key(&scheme, ED25519);
    let all = r#"("@method" "content-digest");created=1618884473;expires=1618884500;keyid="k";nonce="n";alg="ed25519";tag="t""#;
    let reason = |input: &str, signature: &str| {
        let mut request = published();
        request.headers.set("Signature-Input", input.to_owned());
        request.headers.set("Signature", signature.to_owned());
        let verdict = judged(&scheme, &key, &request);
        assert_ne!(verdict.status, Status::Valid);
        (verdict.status, verdict.reason.unwrap_or_default())
    };
    let right = reason(&format!("sig1={all}"), "sig1=:AAAA:");
    assert_eq!(right.0, Status::Mismatch, "{right:?}");
    for (change, to, expected) in LACKS {
        let changed = all.replacen(change, to, 1);
        assert_ne!(changed, all, "{change}");
        let (status, found) = reason(&format!("sig1={changed}"), "sig1=:AAAA:");
        assert!(
            status == Status::Malformed && found.contains(expected),
            "{expected}: {found}"
        );
    }
    for (input, signature, expected) in [
        ("no-list".into(), "sig1=:AAAA:", "no signature with the tag"),
        ("sig1".into(), "sig1=:AAAA:", "no signature with the tag"),
        ("sig1=(\"a".into(), "sig1=:AAAA:", "no dictionary"),
        (format!("sig1={all}"), "sig2=:AAAA:", "no bytes as `sig1`"),
        (format!("sig1={all}"), "sig1=\"AAAA\"", "no bytes as `sig1`"),
        (format!("sig1={all}"), "sig1=::", "no bytes as `sig1`"),
        (format!("sig1={all}"), "sig1=:AA-_:", "no dictionary"),
        (
            format!("sig1={all}"),
            "sig1=:AAAA:, sig1=:AAAA:",
            "a member twice",
        ),
        (
            format!("sig1={all}, sig1={all}"),
            "sig1=:AAAA:",
            "a member twice",
        ),
        (
            format!("sig1={all}, sig2={all}"),
            "sig1=:AAAA:",
            "several signatures",
        ),
    ] {
        let (status, found) = reason(&input, signature);
        assert!(
            status == Status::Malformed && found.contains(expected),
            "{expected}: {found}"
        );
    }
    let mut request = published();
    assert_eq!(judged(&scheme, &key, &request).status, Status::Missing);
    request.headers.set("Signature", "sig1=:AAAA:".to_owned());
    assert_eq!(judged(&scheme, &key, &request).status, Status::Malformed);
}

#[test]
fn bytes_in_the_alphabet_of_urls_are_read_where_they_are_documented_and_never_mixed() {
    let scheme = scheme(&json!({"components": ["@method"], "encoding": "base64url"}));
    let key = key(&scheme, ED25519_PRIVATE);
    let mut request = published();
    sign(&scheme, &key, AT, "", &mut request);
    let sent = request.headers.text("Signature").unwrap().to_owned();
    assert!(
        !sent.contains(['+', '/']) && sent.matches('=').count() == 1,
        "{sent}"
    );
    assert_eq!(judged(&scheme, &key, &request).status, Status::Valid);
    for mixed in [
        "sig1=:A+B-:",
        "sig1=:A/B_:",
        "sig1=:AB-=:",
        "sig1=\":A+B-:\"",
    ] {
        request.headers.set("Signature", mixed.to_owned());
        assert_eq!(
            judged(&scheme, &key, &request).status,
            Status::Malformed,
            "{mixed}"
        );
    }
}

/// A key that is published for something else, or says nothing of what for, is none.
#[test]
fn a_key_for_something_else_is_no_key() {
    let scheme = scheme(&json!({"key_members": {"adcp_use": ["request-signing"]}}));
    let jwk = json!({
        "kty": "OKP", "crv": "Ed25519", "x": "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs",
        "kid": "k", "alg": "EdDSA", "use": "sig", "key_ops": ["verify"], "adcp_use": "request-signing"
    });
    let is_key = |jwk: &Value| {
        let secret = Secret::new("s#1", jwk.to_string().into_bytes());
        Key::new(&scheme, &secret).is_ok()
    };
    assert!(is_key(&jwk));
    for (member, value) in [
        ("adcp_use", json!("response-signing")),
        ("adcp_use", Value::Null),
        ("key_ops", json!(["sign"])),
        ("use", json!("enc")),
        ("alg", json!("ES256")),
        ("crv", json!("P-256")),
        ("kty", json!("EC")),
    ] {
        let mut other = jwk.clone();
        other[member] = value;
        assert!(!is_key(&other), "{other}");
    }
}

const COMPONENTS: [&str; 12] = [
    "@method",
    "@target-uri",
    "@authority",
    "@scheme",
    "@request-target",
    "@path",
    "@query",
    "@query-param;name=\"id\"",
    "content-type",
    "x-dictionary;key=\"b\"",
    "x-bytes;bs",
    "content-digest",
];

/// A request with all of them, and its body.
fn request(body: Vec<u8>) -> Request {
    let headers = [
        ("Host", "shop.example"),
        ("Content-Type", "application/json"),
        ("X-Dictionary", "a=1, b=\"two\""),
        ("X-Bytes", "one"),
    ];
    Request::post("/hooks/%7e?id=4&a=b", headers.into_iter().collect(), body)
}

/// What can be changed on the way, each covered by one of the components or by the signature itself.
fn changed(mut request: Request, what: &str, place: Index) -> Request {
    let flip = |text: &str, keep: &[char]| {
        let mut bytes = text.as_bytes().to_vec();
        let places: Vec<_> = text
            .char_indices()
            .filter(|(_, c)| !keep.contains(c))
            .map(|(at, _)| at)
            .collect();
        let at = places[place.index(places.len())];
        bytes[at] = if bytes[at] == b'1' { b'2' } else { b'1' };
        String::from_utf8(bytes).unwrap()
    };
    match what {
        "body" => {
            let mut body = request.body.to_vec();
            if body.is_empty() {
                body.push(0);
            } else {
                let at = place.index(body.len());
                body[at] ^= 1;
            }
            request.body = body.into();
        }
        "@method" => request.method = "PUT".into(),
        "@target-uri" | "@request-target" => request.target.push('1'),
        "@query" => request.target.push_str("&1"),
        "@path" => request.target = format!("/1{}", request.target),
        "@query-param;name=\"id\"" => request.target = request.target.replace("id=4", "id=5"),
        "@authority" => request.headers.set("Host", "other.example".to_owned()),
        "@scheme" => request.origin = Some("https://shop.example".into()),
        "x-dictionary;key=\"b\"" => request
            .headers
            .set("X-Dictionary", "a=1, b=\"three\"".to_owned()),
        "x-bytes;bs" => request.headers.push("X-Bytes", "two"),
        "content-type" => request.headers.set("Content-Type", "text/plain".to_owned()),
        // What stands in a header, or its place among others, is all covered.
        header => {
            let text = request.headers.text(header).unwrap();
            let text = flip(text, &[]);
            request.headers.set(header, text);
        }
    }
    request
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_is_signed_verifies_and_nothing_of_it_can_be_changed(
        components in subsequence(COMPONENTS.to_vec(), 1..12).prop_shuffle(),
        algorithm in select(vec!["hmac-sha256", "ed25519", "ecdsa-p256-sha256", "rsa-pss-sha512", "rsa-v1_5-sha256"]),
        digest in select(vec!["sha256", "sha512"]),
        encoding in select(vec!["base64", "base64url"]),
        normalize in any::<bool>(),
        body in prop::collection::vec(any::<u8>(), 0..80),
        place in any::<Index>(),
        which in any::<Index>(),
    ) {
        let scheme = scheme(&json!({
            "components": components, "algorithms": [algorithm], "digest": digest,
            "encoding": encoding, "normalize_url": normalize, "tag": "a tag",
            "lifetime_seconds": 300, "parameters": ["nonce", "keyid", "alg"]
        }));
        let secret = secret_of_any(&scheme, "00112233445566778899aabbccddeeff");
        let key = Key::new(&scheme, &Secret::new("s#1", secret)).unwrap();
        let mut request = request(body);
        sign(&scheme, &key, AT, "id", &mut request);
        let verdict = judged(&scheme, &key, &request);
        prop_assert_eq!(verdict.status, Status::Valid, "{:?}", verdict);
        let covers_body = components.contains(&"content-digest");
        prop_assert_eq!(verdict.notes.is_empty(), covers_body);

        let mut changes = components.clone();
        changes.push("Signature-Input");
        if covers_body {
            changes.push("body");
        }
        let change = changes[which.index(changes.len())];
        let forged = changed(request.clone(), change, place);
        prop_assert_ne!(judged(&scheme, &key, &forged).status, Status::Valid, "{}", change);

        // Any bit of the signature.
        let parsed = scheme.message().unwrap().read(&request).unwrap();
        let mut bytes = parsed.bytes;
        let at = place.index(bytes.len());
        bytes[at] ^= 1 << which.index(8);
        let forged = format!("sig1=:{}:", scheme.encoding.encode(&bytes));
        request.headers.set("Signature", forged);
        prop_assert_eq!(judged(&scheme, &key, &request).status, Status::Mismatch);
    }

    /// Whatever stands in the fields, nothing panics and nothing is proven.
    #[test]
    fn no_text_that_is_not_signed_is_a_proof(
        input in prop_oneof!["\\PC{0,60}", "sig1=\\(( ?\"[@a-z-]{1,12}\"(;[a-z]{1,3}(=\"?[a-z0-9]{0,3}\"?)?)?){0,4}\\)(;created=[0-9]{1,12})?(;[a-z]{1,5}=[-a-z0-9\"]{0,9}){0,3}"],
        signature in prop_oneof!["\\PC{0,60}", "sig1=:[A-Za-z0-9+/_=-]{0,90}:"],
        digest in prop_oneof!["\\PC{0,60}", "sha-(256|512)=:[A-Za-z0-9+/=]{0,90}:"],
    ) {
        let scheme = scheme(&json!({"encoding": "base64url"}));
        let key = key(&scheme, ED25519);
        let mut request = request(b"x".to_vec());
        request.headers.set("Signature-Input", input);
        request.headers.set("Signature", signature);
        request.headers.set("Content-Digest", digest);
        prop_assert_ne!(judged(&scheme, &key, &request).status, Status::Valid);
    }
}
