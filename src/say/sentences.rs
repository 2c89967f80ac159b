//! What to say of an execution, in sentences, the most pressing first.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::units;
use crate::{
    aws::{
        applicability::Verify,
        fault::FaultKind,
        snapshot::{Mode, Snapshot, Status},
    },
    transfer::{
        events::Severity,
        execution::Execution,
        judge::{
            advice, bottleneck,
            health::{self, HealthState},
        },
        present::progress::{self, Ending},
    },
};

/// A sentence, and how it is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// How it is meant.
    pub tone: Severity,
    /// The sentence. It may carry the service's own words, verbatim.
    pub text: String,
}

/// The moment at which something is said, and where.
#[derive(Clone, Copy, Debug)]
pub struct Now<'a> {
    /// The moment.
    pub at: Timestamp,
    /// The zone in which times of day are said.
    pub zone: &'a TimeZone,
}

impl Now<'_> {
    /// A time of day, with its day where that is not today.
    pub fn moment(&self, at: Timestamp) -> String {
        units::moment(at, self.at, self.zone)
    }

    /// A time of day to the minute, with its day where that is not today.
    pub fn minute(&self, at: Timestamp) -> String {
        units::minute(at, self.at, self.zone)
    }

    /// How long ago: `2s`, `3h 12m`.
    pub fn since(&self, at: Timestamp) -> String {
        units::duration(self.at.duration_since(at))
    }
}

fn say(tone: Severity, text: impl Into<String>) -> Sentence {
    Sentence { tone, text: text.into() }
}

/// Everything there is to say.
pub fn statement(execution: &Execution, now: &Now) -> Vec<Sentence> {
    let mut said = Vec::new();
    said.extend(sight(execution, now));
    let Some(snapshot) = execution.snapshot() else {
        if said.is_empty() {
            let task_only = execution.arn().execution.is_none();
            let words =
                if task_only { "Looking for the task's newest execution." } else { "Asking for the first answer." };
            said.push(say(Severity::Info, words));
        }
        return said;
    };
    said.extend(trouble(execution, now));
    match snapshot.status() {
        Some(Status::Queued) => said.push(queued(execution, now)),
        Some(Status::Launching) => said.extend(launching(execution, now)),
        Some(Status::Preparing) => said.push(preparing(execution, snapshot, now)),
        Some(Status::Transferring) => said.extend(transferring(execution, snapshot, now)),
        Some(Status::Verifying) => said.push(verifying(execution, snapshot)),
        Some(Status::Cancelling) => said.push(cancelling(snapshot)),
        Some(Status::Success) => said.extend(success(execution, snapshot, now)),
        Some(Status::Error) => said.extend(error(execution, snapshot, now)),
        Some(Status::Other(word)) => said.push(unknown(&word, execution, now)),
        None => said.push(say(Severity::Warning, "The answer has no status.")),
    }
    said.extend(bottleneck::diagnose(execution, now).map(|why| say(Severity::Info, why)));
    said.extend(report(snapshot));
    said
}

/// Why we do not see it, where we do not.
fn sight(execution: &Execution, now: &Now) -> Option<Sentence> {
    let sight = execution.fault()?;
    let asked_again = match execution.next() {
        Some(next) => format!("Asking every {}.", units::interval(next)),
        None => "Not asking any more.".into(),
    };
    let seen = execution.responded_at().map(|at| format!(" Last answer at {}, {} ago.", now.moment(at), now.since(at)));
    let seen = seen.unwrap_or_default();
    if sight.fault.kind == FaultKind::Throttled {
        return Some(say(Severity::Info, format!("The service asks us to slow down (throttled).{seen} {asked_again}")));
    }
    let message = sentence(&sight.fault.message);
    let since = if sight.times > 1 { format!(" Since {}.", now.moment(sight.since)) } else { String::new() };
    Some(say(Severity::Warning, format!("{message}{since}{seen} {asked_again}")))
}

/// With a capital and a full stop.
fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut characters = text.chars();
    let first: String = characters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    let stop = if text.ends_with(['.', '!', '?', ':']) { "" } else { "." };
    format!("{first}{}{stop}", characters.as_str())
}

