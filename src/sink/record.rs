//! Recordings: each observation becomes a line of a file, and what was watched before is read back from it.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::Arc,
    thread,
    time::Duration,
};

use jiff::Timestamp;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::oneshot;

use self::{
    file::{LOOK, Recording, Trouble},
    past::Past,
    prune::Keep,
};
use crate::{
    app::EventKind,
    aws::{
        arn::Arn,
        observation::{Observation, Outcome},
        snapshot::Time,
    },
    transfer::execution::Execution,
};

mod file;
mod past;
mod prune;
mod thin;

/// A recording is thinned beyond so many bytes. With its thinned copy beside it, it stays below 150 MB.
const LIMIT: u64 = 100 << 20;

/// How long an observation waits for the disk, in real time.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// For its line to be written.
    written: Duration,
    /// The first one of an execution, for what was watched before.
    restored: Duration,
}

const PATIENCE: Patience = Patience { written: Duration::from_secs(10), restored: Duration::from_secs(60) };

/// Where recordings are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a folder, a file for each execution.
    Folder(PathBuf),
    /// All in one file.
    File(PathBuf),
    /// Nowhere, since there is no home.
    Nowhere,
}

/// Records on a thread of its own, so that a slow disk holds nobody up for long.
#[derive(Debug)]
pub struct Recorder {
    jobs: std::sync::mpsc::Sender<Job>,
    /// Closed once everything is written and every file is let go.
    ended: oneshot::Receiver<()>,
    /// Transfers that have their past.
    begun: HashSet<Arc<str>>,
    /// EventKind did not come in time.
    late: Option<oneshot::Receiver<Kept>>,
    trouble: Option<String>,
    patience: Patience,
}

#[derive(Debug)]
struct Job {
    observation: Observation,
    done: oneshot::Sender<Kept>,
}

/// EventKind came of keeping an observation.
#[derive(Debug, Default)]
struct Kept {
    /// EventKind was watched of its execution before.
    restored: Option<Box<Execution>>,
    /// Why there is no recording at the moment.
    trouble: Option<String>,
}

impl Recorder {
    /// Begins to record. Nothing is opened before the first observation.
    pub fn start(place: Place) -> Self {
        if let Place::Folder(_) = place {
            allow_many_files();
        }
        Self::of(Archive::new(place, LIMIT))
    }

    fn of(mut archive: Archive) -> Self {
        let (jobs, taken) = std::sync::mpsc::channel::<Job>();
        let (running, ended) = oneshot::channel();
        // Without a thread nobody takes the jobs, and that is said at the first one.
        let _ = thread::Builder::new().name("recorder".into()).spawn(move || {
            for Job { observation, done } in taken {
                let _ = done.send(archive.keep(&observation));
                archive.tidy(observation.at);
            }
            drop((archive, running));
        });
        Self { jobs, ended, begun: HashSet::new(), late: None, trouble: None, patience: PATIENCE }
    }

    /// Writes an observation down, and gives what is to be known before it is passed on: what was watched before,
    /// at the first one of an execution, and why it is not recorded, where that has changed.
    pub async fn keep(&mut self, observation: &Observation) -> Vec<EventKind> {
        if let Some(late) = &mut self.late {
            match late.try_recv() {
                Err(oneshot::error::TryRecvError::Empty) => return Vec::new(),
                // A past that comes after what is newer is of no use any more.
                Ok(_) | Err(oneshot::error::TryRecvError::Closed) => self.late = None,
            }
        }
        let Kept { restored, trouble } = self.kept(observation).await;
        let restored = restored.map(EventKind::Restored);
        let changed = trouble != self.trouble;
        self.trouble.clone_from(&trouble);
        restored.into_iter().chain(changed.then_some(EventKind::Recording(trouble))).collect()
    }

    /// Lets every file go, and waits for that as long as for a line.
    pub async fn end(self) {
        drop(self.jobs);
        let _ = tokio::time::timeout(self.patience.written, self.ended).await;
    }

