//! The state of a replay: what the screen knows of it, and what it can be asked for.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    keys::Playback,
    transfer::{execution::Execution, severity::Severity},
};

/// Seconds of the recording per second, from real time to two weeks in two minutes.
const SPEEDS: [f64; 12] = [1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 10_000.0];

/// How a replay stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Player {
    /// False while it is paused.
    pub plays: bool,
    /// Seconds of the recording per second.
    pub speed: f64,
    /// The first moment of the recording.
    pub begin: Timestamp,
    /// The last one.
    pub end: Timestamp,
    /// The events of each execution, as far as the recording was read.
    pub marks: Arc<Vec<Vec<Mark>>>,
    /// The share of the recording that was read for the marks; 1 once it was read to its end.
    pub read: f64,
    /// The lines that could not be read, in a sentence.
    pub unread: Option<Arc<str>>,
}

/// Something that happened, on the time axis of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When it was seen.
    pub at: Timestamp,
    /// How serious it is.
    pub severity: Severity,
}

/// The state of a replay at one moment.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The executions as they were then.
    pub executions: Vec<Execution>,
    /// How the replay stands.
    pub player: Player,
}

/// What the player of a replay is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaybackRequest {
    /// What to do.
    pub playback: Playback,
    /// Whose changes and events to go to: the place among the executions.
    pub execution: usize,
}

/// The next speed above, or below.
pub fn beside(speed: f64, faster: bool) -> f64 {
    let next = if faster {
        SPEEDS.iter().find(|other| **other > speed)
    } else {
        SPEEDS.iter().rev().find(|other| **other < speed)
    };
    next.copied().unwrap_or(speed)
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyEvent};
    use jiff::tz::TimeZone;

    use super::*;
    use crate::{
        app::{App, Event, EventKind, Page, Request},
        aws::arn::{Arn, EXAMPLE},
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn frame(executions: usize) -> Frame {
        let arn = |place: usize| Arn::parse(EXAMPLE).unwrap().with_execution(&format!("exec-{place:017x}"));
        let player = Player {
            plays: true,
            speed: 60.0,
            begin: at(0),
            end: at(100),
            marks: Arc::default(),
            read: 1.0,
            unread: None,
        };
        Frame { executions: (0..executions).map(|place| Execution::new(arn(place), at(0))).collect(), player }
    }

    #[test]
    fn only_the_recording_says_what_time_it_is() {
        let mut app = App::new([], at(0), TimeZone::UTC);
        assert!(app.update(Event::replayed(at(7), frame(1))));
        assert!(!app.update(Event::tick(at(9000))), "the next frame says what is new");
        app.update(Event::key(at(9001), KeyEvent::from(KeyCode::Char('y'))));
        assert_eq!(app.now(), at(7));
        app.update(Event::replayed(at(3), frame(1)));
        assert_eq!(app.now(), at(3));
    }

    #[test]
    fn a_note_goes_after_three_seconds_whenever_it_was_recorded_and_however_fast_it_plays() {
        for today in [at(-1_000_000), at(1_000_000)] {
            let mut app = App::new([], at(0), TimeZone::UTC);
            app.update(Event::replayed(at(7), frame(1)));
            app.update(Event { at: today, what: EventKind::Noted("report copied".into()) });
            assert_eq!((app.now(), app.note()), (at(7), Some("report copied")));
            for second in 0..3 {
                app.update(Event::replayed(at(3600 * second), frame(1)));
                assert!(!app.update(Event::tick(today)) && app.note().is_some(), "{second}");
            }
            assert!(app.update(Event::tick(today)) && app.note().is_none(), "it goes though the replay pauses");
        }
    }

    #[test]
    fn keys_of_the_replay_ask_for_what_is_selected() {
        let mut app = App::new([], at(0), TimeZone::UTC);
        app.update(Event::replayed(at(7), frame(2)));
        let press = |app: &mut App, code| {
            app.update(Event::key(at(0), KeyEvent::from(code)));
            app.take_requests()
        };
        let asks = |playback, execution| vec![Request::Playback(PlaybackRequest { playback, execution })];
        assert_eq!(press(&mut app, KeyCode::Char(' ')), asks(Playback::Toggle, 0));
        assert_eq!(press(&mut app, KeyCode::Tab), []);
        assert_eq!(press(&mut app, KeyCode::Char(']')), asks(Playback::NextEvent, 1));
        assert_eq!(press(&mut app, KeyCode::End), asks(Playback::End, 1));
        press(&mut app, KeyCode::Char('r'));
        assert_eq!(app.page(), Page::Raw);
        assert_eq!(press(&mut app, KeyCode::Char(' ')), [], "it scrolls");
        assert_eq!(press(&mut app, KeyCode::Home), []);
        assert_eq!(press(&mut app, KeyCode::Char('.')), asks(Playback::NextChange, 1));
        app.update(Event::replayed(at(8), frame(1)));
        assert_eq!(app.selected(), 0, "there is no second one any more");
    }

    #[test]
    fn a_replay_pauses_while_the_shell_has_the_terminal() {
        let mut app = App::new([], at(0), TimeZone::UTC);
        app.update(Event::replayed(at(7), frame(1)));
        app.update(Event { at: at(8), what: EventKind::Suspend });
        let pause = Request::Playback(PlaybackRequest { playback: Playback::Toggle, execution: 0 });
        assert_eq!(app.take_requests(), [pause, Request::Suspend]);
        let mut paused = frame(1);
        paused.player.plays = false;
        app.update(Event::replayed(at(7), paused));
        app.update(Event { at: at(8), what: EventKind::Suspend });
        assert_eq!(app.take_requests(), [Request::Suspend], "it pauses already");
    }

    #[test]
    fn a_watch_has_no_keys_of_a_replay() {
        let mut app = App::new([Arn::parse(EXAMPLE).unwrap()], at(0), TimeZone::UTC);
        for code in [KeyCode::Char(' '), KeyCode::Char('.'), KeyCode::Home] {
            app.update(Event::key(at(0), KeyEvent::from(code)));
        }
        assert_eq!(app.take_requests(), []);
    }

    #[test]
    fn speeds_go_from_real_time_to_ten_thousand() {
        let ladder = |mut speed: f64, faster| {
            for _ in 0..20 {
                speed = beside(speed, faster);
            }
            speed
        };
        assert_eq!((ladder(60.0, true), ladder(60.0, false)), (10_000.0, 1.0));
        assert_eq!((beside(60.0, true), beside(61.0, true), beside(61.0, false)), (120.0, 120.0, 60.0));
        assert_eq!((beside(10_000.0, true), beside(1.0, false)), (10_000.0, 1.0));
    }
}
