//! Base64 as other programs write it.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// With or without its padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The bytes, whatever white space stands between; `None` where a text is none.
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let is_space = |byte: &&u8| byte.is_ascii_whitespace();
    let text: Vec<u8> = text
        .iter()
        .filter(|byte| !is_space(byte))
        .copied()
        .collect();
    LENIENT.decode(text).ok()
}
