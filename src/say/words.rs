//! One word for each thing that is judged: coded for JSON and metrics, short for a row.

pub mod advice;
pub mod bottleneck;
pub mod eta;
pub mod events;
pub mod finding;
pub mod rate;
pub mod waiting;

use crate::{
    aws::{applicability::NotApplicable, snapshot::Status},
    transfer::{
        judge::{
            bottleneck::Bottleneck,
            health::{Finding, Health, HealthState},
            outcome::Outcome,
        },
        past::{
            phases::{Age, PhaseState},
            pipeline::Step,
        },
        severity::Severity,
    },
};

use super::units;

/// The coded word of a health state.
pub fn health_code(state: HealthState) -> &'static str {
    match state {
        HealthState::Starting => "starting",
        HealthState::Waiting => "waiting",
        HealthState::Watching => "watching",
        HealthState::Healthy => "healthy",
        HealthState::Quiet => "quiet",
        HealthState::Slow => "slow",
        HealthState::Stalled => "stalled",
        HealthState::Failing => "failing",
        HealthState::Stale => "stale",
        HealthState::Blind => "blind",
        HealthState::Finished => "finished",
        HealthState::FinishedWithFailures => "finished_with_failures",
        HealthState::Failed => "failed",
        HealthState::Cancelling => "cancelling",
        HealthState::Cancelled => "cancelled",
    }
}

/// What is found of an execution that runs, where it is to be told at once.
pub fn pressing(health: &Health) -> Option<&Finding> {
    let is_said = |found: &&Finding| {
        health.state.is_trouble()
            || matches!(health.state, HealthState::Quiet | HealthState::Watching)
            || matches!(found, Finding::Unlisted { .. })
    };
    health.finding.as_ref().filter(is_said)
}

/// The short word of health: `stalled`, `incomplete`, `verify mismatch`.
pub fn health(health: &Health) -> &'static str {
    match (health.state, &health.finding) {
        (HealthState::FinishedWithFailures, _) => "incomplete",
        (HealthState::Failed, Some(Finding::EndedIn(outcome))) => self::outcome(*outcome),
        // what is left out is said before anything that only may be wrong
        (HealthState::Healthy | HealthState::Watching | HealthState::Quiet, _)
            if health.severity == Severity::Warning =>
        {
            "warning"
        }
        (state, _) => health_code(state),
    }
}

/// The name of an outcome: `partial`, `verify mismatch`.
pub fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::VerifyMismatch => "verify mismatch",
        other => outcome_code(other),
    }
}

/// The same as a badge: `STALLED`; with the age of what is shown where that is what matters: `STALE 8s`.
pub fn health_badge(health: &Health) -> String {
    let word = self::health(health).to_uppercase();
    match (health.state, &health.finding) {
        (HealthState::Stale, Some(Finding::Unseen { unseen_for: Some(span), .. })) => {
            format!("{word} {}", units::duration(*span))
        }
        (HealthState::Watching, Some(Finding::Watching { unchanged_for })) if unchanged_for.is_positive() => {
            format!("{word} {}", units::duration(*unchanged_for))
        }
        _ => word,
    }
}

/// The coded word of an outcome.
pub fn outcome_code(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "success",
        Outcome::Incomplete => "incomplete",
        Outcome::Partial => "partial",
        Outcome::VerifyMismatch => "verify_mismatch",
        Outcome::Failed => "failed",
        Outcome::Cancelled => "cancelled",
    }
}

/// The coded word of a severity.
pub fn severity_code(severity: Severity) -> &'static str {
    match severity {
        Severity::Ok => "ok",
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

/// The coded word of a bottleneck.
pub fn bottleneck_code(bottleneck: &Bottleneck) -> &'static str {
    match bottleneck {
        Bottleneck::BandwidthLimit { .. } => "bandwidth_limit",
        Bottleneck::ItemCount { .. } => "item_count",
        Bottleneck::Backlog { .. } => "backlog",
        Bottleneck::RateChanged { .. } => "rate_changed",
        Bottleneck::Compression(_) => "compression",
    }
}

