//! The handoff report: what a colleague needs to know of a transfer, in Markdown.

pub mod markdown;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use self::markdown::{code, escaped, quoted, table};
use super::{
    blocks::{block, sparkline},
    options::{
        self,
        section::{Row, Section},
    },
    sentences::{self, Sentence},
    summary, text,
    units::{self, LocalTime},
    words::{self, eta, events},
};
use crate::{
    aws::{applicability::Metric, arn::Arn},
    transfer::{
        judge::advice::{Advice, Log, Tells},
        past::phases::{Phase, PhaseState},
        readout::Readout,
        severity::Severity,
    },
};

/// What a page says beside the transfer itself: how to look further, and what it rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The profile that was asked with.
    pub profile: Option<String>,
    /// The endpoint, where it is not the region's.
    pub endpoint_url: Option<String>,
    /// The file with what was seen, where there is one.
    pub recording: Option<String>,
    /// Until when that file reaches.
    pub recorded_until: Option<Timestamp>,
}

/// Events that are listed; the newest are what counts.
const EVENTS: usize = 20;
/// Characters of the chart of rates.
const CHART: usize = 60;
/// Characters of a trend of failures.
const TREND: usize = 12;

/// The page.
pub fn page(readout: &Readout, time: &LocalTime, context: &Context) -> String {
    let (advice, said): (Vec<Sentence>, Vec<Sentence>) =
        sentences::sentences(readout, time).into_iter().partition(|sentence| sentence.is_advice);
    let sections = [
        ("", head(readout, time, context)),
        ("State", state(readout, time, &said)),
        ("Progress", progress(readout, time)),
        ("Phases", phases(readout, time)),
        ("Rates", rates(readout, time)),
        ("Failures", failures(readout, time)),
        ("Events", event_list(readout, time)),
        ("Configuration", configuration(readout, time.zone)),
        ("What to check next", next(readout, &advice)),
        ("Commands", commands(readout, context)),
    ];
    let mut page = String::with_capacity(6144);
    for (title, text) in sections.iter().filter(|(_, text)| !text.is_empty()) {
        if !title.is_empty() {
            page.push_str(&format!("\n## {title}\n\n"));
        }
        page.push_str(text);
    }
    text::without_userinfo(&page).into_owned()
}

fn list<T: AsRef<str>>(lines: impl IntoIterator<Item = T>) -> String {
    lines.into_iter().map(|line| format!("- {}\n", line.as_ref())).collect()
}

fn head(readout: &Readout, time: &LocalTime, context: &Context) -> String {
    let (arn, task) = (readout.arn(), readout.task());
    let mut page = format!(
        "# DataSync transfer {}\n\nAs of {}.",
        escaped(readout.name()),
        units::date_and_time(time.now, time.zone)
    );
    if let Some(zone) = time.zone.iana_name().filter(|_| !time.now.to_zoned(time.zone.clone()).offset().is_zero()) {
        page.push_str(&format!(" Times are in {}.", escaped(zone)));
    }
    if let Some(until) = context.recorded_until {
        page.push_str(&format!(
            " Watched since {}, recorded until {}.",
            time.moment(readout.watched_since()),
            time.moment(until)
        ));
    } else if readout.responded_at().is_some_and(|at| at > readout.watched_since()) {
        page.push_str(&format!(" Watched since {}.", time.moment(readout.watched_since())));
    }
    page.push_str("\n\n");
    let side = |uri: &Option<String>| uri.as_deref().map(code);
    let mode = readout.snapshot.map(|snapshot| {
        let mut words = vec![snapshot.mode().as_str().to_owned()];
        words.extend(options::in_short(snapshot).into_iter().map(str::to_owned));
        escaped(&words.join(", "))
    });
    let named = !arn.is_unnamed();
    let account = (!arn.account.is_empty()).then(|| format!("{} in {}", arn.account, arn.region));
    let rows: Vec<String> = [
        ("From", side(&task.source)),
        ("To", side(&task.destination)),
        ("Mode", mode),
        ("Account", account.or_else(|| Some(arn.region.clone())).filter(|_| named).map(|account| escaped(&account))),
        ("ARN", named.then(|| code(&arn.to_string()))),
        // another endpoint is none of the console's
        ("Console", arn.console_url().filter(|_| context.endpoint_url.is_none()).map(|url| format!("<{url}>"))),
    ]
    .into_iter()
    .filter_map(|(label, text)| Some(format!("{label}: {}", text?)))
    .collect();
    page + &list(rows)
}

