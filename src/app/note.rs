//! A note in the footer: what became of a request, for three seconds.

/// A text that goes by itself.
///
/// It counts ticks, which are seconds of the wall clock: the app's own time is the recording's in a replay, and
/// runs faster in the demo.
#[derive(Clone, Debug)]
pub(super) struct Note {
    text: String,
    ticks: u8,
}

impl Note {
    /// The first tick may come at once, so that the fourth is the first one after three seconds.
    const TICKS: u8 = 4;

    pub fn new(text: String) -> Self {
        Self { text, ticks: 0 }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Takes in that a second passed. True once the note is to go.
    pub fn tick(&mut self) -> bool {
        self.ticks = self.ticks.saturating_add(1);
        self.ticks >= Self::TICKS
    }
}
