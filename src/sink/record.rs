//! Recordings: each observation becomes a line of a file, and what was watched before is read back from it.
//!
//! A thread writes the lines, and others read what was watched before, so that a slow disk or a long past holds up
//! nothing but the execution that it is of.

use std::{path::Path, pin::Pin, sync::Arc, sync::mpsc, thread, time::Duration};

use jiff::Timestamp;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::{Sleep, sleep, timeout},
};

pub use self::{file::check_path, recordings::Place};
use self::{
    past::Past,
    recordings::{Begun, Recordings},
};
use crate::{
    app::{Event, EventKind},
    aws::{
        arn::Arn,
        observation::{Observation, Outcome},
        per_execution::PerExecution,
        response::Response,
    },
    transfer::execution::Execution,
};

mod compact;
pub mod earlier;
mod file;
mod open;
mod past;
mod prune;
mod recordings;

/// A recording is compacted beyond so many bytes. With its compacted copy beside it, it stays below 150 MB.
const LIMIT: u64 = 100 << 20;
/// Observations that wait for the disk at most; what comes beyond is not recorded.
const WAITING: u64 = 10_000;
/// Observations that are written at once.
const BATCH: usize = 256;
/// Pasts that are read at the same time.
const READERS: usize = 2;

/// How long the disk is waited for, in real time.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// Until a line is written.
    written: Duration,
    /// Until a past is read.
    restored: Duration,
}

const PATIENCE: Patience = Patience { written: Duration::from_secs(10), restored: Duration::from_secs(60) };

/// Records on a thread of its own, and passes observations on as events.
#[derive(Debug)]
pub struct Recorder {
    jobs: mpsc::Sender<Job>,
    /// Closed once everything is written and every file is let go.
    news: UnboundedReceiver<News>,
    executions: PerExecution<Progress>,
    /// Observations that were handed over, and those that are dealt with.
    sent: u64,
    done: u64,
    /// Why there is no recording, as the thread said last, and as it was told last.
    said: Option<String>,
    told: Option<String>,
    /// The newest moment that was observed.
    now: Timestamp,
    patience: Patience,
    /// Runs out where nothing is written any more, and where no past is read.
    writing: Pin<Box<Sleep>>,
    restoring: Pin<Box<Sleep>>,
    is_stuck: bool,
    is_ending: bool,
    has_ended: bool,
}

/// Reads the past in a file.
type ReadPast = Arc<dyn Fn(&Path) -> Past + Send + Sync>;

/// What is done for the recorder.
#[derive(Debug)]
enum Job {
    Keep(Observation),
    /// The past of a file was read.
    Restore(Box<Path>, Past),
    /// No more observations come.
    End,
}

/// What the recorder's thread tells.
#[derive(Debug)]
enum News {
    Begun(Begun),
    /// So many observations are dealt with; why there is no recording at the moment.
    Kept {
        done: u64,
        error: Option<String>,
    },
}

/// How far an execution is.
#[derive(Debug)]
enum Progress {
    /// Its past is being read, and these wait for it.
    Held(Vec<Observation>),
    /// It passes. The newest response of its past, until another one said whether it is of the same execution.
    Passing(Option<Response>),
}

impl Recorder {
    /// Begins to record. Nothing is opened before the first observation.
    pub fn start(place: Place) -> Self {
        if let Place::Folder(_) = place {
            allow_many_files();
        }
        Self::with(Recordings::new(place, LIMIT), Arc::new(|path| past::read(path).unwrap_or_default()))
    }

    /// Begins to record; pasts are read with `read`.
    fn with(recordings: Recordings, read: ReadPast) -> Self {
        let (jobs, taken) = mpsc::channel();
        let (tell, news) = unbounded_channel();
        let own = jobs.clone();
        // Without a thread nobody takes the jobs, and that is said at the first one.
        let recording = move || record(recordings, &taken, &own, &tell, &read);
        let _ = thread::Builder::new().name("recorder".into()).spawn(recording);
        Self::over(jobs, news, PATIENCE)
    }

