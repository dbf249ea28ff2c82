//! `webhook verify`.
//!
//! An input that cannot be read outweighs a capture that is not valid: the others are still judged
//! and shown, and the run ends with 4, as nobody can say what that input would have been.

mod output;

use std::io::{self, BufReader, IsTerminal as _};
use std::thread;

use super::World;
use super::policy;
use super::setup::{self, check_fit, keyring, no_secret};
use crate::cli::{GlobalArgs, VerifyArgs};
use crate::config::Setup;
use crate::delivery::{Headers, Verification};
use crate::exit::{CliError, Outcome};
use crate::formats::{self, CaptureReader, FilePosition, FormatError, FoundCapture, map_in_order};
use crate::provider::Policy;
use crate::verify::{CaptureInput, InputReader, Verifier, WORK};
use output::{Told, VerifyOutput};

/// Bytes that are read at once.
const BUFFER: usize = 64 * 1024;
/// The largest file that is not worth the threads which read one on all cores, in bytes; so much of
/// several is checked ahead on each core.
const SMALL: u64 = 512 * 1024;

/// Runs the command.
pub fn run(args: &VerifyArgs, global: &GlobalArgs, world: &World) -> Result<Outcome, CliError> {
    let inputs = inputs(args, io::stdin().is_terminal())?;
    let setup = setup::load_for(global, args.secrets.env_file.as_deref(), world, |_| {
        args.provider.clone()
    })?;
    let verifier = verifier(args, &setup, world)?;
    let of_bodies = headers_of_bodies(args, &verifier)?;
    let mut output = VerifyOutput::new(args, world)?;
    let check = InputChecker {
        verifier: &verifier,
        of_bodies: of_bodies.as_ref(),
        world,
    };
    let checked = check.all(&inputs, &mut output);
    let outcome = output.outcome();
    checked
        .and_then(|()| output.finish())
        .or_else(|error: CliError| error.or_known(outcome))
}

/// How inputs are checked.
#[derive(Clone, Copy)]
struct InputChecker<'a> {
    verifier: &'a Verifier<'a>,
    /// The headers of bare bodies.
    of_bodies: Option<&'a Headers>,
    world: &'a World,
}

impl InputChecker<'_> {
    /// Checks the inputs and tells of them in their order. Where there are several, those that are
    /// small are checked each on a core of its own, ahead of the one that is told.
    fn all(self, inputs: &[CaptureInput], output: &mut VerifyOutput) -> Result<(), CliError> {
        let is_small = |input: &CaptureInput| {
            let length = input.length(&self.world.folder);
            inputs.len() > 1 && length.is_some_and(|length| length <= SMALL)
        };
        let sizes: Vec<_> = inputs.iter().map(is_small).collect();
        thread::scope(|scope| {
            let small = inputs
                .iter()
                .zip(sizes.clone())
                .filter(|(_, is_small)| *is_small);
            let mut checked = sizes.contains(&true).then(|| {
                map_in_order(scope, small.map(|(input, _)| input), move |input| {
                    self.ahead(input)
                })
            });
            for (input, is_small) in inputs.iter().zip(&sizes) {
                let name = input.name();
                if *is_small && let Some(checked) = &mut checked {
                    let told = checked.next().into_iter().flatten();
                    told.into_iter()
                        .try_for_each(|told| output.tell(&name, told))?;
                    continue;
                }
                let reader = input.open(&self.world.folder, || output.on_wait(&name));
                self.input(input, reader, |told| output.tell(&name, told))?;
            }
            Ok(())
        })
    }

    /// What is found in a file, all at once.
    fn ahead(self, input: &CaptureInput) -> Vec<Told> {
        let mut all = Vec::new();
        // A file that something else has taken the place of since has nobody who waits for it.
        let reader = input.open(&self.world.folder, || Box::new(|_| ()));
        let told = self.input(input, reader, |told| {
            all.push(told);
            Ok(())
        });
        all.extend(told.err().map(Told::Failed));
        all
    }

    /// Tells what is found in an input. Fails only where it cannot be told.
    fn input(
        self,
        input: &CaptureInput,
        reader: io::Result<InputReader>,
        mut tell: impl FnMut(Told) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        let failed = |error: io::Error| Told::Failed(CliError::unread(input.name(), &error));
        match (reader, self.of_bodies) {
            (Err(error), _) => tell(failed(error)),
            (Ok(reader), Some(headers)) => tell(match self.verifier.body(headers, reader) {
                Ok(found) => Told::Checked(None, found.into()),
                Err(error) => failed(error),
            }),
            (Ok(InputReader::File(file)), None) => thread::scope(|scope| {
                let is_large = file.metadata().is_ok_and(|file| file.len() > SMALL);
                let reader = BufReader::with_capacity(BUFFER, file);
                if !is_large {
                    let found = formats::captures(reader, input.hint());
                    return captures(input, found, |found| self.capture(&found), tell);
                }
                let check = move |found| self.capture(&found);
                let checked = formats::captures_on_all_cores(scope, reader, input.hint(), check);
                captures(input, checked, |checked| checked, tell)
            }),
            (Ok(live), None) => {
                let reader = BufReader::with_capacity(BUFFER, live);
                let found = formats::captures(reader, input.hint());
                captures(input, found, |found| self.capture(&found), tell)
            }
        }
    }

    /// Checks a capture; none for one of who only asked: a browser's file has all that it loaded, a
    /// listener's lines have such, too.
    fn capture(self, found: &FoundCapture) -> Option<(FilePosition, Verification)> {
        let is_probe = self.verifier.catalogue.is_probe(&found.capture.request);
        (!is_probe).then(|| (found.place, self.verifier.capture(found)))
    }
}

