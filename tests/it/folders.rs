//! What whoever writes a provider's folder is given: a first one, and all that is wrong in it at once.

use serde_json::{Value, json};
use webhook_cli::provider::{Catalogue, Provider};

use crate::harness::Sandbox;

#[test]
fn a_new_folder_is_right_and_sends_whatever_provider_it_is_like() {
    let sandbox = Sandbox::new();
    let catalogue = Catalogue::builtin();
    for name in catalogue.iter().map(Provider::name) {
        let new = format!("new-{name}");
        let args = ["providers", "new", &new, "--like", name, "--in", "more"];
        let run = sandbox.run(&args).expect(0);
        assert!(run.stdout.contains("provider.json"), "{}", run.stdout);
    }
    let check = sandbox
        .run(&["providers", "check", "more", "--json"])
        .expect(0);
    let lines = check.json_lines();
    assert_eq!(lines.len(), catalogue.iter().count(), "{lines:?}");
    for line in lines {
        assert_eq!(
            (&line["ok"], &line["events"]),
            (&json!(true), &json!(1)),
            "{line}"
        );
    }
}

#[test]
fn a_new_folder_is_where_providers_are_found_and_is_never_written_over() {
    let sandbox = Sandbox::new();
    sandbox.run(&["providers", "new", "acme"]).expect(0);
    let sent = sandbox
        .run(&["send", "--all", "--provider", "acme", "--dry-run"])
        .expect(0);
    assert!(
        sent.stdout.contains("X-Acme-Signature: t="),
        "{}",
        sent.stdout
    );
    let again = sandbox.run(&["providers", "new", "acme"]).expect(2);
    assert!(
        again.stderr.contains("is there already"),
        "{}",
        again.stderr
    );
    for name in ["../acme", "Acme", "", "a b", "-a"] {
        sandbox.run(&["providers", "new", name]).expect(2);
    }
}

