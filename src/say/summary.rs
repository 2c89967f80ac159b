//! A transfer in a few lines with a label each, or in one line of a person's own making.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

pub use super::words::waiting::NO_RESPONSE;
use super::{
    sentences::{self, failed_steps},
    units::{self, LocalTime},
    words::{self, eta, rate, waiting},
};
use crate::{
    aws::snapshot::{Mode, Snapshot, Status},
    transfer::{
        judge::health::HealthState,
        past::{phases::PhaseState, pipeline::Step},
        present::progress::Gauge,
        readout::Readout,
    },
};

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
    lines.push(("Health", readout.snapshot.is_some().then(|| health(readout))));
    lines.push(("Listed", counted(readout, Step::Listed)));
    lines.push(("Prepared", counted(readout, Step::Prepared)));
    lines.push(("Bytes", bytes(readout)));
    lines.push(("Files", files(readout)));
    lines.push(("Rate", rate(readout)));
    lines.push(("ETA", eta::in_full(readout, time)));
    // what has a line of its own is no sentence too
    let said: Vec<_> = sentences::sentences(readout, time).into_iter().filter(|said| !said.is_failures).collect();
    let is_said = failed_steps(readout).is_some_and(|steps| said.iter().any(|said| said.text.contains(&steps)));
    lines.push(("Failed", failed(readout).filter(|_| !is_said)));
    lines.extend(said.into_iter().map(|sentence| ("", Some(sentence.text))));
    lines.push(("Recorded", recorded));
    lines.into_iter().filter_map(|(label, text)| Some((label, text?))).collect()
}

/// The word of health, and what failed though it is no trouble: `healthy, 1,885 items failed so far (0.06%)`.
fn health(readout: &Readout) -> String {
    let failed = sentences::failed_so_far(readout).map(|failed| format!(", {failed}"));
    format!("{}{}", words::health(&readout.health), failed.unwrap_or_default())
}

/// The status, and how long.
pub fn status(readout: &Readout, time: &LocalTime) -> Option<String> {
    let snapshot = readout.snapshot?;
    let mut words = snapshot.status.as_deref().unwrap_or("no status").to_owned();
    let elapsed = readout.elapsed.map(units::duration);
    let queued = readout.phases.iter().find(|phase| phase.status == Status::Queued);
    let queued = queued.filter(|phase| phase.state != PhaseState::Current).and_then(|phase| phase.age);
    let queued = queued.map(|age| format!(", queued {}", words::age(age)));
    if snapshot.is_over() {
        words.extend(elapsed.map(|elapsed| format!(" after {elapsed}")));
        words.extend(snapshot.end_time.map(|end| format!(", ended {}", end_of(snapshot, end.0, time))));
        words.extend(queued);
        return Some(words);
    }
    words.extend(readout.phase_age.map(|age| format!(" for {}", words::age_in_words(age))));
    words.extend(elapsed.map(|elapsed| format!(", started {elapsed} ago")));
    words.extend(queued);
    Some(words)
}

/// When it ended: with its date where that is not today, or not the day on which it began.
fn end_of(snapshot: &Snapshot, end: Timestamp, time: &LocalTime) -> String {
    match snapshot.start_time {
        Some(start) if time.spans_days(start.0, end) => units::date_and_time(end, time.zone),
        _ => time.moment(end),
    }
}

/// What a step of Enhanced mode counted while it prepares: `1,204 files, 84 folders`.
fn counted(readout: &Readout, step: Step) -> Option<String> {
    let lane = readout.lanes.iter().find(|lane| lane.step == step && lane.not_applicable.is_none())?;
    let counts = [(lane.files, "files"), (lane.folders, "folders")];
    let counts: Vec<String> =
        counts.into_iter().filter_map(|(count, what)| Some(format!("{} {what}", units::count(count?)))).collect();
    let is_preparing = readout.status == Some(Status::Preparing) && readout.applicability().mode != Mode::Basic;
    (is_preparing && !counts.is_empty()).then(|| counts.join(", "))
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
    let Some(snapshot) = readout.snapshot else { return vec![waiting::in_place_of_status(readout, time)] };
    let mut words = vec![snapshot.status.as_deref().unwrap_or("no status").to_owned()];
    if !snapshot.is_over() {
        words.extend(share(readout).map(units::percent));
    }
    words.extend(rate::bytes(&readout.rate));
    words.extend(facts(readout, time));
    words
}

/// The share of the bytes that is done, or of the files where bytes are not counted, 0 to 1; `None` where neither is.
pub fn share(readout: &Readout) -> Option<f64> {
    readout.bytes.fraction().or_else(|| readout.files.fraction())
}

