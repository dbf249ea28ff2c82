//! Believable values out of the JSON Schemas of an API's description.

use serde_json::{Map, Value};

/// What a text begins with that nothing but the member's name is known of.
pub const FREE: &str = "sample ";
/// Below this depth only what is required is made, so that schemas that hold themselves end.
const ALL_MEMBERS: usize = 6;
/// Below this depth nothing is made.
const DEEPEST: usize = 24;
/// How many bytes one payload may have, about: an example may be named by thousands of members.
pub const LARGEST: usize = 256 * 1024;
/// What a value without its text counts as, in bytes.
const VALUE: usize = 16;

/// Makes a value that fits a schema of `document`. An example, a constant and a default come before what
/// is made of the type.
pub fn specimen(document: &Value, schema: &Value) -> Value {
    let mut maker = SpecimenMaker {
        document,
        left: LARGEST,
    };
    maker.value(schema, "text", 0)
}

/// What a `$ref` within `document` leads to; null where it leads nowhere or out of it.
pub fn resolve<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    let mut value = value;
    for _ in 0..32 {
        let Some(target) = value.get("$ref").and_then(Value::as_str) else {
            return value;
        };
        let pointer = target.strip_prefix('#');
        value = match pointer.and_then(|pointer| document.pointer(pointer)) {
            Some(found) => found,
            None => return &Value::Null,
        };
    }
    &Value::Null
}

/// A text of somebody else's, in which nothing is a placeholder.
pub fn plain(value: &Value) -> Value {
    match value {
        Value::String(text) => text.replace("{{", "{ {").into(),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(map) => {
            let members = map.iter().map(|(key, value)| (key.clone(), plain(value)));
            Value::Object(members.collect())
        }
        other => other.clone(),
    }
}

/// How many bytes a value has, about; not more than `most` are counted.
pub fn weight(value: &Value, most: usize) -> usize {
    let mut weight = VALUE.min(most);
    match value {
        Value::String(text) => weight = weight.saturating_add(text.len()).min(most),
        Value::Array(items) => {
            for item in items {
                let left = most - weight;
                if left == 0 {
                    break;
                }
                weight += self::weight(item, left);
            }
        }
        Value::Object(map) => {
            for (key, member) in map {
                weight = weight.saturating_add(key.len()).min(most);
                let left = most - weight;
                if left == 0 {
                    break;
                }
                weight += self::weight(member, left);
            }
        }
        _ => {}
    }
    weight
}

struct SpecimenMaker<'d> {
    document: &'d Value,
    /// How many bytes may still be made.
    left: usize,
}

impl<'d> SpecimenMaker<'d> {
    fn value(&mut self, schema: &'d Value, member: &str, depth: usize) -> Value {
        if depth > DEEPEST || self.left == 0 {
            return Value::Null;
        }
        self.left = self.left.saturating_sub(VALUE + member.len());
        let schema = resolve(self.document, schema);
        if let Some(value) = stated(schema) {
            let weight = weight(value, self.left);
            self.left -= weight;
            return if self.left == 0 {
                Value::Null
            } else {
                plain(value)
            };
        }
        for choice in ["oneOf", "anyOf"] {
            let branches = schema.get(choice).and_then(Value::as_array);
            let is_null = |branch: &&Value| branch["type"] == "null";
            let mut branches = branches.into_iter().flatten();
            if let Some(branch) = branches.find(|branch| !is_null(branch)) {
                let chosen = self.value(branch, member, depth + 1);
                let has_own = schema.get("properties").or(schema.get("allOf")).is_some();
                let own = has_own.then(|| self.object(schema, depth));
                return merge(own.unwrap_or_default(), chosen);
            }
        }
        let type_of = schema.get("type");
        let name = match type_of {
            Some(Value::Array(names)) => names.iter().find(|name| *name != "null"),
            other => other,
        };
        match name.and_then(Value::as_str) {
            Some("string") => text(schema, member),
            Some("integer" | "number") => number(schema),
            Some("boolean") => true.into(),
            Some("null") => Value::Null,
            Some("array") => self.array(schema, member, depth),
            None if schema.get("items").is_some() => self.array(schema, member, depth),
            None if schema.get("allOf").is_none() && schema.get("properties").is_none() => {
                Value::Null
            }
            _ => self.object(schema, depth),
        }
    }

