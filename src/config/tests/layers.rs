use std::path::PathBuf;

use super::super::{Origin, Setting};
use super::*;

fn url(config: &Config, flag: Option<&str>) -> Setting<Option<String>> {
    config.url(flag.map(str::to_owned))
}

#[test]
fn the_nearest_place_wins_and_every_value_tells_its_own() {
    let place = Place::new();
    let found = url(&place.config(), None);
    assert_eq!((found.value, found.origin), (None, Origin::Default));

    let user = place.user("url = 'user'\nprovider = 'olympus'");
    let found = url(&place.config(), None);
    assert_eq!(
        (found.value.as_deref(), found.origin),
        (Some("user"), Origin::File(user.clone()))
    );

    let project = place.project("url = 'project'");
    let found = url(&place.config(), None);
    assert_eq!(
        (found.value.as_deref(), found.origin),
        (Some("project"), Origin::File(project))
    );
    // What the nearer file does not say, the farther one does.
    let provider = place.config().provider(None);
    assert_eq!(provider.value.as_deref(), Some("olympus"));
    assert_eq!(provider.origin, Origin::File(user));

    let env_file = place.file("env", "WEBHOOK_URL=envfile\n");
    let flags = ["--env-file", env_file.to_str().unwrap()];
    let found = url(&place.load(&flags).unwrap(), None);
    assert_eq!(found.value.as_deref(), Some("envfile"));
    assert_eq!(
        found.origin,
        Origin::EnvFile(env_file.clone(), "WEBHOOK_URL".into())
    );

    let place = place.with("WEBHOOK_URL", "variable");
    let config = place.load(&flags).unwrap();
    let found = url(&config, None);
    assert_eq!(found.value.as_deref(), Some("variable"));
    assert_eq!(found.origin, Origin::Variable("WEBHOOK_URL".into()));

    let found = url(&config, Some("flag"));
    assert_eq!(
        (found.value.as_deref(), found.origin),
        (Some("flag"), Origin::Flag("--url"))
    );
}

#[test]
fn a_file_that_is_named_is_read_in_place_of_both() {
    let place = Place::new();
    place.user("url = 'user'");
    place.project("provider = 'olympus'");
    let own = place.file("own.toml", "log = '/own.db'");
    let config = place.load(&["--config", own.to_str().unwrap()]).unwrap();
    assert_eq!(url(&config, None).value, None);
    assert_eq!(config.provider(None).value, None);
    assert_eq!(config.log().unwrap().value, PathBuf::from("/own.db"));
    let read: Vec<_> = config.files().map(|(path, _)| path.to_path_buf()).collect();
    assert_eq!(read, [own]);
}

#[test]
fn the_log_lies_in_the_users_data_unless_something_says_otherwise() {
    let place = Place::new();
    let log = |place: &Place, flags: &[&str]| place.load(flags).unwrap().log().unwrap();
    let home = place.path("home/.local/share/webhook/log.db");
    assert_eq!(log(&place, &[]).value, home);
    let data = place.path("data");
    let place = place.with("XDG_DATA_HOME", data.to_str().unwrap());
    assert_eq!(log(&place, &[]).value, data.join("webhook/log.db"));
    place.user("log = '/user.db'");
    assert_eq!(log(&place, &[]).value, PathBuf::from("/user.db"));
    let place = place.with("WEBHOOK_LOG", "variable.db");
    assert_eq!(log(&place, &[]).value, PathBuf::from("variable.db"));
    let flag = log(&place, &["--log", "flag.db"]);
    assert_eq!(
        (flag.value, flag.origin),
        ("flag.db".into(), Origin::Flag("--log"))
    );
}

#[test]
fn a_base_directory_that_is_relative_counts_as_not_set() {
    let place = Place::new().with("XDG_CONFIG_HOME", "relative");
    let user = place.user("url = 'user'");
    assert_eq!(url(&place.config(), None).origin, Origin::File(user));
    let elsewhere = place.path("config");
    let place = place.with("XDG_CONFIG_HOME", elsewhere.to_str().unwrap());
    let user = place.file("config/webhook/config.toml", "url = 'there'");
    assert_eq!(url(&place.config(), None).origin, Origin::File(user));
}

#[test]
fn the_folders_of_own_providers_are_here_or_beside_a_named_file_the_nearest_last() {
    let place = Place::new();
    let user = place.path("home/.config/webhook/providers");
    let project = place.path("project/providers");
    let both = [user.clone(), project];
    assert_eq!(place.config().provider_folders(), both);
    place.user("");
    place.project("");
    assert_eq!(place.config().provider_folders(), both);
    let named = place.file("elsewhere/other.toml", "");
    let config = place.load(&["--config", named.to_str().unwrap()]).unwrap();
    let beside = place.path("elsewhere/providers");
    assert_eq!(config.provider_folders(), [user, beside]);
}

#[test]
fn origins_read_as_a_person_would_say_them() {
    for (origin, text) in [
        (Origin::Flag("--url"), "--url"),
        (
            Origin::Variable("WEBHOOK_URL".into()),
            "environment variable WEBHOOK_URL",
        ),
        (
            Origin::EnvFile(".env".into(), "WEBHOOK_URL".into()),
            "WEBHOOK_URL in .env",
        ),
        (Origin::File("/x/config.toml".into()), "/x/config.toml"),
        (Origin::Default, "default"),
    ] {
        assert_eq!(origin.to_string(), text);
    }
}

#[test]
fn an_env_file_is_read_as_such_files_are_written() {
    let place = Place::new();
    let text = "# a comment\n\nexport WEBHOOK_URL=http://h:1/x?a=b#c\nA='single $HOME'\n\
        B=\"double\\nline\"\nEMPTY=\nA=later\n";
    let path = place.file(".env.local", text);
    let environment = place.environment().with_file(&path).unwrap();
    let get = |name: &str| {
        let found = environment.get_even_empty(name);
        found.map(|(value, _)| value.to_owned())
    };
    assert_eq!(get("WEBHOOK_URL").as_deref(), Some("http://h:1/x?a=b#c"));
    assert_eq!(get("B").as_deref(), Some("double\nline"));
    assert_eq!(get("EMPTY").as_deref(), Some(""));
    assert_eq!(get("A").as_deref(), Some("later"));
    assert_eq!(get("NOPE"), None);
    let shown = format!("{environment:?}");
    assert!(shown.contains("HOME") && !shown.contains("http"), "{shown}");
}
