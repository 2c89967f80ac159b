//! How the program ends: its exit codes, and why it could not run.

use std::io;

use crate::{
    aws::{
        fault::{Fault, FaultKind},
        snapshot::Status,
    },
    files::reason,
    transfer::{
        execution::Execution,
        present::progress::{self, Ending},
    },
};

/// Why the program could not run.
pub struct CliError {
    pub code: u8,
    pub message: String,
}

impl CliError {
    /// The command line was wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { code: 2, message: message.into() }
    }
}

impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        Self { code: 1, message: reason(&error) }
    }
}

/// The exit code of an execution: how it ended, or 0 while it runs. So many failed items are put up with.
pub fn how_it_went(execution: &Execution, max_failed: i64) -> u8 {
    let Some(snapshot) = execution.snapshot() else { return 0 };
    if snapshot.status() == Some(Status::Error) {
        return 3;
    }
    match progress::ending(snapshot, execution.applicability()) {
        Some(Ending::Failures(items) | Ending::Short(items) | Ending::SkippedOfAll(items)) if items > max_failed => 4,
        Some(Ending::BytesShort(_)) => 4,
        _ => 0,
    }
}

/// From the best to the worst. An ERROR is the worst there is to know. What could not be seen may be one, so it
/// counts for more than an end with a few failed items, and of the reasons for it the ones that last count most.
const SEVERITY: [u8; 6] = [0, 4, 9, 8, 7, 3];

/// The exit code of several transfers: the worst one of theirs.
pub fn worst(codes: impl IntoIterator<Item = u8>) -> u8 {
    let place = |code: &u8| SEVERITY.iter().position(|known| known == code).unwrap_or(SEVERITY.len());
    codes.into_iter().max_by_key(place).unwrap_or(0)
}

/// Nothing could be seen, and why.
pub fn from_fault(fault: &Fault) -> CliError {
    let code = match fault.kind {
        FaultKind::Denied | FaultKind::NoCredentials | FaultKind::Expired => 7,
        FaultKind::NotFound => 8,
        _ => 9,
    };
    CliError { code, message: fault.message.clone() }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_several_counts() {
        for (codes, code) in
            [(&[][..], 0), (&[0, 4, 0], 4), (&[4, 9], 9), (&[9, 8, 7], 7), (&[3, 7, 4], 3), (&[3, 1], 1)]
        {
            assert_eq!(worst(codes.iter().copied()), code, "{codes:?}");
        }
    }
}
