//! `syncscope status`: looks once, and says in a few lines, in JSON or in one line how it is.

use std::collections::BTreeSet;

use clap::Args;
use jiff::tz::TimeZone;

use super::{
    args::{FailureArgs, Format},
    connection::{ConnectionArgs, services},
    exit::{CliError, codes},
    poll_once::{self, Extent, Polled, STDIN, outcome},
    terminal::{DisplayArgs, look, print, say},
};
use crate::{
    app::exit::Exit,
    clock::Clock,
    say::{
        state::State,
        summary::{self, Template},
        text::clean,
        units::LocalTime,
    },
    transfer::readout::Readout,
    view::text::width,
};

/// The exit codes of a command that polls once.
pub const EXITS: [Exit; 9] = [
    Exit::Success,
    Exit::Internal,
    Exit::Usage,
    Exit::Failed,
    Exit::Incomplete,
    Exit::Denied,
    Exit::NotFound,
    Exit::Unreachable,
    Exit::ReaderGone,
];

/// What comes after the options in the command's help.
fn after_help() -> String {
    format!(
        "Fields of --format: {{status}} {{percent}} {{rate}} {{average}} {{eta}} {{failed}} {{health}} {{bytes}} \
        {{files}} {{elapsed}} {{name}} {{id}}. A field that is unknown is left out, with the space before it. A rate \
        and an ETA need more than one poll: they are known while another syncscope records the transfer. {{average}} \
        covers the whole execution, as in the console.\n\n\
        {}\nWith several transfers the worst one counts, in this order: {}. A transfer that could not be seen may be \
        fine, so 3 comes before 7, 8 and 9; it may \
        also be worse than a few failed items, so 4 comes after them.",
        codes(&EXITS),
        Exit::order(&EXITS),
    )
}

/// The arguments of `syncscope status`.
#[derive(Debug, Args)]
#[command(mut_arg("interval", |interval| interval.hide(true)), after_help = after_help())]
pub struct Status {
    /// The transfers to show: the ARN of an execution, the ARN of a task (its current or newest execution), the URL
    /// of either in the AWS console, or - to read describe-task-execution responses from standard input
    #[arg(value_name = "TRANSFER", required = true)]
    transfers: Vec<String>,
    /// Print lines of text, or the state as JSON, one line per transfer
    #[arg(long, value_name = "FORMAT", default_value = "text",
        value_parser = Format::one_of(&[Format::Text, Format::Json]))]
    output: Format,
    /// Print one line per transfer, for a prompt or a status bar
    #[arg(long, conflicts_with = "output")]
    one_line: bool,
    /// Compose that line from the fields listed below [default: "{health} {status} {percent} {rate} {eta} {failed}",
    /// after {name} where there are several]
    #[arg(long, value_name = "TEMPLATE", requires = "one_line")]
    format: Option<Template>,
    #[command(flatten)]
    failures: FailureArgs,
    #[command(flatten)]
    reach: ConnectionArgs,
    #[command(flatten)]
    shown: DisplayArgs,
}

/// Polls each transfer once, prints what came, and gives the exit code of the worst.
pub async fn run(status: Status) -> Result<Exit, CliError> {
    let clock = Clock::wall();
    let (read, asked): (Vec<&String>, Vec<&String>) = status.transfers.iter().partition(|given| *given == STDIN);
    let asked: Vec<String> = asked.into_iter().cloned().collect();
    let arns = status.reach.arns(&asked).await?;
    let services = services(&status.reach.connection().await, &arns).await?;
    let mut all = if read.is_empty() { Vec::new() } else { poll_once::read(STDIN, clock.now())? };
    all.extend(poll_once::ask(services, || clock.now(), Extent::Tail).await);
    let template = status.format.clone().unwrap_or_else(|| Template::usual(all.len() > 1));
    let (mut page, mut codes, mut said) = (String::new(), Vec::new(), BTreeSet::new());
    for polled in &all {
        let (code, fault) = outcome(&polled.execution, status.failures.max_failed);
        let news = fault.filter(|fault| said.insert(fault.clone()));
        news.iter().for_each(|fault| say(&clean(fault)));
        codes.push(code);
        page.push_str(&told(&status, polled, &template, page.is_empty()));
    }
    print(&page)?;
    Ok(Exit::worst(codes))
}

/// What is printed of one transfer, with the end of its lines.
fn told(status: &Status, polled: &Polled, template: &Template, first: bool) -> String {
    let execution = &polled.execution;
    let zone = TimeZone::system();
    let time = LocalTime { now: polled.at, zone: &zone };
    if status.output == Format::Json {
        return format!("{}\n", State::of(execution, polled.at).json());
    }
    let look = look(&status.shown);
    if status.one_line {
        let line = template.line(&Readout::of(execution, polled.at), &time);
        return if line.is_empty() { line } else { format!("{}\n", look.text(&clean(&line))) };
    }
    if execution.snapshot().is_none() {
        // the sentence on standard error is all there is to say
        return String::new();
    }
    let until = polled.recorded.as_ref().map(|recorded| recorded.until);
    let lines = summary::lines(&Readout::of(execution, polled.at), &time, until);
    let widest = lines.iter().map(|(label, _)| width(label)).max().unwrap_or(0);
    let between = if first { "" } else { "\n" };
    let lines: String =
        lines.iter().map(|(label, text)| format!("{label:widest$}  {}\n", look.text(&clean(text)))).collect();
    format!("{between}{lines}")
}
