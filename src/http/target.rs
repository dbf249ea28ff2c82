//! Where a request is sent, as people type it.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use reqwest::Url;

use crate::delivery::text::{HIDDEN, without_secrets};

/// The host meant where only a port is given.
const DEFAULT_HOST: &str = "localhost";

/// An `http` or `https` URL.
///
/// Display and Debug leave user information out; it is sent as basic authorization.
#[derive(Clone, PartialEq, Eq)]
pub struct Target(Url);

/// Why a text is no target. Of a text that holds `@`, what stands before it is left out: it may be a
/// password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// A scheme that is not sent to.
    #[error("`{0}` is not a scheme that can be sent to, only `http` and `https`")]
    Scheme(String),
    /// Nothing where the host belongs.
    #[error("the URL has no host")]
    NoHost,
    /// Port 0, at which nothing can listen.
    #[error("port `0` cannot be connected to")]
    PortZero,
    /// A URL of the log, whose user name and password nobody knows.
    #[error("`{0}` had a user name or a password, which the log does not keep")]
    Hidden(String),
    /// Not a URL.
    #[error("`{text}` is not a URL: {reason}")]
    Form {
        /// The text, without a password.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl TargetError {
    fn form(text: &str, reason: impl Into<String>) -> Self {
        let shown = match text.rsplit_once('@') {
            Some((_, rest)) => format!("…@{rest}"),
            None => text.to_owned(),
        };
        Self::Form {
            text: shown,
            reason: reason.into(),
        }
    }
}

impl TargetError {
    /// What to do about it.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Hidden(_) => "give the URL again: `--url`",
            _ => {
                "an endpoint is a port, `host:port/path`, or a URL such as `http://localhost:3000/hook`"
            }
        }
    }
}

impl Target {
    /// Reads a full URL, or one without scheme (`localhost:3000/x`, `[::1]:80`), or a bare port
    /// (`3000`, `:3000/x`), which is on this machine. Without a scheme it is `http`. A fragment is dropped.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            let reason = "it has a blank or a control character";
            return Err(TargetError::form(text, reason));
        }
        if without_secrets(text) == text && text.contains(HIDDEN) {
            return Err(TargetError::Hidden(text.to_owned()));
        }
        let (scheme, rest) = split_scheme(text)?;
        let url = format!("{scheme}://{}", with_host(rest)?);
        let mut url =
            Url::parse(&url).map_err(|error| TargetError::form(text, error.to_string()))?;
        if url.port() == Some(0) {
            return Err(TargetError::PortZero);
        }
        url.set_fragment(None);
        Ok(Self(url))
    }

    /// The URL, with user information.
    pub(super) const fn url(&self) -> &Url {
        &self.0
    }

    /// Whether the host is this machine, told by its name or address.
    pub fn is_loopback(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default();
        let name = host.trim_end_matches('.');
        let address = host.trim_start_matches('[').trim_end_matches(']');
        name == "localhost"
            || name.ends_with(".localhost")
            || address.parse().is_ok_and(is_local_v4)
            || address.parse().is_ok_and(is_local_v6)
    }

    /// Whether it has a user name or a password.
    pub fn has_user_info(&self) -> bool {
        !self.0.username().is_empty() || self.0.password().is_some()
    }

    /// What the user name and the password go out as: basic authorization (RFC 7617).
    pub(super) fn authorization(&self) -> Option<String> {
        let decoded = |text| percent_decode_str(text).collect::<Vec<_>>();
        let password = decoded(self.0.password().unwrap_or_default());
        let pair = [decoded(self.0.username()), vec![b':'], password].concat();
        self.has_user_info()
            .then(|| format!("Basic {}", STANDARD.encode(pair)))
    }

    /// The URL as the log keeps it: a mark stands where user name and password stood, so that it is
    /// not taken for the whole.
    pub fn without_secrets(&self) -> String {
        without_secrets(self.0.as_str())
    }

    /// Whether it is sent to over TLS.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The host: a name or an address.
    pub fn host_name(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Host and port, such as `localhost:3000`.
    pub fn authority(&self) -> String {
        let host = self.host_name();
        let port = self.0.port_or_known_default().unwrap_or_default();
        format!("{host}:{port}")
    }

    /// What stands before the request target, without user information: `http://localhost:3000`.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.0.scheme(), self.host())
    }

    /// What a `Host` field says: the port only where it is not the scheme's own.
    pub(super) fn host(&self) -> &str {
        &self.0[url::Position::BeforeHost..url::Position::AfterPort]
    }

    /// Path and query, as they stand in the request line.
    pub fn request_target(&self) -> &str {
        &self.0[url::Position::BeforePath..url::Position::AfterQuery]
    }

    /// The same under another request target, path and query.
    #[must_use]
    pub fn at(&self, request_target: &str) -> Self {
        if request_target == self.request_target() {
            return self.clone();
        }
        let mut url = self.0.clone();
        let (path, query) = match request_target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (request_target, None),
        };
        url.set_path(path);
        url.set_query(query);
        Self(url)
    }

    /// Where a request that came in for `incoming` (its request target) is forwarded to.
    ///
    /// A target without a path (or with `/` only) takes the incoming path; any other keeps its own.
    /// The incoming query is appended to the target's in both cases. Of an absolute form, only path
    /// and query count. Percent-encoding is kept; `.` and `..` segments are resolved, and what may
    /// not stand in a URL is encoded.
    #[must_use]
    pub fn join_path(&self, incoming: &str) -> Self {
        let incoming = path_and_query(incoming);
        let (path, query) = match incoming.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (incoming, None),
        };
        let mut url = self.0.clone();
        if url.path() == "/" {
            url.set_path(path);
        }
        let joined = match (url.query(), query) {
            (Some(own), Some(more)) if !own.is_empty() => Some(format!("{own}&{more}")),
            (own, more) => more.or(own).map(String::from),
        };
        url.set_query(joined.as_deref());
        Self(url)
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        Self::parse(text)
    }
}

