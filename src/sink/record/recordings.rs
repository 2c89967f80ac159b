//! All recordings of a watch: which file an observation belongs in, and what was watched of its execution before.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{
    file::{LOOK, RecordError, RecordingFile},
    open::Links,
    past::Past,
    prune::{self, Keep},
};
use crate::{
    aws::{
        arn::Arn,
        observation::{Observation, Outcome},
        per_execution::PerExecution,
        response::Response,
    },
    transfer::execution::Execution,
};

/// Where recordings are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a directory, a file for each execution.
    Folder(PathBuf),
    /// All in one file.
    File(PathBuf),
    /// Nowhere, since there is no home directory.
    Nowhere,
}

/// The first observation of an execution is recorded, and this was watched of it before.
#[derive(Debug)]
pub struct Begun {
    /// The name of the execution in its observations.
    pub execution: Arc<str>,
    /// `None` where it was not watched before.
    pub past: Option<Box<Execution>>,
}

/// All recordings of a watch.
#[derive(Debug)]
pub struct Recordings {
    place: Place,
    limit: u64,
    all: Vec<OpenRecording>,
    /// Which of them an execution is in; `None` where it is in none.
    places: PerExecution<Option<usize>>,
    /// The files whose pasts are to be read.
    unread: VecDeque<PathBuf>,
    began: Instant,
    is_pruned: bool,
}

/// A clock that was wrong at the start has been set by then.
const BEFORE_PRUNED: Duration = Duration::from_secs(60);

#[expect(clippy::disallowed_methods, reason = "what the clock says may be wrong at the start")]
impl Recordings {
    /// None yet. A file of more than `limit` bytes is compacted.
    pub fn new(place: Place, limit: u64) -> Self {
        Self {
            place,
            limit,
            all: Vec::new(),
            places: PerExecution::default(),
            unread: VecDeque::new(),
            began: Instant::now(),
            is_pruned: false,
        }
    }

    /// Takes an observation, to be written at the next flush. Where it is the first of its execution and the past is
    /// known, or there is none, that is given back.
    pub fn keep(&mut self, observation: Observation) -> Option<Begun> {
        let place = match self.places.place(&observation.execution) {
            Some(known) => *self.places.at(known),
            None => {
                let place = self.path(&observation).map(|path| self.place(path, observation.at));
                self.places.add(observation.execution.clone(), place);
                if place.is_none() {
                    return Some(Begun { execution: observation.execution, past: None });
                }
                place
            }
        };
        self.all.get_mut(place?)?.keep(observation)
    }

    /// Takes the past of a file that was to be read, and with it the observations that waited for it.
    pub fn restore(&mut self, path: &Path, past: Past) -> Vec<Begun> {
        let open = self.all.iter_mut().find(|open| open.path == path);
        open.map(|open| open.restore(past)).unwrap_or_default()
    }

    /// The next file whose past is to be read.
    pub fn next_unread(&mut self) -> Option<PathBuf> {
        self.unread.pop_front()
    }

    /// How many observations wait for a past.
    pub fn waiting(&self) -> usize {
        let waiting = |open: &OpenRecording| if let State::Reading(waiting) = &open.state { waiting.len() } else { 0 };
        self.all.iter().map(waiting).sum()
    }

    /// Writes what was taken. Gives why something is not recorded at the moment, in a sentence.
    pub fn flush(&mut self) -> Option<String> {
        self.all.iter_mut().for_each(OpenRecording::flush);
        let why = match &self.place {
            Place::Nowhere => Some("there is no home directory: name a file with --record FILE".to_owned()),
            Place::Folder(_) | Place::File(_) => {
                self.all.iter().find_map(|open| open.error.as_ref().map(RecordError::to_string))
            }
        };
        why.map(|why| format!("Recording stopped: {why}."))
    }

    /// Compacts, and after a while prunes, once what was taken is written.
    pub fn tidy(&mut self, now: Timestamp) {
        for file in self.all.iter_mut().filter_map(|open| open.file.as_mut()) {
            file.keep_small(now);
        }
        if let Place::Folder(folder) = &self.place
            && !self.all.is_empty()
            && self.began.elapsed() >= BEFORE_PRUNED
            && !std::mem::replace(&mut self.is_pruned, true)
        {
            let (folder, own) = (folder.clone(), self.all.iter().map(|open| open.path.clone()).collect::<Vec<_>>());
            // What can't be pruned now is pruned another time.
            let _ = thread::Builder::new().spawn(move || prune::prune(&folder, &own, now, Keep::default()));
        }
    }

    /// As if it had begun a minute earlier.
    #[cfg(test)]
    pub fn age(&mut self) {
        self.began -= BEFORE_PRUNED;
    }

    fn path(&self, observation: &Observation) -> Option<PathBuf> {
        match &self.place {
            Place::Folder(folder) => {
                // a task without an execution has no recording yet
                let arn = Arn::parse(&observation.execution).ok()?;
                Some(folder.join(format!("{}.ndjson", arn.execution?)))
            }
            Place::File(path) => Some(path.clone()),
            Place::Nowhere => None,
        }
    }

