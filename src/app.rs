//! The one writer of state: events go in, and what the screen shows follows from what is here.

pub mod player;

use crate::transfer::readout::Readout;
use crossterm::event::KeyEvent;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::{
    aws::{arn::Arn, fault::Fault, observation::Observation},
    keys::{self, Action, Control},
    say::{
        report::{self, Context},
        units::LocalTime,
    },
    transfer::execution::Execution,
};
use player::{Command, Frame, Player};

/// Something that happened, and when.
#[derive(Clone, Debug)]
pub struct Event {
    /// The moment; the app has no other clock.
    pub at: Timestamp,
    /// What happened.
    pub what: EventKind,
}

impl Event {
    /// An observation, at its own moment.
    pub fn observed(observation: Observation) -> Self {
        Self { at: observation.at, what: EventKind::Observed(observation) }
    }

    /// A replay stands at this moment.
    pub fn replayed(at: Timestamp, frame: Frame) -> Self {
        Self { at, what: EventKind::Replayed(Box::new(frame)) }
    }

    /// A key.
    pub fn key(at: Timestamp, key: KeyEvent) -> Self {
        Self { at, what: EventKind::Key(key) }
    }

    /// A second that passed.
    pub fn tick(at: Timestamp) -> Self {
        Self { at, what: EventKind::Tick }
    }
}

/// What can happen to an [`App`].
#[derive(Clone, Debug)]
pub enum EventKind {
    /// A source looked at an execution.
    Observed(Observation),
    /// What was watched of an execution before was read from its recording.
    Restored(Box<Execution>),
    /// Why nothing is recorded any more; `None` once it is again.
    Recording(Option<String>),
    /// A replay stands at this event's moment.
    Replayed(Box<Frame>),
    /// A key was pressed.
    Key(KeyEvent),
    /// The terminal has another size, or its cells may be lost.
    Resized,
    /// A second passed.
    Tick,
    /// A signal asks the program to stop for a while.
    Suspend,
    /// The program goes on after a stop, in a terminal that others used meanwhile.
    Resume,
    /// A signal asks what is known.
    Show,
    /// A signal, or a time that ran out, asks the program to end; the number is its exit code.
    Stop(u8),
}

/// What the screen shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Page {
    /// The transfer.
    #[default]
    Watch,
    /// What was configured.
    Options,
    /// What happened.
    Events,
    /// The answer verbatim.
    Raw,
    /// The keys.
    Help,
}

/// What the app can't do by itself: what only the terminal can, and what a replay does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Put a text on the clipboard.
    Copy(String),
    /// Put a page on the clipboard, and write it to a file of this name.
    HandOver {
        /// The file's name, without its folder.
        name: String,
        /// The page.
        page: String,
    },
    /// Ask all processes of the job to stop, this one among them.
    StopJob,
    /// Give the terminal back to the shell, stop, and take it again when the shell lets us go on.
    Suspend,
    /// Forget what is on the screen and draw all of it.
    Redraw,
    /// Ask the replay for something.
    Replay(Command),
}

/// Why the program ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Someone asked for it with a key.
    Quit,
    /// A signal, or Ctrl-C; the exit code.
    Stopped(u8),
    /// No execution could be seen, and asking again can't help.
    Unseen(Fault),
}

/// How much of a page there is, and how much of it fits the screen; in lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Lines of the page.
    pub content: usize,
    /// Lines of the screen.
    pub visible: usize,
}

/// What the chart is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Bytes a second.
    Bytes,
    /// Files a second.
    Files,
}

/// The chart's ranges, in seconds: those that a person knows.
pub const RANGES: [i64; 15] =
    [300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 259_200, 432_000, 604_800, 1_209_600];

