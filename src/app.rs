//! The one writer of state: events go in, requests come out, and what the screen shows follows from what is here.

mod chart;
mod event;
pub mod exit;
mod note;
mod pager;
pub mod player;
mod request;

use std::collections::HashMap;

use crate::transfer::readout::Readout;
use crossterm::event::KeyEvent;
use jiff::{Timestamp, tz::TimeZone};

use self::{
    chart::Chart,
    exit::{End, Exit},
    note::Note,
    pager::Pager,
    player::{PlaybackRequest, Player},
};
pub use self::{
    chart::Measure,
    event::{Event, EventKind},
    pager::{Extent, Page},
    request::Request,
};
use crate::{
    aws::{arn::Arn, fault::Fault, observation::Observation},
    keys::{self, Action, Playback},
    say::{
        report::{self, Context},
        units::LocalTime,
    },
    transfer::{execution::Execution, judge::estimate::EarlierRun},
};

/// All state of the program.
#[derive(Clone, Debug)]
pub struct App {
    executions: Vec<Execution>,
    /// By the id of their task.
    earlier: HashMap<String, Vec<EarlierRun>>,
    selected: usize,
    pager: Pager,
    chart: Chart,
    note: Option<Note>,
    warning: Option<String>,
    context: Context,
    recording: Option<String>,
    player: Option<Player>,
    now: Timestamp,
    zone: TimeZone,
    requests: Vec<Request>,
    end: Option<End>,
}

impl App {
    /// An app that watches these transfers and knows nothing of them yet. Times of day are shown in `zone`.
    pub fn new(arns: impl IntoIterator<Item = Arn>, now: Timestamp, zone: TimeZone) -> Self {
        Self {
            executions: arns.into_iter().map(|arn| Execution::new(arn, now)).collect(),
            earlier: HashMap::new(),
            selected: 0,
            pager: Pager::default(),
            chart: Chart::default(),
            note: None,
            warning: None,
            context: Context::default(),
            recording: None,
            player: None,
            now,
            zone,
            requests: Vec::new(),
            end: None,
        }
    }

    /// Keeps a warning on the screen for as long as the program runs.
    #[must_use]
    pub fn with_warning(self, warning: Option<String>) -> Self {
        Self { warning, ..self }
    }

    /// Names in reports how the service is reached.
    #[must_use]
    pub fn with_context(self, context: Context) -> Self {
        Self { context, ..self }
    }

    /// Folds an event in. True if the screen may look different now.
    pub fn update(&mut self, event: Event) -> bool {
        // in a replay it is the time of the recording, which only its frames know
        if self.player.is_none() || matches!(event.what, EventKind::Replayed(_)) {
            self.now = event.at;
        }
        match event.what {
            EventKind::Observed(observation) => self.observe(&observation),
            EventKind::Restored(mut execution) => {
                execution.resume(event.at);
                let place = self.place_of(execution.arn());
                self.executions[place] = *execution;
                self.remind(place);
            }
            EventKind::Remembered(runs) => self.remember(runs),
            EventKind::Recording(trouble) => self.recording = trouble,
            EventKind::Replayed(frame) => {
                self.executions = frame.executions;
                self.selected = self.selected.min(self.executions.len().saturating_sub(1));
                self.player = Some(frame.player);
            }
            EventKind::Noted(note) => self.note = Some(Note::new(note)),
            EventKind::Key(key) => return self.action(&key).is_some_and(|action| self.act(action)),
            EventKind::Resized => {}
            EventKind::Suspend => {
                self.pause();
                self.requests.push(Request::Suspend);
            }
            EventKind::Resume => self.requests.push(Request::Redraw),
            EventKind::Tick => return self.tick(),
            EventKind::Show => return false,
            EventKind::Stop(exit) => {
                self.end = Some(End::Stopped(exit));
                return false;
            }
        }
        true
    }

    fn observe(&mut self, observation: &Observation) {
        let called = self.executions.iter().position(|execution| execution.is_called(&observation.execution));
        // before an execution is found its name may be none: a console URL does not say the account
        let asked = || self.executions.iter().position(|e| e.arn().to_string() == *observation.execution);
        let known = called.or_else(asked);
        let found = || Some(self.place_of(&Arn::parse(&observation.execution).ok()?));
        let Some(place) = known.or_else(found) else { return };
        let is_first = self.executions[place].response().is_none();
        self.executions[place].observe(observation);
        if is_first {
            self.remind(place);
        }
        self.end_where_nothing_can_be_seen();
    }

