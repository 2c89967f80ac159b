//! A transfer at a glance: a few lines with a label each, or one line of a person's own making.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use super::{
    sentences::{self, Now},
    units,
};
use crate::{
    aws::{
        applicability::Verify,
        snapshot::{Mode, Status},
    },
    transfer::{execution::Execution, present::progress},
};

/// A line: its label and what it says.
pub type Labelled = (&'static str, String);

/// The lines of one look. `recorded` is until when a recording tells of the time before it.
pub fn lines(execution: &Execution, now: &Now, recorded: Option<Timestamp>) -> Vec<Labelled> {
    let task = execution.task();
    let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "(not known)".into());
    let way = (task.source.is_some() || task.destination.is_some())
        .then(|| format!("{} → {}", side(&task.source), side(&task.destination)));
    let recorded = recorded.map(|until| {
        let ago = now.at.duration_since(until);
        let before = if ago > SignedDuration::from_secs(90) { ", so that there is no rate of now" } else { "" };
        format!("reaches until {}, {} before this look{before}", now.moment(until), units::duration(ago))
    });
    let health = execution.health(now.at);
    let mut lines = vec![("Execution", Some(execution.arn().to_string()))];
    lines.push(("Task", task.name.clone()));
    lines.push(("Way", way));
    lines.push(("Status", status(execution, now)));
    lines.push(("Health", execution.snapshot().is_some().then(|| health.state.as_str().replace('_', " "))));
    lines.push(("Bytes", bytes(execution)));
    lines.push(("Files", files(execution)));
    lines.push(("Rate", rate(execution)));
    lines.push(("ETA", eta(execution, now)));
    lines.push(("Failed", failed(execution)));
    lines.extend(sentences::statement(execution, now).into_iter().map(|sentence| ("", Some(sentence.text))));
    lines.push(("Recording", recorded));
    lines.into_iter().filter_map(|(label, text)| Some((label, text?))).collect()
}

/// The status, and how long it is the one.
pub fn status(execution: &Execution, now: &Now) -> Option<String> {
    let snapshot = execution.snapshot()?;
    let mut words = snapshot.status.as_deref().unwrap_or("no status").to_owned();
    let elapsed = execution.elapsed(now.at).map(units::duration);
    if snapshot.is_over() {
        words.extend(elapsed.map(|elapsed| format!(", it took {elapsed}")));
        words.extend(snapshot.end_time.map(|end| format!(" until {}", now.moment(end.0))));
        return Some(words);
    }
    words.extend(execution.phase_lasted(now.at).map(|lasted| format!(" for {}", units::duration(lasted))));
    words.extend(elapsed.map(|elapsed| format!(", {elapsed} since it was asked for")));
    Some(words)
}

fn against(execution: &Execution, gauge: progress::Gauge, number: fn(i64) -> String) -> Option<String> {
    let at_least = if execution.totals_grow() { "≥ " } else { "" };
    let done = number(gauge.done?);
    Some(match (gauge.fraction(), gauge.total) {
        (Some(share), Some(total)) => format!("{}, {done} of {at_least}{}", units::percent(share), number(total)),
        _ => done,
    })
}

/// Bytes against the estimate.
pub fn bytes(execution: &Execution) -> Option<String> {
    against(execution, execution.bytes(), units::bytes)
}

/// Files against the estimate.
pub fn files(execution: &Execution) -> Option<String> {
    against(execution, execution.files(), units::count)
}

