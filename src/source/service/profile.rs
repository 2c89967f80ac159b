//! The profile in use: what the AWS config files say of it, and how a message names it.

use std::collections::BTreeSet;

use aws_config::profile::ProfileSet;
use aws_types::os_shim_internal::{Env, Fs};

use super::process::ProcessCommand;

/// The profile's name in the text of [`Profile::process`].
pub const CHAIN: &str = "syncscope";
/// The name of its source of credentials there.
pub const PROCESS: &str = "CredentialProcess";

/// The profile in use, and what the config files say of it.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    name: Option<String>,
    in_environment: bool,
    is_missing: bool,
    config_file: Option<String>,
    defined: BTreeSet<String>,
    renewal: Renewal,
    process: Option<(ProcessCommand, String)>,
    ca_bundle: Option<String>,
    endpoint_url: Option<String>,
    region: Option<String>,
    missing_source: Option<String>,
    asks_for_mfa: bool,
}

/// What gets a profile new credentials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Renewal {
    Sso,
    Login,
    Process,
    #[default]
    Unknown,
}

/// The profile that the flag, `AWS_PROFILE` or `AWS_DEFAULT_PROFILE` names, in this order.
fn chosen_profile(flag: Option<&str>, env: &Env) -> Option<String> {
    let from_env = || ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"].iter().find_map(|name| variable(env, name));
    flag.map(str::to_owned).or_else(from_env)
}

/// The value of an environment variable; `None` where it is unset or empty.
pub fn variable(env: &Env, name: &str) -> Option<String> {
    env.get(name).ok().filter(|value| !value.is_empty())
}

fn endpoint_url(section: &aws_config::profile::Profile) -> Option<String> {
    let is_ignored =
        section.get("ignore_configured_endpoint_urls").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    section.get("endpoint_url").filter(|url| !is_ignored && !url.is_empty()).map(str::to_owned)
}

impl Profile {
    /// Reads the config files. Files that are missing or unreadable count as empty.
    pub async fn load(flag: Option<&str>, env: &Env) -> Self {
        let name = chosen_profile(flag, env);
        let in_environment = flag.is_none() && variable(env, "AWS_ACCESS_KEY_ID").is_some();
        let config_file = variable(env, "AWS_CONFIG_FILE");
        #[expect(deprecated, reason = "its successor is in a crate that this one does not depend on")]
        let files = aws_config::profile::profile_file::ProfileFiles::default();
        let section = name.clone().unwrap_or_else(|| "default".into());
        match aws_config::profile::load(&Fs::real(), env, &files, Some(section.into())).await {
            Ok(set) => Self { in_environment, config_file, ..Self::from_set(name, &set) },
            Err(_) => Self { name, in_environment, config_file, ..Self::default() },
        }
    }

    fn from_set(name: Option<String>, set: &ProfileSet) -> Self {
        let section_name = name.as_deref().unwrap_or("default");
        let section = set.get_profile(section_name);
        Self {
            is_missing: section.is_none() && name.is_some(),
            defined: set.profiles().map(str::to_owned).collect(),
            renewal: Renewal::of(set, section_name),
            process: process(set, section_name),
            ca_bundle: section.and_then(|section| section.get("ca_bundle")).map(str::to_owned),
            endpoint_url: section.and_then(endpoint_url),
            region: section.and_then(|section| section.get("region")).map(str::to_owned),
            missing_source: missing_source(set, section_name),
            asks_for_mfa: section.is_some_and(|s| s.get("role_arn").is_some() && s.get("mfa_serial").is_some()),
            name,
            ..Self::default()
        }
    }

    /// Its name, where a flag or the environment gave one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Whether the config files do not define it.
    pub fn is_missing(&self) -> bool {
        self.is_missing
    }

