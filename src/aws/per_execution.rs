//! What is remembered of each execution, found by the name that observations carry.

use std::{collections::HashMap, sync::Arc};

/// A value for each execution, in the order in which they appeared.
#[derive(Clone, Debug)]
pub struct PerExecution<T> {
    names: Names,
    values: Vec<T>,
}

/// The names of executions, each at its place.
#[derive(Clone, Debug, Default)]
struct Names {
    all: Vec<Arc<str>>,
    places: HashMap<Arc<str>, usize>,
    /// The place that was asked for last: most often it is the next one, too.
    newest: usize,
}

impl Names {
    fn place(&mut self, execution: &str) -> Option<usize> {
        let is_newest = self.all.get(self.newest).is_some_and(|name| **name == *execution);
        if !is_newest {
            self.newest = *self.places.get(execution)?;
        }
        Some(self.newest)
    }

    fn add(&mut self, execution: Arc<str>) -> usize {
        let place = self.all.len();
        self.places.insert(Arc::clone(&execution), place);
        self.all.push(execution);
        place
    }
}

impl<T> Default for PerExecution<T> {
    fn default() -> Self {
        Self { names: Names::default(), values: Vec::new() }
    }
}

impl<T> PerExecution<T> {
    /// The place of an execution; `None` if it did not appear.
    pub fn place(&mut self, execution: &str) -> Option<usize> {
        self.names.place(execution)
    }

    /// Adds an execution that did not appear yet. Gives its place.
    pub fn add(&mut self, execution: Arc<str>, value: T) -> usize {
        self.values.push(value);
        self.names.add(execution)
    }

    /// An execution's name as it first appeared, and its value.
    pub fn entry(&mut self, execution: &str) -> (&Arc<str>, &mut T)
    where
        T: Default,
    {
        let place = self.place(execution).unwrap_or_else(|| self.add(execution.into(), T::default()));
        (&self.names.all[place], &mut self.values[place])
    }

    /// The value at a place that was given.
    pub fn at(&mut self, place: usize) -> &mut T {
        &mut self.values[place]
    }

    /// All of them.
    pub fn values(&self) -> impl Iterator<Item = (&Arc<str>, &T)> {
        self.names.all.iter().zip(&self.values)
    }

    /// All of them.
    pub fn into_values(self) -> impl Iterator<Item = (Arc<str>, T)> {
        self.names.all.into_iter().zip(self.values)
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
