//! What a check of a handler found.

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

/// How grave a finding is, the gravest first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, IntoStaticStr,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Severity {
    /// A forged delivery is taken for genuine.
    Forgery,
    /// A genuine delivery is refused, or counted wrongly.
    Loss,
    /// The receiver fails with a 5xx or drops the connection.
    Crash,
    /// It may be intended.
    Warning,
}

impl Severity {
    /// The name in JSON, in the log and in reports.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckOutcome {
    /// What came back is what was expected.
    Pass,
    /// It is not, and that may be intended.
    Warn,
    /// It is not.
    Fail,
    /// What came back decides nothing.
    Open,
    /// The check could not run.
    Skip,
}

/// What one check found; serialises as the fields of its line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The check's id; of a check of an event, with the event's name.
    pub id: String,
    /// The part of the id before the slash.
    pub group: &'static str,
    /// The check's own severity, or that of what is wrong.
    pub severity: Severity,
    /// How the check ended.
    pub outcome: CheckOutcome,
    /// What was sent, in a few words.
    pub sent: &'static str,
    /// The event that was sent.
    pub event: String,
    /// How many requests were sent.
    pub requests: usize,
    /// The status that shows it.
    pub status: Option<u16>,
    /// What is wrong, or why nothing was checked.
    pub reason: Option<String>,
    /// How long the check took.
    pub duration_ms: f64,
    /// The delivery in the log that shows it.
    pub delivery_id: Option<String>,
    /// Its attempt.
    pub attempt_id: Option<String>,
    /// What there is to say where something is wrong.
    #[serde(flatten)]
    pub advice: Option<Advice>,
}

/// What there is to say of something that is wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Advice {
    /// The kind of fault in a few words: `accepts forged deliveries`.
    #[serde(skip)]
    pub kind: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// How it is fixed.
    pub fix: &'static str,
    /// The line of the provider's published handler that has this fault.
    pub habit: Option<HandlerLine>,
    /// How the request is sent again.
    pub reproduce: String,
    /// The command that sends it again from the log, where it is kept.
    #[serde(skip)]
    pub kept: Option<String>,
    /// The first line of the answer, where it is text.
    #[serde(skip)]
    pub answer: Option<String>,
}

/// A line of a published handler, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HandlerLine {
    /// The line.
    pub line: String,
    /// What is wrong with it.
    pub fault: String,
}
