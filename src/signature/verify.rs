//! The one check: is this request proved by one of these keys, and is it fresh?

use super::{Key, Presented, Scheme, Tolerance, Unreadable, read};
use crate::delivery::{Request, Status, Timestamp, Verdict};

/// How the signed time is judged.
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

/// Judges `request` under `scheme` with `keys`, at the moment `now`.
///
/// The MAC is judged before the time, so that `stale` says: genuine, but late.
pub fn verify(
    scheme: &Scheme,
    keys: &[Key],
    request: &Request,
    now: Timestamp,
    freshness: Freshness,
) -> Verdict {
    let presented = match read(scheme, &request.headers) {
        Ok(presented) => presented,
        Err(unreadable) => return refuse(unreadable),
    };
    let fields = presented.fields(&request.body);
    let matched = keys
        .iter()
        .find(|key| key.matches(&scheme.signed, fields, &presented.macs));
    let verdict = judge(keys.is_empty(), matched, &presented);
    with_age(scheme, &presented, verdict, now, freshness)
}

/// The verdict with the age of the signed time, judged, and the note of the layout.
pub(super) fn with_age(
    scheme: &Scheme,
    presented: &Presented<'_>,
    mut verdict: Verdict,
    now: Timestamp,
    freshness: Freshness,
) -> Verdict {
    verdict.scheme = Some(presented.layout.clone());
    if let Some(timestamp) = presented.timestamp {
        judge_age(scheme, timestamp, now, freshness, &mut verdict);
    }
    if let Some(note) = presented
        .note
        .filter(|_| verdict.status != Status::Mismatch)
    {
        verdict.notes.push(note.into());
    }
    verdict
}

/// The verdict on headers that present nothing to check.
pub(super) fn refuse(unreadable: Unreadable) -> Verdict {
    match unreadable {
        Unreadable::Missing(header) => {
            Verdict::new(Status::Missing).because(format!("no `{header}` header"))
        }
        Unreadable::Malformed(reason) => Verdict::new(Status::Malformed).because(reason),
    }
}

/// The verdict on the MAC alone; `matched` is the key that makes it.
pub(super) fn judge(keyless: bool, matched: Option<&Key>, presented: &Presented<'_>) -> Verdict {
    if keyless {
        return Verdict::new(Status::Unverified).because("no secret to check with");
    }
    let Some(key) = matched else {
        return Verdict::new(Status::Mismatch)
            .because("the signature was not made with this secret over these bytes")
            .hinting("compare the secret with the sender's, and the bytes with what was sent: a proxy or framework may have rewritten them");
    };
    let mut verdict = Verdict::new(Status::Valid);
    if presented.upper_case {
        verdict = Verdict::new(Status::Mismatch)
            .because("the signature is right but in upper-case hex")
            .hinting("send lower-case hex: documented receivers compare the text");
        verdict.cause = Some("upper-case-hex".into());
    }
    verdict.secret = Some(key.label().into());
    verdict
}

fn judge_age(
    scheme: &Scheme,
    timestamp: &str,
    now: Timestamp,
    freshness: Freshness,
    verdict: &mut Verdict,
) {
    // At most 19 digits, so an i128 holds the number and the difference.
    let age = i128::from(now.seconds()) - timestamp.parse::<i128>().unwrap_or_default();
    verdict.age_seconds = Some(clamp(age));
    let Some(Tolerance {
        past_seconds,
        future_seconds,
    }) = tolerance(scheme.tolerance, freshness)
    else {
        return;
    };
    if verdict.status != Status::Valid {
        return;
    }
    if age > i128::from(past_seconds) {
        verdict.status = Status::Stale;
        verdict.reason = Some(format!(
            "the signature is right but {age} s old, more than {past_seconds} s"
        ));
        verdict.hint =
            Some("check the clock, or replay with a fresh signature: `webhook replay`".into());
    } else if future_seconds.is_some_and(|limit| -age > i128::from(limit)) {
        verdict.status = Status::Stale;
        verdict.reason = Some(format!(
            "the signature is right but {} s in the future",
            -age
        ));
        verdict.hint = Some("check the clocks of both machines".into());
    } else if -age > i128::from(past_seconds) {
        verdict.notes.push(format!(
            "signed {} s in the future: documented receivers accept that, `--strict` does not",
            -age
        ));
    }
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
    use serde_json::json;

    use super::super::{Secret, Signed, sign};
    use super::*;

    fn scheme(signed: &str) -> Scheme {
        serde_json::from_value(json!({
            "kind": "hmac", "header": "X-S", "signed": signed, "digest": "sha256", "encoding": "hex",
            "value": {"parts": ["t={timestamp}", "v1={signature}"], "separator": ","},
            "tolerance": {"past_seconds": 300}
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
        let headers = sign(scheme, key, Signed { at, id: "", body });
        Request::post("/", headers, body.to_vec())
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
}
