//! The built-in vendors, judged by the vendors' own libraries.

use std::net::SocketAddr;

use serde_json::Value;
use webhook_cli::provider::{Catalogue, ProofTier, Provider};

use crate::handler::Handler;
use crate::harness::{Sandbox, post};

/// The forgeries that no library may take; `stale` is one where the signature has a tolerance.
const FORGERIES: [&str; 4] = [
    "tampered-body",
    "wrong-secret",
    "missing-signature",
    "stale",
];

/// What a library takes although it should not, and why. A library is named as in the proof of its vendor.
const LENIENCIES: [(&str, &str, &str); 3] = [
    ("replicate ", "stale", "`validateWebhook` reads no clock"),
    ("webflow-api ", "stale", "`verifySignature` reads no clock"),
    ("@zoom/rivet ", "stale", "the receiver reads no clock"),
];

/// A vendor, its library's server, and a sandbox with the secret of both.
struct Judged<'c> {
    provider: &'c Provider,
    vendor: &'c Value,
    address: SocketAddr,
    sandbox: Sandbox,
}

impl<'c> Judged<'c> {
    fn new(catalogue: &'c Catalogue, vendor: &'c Value, address: SocketAddr) -> Self {
        let name = vendor["name"].as_str().expect("a name");
        let secret = vendor["secret"].as_str().expect("a secret");
        Self {
            provider: catalogue.get(name).expect("a built-in vendor"),
            vendor,
            address,
            sandbox: Sandbox::new().with("WEBHOOK_SECRET", secret),
        }
    }

    /// The statuses with which the library's handler answers what `send` sends.
    fn answers(&self, args: &[&str]) -> Vec<(Value, Value)> {
        let name = self.provider.name();
        let url = format!("http://{}/{name}", self.address);
        // A vendor's own limit is no matter here, and a busy machine needs longer.
        let send = [
            "send",
            "-p",
            name,
            "--json",
            "--timeout",
            "60s",
            "--url",
            &url,
        ];
        let all = [&send, args].concat();
        let lines = self.sandbox.run(&all).json_lines();
        let attempts = lines.iter().filter(|line| line["kind"] == "attempt");
        attempts
            .map(|it| (it["response"]["status"].clone(), it["event"].clone()))
            .collect()
    }

    fn accepts_every_event(&self) {
        let name = self.provider.name();
        let answers = self.answers(&["--all"]);
        assert_eq!(
            answers.len(),
            self.provider.event_names().count(),
            "{name}: {answers:?}"
        );
        for (status, event) in answers {
            assert_eq!(status, 200, "{name} {event}");
        }
    }

    fn refuses_forgeries(&self) {
        let name = self.provider.name();
        let scheme = &self.provider.definition.signature;
        for fault in FORGERIES {
            let applies = match fault {
                "stale" => scheme.tolerance.is_some(),
                "tampered-body" => scheme.covers_body(),
                _ => true,
            };
            if !applies {
                continue;
            }
            let proof = self.vendor["proof"].as_str().expect("a proof");
            let library = proof.trim_start_matches("accepted by ");
            let is_lenient = LENIENCIES
                .iter()
                .any(|(lenient, of, _)| library.starts_with(lenient) && *of == fault);
            let expected = if is_lenient { 200 } else { 401 };
            let event = self.provider.event_names().next().expect("an event");
            let answers = self.answers(&[event, "--fault", fault]);
            assert_eq!(answers, [(expected.into(), event.into())], "{name} {fault}");
        }
    }