/// The inputs in their order. Refused are a terminal that nobody asked to read from, as the program
/// would seem to hang, and stdin for two things at once, as the second would find it empty.
fn inputs(args: &VerifyArgs, stdin_is_terminal: bool) -> Result<Vec<CaptureInput>, CliError> {
    if args.files.is_empty() && stdin_is_terminal {
        return Err(
            CliError::usage("no captures given, and stdin is a terminal")
                .hint("name a file, pipe captures in, or give `-` to type them"),
        );
    }
    let mut inputs: Vec<_> = args
        .files
        .iter()
        .map(|path| CaptureInput::of(path))
        .collect();
    if inputs.is_empty() {
        inputs.push(CaptureInput::Stdin);
    }
    let captures = inputs.iter().filter(|i| **i == CaptureInput::Stdin).count();
    if captures + args.secrets.from_stdin() > 1 {
        return Err(CliError::usage("stdin is asked for twice")
            .hint("name a file for the captures or for the secret"));
    }
    Ok(inputs)
}

/// Gathers secrets and settings. Without a secret there is nothing to check with, and the local
/// development secret is never assumed.
fn verifier<'a>(
    args: &VerifyArgs,
    setup: &'a Setup,
    world: &World,
) -> Result<Verifier<'a>, CliError> {
    let fixed = args.provider.as_deref();
    let provider = fixed.map(|name| setup.provider(name)).transpose()?;
    let keyring = keyring(setup, &args.secrets, world)?;
    if keyring.is_empty() {
        return Err(no_secret(setup));
    }
    if let Some(provider) = provider {
        check_fit(&keyring, provider)?;
    }
    Ok(Verifier {
        catalogue: &setup.catalogue,
        keyring,
        policy: Policy {
            provider: provider.map(|provider| provider.name().to_owned()),
            origin: args.public_url.as_ref().map(policy::origin),
            signature: policy::signature_at(args.verdict.signature_at.as_deref(), setup)?,
            freshness: policy::freshness(&args.verdict),
            ..Policy::default()
        },
        target: args.public_url.as_ref().map(policy::target),
        at: args.at.map(|at| at.seen_from(world.now())),
        clock: world.clock,
        work: WORK.into(),
    })
}

/// The headers of bare bodies: those of `-H`, and the value of `--signature` under the header of the
/// provider; `None` where neither was given, and the inputs are captures.
fn headers_of_bodies(
    args: &VerifyArgs,
    verifier: &Verifier<'_>,
) -> Result<Option<Headers>, CliError> {
    let mut headers: Headers = args.header.iter().cloned().collect();
    let provider = verifier.policy.provider.as_deref();
    let provider = provider.and_then(|name| verifier.catalogue.get(name));
    if let (Some(provider), Some(value)) = (provider, &args.signature) {
        let proof = &provider.definition.signature.proof;
        let header = proof.header().ok_or_else(|| {
            CliError::usage(format!("the signature is {proof}, in no header"))
                .hint("give the body as it came, with a header of it: `-H 'Content-Type: …'`")
        })?;
        headers.push(header.to_owned(), value.clone());
    }
    Ok((!headers.is_empty()).then_some(headers))
}