/// What health has to say of an execution that still runs.
fn trouble(execution: &Execution, now: &Now) -> Vec<Sentence> {
    let health = execution.health(now.at);
    if !matches!(health.state, HealthState::Stalled | HealthState::Failing | HealthState::Slow | HealthState::Quiet) {
        return Vec::new();
    }
    let mut text = health.reasons.join(" ");
    if let (HealthState::Stalled | HealthState::Quiet, Some(at)) = (health.state, execution.counters_changed_at()) {
        text.push_str(&format!(" The last change was at {}.", now.moment(at)));
    }
    let word = health.state.as_str().to_uppercase();
    let mut said = vec![say(health.tone, format!("{word}: {text}"))];
    match health.state {
        HealthState::Stalled => {
            let look = where_to_look(execution, "may say why");
            said.push(say(Severity::Info, format!("{} {look}", advice::STALLED)));
        }
        HealthState::Failing => {
            let lanes = execution.pipeline();
            let began = lanes.iter().filter_map(|lane| execution.step_rates().began(lane.step)).min();
            let began = began.map(|at| format!("The first failure was seen at {}. ", now.moment(at)));
            let look = where_to_look(execution, "names what failed");
            said.push(say(Severity::Info, format!("{}{look}", began.unwrap_or_default())));
        }
        _ => {}
    }
    said
}

/// Where the service tells more, and what it tells.
fn where_to_look(execution: &Execution, tells: &str) -> String {
    let options = execution.snapshot().and_then(|snapshot| snapshot.options.as_ref());
    if options.and_then(|options| options.log_level.as_deref()) == Some("OFF") {
        return "Nothing is logged (LogLevel is OFF); with BASIC the next run would name what failed.".into();
    }
    match &execution.task().log_group {
        Some(group) => format!("The log group {group} in CloudWatch {tells}."),
        None => format!("The task's log in CloudWatch {tells}."),
    }
}

fn queued(execution: &Execution, now: &Now) -> Sentence {
    let since = execution.snapshot().and_then(|snapshot| snapshot.start_time);
    let since = since.map(|start| format!(" since {}, for {}", now.moment(start.0), now.since(start.0)));
    let why = "another execution uses the same agent, or an earlier one of this task still runs";
    say(Severity::Info, format!("Waiting in the queue{}: {why}.", since.unwrap_or_default()))
}

fn launching(execution: &Execution, now: &Now) -> Vec<Sentence> {
    let lasted = execution.phase_lasted(now.at).unwrap_or_default();
    let for_ = units::duration(lasted);
    if lasted < health::LAUNCHING_LONG {
        return vec![say(Severity::Info, format!("Launching for {for_}. It can take a few minutes."))];
    }
    let too_long = lasted >= health::LAUNCHING_TOO_LONG;
    let (tone, words) = if too_long {
        (Severity::Warning, "far longer than it takes. It also holds up what is queued behind it")
    } else {
        (Severity::Info, "longer than usual")
    };
    vec![say(tone, format!("Launching for {for_}, {words}.")), say(Severity::Info, advice::STUCK_LAUNCHING)]
}

fn unknown(word: &str, execution: &Execution, now: &Now) -> Sentence {
    let lasted = execution.phase_lasted(now.at).map(units::duration).unwrap_or_default();
    say(Severity::Info, format!("{word} for {lasted}: a status that this version does not know. It is not an end."))
}

fn preparing(execution: &Execution, snapshot: &Snapshot, now: &Now) -> Sentence {
    if execution.applicability().mode != Mode::Basic {
        return say(Severity::Info, "Listing and comparing.");
    }
    let lasted = execution.phase_lasted(now.at).map(units::duration).unwrap_or_default();
    let found = match (execution.files().total, snapshot.estimated_bytes_to_transfer) {
        (Some(files), Some(bytes)) => {
            format!("; so far {} files and {} to transfer", units::count(files), units::bytes(bytes.0))
        }
        _ => String::new(),
    };
    let words = "the service reports nothing while it compares";
    say(Severity::Info, format!("Comparing source and destination for {lasted}; {words}{found}."))
}

fn transferring(execution: &Execution, snapshot: &Snapshot, now: &Now) -> Option<Sentence> {
    let written = snapshot.bytes_written?.0;
    if written != 0 || execution.files().done.is_some_and(|files| files > 0) {
        return None;
    }
    let lasted = execution.phase_lasted(now.at).unwrap_or_default();
    Some(if lasted < SignedDuration::from_mins(1) {
        say(Severity::Info, "Waiting for the first bytes. They take up to a minute to show.")
    } else {
        say(Severity::Info, format!("No bytes written yet, {} into transferring.", units::duration(lasted)))
    })
}

