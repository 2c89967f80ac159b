//! Plain lines: where there is no screen, for scripts, and what stays in the scrollback after a screen.

use std::{
    io::{self, Write},
    time::Duration,
};

use crossterm::{cursor, queue, terminal};
use futures_util::{Stream, StreamExt};
use jiff::{SignedDuration, Timestamp};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    time::MissedTickBehavior,
};

use crate::{
    app::{App, Event, EventKind},
    aws::response::Response,
    clock::Clock,
    say::{line, state::State, units::LocalTime, words::finding},
    transfer::{execution::Execution, judge::health::HealthState, readout::Readout},
    view::{text::cut, theme::Theme},
};

/// How to wait, and what to tell meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    /// How often a line comes while nothing else is to tell.
    pub progress_every: SignedDuration,
    /// EventKind is printed.
    pub form: Form,
    /// A stall of so long ends it.
    pub fail_on_stall: Option<SignedDuration>,
    /// Whether it goes on when every execution is over.
    pub follow: bool,
}

/// EventKind is printed on standard output.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// Lines for a person.
    Lines,
    /// One line a transfer, drawn again and again in a terminal of so many columns.
    Live(fn() -> usize),
    /// The state at each change, as JSON; lines for a person go to standard error.
    States,
}

impl Default for Waiting {
    fn default() -> Self {
        Self { progress_every: SignedDuration::from_mins(1), form: Form::Lines, fail_on_stall: None, follow: false }
    }
}

/// EventKind came of waiting.
#[derive(Debug)]
pub struct Waited {
    /// All that was seen.
    pub app: App,
    /// EventKind stalled for too long, in a sentence.
    pub stalled: Option<String>,
}

/// Folds events into the app and tells of them, until every execution is over, one has stalled for too long, or
/// the app ends.
///
/// # Errors
/// EventKind there was to tell could not be written.
pub async fn run(
    app: App,
    look: Theme,
    waiting: Waiting,
    out: &mut impl Write,
    err: &mut impl Write,
    events: impl Stream<Item = Event>,
) -> io::Result<Waited> {
    let mut events = std::pin::pin!(events);
    let mut teller = Teller { look, waiting, out, err, told: Vec::new(), drawn: 0 };
    let mut waited = Waited { app, stalled: None };
    while waited.app.end().is_none() && waited.stalled.is_none() {
        let Some(event) = events.next().await else { break };
        let (show, observed) = (matches!(event.what, EventKind::Show), matches!(event.what, EventKind::Observed(_)));
        waited.app.update(event);
        if show {
            teller.state(&waited.app)?;
        } else {
            teller.tell(&waited.app, observed)?;
        }
        waited.stalled = waiting.fail_on_stall.and_then(|most| stalled(&waited.app, most));
        // what was watched before may tell of the end too, and is not what was asked for
        if observed && !waiting.follow && waited.app.executions().iter().all(Execution::is_settled) {
            break;
        }
    }
    teller.end(&waited)?;
    Ok(waited)
}

/// The first transfer of which no counter changed for so long.
fn stalled(app: &App, most: SignedDuration) -> Option<String> {
    let is_stalled =
        |readout: &Readout| readout.health.state == HealthState::Stalled && readout.counters_unchanged_for() >= most;
    let readout = app.executions().iter().map(|execution| Readout::of(execution, app.now())).find(is_stalled)?;
    let found = readout.health.finding.as_ref().map(finding::sentence).unwrap_or_default();
    Some(format!("{} has stalled. {found}", readout.arn()))
}

/// Tells what there is to tell, where it belongs.
struct Teller<'a, O, E> {
    look: Theme,
    waiting: Waiting,
    out: &'a mut O,
    err: &'a mut E,
    told: Vec<Told>,
    /// Lines that are drawn and can be drawn over.
    drawn: u16,
}

impl<O: Write, E: Write> Teller<'_, O, E> {
    fn tell(&mut self, app: &App, observed: bool) -> io::Result<()> {
        self.told.resize(app.executions().len(), Told::default());
        if let Form::Live(columns) = self.waiting.form {
            return self.draw(app, columns());
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
                Form::States => writeln!(self.err, "{line}")?,
                _ => writeln!(self.out, "{line}").and_then(|()| self.out.flush())?,
            }
        }
        Ok(())
    }

    /// Draws the live lines over those of before. EventKind is over is drawn once more, and stays.
    fn draw(&mut self, app: &App, columns: usize) -> io::Result<()> {
        self.wipe()?;
        // the last column is left alone: a terminal that wraps there would add a line
        let columns = columns.saturating_sub(1);
        for (execution, told) in app.executions().iter().zip(&mut self.told) {
            if execution.is_over() && !told.is_final {
                told.is_final = true;
                writeln!(self.out, "{}", self.look.text(&cut(&live_line(execution, app), columns)))?;
            }
        }
        for execution in app.executions().iter().filter(|execution| !execution.is_over()) {
            writeln!(self.out, "{}", self.look.text(&cut(&live_line(execution, app), columns)))?;
            self.drawn = self.drawn.saturating_add(1);
        }
        self.out.flush()
    }

    fn wipe(&mut self) -> io::Result<()> {
        if self.drawn > 0 {
            queue!(
                self.out,
                cursor::MoveToPreviousLine(self.drawn),
                terminal::Clear(terminal::ClearType::FromCursorDown)
            )?;
            self.drawn = 0;
        }
        Ok(())
    }

    /// Prints what is known, because someone asked.
    fn state(&mut self, app: &App) -> io::Result<()> {
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

    /// The last state, where the last line did not say it.
    fn end(&mut self, waited: &Waited) -> io::Result<()> {
        let cut_short =
            waited.stalled.is_some() || waited.app.executions().iter().any(|execution| !execution.is_over());
        if cut_short || matches!(self.waiting.form, Form::Live(_)) {
            self.state(&waited.app)?;
        }
        Ok(())
    }
}