fn state(readout: &Readout, time: &LocalTime, said: &[Sentence]) -> String {
    let mut lines = Vec::new();
    lines.extend(summary::status(readout, time).map(|status| format!("**{}**", escaped(&status))));
    if readout.snapshot.is_some() {
        let failed = sentences::failed_so_far(readout).map(|failed| format!(", {failed}")).unwrap_or_default();
        lines.push(format!("Health: **{}**{failed}", words::health(&readout.health)));
    }
    // the table of failures tells it
    lines.extend(said.iter().filter(|sentence| !sentence.is_failures).map(|sentence| escaped(&sentence.text)));
    list(lines)
}

/// What to check next: the advice for the case, or what is left to say without any.
fn next(readout: &Readout, advice: &[Sentence]) -> String {
    let mut next = words::advice::unchanged(readout);
    next.extend(advice.iter().map(|sentence| sentence.text.clone()));
    if advice.is_empty()
        && readout.failures.is_some_and(|failed| failed > 0)
        && let Some(log) = readout.log()
    {
        next.push(words::advice::sentence(&Advice::Log(log, Tells::Items)));
    }
    if !next.is_empty() {
        return list(next.iter().map(|text| escaped(text)));
    }
    let words = match readout.snapshot {
        None => "Check that the execution exists and that these credentials may describe it.",
        Some(_) if readout.outage().is_some() => "Check why it cannot be polled; the state above is the last one seen.",
        Some(_) if readout.health.severity >= Severity::Warning => {
            "Check the service's message above and the task's log."
        }
        Some(snapshot) if snapshot.is_over() => "Nothing: it is over.",
        Some(_) => "Nothing for now; check again when it should have ended.",
    };
    list([words])
}

fn progress(readout: &Readout, time: &LocalTime) -> String {
    if readout.snapshot.is_none() {
        return String::new();
    }
    let lines =
        [("Bytes", summary::bytes(readout)), ("Files", summary::files(readout)), ("ETA", eta::in_full(readout, time))];
    let mut page = list(lines.into_iter().filter_map(|(label, text)| Some(format!("{label}: {}", escaped(&text?)))));
    if readout.applicability().reports(Metric::Failures) {
        let number = |count: Option<i64>| count.map_or("".into(), units::count);
        let told = readout.lanes.iter().filter(|lane| lane.is_told());
        let rows: Vec<Vec<String>> = told
            .map(|lane| vec![words::step(lane.step).to_owned(), number(lane.files), number(lane.folders)])
            .collect();
        if !rows.is_empty() {
            page.push('\n');
            page.push_str(&table(&["step", "files", "folders"], &rows));
        }
    }
    page
}

fn phases(readout: &Readout, time: &LocalTime) -> String {
    let lasted = |phase: &Phase| match phase.age {
        Some(age) => words::age_in_words(age),
        None if phase.state == PhaseState::Unseen => "before the watch".into(),
        None => String::new(),
    };
    let said = |phase: &Phase| {
        let told = [words::phase_code(phase.state).to_owned(), lasted(phase)];
        let told: Vec<&str> =
            told.iter().map(String::as_str).filter(|word| !word.is_empty() && *word != "unseen").collect();
        format!("{} ({})", escaped(phase.status.as_str()), told.join(", "))
    };
    let phases: Vec<String> = readout.phases.iter().map(said).collect();
    if phases.is_empty() {
        return String::new();
    }
    let snapshot = readout.snapshot;
    let times = [
        ("started", snapshot.and_then(|snapshot| snapshot.start_time)),
        ("launched", snapshot.and_then(|snapshot| snapshot.launch_time)),
        ("ended", snapshot.and_then(|snapshot| snapshot.end_time)),
    ];
    let times: Vec<String> =
        times.into_iter().filter_map(|(what, at)| Some(format!("{what} {}", time.moment(at?.0)))).collect();
    let times = if times.is_empty() { String::new() } else { format!("\n\n{}", text::sentence(&times.join(", "))) };
    format!("{}{times}\n", phases.join(" → "))
}

fn rates(readout: &Readout, time: &LocalTime) -> String {
    let timeline = readout.timeline();
    let mut words: Vec<String> = summary::rate(readout).into_iter().collect();
    words.extend(timeline.peak().filter(|peak| *peak > 0.0).map(|peak| format!("peak {}", units::byte_rate(peak))));
    if words.is_empty() {
        return String::new();
    }
    let mut page = format!("{}\n", escaped(&words.join(", ")));
    let Some((from, to)) = timeline.begins().zip(readout.responded_at()).filter(|(from, to)| to > from) else {
        return page;
    };
    let parts = timeline.parts(from, to, CHART, |stretch| stretch.bytes);
    let most = parts.iter().flatten().copied().fold(0.0, f64::max);
    if most <= 0.0 {
        return page;
    }
    let chart: String = parts.iter().map(|part| part.map_or('·', |rate| block(rate, most))).collect();
    let each = units::duration(to.duration_since(from) / CHART as i32);
    let (from, to) = (time.minute(from), time.minute(to));
    page.push_str(&format!("\n```text\n{chart}\n```\n\n"));
    let most = units::byte_rate(most);
    page.push_str(&format!("{from} to {to}, {each} per character; █ is {most}, · means unknown.\n"));
    page
}