/// The rate of now where it is known, and the average, which is called one.
pub fn rate(execution: &Execution) -> Option<String> {
    let now = rate_now(execution).map(|rate| format!("{} now", units::byte_rate(rate)));
    let average = execution.average().map(|rate| format!("average {}", units::byte_rate(rate)));
    let words: Vec<String> = [now, average].into_iter().flatten().collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// Bytes a second, while they move.
pub fn rate_now(execution: &Execution) -> Option<f64> {
    let moves = execution.status() == Some(Status::Transferring)
        && execution.fault().is_none()
        && execution.unchanged_for() < SignedDuration::from_secs(60);
    execution.timeline().byte_rate().filter(|_| moves).map(|rate| rate.per_second)
}

/// When it ends, or why that can't be said; `None` where nothing is transferred.
pub fn eta(execution: &Execution, now: &Now) -> Option<String> {
    if execution.status() != Some(Status::Transferring) {
        return None;
    }
    let estimate = match execution.estimate(now.at) {
        Ok(estimate) => estimate,
        Err(unknown) => return Some(format!("not known: {}", unknown.words())),
    };
    let (earliest, latest) = (now.minute(estimate.earliest), now.minute(estimate.latest));
    let ahead = |at: Timestamp| units::ahead(at.duration_since(now.at));
    let (soon, late) = (ahead(estimate.earliest), ahead(estimate.latest));
    let between = if earliest == latest { earliest } else { format!("between {earliest} and {latest}") };
    let within = if soon == late { format!("in {soon}") } else { format!("in {soon} to {late}") };
    let growing = if estimate.is_lower_bound { "; at least, for the list still grows" } else { "" };
    let terms = execution.applicability();
    let verifies = terms.mode == Mode::Basic
        && matches!(terms.verify, Verify::PointInTimeConsistent | Verify::OnlyFilesTransferred);
    let then = if verifies { "; verification comes after" } else { "" };
    Some(format!("{between}, {within}{growing}{then}"))
}

/// Failures of all steps, and which; `None` where none is known.
pub fn failed(execution: &Execution) -> Option<String> {
    let all = failures(execution)?;
    let steps: Vec<String> = execution
        .pipeline()
        .iter()
        .filter_map(|lane| Some((lane.step.failing()?, lane.failed().filter(|failed| *failed > 0)?)))
        .map(|(step, failed)| format!("{} to {step}", units::count(failed)))
        .collect();
    Some(if steps.is_empty() { units::count(all) } else { format!("{}: {}", units::count(all), steps.join(", ")) })
}

fn failures(execution: &Execution) -> Option<i64> {
    progress::failures(execution.snapshot()?).filter(|failed| *failed > 0)
}

/// Says one thing of a transfer; `None` where it is not known.
type Field = fn(&Execution, &Now) -> Option<String>;

/// What can be asked for in a [`Template`], and what it is.
const FIELDS: &[(&str, Field)] = &[
    ("status", |execution, _| execution.snapshot()?.status.as_deref().map(str::to_owned)),
    ("percent", |execution, _| {
        let running = execution.bytes().fraction().filter(|_| !execution.is_over());
        // a hundred only once all of it is done
        running.map(|share| format!("{}%", if share < 1.0 { (share * 100.0).round().min(99.0) } else { 100.0 }))
    }),
    ("rate", |execution, _| rate_now(execution).map(compact)),
    ("average", |execution, _| execution.average().map(compact)),
    ("eta", |execution, now| {
        let estimate = execution.estimate(now.at).ok().filter(|_| !execution.is_over())?;
        let (earliest, latest) = (now.minute(estimate.earliest), now.minute(estimate.latest));
        Some(if earliest == latest { format!("~{latest}") } else { format!("~{earliest}-{latest}") })
    }),
    ("failed", |execution, _| failures(execution).map(|failed| format!("{failed} failed"))),
    ("health", |execution, now| execution.polled_at().map(|_| execution.health(now.at).state.as_str().to_owned())),
    ("bytes", |execution, _| execution.bytes().done.map(|bytes| units::bytes(bytes).replace(' ', ""))),
    ("files", |execution, _| execution.files().done.map(units::count)),
    ("elapsed", |execution, now| execution.elapsed(now.at).map(units::duration)),
    ("name", |execution, _| Some(execution.task().name.clone().unwrap_or_else(|| execution.arn().id().to_owned()))),
    ("id", |execution, _| Some(execution.arn().id().to_owned())),
];

/// `2.31GiB/s`: one word.
fn compact(rate: f64) -> String {
    units::byte_rate(rate).replace(' ', "")
}

/// A line with fields in braces, for a prompt or a status bar.
#[derive(Clone, Debug)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Field(Field),
}

/// What a line is made of where nobody says.
pub const USUAL: &str = "{status} {percent} {rate} {eta} {failed}";

