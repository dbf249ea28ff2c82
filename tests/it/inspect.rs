//! `webhook inspect`: the page over a log, asked as a browser asks, as a script does, and as an attacker would.

mod api;

use std::net::TcpStream;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use tungstenite::handshake::client::generate_key;
use tungstenite::http::Request as Handshake;
use tungstenite::{Message, WebSocket};

use crate::harness::endpoint::Endpoint;
use crate::harness::{Listener, PATIENCE, Sandbox, post, raw_exchange};

const SECRET: &str = "whsec_inspected";

/// An inspector that runs, and what its printed URL lets in.
struct Inspected {
    process: Listener,
    token: String,
}

/// An answer: its status, its head in lower case, and its body.
struct Page {
    status: u16,
    head: String,
    body: String,
}

impl Inspected {
    fn start(sandbox: &Sandbox, args: &[&str]) -> Self {
        let process = sandbox.inspect(&[&["--port", "0"], args].concat());
        let url = process.ready["url"].as_str().expect("a URL");
        let (_, token) = url.split_once("/?token=").expect("a token");
        let token = token.to_owned();
        Self { process, token }
    }

    fn host(&self) -> String {
        format!("localhost:{}", self.process.address().port())
    }

    /// Sends a request with just these header fields.
    fn ask(&self, line: &str, fields: &[(&str, &str)], body: &str) -> Page {
        let fields = fields
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"));
        let fields: String = fields.collect();
        let length = body.len();
        let message = format!(
            "{line} HTTP/1.1\r\n{fields}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        let answer = raw_exchange(self.process.address(), message.as_bytes());
        let answer = String::from_utf8(answer).expect("text");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|it| it.parse().ok());
        Page {
            status: status.expect("a status"),
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        }
    }

    /// Gets a page as the browser that the printed URL was opened in.
    fn get(&self, path: &str) -> Page {
        let fields = [("Host", &*self.host()), ("Cookie", &*self.cookie())];
        self.ask(&format!("GET {path}"), &fields, "")
    }

    fn cookie(&self) -> String {
        let port = self.process.address().port();
        format!("a=b; webhook_inspect_{port}={}", self.token)
    }

    /// Submits a form of the page at `path` as that browser would.
    fn submit(&self, path: &str, action: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.get(path).body;
        let (_, rest) = page.split_once("name=\"proof\" value=\"").expect("a form");
        let (proof, _) = rest.split_once('"').expect("a proof");
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields).append_pair("proof", proof);
        let (host, cookie) = (self.host(), self.cookie());
        let origin = format!("http://{host}");
        let head = [("Host", &*host), ("Cookie", &*cookie), ("Origin", &*origin)];
        self.ask(&format!("POST {action}"), &head, &form.finish())
    }

    /// Opens the socket that tells what is new since these places.
    fn live(&self, query: &str) -> WebSocket<TcpStream> {
        let host = self.host();
        let request = Handshake::builder()
            .uri(format!("ws://{host}/live?{query}"))
            .header("Host", &host)
            .header("Origin", format!("http://{host}"))
            .header("Cookie", self.cookie())
            .header("Connection", "Upgrade")
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", generate_key());
        let stream = TcpStream::connect(self.process.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let opened = tungstenite::client(request.body(()).unwrap(), stream);
        opened.expect("a socket").0
    }
}

fn news(socket: &mut WebSocket<TcpStream>) -> Value {
    loop {
        if let Message::Text(text) = socket.read().expect("a message") {
            return serde_json::from_str(&text).expect("JSON");
        }
    }
}

/// A body of cimplify's, and the header that signs it.
fn signed(id: &str, note: &str) -> (String, String) {
    let body = json!({"id": id, "type": "order.created", "data": {"note": note}}).to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any key will do");
    mac.update(body.as_bytes());
    (body, hex::encode(mac.finalize().into_bytes()))
}

/// Receives deliveries with these ids and notes; the sandbox with their log.
fn received(deliveries: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::new();
    receive(&sandbox, deliveries);
    sandbox
}

fn receive(sandbox: &Sandbox, deliveries: &[(&str, &str)]) {
    let mut listener = sandbox.listen(&["--secret", SECRET]);
    for (id, note) in deliveries {
        let (body, signature) = signed(id, note);
        let fields = [
            ("X-Cimplify-Signature", &*signature),
            ("Content-Type", "application/json"),
        ];
        post(listener.address(), "/hooks", &fields, body.as_bytes());
        listener.next_of("delivery");
    }
}

/// The ids of the deliveries in the rows of a page.
fn ids(page: &str) -> Vec<String> {
    let rows = page.split("<tr data-id=\"").skip(1);
    rows.filter_map(|row| Some(row.split_once('"')?.0.to_owned()))
        .collect()
}

