//! Plain lines: where there is no screen, for scripts, and what stays in the scrollback after a screen.

use std::{io, time::Duration};

use crossterm::{cursor, queue, terminal};
use futures_util::{Stream, StreamExt};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::{
    frames::Frames,
    outlet::{LIMIT, Output},
};
use crate::{
    app::{App, Event, EventKind},
    aws::response::Response,
    say::{
        line,
        state::State,
        units::{self, LocalTime},
        words::finding,
    },
    transfer::{execution::Execution, judge::health::HealthState, readout::Readout},
    view::{text::cut, theme::Theme},
};

/// How to wait, and what to tell meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    /// How often a line comes while nothing else is to tell.
    pub progress_every: SignedDuration,
    /// What is printed.
    pub form: Form,
    /// A stall of so long ends it.
    pub fail_on_stall: Option<SignedDuration>,
    /// Whether it goes on when every execution is over.
    pub follow: bool,
}

/// What is printed on standard output.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// Lines for a person.
    Lines,
    /// One line per transfer, redrawn in a terminal of so many columns and rows.
    Live(fn() -> (u16, u16)),
    /// The state at each change, as JSON; lines for a person go to standard error.
    States,
}

impl Default for Waiting {
    fn default() -> Self {
        Self { progress_every: SignedDuration::from_mins(1), form: Form::Lines, fail_on_stall: None, follow: false }
    }
}

/// What came of waiting.
#[derive(Debug)]
pub struct Waited {
    /// All that was seen.
    pub app: App,
    /// What stalled for too long, in a sentence.
    pub stalled: Option<String>,
}

/// Folds events into the app and tells of them, until every execution is over, one has stalled for too long, or
/// the app ends.
///
/// Where the output is not taken, telling waits for it and everything else goes on: what comes out once it is taken
/// again is the state of then. Nobody has to take what goes to `err`.
///
/// # Errors
/// `out` could not be written to.
pub async fn run(
    app: App,
    look: Theme,
    waiting: Waiting,
    out: &mut impl Output,
    err: &mut impl Output,
    events: impl Stream<Item = Event>,
) -> io::Result<Waited> {
    let mut events = std::pin::pin!(events);
    let live = Live { drawn: Vec::new(), frames: Frames::apart(APART), changed: false };
    let mut teller = Teller { look, waiting, out, err, told: Vec::new(), live, room: LIMIT / 2, is_behind: false };
    let mut waited = Waited { app, stalled: None };
    while waited.app.end().is_none() && waited.stalled.is_none() {
        let event = match teller.live.due() {
            Some(due) => match tokio::time::timeout_at(due, events.next()).await {
                Ok(event) => event,
                Err(_) => {
                    teller.draw(&waited.app)?;
                    continue;
                }
            },
            None => events.next().await,
        };
        let Some(event) = event else { break };
        let (show, observed) = (matches!(event.what, EventKind::Show), matches!(event.what, EventKind::Observed(_)));
        waited.app.update(event);
        if show {
            teller.state(&waited.app)?;
        } else {
            teller.tell(&waited.app, observed)?;
        }
        // an output that is gone is found out about where there is nothing to tell, too
        teller.out.flush()?;
        waited.stalled = waiting.fail_on_stall.and_then(|most| stalled(&waited.app, most));
        // what was watched before may tell of the end too, and is not what was asked for
        if observed && !waiting.follow && waited.app.executions().iter().all(Execution::is_settled) {
            break;
        }
    }
    teller.end(&waited)?;
    Ok(waited)
}

/// A queue and a launch may take so long: what waits there less has not stalled.
const BEGINS_WITHIN: SignedDuration = SignedDuration::from_mins(15);

/// What is said of the first transfer that has stalled for so long, or not begun for so long.
fn stalled(app: &App, most: SignedDuration) -> Option<String> {
    let said = |readout: Readout| {
        if readout.health.stalled_for().is_some_and(|span| span >= most) {
            let found = readout.health.finding.as_ref().map(finding::sentence).unwrap_or_default();
            return Some(format!("{} has stalled. {found}", readout.arn()));
        }
        let span = readout.not_begun_for().filter(|span| *span >= most.max(BEGINS_WITHIN))?;
        let status = readout.status.as_ref().map(|status| status.as_str()).unwrap_or_default();
        Some(format!("{} has been {status} for {}.", readout.arn(), units::duration(span)))
    };
    app.executions().iter().find_map(|execution| said(Readout::of(execution, app.now())))
}