#[test]
fn each_missing_member_is_told_with_an_example() {
    let sandbox = Sandbox::new();
    sandbox.file("own/new/provider.json", "{}");
    let run = sandbox.run(&["providers", "check", "own"]).expect(1);
    for part in [
        r#"missing field `name`, such as `"name": "new"`"#,
        r#"missing field `signature`, such as `"signature": {"#,
        r#"missing field `envelope`, such as `"envelope": {"#,
    ] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    let definition = r#"{"name": "new", "signature": {"header": "X-New", "signed": "{body}"}}"#;
    sandbox.file("own/new/provider.json", definition);
    let run = sandbox.run(&["providers", "check", "own"]).expect(1);
    let value = "missing field `value`";
    let lines: Vec<_> = run.stdout.lines().collect();
    let line = lines.iter().find(|line| line.contains(value)).expect(value);
    assert!(line.contains(r#", such as `"value": {"parts":["#), "{line}");
}

#[test]
fn all_that_is_wrong_is_told_at_once_with_its_place() {
    let sandbox = Sandbox::new();
    let definition = r#"{
  "name": "acmee",
  "signature": {
    "kind": "hmac", "digest": "md5", "encoding": "text",
    "header": "X Acme",
    "value": {"parts": ["t={timestamp},v1={signature}"]},
    "signed": "{timestamp}.{bdy}",
    "tolerance": {"past": 3}
  },
  "envelope": {"template": {"id": "{{id:event}}", "data": "{{data}}"}, "event": "type", "id": "idd", "data": "data"},
  "delivery": {"success": ["200-299"], "retry": {"on": [], "schedule": ["1w"], "counted_from": "now"}}
}"#;
    sandbox.file("own/acme/provider.json", definition);
    sandbox.file("own/acme/events/a.json", "{");
    let run = sandbox.run(&["providers", "check", "own"]).expect(1);
    for part in [
        "`signature.digest`: unknown variant `md5`, expected one of `sha1`, `sha256`, `sha512` at line 4 column 31",
        "`signature.encoding`: unknown variant `text`",
        "`signature.header`: `X Acme` is no name of a header at line 5 column 15",
        "2 variables in the part `t={timestamp},v1={signature}`",
        "unknown variable `{bdy}`",
        "unknown field `past`",
        "`delivery.success[0]`: `200-299` is not a status",
        "`delivery.retry.schedule[0]`: `1w` is not a span of time",
        "unknown variant `now`",
        "`envelope.event`: `envelope.template` has nothing at `type`",
        "`envelope.id`: `envelope.template` has nothing at `idd`",
        "names the provider `acmee`",
        "events/a.json",
    ] {
        assert!(
            run.stdout.contains(part),
            "{part} is not told:\n{}",
            run.stdout
        );
    }
    assert_eq!(run.stderr, "");
    let told = sandbox
        .run(&["providers", "check", "own", "--json"])
        .expect(1);
    let lines = told.json_lines();
    let faults = lines.iter().filter(|line| line["kind"] == "fault").count();
    assert_eq!(
        lines.last().map(|line| &line["faults"]),
        Some(&json!(faults))
    );
}

#[test]
fn what_is_lost_on_the_way_and_what_no_vector_agrees_with_are_told() {
    let sandbox = Sandbox::new();
    sandbox.run(&["providers", "new", "acme"]).expect(0);
    let path = sandbox.folder().join("providers/acme");
    let read = |file: &str| -> Value {
        serde_json::from_slice(&std::fs::read(path.join(file)).expect("a file")).expect("JSON")
    };
    let mut vectors = read("vectors.json");
    vectors["vectors"][0]["body"] = "another".into();
    sandbox.file("providers/acme/vectors.json", vectors.to_string());
    let run = sandbox.run(&["providers", "check"]).expect(1);
    assert!(
        run.stdout.contains("it is mismatch, expected is valid"),
        "{}",
        run.stdout
    );
    let mut definition = read("provider.json");
    definition["envelope"]["event"] = json!({"header": "X-Acme-Event"});
    sandbox.file("providers/acme/provider.json", definition.to_string());
    let run = sandbox.run(&["providers", "check"]).expect(1);
    assert!(
        run.stdout.contains("no name where `envelope.event` says"),
        "{}",
        run.stdout
    );
}

#[test]
fn the_schemas_and_the_reference_are_printed() {
    let sandbox = Sandbox::new();
    for (args, member) in [
        (&["providers", "schema"][..], "signature"),
        (&["providers", "schema", "provider"], "signature"),
        (&["providers", "schema", "event"], "data"),
        (&["providers", "schema", "vectors"], "vectors"),
    ] {
        let run = sandbox.run(args).expect(0);
        let schema: Value = serde_json::from_str(&run.stdout).expect("a schema");
        assert!(schema["properties"][member].is_object(), "{args:?}");
    }
    let page = sandbox.run(&["providers", "reference"]).expect(0).stdout;
    assert_eq!(page, include_str!("../../fixtures/README.md"));
}

#[test]
fn a_flag_and_a_variable_name_another_folder() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&["providers", "new", "acme", "--in", "elsewhere"])
        .expect(0);
    let show = ["providers", "show", "acme"];
    sandbox.run(&show).expect(2);
    sandbox
        .run(&[&show[..], &["--providers", "elsewhere"]].concat())
        .expect(0);
    let named = sandbox
        .run(&[&show[..], &["--providers", "nowhere"]].concat())
        .expect(2);
    assert!(
        named.stderr.contains("no folder `nowhere`"),
        "{}",
        named.stderr
    );
    sandbox
        .with("WEBHOOK_PROVIDERS", "elsewhere")
        .run(&show)
        .expect(0);
}

/// A description with webhooks of every place, schemas that hold themselves, and names that want out.
fn description() -> Value {
    let json_body =
        |media: Value| json!({"post": {"requestBody": {"content": {"application/json": media}}}});
    let by_schema = |kind: &str| {
        json_body(json!({"schema": {"allOf": [
            {"$ref": "#/components/schemas/Node"},
            {"type": "object", "properties": {"type": {"const": kind}}}
        ]}}))
    };
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Acme Payments: API"},
        "webhooks": {
            "orderPaid": json_body(json!({"example": {"type": "order.paid", "note": "{{nobody}}"}})),
            "orderShipped": by_schema("order.shipped"),
            "out": by_schema("../../out"),
            "xml": {"post": {"requestBody": {"content": {"application/xml": {}}}}}
        },
        "x-webhooks": {"refund": by_schema("refund.made")},
        "paths": {"/subscriptions": {"post": {"callbacks": {"changed": {
            "{$request.body#/url}": by_schema("order.changed")
        }}}}},
        "components": {"schemas": {"Node": {
            "type": "object",
            "required": ["id"],
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "at": {"type": "string", "format": "date-time"},
                "amount": {"type": ["null", "integer"], "minimum": 100},
                "state": {"oneOf": [{"type": "null"}, {"enum": ["open", "shut"]}]},
                "next": {"$ref": "#/components/schemas/Node"},
                "children": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}},
                "elsewhere": {"$ref": "https://example.com/schema.json"}
            }
        }}}
    })
}