fn first_id(page: &str) -> String {
    ids(page).into_iter().next().expect("a row")
}

#[test]
fn the_printed_url_lets_a_browser_in_and_leaves_the_address_bar() {
    let sandbox = Sandbox::new();
    let inspected = Inspected::start(&sandbox, &[]);
    let (host, token) = (inspected.host(), &inspected.token);
    let entrance = inspected.ask(
        &format!("GET /?token={token}&filter=a"),
        &[("Host", &host)],
        "",
    );
    assert_eq!(entrance.status, 303);
    assert!(
        entrance.head.contains("\r\nlocation: /?filter=a\r\n"),
        "{}",
        entrance.head
    );
    let cookie = format!("={token}; httponly; samesite=strict; path=/");
    assert!(entrance.head.contains(&cookie), "{}", entrance.head);
    let elsewhere = inspected.ask(
        &format!("GET //evil.example/?token={token}"),
        &[("Host", &host)],
        "",
    );
    assert!(
        elsewhere.head.contains("\r\nlocation: /evil.example/\r\n"),
        "{}",
        elsewhere.head
    );
    let page = inspected.get("/");
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(
        page.body.contains("Nothing was received yet."),
        "{}",
        page.body
    );
    assert!(!page.body.contains(token.as_str()), "{}", page.body);
    let policy = "content-security-policy: default-src 'none'; script-src 'self';";
    for field in [
        policy,
        "x-content-type-options: nosniff",
        "cache-control: no-store",
    ] {
        assert!(page.head.contains(field), "{field}: {}", page.head);
    }
}

