//! Whose credentials are used, where they come from, and what to do when there are none.

use std::{
    collections::BTreeSet,
    env,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use aws_config::{
    default_provider::credentials::DefaultCredentialsChain,
    ecs::EcsCredentialsProvider,
    imds::{self, credentials::ImdsCredentialsProvider},
    meta::credentials::CredentialsProviderChain,
    profile::{ProfileFileCredentialsProvider, ProfileSet},
    provider_config::ProviderConfig,
    retry::RetryConfig,
};
use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future},
};
use aws_smithy_types::error::metadata::ErrorMetadata;
use aws_types::{
    SdkConfig,
    os_shim_internal::{Env, Fs},
};

use super::{
    faults::{is_denied, is_expired, is_throttling, one_line},
    http::{Http, causes, in_seconds, trouble_in},
};
use crate::{
    aws::fault::{Fault, FaultKind},
    clock::Clock,
};

/// Away from EC2 nothing is there to accept the connection, so that only this much time is lost.
const METADATA_CONNECT: Duration = Duration::from_millis(200);
/// In a container on EC2 the metadata service may accept, and its answer get lost on the way.
const METADATA_READ: Duration = Duration::from_secs(1);
/// Credentials are renewed this long before they end.
const AHEAD: Duration = Duration::from_secs(60);

/// The profile that was chosen, and what the config files say of it.
#[derive(Clone, Debug, Default)]
pub struct Owner {
    profile: Option<String>,
    in_environment: bool,
    missing: bool,
    known: BTreeSet<String>,
    renewal: Renewal,
    ca_bundle: Option<String>,
}

/// What renews a profile's credentials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Renewal {
    Sso,
    Login,
    Process,
    #[default]
    Unknown,
}

/// The profile that a flag, `AWS_PROFILE` or `AWS_DEFAULT_PROFILE` names, in this order.
pub fn chosen_profile(flag: Option<&str>) -> Option<String> {
    let from_env = || ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"].iter().find_map(|name| set_in_env(name));
    flag.map(str::to_owned).or_else(from_env)
}