    /// The region that it sets.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref().filter(|region| !region.is_empty())
    }

    /// The profile that it, or its source, takes its role with, where the config files do not define that one.
    pub fn missing_source(&self) -> Option<&str> {
        self.missing_source.as_deref()
    }

    /// Whether its role wants the code of an MFA device, which nobody is asked for here.
    pub fn asks_for_mfa(&self) -> bool {
        self.asks_for_mfa
    }

    /// Its `credential_process`, or that of the profile it takes its role with, and a config file's text in which
    /// the profile [`CHAIN`] gets the same credentials from the source [`PROCESS`].
    pub fn process(&self) -> Option<(&ProcessCommand, &str)> {
        self.process.as_ref().map(|(command, chain)| (command, &**chain))
    }

    /// Whether a person has to sign in for new credentials.
    pub fn needs_sign_in(&self) -> bool {
        matches!(self.renewal, Renewal::Sso | Renewal::Login)
    }

    /// The path of the CA bundle that it sets.
    pub fn ca_bundle(&self) -> Option<&str> {
        self.ca_bundle.as_deref().filter(|path| !path.is_empty())
    }

    /// The endpoint that it sets for all services.
    pub fn endpoint_url(&self) -> Option<&str> {
        self.endpoint_url.as_deref()
    }

    /// Where its credentials come from, as a noun: `profile 'prod'`.
    pub fn origin(&self) -> String {
        match &self.name {
            _ if self.in_environment => "the environment".into(),
            Some(name) => format!("profile '{name}'"),
            None => "the default profile".into(),
        }
    }

    /// Its credentials, as a noun: `the credentials of profile 'prod'`.
    pub fn credentials(&self) -> String {
        match &self.name {
            _ if self.in_environment => "the credentials in the environment".into(),
            Some(name) => format!("the credentials of profile '{name}'"),
            None => "the default credentials".into(),
        }
    }

    /// How to get new credentials, as an instruction: `run 'aws sso login --profile prod'`.
    pub fn renewal(&self) -> String {
        let flag = self.name.as_ref().map(|name| format!(" --profile {name}")).unwrap_or_default();
        match self.renewal {
            _ if self.in_environment => "set new ones and restart syncscope".into(),
            Renewal::Sso => format!("run 'aws sso login{flag}'"),
            Renewal::Login => format!("run 'aws login{flag}'"),
            Renewal::Process => "check the profile's credential_process".into(),
            Renewal::Unknown => "refresh them (aws sso login, or your credential tool)".into(),
        }
    }

    /// Which profiles there are, at most twelve of them: `~/.aws/config defines prod, stage`.
    pub fn defined(&self) -> String {
        let file = self.config_file.as_deref().unwrap_or("~/.aws/config");
        let some: Vec<_> = self.defined.iter().take(12).map(String::as_str).collect();
        let more = if self.defined.len() > some.len() { ", …" } else { "" };
        match some.is_empty() {
            true => format!("{file} defines no profiles"),
            false => format!("{file} defines {}{more}", some.join(", ")),
        }
    }
}

/// Follows `source_profile` to one that is not defined; `None` where all are.
fn missing_source(set: &ProfileSet, name: &str) -> Option<String> {
    let mut profile = set.get_profile(name)?;
    for step in 0..8 {
        if step > 0 && has_keys(profile) {
            return None;
        }
        let source = profile.get("source_profile").filter(|_| profile.get("role_arn").is_some())?;
        match set.get_profile(source) {
            Some(next) => profile = next,
            None => return Some(source.to_owned()),
        }
    }
    None
}

/// The region in force where neither a flag nor a transfer names one: the environment's, or the profile's. `None`
/// where nobody sets one.
pub async fn region_in_force(flag: Option<&str>, env: &Env) -> Option<String> {
    let from_env = ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|name| variable(env, name));
    match from_env {
        Some(region) => Some(region),
        None => Profile::load(flag, env).await.region().map(str::to_owned),
    }
}

