//! The one check: is this request proved by one of these keys, and is it fresh?

use super::jwt::WebToken;
use super::{Key, MacEncoding, ParsedMac, ParsedSignature, Scheme, Tolerance, read};
use crate::delivery::{JudgedSignature, Request, Status, Timestamp, Verdict};

/// How the signed time is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Freshness {
    /// As the provider documents it.
    #[default]
    Documented,
    /// As documented, and what lies as far in the future is refused too.
    Strict,
    /// No more than so many seconds old.
    Within {
        /// The greatest age in seconds.
        seconds: u64,
        /// Whether what lies as far in the future is refused too.
        strict: bool,
    },
    /// Not at all.
    Ignored,
}

/// Verifies `request` under `scheme` with `keys`, at the moment `now`. Where it carries several
/// signatures, the first of the scheme's that is there decides.
pub fn verify(
    scheme: &Scheme,
    keys: &[Key],
    request: &Request,
    now: Timestamp,
    freshness: Freshness,
) -> Verdict {
    let decides = scheme.deciding(request, None);
    verify_by(decides, scheme, keys, request, (now, freshness))
}

/// The same where the scheme at the place `decides` of [`Scheme::all`] does: every other signature that
/// is there is judged and told, too.
pub fn verify_by(
    decides: usize,
    scheme: &Scheme,
    keys: &[Key],
    request: &Request,
    (now, freshness): (Timestamp, Freshness),
) -> Verdict {
    let judge = |place, one| {
        let keys = keys.iter().filter_map(|key| key.at(place));
        verify_one(one, keys, request, now, freshness)
    };
    let mut verdict = judge(decides, scheme.all().nth(decides).unwrap_or(scheme));
    if scheme.also_signed.is_empty() {
        return verdict;
    }
    let mut signatures = Vec::new();
    for (place, one) in scheme.all().enumerate() {
        let is_other = place != decides;
        let status = if is_other {
            judge(place, one).status
        } else {
            verdict.status
        };
        if is_other && status == Status::Missing {
            continue;
        }
        let at = one.proof.name().into_owned();
        if status.is_proven() != verdict.status.is_proven() {
            let is = if status.is_proven() {
                "right"
            } else {
                "not right"
            };
            verdict
                .notes
                .push(format!("the signature in `{at}` beside it is {is}"));
        }
        signatures.push(JudgedSignature { at, status });
    }
    if signatures.len() > 1 {
        verdict.signatures = signatures;
    }
    verdict
}

/// The MAC is verified before the time, so that `stale` says: genuine, but late.
fn verify_one<'k>(
    scheme: &Scheme,
    keys: impl Iterator<Item = &'k Key>,
    request: &Request,
    now: Timestamp,
    freshness: Freshness,
) -> Verdict {
    let parsed = match read(scheme, request) {
        Ok(parsed) => parsed,
        Err((status, reason)) => return Verdict::new(status).because(reason),
    };
    let values = parsed.values(request, &request.body);
    let mut keys = keys.peekable();
    let keyless = keys.peek().is_none();
    let matches =
        keys.filter_map(|key| Some((key, key.find(&scheme.signed, values, &parsed.macs)?)));
    let best = best_match(matches);
    let verdict = verdict_of(scheme, keyless, best, &parsed);
    with_age(scheme, &parsed, verdict, now, freshness)
}

/// The first match whose MAC is written as documented, else the first.
pub(super) fn best_match<'m>(
    mut matches: impl Iterator<Item = (&'m Key, &'m ParsedMac<'m>)>,
) -> Option<(&'m Key, &'m ParsedMac<'m>)> {
    let first = matches.next()?;
    if !first.1.other_case {
        return Some(first);
    }
    Some(matches.find(|(_, mac)| !mac.other_case).unwrap_or(first))
}

