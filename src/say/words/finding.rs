//! What health rests on, in a sentence.

use jiff::SignedDuration;

use crate::say::{text, units, words};
use crate::transfer::{
    judge::{
        health::{FailingStep, Finding},
        outcome::Outcome,
    },
    past::pipeline::Step,
    present::progress::Ending,
};

/// The sentence of a finding.
pub fn sentence(finding: &Finding) -> String {
    match finding {
        Finding::Unseen { unseen_for: Some(span), fault } => {
            format!("No response for {}: {}.", units::duration(*span), fault.message.trim_end_matches('.'))
        }
        Finding::Unseen { unseen_for: None, fault } => {
            format!("No response so far: {}.", fault.message.trim_end_matches('.'))
        }
        Finding::Watching { unchanged_for } if unchanged_for.is_zero() => "No change yet.".into(),
        Finding::Watching { unchanged_for } => format!("No change yet in {}.", units::duration(*unchanged_for)),
        Finding::Stalled { unchanged_for, behind: Some(behind), .. } => {
            let (behind, watched) = (units::duration(*behind), units::duration(*unchanged_for));
            format!("TotalDuration is {behind} behind the time since launch, and no counter has changed for {watched}.")
        }
        Finding::Stalled { unchanged_for, usual_step: None, last_change: None, .. }
        | Finding::Quiet { unchanged_for, last_change: None } => {
            format!("No counter has changed since the watch began, {} ago.", units::duration(*unchanged_for))
        }
        Finding::Stalled { unchanged_for, usual_step, .. } => {
            let usual = usual_step.map(|step| format!("; they usually change every {}", units::duration(step)));
            format!("No counter has changed for {}{}.", units::duration(*unchanged_for), usual.unwrap_or_default())
        }
        Finding::StepStalled { step: Step::Listed, unchanged_for, .. } => {
            let span = units::duration(*unchanged_for);
            format!("Listing: nothing more was listed for {span}, and all that was listed is transferred.")
        }
        Finding::StepStalled { step, unchanged_for, usual_step, moving, .. } => {
            step_stalled(*step, *unchanged_for, *usual_step, moving)
        }
        Finding::Idle { unchanged_for, .. } => {
            let span = units::duration(*unchanged_for);
            format!("Elapsed time advances, but nothing was listed, written or verified for {span}.")
        }
        Finding::Quiet { unchanged_for, .. } => {
            format!("No counter has changed for {}.", units::duration(*unchanged_for))
        }
        Finding::Slow { rate, window, median, .. } => {
            let window = units::duration(SignedDuration::from_secs(*window as i64));
            let (rate, median) = (units::byte_rate(*rate), units::byte_rate(*median));
            format!("{rate} over the last {window}; the median of this run is {median}.")
        }
        Finding::StepSlow { step, rate, median } => {
            let (noun, rate, median) = (words::step_noun(*step), units::item_rate(*rate), units::item_rate(*median));
            format!("{noun}: {rate} over the last 10m, and its work grows; its median is {median}.")
        }
        Finding::Unlisted { folders: 1 } => "1 folder could not be listed: whatever is in it is left out.".into(),
        Finding::Unlisted { folders } => {
            format!("{} folders could not be listed: whatever is in them is left out.", units::count(*folders))
        }
        Finding::Failing { steps, by_the_end, .. } => failing(steps, *by_the_end),
        Finding::Launching(age) => format!("Launching for {}.", words::age_in_words(*age)),
        Finding::Incomplete(ending) => incomplete(*ending),
        Finding::EndedIn(Outcome::VerifyMismatch) => "Verification found mismatches.".into(),
        Finding::EndedIn(Outcome::Partial) => "Nearly all was transferred, and some files were not.".into(),
        Finding::EndedIn(outcome) => text::sentence(words::outcome(*outcome)),
    }
}

fn step_stalled(step: Step, stopped: SignedDuration, usual: Option<SignedDuration>, moving: &[Step]) -> String {
    let (noun, done) = (words::step_noun(step), words::step(step).to_lowercase());
    let usual = usual.map(|step| format!("; it usually moves every {}", units::duration(step))).unwrap_or_default();
    let moving: Vec<&str> = moving.iter().map(|step| words::step_running(*step)).collect();
    let verb = if moving.len() > 1 { "go" } else { "goes" };
    let moving = match moving.split_last() {
        Some((last, [])) => format!("; {last} {verb} on"),
        Some((last, others)) => format!("; {} and {last} {verb} on", others.join(", ")),
        None => String::new(),
    };
    format!("{noun}: nothing was {done} for {}{usual}{moving}.", units::duration(stopped))
}