impl FromStr for Template {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let (brace, after) = rest[at..].split_at(1);
            if let Some(doubled) = after.strip_prefix(brace) {
                plain.push_str(brace);
                rest = doubled;
                continue;
            }
            let Some((name, after)) = after.split_once('}').filter(|_| brace == "{") else {
                return Err(format!("a '{brace}' stands alone; write {brace}{brace} for the character itself"));
            };
            let known = FIELDS.iter().find(|(known, _)| *known == name);
            let (_, field) = known.ok_or_else(|| {
                let known: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
                format!("there is no field '{name}'; there are {}", known.join(", "))
            })?;
            parts.push(Part::Text(std::mem::take(&mut plain)));
            parts.push(Part::Field(*field));
            rest = after;
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        Ok(Self(parts))
    }
}

impl Template {
    /// The line of a transfer. What is not known is left out, with the space before it.
    pub fn line(&self, execution: &Execution, now: &Now) -> String {
        let mut line = String::new();
        let mut gap = true;
        for part in &self.0 {
            let text = match part {
                Part::Text(text) => text.clone(),
                Part::Field(field) => field(execution, now).unwrap_or_default(),
            };
            let text = if gap { text.trim_start_matches(' ') } else { &text };
            line.push_str(text);
            gap = line.is_empty() || line.ends_with(' ');
        }
        line.truncate(line.trim_end().len());
        line
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::transfer::execution::tests::{at, unknown, watched};

    fn moving(seconds: i64) -> Execution {
        watched((0..=seconds).step_by(15).map(|second| {
            let members = format!(
                r#""TaskMode":"ENHANCED","Status":"TRANSFERRING","StartTime":1799999990,"FilesTransferred":{second},"BytesWritten":{},"EstimatedBytesToTransfer":4000000,"FilesFailed":{{"Transfer":2,"Verify":39}}"#,
                second * 1000,
            );
            (second, members)
        }))
    }

    fn one_line(template: &str, execution: &Execution, second: i64) -> String {
        let zone = TimeZone::UTC;
        template.parse::<Template>().unwrap().line(execution, &Now { at: at(second), zone: &zone })
    }

    #[test]
    fn the_usual_line_leaves_out_what_is_not_known() {
        let line = one_line(USUAL, &moving(1200), 1200);
        assert!(
            line.starts_with("TRANSFERRING 30% 1000B/s ~") || line.starts_with("TRANSFERRING 30% 0.98KiB/s ~"),
            "{line}"
        );
        assert!(line.ends_with(" 41 failed"), "{line}");
        assert_eq!(one_line(USUAL, &moving(0), 0), "TRANSFERRING 0% 41 failed");
        assert_eq!(one_line(USUAL, &unknown(), 0), "");
        assert_eq!(one_line(" {rate} {id}: {percent}  {rate} ", &moving(0), 0), "exec-0123456789abcdef0: 0%");
    }

    #[test]
    fn braces_are_fields_or_themselves() {
        assert_eq!(one_line("{{{status}}}", &moving(0), 0), "{TRANSFERRING}");
        for (wrong, says) in [
            ("{speed}", "there are status, percent"),
            ("{status", "stands alone"),
            ("a}", "stands alone"),
            ("{}", "no field ''"),
        ] {
            let why = wrong.parse::<Template>().unwrap_err();
            assert!(why.contains(says), "{why}");
        }
    }

    #[test]
    fn an_average_is_called_one_and_a_rate_needs_changes() {
        let once = watched([(
            0,
            r#""Status":"TRANSFERRING","TaskMode":"ENHANCED","BytesWritten":6000,"Result":{"TotalDuration":2000}"#
                .to_owned(),
        )]);
        assert_eq!(rate(&once).as_deref(), Some("average 2.93 KiB/s"));
        assert!(rate(&moving(600)).is_some_and(|rate| rate.contains(" now")));
    }

    proptest::proptest! {
        #[test]
        fn no_line_has_two_spaces_in_a_row(fields in proptest::collection::vec(0..FIELDS.len(), 0..8), seconds in 0i64..200) {
            let template: Vec<String> = fields.iter().map(|place| format!("{{{}}}", FIELDS[*place].0)).collect();
            let line = one_line(&template.join(" "), &moving(seconds), seconds);
            proptest::prop_assert!(!line.contains("  ") && line.trim() == line, "{line:?}");
        }
    }
}