/// The coded word for an age that is a bound; `None` where it is the age itself.
pub fn age_bound(age: Age) -> Option<&'static str> {
    match age {
        Age::Seen(_) | Age::Reported(_) => None,
        Age::AtLeast(_) => Some("at_least"),
        Age::AtMost(_) => Some("at_most"),
    }
}

/// The coded word of a phase's state.
pub fn phase_code(state: PhaseState) -> &'static str {
    match state {
        PhaseState::Unseen => "unseen",
        PhaseState::Done => "done",
        PhaseState::Failed => "failed",
        PhaseState::Current => "current",
        PhaseState::Ahead => "ahead",
    }
}

/// What happened to the items of a step: `Prepared`.
pub fn step(step: Step) -> &'static str {
    match step {
        Step::Listed => "Listed",
        Step::Prepared => "Prepared",
        Step::Transferred => "Transferred",
        Step::Verified => "Verified",
        Step::ListedForDelete => "At destination",
        Step::Deleted => "Deleted",
        Step::Skipped => "Skipped",
    }
}

/// What a step does, as the API names its failures: `prepare`. Where nothing can fail, what happened.
pub fn step_verb(step: Step) -> &'static str {
    match step {
        Step::Listed => "list",
        Step::Prepared => "prepare",
        Step::Transferred => "transfer",
        Step::Verified => "verify",
        Step::Deleted => "delete",
        Step::ListedForDelete => "listed at the destination",
        Step::Skipped => "skipped",
    }
}

/// What a step does while it runs: `transferring`.
pub fn step_running(step: Step) -> &'static str {
    match step {
        Step::Listed => "listing",
        Step::ListedForDelete => "listing the destination",
        Step::Prepared => "preparing",
        Step::Transferred => "transferring",
        Step::Verified => "verifying",
        Step::Deleted => "deleting",
        Step::Skipped => "skipping",
    }
}

/// A step as a subject: `Transfer`.
pub fn step_noun(step: Step) -> &'static str {
    match step {
        Step::Listed | Step::ListedForDelete => "Listing",
        Step::Prepared => "Preparing",
        Step::Transferred => "Transfer",
        Step::Verified => "Verification",
        Step::Deleted => "Deleting",
        Step::Skipped => "Skipping",
    }
}

/// A status in ordinary letters: `Transferring`.
pub fn status(status: &Status) -> String {
    match status {
        Status::Other(word) => word.clone(),
        known => {
            let word = known.as_str();
            let (first, rest) = word.split_at(1);
            format!("{first}{}", rest.to_lowercase())
        }
    }
}

/// How long, and whether that is all that is known: `2h 3m`, `≥ 6s`, `≤ 2h 3m`.
pub fn age(age: Age) -> String {
    match age {
        Age::Seen(span) => units::duration(span),
        Age::Reported(span) => units::span(span),
        Age::AtLeast(span) => format!("≥ {}", units::duration(span)),
        Age::AtMost(span) => format!("≤ {}", units::duration(span)),
    }
}

/// The same in a sentence: `2h 3m`, `at least 6s`, `up to 2h 3m`.
pub fn age_in_words(age: Age) -> String {
    match age {
        Age::Seen(span) => units::duration(span),
        Age::Reported(span) => units::span(span),
        Age::AtLeast(span) => format!("at least {}", units::duration(span)),
        Age::AtMost(span) => format!("up to {}", units::duration(span)),
    }
}

/// Why a metric means nothing, to go behind its name.
pub fn not_applicable(why: NotApplicable) -> &'static str {
    match why {
        NotApplicable::PhasesRunInParallel => "not reported in Enhanced mode, where phases run in parallel",
        NotApplicable::NoCompression => "not supported in Enhanced mode",
        NotApplicable::LimitIgnored => "the API reference says that it does not apply to Enhanced mode",
        NotApplicable::NotInBasic => "not reported in Basic mode",
        NotApplicable::FailuresNotInBasic => "not reported in Basic mode; failures are in the task's log",
        NotApplicable::FoldersAmongFiles => "counted among the files in Basic mode",
        NotApplicable::NothingCompared => "nothing is compared when everything is transferred",
        NotApplicable::VerificationOff => "verification is off",
        NotApplicable::NoDenominator => "full verification: the total is not reported",
        NotApplicable::NothingDeleted => "files deleted at the source are kept",
    }
}
