//! Paths into JSON, and JSON itself: what is changed is at the path, and no error changes anything.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use webhook_cli::json::{JsonFields, Path, is_json, javascript};

fuzz_target!(|data: &[u8]| {
    let end = data
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(data.len());
    let (path, document) = data.split_at(end);
    let document = document
        .get(1..)
        .unwrap_or(b"{\"a\":[1,{\"b\":2}],\"\":{\"c.d\":null}}");
    let _ = is_json(document);
    if let Some(text) = javascript::restringify(document) {
        assert!(javascript::is_fixed_point(text.as_bytes()), "{text}");
    }
    let Ok(text) = std::str::from_utf8(path) else {
        return;
    };
    let Ok(path) = text.parse::<Path>() else {
        return;
    };
    if let Some(fields) = JsonFields::new(document) {
        let _ = fields.string_or_number(&path);
    }
    let Ok(value) = serde_json::from_slice::<Value>(document) else {
        return;
    };
    assert_eq!(
        path.to_string().parse::<Path>().as_ref(),
        Ok(&path),
        "{text}"
    );
    for can_add in [false, true] {
        let mut changed = value.clone();
        match path.set(&mut changed, Value::from("new"), can_add) {
            Ok(()) => assert_eq!(path.find(&mut changed), Some(&mut Value::from("new"))),
            Err(_) => assert!(can_add || changed == value, "an error changed the document"),
        }
    }
    if let Some(place) = path.locate(document) {
        assert!(
            document.get(place).is_some(),
            "a place outside the document"
        );
    }
    let _ = path.splice(document, &Value::from("new"));
    let mut changed = value.clone();
    let removed = path.unset(&mut changed);
    assert!(
        removed.is_ok() || changed == value,
        "an error changed the document"
    );
});
