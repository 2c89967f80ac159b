//! `syncscope wait`: waits until transfers are over, and says how they went with the exit code. It never changes
//! anything.

use std::{io, time::Duration};

use clap::{Args, ValueEnum};
use futures_util::StreamExt;
use jiff::{SignedDuration, tz::TimeZone};
use tokio::sync::mpsc;

use super::{
    connection::ConnectionArgs,
    exit::{CliError, from_fault, how_it_went, worst},
    record::{RecordArgs, forward, print_error},
    span,
    terminal::{DisplayArgs, has_live_lines, look, say},
    watch::services,
};
use crate::{
    app::{App, End, Event},
    aws::{arn::Arn, observation::Observation},
    clock::Clock,
    sink::{
        lines::{self, Form, Waited, Waiting},
        record::Place,
    },
    source::{poll, service::Service},
    transfer::execution::Execution,
    view::theme::Theme,
};

/// Its arguments.
#[derive(Debug, Args)]
pub struct Wait {
    /// What to wait for: the ARN of an execution, the ARN of a task (its current or newest execution), or the
    /// address of either's page in the AWS console
    #[arg(value_name = "TRANSFER", required = true)]
    transfers: Vec<String>,
    /// What to print: lines for a person, or the state at each change as JSON, one a line
    #[arg(long, value_name = "FORM", default_value = "text")]
    output: Output,
    /// Give up after so long, such as 90m or 12h, with exit code 124
    #[arg(long, value_name = "TIME", value_parser = span)]
    timeout: Option<SignedDuration>,
    /// Do not mind so many failed items where it ends in SUCCESS
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true,
        value_parser = clap::value_parser!(i64).range(0..))]
    max_failed: i64,
    /// Give up once a transfer is stalled and no counter has moved for so long, with exit code 6
    #[arg(long, value_name = "TIME", value_parser = span)]
    fail_on_stall: Option<SignedDuration>,
    /// How often to tell how far it is while nothing else happens
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = span)]
    progress_every: SignedDuration,
    /// Go on to the next execution of the task when one is over, until interrupted
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    reach: ConnectionArgs,
    #[command(flatten)]
    recorded: RecordArgs,
    #[command(flatten)]
    shown: DisplayArgs,
}

/// What to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    Text,
    Ndjson,
}

/// Whether to print where there could be a screen.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Print in place of the screen: lines for a person, or the state at each change as JSON, one a line
    #[arg(long, value_name = "FORM")]
    output: Option<Output>,
}

impl OutputArgs {
    /// What is printed; `None` where a screen is wanted.
    pub fn form(&self) -> Option<Form> {
        self.output.map(|output| match output {
            Output::Text => Form::Lines,
            Output::Ndjson => Form::States,
        })
    }
}

/// Runs it.
pub async fn run(wait: Wait) -> Result<u8, CliError> {
    let arns = wait.reach.arns(&wait.transfers)?;
    if let Some(execution) = arns.iter().find(|arn| wait.follow && arn.execution.is_some()) {
        let task = execution.task_arn();
        return Err(CliError::usage(format!(
            "--follow goes from one execution of a task to the next; give the task's ARN, {task}, in place of an execution's"
        )));
    }
    let form = match wait.output {
        Output::Ndjson => Form::States,
        Output::Text if has_live_lines() => Form::Live(columns),
        Output::Text => Form::Lines,
    };
    let waiting =
        Waiting { progress_every: wait.progress_every, form, fail_on_stall: wait.fail_on_stall, follow: wait.follow };
    let clock = Clock::wall();
    let services = services(&wait.reach.connection(), &arns)?;
    let observations = observe(services, wait.reach.interval, &clock, wait.follow);
    let app = App::new(arns, clock.now(), TimeZone::system());
    let patience = Limits { max_failed: wait.max_failed, timeout: wait.timeout };
    in_lines(app, look(&wait.shown), waiting, patience, observations, wait.recorded.place(), clock).await
}

/// What is put up with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// So many failed items are none.
    pub max_failed: i64,
    /// How long it may take.
    pub timeout: Option<SignedDuration>,
}

fn columns() -> usize {
    crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns))
}

fn observe(
    services: Vec<(Service, Arn)>,
    interval: Duration,
    clock: &Clock,
    follow: bool,
) -> mpsc::Receiver<Observation> {
    let (out, observations) = mpsc::channel(64);
    for (service, arn) in services {
        let watch = if follow { poll::follow_into } else { poll::watch_into };
        watch(service, arn, interval, clock.clone(), out.clone());
    }
    observations
}

/// Waits, and tells in lines.
pub async fn in_lines(
    app: App,
    look: Theme,
    waiting: Waiting,
    patience: Limits,
    observations: mpsc::Receiver<Observation>,
    place: Option<Place>,
    clock: Clock,
) -> Result<u8, CliError> {
    let (events, mut stream) = mpsc::channel::<Event>(256);
    tokio::spawn(forward(observations, events.clone(), place));
    tokio::spawn(lines::listen(events, clock, patience.timeout)?);
    let stream = futures_util::stream::poll_fn(move |context| stream.poll_recv(context)).inspect(print_error);
    let (mut out, mut err) = (io::stdout().lock(), io::stderr());
    match lines::run(app, look, waiting, &mut out, &mut err, stream).await {
        Ok(waited) => outcome(&waited, patience),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(0),
        Err(error) => Err(error.into()),
    }
}

/// The exit code of it all, and a sentence for what the lines did not say.
fn outcome(waited: &Waited, patience: Limits) -> Result<u8, CliError> {
    if let Some(stalled) = &waited.stalled {
        return Err(CliError { code: 6, message: stalled.clone() });
    }
    if let Some(End::Stopped(code)) = waited.app.end() {
        return match (code, patience.timeout) {
            (124, Some(timeout)) => {
                Err(CliError { code: 124, message: format!("it is not over after {timeout:#} (--timeout)") })
            }
            _ => Ok(*code),
        };
    }
    let code = |execution: &Execution| match lost(execution) {
        Some(error) => {
            say(&error.message);
            error.code
        }
        None => how_it_went(execution, patience.max_failed),
    };
    Ok(worst(waited.app.executions().iter().map(code)))
}

/// Why it can't be seen, where nobody asks any more; what was recorded before may tell how it was then.
fn lost(execution: &Execution) -> Option<CliError> {
    let fault = &execution.fault()?.fault;
    (execution.next().is_none() && !execution.is_over()).then(|| from_fault(fault))
}
