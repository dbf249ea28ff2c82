//! The one check: is this request proved by one of these keys, and is it fresh?

use super::{Fields, Key, Presented, Scheme, Tolerance, Unreadable, read};
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
    Within(u64),
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
    let mut verdict = judge(scheme, keys, &request.body, &presented);
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

fn refuse(unreadable: Unreadable) -> Verdict {
    match unreadable {
        Unreadable::Missing(header) => {
            Verdict::new(Status::Missing).because(format!("no `{header}` header"))
        }
        Unreadable::Malformed(reason) => Verdict::new(Status::Malformed).because(reason),
    }
}

fn judge(scheme: &Scheme, keys: &[Key], body: &[u8], presented: &Presented<'_>) -> Verdict {
    if keys.is_empty() {
        return Verdict::new(Status::Unverified).because("no secret to check with");
    }
    let fields = Fields {
        timestamp: presented.timestamp.unwrap_or_default(),
        id: presented.id.unwrap_or_default(),
        body,
        signature: "",
    };
    let matched = keys
        .iter()
        .find(|key| key.matches(&scheme.signed, fields, &presented.macs));
    let Some(key) = matched else {
        return Verdict::new(Status::Mismatch)
            .because("the signature was not made with this secret over these bytes");
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
        Freshness::Within(seconds) => Some(Tolerance {
            past_seconds: seconds,
            future_seconds: documented.and_then(|tolerance| tolerance.future_seconds),
        }),
        Freshness::Ignored => None,
    }
}

fn clamp(age: i128) -> i64 {
    i64::try_from(age).unwrap_or(if age < 0 { i64::MIN } else { i64::MAX })
}
