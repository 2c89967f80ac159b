//! Whom to trust at the other end of a connection: the system's roots, a bundle's, or anyone.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};

/// What is wrong with how a connection was asked for. Its `Display` is one sentence for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigError {}

impl ConfigError {
    /// Whether `url` can be an endpoint's.
    ///
    /// # Errors
    /// A sentence that shows it.
    pub fn check_endpoint(url: &str) -> Result<(), Self> {
        let uri = url.parse::<http::Uri>().ok();
        match uri.as_ref().and_then(http::Uri::scheme_str) {
            Some("http" | "https") => Ok(()),
            _ => Err(Self(format!("the endpoint '{url}' is no URL; give one such as http://127.0.0.1:5000"))),
        }
    }
}

/// How the other end proves who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// By a certificate of the system's roots, or of those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
    System,
    /// By a certificate of the roots in this PEM file, and of no others, as in the AWS command line.
    Bundle(PathBuf),
    /// Not at all.
    Anyone,
}

/// The TLS settings of all connections of a client. Roots are read at the first use, not before.
#[derive(Debug)]
pub struct Tls {
    trust: Trust,
    profile_bundle: OnceLock<PathBuf>,
    config: OnceLock<Result<Arc<ClientConfig>, ConfigError>>,
}

impl Tls {
    /// Settings that nothing was read for yet.
    pub fn new(trust: Trust) -> Self {
        Self { trust, profile_bundle: OnceLock::new(), config: OnceLock::new() }
    }

    /// The bundle that the profile names: it stands in for the system's roots. Too late after the first use.
    pub fn profile_bundle(&self, path: PathBuf) {
        let _ = self.profile_bundle.set(path);
    }

    /// The settings, read once.
    ///
    /// # Errors
    /// A sentence that names the file which is no bundle, or says that this machine has no roots.
    pub fn config(&self) -> Result<Arc<ClientConfig>, ConfigError> {
        self.config.get_or_init(|| self.read()).clone()
    }

    fn read(&self) -> Result<Arc<ClientConfig>, ConfigError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| ConfigError(format!("TLS could not be set up: {error}")))?;
        let mut config = match (&self.trust, self.profile_bundle.get()) {
            (Trust::Anyone, _) => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Credulous(provider)))
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
            "this machine has no root certificates to check a server by; name a file of them with --ca-bundle".into(),
        ));
    }
    Ok(roots)
}

/// Odd certificates among good ones are left out: old ones in a system's bundle should not keep anyone away.
fn read_bundle(path: &Path) -> Result<RootCertStore, ConfigError> {
    let wrong = |what: &str| ConfigError(format!("the CA bundle '{}' {what}", path.display()));
    let pem = fs::read(path).map_err(|error| wrong(&format!("can't be read: {}", in_words(&error))))?;
    if pem.iter().all(u8::is_ascii_whitespace) {
        return Err(wrong("is empty"));
    }
    let mut roots = RootCertStore::empty();
    let mut found = false;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|_| wrong("is damaged: it is not PEM throughout"))?;
        found = true;
        let _ = roots.add(certificate);
    }
    match (found, roots.is_empty()) {
        (false, _) => Err(wrong("holds no certificate in PEM format")),
        (true, true) => Err(wrong("holds no certificate that can be read")),
        (true, false) => Ok(roots),
    }
}

/// What the system said, without its number.
pub fn in_words(error: &io::Error) -> String {
    crate::files::reason(error)
}

/// Believes any certificate, for `--no-verify-ssl`.
#[derive(Debug)]
struct Credulous(Arc<CryptoProvider>);

impl ServerCertVerifier for Credulous {
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

    fn bundle(content: &[u8]) -> (crate::source::scripted::TempDir, PathBuf) {
        let dir = crate::source::scripted::TempDir::new();
        let path = dir.path().join("bundle.pem");
        fs::write(&path, content).unwrap();
        (dir, path)
    }

    #[test]
    fn a_bundle_that_is_none_is_named_in_one_sentence() {
        let garbled = b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n";
        let hollow = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let key = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        for (content, says) in [
            (&b" \n"[..], "is empty"),
            (b"hello", "holds no certificate in PEM format"),
            (key, "holds no certificate in PEM format"),
            (garbled, "is damaged"),
            (hollow, "no certificate that can be read"),
            (b"\xff\xfe\x00", "holds no certificate"),
        ] {
            let (_dir, path) = bundle(content);
            let message = Tls::new(Trust::Bundle(path.clone())).config().unwrap_err().to_string();
            assert!(message.contains(says) && message.contains(path.to_str().unwrap()), "{message}");
            assert!(!message.contains('\n'));
        }
        let message = Tls::new(Trust::Bundle("/no/such/file".into())).config().unwrap_err().to_string();
        assert_eq!(message, "the CA bundle '/no/such/file' can't be read: no such file or directory");
    }

    #[test]
    fn a_good_bundle_is_read_and_odd_certificates_are_left_out() {
        let good = rcgen::generate_simple_self_signed(["localhost".to_string()]).unwrap().cert.pem();
        let odd = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let (_dir, path) = bundle(format!("# mine\n{odd}{good}").as_bytes());
        assert!(Tls::new(Trust::Bundle(path)).config().is_ok());
    }
}
