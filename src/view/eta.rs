//! When the transfer will have ended: an interval, or why it can't be said.

use super::{
    Row, Scene,
    text::{span, width},
    theme::{BOLD, DIM, PLAIN},
};
use crate::{
    aws::{
        applicability::Verify,
        snapshot::{Mode, Status},
    },
    say::units,
    transfer::judge::estimate::{Bound, Estimate},
};

/// One row, in the longest form that fits; `None` while nothing is transferred.
pub fn row(scene: &Scene) -> Option<Row> {
    if scene.execution.status() != Some(Status::Transferring) {
        return None;
    }
    let lead = span("ETA    ", BOLD);
    let room = scene.width.saturating_sub(width(&lead.content));
    match scene.execution.estimate(scene.now.at) {
        Ok(estimate) => {
            let forms = forms(scene, &estimate);
            let fitting = forms.iter().find(|form| width(form) <= room).or(forms.last())?;
            Some(vec![lead, span(fitting.clone(), PLAIN)])
        }
        Err(unknown) => Some(vec![lead, span(format!("not known: {}", unknown.words()), DIM)]),
    }
}

/// From the longest to the shortest.
fn forms(scene: &Scene, estimate: &Estimate) -> Vec<String> {
    let now = &scene.now;
    let (earliest, likely, latest) =
        (now.minute(estimate.earliest), now.minute(estimate.likely), now.minute(estimate.latest));
    let in_ = |at: jiff::Timestamp| units::ahead(at.duration_since(now.at));
    let (soon, late) = (in_(estimate.earliest), in_(estimate.latest));
    let at_least = if estimate.is_lower_bound { "≥ " } else { "" };
    let interval = if earliest == latest { likely.clone() } else { format!("between {earliest} and {latest}") };
    let spans = if soon == late { format!("in {soon}") } else { format!("in {soon} to {late}") };
    let by = match estimate.by {
        Bound::Bytes => "",
        Bound::Files => "; the files take longest",
    };
    let growing = if estimate.is_lower_bound { "; at least, for the list still grows" } else { "" };
    let verification = if comes_after(scene) { "; verification comes after" } else { "" };
    let most = format!("{at_least}{likely}, {interval}, {spans}");
    let mut forms: Vec<String> = [
        [growing, by, verification].concat(),
        [growing, verification].concat(),
        growing.to_owned(),
        verification.to_owned(),
        String::new(),
    ]
    .into_iter()
    .map(|words| format!("{most}{words}"))
    .collect();
    forms.push(format!("{at_least}{earliest}–{latest}, {spans}"));
    forms.push(format!("{at_least}{earliest}–{latest}"));
    forms.push(format!("{at_least}{likely}"));
    forms
}

/// In Basic mode the verification is a phase of its own, which nothing tells the length of.
fn comes_after(scene: &Scene) -> bool {
    let terms = scene.execution.applicability();
    terms.mode == Mode::Basic && matches!(terms.verify, Verify::PointInTimeConsistent | Verify::OnlyFilesTransferred)
}
