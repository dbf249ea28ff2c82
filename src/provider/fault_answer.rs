//! What a correct receiver answers to a fault.

use super::Fault;
use crate::delivery::{is_refusal, is_success};

impl Fault {
    /// What a correct receiver answers.
    ///
    /// The refusals are 401 because the handlers in the providers' documentation answer 401. The
    /// faults in the header's form ask for "not 500": the documented handlers that compare with
    /// `timingSafeEqual` throw on a signature of another length.
    pub const fn expected(self) -> &'static str {
        match self {
            Self::WrongSecret => "401",
            Self::TamperedBody => "401: the signature is over other bytes",
            Self::Stale => {
                "401 where the provider signs a time; elsewhere a signature does not age"
            }
            Self::Future => {
                "2xx, as documented receivers reject only the past; 401 if it is strict"
            }
            Self::MissingSignature
            | Self::MalformedSignature
            | Self::WrongPrefix
            | Self::Truncated => "401, not 500",
            Self::Reserialized => {
                "401; 2xx shows that it verifies what it parsed, not what it received"
            }
            Self::Duplicate => "2xx to both, and handles the event once",
        }
    }

    /// Whether a correct receiver answers so.
    pub const fn is_answered_rightly(self, status: u16) -> bool {
        match self {
            Self::Duplicate => is_success(status),
            Self::Future => is_success(status) || is_refusal(status),
            _ => is_refusal(status),
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;

    #[test]
    fn a_forgery_is_refused_and_what_is_genuine_is_taken() {
        let right = |fault: Fault| {
            let statuses = [200, 302, 400, 401, 403, 404, 422, 429, 500, 503].into_iter();
            let right = statuses.filter(|status| fault.is_answered_rightly(*status));
            right.collect::<Vec<_>>()
        };
        for &fault in Fault::VARIANTS {
            let expected = match fault {
                Fault::Duplicate => &[200][..],
                Fault::Future => &[200, 400, 401, 403, 422],
                _ => &[400, 401, 403, 422],
            };
            assert_eq!(right(fault), expected, "{fault}");
        }
    }
}
