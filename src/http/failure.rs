//! Why there is no answer, in one line.

use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::CertificateError;

use super::Target;
use crate::delivery::{Failure, FailureKind};

/// What is said of a certificate that nobody vouches for.
const UNTRUSTED: &str = "its certificate is signed by nobody that this machine trusts";

/// The failure behind an error of a client, found by walking its sources.
pub(super) fn classify(error: &(dyn Error + 'static), target: &Target) -> Failure {
    let certificate = chain(error).find_map(|cause| refused(cause.downcast_ref()?));
    let cause = certificate.map_or_else(|| innermost(error), str::to_owned);
    failure(kind_of(error), &cause, target)
}

/// Why a server's certificate is refused, where that is common.
fn refused(error: &rustls::Error) -> Option<&'static str> {
    let rustls::Error::InvalidCertificate(error) = error else {
        return None;
    };
    Some(match error {
        CertificateError::UnknownIssuer => UNTRUSTED,
        // A certificate that signs itself, as `openssl req -x509` makes it.
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            UNTRUSTED
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for other names"
        }
        _ => return None,
    })
}

/// The failure to find an address of the target.
pub(super) fn no_address(error: &io::Error, target: &Target) -> Failure {
    failure(FailureKind::Dns, &innermost(error), target)
}

fn failure(kind: FailureKind, cause: &str, target: &Target) -> Failure {
    let (place, host) = (target.authority(), target.host_name());
    let message = match kind {
        FailureKind::Refused => format!("nothing listens on `{place}`"),
        FailureKind::Timeout => format!("`{place}` did not take the connection in time"),
        FailureKind::Dns if cause.contains("Temporary failure") => {
            format!("cannot look up `{host}` just now")
        }
        FailureKind::Dns => format!("cannot resolve `{host}`"),
        FailureKind::Tls => format!("no TLS connection to `{place}`: {cause}"),
        FailureKind::Reset => {
            format!("`{place}` closed the connection before its answer was complete")
        }
        FailureKind::Protocol => format!("the answer from `{place}` is not HTTP: {cause}"),
        FailureKind::TooLarge | FailureKind::Other => format!("cannot send to `{place}`: {cause}"),
    };
    Failure { kind, message }
}

/// What comes of `exchange`, or the failure of one that takes longer than `limit`.
pub(super) async fn within<T>(
    limit: Option<Duration>,
    target: &Target,
    exchange: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    match limit {
        None => exchange.await,
        Some(limit) => tokio::time::timeout(limit, exchange)
            .await
            .unwrap_or_else(|_| Err(timed_out(limit, target))),
    }
}

fn timed_out(limit: Duration, target: &Target) -> Failure {
    let place = target.authority();
    Failure {
        kind: FailureKind::Timeout,
        message: format!("no answer within {} from `{place}`", seconds_text(limit)),
    }
}

/// The failure of an answer larger than `limit` bytes.
pub(super) fn too_large(limit: usize, target: &Target) -> Failure {
    let place = target.authority();
    let mebibytes = limit / (1024 * 1024);
    Failure {
        kind: FailureKind::TooLarge,
        message: format!("the answer from `{place}` is larger than {mebibytes} MiB"),
    }
}

/// The failure of an answer for which the ones held leave no room.
pub(super) fn no_room(target: &Target) -> Failure {
    let place = target.authority();
    Failure {
        kind: FailureKind::Other,
        message: format!("no room for the answer from `{place}`: too many others are held"),
    }
}

/// A failure before anything was sent.
pub(super) fn unsendable(reason: impl std::fmt::Display, target: &Target) -> Failure {
    Failure {
        kind: FailureKind::Other,
        message: format!("cannot send to `{}`: {reason}", target.authority()),
    }
}

fn seconds_text(time: Duration) -> String {
    if time.subsec_nanos() == 0 {
        format!("{}s", time.as_secs())
    } else {
        format!("{}ms", time.as_millis())
    }
}

fn kind_of(error: &(dyn Error + 'static)) -> FailureKind {
    let is_of_name = |error: &reqwest::Error| error.is_dns();
    if error.downcast_ref().is_some_and(is_of_name) {
        return FailureKind::Dns;
    }
    let of_transport = chain(error).find_map(|cause| {
        let hyper = cause.downcast_ref().and_then(kind_of_hyper);
        let io = || cause.downcast_ref().and_then(kind_of_io);
        let tls = || cause.is::<rustls::Error>().then_some(FailureKind::Tls);
        hyper.or_else(io).or_else(tls)
    });
    of_transport.unwrap_or(FailureKind::Other)
}

fn kind_of_hyper(error: &hyper::Error) -> Option<FailureKind> {
    if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        Some(FailureKind::Reset)
    } else if error.is_parse() {
        Some(FailureKind::Protocol)
    } else {
        None
    }
}

fn kind_of_io(error: &io::Error) -> Option<FailureKind> {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, TimedOut, UnexpectedEof,
    };
    match error.kind() {
        ConnectionRefused => Some(FailureKind::Refused),
        TimedOut => Some(FailureKind::Timeout),
        ConnectionReset | ConnectionAborted | BrokenPipe | UnexpectedEof => {
            Some(FailureKind::Reset)
        }
        _ => None,
    }
}

/// An error and its causes. What is inside an I/O error is not its source, and is looked into.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        let io = error.downcast_ref().and_then(io::Error::get_ref);
        next = match io {
            Some(inner) => Some(inner),
            None => error.source(),
        };
        Some(error)
    })
}

/// The text of the last source, which names the cause without its wrappers.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let last = chain(error).last().map(ToString::to_string);
    last.unwrap_or_default().replace(['\r', '\n'], " ")
}