#[test]
fn a_description_becomes_a_folder_that_is_right() {
    let sandbox = Sandbox::new();
    let mut document = description();
    sandbox.file("openapi.json", document.to_string());
    let import = |args: &[&str]| {
        let all = [&["providers", "import", "openapi.json"], args].concat();
        sandbox.run(&all).expect(0).stderr
    };
    let told = import(&[]);
    assert!(
        told.contains("5 events came of 6 webhooks") && told.contains("`xml`"),
        "{told}"
    );
    // Whose payload shows the name of another has that of its webhook.
    document["webhooks"]["again"] = document["webhooks"]["orderShipped"].clone();
    sandbox.file("openapi.json", document.to_string());
    let told = import(&["--name", "as-stripe", "--like", "stripe"]);
    assert!(!told.contains("`again`"), "{told}");
    let again = sandbox
        .folder()
        .join("providers/as-stripe/events/again.json");
    assert!(again.is_file(), "{told}");
    import(&["--name", "as-github", "--like", "github"]);
    import(&["--name", "as-own", "--like", "olympus"]);
    let check = sandbox.run(&["providers", "check", "--json"]).expect(0);
    let (misfits, lines): (Vec<_>, Vec<_>) = check
        .json_lines()
        .into_iter()
        .partition(|line| line["kind"] == "misfit");
    // Where an event has another name than its description says, that is told.
    for line in &misfits {
        let path = line["path"].as_str().expect("a path");
        assert!(path.ends_with("type"), "{line}");
    }
    assert_eq!(lines.len(), 4, "{lines:?}");
    for line in &lines {
        assert!(line["events"].as_u64() >= Some(5), "{line}");
    }
    let folder = sandbox.folder().join("providers/acme-payments-api");
    let event = |name: &str| -> Value {
        let text = std::fs::read_to_string(folder.join("events").join(name)).expect(name);
        serde_json::from_str(&text).expect("JSON")
    };
    let paid = event("order.paid.json");
    assert_eq!(paid["source"], "documented");
    let shipped = event("order.shipped.json");
    assert_eq!(shipped["source"], "inferred");
    let data = &shipped["data"];
    assert_eq!(
        (&data["amount"], &data["state"]),
        (&json!(100), &json!("open"))
    );
    assert_eq!(
        (&data["id"], &data["at"]),
        (&json!("{{uuid:id}}"), &json!("{{time}}"))
    );
    assert!(data["next"]["next"]["id"].is_string(), "{data}");
    for name in ["refund.made.json", "order.changed.json", "out.json"] {
        event(name);
    }
    let schema = event("order.shipped.schema.json");
    assert_eq!(
        schema["$defs"]["Node"]["properties"]["next"],
        json!({"$ref": "#/$defs/Node"})
    );
    let again = ["providers", "import", "openapi.json"];
    let again = sandbox.run(&again).expect(2);
    assert!(
        again.stderr.contains("is there already"),
        "{}",
        again.stderr
    );
}

/// Events whose payloads are described, in a folder that signs with another's secret.
fn described(sandbox: &Sandbox) {
    let by_schema = json!({"schema": {"type": "object", "required": ["type", "total"], "properties": {
        "type": {"const": "order.paid"},
        "total": {"type": "integer"},
        "lines": {"type": "array", "items": {"type": "object", "properties": {"sku": {"type": "string"}}}}
    }}});
    let webhook = json!({"post": {"requestBody": {"content": {"application/json": by_schema}}}});
    let document =
        json!({"openapi": "3.1.0", "info": {"title": "Acme"}, "webhooks": {"paid": webhook}});
    sandbox.file("openapi.json", document.to_string());
    sandbox
        .run(&["providers", "import", "openapi.json"])
        .expect(0);
}

