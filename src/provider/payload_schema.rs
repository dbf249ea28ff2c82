//! Whether a payload is what the description of its event says: a check by a JSON Schema.
//!
//! Of the draft 2020-12 it knows what descriptions of APIs use: `type`, `enum`, `const`, `properties`, `required`,
//! `additionalProperties`, `items`, `prefixItems`, `allOf`, `anyOf`, `oneOf` and the bounds of numbers, texts and
//! lists, with `$ref` into the schema itself. Everything else, as `pattern` and `format`, says nothing here, and
//! where several branches of a `oneOf` fit, the payload fits. A library that knows all of it has half the
//! size of this program.

mod parts;

use serde_json::{Map, Value};

use super::specimen::resolve;
use crate::delivery::Misfit;
use parts::{
    LONGEST_PATH, below, check_bounds, check_choice, is_of_type, list, misfit, type_name, types,
};

/// The most misfits that are told of one payload.
const MOST_MISFITS: usize = 20;
/// How often a schema is held against a value, of one payload: a stranger may send any, and schemas may hold
/// themselves.
const WORK: usize = 200_000;
/// How deep schemas may stand in each other.
const DEEPEST: usize = 200;

/// What a payload is held against.
#[derive(Debug, Clone, PartialEq)]
pub struct PayloadSchema(Value);

impl PayloadSchema {
    /// A schema as its file has it.
    pub const fn new(schema: Value) -> Self {
        Self(schema)
    }

    /// Where a payload does not fit, in its order; at most twenty places.
    pub fn check(&self, payload: &Value) -> Vec<Misfit> {
        let mut check = SchemaCheck {
            root: &self.0,
            left: WORK,
            depth: 0,
        };
        let mut misfits = Vec::new();
        check.value(&self.0, payload, "", &mut misfits);
        misfits.truncate(MOST_MISFITS);
        for Misfit { path, .. } in &mut misfits {
            if let Some((end, _)) = path.char_indices().nth(LONGEST_PATH) {
                path.truncate(end);
                path.push('…');
            }
        }
        misfits
    }
}

/// One payload under check.
struct SchemaCheck<'s> {
    root: &'s Value,
    left: usize,
    depth: usize,
}

impl<'s> SchemaCheck<'s> {
    /// Holds a schema against the value at a path.
    fn value(&mut self, schema: &'s Value, value: &Value, path: &str, misfits: &mut Vec<Misfit>) {
        if self.left == 0 || self.depth == DEEPEST || misfits.len() >= MOST_MISFITS {
            return;
        }
        self.left -= 1;
        self.depth += 1;
        let before = misfits.len();
        match schema {
            Value::Bool(false) => misfits.push(misfit(path, "nothing", value)),
            Value::Object(schema) => self.object_schema(schema, value, path, misfits),
            _ => {}
        }
        // Parts of a schema may want the same.
        for last in (before..misfits.len()).rev() {
            if misfits
                .iter()
                .take(last)
                .any(|other| *other == misfits[last])
            {
                misfits.remove(last);
            }
        }
        self.depth -= 1;
    }

    fn object_schema(
        &mut self,
        schema: &'s Map<String, Value>,
        value: &Value,
        path: &str,
        misfits: &mut Vec<Misfit>,
    ) {
        if schema.contains_key("$ref") {
            // The members beside it hold, too.
            let target = resolve(self.root, schema_of_ref(self.root, schema));
            self.value(target, value, path, misfits);
        }
        let types = types(schema);
        if !types.is_empty() && !types.iter().any(|name| is_of_type(value, name)) {
            let names: Vec<_> = types.iter().map(|name| type_name(name)).collect();
            misfits.push(misfit(path, &names.join(" or "), value));
            return;
        }
        check_choice(schema, value, path, misfits);
        check_bounds(schema, value, path, misfits);
        match value {
            Value::Object(members) => self.members(schema, members, path, misfits),
            Value::Array(items) => self.items(schema, items, path, misfits),
            _ => {}
        }
        for part in list(schema, "allOf") {
            self.value(part, value, path, misfits);
        }
        for choice in ["anyOf", "oneOf"] {
            self.branches(list(schema, choice), value, path, misfits);
        }
    }

