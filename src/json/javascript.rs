//! The text that JavaScript's `JSON.stringify` writes.
//!
//! Documented sample handlers compute the MAC over `JSON.stringify(req.body)`, so a body passes
//! them only if `JSON.stringify(JSON.parse(body))` is the body itself: compact, numbers in
//! JavaScript's own text, integer-like keys first and in order (ECMA-262, 25.5.2 and 10.1.11.1).

use serde_json::{Map, Number, Value};

/// The greatest array index in JavaScript, 2^32 - 2; larger integers are ordinary keys.
const MAX_INDEX: u64 = 4_294_967_294;

/// The text that `JSON.stringify(value)` gives.
pub fn stringify(value: &Value) -> String {
    let mut text = Vec::new();
    // Memory takes everything, and what is written is UTF-8.
    let _ = write_value(value, &mut text);
    String::from_utf8(text).unwrap_or_default()
}

/// What `JSON.stringify(JSON.parse(body))` gives; `None` where the body is not JSON that this
/// program can read.
pub fn restringify(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    Some(stringify(&value))
}

/// Whether `JSON.stringify(JSON.parse(body))` gives the body itself.
pub fn is_fixed_point(body: &[u8]) -> bool {
    restringify(body).is_some_and(|text| text.as_bytes() == body)
}

/// A number in JavaScript's text: `49.9`, `10`, `10000000000000000`, `1e+21`.
pub fn number_text(number: &Number) -> String {
    // JavaScript has one kind of number; integers beyond 2^53 lose their last digits there too.
    let double = number.as_f64().unwrap_or_default();
    if double == 0.0 {
        return "0".into();
    }
    ryu_js::Buffer::new().format(double).to_owned()
}

fn write_value(value: &Value, text: &mut Vec<u8>) -> serde_json::Result<()> {
    match value {
        Value::Number(number) => text.extend_from_slice(number_text(number).as_bytes()),
        Value::Array(items) => {
            text.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(b',');
                }
                write_value(item, text)?;
            }
            text.push(b']');
        }
        Value::Object(map) => write_object(map, text)?,
        // Booleans, null and strings are written alike: the same seven short escapes, \u00xx for
        // the other control characters, everything else as it is.
        plain => serde_json::to_writer(text, plain)?,
    }
    Ok(())
}

fn write_object(map: &Map<String, Value>, text: &mut Vec<u8>) -> serde_json::Result<()> {
    text.push(b'{');
    for (index, (key, value)) in ordered(map).into_iter().enumerate() {
        if index > 0 {
            text.push(b',');
        }
        serde_json::to_writer(&mut *text, key)?;
        text.push(b':');
        write_value(value, text)?;
    }
    text.push(b'}');
    Ok(())
}

/// The members in JavaScript's order: integer-like keys ascending, then the others as they came.
fn ordered(map: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut members: Vec<_> = map.iter().collect();
    members.sort_by_key(|(key, _)| index_of(key).unwrap_or(u64::MAX));
    members
}

fn index_of(key: &str) -> Option<u64> {
    let canonical = key == "0" || !key.starts_with(['0', '+']);
    key.parse()
        .ok()
        .filter(|index| canonical && *index <= MAX_INDEX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_written_as_javascript_writes_them() {
        for (json, text) in [
            ("49.90", "49.9"),
            ("10.0", "10"),
            ("1e16", "10000000000000000"),
            ("1e21", "1e+21"),
            ("-0.0", "0"),
            ("0.000001", "0.000001"),
            ("1e-7", "1e-7"),
            ("9007199254740993", "9007199254740992"),
            ("18446744073709551615", "18446744073709552000"),
        ] {
            assert_eq!(restringify(json.as_bytes()).unwrap(), text, "{json}");
        }
    }

    #[test]
    fn integer_like_keys_come_first() {
        let text = restringify(br#"{"b":1,"10":2,"01":3,"9":4,"-1":5,"a":{"1":0,"0":1}}"#).unwrap();
        assert_eq!(
            text,
            r#"{"9":4,"10":2,"b":1,"01":3,"-1":5,"a":{"0":1,"1":0}}"#
        );
    }

    #[test]
    fn the_last_of_two_equal_keys_wins_in_the_place_of_the_first() {
        assert_eq!(
            restringify(br#"{"a":1,"b":2,"a":3}"#).unwrap(),
            r#"{"a":3,"b":2}"#
        );
    }

    proptest! {
        #[test]
        fn what_stringify_wrote_is_a_fixed_point(text in r#"[a-z0-9"\\\n\u{1}\u{2028}é😀]{0,12}"#, number in any::<f64>(), key in "[0-9]{1,3}") {
            let number = if number.is_finite() { number } else { 0.0 };
            let mut map = Map::new();
            map.insert("z".into(), Value::from(text));
            map.insert(key, Value::from(number));
            let body = stringify(&Value::Object(map));
            prop_assert!(is_fixed_point(body.as_bytes()), "{}", body);
        }
    }
}
