//! What was answered of the executions of tasks, kept so that a search that was cut short is not begun anew.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;

use super::pages::Pages;
use crate::aws::{arn::Arn, snapshot::Status};

/// More than this is not kept.
const MOST: usize = 20_000;

/// When an execution began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Then; `None` where the service does not say it.
    At(Option<Timestamp>),
    /// It no longer exists.
    Gone,
}

/// A list of executions as far as it was read.
#[derive(Debug)]
pub struct Listing {
    /// The page that is to come.
    pub pages: Pages,
    /// Those of the pages before.
    pub executions: Vec<(Arn, Status)>,
}

/// What was answered. A clone keeps it in the same place.
#[derive(Clone, Debug, Default)]
pub struct Answered(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    starts: HashMap<String, Start>,
    listings: HashMap<String, Listing>,
}

impl Answered {
    /// When this execution began, if that was answered before.
    pub fn start(&self, arn: &Arn) -> Option<Start> {
        self.with(|kept| kept.starts.get(&arn.to_string()).copied())
    }

    /// Keeps when this execution began.
    pub fn keep_start(&self, arn: &Arn, start: Start) {
        self.with(|kept| {
            if kept.starts.len() >= MOST {
                kept.starts.clear();
            }
            kept.starts.insert(arn.to_string(), start);
        });
    }

    /// The list of this task's executions that was cut short.
    pub fn take_listing(&self, task: &Arn) -> Option<Listing> {
        self.with(|kept| kept.listings.remove(&task.task_arn()))
    }

    /// Keeps a list that was cut short.
    pub fn keep_listing(&self, task: &Arn, listing: Listing) {
        self.with(|kept| kept.listings.insert(task.task_arn(), listing));
    }

    fn with<T>(&self, see: impl FnOnce(&mut Kept) -> T) -> T {
        see(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
