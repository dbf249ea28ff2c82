//! The keywords of a schema that are about one value alone.

use serde_json::{Map, Value};

use crate::delivery::Misfit;

/// How much of a path is told, in characters: the names in it are the sender's.
pub const LONGEST_PATH: usize = 200;
/// How many values of an `enum` are named.
const NAMED: usize = 6;
/// How much of a text is shown, in characters.
const SHOWN: usize = 40;

/// That something else stands at a path than is expected.
pub fn misfit(path: &str, expected: &str, found: &Value) -> Misfit {
    Misfit {
        path: path.to_owned(),
        expected: expected.to_owned(),
        found: shown(found),
    }
}

/// The path of a member, as `--set` takes it; where it is longer than what is told of one, as it is.
pub fn below(path: &str, name: &str) -> String {
    if path.len() > 4 * LONGEST_PATH {
        return path.to_owned();
    }
    let name: String = name.chars().take(LONGEST_PATH + 1).collect();
    let name = name.replace('\\', "\\\\").replace('.', "\\.");
    if path.is_empty() {
        name
    } else {
        format!("{path}.{name}")
    }
}

/// The items of a list that a schema has.
pub fn list<'s>(schema: &'s Map<String, Value>, name: &str) -> &'s [Value] {
    let list = schema.get(name).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

/// The types that a schema names.
pub fn types(schema: &Map<String, Value>) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Whether a value is of a type.
pub fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        "integer" => {
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0)
        }
        // Such a type is none that JSON has.
        _ => true,
    }
}

/// A type, for people.
pub fn type_name(name: &str) -> &str {
    match name {
        "boolean" => "a boolean",
        "string" => "a string",
        "array" => "an array",
        "object" => "an object",
        "number" => "a number",
        "integer" => "a whole number",
        other => other,
    }
}

/// A value for people: what it is, and of what is short, which.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => "an array".into(),
        Value::Object(_) => "an object".into(),
        Value::String(text) if text.chars().count() > SHOWN => "a longer string".into(),
        Value::Null => "null".into(),
        short => format!("`{short}`"),
    }
}

/// That a value is one of those that a schema names.
pub fn check_choice(
    schema: &Map<String, Value>,
    value: &Value,
    path: &str,
    misfits: &mut Vec<Misfit>,
) {
    let constant = schema.get("const").map(std::slice::from_ref);
    let choices = schema
        .get("enum")
        .and_then(Value::as_array)
        .map(Vec::as_slice);
    for allowed in constant.into_iter().chain(choices) {
        if !allowed.contains(value) {
            let names: Vec<_> = allowed.iter().take(NAMED).map(shown).collect();
            let more = if allowed.len() > NAMED { ", …" } else { "" };
            misfits.push(misfit(
                path,
                &format!("{}{more}", names.join(" or ")),
                value,
            ));
        }
    }
}

/// That a number, or the length of a text or a list, is within bounds.
pub fn check_bounds(
    schema: &Map<String, Value>,
    value: &Value,
    path: &str,
    misfits: &mut Vec<Misfit>,
) {
    #[allow(clippy::cast_precision_loss)] // No payload is so long.
    let (size, names, what) = match value {
        Value::Number(number) => (number.as_f64(), ["minimum", "maximum"], ""),
        Value::String(text) => {
            let length = text.chars().count() as f64;
            (Some(length), ["minLength", "maxLength"], " characters")
        }
        Value::Array(items) => {
            let length = items.len() as f64;
            (Some(length), ["minItems", "maxItems"], " items")
        }
        _ => return,
    };
    let Some(size) = size else { return };
    let bound = |name: &str| schema.get(name).filter(|bound| bound.is_number());
    let beyond = |name: &str, is_wrong: fn(f64, f64) -> bool| {
        bound(name).filter(|bound| bound.as_f64().is_some_and(|bound| is_wrong(size, bound)))
    };
    let is_number = value.is_number();
    let strict = [
        ("exclusiveMinimum", "more than"),
        ("exclusiveMaximum", "less than"),
    ];
    let wrong = [
        (beyond(names[0], |size, bound| size < bound), "at least"),
        (beyond(names[1], |size, bound| size > bound), "at most"),
        (
            beyond(strict[0].0, |size, bound| size <= bound).filter(|_| is_number),
            strict[0].1,
        ),
        (
            beyond(strict[1].0, |size, bound| size >= bound).filter(|_| is_number),
            strict[1].1,
        ),
    ];
    for (bound, word) in wrong {
        if let Some(bound) = bound {
            misfits.push(misfit(path, &format!("{word} {bound}{what}"), value));
        }
    }
}
