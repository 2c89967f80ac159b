//! Why the program could not run, and which exit code a transfer's end is.

use std::io;

use crate::{
    app::exit::Exit,
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
#[derive(Debug)]
pub struct CliError {
    /// What the process ends with.
    pub exit: Exit,
    /// A sentence for standard error; empty where there is nothing to say.
    pub message: String,
}

impl CliError {
    /// The command line was wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into() }
    }
}

impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // nobody reads on, so there is nobody to tell
            io::ErrorKind::BrokenPipe => Self { exit: Exit::ReaderGone, message: String::new() },
            _ => Self { exit: Exit::Internal, message: reason(&error) },
        }
    }
}

/// The exit code of an execution: how it ended, or success while it runs. Up to `max_failed` failed items are
/// success too.
pub fn how_it_went(execution: &Execution, max_failed: i64) -> Exit {
    let Some(snapshot) = execution.snapshot() else { return Exit::Success };
    if snapshot.status() == Some(Status::Error) {
        return Exit::Failed;
    }
    match progress::ending(snapshot, execution.past().applicability()) {
        Some(Ending::Failures(items) | Ending::SkippedOfAll(items)) if items > max_failed => Exit::Incomplete,
        Some(Ending::BytesShort(_) | Ending::Error) => Exit::Incomplete,
        _ => Exit::Success,
    }
}

/// Nothing could be seen, and why.
pub fn from_fault(fault: &Fault) -> CliError {
    let exit = match fault.kind {
        FaultKind::Denied | FaultKind::NoCredentials | FaultKind::Expired => Exit::Denied,
        FaultKind::NotFound => Exit::NotFound,
        _ => Exit::Unreachable,
    };
    CliError { exit, message: fault.message.clone() }
}

/// The exit codes that a command has, as a part of its help.
pub fn codes(of: &[Exit]) -> String {
    let lines = of.iter().map(|exit| format!("  {:>3}  {}\n", exit.code(), exit.meaning()));
    format!("Exit codes:\n{}", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_without_its_number() {
        assert_eq!(reason(&io::Error::from_raw_os_error(21)), "is a directory");
        assert_eq!(reason(&io::Error::other("no home directory")), "no home directory");
    }
}