    fn remember(&mut self, runs: HashMap<String, Vec<EarlierRun>>) {
        self.earlier = runs;
        (0..self.executions.len()).for_each(|place| self.remind(place));
    }

    /// Tells a transfer what earlier runs of its task did.
    fn remind(&mut self, place: usize) {
        if let Some(runs) = self.earlier.get(&self.executions[place].arn().task) {
            self.executions[place].remember(runs);
        }
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

    /// Where no transfer was ever seen, and polling again can't help, there is nothing to stay for.
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

    /// What a key means here: a replay has keys of its own.
    fn action(&self, key: &KeyEvent) -> Option<Action> {
        let playback = self.player.as_ref().and_then(|_| keys::playback(key, self.page() != Page::Watch));
        playback.or_else(|| keys::action(key))
    }

    /// A replay does not go on while nobody sees it.
    fn pause(&mut self) {
        if self.player.as_ref().is_some_and(|player| player.plays) {
            self.play(Playback::Toggle);
        }
    }

    fn play(&mut self, playback: Playback) {
        self.requests.push(Request::Playback(PlaybackRequest { playback, execution: self.selected }));
    }

    fn tick(&mut self) -> bool {
        let note_gone = self.note.as_mut().is_some_and(Note::tick);
        if note_gone {
            self.note = None;
        }
        let ages = self.player.is_none();
        note_gone || ages && self.executions.get(self.selected).is_none_or(|execution| !execution.is_over())
    }

    fn act(&mut self, action: Action) -> bool {
        match action {
            Action::Quit => self.end = Some(End::Quit),
            Action::Interrupt => self.end = Some(End::Stopped(Exit::Interrupted)),
            Action::Suspend => self.requests.push(Request::StopJob),
            Action::Redraw => self.requests.push(Request::Redraw),
            Action::Playback(playback) => self.play(playback),
            Action::Copy => self.copy(),
            Action::HandOver => self.hand_over(),
            Action::CopyCommand => self.copy_command(),
            Action::Back => self.back(),
            Action::Help => self.pager.toggle(Page::Help),
            Action::Options => self.pager.toggle(Page::Options),
            Action::Events => self.pager.toggle(Page::Events),
            Action::Raw => self.pager.toggle(Page::Raw),
            Action::Up => self.pager.scroll(-1),
            Action::Down => self.pager.scroll(1),
            Action::PageUp => self.pager.turn(-1),
            Action::PageDown => self.pager.turn(1),
            Action::Top => self.pager.go_to(0),
            Action::Bottom => self.pager.go_to(usize::MAX),
            Action::Wider => self.zoom(1),
            Action::Narrower => self.zoom(-1),
            Action::Measure => self.chart.switch(),
            Action::CursorBack => self.move_cursor(-1),
            Action::CursorForward => self.move_cursor(1),
            Action::Next => self.select(1),
            Action::Previous => self.select(self.executions.len().saturating_sub(1)),
        }
        true
    }

    fn copy(&mut self) {
        let Some(arn) = self.execution().map(|execution| execution.arn().to_string()) else { return };
        self.requests.push(Request::Copy { what: "the ARN", text: arn });
    }

    fn copy_command(&mut self) {
        let Some(execution) = self.execution() else { return };
        let command = report::look_up_command(&Readout::of(execution, self.now), &self.context);
        self.requests.extend(command.map(|text| Request::Copy { what: "the aws command", text }));
    }

    fn hand_over(&mut self) {
        let Some(execution) = self.execution() else { return };
        if execution.snapshot().is_none() {
            self.note = Some(Note::new("nothing to report yet: there is no response so far".into()));
            return;
        }
        let page = report::page(
            &Readout::of(execution, self.now),
            &LocalTime { now: self.now, zone: &self.zone },
            &self.context,
        );
        let name = format!("{}.md", execution.arn().id());
        self.requests.push(Request::HandOver { name, page });
    }

    /// From the first change of the counters, or the beginning of the watch, to now, or to the newest response.
    fn charted(&self) -> (Timestamp, Timestamp) {
        let Some(execution) = self.execution() else { return (self.now, self.now) };
        let until = execution.responded_at().filter(|_| execution.is_over());
        let begins = execution.past().timeline.begins();
        (begins.unwrap_or(execution.watched_since()), until.unwrap_or(self.now))
    }

    fn zoom(&mut self, by: isize) {
        let (begins, until) = self.charted();
        self.chart.zoom(by, until.duration_since(begins));
    }

    fn move_cursor(&mut self, by: i32) {
        let (begins, until) = self.charted();
        self.chart.step(by, begins, until);
    }

    /// Back from the cursor to the chart of now, and from a page to the watch.
    fn back(&mut self) {
        if self.page() != Page::Watch || !self.chart.leave() {
            self.pager.open(Page::Watch);
        }
    }

    fn select(&mut self, by: usize) {
        if !self.executions.is_empty() {
            self.selected = (self.selected + by) % self.executions.len();
            self.pager.go_to(0);
            self.chart.leave();
        }
    }

    /// Tells how much was drawn, so that scrolling knows its ends.
    pub fn drawn(&mut self, extent: Extent) {
        self.pager.drawn(extent);
    }

    /// What is wanted of the outside since this was asked last.
    pub fn take_requests(&mut self) -> Vec<Request> {
        std::mem::take(&mut self.requests)
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
        self.pager.page()
    }

    /// The first line of the page that is visible.
    pub fn scroll(&self) -> usize {
        self.pager.line()
    }

    /// The chart's range that was chosen, in seconds; `None` for the one that fits the whole watch.
    pub fn range(&self) -> Option<i64> {
        self.chart.range()
    }

    /// What was chosen for the chart; `None` for whatever there is.
    pub fn measure(&self) -> Option<Measure> {
        self.chart.measure()
    }

    /// The moment in the chart whose value is read; `None` where none is.
    pub fn cursor(&self) -> Option<Timestamp> {
        self.chart.cursor()
    }

    /// What became of a request, for three seconds.
    pub fn note(&self) -> Option<&str> {
        self.note.as_ref().map(Note::text)
    }

    /// What to warn of for as long as the program runs.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Why recording stopped, where it was to be recorded.
    pub fn recording(&self) -> Option<&str> {
        self.recording.as_deref()
    }

    /// How the replay stands, if it is one.
    pub fn player(&self) -> Option<&Player> {
        self.player.as_ref()
    }

    /// The moment of the newest event; in a replay, the moment of the recording that it has reached.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The zone in which times of day are shown.
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

    fn observation(execution: &str, second: i64, outcome: Outcome, next: Option<u64>) -> Observation {
        let next = next.map(Duration::from_secs);
        Observation { execution: execution.into(), at: at(second), outcome, task: None, next }
    }

    fn observed(execution: &str, second: i64, outcome: Outcome, next: Option<u64>) -> Event {
        Event::observed(observation(execution, second, outcome, next))
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
        before.observe(&observation(FIRST, -3600, status("QUEUED"), Some(5)));
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
    fn earlier_runs_of_the_task_have_a_say_in_when_it_ends() {
        // fast and slow by turns, as it was before
        let bytes =
            |second: i64| (0..second / 15).map(|step| if step / 20 % 2 == 0 { 22_500 } else { 7_500 }).sum::<i64>();
        let look = |second: i64| {
            let bytes = bytes(second);
            let body = format!(
                r#"{{"Status":"TRANSFERRING","TaskMode":"ENHANCED","BytesWritten":{bytes},"EstimatedBytesToTransfer":3600000}}"#
            );
            observed(FIRST, second, Outcome::Response(Response::parse(&body).unwrap()), Some(15))
        };
        let run = EarlierRun { took: jiff::SignedDuration::from_secs(3500), bytes: 3_500_000, files: 0 };
        let runs = HashMap::from([(Arn::parse(FIRST).unwrap().task, vec![run])]);
        // whether it is told before the transfer is found, or later
        let ends = [None, Some(0), Some(15)].map(|told| {
            let mut app = app(&[TASK]);
            for second in (0..=1500).step_by(15) {
                if told == Some(second) {
                    app.update(Event { at: at(second), what: EventKind::Remembered(runs.clone()) });
                }
                app.update(look(second));
            }
            app.execution().unwrap().estimator().estimate(app.now()).unwrap().likely
        });
        assert_ne!(ends[0], ends[1]);
        assert_eq!(ends[1], ends[2]);
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
    fn a_request_goes_out_once_and_its_outcome_is_shown_for_three_seconds() {
        let mut app = app(&[FIRST]);
        press(&mut app, KeyCode::Char('y'));
        assert_eq!(app.take_requests(), [Request::Copy { what: "the ARN", text: FIRST.into() }]);
        assert_eq!(app.take_requests(), []);
        assert!(app.update(Event { at: at(0), what: EventKind::Noted("copied the ARN".into()) }));
        for second in 0..3 {
            assert!(app.update(Event::tick(at(second))) && app.note() == Some("copied the ARN"), "{second}");
        }
        assert!(app.update(Event::tick(at(3))) && app.note().is_none());
    }

    #[test]
    fn a_hand_over_is_a_page_for_the_clipboard_and_a_file() {
        let mut app = app(&[FIRST]).with_context(Context { profile: Some("ops team".into()), ..Context::default() });
        press(&mut app, KeyCode::Char('h'));
        assert_eq!((app.take_requests(), app.note().is_some()), (Vec::new(), true), "there is nothing to hand over");
        app.update(observed(FIRST, 1, status("QUEUED"), Some(5)));
        press(&mut app, KeyCode::Char('h'));
        let requests = app.take_requests();
        let [Request::HandOver { name, page }] = &requests[..] else { panic!("{requests:?}") };
        assert_eq!(name, "exec-0123456789abcdef0.md");
        assert!(page.contains("**QUEUED") && page.contains("--profile 'ops team'"), "{page}");
        assert!(page.len() < 6000, "{page}");
        app.update(Event { at: at(2), what: EventKind::Noted("written".into()) });
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
    fn a_console_url_that_leads_nowhere_is_told_as_an_arn_is() {
        let url =
            "https://us-east-1.console.aws.amazon.com/datasync/home?region=us-east-1#/tasks/task-0123456789abcdef0";
        let mut app = app(&[url]);
        let name = app.execution().unwrap().arn().to_string();
        let missing = |next| Outcome::Fault(Fault::new(FaultKind::NotFound, format!("not found {next:?}")));
        app.update(observed(&name, 1, missing(Some(5)), Some(5)));
        assert!(app.execution().unwrap().past().outage.is_some() && app.end().is_none());
        app.update(observed(&name, 70, missing(None), None));
        assert!(matches!(app.end(), Some(End::Unseen(fault)) if fault.kind == FaultKind::NotFound));
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
        let longer = [Some(600), Some(900), Some(1800), None, None, None, None, None];
        assert_eq!(ranges, [&shorter[..], &longer[..]].concat());
    }

    #[test]
    fn a_cursor_comes_from_the_end_of_the_chart_and_leaves_it_there() {
        let mut app = app(&[FIRST]);
        app.update(Event::tick(at(2000)));
        let mut moments = Vec::new();
        for key in "[[]]".chars() {
            press(&mut app, KeyCode::Char(key));
            moments.push(app.cursor());
        }
        assert_eq!(moments, [Some(at(1980)), Some(at(1960)), Some(at(1980)), None]);
        for _ in 0..150 {
            press(&mut app, KeyCode::Char('['));
        }
        assert_eq!(app.cursor(), Some(at(0)), "no farther than the watch goes back");
        press(&mut app, KeyCode::Char('e'));
        press(&mut app, KeyCode::Esc);
        assert_eq!((app.page(), app.cursor()), (Page::Watch, Some(at(0))));
        press(&mut app, KeyCode::Esc);
        assert_eq!(app.cursor(), None);
    }

    #[test]
    fn the_command_to_copy_is_one_of_aws() {
        let mut app = app(&[FIRST]).with_context(Context { profile: Some("ops team".into()), ..Context::default() });
        press(&mut app, KeyCode::Char('c'));
        let text = "aws datasync describe-task-execution --task-execution-arn";
        let requests = app.take_requests();
        let [Request::Copy { what: "the aws command", text: copied }] = &requests[..] else { panic!("{requests:?}") };
        assert!(copied.starts_with(text) && copied.ends_with("--profile 'ops team'"), "{copied}");
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