/// A variable of the environment that is there and not empty.
pub fn set_in_env(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

impl Owner {
    /// Reads the config files. Files that are missing or can't be read are as good as empty here.
    pub async fn load(flag: Option<&str>) -> Self {
        let profile = chosen_profile(flag);
        let in_environment = flag.is_none() && set_in_env("AWS_ACCESS_KEY_ID").is_some();
        #[expect(deprecated, reason = "its successor's crate is not ours to depend on")]
        let files = aws_config::profile::profile_file::ProfileFiles::default();
        let name = profile.clone().unwrap_or_else(|| "default".into());
        let loaded = aws_config::profile::load(&Fs::real(), &Env::real(), &files, Some(name.into())).await;
        match loaded {
            Ok(set) => Self { in_environment, ..Self::of(profile, &set) },
            Err(_) => Self { profile, in_environment, ..Self::default() },
        }
    }

    fn of(profile: Option<String>, set: &ProfileSet) -> Self {
        let name = profile.as_deref().unwrap_or("default");
        let section = set.get_profile(name);
        Self {
            in_environment: false,
            missing: section.is_none() && profile.is_some(),
            known: set.profiles().map(str::to_owned).collect(),
            renewal: Renewal::of(set, name),
            ca_bundle: section.and_then(|section| section.get("ca_bundle")).map(str::to_owned),
            profile,
        }
    }

    /// The CA bundle that the profile names.
    pub fn ca_bundle(&self) -> Option<&str> {
        self.ca_bundle.as_deref().filter(|path| !path.is_empty())
    }

    /// Where credentials are looked for, as the subject of a sentence: `profile 'prod'`.
    fn place(&self) -> String {
        match &self.profile {
            _ if self.in_environment => "the environment".into(),
            Some(profile) => format!("profile '{profile}'"),
            None => "the default profile".into(),
        }
    }

    /// The credentials in a sentence: `the credentials of profile 'prod'`.
    pub fn credentials(&self) -> String {
        match &self.profile {
            _ if self.in_environment => "the credentials in the environment".into(),
            Some(profile) => format!("the credentials of profile '{profile}'"),
            None => "the default credentials".into(),
        }
    }

    /// What to do for new credentials, as the end of a sentence.
    pub fn renew(&self) -> String {
        let profile = self.profile.as_ref().map(|profile| format!(" --profile {profile}")).unwrap_or_default();
        match self.renewal {
            _ if self.in_environment => "start again with new ones".into(),
            Renewal::Sso => format!("run 'aws sso login{profile}'"),
            Renewal::Login => format!("run 'aws login{profile}'"),
            Renewal::Process => "see to the program that its credential_process names".into(),
            Renewal::Unknown => "renew them where they come from".into(),
        }
    }

    fn known(&self) -> String {
        let some: Vec<_> = self.known.iter().take(12).map(String::as_str).collect();
        let more = if self.known.len() > some.len() { ", …" } else { "" };
        match some.is_empty() {
            true => "the AWS config files name no profile".into(),
            false => format!("the AWS config files name {}{more}", some.join(", ")),
        }
    }

    /// Why no credentials came.
    pub fn fault(&self, error: &CredentialsError) -> Fault {
        let metadata = || causes(error).find_map(|cause| cause.downcast_ref::<ErrorMetadata>());
        let code = metadata().and_then(|metadata| metadata.code()).map(str::to_owned);
        let (kind, message) = self.said(error, code.as_deref(), metadata().and_then(ErrorMetadata::message));
        Fault { kind, code, message }
    }

    fn said(&self, error: &CredentialsError, code: Option<&str>, text: Option<&str>) -> (FaultKind, String) {
        let who = self.place();
        let root = text.map_or_else(|| root_of(error), one_line);
        if self.missing {
            let profile = self.profile.as_deref().unwrap_or_default();
            return (FaultKind::NoCredentials, format!("there is no profile '{profile}': {}", self.known()));
        }
        if matches!(error, CredentialsError::CredentialsNotLoaded(_)) {
            return (FaultKind::NoCredentials, self.nothing());
        }
        if matches!(error, CredentialsError::InvalidConfiguration(_)) {
            return (FaultKind::NoCredentials, format!("the AWS settings can't be used: {root}"));
        }
        if let Some(trouble) = trouble_in(error) {
            let fault = trouble.clone().into_fault();
            return (fault.kind, format!("{who} could not be asked for credentials: {fault}"));
        }
        if matches!(error, CredentialsError::ProviderTimedOut(_)) {
            return (FaultKind::Unreachable, format!("{who} gave no credentials in time"));
        }
        if code.is_some_and(is_throttling) {
            return (FaultKind::Throttled, format!("{who} is asked for credentials too often"));
        }
        if code.is_some_and(is_denied) {
            return (FaultKind::Denied, format!("{who} may not take on its role (sts:AssumeRole): {root}"));
        }
        let by_person = matches!(self.renewal, Renewal::Sso | Renewal::Login);
        let refused = code.is_some_and(|code| is_expired(code) || code.contains("Unauthorized"));
        if refused || root.to_lowercase().contains("expired") || root.contains("reauthenticate") {
            return (FaultKind::Expired, format!("{} have expired; {}", self.credentials(), self.renew()));
        }
        let what = if by_person { "has no session" } else { "gave no credentials" };
        (FaultKind::NoCredentials, format!("{who} {what} ({root}); {}", self.renew()))
    }

    fn nothing(&self) -> String {
        match &self.profile {
            Some(profile) => format!(
                "profile '{profile}' has no credentials; give it some with 'aws configure --profile {profile}' or \
                 'aws configure sso --profile {profile}', or choose another with --profile"
            ),
            None => format!(
                "there are no AWS credentials: none in the environment, none in a default profile, and this is no \
                 machine with a role; choose a profile with --profile or AWS_PROFILE ({}), or make one with \
                 'aws configure'",
                self.known()
            ),
        }
    }
}

impl Renewal {
    /// Follows `source_profile`, for it is the source that needs to be renewed.
    fn of(set: &ProfileSet, name: &str) -> Self {
        let mut name = name;
        for _ in 0..8 {
            let Some(profile) = set.get_profile(name) else { break };
            let has = |key| profile.get(key).is_some();
            if has("sso_session") || has("sso_start_url") {
                return Self::Sso;
            } else if has("login_session") {
                return Self::Login;
            } else if has("credential_process") {
                return Self::Process;
            }
            match profile.get("source_profile") {
                Some(source) if source != name => name = source,
                _ => break,
            }
        }
        Self::Unknown
    }
}

/// The innermost cause on one line.
fn root_of(error: &CredentialsError) -> String {
    causes(error).last().map(|cause| one_line(&cause.to_string())).unwrap_or_default()
}

/// The chain of places where credentials are looked for, each with `http` for its requests.
///
/// It is the SDK's default chain, but for two things: the metadata service is asked once and not waited for,
/// and a profile chosen by a flag is not overridden by keys in the environment, as in the AWS command line.
pub async fn chain(config: &SdkConfig, http: &Http, flag: Option<&str>) -> SharedCredentialsProvider {
    let provider = ProviderConfig::default()
        .with_http_client(http.clone())
        .with_region(config.region().cloned())
        .with_use_fips(config.use_fips())
        .with_use_dual_stack(config.use_dual_stack())
        .with_retry_config(RetryConfig::standard().with_max_attempts(2));
    let metadata =
        || ImdsCredentialsProvider::builder().configure(&provider).imds_client(metadata_client(&provider)).build();
    if let Some(profile) = flag {
        let profile = ProfileFileCredentialsProvider::builder()
            .configure(&provider)
            .with_custom_provider("Ec2InstanceMetadata", metadata())
            .profile_name(profile)
            .build();
        let container = EcsCredentialsProvider::builder().configure(&provider).build();
        let chain = CredentialsProviderChain::first_try("Profile", profile)
            .or_else("EcsContainer", container)
            .or_else("Ec2InstanceMetadata", metadata());
        return SharedCredentialsProvider::new(chain);
    }
    let mut chain = DefaultCredentialsChain::builder()
        .configure(provider.clone())
        .region(config.region().cloned())
        .imds_client(metadata_client(&provider))
        .with_custom_credential_source("Ec2InstanceMetadata", metadata());
    if let Some(profile) = chosen_profile(None) {
        chain = chain.profile_name(&profile);
    }
    SharedCredentialsProvider::new(chain.build().await)
}

fn metadata_client(provider: &ProviderConfig) -> imds::Client {
    imds::Client::builder()
        .configure(provider)
        .max_attempts(1)
        .connect_timeout(METADATA_CONNECT)
        .read_timeout(METADATA_READ)
        .build()
}

/// The credentials in use. The SDK takes them from here, so that fetching them has limits and faults of its own.
#[derive(Clone, Debug, Default)]
pub struct Held(Arc<Mutex<Option<Credentials>>>);

impl Held {
    /// Takes new ones in, or forgets the old.
    pub fn set(&self, credentials: Option<Credentials>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = credentials;
    }

    /// Those in use, and whether they should be renewed by now.
    pub fn get(&self) -> (Option<Credentials>, bool) {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let due = held.as_ref().is_none_or(|credentials| ends_within(credentials, AHEAD));
        (held.filter(|credentials| !ends_within(credentials, Duration::ZERO)), due)
    }
}

fn ends_within(credentials: &Credentials, time: Duration) -> bool {
    let now = SystemTime::from(Clock::wall().now());
    credentials.expiry().is_some_and(|end| end <= now + time)
}

impl ProvideCredentials for Held {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(self.get().0.ok_or_else(|| CredentialsError::not_loaded("none are held")))
    }
}