/// Follows `source_profile` to a profile whose credentials come from a process; `None` where they do not. The order is
/// the SDK's.
fn process(set: &ProfileSet, name: &str) -> Option<(ProcessCommand, String)> {
    let (mut name, mut chain) = (name, String::new());
    for step in 0..8 {
        let profile = set.get_profile(name)?;
        let said = |key| profile.get(key).filter(|value| !value.contains('\n'));
        let has = |key| profile.get(key).is_some();
        if step > 0 && has_keys(profile) {
            return None;
        }
        chain += &match step {
            0 => format!("[profile {CHAIN}]\n"),
            _ => format!("[profile {CHAIN}-{step}]\n"),
        };
        let has_role = has("role_arn") && !has("web_identity_token_file");
        for key in ["role_arn", "external_id", "role_session_name"] {
            chain += &said(key).map(|value| format!("{key} = {value}\n")).unwrap_or_default();
        }
        match profile.get("source_profile") {
            Some(source) if has_role && source != name => {
                chain += &format!("source_profile = {CHAIN}-{}\n", step + 1);
                name = source;
            }
            None if has_role => return None,
            _ => {
                let others = ["credential_source", "web_identity_token_file", "login_session"];
                let has_sso = ["sso_session", "sso_start_url", "sso_account_id", "sso_region", "sso_role_name"];
                if others.iter().chain(&has_sso).any(|key| has(key)) {
                    return None;
                }
                let command = profile.get("credential_process")?.to_owned();
                let account = profile.get("aws_account_id").map(str::to_owned);
                chain += &format!("credential_source = {PROCESS}\n");
                return Some((ProcessCommand { command, account }, chain));
            }
        }
    }
    None
}

/// Whether it has keys of its own, which come first in a profile that another one names as its source.
fn has_keys(profile: &aws_config::profile::Profile) -> bool {
    ["aws_access_key_id", "aws_secret_access_key"].iter().all(|key| profile.get(key).is_some())
}

