//! The check of a request whose body comes in pieces, so that it need not be held.

use super::running::Running;
use super::verify::{best_match, verdict_of, with_age};
use super::{Freshness, Key, ParsedSignature, Scheme, TemplateValues, read};
use crate::delivery::{Request, Status, Timestamp, Verdict};

/// A check under way; it ends in the verdict that [`verify`](super::verify()) gives of the whole.
pub struct StreamVerifier<'a> {
    scheme: &'a Scheme,
    request: &'a Request,
    parsed: Result<ParsedSignature<'a>, (Status, String)>,
    /// The MAC under way of each key; none where the body cannot pass by in one go.
    running: Vec<(&'a Key, Running)>,
    keyless: bool,
}

impl<'a> StreamVerifier<'a> {
    /// Begins the check of a request, whose own body is none. Of several signatures on it, the one that
    /// decides is judged alone, which is `asked` for or the first.
    pub fn start(
        scheme: &'a Scheme,
        keys: &'a [Key],
        request: &'a Request,
        asked: Option<&str>,
    ) -> Self {
        let place = scheme.deciding(request, asked);
        let scheme = scheme.all().nth(place).unwrap_or(scheme);
        let keys: Vec<_> = keys.iter().filter_map(|key| key.at(place)).collect();
        let parsed = read(scheme, request);
        let running = match &parsed {
            Ok(parsed) => begin(scheme, &keys, parsed.values(request, b"")),
            Err(_) => Vec::new(),
        };
        Self {
            scheme,
            request,
            parsed,
            running,
            keyless: keys.is_empty(),
        }
    }

    /// Takes the next piece of the body.
    pub fn update(&mut self, piece: &[u8]) {
        for (_, mac) in &mut self.running {
            mac.update(piece);
        }
    }

    /// Ends the body and judges the request at the moment `now`.
    pub fn finish(self, now: Timestamp, freshness: Freshness) -> Verdict {
        let Some((_, after)) = self.scheme.around_body() else {
            return Verdict::new(Status::Unverified)
                .because("this scheme cannot be checked over a body of this size");
        };
        let parsed = match self.parsed {
            Ok(parsed) => parsed,
            Err((status, reason)) => return Verdict::new(status).because(reason),
        };
        let values = parsed.values(self.request, b"");
        let matches = self.running.into_iter().filter_map(|(key, mut mac)| {
            for piece in after {
                mac.update(&piece.bytes(key.known_to(values)));
            }
            Some((key, mac.find(&parsed.macs)?))
        });
        let best = best_match(matches);
        let verdict = verdict_of(self.scheme, self.keyless, best, &parsed);
        with_age(self.scheme, &parsed, verdict, now, freshness)
    }
}

/// The MAC of each key over what is signed before the body.
fn begin<'a>(
    scheme: &Scheme,
    keys: &[&'a Key],
    values: TemplateValues<'_>,
) -> Vec<(&'a Key, Running)> {
    let Some((before, _)) = scheme.around_body() else {
        return Vec::new();
    };
    let begun = |key: &'a Key| {
        let mut mac = key.start();
        let values = key.known_to(values);
        for piece in before {
            mac.update(&piece.bytes(values));
        }
        (key, mac)
    };
    keys.iter().copied().map(begun).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::{Secret, sign, verify};
    use super::*;
    use crate::delivery::Headers;
    use crate::delivery::Request;

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

    proptest! {
        #[test]
        fn a_body_in_pieces_gets_the_verdict_of_the_whole(
            body in prop::collection::vec(any::<u8>(), 0..300),
            size in 1..40_usize,
            signer in 0..2_usize,
            changed in any::<bool>(),
            now in 900..1_500_i64,
            template in prop::sample::select(vec!["{timestamp}.{body}", "{body}", "a{body}:{timestamp}"]),
        ) {
            let scheme = scheme(template);
            let keys = keys(&scheme);
            let mut request = signed(&scheme, &keys[signer], 1_000, &body);
            if changed {
                request.body = [&body[..], b"x"].concat().into();
            }
            let now = Timestamp::from_seconds(now);
            let whole = verify(&scheme, &keys, &request, now, Freshness::Documented);
            let mut check = StreamVerifier::start(&scheme, &keys, &request, None);
            for piece in request.body.chunks(size) {
                check.update(piece);
            }
            prop_assert_eq!(check.finish(now, Freshness::Documented), whole);
        }
    }

    #[test]
    fn a_body_that_is_signed_twice_cannot_be_checked_in_pieces() {
        let scheme = scheme("{body}{body}");
        let keys = keys(&scheme);
        let request = signed(&scheme, &keys[0], 1_000, b"x");
        let mut check = StreamVerifier::start(&scheme, &keys, &request, None);
        check.update(b"x");
        let verdict = check.finish(Timestamp::from_seconds(1_000), Freshness::Documented);
        assert_eq!(verdict.status, Status::Unverified);
    }
}
