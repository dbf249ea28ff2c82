//! What may stand in an HTTP message (RFC 9110 and 9112).

/// A request that no HTTP/1.x message can carry: a method or header name that is no token, a target
/// with white space, a value with a line end or NUL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{part} cannot be written in an HTTP message: `{text}`")]
pub struct Unwritable {
    /// `method`, `target` or `header`.
    pub part: &'static str,
    /// What it is, or the header's name, with what is not printable escaped.
    pub text: String,
}

impl Unwritable {
    /// Passes what may be a field (RFC 9110, section 5).
    pub(super) fn check_field(name: &str, value: &[u8]) -> Result<(), Self> {
        let bare = !value.iter().any(|b| matches!(b, b'\r' | b'\n' | 0));
        Self::check(is_token(name) && bare, "header", name)
    }

    /// Passes what may stand in a request line (RFC 9112, section 3).
    pub(super) fn check_line(method: &str, target: &str) -> Result<(), Self> {
        Self::check(is_token(method), "method", method)?;
        let plain = |c: char| !c.is_whitespace() && !c.is_control();
        Self::check(
            !target.is_empty() && target.chars().all(plain),
            "target",
            target,
        )
    }

    fn check(fits: bool, part: &'static str, text: &str) -> Result<(), Self> {
        let error = || Self {
            part,
            text: text.escape_debug().to_string(),
        };
        fits.then_some(()).ok_or_else(error)
    }
}

/// Whether a text may be a method or a field's name (RFC 9110, section 5.6.2).
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}
