//! `syncscope report`: a page in Markdown, to hand over.

use std::path::Path;

use clap::Args;
use jiff::tz::TimeZone;

use super::{
    args::{FailureArgs, Format},
    connection::{ConnectionArgs, services},
    exit::{CliError, codes, how_it_went},
    poll_once::{self, Polled, STDIN, outcome},
    status::EXITS,
    terminal::{print, say},
};
use crate::{
    app::exit::Exit,
    aws::arn::Arn,
    clock::Clock,
    say::{
        redact::Redactor,
        report::{self, Context},
        state::State,
        text::clean,
        units::LocalTime,
    },
    transfer::{execution::Execution, readout::Readout},
};

/// The arguments of `syncscope report`.
#[derive(Debug, Args)]
#[command(mut_arg("interval", |interval| interval.hide(true)), after_help = codes(&EXITS))]
pub struct Report {
    /// The transfer to report on: the ARN of an execution or a task, the URL of either in the AWS console, a file (a
    /// recording, or describe-task-execution responses), or - to read such a file from standard input
    #[arg(value_name = "TRANSFER|FILE")]
    transfer: String,
    /// Print the report in Markdown, or the state as JSON
    #[arg(long, value_name = "FORMAT", default_value = "markdown",
        value_parser = Format::one_of(&[Format::Markdown, Format::Json]))]
    output: Format,
    /// Mask accounts, buckets and hosts, each the same way throughout; task and execution ids stay
    #[arg(long)]
    redact: bool,
    #[command(flatten)]
    failures: FailureArgs,
    #[command(flatten)]
    reach: ConnectionArgs,
}

/// Prints the report of a transfer, or of each transfer in a file, and gives the exit code of the worst.
pub async fn run(report: Report) -> Result<Exit, CliError> {
    let clock = Clock::wall();
    let is_file = is_file(&report.transfer)?;
    let all = if is_file {
        poll_once::read(&report.transfer, clock.now())?
    } else {
        let arns = report.reach.arns(std::slice::from_ref(&report.transfer))?;
        poll_once::ask(services(&report.reach.connection(), &arns).await?, || clock.now()).await
    };
    let (mut text, mut codes) = (String::new(), Vec::new());
    for polled in &all {
        let (page, code) = told(&report, polled, is_file);
        if !text.is_empty() && report.output == Format::Markdown {
            text.push_str("\n---\n\n");
        }
        text.push_str(&page);
        codes.push(code);
    }
    print(&text)?;
    Ok(Exit::worst(codes))
}

/// The page of one transfer, and its exit code.
fn told(report: &Report, polled: &Polled, is_file: bool) -> (String, Exit) {
    let mut context = Context {
        profile: report.reach.profile.clone(),
        endpoint_url: report.reach.shown_endpoint(),
        recording: polled.recorded.as_ref().map(|recorded| recorded.path.display().to_string()),
        recorded_until: polled.recorded.as_ref().map(|recorded| recorded.until),
    };
    let masked = report.redact.then(|| redacted(polled, &mut context));
    let execution = masked.as_ref().unwrap_or(&polled.execution);
    let (mut code, fault) = outcome(execution, report.failures.max_failed);
    if is_file && execution.snapshot().is_some() {
        // of a file, a fault in it is part of what it tells
        code = how_it_went(execution, report.failures.max_failed);
    } else if let Some(fault) = fault {
        say(&clean(&fault));
    }
    let zone = TimeZone::system();
    let time = LocalTime { now: polled.at, zone: &zone };
    let text = match report.output {
        Format::Json => format!("{}\n", State::of(execution, polled.at).json()),
        _ => report::page(&Readout::of(execution, polled.at), &time, &context),
    };
    (text, code)
}

/// The execution with masks for names, which are taken out of the context too.
fn redacted(polled: &Polled, context: &mut Context) -> Execution {
    let mut redactor = Redactor::default();
    polled.each(|observation| redactor.learn_observation(&observation));
    for text in [&context.endpoint_url, &context.profile].into_iter().flatten() {
        redactor.learn(text);
    }
    let masked = |text: String| redactor.text(&text);
    context.endpoint_url = context.endpoint_url.take().map(masked);
    context.profile = context.profile.take().map(masked);
    // a path tells of its owner
    let name = |path: String| Path::new(&path).file_name().map(|name| name.to_string_lossy().into_owned());
    context.recording = context.recording.take().and_then(name).map(masked);
    let arn = polled.execution.arn();
    let arn =
        Arn::parse(&redactor.text(&arn.to_string())).unwrap_or_else(|_| Arn { account: String::new(), ..arn.clone() });
    let mut execution = Execution::new(arn, polled.execution.watched_since());
    polled.each(|observation| execution.observe(&redactor.observation(&observation)));
    execution
}

/// Whether a file is meant, or a transfer.
fn is_file(given: &str) -> Result<bool, CliError> {
    let is_name = given.starts_with("arn:") || given.starts_with("https://") || given.starts_with("http://");
    if given == STDIN || (!is_name && (given.contains(['/', '.']) || Path::new(given).exists())) {
        return Ok(true);
    }
    match Arn::parse_in(given, Some("us-east-1")) {
        Err(error) if !is_name => Err(CliError::usage(format!("no such file, and {error}"))),
        _ => Ok(false),
    }
}
