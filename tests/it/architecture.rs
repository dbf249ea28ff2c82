//! The house's plan, enforced: who may import whom, how large things may be, and that a provider is
//! data.

mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use source::Source;

/// What an engine may import: never another engine, and nothing that knows the terminal.
const BELOW_ENGINES: &[&str] = &[
    "delivery",
    "dispatch",
    "formats",
    "http",
    "json",
    "provider",
    "signature",
    "store",
];
/// What each room may import of ours.
const MAY_IMPORT: [(&str, &[&str]); 22] = [
    ("delivery", &[]),
    ("json", &[]),
    ("signature", &["delivery", "json"]),
    ("provider", &["delivery", "json", "signature"]),
    ("http", &["delivery", "json"]),
    ("filter", &["delivery", "json"]),
    ("store", &["delivery", "filter", "json"]),
    ("report", &["delivery", "json", "provider", "signature"]),
    ("formats", &["delivery", "json"]),
    ("dispatch", &["delivery", "http", "store"]),
    ("receive", BELOW_ENGINES),
    ("send", BELOW_ENGINES),
    ("replay", BELOW_ENGINES),
    ("check", BELOW_ENGINES),
    ("verify", BELOW_ENGINES),
    ("emulate", BELOW_ENGINES),
    (
        "inspect",
        &[
            "delivery", "dispatch", "filter", "formats", "http", "json", "provider", "replay",
            "report", "send", "store",
        ],
    ),
    // Domain enums and nouns as values of flags.
    (
        "cli",
        &[
            "delivery",
            "emulate",
            "provider",
            "receive",
            "report",
            "signature",
        ],
    ),
    ("config", &["cli", "delivery", "provider", "signature"]),
    ("console", &["report"]),
    // What is built in, configured and logged, for a shell to offer.
    (
        "completion",
        &[
            "check", "cli", "config", "delivery", "provider", "report", "store",
        ],
    ),
    // The outcome and the errors that become exit codes.
    (
        "exit",
        &[
            "check", "config", "delivery", "emulate", "formats", "http", "json", "provider",
            "send", "store",
        ],
    ),
];
/// The rooms that build everything and may import everything.
const MAY_IMPORT_ALL: [&str; 2] = ["command", "main"];
/// The most lines of a function.
const FUNCTION_LINES: usize = 60;
/// The most lines of a file before its tests.
const FILE_LINES: usize = 300;
/// The names of the built-in providers, which are data.
const PROVIDERS: [&str; 4] = ["barecommerce", "cimplify", "ibakepro", "olympus"];

/// A file of `src/` that is not there for tests alone.
struct File {
    /// Its path below `src/`.
    path: PathBuf,
    text: String,
    source: Source,
}

impl File {
    /// The path of its module from the crate's root, such as `["command", "replay", "plan"]`.
    fn module(&self) -> Vec<String> {
        let path = self.path.with_extension("");
        let names = path.iter().map(|name| name.to_string_lossy().into_owned());
        let mut names: Vec<_> = names.collect();
        if names
            .last()
            .is_some_and(|last| last == "mod" || last == "lib")
        {
            names.pop();
        }
        names
    }

    fn shown(&self) -> String {
        format!("src/{}", self.path.display())
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            paths.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
    paths.sort();
    paths
}

/// The files of `src/` without those that a `#[cfg(test)]` brings in.
fn files() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("text");
        let source = Source::read(&text);
        let path = path.strip_prefix(&root).expect("below src").to_path_buf();
        File { path, text, source }
    };
    let mut files: Vec<_> = rust_files(&root).into_iter().map(read).collect();
    let tests: BTreeSet<_> = files.iter().flat_map(test_modules).collect();
    files.retain(|file| {
        let module = file.module();
        !tests.iter().any(|test| module.starts_with(test))
    });
    files
}

fn test_modules(file: &File) -> Vec<Vec<String>> {
    let names = file.source.test_modules.iter();
    names
        .map(|name| [file.module(), vec![name.clone()]].concat())
        .collect()
}

/// Fails with one line for each thing that is wrong.
#[track_caller]
fn assert_none(wrong: &[String], rule: &str) {
    assert!(wrong.is_empty(), "{rule}:\n  {}\n", wrong.join("\n  "));
}

