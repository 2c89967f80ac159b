//! A transfer on one line: for a log, for a line that is always of now, and as its last state.

use super::{
    sentences, summary,
    text::{clause, clean},
    units::{self, LocalTime},
    words::{self, finding, waiting},
};
use crate::{
    aws::snapshot::Status,
    transfer::{judge::advice::Agents, past::phases::Age, readout::Readout, severity::Severity},
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

/// A line that is always of now, in parts that each have a column of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct Now {
    /// Which transfer.
    pub name: String,
    /// How serious its health is.
    pub severity: Severity,
    /// Its health: `STALLED`; empty before there was a response.
    pub health: String,
    /// The service's status; empty before there was a response.
    pub status: String,
    /// The share that is done, 0 to 1; `None` where it is not known.
    pub share: Option<f64>,
    /// The current rate; empty while nothing moves, or nobody knows.
    pub rate: String,
    /// Why it is not seen, or what is wrong; empty where nothing is.
    pub trouble: String,
    /// End, failures, amounts and time, the most telling first.
    pub facts: String,
}

const FAILED: &str = " failed";

/// The parts of a line that is always of now.
pub fn of_now(readout: &Readout, time: &LocalTime) -> Now {
    let is_seen = readout.snapshot.is_some();
    let trouble = match readout.outage() {
        Some(outage) => format!("poll failed: {}", clause(&outage.fault.message)),
        None if !is_seen => waiting::in_place_of_status(readout, time),
        None => readout.health.finding.as_ref().and_then(finding::short).unwrap_or_default(),
    };
    let mut facts = summary::facts(readout, time);
    let failed = readout.health.finding.as_ref().and_then(finding::failed);
    // the same number twice
    if failed.is_some() && failed == readout.failures && readout.outage().is_none() {
        facts.retain(|fact| !fact.ends_with(FAILED));
    }
    let part = |text: &str| clean(text).into_owned();
    let status = readout.status.as_ref().map(|status| status.as_str()).unwrap_or_default();
    Now {
        name: part(readout.name()),
        severity: readout.health.severity,
        health: if is_seen { words::health_badge(&readout.health) } else { String::new() },
        status: part(status),
        share: summary::share(readout),
        rate: readout.rate.bytes().map(units::byte_rate).unwrap_or_default(),
        trouble: part(&trouble),
        facts: facts.join("  "),
    }
}

/// What is wrong, or else what it waits for, and for how long; `None` while it transfers.
fn stands(readout: &Readout) -> Option<String> {
    let health = &readout.health;
    if let Some(found) = words::pressing(health) {
        let word = words::health(health).to_uppercase();
        return Some(format!("{word}: {}", clause(&finding::sentence(found))));
    }
    let has_lasted = |age: &Age| age.span().as_secs() > 0;
    let age = readout.phase_age.filter(has_lasted).filter(|_| readout.status != Some(Status::Transferring))?;
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

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::transfer::execution::tests::{at, watched};

    fn now(members: &str) -> Now {
        let execution = watched([(0, members.to_owned())]);
        of_now(&Readout::of(&execution, at(0)), &LocalTime { now: at(0), zone: &TimeZone::UTC })
    }

    #[test]
    fn all_that_failed_is_told_beside_the_worst_step_and_the_same_number_once() {
        let failing = |prepare: i64| {
            now(&format!(
                r#""Status":"TRANSFERRING","TaskMode":"ENHANCED","FilesPrepared":1000,"FilesTransferred":100,
                "FilesFailed":{{"Prepare":{prepare},"Transfer":50}}"#
            ))
        };
        let (several, one) = (failing(30), failing(0));
        assert_eq!((&*several.trouble, several.facts.contains("80 failed")), ("50 failed", true), "{several:?}");
        assert_eq!((&*one.trouble, one.facts.contains("failed")), ("50 failed", false), "{one:?}");
    }

    #[test]
    fn what_has_just_begun_has_lasted_for_nothing() {
        let members = |status: &str| format!(r#""Status":"{status}","StartTime":1799999000"#);
        let execution = watched([(0, members("QUEUED")), (5, members("LAUNCHING"))]);
        let line = |second| {
            let time = LocalTime { now: at(second), zone: &TimeZone::UTC };
            of_log(&Readout::of(&execution, at(second)), &time)
        };
        assert!(!line(5).contains(" for "), "{}", line(5));
        assert!(line(8).ends_with(" for 3s"), "{}", line(8));
    }
}