fn failures(readout: &Readout, time: &LocalTime) -> String {
    if readout.snapshot.is_none() {
        return String::new();
    }
    if !readout.applicability().reports(Metric::Failures) {
        return "Basic mode does not report how many items failed.\n".into();
    }
    let number = |count: Option<i64>| count.map_or("".into(), units::count);
    let failing = readout.lanes.iter().filter(|lane| lane.failed().is_some_and(|failed| failed > 0));
    let rows: Vec<Vec<String>> = failing
        .map(|lane| {
            let trend = readout.failure_trend(lane.step, TREND);
            let per_hour = trend.as_ref().and_then(|trend| trend.per_hour).map(|rate| rate.round() as i64);
            let since = readout.failing_since(lane.step);
            vec![
                words::step_verb(lane.step).to_owned(),
                number(lane.files_failed),
                number(lane.folders_failed),
                number(per_hour),
                since.map_or("before the watch".into(), |at| time.moment(at)),
                trend.map_or("".into(), |trend| sparkline(&trend.parts)),
            ]
        })
        .collect();
    if rows.is_empty() {
        return if readout.is_over() { "None.\n" } else { "None so far.\n" }.into();
    }
    let table = table(&["step", "files", "folders", "per hour", "first seen", "trend"], &rows);
    format!("{table}\nThe trend shows new failures over the time watched (a day at most), newest at the right.\n")
}

fn event_list(readout: &Readout, time: &LocalTime) -> String {
    let all = readout.events().iter();
    let left_out = all.len().saturating_sub(EVENTS);
    let shown = all.skip(left_out);
    let mut page =
        list(shown.map(|event| format!("{} {}", time.moment(event.at), escaped(&events::words(&event.kind)))));
    if left_out > 0 {
        page.push_str(&format!("\nThe newest {EVENTS}; {left_out} earlier ones left out.\n"));
    }
    page
}

fn configuration(readout: &Readout, zone: &TimeZone) -> String {
    let Some(snapshot) = readout.snapshot else { return String::new() };
    let row = |row: &Row| {
        let constant = row.constant.as_deref().map(|constant| format!(" ({})", code(constant)));
        format!("{}: {}{}", escaped(&row.name), escaped(&row.words), constant.unwrap_or_default())
    };
    let sections = options::sections(snapshot, zone).into_iter();
    let sections = sections.filter(|section| !matches!(section.title, "Times" | "Counters" | "Result"));
    let part = |section: Section| format!("**{}**\n\n{}", section.title, list(section.rows.iter().map(row)));
    sections.map(part).collect::<Vec<_>>().join("\n")
}

fn commands(readout: &Readout, context: &Context) -> String {
    let lines = command_lines(readout, context);
    if lines.is_empty() {
        return String::new();
    }
    let fence = if lines.iter().any(|line| line.contains("```")) { "~~~~" } else { "```" };
    format!("{fence}sh\n{}\n{fence}\n", lines.join("\n"))
}

/// What tells more of it: none for an execution without a name that was not recorded.
fn command_lines(readout: &Readout, context: &Context) -> Vec<String> {
    let arn = readout.arn();
    let reach = |region: bool| {
        let region = if region { format!(" --region {}", quoted(&arn.region)) } else { String::new() };
        let profile = context.profile.as_deref().map(|profile| format!(" --profile {}", quoted(profile)));
        format!("{region}{}", profile.unwrap_or_default())
    };
    let endpoint = context.endpoint_url.as_deref().map(|url| format!(" --endpoint-url {}", quoted(url)));
    let endpoint = endpoint.unwrap_or_default();
    let name = quoted(&arn.to_string());
    let named = |command: String| Some(command).filter(|_| !arn.is_unnamed());
    let mut lines: Vec<String> = named(format!("syncscope {name}{}{endpoint}", reach(false))).into_iter().collect();
    lines.extend(context.recording.as_deref().map(|file| format!("syncscope replay {}", quoted(file))));
    lines.extend(named(describe(arn, &format!("{}{endpoint}", reach(true)))));
    if !lines.is_empty() {
        lines.extend(log_events(readout).map(|command| format!("{command}{}", reach(true))));
    }
    lines
}

