//! What was saved as a source: its observations by time, read from where they lie as they are wanted.
//!
//! It is read once from beginning to end for where each observation is, when it was and what it refers to, so that a
//! recording of any length takes little memory.

pub mod cursor;
pub mod index;
pub mod player;
pub mod tail;

use std::{path::Path, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::answers::{
    self, Answers,
    dates::Times,
    entry::Entry,
    store::{Input, Store},
    unread::Unread,
};
use crate::{
    aws::{arn::Arn, observation::Observation},
    transfer::execution::Execution,
};

/// A recording that was read through once.
pub struct Recording {
    store: Store,
    entries: Vec<Entry>,
    /// The entries' places by time; those of one moment stay in their order.
    order: Vec<u32>,
    names: Vec<Name>,
    slots: Vec<Slot>,
    unread: Unread,
}

/// An execution as the observations name it.
struct Name {
    execution: Arc<str>,
    slot: usize,
}

/// An execution of the recording, and when it was first and last observed.
struct Slot {
    arn: Arn,
    since: Timestamp,
    until: Timestamp,
}

impl Recording {
    /// Reads a file through at the moment `now`; `-` is standard input. Responses that do not tell when they were given
    /// are taken to be `interval` apart.
    ///
    /// # Errors
    /// Why nothing in it can be read, in a sentence.
    pub fn open(path: &Path, interval: Duration, now: Timestamp) -> Result<Self, String> {
        Ok(Self::of(answers::open(path, interval, now)?))
    }

    /// Reads a text in memory through, in the same way.
    ///
    /// # Errors
    /// Why nothing in it can be read, in words that fit behind its name.
    pub fn read(text: Vec<u8>, interval: Duration, now: Timestamp) -> Result<Self, String> {
        let times = Times { interval, now, saved_at: None };
        Ok(Self::of(answers::read(Input::memory(text), times)?))
    }

    fn of(Answers { store, entries, names, unread }: Answers) -> Self {
        let mut order: Vec<u32> = (0..entries.len() as u32).collect();
        // stable, so that those of one moment stay as they are
        order.sort_by_key(|entry| entries[*entry as usize].at);
        let mut seen: Vec<Option<(Timestamp, Timestamp)>> = vec![None; names.len()];
        let mut appeared = Vec::new();
        for entry in order.iter().map(|entry| &entries[*entry as usize]) {
            match &mut seen[entry.name as usize] {
                Some((_, until)) => *until = entry.at,
                unseen => {
                    *unseen = Some((entry.at, entry.at));
                    appeared.push(entry.name as usize);
                }
            }
        }
        // an execution of a task that was looked for before takes its place, as on the screen then
        let mut slots: Vec<(Arn, Slot)> = Vec::new();
        let mut places = vec![0; names.len()];
        for name in appeared {
            let (arn, Some((since, until))) = (&names[name].1, seen[name]) else { continue };
            let known = slots.iter().position(|(newest, _)| newest.covers(arn));
            let known = known.or_else(|| slots.iter().position(|(newest, _)| arn.covers(newest)));
            places[name] = known.unwrap_or(slots.len());
            match known.map(|place| &mut slots[place]) {
                Some((newest, slot)) => {
                    slot.until = slot.until.max(until);
                    if newest.covers(arn) {
                        *newest = arn.clone();
                    }
                }
                None => slots.push((arn.clone(), Slot { arn: arn.clone(), since, until })),
            }
        }
        let names = names.into_iter().zip(places);
        Self {
            store,
            entries,
            order,
            names: names.map(|((execution, _), slot)| Name { execution, slot }).collect(),
            slots: slots.into_iter().map(|(_, slot)| slot).collect(),
            unread,
        }
    }

    /// How many observations there are, of which some may turn out to hold no response.
    pub fn count(&self) -> usize {
        self.order.len()
    }

    /// When the first observation was.
    pub fn begin(&self) -> Timestamp {
        self.order.first().map_or(Timestamp::UNIX_EPOCH, |entry| self.entries[*entry as usize].at)
    }

    /// When the last observation was.
    pub fn end(&self) -> Timestamp {
        self.order.last().map_or(Timestamp::UNIX_EPOCH, |entry| self.entries[*entry as usize].at)
    }

    /// How many observations there are up to a moment, that moment's among them.
    pub fn until(&self, at: Timestamp) -> usize {
        self.order.partition_point(|entry| self.entries[*entry as usize].at <= at)
    }

    /// The executions before anything was observed.
    pub fn executions(&self) -> Vec<Execution> {
        (0..self.slots.len()).map(|slot| self.execution(slot)).collect()
    }

    /// One of them.
    pub fn execution(&self, slot: usize) -> Execution {
        let Slot { arn, since, .. } = &self.slots[slot];
        Execution::new(arn.clone(), *since)
    }

    /// Where each execution is.
    pub fn arns(&self) -> impl Iterator<Item = Arn> {
        self.slots.iter().map(|slot| slot.arn.clone())
    }

    /// When each execution was last observed.
    pub fn ends(&self) -> impl Iterator<Item = Timestamp> {
        self.slots.iter().map(|slot| slot.until)
    }

    /// The place of the execution whose observations have this name, if there are any.
    pub fn slot(&self, execution: &str) -> Option<usize> {
        let name = self.names.iter().position(|name| *name.execution == *execution)?;
        // of a name alone, where its observation could not be read, there is nothing
        self.entries.iter().any(|entry| entry.name as usize == name).then(|| self.names[name].slot)
    }

    /// The executions as of its end, and the lines that could not be read. `each` takes every observation once it is
    /// folded in.
    ///
    /// # Errors
    /// The first of `each`.
    pub fn folded<E>(
        self: &Arc<Self>,
        mut each: impl FnMut(&Execution, &Observation) -> Result<(), E>,
    ) -> Result<(Vec<Execution>, Unread), E> {
        let (mut executions, mut unread) = (self.executions(), self.unread.clone());
        for observed in cursor::all(self, None) {
            match observed {
                Ok((slot, observation)) => {
                    executions[slot].observe(&observation);
                    each(&executions[slot], &observation)?;
                }
                Err((number, why)) => unread.add(number, why),
            }
        }
        Ok((executions, unread))
    }

    /// The lines that could not be read so far.
    pub fn unread(&self) -> &Unread {
        &self.unread
    }

    /// When something was new of an execution next after a moment, or last before it.
    fn change(&self, slot: usize, from: Timestamp, onwards: bool) -> Option<Timestamp> {
        let changed = |entry: &&u32| {
            let entry = &self.entries[**entry as usize];
            entry.changed && self.names[entry.name as usize].slot == slot
        };
        let found = if onwards {
            self.order[self.until(from)..].iter().find(changed)
        } else {
            let before = self.order.partition_point(|entry| self.entries[*entry as usize].at < from);
            self.order[..before].iter().rev().find(changed)
        };
        found.map(|entry| self.entries[*entry as usize].at)
    }
}

#[cfg(test)]
mod tests;