/// All state of the program.
#[derive(Clone, Debug)]
pub struct App {
    executions: Vec<Execution>,
    selected: usize,
    page: Page,
    scroll: usize,
    extent: Extent,
    range: Option<usize>,
    measure: Option<Measure>,
    note: Option<(String, Timestamp)>,
    warning: Option<String>,
    context: Context,
    recording: Option<String>,
    player: Option<Player>,
    /// The moment of the newest event that was no moment of a recording.
    clock: Timestamp,
    now: Timestamp,
    zone: TimeZone,
    effects: Vec<Request>,
    end: Option<End>,
}

/// The place in [`RANGES`] of the shortest range that holds so much time.
pub fn fitting(watched: SignedDuration) -> usize {
    let holds = |range: &i64| *range >= watched.as_secs();
    RANGES.iter().position(holds).unwrap_or(RANGES.len())
}

/// How long a note stays on the screen.
const NOTE: SignedDuration = SignedDuration::from_secs(3);

impl App {
    /// An app that watches these transfers and knows nothing of them yet. Times of day are said in `zone`.
    pub fn new(arns: impl IntoIterator<Item = Arn>, now: Timestamp, zone: TimeZone) -> Self {
        Self {
            executions: arns.into_iter().map(|arn| Execution::new(arn, now)).collect(),
            selected: 0,
            page: Page::Watch,
            scroll: 0,
            extent: Extent::default(),
            range: None,
            measure: None,
            note: None,
            warning: None,
            context: Context::default(),
            recording: None,
            player: None,
            clock: now,
            now,
            zone,
            effects: Vec::new(),
            end: None,
        }
    }

    /// Keeps a warning on the screen for all of the watch.
    #[must_use]
    pub fn with_warning(self, warning: Option<String>) -> Self {
        Self { warning, ..self }
    }

    /// Says in hand-over pages how the service is reached.
    #[must_use]
    pub fn with_context(self, context: Context) -> Self {
        Self { context, ..self }
    }

    /// Folds an event in. True if the screen may look different now.
    pub fn update(&mut self, event: Event) -> bool {
        // in a replay only the recording says what time it is
        match event.what {
            EventKind::Replayed(_) => self.now = event.at,
            _ if self.player.is_some() => self.clock = event.at,
            _ => (self.now, self.clock) = (event.at, event.at),
        }
        match event.what {
            EventKind::Observed(observation) => {
                self.observe(&observation);
                true
            }
            EventKind::Restored(execution) => {
                let place = self.place_of(execution.arn());
                self.executions[place] = *execution;
                true
            }
            EventKind::Recording(trouble) => {
                self.recording = trouble;
                true
            }
            EventKind::Replayed(frame) => {
                self.executions = frame.executions;
                self.selected = self.selected.min(self.executions.len().saturating_sub(1));
                self.player = Some(frame.player);
                true
            }
            EventKind::Key(key) => self.meant(&key).is_some_and(|action| self.act(action)),
            EventKind::Resized => true,
            EventKind::Suspend => {
                self.pause();
                self.ask(Request::Suspend)
            }
            EventKind::Resume => self.ask(Request::Redraw),
            EventKind::Tick => self.tick(),
            EventKind::Show => false,
            EventKind::Stop(code) => {
                self.end = Some(End::Stopped(code));
                false
            }
        }
    }

    fn observe(&mut self, observation: &Observation) {
        let called = self.executions.iter().position(|execution| execution.is_called(&observation.execution));
        let found = || Some(self.place_of(&Arn::parse(&observation.execution).ok()?));
        let Some(place) = called.or_else(found) else { return };
        self.executions[place].observe(observation);
        self.end_where_nothing_can_be_seen();
    }

    /// The transfer that is meant; a new one where it is none of those that are known.
    fn place_of(&mut self, arn: &Arn) -> usize {
        let known = self.executions.iter().position(|execution| execution.arn().covers(arn));
        let known = known.or_else(|| self.executions.iter().position(|execution| arn.covers(execution.arn())));
        known.unwrap_or_else(|| {
            self.executions.push(Execution::new(arn.clone(), self.now));
            self.executions.len() - 1
        })
    }

