//! What a sender has to know of a listener, from what was bound and configured.

use std::fs::{self, DirBuilder};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use serde::Serialize;

use super::socket::Socket;
use crate::cli::ListenArgs;
use crate::cli::value::name_of;
use crate::config::Paths;
use crate::exit::CliError;
use crate::formats::write_whole;
use crate::provider::Provider;
use crate::receive::{InvalidPolicy, Rules, UnsignedPolicy};
use crate::report::{Ready, line};

/// What is said of a listener with these rules.
pub fn of(
    args: &ListenArgs,
    socket: &Socket,
    log: Option<&Path>,
    paths: &Paths,
    rules: &Rules,
    program: String,
) -> Ready {
    let keyring = &rules.keyring;
    let providers = rules.catalogue.iter().map(Provider::name);
    let has_secret = |name: &&str| !keyring.is_local() && !keyring.secrets(name).is_empty();
    let secrets: Vec<_> = providers.filter(has_secret).map(str::to_owned).collect();
    let routes = rules.routes.iter();
    let (patterns, targets) = routes
        .map(|route| (route.filter.to_string(), route.target.to_string()))
        .unzip();
    let address = socket.addresses[0];
    let tls = socket.tls.is_some();
    Ready {
        url: url(address, tls),
        host: address.ip(),
        port: address.port(),
        tls,
        certificate: socket.certificate.clone(),
        certificate_file: keep_certificate(socket, paths),
        log: log.map(|path| path.display().to_string()),
        inspect: None,
        forward_to: targets,
        patterns,
        local_secret: keyring.is_local(),
        on_invalid: name_of(rules.on_invalid),
        on_unsigned: name_of(rules.on_unsigned),
        accepts: accepts(rules),
        answers: (!args.respond.is_empty()).then_some("as `--respond` says, whatever comes"),
        providers: rules.catalogue.iter().count(),
        one_provider: rules.policy.provider.is_some() || secrets.len() == 1,
        secrets,
        program,
    }
}

/// Writes the certificate that was made, if any, for clients to trust. Where that is not possible, there
/// is none: `--insecure` works without.
fn keep_certificate(socket: &Socket, paths: &Paths) -> Option<String> {
    let certificate = socket.certificate.as_ref()?;
    let path = paths.certificate_file(socket.addresses[0].port())?;
    // The log may come to lie there, too.
    let mut folders = DirBuilder::new();
    folders.recursive(true).mode(0o700);
    folders.create(path.parent()?).ok()?;
    fs::write(&path, certificate).ok()?;
    Some(path.display().to_string())
}

/// What is taken that should be refused, where anything is.
const fn accepts(rules: &Rules) -> Option<&'static str> {
    match (rules.on_invalid, rules.on_unsigned) {
        (InvalidPolicy::Forward, _) => Some("what is not valid (`--on-invalid forward`)"),
        (_, UnsignedPolicy::Accept) => Some("what nobody has signed (`--on-unsigned accept`)"),
        _ => None,
    }
}

/// The URL that a sender uses. Nobody can connect to "any address"; a browser or curl on this machine
/// can to localhost.
pub fn url(address: SocketAddr, tls: bool) -> String {
    let (scheme, ip) = (if tls { "https" } else { "http" }, address.ip());
    if ip.is_unspecified() || ip.is_loopback() && address.is_ipv4() {
        return format!("{scheme}://localhost:{}", address.port());
    }
    format!("{scheme}://{address}")
}

/// Writes the `ready` line into a file, which appears whole.
pub fn write(path: &Path, ready: &impl Serialize) -> Result<(), CliError> {
    let text = line("ready", ready)? + "\n";
    let failed = |error| CliError::unwritable(path, error);
    let write = |file: &mut dyn Write| file.write_all(text.as_bytes()).map_err(failed);
    write_whole(path, write, failed)
}
