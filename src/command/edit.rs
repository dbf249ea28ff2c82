//! The user's editor. What was typed in it is not lost: where it is not sent, its file stays.

use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use signal_hook::consts::SIGINT;
use signal_hook::{flag, low_level};
use tempfile::TempPath;

use super::World;
use crate::config::Config;
use crate::exit::{CliError, Outcome};
use crate::json::{TypedJson, exact_numbers, restore_numbers};
use crate::report;

/// What is tried on a terminal where no variable names an editor.
const EDITORS: [&str; 3] = ["editor", "nano", "vi"];

/// What an editor's text is taken for; the error says why it cannot be.
type Read<'a> = dyn Fn(Vec<u8>) -> Result<Vec<u8>, String> + 'a;

/// The texts that were edited in a run.
pub struct Drafts<'a> {
    config: &'a Config,
    world: &'a World,
    files: Mutex<Vec<TempPath>>,
}

impl<'a> Drafts<'a> {
    /// None so far.
    pub const fn new(config: &'a Config, world: &'a World) -> Self {
        Self {
            config,
            world,
            files: Mutex::new(Vec::new()),
        }
    }

    /// What the user makes of some bytes.
    pub fn edit(&self, bytes: &[u8]) -> Result<Vec<u8>, CliError> {
        self.edit_as(bytes, &Ok)
    }

    /// What the user makes of a document. It is opened over several lines, and written as its provider
    /// writes it; what is no JSON stays bytes.
    pub fn edit_document(&self, body: &[u8]) -> Result<Vec<u8>, CliError> {
        let Ok(document) = serde_json::from_slice::<Value>(body) else {
            return self.edit(body);
        };
        let numbers = exact_numbers(&String::from_utf8_lossy(body));
        let opened = restore_numbers(format!("{document:#}\n"), &numbers);
        self.edit_as(opened.as_bytes(), &|edited| {
            let text = String::from_utf8(edited).map_err(|error| error.to_string())?;
            let typed = text.parse::<TypedJson>();
            let typed = typed.map_err(|error| error.to_string())?;
            Ok(typed.to_text().into_bytes())
        })
    }

    /// Ends a run: unless all was sent and answered as it should be, the files stay, which is said.
    pub fn end(self, outcome: &Result<Outcome, CliError>) {
        let files = self.files.into_inner();
        for file in files.unwrap_or_else(PoisonError::into_inner) {
            let is_sent = matches!(outcome, Ok(Outcome::Yes));
            if !is_sent && let Ok(path) = file.keep() {
                let text = format!("what you typed is kept in `{}`", path.display());
                self.world.console.note(&text);
            }
        }
    }

    fn edit_as(&self, bytes: &[u8], read: &Read<'_>) -> Result<Vec<u8>, CliError> {
        let failed = |error: io::Error| CliError::unreadable(format!("cannot edit: {error}"));
        // `.json`, so that editors colour it; mode 0600, as payloads hold people's data.
        let file = tempfile::Builder::new().suffix(".json").tempfile();
        let file = file.map_err(failed)?.into_temp_path();
        std::fs::write(&file, bytes).map_err(failed)?;
        loop {
            let done = self.open(&file);
            let edited = std::fs::read(&file).map_err(failed)?;
            let is_changed = edited != bytes;
            match done.and_then(|()| read(edited).map_err(|error| not_json(&error))) {
                Ok(made) => {
                    if is_changed {
                        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
                        files.push(file);
                    }
                    return Ok(made);
                }
                Err(error) if !is_changed => return Err(error),
                Err(error) if !self.is_to_go_on(&error)? => {
                    let path = file.keep().map_err(|error| failed(error.error))?;
                    let path = path.display();
                    return Err(error.hint(format!("what you typed is kept in `{path}`")));
                }
                Err(_) => {}
            }
        }
    }

    /// Whether the user, at a terminal, wants to edit on.
    fn is_to_go_on(&self, error: &CliError) -> Result<bool, CliError> {
        if !(io::stdin().is_terminal() && self.world.console.talks_to_terminal()) {
            return Ok(false);
        }
        let hint = "Enter opens the editor again, Ctrl-D ends";
        self.world
            .console
            .message(&report::error(&error.message, Some(hint)));
        let mut line = String::new();
        let read = io::stdin().read_line(&mut line);
        let length =
            read.map_err(|error| CliError::unreadable(format!("cannot read stdin: {error}")))?;
        Ok(length > 0)
    }

    /// Opens a file in the editor that the variables name, else in one that is there.
    fn open(&self, file: &Path) -> Result<(), CliError> {
        let named = ["VISUAL", "EDITOR"].into_iter().find_map(|name| {
            let (text, _) = self.config.environment.get(name)?;
            shlex::split(text).filter(|words| !words.is_empty())
        });
        if let Some(words) = named {
            let program = &words[0];
            let status = self.start(&words, file).map_err(|error| {
                CliError::usage(format!("cannot start the editor `{program}`: {error}"))
                    .hint("set VISUAL or EDITOR")
            })?;
            return ended(program, status);
        }
        // Without a terminal none of them would come to an end.
        for program in EDITORS.iter().filter(|_| io::stdin().is_terminal()) {
            if let Ok(status) = self.start(&[(*program).to_owned()], file) {
                return ended(program, status);
            }
        }
        Err(CliError::usage("`--edit` needs an editor").hint("set VISUAL or EDITOR"))
    }

    fn start(&self, words: &[String], file: &Path) -> io::Result<ExitStatus> {
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).arg(file);
        for name in self.config.secret_variables() {
            command.env_remove(name);
        }
        // Ctrl-C is the editor's: whoever ends both would leave a file that nobody names.
        let interrupted = Arc::new(AtomicBool::new(false));
        let handler = flag::register(SIGINT, interrupted)?;
        let status = command.status();
        low_level::unregister(handler);
        status
    }
}

fn ended(program: &str, status: ExitStatus) -> Result<(), CliError> {
    if status.success() {
        return Ok(());
    }
    let message = format!("the editor `{program}` gave up: {status}");
    Err(CliError::usage(message)
        .hint("nothing was sent; `VISUAL` or `EDITOR` names another editor"))
}

fn not_json(error: &str) -> CliError {
    CliError::usage(format!("what came out of the editor is not JSON: {error}"))
        .hint("nothing was sent")
}
