//! One rustls set-up for requests and socket: ring, bundled roots, optional extra roots. No platform verifier runs, so
//! nothing has to be initialised on a phone first.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::api::Error;

/// Builds it. Fails on extra roots that are not certificates in PEM.
pub(super) fn config(extra_roots_pem: Option<&str>) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if let Some(pem) = extra_roots_pem {
        let invalid = || Error::Invalid { field: "extra_roots_pem".to_owned(), limit: 0 };
        let mut any = false;
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            roots.add(certificate.map_err(|_| invalid())?).map_err(|_| invalid())?;
            any = true;
        }
        if !any {
            return Err(invalid());
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| Error::internal("tls"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}
