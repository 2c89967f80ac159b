//! How servers prove who they are: by the system's root certificates, by a CA bundle, or not at all.

pub mod words;

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};

use super::text::one_line;
use crate::{files::reason, say::text::without_userinfo};

/// What is wrong with the connection options. Its `Display` is one sentence for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

impl ConfigError {
    /// Checks that `url` can be an endpoint's; `name` is the flag or the variable that sets it.
    ///
    /// # Errors
    /// A sentence that names it.
    pub fn check_endpoint(name: &str, url: &str) -> Result<(), Self> {
        let uri = url.parse::<http::Uri>().ok();
        let has_host = |uri: &http::Uri| uri.host().is_some_and(|host| !host.is_empty());
        match uri.filter(has_host).as_ref().and_then(http::Uri::scheme_str) {
            Some("http" | "https") => Ok(()),
            _ => {
                let url = one_line(&without_userinfo(url));
                let what = "is not a URL: use one such as http://127.0.0.1:5000";
                Err(Self(format!("the endpoint '{url}' ({name}) {what}")))
            }
        }
    }
}

/// How a server proves who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// By the system's root certificates, or those in `SSL_CERT_FILE` and `SSL_CERT_DIR`.
    System,
    /// By the root certificates in this PEM file alone, as in the AWS command line.
    Bundle(PathBuf),
    /// Not at all.
    Unverified,
}

/// The TLS settings of a client. Root certificates are read once, at the first use.
#[derive(Debug)]
pub struct Tls {
    trust: Trust,
    profile_bundle: OnceLock<PathBuf>,
    config: OnceLock<Result<Arc<ClientConfig>, ConfigError>>,
}

impl Tls {
    /// Reads nothing yet.
    pub fn new(trust: Trust) -> Self {
        Self { trust, profile_bundle: OnceLock::new(), config: OnceLock::new() }
    }

    /// Sets the bundle that replaces the system's root certificates. Has no effect after the first use.
    pub fn profile_bundle(&self, path: PathBuf) {
        let _ = self.profile_bundle.set(path);
    }

    /// The settings.
    ///
    /// # Errors
    /// A sentence about a bundle that cannot be used, or a machine without root certificates.
    pub fn config(&self) -> Result<Arc<ClientConfig>, ConfigError> {
        self.config.get_or_init(|| self.read()).clone()
    }

    fn read(&self) -> Result<Arc<ClientConfig>, ConfigError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| ConfigError(format!("cannot set up TLS: {error}")))?;
        let mut config = match (&self.trust, self.profile_bundle.get()) {
            (Trust::Unverified, _) => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(NoVerification(provider)))
                .with_no_client_auth(),
            (Trust::Bundle(path), _) | (Trust::System, Some(path)) => {
                builder.with_root_certificates(read_bundle(path)?).with_no_client_auth()
            }
            (Trust::System, None) => builder.with_root_certificates(system_roots()?).with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn system_roots() -> Result<RootCertStore, ConfigError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(ConfigError(
            "no root certificates found on this machine: give a file of them with --ca-bundle".into(),
        ));
    }
    Ok(roots)
}

/// Unreadable certificates among good ones are skipped: system bundles contain some.
fn read_bundle(path: &Path) -> Result<RootCertStore, ConfigError> {
    let wrong = |what: &str| ConfigError(format!("the CA bundle '{}' {what}", path.display()));
    let pem = fs::read(path).map_err(|error| wrong(&format!("cannot be read: {}", reason(&error))))?;
    if pem.iter().all(u8::is_ascii_whitespace) {
        return Err(wrong("is empty"));
    }
    let mut roots = RootCertStore::empty();
    let mut found = false;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|_| wrong("is damaged: not all of it is PEM"))?;
        found = true;
        let _ = roots.add(certificate);
    }
    match (found, roots.is_empty()) {
        (false, _) => Err(wrong("contains no certificate in PEM format")),
        (true, true) => Err(wrong("contains no readable certificate")),
        (true, false) => Ok(roots),
    }
}

/// Accepts any certificate, for `--no-verify-ssl`.
#[derive(Debug)]
struct NoVerification(Arc<CryptoProvider>);

impl ServerCertVerifier for NoVerification {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(content: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bundle.pem");
        fs::write(&path, content).unwrap();
        (dir, path)
    }

    #[test]
    fn an_unusable_bundle_is_named_in_one_sentence() {
        let garbled = b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n";
        let hollow = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let key = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        for (content, says) in [
            (&b" \n"[..], "is empty"),
            (b"hello", "contains no certificate in PEM format"),
            (key, "contains no certificate in PEM format"),
            (garbled, "is damaged"),
            (hollow, "no readable certificate"),
            (b"\xff\xfe\x00", "contains no certificate"),
        ] {
            let (_dir, path) = bundle(content);
            let message = Tls::new(Trust::Bundle(path.clone())).config().unwrap_err().to_string();
            assert!(message.contains(says) && message.contains(path.to_str().unwrap()), "{message}");
            assert!(!message.contains('\n'));
        }
        let message = Tls::new(Trust::Bundle("/no/such/file".into())).config().unwrap_err().to_string();
        assert_eq!(message, "the CA bundle '/no/such/file' cannot be read: no such file or directory");
    }

    #[test]
    fn a_good_bundle_is_read_and_odd_certificates_are_skipped() {
        let good = rcgen::generate_simple_self_signed(["localhost".to_string()]).unwrap().cert.pem();
        let odd = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let (_dir, path) = bundle(format!("# mine\n{odd}{good}").as_bytes());
        assert!(Tls::new(Trust::Bundle(path)).config().is_ok());
    }
}
