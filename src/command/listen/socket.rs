//! Where requests come in: the port, and TLS on it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::cli::ListenArgs;
use crate::cli::value::ListenHost;
use crate::exit::CliError;
use crate::http::{bind, tls};

/// Both addresses that `localhost` means.
const LOOPBACK: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::LOCALHOST),
    IpAddr::V6(Ipv6Addr::LOCALHOST),
];

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
        let (listeners, addresses) = open_port(args.host, args.port).await?;
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

/// The sockets at a port, and their addresses.
pub async fn open_port(
    host: ListenHost,
    port: u16,
) -> Result<(Vec<TcpListener>, Vec<SocketAddr>), CliError> {
    let hosts = match host {
        ListenHost::Address(host) => vec![host],
        ListenHost::Localhost => LOOPBACK.to_vec(),
    };
    let bound = bind(&hosts, port).await;
    bound.map_err(|(address, error)| unusable(address, &error))
}

fn unusable(address: SocketAddr, error: &io::Error) -> CliError {
    let trouble = CliError::usage(format!("cannot listen on `{address}`: {error}"));
    match error.kind() {
        io::ErrorKind::AddrInUse => trouble.hint(format!(
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
