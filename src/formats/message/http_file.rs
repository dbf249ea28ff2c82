//! What `.http` files have besides requests, as editors' HTTP clients read them: variables, scripts,
//! bodies in other files, saved answers.

use std::borrow::Cow;
use std::collections::HashMap;

use super::super::field::is_token;
use super::lines::NumberedLines;

/// Whether a text has what only such a file has.
pub fn is_one(bytes: &[u8]) -> bool {
    NumberedLines::new(bytes, 1).any(|(_, line)| {
        line.starts_with(b"###")
            || variable(line).is_some()
            || script(line).is_some()
            || line.starts_with(b"<> ")
            || versionless(line).is_some()
    })
}

/// The text with each `{{name}}` that it gives a value to replaced by that.
pub fn filled(bytes: &[u8]) -> Cow<'_, [u8]> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return bytes.into();
    };
    let mut values = HashMap::new();
    for (_, line) in NumberedLines::new(bytes, 1) {
        if let Some((name, value)) = variable(line) {
            // A value may be made of those above it.
            let value = fill(value, &values);
            values.insert(name, value);
        }
    }
    if values.is_empty() {
        bytes.into()
    } else {
        fill(text, &values).into_bytes().into()
    }
}

fn fill(text: &str, values: &HashMap<&str, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, name, after)) = placeholder(rest) {
        out.push_str(before);
        match values.get(name) {
            Some(value) => out.push_str(value),
            None => out.push_str(&rest[before.len()..rest.len() - after.len()]),
        }
        rest = after;
    }
    out + rest
}

/// The first `{{name}}` of a text, with what stands before and after it.
fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    while let Some(at) = text.get(from..)?.find("{{").map(|at| from + at) {
        let inner = &text[at + 2..];
        let length = inner.find(['{', '}', '"', '\n']).unwrap_or(inner.len());
        let (name, rest) = inner.split_at(length);
        match rest.strip_prefix("}}").filter(|_| !name.trim().is_empty()) {
            Some(after) => return Some((&text[..at], name.trim(), after)),
            None => from = at + 1,
        }
    }
    None
}

/// The name of the first variable in a text; only those without a value are left there.
pub fn unset(text: &[u8]) -> Option<&str> {
    placeholder(std::str::from_utf8(text).ok()?).map(|(_, name, _)| name)
}

/// The target behind a host that is a variable without a value.
pub fn behind_variable(target: &str) -> &str {
    match placeholder(target) {
        Some(("", _, path)) if path.starts_with('/') => path,
        _ => target,
    }
}

/// Method and URL without a version, as `.http` files may have them; the method may be left out, too.
pub fn versionless(line: &[u8]) -> Option<(&str, &str)> {
    let text = std::str::from_utf8(line).ok()?.trim();
    let (method, target) = text.split_once(' ').unwrap_or(("GET", text));
    let target = target.trim();
    let starts = ["http://", "https://", "{{"];
    let is_url = starts.iter().any(|start| target.starts_with(start));
    (is_token(method) && is_url && !target.contains(char::is_whitespace))
        .then_some((method, target))
}

/// A request line of an `.http` file, where a path is enough beside a header `Host`.
pub fn request_line(line: &[u8]) -> Option<(&str, &str, &str)> {
    let pathed = || {
        let (method, target) = std::str::from_utf8(line).ok()?.trim().split_once(' ')?;
        let is_path = target.starts_with('/') && !target.contains(char::is_whitespace);
        (is_path && method.bytes().all(|b| b.is_ascii_uppercase())).then_some((method, target))
    };
    let (method, target) = versionless(line).or_else(pathed)?;
    Some((method, target, "HTTP/1.1"))
}

/// Such as `@host = localhost:3000`.
fn variable(line: &[u8]) -> Option<(&str, &str)> {
    let text = std::str::from_utf8(line).ok()?.strip_prefix('@')?;
    let (name, value) = text.split_once('=')?;
    let name = name.trim();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    (!name.is_empty() && name.chars().all(plain)).then_some((name, value.trim()))
}

/// What stands on a script's first line behind its `{%`: one before a request, or about its answer.
fn script(line: &[u8]) -> Option<&[u8]> {
    let line = line
        .strip_prefix(b">")
        .or_else(|| line.strip_prefix(b"<"))?;
    line.trim_ascii_start().strip_prefix(b"{%")
}

/// Whether a line is about the answer: a script, where it is saved, or where an earlier one was.
pub fn is_about_answer(line: &[u8]) -> bool {
    let starts: [&[u8]; 5] = [b"> ", b">> ", b">>! ", b"<> ", b">{%"];
    starts.iter().any(|start| line.starts_with(start))
}

/// The file that a line of a body stands for: `< ./body.json`, `<@latin1 ./body.json`.
pub fn side_file(line: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(line).ok()?.strip_prefix('<')?;
    let (encoding, path) = text.split_once([' ', '\t'])?;
    let path = path.trim();
    let is_file = encoding.is_empty() || encoding.starts_with('@');
    (is_file && !path.is_empty() && !path.starts_with("{%")).then_some(path)
}

/// How many bytes of these lines are a variable, a script, or about an answer; 0 where the first is
/// something else.
pub fn aside(bytes: &[u8]) -> usize {
    let mut lines = NumberedLines::new(bytes, 1);
    let Some((_, first)) = lines.next() else {
        return 0;
    };
    if let Some(opened) = script(first) {
        let ends = |line: &[u8]| line.windows(2).any(|two| two == b"%}");
        let _ = ends(opened) || lines.any(|(_, line)| ends(line));
        return lines.used;
    }
    let is_aside =
        variable(first).is_some() || is_about_answer(first) || side_file(first).is_some();
    if is_aside { lines.used } else { 0 }
}
