//! What to do about an answer that is not 2xx, or about none: one line for each kind.

use crate::delivery::{Failure, FailureKind};

/// Of an answer that a listener of this program was told to give.
pub(super) const SCRIPTED: &str = "the listener was told to answer so: `--respond`";

/// The remedy where a listener of this program could not reach the application behind it.
pub(super) const NOT_FORWARDED: &str = "the listener answered: the application behind it does not run; start it, then `webhook replay @last`";

/// The most likely remedy for a status; `None` where the status says all there is.
pub(super) const fn for_status(status: u16) -> Option<&'static str> {
    Some(match status {
        300..=399 => "redirects are not followed: give the final URL",
        400 => {
            "most often the signature is checked over a parsed body: check it over the raw bytes, before any JSON middleware"
        }
        401 => {
            "most often the handler has another secret than the sender, or checks the signature over a parsed body"
        }
        403 => {
            "check the handler's secret, and that its route is exempt from CSRF and login protection"
        }
        404 => "no route at this path: check the path of the URL and where the route is mounted",
        405 => "the route is there but does not take this method: webhooks come as POST",
        408 => {
            "the handler waited for a body that it thinks incomplete: check what reads the body first"
        }
        409 => {
            "the handler calls it a conflict: answer 2xx to an event that it has already handled"
        }
        411 => "the server wants a content-length: check the proxy in front of the handler",
        413 => "the body is larger than the handler takes: raise the limit of its body parser",
        415 => {
            "the handler does not take this content type: let the route accept `application/json`"
        }
        419 => "the framework's CSRF check refused it: exempt the webhook route",
        422 => {
            "the handler read the payload and did not like it, or its CSRF check refused it: see its answer"
        }
        429 => "the handler limits the rate: send slower, with `--rate`",
        500 => "the handler failed: see its own log for the trace",
        501 => "the server does not know this method or route: check the URL",
        502..=504 => {
            "a proxy answered in place of the handler: see that the app behind it is up and quick enough"
        }
        _ => return None,
    })
}

/// The most likely remedy for a failed exchange.
pub(super) fn for_failure(failure: &Failure) -> Option<&'static str> {
    if failure.message.starts_with("the proxy ") {
        return Some("check `http_proxy` and the like, or name the host in `no_proxy`");
    }
    Some(match failure.kind {
        FailureKind::Refused => "start the app, or check the port in the URL",
        FailureKind::Timeout => {
            "answer first and do the work later; `--timeout` sets how long to wait"
        }
        FailureKind::Dns => "check the host name in the URL",
        FailureKind::Tls if failure.message.contains("certificate") => {
            "trust it with `--cacert FILE`, or send with `--insecure`"
        }
        FailureKind::Tls => "a plain local port is `http://`",
        FailureKind::Reset => {
            "the app closed the connection before it answered: see its log for a crash or a restart"
        }
        FailureKind::TooLarge => {
            "let the handler answer with a short body: senders read only the status"
        }
        FailureKind::Protocol => {
            "what listens there does not speak HTTP: check the port, and `http://` against `https://`"
        }
        FailureKind::Other => return None,
    })
}
