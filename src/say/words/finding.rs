//! What health rests on, in a sentence.

use jiff::SignedDuration;

use crate::say::{text, units, words};
use crate::transfer::{
    judge::{health::Finding, outcome::Outcome},
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
        Finding::Stalled { unchanged_for, usual_step, .. } => {
            let usual = usual_step.map(|step| format!("; they usually change every {}", units::duration(step)));
            format!("No counter has changed for {}{}.", units::duration(*unchanged_for), usual.unwrap_or_default())
        }
        Finding::Idle { unchanged_for, .. } => {
            let span = units::duration(*unchanged_for);
            format!("Elapsed time advances, but nothing was listed, written or verified for {span}.")
        }
        Finding::Quiet { unchanged_for, .. } => {
            format!("No counter has changed for {}.", units::duration(*unchanged_for))
        }
        Finding::Slow { rate, window, median } => {
            let window = units::duration(SignedDuration::from_secs(*window as i64));
            let (rate, median) = (units::byte_rate(*rate), units::byte_rate(*median));
            format!("{rate} over the last {window}; the median of this run is {median}.")
        }
        Finding::Failing { step, failed, share, by_the_end, .. } => {
            let (items, verb) = (units::items(*failed), words::step_verb(*step));
            let by_the_end =
                by_the_end.map(|all| format!("; about {} by the end at this rate", units::short_count(all)));
            let by_the_end = by_the_end.unwrap_or_default();
            format!("{items} failed to {verb}, {} of those attempted{by_the_end}.", units::percent(*share))
        }
        Finding::Launching(age) => format!("Launching for {}.", words::age_in_words(*age)),
        Finding::Incomplete(ending) => incomplete(*ending),
        Finding::EndedIn(Outcome::VerifyMismatch) => "Verification found mismatches.".into(),
        Finding::EndedIn(Outcome::Partial) => "Nearly all was transferred, and some files were not.".into(),
        Finding::EndedIn(outcome) => text::sentence(words::outcome(*outcome)),
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

/// For a row's cell: `no change 7m`, `12,000 failed`; `None` where the word says it all.
pub fn short(finding: &Finding) -> Option<String> {
    Some(match finding {
        Finding::Unseen { unseen_for: Some(span), .. } => format!("not seen {}", units::duration(*span)),
        Finding::Unseen { unseen_for: None, fault } => text::clause(&fault.message),
        Finding::Stalled { unchanged_for, .. }
        | Finding::Idle { unchanged_for, .. }
        | Finding::Quiet { unchanged_for, .. } => format!("no change {}", units::duration(*unchanged_for)),
        Finding::Slow { rate, .. } => units::byte_rate(*rate),
        Finding::Failing { failed, .. } => format!("{} failed", units::short_count(*failed)),
        Finding::Launching(age) => words::age(*age),
        Finding::Incomplete(Ending::Failures(failed)) => format!("{} failed", units::short_count(*failed)),
        Finding::Incomplete(Ending::Short(short)) => format!("{} missing", units::short_count(*short)),
        Finding::Incomplete(Ending::BytesShort(short)) => format!("{} missing", units::bytes(*short)),
        Finding::Incomplete(Ending::SkippedOfAll(skipped)) => format!("{} skipped", units::short_count(*skipped)),
        Finding::Incomplete(Ending::Error) => "error reported".into(),
        Finding::Incomplete(Ending::Whole | Ending::Nothing) | Finding::EndedIn(_) => return None,
    })
}
