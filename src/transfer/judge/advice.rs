//! What to check or do next: which advice fits a case, by its mode, its options and its locations.

mod locations;
mod remedy;

pub use self::{
    locations::{Agents, Side, Storage},
    remedy::{Cause, Place, Remedy},
};
use super::health::{Finding, Health, HealthState, LAUNCHING_LONG};
use crate::{
    aws::{
        applicability::Applicability,
        snapshot::{Mode, Snapshot, Status},
        task::Task,
    },
    transfer::{
        past::phases::Age,
        present::progress::{self, Ending},
    },
};

/// One thing to check or to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advice {
    /// LAUNCHING takes long: agent and network, or, without an agent, the locations' own network and roles.
    StuckLaunching(Agents),
    /// Nothing moves: agent, source and destination.
    Stalled(Agents),
    /// The log tells more.
    Log(Log, Tells),
    /// The error has a known remedy.
    Remedy(Remedy),
    /// It was cancelled: the next run transfers what is missing.
    RunAgain,
}

/// The task's log in CloudWatch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Log {
    /// LogLevel is OFF.
    Off,
    /// The task has no log group.
    NoGroup,
    /// This log group.
    Group(String),
    /// Whether there is one is not known.
    Unknown,
}

/// What a log tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tells {
    /// Perhaps why it stands still or failed.
    Cause,
    /// Which items failed.
    Items,
}

/// What fits an execution, the most useful first; none where there is nothing to do.
pub fn advise(snapshot: &Snapshot, task: &Task, health: &Health, phase: Option<Age>) -> Vec<Advice> {
    let agents = Agents::of(task, &snapshot.mode());
    let log = || Log::of(snapshot, task);
    match snapshot.status() {
        // there is no error to find: someone wanted it to end
        Some(Status::Error) if health.state == HealthState::Cancelled => return vec![Advice::RunAgain],
        Some(Status::Error) => return against_error(snapshot, task, agents),
        Some(Status::Success) => {
            let ending = progress::ending(snapshot, &Applicability::of(snapshot));
            return match ending {
                _ if health.state == HealthState::Cancelled => vec![Advice::RunAgain],
                Some(Ending::Failures(_) | Ending::SkippedOfAll(_)) => vec![Advice::Log(log(), Tells::Items)],
                Some(Ending::BytesShort(_) | Ending::Error) => vec![Advice::Log(log(), Tells::Cause)],
                _ => Vec::new(),
            };
        }
        Some(Status::Launching) if phase.is_some_and(|age| age.span() >= LAUNCHING_LONG) => {
            return vec![Advice::StuckLaunching(agents)];
        }
        _ => {}
    }
    match &health.finding {
        Some(Finding::Stalled { .. } | Finding::StepStalled { .. } | Finding::Idle { .. }) => {
            vec![Advice::Stalled(agents), Advice::Log(log(), Tells::Cause)]
        }
        Some(Finding::Failing { .. } | Finding::Unlisted { .. }) => vec![Advice::Log(log(), Tells::Items)],
        _ => Vec::new(),
    }
}

fn against_error(snapshot: &Snapshot, task: &Task, agents: Agents) -> Vec<Advice> {
    let result = snapshot.result.as_ref();
    let code = result.and_then(|result| result.error_code.as_deref()).unwrap_or_default();
    let detail = result.and_then(|result| result.error_detail.as_deref()).unwrap_or_default();
    let remedies = remedy::remedies(&format!("{code}\n{detail}"), agents, task);
    let names = remedies.iter().any(|remedy| matches!(remedy, Remedy::FilesChanged | Remedy::ItemsSkipped));
    let is_unexplained = remedies.is_empty();
    let mut advice: Vec<Advice> = remedies.into_iter().map(Advice::Remedy).collect();
    let log = Log::of(snapshot, task);
    if names || is_unexplained || matches!(log, Log::Group(_)) {
        advice.push(Advice::Log(log, if names { Tells::Items } else { Tells::Cause }));
    }
    advice
}

impl Log {
    /// The log of an execution: in Enhanced mode the group is always the service's own.
    pub fn of(snapshot: &Snapshot, task: &Task) -> Self {
        let options = snapshot.options.as_ref();
        if options.and_then(|options| options.log_level.as_deref()) == Some("OFF") {
            return Self::Off;
        }
        let task_is_known = task.name.is_some() || task.source.is_some() || task.destination.is_some();
        match &task.log_group {
            _ if snapshot.mode() == Mode::Enhanced => Self::Group("/aws/datasync".into()),
            Some(group) => Self::Group(group.clone()),
            None if task_is_known => Self::NoGroup,
            None => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(source: &str, destination: &str, log_group: Option<&str>) -> Task {
        let side = |uri: &str| Some(uri.to_owned()).filter(|uri| !uri.is_empty());
        Task {
            source: side(source),
            destination: side(destination),
            log_group: side(log_group.unwrap_or("")),
            name: None,
        }
    }

    #[test]
    fn a_log_is_promised_only_where_there_may_be_one() {
        let read = |text: &str| serde_json::from_str::<Snapshot>(text).unwrap();
        let off = read(r#"{"Options":{"LogLevel":"OFF"}}"#);
        let on = read(r#"{"Options":{"LogLevel":"BASIC"}}"#);
        let enhanced = read(r#"{"TaskMode":"ENHANCED"}"#);
        let group = task("s3://a/", "s3://b/", Some("/my/logs"));
        let without = task("s3://a/", "s3://b/", None);
        for (snapshot, task, expected) in [
            (&off, &group, Log::Off),
            (&on, &group, Log::Group("/my/logs".into())),
            (&on, &without, Log::NoGroup),
            (&on, &Task::default(), Log::Unknown),
            (&enhanced, &without, Log::Group("/aws/datasync".into())),
            (&enhanced, &group, Log::Group("/aws/datasync".into())),
        ] {
            assert_eq!(Log::of(snapshot, task), expected);
        }
    }
}
