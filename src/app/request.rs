//! What an app wants of the outside: data that the process routes to whoever carries it out.
//!
//! The app never waits for the outcome. Where there is one to tell, it comes back as an event.

use super::player::PlaybackRequest;

/// Something that an app can't do itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Copy to the clipboard.
    Copy {
        /// A name for the text, as in "the ARN".
        what: &'static str,
        /// The text itself.
        text: String,
    },
    /// Copy a report to the clipboard, and save it.
    HandOver {
        /// The file's name, without a directory.
        name: String,
        /// The report, in Markdown.
        page: String,
    },
    /// Ask every process of the job to stop, this one among them.
    StopJob,
    /// Give the terminal back to the shell, stop, and take it again once the shell continues the program.
    Suspend,
    /// Forget what the terminal shows, and draw all of it again.
    Redraw,
    /// Something for the player of a replay.
    Playback(PlaybackRequest),
}