    /// One of several schemas has to fit; else that one tells which is the nearest.
    fn branches(
        &mut self,
        branches: &'s [Value],
        value: &Value,
        path: &str,
        misfits: &mut Vec<Misfit>,
    ) {
        let mut nearest: Option<Vec<Misfit>> = None;
        for branch in branches {
            let mut found = Vec::new();
            self.value(branch, value, path, &mut found);
            if found.is_empty() {
                return;
            }
            // A branch for another type is never the one that is meant.
            let rank = |found: &Vec<Misfit>| {
                let is_other = found.iter().any(|misfit| misfit.path == path);
                (is_other, found.len())
            };
            if nearest
                .as_ref()
                .is_none_or(|best| rank(&found) < rank(best))
            {
                nearest = Some(found);
            }
        }
        misfits.extend(nearest.into_iter().flatten());
    }

    fn members(
        &mut self,
        schema: &'s Map<String, Value>,
        members: &Map<String, Value>,
        path: &str,
        misfits: &mut Vec<Misfit>,
    ) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let property = |name: &str| properties.and_then(|all| all.get(name));
        for name in list(schema, "required").iter().filter_map(Value::as_str) {
            if !members.contains_key(name) {
                let kind = property(name).and_then(Value::as_object).map(types);
                let kind = kind.as_ref().and_then(|types| types.first());
                misfits.push(Misfit {
                    path: below(path, name),
                    expected: kind.map_or("a value", |name| type_name(name)).into(),
                    found: "missing".into(),
                });
            }
        }
        let others = schema.get("additionalProperties");
        for (name, member) in members {
            let others = || others.filter(|_| !schema.contains_key("patternProperties"));
            let path = below(path, name);
            match property(name).or_else(others) {
                Some(Value::Bool(false)) => {
                    misfits.push(misfit(&path, "no such member", member));
                }
                Some(schema) => self.value(schema, member, &path, misfits),
                None => {}
            }
        }
    }

    fn items(
        &mut self,
        schema: &'s Map<String, Value>,
        items: &[Value],
        path: &str,
        misfits: &mut Vec<Misfit>,
    ) {
        let first = list(schema, "prefixItems");
        for (index, item) in items.iter().enumerate() {
            if let Some(schema) = first.get(index).or_else(|| schema.get("items")) {
                self.value(schema, item, &format!("{path}[{index}]"), misfits);
            }
        }
    }
}

