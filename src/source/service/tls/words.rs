//! Why TLS with a host failed, in words.

use rustls::{CertificateError, Error};

use super::super::text::one_line;

/// Why TLS with `host` failed, in a sentence.
pub fn from_tls(host: &str, error: &Error) -> String {
    match error {
        Error::InvalidCertificate(reason) => from_certificate(host, reason),
        Error::AlertReceived(alert) => format!("{host} refused TLS: {}", words(alert)),
        Error::PeerIncompatible(why) => format!("TLS with {host} is not possible: {}", words(why)),
        Error::PeerMisbehaved(why) => format!("{host} breaks the rules of TLS: {}", words(why)),
        Error::InvalidMessage(why) => format!("{host} sent something that is not TLS: {}", words(why)),
        Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
            format!("{host} breaks the rules of TLS: unexpected message")
        }
        Error::General(why) => format!("TLS with {host} failed: {}", one_line(why)),
        Error::Other(why) => format!("TLS with {host} failed: {}", one_line(&why.0.to_string())),
        other => format!("TLS with {host} failed: {}", words(other)),
    }
}

fn from_certificate(host: &str, reason: &CertificateError) -> String {
    use CertificateError::*;
    let certificate = format!("the certificate of {host}");
    match reason {
        UnknownIssuer => format!(
            "{certificate} is not trusted (unknown issuer): if a proxy or an endpoint of your own issued it, give its \
             CA with --ca-bundle"
        ),
        Expired | ExpiredContext { .. } => format!("{certificate} has expired: check it, and this machine's clock"),
        NotValidYet | NotValidYetContext { .. } => {
            format!("{certificate} is not valid yet: check it, and this machine's clock")
        }
        NotValidForName | NotValidForNameContext { .. } => format!("{certificate} is for another host"),
        Revoked => format!("{certificate} was revoked"),
        BadEncoding => format!("{certificate} is damaged"),
        BadSignature => format!("{certificate} is not trusted: its signature is wrong"),
        InvalidPurpose | InvalidPurposeContext { .. } => format!("{certificate} is not for a server"),
        Other(error) => match words(&error.0).as_str() {
            "ca used as end entity" => format!(
                "{certificate} is a CA's own, which cannot be a server's: give the server one that the CA issued, \
                 or use --no-verify-ssl"
            ),
            why => format!("{certificate} is not trusted ({why}): see --ca-bundle"),
        },
        other => format!("{certificate} is not trusted ({}): see --ca-bundle", words(other)),
    }
}

/// A variant's name in words, without what it holds: `HandshakeFailure` is `handshake failure`. The libraries describe
/// most of their errors by such names alone.
fn words(variant: &dyn std::fmt::Debug) -> String {
    let text = format!("{variant:?}");
    let mut words = String::new();
    let mut after_lower = false;
    for c in text.chars().take_while(char::is_ascii_alphanumeric) {
        if c.is_ascii_uppercase() && after_lower {
            words.push(' ');
        }
        after_lower = !c.is_ascii_uppercase();
        words.push(c.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use rustls::{AlertDescription, OtherError, PeerIncompatible, PeerMisbehaved};

    use super::*;

    #[derive(Debug)]
    struct CaUsedAsEndEntity;

    impl std::fmt::Display for CaUsedAsEndEntity {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "{self:?}")
        }
    }

    impl std::error::Error for CaUsedAsEndEntity {}

    #[test]
    fn each_failure_is_told_in_words() {
        let other = CertificateError::Other(OtherError(std::sync::Arc::new(CaUsedAsEndEntity)));
        for (error, says) in [
            (Error::InvalidCertificate(other), "the certificate of h:1 is a CA's own"),
            (Error::InvalidCertificate(CertificateError::Revoked), "was revoked"),
            (Error::InvalidCertificate(CertificateError::UnknownRevocationStatus), "(unknown revocation status)"),
            (Error::InvalidCertificate(CertificateError::InvalidPurpose), "is not for a server"),
            (Error::AlertReceived(AlertDescription::HandshakeFailure), "h:1 refused TLS: handshake failure"),
            (Error::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon), "no cipher suites in common"),
            (Error::PeerMisbehaved(PeerMisbehaved::MissingKeyShare), "missing key share"),
            (Error::DecryptError, "decrypt error"),
            (Error::General("odd\nthing".into()), "TLS with h:1 failed: odd thing"),
        ] {
            let message = from_tls("h:1", &error);
            assert!(message.contains(says), "{says}: {message}");
            assert!(!message.contains(['(', '{']) || says.contains('('), "a debug print: {message}");
        }
    }
}
