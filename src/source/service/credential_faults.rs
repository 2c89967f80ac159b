//! Why no credentials came, as a fault: what was wrong, and what to do.

use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_types::error::metadata::ErrorMetadata;

use super::{
    codes::{Meaning, classify},
    connect_error::{causes, connect_error_in},
    profile::Profile,
    text::secrets::without_secrets,
    text::{self, one_line, seconds},
};
use crate::aws::fault::{Fault, FaultKind};

/// No credentials within `limit`.
pub fn no_credentials_within(limit: Duration, profile: &Profile) -> Fault {
    let what = format!("no credentials from {} within {}", profile.origin(), seconds(limit));
    Fault::new(FaultKind::Unreachable, what)
}

/// Why the providers gave none.
pub fn credential_fault(error: &CredentialsError, profile: &Profile) -> Fault {
    let metadata = || causes(error).find_map(|cause| cause.downcast_ref::<ErrorMetadata>());
    let code = metadata().and_then(|metadata| metadata.code()).map(str::to_owned);
    let words = match metadata().and_then(ErrorMetadata::message) {
        Some(message) => one_line(&without_secrets(message)),
        None => causes(error).last().map(|cause| one_line(&without_secrets(&cause.to_string()))).unwrap_or_default(),
    };
    let (kind, message) = explain(error, code.as_deref(), &words, profile);
    Fault { kind, code: code.as_deref().map(text::code), message }
}

fn explain(error: &CredentialsError, code: Option<&str>, words: &str, profile: &Profile) -> (FaultKind, String) {
    let origin = profile.origin();
    if profile.is_missing() {
        let name = profile.name().unwrap_or_default();
        return (FaultKind::NoCredentials, format!("profile '{name}' not found: {}", profile.defined()));
    }
    if let Some(source) = profile.missing_source() {
        let what = format!("{origin} takes its role with source_profile '{source}', which is not defined");
        return (FaultKind::NoCredentials, format!("{what}: {}", profile.defined()));
    }
    if profile.asks_for_mfa() && connect_error_in(error).is_none() {
        let what = format!("{origin} asks for an MFA code (mfa_serial), and syncscope cannot ask for one");
        let instead = "get temporary credentials with your tool and use their profile, or a credential_process";
        return (FaultKind::NoCredentials, format!("{what}: {instead}"));
    }
    if matches!(error, CredentialsError::CredentialsNotLoaded(_)) {
        return (FaultKind::NoCredentials, none_found(profile));
    }
    if matches!(error, CredentialsError::InvalidConfiguration(_)) {
        return (FaultKind::NoCredentials, format!("cannot use the AWS config: {words}"));
    }
    if let Some(error) = connect_error_in(error) {
        let fault = error.clone().into_fault();
        if fault.kind != FaultKind::NoCredentials {
            return (fault.kind, format!("cannot get credentials from {origin}: {fault}"));
        }
    }
    if matches!(error, CredentialsError::ProviderTimedOut(_)) {
        return (FaultKind::Unreachable, format!("no credentials from {origin} in time"));
    }
    let meaning = code.map(|code| classify(code, words));
    if meaning == Some(Meaning::Throttled) {
        return (FaultKind::Throttled, format!("throttled by AWS while getting credentials from {origin}"));
    }
    if meaning == Some(Meaning::Denied) {
        return (FaultKind::Denied, format!("{origin} is not allowed to assume its role (sts:AssumeRole): {words}"));
    }
    let expired = meaning == Some(Meaning::Expired) || code.is_some_and(|code| code.contains("Unauthorized"));
    let renewal = profile.renewal();
    if expired || words.to_lowercase().contains("expired") || words.contains("reauthenticate") {
        return (FaultKind::Expired, format!("{} have expired: {renewal}", profile.credentials()));
    }
    let what = match profile.needs_sign_in() {
        true => format!("{origin} is not signed in ({words})"),
        false => format!("no credentials from {origin} ({words})"),
    };
    (FaultKind::NoCredentials, format!("{what}: {renewal}"))
}

fn none_found(profile: &Profile) -> String {
    match profile.name() {
        Some(name) => format!(
            "profile '{name}' has no credentials: run 'aws configure --profile {name}' or \
             'aws configure sso --profile {name}', or use another --profile"
        ),
        None => format!(
            "no AWS credentials: none in the environment, no default profile, no instance or container role; use \
             --profile or AWS_PROFILE ({}), or run 'aws configure'",
            profile.defined()
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use aws_types::os_shim_internal::Env;

    use super::{super::connect_error::ConnectError, *};

    #[tokio::test]
    async fn a_profile_says_what_it_lacks() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        let role = "role_arn = arn:aws:iam::111122223333:role/r";
        let text = format!(
            "[profile gone]\n{role}\nsource_profile = nothere\n\
             [profile mfa]\n{role}\nsource_profile = base\nmfa_serial = x\n[profile base]\n"
        );
        fs::write(&file, text).unwrap();
        let env = [("AWS_CONFIG_FILE", file.to_str().unwrap()), ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")];
        let refused = || CredentialsError::provider_error("MultiFactorAuthentication failed");
        for (name, says) in [
            ("gone", "profile 'gone' takes its role with source_profile 'nothere', which is not defined: "),
            ("mfa", "profile 'mfa' asks for an MFA code (mfa_serial), and syncscope cannot ask for one: "),
            ("base", "no credentials from profile 'base'"),
        ] {
            let profile = Profile::load(Some(name), &Env::from_slice(&env)).await;
            let fault = credential_fault(&refused(), &profile);
            assert!(fault.message.starts_with(says) && fault.kind == FaultKind::NoCredentials, "{fault}");
        }
        let profile = Profile::load(Some("mfa"), &Env::from_slice(&env)).await;
        let cut_off = CredentialsError::provider_error(ConnectError::new(FaultKind::Unreachable, "no route"));
        assert_eq!(credential_fault(&cut_off, &profile).kind, FaultKind::Unreachable, "the network is not the code");
    }
}
