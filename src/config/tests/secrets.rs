use std::os::unix::fs::PermissionsExt as _;

use proptest::prelude::*;

use super::super::Origin;
use super::*;

#[test]
fn secrets_come_from_every_place_in_their_order() {
    let place = Place::new()
        .with("WEBHOOK_SECRET", "from-variable")
        .with("WEBHOOK_SECRET_OLYMPUS", "from-olympus-variable")
        .with("WEBHOOK_SECRET_OWN_ONE", "from-own-variable")
        .with("NAMED", "from-named-variable");
    let file = place.file("secret.txt", "from-file-flag\n");
    place.file("project/beside.txt", "from-file-of-file\r\n");
    place.project(
        "[secrets]\ncimplify = [{ env = 'NAMED' }, { file = 'beside.txt' }]\n\
         default = { env = 'NAMED' }\n",
    );
    let file = format!("cimplify={}", file.display());
    let flags = [
        "--secret",
        "olympus=from-flag",
        "--secret-file",
        &file,
        "--secret",
        "second",
    ];
    assert_eq!(
        place.shown(&flags),
        [
            "olympus=from-flag",
            "*=second",
            "cimplify=from-file-flag",
            "olympus=from-olympus-variable",
            "own-one=from-own-variable",
            "*=from-variable",
            "cimplify=from-named-variable",
            "cimplify=from-file-of-file",
            "*=from-named-variable",
        ]
    );
    let given = place.secrets(&flags, &mut Answers::default()).unwrap();
    let origins: Vec<_> = given.into_iter().map(|secret| secret.origin).collect();
    let variable = |name: &str| Origin::Variable(name.into());
    assert_eq!(origins[0], Origin::Flag("--secret"));
    assert_eq!(origins[2], Origin::Flag("--secret-file"));
    assert_eq!(origins[3], variable("WEBHOOK_SECRET_OLYMPUS"));
    assert_eq!(origins[5], variable("WEBHOOK_SECRET"));
    assert_eq!(origins[6], Origin::File(place.path("project/webhook.toml")));
}

#[test]
fn only_the_nearest_place_that_has_any_for_a_provider_is_in_force() {
    let place = Place::new().with("A", "project").with("B", "user");
    place.project("[secrets]\nolympus = { env = 'A' }\n");
    place.user("[secrets]\nolympus = { env = 'B' }\ncimplify = { env = 'B' }\n");
    let in_force = |flags: &[&str], provider| {
        let given = place.secrets(flags, &mut Answers::default()).unwrap();
        let found = GivenSecret::in_force(&given, provider).into_iter();
        let texts = found.map(|secret| String::from_utf8(secret.bytes.clone()).unwrap());
        texts.collect::<Vec<_>>()
    };
    assert_eq!(in_force(&[], "olympus"), ["project"]);
    assert_eq!(in_force(&[], "cimplify"), ["user"]);
    let named = ["--secret", "olympus=new", "--secret", "olympus=old"];
    assert_eq!(in_force(&named, "olympus"), ["new", "old"]);
    assert_eq!(in_force(&named, "cimplify"), ["user"]);
    assert_eq!(in_force(&["--secret", "any"], "olympus"), ["any"]);
    assert_eq!(in_force(&["--secret", "any"], "cimplify"), ["any"]);
}

#[test]
fn a_name_counts_only_where_it_is_a_provider() {
    let place = Place::new();
    for (text, shown) in [
        ("olympus=x", "olympus=x"),
        ("olympus=a=b", "olympus=a=b"),
        ("nobody=x", "*=nobody=x"),
        ("c2VjcmV0==", "*=c2VjcmV0=="),
        ("Olympus=x", "*=Olympus=x"),
        ("=x", "*==x"),
        (" padded ", "*= padded "),
    ] {
        assert_eq!(place.shown(&["--secret", text]), [shown], "{text}");
    }
}

#[test]
fn one_line_end_is_dropped_from_a_file_and_from_stdin_and_nothing_else() {
    let place = Place::new();
    for (text, secret) in [
        ("s", "s"),
        ("s\n", "s"),
        ("s\r\n", "s"),
        ("s\n\n", "s\n"),
        (" s \n", " s "),
        ("s\r", "s\r"),
    ] {
        let path = place.file("secret", text);
        let shown = place.shown(&["--secret-file", path.to_str().unwrap()]);
        assert_eq!(shown, [format!("*={secret}")], "{text:?}");
    }
    let mut ask = Answers {
        stdin: b"\xff\x00 from stdin\n",
        ..Answers::default()
    };
    let given = place
        .secrets(&["--secret-file", "olympus=-"], &mut ask)
        .unwrap();
    assert_eq!(given[0].bytes, b"\xff\x00 from stdin");
    assert_eq!(given[0].provider.as_deref(), Some("olympus"));
}

#[test]
fn a_bare_flag_asks_and_nothing_else_does() {
    let place = Place::new();
    let mut ask = Answers {
        password: Some("typed"),
        ..Answers::default()
    };
    let given = place.secrets(&["--secret"], &mut ask).unwrap();
    assert_eq!((given[0].bytes.as_slice(), ask.asked), (&b"typed"[..], 1));
    place.secrets(&["--secret", "x"], &mut ask).unwrap();
    assert_eq!(ask.asked, 1);
}

