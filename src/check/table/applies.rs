//! To which providers a check applies, as their definitions say.

use crate::provider::Provider;
use crate::signature::{MacEncoding, SchemeKind, ValueSource};

/// Whether a time is signed, and an old one is to be refused.
pub(super) fn signs_time(provider: &Provider) -> bool {
    let scheme = &provider.definition.signature;
    scheme.signs_time() && scheme.tolerance.is_some()
}

/// Whether the signature's text is compared, and is hexadecimal.
pub(super) fn is_hex(provider: &Provider) -> bool {
    let scheme = &provider.definition.signature;
    scheme.digest().is_some() && scheme.encoding == MacEncoding::Hex
}

/// Whether the signature stands in a header.
pub(super) fn is_in_header(provider: &Provider) -> bool {
    provider.definition.signature.header().is_some()
}

/// Whether a time is signed that a body can do without.
pub(super) fn has_time_outside_body(provider: &Provider) -> bool {
    let scheme = &provider.definition.signature;
    let is_in_body = scheme
        .time_source
        .as_ref()
        .is_some_and(ValueSource::is_in_body);
    shows_time(provider) && !is_in_body
}

/// Whether a time is signed that stands beside the signature, and not within it as a token's does, or that of an HTTP message signature.
pub(super) fn shows_time(provider: &Provider) -> bool {
    let scheme = &provider.definition.signature;
    scheme.signs_time() && !scheme.tells_content()
}

/// Whether what is sent proves the body, too, and not the sender alone.
pub(super) fn covers_body(provider: &Provider) -> bool {
    provider.definition.signature.covers_body()
}

/// Whether there is a signature with a secret that both sides have, and not the secret itself.
pub(super) fn is_signed(provider: &Provider) -> bool {
    let scheme = &provider.definition.signature;
    scheme.shares_secret() && scheme.kind != SchemeKind::Token
}

/// Whether what proves is a JSON Web Token.
pub(super) fn is_jwt(provider: &Provider) -> bool {
    provider.definition.signature.jwt().is_some()
}