/// The verdict on the MACs alone; `matched` is the best that a key makes.
pub(super) fn verdict_of(
    scheme: &Scheme,
    keyless: bool,
    matched: Option<(&Key, &ParsedMac<'_>)>,
    parsed: &ParsedSignature<'_>,
) -> Verdict {
    let mut verdict = match matched {
        _ if keyless => Verdict::new(Status::Unverified).because("no secret to check with"),
        None => Verdict::new(Status::Mismatch)
            .because("the signature was not made with this secret over these bytes")
            .hinting("compare the secret with the sender's, and the bytes with what was sent: a proxy or framework may have rewritten them"),
        Some((_, mac)) if mac.other_case => {
            let (right, wrong) = match scheme.encoding {
                MacEncoding::HexUpper => ("upper", "lower"),
                _ => ("lower", "upper"),
            };
            let mut verdict = Verdict::new(Status::Mismatch)
                .because(format!("the signature is right but in {wrong}-case hex"))
                .hinting(format!("send {right}-case hex: documented receivers compare the text"));
            verdict.cause = Some(format!("{wrong}-case-hex"));
            verdict
        }
        Some(_) => Verdict::new(Status::Valid),
    };
    if verdict.status == Status::Valid && !scheme.covers_body() {
        verdict.notes.push(UNCOVERED.into());
    }
    verdict.secret = matched.map(|(key, _)| key.label().into());
    // What none of the keys makes is told by the one that stands first.
    if let Some(mac) = matched.map(|(_, mac)| mac).or(parsed.macs.first()) {
        verdict.scheme = Some(mac.layout.name(scheme.encoding));
        if let Some(note) = mac.note.filter(|_| verdict.status != Status::Mismatch) {
            verdict.notes.push(note.into());
        }
    }
    verdict
}

/// The verdict with the age of the signed time, and what it comes to where the MAC is right.
pub(super) fn with_age(
    scheme: &Scheme,
    parsed: &ParsedSignature<'_>,
    mut verdict: Verdict,
    now: Timestamp,
    freshness: Freshness,
) -> Verdict {
    if verdict.status == Status::Valid
        && freshness != Freshness::Ignored
        && let Some(reason) = parsed.token(scheme).and_then(|token| outside(&token, now))
    {
        verdict.status = Status::Stale;
        verdict = verdict
            .because(reason)
            .hinting("check the clocks of both machines, or send a fresh token");
    }
    if verdict.status == Status::Valid
        && freshness != Freshness::Ignored
        && let Some(ago) = parsed
            .expires
            .map(|until| now.seconds().saturating_sub(until))
        && ago > leeway(scheme)
    {
        verdict.status = Status::Stale;
        verdict = verdict
            .because(format!("the signature is right but expired {ago} s ago"))
            .hinting("check the clocks of both machines, or replay it with a fresh signature: `webhook replay ID`");
    }
    let Some(timestamp) = parsed.timestamp.as_deref() else {
        return verdict;
    };
    let unit = scheme.time_unit;
    let age = i128::from(now.seconds()) - unit.seconds(timestamp);
    verdict.age_seconds = Some(clamp(age));
    let is_judged = verdict.status == Status::Valid && freshness != Freshness::Ignored;
    if let Some(meant) = unit.mistaken_for(timestamp).filter(|_| is_judged) {
        verdict.status = Status::Stale;
        return verdict
            .because(format!(
                "the signature is right but its time is in {meant}, not in {unit}"
            ))
            .hinting(format!("sign the time in {unit}{CLOCKS}"));
    }
    match tolerance(scheme.tolerance, freshness) {
        Some(tolerance) if verdict.status == Status::Valid => aged(verdict, age, tolerance),
        _ => verdict,
    }
}

/// How many seconds the clocks of two machines may differ where a token says since when or until when it
/// is good.
const LEEWAY: f64 = 10.0;

/// The same of a signature: as much as it may be early, which is for the clocks, too.
fn leeway(scheme: &Scheme) -> i64 {
    let early = scheme
        .tolerance
        .and_then(|tolerance| tolerance.future_seconds);
    early.map_or(10, |early| i64::try_from(early).unwrap_or(i64::MAX).max(10))
}

/// Why a token is not good now, where it is not.
fn outside(token: &WebToken<'_>, now: Timestamp) -> Option<String> {
    #[allow(clippy::cast_precision_loss)] // A number of seconds has far fewer digits.
    let now = now.seconds() as f64;
    let (since, until) = token.validity();
    if let Some(until) = until.filter(|until| now > until + LEEWAY) {
        return Some(format!(
            "the token is right but expired {} s ago",
            now - until
        ));
    }
    let since = since.filter(|since| now < since - LEEWAY)?;
    Some(format!(
        "the token is right but good only in {} s",
        since - now
    ))
}

/// Said of what is genuine under a scheme that proves the sender alone.
const UNCOVERED: &str = "the body is not covered: what is signed proves who sent it, not what";
/// What the common clocks tell.
const CLOCKS: &str = ": `Date.now()` and `currentTimeMillis()` give milliseconds, `time()` seconds";

/// What a right signature that is so many seconds old is worth.
fn aged(mut verdict: Verdict, age: i128, tolerance: Tolerance) -> Verdict {
    let past = i128::from(tolerance.past_seconds);
    let (reason, hint) = if age > past {
        (
            format!("the signature is right but {age} s old, more than {past} s"),
            "check the clock, or replay it with a fresh signature: `webhook replay ID`",
        )
    } else if tolerance
        .future_seconds
        .is_some_and(|limit| -age > i128::from(limit))
    {
        (
            format!("the signature is right but {} s in the future", -age),
            "check the clocks of both machines",
        )
    } else {
        if -age > past {
            verdict.notes.push(format!(
                "signed {} s in the future: documented receivers accept that, `--strict` does not",
                -age
            ));
        }
        return verdict;
    };
    verdict.status = Status::Stale;
    verdict.because(reason).hinting(hint)
}

fn tolerance(documented: Option<Tolerance>, freshness: Freshness) -> Option<Tolerance> {
    match freshness {
        Freshness::Documented => documented,
        Freshness::Strict => documented.map(|tolerance| Tolerance {
            future_seconds: tolerance.future_seconds.or(Some(tolerance.past_seconds)),
            ..tolerance
        }),
        Freshness::Within { seconds, strict } => Some(Tolerance {
            past_seconds: seconds,
            future_seconds: if strict {
                Some(seconds)
            } else {
                documented.and_then(|tolerance| tolerance.future_seconds)
            },
        }),
        Freshness::Ignored => None,
    }
}

fn clamp(age: i128) -> i64 {
    i64::try_from(age).unwrap_or(if age < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;
    use serde_json::json;

    use super::super::{Secret, StreamVerifier, mac_text, sign};
    use super::*;
    use crate::delivery::Headers;

    fn scheme(signed: &str) -> Scheme {
        serde_json::from_value(json!({
            "kind": "hmac", "header": "X-S", "signed": signed, "digest": "sha256", "encoding": "hex",
            "value": {"parts": ["t={timestamp}", "v1={signature}"], "separator": ","},
            "tolerance": signed.contains("{timestamp}").then(|| json!({"past_seconds": 300}))
        }))
        .unwrap()
    }

    fn keys(scheme: &Scheme) -> Vec<Key> {
        let secrets = ["one", "two"].map(|text| Secret::new(text, text.into()));
        let keys = secrets.iter().map(|secret| Key::new(scheme, secret));
        keys.collect::<Result<_, _>>().unwrap()
    }

    fn signed(scheme: &Scheme, key: &Key, at: i64, body: &[u8]) -> Request {
        let at = Timestamp::from_seconds(at);
        let mut request = Request::post("/", Headers::new(), body.to_vec());
        sign(scheme, key, at, "", &mut request);
        request
    }

    #[test]
    fn a_tolerance_that_is_strict_holds_for_the_future_too() {
        let scheme = scheme("{timestamp}.{body}");
        let keys = keys(&scheme);
        let request = signed(&scheme, &keys[0], 1_000, b"x");
        let status = |now, strict| {
            let freshness = Freshness::Within {
                seconds: 60,
                strict,
            };
            verify(
                &scheme,
                &keys,
                &request,
                Timestamp::from_seconds(now),
                freshness,
            )
            .status
        };
        assert_eq!(status(1_060, true), Status::Valid);
        assert_eq!(status(1_061, false), Status::Stale);
        assert_eq!(status(939, false), Status::Valid);
        assert_eq!(status(940, true), Status::Valid);
        assert_eq!(status(939, true), Status::Stale);
    }

    /// A scheme whose signatures stand in any order, some in a layout that is accepted beside the
    /// documented one, and the labels of both.
    fn rotating(encoding: &str) -> (Scheme, [&'static str; 2]) {
        let scheme = json!({
            "kind": "hmac", "header": "X-S", "signed": "{timestamp}.{body}", "digest": "sha256",
            "encoding": encoding,
            "value": {
                "parts": ["t={timestamp}", "v1={signature}"], "separator": ",", "reading": "any-order"
            },
            "also_accepted": [{
                "value": {
                    "parts": ["t={timestamp}", "hmac:{signature}"], "separator": ",",
                    "reading": "any-order"
                },
                "note": "labelled as of old"
            }],
        });
        (serde_json::from_value(scheme).unwrap(), ["v1=", "hmac:"])
    }

    /// Parts that are no right signature: those of others, in any case and length, and any text.
    fn junk(labels: [&'static str; 2]) -> impl Strategy<Value = String> {
        let labels = select([&labels[..], &["v0=", ""]].concat());
        let texts = prop_oneof![
            "[0-9a-f]{64}",
            "[0-9A-F]{64}",
            "[0-9a-fA-F]{64}",
            "[0-9a-f]{0,80}",
            "[A-Za-z0-9+/]{43}=",
            "[ -+.-~]{0,50}",
        ];
        let part = (labels, texts).prop_map(|(label, text)| format!("{label}{text}"));
        part.prop_filter("a time is no signature", |part| !part.starts_with("t="))
    }

    proptest! {
        #[test]
        fn one_right_signature_is_enough_whatever_stands_beside_it(
            (scheme, label, others) in select(vec!["hex", "base64"]).prop_flat_map(|encoding| {
                let (scheme, labels) = rotating(encoding);
                let others = prop::collection::vec(junk(labels), 0..6);
                (Just(scheme), select(labels.to_vec()), others)
            }),
            place in any::<prop::sample::Index>(),
            time_place in any::<prop::sample::Index>(),
            signer in 0..2_usize,
            also_in_other_case in any::<bool>(),
        ) {
            let keys = keys(&scheme);
            let mac = mac_text(&scheme, &keys[signer], "1000", "", &Request::post("/", Headers::new(), "x"));
            let mut parts = others;
            parts.insert(place.index(parts.len() + 1), format!("{label}{mac}"));
            if also_in_other_case {
                parts.insert(0, format!("{label}{}", mac.to_uppercase()));
            }
            parts.insert(time_place.index(parts.len() + 1), "t=1000".into());
            let mut request = Request::post("/", Headers::new(), "x");
            request.headers.push("X-S", parts.join(","));

            let now = Timestamp::from_seconds(1_000);
            let verdict = verify(&scheme, &keys, &request, now, Freshness::Documented);
            prop_assert_eq!(verdict.status, Status::Valid, "{:?}", verdict);
            prop_assert_eq!(verdict.secret.as_deref(), Some(keys[signer].label()));
            prop_assert_eq!(verdict.notes.len(), usize::from(label == "hmac:"));
            let mut passing = StreamVerifier::start(&scheme, &keys, &request, None);
            passing.update(b"x");
            prop_assert_eq!(passing.finish(now, Freshness::Documented), verdict);
        }

        #[test]
        fn a_right_signature_in_other_case_is_named_whatever_stands_beside_it(
            others in prop::collection::vec(junk(rotating("hex").1), 0..6),
            place in any::<prop::sample::Index>(),
        ) {
            let (scheme, [label, _]) = rotating("hex");
            let keys = keys(&scheme);
            let mac = mac_text(&scheme, &keys[0], "1000", "", &Request::post("/", Headers::new(), "x")).to_uppercase();
            let mut parts = others;
            parts.insert(place.index(parts.len() + 1), format!("{label}{mac}"));
            parts.insert(0, "t=1000".into());
            let mut request = Request::post("/", Headers::new(), "x");
            request.headers.push("X-S", parts.join(","));
            let now = Timestamp::from_seconds(1_000);
            let verdict = verify(&scheme, &keys, &request, now, Freshness::Documented);
            prop_assert_eq!(verdict.cause.as_deref(), Some("upper-case-hex"));
        }
    }
}