/// No credentials came within `limit`.
pub fn too_late(owner: &Owner, limit: Duration) -> Fault {
    let what = format!("{} gave no credentials within {}", owner.place(), in_seconds(limit));
    Fault::new(FaultKind::Unreachable, what)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;
    use crate::{
        aws::observation::Outcome,
        source::{
            scripted::{Play, SHORT, Server, bare, execution, set, task},
            service::{Connection, Service},
        },
    };

    /// Plays every service at once, and gives out the key `AKIDNEW` in the form of each.
    async fn everything() -> Server {
        let ends = "2099-01-01T00:00:00Z";
        let xml = move |action: &str| {
            let credentials = format!(
                "<Credentials><AccessKeyId>AKIDNEW</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
                 <SessionToken>t</SessionToken><Expiration>{ends}</Expiration></Credentials>"
            );
            Play::Reply(
                200,
                format!("<{action}Response><{action}Result>{credentials}</{action}Result></{action}Response>"),
            )
        };
        Server::start(move |seen, _| match &*seen.operation {
            "DescribeTaskExecution" if seen.head.contains("Credential=AKIDNEW/") => Play::ok(json!({ "Status": "QUEUED" })),
            "DescribeTaskExecution" => Play::Error("UnrecognizedClientException", "who?"),
            line if line.starts_with("PUT /latest/api/token") => {
                let head = "HTTP/1.1 200 OK\r\nx-aws-ec2-metadata-token-ttl-seconds: 600\r\ncontent-length: 5\r\n\r\ntoken";
                Play::Raw(head.into())
            }
            line if line.contains("/security-credentials/ ") => Play::Reply(200, "role".into()),
            line if line.contains("/security-credentials/role") || line.contains("/container") => Play::ok(json!({
                "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": ends, "Expiration": ends,
                "AccessKeyId": "AKIDNEW", "SecretAccessKey": "s", "Token": "t",
            })),
            line if line.contains("/federation/credentials") => Play::ok(json!({
                "roleCredentials": {
                    "accessKeyId": "AKIDNEW", "secretAccessKey": "s", "sessionToken": "t", "expiration": 4_070_908_800_000_u64,
                }
            })),
            _ if seen.form.contains("Action=AssumeRoleWithWebIdentity") => xml("AssumeRoleWithWebIdentity"),
            _ if seen.form.contains("Action=AssumeRole") => xml("AssumeRole"),
            line => panic!("{line}"),
        })
        .await
    }

    async fn asked(server: &Server, profile: Option<&str>) -> Outcome {
        let connection =
            Connection { profile: profile.map(Into::into), endpoint_url: Some(server.url()), ..Connection::default() };
        Service::with_limits(&connection, &task(), SHORT).unwrap().describe(&execution('1')).await
    }

    #[tokio::test]
    async fn an_instance_s_role_works() {
        let _dir = bare();
        let server = everything().await;
        set("AWS_EC2_METADATA_DISABLED", "false");
        set("AWS_EC2_METADATA_SERVICE_ENDPOINT", &server.url());
        let outcome = asked(&server, None).await;
        assert!(matches!(outcome, Outcome::Response(_)), "{outcome:?}");
    }

    #[tokio::test]
    async fn a_container_s_role_works() {
        let _dir = bare();
        let server = everything().await;
        set("AWS_CONTAINER_CREDENTIALS_FULL_URI", &format!("{}/container", server.url()));
        let outcome = asked(&server, None).await;
        assert!(matches!(outcome, Outcome::Response(_)), "{outcome:?}");
    }

    #[tokio::test]
    async fn a_web_identity_works() {
        let dir = bare();
        let server = everything().await;
        let token = dir.path().join("token");
        fs::write(&token, "jwt").unwrap();
        set("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().unwrap());
        set("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/r");
        set("AWS_ENDPOINT_URL_STS", &server.url());
        let outcome = asked(&server, None).await;
        assert!(matches!(outcome, Outcome::Response(_)), "{outcome:?}");
    }

    const SSO: &str = "[profile sso]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Reader\n\
                       [profile role]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = sso\n\
                       [sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.awsapps.com/start\n";

    /// Puts down what `aws sso login` leaves behind, in a file named by the SHA-1 of the session's name.
    fn log_in(dir: &std::path::Path, ends: &str) {
        let cache = dir.join(".aws/sso/cache");
        fs::create_dir_all(&cache).unwrap();
        let token = json!({ "accessToken": "t", "expiresAt": ends, "region": "us-east-1" });
        fs::write(cache.join("ee0bfd2552fbd840c02cc48b6e823320543c450f.json"), token.to_string()).unwrap();
    }

    #[tokio::test]
    async fn sso_works_after_the_login_and_by_way_of_a_role() {
        let dir = bare();
        let server = everything().await;
        fs::write(dir.path().join("config"), SSO).unwrap();
        set("AWS_ENDPOINT_URL_SSO", &server.url());
        set("AWS_ENDPOINT_URL_STS", &server.url());
        let connection =
            Connection { profile: Some("role".into()), endpoint_url: Some(server.url()), ..Connection::default() };
        let service = Service::with_limits(&connection, &task(), SHORT).unwrap();
        let said = async || match service.describe(&execution('1')).await {
            Outcome::Fault(fault) => (fault.kind, fault.message),
            Outcome::Response(_) => (FaultKind::Other, "works".into()),
        };
        let (kind, message) = said().await;
        assert_eq!(kind, FaultKind::NoCredentials);
        assert!(message.contains("run 'aws sso login --profile role'"), "{message}");
        log_in(dir.path(), "2020-01-01T00:00:00Z");
        let (kind, message) = said().await;
        assert_eq!(kind, FaultKind::Expired, "{message}");
        assert!(message.contains("run 'aws sso login --profile role'"), "{message}");
        log_in(dir.path(), "2099-01-01T00:00:00Z");
        assert_eq!(said().await.1, "works");
    }

    #[tokio::test]
    async fn a_console_login_works_and_says_when_it_is_needed() {
        let dir = bare();
        let server = everything().await;
        let session = "arn:aws:iam::0123456789012:user/Admin";
        fs::write(dir.path().join("config"), format!("[profile me]\nlogin_session = {session}\n")).unwrap();
        let Outcome::Fault(fault) = asked(&server, Some("me")).await else { panic!() };
        assert_eq!(fault.kind, FaultKind::NoCredentials, "{fault}");
        assert!(fault.message.contains("run 'aws login --profile me'"), "{fault}");

        // The file is named by the SHA-256 of the session.
        let cache = dir.path().join(".aws/login/cache");
        fs::create_dir_all(&cache).unwrap();
        let token = json!({
            "accessToken": {
                "accessKeyId": "AKIDNEW", "secretAccessKey": "s", "sessionToken": "t",
                "accountId": "012345678901", "expiresAt": "2099-01-01T00:00:00Z",
            },
            "tokenType": "aws_sigv4", "refreshToken": "r", "clientId": "c", "dpopKey": "k",
        });
        let name = "36db1d138ff460920374e4c3d8e01f53f9f73537e89c88d639f68393df0e2726.json";
        fs::write(cache.join(name), token.to_string()).unwrap();
        let outcome = asked(&server, Some("me")).await;
        assert!(matches!(outcome, Outcome::Response(_)), "{outcome:?}");
    }

    #[tokio::test]
    async fn a_role_that_may_not_be_taken_on_is_denied() {
        let dir = bare();
        let text = "[profile role]\nrole_arn = arn:aws:iam::111122223333:role/r\ncredential_source = Environment\n";
        fs::write(dir.path().join("config"), text).unwrap();
        set("AWS_ACCESS_KEY_ID", "AKIDTEST");
        set("AWS_SECRET_ACCESS_KEY", "secret");
        let server = Server::start(|_, _| {
            let error = "<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized</Message></Error>";
            Play::Reply(403, format!("<ErrorResponse>{error}</ErrorResponse>"))
        })
        .await;
        set("AWS_ENDPOINT_URL_STS", &server.url());
        let Outcome::Fault(fault) = asked(&server, Some("role")).await else { panic!() };
        assert_eq!(fault.kind, FaultKind::Denied, "{fault}");
        assert_eq!(fault.message, "profile 'role' may not take on its role (sts:AssumeRole): not authorized");
        set("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1");
        let Outcome::Fault(fault) = asked(&server, Some("role")).await else { panic!() };
        assert_eq!(fault.kind, FaultKind::Unreachable, "{fault}");
        assert!(fault.message.contains("127.0.0.1:1 refused the connection"), "{fault}");
    }

    #[tokio::test]
    async fn a_metadata_service_that_is_silent_costs_a_second() {
        let _dir = bare();
        let server = Server::start(|_, _| Play::Hang).await;
        set("AWS_EC2_METADATA_DISABLED", "false");
        set("AWS_EC2_METADATA_SERVICE_ENDPOINT", &server.url());
        let start = std::time::Instant::now();
        let service = Service::new(&Connection::default(), &task()).unwrap();
        let Outcome::Fault(fault) = service.describe(&execution('1')).await else { panic!() };
        assert_eq!(fault.kind, FaultKind::NoCredentials, "{fault}");
        assert!(start.elapsed() < Duration::from_millis(2500), "{:?}", start.elapsed());
    }
}
