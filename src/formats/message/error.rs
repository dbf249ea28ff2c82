//! Why a text is no request message.

/// Why a text is no request message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The first line is not `METHOD target HTTP/1.1`.
    #[error("line {0}: no request line such as `POST /path HTTP/1.1`")]
    RequestLine(u64),
    /// A header line without a colon, or whose name is no token.
    #[error("line {line}: `{text}` is no header")]
    Header {
        /// Its number in the file.
        line: u64,
        /// How it begins, with what is not printable escaped.
        text: String,
    },
    /// A `Content-Length` that is no number, or two that differ.
    #[error("line {0}: `Content-Length` is not one number")]
    ContentLength(u64),
    /// Lines that look like those of `curl -v` stand in what follows the headers.
    #[error("line {0}: cannot tell the body from what `curl -v` wrote")]
    Ambiguous(u64),
}