impl Renewal {
    /// Follows `source_profile`: it is the source whose credentials run out.
    fn of(set: &ProfileSet, name: &str) -> Self {
        let mut name = name;
        for step in 0..8 {
            let Some(profile) = set.get_profile(name) else { break };
            let has = |key| profile.get(key).is_some();
            if step > 0 && has_keys(profile) {
                break;
            } else if has("sso_session") || has("sso_start_url") {
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A profile of a config file with this text, in this environment.
    async fn loaded(text: &str, flag: Option<&str>, variables: &[(&str, &str)]) -> Profile {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        fs::write(&file, text).unwrap();
        let file = file.to_str().unwrap();
        let variables =
            [variables, &[("AWS_CONFIG_FILE", file), ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")]].concat();
        let profile = Profile::load(flag, &Env::from_slice(&variables)).await;
        Profile { config_file: None, ..profile }
    }

    const TEXT: &str = "[profile sso]\nsso_session = corp\n[profile role]\nsource_profile = sso\n\
                        [profile login]\nlogin_session = x\n[profile tool]\ncredential_process = x\n\
                        [profile loop]\nsource_profile = other\n[profile other]\nsource_profile = loop\n\
                        [profile keys]\nca_bundle = /ca.pem\n[sso-session corp]\n";

    #[tokio::test]
    async fn a_profile_says_how_its_credentials_are_renewed() {
        for (name, renewal) in [
            ("sso", "run 'aws sso login --profile sso'"),
            ("role", "run 'aws sso login --profile role'"),
            ("login", "run 'aws login --profile login'"),
            ("tool", "check the profile's credential_process"),
            ("loop", "refresh them (aws sso login, or your credential tool)"),
        ] {
            let profile = loaded(TEXT, Some(name), &[]).await;
            assert_eq!((profile.renewal(), profile.is_missing()), (renewal.to_owned(), false));
            assert_eq!(profile.needs_sign_in(), ["sso", "role", "login"].contains(&name));
        }
    }

    #[tokio::test]
    async fn keys_of_a_source_profile_come_before_its_process() {
        let text = "[profile base]\naws_access_key_id = AKID\naws_secret_access_key = s\ncredential_process = x\n\
                    [profile tool]\ncredential_process = x\n\
                    [profile keys]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = base\n\
                    [profile role]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = tool\n";
        for (name, runs) in [("base", true), ("tool", true), ("keys", false), ("role", true)] {
            let profile = loaded(text, Some(name), &[]).await;
            assert_eq!(profile.process().is_some(), runs, "{name}");
            assert_eq!(profile.renewal().contains("credential_process"), runs, "{name}");
        }
    }

    #[tokio::test]
    async fn a_source_that_is_missing_and_a_code_that_is_wanted_are_known() {
        let role = "role_arn = arn:aws:iam::111122223333:role/r";
        let text = format!(
            "[profile gone]\n{role}\nsource_profile = nothere\n[profile far]\n{role}\nsource_profile = gone\n\
             [profile mfa]\n{role}\nsource_profile = base\nmfa_serial = arn:aws:iam::111122223333:mfa/alice\n\
             [profile base]\nregion = eu-west-2\nmfa_serial = x\nsource_profile = nothere\n\
             [profile loop]\n{role}\nsource_profile = loop\n[profile over]\n{role}\nsource_profile = keys\n\
             [profile keys]\n{role}\nsource_profile = nothere\naws_access_key_id = a\naws_secret_access_key = b\n"
        );
        for (name, missing, mfa) in [
            ("gone", Some("nothere"), false),
            ("far", Some("nothere"), false),
            ("mfa", None, true),
            ("base", None, false),
            ("loop", None, false),
            ("over", None, false),
        ] {
            let profile = loaded(&text, Some(name), &[]).await;
            assert_eq!((profile.missing_source(), profile.asks_for_mfa()), (missing, mfa), "{name}");
        }
        assert_eq!(loaded(&text, Some("base"), &[]).await.region(), Some("eu-west-2"));
    }

    #[tokio::test]
    async fn the_region_in_force_is_the_environment_s_or_the_profile_s() {
        let none = [("AWS_CONFIG_FILE", "/dev/null"), ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")];
        let region = async |variables: &[(&str, &str)]| {
            region_in_force(None, &Env::from_slice(&[&none[..], variables].concat())).await
        };
        assert_eq!(
            region(&[("AWS_REGION", "eu-west-1"), ("AWS_DEFAULT_REGION", "x")]).await.as_deref(),
            Some("eu-west-1")
        );
        assert_eq!(region(&[("AWS_DEFAULT_REGION", "eu-west-3")]).await.as_deref(), Some("eu-west-3"));
        assert_eq!(region(&[]).await, None);
    }

    #[tokio::test]
    async fn flag_beats_environment_beats_default() {
        let keys = ("AWS_ACCESS_KEY_ID", "AKID");
        for (flag, variables, origin) in [
            (None, &[][..], "the default profile"),
            (None, &[("AWS_DEFAULT_PROFILE", "tool")], "profile 'tool'"),
            (None, &[("AWS_DEFAULT_PROFILE", "tool"), ("AWS_PROFILE", "sso")], "profile 'sso'"),
            (None, &[("AWS_PROFILE", "")], "the default profile"),
            (None, &[("AWS_PROFILE", "sso"), keys], "the environment"),
            (Some("keys"), &[("AWS_PROFILE", "sso"), keys], "profile 'keys'"),
        ] {
            assert_eq!(loaded(TEXT, flag, variables).await.origin(), origin, "{flag:?} {variables:?}");
        }
    }

    #[tokio::test]
    async fn what_the_files_define_is_listed_at_some_length() {
        let keys = loaded(TEXT, Some("keys"), &[]).await;
        assert_eq!(keys.ca_bundle(), Some("/ca.pem"));
        assert_eq!(keys.defined(), "~/.aws/config defines keys, login, loop, other, role, sso, tool");
        let none = loaded("", Some("keys"), &[]).await;
        assert_eq!((none.defined().as_str(), none.is_missing()), ("~/.aws/config defines no profiles", true));
        let many: String = (10..40).map(|number| format!("[profile p{number}]\n")).collect();
        assert!(loaded(&many, None, &[]).await.defined().ends_with("p20, p21, …"));
    }
}