#[test]
fn every_arrow_goes_down() {
    let mut wrong = Vec::new();
    for file in files() {
        let module = file.module();
        // `lib.rs` declares the rooms and imports none.
        let Some(own) = module.first() else { continue };
        if MAY_IMPORT_ALL.contains(&own.as_str()) {
            continue;
        }
        let row = MAY_IMPORT.iter().find(|(room, _)| room == own);
        let Some((_, allowed)) = row else {
            wrong.push(format!(
                "{}: `{own}` is in no row of the table",
                file.shown()
            ));
            continue;
        };
        for (room, line) in file.source.rooms(&module) {
            if room != *own && !allowed.contains(&room.as_str()) {
                wrong.push(format!("{}:{line}: `{own}` imports `{room}`", file.shown()));
            }
        }
    }
    assert_none(&wrong, "imports that the architecture does not allow");
}

#[test]
fn the_table_has_the_rooms_that_there_are() {
    let files = files();
    let found: BTreeSet<_> = files
        .iter()
        .filter_map(|f| f.module().first().cloned())
        .collect();
    let rows = MAY_IMPORT.iter().map(|(room, _)| *room);
    let listed: BTreeSet<_> = rows.chain(MAY_IMPORT_ALL).map(str::to_owned).collect();
    assert_eq!(found, listed);
    assert!(files.len() > 100, "only {} files", files.len());
}

#[test]
fn functions_and_files_are_small() {
    let mut wrong = Vec::new();
    for file in files() {
        for function in file.source.functions() {
            if function.lines > FUNCTION_LINES {
                let (name, line, lines) = (&function.name, function.line, function.lines);
                wrong.push(format!(
                    "{}:{line}: `{name}` has {lines} lines",
                    file.shown()
                ));
            }
        }
        let lines = file
            .text
            .lines()
            .take_while(|line| *line != "#[cfg(test)]")
            .count();
        if lines > FILE_LINES {
            wrong.push(format!(
                "{} has {lines} lines before its tests",
                file.shown()
            ));
        }
    }
    let rule = format!("functions over {FUNCTION_LINES} and files over {FILE_LINES} lines");
    assert_none(&wrong, &rule);
}

#[test]
fn a_provider_is_data() {
    let mut wrong = Vec::new();
    for file in files() {
        let mut code = file.source.code.clone();
        if file.path.starts_with("cli") {
            code = without_examples(&code);
        }
        for (number, line) in code.to_lowercase().lines().enumerate() {
            for name in PROVIDERS.iter().filter(|name| line.contains(**name)) {
                let place = format!("{}:{}", file.shown(), number + 1);
                wrong.push(format!("{place}: the code names `{name}`: {}", line.trim()));
            }
        }
    }
    assert_none(
        &wrong,
        "providers' names outside of fixtures, tests and help",
    );
}

/// The code without the examples of the help, which are constants of that name.
fn without_examples(code: &str) -> String {
    let mut rest = code;
    let mut kept = String::new();
    while let Some((before, after)) = rest.split_once("EXAMPLES: &str = \"") {
        let (examples, behind) = after.split_once("\";").expect("the constant ends");
        kept.push_str(before);
        kept.push_str(&"\n".repeat(examples.matches('\n').count()));
        rest = behind;
    }
    kept + rest
}

/// The files of the crate by their modules, so that a path finds where its item is defined.
struct Modules<'a> {
    files: BTreeMap<Vec<String>, &'a File>,
    reexports: BTreeMap<(Vec<String>, String), Vec<String>>,
}

impl<'a> Modules<'a> {
    fn of(files: &'a [File]) -> Self {
        let mut reexports = BTreeMap::new();
        for file in files {
            let module = file.module();
            for (name, path) in file.source.reexports(&module) {
                reexports.insert((module.clone(), name), path);
            }
        }
        Self {
            files: files.iter().map(|file| (file.module(), file)).collect(),
            reexports,
        }
    }

    /// The module that defines what `path` names. A module that offers the item of another one is
    /// passed through.
    fn home(&self, path: &[String]) -> Option<Vec<String>> {
        let depth = (0..=path.len())
            .rev()
            .find(|depth| self.files.contains_key(&path[..*depth]))?;
        let (module, rest) = path.split_at(depth);
        let offered = rest
            .first()
            .and_then(|name| self.reexports.get(&(module.to_vec(), name.clone())));
        match offered {
            Some(elsewhere) if elsewhere != path => self.home(elsewhere),
            _ => Some(module.to_vec()),
        }
    }

