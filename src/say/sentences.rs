//! What to say of an execution, in sentences, the most pressing first.

use jiff::SignedDuration;

use super::{
    text::{clause, sentence},
    units::{self, LocalTime},
    words::{self, advice, bottleneck, finding, waiting},
};
use crate::{
    aws::{
        applicability::Verify,
        fault::FaultKind,
        snapshot::{Mode, Snapshot, Status},
    },
    transfer::{
        judge::{
            advice::Agents,
            health::{Finding, HealthState, LAUNCHING_LONG, LAUNCHING_TOO_LONG},
            outcome::Outcome,
        },
        past::{phases::Age, pipeline::Step},
        present::progress::{self, Ending},
        readout::Readout,
        severity::Severity,
    },
};

/// A sentence, and what kind of sentence it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// How serious it is.
    pub severity: Severity,
    /// The sentence. It may carry the service's own words, verbatim.
    pub text: String,
    /// Whether it says what to check or do.
    pub is_advice: bool,
    /// Whether it only says how many failed in which step.
    pub is_failures: bool,
}

impl Sentence {
    /// A statement.
    pub fn new(severity: Severity, text: impl Into<String>) -> Self {
        Self { severity, text: text.into(), is_advice: false, is_failures: false }
    }
}

fn say(severity: Severity, text: impl Into<String>) -> Sentence {
    Sentence::new(severity, text)
}

/// Everything there is to say, advice among it.
pub fn sentences(readout: &Readout, time: &LocalTime) -> Vec<Sentence> {
    let mut said = Vec::new();
    said.extend(outage(readout, time));
    let Some(snapshot) = readout.snapshot else {
        if said.is_empty() {
            let task_only = readout.arn().execution.is_none();
            let words =
                if task_only { "Looking for the task's newest execution." } else { "Polling for the first time." };
            let awaited = waiting::awaited(readout, time).map(|awaited| sentence(&awaited));
            said.push(say(Severity::Info, awaited.unwrap_or_else(|| words.into())));
        }
        return said;
    };
    said.extend(trouble(readout, time));
    said.extend(some_failed(readout));
    let (state, advice_first) = status(readout, snapshot, time);
    let mut advice = advice::sentences(readout).into_iter().map(advised);
    if advice_first {
        said.extend(advice.by_ref());
    }
    said.extend(state);
    if let Some(folders) = readout.unlisted_folders().filter(|_| readout.is_over()) {
        said.push(say(Severity::Warning, finding::sentence(&Finding::Unlisted { folders })));
    }
    said.extend(advice);
    said.extend(ended_with(readout, snapshot));
    let why = readout.bottleneck.as_ref().map(|bottleneck| bottleneck::sentence(bottleneck, time));
    said.extend(why.map(|why| say(Severity::Info, why)));
    said.extend(task_report(snapshot));
    said
}

fn advised(text: String) -> Sentence {
    Sentence { is_advice: true, ..say(Severity::Info, text) }
}

/// Why we do not see it, where we do not.
fn outage(readout: &Readout, time: &LocalTime) -> Option<Sentence> {
    let outage = readout.outage()?;
    let polling = match readout.next() {
        Some(next) => format!("Polling every {}.", units::interval(next)),
        None => "Polling stopped.".into(),
    };
    let seen = readout.responded_at();
    let seen = seen.map(|at| format!(" Last response at {}, {} ago.", time.moment(at), time.since(at)));
    let seen = seen.unwrap_or_default();
    if outage.fault.kind == FaultKind::Throttled {
        return Some(say(Severity::Info, format!("Throttled by AWS.{seen} {polling}")));
    }
    // what nobody sees may be fine
    let (badge, unseen) = match readout.health.state {
        HealthState::Blind if !seen.is_empty() => ("BLIND: ", " That says nothing about the transfer."),
        _ => ("", ""),
    };
    let message = if badge.is_empty() { sentence(&outage.fault.message) } else { clause(&outage.fault.message) + "." };
    let since = if outage.times > 1 { format!(" Since {}.", time.moment(outage.since)) } else { String::new() };
    Some(say(Severity::Warning, format!("{badge}{message}{since}{seen}{unseen} {polling}")))
}