/// Entries come some minutes late.
const LOG_IS_LATE: SignedDuration = SignedDuration::from_mins(15);

/// What prints this execution's log of its time; `None` where there is no log.
fn log_events(readout: &Readout) -> Option<String> {
    let Log::Group(group) = readout.log()? else { return None };
    // the names of the log's streams begin with the execution's id
    let stream = readout.arn().execution.as_deref();
    let stream = stream.map(|id| format!(" --log-stream-name-prefix {}", quoted(id))).unwrap_or_default();
    let snapshot = readout.snapshot?;
    let end = snapshot.end_time.and_then(|end| end.0.checked_add(LOG_IS_LATE).ok());
    let times = [("start", snapshot.start_time.map(|start| start.0)), ("end", end)];
    let times: String =
        times.into_iter().filter_map(|(which, at)| Some(format!(" --{which}-time {}", at?.as_millisecond()))).collect();
    Some(format!("aws logs filter-log-events --log-group-name {}{stream}{times}", quoted(&group)))
}

/// The command of the AWS command line that tells most: of the log where there is one, else of the execution; `None`
/// where nothing has a name.
pub fn look_up_command(readout: &Readout, context: &Context) -> Option<String> {
    command_lines(readout, context).into_iter().rfind(|line| line.starts_with("aws "))
}