#[test]
fn where_a_payload_does_not_fit_is_told_and_changes_no_verdict() {
    let sandbox = Sandbox::new();
    described(&sandbox);
    let secret = ["--secret", "acme=s3cret"];
    let sent = |args: &[&str]| {
        let all = [
            &["send", "order.paid", "-p", "acme", "--dry-run"],
            &secret[..],
            args,
        ]
        .concat();
        sandbox.run(&all).expect(0)
    };
    assert_eq!(sent(&[]).stderr.matches("warning").count(), 0);
    let wrong = ["--set", "total=\"12\"", "--set", "lines[0].sku=7"];
    let run = sent(&wrong);
    for part in [
        "`order.paid`: `total` is `\"12\"`, described is a whole number",
        "`lines[0].sku` is `7`, described is a string",
    ] {
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }
    let line = sent(&[&wrong[..], &["--json"]].concat());
    sandbox.file("sent.json", &line.stdout);
    let verify = ["verify", "sent.json", "-p", "acme"];
    let all = [&verify[..], &secret].concat();
    let shown = sandbox.run(&all).expect(0).stdout;
    assert!(shown.contains("described is a whole number"), "{shown}");
    let told = sandbox.run(&[&all[..], &["--json"]].concat()).expect(0);
    let line = &told.json_lines()[0];
    assert_eq!(line["verdict"]["status"], "valid", "{line}");
    assert_eq!(
        line["misfits"][0],
        json!({"path": "total", "expected": "a whole number", "found": "`\"12\"`"})
    );
    assert_eq!(line["misfits"].as_array().map(Vec::len), Some(2), "{line}");
    let mut listener = sandbox.listen(&secret);
    let url = listener.url();
    let to_listener = ["send", "order.paid", "-p", "acme", "--url", &url];
    sandbox
        .run(&[&to_listener[..], &secret, &wrong].concat())
        .expect(0);
    let line = listener.next_of("delivery");
    let notes = line["verdict"]["notes"].to_string();
    assert!(notes.contains("described is a whole number"), "{line}");
    // Of a forged one, nothing is.
    let forged = [&verify[..], &["--secret", "acme=other", "--json"]].concat();
    let line = &sandbox.run(&forged).expect(1).json_lines()[0];
    assert!(line.get("misfits").is_none(), "{line}");
    // An event of the folder that is not as described is told by the check, and is no fault.
    let path = "providers/acme/events/order.paid.json";
    let event = r#"{"description": "paid", "source": "inferred", "data": {"type": "order.paid"}}"#;
    sandbox.file(path, event);
    let check = sandbox.run(&["providers", "check", "--json"]).expect(0);
    let lines = check.json_lines();
    assert_eq!(
        (&lines[0]["kind"], &lines[0]["path"], &lines[1]["misfits"]),
        (&json!("misfit"), &json!("total"), &json!(1))
    );
    sandbox.file("providers/acme/events/order.paid.schema.json", "{");
    sandbox.run(&["providers", "check"]).expect(1);
}

#[test]
fn a_description_in_yaml_is_the_same() {
    let sandbox = Sandbox::new();
    sandbox.file("a.yaml", YAML);
    sandbox.run(&["providers", "import", "a.yaml"]).expect(0);
    let path = sandbox.folder().join("providers/acme/events");
    let event = |name: &str| -> Value {
        let text = std::fs::read_to_string(path.join(name)).expect(name);
        serde_json::from_str(&text).expect("JSON")
    };
    assert_eq!(event("order.paid.json")["data"]["total"], 4990);
    let schema = event("order.paid.schema.json");
    assert_eq!(schema["properties"]["total"]["type"], "integer");
    sandbox.run(&["providers", "check"]).expect(0);
}

/// A description as people write one by hand.
const YAML: &str = "\
openapi: 3.1.0
info: {title: Acme}
webhooks:
  paid:
    post:
      summary: An order is paid
      requestBody:
        content:
          application/json:
            schema:
              type: object
              required: [type, total]
              properties:
                type: {const: order.paid}
                total: {type: integer, example: 4990}
";

#[test]
fn a_description_without_webhooks_or_that_is_none_is_refused_with_the_reason() {
    let sandbox = Sandbox::new();
    for (text, reason) in [
        ("openapi: 3.1.0\n", "callbacks"),
        ("openapi: [3.1.0\n", "line"),
        (r#"{"openapi": "3.1.0", "paths": {}}"#, "callbacks"),
        (
            r##"{"webhooks": {"a": {"$ref": "#/webhooks/a"}}}"##,
            "callbacks",
        ),
        ("{", "openapi.json"),
    ] {
        sandbox.file("openapi.json", text);
        let run = sandbox.run(&["providers", "import", "openapi.json"]);
        let run = run.expect(2);
        assert!(run.stderr.contains(reason), "{text}: {}", run.stderr);
    }
}
