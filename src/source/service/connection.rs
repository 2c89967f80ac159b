//! The connection options: what the flags say of the way to the service.

use std::{path::PathBuf, time::Duration};

use aws_types::os_shim_internal::Env;

use super::{
    profile::variable,
    tls::{ConfigError, Tls, Trust},
};

/// How to reach the service, as the flags say; what is not set comes from the environment and the profile.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// `--profile`. It beats keys in the environment.
    pub profile: Option<String>,
    /// `--region`, for a transfer whose ARN or URL names none.
    pub region: Option<String>,
    /// `--endpoint-url`.
    pub endpoint_url: Option<String>,
    /// `--ca-bundle`: root certificates in PEM format that replace the system's.
    pub ca_bundle: Option<PathBuf>,
    /// `--no-verify-ssl`.
    pub no_verify_ssl: bool,
    /// The endpoint is a simulation: no credentials and no config files are needed.
    pub simulated: bool,
}

/// How long to wait for what.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For a connection.
    pub connect: Duration,
    /// For a response, with its connection.
    pub attempt: Duration,
    /// For credentials, and for an operation as a whole.
    pub operation: Duration,
    /// For a `credential_process`.
    pub process: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let [connect, attempt, operation, process] = [4, 5, 15, 60].map(Duration::from_secs);
        Self { connect, attempt, operation, process }
    }
}

impl Connection {
    /// The TLS settings. A bundle that the flag or the environment names is read now, if it will be used.
    ///
    /// # Errors
    /// A sentence about an endpoint that is not a URL, or a CA bundle that cannot be used.
    pub fn tls(&self, env: &Env) -> Result<Tls, ConfigError> {
        if let Some(url) = &self.endpoint_url {
            ConfigError::check_endpoint(url)?;
        }
        let trust = self.trust(env);
        let tls = Tls::new(trust.clone());
        if self.ca_bundle.is_some() || matches!(trust, Trust::Bundle(_)) && !self.is_plain(env) {
            tls.config()?;
        }
        Ok(tls)
    }

    fn trust(&self, env: &Env) -> Trust {
        let bundle = self.ca_bundle.clone().or_else(|| variable(env, "AWS_CA_BUNDLE").map(PathBuf::from));
        match bundle {
            _ if self.no_verify_ssl => Trust::Unverified,
            Some(path) => Trust::Bundle(path),
            None => Trust::System,
        }
    }

    /// Whether the endpoint is known to be without TLS, so that no root certificates are needed.
    fn is_plain(&self, env: &Env) -> bool {
        let url = self.endpoint_url.clone();
        let url = url.or_else(|| variable(env, "AWS_ENDPOINT_URL_DATASYNC"));
        let url = url.or_else(|| variable(env, "AWS_ENDPOINT_URL"));
        url.is_some_and(|url| url.starts_with("http://"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unusable_bundle_is_refused_before_any_request() {
        let plain = Some("http://127.0.0.1:1".to_string());
        let clean = Env::from_slice(&[]);
        let env = Env::from_slice(&[("AWS_CA_BUNDLE", "/no/such")]);
        let flag =
            Connection { ca_bundle: Some("/no/such".into()), endpoint_url: plain.clone(), ..Connection::default() };
        let error = flag.tls(&clean).unwrap_err();
        assert!(error.to_string().contains("'/no/such' cannot be read"), "{error}");

        assert!(Connection::default().tls(&env).is_err());
        let over_plain = Connection { endpoint_url: plain, ..Connection::default() };
        assert!(over_plain.tls(&env).is_ok(), "no root is read where none is needed");
        let plain = [("AWS_CA_BUNDLE", "/no/such"), ("AWS_ENDPOINT_URL", "http://127.0.0.1:1")];
        assert!(Connection::default().tls(&Env::from_slice(&plain)).is_ok());
        let unverified = Connection { no_verify_ssl: true, ..Connection::default() };
        assert!(unverified.tls(&env).is_ok());
        let odd = Connection { endpoint_url: Some("localhost:80".into()), ..Connection::default() };
        assert!(odd.tls(&clean).unwrap_err().to_string().contains("is not a URL"));
    }
}