    fn array(&mut self, schema: &'d Value, member: &str, depth: usize) -> Value {
        let items = schema.get("items").filter(|_| depth < ALL_MEMBERS);
        let least = schema["minItems"].as_u64().unwrap_or(1).clamp(1, 10);
        let items = items.into_iter();
        items
            .flat_map(|items| (0..least).map(move |_| items))
            .map(|items| self.value(items, member, depth + 1))
            .collect()
    }

    /// The members of an object and of all that it is put together of.
    fn object(&mut self, schema: &'d Value, depth: usize) -> Value {
        let mut whole = Value::Object(Map::new());
        for part in schema["allOf"].as_array().into_iter().flatten() {
            let part = self.value(part, "text", depth + 1);
            whole = merge(whole, part);
        }
        let required = schema["required"].as_array();
        let is_required = |key: &str| required.is_some_and(|all| all.iter().any(|it| it == key));
        for (key, member) in schema["properties"].as_object().into_iter().flatten() {
            let is_left_out = depth >= ALL_MEMBERS && !is_required(key);
            if is_left_out || member["writeOnly"] == true {
                continue;
            }
            let value = self.value(member, key, depth + 1);
            whole[key.as_str()] = value;
        }
        whole
    }
}

/// What a schema itself shows or fixes.
fn stated(schema: &Value) -> Option<&Value> {
    let first = |name| schema.get(name).and_then(|list| list.get(0));
    schema
        .get("const")
        .or_else(|| schema.get("example"))
        .or_else(|| first("examples"))
        .or_else(|| schema.get("default").filter(|value| !value.is_null()))
        .or_else(|| first("enum"))
}

/// Two values as one, as what has to fit two schemas: all members of both, and of a member that both have
/// the one that says more, else the second.
fn merge(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Object(mut one), Value::Object(other)) => {
            for (key, member) in other {
                let own = one.get_mut(&key).map_or(Value::Null, Value::take);
                one.insert(key, merge(own, member));
            }
            Value::Object(one)
        }
        (Value::Array(one), Value::Array(other)) => {
            let mut others = other.into_iter();
            let both = one.into_iter().map(|item| match others.next() {
                Some(other) => merge(item, other),
                None => item,
            });
            let both: Vec<_> = both.collect();
            both.into_iter().chain(others).collect()
        }
        (one, Value::Null) => one,
        (Value::String(one), Value::String(other)) if other.starts_with(FREE) => one.into(),
        (_, other) => other,
    }
}

fn text(schema: &Value, member: &str) -> Value {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    let member: String = member.chars().filter(is_plain).take(40).collect();
    match schema["format"].as_str().unwrap_or_default() {
        "date-time" => "{{time}}".into(),
        "date" => "{{date}}".into(),
        "uuid" => format!("{{{{uuid:{member}}}}}").into(),
        "email" => "amara@example.com".into(),
        "uri" | "url" | "iri" | "uri-reference" => "https://example.com/path".into(),
        "hostname" => "example.com".into(),
        "ipv4" => "192.0.2.1".into(),
        "ipv6" => "2001:db8::1".into(),
        _ => {
            let text = format!("{FREE}{member}");
            let least = schema["minLength"].as_u64().unwrap_or(0).min(1_000);
            let most = schema["maxLength"].as_u64().unwrap_or(1_000).min(1_000);
            let letters = text.chars().chain(std::iter::repeat('x'));
            let length = (text.len() as u64).clamp(least.min(most), most);
            letters
                .take(usize::try_from(length).unwrap_or(0))
                .collect::<String>()
                .into()
        }
    }
}

fn number(schema: &Value) -> Value {
    let bound = |name| schema.get(name).filter(|value| value.is_number());
    match bound("minimum").or_else(|| bound("maximum")) {
        Some(bound) => bound.clone(),
        None => 42.into(),
    }
}
