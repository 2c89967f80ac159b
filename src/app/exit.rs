//! How the program ends: why, and with which exit code.

use crate::aws::fault::Fault;

/// Why an app ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Someone pressed the key that quits.
    Quit,
    /// A signal, Ctrl-C or a timeout.
    Stopped(Exit),
    /// No execution could be seen, and polling again can't help.
    Unseen(Fault),
}

/// The program's exit codes. `--help` and the README print their meanings from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[allow(missing_docs, reason = "each has its meaning in `meaning`")]
pub enum Exit {
    Success = 0,
    Internal = 1,
    Usage = 2,
    Failed = 3,
    Incomplete = 4,
    Stalled = 6,
    Denied = 7,
    NotFound = 8,
    Unreachable = 9,
    TimedOut = 124,
    HungUp = 129,
    Interrupted = 130,
    ReaderGone = 141,
    Terminated = 143,
}

impl Exit {
    /// All of them, in ascending order.
    pub const ALL: [Self; 14] = [
        Self::Success,
        Self::Internal,
        Self::Usage,
        Self::Failed,
        Self::Incomplete,
        Self::Stalled,
        Self::Denied,
        Self::NotFound,
        Self::Unreachable,
        Self::TimedOut,
        Self::HungUp,
        Self::Interrupted,
        Self::ReaderGone,
        Self::Terminated,
    ];

    /// From the worst to the best. An ERROR is the worst there is to know. A transfer that could not be seen may
    /// be one, so it counts for more than a few failed items, and of the reasons for it the most lasting first.
    const BY_SEVERITY: [Self; 8] = [
        Self::Failed,
        Self::Denied,
        Self::NotFound,
        Self::Unreachable,
        Self::Incomplete,
        Self::Stalled,
        Self::TimedOut,
        Self::Success,
    ];

    /// The number that the process ends with.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// What it tells a script, in a few words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Success => "success, or still running",
            Self::Internal => "internal error",
            Self::Usage => "usage error, or a file that can't be read",
            Self::Failed => "the execution ended in ERROR",
            Self::Incomplete => {
                "it ended in SUCCESS, but with failed items (over --max-failed), missing bytes or an error"
            }
            Self::Stalled => "stalled for longer than wait --fail-on-stall allows",
            Self::Denied => "no valid credentials, or permission denied",
            Self::NotFound => "execution or task not found",
            Self::Unreachable => "DataSync could not be reached",
            Self::TimedOut => "still running after wait --timeout",
            Self::HungUp => "SIGHUP",
            Self::Interrupted => "SIGINT or Ctrl-C",
            Self::ReaderGone => "the reader of standard output went away",
            Self::Terminated => "SIGTERM",
        }
    }

    /// The worst of several transfers' codes; `Success` of none.
    pub fn worst(codes: impl IntoIterator<Item = Self>) -> Self {
        let place = |code: &Self| Self::BY_SEVERITY.iter().position(|known| known == code);
        codes.into_iter().min_by_key(place).unwrap_or(Self::Success)
    }

    /// The order in which [`Exit::worst`] chooses among these, as in "3, 7, 0".
    pub fn order(among: &[Self]) -> String {
        let codes = Self::BY_SEVERITY.iter().filter(|exit| among.contains(exit)).map(|exit| exit.code().to_string());
        codes.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_several_counts() {
        use Exit::*;
        for (codes, worst) in [
            (&[][..], Success),
            (&[Success, Incomplete, Success], Incomplete),
            (&[Incomplete, Unreachable], Unreachable),
            (&[Unreachable, NotFound, Denied], Denied),
            (&[Failed, Denied, Incomplete], Failed),
            (&[Stalled, Success], Stalled),
            (&[TimedOut, Success, Stalled], Stalled),
            (&[TimedOut, Success], TimedOut),
            (&[TimedOut, Incomplete], Incomplete),
            (&[Failed, Internal], Internal),
        ] {
            assert_eq!(Exit::worst(codes.iter().copied()), worst, "{codes:?}");
        }
    }

    #[test]
    fn all_are_listed_once_and_in_order() {
        let codes = Exit::ALL.map(Exit::code);
        assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
        assert!(Exit::BY_SEVERITY.iter().all(|exit| Exit::ALL.contains(exit)));
        assert_eq!(Exit::order(&[Exit::Success, Exit::Denied, Exit::Failed]), "3, 7, 0");
    }
}
