//! What comes in at a terminal: keys, its size, seconds and signals, as events.

use std::{future::Future, io, time::Duration};

use crossterm::event::{self, Event as Input};
use tokio::{sync::mpsc, time::MissedTickBehavior};

use super::signals::{Endings, JobControl};
use crate::{
    app::{Event, EventKind, exit::Exit},
    clock::Clock,
};

/// Keys, sizes, seconds and signals, sent to `events` for as long as someone takes them.
///
/// # Errors
/// The signals could not be listened to.
pub fn listen(events: mpsc::Sender<Event>, clock: Clock) -> io::Result<impl Future<Output = ()>> {
    let mut endings = Endings::listen()?;
    let mut job_control = JobControl::listen()?;
    read_keys(events.clone(), clock.clone());
    Ok(async move {
        let mut seconds = tokio::time::interval(Duration::from_secs(1));
        seconds.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            let what = tokio::select! {
                _ = seconds.tick() => EventKind::Tick,
                exit = endings.next() => EventKind::Stop(exit),
                what = job_control.next() => what,
            };
            let last = matches!(what, EventKind::Stop(_));
            if events.send(Event { at: clock.now(), what }).await.is_err() || last {
                return;
            }
        }
    })
}

/// Keys and sizes, from a thread of their own: once a window is closed, crossterm reads from it without end, and the
/// signal that says so must not wait for that.
fn read_keys(events: mpsc::Sender<Event>, clock: Clock) {
    std::thread::spawn(move || {
        loop {
            let what = match event::read() {
                Ok(input) => match understood(input) {
                    Some(what) => what,
                    None => continue,
                },
                // the terminal is gone
                Err(_) => EventKind::Stop(Exit::HungUp),
            };
            let last = matches!(what, EventKind::Stop(_));
            if events.blocking_send(Event { at: clock.now(), what }).is_err() || last {
                return;
            }
        }
    });
}

/// A paste is no command, and whether the window has the focus makes no difference.
fn understood(input: Input) -> Option<EventKind> {
    match input {
        Input::Key(key) => Some(EventKind::Key(key)),
        Input::Resize(..) => Some(EventKind::Resized),
        Input::Paste(_) | Input::FocusGained | Input::FocusLost | Input::Mouse(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paste_is_no_command() {
        assert!(understood(Input::Paste("q\nq".into())).is_none());
        assert!(understood(Input::FocusLost).is_none());
        assert!(matches!(understood(Input::Resize(1, 1)), Some(EventKind::Resized)));
    }
}
