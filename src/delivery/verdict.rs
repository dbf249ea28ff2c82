//! What the check of a signature said.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// The outcome of a check, in the order of the documentation; only [`Status::Valid`] means that the
/// delivery is genuine.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[strum(serialize_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The MAC is right and fresh.
    Valid,
    /// A well-formed signature that none of the secrets makes.
    Mismatch,
    /// The MAC is right, the time is not.
    Stale,
    /// No signature header.
    Missing,
    /// A signature header that cannot be read.
    Malformed,
    /// No secret to check with, or no provider known.
    Unverified,
}

impl Status {
    /// The name in JSON, in the log and in reports.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether the MAC is right, however old it is.
    pub const fn is_proven(self) -> bool {
        matches!(self, Self::Valid | Self::Stale)
    }

    /// Whether there is a signature, and it is wrong.
    pub const fn is_wrong(self) -> bool {
        matches!(self, Self::Mismatch | Self::Malformed)
    }

    /// Whether a delivery counts as one of its event: nothing that may be forged takes the place of a
    /// genuine one, unless nobody can tell.
    pub const fn is_counted(self) -> bool {
        self.is_proven() || matches!(self, Self::Unverified)
    }
}

/// A status with its grounds. Never holds a secret or the MAC that was expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The outcome.
    pub status: Status,
    /// The form of the signature that was read, such as `t,v1` or `sha256`.
    pub scheme: Option<String>,
    /// Which secret matched, by its place: `olympus#1`.
    pub secret: Option<String>,
    /// Time of the check minus the signed timestamp; negative for the future.
    pub age_seconds: Option<i64>,
    /// The proven cause of a wrong signature as a stable name, such as `trailing-newline-added`.
    pub cause: Option<String>,
    /// What is wrong, in a line.
    pub reason: Option<String>,
    /// What to do about it, in a line.
    pub hint: Option<String>,
    /// What else was noticed.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Every signature, where the request carries several; one of them decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<JudgedSignature>,
}

/// One of several signatures on a request, and what it is worth by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgedSignature {
    /// The header that it stands in, or the field or the path.
    pub at: String,
    /// The outcome.
    pub status: Status,
}

impl Verdict {
    /// A verdict with nothing but its status.
    pub const fn new(status: Status) -> Self {
        Self {
            status,
            scheme: None,
            secret: None,
            age_seconds: None,
            cause: None,
            reason: None,
            hint: None,
            notes: Vec::new(),
            signatures: Vec::new(),
        }
    }

    /// The same with a reason.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// The same with a hint.
    #[must_use]
    pub fn hinting(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Whether the delivery is genuine.
    pub fn is_valid(&self) -> bool {
        self.status == Status::Valid
    }
}

/// A place in a payload that is not as its event is described.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Misfit {
    /// The path in the body, as `--set` takes it; empty for the whole.
    pub path: String,
    /// What the description wants there.
    pub expected: String,
    /// What stands there.
    pub found: String,
}

/// For people, within a sentence.
impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str("the body")?,
            path => write!(f, "`{path}`")?,
        }
        write!(f, " is {}, described is {}", self.found, self.expected)
    }
}

/// What the check of one capture found; serialises as the fields of its line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// The id that the capture's writer gave it.
    pub id: Option<String>,
    /// The provider's name.
    pub provider: Option<String>,
    /// The event's name.
    pub event: Option<String>,
    /// The provider's id of the event.
    pub event_id: Option<String>,
    /// Whether it is genuine.
    pub verdict: Verdict,
    /// What stands out in the payload, such as an unknown event.
    pub observations: Vec<String>,
    /// Where the payload is not as its event is described, which stands among the observations, too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub misfits: Vec<Misfit>,
    /// How long the check took.
    #[serde(skip)]
    pub time: Duration,
}

impl Verification {
    /// Whether there is more to say of it than that it is valid.
    pub fn stands_out(&self) -> bool {
        let verdict = &self.verdict;
        !verdict.is_valid() || !verdict.notes.is_empty() || !self.observations.is_empty()
    }
}
