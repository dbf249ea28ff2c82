//! One request head.

use bytes::Bytes;
use hyper::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::http::uri::PathAndQuery;
use hyper::{HeaderMap, Uri, Version};
use tokio::sync::OwnedSemaphorePermit;

use crate::delivery::{Headers, Request};
use crate::http::budget;

/// How many fields a head may have: hyper's own limit, beyond which it answers 431.
const MAX_FIELDS: usize = 100;

/// A request line and its fields, as they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The method, such as `POST`.
    pub method: String,
    /// The request target as sent, in whichever of its forms.
    pub target: String,
    /// The version, such as `HTTP/1.1`.
    pub version: &'static str,
    /// The header fields in order, spelt as sent, with repeats.
    pub fields: Headers,
}

impl Head {
    /// Reads a head, with the length of its body (`None` for a chunked one) and how many bytes it
    /// takes itself; `None` where it has not ended. What it keeps holds `share` from then on.
    pub(super) fn parse(
        bytes: &[u8],
        share: &mut Option<OwnedSemaphorePermit>,
    ) -> Result<Option<(Self, Option<u64>, usize)>, httparse::Error> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut request = httparse::Request::new(&mut fields);
        let httparse::Status::Complete(length) = request.parse(bytes)? else {
            return Ok(None);
        };
        let head = Self {
            method: request.method.unwrap_or_default().to_owned(),
            target: request.path.unwrap_or_default().to_owned(),
            version: version_text(request.version == Some(0)),
            fields: copy_fields(
                bytes.get(..length).unwrap_or_default(),
                request.headers,
                share.take(),
            ),
        };
        let body = head.body_length()?;
        Ok(Some((head, body, length)))
    }

    /// What hyper made of a head: names in lower case, repeats together.
    pub(in crate::http) fn from_parts(parts: &Parts) -> Self {
        let fields = parts.headers.iter();
        Self {
            method: parts.method.to_string(),
            target: match parts.uri.path_and_query() {
                Some(origin) if parts.uri.scheme().is_none() => origin.to_string(),
                _ => parts.uri.to_string(),
            },
            version: version_text(parts.version == Version::HTTP_10),
            fields: fields
                .map(|(name, value)| (name.as_str(), Bytes::copy_from_slice(value.as_bytes())))
                .collect(),
        }
    }

    /// Whether this is the head that hyper read.
    pub(super) fn agrees_with(&self, parts: &Parts) -> bool {
        self.method == parts.method.as_str()
            && self.version == version_text(parts.version == Version::HTTP_10)
            && target_agrees(&self.target, &parts.uri)
            && fields_agree(&self.fields, &parts.headers)
    }

    /// The request of which this is the head.
    pub(in crate::http) fn into_request(self, body: Bytes, body_complete: bool) -> Request {
        Request {
            method: self.method,
            origin: None,
            target: self.target,
            version: self.version.to_owned(),
            headers: self.fields,
            body,
            body_complete,
        }
    }

    /// Which rule it breaks on whose keeping its meaning or its end depends (RFC 9112, sections 3.2
    /// and 6); hyper takes the most of them.
    ///
    /// A bare LF that ends a line is none: a recipient may take it (section 2.2), httparse does so for
    /// hyper as it does here, and what is forwarded has CRLF. Around chunks, where two readers that see
    /// different ends let a request be smuggled, hyper takes CRLF alone.
    pub(in crate::http) fn broken_rule(&self) -> Option<&'static str> {
        let mut hosts = self.fields.get_all(HOST.as_str());
        let mut codings = self.fields.get_all(TRANSFER_ENCODING.as_str());
        Some(match (hosts.next(), hosts.next()) {
            (None, _) if self.version != "HTTP/1.0" => "it has no `Host`",
            (_, Some(_)) => "it has more than one `Host`",
            _ => match (codings.next(), codings.next()) {
                (None, _) => return None,
                (_, Some(_)) => "it has more than one `Transfer-Encoding`",
                (Some(coding), _) if !coding.eq_ignore_ascii_case(b"chunked") => {
                    "its `Transfer-Encoding` is another one than `chunked`"
                }
                // The mark of request smuggling.
                _ if self.fields.contains(CONTENT_LENGTH.as_str()) => {
                    "it has both `Content-Length` and `Transfer-Encoding`"
                }
                _ if self.version == "HTTP/1.0" => "HTTP/1.0 has no `Transfer-Encoding`",
                _ => return None,
            },
        })
    }

    /// `None` for a chunked body.
    fn body_length(&self) -> Result<Option<u64>, httparse::Error> {
        if self.fields.contains(TRANSFER_ENCODING.as_str()) {
            return Ok(None);
        }
        match self.fields.text(CONTENT_LENGTH.as_str()) {
            Some(length) => (length.parse().map(Some)).map_err(|_| httparse::Error::HeaderValue),
            None => Ok(Some(0)),
        }
    }
}

