//! A body as people read it: a tree where it is JSON, its fields where it is a form, else its text or bytes.

use maud::{Markup, html};
use serde_json::Value;

use crate::delivery::Request;
use crate::report::bytes;

/// The largest body that is shown as a tree, in bytes: a browser takes long over more.
const TREE_LIMIT: usize = 256 * 1024;
/// How many bytes of others are shown.
const SHOWN_LIMIT: usize = 256 * 1024;
/// How many bytes of a hex view are shown.
const HEX_LIMIT: usize = 16 * 1024;
/// How many nodes of a tree stand open at first.
const OPEN_DEPTH: usize = 3;

/// How it can be shown.
pub const VIEWS: [(&str, &str); 3] = [("", "Tree"), ("raw", "Raw"), ("hex", "Hex")];

/// A body in this view.
pub fn body(request: &Request, view: &str) -> Markup {
    let content = &request.body;
    if content.is_empty() {
        return html! { p.hint { "The body is empty." } };
    }
    match view {
        "hex" => hex(content),
        "raw" => raw(content),
        _ => tree_or_form(request).unwrap_or_else(|| raw(content)),
    }
}

fn tree_or_form(request: &Request) -> Option<Markup> {
    let content = &request.body;
    if content.len() > TREE_LIMIT {
        return None;
    }
    if let Ok(value @ (Value::Object(_) | Value::Array(_))) = serde_json::from_slice(content) {
        return Some(html! { div.tree { (node(None, &value, 0)) } });
    }
    let media_type = request.headers.text("content-type")?;
    let is_form = media_type.starts_with("application/x-www-form-urlencoded");
    let fields = url::form_urlencoded::parse(content).filter(|_| is_form);
    let fields: Vec<_> = fields.collect();
    (!fields.is_empty()).then(|| {
        html! { dl.fields { @for (name, value) in &fields { dt { (name) } dd { (value) } } } }
    })
}

fn node(name: Option<&str>, value: &Value, depth: usize) -> Markup {
    let label = html! { @if let Some(name) = name { span.key { (name) } ": " } };
    let branch = |brackets: [&str; 2], count: usize, inner: Markup| {
        html! {
            details open[depth < OPEN_DEPTH] {
                summary { (label) (brackets[0]) span.sub { " " (count) " " } (brackets[1]) }
                (inner)
            }
        }
    };
    match value {
        Value::Object(members) if !members.is_empty() => {
            let inner = html! {
                ul { @for (name, value) in members { li { (node(Some(name), value, depth + 1)) } } }
            };
            branch(["{", "}"], members.len(), inner)
        }
        Value::Array(items) if !items.is_empty() => {
            let inner = html! {
                ul { @for (number, value) in items.iter().enumerate() {
                    li { (node(Some(&number.to_string()), value, depth + 1)) }
                } }
            };
            branch(["[", "]"], items.len(), inner)
        }
        leaf => html! { (label) span class=(kind(leaf)) { (leaf) } },
    }
}

const fn kind(leaf: &Value) -> &'static str {
    match leaf {
        Value::String(_) => "string",
        Value::Number(_) => "number",
        _ => "word",
    }
}

fn raw(content: &[u8]) -> Markup {
    let shown = content.get(..SHOWN_LIMIT).unwrap_or(content);
    let text = String::from_utf8_lossy(shown);
    html! { pre.raw { (text) } (rest(shown.len(), content.len())) }
}

fn hex(content: &[u8]) -> Markup {
    let shown = content.get(..HEX_LIMIT).unwrap_or(content);
    let lines = shown.chunks(16).enumerate().map(|(number, chunk)| {
        let pairs: Vec<_> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
        let text: String = chunk
            .iter()
            .map(|byte| match byte {
                b' '..=b'~' => char::from(*byte),
                _ => '.',
            })
            .collect();
        format!("{:08x}  {:<47}  {text}\n", number * 16, pairs.join(" "))
    });
    html! { pre.hex tabindex="0" aria-label="Hex" { (lines.collect::<String>()) } (rest(shown.len(), content.len())) }
}

fn rest(shown: usize, all: usize) -> Markup {
    html! {
        @if shown < all {
            p.hint { "The first " (bytes(shown as u64)) " of " (bytes(all as u64)) "; the file has all of it." }
        }
    }
}