    /// Every transfer unseen, and for good: there is nothing to stay for.
    fn end_where_nothing_can_be_seen(&mut self) {
        let lost = |execution: &Execution| {
            let fault = &execution.past().outage.as_ref()?.fault;
            (execution.response().is_none() && fault.is_final() && execution.past().next.is_none())
                .then(|| fault.clone())
        };
        let faults: Vec<Fault> = self.executions.iter().filter_map(lost).collect();
        if faults.len() == self.executions.len() {
            self.end = faults.into_iter().next().map(End::Unseen);
        }
    }

    fn meant(&self, key: &KeyEvent) -> Option<Action> {
        let control = self.player.as_ref().and_then(|_| keys::control(key, self.page != Page::Watch));
        control.or_else(|| keys::action(key))
    }

    /// A replay does not go on while nobody sees it.
    fn pause(&mut self) {
        if self.player.as_ref().is_some_and(|player| player.plays) {
            self.effects.push(Request::Replay(Command { control: Control::Toggle, execution: self.selected }));
        }
    }

    fn ask(&mut self, effect: Request) -> bool {
        self.effects.push(effect);
        true
    }

    fn tick(&mut self) -> bool {
        let note_gone = self.note.as_ref().is_some_and(|(_, since)| self.clock.duration_since(*since) >= NOTE);
        if note_gone {
            self.note = None;
        }
        let ages = self.player.is_none();
        note_gone || ages && self.executions.get(self.selected).is_none_or(|execution| !execution.is_over())
    }

    fn act(&mut self, action: Action) -> bool {
        let page_of_lines = self.extent.visible.saturating_sub(1).max(1);
        match action {
            Action::Quit => self.end = Some(End::Quit),
            Action::Interrupt => self.end = Some(End::Stopped(130)),
            Action::Suspend => self.effects.push(Request::StopJob),
            Action::Redraw => self.effects.push(Request::Redraw),
            Action::Replay(control) => {
                self.effects.push(Request::Replay(Command { control, execution: self.selected }));
            }
            Action::Copy => self.copy(),
            Action::HandOver => self.hand_over(),
            Action::Back => self.show(Page::Watch),
            Action::Help => self.toggle(Page::Help),
            Action::Options => self.toggle(Page::Options),
            Action::Events => self.toggle(Page::Events),
            Action::Raw => self.toggle(Page::Raw),
            Action::Up => self.scroll_to(self.scroll.saturating_sub(1)),
            Action::Down => self.scroll_to(self.scroll.saturating_add(1)),
            Action::PageUp => self.scroll_to(self.scroll.saturating_sub(page_of_lines)),
            Action::PageDown => self.scroll_to(self.scroll.saturating_add(page_of_lines)),
            Action::Top => self.scroll_to(0),
            Action::Bottom => self.scroll_to(usize::MAX),
            Action::Wider => self.zoom(1),
            Action::Narrower => self.zoom(-1),
            Action::Measure => self.switch(),
            Action::Next => self.select(1),
            Action::Previous => self.select(self.executions.len().saturating_sub(1)),
        }
        true
    }

    fn copy(&mut self) {
        let Some(arn) = self.execution().map(|execution| execution.arn().to_string()) else { return };
        self.note = Some(("copied the ARN".into(), self.clock));
        self.effects.push(Request::Copy(arn));
    }

    fn hand_over(&mut self) {
        let Some(execution) = self.execution() else { return };
        let page = report::page(
            &Readout::of(execution, self.now),
            &LocalTime { now: self.now, zone: &self.zone },
            &self.context,
        );
        let name = format!("{}.md", execution.arn().id());
        self.effects.push(Request::HandOver { name, page });
    }

    /// Shows for a while what became of an effect.
    pub fn noted(&mut self, note: String) {
        self.note = Some((note, self.now));
    }