/// What health found of an execution that runs and is seen.
fn trouble(readout: &Readout, time: &LocalTime) -> Vec<Sentence> {
    let health = &readout.health;
    let Some(found) = words::pressing(health) else { return Vec::new() };
    let last_change = match found {
        Finding::Stalled { last_change, .. }
        | Finding::StepStalled { last_change, .. }
        | Finding::Idle { last_change, .. }
        | Finding::Quiet { last_change, .. } => last_change.map(|at| format!(" Last change at {}.", time.moment(at))),
        Finding::Failing { since, .. } => since.map(|at| format!(" First failure seen at {}.", time.moment(at))),
        _ => None,
    };
    let text = clause(&finding::sentence(found));
    let badge = words::health(health).to_uppercase();
    let mut said = vec![say(health.severity, format!("{badge}: {text}.{}", last_change.unwrap_or_default()))];
    if health.state == HealthState::Quiet && matches!(found, Finding::Unlisted { .. }) {
        let unchanged = units::duration(readout.counters_unchanged_for());
        said.push(say(Severity::Info, format!("QUIET: No counter has changed for {unchanged}.")));
    }
    said
}

/// `1,885 items failed so far (0.06%)`, where it runs and too few failed to be called failing; `None` otherwise.
pub fn failed_so_far(readout: &Readout) -> Option<String> {
    let (failed, share) = readout.some_failed()?;
    Some(format!("{} failed so far ({})", units::items(failed), units::fine_percent(share)))
}

/// Where fewer than one in ten thousand failed, their count is enough, and no sentence is made of it.
const WORTH_SAYING: f64 = 0.0001;

fn some_failed(readout: &Readout) -> Option<Sentence> {
    // where all that failed are folders that could not be listed, that is said
    let is_told = matches!(readout.health.finding, Some(Finding::Unlisted { .. }))
        && readout.unlisted_folders() == readout.failures;
    readout.some_failed().filter(|(_, share)| *share >= WORTH_SAYING && !is_told)?;
    let (so_far, steps) = (failed_so_far(readout)?, failed_steps(readout)?);
    Some(Sentence { is_failures: true, ..say(Severity::Info, format!("{so_far}: {steps}.")) })
}

/// What the status means, and whether advice goes before it.
fn status(readout: &Readout, snapshot: &Snapshot, time: &LocalTime) -> (Vec<Sentence>, bool) {
    let one = |sentence| (vec![sentence], false);
    match &readout.status {
        Some(Status::Queued) => one(queued(readout, snapshot, time)),
        Some(Status::Launching) => one(launching(readout)),
        Some(Status::Preparing) => one(preparing(readout, snapshot)),
        Some(Status::Transferring) => (transferring(readout, snapshot).into_iter().collect(), true),
        Some(Status::Verifying) => (vec![verifying(readout, snapshot)], true),
        Some(Status::Cancelling) => one(cancelling(snapshot)),
        Some(Status::Success) => (success(readout, snapshot), false),
        Some(Status::Error) => (error(readout, snapshot), false),
        Some(Status::Other(word)) => one(unknown(word, readout)),
        None => one(say(Severity::Warning, "The response has no status.")),
    }
}

fn queued(readout: &Readout, snapshot: &Snapshot, time: &LocalTime) -> Sentence {
    let since = snapshot.start_time.map(|start| format!(" since {} ({})", time.moment(start.0), time.since(start.0)));
    let why = match readout.agents {
        Agents::None => "an earlier run of this task is still running",
        _ => "an earlier run of this task, or another execution that uses the same agent, is still running",
    };
    say(Severity::Info, format!("Queued{}: {why}.", since.unwrap_or_default()))
}

/// ` for 2h 3m`, ` for at least 6s`; nothing where it is not known.
fn for_so_long(age: Option<Age>) -> String {
    age.map(|age| format!(" for {}", words::age_in_words(age))).unwrap_or_default()
}