/// EventKind was told of a transfer last.
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

/// Seconds that pass, signals, and a time that runs out, as events. SIGUSR1 asks what is known; the time that runs
/// out is a stop with code 124.
///
/// # Errors
/// The signals could not be listened to.
pub fn listen(
    events: mpsc::Sender<Event>,
    clock: Clock,
    timeout: Option<SignedDuration>,
) -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut asked = signal(SignalKind::user_defined1())?;
    Ok(async move {
        let mut runs_out = std::pin::pin!(run_out(&clock, timeout));
        let mut seconds = tokio::time::interval(Duration::from_secs(1));
        seconds.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            let what = tokio::select! {
                _ = seconds.tick() => EventKind::Tick,
                _ = asked.recv() => EventKind::Show,
                _ = terminate.recv() => EventKind::Stop(143),
                _ = hang_up.recv() => EventKind::Stop(129),
                _ = interrupt.recv() => EventKind::Stop(130),
                () = &mut runs_out => EventKind::Stop(124),
            };
            let last = matches!(what, EventKind::Stop(_));
            if events.send(Event { at: clock.now(), what }).await.is_err() || last {
                return;
            }
        }
    })
}

async fn run_out(clock: &Clock, time: Option<SignedDuration>) {
    match time.and_then(|time| Duration::try_from(time).ok()) {
        Some(time) => clock.sleep(time).await,
        None => std::future::pending().await,
    }
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

    /// A transfer that moves for ten minutes and stands still from then on, looked at every 15 s.
    fn moves_and_stops() -> impl Iterator<Item = Event> {
        (0..).step_by(15).map(|second| {
            let moved = second.min(600);
            let members = format!(
                r#""Status":"TRANSFERRING","TaskMode":"ENHANCED","BytesWritten":{moved},"Result":{{"TotalDuration":{moved}}}"#
            );
            Event::observed(answer(second, &members))
        })
    }

    /// EventKind came of waiting, when, and what was printed.
    async fn waited(waiting: Waiting, events: impl Iterator<Item = Event>) -> (Waited, String, String) {
        let app = App::new([Arn::parse(ARN).unwrap()], at(0), TimeZone::UTC);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let look = Theme { colour: false, ascii: false };
        let waited = run(app, look, waiting, &mut out, &mut err, stream::iter(events)).await.unwrap();
        (waited, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    #[tokio::test]
    async fn a_stall_ends_it_once_it_is_long_enough() {
        for (most, ends_at) in [(SignedDuration::from_mins(10), 1200), (SignedDuration::from_secs(10), 690)] {
            let waiting = Waiting { fail_on_stall: Some(most), ..Waiting::default() };
            let (waited, out, _) = waited(waiting, moves_and_stops().take(999)).await;
            assert_eq!(waited.app.now(), at(ends_at), "what is called a stall takes a minute and a half");
            let said = waited.stalled.unwrap();
            assert!(said.contains("has stalled. No counter has changed for "), "{said}");
            assert!(out.contains("  STALLED: ") && out.contains("\nLast response at "), "{out}");
        }
        let (waited, ..) = waited(Waiting::default(), moves_and_stops().take(999)).await;
        assert_eq!((waited.stalled, waited.app.now()), (None, at(998 * 15)), "nobody asked to end there");
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

    #[tokio::test]
    async fn live_lines_are_drawn_over_and_cut() {
        let waiting = Waiting { form: Form::Live(|| 40), ..Waiting::default() };
        let (_, out, _) = waited(waiting, moves_and_stops().take(3)).await;
        assert_eq!(out.matches("\u{1b}[1F\u{1b}[J").count(), 3, "{out:?}");
        let lines: Vec<&str> = out.split("\u{1b}[1F\u{1b}[J").collect();
        assert!(lines[..3].iter().all(|line| line.trim_end().chars().count() <= 39), "{lines:?}");
        assert!(lines[3].starts_with("arn:"), "the last state stays: {lines:?}");
    }
    #[tokio::test]
    async fn what_is_over_has_live_linesce_more_and_stays() {
        let over = Event::observed(answer(40, r#""Status":"SUCCESS","BytesWritten":30"#));
        let waiting = Waiting { form: Form::Live(|| 40), follow: true, ..Waiting::default() };
        let events = moves_and_stops().take(3).chain([over, Event::tick(at(41)), Event::tick(at(42))]);
        let (_, out, _) = waited(waiting, events).await;
        let kept = out.rsplit("\u{1b}[J").next().unwrap();
        assert_eq!(kept.matches("SUCCESS").count(), 2, "its line, and the last state: {kept}");
    }
}