    /// Which module needs which, without those that a module is made of: a room needs its files.
    fn needs(&self) -> BTreeMap<Vec<String>, BTreeSet<Vec<String>>> {
        let of_file = |(module, file): (&Vec<String>, &&File)| {
            let paths = file.source.paths(module).into_iter();
            let homes = paths.filter_map(|(path, _)| self.home(&path));
            let others = homes.filter(|home| !home.starts_with(module));
            (module.clone(), others.collect())
        };
        self.files.iter().map(of_file).collect()
    }
}

/// The modules that `needs` leads back to themselves, each with those that stand in its circle.
fn circles(needs: &BTreeMap<Vec<String>, BTreeSet<Vec<String>>>) -> BTreeSet<Vec<Vec<String>>> {
    let reached = |start: &Vec<String>| {
        let mut seen = BTreeSet::new();
        let mut next: Vec<_> = needs.get(start).into_iter().flatten().collect();
        while let Some(module) = next.pop() {
            if seen.insert(module.clone()) {
                next.extend(needs.get(module).into_iter().flatten());
            }
        }
        seen
    };
    let reach: BTreeMap<_, _> = needs.keys().map(|start| (start, reached(start))).collect();
    let circle = |start: &&Vec<String>| {
        let back = reach[start].iter().filter(|other| {
            let of_other = reach.get(other);
            of_other.is_some_and(|reached| reached.contains(*start))
        });
        back.cloned().collect::<Vec<_>>()
    };
    let found = needs.keys().map(|start| circle(&start));
    found.filter(|circle| !circle.is_empty()).collect()
}

#[test]
fn no_files_stand_in_a_circle() {
    let files = files();
    let found = circles(&Modules::of(&files).needs());
    let shown = found.iter().map(|circle| {
        let names: Vec<_> = circle.iter().map(|module| module.join("::")).collect();
        names.join(", ")
    });
    assert_none(&shown.collect::<Vec<_>>(), "files that need each other");
}

#[test]
fn one_type_name_means_one_thing() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files() {
        for (name, line) in file.source.types() {
            let place = format!("{}:{line}", file.shown());
            places.entry(name).or_default().push(place);
        }
    }
    assert!(places.len() > 100, "only {} types", places.len());
    // A form of serialisation is named after what it is a form of, wherever it is written.
    let is_form = |name: &str| {
        ["Form", "Json", "Wire"]
            .iter()
            .any(|end| name.ends_with(end))
    };
    places.retain(|name, places| places.len() > 1 && !is_form(name));
    let shown = places
        .iter()
        .map(|(name, places)| format!("`{name}`: {}", places.join(", ")));
    assert_none(
        &shown.collect::<Vec<_>>(),
        "type names with several meanings",
    );
}

/// What is found in this text, as the file `src/command/replay/plan.rs`.
fn rooms_of(text: &str) -> String {
    let module = ["command", "replay", "plan"].map(String::from);
    let mut shown = String::new();
    for (room, line) in Source::read(text).rooms(&module) {
        write!(shown, "{room}:{line} ").expect("a String takes everything");
    }
    shown.trim_end().to_owned()
}

