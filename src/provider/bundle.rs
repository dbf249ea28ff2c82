//! A schema of an API's description as one of its own: what it refers to comes with it, in `$defs`, and what
//! `OpenAPI` 3.0 says in its own way is said as JSON Schema does.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::specimen::weight;
use crate::json::Path;

/// The members of a schema that are kept: those that say what fits.
const KEPT: [&str; 24] = [
    "type",
    "enum",
    "const",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "prefixItems",
    "allOf",
    "anyOf",
    "oneOf",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "pattern",
    "patternProperties",
    "format",
    "title",
    "$ref",
];
/// How many bytes a schema may have, about.
const LARGEST: usize = 4 * 1024 * 1024;
/// How deep schemas may stand in each other.
const DEEPEST: usize = 100;

/// A schema of `document` that needs nothing else of it; `None` where it would be too large.
pub fn bundle(document: &Value, schema: &Value) -> Option<Value> {
    let mut bundler = Bundler {
        document,
        names: BTreeMap::new(),
        queue: Vec::new(),
    };
    let root = bundler.schema(schema, 0);
    let mut definitions = Map::new();
    let mut left = LARGEST.checked_sub(weight(&root, LARGEST))?;
    while let Some((name, schema)) = bundler.queue.pop() {
        let schema = bundler.schema(schema, 0);
        left = left.checked_sub(weight(&schema, LARGEST))?;
        definitions.insert(name, schema);
    }
    definitions.sort_keys();
    let mut whole = json!({"$schema": "https://json-schema.org/draft/2020-12/schema"});
    match root {
        Value::Object(members) => whole.as_object_mut()?.extend(members),
        other => whole["allOf"] = json!([other]),
    }
    if !definitions.is_empty() {
        whole["$defs"] = definitions.into();
    }
    Some(whole)
}

/// The schema of a body in which what a schema describes stands at a path; `None` where that is in a list.
pub fn enclosed(schema: Value, path: &Path) -> Option<Value> {
    fn around(place: Value, schema: Value) -> Option<Value> {
        match place {
            Value::Object(members) => {
                let (name, place) = members.into_iter().next()?;
                let inner = around(place, schema)?;
                Some(json!({"type": "object", "required": [name], "properties": {name: inner}}))
            }
            Value::Null => Some(schema),
            _ => None,
        }
    }
    let mut place = Value::Null;
    path.set(&mut place, Value::Null, true).ok()?;
    let mut schema = schema;
    // References lead from the root.
    let definitions = schema
        .as_object_mut()
        .and_then(|all| all.shift_remove("$defs"));
    let mut whole = around(place, schema)?;
    if let Some(definitions) = definitions {
        whole["$defs"] = definitions;
    }
    Some(whole)
}

struct Bundler<'d> {
    document: &'d Value,
    /// The name among the definitions of each place that is referred to.
    names: BTreeMap<&'d str, String>,
    /// The definitions that are still to be taken.
    queue: Vec<(String, &'d Value)>,
}

impl<'d> Bundler<'d> {
    /// A schema with its references led into the definitions.
    fn schema(&mut self, schema: &'d Value, depth: usize) -> Value {
        let Some(members) = schema.as_object().filter(|_| depth < DEEPEST) else {
            return schema.as_bool().unwrap_or(true).into();
        };
        let mut kept = Map::new();
        for (name, value) in members
            .iter()
            .filter(|(name, _)| KEPT.contains(&name.as_str()))
        {
            let value = match name.as_str() {
                "$ref" => match self.reference(value) {
                    Some(target) => target.into(),
                    None => continue,
                },
                "properties" | "patternProperties" => {
                    let all = value.as_object().into_iter().flatten();
                    let all =
                        all.map(|(name, value)| (name.clone(), self.schema(value, depth + 1)));
                    Value::Object(all.collect())
                }
                "allOf" | "anyOf" | "oneOf" | "prefixItems" => {
                    let all = value.as_array().into_iter().flatten();
                    all.map(|value| self.schema(value, depth + 1)).collect()
                }
                "items" | "additionalProperties" => self.schema(value, depth + 1),
                "required" => required(members, value),
                _ => value.clone(),
            };
            kept.insert(name.clone(), value);
        }
        strict_bounds(&mut kept);
        if members.get("nullable") == Some(&Value::Bool(true)) {
            return or_null(kept);
        }
        Value::Object(kept)
    }