/// All combinations of who asks, from where, under which name, and what for: only the right ones get in.
#[test]
fn nobody_else_gets_in() {
    let sandbox = received(&[("evt_1", "one")]);
    let inspected = Inspected::start(&sandbox, &[]);
    let (host, token) = (inspected.host(), inspected.token.clone());
    let port = inspected.process.address().port();
    let id = first_id(&inspected.get("/").body);
    let (cookie, bearer) = (inspected.cookie(), format!("Bearer {token}"));
    let wrong_cookie = format!("webhook_inspect_{port}={}", "0".repeat(32));
    let other_port = format!("webhook_inspect_1={token}");
    let accesses: [(Option<(&str, &str)>, bool); 6] = [
        (None, false),
        (Some(("Cookie", &wrong_cookie)), false),
        (Some(("Cookie", &other_port)), false),
        (Some(("Authorization", "Bearer 0")), false),
        (Some(("Cookie", &cookie)), true),
        (Some(("Authorization", &bearer)), true),
    ];
    let own = format!("http://{host}");
    let hosts = [
        (host.as_str(), true),
        ("evil.example", false),
        ("169.254.1.1", false),
    ];
    let numeric = format!("127.0.0.1:{port}");
    let origins = [
        None,
        Some("http://evil.example"),
        Some("null"),
        Some(own.as_str()),
    ];
    let lines = [
        ("GET /".to_owned(), true),
        (format!("GET /d/{id}"), true),
        (format!("POST /d/{id}/replay"), false),
        ("GET /live".to_owned(), false),
    ];
    let mut refused = 0;
    for ((access, may), (name, is_own)) in accesses
        .iter()
        .zip(std::iter::repeat(&hosts[..]))
        .flat_map(|(access, hosts)| hosts.iter().map(move |host| (access, host)))
    {
        for origin in origins {
            for (line, is_read) in &lines {
                let mut fields = vec![("Host", *name)];
                fields.extend(*access);
                fields.extend(origin.map(|origin| ("Origin", origin)));
                if line.ends_with("live") {
                    fields.extend([("Upgrade", "websocket"), ("Connection", "upgrade")]);
                }
                let by_cookie = access.is_some_and(|(name, _)| name == "Cookie");
                let is_own_page = *is_read || !by_cookie || origin == Some(own.as_str());
                let page = inspected.ask(line, &fields, "");
                let told = format!("{line} {fields:?}: {}", page.status);
                if *may && *is_own && is_own_page {
                    assert!(!matches!(page.status, 401), "{told}");
                } else {
                    assert!(matches!(page.status, 401 | 403), "{told}");
                    assert!(!page.body.contains("evt_1"), "{told}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused >= 60, "{refused}");
    let fields = [
        ("Host", numeric.as_str()),
        ("Authorization", bearer.as_str()),
    ];
    assert_eq!(inspected.ask("GET /", &fields, "").status, 200);
    // A form of another page, sent by the right browser, has no proof.
    let fields = [
        ("Host", host.as_str()),
        ("Cookie", &cookie),
        ("Origin", &own),
    ];
    let forged = inspected.ask(
        &format!("POST /d/{id}/replay"),
        &fields,
        "url=http://127.0.0.1:1",
    );
    assert_eq!(forged.status, 403);
}

#[test]
fn the_list_is_filtered_and_says_what_is_wrong_with_a_filter() {
    let sandbox = received(&[("evt_1", "first"), ("evt_2", "second")]);
    let inspected = Inspected::start(&sandbox, &[]);
    let all = inspected.get("/").body;
    assert!(
        all.find("evt_2").unwrap() < all.find("evt_1").unwrap(),
        "{all}"
    );
    let one = inspected
        .get("/?filter=body.data.note%3Afirst&part=list")
        .body;
    assert!(one.contains("evt_1") && !one.contains("evt_2"), "{one}");
    assert!(one.contains("filter=body.data.note%3Afirst"), "{one}");
    let file = inspected.get("/export?filter=body.data.note%3Afirst");
    assert!(
        file.head.contains("content-disposition: attachment"),
        "{}",
        file.head
    );
    assert!(
        file.body.contains("evt_1") && !file.body.contains("evt_2"),
        "{}",
        file.body
    );
    let wrong = inspected.get("/?filter=evnt%3Ax").body;
    assert!(wrong.contains("there is no field `evnt`"), "{wrong}");
    assert!(wrong.contains("<code>evnt</code>"), "{wrong}");
    let terms = inspected.get("/complete?filter=verdict%3Amis").body;
    assert_eq!(terms, r#"["verdict:mismatch","verdict:missing"]"#);
}

#[test]
fn a_delivery_is_shown_whole_and_as_others_take_it() {
    let hostile = "<script>alert(1)</script>\"'";
    let sandbox = received(&[("evt_1", hostile)]);
    let inspected = Inspected::start(&sandbox, &[]);
    let id = first_id(&inspected.get("/").body);
    for view in ["", "?view=raw", "?view=hex"] {
        let page = inspected.get(&format!("/d/{id}{view}")).body;
        assert!(page.contains("verdict-valid"), "{page}");
        assert!(page.contains("X-Cimplify-Signature"), "{page}");
        assert!(!page.contains("<script>alert"), "{page}");
    }
    let page = inspected.get(&format!("/d/{id}")).body;
    assert!(page.contains("Signed is <code>{body}</code>: "), "{page}");
    let hex = inspected.get(&format!("/d/{id}?view=hex")).body;
    assert!(hex.contains("00000000  7b 22 69 64"), "{hex}");
    let (body, _) = signed("evt_1", hostile);
    let file = inspected.get(&format!("/d/{id}/body"));
    assert_eq!(file.body, body);
    assert!(
        file.head.contains("content-disposition: attachment"),
        "{}",
        file.head
    );
    let capture: Value =
        serde_json::from_str(&inspected.get(&format!("/d/{id}/as/capture")).body).unwrap();
    assert_eq!(capture["request"]["body"], body);
    assert!(
        inspected
            .get(&format!("/d/{id}/as/curl"))
            .body
            .starts_with("curl ")
    );
    assert_eq!(inspected.get("/d/dlv_none").status, 404);
    assert_eq!(inspected.get("/nowhere").status, 404);
}

#[test]
fn what_another_process_receives_is_told_at_once() {
    let sandbox = received(&[("evt_1", "one")]);
    let inspected = Inspected::start(&sandbox, &[]);
    let page = inspected.get("/").body;
    let place = |name: &str| {
        let (_, rest) = page.split_once(&format!("{name}=\"")).expect("a place");
        rest.split_once('"').expect("its end").0.to_owned()
    };
    let (after, attempts) = (place("data-after"), place("data-attempts"));
    let places = format!("after={after}&attempts={attempts}");
    let mut all = inspected.live(&places);
    let mut filtered = inspected.live(&format!("{places}&filter=body.data.note%3Athree"));
    receive(&sandbox, &[("evt_2", "two"), ("evt_3", "three")]);
    let mut told = String::new();
    while !(told.contains("evt_2") && told.contains("evt_3")) {
        told.push_str(news(&mut all)["rows"].as_str().unwrap());
    }
    assert!(!told.contains("evt_1"), "{told}");
    let mut told = String::new();
    while !told.contains("evt_3") {
        told.push_str(news(&mut filtered)["rows"].as_str().unwrap());
    }
    assert!(!told.contains("evt_2"), "{told}");
}

#[test]
fn a_delivery_is_sent_again_and_changed_and_the_page_says_what_became_of_it() {
    let sandbox = received(&[("evt_1", "one")]);
    let app = Endpoint::script(&[500, 200]);
    let inspected = Inspected::start(&sandbox, &["--secret", SECRET]);
    let id = first_id(&inspected.get("/").body);
    let (place, action) = (format!("/d/{id}"), format!("/d/{id}/replay"));
    let url = app.url("/hooks");
    let end = format!("after=0&attempts=0&filter=id%3A{id}");
    let first = inspected.submit(&place, &action, &[("url", &url)]);
    assert_eq!(first.status, 303);
    let location = format!("\r\nlocation: {place}\r\n").to_ascii_lowercase();
    assert!(first.head.contains(&location), "{}", first.head);
    let (body, signature) = signed("evt_1", "one");
    let sent = app.next();
    assert_eq!(sent.body, body.as_bytes());
    assert_eq!(sent.header("X-Cimplify-Signature"), signature);
    let told = news(&mut inspected.live(&end));
    assert!(
        told["changed"][&id].as_str().unwrap().contains("status-5"),
        "{told}"
    );

    let (changed, fresh) = signed("evt_1", "changed");
    let edited = [
        ("url", url.as_str()),
        ("body", &changed),
        ("headers", "X-Note: mine"),
    ];
    let second = inspected.submit(&format!("{place}/edit"), &action, &edited);
    assert_eq!(second.status, 303, "{}", second.body);
    let sent = app.next();
    assert_eq!(sent.body, changed.as_bytes());
    assert_eq!(sent.header("X-Cimplify-Signature"), fresh);
    assert_eq!(sent.header("X-Note"), "mine");
    let page = inspected.get(&place).body;
    assert!(page.contains("fixed"), "{page}");

    let wrong = inspected.submit(&place, &action, &[("url", "nonsense://x")]);
    assert_eq!(wrong.status, 422, "{}", wrong.body);
}

#[test]
fn two_deliveries_are_compared() {
    let sandbox = received(&[("evt_1", "left side"), ("evt_2", "right side")]);
    let inspected = Inspected::start(&sandbox, &[]);
    let found = ids(&inspected.get("/").body);
    let (left, right) = (&found[1], &found[0]);
    let compared = inspected
        .get(&format!("/compare?left={left}&right={right}"))
        .body;
    for part in ["data.note", "left side", "right side"] {
        assert!(compared.contains(part), "{part}: {compared}");
    }
}

#[test]
fn a_usual_port_that_is_taken_is_passed_over() {
    let sandbox = Sandbox::new();
    let one = sandbox.inspect(&[]);
    let other = sandbox.inspect(&[]);
    assert_ne!(one.ready["port"], other.ready["port"]);
}

#[test]
fn a_listener_has_a_page_where_that_is_asked_for() {
    let sandbox = Sandbox::new();
    let plain = sandbox.listen(&["--secret", SECRET]);
    assert_eq!(plain.ready["inspect"], Value::Null);
    drop(plain);
    let mut listener = sandbox.listen(&["--secret", SECRET, "--inspect=0"]);
    let url = listener.ready["inspect"]
        .as_str()
        .expect("a URL")
        .to_owned();
    let (origin, token) = url.split_once("/?token=").expect("a token");
    let host = origin.trim_start_matches("http://");
    let address = host
        .replace("localhost", "127.0.0.1")
        .parse()
        .expect("an address");
    let (body, signature) = signed("evt_1", "one");
    let fields = [("X-Cimplify-Signature", &*signature)];
    post(listener.address(), "/hooks", &fields, body.as_bytes());
    listener.next_of("delivery");
    let message = format!(
        "GET / HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    let page = String::from_utf8(raw_exchange(address, message.as_bytes())).unwrap();
    assert!(page.contains("evt_1"), "{page}");
    let (_, errors, status) = listener.stop();
    assert_eq!(status.code(), Some(0), "{errors}");

    let none = ["listen", "--no-log", "--inspect", "--port", "0"];
    let run = sandbox.run(&none).expect(2);
    assert!(run.stderr.contains("nothing is kept"), "{}", run.stderr);
}

/// A file that was imported may give a delivery any id, and people paste what they copy into a shell.
#[test]
fn a_copied_command_holds_no_other_one() {
    let sandbox = Sandbox::new();
    let id = "x; touch pwned";
    let capture = json!({"id": id, "request": {"headers": [], "body": "{}"}});
    sandbox.file("one.ndjson", capture.to_string());
    sandbox.run(&["log", "import", "one.ndjson"]).expect(0);
    let inspected = Inspected::start(&sandbox, &[]);
    let command = inspected.get("/d/x%3B%20touch%20pwned/as/command").body;
    assert!(
        command.starts_with("webhook replay 'x; touch pwned' --url "),
        "{command}"
    );
}
