//! Plays a recording: knows where it stands, goes on with the clock, and jumps.

use std::{
    io,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use jiff::Timestamp;
use tokio::sync::mpsc::Sender;

use super::{Recording, cursor::Cursor, index::Index};
use crate::{
    app::{
        Event,
        player::{self, Frame, Mark, PlaybackRequest, beside},
    },
    clock::Clock,
    keys::Playback,
    transfer::execution::Execution,
};

/// The shortest time between two moments that are shown, and the longest while it plays.
const FRAME: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// Observations that are folded before it is looked whether the index has come farther meanwhile.
const STRIDE: usize = 4096;

/// Plays a recording: it knows where in it the replay stands.
pub struct Player {
    recording: Arc<Recording>,
    index: Index,
    cursor: Cursor,
    executions: Vec<Execution>,
    /// Observations that are folded into the executions.
    folded: usize,
    now: Timestamp,
    speed: f64,
    /// Runs while it plays.
    clock: Option<Clock>,
    unread: Option<Arc<str>>,
}

/// Plays a recording from a moment on, or from its beginning, on a thread of its own, and tells `events` where it
/// stands; at its end it stays. The thread ends when nobody commands it any more, or nobody takes what it tells.
///
/// # Errors
/// There is no thread to be had.
pub fn play(
    recording: Arc<Recording>,
    from: Option<Timestamp>,
    speed: f64,
    events: Sender<Event>,
) -> io::Result<mpsc::Sender<PlaybackRequest>> {
    let (commands, asked) = mpsc::channel();
    thread::Builder::new().name("player".into()).spawn(move || {
        let mut player = Player::new(recording, speed);
        if let Some(from) = from {
            player.seek(from);
        }
        // played on from its end, it would begin anew
        if from.is_none_or(|from| from < player.recording.end()) {
            player.act(PlaybackRequest { playback: Playback::Toggle, execution: 0 });
        }
        player.run(&asked, &events);
    })?;
    Ok(commands)
}

impl Player {
    /// At its beginning, and paused.
    pub fn new(recording: Arc<Recording>, speed: f64) -> Self {
        let mut player = Self {
            index: Index::of(&recording),
            cursor: Cursor::new(Arc::clone(&recording)),
            executions: recording.executions(),
            folded: 0,
            now: recording.begin(),
            speed,
            clock: None,
            unread: None,
            recording,
        };
        player.seek(player.now);
        player
    }

    fn run(&mut self, asked: &mpsc::Receiver<PlaybackRequest>, events: &Sender<Event>) {
        loop {
            let event = Event::replayed(self.now, self.frame());
            if events.blocking_send(event).is_err() {
                return;
            }
            let command = if self.clock.is_some() || !self.index.known().whole {
                asked.recv_timeout(FRAME.1.div_f64(self.speed).clamp(FRAME.0, FRAME.1))
            } else {
                asked.recv().map_err(mpsc::RecvTimeoutError::from)
            };
            self.go_on();
            match command {
                Ok(command) => {
                    self.act(command);
                    asked.try_iter().for_each(|command| self.act(command));
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// What there is to see.
    pub fn frame(&mut self) -> Frame {
        let known = self.index.known();
        let unread = known.unread.sentence();
        if unread.as_deref() != self.unread.as_deref() {
            self.unread = unread.map(Arc::from);
        }
        let player = player::Player {
            plays: self.clock.is_some(),
            speed: self.speed,
            begin: self.recording.begin(),
            end: self.recording.end(),
            marks: Arc::clone(&known.marks),
            read: if known.whole { 1.0 } else { known.folded as f64 / self.recording.count().max(1) as f64 },
            unread: self.unread.clone(),
        };
        Frame { executions: self.executions.clone(), player }
    }

    /// To where the clock is; at the end it stops.
    pub fn go_on(&mut self) {
        let Some(clock) = &self.clock else { return };
        let now = clock.now().min(self.recording.end());
        if now == self.recording.end() {
            self.clock = None;
        }
        self.seek(now);
    }

    /// Does what is asked for.
    pub fn act(&mut self, PlaybackRequest { playback, execution }: PlaybackRequest) {
        let (begin, end) = (self.recording.begin(), self.recording.end());
        match playback {
            Playback::Toggle if self.clock.is_some() => self.clock = None,
            Playback::Toggle => {
                if self.now >= end {
                    self.seek(begin);
                }
                self.clock = Some(Clock::fast(self.now, self.speed));
            }
            Playback::Faster | Playback::Slower => {
                self.speed = beside(self.speed, playback == Playback::Faster);
                self.clock = self.clock.take().map(|_| Clock::fast(self.now, self.speed));
            }
            Playback::NextChange => self.pause_at(self.recording.change(execution, self.now, true)),
            Playback::PreviousChange => self.pause_at(self.recording.change(execution, self.now, false)),
            Playback::NextEvent => self.pause_at(self.event(execution, true)),
            Playback::PreviousEvent => self.pause_at(self.event(execution, false)),
            Playback::Begin => {
                self.seek(begin);
                self.clock = self.clock.take().map(|_| Clock::fast(self.now, self.speed));
            }
            Playback::End => self.pause_at(Some(end)),
        }
    }

    /// Where there is nothing to jump to, it stays where it is.
    fn pause_at(&mut self, at: Option<Timestamp>) {
        self.clock = None;
        if let Some(at) = at {
            self.seek(at);
        }
    }

    /// When something happened next to an execution, or last. What was not read yet is waited for.
    fn event(&self, execution: usize, onwards: bool) -> Option<Timestamp> {
        let after = |marks: &[Mark]| marks.partition_point(|mark| mark.at <= self.now);
        let known = self.index.known_when(|known| {
            let farther = known.marks.get(execution).is_some_and(|marks| after(marks) < marks.len());
            if onwards { farther } else { known.folded >= self.folded }
        });
        let marks = known.marks.get(execution)?;
        let found = if onwards {
            marks.get(after(marks))
        } else {
            marks[..marks.partition_point(|mark| mark.at < self.now)].last()
        };
        found.map(|mark| mark.at)
    }

    /// To a moment: from where we are, or from the nearest checkpoint before it.
    pub fn seek(&mut self, to: Timestamp) {
        let wanted = self.recording.until(to);
        self.now = to;
        loop {
            let beyond = (self.folded <= wanted).then_some(self.folded);
            if let Some((place, executions)) = self.index.known().checkpoint(wanted, beyond) {
                (self.folded, self.executions) = (place, Vec::clone(&executions));
            }
            let upto = wanted.min(self.folded + STRIDE);
            for place in self.folded..upto {
                if let Ok((slot, observation)) = self.cursor.read(place) {
                    self.executions[slot].observe(&observation);
                }
            }
            self.folded = upto;
            if upto >= wanted {
                return;
            }
        }
    }

    /// The moment where it stands.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The executions as they are where it stands.
    pub fn executions(&self) -> &[Execution] {
        &self.executions
    }

    /// Waits until everything was read that jumps are quick by.
    pub fn settle(&self) {
        drop(self.index.known_when(|known| known.whole));
    }
}