/// Tells what there is to tell, where it belongs.
struct Teller<'a, O, E> {
    look: Theme,
    waiting: Waiting,
    out: &'a mut O,
    err: &'a mut E,
    told: Vec<Told>,
    live: Live,
    /// Bytes that may wait to be written where another line is told.
    room: usize,
    /// Whether there was no room for something.
    is_behind: bool,
}

/// The lines that are drawn over again and again.
struct Live {
    /// As they are on the terminal, below everything that stays.
    drawn: Vec<String>,
    frames: Frames,
    /// Whether something happened since they were drawn.
    changed: bool,
}

/// The shortest time between two drawings of the live lines.
const APART: Duration = Duration::from_millis(250);

impl Live {
    /// When they are to be drawn again; `None` where nothing happened.
    fn due(&self) -> Option<Instant> {
        self.changed.then(|| self.frames.next())
    }
}

impl<O: Output, E: Output> Teller<'_, O, E> {
    fn tell(&mut self, app: &App, observed: bool) -> io::Result<()> {
        self.told.resize(app.executions().len(), Told::default());
        if let Form::Live(_) = self.waiting.form {
            self.live.changed = true;
            return if self.live.frames.are_due() { self.draw(app) } else { Ok(()) };
        }
        for (place, execution) in app.executions().iter().enumerate() {
            self.tell_of(place, execution, app, observed)?;
        }
        Ok(())
    }

    fn tell_of(&mut self, place: usize, execution: &Execution, app: &App, observed: bool) -> io::Result<()> {
        if execution.past().polled_at.is_none() {
            return Ok(());
        }
        if self.out.waiting() > self.room {
            self.is_behind = true;
            return Ok(());
        }
        let readout = Readout::of(execution, app.now());
        let told = &mut self.told[place];
        if matches!(self.waiting.form, Form::States) && observed && told.is_news(&readout) {
            writeln!(self.out, "{}", State::from(&readout).json())?;
            self.out.flush()?;
        }
        let progress = Progress::of(&readout);
        let due = app.now().duration_since(told.progress_at.unwrap_or(app.now())) >= self.waiting.progress_every;
        if told.progress.as_ref() != Some(&progress) || due && !execution.is_over() {
            (told.progress, told.progress_at) = (Some(progress), Some(app.now()));
            let line = self.look.text(&line::of_log(&readout, &local(app)));
            match self.waiting.form {
                Form::States => drop(writeln!(self.err, "{line}").and_then(|()| self.err.flush())),
                _ => writeln!(self.out, "{line}").and_then(|()| self.out.flush())?,
            }
        }
        Ok(())
    }

    /// Draws the live lines over those of before, where they changed. A transfer that ended is drawn once more, and
    /// stays.
    fn draw(&mut self, app: &App) -> io::Result<()> {
        let Form::Live(size) = self.waiting.form else { return Ok(()) };
        if self.out.waiting() > self.room.saturating_sub(LIMIT / 2) {
            self.live.frames.drawn();
            return self.out.flush();
        }
        self.live.changed = false;
        let (columns, rows) = size();
        let (columns, rows) = (usize::from(columns), usize::from(rows));
        let (ended, running): (Vec<_>, Vec<_>) =
            app.executions().iter().zip(&mut self.told).partition(|(execution, _)| execution.is_over());
        let news = ended.into_iter().filter_map(|(execution, told)| {
            (!std::mem::replace(&mut told.is_final, true)).then(|| live_line(execution, app))
        });
        let news: Vec<String> = news.collect();
        // a block as high as the screen could not be drawn over: its first line would have scrolled away
        let room = rows.saturating_sub(1);
        let shown = if running.len() > room { room.saturating_sub(1) } else { running.len() };
        let mut live: Vec<String> =
            running.iter().take(shown).map(|(execution, _)| live_line(execution, app)).collect();
        if shown < running.len() && room > 0 {
            live.push(format!("and {} more", running.len() - shown));
        }
        if news.is_empty() && live == self.live.drawn {
            return Ok(());
        }
        self.wipe()?;
        for line in news.iter().chain(&live) {
            // the last column is left alone: a terminal that wraps there would add a line
            writeln!(self.out, "{}", self.look.text(&cut(line, columns.saturating_sub(1))))?;
        }
        self.live.drawn = live;
        self.live.frames.drawn();
        self.out.flush()
    }

    fn wipe(&mut self) -> io::Result<()> {
        let drawn = std::mem::take(&mut self.live.drawn);
        match u16::try_from(drawn.len()) {
            Ok(lines @ 1..) => queue!(
                self.out,
                cursor::MoveToPreviousLine(lines),
                terminal::Clear(terminal::ClearType::FromCursorDown)
            ),
            _ => Ok(()),
        }
    }

    /// Prints what is known, because someone asked.
    fn state(&mut self, app: &App) -> io::Result<()> {
        if self.out.waiting() > self.room {
            return Ok(());
        }
        self.wipe()?;
        match self.waiting.form {
            Form::States => {
                for execution in app.executions() {
                    writeln!(self.out, "{}", State::of(execution, app.now()).json())?;
                }
            }
            _ => self.out.write_all(final_state(app, self.look).as_bytes())?,
        }
        self.out.flush()
    }

    /// The last state, where the last line did not say it, whether or not there is room.
    fn end(&mut self, waited: &Waited) -> io::Result<()> {
        let cut_short =
            waited.stalled.is_some() || waited.app.executions().iter().any(|execution| !execution.is_over());
        self.room = usize::MAX;
        if self.live.changed {
            self.draw(&waited.app)?;
        } else if self.is_behind {
            self.tell(&waited.app, true)?;
        }
        if cut_short || matches!(self.waiting.form, Form::Live(_)) {
            self.state(&waited.app)?;
        }
        Ok(())
    }
}

