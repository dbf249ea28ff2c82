use super::*;
use crate::exit::CliError;

/// Message, hint and code of an error; fails the test where one has a second line.
#[track_caller]
fn told(error: ConfigError) -> (String, String, u8) {
    let trouble = CliError::from(error);
    let hint = trouble.hint.clone().unwrap_or_default();
    for line in [&trouble.message, &hint] {
        assert!(!line.contains('\n') && !line.ends_with('.'), "{line:?}");
    }
    let code = trouble.code();
    (trouble.message, hint, code)
}

#[track_caller]
fn assert_told(error: ConfigError, parts: &[&str], hint: &str, code: u8) {
    let (message, found, status) = told(error);
    for part in parts {
        assert!(message.contains(part), "{part:?} in {message}");
    }
    assert!(found.contains(hint), "{hint:?} in {found}");
    assert_eq!(status, code, "{message}");
}

#[test]
fn a_file_that_is_wrong_is_named_with_its_line() {
    for (text, parts) in [
        ("url = 'x'\nurl = 'y'\n", ["line 2", "duplicate"]),
        ("\n\nprovidr = 'olympus'\n", ["line 3", "providr"]),
        ("[listen]\nprot = 1\n", ["unknown key", "`prot`"]),
        ("url = \n", ["line 1", ""]),
        ("[secrets]\nolympus = 'plain text'\n", ["line 2", ""]),
        (
            "[secrets]\nolympus = { env = 'A', file = 'b' }\n",
            ["line 2", ""],
        ),
    ] {
        let place = Place::new();
        let path = place.project(text);
        let error = place.load(&[]).unwrap_err();
        let path = path.display().to_string();
        let hint = match parts {
            [_, "providr"] => "did you mean `provider`?",
            [_, "`prot`"] => "did you mean `port`?",
            _ => "fix it there",
        };
        assert_told(error, &[&path, parts[0], parts[1]], hint, 2);
    }
}

#[test]
fn a_secret_in_a_wrong_file_is_not_repeated() {
    let place = Place::new();
    place.project("[secrets]\nolympus = 'whsec_hidden'\n");
    let (message, ..) = told(place.load(&[]).unwrap_err());
    assert!(!message.contains("whsec_hidden"), "{message}");
    let path = place.file("env", "WEBHOOK_SECRET=fine\nwhsec_hidden\n");
    let environment = place.environment().with_file(&path).unwrap();
    let message = environment.notes().concat();
    assert!(!message.contains("whsec_hidden"), "{message}");
    let named = format!("`{}`, line 2", path.display());
    assert!(message.contains(&named), "{message}");
}

#[test]
fn what_cannot_be_read_is_named() {
    let place = Place::new();
    let nope = place.path("nope");
    let named = nope.to_str().unwrap();
    let error = place.load(&["--config", named]).unwrap_err();
    assert_told(error, &[named], "", 4);
    let error = place.load(&["--env-file", named]).unwrap_err();
    assert_told(error, &[named], "", 4);
    let ask = &mut Answers::default();
    let error = place.secrets(&["--secret-file", named], ask).err().unwrap();
    assert_told(error, &[named], "", 4);
    place.project("[secrets]\nolympus = { file = 'nope' }");
    let error = place.secrets(&[], ask).err().unwrap();
    let beside = place.path("project/nope").display().to_string();
    let config = place.path("project/webhook.toml").display().to_string();
    let origin = format!("which `{config}` names as a secret of olympus");
    assert_told(error, &[&beside, &origin], "make that file", 4);
}

#[test]
fn a_secret_that_is_not_there_is_an_error_and_no_silent_nothing() {
    let place = Place::new();
    place.project("[secrets]\nolympus = { env = 'NOT_SET' }");
    let ask = &mut Answers::default();
    let error = place.secrets(&[], ask).err().unwrap();
    assert_told(error, &["`NOT_SET`", "webhook.toml"], "`--env-file`", 2);
    let place = Place::new();
    let error = place.secrets(&["--secret"], ask).err().unwrap();
    assert_told(error, &["on the terminal"], "WEBHOOK_SECRET", 2);
}

#[test]
fn missing_secrets_are_left_out_and_told_apart_from_those_that_are_there() {
    let place = Place::new().with("SET", "nearer");
    place.project(
        "[secrets]\ncimplify = { env = 'SET' }\nolympus = [{ file = 'nope' }, { env = 'NOT_SET' }]",
    );
    place.file(
        "home/.config/webhook/config.toml",
        "[secrets]\nolympus = { env = 'SET' }",
    );
    let mut config = place.config();
    let missing = config.leave_out_missing_secrets();
    let keys: Vec<_> = missing.iter().map(|missing| missing.key.as_str()).collect();
    assert_eq!(keys, ["olympus", "olympus"]);
    assert!(matches!(missing[0].error, ConfigError::SecretFile { .. }));
    assert!(matches!(missing[1].error, ConfigError::NoVariable { .. }));
    let ask = &mut Answers::default();
    let given = config.secrets(&SecretArgs::default(), &["cimplify", "olympus"], None, ask);
    let given = given.unwrap();
    let names: Vec<_> = given
        .iter()
        .map(|secret| secret.provider.as_deref())
        .collect();
    assert_eq!(names, [Some("cimplify")]);
}

#[test]
fn an_empty_secret_is_an_error_wherever_it_comes_from() {
    let ask = &mut Answers::default();
    let place = Place::new();
    let file = place.file("empty", "\n");
    let file = file.to_str().unwrap();
    for (flags, origin) in [
        (&["--secret", ""][..], "--secret"),
        (&["--secret", "olympus="], "--secret"),
        (&["--secret-file", file], "--secret-file"),
        (&["--secret-file", "-"], "--secret-file"),
        (&["--secret", "good", "--secret", ""], "--secret"),
    ] {
        let error = place.secrets(flags, ask).err().unwrap();
        assert_told(error, &[origin, "is empty"], "signing secret", 2);
    }
    for name in ["WEBHOOK_SECRET", "WEBHOOK_SECRET_OLYMPUS"] {
        let place = Place::new().with(name, "");
        let error = place.secrets(&[], ask).err().unwrap();
        assert_told(error, &[name, "is empty"], "signing secret", 2);
    }
    let place = Place::new().with("EMPTY", "");
    place.project("[secrets]\ndefault = { env = 'EMPTY' }");
    let error = place.secrets(&[], ask).err().unwrap();
    assert_told(error, &["webhook.toml", "is empty"], "signing secret", 2);
}

#[test]
fn without_a_home_there_is_no_place_for_log_and_secret() {
    let mut place = Place::new();
    place.variables.clear();
    let place = place.with("TMPDIR", "/nowhere");
    let config = place.config();
    assert_told(config.log().unwrap_err(), &["the log"], "`--log PATH`", 2);
    let error = config.local_secret(|_| {}).err().unwrap();
    assert_told(error, &["the local secret"], "`--secret`", 2);
}

#[test]
fn a_local_secret_that_cannot_be_kept_is_told() {
    let place = Place::new().with("TMPDIR", "/nowhere");
    // A file where the folder belongs.
    place.file("home/.config/webhook", "");
    let error = place
        .config()
        .local_secret(|bytes| bytes.fill(1))
        .err()
        .unwrap();
    let parts = ["local development secret", "local-secret"];
    assert_told(error, &parts, "make the folder writable", 4);
}
