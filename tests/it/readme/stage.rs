//! The terminals in which the page's commands are typed, and the application on port 3000.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::harness::sender::signature;
use crate::harness::{Lines, Listener, Sandbox};

/// The secret that the page's application has.
const SECRET: &str = "whsec_123";
/// The description of an API that sends one webhook.
const OPENAPI: &str = r#"{"openapi": "3.1.0", "info": {"title": "Bakery", "version": "1"}, "webhooks": {"bread.baked":
    {"post": {"requestBody": {"content": {"application/json": {"example": {"type": "bread.baked"}}}}}}}}"#;
/// The ports of the page: the listener's own, and the application's.
const LISTENER: &str = "4400";
const APPLICATION: &str = "3000";

/// A listener that was started by a command of the page.
struct Background {
    child: Child,
    lines: Lines,
    /// What it printed so far.
    printed: String,
    /// What the page shows of it.
    shown: String,
    port: String,
}

/// One reader's folder, and what runs in it.
pub struct Stage {
    sandbox: Sandbox,
    _application: Option<Listener>,
    application_port: String,
    listener: Option<Background>,
    /// What was exported so far, as the shell reads it.
    exports: String,
}

fn sandbox() -> Sandbox {
    let program = Path::new(env!("CARGO_BIN_EXE_webhook"));
    let folder = program.parent().expect("a folder").display();
    let path = format!("{folder}:{}", std::env::var("PATH").unwrap_or_default());
    let sandbox = Sandbox::new().with("PATH", &path);
    let config = sandbox.home().join(".config/webhook");
    std::fs::create_dir_all(&config).expect("a folder");
    std::fs::write(
        config.join("config.toml"),
        "[listen]\nport = 0\n[emulate]\nport = 0\n",
    )
    .expect("a file");
    sandbox
}

/// A port that nobody listens on.
fn closed_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener
        .local_addr()
        .expect("an address")
        .port()
        .to_string()
}

