//! Looks at transfers once: asks the service, or reads what someone saved, and folds in what was recorded before.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;

use super::exit::{CliError, from_fault, how_it_went};
use crate::{
    app::exit::Exit,
    aws::{
        arn::Arn,
        observation::{Observation, Outcome},
        snapshot::Time,
        task::Task,
    },
    sink::folder,
    source::{answers, find, service::Service, task_facts},
    transfer::execution::Execution,
};

/// How long the names of a task are waited for; they are good to have, and no more.
const NAMES: Duration = Duration::from_secs(2);
/// How many transfers are asked about at a time.
const AT_ONCE: usize = 16;
/// Standard input's name on the command line.
pub const STDIN: &str = "-";

/// What one look at a transfer gave.
#[derive(Debug)]
pub struct Seen {
    /// The transfer, as it was given or found.
    pub arn: Arn,
    /// The moment that is told of.
    pub at: Timestamp,
    /// What was recorded before, and then what came; never empty.
    pub observations: Vec<Observation>,
    /// The file with what was recorded, and until when it reaches.
    pub recorded: Option<Recorded>,
}

/// A recording that tells of the time before the look.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The file.
    pub path: PathBuf,
    /// Its newest observation.
    pub until: Timestamp,
}

impl Seen {
    /// All of it in one.
    pub fn execution(&self) -> Execution {
        let begins = self.observations.first().map_or(self.at, |first| first.at);
        let mut execution = Execution::new(self.arn.clone(), begins);
        for observation in &self.observations {
            execution.observe(observation);
        }
        execution
    }

    /// The exit code, and the sentence where it could not be seen now.
    pub fn outcome(&self, execution: &Execution, max_failed: i64) -> (Exit, Option<String>) {
        match &execution.past().outage {
            Some(outage) => {
                let error = from_fault(&outage.fault);
                (error.exit, Some(error.message))
            }
            None => (how_it_went(execution, max_failed), None),
        }
    }
}

/// Asks once about each, in their order.
pub async fn ask(services: Vec<(Service, Arn)>, now: impl Fn() -> Timestamp + Copy) -> Vec<Seen> {
    let looks = services.into_iter().map(|(service, arn)| look(service, arn, now));
    stream::iter(looks).buffered(AT_ONCE).collect().await
}

async fn look(service: Service, arn: Arn, now: impl Fn() -> Timestamp) -> Seen {
    let (arn, outcome, task) = match find::execution(&service, &arn).await {
        Err(fault) => (arn, Outcome::Fault(fault), None),
        Ok(arn) => {
            let names = tokio::time::timeout(NAMES, task_facts::facts(&service, &arn));
            let (outcome, names) = tokio::join!(service.describe(&arn), names);
            (arn, outcome, names.ok().map(|facts| facts.task).filter(|task| *task != Task::default()))
        }
    };
    let live =
        Observation { execution: arn.to_string().into(), at: now(), outcome, task: task.map(Into::into), next: None };
    let recording = recorded(&live, &arn);
    let (mut observations, recorded) = recording.map_or((Vec::new(), None), |(seen, file)| (seen, Some(file)));
    let at = live.at;
    observations.push(live);
    Seen { arn, at, observations, recorded }
}

/// What is kept of this execution, where it is the same one and older than the look.
fn recorded(live: &Observation, arn: &Arn) -> Option<(Vec<Observation>, Recorded)> {
    let path = folder::recordings()?.join(format!("{}.ndjson", arn.execution.as_deref()?));
    let text = fs::read(&path).ok()?;
    let texts = answers::read(&String::from_utf8_lossy(&text), live.at).ok()?;
    let ours = |seen: &Observation| seen.execution == live.execution && seen.at <= live.at;
    let before: Vec<Observation> = texts.observations.into_iter().filter(ours).collect();
    let same = started(live).is_none_or(|start| before.iter().rev().find_map(started).is_none_or(|then| then == start));
    let until = before.last()?.at;
    same.then_some((before, Recorded { path, until }))
}

fn started(seen: &Observation) -> Option<Time> {
    match &seen.outcome {
        Outcome::Response(answer) => answer.snapshot().start_time,
        Outcome::Fault(_) => None,
    }
}

/// The transfers in a file or on standard input, as of their newest observation.
pub fn read(name: &str, now: Timestamp) -> Result<Vec<Seen>, CliError> {
    let called = if name == STDIN { "standard input".to_owned() } else { format!("'{name}'") };
    let text = if name == STDIN { stdin() } else { fs::read(Path::new(name)) };
    let text = text.map_err(|error| CliError::usage(format!("{called} can't be read: {error}")))?;
    let wrong = |why: String| CliError::usage(format!("{called} {why}"));
    let texts = answers::read(&String::from_utf8_lossy(&text), now).map_err(wrong)?;
    if let Some(unread) = &texts.unread {
        super::terminal::say(&format!("of {called}, {unread}; the rest was read"));
    }
    let mut all: Vec<Seen> = Vec::new();
    for observation in texts.observations {
        let arn = Arn::parse(&observation.execution).map_err(|error| wrong(format!("names no transfer: {error}")))?;
        let place = all.iter().position(|seen| seen.arn.covers(&arn)).unwrap_or_else(|| {
            let file = (name != STDIN).then(|| Recorded { path: name.into(), until: observation.at });
            all.push(Seen { arn: arn.clone(), at: observation.at, observations: Vec::new(), recorded: file });
            all.len() - 1
        });
        let seen = &mut all[place];
        seen.at = seen.at.max(observation.at);
        if let Some(file) = &mut seen.recorded {
            file.until = seen.at;
        }
        seen.arn = arn;
        seen.observations.push(observation);
    }
    Ok(all)
}

fn stdin() -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    io::stdin().lock().read_to_end(&mut text)?;
    Ok(text)
}
