//! What is said of answers to handshakes, and of answers in which a provider looks at more than the status.

/// Of the answer to a handshake of this name: that it is the documented one, or what that is and what came.
pub fn handshake_remark(provider: &str, name: &str, judged: &Result<(), [String; 2]>) -> String {
    match judged {
        Ok(()) => format!("the answer to `{name}` that {provider} documents"),
        Err([expected, came]) => {
            format!("the handshake `{name}` of {provider} fails: expected {expected}, got {came}")
        }
    }
}

/// Of the answer to a delivery with the right status, what else the provider wants.
pub fn answer_remark(provider: &str, [expected, came]: &[String; 2]) -> String {
    format!("{provider} takes this answer for a failure: expected {expected}, got {came}")
}
