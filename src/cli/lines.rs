//! The process without a screen: tells of transfers in lines until they end, and says how it went.

use std::{
    collections::BTreeSet,
    io::{self, IsTerminal},
    time::Duration,
};

use clap::Args;
use futures_util::StreamExt;
use jiff::SignedDuration;
use rustix::io::Errno;
use tokio::sync::mpsc;

use super::{
    args::Format,
    exit::{CliError, from_fault, how_it_went},
    record::{forward, print_error, recorded},
    terminal::{messages, say},
};
use crate::{
    app::{
        App, Event,
        exit::{End, Exit},
    },
    aws::observation::Observation,
    clock::Clock,
    sink::{
        lines::{self, Form, Waited, Waiting},
        outlet::{Outlet, Output},
        record::Place,
        signals,
    },
    transfer::execution::Execution,
    view::theme::Theme,
};

/// Whether to print lines where there could be a screen.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Print instead of showing the TUI: lines of text, or the state at each change as JSON, one per line
    #[arg(long, value_name = "FORMAT", value_parser = Format::one_of(&[Format::Text, Format::Ndjson]))]
    output: Option<Format>,
}

impl OutputArgs {
    /// What to print; `None` where a screen is wanted.
    pub fn form(&self) -> Option<Form> {
        self.output.map(|format| if format == Format::Ndjson { Form::States } else { Form::Lines })
    }
}

/// What is tolerated.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Up to this many failed items are success.
    pub max_failed: i64,
    /// How long it may take.
    pub timeout: Option<SignedDuration>,
}

/// Tells of transfers in lines until they end; the exit code of the worst.
pub async fn in_lines(
    app: App,
    theme: Theme,
    waiting: Waiting,
    limits: Limits,
    observations: mpsc::Receiver<Observation>,
    place: Option<Place>,
    clock: Clock,
) -> Result<Exit, CliError> {
    let (events, mut stream) = mpsc::channel::<Event>(256);
    let forwarding = tokio::spawn(forward(observations, events.clone(), place));
    tokio::spawn(signals::listen(events, clock, limits.timeout)?);
    let is_terminal = io::stdout().is_terminal();
    let gone = |error: io::Error| gone(error, is_terminal);
    let mut out = Outlet::to(io::stdout())?;
    let taken = futures_util::stream::poll_fn(|context| stream.poll_recv(context)).inspect(print_error);
    let told = match messages() {
        Some(mut err) => lines::run(app, theme, waiting, &mut out, &mut err, taken).await,
        None => lines::run(app, theme, waiting, &mut out, &mut Vec::new(), taken).await,
    };
    stream.close();
    while let Ok(event) = stream.try_recv() {
        print_error(&event);
    }
    let mut endings = signals::Endings::listen()?;
    let end = told.as_ref().ok().and_then(|waited| waited.app.end());
    let is_ended_by_signal = matches!(end, Some(End::Stopped(exit)) if *exit != Exit::TimedOut);
    let closing = async { tokio::join!(written(out, is_ended_by_signal), recorded(forwarding, is_ended_by_signal)) };
    let is_written = tokio::select! {
        (is_written, ()) = closing => is_written,
        exit = endings.next() => return Ok(exit),
    };
    let waited = told.map_err(gone)?;
    if !is_written.map_err(gone)? {
        say("the last lines are lost: nobody reads standard output");
    }
    Ok(outcome(&waited, limits))
}

/// How long a reader that takes nothing is waited for at the end, and any reader after a signal.
const PATIENCE: Duration = Duration::from_secs(3);
const PATIENCE_AFTER_SIGNAL: Duration = Duration::from_secs(1);

/// Waits until all is written, for as long as the reader takes some of it.
async fn written(out: Outlet, is_ended_by_signal: bool) -> io::Result<bool> {
    let waiting = move || {
        if is_ended_by_signal {
            return out.written_within(PATIENCE_AFTER_SIGNAL);
        }
        loop {
            let before = out.waiting();
            let is_written = out.written_within(PATIENCE)?;
            if is_written || out.waiting() >= before {
                return Ok(is_written);
            }
        }
    };
    tokio::task::spawn_blocking(waiting).await.unwrap_or(Ok(false))
}

/// Why standard output takes nothing more. A terminal that is gone is as good as a signal that says so.
fn gone(error: io::Error, was_terminal: bool) -> CliError {
    match Errno::from_io_error(&error) {
        Some(Errno::IO) if was_terminal => CliError { exit: Exit::HungUp, message: String::new() },
        _ => error.into(),
    }
}

/// The exit code of it all; prints what the lines did not say.
fn outcome(waited: &Waited, limits: Limits) -> Exit {
    let cut_short = match (&waited.stalled, waited.app.end()) {
        (Some(stalled), _) => {
            say(stalled);
            Some(Exit::Stalled)
        }
        (None, Some(End::Stopped(Exit::TimedOut))) => {
            let timeout = limits.timeout.unwrap_or_default();
            say(&format!("still running after {timeout:#} (--timeout)"));
            Some(Exit::TimedOut)
        }
        (None, Some(End::Stopped(exit))) => return *exit,
        _ => None,
    };
    let mut said = BTreeSet::new();
    let exit = |execution: &Execution| match lost(execution) {
        Some(error) => {
            if said.insert(error.message.clone()) {
                say(&error.message);
            }
            error.exit
        }
        None => how_it_went(execution, limits.max_failed),
    };
    Exit::worst(waited.app.executions().iter().map(exit).chain(cut_short))
}

/// Why it can't be seen, where polling stopped; what was recorded before may tell how it was then.
fn lost(execution: &Execution) -> Option<CliError> {
    let past = execution.past();
    let fault = &past.outage.as_ref()?.fault;
    (past.next.is_none() && !execution.is_over()).then(|| from_fault(fault))
}