/// The URL without user information.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.clone();
        // Fails only for URLs without a host, and a target has one.
        let _ = shown.set_username("");
        let _ = shown.set_password(None);
        f.write_str(shown.as_str())
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

/// The scheme, `http` where there is none, and what follows it.
fn split_scheme(text: &str) -> Result<(&'static str, &str), TargetError> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Ok(("http", text));
    };
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    match scheme.to_ascii_lowercase().as_str() {
        "http" => Ok(("http", rest)),
        "https" => Ok(("https", rest)),
        // The `://` may as well stand in a query, as in `localhost/?next=https://…`.
        _ if !scheme.chars().all(is_scheme) => Ok(("http", text)),
        other => Err(TargetError::Scheme(other.to_owned())),
    }
}

/// The part after `://`, with this machine put in where only a port is given.
fn with_host(rest: &str) -> Result<String, TargetError> {
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit('@').next().unwrap_or_default();
    let is_port = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if is_port(authority) {
        Ok(format!("{DEFAULT_HOST}:{authority}{path}"))
    } else if authority.strip_prefix(':').is_some_and(is_port) {
        Ok(format!("{DEFAULT_HOST}{authority}{path}"))
    } else if host.is_empty() || host.starts_with(':') {
        Err(TargetError::NoHost)
    } else {
        Ok(rest.to_owned())
    }
}

/// Path and query of a request target in any of its forms (RFC 9112, section 3.2).
fn path_and_query(target: &str) -> &str {
    let target = target.split('#').next().unwrap_or_default();
    if target.starts_with('/') {
        return target;
    }
    let after_host = target
        .split_once("://")
        .and_then(|(_, rest)| Some(&rest[rest.find(['/', '?'])?..]));
    after_host.unwrap_or("/")
}

/// `0.0.0.0` as well: connecting to it reaches this machine.
const fn is_local_v4(address: Ipv4Addr) -> bool {
    address.is_loopback() || address.is_unspecified()
}

