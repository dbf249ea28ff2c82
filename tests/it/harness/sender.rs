//! Senders that are not ours: deliveries of the four providers, signed by `openssl`.

use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use webhook_cli::provider::{Catalogue, Keyring};

use super::{FIRST, openssl_hmac, post};

/// The secret that tests share with listeners.
pub const SECRET: &str = "whsec_test 🔑";

/// A ring with one secret for each of the four.
pub fn keyring(catalogue: &Catalogue, secret: &str) -> Keyring {
    let mut keyring = Keyring::default();
    for provider in FIRST.iter().filter_map(|name| catalogue.get(name)) {
        let added = keyring.add(provider, secret.as_bytes(), "a test".into());
        added.expect("a secret of every scheme");
    }
    keyring
}

/// A provider's secret as `--secret` takes it.
pub fn secret_of(provider: &str) -> String {
    format!("{provider}={SECRET}-{provider}")
}

/// Unix seconds now.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since
        .expect("after 1970")
        .as_secs()
        .try_into()
        .expect("now")
}

/// An envelope as the provider's documents show it.
pub fn envelope(provider: &str, event: &str, id: &str) -> String {
    let at = "2026-01-18T10:30:00Z";
    match provider {
        "olympus" => format!(
            r#"{{"id":"{id}","type":"{event}","api_version":"2026-01-01","created_at":"{at}","tenant_id":"t","location_id":"l","data":{{"total":49.9}}}}"#
        ),
        "ibakepro" => {
            format!(r#"{{"id":"{id}","event":"{event}","created_at":"{at}","data":{{"n":1}}}}"#)
        }
        "barecommerce" => format!(
            r#"{{"type":"{event}","id":"{id}","timestamp":"{at}","storeId":"s","data":{{"total":"49.90"}}}}"#
        ),
        "cimplify" => format!(
            r#"{{"id":"{id}","type":"{event}","created_at":"{at}","data":{{"city":"Kɔforidua"}}}}"#
        ),
        other => panic!("no provider `{other}`"),
    }
}

/// The signature header of a provider for a body, made with a secret at unix seconds `at`.
pub fn signature_at(provider: &str, secret: &str, body: &[u8], at: i64) -> (&'static str, String) {
    let mac = |signed: &[u8]| openssl_hmac(secret, signed);
    match provider {
        "olympus" => {
            let signed = [format!("{at}.").as_bytes(), body].concat();
            ("X-Olympus-Signature", format!("t={at},v1={}", mac(&signed)))
        }
        "ibakepro" => ("X-Webhook-Signature", format!("sha256={}", mac(body))),
        "barecommerce" => ("X-Webhook-Signature", mac(body)),
        "cimplify" => ("X-Cimplify-Signature", mac(body)),
        other => panic!("no provider `{other}`"),
    }
}

/// The same, made now.
pub fn signature(provider: &str, secret: &str, body: &[u8]) -> (&'static str, String) {
    signature_at(provider, secret, body, now())
}

/// Posts a body as olympus would, signed with [`SECRET`]; returns status and answer.
pub fn deliver(address: SocketAddr, body: impl AsRef<[u8]>) -> (u16, String) {
    deliver_to(address, "/webhooks/olympus", body)
}

/// The same to a path.
pub fn deliver_to(address: SocketAddr, path: &str, body: impl AsRef<[u8]>) -> (u16, String) {
    let (name, value) = signature("olympus", SECRET, body.as_ref());
    post(address, path, &[(name, &value)], body.as_ref())
}

/// An olympus body of this event id.
pub fn order(id: &str) -> String {
    envelope("olympus", "order.created", id)
}