    /// What the library signs is valid, and no longer when a byte of it is another or, where the body is
    /// not signed, with another secret.
    fn is_understood(&self) {
        let name = self.provider.name();
        let event = self.provider.event_names().next().expect("an event");
        let dry = ["send", "-p", name, event, "--dry-run", "--as", "json"];
        let capture = self.sandbox.run(&dry).expect(0).json_lines().remove(0);
        let body = capture["request"]["body"].as_str().expect("text");
        let sign = format!("/{name}/sign");
        let (status, signed) = post(self.address, &sign, &[], body.as_bytes());
        assert_eq!(status, 200, "{name}: {signed}");
        let signed: Value = serde_json::from_str(&signed).expect("JSON");
        let headers = serde_json::from_value::<Vec<(String, String)>>(signed["headers"].clone());
        let mut headers = headers.expect("headers");
        headers.push(content_type(&capture));
        let body = signed["body"].as_str().expect("text");
        let secret = self.vendor["secret"].as_str().expect("a secret");
        // Of two bytes at a time, as it may be hexadecimal.
        let (head, tail) = secret.split_at(2);
        let (other_body, other_secret) = if self.provider.definition.signature.covers_body() {
            (body.replacen('e', "f", 1), secret.to_owned())
        } else {
            (body.to_owned(), format!("{tail}{head}"))
        };
        // As `post` names the host.
        let url = format!("http://localhost/{name}");
        for (body, secret, code) in [(body, secret, 0), (&other_body, &other_secret, 1)] {
            self.sandbox.file("body", body);
            let mut args = vec!["verify", "body", "-p", name, "--public-url", &url];
            // A PEM begins as an option does.
            let secret = format!("--secret={secret}");
            args.push(&secret);
            let fields = headers
                .iter()
                .map(|(name, value)| format!("{name}: {value}"));
            let fields: Vec<_> = fields.collect();
            args.extend(fields.iter().flat_map(|field| ["-H", field]));
            self.sandbox.run(&args).expect(code);
        }
    }
}

/// The content type of a capture: it says whether a body is a form.
fn content_type(capture: &Value) -> (String, String) {
    let headers =
        serde_json::from_value::<Vec<(String, String)>>(capture["request"]["headers"].clone());
    let mut headers = headers.expect("headers").into_iter();
    headers
        .find(|(name, _)| name == "Content-Type")
        .expect("a content type")
}

#[test]
fn their_own_libraries_accept_what_is_sent_and_refuse_what_is_forged() {
    let servers = Handler::vendors();
    let catalogue = Catalogue::builtin();
    let all = servers.iter().flat_map(|(handler, vendors)| {
        let address = handler.address();
        vendors.iter().map(move |vendor| (address, vendor))
    });
    std::thread::scope(|scope| {
        for (address, vendor) in all {
            let judged = Judged::new(&catalogue, vendor, address);
            scope.spawn(move || {
                judged.accepts_every_event();
                judged.refuses_forgeries();
                if judged.vendor["signs"] == true {
                    judged.is_understood();
                }
            });
        }
    });
}

#[test]
fn a_vendor_says_by_which_library_it_is_proven() {
    let servers = Handler::vendors();
    if servers.len() < 2 {
        return;
    }
    let vendors = servers.iter().flat_map(|(_, vendors)| vendors);
    let judged = vendors.map(|it| {
        let text = |key: &str| it[key].as_str().expect("text").to_owned();
        (text("name"), text("proof"))
    });
    let mut judged: Vec<_> = judged.collect();
    judged.sort();
    let catalogue = Catalogue::builtin();
    let said = catalogue.iter().flat_map(|provider| {
        let notes = provider.definition.notes.iter();
        let proofs = notes.filter(|note| note.topic == "proof");
        // Whose library it is may stand behind it.
        let library = |text: &str| text.split(", a library").next().map(str::to_owned);
        proofs.filter_map(move |note| Some((provider.name().to_owned(), library(&note.text)?)))
    });
    let mut said: Vec<_> = said.collect();
    said.sort();
    assert_eq!(said, judged);
    let proven = catalogue
        .iter()
        .filter(|provider| provider.definition.proof == ProofTier::Library);
    let proven: Vec<_> = proven.map(Provider::name).collect();
    let mut names: Vec<_> = judged.iter().map(|(name, _)| name.as_str()).collect();
    names.dedup();
    names.sort_by_key(|name| catalogue.iter().position(|one| one.name() == *name));
    assert_eq!(proven, names);
}
