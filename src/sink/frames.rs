//! How often something is drawn: at once after a rest, and never twice within a shortest time.

#![expect(clippy::disallowed_methods, reason = "frames are paced in real time, whatever the clock's speed")]

use std::time::Duration;

use tokio::time::Instant;

/// When the next frame may be drawn.
#[derive(Debug)]
pub struct Frames {
    apart: Duration,
    next: Instant,
}

impl Frames {
    /// The first one may be drawn now.
    pub fn apart(apart: Duration) -> Self {
        Self { apart, next: Instant::now() }
    }

    /// Takes in that one was drawn.
    pub fn drawn(&mut self) {
        self.next = Instant::now() + self.apart;
    }

    /// Lets the next one be drawn now.
    pub fn hurry(&mut self) {
        self.next = Instant::now();
    }

    /// Whether the next one may be drawn now.
    pub fn are_due(&self) -> bool {
        Instant::now() >= self.next
    }

    /// When the next one may be drawn.
    pub fn next(&self) -> Instant {
        self.next
    }
}
