//! Single values of all events: nobody's, and as the provider would write them.

use std::collections::BTreeMap;

use serde_json::Value;
use webhook_cli::provider::Catalogue;

use super::{fixtures, objects, texts};

/// Whether a number can belong to nobody: the block for fiction of North America, or a code of Ghana
/// that was never given to anybody.
fn is_nobodys(phone: &str) -> bool {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    let american =
        digits.len() == 11 && digits.starts_with('1') && digits[4..].starts_with("55501");
    let ghanaian = digits.len() == 12 && digits.starts_with("23322");
    phone.starts_with('+') && (american || ghanaian)
}

#[test]
fn no_phone_number_is_anybodys() {
    let mut count = 0;
    for (provider, event, data) in fixtures() {
        for (name, text) in texts(&data) {
            let is_number = text.strip_prefix('+').is_some_and(|rest| {
                let mut digits = rest.chars().filter(|c| *c != '-' && *c != ' ');
                digits.all(|c| c.is_ascii_digit())
            });
            assert!(
                is_number || !name.contains("phone"),
                "{provider} {event}: {text}"
            );
            if is_number {
                count += 1;
                assert!(is_nobodys(text), "{provider} {event}: {text}");
            }
            if text.contains("****") {
                assert!(text.starts_with("022"), "{provider} {event}: {text}");
            }
        }
    }
    assert!(count > 20, "{count}");
}

#[test]
fn no_mail_address_is_anybodys() {
    for (provider, event, data) in fixtures() {
        for (_, text) in texts(&data) {
            for (_, after) in text
                .match_indices('@')
                .map(|(place, _)| text.split_at(place + 1))
            {
                let domain = after.split(|c: char| !c.is_alphanumeric() && c != '.' && c != '-');
                let domain = domain
                    .into_iter()
                    .next()
                    .unwrap_or_default()
                    .trim_end_matches('.');
                let is_reserved = ["example.com", "example.org"].contains(&domain)
                    || domain.ends_with(".example");
                assert!(is_reserved, "{provider} {event}: {text}");
            }
        }
    }
}

#[test]
fn no_parcel_and_no_product_is_anybodys() {
    for (provider, event, data) in fixtures() {
        for (name, text) in texts(&data) {
            let what = format!("{provider} {event}: {name} {text}");
            match name {
                // The codes that a shop gives to what it sells itself.
                "barcode" => assert!(text.starts_with('2') && text.len() == 13, "{what}"),
                "trackingNumber" => assert!(!has_check_digit(text), "{what}"),
                _ => {}
            }
        }
    }
}

/// Whether the last digit is the one that three times every other digit from the right asks for.
fn has_check_digit(text: &str) -> bool {
    let digits = text.chars().rev().filter_map(|c| c.to_digit(10));
    let sum: u32 = digits
        .enumerate()
        .map(|(place, digit)| if place % 2 == 1 { digit * 3 } else { digit })
        .sum();
    sum.is_multiple_of(10)
}

#[test]
fn a_check_digit_is_told() {
    assert!(has_check_digit("2000127403157") && has_check_digit("9400110200881946703353"));
    assert!(!has_check_digit("2000127403158"));
}

/// Whether a text has a year, a month and a day.
fn has_date(text: &str) -> bool {
    let is_date = |window: &[u8]| {
        let pattern = window.iter().map(|byte| match byte {
            b'0'..=b'9' => b'0',
            other => *other,
        });
        pattern.eq(*b"0000-00-00")
    };
    text.as_bytes().windows(10).any(is_date)
}

/// A fixed one is later than an event whose time is given, or years before it.
#[test]
fn every_date_follows_the_time_of_the_event() {
    for (provider, event, data) in fixtures() {
        for (name, text) in texts(&data) {
            assert!(!has_date(text), "{provider} {event}: {name} {text}");
        }
        let written = data.to_string();
        assert!(!written.contains("_year\""), "{provider} {event}");
        for century in ["202", "203"] {
            let is_year = |(place, _): (usize, &str)| {
                let around = written.as_bytes();
                let is_digit = |at: usize| around.get(at).is_some_and(u8::is_ascii_digit);
                is_digit(place + 3) && !is_digit(place + 4) && !is_digit(place.wrapping_sub(1))
            };
            let mut years = written.match_indices(century);
            assert!(!years.any(is_year), "{provider} {event}: {written}");
        }
    }
}

