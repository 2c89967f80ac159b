//! `syncscope TRANSFER`: the watch, on the screen where there is one, in lines elsewhere.

use std::{io, time::Duration};

use clap::CommandFactory;
use futures_util::StreamExt;
use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use super::{
    Cli,
    exit::{CannotRun, how_it_went, signalled, unseen},
    reach::{Reach, UNVERIFIED},
    record::{Recorded, forward, said},
    terminal::{Shown, has_screen, look, print},
};
use crate::{
    app::{App, End, Event},
    clock::Clock,
    model::{arn::Arn, observation::Observation},
    sink::{lines, record::Place, terminal},
    source::{
        datasync::{Connection, Service},
        poll,
    },
    view::theme::Look,
};

/// Runs it.
pub async fn run(transfers: Vec<String>, reach: Reach, recorded: Recorded, shown: &Shown) -> Result<u8, CannotRun> {
    if transfers.is_empty() {
        let usage = Cli::command().render_usage();
        return Err(CannotRun::usage(format!(
            "give the ARN of an execution or a task, or try: syncscope demo\n\n{usage}\n\nFor more, try: syncscope --help"
        )));
    }
    let arns = reach.arns(&transfers)?;
    show(&reach.connection(), arns, reach.interval, Clock::wall(), recorded.place(), shown).await
}

/// Watches until the end: on the screen where there is one, in lines elsewhere.
pub async fn show(
    connection: &Connection,
    arns: Vec<Arn>,
    interval: Duration,
    clock: Clock,
    place: Option<Place>,
    shown: &Shown,
) -> Result<u8, CannotRun> {
    let look = look(shown);
    let warning = connection.no_verify_ssl.then(|| UNVERIFIED.to_owned());
    let app = App::new(arns.clone(), clock.now(), TimeZone::system()).warning_of(warning);
    let (events, stream) = mpsc::channel(256);
    let services: Result<Vec<(Service, Arn)>, _> =
        arns.into_iter().map(|arn| Ok((Service::new(connection, &arn)?, arn))).collect();
    let services = services.map_err(|error: crate::source::tls::ConfigError| CannotRun::usage(error.to_string()))?;
    let observations = observe(services, interval, &clock);
    tokio::spawn(forward(observations, events.clone(), place));
    if has_screen() { on_screen(app, look, events, stream, clock).await } else { in_lines(app, look, stream).await }
}

/// One receiver for what all of them observe.
fn observe(services: Vec<(Service, Arn)>, interval: Duration, clock: &Clock) -> mpsc::Receiver<Observation> {
    let (out, observations) = mpsc::channel(64);
    for (service, arn) in services {
        poll::watch_into(service, arn, interval, clock.clone(), out.clone());
    }
    observations
}

async fn on_screen(
    app: App,
    look: Look,
    events: mpsc::Sender<Event>,
    mut stream: mpsc::Receiver<Event>,
    clock: Clock,
) -> Result<u8, CannotRun> {
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
    let _ = print(&lines::farewell(&app, look));
    match app.end() {
        Some(End::Unseen(fault)) => Err(unseen(fault)),
        Some(End::Stopped(code)) => Ok(*code),
        Some(End::Quit) | None => Ok(0),
    }
}

async fn in_lines(app: App, look: Look, mut stream: mpsc::Receiver<Event>) -> Result<u8, CannotRun> {
    let stream = futures_util::stream::poll_fn(move |context| stream.poll_recv(context)).inspect(said);
    let mut out = io::stdout().lock();
    let app = tokio::select! {
        app = lines::run(app, look, &mut out, stream) => match app {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(0),
            app => app?,
        },
        code = signalled() => return Ok(code?),
    };
    match app.end() {
        Some(End::Unseen(fault)) => Err(unseen(fault)),
        _ => Ok(app.executions().iter().map(|execution| how_it_went(&app, execution)).max().unwrap_or(0)),
    }
}