    /// Where a reference leads among the definitions; `None` where it leads nowhere or out of the document.
    fn reference(&mut self, target: &'d Value) -> Option<String> {
        let pointer = target.as_str()?.strip_prefix('#')?;
        let schema = self.document.pointer(pointer)?;
        if !self.names.contains_key(pointer) {
            let last = pointer.rsplit('/').next().unwrap_or_default();
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
            let mut name = last.replace(|c| !is_plain(c), "-");
            while self.names.values().any(|other| *other == name) {
                name.push('_');
            }
            self.queue.push((name.clone(), schema));
            self.names.insert(pointer, name);
        }
        Some(format!("#/$defs/{}", self.names.get(pointer)?))
    }
}

/// The members that are required of what is sent: what is written only is never sent.
fn required(schema: &Map<String, Value>, names: &Value) -> Value {
    let is_sent = |name: &&Value| {
        let name = name.as_str().unwrap_or_default();
        schema
            .get("properties")
            .is_none_or(|all| all[name]["writeOnly"] != true)
    };
    let names = names.as_array().into_iter().flatten();
    names.filter(is_sent).cloned().collect()
}

/// Of 3.0, `exclusiveMinimum` says of `minimum` how it is meant.
fn strict_bounds(schema: &mut Map<String, Value>) {
    for (strict, plain) in [
        ("exclusiveMinimum", "minimum"),
        ("exclusiveMaximum", "maximum"),
    ] {
        match schema.get(strict) {
            Some(Value::Bool(true)) => {
                let bound = schema.shift_remove(plain);
                schema.shift_remove(strict);
                schema.extend(bound.map(|bound| (strict.to_owned(), bound)));
            }
            Some(Value::Bool(false)) => drop(schema.shift_remove(strict)),
            _ => {}
        }
    }
}

/// What 3.0 calls nullable.
fn or_null(mut schema: Map<String, Value>) -> Value {
    match schema.get_mut("enum").and_then(Value::as_array_mut) {
        Some(values) if !values.contains(&Value::Null) => values.push(Value::Null),
        _ => {}
    }
    match schema.get("type") {
        Some(Value::String(name)) => {
            let both = json!([name, "null"]);
            schema.insert("type".into(), both);
        }
        Some(_) => {}
        None => return json!({"anyOf": [schema, {"type": "null"}]}),
    }
    Value::Object(schema)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_referred_to_comes_along_and_nothing_is_said_as_in_3_0() {
        let document = json!({
            "components": {"schemas": {
                "Node": {"type": "object", "nullable": true, "description": "a node", "properties": {
                    "next": {"$ref": "#/components/schemas/Node"},
                    "secret": {"type": "string", "writeOnly": true},
                    "kind": {"type": "string", "enum": ["a"], "nullable": true},
                    "size": {"type": "integer", "minimum": 0, "exclusiveMinimum": true, "maximum": 9, "exclusiveMaximum": false},
                    "other": {"$ref": "https://example.com/schema.json"},
                }, "required": ["kind", "secret"]},
            }},
            "x": {"Node": {"allOf": [{"type": "string"}], "nullable": true}},
        });
        let schema =
            json!({"oneOf": [{"$ref": "#/components/schemas/Node"}, {"$ref": "#/x/Node"}]});
        let whole = bundle(&document, &schema).unwrap();
        let expected = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "oneOf": [{"$ref": "#/$defs/Node"}, {"$ref": "#/$defs/Node_"}],
            "$defs": {
                "Node": {"type": ["object", "null"], "properties": {
                    "next": {"$ref": "#/$defs/Node"},
                    "secret": {"type": "string"},
                    "kind": {"type": ["string", "null"], "enum": ["a", null]},
                    "size": {"type": "integer", "maximum": 9, "exclusiveMinimum": 0},
                    "other": {},
                }, "required": ["kind"]},
                "Node_": {"anyOf": [{"allOf": [{"type": "string"}]}, {"type": "null"}]},
            },
        });
        assert_eq!(whole, expected);
        assert!(jsonschema::meta::is_valid(&whole));
    }
}
