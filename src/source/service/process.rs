//! A profile's `credential_process`: run by itself, within bounds, and not again at every poll.

use std::{
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, error::CredentialsError, future},
};
use jiff::{SignedDuration, Timestamp};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Command,
    sync::Mutex,
};

use super::{
    connect_error::ConnectError,
    text::{one_line, seconds},
};
use crate::{aws::fault::FaultKind, clock::Clock};

/// The most that a process may print, in bytes, on each of its outputs.
const LONGEST_OUTPUT: u64 = 1 << 20;
/// A process runs no sooner than this after it ended, whatever it gave.
const BETWEEN_RUNS: SignedDuration = SignedDuration::from_secs(30);

/// The command of a `credential_process`, and the account that its profile names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessCommand {
    /// What the shell runs.
    pub command: String,
    /// `aws_account_id`, for credentials that do not say theirs.
    pub account: Option<String>,
}

/// What the last run of a process gave. A clone shares it, so that one runs at a time.
#[derive(Clone, Debug, Default)]
pub struct LastRun(Arc<Mutex<Option<Run>>>);

#[derive(Debug)]
struct Run {
    of: ProcessCommand,
    ended: Timestamp,
    gave: Result<Credentials, ConnectError>,
}

impl Run {
    /// Whether its outcome stands for now: it has just ended, and credentials that it gave have not expired since.
    fn stands(&self, of: &ProcessCommand, now: Timestamp) -> bool {
        let expiry = self.gave.as_ref().ok().and_then(Credentials::expiry).and_then(|at| Timestamp::try_from(at).ok());
        let has_expired_since = expiry.is_some_and(|expiry| self.ended < expiry && expiry <= now);
        let age = now.duration_since(self.ended);
        self.of == *of && !has_expired_since && age >= SignedDuration::ZERO && age < BETWEEN_RUNS
    }
}

/// Credentials from a `credential_process`.
#[derive(Clone, Debug)]
pub struct Process {
    /// What to run.
    pub command: ProcessCommand,
    /// How long it may run.
    pub limit: Duration,
    /// What it gave last.
    pub last: LastRun,
    /// The time.
    pub clock: Clock,
}

impl Process {
    async fn credentials(&self) -> Result<Credentials, CredentialsError> {
        let mut last = self.last.0.lock().await;
        let gave = match &*last {
            Some(run) if run.stands(&self.command, self.clock.now()) => run.gave.clone(),
            _ => {
                let gave = self.run().await;
                *last = Some(Run { of: self.command.clone(), ended: self.clock.now(), gave: gave.clone() });
                gave
            }
        };
        gave.map_err(CredentialsError::provider_error)
    }

    async fn run(&self) -> Result<Credentials, ConnectError> {
        let late = || {
            let what = format!("credential_process did not end within {} and was stopped", seconds(self.limit));
            ConnectError::new(FaultKind::Unreachable, what)
        };
        let output = tokio::time::timeout(self.limit, output(&self.command.command)).await.map_err(|_| late())??;
        let wrong = |what: String| ConnectError::new(FaultKind::NoCredentials, what);
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            let line = stderr.lines().rev().map(one_line).find(|line| !line.is_empty());
            let why = line.map(|line| format!(": {line}")).unwrap_or_default();
            return Err(wrong(format!("credential_process failed with {}{why}", output.status)));
        }
        credentials(&output.stdout, self.command.account.as_deref())
            .map_err(|what| wrong(format!("credential_process {what}")))
    }
}

impl ProvideCredentials for Process {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}

struct Output {
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

/// Runs a command in a process group of its own, which ends with this future.
async fn output(command: &str) -> Result<Output, ConnectError> {
    let failed = |error: std::io::Error| {
        ConnectError::new(FaultKind::NoCredentials, format!("cannot run credential_process: {error}"))
    };
    let mut child = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let mut group = Group(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)));
    let (stdout, stderr) = tokio::try_join!(read(child.stdout.take()), read(child.stderr.take()))?;
    let status = child.wait().await.map_err(failed)?;
    // It has ended: its number may be another's by now.
    group.0 = None;
    Ok(Output { status, stdout, stderr })
}

/// A process group that is ended when this is dropped.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

async fn read(pipe: Option<impl AsyncRead + Unpin>) -> Result<Vec<u8>, ConnectError> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // What cannot be read any more has ended.
        let _ = pipe.take(LONGEST_OUTPUT + 1).read_to_end(&mut bytes).await;
    }
    if bytes.len() as u64 > LONGEST_OUTPUT {
        let what = "credential_process printed more than 1 MB and was stopped";
        return Err(ConnectError::new(FaultKind::NoCredentials, what));
    }
    Ok(bytes)
}

/// Reads what a process printed; the error is the end of a sentence and says nothing of the values.
fn credentials(printed: &[u8], account: Option<&str>) -> Result<Credentials, String> {
    let value: Value = serde_json::from_slice(printed).map_err(|_| "did not print JSON".to_owned())?;
    let members = value.as_object().ok_or("did not print a JSON object")?;
    let member = |name: &str| members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let text = |name: &str| member(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    match member("Version").map(Value::as_i64) {
        Some(Some(1)) => {}
        Some(_) => return Err("printed a Version other than 1".into()),
        None => return Err("printed no Version".into()),
    }
    let missing = |name: &str| format!("printed no {name}");
    let id = text("AccessKeyId").ok_or_else(|| missing("AccessKeyId"))?;
    let secret = text("SecretAccessKey").ok_or_else(|| missing("SecretAccessKey"))?;
    let expiry = match text("Expiration").map(str::parse::<Timestamp>) {
        Some(Err(_)) => return Err("printed an Expiration that is not a time".into()),
        Some(Ok(at)) => Some(at.into()),
        None => None,
    };
    let mut built = Credentials::builder().provider_name("CredentialProcess").access_key_id(id);
    built = built.secret_access_key(secret);
    built.set_session_token(text("SessionToken").map(str::to_owned));
    built.set_expiry(expiry);
    built.set_account_id(text("AccountId").or(account).map(Into::into));
    Ok(built.build())
}

#[cfg(test)]
mod tests;
