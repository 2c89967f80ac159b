//! A transfer on one line: for a log, for a line that is always of now, and as its last state.

use super::{
    sentences, summary,
    text::{clause, clean},
    units::{self, LocalTime},
    words::{self, finding},
};
use crate::transfer::readout::Readout;

/// For a log: when, what, and the sentence of what is wrong.
pub fn of_log(readout: &Readout, time: &LocalTime) -> String {
    let mut words = said(readout, time);
    if readout.outage().is_none()
        && readout.health.state.is_trouble()
        && let Some(found) = &readout.health.finding
    {
        words.push_str(&format!("  {}: {}", words::health_badge(&readout.health), clause(&finding::sentence(found))));
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