fn is_local_v6(address: Ipv6Addr) -> bool {
    let mapped = address.to_ipv4_mapped().is_some_and(is_local_v4);
    mapped || address.is_loopback() || address.is_unspecified()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn targets_are_read_as_they_are_typed() {
        for (typed, url) in [
            ("3000", "http://localhost:3000/"),
            (":3000", "http://localhost:3000/"),
            (":3000/x?y", "http://localhost:3000/x?y"),
            ("https://:8443", "https://localhost:8443/"),
            ("3000/hooks", "http://localhost:3000/hooks"),
            ("localhost:3000/x", "http://localhost:3000/x"),
            ("example.com", "http://example.com/"),
            ("[::1]:80", "http://[::1]/"),
            ("127.0.0.1:8080", "http://127.0.0.1:8080/"),
            ("HTTPS://Example.com/A#frag", "https://example.com/A"),
            ("http://u:secret@h/x", "http://h/x"),
            ("h/?next=https://other", "http://h/?next=https://other"),
        ] {
            assert_eq!(Target::parse(typed).unwrap().to_string(), url, "{typed}");
        }
    }

    #[test]
    fn what_is_no_target_says_why() {
        let error = |text| Target::parse(text).unwrap_err();
        assert_eq!(error("ftp://h/"), TargetError::Scheme("ftp".into()));
        for text in ["", "/x", "http://", "http:///x", "u@:80", ":", ":abc"] {
            assert_eq!(error(text), TargetError::NoHost, "{text}");
        }
        assert_eq!(error("localhost:0"), TargetError::PortZero);
        for text in ["99999", "h:port", "h h", "a\nb", "[::1"] {
            assert!(matches!(error(text), TargetError::Form { .. }), "{text}");
        }
    }

    #[test]
    fn a_password_is_in_no_text() {
        let target = Target::parse("https://me:hunter2@h/x").unwrap();
        assert!(!format!("{target} {target:?} {}", target.authority()).contains("hunter2"));
        let error = Target::parse("https://me:hunter2@h:bad/").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
        for (typed, kept) in [
            ("https://me:hunter2@h/x", "https://…@h/x"),
            ("me:hunt@er2@h:bad?a@b", "…@h:bad?a@b"),
            ("http://h/a@b", "http://h/a@b"),
            ("3000", "3000"),
        ] {
            assert_eq!(without_secrets(typed), kept);
            let is_hidden = matches!(Target::parse(kept), Err(TargetError::Hidden(_)));
            assert_eq!(is_hidden, kept.contains('…'), "{kept}");
        }
        let target = Target::parse("http://%C3%A9:a%3Ab@h").unwrap();
        assert_eq!(target.authorization().unwrap(), "Basic w6k6YTpi");
    }

    #[test]
    fn this_machine_is_known_by_name_and_address() {
        for here in [
            "1",
            "a.localhost",
            "127.9.9.9",
            "0.0.0.0",
            "[::1]",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(Target::parse(here).unwrap().is_loopback(), "{here}");
        }
        for there in [
            "localhost.example.com",
            "128.0.0.1",
            "[::2]",
            "notlocalhost",
        ] {
            assert!(!Target::parse(there).unwrap().is_loopback(), "{there}");
        }
    }

    #[test]
    fn incoming_paths_are_joined_as_documented() {
        for (target, incoming, joined) in [
            ("h", "/hook?shop=1", "http://h/hook?shop=1"),
            ("h/", "/hook", "http://h/hook"),
            ("h/?t=1", "/hook?shop=1", "http://h/hook?t=1&shop=1"),
            ("h/own", "/hook?shop=1", "http://h/own?shop=1"),
            ("h/own/?t=1", "/hook", "http://h/own/?t=1"),
            ("h", "http://other/hook?a=b#c", "http://h/hook?a=b"),
            ("h", "http://other?a=b", "http://h/?a=b"),
            ("h", "*", "http://h/"),
            ("h", "/%7Ea%2Fb//c?x=%20", "http://h/%7Ea%2Fb//c?x=%20"),
            ("h", "//evil.example/x", "http://h//evil.example/x"),
        ] {
            let target = Target::parse(target).unwrap();
            assert_eq!(target.join_path(incoming).to_string(), joined);
        }
    }

    proptest! {
        #[test]
        fn an_incoming_target_never_changes_the_host(incoming in ".{0,40}") {
            let target = Target::parse("https://example.com:8443").unwrap();
            let joined = target.join_path(&incoming);
            prop_assert_eq!(joined.authority(), "example.com:8443");
            prop_assert!(joined.is_https());
        }

        #[test]
        fn reading_never_panics_and_reads_its_own_text(text in ".{0,40}") {
            if let Ok(target) = Target::parse(&text) {
                prop_assert_eq!(Target::parse(&target.to_string()).unwrap().to_string(), target.to_string());
            }
        }
    }
}