    fn place(&mut self, path: PathBuf, at: Timestamp) -> usize {
        let known = self.all.iter().position(|open| open.path == path);
        known.unwrap_or_else(|| {
            let links = if let Place::File(_) = self.place { Links::Followed } else { Links::Refused };
            let open = OpenRecording::new(path, self.limit, links, at);
            if let State::Reading(_) = &open.state {
                self.unread.push_back(open.path.clone());
            }
            self.all.push(open);
            self.all.len() - 1
        })
    }
}

/// A file that is recorded into, or would be.
#[derive(Debug)]
struct OpenRecording {
    path: PathBuf,
    limit: u64,
    links: Links,
    file: Option<RecordingFile>,
    error: Option<RecordError>,
    opened_at: Timestamp,
    state: State,
    /// The newest response of each execution's past, until another one said whether it is of the same execution.
    executions: PerExecution<Option<Response>>,
}

/// Whether the past of a file is known.
#[derive(Debug)]
enum State {
    /// It is being read; these observations wait for it.
    Reading(Vec<Observation>),
    /// What of it was not asked for yet.
    Read(Past),
}

impl OpenRecording {
    fn new(path: PathBuf, limit: u64, links: Links, at: Timestamp) -> Self {
        let (state, executions) = (State::Read(Past::default()), PerExecution::default());
        let mut open = Self { path, limit, links, file: None, error: None, opened_at: at, state, executions };
        open.begin(at);
        // What can't be written may still be read; where it can't, the watch begins with nothing.
        let has_past = match &open.file {
            Some(file) => !file.is_empty(),
            None => !matches!(open.error, Some(RecordError::NoFile(_) | RecordError::NoRecording(_))),
        };
        if has_past {
            open.state = State::Reading(Vec::new());
        }
        open
    }

    fn begin(&mut self, at: Timestamp) {
        self.flush();
        self.opened_at = at;
        // The lock of the one before goes first.
        self.file = None;
        match RecordingFile::open(&self.path, self.limit, self.links) {
            Ok(file) => (self.file, self.error) = (Some(file), None),
            Err(error) => self.error = Some(error),
        }
    }

    fn keep(&mut self, observation: Observation) -> Option<Begun> {
        match &mut self.state {
            State::Reading(waiting) => {
                waiting.push(observation);
                None
            }
            State::Read(_) => self.take(&observation),
        }
    }

    fn restore(&mut self, past: Past) -> Vec<Begun> {
        match std::mem::replace(&mut self.state, State::Read(past)) {
            State::Reading(waiting) => waiting.iter().filter_map(|observation| self.take(observation)).collect(),
            State::Read(_) => Vec::new(),
        }
    }

    /// Adds an observation to the file. If the first response says that it is of another execution than the past, as
    /// emulators have them under one name, the old recording is set aside.
    fn take(&mut self, observation: &Observation) -> Option<Begun> {
        let known = self.executions.place(&observation.execution);
        let mut past = None;
        let place = known.unwrap_or_else(|| {
            past = self.past_of(&observation.execution);
            let newest = past.as_ref().and_then(|past| past.response().cloned());
            self.executions.add(observation.execution.clone(), newest)
        });
        if let Outcome::Response(response) = &observation.outcome
            && let Some(before) = self.executions.at(place).take()
            && response.snapshot().is_another(before.snapshot())
        {
            self.set_aside(observation.at);
            past = None;
        }
        self.write(observation);
        known.is_none().then(|| Begun { execution: observation.execution.clone(), past: past.map(Box::new) })
    }

    fn past_of(&mut self, name: &Arc<str>) -> Option<Execution> {
        let State::Read(past) = &mut self.state else { return None };
        let place = past.executions.iter().position(|(of, _)| of == name)?;
        let (_, mut before) = past.executions.swap_remove(place);
        let unreadable = std::mem::take(&mut past.unreadable);
        if unreadable > 0 {
            before.unreadable(unreadable);
        }
        Some(before)
    }

    fn set_aside(&mut self, at: Timestamp) {
        self.flush();
        self.state = State::Read(Past::default());
        let Some(file) = self.file.take() else { return };
        match file.set_aside() {
            Ok(()) => self.begin(at),
            Err(error) => self.error = Some(error),
        }
    }

    fn write(&mut self, observation: &Observation) {
        let at = observation.at;
        let is_lost = self.file.as_mut().is_some_and(|file| file.is_lost(at));
        let is_due = self.file.is_none() && at.duration_since(self.opened_at).abs() >= LOOK;
        if is_lost || is_due {
            self.begin(at);
        }
        if let Some(file) = &mut self.file {
            file.add(observation);
        }
    }

    fn flush(&mut self) {
        if let Some(written) = self.file.as_mut().and_then(RecordingFile::flush) {
            self.error = written.err();
        }
    }
}
