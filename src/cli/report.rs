//! `syncscope report`: a page in Markdown, to hand over.

use std::path::Path;

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;

use super::{
    args::{FailureArgs, Format},
    connection::{ConnectionArgs, services},
    exit::{CliError, codes, how_it_went},
    poll_once::{self, Extent, Polled, STDIN, outcome},
    status::EXITS,
    terminal::{plain_look, print, say},
};
use crate::{
    app::exit::Exit,
    aws::arn::Arn,
    clock::Clock,
    say::{
        redact::{Masker, Redaction, Redactor},
        report::{self, Context},
        state::State,
        text::{ascii_json, without_userinfo},
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
    /// Mask accounts, buckets, hosts, shares, users and secrets, each the same way throughout; task and execution ids
    /// stay. With --redact=strict also roles, keys, agents, log groups, paths and file names
    #[arg(long, value_name = "strict", num_args = 0..=1, require_equals = true, default_missing_value = "names",
        hide_possible_values = true)]
    redact: Option<Masked>,
    #[command(flatten)]
    failures: FailureArgs,
    #[command(flatten)]
    reach: ConnectionArgs,
}

/// What is masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Masked {
    #[value(hide = true)]
    Names,
    Strict,
}

/// Prints the report of a transfer, or of each transfer in a file, and gives the exit code of the worst.
pub async fn run(report: Report) -> Result<Exit, CliError> {
    let clock = Clock::wall();
    let is_file = is_file(&report.transfer)?;
    let all = if is_file {
        poll_once::read(&report.transfer, clock.now())?
    } else {
        let arns = report.reach.arns(std::slice::from_ref(&report.transfer)).await?;
        poll_once::ask(services(&report.reach.connection().await, &arns).await?, || clock.now(), Extent::Whole).await
    };
    let (mut text, mut codes) = (String::new(), Vec::new());
    let context = |polled| context(&report, polled);
    let mut masker = report.redact.map(|masked| masker(masked, all.iter().map(|polled| (polled, context(polled)))));
    for polled in &all {
        let (page, code) = told(&report, polled, context(polled), masker.as_mut(), is_file);
        if !text.is_empty() && !page.is_empty() && report.output == Format::Markdown {
            text.push_str("\n---\n\n");
        }
        text.push_str(&page);
        codes.push(code);
    }
    let look = plain_look();
    print(&match report.output {
        Format::Json if look.ascii => ascii_json(&text).into_owned(),
        _ => look.text(&text),
    })?;
    Ok(Exit::worst(codes))
}

/// What the page of a transfer says beside the transfer.
fn context(report: &Report, polled: &Polled) -> Context {
    Context {
        profile: report.reach.profile.clone(),
        endpoint_url: report.reach.shown_endpoint(),
        recording: polled.recorded.as_ref().map(|recorded| recorded.path.display().to_string()),
        recorded_until: polled.recorded.as_ref().map(|recorded| recorded.until),
    }
}

/// The page of one transfer, and its exit code.
fn told(
    report: &Report,
    polled: &Polled,
    mut context: Context,
    masker: Option<&mut Masker>,
    is_file: bool,
) -> (String, Exit) {
    let masked = masker.map(|masker| masked(masker, polled, &mut context));
    let execution = masked.as_ref().unwrap_or(&polled.execution);
    let (mut code, fault) = outcome(execution, report.failures.max_failed);
    if is_file && execution.snapshot().is_some() {
        // of a file, a fault in it is part of what it tells
        code = how_it_went(execution, report.failures.max_failed);
    } else if let Some(fault) = fault {
        say(&without_userinfo(&fault));
    }
    if execution.snapshot().is_none() && report.output == Format::Markdown {
        if execution.past().outage.is_none() {
            say("nothing to report: no response from DataSync yet");
        }
        // a page of nothing would be taken for one of a transfer
        return (String::new(), code);
    }
    let zone = TimeZone::system();
    let time = LocalTime { now: polled.at, zone: &zone };
    let text = match report.output {
        Format::Json => without_userinfo(&format!("{}\n", State::of(execution, polled.at).json())).into_owned(),
        _ => report::page(&Readout::of(execution, polled.at), &time, &context),
    };
    (text, code)
}

/// What masks the names of all transfers, learned before anything is masked: a name has one mask on the whole page.
fn masker<'a>(masked: Masked, all: impl Iterator<Item = (&'a Polled, Context)>) -> Masker {
    let mut redactor = Redactor::new(match masked {
        Masked::Names => Redaction::Names,
        Masked::Strict => Redaction::Strict,
    });
    for (polled, context) in all {
        redactor.learn(&polled.execution.arn().to_string());
        polled.each(|observation| redactor.learn_observation(&observation));
        [&context.endpoint_url, &context.profile].into_iter().flatten().for_each(|text| redactor.learn(text));
        context.recording.as_deref().and_then(file_name).iter().for_each(|name| redactor.learn_file(name));
    }
    redactor.masker()
}

/// The execution with masks for names, which are taken out of the context too.
fn masked(masker: &mut Masker, polled: &Polled, context: &mut Context) -> Execution {
    let text = |text: String| masker.text(&text);
    context.endpoint_url = context.endpoint_url.take().map(text);
    context.profile = context.profile.take().map(text);
    // a path tells of its owner
    context.recording = context.recording.take().as_deref().and_then(file_name).map(text);
    let mut execution = Execution::new(masker.arn(polled.execution.arn()), polled.execution.watched_since());
    polled.each(|observation| execution.observe(&masker.observation(&observation)));
    execution
}

fn file_name(path: &str) -> Option<String> {
    Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned())
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
