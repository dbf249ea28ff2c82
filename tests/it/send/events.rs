//! Every event, accepted by the documented handlers, in the text that JavaScript would write.

use webhook_cli::json::javascript;
use webhook_cli::provider::Catalogue;

use super::{SECRET, Sender, of_kind, summary};
use crate::harness::message::Message;
use crate::peers::{self, Handler, PROVIDERS};

/// The handlers that the documents show; barecommerce has two.
pub const ROUTES: [&str; 5] = [
    "barecommerce-express",
    "barecommerce-next",
    "cimplify",
    "ibakepro",
    "olympus",
];

/// The provider of a route.
pub fn provider_of(route: &str) -> &str {
    route.split('-').next().expect("a name")
}

fn events_of(provider: &str) -> Vec<String> {
    let catalogue = Catalogue::builtin();
    let provider = catalogue.get(provider).expect("a provider");
    provider.event_names().map(str::to_owned).collect()
}

#[test]
fn there_are_57_events() {
    let count: usize = PROVIDERS
        .map(|provider| events_of(provider).len())
        .iter()
        .sum();
    assert_eq!(count, 57);
}

#[test]
fn the_documented_handlers_accept_every_event() {
    std::thread::scope(|scope| {
        for route in ROUTES {
            scope.spawn(move || accepts_all(route));
        }
    });
}

fn accepts_all(route: &str) {
    let handler = Handler::start(route, SECRET);
    let (provider, url) = (provider_of(route), handler.url(route));
    let run = Sender::new().send(&["--all", "--provider", provider, "--url", &url, "--json"]);
    let attempts = of_kind(&run, "attempt");
    let events = events_of(provider);
    assert_eq!(attempts.len(), events.len());
    for (attempt, event) in attempts.iter().zip(&events) {
        assert_eq!(
            attempt["response"]["status"], 200,
            "{route} {event}: {attempt}"
        );
        assert_eq!(attempt["event"], *event, "{attempt}");
        if handler.is_node() {
            assert_eq!(handler.event().as_ref(), Some(event));
        }
    }
    assert_eq!(summary(&run)["succeeded"], events.len());
    run.expect(0);
}

#[test]
fn the_documented_handlers_accept_each_event_alone() {
    std::thread::scope(|scope| {
        for provider in PROVIDERS {
            scope.spawn(move || accepts_each(provider));
        }
    });
}

fn accepts_each(provider: &str) {
    let route = match provider {
        "barecommerce" => "barecommerce-express",
        other => other,
    };
    let handler = Handler::start(route, SECRET);
    let url = handler.url(route);
    let sender = Sender::new();
    for event in events_of(provider) {
        let args = [event.as_str(), "--provider", provider, "--url", &url];
        let run = sender.send(&args).expect(0);
        assert!(run.stdout.contains("200"), "{}", run.stdout);
        assert!(run.stdout.contains(&event), "{}", run.stdout);
        if handler.is_node() {
            assert_eq!(handler.event(), Some(event));
        }
    }
}

#[test]
fn the_documented_axum_handler_of_olympus_accepts_every_event() {
    let endpoint = peers::olympus(SECRET);
    let url = endpoint.url("");
    let args = ["--all", "--provider", "olympus", "--url", &url];
    Sender::new().send(&args).expect(0);
    assert_eq!(endpoint.seen().len(), 18);
}

/// Values whose text JavaScript writes in a way of its own.
const DELICATE: [&str; 11] = [
    "--add",
    "--set",
    "data.price=49.9",
    "--set",
    "data.big=10000000000000000",
    "--set",
    r#"data.keys={"b":1,"10":2,"9":[{"1":0,"0":1}],"01":3,"-1":4}"#,
    "--set",
    "data.text=\u{2028}é😀\u{7f}\u{ad}</script>\"\\",
    "--set",
    r#"data.numbers=[0,1e+21,1e-7,123456789012345680000,0.1,5e-324,"\u0001\u2028\u001f\/"]"#,
];

#[test]
fn every_body_is_what_javascript_would_write() {
    let sender = Sender::new();
    let data = r#"{"total":49.9,"10":10000000000000000,"9":0,"é":" ","s":"😀\u0007"}"#;
    let mut messages = Vec::new();
    for provider in PROVIDERS {
        let all = ["--all", "--provider", provider];
        messages.extend(sender.dry(&all));
        messages.extend(sender.dry(&[&all[..], &DELICATE].concat()));
        messages.extend(sender.dry(&[&all[..], &["--data", data]].concat()));
    }
    assert_eq!(messages.len(), 3 * 57);
    assert!(
        messages
            .iter()
            .any(|message| message.text().contains(r#""price":49.9,"#))
    );
    are_fixed_points(&messages);
}

/// Numbers that JavaScript would write otherwise go out as they were typed, and who sends as a
/// provider whose documented handler writes them anew is told.
#[test]
fn a_number_is_sent_as_it_was_typed() {
    let sender = Sender::new();
    let set = [
        "--add",
        "--set",
        "data.a=49.90",
        "--set",
        "data.b={\"c\":[1152921506151679042]}",
    ];
    let data = [
        "--data",
        r#"{"id": 7615917337495251231, "n": 1.10, "10": -0}"#,
    ];
    for provider in PROVIDERS {
        let event = ["order.created", "--provider", provider];
        let shown = |flags: &[&str]| {
            let run = sender
                .send(&[&event, flags, &["--dry-run"]].concat())
                .expect(0);
            let is_told = run.stderr.contains("JSON.stringify");
            assert_eq!(
                is_told,
                ["ibakepro", "cimplify"].contains(&provider),
                "{}",
                run.stderr
            );
            run.stdout
        };
        let body = shown(&set);
        assert!(
            body.contains(r#""a":49.90,"b":{"c":[1152921506151679042]}"#),
            "{body}"
        );
        let body = shown(&data);
        assert!(
            body.contains(r#"{"10":-0,"id":7615917337495251231,"n":1.10}"#),
            "{body}"
        );
        let plain = sender
            .send(&[&event[..], &["--dry-run"]].concat())
            .expect(0);
        assert!(!plain.stderr.contains("JSON.stringify"), "{}", plain.stderr);
    }
}

fn are_fixed_points(messages: &[Message]) {
    let bodies: Vec<_> = messages.iter().map(Message::text).collect();
    for body in &bodies {
        assert!(javascript::is_fixed_point(body.as_bytes()), "{body}");
    }
    let Some(answers) = peers::stringified(&bodies) else {
        return;
    };
    assert_eq!(answers.len(), bodies.len());
    for (answer, body) in answers.iter().zip(bodies) {
        assert_eq!(*answer, true, "{body}");
    }
}