/// What was told of a transfer last.
#[derive(Clone, Debug, Default)]
struct Told {
    response: Option<Response>,
    fault: Option<&'static str>,
    health: Option<HealthState>,
    progress: Option<Progress>,
    progress_at: Option<Timestamp>,
    /// Whether its last line was drawn, which stays.
    is_final: bool,
}

impl Told {
    /// Whether the state is another than the one that was printed last, which it then is.
    fn is_news(&mut self, readout: &Readout) -> bool {
        let fault = readout.outage().map(|outage| outage.fault.kind.as_str());
        let same_response = match (&self.response, readout.response()) {
            (Some(old), Some(new)) => old.is_same(new),
            (None, None) => true,
            _ => false,
        };
        let same = same_response && self.fault == fault && self.health == Some(readout.health.state);
        if !same {
            let response = readout.response().cloned();
            (self.response, self.fault, self.health) = (response, fault, Some(readout.health.state));
        }
        !same
    }
}

/// Of which each change is worth a line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Progress {
    status: Option<String>,
    fault: Option<&'static str>,
    trouble: Option<HealthState>,
}

impl Progress {
    fn of(readout: &Readout) -> Self {
        Self {
            status: readout.status.as_ref().map(|status| status.as_str().to_owned()),
            fault: readout.outage().map(|outage| outage.fault.kind.as_str()),
            trouble: Some(readout.health.state).filter(|state| state.is_trouble()),
        }
    }
}

fn local(app: &App) -> LocalTime<'_> {
    LocalTime { now: app.now(), zone: app.zone() }
}

fn live_line(execution: &Execution, app: &App) -> String {
    line::of_now(&Readout::of(execution, app.now()), &local(app))
}

