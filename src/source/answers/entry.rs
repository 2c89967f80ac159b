//! What is known of a saved observation without its text.

use jiff::Timestamp;

use crate::aws::line::Next;

/// A saved observation: when it was, where its text is, and what it refers to.
#[derive(Debug)]
pub struct Entry {
    /// When it was observed.
    pub at: Timestamp,
    /// Where its text is in the store, in bytes.
    pub offset: u64,
    /// How long its text is, in bytes.
    pub length: u32,
    /// The number of the line where it begins, from 1.
    pub number: u32,
    /// The place of its execution among the names.
    pub name: u32,
    /// What its text is.
    pub kind: Kind,
    /// The entry whose response it refers to; of one with a response, the one before it with another.
    pub refers: Option<u32>,
    /// Whether something is new in it: a response, or sight that was lost or came back.
    pub changed: bool,
    /// How long until the next poll.
    pub next: Next,
}

/// What the text of an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A response by itself.
    Bare,
    /// A line of a recording with a response in it.
    Response,
    /// A line that says nothing changed.
    Unchanged,
    /// A line that says nothing changed, and something of the task.
    UnchangedWithTask,
    /// A line with a fault.
    Fault,
}
