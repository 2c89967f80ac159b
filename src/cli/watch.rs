//! `syncscope TRANSFER`: the watch, on the screen where there is one, in lines elsewhere.

use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use super::{
    connection::{ConnectionArgs, observe, polled, services},
    exit::{CliError, from_fault},
    lines::{Limits, OutputArgs, in_lines},
    record::{RecordArgs, forward, recorded},
    requests::Router,
    screen,
    terminal::{DisplayArgs, has_screen, look},
};
use crate::{
    app::{
        App,
        exit::{End, Exit},
    },
    aws::arn::Arn,
    clock::Clock,
    say::{report::Context, text::without_userinfo},
    sink::{
        folder,
        lines::{Form, Waiting},
        record::Place,
    },
    source::{poll, service::Connection},
};

/// Watches the transfers that were given on the command line.
pub async fn run(
    transfers: Vec<String>,
    reach: ConnectionArgs,
    recorded: RecordArgs,
    printed: &OutputArgs,
    shown: &DisplayArgs,
) -> Result<Exit, CliError> {
    let arns = reach.arns(&transfers).await?;
    show(&reach.connection().await, arns, reach.interval, Clock::wall(), recorded.place()?, printed, shown).await
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
) -> Result<Exit, CliError> {
    let theme = look(shown);
    let warning = Some(connection.warnings().join(" ")).filter(|warning| !warning.is_empty());
    let services = services(connection, &arns).await?;
    let arns = polled(&services);
    let app = App::new(arns, clock.now(), TimeZone::system()).with_warning(warning).with_context(Context {
        profile: connection.profile.clone(),
        endpoint_url: connection.endpoint_url.as_deref().map(|url| without_userinfo(url).into_owned()),
        ..Context::default()
    });
    let observations = observe(services, interval, &clock, poll::watch_into);
    if printed.form().is_some() || !has_screen() {
        let waiting = Waiting { form: printed.form().unwrap_or(Form::Lines), ..Waiting::default() };
        return in_lines(app, theme, waiting, Limits::default(), observations, place, clock).await;
    }
    let (events, stream) = mpsc::channel(256);
    let forwarding = tokio::spawn(forward(observations, events.clone(), place));
    let router = Router::new(&events, clock.clone(), folder::recordings());
    let app = screen::show(app, theme, (events, stream), router, clock).await?;
    recorded(forwarding, true).await;
    match app.as_ref().map(App::end) {
        None => Ok(Exit::HungUp),
        Some(Some(End::Unseen(fault))) => Err(from_fault(fault)),
        Some(Some(End::Stopped(exit))) => Ok(*exit),
        Some(Some(End::Quit) | None) => Ok(Exit::Success),
    }
}