fn verifying(execution: &Execution, snapshot: &Snapshot) -> Sentence {
    let terms = execution.applicability();
    if progress::verifies_both_sides(terms) {
        let so_far = snapshot.files_verified.filter(|count| count.0 > 0);
        let so_far = so_far.map(|count| format!(": {} items so far", units::count(count.0)));
        let words = "how many there are is not reported";
        return say(
            Severity::Info,
            format!("Verifying source and destination whole{}; {words}.", so_far.unwrap_or_default()),
        );
    }
    let what = if terms.verify == Verify::OnlyFilesTransferred { " what was transferred" } else { "" };
    say(Severity::Info, format!("Verifying{what}."))
}

fn cancelling(snapshot: &Snapshot) -> Sentence {
    let written = snapshot.bytes_written.map(|bytes| format!(" {} were written.", units::bytes(bytes.0)));
    let words = "The destination may be incomplete; the next run repairs it.";
    say(Severity::Warning, format!("Being cancelled.{} {words}", written.unwrap_or_default()))
}

fn success(execution: &Execution, snapshot: &Snapshot, now: &Now) -> Vec<Sentence> {
    let elapsed = execution.elapsed(now.at).map(|elapsed| format!(" in {}", units::span(elapsed))).unwrap_or_default();
    let ending = progress::ending(snapshot, execution.applicability());
    if ending == Some(Ending::Nothing) {
        return vec![say(
            Severity::Ok,
            format!("Nothing to transfer: source and destination were the same. Done{elapsed}."),
        )];
    }
    let mut said = Vec::new();
    if let (Some(Ending::Failures(failed)), Some(steps)) = (ending, failed_steps(execution)) {
        let words = format!("It ended with SUCCESS, but {} failed: {steps}.", units::items(failed));
        said.push(say(Severity::Warning, words));
    } else if let Some(reason) = execution.health(now.at).reasons.first() {
        let words = format!("It ended with SUCCESS, but not whole: {}", lowercase_first(reason));
        said.push(say(Severity::Warning, words));
    }
    let tone = if said.is_empty() { Severity::Ok } else { Severity::Info };
    if matches!(ending, Some(Ending::Failures(_) | Ending::SkippedOfAll(_))) {
        said.push(say(Severity::Info, where_to_look(execution, "names what failed")));
    }
    let mut facts = achieved(execution, snapshot);
    facts.extend(execution.average().map(|rate| format!("{} on average", units::byte_rate(rate))));
    let facts = if facts.is_empty() { String::new() } else { format!(": {}", facts.join(", ")) };
    let saved = progress::saved_by_compression(snapshot, execution.applicability()).filter(|saved| *saved >= 0.005);
    let saved = saved.map(|saved| format!(" Compression saved {} on the network.", units::percent(saved)));
    said.push(say(tone, format!("Done{elapsed}{facts}.{}", saved.unwrap_or_default())));
    said
}

/// Files, folders and bytes by now.
fn achieved(execution: &Execution, snapshot: &Snapshot) -> Vec<String> {
    let mut facts = Vec::new();
    if let Some(files) = execution.files().done {
        let items = if execution.applicability().mode == Mode::Basic { "files and folders" } else { "files" };
        facts.push(format!("{} {items}", units::count(files)));
    }
    facts.extend(snapshot.folders_transferred.map(|folders| format!("{} folders", units::count(folders.0))));
    facts.extend(snapshot.bytes_written.map(|bytes| units::bytes(bytes.0)));
    if execution.applicability().deletes {
        facts.extend(snapshot.files_deleted.map(|deleted| format!("{} deleted", units::count(deleted.0))));
    }
    facts
}

/// `12 to transfer, 41 to verify`; `None` where nothing failed.
fn failed_steps(execution: &Execution) -> Option<String> {
    let lanes = execution.pipeline();
    let steps: Vec<String> = lanes
        .iter()
        .filter_map(|lane| Some((lane.step.failing()?, lane.failed().filter(|failed| *failed > 0)?)))
        .map(|(step, failed)| format!("{} to {step}", units::count(failed)))
        .collect();
    (!steps.is_empty()).then(|| steps.join(", "))
}

