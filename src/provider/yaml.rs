//! A document in YAML as the value that the same in JSON is.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Number, Value};

use super::specimen::weight;

/// How deep lists and mappings may stand in each other, as the reader of JSON has it.
const DEEPEST: usize = 128;
/// How many bytes aliases may come to, about: a few lines can name more than any memory holds.
const MOST_BY_ALIASES: usize = 64 * 1024 * 1024;

/// A list or a mapping of which the end has not come.
enum OpenNode {
    List(Vec<Value>),
    /// With the key that waits for its value.
    Mapping(Map<String, Value>, Option<String>),
}

/// Reads the first document of a text, by the core schema of YAML 1.2. Fails with what is wrong, and where.
pub fn read_yaml(text: &str) -> Result<Value, String> {
    let mut reader = YamlReader::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| error.to_string())?;
        let line = span.start.line();
        if let Some(document) = reader
            .take(event)
            .map_err(|problem| format!("{problem} at line {line}"))?
        {
            return Ok(document);
        }
    }
    Err("it is empty".into())
}

#[derive(Default)]
struct YamlReader {
    /// From the outermost in, each with its anchor.
    open: Vec<(OpenNode, usize)>,
    anchors: BTreeMap<usize, Value>,
    by_aliases: usize,
}

impl YamlReader {
    /// Takes what comes next; gives the document where that is its end.
    fn take(&mut self, event: Event<'_>) -> Result<Option<Value>, String> {
        match event {
            Event::SequenceStart(anchor, _) => self.open(OpenNode::List(Vec::new()), anchor)?,
            Event::MappingStart(anchor, _) => {
                self.open(OpenNode::Mapping(Map::new(), None), anchor)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let (node, anchor) = self.open.pop().ok_or("an end without a beginning")?;
                let value = match node {
                    OpenNode::List(items) => items.into(),
                    OpenNode::Mapping(members, _) => members.into(),
                };
                return self.add(value, anchor);
            }
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = style != ScalarStyle::Plain
                    || tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
                if let Some((OpenNode::Mapping(_, key @ None), _)) = self.open.last_mut() {
                    *key = Some(text.into_owned());
                    return Ok(None);
                }
                let value = if is_text { text.into() } else { plain(&text) };
                return self.add(value, anchor);
            }
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor).cloned();
                let value = value.ok_or("an alias within what it stands for")?;
                self.by_aliases += weight(&value, MOST_BY_ALIASES);
                if self.by_aliases > MOST_BY_ALIASES {
                    return Err("its aliases come to more than 64 MiB".into());
                }
                return self.add(value, 0);
            }
            _ => {}
        }
        Ok(None)
    }

    fn open(&mut self, node: OpenNode, anchor: usize) -> Result<(), String> {
        if self.open.len() == DEEPEST {
            return Err("it is nested too deep".into());
        }
        self.open.push((node, anchor));
        Ok(())
    }

    /// Puts a value where it belongs; gives it back where it is the document.
    fn add(&mut self, value: Value, anchor: usize) -> Result<Option<Value>, String> {
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        match self.open.last_mut() {
            None => return Ok(Some(value)),
            Some((OpenNode::List(items), _)) => items.push(value),
            Some((OpenNode::Mapping(members, key), _)) => match key.take() {
                Some(key) => drop(members.insert(key, value)),
                None => return Err("the key of a mapping is no text".into()),
            },
        }
        Ok(None)
    }
}

/// What a plain scalar is.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return true.into(),
        "false" | "False" | "FALSE" => return false.into(),
        _ => {}
    }
    let with_base = |prefix: &str, base| {
        let digits = text.strip_prefix(prefix)?;
        u64::from_str_radix(digits, base).ok().map(Value::from)
    };
    let is_number = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    let whole = || unsigned.parse::<i64>().ok().map(Value::from);
    let fraction = || {
        let number = unsigned.parse().ok().and_then(Number::from_f64);
        number.map(Value::Number)
    };
    // The core schema takes `0612` for a number; JSON has none like it, and writers mean a text by it.
    let digits = unsigned.trim_start_matches('-');
    let is_padded =
        digits.len() > 1 && digits.starts_with('0') && !digits.contains(['.', 'e', 'E']);
    let is_number = !is_padded && text.chars().all(is_number);
    let number = is_number.then(|| whole().or_else(fraction));
    with_base("0x", 16)
        .or_else(|| with_base("0o", 8))
        .or(number.flatten())
        .unwrap_or_else(|| text.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn yaml_is_what_the_same_is_in_json() {
        let text = "\
# A description.
openapi: 3.1.0
version: '1.0'
numbers: [1, -2.5, +3, 1e3, 0x1F, 0o17, 0612, 0, -0.5, 1.2.3, 2026-01-02]
words: {yes: no, t: true, n: ~, none: }
text: |
  two
  lines
folded: >-
  one
  line
base: &base {a: 1}
same: *base
\"quoted: key\": !!str 17
200:
  - x: \"\\u00e9\"
---
second: document
";
        let expected = json!({
            "openapi": "3.1.0", "version": "1.0",
            "numbers": [1, -2.5, 3, 1000.0, 31, 15, "0612", 0, -0.5, "1.2.3", "2026-01-02"],
            "words": {"yes": "no", "t": true, "n": null, "none": null},
            "text": "two\nlines\n", "folded": "one line",
            "base": {"a": 1}, "same": {"a": 1}, "quoted: key": "17",
            "200": [{"x": "é"}],
        });
        assert_eq!(read_yaml(text).unwrap(), expected);
    }

    #[test]
    fn what_has_no_end_or_is_none_is_refused() {
        let mut laughs = String::from("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
        for n in 1..12 {
            let names = vec![format!("*a{}", n - 1); 9].join(", ");
            laughs.extend([
                "a",
                &n.to_string(),
                ": &a",
                &n.to_string(),
                " [",
                &names,
                "]\n",
            ]);
        }
        for (text, reason) in [
            (laughs.as_str(), "64 MiB"),
            (&"[".repeat(200), "too deep"),
            ("a: &a [*a]", "alias"),
            ("? [a, b]\n: c", "no text"),
            ("a: [1", "line"),
            ("a: *b", "line"),
            ("", "empty"),
        ] {
            let error = read_yaml(text).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
