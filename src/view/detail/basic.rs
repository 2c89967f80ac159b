//! The steps of Basic mode, one after the other.

use crate::{
    aws::{
        applicability::Metric,
        snapshot::{Count, Status},
    },
    say::{units, words},
    transfer::{
        past::phases::{Phase, PhaseState},
        present::progress,
    },
    view::{
        Row, Scene,
        text::span,
        theme::{BOLD, DIM, PLAIN},
    },
};

/// A row a step, in their order: what it is doing, how long, and what came of it.
pub fn rows(scene: &Scene) -> Vec<Row> {
    let phases = &scene.readout.phases;
    let phase = |status: Status| phases.iter().find(|phase| phase.status == status);
    let begun = |status: Status| phase(status).is_some_and(|phase| phase.state != PhaseState::Ahead);
    if !begun(Status::Preparing) {
        return Vec::new();
    }
    let mut rows = vec![vec![span("Steps", BOLD)]];
    rows.push(step(phase(Status::Preparing), "Prepared", prepared(scene)));
    rows.push(step(phase(Status::Transferring), "Transferred", transferred(scene)));
    if scene.readout.applicability().reports(Metric::Deleted) {
        rows.push(step(None, "Deleted", deleted(scene)));
    }
    if scene.readout.applicability().reports(Metric::Verified) {
        rows.push(step(phase(Status::Verifying), "Verified", verified(scene)));
    }
    if let Some(skipped) = scene.readout.snapshot.and_then(|snapshot| snapshot.files_skipped) {
        rows.push(step(None, "Skipped", Some(units::count(skipped.0))));
    }
    rows
}

fn step(phase: Option<&Phase>, name: &str, facts: Option<String>) -> Row {
    let state = phase.map(|phase| phase.state);
    let (symbol, style) = match state {
        Some(PhaseState::Current) => ("●", BOLD),
        Some(PhaseState::Ahead) => ("○", DIM),
        Some(PhaseState::Done | PhaseState::Unseen) => ("✔", PLAIN),
        Some(PhaseState::Failed) => ("✖", PLAIN),
        None => (" ", PLAIN),
    };
    let time = phase.and_then(|phase| phase.age).map(words::age).unwrap_or_default();
    vec![
        span(format!("{symbol} {name:<13}"), style),
        span(format!("{time:<9}"), DIM),
        span(facts.unwrap_or_default(), if state == Some(PhaseState::Ahead) { DIM } else { PLAIN }),
    ]
}

fn prepared(scene: &Scene) -> Option<String> {
    let snapshot = scene.readout.snapshot?;
    let files = scene.readout.files.total;
    let bytes = snapshot.estimated_bytes_to_transfer.filter(|bytes| bytes.0 > 0);
    let found = match (files, bytes) {
        (None, None) if snapshot.estimated_files_to_transfer.is_none() => return None,
        (None, None) if snapshot.status() == Some(Status::Preparing) => return Some("counting".into()),
        (None, None) => return Some("nothing to transfer".into()),
        (files, bytes) => {
            let files = files.map(|files| format!("{} files and folders", units::count(files)));
            let bytes = bytes.map(|bytes| units::bytes(bytes.0));
            [files, bytes].into_iter().flatten().collect::<Vec<_>>().join(", ")
        }
    };
    Some(format!("{found} to transfer"))
}

fn transferred(scene: &Scene) -> Option<String> {
    let snapshot = scene.readout.snapshot?;
    let count = |count: Option<Count>| count.filter(|count| count.0 != 0);
    let files = count(snapshot.files_transferred).map(|files| format!("{} items", units::count(files.0)));
    let sent = count(snapshot.bytes_transferred).map(|bytes| format!("{} read", units::bytes(bytes.0)));
    let saved = progress::compression_saves(snapshot, scene.readout.applicability());
    let saved = saved.map(|saved| format!("compression saved {}", units::whole_percent(saved)));
    let facts: Vec<String> = [files, sent, saved, limit(scene)].into_iter().flatten().collect();
    (!facts.is_empty()).then(|| facts.join(" · "))
}

/// The bandwidth limit, and how much of it is used.
fn limit(scene: &Scene) -> Option<String> {
    let limit = scene.readout.bandwidth_limit()?;
    let used = scene.readout.rate.bytes();
    let used = used.map(|rate| format!(", {} used", units::percent(rate / limit as f64)));
    Some(format!("limit {}{}", units::byte_rate(limit as f64), used.unwrap_or_default()))
}

fn deleted(scene: &Scene) -> Option<String> {
    let gauge = scene.readout.snapshot.map(progress::deletes)?;
    Some(match (gauge.done?, gauge.total) {
        (done, Some(total)) => format!("{} of {}", units::count(done), units::count(total)),
        (done, None) => units::count(done),
    })
}

fn verified(scene: &Scene) -> Option<String> {
    let gauge = progress::verified(scene.readout.snapshot?, scene.readout.applicability());
    let done = gauge.done.filter(|done| *done != 0)?;
    Some(match gauge.total {
        Some(total) => format!("{} of {} transferred", units::count(done), units::count(total)),
        None if scene.readout.is_over() => units::count(done),
        None => format!("{} so far; the total is not reported", units::count(done)),
    })
}
