//! A signing secret that cannot be printed.

use secrecy::{ExposeSecret, SecretSlice};

/// The prefix of secrets that Stripe, Svix and the documented providers use.
pub const USUAL_PREFIX: &[u8] = b"whsec_";

/// The bytes that two parties share, with the place they came from.
///
/// `Debug` prints the label and `[REDACTED]`; the bytes are wiped when dropped.
#[derive(Debug, Clone)]
pub struct Secret {
    label: String,
    bytes: SecretSlice<u8>,
    derives: bool,
}

impl Secret {
    /// A secret; `label` is what people may see of it, such as `olympus#1`.
    pub fn new(label: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self {
            label: label.into(),
            bytes: bytes.into(),
            derives: false,
        }
    }

    /// The same, from which the key pairs of schemes follow that have some: two who share it understand
    /// each other under those, too.
    #[must_use]
    pub fn deriving(mut self) -> Self {
        self.derives = true;
        self
    }

    /// Whether key pairs follow from it.
    pub(super) const fn derives(&self) -> bool {
        self.derives
    }

    /// The same as one of several, which people see as `olympus#2`.
    #[must_use]
    pub fn numbered(&self, number: usize) -> Self {
        Self {
            label: format!("{}#{number}", self.label),
            bytes: self.bytes.clone(),
            derives: self.derives,
        }
    }

    /// What people may see of it.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The bytes, for the key derivation alone.
    pub(super) fn expose(&self) -> &[u8] {
        self.bytes.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_text_never_holds_the_bytes() {
        let secret = Secret::new("olympus#1", b"whsec_hunter2".to_vec());
        let text = format!("{secret:?}");
        assert!(
            text.contains("olympus#1") && !text.contains("hunter2"),
            "{text}"
        );
    }
}
