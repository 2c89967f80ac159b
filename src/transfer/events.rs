//! What happened to a transfer, and when we saw it.

use std::collections::VecDeque;

use jiff::Timestamp;

/// Events kept; the oldest go first.
const KEPT: usize = 500;

/// How a sentence is meant: it decides colour and glyph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// All is well.
    Ok,
    /// To know.
    Info,
    /// To look at.
    Warning,
    /// To act on.
    Critical,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// When it was seen.
    pub at: Timestamp,
    /// How it is meant.
    pub tone: Severity,
    /// What it was, in a few words.
    pub text: String,
    /// Whether it is worth a mark on the time axis.
    pub marks: bool,
}

/// What happened so far, oldest first, bounded.
#[derive(Clone, Debug, Default)]
pub struct Events {
    kept: VecDeque<Occurrence>,
    ever: usize,
}

impl Events {
    /// Adds what happened; it is marked on the time axis.
    pub fn add(&mut self, at: Timestamp, tone: Severity, text: impl Into<String>) {
        self.keep(Occurrence { at, tone, text: text.into(), marks: true });
    }

    /// Adds what is to be known, but is no turn of events.
    pub fn note(&mut self, at: Timestamp, text: impl Into<String>) {
        self.keep(Occurrence { at, tone: Severity::Info, text: text.into(), marks: false });
    }

    fn keep(&mut self, happening: Occurrence) {
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(happening);
        self.ever += 1;
    }

    /// How many happened, those that are not kept any more too.
    pub fn ever(&self) -> usize {
        self.ever
    }

    /// All of them, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Occurrence> + ExactSizeIterator {
        self.kept.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first() {
        let mut events = Events::default();
        for n in 0..KEPT + 10 {
            events.add(Timestamp::UNIX_EPOCH, Severity::Info, n.to_string());
        }
        assert_eq!(events.iter().len(), KEPT);
        assert_eq!(events.iter().next().unwrap().text, "10");
    }
}
