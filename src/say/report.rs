//! The hand-over page: what a colleague needs to know of a transfer, in Markdown.

pub mod markdown;

use jiff::{Timestamp, tz::TimeZone};

use self::markdown::{code, escaped, quoted, table};
use super::{
    options::{self, Row},
    sentences::{self, Now},
    summary, units,
};
use crate::{
    aws::{applicability::Metric, arn::Arn},
    transfer::{
        events::Severity,
        execution::Execution,
        judge::advice,
        past::phases::{Lasted, Phase, PhaseState},
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
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The page.
pub fn page(execution: &Execution, now: &Now, context: &Context) -> String {
    let (next, said) = advice(execution, now);
    let sections = [
        ("", head(execution, now, context)),
        ("State", state(execution, now, &said)),
        ("Progress", progress(execution, now)),
        ("Phases", phases(execution, now)),
        ("Rates", rates(execution, now)),
        ("Failures", failures(execution, now)),
        ("Events", events(execution, now)),
        ("Configuration", configuration(execution, now.zone)),
        ("What to check next", next),
        ("To look further", commands(execution, context)),
    ];
    let mut page = String::with_capacity(6144);
    for (title, text) in sections.iter().filter(|(_, text)| !text.is_empty()) {
        if !title.is_empty() {
            page.push_str(&format!("\n## {title}\n\n"));
        }
        page.push_str(text);
    }
    page
}

fn list<T: AsRef<str>>(lines: impl IntoIterator<Item = T>) -> String {
    lines.into_iter().map(|line| format!("- {}\n", line.as_ref())).collect()
}

fn head(execution: &Execution, now: &Now, context: &Context) -> String {
    let (arn, task) = (execution.arn(), execution.task());
    let name = task.name.as_deref().unwrap_or(arn.id());
    let zone =
        now.zone.iana_name().map_or_else(|| now.at.to_zoned(now.zone.clone()).strftime("%:z").to_string(), Into::into);
    let local = units::date_and_time(now.at, now.zone);
    let utc = units::date_and_time(now.at, &TimeZone::UTC);
    let mut page =
        format!("# DataSync transfer {}\n\nAs of {local} ({} UTC).", escaped(name), utc.trim_end_matches(" +00:00"));
    page.push_str(&format!(" Times below are those of {}.", escaped(&zone)));
    if let Some(until) = context.recorded_until {
        page.push_str(&format!(
            " Seen from {} on, recorded until {}.",
            now.moment(execution.watched_since()),
            now.moment(until)
        ));
    } else if execution.responded_at().is_some_and(|at| at > execution.watched_since()) {
        page.push_str(&format!(" Seen from {} on.", now.moment(execution.watched_since())));
    }
    page.push_str("\n\n");
    let side = |uri: &Option<String>| uri.as_deref().map(code);
    let mode = execution.snapshot().map(|snapshot| {
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
    ]
    .into_iter()
    .filter_map(|(label, text)| Some(format!("{label}: {}", text?)))
    .collect();
    page + &list(rows)
}

fn state(execution: &Execution, now: &Now, said: &[String]) -> String {
    let mut lines = Vec::new();
    lines.extend(summary::status(execution, now).map(|status| format!("**{}**", escaped(&status))));
    if execution.snapshot().is_some() {
        let health = execution.health(now.at);
        lines.push(format!("Health: **{}**", health.state.as_str().replace('_', " ")));
        // the sentences below carry them too where health is their subject
        let new = |reason: &&String| !said.iter().any(|sentence| sentence.contains(reason.trim_end_matches('.')));
        lines.extend(health.reasons.iter().filter(new).map(|reason| escaped(reason)));
    }
    lines.extend(said.iter().map(|sentence| escaped(sentence)));
    list(lines)
}

/// What to check next as a list, and of what there is to say all else.
fn advice(execution: &Execution, now: &Now) -> (String, Vec<String>) {
    let (mut next, mut said) = (Vec::new(), Vec::new());
    for sentence in sentences::statement(execution, now) {
        let text = sentence.text;
        let is_place = text.contains(" in CloudWatch") || text.starts_with("Nothing is logged");
        if let Some(what) = text.strip_prefix("What to do: ") {
            next.push(what.to_owned());
        } else if text.starts_with(advice::STUCK_LAUNCHING)
            || text.starts_with(advice::STALLED)
            || (is_place && sentence.tone == Severity::Info)
        {
            next.push(text);
        } else {
            said.push(text);
        }
    }
    let health = execution.health(now.at);
    if next.is_empty() {
        let words = match execution.snapshot() {
            None => "Whether the execution is there, and whether these credentials may see it.",
            Some(_) if execution.fault().is_some() => "Why it can't be seen; the state above is the last one that was.",
            Some(_) if health.tone >= Severity::Warning => "The answer's own words above, and the task's log.",
            Some(snapshot) if snapshot.is_over() => "Nothing: it is over.",
            Some(_) => "Nothing at the moment; look again when it should have ended.",
        };
        next.push(words.to_owned());
    }
    (list(next.iter().map(|text| escaped(text))), said)
}

fn progress(execution: &Execution, now: &Now) -> String {
    if execution.snapshot().is_none() {
        return String::new();
    }
    let lines = [
        ("Bytes", summary::bytes(execution)),
        ("Files", summary::files(execution)),
        ("ETA", summary::eta(execution, now)),
    ];
    let mut page = list(lines.into_iter().filter_map(|(label, text)| Some(format!("{label}: {}", escaped(&text?)))));
    if execution.applicability().reports(Metric::Failures) {
        let number = |count: Option<i64>| count.map_or("".into(), units::count);
        let lanes = execution.pipeline();
        let told = lanes
            .iter()
            .filter(|lane| lane.not_applicable.is_none() && (lane.files.is_some() || lane.folders.is_some()));
        let rows: Vec<Vec<String>> =
            told.map(|lane| vec![lane.step.name().to_owned(), number(lane.files), number(lane.folders)]).collect();
        if !rows.is_empty() {
            page.push('\n');
            page.push_str(&table(&["step", "files", "folders"], &rows));
        }
    }
    page
}

fn phases(execution: &Execution, now: &Now) -> String {
    let lasted = |phase: &Phase| match phase.lasted {
        Some(Lasted::Seen(span)) => units::duration(span),
        Some(Lasted::AtLeast(span)) => format!("at least {}", units::duration(span)),
        Some(Lasted::Reported(span)) => units::span(span),
        None if phase.state == PhaseState::Unseen => "not seen".into(),
        None => String::new(),
    };
    let words = |phase: &Phase| {
        let told = [phase.state.as_str().to_owned(), lasted(phase)];
        let told: Vec<&str> =
            told.iter().map(String::as_str).filter(|word| !word.is_empty() && *word != "unseen").collect();
        format!("{} ({})", escaped(phase.status.as_str()), told.join(", "))
    };
    let rail: Vec<String> = execution.rail(now.at).iter().map(words).collect();
    if rail.is_empty() {
        return String::new();
    }
    let snapshot = execution.snapshot();
    let times = [
        ("asked for", snapshot.and_then(|snapshot| snapshot.start_time)),
        ("launched", snapshot.and_then(|snapshot| snapshot.launch_time)),
        ("ended", snapshot.and_then(|snapshot| snapshot.end_time)),
    ];
    let times: Vec<String> =
        times.into_iter().filter_map(|(what, time)| Some(format!("{what} at {}", now.moment(time?.0)))).collect();
    let times = if times.is_empty() { String::new() } else { format!("\n\nIt was {}.", times.join(", ")) };
    format!("{}{times}\n", rail.join(" → "))
}

fn rates(execution: &Execution, now: &Now) -> String {
    let timeline = execution.timeline();
    let mut words: Vec<String> = summary::rate(execution).into_iter().collect();
    words.extend(timeline.peak().filter(|peak| *peak > 0.0).map(|peak| format!("peak {}", units::byte_rate(peak))));
    if words.is_empty() {
        return String::new();
    }
    let mut page = format!("{}\n", escaped(&words.join(", ")));
    let Some((from, to)) = timeline.begins().zip(execution.responded_at()).filter(|(from, to)| to > from) else {
        return page;
    };
    let parts = timeline.parts(from, to, CHART, |stretch| stretch.bytes);
    let most = parts.iter().flatten().copied().fold(0.0, f64::max);
    if most <= 0.0 {
        return page;
    }
    let block =
        |part: &Option<f64>| part.map_or('·', |rate| BLOCKS[((rate / most * 8.0).ceil() as usize).clamp(1, 8) - 1]);
    let chart: String = parts.iter().map(block).collect();
    let each = units::duration(to.duration_since(from) / CHART as i32);
    let (from, to) = (now.minute(from), now.minute(to));
    page.push_str(&format!("\n```text\n{chart}\n```\n\n"));
    let most = units::byte_rate(most);
    page.push_str(&format!("From {from} to {to}, {each} a character; █ is {most}, · is where no change was seen.\n"));
    page
}

fn failures(execution: &Execution, now: &Now) -> String {
    if execution.snapshot().is_none() {
        return String::new();
    }
    if !execution.applicability().reports(Metric::Failures) {
        return "This mode does not report how many items failed.\n".into();
    }
    let flow = execution.step_rates();
    let number = |count: Option<i64>| count.map_or("".into(), units::count);
    let lanes = execution.pipeline();
    let failing = lanes.iter().filter(|lane| lane.failed().is_some_and(|failed| failed > 0));
    let rows: Vec<Vec<String>> = failing
        .map(|lane| {
            let trend = flow.trend(lane.step, TREND);
            vec![
                lane.step.failing().unwrap_or_default().to_owned(),
                number(lane.files_failed),
                number(lane.folders_failed),
                trend
                    .as_ref()
                    .and_then(|trend| trend.per_hour)
                    .map_or("".into(), |rate| units::count(rate.round() as i64)),
                flow.began(lane.step).map_or("before the watch".into(), |at| now.moment(at)),
                trend.map_or("".into(), |trend| spark(&trend.parts)),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "None so far.\n".replace(" so far", if execution.is_over() { "" } else { " so far" });
    }
    let table = table(&["step", "files", "folders", "per hour", "first seen", "trend"], &rows);
    format!("{table}\nThe trend is of new failures over the time watched, a day at most, the newest at the right.\n")
}

fn spark(parts: &[i64]) -> String {
    let most = parts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let block = |part: &i64| {
        if *part <= 0 { '·' } else { BLOCKS[((*part as f64 / most * 8.0).ceil() as usize).clamp(1, 8) - 1] }
    };
    parts.iter().map(block).collect()
}

fn events(execution: &Execution, now: &Now) -> String {
    let all = execution.events().iter();
    let left_out = all.len().saturating_sub(EVENTS);
    let shown = all.skip(left_out);
    let mut page = list(shown.map(|event| format!("{} {}", now.moment(event.at), escaped(&event.text))));
    if left_out > 0 {
        page.push_str(&format!("\nThese are the newest {EVENTS}; {left_out} before them are left out.\n"));
    }
    page
}

fn configuration(execution: &Execution, zone: &TimeZone) -> String {
    let Some(snapshot) = execution.snapshot() else { return String::new() };
    let row = |row: &Row| {
        let constant = row.constant.as_deref().map(|constant| format!(" ({})", code(constant)));
        format!("{}: {}{}", escaped(&row.name), escaped(&row.words), constant.unwrap_or_default())
    };
    let sections = options::configured(snapshot, zone).into_iter();
    let sections = sections.filter(|section| !matches!(section.title, "Times" | "Result"));
    let line = |section: options::Section| {
        let rows: Vec<String> = section.rows.iter().map(row).collect();
        format!("**{}.** {}", section.title, rows.join("; "))
    };
    list(sections.map(line))
}

fn commands(execution: &Execution, context: &Context) -> String {
    let arn = execution.arn();
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
    if lines.is_empty() {
        return String::new();
    }
    if let Some(group) = &execution.task().log_group {
        let start = execution.snapshot().and_then(|snapshot| snapshot.start_time);
        let start = start.map(|start| format!(" --start-time {}", start.0.as_millisecond())).unwrap_or_default();
        lines.push(format!("aws logs filter-log-events --log-group-name {}{start}{}", quoted(group), reach(true)));
    }
    let fence = if lines.iter().any(|line| line.contains("```")) { "~~~~" } else { "```" };
    format!("{fence}sh\n{}\n{fence}\n", lines.join("\n"))
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
    use crate::transfer::execution::tests::{at, unknown, watched};

    fn shown(execution: &Execution, second: i64) -> String {
        let context = Context { profile: Some("it's".into()), ..Context::default() };
        page(execution, &Now { at: at(second), zone: &TimeZone::UTC }, &context)
    }

    #[test]
    fn nothing_seen_is_a_page_too() {
        let page = shown(&unknown(), 0);
        assert!(page.contains("Asking for the first answer") && page.contains(r"--profile 'it'\''s'"), "{page}");
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
    fn a_long_launch_says_what_to_check() {
        let launching = |second| (second, r#""Status":"LAUNCHING","StartTime":1799999990"#.to_owned());
        let page = shown(&watched([launching(0), launching(60), launching(1200)]), 1200);
        let (before, next) = page.split_once("## What to check next").unwrap();
        assert!(next.contains("Is the task's agent on") && !before.contains("Is the task's agent on"), "{page}");
    }

    #[test]
    fn blocks_are_scaled_to_the_highest() {
        assert_eq!(spark(&[0, 1, 4, 8]), "·▁▄█");
    }
}
