//! What comes in at a terminal: keys, its size, seconds and signals, as events.

use std::{
    fs::File,
    future::Future,
    io::{self, IsTerminal, Read},
    os::fd::AsFd,
    time::{Duration, Instant},
};

use crossterm::event::KeyEvent;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    time::MissedTickBehavior,
};

use super::{
    keyboard::Keyboard,
    signals::{Deadly, Endings, JobControl, strike},
    tty::give_back,
};
use crate::{
    app::{Event, EventKind, exit::Exit},
    clock::Clock,
};

/// Keys, sizes, seconds and signals, sent to `events` for as long as someone takes them. A signal that ends the
/// program as it is gives the terminal back first.
///
/// # Errors
/// The signals could not be listened to, or there is no terminal to read from.
pub fn listen(events: mpsc::Sender<Event>, clock: Clock) -> io::Result<impl Future<Output = ()>> {
    let mut endings = Endings::listen()?;
    let mut job_control = JobControl::listen()?;
    let mut deadly = Deadly::listen()?;
    let mut sizes = signal(SignalKind::window_change())?;
    read_keys(events.clone(), clock.clone())?;
    Ok(async move {
        let mut seconds = tokio::time::interval(Duration::from_secs(1));
        seconds.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            let what = tokio::select! {
                _ = seconds.tick() => EventKind::Tick,
                exit = endings.next() => EventKind::Stop(exit),
                what = job_control.next() => what,
                _ = sizes.recv() => EventKind::Resized,
                signal = deadly.next() => {
                    give_back();
                    strike(signal);
                    continue;
                }
            };
            let last = matches!(what, EventKind::Stop(_));
            if events.send(Event { at: clock.now(), what }).await.is_err() || last {
                return;
            }
        }
    })
}

/// Reads keys on a thread of their own, until the terminal is gone, which ends the program.
fn read_keys(events: mpsc::Sender<Event>, clock: Clock) -> io::Result<()> {
    let stdin = io::stdin();
    let terminal =
        if stdin.is_terminal() { File::from(stdin.as_fd().try_clone_to_owned()?) } else { File::open("/dev/tty")? };
    std::thread::spawn(move || {
        let send = |what| events.blocking_send(Event { at: clock.now(), what }).is_ok();
        if follow(terminal, |key| send(EventKind::Key(key))).is_err() {
            send(EventKind::Stop(Exit::HungUp));
        }
    });
    Ok(())
}

/// Reads keys for as long as someone takes them.
///
/// # Errors
/// The terminal is gone.
#[expect(clippy::disallowed_methods, reason = "bytes are waited for in real time, whatever the clock's speed")]
fn follow(mut terminal: File, mut take: impl FnMut(KeyEvent) -> bool) -> io::Result<()> {
    let (mut keyboard, mut bytes) = (Keyboard::default(), [0; 4096]);
    let mut begun: Option<(Instant, Duration)> = None;
    loop {
        let left = begun.map(|(begun, patience)| patience.saturating_sub(begun.elapsed()));
        let read = match is_readable(&terminal, left)? {
            true => match terminal.read(&mut bytes) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            },
            false => 0,
        };
        let is_late = begun.is_some_and(|(begun, patience)| begun.elapsed() >= patience);
        let given_up = if is_late && !keyboard.is_renewed_by(read) { keyboard.give_up() } else { None };
        let keys = keyboard.take(bytes.get(..read).unwrap_or_default());
        if !given_up.into_iter().chain(keys).all(&mut take) {
            return Ok(());
        }
        begun = keyboard.patience().map(|patience| match begun {
            Some((begun, before)) if before == patience && !is_late && !keyboard.is_renewed_by(read) => (begun, before),
            _ => (Instant::now(), patience),
        });
    }
}

/// Waits until there is something to read, or the end of it; `false` where there is nothing for so long.
fn is_readable(terminal: &File, most: Option<Duration>) -> io::Result<bool> {
    let most = most.and_then(|most| Timespec::try_from(most).ok());
    // some systems can't wait for a terminal: they wait in the reading
    match poll(&mut [PollFd::new(terminal, PollFlags::IN)], most.as_ref()) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{PipeReader, PipeWriter, Write, pipe},
        os::fd::OwnedFd,
        sync::mpsc as blocking,
    };

    use crossterm::event::KeyCode;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    /// A keyboard: where bytes go in, where keys come out, and how it ended.
    fn keyboard() -> (PipeWriter, blocking::Receiver<KeyCode>, std::thread::JoinHandle<io::Result<()>>) {
        let (reader, writer): (PipeReader, _) = pipe().unwrap();
        let (keys, heard) = blocking::channel();
        let terminal = File::from(OwnedFd::from(reader));
        (writer, heard, std::thread::spawn(move || follow(terminal, |key| keys.send(key.code).is_ok())))
    }

    #[test]
    fn the_keyboard_is_alive_again_after_what_has_no_end() {
        for begun in ["\x1b[200~pasted without an end", "\x1b]11;rgb:", "\x1b[?2026", "\x1bP1$r"] {
            let (mut writer, heard, _) = keyboard();
            writer.write_all(begun.as_bytes()).unwrap();
            // pressed until it is heard, as a person would
            let key = loop {
                writer.write_all(b"\x03").unwrap();
                match heard.recv_timeout(Duration::from_millis(20)) {
                    Err(blocking::RecvTimeoutError::Timeout) => {}
                    key => break key.unwrap(),
                }
            };
            assert_eq!(key, KeyCode::Char('c'), "{begun:?}");
        }
    }

    #[test]
    fn an_escape_alone_is_heard_and_every_key_of_many() {
        let (mut writer, heard, _) = keyboard();
        writer.write_all(b"\x1b").unwrap();
        assert_eq!(heard.recv_timeout(LONG).unwrap(), KeyCode::Esc);
        let many = std::thread::spawn(move || writer.write_all(&[b'j'; 10_000]).map(|()| writer).unwrap());
        for _ in 0..10_000 {
            assert_eq!(heard.recv_timeout(LONG).unwrap(), KeyCode::Char('j'));
        }
        drop(many.join().unwrap());
        assert!(heard.recv_timeout(LONG).is_err());
    }

    #[test]
    fn a_terminal_that_is_gone_ends_it() {
        let (writer, _heard, ended) = keyboard();
        drop(writer);
        assert_eq!(ended.join().unwrap().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
