//! Answers that are given whatever comes, to exercise whoever sends.

use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;

use super::recent::Recent;
use crate::delivery::duration;
use crate::http::{NO_ANSWER, Reply};
use crate::json::is_json;

/// One answer of a script: `503`, `50%=503`, `delay=2s`, `reset`, or two with `+` between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptStep {
    /// How many of a hundred deliveries it is for; the others are answered as without a script.
    pub percent: u8,
    /// How long to wait before the answer.
    pub delay: Duration,
    /// The status; `None` answers as without a script, 0 resets the connection.
    pub status: Option<u16>,
    /// The body; `None` for the usual one.
    pub body: Option<Bytes>,
}

impl Default for ScriptStep {
    fn default() -> Self {
        Self {
            percent: 100,
            delay: Duration::ZERO,
            status: None,
            body: None,
        }
    }
}

impl ScriptStep {
    /// The answer; `None` for the one without a script. No stranger needs to know that it is scripted.
    pub(super) fn reply(&self, is_from_owner: bool) -> Option<Reply> {
        let status = self.status?;
        let body = self.body.clone();
        Some(body.map_or_else(
            || {
                let mut body = json!({"received": true});
                if is_from_owner {
                    body["scripted"] = status.into();
                }
                Reply::json(status, body.to_string())
            },
            |body| {
                let is_json = is_json(&body);
                let reply = Reply {
                    body,
                    ..Reply::empty(status)
                };
                if is_json {
                    return reply.with("Content-Type", "application/json");
                }
                reply
            },
        ))
    }
}

/// Steps as they are typed, with commas between them; a body goes to the end of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script(pub Vec<ScriptStep>);

impl FromStr for Script {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (steps, body) = match text.split_once(':') {
            Some((steps, body)) => (steps, Some(Bytes::copy_from_slice(body.as_bytes()))),
            None => (text, None),
        };
        let steps = steps.split(',').map(step);
        let mut steps = steps.collect::<Result<Vec<_>, _>>()?;
        if let (Some(last), Some(body)) = (steps.last_mut(), body) {
            if last.status.is_none_or(|status| status == NO_ANSWER) {
                return Err(format!("`{text}`: a body needs a status before it"));
            }
            last.body = Some(body);
        }
        Ok(Self(steps))
    }
}

fn step(text: &str) -> Result<ScriptStep, String> {
    let mut step = ScriptStep::default();
    let mut rest = text.trim();
    if let Some((percent, answer)) = rest.split_once("%=") {
        let percent = percent.parse().ok().filter(|percent| *percent <= 100);
        step.percent = percent.ok_or_else(|| unknown(text))?;
        rest = answer;
    }
    for part in rest.split('+') {
        match part.strip_prefix("delay=") {
            Some(span) => step.delay = duration::parse(span).ok_or_else(|| unknown(text))?,
            None if part == "reset" => step.status = Some(NO_ANSWER),
            None => step.status = Some(status(part).ok_or_else(|| unknown(text))?),
        }
    }
    Ok(step)
}

fn status(text: &str) -> Option<u16> {
    let status = text.parse().ok()?;
    (200..600).contains(&status).then_some(status)
}

fn unknown(text: &str) -> String {
    format!("`{text}` is not an answer such as `500`, `50%=503`, `delay=2s` or `201:@body.json`")
}

/// Tells each delivery's step.
pub(super) struct Prompter {
    steps: Vec<ScriptStep>,
    /// How far the script was walked, by event id.
    walked: Mutex<Recent<usize>>,
    chance: Mutex<StdRng>,
}

impl Prompter {
    pub(super) fn new(steps: Vec<ScriptStep>, seed: u64) -> Self {
        Self {
            steps,
            walked: Mutex::default(),
            chance: Mutex::new(StdRng::seed_from_u64(seed)),
        }
    }

    /// The next step of an event; the default one answers as without a script.
    pub(super) fn next(&self, event_id: Option<&str>) -> ScriptStep {
        let Some(last) = self.steps.len().checked_sub(1) else {
            return ScriptStep::default();
        };
        let at = {
            let mut walked = lock(&self.walked);
            let key = walked.key(event_id.unwrap_or_default());
            let at = walked.get(key).copied().unwrap_or_default();
            walked.insert(key, (at + 1).min(last));
            at
        };
        let step = self.steps.get(at).cloned().unwrap_or_default();
        let is_meant =
            step.percent >= 100 || lock(&self.chance).random_range(0..100) < step.percent;
        if is_meant {
            step
        } else {
            ScriptStep::default()
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<ScriptStep>, String> {
        text.parse().map(|Script(steps)| steps)
    }

    #[test]
    fn steps_are_read_and_a_body_goes_to_the_end() {
        let of = |status| ScriptStep {
            status: Some(status),
            ..ScriptStep::default()
        };
        assert_eq!(read("500,503"), Ok(vec![of(500), of(503)]));
        let half = ScriptStep {
            percent: 50,
            ..of(503)
        };
        let late = ScriptStep {
            delay: Duration::from_secs(2),
            ..ScriptStep::default()
        };
        let steps = vec![half, late.clone(), of(NO_ANSWER)];
        assert_eq!(read("50%=503, delay=2s, reset"), Ok(steps));
        let both = ScriptStep {
            status: Some(503),
            ..late
        };
        assert_eq!(read("delay=2s+503"), Ok(vec![both]));
        let bodied = ScriptStep {
            body: Some(r#"{"a":1,"b":2}"#.into()),
            ..of(201)
        };
        assert_eq!(read(r#"500,201:{"a":1,"b":2}"#), Ok(vec![of(500), bodied]));
    }

    #[test]
    fn what_is_no_answer_is_shown() {
        for text in [
            "",
            "x",
            "99",
            "600",
            "101%=500",
            "-1%=500",
            "%=500",
            "delay=",
            "delay=x",
            "500,",
            "+",
            "delay=1s:x",
            "reset:x",
            ":x",
            "50%=",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
