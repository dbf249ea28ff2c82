//! The program with the flags of all commands, which a run makes of its own command alone.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command, CommandFactory as _};

use super::Cli;

/// The program with the flags of every command in their places, and each command's full name.
pub fn program() -> Command {
    let mut program = Cli::command();
    program.build();
    program
}

/// The order of flags in a command's help.
pub trait HelpOrder {
    /// Puts the flags that every command takes behind the command's own, which are made after them.
    fn globals_last(self) -> Self;
}

impl HelpOrder for Command {
    fn globals_last(self) -> Self {
        let mut args = Vec::new();
        let emptied = self.mut_args(|arg| {
            args.push(arg);
            Arg::new("")
        });
        args.sort_by_key(Arg::is_global_set);
        let mut args = args.into_iter();
        emptied.mut_args(|empty| args.next().unwrap_or(empty))
    }
}

/// The flags of a command that are not those of every command.
pub fn own_flags(command: &Command) -> impl Iterator<Item = &Arg> {
    let is_of_clap = |arg: &Arg| {
        matches!(
            arg.get_action(),
            ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
        )
    };
    let args = command.get_arguments();
    args.filter(move |arg| !arg.is_global_set() && !is_of_clap(arg))
}

/// The words that were typed, a key in PEM joined to the `--secret` before it: it begins with `-`, as
/// flags do, and an error would repeat it.
pub fn join_keys(words: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut joined: Vec<OsString> = Vec::new();
    let mut is_ours = true;
    for word in words {
        // Behind `--` the words are those of another program.
        is_ours &= word != "--";
        let is_key = word.as_encoded_bytes().starts_with(b"-----BEGIN");
        match joined.last_mut() {
            Some(flag) if is_ours && is_key && flag == "--secret" => {
                flag.push("=");
                flag.push(word);
            }
            _ => joined.push(word),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_goes_to_its_flag_and_what_is_another_program_s_stays() {
        let key = "-----BEGIN PUBLIC KEY-----\nAAAA";
        let typed = [
            "webhook", "--secret", key, "--secret", "--", "app", "--secret", key,
        ];
        let joined = join_keys(typed.map(OsString::from));
        let flag = format!("--secret={key}");
        let expected = ["webhook", &flag, "--secret", "--", "app", "--secret", key];
        assert_eq!(joined, expected);
    }

    #[test]
    fn the_list_of_commands_has_the_first_line_of_each_page() {
        let (listed, program) = (Cli::command(), program());
        for command in listed.get_subcommands() {
            let page = program.find_subcommand(command.get_name()).unwrap();
            let line = |command: &Command| command.get_about().map(ToString::to_string);
            assert_eq!(line(command), line(page), "{}", command.get_name());
        }
    }

    #[test]
    fn the_flags_of_every_command_stand_behind_its_own_groups() {
        for command in program().get_subcommands() {
            let grouped = command
                .get_arguments()
                .filter(|arg| arg.get_help_heading().is_some());
            let is_global: Vec<_> = grouped.map(Arg::is_global_set).collect();
            assert!(is_global.is_sorted(), "{}", command.get_name());
        }
    }
}