fn launching(readout: &Readout) -> Sentence {
    let lasts = readout.phase_age.map(Age::span).unwrap_or_default();
    let (severity, words) = if lasts < LAUNCHING_LONG {
        (Severity::Info, ". This can take a few minutes.")
    } else if lasts < LAUNCHING_TOO_LONG {
        (Severity::Info, ", longer than usual.")
    } else {
        (Severity::Warning, ", far longer than usual, and it blocks whatever is queued behind it.")
    };
    say(severity, format!("Launching{}{words}", for_so_long(readout.phase_age)))
}

fn unknown(word: &str, readout: &Readout) -> Sentence {
    say(Severity::Info, format!("{word}{}: unknown status; still running.", for_so_long(readout.phase_age)))
}

fn preparing(readout: &Readout, snapshot: &Snapshot) -> Sentence {
    if readout.applicability().mode != Mode::Basic {
        return say(Severity::Info, "Listing and comparing.");
    }
    let found = match (readout.files.total, snapshot.estimated_bytes_to_transfer) {
        (Some(files), Some(bytes)) => {
            format!("; {} files and {} to transfer so far", units::count(files), units::bytes(bytes.0))
        }
        _ => String::new(),
    };
    let lasts = for_so_long(readout.phase_age);
    let words = "the service reports no progress while it compares";
    say(Severity::Info, format!("Comparing source and destination{lasts}; {words}{found}."))
}

/// How long it takes at most, as a rule, until the first bytes show.
const FIRST_BYTES: SignedDuration = SignedDuration::from_mins(1);

fn transferring(readout: &Readout, snapshot: &Snapshot) -> Option<Sentence> {
    let written = snapshot.bytes_written?.0;
    if written != 0 || readout.files.done.is_some_and(|files| files > 0) {
        return None;
    }
    Some(match readout.phase_age {
        Some(age) if age.span() >= FIRST_BYTES => {
            say(Severity::Info, format!("No bytes written yet, {} into the transfer.", words::age_in_words(age)))
        }
        _ => say(Severity::Info, "Waiting for the first bytes; they can take up to a minute to show."),
    })
}

fn verifying(readout: &Readout, snapshot: &Snapshot) -> Sentence {
    let words = match readout.applicability().verify {
        Verify::PointInTimeConsistent => {
            let so_far = snapshot.files_verified.filter(|count| count.0 > 0);
            let so_far = so_far.map(|count| format!(": {} items so far", units::count(count.0)));
            let lasts = for_so_long(readout.phase_age);
            let so_far = so_far.unwrap_or_default();
            format!("Full verification of source and destination{lasts}{so_far}; the total is not reported.")
        }
        Verify::OnlyFilesTransferred => {
            let verified = progress::verified(snapshot, readout.applicability());
            let so_far = verified.done.zip(verified.total).filter(|(done, _)| *done > 0);
            let so_far = so_far.map(|(done, of)| format!(": {} of {} items", units::count(done), units::count(of)));
            format!("Verifying what was transferred{}.", so_far.unwrap_or_default())
        }
        _ => "Verifying.".into(),
    };
    say(Severity::Info, words)
}

fn cancelling(snapshot: &Snapshot) -> Sentence {
    let written = snapshot.bytes_written.map(|bytes| format!(" {} written so far.", units::bytes(bytes.0)));
    let words = "The destination may be incomplete; the next run repairs it.";
    say(Severity::Warning, format!("Cancelling.{} {words}", written.unwrap_or_default()))
}

fn success(readout: &Readout, snapshot: &Snapshot) -> Vec<Sentence> {
    let elapsed = readout.elapsed.map(|elapsed| format!(" in {}", units::span(elapsed))).unwrap_or_default();
    match readout.ending() {
        Some(Ending::Nothing) => vec![say(
            Severity::Ok,
            format!("Nothing to transfer: source and destination already match. Finished{elapsed}."),
        )],
        Some(Ending::Whole) | None => Vec::new(),
        Some(Ending::Short(short)) => vec![fewer_files(readout, short)],
        Some(ending) => {
            let steps = failed_steps(readout).filter(|_| matches!(ending, Ending::Failures(_)));
            let steps = steps.map(|steps| format!(" ({steps})")).unwrap_or_default();
            let what = clause(&finding::incomplete(ending));
            let severity = readout.health.severity;
            let word = match readout.health.state {
                HealthState::FinishedWithFailures => "SUCCESS, but incomplete".to_owned(),
                _ => words::health_badge(&readout.health),
            };
            let mut said = vec![say(severity, format!("{word}: {what}{steps}."))];
            said.extend(snapshot.error().map(|error| say(severity, error)));
            said
        }
    }
}