/// What is not in force need not be there: who gives a secret goes on with a file for another machine.
#[test]
fn a_secret_of_a_file_need_not_be_there_where_a_nearer_one_is() {
    let place = Place::new();
    place.project("[secrets]\nolympus = { env = 'NOPE' }\n");
    place.user("[secrets]\nolympus = { file = 'nope' }\n");
    assert_eq!(place.shown(&["--secret", "x"]), ["*=x"]);
    assert_eq!(place.shown(&["--secret", "olympus=x"]), ["olympus=x"]);
    let missing = |flags: &[&str]| {
        let given = place.secrets(flags, &mut Answers::default());
        given.err().map(|error| error.to_string())
    };
    for flags in [&[][..], &["--secret", "cimplify=x"]] {
        assert!(missing(flags).unwrap().contains("`NOPE`"), "{flags:?}");
    }
    let place = Place::new().with("NOPE", "near");
    place.project("[secrets]\nolympus = { env = 'NOPE' }\n");
    place.user("[secrets]\nolympus = { file = 'nope' }\n");
    assert_eq!(place.shown(&[]), ["olympus=near"]);
}

#[test]
fn an_env_file_stands_behind_the_environment() {
    let place = Place::new().with("WEBHOOK_SECRET", "real");
    let path = place.file(
        "env",
        "WEBHOOK_SECRET=file\nWEBHOOK_SECRET_OLYMPUS=file-olympus\n",
    );
    let flags = ["--env-file", path.to_str().unwrap()];
    assert_eq!(place.shown(&flags), ["olympus=file-olympus", "*=real"]);
    let given = place.secrets(&flags, &mut Answers::default()).unwrap();
    let origin = Origin::EnvFile(path, "WEBHOOK_SECRET_OLYMPUS".into());
    assert_eq!(given[0].origin, origin);
}

#[test]
fn the_local_secret_is_made_once_for_the_user_alone() {
    let place = Place::new();
    let config = place.config();
    let made = config.local_secret(|bytes| bytes.fill(0xab)).unwrap();
    assert!(made.elsewhere.is_none());
    let text = String::from_utf8(made.bytes.clone()).unwrap();
    assert_eq!(text, format!("whsec_{}", "ab".repeat(24)));
    let path = place.path("home/.config/webhook/local-secret");
    let rights = std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(rights & 0o777, 0o600);
    let again = config
        .local_secret(|_| panic!("made a second time"))
        .unwrap();
    assert_eq!(again.bytes, made.bytes);
}

#[test]
fn a_local_secret_that_has_no_home_is_among_the_temporary_files() {
    let place = Place::new();
    // A file where the folder belongs.
    place.file("home/.config/webhook", "");
    let config = place.config();
    assert_eq!(config.known_local_secret(), None);
    let made = config.local_secret(|bytes| bytes.fill(0xab)).unwrap();
    let error = made.elsewhere.unwrap().to_string();
    assert!(
        error.contains("home/.config/webhook/local-secret`"),
        "{error}"
    );
    assert_eq!(config.known_local_secret(), Some(made.bytes.clone()));
    let again = config
        .local_secret(|_| panic!("made a second time"))
        .unwrap();
    assert_eq!((again.bytes, &again.path), (made.bytes, &made.path));

    // Others could have put theirs into a folder that they may write.
    let folder = made.path.parent().unwrap();
    let open = |mode| std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode));
    open(0o770).unwrap();
    assert_eq!(config.known_local_secret(), None);
    assert!(config.local_secret(|bytes| bytes.fill(1)).is_err());
    std::fs::remove_dir_all(folder).unwrap();
    let elsewhere = place.path("theirs");
    std::fs::create_dir(&elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, folder).unwrap();
    assert!(config.local_secret(|bytes| bytes.fill(1)).is_err());
}

#[test]
fn the_local_pair_is_made_once_for_the_user_alone() {
    let place = Place::new();
    let config = place.config();
    assert_eq!(config.known_local_pair(), None);
    let made = config.local_pair().unwrap().bytes;
    assert!(made.starts_with(b"-----BEGIN PRIVATE KEY-----"));
    let path = place.path("home/.config/webhook/local-key.pem");
    let rights = std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(rights & 0o777, 0o600);
    assert_eq!(config.local_pair().unwrap().bytes, made);
    assert_eq!(config.known_local_pair(), Some(made));
}

#[test]
fn first_runs_at_once_agree_on_one_local_secret() {
    let place = Place::new();
    let config = place.config();
    let start = std::sync::Barrier::new(8);
    let (start, config) = (&start, &config);
    let secrets: Vec<_> = std::thread::scope(|scope| {
        let runs = (0..8_u8).map(|number| {
            scope.spawn(move || {
                start.wait();
                config
                    .local_secret(|bytes| bytes.fill(number))
                    .unwrap()
                    .bytes
            })
        });
        let runs: Vec<_> = runs.collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    assert!(secrets.iter().all(|secret| *secret == secrets[0]));
    let folder = place.path("home/.config/webhook");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 1);
}

proptest! {
    #[test]
    fn a_secret_is_taken_byte_for_byte_whatever_it_holds(text in "[^-\\PC][^\\PC]{0,20}") {
        let place = Place::new();
        let named = format!("olympus={text}");
        let shown = place.shown(&["--secret", &named]);
        prop_assert_eq!(shown, [named]);
    }
}
