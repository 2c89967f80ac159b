//! How the program ends: its exit codes, and why it could not run.

use std::io;

use crate::model::{
    execution::Execution,
    fault::{Fault, FaultKind},
    progress::{self, Ending},
    snapshot::Status,
};

/// Why the program could not run.
pub struct CannotRun {
    pub code: u8,
    pub message: String,
}

impl CannotRun {
    /// The command line was wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { code: 2, message: message.into() }
    }
}

impl From<io::Error> for CannotRun {
    fn from(error: io::Error) -> Self {
        Self { code: 1, message: error.to_string() }
    }
}

/// The exit code of an execution: how it ended, or 0 while it runs. So many failed items are put up with.
pub fn how_it_went(execution: &Execution, max_failed: i64) -> u8 {
    let Some(snapshot) = execution.snapshot() else { return 0 };
    if snapshot.status() == Some(Status::Error) {
        return 3;
    }
    match progress::ending(snapshot, execution.terms()) {
        Some(Ending::Failures(items) | Ending::Short(items) | Ending::SkippedOfAll(items)) if items > max_failed => 4,
        Some(Ending::BytesShort(_)) => 4,
        _ => 0,
    }
}

/// Nothing could be seen, and why.
pub fn unseen(fault: &Fault) -> CannotRun {
    let code = match fault.kind {
        FaultKind::Denied | FaultKind::NoCredentials | FaultKind::Expired => 7,
        FaultKind::NotFound => 8,
        _ => 9,
    };
    CannotRun { code, message: fault.message.clone() }
}

/// Waits for a signal that ends the program, and gives its exit code.
pub async fn signalled() -> io::Result<u8> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    Ok(tokio::select! {
        _ = interrupt.recv() => 130,
        _ = terminate.recv() => 143,
        _ = hang_up.recv() => 129,
    })
}
