//! TLS for the server, and the one cryptography provider for both ends.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

/// The names that a generated certificate always has.
const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file that can't be read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// A file that holds no PEM of the kind wanted.
    #[error("`{path}`: {reason}")]
    File {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A certificate and key that do not go together.
    #[error("the key is not the certificate's")]
    OtherKey,
    /// A certificate or key that rustls does not take.
    #[error("cannot use the certificate and key: {0}")]
    Refused(rustls::Error),
    /// No certificate can be made for the host.
    #[error("cannot make a certificate for `{host}`: {reason}")]
    Made {
        /// The host asked for.
        host: String,
        /// What is wrong with it.
        reason: rcgen::Error,
    },
}

impl From<rustls::Error> for TlsError {
    fn from(error: rustls::Error) -> Self {
        match error {
            rustls::Error::InconsistentKeys(_) => Self::OtherKey,
            error => Self::Refused(error),
        }
    }
}

/// Makes ring the process's cryptography provider; a second call does nothing.
pub fn install_crypto_provider() {
    // Fails only where one is installed already, which is as good.
    let _ = ring::default_provider().install_default();
}

/// TLS with the certificate chain and private key in two PEM files.
pub fn from_pem_files(certificates: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let chain = read_pem(certificates)
        .map_err(pem::Error::Io)
        .and_then(|pem| CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>())
        .and_then(|chain| match chain.as_slice() {
            [] => Err(pem::Error::NoItemsFound),
            _ => Ok(chain),
        })
        .map_err(|error| unreadable(certificates, error, "certificate"))?;
    let private = read_pem(key)
        .map_err(pem::Error::Io)
        .and_then(|pem| PrivateKeyDer::from_pem_slice(&pem))
        .map_err(|error| unreadable(key, error, "private key"))?;
    acceptor(chain, private)
}

/// The bytes of a file of certificates or keys. What is larger than 16 MiB is none, and may be a device
/// without an end; a machine's own list of authorities has some 200 KiB.
pub(super) fn read_pem(path: &Path) -> io::Result<Vec<u8>> {
    const LARGEST: u64 = 16 * 1024 * 1024;
    let mut bytes = Vec::new();
    let read = (File::open(path)?.take(LARGEST + 1)).read_to_end(&mut bytes)?;
    if u64::try_from(read).is_ok_and(|read| read <= LARGEST) {
        Ok(bytes)
    } else {
        Err(io::Error::other("it is larger than 16 MiB"))
    }
}

fn unreadable(path: &Path, error: pem::Error, wanted: &str) -> TlsError {
    let path = path.display().to_string();
    match error {
        pem::Error::Io(source) => TlsError::Read { path, source },
        pem::Error::NoItemsFound => {
            let reason = format!("no {wanted} in it");
            TlsError::File { path, reason }
        }
        error => {
            let reason = error.to_string();
            TlsError::File { path, reason }
        }
    }
}

/// TLS with a new certificate for this machine's own names and `host`, and the certificate in PEM
/// for clients that are to trust it.
pub fn self_signed(host: &str) -> Result<(TlsAcceptor, String), TlsError> {
    let (certificate, key) = certificate_for(host).map_err(|reason| TlsError::Made {
        host: host.to_owned(),
        reason,
    })?;
    let private = PrivatePkcs8KeyDer::from(key.serialize_der());
    let pem = certificate.pem();
    Ok((
        acceptor(vec![certificate.der().clone()], private.into())?,
        pem,
    ))
}

fn certificate_for(host: &str) -> Result<(rcgen::Certificate, KeyPair), rcgen::Error> {
    let mut names: Vec<String> = LOCAL_NAMES.map(String::from).into();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if !host.is_empty() && !names.iter().any(|name| name == host) {
        names.push(host.to_owned());
    }
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "webhook, generated, self-signed");
    let key = KeyPair::generate()?;
    Ok((params.self_signed(&key)?, key))
}

fn acceptor(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<TlsAcceptor, TlsError> {
    let provider: Arc<CryptoProvider> = Arc::new(ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_can_be_read_back_from_its_files() {
        let (certificate, key) = certificate_for("hooks.test").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (cert_path, key_path) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
        std::fs::write(&cert_path, certificate.pem()).unwrap();
        std::fs::write(&key_path, key.serialize_pem()).unwrap();
        assert!(from_pem_files(&cert_path, &key_path).is_ok());

        let error = from_pem_files(&key_path, &key_path).err().unwrap();
        assert!(
            error.to_string().ends_with("no certificate in it"),
            "{error}"
        );
        let error = from_pem_files(&cert_path, &cert_path).err().unwrap();
        assert!(error.to_string().contains("k.pem") || error.to_string().contains("c.pem"));
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let (certificate, _) = certificate_for("a.test").unwrap();
        let (_, other) = certificate_for("b.test").unwrap();
        let key = PrivatePkcs8KeyDer::from(other.serialize_der());
        let error = acceptor(vec![certificate.der().clone()], key.into());
        let error = error.err().unwrap();
        assert_eq!(error.to_string(), "the key is not the certificate's");
    }
}
