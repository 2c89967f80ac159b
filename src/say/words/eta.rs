//! When the transfer will have ended, in words.

use jiff::Timestamp;

use crate::say::units::{self, LocalTime};
use crate::{
    aws::snapshot::Status,
    transfer::{
        judge::estimate::{Bound, Estimate, Stage, Unknown},
        present::rates::Current,
        readout::Readout,
    },
};

/// The end, or why it is not known, in forms from the longest to the shortest; none where nothing is transferred.
pub fn forms(readout: &Readout, time: &LocalTime) -> Vec<String> {
    if readout.status != Some(Status::Transferring) {
        return Vec::new();
    }
    match &readout.estimate {
        Ok(estimate) => {
            of_estimate(estimate, readout.applicability().verifies_afterwards(), &as_of(readout, time), time)
        }
        Err(unknown) => vec![format!("unknown: {}", self::unknown(unknown))],
    }
}

/// The longest form; `None` where nothing is transferred.
pub fn in_full(readout: &Readout, time: &LocalTime) -> Option<String> {
    forms(readout, time).into_iter().next()
}

/// For a row: `~07:31 (07:13–08:03)`; `None` where the end is not known.
pub fn short(readout: &Readout, time: &LocalTime) -> Option<String> {
    let estimate = readout.estimate.as_ref().ok().filter(|_| readout.status == Some(Status::Transferring))?;
    Some(Interval::of(estimate, time).short() + &as_of(readout, time))
}

/// The times of day of an estimate.
struct Interval {
    earliest: String,
    likely: String,
    latest: String,
    lead: &'static str,
}

impl Interval {
    fn of(estimate: &Estimate, time: &LocalTime) -> Self {
        let minute = |at| time.minute(at);
        Self {
            earliest: minute(estimate.earliest),
            likely: minute(estimate.likely),
            latest: minute(estimate.latest),
            lead: if estimate.is_rough { "rough ~" } else { "~" },
        }
    }

    fn short(&self) -> String {
        if self.earliest == self.latest {
            format!("{}{}", self.lead, self.likely)
        } else {
            format!("{}{} ({}–{})", self.lead, self.likely, self.earliest, self.latest)
        }
    }
}

/// When an estimate was made, where nothing was seen since; nothing where it is of now.
fn as_of(readout: &Readout, time: &LocalTime) -> String {
    let seen_at = readout.responded_at().filter(|_| readout.rate == Current::Unseen);
    seen_at.map(|at| format!(" as of {}", time.minute(at))).unwrap_or_default()
}

fn of_estimate(estimate: &Estimate, verifies_afterwards: bool, as_of: &str, time: &LocalTime) -> Vec<String> {
    let interval = Interval::of(estimate, time);
    let ahead = |at: Timestamp| units::ahead(at.duration_since(time.now));
    let (soon, late) = (ahead(estimate.earliest), ahead(estimate.latest));
    let spans = if soon == late { format!("in {soon}") } else { format!("in {soon}–{late}") };
    let full = if interval.earliest == interval.latest {
        format!("~{} ({spans})", interval.likely)
    } else {
        format!("~{} ({}–{}, {spans})", interval.likely, interval.earliest, interval.latest)
    };
    let full = full + as_of;
    let lists = if estimate.is_lower_bound { " at the earliest: still listing" } else { "" };
    let files = if estimate.by == Bound::Files { " · limited by file count" } else { "" };
    let verifies = if verifies_afterwards { " · verification follows" } else { "" };
    let at_least = if estimate.is_lower_bound { " or later" } else { "" };
    let average = if estimate.is_rough { " · rough, from the average so far" } else { "" };
    let rough = if estimate.is_rough { " · rough" } else { "" };
    vec![
        [&full, lists, average, files, verifies].concat(),
        [&full, lists, average, verifies].concat(),
        [&full, lists, average].concat(),
        [&full, at_least, rough].concat(),
        [interval.short().as_str(), as_of, at_least].concat(),
        interval.short() + as_of,
        format!("{}{}{as_of}", interval.lead, interval.likely),
        format!("{}{}", interval.lead, interval.likely),
    ]
}

/// Why the end is not known, to go behind "unknown: ".
pub fn unknown(why: &Unknown) -> String {
    match why {
        Unknown::NotTransferring(Stage::Before) => "not transferring yet".into(),
        Unknown::NotTransferring(Stage::Preparing) => "nothing is written while it prepares".into(),
        Unknown::NotTransferring(Stage::Transferring) => "no response yet".into(),
        Unknown::NotTransferring(Stage::Verifying) => "all bytes written, verifying".into(),
        Unknown::NotTransferring(Stage::Cancelling) => "it is being cancelled".into(),
        Unknown::NotTransferring(Stage::Over) => "it is over".into(),
        Unknown::FewChanges(0) => "no counter has changed yet".into(),
        Unknown::FewChanges(1) => "only one counter change so far".into(),
        Unknown::FewChanges(2) => "only two counter changes so far".into(),
        Unknown::FewChanges(_) => "too little is done so far".into(),
        Unknown::NoEstimate => "the service reports no total".into(),
        Unknown::PastTotal => "past the estimate".into(),
        Unknown::Stalled(quiet) => format!("nothing transferred for {}", units::duration(*quiet)),
    }
}
