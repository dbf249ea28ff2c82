//! A story that is played: events in order, with pace, about the same things.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use super::EventRequest;
use crate::delivery::{did_you_mean, duration};
use crate::json::{Path, TypedJson};
use crate::provider::Provider;

/// A story, read.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Whose events it tells, where it says so.
    pub provider: Option<String>,
    /// Its events, each with how long after the begin it happens.
    pub events: Vec<EventRequest>,
}

/// Why a text is no scenario.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ScenarioError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
    /// What to do about it, where that is known.
    pub hint: Option<String>,
}

/// A scenario as it stands in its file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScenarioForm {
    provider: Option<Spanned<String>>,
    step: Vec<StepForm>,
}

/// One event of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepForm {
    event: Spanned<String>,
    /// Those of one story have the same ids.
    story: Option<String>,
    /// How long after the step before.
    after: Option<Spanned<String>>,
    data: Option<Value>,
    #[serde(default)]
    set: BTreeMap<Spanned<String>, Value>,
}

impl ScenarioError {
    /// At a place of the text.
    fn at(text: &str, span: Option<Range<usize>>, message: impl Into<String>) -> Self {
        let start = span.map_or(0, |span| span.start);
        let before = text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message: message.into(),
            hint: None,
        }
    }
}

impl Scenario {
    /// Reads the text of a scenario.
    pub fn read(text: &str) -> Result<Self, ScenarioError> {
        let form: ScenarioForm = toml::from_str(text).map_err(|error: toml::de::Error| {
            // The library's own text shows the line as well.
            let message = error.message().lines().collect::<Vec<_>>().join("; ");
            ScenarioError::at(text, error.span(), message)
        })?;
        let mut after = Duration::ZERO;
        let event = |step: StepForm| {
            let span = |typed: &Spanned<String>| {
                duration::parse(typed.get_ref()).ok_or_else(|| {
                    let message = format!(
                        "`{}` is not a span such as `30s`, `5m` or `1h30m`",
                        typed.get_ref().escape_debug()
                    );
                    ScenarioError::at(text, Some(typed.span()), message)
                })
            };
            after += step.after.as_ref().map_or(Ok(Duration::ZERO), span)?;
            let set = |(path, value): (Spanned<String>, Value)| {
                let parsed: Result<Path, _> = path.get_ref().parse();
                let path = parsed.map_err(|error: crate::json::PathError| {
                    ScenarioError::at(text, Some(path.span()), error.to_string())
                })?;
                Ok((path, TypedJson::from(value)))
            };
            Ok(EventRequest {
                event: step.event.into_inner(),
                data: step.data.map(TypedJson::from),
                set: step.set.into_iter().map(set).collect::<Result<_, _>>()?,
                story: Some(step.story.unwrap_or_else(|| "scenario".into())),
                after,
            })
        };
        Ok(Self {
            provider: form.provider.map(Spanned::into_inner),
            events: form.step.into_iter().map(event).collect::<Result<_, _>>()?,
        })
    }

    /// Fails where it tells of another provider's events, or of one that the provider does not have.
    pub fn check(text: &str, provider: &Provider) -> Result<(), ScenarioError> {
        let Ok(form) = toml::from_str::<ScenarioForm>(text) else {
            return Ok(());
        };
        if let Some(name) = form
            .provider
            .filter(|name| name.get_ref() != provider.name())
        {
            let message = format!(
                "it is a story of `{}`, and `{}` is played",
                name.get_ref().escape_debug(),
                provider.name()
            );
            return Err(ScenarioError::at(text, Some(name.span()), message));
        }
        let mut steps = form.step.iter().filter(|step| step.data.is_none());
        let unknown = steps.find(|step| !provider.has_event(step.event.get_ref()));
        unknown.map_or(Ok(()), |step| {
            let event = step.event.get_ref();
            let message = format!(
                "`{}` has no event `{}`",
                provider.name(),
                event.escape_debug()
            );
            Err(ScenarioError {
                hint: did_you_mean(event, provider.event_names()),
                ..ScenarioError::at(text, Some(step.event.span()), message)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Catalogue;

    const STORY: &str = r#"
provider = "olympus"

[[step]]
event = "order.created"
story = "table 4"
set = { "data.total" = 84.5 }

[[step]]
event = "order.sent"
story = "table 4"
after = "2m"

[[step]]
event = "order.ready"
after = "1m30s"
"#;

    #[test]
    fn steps_come_one_after_the_other() {
        let scenario = Scenario::read(STORY).unwrap();
        let seconds: Vec<_> = scenario
            .events
            .iter()
            .map(|it| it.after.as_secs())
            .collect();
        assert_eq!(seconds, [0, 120, 210]);
        assert_eq!(scenario.events[0].story, scenario.events[1].story);
        assert_ne!(scenario.events[1].story, scenario.events[2].story);
        assert_eq!(scenario.events[0].set.len(), 1);
        let catalogue = Catalogue::builtin();
        Scenario::check(STORY, catalogue.get("olympus").unwrap()).unwrap();
        let other = Scenario::check(STORY, catalogue.get("cimplify").unwrap()).unwrap_err();
        assert_eq!((other.line, other.column), (2, 12), "{other}");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (wrong, right, line, column, message) in [
            ("evnt = ", "event = ", 5, 1, "unknown field `evnt`"),
            ("\"2 minutes\"", "\"2m\"", 12, 9, "is not a span"),
            ("\"data[\"", "\"data.total\"", 7, 9, "data["),
            (
                "provider = 7",
                "provider = \"olympus\"",
                2,
                12,
                "invalid type",
            ),
        ] {
            let text = STORY.replacen(right, wrong, 1);
            let error = Scenario::read(&text).unwrap_err();
            assert_eq!((error.line, error.column), (line, column), "{error}");
            assert!(error.message.contains(message), "{error}");
        }
        let text = STORY.replace("order.ready", "order.redy");
        let catalogue = Catalogue::builtin();
        let error = Scenario::check(&text, catalogue.get("olympus").unwrap()).unwrap_err();
        assert_eq!((error.line, error.column), (15, 9), "{error}");
        assert_eq!(error.hint.as_deref(), Some("did you mean `order.ready`?"));
    }
}
