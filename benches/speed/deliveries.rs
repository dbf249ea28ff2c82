//! What is received, verified and logged: orders of 1 KiB.

use std::fs;
use std::io::{BufWriter, Write};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::measure::{Bench, Outcome, SECRET};

/// For captures none of which is wrong.
pub const NONE: usize = usize::MAX;
/// Stands in one delivery of all.
pub const NEEDLE: &str = "Waakye";

/// Writes the body that is received, 1 KiB of an order, and the load's script, which signs it.
pub fn order(bench: &Bench) -> Outcome<String> {
    let item = r#"{"sku":"item","qty":2,"name":"Jollof rice","price":"14.50"}"#;
    let items = vec![item; 15].join(",");
    let body = format!(
        r#"{{"id":"evt_abc123","type":"order.created","created_at":"2024-01-15T10:30:00Z","data":{{"order_id":"ord_1","total":"29.99","currency":"GHS","items":[{items}]}}}}"#
    );
    fs::write(bench.path("order.json"), &body)?;
    fs::write(
        bench.path("post.lua"),
        format!(
            "wrk.method = 'POST'\nwrk.headers['content-type'] = 'application/json'\n\
             wrk.headers['x-cimplify-signature'] = '{}'\nwrk.body = [==[{body}]==]\n",
            signature(body.as_bytes())
        ),
    )?;
    Ok(body)
}

pub fn signature(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any key will do");
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

/// Deliveries as `listen --json` and `log export` write them, a second apart and each its own event's.
/// One in `wrong_one_in` has a wrong signature, and one in all holds the word that is searched for.
pub fn write_captures(
    bench: &Bench,
    body: &str,
    count: usize,
    wrong_one_in: usize,
    name: &str,
) -> Outcome {
    let mut file = BufWriter::new(fs::File::create(bench.path(name))?);
    for number in 0..count {
        let mut body = body.replace("evt_abc123", &format!("evt_{number:09}"));
        if number == count / 2 {
            body = body.replacen("Jollof", NEEDLE, 1);
        }
        let is_wrong = number % wrong_one_in == wrong_one_in - 1;
        let signature = if is_wrong {
            "0".repeat(64)
        } else {
            signature(body.as_bytes())
        };
        let (minute, second) = (number / 60 % 60, number % 60);
        let (hour, day) = (number / 3600 % 24, 1 + number / 86_400 % 28);
        let line = serde_json::json!({
            "received_at": format!("2026-01-{day:02}T{hour:02}:{minute:02}:{second:02}Z"),
            "source": "listen",
            "remote": "127.0.0.1:50812",
            "request": {
                "method": "POST",
                "target": "/hook",
                "version": "HTTP/1.1",
                "headers": [
                    ["Host", "localhost:4400"],
                    ["User-Agent", "Cimplify-Webhooks/1.0"],
                    ["Content-Type", "application/json"],
                    ["Content-Length", body.len().to_string()],
                    ["X-Cimplify-Signature", signature],
                ],
                "body": body,
            },
        });
        writeln!(file, "{line}")?;
    }
    Ok(file.flush()?)
}
