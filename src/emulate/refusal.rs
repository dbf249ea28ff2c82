//! Why a call of the API is refused.

/// What is wrong with a call, for programs and for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ApiRefusal {
    /// The status that answers it.
    pub status: u16,
    /// What is wrong, in a word: `unknown_event`.
    pub code: &'static str,
    /// What is wrong, in a line.
    pub message: String,
    /// What to do about it, where that is known.
    pub hint: Option<String>,
}

impl ApiRefusal {
    /// What is wrong, as this status.
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            hint: None,
        }
    }

    /// Of a body or a parameter that is understood and cannot be used: 422.
    pub fn unusable(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(422, code, message)
    }

    /// Of an id that nothing has: 404.
    pub fn unknown(what: &str, id: &str) -> Self {
        let id = id.escape_debug();
        Self::new(404, "not_found", format!("there is no {what} `{id}`"))
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }
}

impl From<crate::store::StoreError> for ApiRefusal {
    fn from(error: crate::store::StoreError) -> Self {
        Self::new(503, "state_unavailable", error.to_string())
    }
}
