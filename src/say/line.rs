//! A transfer on one line: for a log, for a line that is always of now, and as its last state.

use super::{
    sentences, summary,
    text::{clause, clean},
    units::{self, LocalTime},
    words::{self, finding},
};
use crate::{
    aws::snapshot::Status,
    transfer::{
        judge::{advice::Agents, health::HealthState},
        readout::Readout,
    },
};

/// For a log: when, what, and the sentence of what is wrong.
pub fn of_log(readout: &Readout, time: &LocalTime) -> String {
    let mut words = said(readout, time);
    if readout.outage().is_none() {
        words.extend(stands(readout).map(|stands| format!("  {stands}")));
    }
    let at = units::date_and_time(time.now, time.zone);
    clean(&format!("{at}  {}  {words}", readout.name())).into_owned()
}

/// For a line that is always of now, and may be cut: what is wrong comes first.
pub fn of_now(readout: &Readout, time: &LocalTime) -> String {
    let trouble = readout.health.state.is_trouble().then(|| {
        let short = readout.health.finding.as_ref().and_then(finding::short);
        format!("{} {}  ", words::health_badge(&readout.health), short.unwrap_or_default())
    });
    clean(&format!("{}  {}{}", readout.name(), trouble.unwrap_or_default(), said(readout, time))).into_owned()
}

/// What is wrong, or else what it waits for, and for how long; `None` while it transfers.
fn stands(readout: &Readout) -> Option<String> {
    let health = &readout.health;
    if let Some(found) = &health.finding
        && (health.state.is_trouble() || matches!(health.state, HealthState::Watching | HealthState::Quiet))
    {
        let word = words::health(health).to_uppercase();
        return Some(format!("{word}: {}", clause(&finding::sentence(found))));
    }
    let age = readout.phase_age.filter(|_| readout.status != Some(Status::Transferring))?;
    // where the status is as old as the execution, the line says so already
    let is_said = readout.elapsed.is_some_and(|elapsed| units::duration(elapsed) == units::duration(age.span()));
    let lasts = (!is_said).then(|| format!("for {}", words::age_in_words(age)));
    let behind = (readout.status == Some(Status::Queued)).then(|| match readout.agents {
        Agents::None => "behind an earlier run".to_owned(),
        _ => "behind an earlier run, or another execution on its agent".to_owned(),
    });
    let words: Vec<String> = lasts.into_iter().chain(behind).collect();
    (!words.is_empty()).then(|| words.join(": "))
}

fn said(readout: &Readout, time: &LocalTime) -> String {
    match readout.outage() {
        Some(outage) => format!("poll failed: {}", clause(&outage.fault.message)),
        None => summary::headline(readout, time).join("  "),
    }
}

/// The last state, a few lines for the scrollback; none before there was a response.
pub fn of_end(readout: &Readout, time: &LocalTime) -> Vec<String> {
    if readout.snapshot.is_none() {
        return Vec::new();
    }
    let name = readout.task().name.as_deref().map(|name| format!("{name}  ")).unwrap_or_default();
    let mut lines = vec![format!("{name}{}", readout.arn()), summary::headline(readout, time).join("  ")];
    lines.extend(sentences::sentences(readout, time).into_iter().map(|sentence| sentence.text));
    lines.extend(readout.responded_at().map(|at| format!("Last response at {}.", units::date_and_time(at, time.zone))));
    lines.iter().map(|line| clean(line).into_owned()).collect()
}
