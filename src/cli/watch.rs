//! `syncscope TRANSFER`: the watch, on the screen where there is one, in lines elsewhere.

use std::time::Duration;

use clap::CommandFactory;
use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use super::{
    Cli,
    connection::{ConnectionArgs, UNVERIFIED, observe, services},
    exit::{CliError, from_fault},
    record::{RecordArgs, forward},
    terminal::{DisplayArgs, has_screen, look, print},
    wait::{self, Limits, OutputArgs},
};
use crate::{
    app::{App, End},
    aws::{arn::Arn, observation::Observation},
    clock::Clock,
    say::report::Context,
    sink::{
        lines::{self, Form, Waiting},
        record::Place,
        terminal,
    },
    source::{poll, service::Connection},
    view::theme::Theme,
};

/// Runs it.
pub async fn run(
    transfers: Vec<String>,
    reach: ConnectionArgs,
    recorded: RecordArgs,
    printed: &OutputArgs,
    shown: &DisplayArgs,
) -> Result<u8, CliError> {
    if transfers.is_empty() {
        let usage = Cli::command().render_usage();
        return Err(CliError::usage(format!(
            "give the ARN of an execution or a task, or try: syncscope demo\n\n{usage}\n\nFor more, try: syncscope --help"
        )));
    }
    let arns = reach.arns(&transfers)?;
    show(&reach.connection(), arns, reach.interval, Clock::wall(), recorded.place(), printed, shown).await
}

/// Watches until the end: on the screen where there is one, in lines elsewhere.
pub async fn show(
    connection: &Connection,
    arns: Vec<Arn>,
    interval: Duration,
    clock: Clock,
    place: Option<Place>,
    printed: &OutputArgs,
    shown: &DisplayArgs,
) -> Result<u8, CliError> {
    let look = look(shown);
    let warning = connection.no_verify_ssl.then(|| UNVERIFIED.to_owned());
    let services = services(connection, &arns)?;
    let app = App::new(arns, clock.now(), TimeZone::system()).with_warning(warning).with_context(Context {
        profile: connection.profile.clone(),
        endpoint_url: connection.endpoint_url.clone(),
        ..Context::default()
    });
    let observations = observe(services, interval, &clock, poll::watch_into);
    match printed.form() {
        None if has_screen() => on_screen(app, look, observations, place, clock).await,
        form => {
            let waiting = Waiting { form: form.unwrap_or(Form::Lines), ..Waiting::default() };
            wait::in_lines(app, look, waiting, Limits::default(), observations, place, clock).await
        }
    }
}

async fn on_screen(
    app: App,
    look: Theme,
    observations: mpsc::Receiver<Observation>,
    place: Option<Place>,
    clock: Clock,
) -> Result<u8, CliError> {
    let (events, mut stream) = mpsc::channel(256);
    tokio::spawn(forward(observations, events.clone(), place));
    let mut tty = terminal::Tty::take(look)?;
    tokio::spawn(terminal::listen(events, clock)?);
    let stream = futures_util::stream::poll_fn(move |context| stream.poll_recv(context));
    let ended = terminal::run(app, &mut tty, stream).await;
    drop(tty);
    let app = match ended {
        Ok(app) => app,
        // the terminal is gone, and nobody reads what would be said of it
        Err(_) => return Ok(129),
    };
    // a window that was closed shows no last words, and the exit code still says what happened
    let _ = print(&lines::final_state(&app, look));
    match app.end() {
        Some(End::Unseen(fault)) => Err(from_fault(fault)),
        Some(End::Stopped(code)) => Ok(*code),
        Some(End::Quit) | None => Ok(0),
    }
}