const fn version_text(is_1_0: bool) -> &'static str {
    if is_1_0 { "HTTP/1.0" } else { "HTTP/1.1" }
}

/// The fields, their values as slices of one copy of the head behind its request line, which is
/// copied already. The copy holds `share` for both.
fn copy_fields(
    head: &[u8],
    fields: &[httparse::Header<'_>],
    share: Option<OwnedSemaphorePermit>,
) -> Headers {
    let offset = |part: &[u8]| part.as_ptr().addr() - head.as_ptr().addr();
    let first = fields
        .first()
        .map_or(head.len(), |field| offset(field.name.as_bytes()));
    let mut copy = Bytes::copy_from_slice(head.get(first..).unwrap_or_default());
    if let Some(share) = share {
        copy = budget::attach(share, head.len(), copy);
    }
    let value = |value: &[u8]| {
        let start = offset(value) - first;
        copy.slice(start..start + value.len())
    };
    let fields = fields.iter();
    fields
        .map(|field| (field.name, value(field.value)))
        .collect()
}

/// hyper drops a fragment, and adds a path to an absolute form that has none.
fn target_agrees(target: &str, uri: &Uri) -> bool {
    let target = target.split('#').next().unwrap_or_default();
    let Some(origin) = uri.path_and_query().map(PathAndQuery::as_str) else {
        return uri.authority().is_some_and(|host| host == target);
    };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return origin == target;
    };
    let Some((target_scheme, rest)) = target.split_once("://") else {
        return false;
    };
    let path = rest.strip_prefix(authority.as_str());
    target_scheme.eq_ignore_ascii_case(scheme)
        && path.is_some_and(|path| path == origin || (path.is_empty() && origin == "/"))
}

/// Whether both hold the same values under the same names. hyper keeps one of equal lengths and
/// none beside a transfer coding, so `Content-Length` is not compared: framing is hyper's anyway.
fn fields_agree(ours: &Headers, theirs: &HeaderMap) -> bool {
    let compared = |name: &str| !name.eq_ignore_ascii_case(CONTENT_LENGTH.as_str());
    let names = || {
        ours.iter()
            .map(|(name, _)| name)
            .filter(|name| compared(name))
    };
    let count = theirs.len() - theirs.get_all(CONTENT_LENGTH).iter().count();
    let all_found = ours.iter().enumerate().all(|(index, (name, value))| {
        let mut values = theirs.get_all(name).iter();
        let is_first_of_one = values.size_hint() == (1, Some(1));
        let place = if is_first_of_one {
            0
        } else {
            repeats_before(ours, index, name)
        };
        !compared(name)
            || values
                .nth(place)
                .is_some_and(|theirs| theirs.as_bytes() == value)
    });
    all_found && names().count() == count
}

fn repeats_before(fields: &Headers, index: usize, name: &str) -> usize {
    let earlier = fields.iter().take(index);
    earlier
        .filter(|(other, _)| other.eq_ignore_ascii_case(name))
        .count()
}
