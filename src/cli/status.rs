//! `syncscope status`: looks once, and says in a few lines, in JSON or in one line how it is.

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;

use super::{
    connection::ConnectionArgs,
    exit::{CliError, worst},
    poll_once::{self, Polled, STDIN, outcome},
    terminal::{DisplayArgs, look, print, say},
    watch::services,
};
use crate::{
    clock::Clock,
    say::{
        sentences::Now,
        state::State,
        summary::{self, Template, USUAL},
    },
    view::text::{clean, width},
};

/// Its arguments.
#[derive(Debug, Args)]
#[command(mut_arg("interval", |interval| interval.hide(true)))]
#[command(
    after_help = "Exit codes: 0 it runs, or ended well, 2 usage or input that can't be read, 3 it ended in ERROR, 4 it \
    ended in SUCCESS but items failed, 7 credentials or permission, 8 not found, 9 the service could not be reached. \
    With several transfers the worst one counts, in this order: 3 before 7, 8 and 9, for what was not seen may be \
    well; these before 4, for it may be worse than a few failed items; and 4 before 0.\n\n\
    Fields of --format: {status} {percent} {rate} {average} {eta} {failed} {health} {bytes} {files} {elapsed} {name} \
    {id}. What is not known is left out, with its space. A rate and an ETA need more than one look: they are known \
    while another syncscope records the transfer. {average} is over all of the time, as the console shows it."
)]
pub struct Status {
    /// What to look at: the ARN of an execution, the ARN of a task (its current or newest execution), the address of
    /// either's page in the AWS console, or - for answers of describe-task-execution on standard input
    #[arg(value_name = "TRANSFER", required = true)]
    transfers: Vec<String>,
    /// What to print: lines for a person, or the state as JSON, one line a transfer
    #[arg(long, value_name = "FORM", default_value = "text")]
    output: Output,
    /// Print one line a transfer, for a prompt or a status bar
    #[arg(long, conflicts_with = "output")]
    one_line: bool,
    /// What that line is made of; the fields are listed below
    #[arg(long, value_name = "TEMPLATE", requires = "one_line", default_value = USUAL)]
    format: Template,
    /// Do not mind so many failed items where it ended in SUCCESS
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
    max_failed: i64,
    #[command(flatten)]
    reach: ConnectionArgs,
    #[command(flatten)]
    shown: DisplayArgs,
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    Text,
    Json,
}

/// Runs it.
pub async fn run(status: Status) -> Result<u8, CliError> {
    let clock = Clock::wall();
    let (read, asked): (Vec<&String>, Vec<&String>) = status.transfers.iter().partition(|given| *given == STDIN);
    let asked: Vec<String> = asked.into_iter().cloned().collect();
    let services = services(&status.reach.connection(), &status.reach.arns(&asked)?)?;
    let mut all = if read.is_empty() { Vec::new() } else { poll_once::read(STDIN, clock.now())? };
    all.extend(poll_once::ask(services, || clock.now()).await);
    let (mut page, mut codes) = (String::new(), Vec::new());
    for polled in &all {
        let (code, fault) = outcome(&polled.execution, status.max_failed);
        fault.iter().for_each(|fault| say(&clean(fault)));
        codes.push(code);
        page.push_str(&said(&status, polled, page.is_empty()));
    }
    print(&page)?;
    Ok(worst(codes))
}

/// What is printed of one transfer, with the end of its lines.
fn said(status: &Status, polled: &Polled, first: bool) -> String {
    let execution = &polled.execution;
    let zone = TimeZone::system();
    let now = Now { at: polled.at, zone: &zone };
    if status.output == Output::Json {
        return format!("{}\n", State::of(execution, polled.at).json());
    }
    let look = look(&status.shown);
    if status.one_line {
        let line = status.format.line(execution, &now);
        return if line.is_empty() { line } else { format!("{}\n", look.text(&clean(&line))) };
    }
    if execution.snapshot().is_none() {
        // the sentence on standard error is all there is to say
        return String::new();
    }
    let until = polled.recorded.as_ref().map(|recorded| recorded.until);
    let lines = summary::lines(execution, &now, until);
    let widest = lines.iter().map(|(label, _)| width(label)).max().unwrap_or(0);
    let between = if first { "" } else { "\n" };
    let lines: String =
        lines.iter().map(|(label, text)| format!("{label:widest$}  {}\n", look.text(&clean(text)))).collect();
    format!("{between}{lines}")
}