/// The schema that holds a `$ref`, as `resolve` takes it.
fn schema_of_ref<'s>(root: &'s Value, schema: &'s Map<String, Value>) -> &'s Value {
    let target = schema.get("$ref").and_then(Value::as_str);
    let pointer = target.and_then(|target| target.strip_prefix('#'));
    let found = pointer.and_then(|pointer| root.pointer(pointer));
    found.unwrap_or(&Value::Null)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(schema: &Value, payload: &Value) -> Vec<String> {
        let misfits = PayloadSchema::new(schema.clone()).check(payload);
        misfits.iter().map(ToString::to_string).collect()
    }

    /// Schemas, each with a value that fits, one that does not, and what is told of that.
    #[allow(clippy::too_many_lines)] // A table.
    fn cases() -> [(Value, Value, Value, &'static str); 16] {
        let object = json!({"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}, "additionalProperties": false});
        let choice =
            json!({"oneOf": [{"type": "null"}, {"$ref": "#/$defs/a.b"}], "$defs": {"a.b": object}});
        [
            (
                json!({"type": "string"}),
                json!("a"),
                json!(1),
                "the body is `1`, described is a string",
            ),
            (
                json!({"type": ["integer", "null"]}),
                json!(2.0),
                json!(2.5),
                "the body is `2.5`, described is a whole number or null",
            ),
            (
                json!({"enum": ["a", null]}),
                json!(null),
                json!("b"),
                "the body is `\"b\"`, described is `\"a\"` or null",
            ),
            (
                json!({"const": {"a": 1}}),
                json!({"a": 1}),
                json!([]),
                "the body is an array, described is an object",
            ),
            (
                object.clone(),
                json!({"id": 1}),
                json!({}),
                "`id` is missing, described is a whole number",
            ),
            (
                object.clone(),
                json!({"id": 1}),
                json!({"id": 1, "a.b": 2}),
                "`a\\.b` is `2`, described is no such member",
            ),
            (
                json!({"additionalProperties": {"type": "boolean"}}),
                json!({"a": true}),
                json!({"a": 1}),
                "`a` is `1`, described is a boolean",
            ),
            (
                json!({"properties": {"a": {"items": {"type": "number"}}}}),
                json!({"a": [1, 2.5]}),
                json!({"a": [1, "x"]}),
                "`a[1]` is `\"x\"`, described is a number",
            ),
            (
                json!({"prefixItems": [{"type": "string"}], "items": false}),
                json!(["a"]),
                json!(["a", 1]),
                "`[1]` is `1`, described is nothing",
            ),
            (
                json!({"allOf": [object, {"required": ["id"]}]}),
                json!({"id": 1}),
                json!({"id": "1"}),
                "`id` is `\"1\"`, described is a whole number",
            ),
            (
                choice.clone(),
                json!(null),
                json!({"id": "1"}),
                "`id` is `\"1\"`, described is a whole number",
            ),
            (
                choice,
                json!({"id": 1}),
                json!("1"),
                "the body is `\"1\"`, described is null",
            ),
            (
                json!({"minimum": 2, "exclusiveMaximum": 4}),
                json!(2),
                json!(4),
                "the body is `4`, described is less than 4",
            ),
            (
                json!({"maximum": 2, "exclusiveMinimum": 0}),
                json!(2),
                json!(0),
                "the body is `0`, described is more than 0",
            ),
            (
                json!({"minLength": 2, "maxLength": 2}),
                json!("é1"),
                json!("é"),
                "the body is `\"é\"`, described is at least 2 characters",
            ),
            (
                json!({"minItems": 1, "maxItems": 1}),
                json!([1]),
                json!([1, 2]),
                "the body is an array, described is at most 1 items",
            ),
        ]
    }

    /// Of each keyword, what fits, and what is told of what does not. That all of it is so is held to a library
    /// that shares no code with this one.
    #[test]
    fn each_keyword_is_told_with_the_place() {
        for (schema, fits, other, message) in cases() {
            assert_eq!(told(&schema, &fits), [""; 0], "{schema}");
            assert_eq!(told(&schema, &other), [message], "{schema}");
            let library = jsonschema::draft202012::new(&schema).unwrap();
            assert!(
                library.is_valid(&fits) && !library.is_valid(&other),
                "{schema}"
            );
        }
    }

    #[test]
    fn what_several_parts_want_is_told_once() {
        let part = json!({"required": ["b"], "properties": {"a": {"type": "string"}}});
        let schema = json!({"allOf": [part, part, {"$ref": "#/$defs/p"}], "$defs": {"p": part}});
        let told = told(&schema, &json!({"a": 1}));
        assert_eq!(told.len(), 2, "{told:?}");
    }

    #[test]
    fn names_that_a_stranger_made_long_are_not_carried_down() {
        let long = "n".repeat(1 << 20);
        let deep = (0..100).fold(String::new(), |path, _| below(&path, &long));
        assert!(deep.len() < 8 * LONGEST_PATH, "{}", deep.len());
    }

    #[test]
    fn a_schema_that_holds_itself_comes_to_an_end() {
        let loops = json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}});
        assert_eq!(told(&loops, &json!({})), [""; 0]);
        let both = json!({"allOf": [{"$ref": "#"}, {"$ref": "#"}], "type": "string"});
        assert_eq!(told(&both, &json!("a")), [""; 0]);
        let deep = (0..120).fold(json!("x"), |value, _| json!({"a": value}));
        let tree = json!({"type": "object", "properties": {"a": {"$ref": "#"}}});
        assert!(told(&tree, &deep).len() <= 1);
        let long = json!({"x".repeat(1_000): 1});
        let told_of_long = told(&json!({"additionalProperties": false}), &long).concat();
        assert!(told_of_long.len() < 300, "{told_of_long}");
        let many: Vec<_> = (0..1_000).collect();
        let told = told(&json!({"items": {"type": "string"}}), &json!(many));
        assert_eq!(told.len(), MOST_MISFITS);
    }
}
