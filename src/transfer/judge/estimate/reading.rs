//! What goes into an estimate and what comes out of it.

use jiff::{SignedDuration, Timestamp};

/// How many changes of the counters an estimate needs.
pub const CHANGES: u64 = 3;

/// What one answer says, as far as an estimate needs it. Counters are as they were reported.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// When the answer came.
    pub at: Timestamp,
    /// How far the execution is.
    pub stage: Stage,
    /// Bytes written; `None` where it was not reported.
    pub bytes_done: Option<i64>,
    /// Bytes expected to be written; `None` where it was not reported.
    pub bytes_total: Option<i64>,
    /// Files transferred; `None` where it was not reported.
    pub files_done: Option<i64>,
    /// Files expected to be transferred; `None` where it was not reported.
    pub files_total: Option<i64>,
    /// Whether the totals still grow, as they do while an Enhanced execution lists.
    pub totals_grow: bool,
    /// The bandwidth limit in bytes a second; `None` without one. Not above 0 is none.
    pub limit: Option<i64>,
    /// For how long it has been transferring by the service's own times; `None` where they do not say.
    pub running_for: Option<SignedDuration>,
    /// The service's own clock in milliseconds, which moves when the counters do.
    pub clock: Option<i64>,
    /// How far apart the service's refreshes usually are; `None` before that was learned.
    pub step: Option<SignedDuration>,
    /// Whether we lost sight of the execution before this answer: what changed meanwhile did so nobody knows when.
    pub after_gap: bool,
}

/// What an earlier run of the same task did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EarlierRun {
    /// How long it transferred.
    pub took: SignedDuration,
    /// Bytes written.
    pub bytes: i64,
    /// Files transferred.
    pub files: i64,
}

/// How far an execution is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Queued, launching, or in a status that is not known.
    #[default]
    Before,
    /// Listing and comparing, before anything is written.
    Preparing,
    /// Writing.
    Transferring,
    /// Comparing what was written.
    Verifying,
    /// Being stopped.
    Cancelling,
    /// Ended.
    Over,
}

/// When the transfer will have ended. `earliest` ≤ `likely` ≤ `latest`, none before the moment asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// It ends before this in one case of ten.
    pub earliest: Timestamp,
    /// It ends before this in one case of two.
    pub likely: Timestamp,
    /// It ends before this in nine cases of ten.
    pub latest: Timestamp,
    /// The list still grows: how far is guessed from how it grew, and it may well grow further.
    pub is_lower_bound: bool,
    /// It is by the average over all of the time so far, since too little of it was watched.
    pub is_rough: bool,
    /// Which of the two takes longer.
    pub by: Bound,
}

/// What a transfer's end waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// The bytes that are left, at the usual bytes a second.
    Bytes,
    /// The files that are left, at the usual files a second.
    Files,
}

/// Why there is no estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// Nothing is written in this stage.
    NotTransferring(Stage),
    /// The counters changed this often, which is too little to know how fast they are.
    FewChanges(u64),
    /// Neither bytes nor files have a total.
    NoEstimate,
    /// All that was expected is done, and it goes on.
    PastTotal,
    /// Neither bytes nor files have moved for this long.
    Stalled(SignedDuration),
}

/// The moment so many seconds after another, at most as late as a moment can be.
pub fn later(at: Timestamp, seconds: f64) -> Timestamp {
    let milliseconds = (seconds.max(0.0) * 1e3) as i64;
    at.checked_add(SignedDuration::from_millis(milliseconds)).unwrap_or(Timestamp::MAX)
}