impl Stage {
    /// With the secret in the environment, an application that takes whatever is genuine, and the
    /// reader's own files.
    pub fn with_application() -> Self {
        let body = r#"{"id":"evt_1","type":"order.created"}"#;
        let (_, value) = signature("cimplify", SECRET, body.as_bytes());
        let sandbox = sandbox()
            .with("WEBHOOK_SECRET", SECRET)
            .with("S", SECRET)
            .with("SIGNATURE", &value);
        let application = sandbox.listen(&[]);
        sandbox.file("body.bin", body);
        sandbox.file("secret.txt", SECRET);
        sandbox.file("order.json", r#"{"id":"ord_1","total":12.5}"#);
        sandbox.file("openapi.json", OPENAPI);
        let capture = ["--dry-run", "--as", "json", "--provider", "olympus"];
        let capture = sandbox.run(&[&["send", "order.created"], &capture[..]].concat());
        sandbox
            .run_with(&["log", "import", "-"], capture.expect(0).stdout.as_bytes())
            .expect(0);
        let traffic = sandbox.run(&["log", "export", "--format", "har"]).expect(0);
        sandbox.file("traffic.har", traffic.stdout);
        let send = "webhook send order.paid --provider barecommerce --set data.total=12.5";
        let script = sandbox.file("place-an-order.sh", format!("#!/bin/sh\n{send}\n"));
        let runnable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(script, runnable).expect("a mode");
        Self {
            application_port: application.address().port().to_string(),
            _application: Some(application),
            ..Self::of(sandbox)
        }
    }

    /// With nothing on the application's port.
    pub fn without_application() -> Self {
        Self::of(sandbox())
    }

    fn of(sandbox: Sandbox) -> Self {
        Self {
            sandbox,
            _application: None,
            application_port: closed_port(),
            listener: None,
            exports: String::new(),
        }
    }

    /// A command with the ports of this stage in place of the page's.
    fn typed(&self, command: &str) -> String {
        let port = self.listener.as_ref().map_or("", |it| &it.port);
        let command = command
            .replace("cargo run --", "webhook")
            .replace("--port 4401", "--port 0")
            .replace(LISTENER, port)
            .replace(APPLICATION, &self.application_port);
        format!("{}{command}", self.exports)
    }

    fn shell(&self, line: &str) -> Command {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &format!("exec 2>&1; {line}")])
            .env_clear();
        let program = self.sandbox.command(&[]);
        shell.envs(program.get_envs().filter_map(|(k, v)| Some((k, v?))));
        shell.current_dir(self.sandbox.folder());
        shell.stdin(Stdio::null()).stdout(Stdio::piped());
        shell
    }

    /// Types a command, which has to end with 0; a listener is sent something, and ended where it
    /// does not end by itself.
    pub fn run(&mut self, command: &str) {
        if !command.contains(" listen") || command.contains(" -- ./") {
            let (printed, code) = self.to_end(command);
            assert_eq!(code, Some(0), "{command}\n{printed}");
            return;
        }
        self.close();
        let mut shell = self.shell(&format!("trap : INT; {}", self.typed(command)));
        self.listen(shell.process_group(0), "");
        let words: Vec<_> = command.split(' ').collect();
        let count = words.iter().position(|word| *word == "--count");
        let count = count.map(|place| words[place + 1].parse().expect("a number"));
        for _ in 0..count.unwrap_or(1) {
            self.to_end("webhook send order.created --provider olympus --insecure --url 4400");
        }
        if count.is_some() {
            self.end();
        }
    }

    /// Runs a command to its end; returns what it printed, and its code.
    fn to_end(&self, command: &str) -> (String, Option<i32>) {
        let output = self.shell(&self.typed(command)).output().expect("it ends");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        (printed, output.status.code())
    }

    /// Types a command of which the page shows the output.
    pub fn show(&mut self, command: &str, shown: &str) {
        if command.starts_with("export ") {
            self.exports.extend([command, "; "]);
        } else if command.contains(" listen") {
            self.close();
            let line = format!("trap : INT; stty cols 120; {}", self.typed(command));
            let mut terminal = self.shell("exec script -qec \"$LINE\" /dev/null");
            terminal.env("LINE", line).env("NO_COLOR", "1");
            self.listen(terminal.stdin(Stdio::piped()), shown);
        } else {
            let (printed, _) = self.to_end(command);
            assert_eq!(self.comparable(&printed), plain(shown), "{command}");
        }
    }

    fn listen(&mut self, shell: &mut Command, shown: &str) {
        let mut child = shell.spawn().expect("it starts");
        let mut lines = Lines::of(child.stdout.take().expect("a pipe"));
        let mut printed = String::new();
        let port = loop {
            let line = lines
                .next()
                .unwrap_or_else(|| panic!("{shell:?}: {printed}"));
            printed.push_str(&line);
            if let Some((_, port)) = line.trim_end().rsplit_once("://localhost:") {
                break port.to_owned();
            }
        };
        self.listener = Some(Background {
            child,
            lines,
            printed,
            shown: shown.to_owned(),
            port,
        });
    }

    /// Ends what still listens, as Ctrl-C does; it has printed what the page shows.
    pub fn close(&mut self) {
        let Some(listener) = &mut self.listener else {
            return;
        };
        if let Some(terminal) = &mut listener.child.stdin {
            terminal.write_all(b"\x03").expect("Ctrl-C is typed");
        } else {
            let group = format!("-{}", listener.child.id());
            let kill = Command::new("kill").args(["-INT", "--", &group]).status();
            assert!(kill.expect("kill runs").success());
        }
        self.end();
    }

    fn end(&mut self) {
        let Some(mut listener) = self.listener.take() else {
            return;
        };
        let rest = std::mem::take(&mut listener.lines).rest();
        let printed = [listener.printed.as_str(), &rest].concat();
        let status = listener.child.wait().expect("it ends");
        assert_eq!(status.code(), Some(0), "{printed}");
        let printed = printed.replace(&listener.port, LISTENER).replace('\r', "");
        let (printed, shown) = (self.comparable(&printed), plain(&listener.shown));
        assert!(
            printed.starts_with(&shown),
            "{printed}\n\nis not\n\n{shown}"
        );
    }

    /// What was printed, as the page would show it.
    fn comparable(&self, printed: &str) -> String {
        let port = self.listener.as_ref().map_or("", |it| &it.port);
        let mut printed = printed.replace(&self.application_port, APPLICATION);
        if !port.is_empty() {
            printed = printed.replace(port, LISTENER);
        }
        let home = self.sandbox.home().display().to_string();
        plain(&printed.replace(&home, "/home/ama"))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What stands before the port of an emulator.
const EMULATOR: &str = "emulating Olympus Cloud on http://localhost:";

/// Text without what differs each time: times of day, dates, ids, milliseconds.
fn plain(text: &str) -> String {
    // The port of an emulator is its own each time.
    let text = match text.split_once(EMULATOR) {
        Some((before, after)) => {
            let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{before}{EMULATOR}4500{after}")
        }
        None => text.to_owned(),
    };
    // What is told with its date depends on the time of day.
    let is_date = |word: &&str| word.len() == 10 && word.split('-').count() == 3;
    let word = |word: &str| {
        let is_time = word.len() == 8 && word.split(':').count() == 3;
        match word {
            _ if is_time => "00:00:00".to_owned(),
            _ if word.starts_with("evt_") => "evt_".to_owned(),
            // The port is the next free one, and the token is nobody else's.
            _ if word.contains("/?token=") => "http://localhost:4040/?token=".to_owned(),
            _ => word.to_owned(),
        }
    };
    let is_number = |c: char| c.is_ascii_digit() || c == '.' || c == ' ';
    let line = |line: &str| {
        let words = line.split(' ').filter(|word| !is_date(word));
        let words: Vec<_> = words.map(word).collect();
        let line = words.join(" ");
        match line.split_once(" ms") {
            Some((head, rest)) => format!("{} 0 ms{rest}", head.trim_end_matches(is_number)),
            None => line,
        }
    };
    text.trim_end()
        .lines()
        .map(line)
        .collect::<Vec<_>>()
        .join("\n")
}
