//! A request as a `curl` command for a POSIX shell, which sends exactly these headers and bytes.
//!
//! What curl does with its arguments is from its manual, and the tests run it: `-H 'Name:'` takes a
//! header of its own away, `-H 'Name;'` sends an empty one, `--data-binary` takes a leading `@` for
//! a file's name where `--data-raw` does not, and neither drops a line end.

mod quote;
pub mod read;
mod shell;

use super::field::Unwritable;
use super::url;
use crate::delivery::{Headers, Request};
use quote::quote;
pub use quote::word;

/// The longest body that is an argument; Linux lets one argument have 128 KiB, and quoting may make
/// four bytes of one.
const MAX_ARGUMENT: usize = 24 * 1024;

/// From how many bytes on curl may ask with `Expect: 100-continue` first: 1 MiB, in old versions
/// 1 KiB.
const EXPECT_THRESHOLD: usize = 1024;

/// Fields that curl writes from the URL and the body.
const WRITTEN_BY_CURL: [&str; 3] = ["Content-Length", "Transfer-Encoding", "Expect"];

/// Fields that curl adds unless it is told not to.
const ADDED_BY_CURL: [&str; 2] = ["User-Agent", "Accept"];

/// The command that sends `request` to `url`, over several lines, without a line end.
///
/// It holds no control character and no byte that is not UTF-8: where a header or the body has one,
/// `printf` makes it. A `Host` is kept; without one, it follows from `url`.
pub fn command(request: &Request, url: &str) -> Result<String, Unwritable> {
    Unwritable::check_line(&request.method, url)?;
    let data = Data::of(request);
    let mut lines = vec![format!("{}curl {}", data.pipe(), first_line(request, url))];
    for (name, value) in request.headers.iter() {
        Unwritable::check_field(name, value)?;
        if !is_one_of(name, &WRITTEN_BY_CURL) {
            lines.push(header_argument(name, value));
        }
    }
    let added = unwanted(&request.headers, &data);
    lines.extend(added.map(|name| format!("-H '{name}:'")));
    lines.extend(data.argument());
    Ok(lines.join(" \\\n  "))
}

fn first_line(request: &Request, url: &str) -> String {
    let method = match request.method.as_str() {
        "HEAD" if request.body.is_empty() => "--head".into(),
        method => format!("-X {}", quote::word(method)),
    };
    let mut line = method;
    if url.contains(['[', ']', '{', '}']) {
        line.push_str(" --globoff");
    }
    if url::target(url).is_some_and(|target| target.contains("/.")) {
        line.push_str(" --path-as-is");
    }
    format!("{line} {}", quote(url.as_bytes()))
}

/// The argument that adds a header.
pub fn header_argument(name: &str, value: &[u8]) -> String {
    format!("-H {}", quote(&header(name, value)))
}

fn header(name: &str, value: &[u8]) -> Vec<u8> {
    let separator: &[u8] = if value.is_empty() { b";" } else { b": " };
    [name.as_bytes(), separator, value].concat()
}

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// The headers that curl would add and the request does not have.
fn unwanted(headers: &Headers, data: &Data<'_>) -> impl Iterator<Item = &'static str> {
    let content_type = (!matches!(data, Data::None)).then_some("Content-Type");
    let expect = (data.length() >= EXPECT_THRESHOLD).then_some("Expect");
    let added = ADDED_BY_CURL.into_iter().chain(content_type);
    let absent: Vec<_> = added
        .filter(|name| !headers.contains(name))
        .chain(expect)
        .collect();
    absent.into_iter()
}

/// How the body gets to curl.
enum Data<'a> {
    /// Not at all: the method takes none and there is none.
    None,
    /// As an argument.
    Argument(&'a [u8]),
    /// Through a pipe, as it stands.
    Text(&'a [u8]),
    /// Through a pipe, with escapes.
    Escaped(&'a [u8]),
}

impl<'a> Data<'a> {
    fn of(request: &'a Request) -> Self {
        let body = request.body.as_ref();
        let bodiless = matches!(
            request.method.as_str(),
            "GET" | "HEAD" | "DELETE" | "OPTIONS"
        );
        match body {
            [] if bodiless => Self::None,
            _ if !quote::is_plain(body) => Self::Escaped(body),
            _ if body.len() > MAX_ARGUMENT => Self::Text(body),
            _ => Self::Argument(body),
        }
    }

    const fn length(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Argument(body) | Self::Text(body) | Self::Escaped(body) => body.len(),
        }
    }

    /// What stands before `curl`. `printf` is a part of the shell, so its arguments may be long.
    fn pipe(&self) -> String {
        match self {
            Self::None | Self::Argument(_) => String::new(),
            Self::Text(body) => format!("printf '%s' {} | ", quote(body)),
            Self::Escaped(body) => format!("printf '%b' {} | ", quote::escaped(body)),
        }
    }

    fn argument(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Argument(body @ [b'@', ..]) => Some(format!("--data-raw {}", quote(body))),
            Self::Argument(body) => Some(format!("--data-binary {}", quote(body))),
            Self::Text(_) | Self::Escaped(_) => Some("--data-binary @-".into()),
        }
    }
}

#[cfg(test)]
mod tests;