#[test]
fn imports_are_seen_in_every_spelling() {
    for (text, rooms) in [
        ("use crate::store::Log;", "store:1"),
        ("pub use crate::store;", "store:1"),
        (
            "use crate::{\n  store::{Log, Reader as R},\n  http,\n};",
            "store:1 store:1 http:1",
        ),
        ("\nlet x = crate::http::Target::parse(y);", "http:2"),
        (
            "fn f(x: &crate::store::Log) -> Vec<crate::http::X> {}",
            "store:1 http:1",
        ),
        ("use super::super::super::receive::Receiver;", "receive:1"),
        (
            "use super::super::{select, super::receive::Receiver};",
            "command:1 receive:1",
        ),
        ("use super::Replay;", "command:1"),
        ("use crate::*;", "*:1"),
        ("x(crate::http::f(crate::store::g()))", "http:1 store:1"),
        ("use webhook_cli::store::Log;", "store:1"),
        ("impl crate::report::X for Y {}", "report:1"),
        (
            "pub(crate) fn f() {} pub(super) struct X; pub(in crate::store) struct Y;",
            "store:1",
        ),
        (
            "// use crate::store;\n/* crate::http /* crate::http */ */ /// crate::cli",
            "",
        ),
        (
            "let x = \"crate::store\"; let y = r#\"crate::http \"crate::cli\"#; let z = '\"';",
            "",
        ),
        (
            "let quote = '\\''; let life: &'a crate::store::Log;",
            "store:1",
        ),
        (
            "#[cfg(test)]\nmod tests { use crate::store::Log; }\nuse crate::http::X;",
            "http:3",
        ),
        (
            "#[cfg(test)]\nuse crate::{store, cli};\nuse crate::http::X;",
            "http:3",
        ),
        ("#[cfg(not(test))]\nuse crate::store;", "store:2"),
    ] {
        assert_eq!(rooms_of(text), rooms, "{text}");
    }
    let source = Source::read("#[cfg(test)]\nmod tests;\n#[cfg(test)]\n#[allow(x)]\nmod testing;");
    assert_eq!(source.test_modules, ["tests", "testing"]);
}

#[test]
fn functions_are_measured_without_tests_and_types() {
    let text = "impl X {\n  /// Doc\n  pub fn a(x: fn(u8) -> u8) -> [u8; 2] {\n    y(|| {})\n  }\n}\n\
        trait T { fn b(&self); }\n#[cfg(test)]\nmod tests { fn c() {\n\n} }\nfn d() {}\n";
    let found: Vec<_> = Source::read(text)
        .functions()
        .into_iter()
        .map(|function| (function.name, function.line, function.lines))
        .collect();
    assert_eq!(found, [("a".into(), 3, 3), ("d".into(), 12, 1)]);
}

#[test]
fn names_are_looked_for_in_texts_and_not_in_comments() {
    let text = "// Olympus\nlet x = \"olympus\";\n#[cfg(test)]\nmod tests { \"olympus\" }";
    let code = Source::read(text).code;
    assert_eq!(code.matches("olympus").count(), 1, "{code}");
    let text = "const EXAMPLES: &str = \"\\\n  a olympus\n\";\n\"olympus\"";
    assert_eq!(without_examples(text).matches("olympus").count(), 1);
}

#[test]
fn circles_are_found_through_what_a_module_offers() {
    let file = |path: &str, text: &str| File {
        path: path.into(),
        text: text.into(),
        source: Source::read(text),
    };
    let room = |b: &str| {
        vec![
            file(
                "room/mod.rs",
                "mod a; mod b; pub use a::A; pub(crate) use b::{B, C as D};",
            ),
            file("room/a.rs", "use super::B; pub struct A;"),
            file("room/b.rs", b),
            file(
                "room/a/part.rs",
                "use super::Of; fn f() { super::super::b::g() }",
            ),
        ]
    };
    for (b, found) in [
        ("use super::A; pub struct B;", "room::a room::b"),
        ("fn f(x: crate::room::a::A) {}", "room::a room::b"),
        (
            "use crate::room::a::part::X;",
            "room::a room::a::part room::b",
        ),
        ("pub struct B;", ""),
        ("use super::z::A; use crate::other::A;", ""),
        ("#[cfg(test)] mod tests { use super::super::A; }", ""),
    ] {
        let files = room(b);
        let circles = circles(&Modules::of(&files).needs());
        let shown: Vec<_> = circles
            .iter()
            .map(|circle| {
                let names: Vec<_> = circle.iter().map(|module| module.join("::")).collect();
                names.join(" ")
            })
            .collect();
        assert_eq!(shown.join("; "), found, "{b}");
    }
}

#[test]
fn types_are_seen_where_they_are_defined() {
    let text = "pub struct A; enum B {}\nimpl X for Y { type C = u8; }\npub(crate) trait D {}\n\
        // struct E;\n#[cfg(test)]\nmod tests { struct F; }\nfn f() { struct G; \"struct H\" }";
    let found: Vec<_> = Source::read(text).types().into_iter().collect();
    let found: Vec<_> = found
        .iter()
        .map(|(name, line)| (name.as_str(), *line))
        .collect();
    assert_eq!(found, [("A", 1), ("B", 1), ("D", 3), ("G", 7)]);
}