    async fn kept(&mut self, observation: &Observation) -> Kept {
        let (done, mut kept) = oneshot::channel();
        let is_first = self.begun.insert(observation.execution.clone());
        let patience = if is_first { self.patience.restored } else { self.patience.written };
        let job = Job { observation: observation.clone(), done };
        let without = |why: &str| Kept { restored: None, trouble: Some(format!("Not recorded: {why}.")) };
        if self.jobs.send(job).is_err() {
            return without("the part of the program that does it has ended");
        }
        match tokio::time::timeout(patience, &mut kept).await {
            Ok(Ok(kept)) => kept,
            Ok(Err(_)) => without("the part of the program that does it has ended"),
            Err(_) => {
                self.late = Some(kept);
                without("the disk does not answer")
            }
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

/// All recordings of a watch.
#[derive(Debug)]
struct Archive {
    place: Place,
    limit: u64,
    tapes: Vec<Tape>,
    /// Which of the tapes an execution is on; `None` where it is on none.
    places: HashMap<Arc<str>, Option<usize>>,
    is_pruned: bool,
}

impl Archive {
    fn new(place: Place, limit: u64) -> Self {
        Self { place, limit, tapes: Vec::new(), places: HashMap::new(), is_pruned: false }
    }

    fn keep(&mut self, observation: &Observation) -> Kept {
        let restored = self.tape(observation).and_then(|tape| tape.keep(observation));
        let trouble = match &self.place {
            Place::Nowhere => Some("there is no home folder; --record FILE names a file".to_owned()),
            Place::Folder(_) | Place::File(_) => {
                self.tapes.iter().find_map(|tape| tape.trouble.as_ref().map(Trouble::to_string))
            }
        };
        let trouble = trouble.map(|why| format!("Not recorded: {why}."));
        Kept { restored: restored.map(Box::new), trouble }
    }

    /// The tape that an observation belongs on; `None` where there is none, as for a task without an execution.
    fn tape(&mut self, observation: &Observation) -> Option<&mut Tape> {
        let place = match self.places.get(&observation.execution) {
            Some(place) => *place,
            None => {
                let place = self.path(observation).map(|path| self.place(path, observation.at));
                self.places.insert(observation.execution.clone(), place);
                place
            }
        };
        self.tapes.get_mut(place?)
    }

    fn path(&self, observation: &Observation) -> Option<PathBuf> {
        match &self.place {
            Place::Folder(folder) => {
                let arn = Arn::parse(&observation.execution).ok()?;
                Some(folder.join(format!("{}.ndjson", arn.execution?)))
            }
            Place::File(path) => Some(path.clone()),
            Place::Nowhere => None,
        }
    }

    fn place(&mut self, path: PathBuf, at: Timestamp) -> usize {
        let known = self.tapes.iter().position(|tape| tape.path == path);
        known.unwrap_or_else(|| {
            self.tapes.push(Tape::open(path, self.limit, at));
            self.tapes.len() - 1
        })
    }

    /// EventKind can wait until the observation was passed on.
    fn tidy(&mut self, now: Timestamp) {
        for recording in self.tapes.iter_mut().filter_map(|tape| tape.recording.as_mut()) {
            recording.keep_small(now);
        }
        if let Place::Folder(folder) = &self.place
            && !self.tapes.is_empty()
            && !std::mem::replace(&mut self.is_pruned, true)
        {
            let folder = folder.clone();
            // EventKind can't be pruned now is pruned another time.
            let _ = thread::Builder::new().spawn(move || prune::prune(&folder, now, Keep::default()));
        }
    }
}

/// A file that is recorded into, or would be.
#[derive(Debug)]
struct Tape {
    path: PathBuf,
    limit: u64,
    recording: Option<Recording>,
    trouble: Option<Trouble>,
    opened_at: Timestamp,
    past: Past,
    transfers: Vec<Transfer>,
}

/// An execution on a tape.
#[derive(Debug)]
struct Transfer {
    name: Arc<str>,
    /// When the execution of the past was started, until an answer said the same.
    started: Option<Time>,
}

impl Tape {
    fn open(path: PathBuf, limit: u64, at: Timestamp) -> Self {
        let mut tape = Self {
            path,
            limit,
            recording: None,
            trouble: None,
            opened_at: at,
            past: Past::default(),
            transfers: Vec::new(),
        };
        tape.begin(at);
        if !matches!(tape.trouble, Some(Trouble::NoFile(_))) {
            // EventKind can't be written may still be read; where it can't, the watch begins with nothing.
            tape.past = past::read(&tape.path).unwrap_or_default();
        }
        tape
    }

    fn begin(&mut self, at: Timestamp) {
        self.opened_at = at;
        // The lock of the one before goes first.
        self.recording = None;
        match Recording::open(&self.path, self.limit) {
            Ok(recording) => (self.recording, self.trouble) = (Some(recording), None),
            Err(trouble) => self.trouble = Some(trouble),
        }
    }

    fn keep(&mut self, observation: &Observation) -> Option<Execution> {
        let restored = self.restored(observation);
        self.write(observation);
        restored
    }

    /// EventKind was watched of an execution before, at its first observation. If its first answer says that it is
    /// another execution under the same name, as emulators have them, the old recording makes room.
    fn restored(&mut self, observation: &Observation) -> Option<Execution> {
        let known = self.transfers.iter().position(|transfer| transfer.name == observation.execution);
        let (place, before) = match known {
            Some(place) => (place, None),
            None => {
                let before = self.past_of(&observation.execution);
                let started = before.as_ref().and_then(|before| before.snapshot()?.start_time);
                self.transfers.push(Transfer { name: observation.execution.clone(), started });
                (self.transfers.len() - 1, before)
            }
        };
        let Outcome::Response(answer) = &observation.outcome else { return before };
        let started = self.transfers[place].started.take();
        let is_another = started.zip(answer.snapshot().start_time).is_some_and(|(before, now)| before != now);
        if !is_another {
            return before;
        }
        self.put_aside(observation.at);
        // The past was shown already where no answer came at first.
        let arn = Arn::parse(&observation.execution).ok().filter(|_| known.is_some())?;
        Some(Execution::new(arn, observation.at))
    }

    fn past_of(&mut self, name: &Arc<str>) -> Option<Execution> {
        let place = self.past.executions.iter().position(|(of, _)| of == name)?;
        let (_, mut before) = self.past.executions.swap_remove(place);
        let unreadable = std::mem::take(&mut self.past.unreadable);
        if unreadable > 0 {
            before.unreadable(unreadable);
        }
        Some(before)
    }

    fn put_aside(&mut self, at: Timestamp) {
        self.past = Past::default();
        let Some(recording) = self.recording.take() else { return };
        match recording.put_aside() {
            Ok(()) => self.begin(at),
            Err(trouble) => self.trouble = Some(trouble),
        }
    }

    fn write(&mut self, observation: &Observation) {
        let at = observation.at;
        let is_lost = self.recording.as_mut().is_some_and(|recording| recording.is_lost(at));
        let is_due = self.recording.is_none() && at.duration_since(self.opened_at).abs() >= LOOK;
        if is_lost || is_due {
            self.begin(at);
        }
        if let Some(recording) = &mut self.recording {
            self.trouble = recording.write(observation).err();
        }
    }
}

#[cfg(test)]
mod tests;