fn describe(arn: &Arn, reach: &str) -> String {
    match &arn.execution {
        Some(_) => {
            format!("aws datasync describe-task-execution --task-execution-arn {}{reach}", quoted(&arn.to_string()))
        }
        None => format!("aws datasync list-task-executions --task-arn {}{reach}", quoted(&arn.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::execution::{
        Execution,
        tests::{at, unknown, watched},
    };

    fn shown(execution: &Execution, second: i64) -> String {
        let context = Context { profile: Some("it's".into()), ..Context::default() };
        page(&Readout::of(execution, at(second)), &LocalTime { now: at(second), zone: &TimeZone::UTC }, &context)
    }

    #[test]
    fn nothing_seen_is_a_page_too() {
        let page = shown(&unknown(), 0);
        assert!(page.contains("Polling for the first time") && page.contains(r"--profile 'it'\''s'"), "{page}");
    }

    #[test]
    fn the_services_words_do_not_break_the_page() {
        let evil = r"x\n# y\n| a | b |\n```\n<script>*_\u001b[2J";
        let members = format!(
            r#""Status":"ERROR{evil}","Result":{{"ErrorCode":"{evil}","ErrorDetail":"{evil}"}},"Excludes":[{{"Value":"{evil}"}}],"Options":{{"VerifyMode":"{evil}"}},"New{evil}":"{evil}""#
        );
        let page = shown(&watched([(0, members)]), 0);
        let headings: Vec<&str> = page.lines().filter(|line| line.starts_with('#')).collect();
        assert!(headings.iter().all(|line| line.starts_with("# DataSync") || line.starts_with("## ")), "{page}");
        assert!(!page.contains("# y\n") && !page.contains("\u{1b}"), "{page}");
        assert!(!page.lines().any(|line| line.starts_with('|') && line.contains("a | b")), "{page}");
        let fences = page.lines().filter(|line| line.starts_with("```")).count();
        assert_eq!(fences % 2, 0, "{page}");
    }

    #[test]
    fn what_to_check_next_is_never_nothing_where_something_failed() {
        for (members, says) in [
            (
                r#""TaskMode":"ENHANCED","Status":"TRANSFERRING","FilesFailed":{"Transfer":2}"#,
                "/aws/datasync lists what failed",
            ),
            (r#""TaskMode":"ENHANCED","Status":"TRANSFERRING","FilesFailed":{"Transfer":0}"#, "One poll does not tell"),
            (r#""Status":"PREPARING","Result":{"TotalDuration":2000},"BytesWritten":0"#, "check again"),
            (r#""Status":"SUCCESS","BytesWritten":5,"EstimatedBytesToTransfer":9"#, "log"),
            (r#""Status":"SUCCESS","Result":{"ErrorCode":"X"}"#, "log"),
            (r#""Status":"SUCCESS""#, "Nothing: it is over"),
            (r#""Status":"ERROR""#, "log"),
            (r#""Status":"ERROR","Result":{"ErrorCode":"SomethingNew"}"#, "log"),
        ] {
            let page = shown(&watched([(0, members.to_owned())]), 0);
            let (_, next) = page.split_once("## What to check next").unwrap();
            let next = next.split("## ").next().unwrap();
            assert!(next.contains(says), "{members}: {next}");
        }
    }

    #[test]
    fn what_stands_still_for_minutes_is_to_be_looked_at_again() {
        let polled = |second| (second, r#""TaskMode":"ENHANCED","Status":"TRANSFERRING","BytesWritten":5"#.to_owned());
        for (until, says) in [
            (60, "No counter has changed for 1m: check again in a few minutes; after 5m 30s it is called stalled."),
            (
                312,
                "No counter has changed for 5m 12s: check again in a few minutes; after 5m 30s it is called stalled.",
            ),
        ] {
            let polls = (0..until).step_by(12).chain([until]).map(polled);
            let page = shown(&watched(polls), until);
            let (_, next) = page.split_once("## What to check next").unwrap();
            assert!(next.contains(says) && !next.contains("should have ended"), "{next}");
            assert!(next.contains("If it goes on: Check that source and destination respond"), "{next}");
        }
    }

    #[test]
    fn an_end_with_failures_says_each_thing_once() {
        let said =
            "Transfer and verification completed. Selected files transferred except for files skipped due to errors.";
        let members = format!(
            r#""TaskMode":"ENHANCED","Status":"ERROR","BytesWritten":866,"EstimatedBytesToTransfer":1000,"FilesTransferred":86,"EstimatedFilesToTransfer":100,"FilesVerified":80,"Options":{{"VerifyMode":"ONLY_FILES_TRANSFERRED"}},"FilesFailed":{{"Transfer":14,"Verify":6}},"FoldersFailed":{{"List":3}},"Result":{{"ErrorDetail":"{said}"}}"#
        );
        let page = shown(&watched([(0, members)]), 0);
        let (state, _) = page.split_once("## Progress").unwrap();
        assert!(state.contains("FAILED: it ended with ERROR, 86.6% of bytes written."), "{state}");
        assert!(state.contains(&format!("The service says: {said}")), "{state}");
        assert_eq!((state.matches("86.6%").count(), state.matches("14").count()), (1, 0), "{state}");
        assert!(!state.contains("before it failed") && !state.contains("Not verified"), "{state}");
        assert!(state.contains("3 folders could not be listed: whatever is in them is left out."), "{state}");
    }

    #[test]
    fn a_cancelled_run_is_not_asked_for_its_error() {
        let page =
            shown(&watched([(0, r#""Status":"CANCELLING""#.to_owned()), (5, r#""Status":"ERROR""#.to_owned())]), 5);
        assert!(page.contains("CANCELLED") && !page.contains("no reason") && !page.contains(" log"), "{page}");
    }

    #[test]
    fn the_log_is_narrowed_to_the_execution_and_its_time() {
        let members = |more: &str| format!(r#""TaskMode":"ENHANCED","Status":"ERROR","StartTime":1799999990{more}"#);
        let over = shown(&watched([(0, members(r#","EndTime":1800000000"#))]), 0);
        let from = "filter-log-events --log-group-name /aws/datasync --log-stream-name-prefix exec-0123456789abcdef0 --start-time 1799999990000";
        assert!(over.contains(&format!("{from} --end-time 1800000900000 --region us-east-1")), "{over}");
        let running = shown(&watched([(0, members("").replace("ERROR", "TRANSFERRING"))]), 0);
        assert!(running.contains(from) && !running.contains("--end-time"), "{running}");
        let off = shown(&watched([(0, members(r#","Options":{"LogLevel":"OFF"}"#))]), 0);
        assert!(!off.contains("filter-log-events"), "{off}");
    }

    #[test]
    fn the_console_s_page_is_named_where_the_service_is_the_region_s() {
        let execution = watched([(0, r#""Status":"QUEUED""#.to_owned())]);
        let url = "#/history/task-0123456789abcdef0/exec-0123456789abcdef0>";
        assert!(shown(&execution, 0).contains(url));
        let elsewhere = Context { endpoint_url: Some("http://127.0.0.1:1".into()), ..Context::default() };
        let page = page(&Readout::of(&execution, at(0)), &LocalTime { now: at(0), zone: &TimeZone::UTC }, &elsewhere);
        assert!(!page.contains("console."), "{page}");
    }

    #[test]
    fn a_long_launch_says_what_to_check() {
        let launching = |second| (second, r#""Status":"LAUNCHING","StartTime":1799999990"#.to_owned());
        let page = shown(&watched([launching(0), launching(60), launching(1200)]), 1200);
        let (before, next) = page.split_once("## What to check next").unwrap();
        assert!(
            next.contains("If a location uses an agent") && !before.contains("If a location uses an agent"),
            "{page}"
        );
    }
}