    fn toggle(&mut self, page: Page) {
        self.show(if self.page == page { Page::Watch } else { page });
    }

    fn show(&mut self, page: Page) {
        self.page = page;
        // events are read from the newest on, as in a log
        self.scroll = if page == Page::Events { usize::MAX } else { 0 };
        self.extent = Extent::default();
    }

    fn scroll_to(&mut self, line: usize) {
        self.scroll = line.min(self.extent.content.saturating_sub(self.extent.visible));
    }

    /// From the range that fits, one to the next one; beyond the widest lies the one that fits again.
    fn zoom(&mut self, by: isize) {
        let fitting =
            self.execution().map_or(0, |execution| fitting(self.now.duration_since(execution.watched_since())));
        let place = self.range.unwrap_or(fitting).checked_add_signed(by);
        self.range = match place {
            None => Some(0),
            Some(place) if place > fitting => None,
            Some(place) => Some(place),
        };
    }

    fn switch(&mut self) {
        self.measure = match self.measure {
            None | Some(Measure::Bytes) => Some(Measure::Files),
            Some(Measure::Files) => Some(Measure::Bytes),
        };
    }

    fn select(&mut self, by: usize) {
        if !self.executions.is_empty() {
            self.selected = (self.selected + by) % self.executions.len();
            self.scroll = 0;
        }
    }

    /// Tells how much was drawn, so that scrolling knows its ends.
    pub fn drawn(&mut self, extent: Extent) {
        self.extent = extent;
        self.scroll_to(self.scroll);
    }

    /// What the terminal is to do, once.
    pub fn take_requests(&mut self) -> Vec<Request> {
        std::mem::take(&mut self.effects)
    }

    /// Why the program ends; `None` while it goes on.
    pub fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// The transfer on the screen; `None` where none is watched.
    pub fn execution(&self) -> Option<&Execution> {
        self.executions.get(self.selected)
    }

    /// All transfers.
    pub fn executions(&self) -> &[Execution] {
        &self.executions
    }

    /// Which of [`App::executions`] is on the screen.
    pub fn selected(&self) -> usize {
        self.selected
    }

    /// What the screen shows.
    pub fn page(&self) -> Page {
        self.page
    }

    /// The first line of the page that is visible.
    pub fn scroll(&self) -> usize {
        self.scroll
    }

    /// The chart's range that was chosen, in seconds; `None` for the one that fits all of the watch.
    pub fn range(&self) -> Option<i64> {
        self.range.and_then(|place| RANGES.get(place).copied())
    }

    /// What the chart was chosen to be of; `None` for what there is.
    pub fn measure(&self) -> Option<Measure> {
        self.measure
    }

    /// What was just done for the user, for a few seconds.
    pub fn note(&self) -> Option<&str> {
        self.note.as_ref().map(|(note, _)| note.as_str())
    }

    /// What to be warned of for as long as it runs.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Why it is not recorded, where it was to be.
    pub fn recording(&self) -> Option<&str> {
        self.recording.as_deref()
    }

    /// The replay, if it is one.
    pub fn player(&self) -> Option<&Player> {
        self.player.as_ref()
    }

    /// The moment of the newest event; in a replay, the moment of the recording that it stands at.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The zone in which times of day are said.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crossterm::event::{KeyCode, KeyModifiers};

    use super::*;
    use crate::aws::{fault::FaultKind, observation::Outcome, response::Response};

    const TASK: &str = "arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0";
    const FIRST: &str =
        "arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0/execution/exec-0123456789abcdef0";
    const SECOND: &str =
        "arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0/execution/exec-00000000000000000";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn app(arns: &[&str]) -> App {
        App::new(arns.iter().map(|arn| Arn::parse(arn).unwrap()), at(0), TimeZone::UTC)
    }

