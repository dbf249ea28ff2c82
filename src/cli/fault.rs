//! What a receiver owes to each deliberate fault of `send --fault`.

use super::Fault;

impl Fault {
    /// What a correct receiver answers. What the fault does is the value's own help.
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
}
