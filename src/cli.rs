//! The command line: chooses a source and an end for its observations, and says how it went.

mod args;
mod connection;
mod demo;
mod exit;
mod lines;
mod poll_once;
mod record;
mod replay;
mod report;
mod requests;
mod screen;
mod status;
mod terminal;
mod wait;
mod watch;

use std::{
    borrow::Cow,
    io::{self, Write},
    process::ExitCode,
};

use clap::{CommandFactory, Parser, Subcommand};

use self::{
    connection::ConnectionArgs, demo::Demo, exit::CliError, lines::OutputArgs, record::RecordArgs, replay::Replay,
    report::Report, status::Status, terminal::DisplayArgs, wait::Wait,
};
use crate::{
    app::exit::Exit,
    aws::nearest::nearest,
    say::text::{clean, clean_lines},
    sink::{signals, tty},
};

/// Watch AWS DataSync transfers in the terminal
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, args_conflicts_with_subcommands = true)]
#[command(after_help = exit_codes())]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// The transfers to watch: the ARN of an execution, the ARN of a task (its current or newest execution), or the
    /// URL of either in the AWS console
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
    /// Show the current state once; the exit code reflects it
    Status(Box<Status>),
    /// Print a handoff report in Markdown
    Report(Box<Report>),
    /// Wait until transfers end; the exit code says how they ended
    Wait(Box<Wait>),
    /// Watch a simulated transfer: no account, no network
    Demo(Demo),
    /// Replay a recording, or print the state after each of its lines
    Replay(Replay),
}

fn exit_codes() -> String {
    let order = Exit::order(&Exit::ALL);
    format!(
        "{}\nWith several transfers the worst one counts, in this order: {order}.\n\
        On the screen, q exits with 0.",
        exit::codes(&Exit::ALL)
    )
}

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    tty::end_on_panic(Exit::Internal.code());
    signals::outlive_file_limits();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refused(&error),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return say(&CliError::from(error)),
    };
    let ended = runtime.block_on(dispatch(cli));
    // a request that hangs is not waited for
    runtime.shutdown_background();
    terminal::drain();
    match ended {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(error) => say(&error),
    }
}

/// Says why the arguments can't be used, or prints what was asked for instead: help, or the version.
fn refused(error: &clap::Error) -> ExitCode {
    let steers = |argument: std::ffi::OsString| matches!(clean(&argument.to_string_lossy()), Cow::Owned(_));
    if error.use_stderr() && std::env::args_os().any(steers) {
        // what it quotes goes through the same cleaning as anything else, which takes its colours too
        let _ = write!(io::stderr(), "{}", clean_lines(&error.render().to_string()));
    } else if let (Err(failed), false) = (error.print(), error.use_stderr()) {
        return say(&CliError::from(failed));
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(1))
}

fn say(error: &CliError) -> ExitCode {
    if !error.message.is_empty() {
        terminal::say(&error.message);
    }
    ExitCode::from(error.exit.code())
}

async fn dispatch(cli: Cli) -> Result<Exit, CliError> {
    match cli.command {
        Some(Command::Status(status)) => status::run(*status).await,
        Some(Command::Report(report)) => report::run(*report).await,
        Some(Command::Wait(wait)) => wait::run(*wait).await,
        Some(Command::Demo(demo)) => demo::run(demo).await,
        Some(Command::Replay(replay)) => replay::run(replay).await,
        None if cli.transfers.is_empty() => Err(no_transfer()),
        None => {
            let first = cli.transfers.first().cloned().unwrap_or_default();
            let watched = watch::run(cli.transfers, cli.reach, cli.recorded, &cli.printed, &cli.shown).await;
            watched.map_err(|error| {
                let slip = (error.exit == Exit::Usage).then(|| mistyped(&first)).flatten();
                slip.map_or(error, CliError::usage)
            })
        }
    }
}

/// What to say of a word that is no transfer, and nearly a command; `None` where it is not.
fn mistyped(given: &str) -> Option<String> {
    if !given.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let command = Cli::command();
    let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    let name = nearest(given, names)?;
    Some(format!("no such command: '{given}'; did you mean {name}?"))
}

fn no_transfer() -> CliError {
    let usage = Cli::command().render_usage();
    CliError::usage(format!(
        "no transfer given: use the ARN of an execution or a task, or try syncscope demo\n\n{usage}\n\n\
        For more, try: syncscope --help"
    ))
}