/// End, failures, amounts and elapsed time in a few words each, the most telling first.
pub fn facts(readout: &Readout, time: &LocalTime) -> Vec<String> {
    let mut words: Vec<String> = eta::short(readout, time).map(|eta| format!("ETA {eta}")).into_iter().collect();
    let failed = readout.failures.filter(|failed| *failed > 0);
    words.extend(failed.map(|failed| format!("{} failed", units::count(failed))));
    words.extend(amount(readout, readout.bytes, units::bytes).or_else(|| {
        let files = |count| format!("{} files", units::count(count));
        amount(readout, readout.files, files)
    }));
    words.extend(readout.elapsed.map(units::duration));
    words
}

/// Done of total, or what is done; `None` where that is nothing.
fn amount(readout: &Readout, gauge: Gauge, number: fn(i64) -> String) -> Option<String> {
    let at_least = units::at_least(readout.totals_grow);
    match (gauge.done, gauge.total) {
        (Some(done), Some(total)) if done < total => Some(format!("{} of {at_least}{}", number(done), number(total))),
        (Some(done), _) if done != 0 => Some(number(done)),
        _ => None,
    }
}

/// Says one thing of a transfer; `None` where it is not known.
type Field = fn(&Readout, &LocalTime) -> Option<String>;

/// What can be asked for in a [`Template`], and what it is.
const FIELDS: &[(&str, Field)] = &[
    ("status", |readout, _| readout.snapshot?.status.as_deref().map(str::to_owned)),
    ("percent", |readout, _| {
        let running = share(readout).filter(|_| !readout.is_over());
        running.map(units::whole_percent)
    }),
    ("rate", |readout, _| readout.rate.bytes().map(compact)),
    ("average", |readout, _| readout.average.map(compact)),
    ("eta", |readout, time| {
        let estimate = readout.estimate.as_ref().ok().filter(|_| !readout.is_over())?;
        let (earliest, latest) = (time.minute(estimate.earliest), time.minute(estimate.latest));
        if time.spans_days(time.now, estimate.latest) {
            // two dates in one word are hard to read
            return Some(format!("~{}", time.minute(estimate.likely)));
        }
        Some(if earliest == latest { format!("~{latest}") } else { format!("~{earliest}-{latest}") })
    }),
    ("failed", |readout, _| {
        readout.failures.filter(|failed| *failed > 0).map(|failed| format!("{} failed", units::count(failed)))
    }),
    ("health", |readout, _| {
        let is_known = readout.snapshot.is_some() || readout.health.state == HealthState::Blind;
        is_known.then(|| words::health(&readout.health).to_owned())
    }),
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
const USUAL: &str = "{health} {status} {percent} {rate} {eta} {failed}";

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
    /// The template where none is given; of several transfers each line says which.
    pub fn usual(are_several: bool) -> Self {
        let text = if are_several { format!("{{name}} {USUAL}") } else { USUAL.into() };
        text.parse().unwrap_or(Self(Vec::new()))
    }

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
        moving_to(4_000_000, seconds)
    }

    fn moving_to(total: i64, seconds: i64) -> Execution {
        watched((0..=seconds).step_by(15).map(|second| {
            let members = format!(
                r#""TaskMode":"ENHANCED","Status":"TRANSFERRING","StartTime":1799999990,"FilesTransferred":{second},"FilesVerified":{second},"BytesWritten":{},"EstimatedBytesToTransfer":{total},"FilesFailed":{{"Transfer":2,"Verify":39}}"#,
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
        let line = one_line(USUAL, &moving(1200), 1200);
        assert!(
            line.starts_with("failing TRANSFERRING 30% 1000B/s ~")
                || line.starts_with("failing TRANSFERRING 30% 0.98KiB/s ~"),
            "{line}"
        );
        assert!(line.ends_with(" 41 failed"), "{line}");
        assert_eq!(one_line(USUAL, &moving(0), 0), "failing TRANSFERRING 0% 41 failed");
        assert_eq!(one_line(USUAL, &unknown(), 0), "");
        assert_eq!(one_line(" {rate} {id}: {percent}  {rate} ", &moving(0), 0), "exec-0123456789abcdef0: 0%");
    }

    #[test]
    fn a_percentage_is_of_files_where_only_they_count() {
        let files = r#""Status":"TRANSFERRING","FilesTransferred":30,"EstimatedFilesToTransfer":100,"BytesWritten":0,"EstimatedBytesToTransfer":0"#;
        let execution = watched([(0, files.to_owned())]);
        assert_eq!(one_line("{percent}", &execution, 0), "30%");
        let time = LocalTime { now: at(0), zone: &TimeZone::UTC };
        assert_eq!(headline(&Readout::of(&execution, at(0)), &time)[..2], ["TRANSFERRING", "30.0%"]);
    }

    #[test]
    fn an_end_on_another_day_is_one_moment_with_its_date() {
        assert!(one_line("{eta}", &moving(1200), 1200).contains('-'));
        let days = one_line("{eta}", &moving_to(200_000_000, 1200), 1200);
        assert!(days.starts_with("~17 Jan ") && !days.contains('-'), "{days}");
    }

    #[test]
    fn of_several_each_line_says_which() {
        let time = LocalTime { now: at(0), zone: &TimeZone::UTC };
        let line = |several| Template::usual(several).line(&Readout::of(&moving(0), at(0)), &time);
        assert_eq!(line(true), format!("exec-0123456789abcdef0 {}", line(false)));
    }

    fn status_of(members: &str, now: i64) -> String {
        let execution = watched([(0, members.to_owned())]);
        status(&Readout::of(&execution, at(now)), &LocalTime { now: at(now), zone: &TimeZone::UTC }).unwrap()
    }

    #[test]
    fn an_end_of_another_day_has_its_date_and_the_queue_its_length() {
        // 08:00:00 on 15 January 2027
        let ended = |start: i64| {
            format!(r#""Status":"SUCCESS","StartTime":{start},"LaunchTime":{},"EndTime":1800000000"#, start + 90)
        };
        assert_eq!(status_of(&ended(1_799_999_000), 60), "SUCCESS after 15m 10s, ended 08:00:00, queued 1m 30s");
        assert_eq!(
            status_of(&ended(1_799_999_000), 86_400),
            "SUCCESS after 15m 10s, ended 15 Jan 08:00:00, queued 1m 30s"
        );
        let over_night = status_of(&ended(1_799_900_000), 60);
        assert!(over_night.contains("ended 2027-01-15 08:00:00 UTC"), "{over_night}");
        let running = r#""Status":"TRANSFERRING","StartTime":1799999000,"LaunchTime":1799999090"#;
        assert!(status_of(running, 60).ends_with(", queued 1m 30s"), "{}", status_of(running, 60));
    }

    #[test]
    fn what_is_listed_while_it_prepares_is_shown() {
        let preparing = r#""TaskMode":"ENHANCED","Status":"PREPARING","FilesListed":{"AtSource":21504},"FoldersListed":{"AtSource":84},"FilesPrepared":7"#;
        let lines = |members: &str| {
            let execution = watched([(0, members.to_owned())]);
            lines(&Readout::of(&execution, at(0)), &LocalTime { now: at(0), zone: &TimeZone::UTC }, None)
        };
        let shown = lines(preparing);
        assert!(shown.contains(&("Listed", "21,504 files, 84 folders".into())), "{shown:?}");
        assert!(shown.contains(&("Prepared", "7 files".into())), "{shown:?}");
        let later = lines(&preparing.replace("PREPARING", "TRANSFERRING"));
        assert!(later.iter().all(|(label, _)| *label != "Listed"), "{later:?}");
    }

    #[test]
    fn a_healthy_one_says_in_a_sentence_what_failed_unless_that_is_next_to_nothing() {
        let said = |failed: i64| {
            let members = format!(
                r#""TaskMode":"ENHANCED","Status":"VERIFYING","FilesListed":{{"AtSource":3180905}},"FilesTransferred":3113017,"FilesFailed":{{"Transfer":{failed}}}"#
            );
            let execution = watched([(0, members)]);
            let time = LocalTime { now: at(0), zone: &TimeZone::UTC };
            let said = sentences::sentences(&Readout::of(&execution, at(0)), &time);
            said.into_iter().map(|sentence| sentence.text).find(|text| text.contains("failed"))
        };
        assert_eq!(said(1_874).as_deref(), Some("1,874 items failed so far (0.06%): 1,874 to transfer."));
        assert_eq!([said(1), said(0)], [None, None]);
    }

    #[test]
    fn few_failures_stand_beside_the_health_and_folders_left_out_before_watching() {
        let shown = |members: &str| {
            let execution = watched([(0, members.to_owned())]);
            lines(&Readout::of(&execution, at(0)), &LocalTime { now: at(0), zone: &TimeZone::UTC }, None)
        };
        let few = r#""TaskMode":"ENHANCED","Status":"VERIFYING","FilesListed":{"AtSource":3180905},"FilesTransferred":3113017,"FilesFailed":{"Prepare":11,"Transfer":1874}"#;
        let (few, unlisted) = (
            shown(few),
            few.replace("FilesFailed", "FoldersListed\":{\"AtSource\":9000},\"FoldersFailed")
                .replace("Prepare\":11", "List\":2"),
        );
        assert!(few.contains(&("Health", "watching, 1,885 items failed so far (0.06%)".into())), "{few:?}");
        assert!(few.contains(&("Failed", "1,885 (11 to prepare, 1,874 to transfer)".into())), "{few:?}");
        let unlisted = shown(&unlisted);
        let health = unlisted.iter().find(|(label, _)| *label == "Health");
        assert!(health.is_some_and(|(_, text)| text.starts_with("warning, 1,876 items failed so far")), "{unlisted:?}");
        let ended = shown(r#""TaskMode":"ENHANCED","Status":"SUCCESS","FoldersFailed":{"List":1406,"Verify":5}"#);
        let is_said = |text: &str| ended.iter().filter(|(_, line)| line.contains(text)).count();
        assert_eq!(
            (is_said("1,406 to list"), is_said("1,406 folders could not be listed: whatever")),
            (1, 1),
            "{ended:?}"
        );
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
