//! Which certificates are trusted besides the system's.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, ring, verify_tls13_signature, verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use rustls_platform_verifier::Verifier;

/// Trusts what the system trusts, what the given certificates have signed, and those certificates
/// themselves, whatever they say of their use, name and time.
///
/// `openssl req -x509` makes a certificate of an authority, or one of version 1, and people use it for
/// a server. Whoever names the very certificate trusts the holder of its key.
#[derive(Debug)]
struct Pinned {
    certificates: Vec<CertificateDer<'static>>,
    others: Verifier,
    provider: Arc<CryptoProvider>,
}

/// A client's TLS that trusts `certificates`, too.
pub(super) fn trusting(certificates: Vec<CertificateDer<'static>>) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Pinned {
        others: Verifier::new_with_extra_roots(certificates.clone(), Arc::clone(&provider))?,
        certificates,
        provider: Arc::clone(&provider),
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.certificates.contains(end_entity) {
            return Ok(ServerCertVerified::assertion());
        }
        let others = &self.others;
        others.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.others
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        match public_key(certificate).filter(|_| self.certificates.contains(certificate)) {
            Some(key) => verify_tls13_signature_with_raw_key(message, &key, signature, known),
            None => verify_tls13_signature(message, certificate, signature, known),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.others.supported_verify_schemes()
    }
}

/// The key in a certificate of any version: webpki reads none of version 1.
///
/// RFC 5280, section 4.1: the certificate holds what is signed, and that holds a version where it is
/// not 1, then number, algorithm, issuer, validity, subject and key.
fn public_key<'a>(certificate: &'a CertificateDer<'_>) -> Option<SubjectPublicKeyInfoDer<'a>> {
    let (_, whole, _) = element(certificate)?;
    let (_, mut rest, _) = element(whole)?;
    if rest.first() == Some(&0xa0) {
        rest = element(rest)?.2;
    }
    for _ in 0..5 {
        rest = element(rest)?.2;
    }
    let (all, ..) = element(rest)?;
    Some(SubjectPublicKeyInfoDer::from(all))
}

/// The first element of some DER whole, its content, and what follows it.
fn element(der: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (&length, rest) = der.get(1..)?.split_first()?;
    let (length, content) = if length < 0x80 {
        (usize::from(length), rest)
    } else {
        let (digits, content) = rest.split_at_checked(usize::from(length & 0x7f))?;
        let digit = |number: usize, byte: &u8| Some(number.checked_mul(256)? + usize::from(*byte));
        (digits.iter().try_fold(0, digit)?, content)
    };
    let (content, following) = content.split_at_checked(length)?;
    let (whole, _) = der.split_at_checked(der.len() - following.len())?;
    Some((whole, content, following))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_key_of_a_certificate_is_found() {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let key = public_key(made.cert.der()).unwrap();
        assert_eq!(
            &key[..],
            rcgen::PublicKeyData::subject_public_key_info(&made.signing_key)
        );
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            public_key(&CertificateDer::from(bytes));
        }
    }
}
