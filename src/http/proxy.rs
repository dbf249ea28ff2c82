//! The proxy that the environment names: who is reached through it, and that a failure is its own.

use hyper_util::client::proxy::matcher::Matcher;

use super::{Target, address};
use crate::delivery::{Failure, FailureKind};

/// What the environment says of proxies: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`.
pub(super) struct Proxies(Matcher);

impl Proxies {
    /// As the environment of this process has it.
    pub(super) fn of_process() -> Self {
        Self(Matcher::from_system())
    }

    /// The host and port of the proxy on the way to a target; none for what is on this machine, by
    /// whatever name.
    pub(super) async fn on_the_way_to(&self, target: &Target) -> Option<String> {
        if target.is_loopback() {
            return None;
        }
        let uri = target.url().as_str().parse().ok()?;
        let proxy = self.0.intercept(&uri)?;
        let found = address::addresses(target).await.unwrap_or_default();
        let is_here = !found.is_empty() && found.into_iter().all(address::is_of_this_machine);
        (!is_here).then(|| proxy.uri().authority().map(ToString::to_string))?
    }
}

/// The failure to connect as that of the proxy, which alone was asked.
pub(super) fn failed(failure: Failure, proxy: &str, target: &Target) -> Failure {
    let target = target.authority();
    let what = match failure.kind {
        FailureKind::Refused => "nothing listens there".to_owned(),
        FailureKind::Dns => "its name cannot be resolved".to_owned(),
        FailureKind::Timeout => "it did not take the connection in time".to_owned(),
        _ => failure.message,
    };
    Failure {
        kind: failure.kind,
        message: format!("the proxy `{proxy}` on the way to `{target}`: {what}"),
    }
}