/// Tells of the captures of an input, which `check` gives unless they are none. Fails only where it
/// cannot be told; what is wrong with the input is told as well.
fn captures<T>(
    input: &CaptureInput,
    found: Result<CaptureReader<'_, T>, FormatError>,
    check: impl Fn(T) -> Option<(FilePosition, Verification)>,
    mut tell: impl FnMut(Told) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let name = input.name();
    let mut captures = match found {
        Ok(captures) => captures,
        Err(error) => return tell(Told::Failed(unreadable(&name, &error, true))),
    };
    let (mut found, mut probes) = (0_u64, 0);
    for reading in captures.by_ref() {
        match reading.map(&check) {
            Ok(None) => {
                probes += 1;
                continue;
            }
            Ok(Some((place, checked))) => tell(Told::Checked(Some(place), checked.into()))?,
            Err(error) => tell(Told::Failed(unreadable(&name, &error, found == 0)))?,
        }
        found += 1;
    }
    if found == 0 {
        return tell(Told::Failed(nothing_in(input, captures.skipped() + probes)));
    }
    if found == 1 {
        tell(Told::Alone)?;
    }
    captures.remarks().map(Told::Note).try_for_each(&mut tell)?;
    tell(Told::Probes(probes))
}

/// That an input has no capture, but so many lines or requests of other kinds.
fn nothing_in(input: &CaptureInput, skipped: u64) -> CliError {
    let name = input.name();
    let nothing = CliError::unreadable(match (input, skipped) {
        (_, 0) => format!("`{name}`: no captures in it"),
        (CaptureInput::Stdin, _) => format!("`{name}`: no deliveries came"),
        (CaptureInput::File(_), skipped) => {
            format!("`{name}`: no deliveries in it, {skipped} lines of other kinds")
        }
    });
    match input {
        CaptureInput::Stdin => nothing,
        CaptureInput::File(_) => nothing.hint("`webhook log export` writes what was received"),
    }
}

/// What is wrong with an input. At its first line it may be that it is a bare body.
fn unreadable(name: &str, error: &FormatError, is_first: bool) -> CliError {
    if let FormatError::Io(error) = error {
        return CliError::unread(name, error);
    }
    let hint = if is_first && error.may_be_body() {
        "if this is a body, give its headers with `-H 'Name: value'`".into()
    } else {
        error.hint()
    };
    let unreadable = CliError::unreadable(format!("`{name}`: {error}"));
    // Where a pipe brought nothing, what is before it has said why.
    match error {
        FormatError::Empty if name == CaptureInput::Stdin.name() => unreadable,
        _ => unreadable.hint(hint),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    fn inputs_of(words: &[&str], stdin_is_terminal: bool) -> Result<Vec<CaptureInput>, CliError> {
        let words = ["webhook", "verify"].iter().chain(words);
        match Cli::try_parse_from(words).unwrap().command {
            Command::Verify(args) => inputs(&args, stdin_is_terminal),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn nothing_is_stdin_unless_that_is_a_terminal() {
        assert_eq!(inputs_of(&[], false), Ok(vec![CaptureInput::Stdin]));
        assert_eq!(inputs_of(&["-"], true), Ok(vec![CaptureInput::Stdin]));
        assert_eq!(inputs_of(&[], true).unwrap_err().code(), 2);
        let file = Ok(vec![CaptureInput::File("a.json".into())]);
        assert_eq!(inputs_of(&["a.json"], true), file);
    }

    #[test]
    fn stdin_is_read_for_one_thing_only() {
        for words in [
            &["-", "-"][..],
            &["--secret-file", "-"],
            &["-", "--secret-file", "olympus=-"],
        ] {
            assert_eq!(inputs_of(words, false).unwrap_err().code(), 2, "{words:?}");
        }
        assert!(inputs_of(&["a.json", "--secret-file", "-"], false).is_ok());
    }
}
