//! What the doctor says of a mistake.

/// A proven cause: with this mistake undone, the signature is reproduced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// A stable name, such as `trailing-newline-added`.
    pub cause: &'static str,
    /// What happened, in a line.
    pub reason: String,
    /// What to do, in a line.
    pub hint: String,
}

/// A cause: its stable name, what happened, and what to do. `{}` in the reason is for a detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cause {
    /// The name in JSON, kebab-case; a contract.
    pub(super) name: &'static str,
    pub(super) reason: &'static str,
    pub(super) hint: &'static str,
}

impl Cause {
    /// The diagnosis, for a cause whose reason has no place for a detail.
    pub(super) fn found(self) -> Diagnosis {
        self.found_in("")
    }

    /// The diagnosis with its detail, which must hold neither a secret nor a MAC.
    pub(super) fn found_in(self, detail: &str) -> Diagnosis {
        Diagnosis {
            cause: self.name,
            reason: self.reason.replacen("{}", detail, 1),
            hint: self.hint.into(),
        }
    }
}

impl Diagnosis {
    /// Both of two causes that were proven together, under the name of the first.
    pub(super) fn and(self, other: &Self) -> Self {
        Self {
            cause: self.cause,
            reason: format!("two mistakes at once: {}; {}", self.reason, other.reason),
            hint: format!("{}; {}", self.hint, other.hint),
        }
    }
}
