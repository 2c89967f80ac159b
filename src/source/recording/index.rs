//! What reading a recording once from beginning to end leaves behind: what happened, and places to start from.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use super::{
    Recording,
    cursor::{Cursor, Wrong},
};
use crate::{app::player::Mark, source::answers::unread::Unread, transfer::execution::Execution};

/// Executions that are kept in all checkpoints together: each takes up to 0.8 MB.
const KEPT: usize = 64;

/// The fewest observations between two checkpoints.
const LEAST: usize = 512;

/// How many observations are folded before what came of it is shown.
const STRIDE: usize = 512;

/// Filled by a thread of its own, and read meanwhile.
#[derive(Clone)]
pub struct Index {
    shared: Arc<(Mutex<Known>, Condvar)>,
}

/// What is known so far.
pub struct Known {
    /// Observations that were folded.
    pub folded: usize,
    /// Whether that were all of them.
    pub whole: bool,
    /// What happened to each execution.
    pub marks: Arc<Vec<Vec<Mark>>>,
    /// Executions as they were after so many observations.
    checkpoints: Vec<(usize, Arc<Vec<Execution>>)>,
    /// What could not be read.
    pub unread: Unread,
}

impl Known {
    /// The last checkpoint at or before a place, if it lies beyond another place.
    pub fn checkpoint(&self, upto: usize, beyond: Option<usize>) -> Option<(usize, Arc<Vec<Execution>>)> {
        let after = self.checkpoints.partition_point(|(place, _)| *place <= upto);
        let found = self.checkpoints[..after].last().filter(|(place, _)| beyond.is_none_or(|beyond| *place > beyond));
        found.cloned()
    }
}

impl Index {
    /// Begins to read.
    pub fn of(recording: &Arc<Recording>) -> Self {
        let executions = recording.executions();
        let known = Known {
            folded: 0,
            whole: false,
            marks: Arc::new(vec![Vec::new(); executions.len()]),
            checkpoints: vec![(0, Arc::new(executions))],
            unread: recording.unread().clone(),
        };
        let index = Self { shared: Arc::new((Mutex::new(known), Condvar::new())) };
        let (filled, recording) = (index.clone(), Arc::clone(recording));
        let filling = thread::Builder::new().spawn({
            let (filled, recording) = (filled.clone(), Arc::clone(&recording));
            move || filled.fill(recording)
        });
        if filling.is_err() {
            // without a thread it is filled before anything is asked
            filled.fill(recording);
        }
        index
    }

    /// What is known so far.
    pub fn known(&self) -> MutexGuard<'_, Known> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known once something wanted is, or everything.
    pub fn known_when(&self, wanted: impl Fn(&Known) -> bool) -> MutexGuard<'_, Known> {
        let waiting = self.shared.1.wait_while(self.known(), |known| !known.whole && !wanted(known));
        waiting.unwrap_or_else(PoisonError::into_inner)
    }

    fn fill(&self, recording: Arc<Recording>) {
        let all = recording.count();
        let mut executions = recording.executions();
        let checkpoints = (KEPT / executions.len().max(1)).max(4);
        let apart = (all / checkpoints).max(LEAST);
        let mut cursor = Cursor::new(recording);
        let (mut checkpoint, mut first) = (apart, 0);
        while first < all {
            let last = all.min(first + STRIDE).min(checkpoint);
            let (marks, unread) = fold(&mut cursor, &mut executions, first..last);
            let kept = (last == checkpoint).then(|| Arc::new(executions.clone()));
            let mut known = self.known();
            if !marks.is_empty() {
                let all = Arc::make_mut(&mut known.marks);
                marks.into_iter().for_each(|(place, mark)| all[place].push(mark));
            }
            unread.into_iter().for_each(|(number, why)| known.unread.add(number, why));
            if let Some(kept) = kept {
                known.checkpoints.push((last, kept));
                checkpoint += apart;
            }
            (known.folded, known.whole) = (last, last == all);
            drop(known);
            self.shared.1.notify_all();
            // nobody is left to ask
            if Arc::strong_count(&self.shared) == 1 {
                return;
            }
            first = last;
        }
    }
}

/// Folds observations in, and tells what happened in them and which could not be read.
fn fold(
    cursor: &mut Cursor,
    executions: &mut [Execution],
    places: std::ops::Range<usize>,
) -> (Vec<(usize, Mark)>, Vec<Wrong>) {
    let (mut marks, mut unread) = (Vec::new(), Vec::new());
    for place in places {
        match cursor.read(place) {
            Ok((slot, observation)) => {
                let before = executions[slot].events().total();
                executions[slot].observe(&observation);
                let events = executions[slot].events();
                let new = events.total() - before;
                let new =
                    events.iter().skip(events.iter().len().saturating_sub(new)).filter(|event| event.kind.is_turn());
                marks.extend(new.map(|event| (slot, Mark { at: event.at, severity: event.kind.severity() })));
            }
            Err(wrong) => unread.push(wrong),
        }
    }
    (marks, unread)
}
