//! The command line: chooses a source and an end for its observations, and says how it went.

mod connection;
mod demo;
mod exit;
mod poll_once;
mod record;
mod replay;
mod report;
mod status;
mod terminal;
mod wait;
mod watch;

use std::{process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};
use jiff::SignedDuration;

use self::{
    connection::ConnectionArgs,
    demo::Demo,
    exit::CliError,
    record::RecordArgs,
    replay::Replay,
    report::Report,
    status::Status,
    terminal::DisplayArgs,
    wait::{OutputArgs, Wait},
};
use crate::sink;

/// Watch AWS DataSync transfers in the terminal
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, args_conflicts_with_subcommands = true)]
#[command(
    after_help = "Exit codes: 0 success or quit, 1 internal, 2 usage, 3 the execution ended in ERROR, 4 it ended in \
    SUCCESS but items failed, 6 it stalled (wait --fail-on-stall), 7 credentials or permission, 8 not found, \
    9 the service could not be reached, 124 time ran out (wait --timeout), 130 SIGINT, 143 SIGTERM. With several \
    transfers the worst one counts. On a screen, q is always 0."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// What to watch: the ARN of an execution, the ARN of a task (its current or newest execution), or the address
    /// of either's page in the AWS console
    #[arg(value_name = "TRANSFER")]
    transfers: Vec<String>,
    #[command(flatten)]
    reach: ConnectionArgs,
    #[command(flatten)]
    recorded: RecordArgs,
    #[command(flatten)]
    printed: OutputArgs,
    #[command(flatten)]
    shown: DisplayArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Look once, and say how it is; the exit code says it too
    Status(Box<Status>),
    /// Print a page in Markdown, to hand over
    Report(Box<Report>),
    /// Wait until transfers are over; the exit code says how they went
    Wait(Box<Wait>),
    /// Watch a simulated transfer: no account, no network
    Demo(Demo),
    /// Play a recording on the screen, or print what is known after each of its lines
    Replay(Replay),
}

fn interval(text: &str) -> Result<Duration, String> {
    let wrong = |why: &str| format!("{why}; give a time such as 5s, 500ms or 1m");
    let span: SignedDuration = text.parse().map_err(|_| wrong("that is no time"))?;
    let interval = Duration::try_from(span).map_err(|_| wrong("a time before now can't be waited for"))?;
    match interval {
        short if short < Duration::from_millis(100) => Err(wrong("that is too often for the service")),
        long if long > Duration::from_secs(86_400) => Err(wrong("that is longer than a day")),
        interval => Ok(interval),
    }
}

fn span(text: &str) -> Result<SignedDuration, String> {
    match text.parse::<SignedDuration>() {
        Ok(span) if span.is_positive() => Ok(span),
        Ok(_) => Err("that is no time to wait; give a time such as 90s, 15m or 12h".into()),
        Err(_) => Err("that is no time; give one such as 90s, 15m or 12h".into()),
    }
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (0.01..=100_000.0).contains(&speed) => Ok(speed),
        _ => Err("give a number from 0.01 to 100000".into()),
    }
}

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    sink::terminal::end_on_panic();
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return say(&CliError::from(error)),
    };
    let ended = runtime.block_on(dispatch(cli));
    // a request that hangs is not waited for
    runtime.shutdown_background();
    match ended {
        Ok(code) => ExitCode::from(code),
        Err(error) => say(&error),
    }
}

fn say(error: &CliError) -> ExitCode {
    terminal::say(&error.message);
    ExitCode::from(error.code)
}

async fn dispatch(cli: Cli) -> Result<u8, CliError> {
    match cli.command {
        Some(Command::Status(status)) => status::run(*status).await,
        Some(Command::Report(report)) => report::run(*report).await,
        Some(Command::Wait(wait)) => wait::run(*wait).await,
        Some(Command::Demo(demo)) => demo::run(demo).await,
        Some(Command::Replay(replay)) => replay::run(replay).await,
        None => watch::run(cli.transfers, cli.reach, cli.recorded, &cli.printed, &cli.shown).await,
    }
}