    fn observed(execution: &str, second: i64, outcome: Outcome, next: Option<u64>) -> Event {
        let next = next.map(Duration::from_secs);
        Event::observed(Observation { execution: execution.into(), at: at(second), outcome, task: None, next })
    }

    fn status(status: &str) -> Outcome {
        Outcome::Response(Response::parse(&format!(r#"{{"Status":"{status}"}}"#)).unwrap())
    }

    fn press(app: &mut App, code: KeyCode) -> bool {
        app.update(Event::key(app.now(), KeyEvent::new(code, KeyModifiers::NONE)))
    }

    #[test]
    fn observations_find_their_execution() {
        let mut app = app(&[FIRST, SECOND]);
        app.update(observed(SECOND, 1, status("QUEUED"), Some(5)));
        let statuses: Vec<_> = app.executions().iter().map(|execution| execution.snapshot().is_some()).collect();
        assert_eq!(statuses, [false, true]);
        let mut app = self::app(&[TASK]);
        app.update(observed(TASK, 1, Outcome::Fault(Fault::new(FaultKind::Unreachable, "x")), Some(5)));
        app.update(observed(FIRST, 2, status("QUEUED"), Some(5)));
        assert_eq!(app.executions().len(), 1);
        assert_eq!(app.execution().unwrap().arn().to_string(), FIRST);
    }

    #[test]
    fn what_was_watched_before_takes_its_place() {
        let mut app = app(&[TASK, SECOND]);
        let mut before = Execution::new(Arn::parse(FIRST).unwrap(), at(-3600));
        let Event { what: EventKind::Observed(seen), .. } = observed(FIRST, -3600, status("QUEUED"), Some(5)) else {
            return;
        };
        before.observe(&seen);
        assert!(app.update(Event { at: at(1), what: EventKind::Restored(Box::new(before)) }));
        app.update(observed(FIRST, 1, status("LAUNCHING"), Some(5)));
        assert_eq!(app.executions().len(), 2);
        let execution = app.execution().unwrap();
        assert_eq!((execution.watched_since(), execution.snapshot().is_some()), (at(-3600), true));
        assert!(execution.events().iter().any(
            |event| matches!(event.kind, crate::transfer::events::Kind::WatchResumed(after) if after.as_secs() == 3601)
        ));
    }

    #[test]
    fn what_is_not_recorded_is_said_until_it_is() {
        let mut app = app(&[FIRST]);
        for trouble in [Some("Not recorded: no room.".to_owned()), None] {
            assert!(app.update(Event { at: at(1), what: EventKind::Recording(trouble.clone()) }));
            assert_eq!(app.recording(), trouble.as_deref());
        }
    }

    #[test]
    fn pages_open_and_close_with_their_key_and_with_esc() {
        let mut app = app(&[FIRST]);
        for (key, page) in [('o', Page::Options), ('r', Page::Raw), ('e', Page::Events), ('?', Page::Help)] {
            press(&mut app, KeyCode::Char(key));
            assert_eq!(app.page(), page);
            press(&mut app, KeyCode::Char(key));
            assert_eq!(app.page(), Page::Watch);
            press(&mut app, KeyCode::Char(key));
            press(&mut app, KeyCode::Esc);
            assert_eq!(app.page(), Page::Watch);
        }
        assert_eq!(app.end(), None);
        press(&mut app, KeyCode::Char('q'));
        assert_eq!(app.end(), Some(&End::Quit));
    }

    #[test]
    fn scrolling_knows_its_ends() {
        let mut app = app(&[FIRST]);
        press(&mut app, KeyCode::Char('o'));
        app.drawn(Extent { content: 30, visible: 10 });
        for (key, line) in [
            (KeyCode::Down, 1),
            (KeyCode::PageDown, 10),
            (KeyCode::PageDown, 19),
            (KeyCode::PageDown, 20),
            (KeyCode::Down, 20),
            (KeyCode::Up, 19),
            (KeyCode::Home, 0),
            (KeyCode::Up, 0),
            (KeyCode::End, 20),
        ] {
            press(&mut app, key);
            assert_eq!(app.scroll(), line, "{key:?}");
        }
        app.drawn(Extent { content: 5, visible: 10 });
        assert_eq!(app.scroll(), 0, "what was there to scroll to is gone");
    }

    #[test]
    fn copying_says_so_for_a_while() {
        let mut app = app(&[FIRST]);
        press(&mut app, KeyCode::Char('y'));
        assert_eq!(app.take_requests(), [Request::Copy(FIRST.into())]);
        assert_eq!(app.take_requests(), []);
        assert!(app.note().is_some());
        assert!(app.update(Event::tick(at(2))) && app.note().is_some());
        assert!(app.update(Event::tick(at(3))) && app.note().is_none());
    }

    #[test]
    fn a_hand_over_is_a_page_for_the_clipboard_and_a_file() {
        let mut app = app(&[FIRST]).with_context(Context { profile: Some("ops team".into()), ..Context::default() });
        app.update(observed(FIRST, 1, status("QUEUED"), Some(5)));
        press(&mut app, KeyCode::Char('h'));
        let effects = app.take_requests();
        let [Request::HandOver { name, page }] = &effects[..] else { panic!("{effects:?}") };
        assert_eq!(name, "exec-0123456789abcdef0.md");
        assert!(page.contains("**QUEUED") && page.contains("--profile 'ops team'"), "{page}");
        assert!(page.len() < 6000, "{page}");
        app.noted("written".into());
        assert_eq!(app.note(), Some("written"));
    }

    #[test]
    fn it_ends_by_itself_only_where_nothing_can_get_better() {
        let denied = || Outcome::Fault(Fault::new(FaultKind::Denied, "denied"));
        let mut app = app(&[FIRST]);
        app.update(observed(FIRST, 1, denied(), None));
        assert!(matches!(app.end(), Some(End::Unseen(_))));
        let mut app = self::app(&[FIRST]);
        app.update(observed(FIRST, 1, status("QUEUED"), Some(5)));
        app.update(observed(FIRST, 2, denied(), Some(5)));
        assert_eq!(app.end(), None, "it was seen before");
        let mut app = self::app(&[FIRST, SECOND]);
        app.update(observed(FIRST, 1, denied(), None));
        assert_eq!(app.end(), None, "the other may still be seen");
        app.update(observed(SECOND, 1, denied(), None));
        assert!(matches!(app.end(), Some(End::Unseen(_))));
    }

    #[test]
    fn what_is_over_is_not_drawn_each_second() {
        let mut app = app(&[FIRST]);
        app.update(observed(FIRST, 1, status("TRANSFERRING"), Some(5)));
        assert!(app.update(Event::tick(at(2))));
        app.update(observed(FIRST, 3, status("SUCCESS"), None));
        assert!(!app.update(Event::tick(at(4))));
    }

    #[test]
    fn ranges_go_from_five_minutes_to_all() {
        let mut app = app(&[FIRST]);
        app.update(Event::tick(at(2000)));
        let mut ranges = Vec::new();
        for key in "+++++++--------".chars() {
            press(&mut app, KeyCode::Char(key));
            ranges.push(app.range());
        }
        let shorter = [Some(1800), Some(900), Some(600), Some(300), Some(300), Some(300), Some(300)];
        let longer = [Some(600), Some(900), Some(1800), Some(3600), None, None, None, None];
        assert_eq!(ranges, [&shorter[..], &longer[..]].concat());
    }

    #[test]
    fn tab_goes_round() {
        let mut app = app(&[FIRST, SECOND]);
        let mut places = Vec::new();
        for key in [KeyCode::Tab, KeyCode::Tab, KeyCode::BackTab] {
            press(&mut app, key);
            places.push(app.selected());
        }
        assert_eq!(places, [1, 0, 1]);
    }
}
