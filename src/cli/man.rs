//! The manual: a page for each command, made of the help.

use std::fs;
use std::io;
use std::path::Path;

use clap::Command;
use clap_mangen::Man;

use super::program;

/// The section of user commands.
const SECTION: &str = "1";

/// The page of the command that these words name, in roff; `None` where there is no such command.
pub fn page_of(words: &[String]) -> Option<io::Result<Vec<u8>>> {
    let program = program();
    let below = |of: &'_ Command, word: &String| of.find_subcommand(word).cloned();
    let command = words
        .iter()
        .try_fold(program, |of, word| below(&of, word))?;
    Some(page(&command))
}

/// Writes the pages of all commands into a folder, which is made where it is not there; returns how
/// many.
pub fn write_pages(folder: &Path) -> io::Result<usize> {
    write_all(&program(), folder)
}

/// Writes the page of a command and those of its subcommands; returns how many.
fn write_all(command: &Command, folder: &Path) -> io::Result<usize> {
    fs::create_dir_all(folder)?;
    let name = command.get_display_name().unwrap_or(command.get_name());
    fs::write(folder.join(format!("{name}.{SECTION}")), page(command)?)?;
    let mut count = 1;
    let documented = |below: &&Command| below.get_name() != "help";
    for subcommand in command.get_subcommands().filter(documented) {
        count += write_all(subcommand, folder)?;
    }
    Ok(count)
}

/// The page of a command in roff.
fn page(command: &Command) -> io::Result<Vec<u8>> {
    // `clap_mangen` would run the lines of the examples together, so they are written here.
    let examples = command.get_after_help().map(ToString::to_string);
    let command = command.clone().after_help(None::<&str>);
    let mut page = Vec::new();
    Man::new(command)
        .section(SECTION)
        .source(concat!("webhook ", env!("CARGO_PKG_VERSION")))
        .manual("Webhook commands")
        .render(&mut page)?;
    if let Some(examples) = examples {
        page.extend(verbatim(&examples).into_bytes());
    }
    Ok(page)
}

/// A section whose lines stand as they are; `Examples:` at its head becomes the heading.
fn verbatim(text: &str) -> String {
    let body = text.strip_prefix("Examples:\n").unwrap_or(text);
    let lines: Vec<_> = body.lines().map(roff_line).collect();
    format!(".SH EXAMPLES\n.nf\n{}\n.fi\n", lines.join("\n"))
}

/// A line of text that roff does not take for a request: `\&` is a character without width.
fn roff_line(line: &str) -> String {
    let escaped = line.replace('\\', "\\e").replace('-', "\\-");
    // `'` is a typographic quote and breaks what is copied from the page.
    format!("\\&{}", escaped.replace('\'', "\\(aq"))
}
