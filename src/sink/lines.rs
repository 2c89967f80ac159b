//! Plain lines: where there is no screen, for scripts, and what stays in the scrollback after a screen.

use std::io;

use crossterm::{cursor, queue, terminal};
use futures_util::{Stream, StreamExt};
use jiff::{SignedDuration, Timestamp};

use super::{
    live::{Columns, Live},
    outlet::{LIMIT, Output},
};
use crate::{
    app::{App, Event, EventKind},
    aws::response::Response,
    say::{
        line::{self, Now},
        state::State,
        units::{self, LocalTime},
        words::{finding, waiting},
    },
    transfer::{
        execution::Execution,
        judge::{health::HealthState, outcome::Outcome},
        readout::Readout,
    },
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
    let live = Live::new();
    let mut teller =
        Teller { look, waiting, out, err, told: Vec::new(), live, room: LIMIT / 2, seconds: 0, is_behind: false };
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
        // what was watched before is no news: what is seen now comes right after it
        let is_old = matches!(event.what, EventKind::Restored(_));
        let is_tick = matches!(event.what, EventKind::Tick);
        waited.app.update(event);
        teller.seconds += u64::from(is_tick);
        if show {
            teller.state(&waited.app)?;
        } else if !is_old {
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

/// Seconds after which it is said what the first response is waited for.
const LONG_WAIT: u64 = 10;

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
    /// Seconds of the wall clock that passed: the app's time runs faster in the demo.
    seconds: u64,
    /// Whether there was no room for something.
    is_behind: bool,
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
        let readout = Readout::of(execution, app.now());
        let is_awaited = self.seconds >= LONG_WAIT && waiting::awaited(&readout, &local(app)).is_some();
        if readout.polled_at().is_none() && !is_awaited {
            return Ok(());
        }
        if readout.snapshot.is_none() && app.executions().iter().all(Execution::is_settled) {
            // it was never seen and will not be: the process ends now, and says why
            return Ok(());
        }
        if self.out.waiting() > self.room {
            self.is_behind = true;
            return Ok(());
        }
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
            if self.waiting.follow && readout.is_over() {
                self.reasons([&readout], app)?;
            }
        }
        Ok(())
    }

    /// Says of transfers that did not end as they should why, with what to do.
    fn reasons<'r>(&mut self, of: impl IntoIterator<Item = &'r Readout<'r>>, app: &App) -> io::Result<()> {
        let ended_badly = |readout: &&Readout| readout.outcome.is_some_and(|outcome| outcome != Outcome::Success);
        let lines = of.into_iter().filter(ended_badly).flat_map(|readout| line::of_end(readout, &local(app)));
        let text: String = lines.map(|line| format!("{}\n", self.look.text(&line))).collect();
        match self.waiting.form {
            // who reads states reads it there
            Form::States => drop(self.err.write_all(text.as_bytes()).and_then(|()| self.err.flush())),
            _ => self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush())?,
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
        let nows: Vec<(bool, Now)> =
            app.executions().iter().map(|execution| (execution.is_over(), now_of(execution, app))).collect();
        let (ended, running): (Vec<_>, Vec<_>) =
            nows.iter().zip(&mut self.told).partition(|((is_over, _), _)| *is_over);
        let fit = Columns::fit(nows.iter().map(|(_, now)| &*now.name), columns);
        let live_line = |now: &Now| fit.row(now, self.look);
        let news = ended
            .into_iter()
            .filter_map(|((_, now), told)| (!std::mem::replace(&mut told.is_final, true)).then(|| live_line(now)));
        let news: Vec<String> = news.collect();
        // a block as high as the screen could not be drawn over: its first line would have scrolled away
        let room = rows.saturating_sub(1);
        let shown = if running.len() > room { room.saturating_sub(1) } else { running.len() };
        let mut live: Vec<String> = running.iter().take(shown).map(|((_, now), _)| live_line(now)).collect();
        if shown < running.len() && room > 0 {
            let more = format!("and {} more", running.len() - shown);
            live.push(cut(&more, columns.saturating_sub(1)).into_owned());
        }
        if news.is_empty() && live == self.live.drawn {
            return Ok(());
        }
        self.wipe()?;
        for line in news.iter().chain(&live) {
            writeln!(self.out, "{line}")?;
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

    /// The last state, where the last line did not say it, and why what ended badly did, whether or not there is room.
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
            return self.state(&waited.app);
        }
        if self.waiting.follow {
            // they were told at each end
            return Ok(());
        }
        let app = &waited.app;
        let readouts: Vec<_> = app.executions().iter().map(|execution| Readout::of(execution, app.now())).collect();
        self.reasons(&readouts, app)
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

fn now_of(execution: &Execution, app: &App) -> Now {
    line::of_now(&Readout::of(execution, app.now()), &local(app))
}

/// The last state of each transfer, for the scrollback.
pub fn final_state(app: &App, look: Theme) -> String {
    let readouts = app.executions().iter().map(|execution| Readout::of(execution, app.now()));
    let lines = readouts.flat_map(|readout| line::of_end(&readout, &local(app)));
    lines.map(|line| format!("{}\n", look.text(&line))).collect()
}

#[cfg(test)]
mod tests;