/// Of the vendors, too. Versions of an interface are dates, but have no time of day.
#[test]
fn no_vendor_has_a_fixed_moment_in_an_event() {
    let catalogue = Catalogue::builtin();
    for provider in catalogue.iter() {
        for event in provider.event_names() {
            let data = provider.event(event).expect("its own").expect("valid").data;
            for (name, text) in texts(&data) {
                // The zero of Go's times, and of unix time, says never: Gitea sends both.
                let zeros = ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z"];
                let is_never = zeros.contains(&text);
                let is_moment = text.contains('T') && has_date(text) && !is_never;
                assert!(!is_moment, "{} {event}: {name} {text}", provider.name());
            }
        }
    }
}

/// The amount of this name in cents, whether it is a number or a text.
fn cents(object: &Value, names: &[&str]) -> Option<i64> {
    let value = names.iter().find_map(|name| object.get(*name))?;
    let amount = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
    // Exact: no amount is as large as that of all cents that a double has.
    #[allow(clippy::cast_possible_truncation)]
    Some((amount * 100.0).round() as i64)
}

#[test]
fn the_sums_are_right() {
    let (mut lines, mut orders) = (0, 0);
    for (provider, event, data) in fixtures() {
        let mut all = Vec::new();
        objects(&data, &mut all);
        for object in all {
            let what = format!("{provider} {event}: {object}");
            let price = cents(object, &["unit_price", "unitPrice"]);
            let total = cents(object, &["total", "total_price"]);
            let quantity = object["quantity"].as_i64();
            if let (Some(price), Some(total), Some(quantity)) = (price, total, quantity) {
                assert_eq!(price * quantity, total, "{what}");
                lines += 1;
            }
            let (Some(subtotal), Some(items)) =
                (cents(object, &["subtotal"]), object["items"].as_array())
            else {
                continue;
            };
            let sum = |item| cents(item, &["total", "total_price"]).expect("a sum");
            assert_eq!(items.iter().map(sum).sum::<i64>(), subtotal, "{what}");
            let part = |name: &str| cents(object, &[name]).unwrap_or_default();
            let parts = subtotal - part("discount") + part("delivery_fee") + part("shipping");
            assert_eq!(total, Some(parts + part("tax")), "{what}");
            orders += 1;
        }
    }
    assert!(lines > 30 && orders > 15, "{lines} {orders}");
}

/// The names under which a person's given name stands, alone or with others.
const GIVEN: [&str; 3] = ["first_name", "firstName", "name"];

#[test]
fn no_two_providers_have_a_customer_of_one_name() {
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    for (provider, event, data) in fixtures() {
        let mut all = Vec::new();
        objects(&data, &mut all);
        let people = all.into_iter().filter(|object| {
            let has = |name: &str| object.get(name).is_some();
            has("firstName") || has("first_name") || (has("name") && has("email"))
        });
        for person in people {
            let name = GIVEN.iter().find_map(|name| person.get(*name)?.as_str());
            let given = name
                .and_then(|name| name.split(' ').next())
                .expect("a name");
            let owner = known
                .entry(given.to_owned())
                .or_insert_with(|| provider.clone());
            assert_eq!(*owner, provider, "{event}: {given}");
        }
    }
    assert!(known.len() > 8, "{known:?}");
}

/// The names under which a word for programs stands.
const CODES: [&str; 9] = [
    "reason",
    "cancelReason",
    "status",
    "previous_status",
    "payment_status",
    "availability",
    "code",
    "network",
    "channel",
];

#[test]
fn what_programs_read_is_a_word_for_programs() {
    let is_code = |text: &str| {
        let is_part = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        !text.is_empty() && text.bytes().all(is_part)
    };
    for (provider, event, data) in fixtures() {
        for (name, text) in texts(&data) {
            // What approves a card is the bank's own text.
            if CODES.contains(&name) && text != "T83914" {
                assert!(is_code(text), "{provider} {event}: {name} {text}");
            }
        }
    }
}

#[test]
fn what_was_deleted_says_what_it_was_and_when() {
    let keys = |data: &Value| -> Vec<String> {
        let data = data.as_object().expect("an object");
        data.keys().cloned().collect()
    };
    for (_, event, data) in fixtures() {
        if event.ends_with(".deleted") {
            let keys = keys(&data);
            assert_eq!(keys.first().map(String::as_str), Some("id"), "{event}");
            assert_eq!(
                keys.last().map(String::as_str),
                Some("deletedAt"),
                "{event}"
            );
            assert!(!keys.contains(&"status".to_owned()), "{event}");
        }
    }
}
