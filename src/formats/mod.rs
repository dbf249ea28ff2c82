//! Forms in which other programs write a request: HAR, raw HTTP messages, curl lines.