fn error(execution: &Execution, snapshot: &Snapshot, now: &Now) -> Vec<Sentence> {
    let result = snapshot.result.as_ref();
    let code = result.and_then(|result| result.error_code.as_deref());
    let detail = result.and_then(|result| result.error_detail.as_deref());
    let elapsed =
        execution.elapsed(now.at).map(|elapsed| format!(", after {}", units::span(elapsed))).unwrap_or_default();
    let mut said = vec![if advice::is_partial(snapshot) {
        let share = execution.bytes().fraction();
        let written = share.map(|share| format!(", with {} of the bytes written", units::percent(share)));
        let words = format!("PARTIAL SUCCESS{elapsed}: it ended with ERROR{}.", written.unwrap_or_default());
        say(Severity::Warning, words)
    } else {
        let phase = failing_phase(execution, snapshot).map(|phase| format!(" while {phase}")).unwrap_or_default();
        say(Severity::Critical, format!("FAILED{phase}{elapsed}."))
    }];
    let told = [code.filter(|code| !code.is_empty()), detail.filter(|detail| !detail.is_empty())];
    let told: Vec<&str> = told.into_iter().flatten().collect();
    if told.is_empty() {
        said.push(say(Severity::Info, "The service gives no reason. The log in CloudWatch may."));
    } else {
        said.push(say(said[0].tone, told.join(": ")));
    }
    said.extend(
        advice::remedies(code, detail)
            .iter()
            .map(|remedy| say(Severity::Info, format!("What to do: {}", remedy.advice))),
    );
    said.extend(failed_steps(execution).map(|steps| say(Severity::Warning, format!("Failed: {steps}."))));
    let facts = achieved(execution, snapshot);
    if !facts.is_empty() {
        let share = execution.bytes().fraction().map(|fraction| format!(", {} of the bytes", units::percent(fraction)));
        said.push(say(Severity::Info, format!("It got as far as {}{}.", facts.join(", "), share.unwrap_or_default())));
    }
    said
}

/// Which phase failed: the one whose status in `Result` says so, else the last one that we saw.
fn failing_phase(execution: &Execution, snapshot: &Snapshot) -> Option<String> {
    let reported = snapshot.result.as_ref().and_then(|result| {
        let phases = [
            ("preparing", &result.prepare_status),
            ("transferring", &result.transfer_status),
            ("verifying", &result.verify_status),
        ];
        phases.into_iter().find(|(_, status)| status.as_deref() == Some("ERROR")).map(|(phase, _)| phase.to_owned())
    });
    reported.or_else(|| execution.previous_phase().map(|status| status.as_str().to_lowercase()))
}

fn report(snapshot: &Snapshot) -> Option<Sentence> {
    let result = snapshot.report_result.as_ref().filter(|result| result.status.as_deref() == Some("ERROR"))?;
    let why: Vec<&str> = [&result.error_code, &result.error_detail].into_iter().flatten().map(|text| &**text).collect();
    Some(say(Severity::Warning, format!("The task report is not complete: {}.", why.join(": ").trim_end_matches('.'))))
}

fn lowercase_first(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_lowercase().chain(characters).collect()).unwrap_or_default()
}

/// Status, share, rate, end, failures and amounts in a few words each, for one line; the most telling first.
pub fn headline(execution: &Execution, now: &Now) -> Vec<String> {
    let Some(snapshot) = execution.snapshot() else { return vec!["asking".into()] };
    let mut words = vec![snapshot.status.as_deref().unwrap_or("no status").to_owned()];
    let bytes = execution.bytes();
    if !snapshot.is_over() {
        words.extend(bytes.fraction().map(units::percent));
    }
    if snapshot.status() == Some(Status::Transferring) && execution.unchanged_for() < SignedDuration::from_secs(60) {
        words.extend(execution.timeline().byte_rate().map(|rate| units::byte_rate(rate.per_second)));
    }
    if let Ok(estimate) = execution.estimate(now.at) {
        let at_least = if estimate.is_lower_bound { "≥ " } else { "" };
        words.push(format!("{at_least}{}–{}", now.minute(estimate.earliest), now.minute(estimate.latest)));
    }
    let failed = progress::failures(snapshot).filter(|failed| *failed > 0);
    words.extend(failed.map(|failed| format!("{} failed", units::count(failed))));
    let at_least = if execution.totals_grow() { "≥ " } else { "" };
    words.extend(match (bytes.done, bytes.total) {
        (Some(done), Some(total)) if done < total => {
            Some(format!("{} of {at_least}{}", units::bytes(done), units::bytes(total)))
        }
        (Some(done), _) if done != 0 => Some(units::bytes(done)),
        _ => None,
    });
    words.extend(execution.elapsed(now.at).map(units::duration));
    words
}
