//! The parts that most commands build: secrets, the client, the log.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, IsTerminal as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rand::TryRng as _;

use super::{World, shape};
use crate::cli::{ConnectArgs, GlobalArgs, SecretArgs};
use crate::config::{Ask, Config, ConfigError, Setup};
use crate::delivery::text;
use crate::exit::CliError;
use crate::http::{Client, ClientOptions};
use crate::provider::{Catalogue, CatalogueError, DefinitionOrigin, Keyring, Provider};
use crate::report;
use crate::signature::{Key, PairKind};
use crate::store::Log;

/// Configuration and providers, read. Says which providers are skipped, and which take the place of a
/// built-in: a folder may have come with somebody else's repository.
pub fn load(
    global: &GlobalArgs,
    env_file: Option<&Path>,
    world: &World,
) -> Result<Setup, CliError> {
    load_for(global, env_file, world, |_| None)
}

/// The same for a command that cannot do without the provider that `meant` names: its error tells what
/// is wrong with that one.
pub fn load_for(
    global: &GlobalArgs,
    env_file: Option<&Path>,
    world: &World,
    meant: impl FnOnce(&Config) -> Option<String>,
) -> Result<Setup, CliError> {
    let setup = Setup::load(global, env_file, &world.folder)?;
    let meant = meant(&setup.config);
    let skipped = setup.catalogue.broken().iter();
    for (name, error) in skipped.filter(|(name, _)| meant.as_ref() != Some(*name)) {
        let error = CliError::from(&**error);
        let message = format!("provider `{name}` is skipped: {}", error.message);
        world.console.warn(&message, error.hint.as_deref());
    }
    for error in setup.catalogue.undefined().values() {
        if is_meant(error, &setup) {
            let error = CliError::from(&**error);
            world.console.warn(&error.message, error.hint.as_deref());
        }
    }
    for provider in setup.catalogue.iter() {
        if let DefinitionOrigin::Folder(folder) = &provider.origin
            && Catalogue::is_builtin(provider.name())
        {
            let (name, folder) = (provider.name(), folder.display());
            let message = format!("`{name}` is the one of `{folder}`, not the built-in");
            world.console.note(&message);
        }
    }
    Ok(setup)
}

/// Whether a folder without a definition was meant to have one: it has one of nearly the name, or lies
/// among the user's own. In a project, `providers` is a folder of other frameworks as well.
fn is_meant(error: &CatalogueError, setup: &Setup) -> bool {
    let own = setup.config.paths.config_folder();
    match error {
        CatalogueError::NoDefinition { folder, similar } => {
            similar.is_some() || own.is_some_and(|own| folder.starts_with(own))
        }
        _ => false,
    }
}

/// The secrets that were configured; the ring is empty where there are none. Says where a
/// provider's name was taken for a secret: its value was forgotten. Any other text is a secret and
/// not repeated.
pub fn keyring(setup: &Setup, args: &SecretArgs, world: &World) -> Result<Keyring, CliError> {
    keyring_of(None, setup, args, world)
}

/// The same, where only the secrets of the `played` providers are needed.
fn keyring_of(
    played: Option<&[&str]>,
    setup: &Setup,
    args: &SecretArgs,
    world: &World,
) -> Result<Keyring, CliError> {
    let is_name = |text: &&String| setup.catalogue.get(text).is_some();
    for name in args.secret.iter().filter(is_name) {
        world.console.note(&format!(
            "took `{name}` itself as the secret; for the provider: `--secret {name}=VALUE`"
        ));
    }
    for note in setup.config.environment.notes() {
        world.console.note(note);
    }
    let given = setup.secrets(args, played, &mut Terminal)?;
    let files: BTreeSet<_> = given
        .iter()
        .filter_map(|secret| secret.file.as_deref())
        .collect();
    for file in files {
        warn_of_readers(file, world);
    }
    for secret in &given {
        let text = String::from_utf8_lossy(&secret.bytes);
        // Keys in PEM and JSON have lines.
        let has_lines = text.contains("-----BEGIN") || text.trim_start().starts_with('{');
        if let Some(c) = text::unseen(&text).filter(|_| !has_lines) {
            let (origin, code) = (&secret.origin, u32::from(c));
            let what = match c {
                ' ' => "a space at an end".to_owned(),
                _ => format!("a character that nobody sees: U+{code:04X}"),
            };
            world.console.warn(
                &format!("the secret from {origin} has {what}"),
                Some("it is used as it stands; take it out where the secret is kept"),
            );
        }
    }
    Ok(setup.keyring(&given)?)
}

