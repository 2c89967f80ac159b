//! What happened, in a few words.

use super::finding;
use crate::say::{text::clause, units, words};
use crate::{
    aws::snapshot::Status,
    transfer::{
        events::Kind,
        judge::{health::HealthState, outcome::Outcome},
    },
};

/// The words of an event.
pub fn words(kind: &Kind) -> String {
    match kind {
        Kind::PollFailed(fault) => format!("poll failed: {}", clause(&fault.message)),
        Kind::PollRecovered(after) => format!("polling recovered after {}", units::duration(*after)),
        Kind::WatchResumed(after) => format!("watching again after {}", units::duration(*after)),
        Kind::FirstPoll(status) => format!("first poll: {status}"),
        Kind::Status { from, to, lasted } => {
            let before = lasted.map(|lasted| format!(" ({} {})", lowercase(from), units::duration(lasted)));
            format!("{}{}", lowercase(to), before.unwrap_or_default())
        }
        Kind::Ended(outcome) => ended(*outcome).into(),
        Kind::FirstBytes => "first bytes written".into(),
        Kind::FirstFailures { step, count: 1 } => format!("{}: first failure", words::step_verb(*step)),
        Kind::FirstFailures { step, count } => {
            format!("{}: first failures ({})", words::step_verb(*step), units::count(*count))
        }
        Kind::FailuresReached(count) => format!("{} items failed by now", units::count(*count)),
        Kind::Passed(percent) => format!("{percent}% of bytes written"),
        Kind::LimitChanged(None) => "bandwidth limit removed".into(),
        Kind::LimitChanged(Some(limit)) => format!("bandwidth limit set to {}", units::byte_rate(*limit as f64)),
        Kind::EstimateChanged { from, to } => {
            format!("estimate changed from {} to {}", units::bytes(*from), units::bytes(*to))
        }
        Kind::ListingFinished { files, bytes } => {
            let totals = [files.map(|files| format!("{} files", units::count(files))), bytes.map(units::bytes)];
            let totals: Vec<String> = totals.into_iter().flatten().collect();
            format!("listing finished: {} to transfer", totals.join(", "))
        }
        Kind::RateChanged { from, to } => {
            format!("rate changed from {} to {}", units::byte_rate(*from), units::byte_rate(*to))
        }
        Kind::Trouble(state, found) => format!("{}: {}", words::health_code(*state), clause(&finding::sentence(found))),
        Kind::Recovered(HealthState::Stalled) => "moving again".into(),
        Kind::Recovered(HealthState::Slow) => "back to normal speed".into(),
        Kind::Recovered(state) => format!("no longer {}", words::health_code(*state)),
        Kind::LinesUnreadable(1) => "1 line of the recording cannot be read".into(),
        Kind::LinesUnreadable(lines) => {
            format!("{} lines of the recording cannot be read", units::count(i64::try_from(*lines).unwrap_or(i64::MAX)))
        }
    }
}

fn ended(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "ended with SUCCESS",
        Outcome::Incomplete => "ended with SUCCESS, but incomplete",
        Outcome::Partial => "ended with ERROR: partial",
        Outcome::VerifyMismatch => "ended with ERROR: verify mismatch",
        Outcome::Failed => "ended with ERROR",
        Outcome::Cancelled => "ended: cancelled",
    }
}

fn lowercase(status: &Status) -> String {
    status.as_str().to_lowercase()
}
