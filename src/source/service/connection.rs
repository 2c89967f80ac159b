//! The connection options: what the flags say of the way to the service.

use std::{num::NonZeroU32, path::PathBuf, time::Duration};

use aws_types::os_shim_internal::Env;

use super::{
    connector::{authority, is_loopback},
    profile::{Profile, variable},
    tls::{ConfigError, Tls, Trust},
};

/// The warning of `--no-verify-ssl`.
const UNVERIFIED: &str = "TLS certificates are not verified (--no-verify-ssl): \
    anyone on the network path can read and change the traffic.";

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
    /// `--max-calls`: how many calls a second each region gets; `None` for as many as come.
    pub max_calls: Option<NonZeroU32>,
    /// The endpoint that the profile sets; flags and environment come before it.
    pub profile_endpoint: Option<String>,
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
    /// With the endpoint that the profile in use sets.
    pub async fn configured(self) -> Self {
        self.configured_in(&Env::real()).await
    }

    async fn configured_in(self, env: &Env) -> Self {
        if self.endpoint_url.is_some() {
            return self;
        }
        let profile = Profile::load(self.profile.as_deref(), env).await;
        Self { profile_endpoint: profile.endpoint_url().map(str::to_owned), ..self }
    }

    /// The TLS settings. A bundle that the flag or the environment names is read now, if it will be used.
    ///
    /// # Errors
    /// A sentence about an endpoint that is not a URL, or a CA bundle that cannot be used.
    pub fn tls(&self, env: &Env) -> Result<Tls, ConfigError> {
        for (name, url) in self.endpoints(env) {
            ConfigError::check_endpoint(name, &url)?;
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
        self.endpoints(env).first().is_some_and(|(_, url)| url.starts_with("http://"))
    }

    /// The endpoints that the flag, or else the environment and the profile set, each with its name; the first one is
    /// DataSync's.
    fn endpoints(&self, env: &Env) -> Vec<(&'static str, String)> {
        if let Some(url) = &self.endpoint_url {
            return vec![("--endpoint-url", url.clone())];
        }
        if variable(env, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|value| value.eq_ignore_ascii_case("true"))
        {
            return Vec::new();
        }
        let set = |name| Some((name, variable(env, name)?));
        let variables = ["AWS_ENDPOINT_URL_DATASYNC", "AWS_ENDPOINT_URL"].into_iter().filter_map(set);
        let of_profile = self.profile_endpoint.clone().map(|url| ("endpoint_url of the profile", url));
        variables.chain(of_profile).collect()
    }

    /// Whether a flag, the environment or the profile sets the endpoint.
    pub fn has_endpoint(&self) -> bool {
        !self.endpoints(&Env::real()).is_empty()
    }

    /// What of the flags and the environment the user should be warned of, in a sentence each.
    pub fn warnings(&self) -> Vec<String> {
        self.warnings_in(&Env::real())
    }

    fn warnings_in(&self, env: &Env) -> Vec<String> {
        let unverified = self.no_verify_ssl.then(|| UNVERIFIED.to_owned());
        let endpoints = self.endpoints(env);
        let uri = endpoints.first().and_then(|(_, url)| url.parse::<http::Uri>().ok());
        let exposed = uri.filter(|uri| uri.scheme_str() == Some("http") && !self.simulated);
        let exposed = exposed.filter(|uri| !is_loopback(uri.host().unwrap_or_default())).map(|uri| {
            let host = authority(&uri);
            format!("requests to {host} are signed with your credentials but not encrypted (http): use https.")
        });
        unverified.into_iter().chain(exposed).collect()
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

    #[test]
    fn an_endpoint_that_the_environment_sets_is_checked_like_the_flag_s() {
        let error = |variables: &[(&str, &str)]| {
            Connection::default().tls(&Env::from_slice(variables)).err().map(|error| error.to_string())
        };
        for name in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DATASYNC"] {
            for url in ["nonsense", "http://", "https://[", "ftp://h", "http://:80"] {
                let error = error(&[(name, url)]).unwrap();
                assert!(error.contains(url) && error.contains(name), "{error}");
            }
            assert_eq!(error(&[(name, "nonsense"), ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")]), None);
            assert_eq!(error(&[(name, "")]), None);
            let flag = Connection { endpoint_url: Some("http://h".into()), ..Connection::default() };
            assert!(flag.tls(&Env::from_slice(&[(name, "nonsense")])).is_ok());
        }
        let secret = error(&[("AWS_ENDPOINT_URL", "ftp://me:hunter2@h")]).unwrap();
        assert!(secret.contains("ftp://***@h") && !secret.contains("hunter2"), "{secret}");
    }

    #[tokio::test]
    async fn the_endpoint_of_a_profile_is_checked_and_warned_of_too() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        let in_use = async |members: &str, variables: &[(&str, &str)]| {
            std::fs::write(&file, format!("[default]\n{members}\n")).unwrap();
            let own = [("AWS_CONFIG_FILE", file.to_str().unwrap()), ("AWS_SHARED_CREDENTIALS_FILE", "/no/such")];
            let env = Env::from_slice(&[&own, variables].concat());
            let connection = Connection::default().configured_in(&env).await;
            (connection.tls(&env).err().map(|error| error.to_string()), connection.warnings_in(&env).len())
        };
        let (wrong, _) = in_use("endpoint_url = nonsense", &[]).await;
        assert!(wrong.is_some_and(|wrong| wrong.contains("'nonsense' (endpoint_url of the profile)")));
        assert_eq!(in_use("endpoint_url = http://h", &[]).await, (None, 1));
        assert_eq!(in_use("endpoint_url = http://h", &[("AWS_ENDPOINT_URL", "https://h")]).await, (None, 0));
        let ignored = "endpoint_url = http://h\nignore_configured_endpoint_urls = true";
        assert_eq!(in_use(ignored, &[]).await, (None, 0));
        assert_eq!(in_use("region = us-east-1", &[]).await, (None, 0));
    }

    #[test]
    fn credentials_over_plain_http_are_warned_of() {
        let warned = |url: &str| {
            let flag = Connection { endpoint_url: Some(url.into()), ..Connection::default() };
            let simulated = Connection { simulated: true, ..flag.clone() };
            assert!(simulated.warnings_in(&Env::from_slice(&[])).is_empty());
            let by_env = Connection::default().warnings_in(&Env::from_slice(&[("AWS_ENDPOINT_URL", url)]));
            assert_eq!(flag.warnings_in(&Env::from_slice(&[])), by_env);
            by_env
        };
        for url in ["https://h", "http://127.0.0.1:1", "http://localhost", "http://[::1]:1", "http://127.9.9.9", "odd"]
        {
            assert!(warned(url).is_empty(), "{url}");
        }
        for url in ["http://h:1", "http://10.0.0.1", "http://me:hunter2@h", "http://localhost.example"] {
            let warnings = warned(url);
            assert!(warnings.len() == 1 && !warnings[0].contains("hunter2"), "{warnings:?}");
        }
        let both = Connection { endpoint_url: Some("http://h".into()), no_verify_ssl: true, ..Connection::default() };
        assert_eq!(both.warnings_in(&Env::from_slice(&[])).len(), 2);
    }
}
