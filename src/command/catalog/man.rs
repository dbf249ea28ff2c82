//! `webhook man`.

use std::fs;
use std::io;
use std::path::Path;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use crate::cli::{Cli, ManArgs};
use crate::command::World;
use crate::exit::{CliError, Outcome};

/// The section of user commands.
const SECTION: &str = "1";

/// Prints the page of the program, or writes the pages of all commands.
pub fn man(args: &ManArgs, world: &World) -> Result<Outcome, CliError> {
    if args.output.is_none() && world.console.prints_to_terminal() {
        let message = "a manual page is troff, which a terminal cannot show";
        let hint = "`webhook man | man -l -` reads it, `--output FOLDER` writes all pages";
        return Err(CliError::usage(message).hint(hint));
    }
    let mut command = Cli::command();
    // Gives every subcommand its full name and the flags that hold everywhere.
    command.build();
    let Some(folder) = &args.output else {
        world.console.raw(&page(&command)?)?;
        return Ok(Outcome::Yes);
    };
    let count = write_all(&command, folder).map_err(|error| {
        CliError::unreadable(format!("cannot write into `{}`: {error}", folder.display()))
    })?;
    let folder = folder.display();
    world
        .console
        .note(&format!("{count} pages written to `{folder}`"));
    Ok(Outcome::Yes)
}

/// Writes the page of a command and those of its subcommands; returns how many.
fn write_all(command: &Command, folder: &Path) -> io::Result<usize> {
    fs::create_dir_all(folder)?;
    let name = command.get_display_name().unwrap_or(command.get_name());
    fs::write(folder.join(format!("{name}.{SECTION}")), page(command)?)?;
    let mut count = 1;
    for subcommand in command.get_subcommands() {
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
