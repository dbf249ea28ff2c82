//! The events of a provider tell one story: one thing has one id and one number, things are made in
//! the order of their numbers, and one endpoint is one business's.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{fixtures, objects};

/// The members that hold the id of the thing that an object tells of.
const IDS: [&str; 7] = [
    "order_id",
    "id",
    "payment_id",
    "customer_id",
    "product_id",
    "refund_id",
    "line_item_id",
];
/// The members that stay with a thing as long as it is.
const FIXED: [&str; 12] = [
    "orderNumber",
    "order_number",
    "number",
    "sku",
    "first_name",
    "productId",
    "product_id",
    "menu_item_id",
    "pantry_item_id",
    "expense_number",
    "mimeType",
    "business_id",
];
/// The members that hold an order's number.
const NUMBERS: [&str; 3] = ["orderNumber", "order_number", "number"];
/// The members that hold the time at which an order was made.
const TIMES: [&str; 2] = ["createdAt", "created_at"];

/// The name of the only placeholder for an id in a text.
fn name_of_id(text: &str) -> Option<&str> {
    text.split_once("{{id:")?.1.strip_suffix("}}")
}

/// The seconds before the event at which a placeholder is: `{{time-4s}}`.
fn age(placeholder: &str) -> Option<u64> {
    let offset = placeholder.strip_prefix("{{time")?.strip_suffix("}}")?;
    if offset.is_empty() {
        return Some(0);
    }
    let (number, unit) = offset.strip_prefix('-')?.split_at(offset.len() - 2);
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        other => panic!("{other}"),
    };
    Some(number.parse::<u64>().expect("a number") * unit)
}

fn text_of<'v>(object: &'v Value, names: &[&str]) -> Option<&'v str> {
    names.iter().find_map(|name| object.get(*name)?.as_str())
}

/// The document with every time as that of the event.
fn without_times(value: &Value) -> Value {
    match value {
        Value::String(text) if text.starts_with("{{time") => "{{time}}".into(),
        Value::Array(items) => items.iter().map(without_times).collect(),
        Value::Object(map) => {
            let members = map.iter();
            let members = members.map(|(key, value)| (key.clone(), without_times(value)));
            Value::Object(members.collect())
        }
        plain => plain.clone(),
    }
}

/// Of which provider, under which name, and what was said of it where.
type Sayings = BTreeMap<(String, String), BTreeSet<String>>;

#[test]
fn one_id_is_one_thing() {
    let mut said = Sayings::new();
    for (provider, _, data) in fixtures() {
        let mut all = Vec::new();
        objects(&data, &mut all);
        for object in all {
            let members = object.as_object().expect("an object");
            let first = members.iter().next();
            let id = first.filter(|(key, _)| IDS.contains(&key.as_str()));
            let Some(name) = id.and_then(|(_, id)| name_of_id(id.as_str()?)) else {
                continue;
            };
            for key in FIXED {
                if let Some(value) = object.get(key) {
                    let thing = (provider.clone(), format!("{name} {key}"));
                    said.entry(thing).or_default().insert(value.to_string());
                }
            }
        }
    }
    assert!(said.len() > 40, "{}", said.len());
    for (thing, values) in said {
        assert_eq!(values.len(), 1, "{thing:?}: {values:?}");
    }
}

#[test]
fn one_order_number_is_one_order() {
    let mut said = Sayings::new();
    for (provider, event, data) in fixtures() {
        let mut all = Vec::new();
        objects(&data, &mut all);
        // What a payment says of its order stands in an object of its own.
        let outer = text_of(&data, &["order_id"]);
        for object in all {
            let Some(number) = NUMBERS.iter().find_map(|name| object.get(*name)) else {
                continue;
            };
            let own = text_of(object, &["order_id"]).or_else(|| text_of(object, &["id"]));
            let id = own.or(outer);
            let id = id.unwrap_or_else(|| panic!("{provider} {event}: {object}"));
            if !id.starts_with("ord") {
                continue;
            }
            let thing = (provider.clone(), number.to_string());
            said.entry(thing).or_default().insert(id.to_owned());
        }
    }
    assert!(said.len() > 10, "{}", said.len());
    for (thing, ids) in said {
        assert_eq!(ids.len(), 1, "{thing:?}: {ids:?}");
    }
}

#[test]
fn order_numbers_rise_with_time() {
    let mut orders: BTreeMap<String, Vec<(String, u64)>> = BTreeMap::new();
    for (provider, event, data) in fixtures() {
        if !event.starts_with("order.") {
            continue;
        }
        let number = NUMBERS.iter().find_map(|name| data.get(*name));
        let number = number.expect("a number").to_string();
        let made = text_of(&data, &TIMES).and_then(age).unwrap_or_default();
        orders.entry(provider).or_default().push((number, made));
    }
    assert_eq!(orders.len(), 4);
    for (provider, orders) in orders {
        for (number, age) in &orders {
            for (other, other_age) in &orders {
                assert!(
                    number >= other || age > other_age,
                    "{provider}: {number} is {age} s old, {other} {other_age} s"
                );
            }
        }
    }
}

#[test]
fn one_endpoint_is_one_business() {
    for provider in ["cimplify", "olympus"] {
        let mut businesses = BTreeSet::new();
        for (name, event, data) in fixtures() {
            if name != provider {
                continue;
            }
            if provider == "cimplify" {
                let business = text_of(&data, &["business_id"]);
                businesses.insert(business.expect("a business").to_owned());
            } else if event.starts_with("location.") {
                businesses.insert(text_of(&data, &["id"]).expect("an id").to_owned());
            }
        }
        assert_eq!(businesses.len(), 1, "{businesses:?}");
    }
}

#[test]
fn what_a_created_thing_is_called_its_update_knows() {
    let all = fixtures();
    let find = |provider: &str, event: &str| {
        let mut all = all.iter();
        all.find(|(name, of, _)| name == provider && of == event)
    };
    let mut pairs = 0;
    for (provider, event, updated) in &all {
        let Some(kind) = event.strip_suffix("updated") else {
            continue;
        };
        let Some((_, _, created)) = find(provider, &format!("{kind}created")) else {
            continue;
        };
        pairs += 1;
        let told = ["changes", "previous_values", "previous"];
        let changed = told.iter().find_map(|name| updated.get(*name));
        let changed = changed.expect("what changed").to_string();
        let (created, updated) = (without_times(created), without_times(updated));
        for (key, value) in created.as_object().expect("an object") {
            let now = updated.get(key);
            // The money of an order whose lines changed follows from them, a customer's from time.
            let follows = ["items", "subtotal", "tax", "total"].contains(&key.as_str());
            let grows = ["order_count", "total_spent", "last_order_at"].contains(&key.as_str());
            let is_told = changed.contains(&format!("\"{key}\""))
                || (follows && changed.contains("items_"))
                || grows;
            assert!(
                is_told || now == Some(value),
                "{provider} {event} {key}: {value} became {now:?} without a word"
            );
        }
    }
    assert_eq!(pairs, 10);
}
