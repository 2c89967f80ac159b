//! `syncscope report`: a page in Markdown, to hand over.

use std::path::Path;

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;

use super::{
    connection::ConnectionArgs,
    exit::{CliError, how_it_went, worst},
    poll_once::{self, Polled, STDIN, outcome},
    terminal::{print, say},
    watch::services,
};
use crate::{
    aws::arn::Arn,
    clock::Clock,
    say::{
        redact::Redactor,
        report::{self, Context},
        sentences::Now,
        state::State,
    },
    transfer::execution::Execution,
    view::text::clean,
};

/// Its arguments.
#[derive(Debug, Args)]
#[command(mut_arg("interval", |interval| interval.hide(true)))]
#[command(
    after_help = "Exit codes: as those of status, 0 where it runs or ended well, 3 where it ended in ERROR, 4 where items \
    failed; 2 usage or a file that can't be read, 7, 8 and 9 where it could not be seen."
)]
pub struct Report {
    /// What to report on: the ARN of an execution or of a task, the address of either's page in the AWS console, a
    /// file (a recording, or answers of describe-task-execution), or - for such a file on standard input
    #[arg(value_name = "TRANSFER|FILE")]
    transfer: String,
    /// What to print: a page in Markdown, or the state as JSON
    #[arg(long, value_name = "FORM", default_value = "markdown")]
    output: Output,
    /// Mask accounts, buckets and hosts, the same one always alike; ids of tasks and executions stay
    #[arg(long)]
    redact: bool,
    /// Do not mind so many failed items where it ended in SUCCESS
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
    max_failed: i64,
    #[command(flatten)]
    reach: ConnectionArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    Markdown,
    Json,
}

/// Runs it.
pub async fn run(report: Report) -> Result<u8, CliError> {
    let clock = Clock::wall();
    let is_file = is_file(&report.transfer)?;
    let all = if is_file {
        poll_once::read(&report.transfer, clock.now())?
    } else {
        let arns = report.reach.arns(std::slice::from_ref(&report.transfer))?;
        poll_once::ask(services(&report.reach.connection(), &arns)?, || clock.now()).await
    };
    let (mut text, mut codes) = (String::new(), Vec::new());
    for polled in &all {
        let (page, code) = told(&report, polled, is_file);
        if !text.is_empty() && report.output == Output::Markdown {
            text.push_str("\n---\n\n");
        }
        text.push_str(&page);
        codes.push(code);
    }
    print(&text)?;
    Ok(worst(codes))
}

/// The page of one transfer, and its exit code.
fn told(report: &Report, polled: &Polled, is_file: bool) -> (String, u8) {
    let mut context = Context {
        profile: report.reach.profile.clone(),
        endpoint_url: report.reach.endpoint_url.clone(),
        recording: polled.recorded.as_ref().map(|recorded| recorded.path.display().to_string()),
        recorded_until: polled.recorded.as_ref().map(|recorded| recorded.until),
    };
    let masked = report.redact.then(|| redacted(polled, &mut context));
    let execution = masked.as_ref().unwrap_or(&polled.execution);
    let (mut code, fault) = outcome(execution, report.max_failed);
    if is_file && execution.snapshot().is_some() {
        // of a file, a fault in it is part of what it tells
        code = how_it_went(execution, report.max_failed);
    } else if let Some(fault) = fault {
        say(&clean(&fault));
    }
    let zone = TimeZone::system();
    let now = Now { at: polled.at, zone: &zone };
    let text = match report.output {
        Output::Json => format!("{}\n", State::of(execution, polled.at).json()),
        Output::Markdown => report::page(execution, &now, &context),
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
        Err(error) if !is_name => Err(CliError::usage(format!("there is no file of that name, and {error}"))),
        _ => Ok(false),
    }
}
