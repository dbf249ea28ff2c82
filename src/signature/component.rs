//! The components of a request that an HTTP message signature covers, RFC 9421, section 2.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sfv::{Dictionary, FieldType as _, Item, ListEntry, Parser};
use url::{Url, form_urlencoded};

use super::TemplateValues;
use crate::delivery::Request;

/// The most bytes of a field that is read as a structured one.
const MOST_BYTES: usize = 16 * 1024;

/// The name of a component and its parameters, as `"@query-param";name="id"` has them. Fails where it is
/// none of a request, or one that is not supported.
pub(super) fn check_component(item: &Item) -> Result<&str, String> {
    let name = item.bare_item.as_string().map(sfv::StringRef::as_str);
    let name = name.ok_or("a covered component is no string")?;
    let mut given = item.params.keys().map(|key| key.as_str());
    let is_supported = match (name, given.next(), given.next()) {
        (
            "@method" | "@target-uri" | "@authority" | "@scheme" | "@request-target" | "@path"
            | "@query",
            None,
            _,
        )
        | ("@query-param", Some("name"), None) => true,
        (_, None | Some("bs" | "key"), None) => {
            !name.starts_with('@') && !name.bytes().any(|byte| byte.is_ascii_uppercase())
        }
        _ => false,
    };
    is_supported
        .then_some(name)
        .ok_or_else(|| format!("the component `{}` is not supported", item.serialize()))
}

/// What a request has as a component. Fails where it has nothing, or what no signature may cover;
/// `is_normal` says that the URL is signed in its normal form.
pub(super) fn component_value<'a>(
    item: &Item,
    values: TemplateValues<'a>,
    is_normal: bool,
) -> Result<Cow<'a, [u8]>, String> {
    let request = values.request;
    let name = check_component(item)?;
    let (path, query) = match request.target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (request.target.as_str(), None),
    };
    Ok(match name {
        "@method" => request.method.as_bytes().into(),
        "@request-target" => request.target.as_bytes().into(),
        // Of a bare body nobody knows where it was sent.
        "@target-uri" | "@authority" | "@scheme" if is_nowhere(request) => Cow::default(),
        "@target-uri" if is_normal => {
            let query = query.map_or_else(String::new, |query| format!("?{query}"));
            let url = url_of(request)?;
            let (scheme, authority) = (url.scheme(), authority(&url)?);
            let path = normal_path(url.path());
            let uri = format!("{scheme}://{authority}{path}{query}");
            uri.into_bytes().into()
        }
        "@target-uri" => request.url().into_bytes().into(),
        "@authority" => authority(&url_of(request)?)?.into_bytes().into(),
        "@scheme" => url_of(request)?.scheme().to_owned().into_bytes().into(),
        "@path" if is_normal && !is_nowhere(request) => {
            normal_path(url_of(request)?.path()).into_bytes().into()
        }
        "@path" if path.is_empty() => b"/".into(),
        "@path" => path.as_bytes().into(),
        "@query" => format!("?{}", query.unwrap_or_default())
            .into_bytes()
            .into(),
        "@query-param" => query_param(item, query.unwrap_or_default())?
            .into_bytes()
            .into(),
        name => return field_value(item, name, values),
    })
}

/// Whether a request tells nothing of the host to which it was sent.
fn is_nowhere(request: &Request) -> bool {
    let named = ["Host", "X-Forwarded-Host"];
    request.origin.is_none() && !named.iter().any(|name| request.headers.contains(name))
}

/// The URL of a request. Fails where it is none, or has what different programs read differently.
fn url_of(request: &Request) -> Result<Url, String> {
    let text = request.url();
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let url = Url::parse(&text).ok().filter(|_| is_plain);
    url.ok_or_else(|| format!("`{}` is no URL", text.escape_debug()))
}

/// The host in lower case, with its port where that is not the scheme's own (RFC 9421, section 2.2.3).
fn authority(url: &Url) -> Result<String, String> {
    let host = url.host_str().ok_or("the URL has no host")?;
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_empty = |label: &str| label.is_empty();
    if host.split('.').any(is_empty) {
        return Err("the host of the URL has an empty label".into());
    }
    Ok(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

/// A path whose percent-encodings are in their normal form (RFC 3986, section 6.2.2).
fn normal_path(path: &str) -> String {
    let mut normal = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        let (before, encoded) = rest.split_at(at);
        normal.push_str(before);
        let digits = encoded.get(1..3);
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (digits, byte) {
            (_, Some(byte)) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                normal.push(byte.into());
            }
            (Some(digits), Some(_)) => {
                normal.push('%');
                normal.push_str(&digits.to_ascii_uppercase());
            }
            _ => {
                normal.push('%');
                rest = encoded.get(1..).unwrap_or_default();
                continue;
            }
        }
        rest = encoded.get(3..).unwrap_or_default();
    }
    normal + rest
}

