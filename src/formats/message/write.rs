//! A request as it stands on the wire.

use super::super::field::Unwritable;
use super::super::url;
use crate::delivery::Request;

/// Fields that are written anew, for they belong to the connection or follow from the rest.
const WRITTEN_ANEW: [&str; 3] = ["Host", "Content-Length", "Transfer-Encoding"];

/// The bytes of an HTTP/1.1 message: request line, `Host`, the other fields in order,
/// `Content-Length`, a blank line, the body. With the URL `to` it is the message that this program
/// sends there.
pub fn write(request: &Request, to: Option<&str>) -> Result<Vec<u8>, Unwritable> {
    Unwritable::check_line(&request.method, &request.target)?;
    let mut out = Vec::with_capacity(request.body.len() + 1024);
    put(
        &mut out,
        &[&request.method, " ", &request.target, " HTTP/1.1\r\n"],
    );
    if let Some(host) = to.and_then(url::authority) {
        outgoing_fields(&mut out, request, host)?;
    } else {
        if let Some(host) = request.headers.get("Host") {
            field(&mut out, "Host", host.as_ref())?;
        }
        for (name, value) in kept(request) {
            field(&mut out, name, value)?;
        }
    }
    let length = request.body.len().to_string();
    field(&mut out, "Content-Length", length.as_bytes())?;
    out.extend(b"\r\n");
    out.extend(&request.body);
    Ok(out)
}

/// The fields that stay as they are.
fn kept(request: &Request) -> impl Iterator<Item = (&str, &[u8])> {
    let fields = request.headers.iter();
    let fields = fields.map(|(name, value)| (name, value.as_ref()));
    let is_anew = |name: &str| {
        WRITTEN_ANEW
            .iter()
            .any(|anew| name.eq_ignore_ascii_case(anew))
    };
    fields.filter(move |(name, _)| !is_anew(name))
}

/// The fields as the client writes them: names in `Title-Case`, an `Accept` where there is none, and
/// the host last.
fn outgoing_fields(out: &mut Vec<u8>, request: &Request, host: &str) -> Result<(), Unwritable> {
    for (name, value) in kept(request) {
        field(out, &title_case(name), value)?;
    }
    if !request.headers.contains("Accept") {
        field(out, "Accept", b"*/*")?;
    }
    let own = request.headers.get("Host").map(AsRef::as_ref);
    field(out, "Host", own.unwrap_or(host.as_bytes()))
}

fn title_case(name: &str) -> String {
    let mut is_first = true;
    let cased = name.chars().map(|c| {
        let cased = if is_first {
            c.to_ascii_uppercase()
        } else {
            c.to_ascii_lowercase()
        };
        is_first = c == '-';
        cased
    });
    cased.collect()
}

fn put(out: &mut Vec<u8>, parts: &[&str]) {
    out.extend(parts.iter().flat_map(|part| part.bytes()));
}

fn field(out: &mut Vec<u8>, name: &str, value: &[u8]) -> Result<(), Unwritable> {
    Unwritable::check_field(name, value)?;
    put(out, &[name, ": "]);
    out.extend(value);
    out.extend(b"\r\n");
    Ok(())
}
