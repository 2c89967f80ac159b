//! Why no response came: the cause in an error's chain, in a sentence that names the host.

use std::{error::Error, fmt, io, time::Duration};

use super::{
    text::{one_line, seconds},
    tls::words::from_tls,
};
use crate::{
    aws::{
        fault::{Fault, FaultKind},
        region,
    },
    files::reason,
    say::text::without_userinfo,
};

/// Why no response came. Its `Display` is one sentence for the user.
#[derive(Clone, Debug)]
pub struct ConnectError {
    kind: FaultKind,
    message: String,
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for ConnectError {}

impl ConnectError {
    /// An error of this kind and message.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// No response within `limit`.
    pub fn no_response(host: &str, limit: Duration) -> Self {
        let (host, limit) = (named(host), seconds(limit));
        Self::unreachable(format!("no response from {host} within {limit}: check VPN, proxy, firewall"))
    }

    /// No connection within `limit`.
    pub fn no_connection(host: &str, limit: Duration) -> Self {
        let limit = seconds(limit);
        Self::unreachable(format!("no connection to {host} within {limit}: check VPN, proxy, firewall"))
    }

    /// Reads the chain of an error for the first cause that says something to a person.
    pub fn of(host: &str, error: &(dyn Error + 'static)) -> Self {
        if let Some(error) = connect_error_in(error) {
            return error.clone();
        }
        let host = named(host);
        if let Some(found) = causes(error).find_map(|cause| from_cause(host, cause)) {
            return found;
        }
        let root = causes(error).last().map(ToString::to_string).unwrap_or_default();
        let root = one_line(&without_userinfo(&root));
        Self::unreachable(format!("the request to {host} failed: {root}"))
    }

    /// The same for a response that had begun.
    pub fn in_body(host: &str, error: &(dyn Error + 'static)) -> Self {
        let cut = causes(error).any(|cause| {
            let early = |error: &io::Error| error.kind() == io::ErrorKind::UnexpectedEof;
            cause.downcast_ref().is_some_and(hyper::Error::is_incomplete_message)
                || cause.downcast_ref().is_some_and(early)
        });
        match cut {
            true => Self::new(FaultKind::Garbled, format!("the response from {host} was cut short")),
            false => Self::of(host, error),
        }
    }

    /// The fault that the monitor shows.
    pub fn into_fault(self) -> Fault {
        Fault::new(self.kind, self.message)
    }

    fn unreachable(message: String) -> Self {
        Self::new(FaultKind::Unreachable, message)
    }
}

/// The connect error in an error's chain.
pub fn connect_error_in<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a ConnectError> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// An error and its causes. `source()` of an `io::Error` skips the error that it wraps; this does not.
pub fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner as &(dyn Error + 'static)),
        None => error.source(),
    })
}

fn named(host: &str) -> &str {
    if host.is_empty() { "the service" } else { host }
}

fn from_cause(host: &str, cause: &(dyn Error + 'static)) -> Option<ConnectError> {
    if let Some(error) = cause.downcast_ref::<rustls::Error>() {
        return Some(ConnectError::unreachable(from_tls(host, error)));
    }
    if cause.is::<http_body_util::LengthLimitError>() {
        let what = format!("{host} sent far more than any DataSync response");
        return Some(ConnectError::new(FaultKind::Garbled, what));
    }
    if let Some(error) = cause.downcast_ref::<hyper::Error>() {
        return from_http(host, error);
    }
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        return from_io(host, error).map(ConnectError::unreachable);
    }
    // hyper-util marks a failed look-up by its words alone.
    cause.to_string().starts_with("dns error").then(|| {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        // a name of the service's own, in a region that may be none
        let service = name.split_once(".amazonaws.").map(|(service, _)| service);
        let region = service.and_then(|service| service.split_once('.')).map(|(_, region)| region);
        let region = region.filter(|region| !region.contains('.'));
        let why = region.and_then(region::unknown).unwrap_or_else(|| "check DNS, VPN, proxy".into());
        ConnectError::unreachable(format!("cannot resolve {name}: {why}"))
    })
}

fn from_http(host: &str, error: &hyper::Error) -> Option<ConnectError> {
    if error.is_parse() {
        Some(ConnectError::new(FaultKind::Garbled, format!("{host} sent something that is not HTTP")))
    } else if error.is_incomplete_message() {
        Some(ConnectError::unreachable(format!("{host} closed the connection without responding")))
    } else {
        None
    }
}

fn from_io(host: &str, error: &io::Error) -> Option<String> {
    use io::ErrorKind::*;
    Some(match error.kind() {
        ConnectionRefused => format!("{host} refused the connection"),
        ConnectionReset | ConnectionAborted | BrokenPipe => format!("{host} reset the connection"),
        UnexpectedEof => format!("{host} closed the connection without responding"),
        TimedOut => format!("the connection to {host} timed out: check VPN, proxy, firewall"),
        HostUnreachable => format!("no route to {host}: check the network and VPN"),
        NetworkUnreachable | NetworkDown => format!("cannot reach {host}: the network is down"),
        _ if error.get_ref().is_some() => return None,
        _ => format!("cannot reach {host}: {}", reason(error)),
    })
}

#[cfg(test)]
mod tests {
    use rustls::CertificateError;

    use super::*;

    #[test]
    fn each_cause_has_a_sentence() {
        let io = |kind| io::Error::from(kind);
        let certificate = |reason| io::Error::other(io::Error::other(rustls::Error::InvalidCertificate(reason)));
        let table: Vec<(io::Error, &str)> = vec![
            (io(io::ErrorKind::ConnectionRefused), "h:1 refused the connection"),
            (io(io::ErrorKind::ConnectionReset), "h:1 reset the connection"),
            (io(io::ErrorKind::HostUnreachable), "no route to h:1"),
            (io(io::ErrorKind::NetworkUnreachable), "the network is down"),
            (certificate(CertificateError::UnknownIssuer), "--ca-bundle"),
            (certificate(CertificateError::Expired), "clock"),
            (certificate(CertificateError::NotValidForName), "the certificate of h:1 is for another host"),
            (io::Error::other("odd"), "the request to h:1 failed: odd"),
            (io::Error::other(io::Error::other("dns error")), "cannot resolve h: check DNS"),
        ];
        for (error, says) in table {
            let fault = ConnectError::of("h:1", &error).into_fault();
            assert_eq!(fault.kind, FaultKind::Unreachable);
            assert!(fault.message.contains(says), "{says}: {fault}");
        }
        for (host, says) in [
            (
                "datasync.us-east-9.amazonaws.com:443",
                "'us-east-9' is no region that syncscope knows: did you mean us-east-1?",
            ),
            ("datasync.us-east-1.amazonaws.com:443", "check DNS, VPN, proxy"),
            ("portal.sso.eu-west-1.amazonaws.com:443", "check DNS, VPN, proxy"),
            ("vpce-x.datasync.us-east-1.vpce.amazonaws.com:443", "check DNS, VPN, proxy"),
        ] {
            let fault = ConnectError::of(host, &io::Error::other(io::Error::other("dns error"))).into_fault();
            assert!(fault.message.ends_with(says), "{fault}");
        }
    }
}