    fn over(jobs: mpsc::Sender<Job>, news: UnboundedReceiver<News>, patience: Patience) -> Self {
        Self {
            jobs,
            news,
            executions: PerExecution::default(),
            sent: 0,
            done: 0,
            said: None,
            told: None,
            now: Timestamp::UNIX_EPOCH,
            patience,
            writing: Box::pin(sleep(patience.written)),
            restoring: Box::pin(sleep(patience.restored)),
            is_stuck: false,
            is_ending: false,
            has_ended: false,
        }
    }

    /// Records an observation, and gives what is to be passed on now. The first observation of an execution, and those
    /// that come right after it, are passed on with what was watched before: see [`Recorder::news`].
    pub fn take(&mut self, observation: Observation) -> Vec<Event> {
        self.now = observation.at;
        let mut events = Vec::new();
        let known = self.executions.place(&observation.execution);
        match known.map(|place| self.executions.at(place)) {
            Some(Progress::Passing(before)) => pass(before, observation.clone(), &mut events),
            Some(Progress::Held(held)) => held.push(observation.clone()),
            None => {
                if !self.is_holding() {
                    self.restoring = Box::pin(sleep(self.patience.restored));
                }
                let held = Progress::Held(vec![observation.clone()]);
                self.executions.add(observation.execution.clone(), held);
            }
        }
        self.is_stuck |= self.sent - self.done >= WAITING;
        if self.sent - self.done < WAITING {
            if self.sent == self.done {
                self.writing = Box::pin(sleep(self.patience.written));
            }
            self.sent += 1;
            if self.jobs.send(Job::Keep(observation)).is_err() {
                self.has_ended = true;
                self.release(&mut events);
            }
        } else if known.is_none() {
            // of what is not recorded no past is read
            self.begin(Begun { execution: observation.execution, past: None }, &mut events);
        }
        self.tell(&mut events);
        events
    }

    /// Waits for what the recorder has to tell: what was watched before, with the observations that waited for it, and
    /// why there is no recording, where that has changed.
    pub async fn news(&mut self) -> Vec<Event> {
        let (is_holding, is_writing) = (self.is_holding(), self.sent > self.done);
        let mut events = Vec::new();
        tokio::select! {
            news = self.news.recv(), if !self.has_ended => match news {
                Some(News::Begun(begun)) => {
                    self.restoring = Box::pin(sleep(self.patience.restored));
                    self.begin(begun, &mut events);
                }
                Some(News::Kept { done, error }) => {
                    if done > self.done {
                        self.writing = Box::pin(sleep(self.patience.written));
                        self.is_stuck = false;
                    }
                    (self.done, self.said) = (done, error);
                }
                None => {
                    self.has_ended = true;
                    self.release(&mut events);
                }
            },
            () = &mut self.writing, if is_writing && !self.is_stuck && !self.has_ended => self.is_stuck = true,
            () = &mut self.restoring, if is_holding => self.release(&mut events),
            else => std::future::pending().await,
        }
        self.tell(&mut events);
        events
    }

    /// Records an observation and waits until it is written. Gives what is to be known beside it.
    pub async fn keep(&mut self, observation: &Observation) -> Vec<EventKind> {
        let mut events = self.take(observation.clone());
        while !self.has_ended && !self.is_stuck && (self.sent > self.done || self.is_holding()) {
            events.extend(self.news().await);
        }
        let beside = |event: &EventKind| !matches!(event, EventKind::Observed(_));
        events.into_iter().map(|event| event.what).filter(beside).collect()
    }

    /// Waits until everything is written and every file is let go, but no longer than for a line. Gives what is still
    /// to be passed on.
    pub async fn end(mut self) -> Vec<Event> {
        self.is_ending = self.jobs.send(Job::End).is_ok();
        let (mut events, patience) = (Vec::new(), self.patience.written);
        let all = async {
            while !self.has_ended {
                events.extend(self.news().await);
            }
        };
        let _ = timeout(patience, all).await;
        self.release(&mut events);
        events
    }

    fn is_holding(&self) -> bool {
        self.executions.values().any(|(_, progress)| matches!(progress, Progress::Held(_)))
    }

