//! Which addresses are this machine's or a private network's.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

use super::Target;

/// The addresses that the target's host has now.
pub async fn addresses(target: &Target) -> io::Result<Vec<IpAddr>> {
    let found = tokio::net::lookup_host(target.authority()).await?;
    Ok(found.map(|address| address.ip()).collect())
}

/// Whether this machine has the address: only then can a socket bind to it.
pub fn is_of_this_machine(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

/// Whether an address is this machine's or a private network's (RFC 1918 and RFC 4193). Link-local
/// ones are not: clouds have services there that answer to anyone on the machine.
pub fn is_loopback_or_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_own_or_private_v4(address),
        IpAddr::V6(address) => {
            address.to_ipv4_mapped().is_some_and(is_own_or_private_v4)
                || is_own_or_private_v6(address)
        }
    }
}

/// `0.0.0.0` as well: connecting to it reaches this machine.
const fn is_own_or_private_v4(address: Ipv4Addr) -> bool {
    address.is_loopback() || address.is_private() || address.is_unspecified()
}

const fn is_own_or_private_v6(address: Ipv6Addr) -> bool {
    address.is_loopback() || address.is_unspecified() || address.is_unique_local()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_and_private_networks_are_meant() {
        for address in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "::1",
            "::",
            "fd00::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(
                is_loopback_or_private(address.parse().unwrap()),
                "{address}"
            );
        }
        for address in [
            "8.8.8.8",
            "169.254.169.254",
            "fe80::1",
            "172.15.0.1",
            "172.32.0.1",
            "192.169.0.1",
            "100.64.0.1",
            "2001:db8::1",
            "ff02::1",
            "::ffff:8.8.8.8",
        ] {
            assert!(
                !is_loopback_or_private(address.parse().unwrap()),
                "{address}"
            );
        }
    }
}