/// The counts of files need not be exact: fewer than estimated are no failure where nothing else tells of one.
fn fewer_files(readout: &Readout, short: i64) -> Sentence {
    let were = if short == 1 { "file fewer than estimated was" } else { "files fewer than estimated were" };
    let bytes = if readout.bytes.done.is_some() { "all bytes are written and " } else { "" };
    let text = format!("{} {were} transferred; {bytes}no failure is counted.", units::count(short));
    say(Severity::Info, text)
}

/// Whether it went on to the end, and how it ended is said with the share of the bytes.
fn is_share_said(readout: &Readout, snapshot: &Snapshot) -> bool {
    match readout.outcome {
        Some(Outcome::Partial | Outcome::VerifyMismatch) => true,
        Some(Outcome::Failed) => snapshot.is_partial_success(),
        _ => false,
    }
}

/// How long it took and what it did, once it is over.
fn ended_with(readout: &Readout, snapshot: &Snapshot) -> Vec<Sentence> {
    match &readout.status {
        Some(Status::Success) if readout.ending() != Some(Ending::Nothing) => {
            let mut said = vec![finished(readout, snapshot)];
            said.extend(not_verified(readout, snapshot));
            said
        }
        Some(Status::Error) => {
            let mut said: Vec<Sentence> = failed_steps(readout)
                .map(|steps| Sentence { is_failures: true, ..say(Severity::Warning, format!("Failed: {steps}.")) })
                .into_iter()
                .collect();
            let facts = achieved(readout, snapshot);
            if !facts.is_empty() {
                let share = readout.bytes.fraction().filter(|_| !is_share_said(readout, snapshot));
                let share = share.map(|share| format!(", {} of the bytes", units::percent(share)));
                let until = match readout.outcome {
                    Some(Outcome::Failed) if !snapshot.is_partial_success() => " before it failed",
                    Some(Outcome::Cancelled) => " before it was cancelled",
                    _ => "",
                };
                let facts = facts.join(", ");
                said.push(say(Severity::Info, format!("Transferred{until}: {facts}{}.", share.unwrap_or_default())));
            }
            said.extend(not_verified(readout, snapshot));
            said
        }
        _ => Vec::new(),
    }
}

/// How many of the transferred items were not verified, where what was transferred is verified.
fn not_verified(readout: &Readout, snapshot: &Snapshot) -> Option<Sentence> {
    let gauge = progress::verified(snapshot, readout.applicability());
    let (verified, transferred) = gauge.done.zip(gauge.total)?;
    // those that failed there are told of as failures
    let failed = readout.failed_steps().find(|(step, _)| *step == Step::Verified).map_or(0, |(_, failed)| failed);
    let missing = transferred.saturating_sub(verified).saturating_sub(failed);
    // in Basic mode folders are among what is transferred, and some of them are not verified
    let items = if readout.applicability().mode == Mode::Basic { "files and folders" } else { "files" };
    let of = format!("{} of the {} transferred {items}", units::count(missing), units::count(transferred));
    (missing > 0).then(|| say(Severity::Info, format!("Not verified: {of}.")))
}

fn finished(readout: &Readout, snapshot: &Snapshot) -> Sentence {
    let elapsed = readout.elapsed.map(|elapsed| format!(" in {}", units::span(elapsed))).unwrap_or_default();
    let mut facts = achieved(readout, snapshot);
    facts.extend(readout.average.map(|rate| format!("average {}", units::byte_rate(rate))));
    let facts = if facts.is_empty() { String::new() } else { format!(": {}", facts.join(", ")) };
    let saved = progress::compression_saves(snapshot, readout.applicability());
    let saved = saved.map(|saved| format!(" Compression saved {} on the network.", units::whole_percent(saved)));
    let severity = if readout.outcome == Some(Outcome::Success) { Severity::Ok } else { Severity::Info };
    say(severity, format!("Finished{elapsed}{facts}.{}", saved.unwrap_or_default()))
}