    /// Passes on what waited for a past.
    fn begin(&mut self, Begun { execution, past }: Begun, events: &mut Vec<Event>) {
        let Some(place) = self.executions.place(&execution) else { return };
        // A past that comes after what is newer is of no use any more.
        let progress @ Progress::Held(_) = self.executions.at(place) else { return };
        let mut before = past.as_ref().and_then(|past| past.response().cloned());
        let Progress::Held(held) = std::mem::replace(progress, Progress::Passing(None)) else { return };
        if let (Some(past), Some(first)) = (past, held.first()) {
            events.push(Event { at: first.at, what: EventKind::Restored(past) });
        }
        held.into_iter().for_each(|observation| pass(&mut before, observation, events));
        *progress = Progress::Passing(before);
    }

    /// Passes on all that waits, without a past.
    fn release(&mut self, events: &mut Vec<Event>) {
        let held = self.executions.values().filter(|(_, progress)| matches!(progress, Progress::Held(_)));
        let held: Vec<Arc<str>> = held.map(|(execution, _)| execution.clone()).collect();
        for execution in held {
            self.begin(Begun { execution, past: None }, events);
        }
    }

    /// Tells why there is no recording, where that has changed.
    fn tell(&mut self, events: &mut Vec<Event>) {
        let error = if self.has_ended && !self.is_ending {
            Some("Recording stopped: the part of the program that does it has ended.".to_owned())
        } else if self.is_stuck {
            Some("Recording stopped: the disk does not respond.".to_owned())
        } else {
            self.said.clone()
        };
        if error != self.told {
            self.told.clone_from(&error);
            events.push(Event { at: self.now, what: EventKind::Recording(error) });
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let _ = self.jobs.send(Job::End);
    }
}

/// Passes an observation on. Where its response says that it is of another execution than the past that was shown, that
/// is taken back.
fn pass(before: &mut Option<Response>, observation: Observation, events: &mut Vec<Event>) {
    let at = observation.at;
    if let Outcome::Response(response) = &observation.outcome
        && let Some(before) = before.take()
        && response.snapshot().is_another(before.snapshot())
        && let Ok(arn) = Arn::parse(&observation.execution)
    {
        events.push(Event { at, what: EventKind::Restored(Box::new(Execution::new(arn, at))) });
    }
    events.push(Event::observed(observation));
}

/// The recorder's thread: writes what comes, and has pasts read.
fn record(
    mut recordings: Recordings,
    jobs: &mpsc::Receiver<Job>,
    own: &mpsc::Sender<Job>,
    tell: &UnboundedSender<News>,
    read: &ReadPast,
) {
    let (mut taken, mut reading, mut is_ending) = (0, 0, false);
    while let Ok(first) = jobs.recv() {
        let (mut begun, mut newest) = (Vec::new(), None);
        for job in std::iter::once(first).chain(jobs.try_iter().take(BATCH)) {
            match job {
                Job::Keep(observation) => {
                    taken += 1;
                    newest = Some(observation.at);
                    begun.extend(recordings.keep(observation));
                }
                Job::Restore(path, past) => {
                    reading -= 1;
                    begun.extend(recordings.restore(&path, past));
                }
                Job::End => is_ending = true,
            }
        }
        while reading < READERS
            && let Some(path) = recordings.next_unread()
        {
            let (jobs, path) = (own.clone(), Box::<Path>::from(path));
            let (there, reads) = (path.clone(), Arc::clone(read));
            let reader = move || jobs.send(Job::Restore(path.clone(), reads(&path)));
            match thread::Builder::new().name("past".into()).spawn(reader) {
                Ok(_) => reading += 1,
                Err(_) => begun.extend(recordings.restore(&there, read(&there))),
            }
        }
        let error = recordings.flush();
        begun.into_iter().for_each(|begun| drop(tell.send(News::Begun(begun))));
        let done = taken - recordings.waiting() as u64;
        let _ = tell.send(News::Kept { done, error });
        if let Some(now) = newest {
            recordings.tidy(now);
        }
        if is_ending && reading == 0 {
            break;
        }
    }
}

/// Each recording is a file that stays open, and many of them must leave room for connections.
fn allow_many_files() {
    const ENOUGH: u64 = 10_240;
    let limits = getrlimit(Resource::Nofile);
    let current = Some(limits.maximum.unwrap_or(ENOUGH).min(ENOUGH));
    if limits.current < current && limits.current.is_some() {
        let _ = setrlimit(Resource::Nofile, Rlimit { current, ..limits });
    }
}

#[cfg(test)]
mod tests;
