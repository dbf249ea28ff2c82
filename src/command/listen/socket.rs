//! Where requests come in: the port, and TLS on it.

use std::io;
use std::io::ErrorKind::AddrInUse;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::cli::ListenArgs;
use crate::cli::value::ListenHost;
use crate::exit::CliError;
use crate::http::tls;

/// A port that is bound.
pub struct Socket {
    /// The sockets; all have one port.
    pub listeners: Vec<TcpListener>,
    /// Their addresses, with the port that the system picked where none was chosen.
    pub addresses: Vec<SocketAddr>,
    /// What serves HTTPS.
    pub tls: Option<TlsAcceptor>,
    /// The certificate in PEM, where one was generated.
    pub certificate: Option<String>,
}

impl Socket {
    /// Binds the address; with TLS as the flags say.
    pub async fn open(args: &ListenArgs) -> Result<Self, CliError> {
        let (listeners, addresses) = match args.host {
            ListenHost::Address(host) => bind(&[host], args.port).await?,
            ListenHost::Localhost => bind(&LOOPBACK, args.port).await?,
        };
        let mut socket = Self {
            listeners,
            addresses,
            tls: None,
            certificate: None,
        };
        if let (Some(cert), Some(key)) = (&args.cert, &args.key) {
            socket.tls = Some(tls::from_pem_files(cert, key)?);
        } else if args.tls {
            let (acceptor, certificate) = tls::self_signed(&socket.addresses[0].ip().to_string())?;
            socket.tls = Some(acceptor);
            socket.certificate = Some(certificate);
        }
        Ok(socket)
    }
}

/// Both addresses that `localhost` means.
const LOOPBACK: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::LOCALHOST),
    IpAddr::V6(Ipv6Addr::LOCALHOST),
];

/// How often another free port is looked for that none of the addresses has taken.
const TRIES: usize = 16;

/// Sockets at one port of each address; without those that this machine does not have, but for the
/// first.
async fn bind(
    hosts: &[IpAddr],
    port: u16,
) -> Result<(Vec<TcpListener>, Vec<SocketAddr>), CliError> {
    let mut tries = TRIES;
    loop {
        tries -= 1;
        match bind_once(hosts, port).await {
            Err((_, error)) if port == 0 && tries > 0 && error.kind() == AddrInUse => {}
            bound => return bound.map_err(|(address, error)| unusable(address, &error)),
        }
    }
}

async fn bind_once(
    hosts: &[IpAddr],
    mut port: u16,
) -> Result<(Vec<TcpListener>, Vec<SocketAddr>), (SocketAddr, io::Error)> {
    let (mut listeners, mut addresses) = (Vec::new(), Vec::new());
    for host in hosts {
        let address = SocketAddr::new(*host, port);
        let bound = async {
            let listener = TcpListener::bind(address).await?;
            let address = listener.local_addr()?;
            io::Result::Ok((listener, address))
        };
        match bound.await {
            Ok((listener, address)) => {
                port = address.port();
                listeners.push(listener);
                addresses.push(address);
            }
            // A machine without IPv6 has one of them.
            Err(error) if !listeners.is_empty() && error.kind() != AddrInUse => {}
            Err(error) => return Err((address, error)),
        }
    }
    Ok((listeners, addresses))
}

fn unusable(address: SocketAddr, error: &io::Error) -> CliError {
    let trouble = CliError::usage(format!("cannot listen on `{address}`: {error}"));
    match error.kind() {
        AddrInUse => trouble.hint(format!(
            "another program listens on port {}; `--port 0` picks a free one",
            address.port()
        )),
        io::ErrorKind::PermissionDenied => {
            trouble.hint("ports below 1024 are the system's; `--port 0` picks a free one")
        }
        io::ErrorKind::AddrNotAvailable => {
            trouble.hint("`--host` takes an address of this machine")
        }
        _ => trouble.hint("`--host` and `--port` name another place"),
    }
}
