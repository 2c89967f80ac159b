//! What is remembered of each execution, found by the name that observations carry.

use std::{collections::HashMap, sync::Arc};

/// A value for each execution, in the order in which they appeared.
#[derive(Clone, Debug)]
pub struct PerExecution<T> {
    all: Vec<(Arc<str>, T)>,
    places: HashMap<Arc<str>, usize>,
    /// The place that was asked for last: most often it is the next one, too.
    newest: usize,
}

impl<T> Default for PerExecution<T> {
    fn default() -> Self {
        Self { all: Vec::new(), places: HashMap::new(), newest: 0 }
    }
}

impl<T> PerExecution<T> {
    /// The place of an execution; `None` if it did not appear.
    pub fn place(&mut self, execution: &str) -> Option<usize> {
        let is_newest = self.all.get(self.newest).is_some_and(|(name, _)| **name == *execution);
        let place = if is_newest { self.newest } else { *self.places.get(execution)? };
        self.newest = place;
        Some(place)
    }

    /// Adds an execution that did not appear yet. Gives its place.
    pub fn add(&mut self, execution: Arc<str>, value: T) -> usize {
        let place = self.all.len();
        self.places.insert(Arc::clone(&execution), place);
        self.all.push((execution, value));
        place
    }

    /// An execution's name as it first appeared, and its value.
    pub fn entry(&mut self, execution: &str) -> (&Arc<str>, &mut T)
    where
        T: Default,
    {
        let place = self.place(execution).unwrap_or_else(|| self.add(execution.into(), T::default()));
        let (name, value) = &mut self.all[place];
        (name, value)
    }

    /// The value at a place that was given.
    pub fn at(&mut self, place: usize) -> &mut T {
        &mut self.all[place].1
    }

    /// All of them.
    pub fn values(&self) -> impl Iterator<Item = &(Arc<str>, T)> {
        self.all.iter()
    }

    /// All of them.
    pub fn into_values(self) -> impl Iterator<Item = (Arc<str>, T)> {
        self.all.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_execution_has_its_own() {
        let mut counts = PerExecution::<u32>::default();
        for name in ["a", "a", "b", "a", "b", "c"] {
            *counts.entry(name).1 += 1;
        }
        assert_eq!((counts.place("b"), counts.place("d")), (Some(1), None));
        assert!(Arc::ptr_eq(&counts.entry("a").0.clone(), counts.entry("a").0));
        let all: Vec<(String, u32)> = counts.into_values().map(|(name, count)| (name.to_string(), count)).collect();
        assert_eq!(all, [("a".to_owned(), 3), ("b".to_owned(), 2), ("c".to_owned(), 1)]);
    }
}