fn failing(steps: &[FailingStep], by_the_end: Option<i64>) -> String {
    let Some((worst, others)) = steps.split_first() else { return "Items fail.".into() };
    let (items, verb, share) = (failed_items(worst), words::step_verb(worst.step), units::percent(worst.share));
    let by_the_end = by_the_end.map(|all| format!("; about {} by the end at this rate", units::short_count(all)));
    let by_the_end = by_the_end.unwrap_or_default();
    let others: Vec<String> = others
        .iter()
        .map(|step| {
            let folders = if step.is_folders { " folders" } else { "" };
            let (failed, verb) = (units::short_count(step.failed) + folders, words::step_verb(step.step));
            format!("{failed} to {verb} ({})", units::percent(step.share))
        })
        .collect();
    let others = if others.is_empty() { String::new() } else { format!("; also {}", others.join(", ")) };
    let left_out = if worst.is_folders { "; whatever is in them is left out" } else { "" };
    format!("{items} failed to {verb}, {share} of those attempted{left_out}{by_the_end}{others}.")
}

/// `12 items`, `1 folder`.
fn failed_items(step: &FailingStep) -> String {
    match (step.is_folders, step.failed) {
        (true, 1) => "1 folder".into(),
        (true, failed) => format!("{} folders", units::count(failed)),
        (false, failed) => units::items(failed),
    }
}

/// What is missing from a SUCCESS.
pub fn incomplete(ending: Ending) -> String {
    let were = |count: i64| if count == 1 { "was" } else { "were" };
    match ending {
        Ending::Whole | Ending::Nothing => "Nothing is missing.".into(),
        Ending::Failures(failed) => format!("{} failed.", units::items(failed)),
        Ending::Short(short) => {
            format!("{} fewer than estimated {} transferred.", units::items(short), were(short))
        }
        Ending::Error => "The service reports an error.".into(),
        Ending::BytesShort(short) => format!("{} less than expected written.", units::bytes(short)),
        Ending::SkippedOfAll(skipped) => {
            let items = units::items(skipped);
            format!("{items} {} skipped, although TransferMode is ALL.", were(skipped))
        }
    }
}

/// How many items failed, where that is what a row's cell says of it.
pub fn failed(finding: &Finding) -> Option<i64> {
    match finding {
        Finding::Incomplete(Ending::Failures(failed)) => Some(*failed),
        Finding::Failing { steps, .. } => steps.first().filter(|worst| !worst.is_folders).map(|worst| worst.failed),
        _ => None,
    }
}

fn not_listed(folders: i64) -> String {
    let noun = if folders == 1 { "folder" } else { "folders" };
    format!("{} {noun} not listed", units::short_count(folders))
}

/// For a row's cell: `no change 7m`, `12,000 failed`; `None` where the word says it all.
pub fn short(finding: &Finding) -> Option<String> {
    Some(match finding {
        Finding::Unseen { unseen_for: Some(span), .. } => format!("not seen {}", units::duration(*span)),
        Finding::Unseen { unseen_for: None, fault } => text::clause(&fault.message),
        Finding::Watching { .. } => "no change yet".into(),
        Finding::StepStalled { step, unchanged_for, .. } => {
            format!("{} {}", words::step_running(*step), units::duration(*unchanged_for))
        }
        Finding::Stalled { unchanged_for, .. }
        | Finding::Idle { unchanged_for, .. }
        | Finding::Quiet { unchanged_for, .. } => format!("no change {}", units::duration(*unchanged_for)),
        Finding::Slow { rate, .. } => units::byte_rate(*rate),
        Finding::StepSlow { step, rate, .. } => {
            format!("{} {}", words::step_running(*step), units::item_rate(*rate))
        }
        Finding::Unlisted { folders } => not_listed(*folders),
        Finding::Failing { steps, .. } if steps.first().is_some_and(|worst| worst.is_folders) => {
            not_listed(steps.first()?.failed)
        }
        Finding::Failing { .. } | Finding::Incomplete(Ending::Failures(_)) => {
            format!("{} failed", units::short_count(failed(finding)?))
        }
        Finding::Launching(age) => words::age(*age),
        Finding::Incomplete(Ending::Short(short)) => format!("{} missing", units::short_count(*short)),
        Finding::Incomplete(Ending::BytesShort(short)) => format!("{} missing", units::bytes(*short)),
        Finding::Incomplete(Ending::SkippedOfAll(skipped)) => format!("{} skipped", units::short_count(*skipped)),
        Finding::Incomplete(Ending::Error) => "error reported".into(),
        Finding::Incomplete(Ending::Whole | Ending::Nothing) | Finding::EndedIn(_) => return None,
    })
}
