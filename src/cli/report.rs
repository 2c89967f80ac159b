//! `syncscope report`: a page in Markdown, to hand over.

use std::path::Path;

use clap::Args;
use jiff::tz::TimeZone;

use super::{
    args::{FailureArgs, Format},
    connection::{ConnectionArgs, services},
    exit::{CliError, codes},
    poll_once::{self, STDIN, Seen},
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
    transfer::readout::Readout,
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
        poll_once::ask(services(&report.reach.connection(), &arns)?, || clock.now()).await
    };
    let (mut text, mut codes) = (String::new(), Vec::new());
    for seen in &all {
        let (page, code) = told(&report, seen, is_file)?;
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
fn told(report: &Report, seen: &Seen, is_file: bool) -> Result<(String, Exit), CliError> {
    let mut context = Context {
        profile: report.reach.profile.clone(),
        endpoint_url: report.reach.endpoint_url.clone(),
        recording: seen.recorded.as_ref().map(|recorded| recorded.path.display().to_string()),
        recorded_until: seen.recorded.as_ref().map(|recorded| recorded.until),
    };
    let masked;
    let seen = if report.redact {
        masked = redacted(seen, &mut context)?;
        &masked
    } else {
        seen
    };
    let execution = seen.execution();
    let (code, fault) = seen.outcome(&execution, report.failures.max_failed);
    // of a file, a fault in it is part of what it tells
    let code = if is_file && execution.snapshot().is_some() {
        super::exit::how_it_went(&execution, report.failures.max_failed)
    } else {
        code
    };
    if let Some(fault) = fault.filter(|_| !is_file || execution.snapshot().is_none()) {
        say(&clean(&fault));
    }
    let zone = TimeZone::system();
    let time = LocalTime { now: seen.at, zone: &zone };
    let text = match report.output {
        Format::Json => format!("{}\n", State::of(&execution, seen.at).json()),
        _ => report::page(&Readout::of(&execution, seen.at), &time, &context),
    };
    Ok((text, code))
}

fn redacted(seen: &Seen, context: &mut Context) -> Result<Seen, CliError> {
    let mut redactor = Redactor::of(&seen.observations);
    for text in [&context.endpoint_url, &context.profile].into_iter().flatten() {
        redactor.learn(text);
    }
    let masked = |text: String| redactor.text(&text);
    context.endpoint_url = context.endpoint_url.take().map(masked);
    context.profile = context.profile.take().map(masked);
    // a path tells of its owner
    let name = |path: String| Path::new(&path).file_name().map(|name| name.to_string_lossy().into_owned());
    context.recording = context.recording.take().and_then(name).map(masked);
    let arn = Arn::parse(&redactor.text(&seen.arn.to_string()))
        .unwrap_or_else(|_| Arn { account: String::new(), ..seen.arn.clone() });
    let observations = redactor.observations(&seen.observations);
    Ok(Seen { arn, at: seen.at, observations, recorded: seen.recorded.clone() })
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