/// A field of the query, which has to stand there once (RFC 9421, section 2.2.8).
fn query_param(item: &Item, query: &str) -> Result<String, String> {
    let name = item.params.get("name").and_then(|name| name.as_string());
    let name = name
        .ok_or("the component `@query-param` has no name")?
        .as_str();
    let encode = |text: &str| {
        let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        encoded.replace('+', "%20")
    };
    let fields = form_urlencoded::parse(query.as_bytes());
    let mut found = fields.filter(|(field, _)| encode(field) == name);
    match (found.next(), found.next()) {
        (Some((_, value)), None) => Ok(encode(&value)),
        (None, _) => Err(format!(
            "no `{name}` in the query, which the signature covers"
        )),
        _ => Err(format!("`{name}` stands in the query several times")),
    }
}

/// A header field, or a member or the bytes of it (RFC 9421, section 2.1).
fn field_value<'a>(
    item: &Item,
    name: &str,
    values: TemplateValues<'a>,
) -> Result<Cow<'a, [u8]>, String> {
    let headers = &values.request.headers;
    let missing = || format!("no `{name}` header, which the signature covers");
    if !headers.contains(name) {
        // Written by who sends a request, behind who signs it.
        return match name {
            "content-length" => Ok(values.body.len().to_string().into_bytes().into()),
            "host" if !is_nowhere(values.request) => {
                Ok(authority(&url_of(values.request)?)?.into_bytes().into())
            }
            _ => Err(missing()),
        };
    }
    if let Some(key) = item.params.get("key") {
        let key = key
            .as_string()
            .ok_or("the `key` of a component is no string")?;
        let members = field_dictionary(values.request, name)?;
        let member = members.get(key.as_str()).cloned();
        let member = member.ok_or_else(|| format!("no `{key}` in the header `{name}`"))?;
        let written = vec![member].serialize().unwrap_or_default();
        return Ok(written.into_bytes().into());
    }
    let values = headers.get_all(name).map(|value| unfolded(value));
    let values = values.collect::<Option<Vec<_>>>();
    let values = values.ok_or_else(|| format!("the header `{name}` has a line break"))?;
    let values: Vec<_> = if item.params.contains_key("bs") {
        let wrap = |value: &Vec<u8>| format!(":{}:", BASE64.encode(value)).into_bytes();
        values.iter().map(wrap).collect()
    } else {
        values
    };
    Ok(values.join(&b", "[..]).into())
}

/// A field's value without the space around it, and with one space where it was folded; `None` where it
/// has another line break, which would make two lines of one.
fn unfolded(value: &[u8]) -> Option<Vec<u8>> {
    let mut lines = value.split(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let first = first.strip_suffix(b"\r").unwrap_or(first);
    let mut unfolded = first.trim_ascii().to_vec();
    for line in lines {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            return None;
        }
        unfolded.push(b' ');
        unfolded.extend_from_slice(line.trim_ascii());
    }
    (!unfolded.contains(&b'\r')).then(|| unfolded.trim_ascii().to_vec())
}

/// The members of a header that is a dictionary of RFC 9651, each of which stands there once.
pub(super) fn field_dictionary(request: &Request, name: &str) -> Result<Dictionary, String> {
    dictionary_of(name, &field_text(request, name)?)
}

/// The text of a header, of which several count as one. Fails where it is not ASCII, or too long.
pub(super) fn field_text(request: &Request, name: &str) -> Result<String, String> {
    let values = request.headers.get_all(name).map(|value| unfolded(value));
    let values = values.collect::<Option<Vec<_>>>().unwrap_or_default();
    let text = String::from_utf8(values.join(&b", "[..])).unwrap_or_default();
    if text.is_empty() || !text.is_ascii() || text.len() > MOST_BYTES {
        return Err(format!(
            "the header `{name}` is empty, not ASCII or too long"
        ));
    }
    Ok(text)
}

/// The members of the dictionary that a header's text is.
pub(super) fn dictionary_of(name: &str, text: &str) -> Result<Dictionary, String> {
    let wrong = |what: &str| format!("the header `{name}` {what}");
    let members: Dictionary = Parser::new(text)
        .parse()
        .map_err(|error| wrong(&format!("is no dictionary of structured fields: {error}")))?;
    // Of a repeated member the last counts, so two programs could look at two of them.
    let mut names = Names::default();
    let parsed = Parser::new(text).parse_dictionary_with_visitor(&mut names);
    if parsed.is_err() || names.0 != members.len() {
        return Err(wrong("has a member twice"));
    }
    Ok(members)
}

/// Counts the members of a dictionary, the repeated ones, too.
#[derive(Default)]
struct Names(usize);

impl<'de> sfv::visitor::DictionaryVisitor<'de> for &mut Names {
    type Out = ();
    type Error = std::convert::Infallible;

    fn entry(
        &mut self,
        _: &'de sfv::KeyRef,
    ) -> Result<impl sfv::visitor::EntryVisitor<'de>, Self::Error> {
        self.0 += 1;
        Ok(sfv::visitor::Ignored)
    }

    fn finish(self) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// The bytes of a dictionary's member.
pub(super) fn bytes_of<'d>(members: &'d Dictionary, name: &str) -> Option<&'d [u8]> {
    match members.get(name)? {
        ListEntry::Item(item) => item.bare_item.as_byte_sequence(),
        ListEntry::InnerList(_) => None,
    }
}
