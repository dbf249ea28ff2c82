//! Sockets at a port of several addresses.

use std::io;
use std::io::ErrorKind::AddrInUse;
use std::net::{IpAddr, SocketAddr};

use tokio::net::TcpListener;

/// How often another free port is looked for that none of the addresses has taken.
const TRIES: usize = 16;

/// Sockets at one port of each address; without those that this machine does not have, but for the
/// first. Port 0 is one that the system picks. The error has the address that cannot be had.
pub async fn bind(
    hosts: &[IpAddr],
    port: u16,
) -> Result<(Vec<TcpListener>, Vec<SocketAddr>), (SocketAddr, io::Error)> {
    let mut tries = TRIES;
    loop {
        tries -= 1;
        match bind_once(hosts, port).await {
            Err((_, error)) if port == 0 && tries > 0 && error.kind() == AddrInUse => {}
            bound => return bound,
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