/// The secrets that were configured, else the local development secret, which is said on stderr; only
/// those of the `played` providers are needed, `None` for all.
pub fn keyring_or_local(
    played: Option<&[&str]>,
    setup: &Setup,
    args: &SecretArgs,
    world: &World,
) -> Result<Keyring, CliError> {
    let keyring = keyring_of(played, setup, args, world)?;
    if !keyring.is_empty() {
        return Ok(keyring);
    }
    let (local, files) = setup.local_keyring(random_bytes)?;
    for file in &files {
        warn_of_readers(&file.path, world);
    }
    let mut elsewhere = files
        .into_iter()
        .filter_map(|file| Some((CliError::from(file.elsewhere?), file.path)));
    if let Some((error, path)) = elsewhere.next() {
        let warning = format!("{}; it is in `{}`", error.message, path.display());
        world.console.warn(&warning, error.hint.as_deref());
    }
    let note = "using the local development secret (shared by listen and send)";
    world.note_later(note.into());
    Ok(local)
}

/// Warns of a file that only its owner should read and others can; a pipe is nobody's file.
pub fn warn_of_readers(path: &Path, world: &World) {
    let Some(file) = fs::metadata(path).ok().filter(fs::Metadata::is_file) else {
        return;
    };
    let mode = file.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let path = path.display();
        world.console.warn(
            &format!("`{path}` is open to other users of this machine: its mode is {mode:o}"),
            Some(&format!("`chmod 600 '{path}'` keeps them out")),
        );
    }
}

/// Fails where secrets were given that a provider could use, and none is a key of its scheme.
pub fn check_fit(keyring: &Keyring, provider: &Provider) -> Result<(), CliError> {
    keyring.misfit(provider.name()).map_or(Ok(()), |misfit| {
        let (origin, error) = misfit.clone();
        let provider = provider.name().to_owned();
        Err(CliError::from(ConfigError::Key {
            provider,
            origin,
            error,
        }))
    })
}

/// The key that a provider signs with: of several secrets the first that can. Fails where there is none.
pub fn first_key<'k>(keyring: &'k Keyring, provider: &Provider) -> Result<&'k Key, CliError> {
    check_fit(keyring, provider)?;
    let (keys, name) = (keyring.keys(provider.name()), provider.name());
    let signing = keys.iter().find(|key| key.can_sign());
    signing.ok_or_else(|| match provider.definition.signature.pair_kind() {
        _ if !keys.is_empty() => CliError::usage(format!(
            "the key of `{name}` is a public one, which only verifies"
        ))
        .hint(format!(
            "give a private key in PEM, PKCS #8: `--secret-file {name}=key.pem`"
        )),
        Some(kind) => {
            let algorithm = match kind {
                PairKind::Ed25519 => "ed25519",
                PairKind::Ecdsa | PairKind::EcdsaRaw => "EC -pkeyopt ec_paramgen_curve:P-256",
                PairKind::Rsa | PairKind::RsaPss => "RSA",
            };
            CliError::usage(format!("no private key for `{name}`")).hint(format!(
                "make a pair, `openssl genpkey -algorithm {algorithm} -out key.pem`, give it, \
                 `--secret-file {name}=key.pem`, and its public half to the handler"
            ))
        }
        None => CliError::usage(format!("no secret for `{name}`"))
            .hint(format!("give it: `--secret {name}=…`")),
    })
}

/// The log as a place to read from.
pub fn existing_log(setup: &Setup) -> Result<Log, CliError> {
    Ok(Log::open_existing(setup.config.log()?.value)?)
}

/// Random bytes of the system.
fn random_bytes(bytes: &mut [u8]) {
    // The system's source fails only where the system itself is broken; the secret is then random
    // by address layout and time no more, so better no secret.
    rand::rngs::SysRng
        .try_fill_bytes(bytes)
        .expect("the system gives random bytes");
}

/// The client that flags describe.
pub fn client(args: &ConnectArgs) -> Result<Client, CliError> {
    Ok(Client::new(&client_options(args))?)
}

/// What flags say of a client.
pub fn client_options(args: &ConnectArgs) -> ClientOptions {
    ClientOptions {
        ca_file: args.cacert.clone(),
        insecure: args.insecure,
        ..ClientOptions::default()
    }
}

/// What to give where nothing is configured; for what `send` signs without a secret, that is the
/// file of the local development secret, once there is one.
pub fn no_secret(setup: &Setup) -> CliError {
    let mut hint = String::from(
        "give `--secret VALUE`, `--secret-file PATH` or `--env-file PATH`, or set WEBHOOK_SECRET",
    );
    let local = setup.config.paths.local_secret_file();
    if let Some(path) = local.filter(|path| path.is_file()) {
        let other = "for deliveries of `send` without a secret: `--secret-file";
        hint = format!("{hint}; {other} {}`", path.display());
    }
    CliError::usage("no secret to check with").hint(hint)
}

/// The MiB that are read of stdin for a secret.
const LARGEST_SECRET: u64 = 16;

/// The terminal and stdin of the process.
pub struct Terminal;

impl Ask for Terminal {
    fn password(&mut self, prompt: &str) -> Option<io::Result<String>> {
        let terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
        terminal.then(|| rpassword::prompt_password(prompt))
    }

    fn stdin(&mut self) -> io::Result<Vec<u8>> {
        shape::stdin(LARGEST_SECRET)
    }
}

/// The error's two lines, as a person reads them.
pub fn describe(trouble: &CliError) -> String {
    report::error(&trouble.message, trouble.hint.as_deref())
}
