//! Processes that give credentials, and those that do what they please.

use std::{fs, path::Path, sync::mpsc};

use super::*;

/// A process under a clock that stands still, near enough.
fn process(command: &str, limit: Duration) -> Process {
    let command = ProcessCommand { command: command.into(), account: None };
    let clock = Clock::fast(Timestamp::UNIX_EPOCH, 1e-9);
    Process { command, limit, last: LastRun::default(), clock }
}

const LONG: Duration = Duration::from_secs(60);

async fn failure(process: &Process) -> String {
    let error = process.credentials().await.unwrap_err();
    super::super::connect_error::connect_error_in(&error).unwrap().to_string()
}

/// Lines that a process wrote into this file.
fn lines(path: &Path) -> usize {
    fs::read_to_string(path).unwrap_or_default().lines().count()
}

#[tokio::test]
async fn what_it_gave_stands_for_half_a_minute_whatever_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let runs = dir.path().join("runs");
    let keys = r#"{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s"}"#;
    for (script, is_good) in [(format!("echo '{keys}'"), true), ("exit 3".to_owned(), false)] {
        fs::write(&runs, "").unwrap();
        let process = process(&format!("echo run >> '{}'; {script}", runs.display()), LONG);
        let polls = futures_util::future::join_all((0..6).map(|_| process.credentials())).await;
        assert!(polls.iter().all(|gave| gave.is_ok() == is_good), "{polls:?}");
        assert_eq!(lines(&runs), 1);
        let later = Timestamp::UNIX_EPOCH + BETWEEN_RUNS;
        let process = Process { clock: Clock::fast(later, 1e-9), ..process };
        assert_eq!(process.credentials().await.is_ok(), is_good);
        assert_eq!(lines(&runs), 2);
    }
}

#[tokio::test]
async fn one_that_hangs_is_stopped_with_its_children() {
    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("alive");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    // The end of the file comes when nobody is left that could write to it.
    let (ended, end) = mpsc::channel();
    let reading = fifo.clone();
    std::thread::spawn(move || ended.send(fs::read_to_string(reading).unwrap()));
    let script = format!("exec 3>'{}'; sh -c 'sleep 100000; true'; true", fifo.display());
    let process = process(&script, Duration::from_millis(300));
    assert_eq!(failure(&process).await, "credential_process did not end within 0.3 s and was stopped");
    assert_eq!(end.recv_timeout(LONG).unwrap(), "");
}

#[tokio::test]
async fn one_that_prints_without_end_is_stopped() {
    for script in ["yes", "yes >&2"] {
        let process = process(script, LONG);
        assert_eq!(failure(&process).await, "credential_process printed more than 1 MB and was stopped");
    }
}

#[tokio::test]
async fn a_failure_is_told_in_one_line() {
    let process = process("echo one >&2; echo 'two  lines' >&2; echo >&2; exit 3", LONG);
    assert_eq!(failure(&process).await, "credential_process failed with exit status: 3: two lines");
}

#[test]
fn what_it_printed_is_read_as_aws_describes_it() {
    let whole = r#"{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s","SessionToken":"t",
        "Expiration":"2099-01-01T00:00:00Z","AccountId":"111122223333"}"#;
    let read = credentials(whole.as_bytes(), Some("444455556666")).unwrap();
    assert_eq!((read.access_key_id(), read.session_token()), ("A", Some("t")));
    assert!(read.expiry().is_some() && read.account_id().unwrap().as_str() == "111122223333");
    for (printed, says) in [
        ("nope", "did not print JSON"),
        ("[]", "did not print a JSON object"),
        (r#"{"AccessKeyId":"A"}"#, "printed no Version"),
        (r#"{"Version":2}"#, "a Version other than 1"),
        (r#"{"Version":1,"AccessKeyId":"A"}"#, "printed no SecretAccessKey"),
        (r#"{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s","Expiration":"soon"}"#, "not a time"),
    ] {
        let error = credentials(printed.as_bytes(), None).unwrap_err();
        assert!(error.contains(says), "{printed}: {error}");
    }
}