/// Files, folders and bytes by now.
fn achieved(readout: &Readout, snapshot: &Snapshot) -> Vec<String> {
    let mut facts = Vec::new();
    if let Some(files) = readout.files.done {
        let items = if readout.applicability().mode == Mode::Basic { "files and folders" } else { "files" };
        facts.push(format!("{} {items}", units::count(files)));
    }
    facts.extend(snapshot.folders_transferred.map(|folders| format!("{} folders", units::count(folders.0))));
    facts.extend(snapshot.bytes_written.map(|bytes| units::bytes(bytes.0)));
    if readout.applicability().deletes {
        facts.extend(snapshot.files_deleted.map(|deleted| format!("{} deleted", units::count(deleted.0))));
    }
    facts
}

/// `12 to transfer, 41 to verify`; `None` where nothing failed.
pub fn failed_steps(readout: &Readout) -> Option<String> {
    let steps: Vec<String> = readout
        .failed_steps()
        .map(|(step, failed)| format!("{} to {}", units::count(failed), words::step_verb(step)))
        .collect();
    (!steps.is_empty()).then(|| steps.join(", "))
}

fn error(readout: &Readout, snapshot: &Snapshot) -> Vec<Sentence> {
    let after = readout.elapsed.map(|elapsed| format!(" after {}", units::span(elapsed))).unwrap_or_default();
    let share = readout.bytes.fraction().map(|share| format!(", {} of bytes written", units::percent(share)));
    let share = share.unwrap_or_default();
    let (severity, words) = match readout.outcome {
        Some(Outcome::Partial) => (readout.health.severity, format!("PARTIAL{after}: it ended with ERROR{share}.")),
        Some(Outcome::VerifyMismatch) => {
            (readout.health.severity, format!("VERIFY MISMATCH{after}: it ended with ERROR{share}."))
        }
        Some(Outcome::Cancelled) => (Severity::Critical, format!("CANCELLED{after}: it ended with ERROR.")),
        _ if snapshot.is_partial_success() => {
            (Severity::Critical, format!("FAILED{after}: it ended with ERROR{share}."))
        }
        _ => {
            let phase = failing_phase(readout, snapshot).map(|phase| format!(" while {phase}")).unwrap_or_default();
            (Severity::Critical, format!("FAILED{phase}{after}."))
        }
    };
    let mut said = vec![say(severity, words)];
    match snapshot.error() {
        // its words begin with what it completed
        Some(error) if snapshot.is_partial_success() => {
            said.push(say(severity, format!("The service says: {error}")));
        }
        Some(error) => said.push(say(severity, error)),
        // whoever cancelled it knows why
        None if readout.outcome == Some(Outcome::Cancelled) => {}
        None => said.push(say(Severity::Info, "The service gives no reason.")),
    }
    said
}

/// Which phase failed: the one whose status in `Result` says so, else the last one that we saw.
fn failing_phase(readout: &Readout, snapshot: &Snapshot) -> Option<String> {
    if snapshot.is_partial_success() {
        // it went through all of them
        return None;
    }
    let reported = snapshot.result.as_ref().and_then(|result| result.failed_phases().next());
    let phase = reported.or_else(|| readout.previous_status().cloned())?;
    Some(phase.as_str().to_lowercase())
}

fn task_report(snapshot: &Snapshot) -> Option<Sentence> {
    let result = snapshot.report_result.as_ref().filter(|result| result.status.as_deref() == Some("ERROR"))?;
    let why: Vec<&str> = [&result.error_code, &result.error_detail].into_iter().flatten().map(|text| &**text).collect();
    Some(say(Severity::Warning, format!("The task report is incomplete: {}.", why.join(": ").trim_end_matches('.'))))
}
