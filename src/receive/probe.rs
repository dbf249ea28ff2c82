//! Probes: requests that ask whether somebody is there, or shake hands, and deliver nothing.

use std::net::IpAddr;

use url::Url;

use crate::delivery::Request;

/// Why a probe does not reach the application, and no handshake is answered, and what to do about it;
/// `None` where it does.
///
/// An unsigned request is let through to whoever may ask the application directly: a program on this
/// machine or network. A page of another site may not; neither may one that has bound its own name
/// to this machine's address and would read the answer (DNS rebinding), which its `Host` tells.
pub(super) fn kept_from_application(
    request: &Request,
    hosts: &[String],
) -> Option<(String, Option<String>)> {
    let headers = &request.headers;
    let host = headers.text("Host").map(host_name);
    if let Some(host) = host.filter(|host| !is_own(host, hosts)) {
        let reason = format!("`{host}` is no name of this listener");
        return Some((
            reason,
            Some(format!("`--allow-host {host}` lets it through")),
        ));
    }
    let site = headers.text("Sec-Fetch-Site").unwrap_or("none");
    let origin = headers.text("Origin").map(|origin| {
        let origin = Url::parse(origin).ok();
        origin.and_then(|origin| origin.host_str().map(str::to_owned))
    });
    let is_foreign = origin.is_some_and(|origin| origin.as_deref() != host);
    if is_foreign || !["none", "same-origin"].contains(&site) {
        return Some(("a page of another site asks".into(), None));
    }
    None
}

/// The name in a `Host`, without port; an IPv6 address keeps its brackets.
fn host_name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

fn is_own(host: &str, hosts: &[String]) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    address.parse::<IpAddr>().is_ok()
        || host.eq_ignore_ascii_case("localhost")
        || hosts.iter().any(|own| own.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::Headers;

    fn kept(headers: &[(&str, &str)]) -> bool {
        let mut fields = Headers::new();
        for (name, value) in headers {
            fields.push(*name, value.to_string());
        }
        let request = Request::post("/", fields, "");
        kept_from_application(&request, &["Shop.example".into()]).is_some()
    }

    #[test]
    fn only_who_could_ask_the_application_itself_reaches_it() {
        for own in [
            "127.0.0.1:4400",
            "[::1]:4400",
            "localhost",
            "LOCALHOST:4400",
            "192.168.0.7",
            "shop.example",
            "shop.example:443",
        ] {
            assert!(!kept(&[("Host", own)]), "{own}");
        }
        assert!(!kept(&[]));
        for foreign in [
            "evil.example",
            "evil.example:4400",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "",
            "sub.shop.example",
        ] {
            assert!(kept(&[("Host", foreign)]), "{foreign}");
        }
        let page = |name, value| kept(&[("Host", "localhost:4400"), (name, value)]);
        assert!(!page("Origin", "http://localhost:4400"));
        assert!(!page("Sec-Fetch-Site", "none"));
        assert!(!page("Sec-Fetch-Site", "same-origin"));
        for origin in [
            "http://evil.example",
            "null",
            "",
            "http://localhost.evil.example",
        ] {
            assert!(page("Origin", origin), "{origin}");
        }
        assert!(page("Sec-Fetch-Site", "cross-site"));
        assert!(page("Sec-Fetch-Site", "same-site"));
    }
}