/// The last state of each transfer, for the scrollback.
pub fn final_state(app: &App, look: Theme) -> String {
    let readouts = app.executions().iter().map(|execution| Readout::of(execution, app.now()));
    let lines = readouts.flat_map(|readout| line::of_end(&readout, &local(app)));
    lines.map(|line| format!("{}\n", look.text(&line))).collect()
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::{
        aws::arn::Arn,
        transfer::execution::tests::{ARN, answer, at},
    };

    /// A transfer that moves for ten minutes and stands still from then on, polled every 15 s.
    fn moves_and_stops() -> impl Iterator<Item = Event> {
        moves_until(600)
    }

    fn moves_until(end: i64) -> impl Iterator<Item = Event> {
        (0..).step_by(15).map(move |second| {
            let moved = second.min(end);
            let members = format!(
                r#""Status":"TRANSFERRING","TaskMode":"ENHANCED","BytesWritten":{moved},"Result":{{"TotalDuration":{moved}}}"#
            );
            Event::observed(answer(second, &members))
        })
    }

    /// What came of waiting, when, and what was printed.
    async fn waited(waiting: Waiting, events: impl Iterator<Item = Event>) -> (Waited, String, String) {
        told([ARN], waiting, stream::iter(events)).await
    }

    /// The same, of these transfers, with events that take their time.
    async fn told(
        arns: impl IntoIterator<Item = impl AsRef<str>>,
        waiting: Waiting,
        events: impl Stream<Item = Event>,
    ) -> (Waited, String, String) {
        let app = App::new(arns.into_iter().map(|arn| Arn::parse(arn.as_ref()).unwrap()), at(0), TimeZone::UTC);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let look = Theme { colour: false, ascii: false };
        let waited = run(app, look, waiting, &mut out, &mut err, events).await.unwrap();
        (waited, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    /// Events, each so many milliseconds after the one before.
    fn spaced(millis: u64, events: impl Iterator<Item = Event>) -> impl Stream<Item = Event> {
        stream::iter(events).then(move |event| async move {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            event
        })
    }

    /// An output that nobody takes anything from.
    struct Stuck(Vec<u8>);

    impl io::Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Output for Stuck {
        fn waiting(&self) -> usize {
            LIMIT
        }
    }

    #[tokio::test]
    async fn what_nobody_takes_ends_with_the_last_state_alone() {
        for form in [Form::Lines, Form::States, Form::Live(|| (120, 10))] {
            let app = App::new([Arn::parse(ARN).unwrap()], at(0), TimeZone::UTC);
            let over = Event::observed(answer(90, r#""Status":"SUCCESS","BytesWritten":30"#));
            let events = stream::iter(moves_and_stops().take(5).chain([over]));
            let (mut out, look) = (Stuck(Vec::new()), Theme { colour: false, ascii: false });
            let waiting = Waiting { form, ..Waiting::default() };
            run(app, look, waiting, &mut out, &mut Vec::new(), events).await.unwrap();
            let out = String::from_utf8(out.0).unwrap();
            assert!(out.contains("SUCCESS"), "{form:?}: {out}");
            assert!(!out.contains("  TRANSFERRING") && !out.contains(r#""status":"TRANSFERRING""#), "{form:?}: {out}");
        }
    }

    fn live() -> Waiting {
        Waiting { form: Form::Live(|| (40, 10)), ..Waiting::default() }
    }

    #[tokio::test]
    async fn a_stall_ends_it_once_it_is_long_enough() {
        for (most, ends_at) in [(SignedDuration::from_mins(10), 1200), (SignedDuration::from_secs(10), 900)] {
            let waiting = Waiting { fail_on_stall: Some(most), ..Waiting::default() };
            let (waited, out, _) = waited(waiting, moves_and_stops().take(999)).await;
            assert_eq!(waited.app.now(), at(ends_at), "what is called a stall takes five minutes");
            let said = waited.stalled.unwrap();
            assert!(said.contains("has stalled. No counter has changed for "), "{said}");
            assert!(out.contains("  STALLED: ") && out.contains("\nLast response at "), "{out}");
        }
        let (waited, ..) = waited(Waiting::default(), moves_and_stops().take(999)).await;
        assert_eq!((waited.stalled, waited.app.now()), (None, at(998 * 15)), "nobody asked to end there");
    }

    #[tokio::test]
    async fn what_does_not_begin_ends_it_after_a_quarter_of_an_hour() {
        let waits = |status: &'static str| {
            (0..).step_by(15).map(move |second| {
                Event::observed(answer(second, &format!(r#""Status":"{status}","StartTime":1800000000"#)))
            })
        };
        for (status, minutes, ends_at) in
            [("QUEUED", 1, 900), ("QUEUED", 40, 2400), ("LAUNCHING", 20, 1200), ("NOVEL", 1, 900)]
        {
            let waiting = Waiting { fail_on_stall: Some(SignedDuration::from_mins(minutes)), ..Waiting::default() };
            let (waited, out, _) = waited(waiting, waits(status).take(999)).await;
            assert_eq!(waited.app.now(), at(ends_at), "{status}");
            let said = waited.stalled.unwrap();
            assert!(
                said.ends_with(&format!(
                    "has been {status} for {}.",
                    units::duration(SignedDuration::from_secs(ends_at))
                )),
                "{said}"
            );
            assert!(out.contains(&format!("{status}  10m")), "it is said for how long: {out}");
        }
    }

    #[tokio::test]
    async fn a_stall_counts_from_the_first_look() {
        let stands = (0..).step_by(15).map(|second| {
            let members =
                r#""Status":"TRANSFERRING","TaskMode":"ENHANCED","BytesWritten":7,"EstimatedBytesToTransfer":70"#;
            Event::observed(answer(second, members))
        });
        let waiting = Waiting { fail_on_stall: Some(SignedDuration::from_secs(20)), ..Waiting::default() };
        let (waited, out, _) = waited(waiting, stands.take(999)).await;
        assert_eq!(waited.app.now(), at(330), "nobody can tell sooner");
        assert!(
            out.contains("WATCHING: no change yet in 1m") && out.contains("QUIET: no counter has changed for 3m"),
            "{out}"
        );
    }

    #[tokio::test]
    async fn nothing_new_is_a_line_a_minute_and_no_state() {
        let (_, out, _) = waited(Waiting::default(), moves_and_stops().take(41)).await;
        assert_eq!(out.lines().filter(|line| line.contains("TRANSFERRING")).count(), 12, "{out}");
        let states = Waiting { form: Form::States, ..Waiting::default() };
        let (_, out, err) = waited(states, moves_and_stops().take(41).flat_map(|event| [event.clone(), event])).await;
        let (states, lines) = (out.lines().count(), err.lines().count());
        assert_eq!((states, lines), (41 + 1, 11), "each once, and the last one at the end");
    }

    #[tokio::test(start_paused = true)]
    async fn live_lines_are_drawn_over_and_cut() {
        let (_, out, _) = told([ARN], live(), spaced(250, moves_and_stops().take(3))).await;
        assert_eq!(out.matches("\u{1b}[1F\u{1b}[J").count(), 3, "{out:?}");
        let lines: Vec<&str> = out.split("\u{1b}[1F\u{1b}[J").collect();
        assert!(lines[..3].iter().all(|line| line.trim_end().chars().count() <= 39), "{lines:?}");
        assert!(lines[3].starts_with("arn:"), "the last state stays: {lines:?}");
    }

    #[tokio::test]
    async fn what_is_over_is_drawn_once_more_and_stays() {
        let over = Event::observed(answer(40, r#""Status":"SUCCESS","BytesWritten":30"#));
        let waiting = Waiting { follow: true, ..live() };
        let events = moves_and_stops().take(3).chain([over, Event::tick(at(41)), Event::tick(at(42))]);
        let (_, out, _) = waited(waiting, events).await;
        let kept = out.rsplit("\u{1b}[J").next().unwrap();
        assert_eq!(kept.matches("SUCCESS").count(), 2, "its line, and the last state: {kept}");
    }

    #[tokio::test(start_paused = true)]
    async fn live_lines_are_drawn_four_times_a_second_and_only_where_they_changed() {
        let draws = |out: &str| out.matches("\u{1b}[J").count();
        let wide = Waiting { form: Form::Live(|| (120, 10)), ..Waiting::default() };
        let (_, busy, _) = told([ARN], wide, spaced(10, moves_until(9999).take(200))).await;
        assert_eq!(draws(&busy), 2000 / 250 + 1, "with the one of the end: {busy:?}");
        let shown = busy.rsplit("\u{1b}[J").nth(1).unwrap();
        assert!(shown.contains("2.92 KiB"), "the newest state is drawn too: {shown:?}");
        let same = std::iter::repeat_n(moves_and_stops().next().unwrap(), 8);
        let (_, idle, _) = told([ARN], live(), spaced(1000, same)).await;
        assert_eq!(draws(&idle), 1, "the end wipes it: {idle:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn live_lines_are_fewer_than_the_rows_of_the_screen() {
        // and the one that the events are of
        let arn = |nth: usize| format!("{}{nth:02}", &ARN[..ARN.len() - 2]);
        let (_, out, _) = told((0..20).map(arn), live(), spaced(1000, moves_and_stops().take(3))).await;
        let first = out.split("\u{1b}[").next().unwrap();
        assert_eq!(first.lines().count(), 9, "{out}");
        assert_eq!(first.lines().last(), Some("and 13 more"));
        assert!(out.contains("\u{1b}[9F\u{1b}[J"), "{out:?}");
        let (_, nine, _) = told((0..8).map(arn), live(), spaced(1000, moves_and_stops().take(3))).await;
        assert!(!nine.contains(" more\n") && nine.contains("\u{1b}[9F\u{1b}[J"), "they fit: {nine:?}");
    }
}
