//! A request as it stands on the wire.

use super::super::field::Unwritable;
use super::super::url;
use crate::delivery::Request;

/// Fields that are written anew, for they belong to the connection or follow from the rest.
const WRITTEN_ANEW: [&str; 3] = ["Host", "Content-Length", "Transfer-Encoding"];

/// The bytes of an HTTP/1.1 message: request line, `Host`, the other fields in order,
/// `Content-Length`, a blank line, the body. The host of the URL `to`, where there is one, takes the place
/// of the request's own.
pub fn write(request: &Request, to: Option<&str>) -> Result<Vec<u8>, Unwritable> {
    Unwritable::check_line(&request.method, &request.target)?;
    let mut out = Vec::with_capacity(request.body.len() + 1024);
    put(
        &mut out,
        &[&request.method, " ", &request.target, " HTTP/1.1\r\n"],
    );
    let own = request.headers.get("Host").map(AsRef::as_ref);
    let host = to.and_then(url::authority).map(str::as_bytes);
    if let Some(host) = host.or(own) {
        field(&mut out, "Host", host)?;
    }
    for (name, value) in request.headers.iter() {
        if !WRITTEN_ANEW
            .iter()
            .any(|anew| name.eq_ignore_ascii_case(anew))
        {
            field(&mut out, name, value)?;
        }
    }
    field(
        &mut out,
        "Content-Length",
        request.body.len().to_string().as_bytes(),
    )?;
    out.extend(b"\r\n");
    out.extend(&request.body);
    Ok(out)
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
