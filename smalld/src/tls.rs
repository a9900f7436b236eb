//! TLS configuration of REST and the gateway. The provider is explicit, so that the process needs no
//! default provider and the dependencies contain only one TLS stack.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use crate::error::Error;

/// Trusts the certificates that the operating system trusts. If TLS is not `needed`, because the API
/// is on this machine, a system without certificates is not an error.
pub(crate) fn client_config(needed: bool) -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let failed = |error| {
        Error::config(format!(
            "TLS cannot be set up: {error}; is the package `ca-certificates` installed?"
        ))
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?;
    let builder = match builder.clone().with_platform_verifier() {
        Ok(builder) => builder,
        Err(_) if !needed => builder.with_root_certificates(RootCertStore::empty()),
        Err(error) => return Err(failed(error)),
    };
    Ok(builder.with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_configuration_builds_both_clients_without_a_default_provider() {
        let config = client_config(true).unwrap();
        reqwest::Client::builder()
            .tls_backend_preconfigured(config.clone())
            .build()
            .unwrap();
        let _gateway = tokio_tungstenite::Connector::Rustls(Arc::new(config));
        assert!(rustls::crypto::CryptoProvider::get_default().is_none());
    }
}
