//! Polls transfers once, or reads what someone saved of them, and folds in what was recorded before.

use std::{
    convert::Infallible,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;

use super::{
    exit::{CliError, from_fault, how_it_went},
    terminal::{self, AWAITED, patiently},
};
use crate::{
    app::exit::Exit,
    aws::{
        arn::Arn,
        observation::{Observation, Outcome},
        task::Task,
    },
    files::open_own,
    say::text::clean,
    sink::folder,
    source::{
        answers::store,
        find,
        recording::{Recording, cursor, tail::Tail},
        service::Service,
        task_facts,
    },
    transfer::execution::Execution,
};

/// How long the names of a task are waited for; they are good to have, and no more.
const NAMES: Duration = Duration::from_secs(2);
/// How many transfers are polled at a time.
const AT_ONCE: usize = 16;
/// How far apart saved responses are taken to be that do not tell.
const INTERVAL: Duration = Duration::from_secs(5);
/// Standard input's name on the command line.
pub const STDIN: &str = store::STDIN;

/// What one poll of a transfer gave, or a file.
pub struct Polled {
    /// All that is known of it.
    pub execution: Execution,
    /// The moment that is told of.
    pub at: Timestamp,
    /// The file with what was recorded, and until when it reaches.
    pub recorded: Option<RecordedUntil>,
    past: Option<Past>,
    live: Option<Observation>,
}

/// A recording that tells of the time before the poll.
#[derive(Clone, Debug)]
pub struct RecordedUntil {
    /// The file.
    pub path: PathBuf,
    /// Its newest observation.
    pub until: Timestamp,
}

/// How much of a recording is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// As much of its end as tells how it is now.
    Tail,
}

/// The observations of one execution in a recording.
struct Past {
    recording: Arc<Recording>,
    slot: usize,
    /// What is known of its task before the first of them.
    task: Option<Arc<Task>>,
    /// None that came later.
    until: Timestamp,
}

impl Past {
    /// Gives its observations in the order of time.
    fn each(&self, take: impl FnMut(Observation)) {
        let all = cursor::all(&self.recording, Some(self.slot)).flatten().map(|(_, observation)| observation);
        let mut task = self.task.clone();
        let known = all.map(|observation| {
            let task = observation.task.or_else(|| task.take());
            Observation { task, ..observation }
        });
        known.take_while(|observation| observation.at <= self.until).for_each(take);
    }
}

impl Polled {
    /// Each observation that it is made of, in the order of time.
    pub fn each(&self, mut take: impl FnMut(Observation)) {
        if let Some(past) = &self.past {
            past.each(&mut take);
        }
        self.live.iter().cloned().for_each(take);
    }
}

/// The exit code of an execution, and the sentence where it could not be seen now.
pub fn outcome(execution: &Execution, max_failed: i64) -> (Exit, Option<String>) {
    match &execution.past().outage {
        Some(outage) => {
            let error = from_fault(&outage.fault);
            (error.exit, Some(error.message))
        }
        None => (how_it_went(execution, max_failed), None),
    }
}

/// Polls each once, in their order. Of what was recorded before, the extent is folded in.
pub async fn ask(services: Vec<(Service, Arn)>, now: impl Fn() -> Timestamp + Copy, extent: Extent) -> Vec<Polled> {
    let polls = services.into_iter().map(|(service, arn)| poll(service, arn, now));
    let polled: Vec<_> = patiently(AWAITED, stream::iter(polls).buffered(AT_ONCE).collect()).await;
    // recordings are read once no poll waits meanwhile
    polled.into_iter().map(|(arn, live)| with_past(arn, live, extent)).collect()
}

/// Where the transfer is, and what the poll gave.
async fn poll(service: Service, arn: Arn, now: impl Fn() -> Timestamp) -> (Arn, Observation) {
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
    (arn, live)
}

/// A poll after what was recorded before.
fn with_past(arn: Arn, live: Observation, extent: Extent) -> Polled {
    let (mut execution, past, recorded) = match recorded(&live, &arn, extent) {
        Some((execution, past, recorded)) => (execution, Some(past), Some(recorded)),
        None => (Execution::new(arn, live.at), None, None),
    };
    execution.resume(live.at);
    execution.observe(&live);
    Polled { execution, at: live.at, recorded, past, live: Some(live) }
}

/// What is kept of this execution, where it is the same one and older than the poll.
fn recorded(live: &Observation, arn: &Arn, extent: Extent) -> Option<(Execution, Past, RecordedUntil)> {
    let path = folder::recordings()?.join(format!("{}.ndjson", arn.execution.as_deref()?));
    let (recording, task) = match extent {
        Extent::Whole if open_own(&path).is_err() => return None,
        Extent::Whole => (Recording::open(&path, INTERVAL, live.at).ok()?, None),
        Extent::Tail => Tail::open(&path, INTERVAL, live.at).map(|tail| (tail.recording, tail.task))?,
    };
    let recording = Arc::new(recording);
    let past = Past { slot: recording.slot(&live.execution)?, recording, task, until: live.at };
    let mut execution = past.recording.execution(past.slot);
    past.each(|observation| execution.observe(&observation));
    let until = execution.past().polled_at?;
    let before = execution.snapshot();
    let is_another = match &live.outcome {
        Outcome::Response(response) => before.is_some_and(|before| response.snapshot().is_another(before)),
        Outcome::Fault(_) => false,
    };
    (!is_another).then_some((execution, past, RecordedUntil { path, until }))
}

/// The transfers in a file or on standard input, as of their newest observation. What of it could not be read is said
/// on standard error.
pub fn read(name: &str, now: Timestamp) -> Result<Vec<Polled>, CliError> {
    let recording = Recording::open(Path::new(name), INTERVAL, now);
    let recording = Arc::new(recording.map_err(|why| CliError::usage(clean(&why).into_owned()))?);
    let Ok((executions, unread)) = recording.folded(|_, _| Ok::<_, Infallible>(()));
    if let Some(unread) = unread.sentence() {
        terminal::say(&clean(&unread));
    }
    let polled = |(slot, (execution, until)): (usize, (Execution, Timestamp))| {
        let past = Past { recording: Arc::clone(&recording), slot, task: None, until };
        let recorded = (name != STDIN).then(|| RecordedUntil { path: name.into(), until });
        Polled { execution, at: until, recorded, past: Some(past), live: None }
    };
    Ok(executions.into_iter().zip(recording.ends()).enumerate().map(polled).collect())
}
