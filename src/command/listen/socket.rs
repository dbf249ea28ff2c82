//! Where requests come in: the port, and TLS on it.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::cli::ListenArgs;
use crate::config::ListenSettings;
use crate::exit::CliError;
use crate::http::tls;

/// A port that is bound.
pub struct Socket {
    /// The socket.
    pub listener: TcpListener,
    /// Its address, with the port that the system picked where none was chosen.
    pub address: SocketAddr,
    /// What serves HTTPS.
    pub tls: Option<TlsAcceptor>,
    /// The certificate in PEM, where one was generated.
    pub certificate: Option<String>,
}

impl Socket {
    /// Binds the address of the settings; with TLS as the flags say.
    pub async fn open(settings: &ListenSettings, args: &ListenArgs) -> Result<Self, CliError> {
        let address = SocketAddr::new(settings.host.value, settings.port.value);
        let unusable = |error| unusable(address, &error);
        let listener = TcpListener::bind(address).await.map_err(unusable)?;
        let address = listener.local_addr().map_err(unusable)?;
        let mut socket = Self {
            listener,
            address,
            tls: None,
            certificate: None,
        };
        if let (Some(cert), Some(key)) = (&args.cert, &args.key) {
            socket.tls = Some(tls::from_pem_files(cert, key)?);
        } else if args.tls {
            let (acceptor, certificate) = tls::self_signed(&address.ip().to_string())?;
            socket.tls = Some(acceptor);
            socket.certificate = Some(certificate);
        }
        Ok(socket)
    }
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
        _ => trouble,
    }
}
