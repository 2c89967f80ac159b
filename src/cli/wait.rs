//! `syncscope wait`: waits until transfers end, and says with the exit code how they ended. It never changes
//! anything.

use clap::Args;
use jiff::{SignedDuration, tz::TimeZone};

use super::{
    args::{FailureArgs, Format, time},
    connection::{ConnectionArgs, observe, polled, services},
    exit::CliError,
    lines::{Limits, in_lines},
    record::RecordArgs,
    terminal::{DisplayArgs, has_live_lines, look},
};
use crate::{
    app::{App, exit::Exit},
    clock::Clock,
    sink::{
        lines::{Form, Waiting},
        size::size,
    },
    source::poll,
};

/// The arguments of `syncscope wait`.
#[derive(Debug, Args)]
pub struct Wait {
    /// The transfers to wait for: the ARN of an execution, the ARN of a task (its current or newest execution), or
    /// the URL of either in the AWS console
    #[arg(value_name = "TRANSFER", required = true)]
    transfers: Vec<String>,
    /// Print lines of text, or the state at each change as JSON, one per line
    #[arg(long, value_name = "FORMAT", default_value = "text",
        value_parser = Format::one_of(&[Format::Text, Format::Ndjson]))]
    output: Format,
    /// Stop waiting after this long, such as 90m or 12h (exit code 124)
    #[arg(long, value_name = "TIME", value_parser = time)]
    timeout: Option<SignedDuration>,
    #[command(flatten)]
    failures: FailureArgs,
    /// Stop waiting when a transfer has been stalled for this long, or queued or launching for this long and for 15m
    /// (exit code 6)
    #[arg(long, value_name = "TIME", value_parser = time)]
    fail_on_stall: Option<SignedDuration>,
    /// Print progress at least this often
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = time)]
    progress_every: SignedDuration,
    /// Go on to the task's next execution when one ends, until interrupted
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    reach: ConnectionArgs,
    #[command(flatten)]
    recorded: RecordArgs,
    #[command(flatten)]
    shown: DisplayArgs,
}

/// Polls the transfers until all of them end, and gives the exit code of the worst.
pub async fn run(wait: Wait) -> Result<Exit, CliError> {
    let arns = wait.reach.arns(&wait.transfers).await?;
    if let Some(execution) = arns.iter().find(|arn| wait.follow && arn.execution.is_some()) {
        let task = execution.task_arn();
        return Err(CliError::usage(format!(
            "--follow needs the task's ARN ({task}), not an execution's: it goes on to the task's next execution"
        )));
    }
    let form = match wait.output {
        Format::Ndjson => Form::States,
        _ if has_live_lines() => Form::Live(size),
        _ => Form::Lines,
    };
    let waiting =
        Waiting { progress_every: wait.progress_every, form, fail_on_stall: wait.fail_on_stall, follow: wait.follow };
    let clock = Clock::wall();
    let services = services(&wait.reach.connection().await, &arns).await?;
    let arns = polled(&services);
    let poll = if wait.follow { poll::follow_into } else { poll::watch_into };
    let observations = observe(services, wait.reach.interval, &clock, poll);
    let app = App::new(arns, clock.now(), TimeZone::system());
    let limits = Limits { max_failed: wait.failures.max_failed, timeout: wait.timeout };
    in_lines(app, look(&wait.shown), waiting, limits, observations, wait.recorded.place()?, clock).await
}
