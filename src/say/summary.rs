//! A transfer in a few lines with a label each, or in one line of a person's own making.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use super::{
    sentences::{self, failed_steps},
    units::{self, LocalTime},
    words::{self, eta, rate},
};
use crate::transfer::{present::progress::Gauge, readout::Readout};

/// A line: its label, empty for a sentence, and what it says.
pub type Line = (&'static str, String);

/// A recording that ends longer ago than this tells nothing of the current rate.
const FRESH: SignedDuration = SignedDuration::from_secs(90);

/// The lines of one poll. `recorded` is until when a recording tells of the time before it.
pub fn lines(readout: &Readout, time: &LocalTime, recorded: Option<Timestamp>) -> Vec<Line> {
    let recorded = recorded.map(|until| {
        let ago = time.now.duration_since(until);
        let rate = if ago > FRESH { ": no current rate" } else { "" };
        format!("until {} ({} before this poll){rate}", time.moment(until), units::duration(ago))
    });
    let task = readout.task();
    let mut lines = vec![("Execution", Some(readout.arn().to_string()))];
    lines.push(("Task", task.name.clone()));
    lines.push(("From", task.source.clone()));
    lines.push(("To", task.destination.clone()));
    lines.push(("Status", status(readout, time)));
    lines.push(("Health", readout.snapshot.is_some().then(|| words::health(&readout.health).to_owned())));
    lines.push(("Bytes", bytes(readout)));
    lines.push(("Files", files(readout)));
    lines.push(("Rate", rate(readout)));
    lines.push(("ETA", eta::in_full(readout, time)));
    lines.push(("Failed", failed(readout)));
    let said = sentences::sentences(readout, time);
    lines.extend(said.into_iter().map(|sentence| ("", Some(sentence.text))));
    lines.push(("Recorded", recorded));
    lines.into_iter().filter_map(|(label, text)| Some((label, text?))).collect()
}

/// The status, and how long.
pub fn status(readout: &Readout, time: &LocalTime) -> Option<String> {
    let snapshot = readout.snapshot?;
    let mut words = snapshot.status.as_deref().unwrap_or("no status").to_owned();
    let elapsed = readout.elapsed.map(units::duration);
    if snapshot.is_over() {
        words.extend(elapsed.map(|elapsed| format!(" after {elapsed}")));
        words.extend(snapshot.end_time.map(|end| format!(", ended {}", time.moment(end.0))));
        return Some(words);
    }
    words.extend(readout.phase_age.map(|age| format!(" for {}", words::age_in_words(age))));
    words.extend(elapsed.map(|elapsed| format!(", started {elapsed} ago")));
    Some(words)
}

/// Done of total: `47.7%, 24.7 TiB of ≥ 40.0 TiB`; `None` where it is not reported.
fn against(readout: &Readout, gauge: Gauge, number: fn(i64) -> String) -> Option<String> {
    let at_least = units::at_least(readout.totals_grow);
    let done = number(gauge.done?);
    Some(match (gauge.fraction(), gauge.total) {
        (Some(share), Some(total)) => format!("{}, {done} of {at_least}{}", units::percent(share), number(total)),
        _ => done,
    })
}

/// Bytes against the estimate.
pub fn bytes(readout: &Readout) -> Option<String> {
    against(readout, readout.bytes, units::bytes)
}

/// Files against the estimate.
pub fn files(readout: &Readout) -> Option<String> {
    against(readout, readout.files, units::count)
}

/// The current rate, and the average, which is called one.
pub fn rate(readout: &Readout) -> Option<String> {
    let now = rate::bytes(&readout.rate);
    let average = readout.average.map(|rate| format!("average {}", units::byte_rate(rate)));
    let words: Vec<String> = [now, average].into_iter().flatten().collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// Failures of all steps, and which; `None` where there are none, or none are reported.
pub fn failed(readout: &Readout) -> Option<String> {
    let all = units::count(readout.failures.filter(|failed| *failed > 0)?);
    Some(match failed_steps(readout) {
        Some(steps) => format!("{all} ({steps})"),
        None => all,
    })
}

/// Status, share, rate, end, failures and amounts in a few words each, for one line; the most telling first.
pub fn headline(readout: &Readout, time: &LocalTime) -> Vec<String> {
    let Some(snapshot) = readout.snapshot else { return vec![NO_RESPONSE.into()] };
    let mut words = vec![snapshot.status.as_deref().unwrap_or("no status").to_owned()];
    let bytes = readout.bytes;
    if !snapshot.is_over() {
        words.extend(bytes.fraction().map(units::percent));
    }
    words.extend(rate::bytes(&readout.rate));
    words.extend(eta::short(readout, time).map(|eta| format!("ETA {eta}")));
    let failed = readout.failures.filter(|failed| *failed > 0);
    words.extend(failed.map(|failed| format!("{} failed", units::count(failed))));
    let at_least = units::at_least(readout.totals_grow);
    words.extend(match (bytes.done, bytes.total) {
        (Some(done), Some(total)) if done < total => {
            Some(format!("{} of {at_least}{}", units::bytes(done), units::bytes(total)))
        }
        (Some(done), _) if done != 0 => Some(units::bytes(done)),
        _ => None,
    });
    words.extend(readout.elapsed.map(units::duration));
    words
}

/// What stands in the place of a status before the first response.
pub const NO_RESPONSE: &str = "polling";

/// Says one thing of a transfer; `None` where it is not known.
type Field = fn(&Readout, &LocalTime) -> Option<String>;

/// What can be asked for in a [`Template`], and what it is.
const FIELDS: &[(&str, Field)] = &[
    ("status", |readout, _| readout.snapshot?.status.as_deref().map(str::to_owned)),
    ("percent", |readout, _| {
        let running = readout.bytes.fraction().filter(|_| !readout.is_over());
        running.map(units::whole_percent)
    }),
    ("rate", |readout, _| readout.rate.bytes().map(compact)),
    ("average", |readout, _| readout.average.map(compact)),
    ("eta", |readout, time| {
        let estimate = readout.estimate.as_ref().ok().filter(|_| !readout.is_over())?;
        let (earliest, latest) = (time.minute(estimate.earliest), time.minute(estimate.latest));
        Some(if earliest == latest { format!("~{latest}") } else { format!("~{earliest}-{latest}") })
    }),
    ("failed", |readout, _| {
        readout.failures.filter(|failed| *failed > 0).map(|failed| format!("{} failed", units::count(failed)))
    }),
    ("health", |readout, _| readout.polled_at().map(|_| words::health_code(readout.health.state).to_owned())),
    ("bytes", |readout, _| readout.bytes.done.map(|bytes| units::bytes(bytes).replace(' ', ""))),
    ("files", |readout, _| readout.files.done.map(units::count)),
    ("elapsed", |readout, _| readout.elapsed.map(units::duration)),
    ("name", |readout, _| Some(readout.name().to_owned())),
    ("id", |readout, _| Some(readout.arn().id().to_owned())),
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

/// The template where none is given.
pub const DEFAULT_FORMAT: &str = "{status} {percent} {rate} {eta} {failed}";

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
                return Err(format!("unmatched '{brace}'; write {brace}{brace} for the character itself"));
            };
            let known = FIELDS.iter().find(|(known, _)| *known == name);
            let (_, field) = known.ok_or_else(|| {
                let known: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
                format!("unknown field '{name}'; known: {}", known.join(", "))
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
    pub fn line(&self, readout: &Readout, time: &LocalTime) -> String {
        let mut line = String::new();
        let mut gap = true;
        for part in &self.0 {
            let text = match part {
                Part::Text(text) => text.clone(),
                Part::Field(field) => field(readout, time).unwrap_or_default(),
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
    use crate::transfer::execution::{
        Execution,
        tests::{at, unknown, watched},
    };

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
        template
            .parse::<Template>()
            .unwrap()
            .line(&Readout::of(execution, at(second)), &LocalTime { now: at(second), zone: &zone })
    }

    #[test]
    fn the_usual_line_leaves_out_what_is_not_known() {
        let line = one_line(DEFAULT_FORMAT, &moving(1200), 1200);
        assert!(
            line.starts_with("TRANSFERRING 30% 1000B/s ~") || line.starts_with("TRANSFERRING 30% 0.98KiB/s ~"),
            "{line}"
        );
        assert!(line.ends_with(" 41 failed"), "{line}");
        assert_eq!(one_line(DEFAULT_FORMAT, &moving(0), 0), "TRANSFERRING 0% 41 failed");
        assert_eq!(one_line(DEFAULT_FORMAT, &unknown(), 0), "");
        assert_eq!(one_line(" {rate} {id}: {percent}  {rate} ", &moving(0), 0), "exec-0123456789abcdef0: 0%");
    }

    #[test]
    fn braces_are_fields_or_themselves() {
        assert_eq!(one_line("{{{status}}}", &moving(0), 0), "{TRANSFERRING}");
        for (wrong, says) in [
            ("{speed}", "known: status, percent"),
            ("{status", "unmatched '{'"),
            ("a}", "unmatched '}'"),
            ("{}", "unknown field ''"),
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
        assert_eq!(rate(&Readout::of(&once, at(0))).as_deref(), Some("measuring, average 2.93 KiB/s"));
        assert!(
            rate(&Readout::of(&moving(600), at(600)))
                .is_some_and(|rate| rate.starts_with("1000 B/s") || rate.starts_with("0.98 KiB/s"))
        );
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
