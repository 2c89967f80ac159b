//! `syncscope demo`: a simulated transfer, through a real endpoint on loopback.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use jiff::SignedDuration;

use super::{
    args::{interval, speed},
    exit::CliError,
    lines::OutputArgs,
    record,
    terminal::{DisplayArgs, print},
    watch::show,
};
use crate::{
    app::exit::Exit,
    aws::nearest::nearest,
    clock::Clock,
    demo::{
        Simulation,
        scenarios::{SCENARIOS, named},
    },
    files::reason,
    sink::{record::Place, signals::Endings},
    source::service::Connection,
};

/// Simulated seconds a second where someone watches.
const WATCHED: f64 = 30.0;
/// How long ago the executions began that are served.
const BEGUN: SignedDuration = SignedDuration::from_mins(20);
/// How long before now the time begins that runs faster than the time of day.
const FASTER_FROM: SignedDuration = SignedDuration::from_hours(6);

/// The arguments of `syncscope demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// The scenario to simulate; see --list
    #[arg(default_value = "enhanced")]
    scenario: String,
    /// Simulated seconds per second [default: 30; with --serve 1, and never ahead of the time of day]
    #[arg(long, value_name = "N", value_parser = speed(0.01, 100_000.0))]
    speed: Option<f64>,
    /// List the scenarios and what happens in each
    #[arg(long)]
    list: bool,
    /// Run only the endpoint, with every scenario: print its URL and the ARNs, and serve until interrupted
    #[arg(long)]
    serve: bool,
    /// Port to listen on; 0 means any free one
    #[arg(long, value_name = "PORT", default_value_t = 0, requires = "serve")]
    port: u16,
    /// Polling interval in simulated time, such as 5s or 1m; a bare number means seconds; at least 100ms
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = interval)]
    interval: Duration,
    /// Record to this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["serve", "no_record"])]
    record: Option<PathBuf>,
    /// Do not record, which is the default here
    #[arg(long)]
    no_record: bool,
    #[command(flatten)]
    printed: OutputArgs,
    #[command(flatten)]
    shown: DisplayArgs,
}

/// Lists the scenarios, serves them, or watches one.
pub async fn run(demo: Demo) -> Result<Exit, CliError> {
    if demo.list {
        return list();
    }
    if demo.serve {
        return serve(&demo).await;
    }
    let Some(scenario) = named(&demo.scenario) else {
        let names: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        let known = names.join(", ");
        let given = &demo.scenario;
        return Err(CliError::usage(match nearest(given, names) {
            Some(meant) => format!("unknown scenario '{given}'; did you mean {meant}? Known: {known}"),
            None => format!("unknown scenario '{given}'; known: {known}"),
        }));
    };
    let clock = Clock::fast(Clock::wall().now(), demo.speed.unwrap_or(WATCHED));
    let simulation = Simulation::start(clock.clone(), vec![scenario], 0)?;
    let arns = simulation.executions().into_iter().map(|(_, arn)| arn).collect();
    let connection = Connection { endpoint_url: Some(simulation.url()), simulated: true, ..Connection::default() };
    let place = demo.record.filter(|_| !demo.no_record).map(record::fit).transpose()?.map(Place::File);
    show(&connection, arns, demo.interval, clock, place, &demo.printed, &demo.shown).await
}

fn list() -> Result<Exit, CliError> {
    let widest = SCENARIOS.iter().map(|scenario| scenario.name.len()).max().unwrap_or(0);
    let lines: String = SCENARIOS.iter().map(|s| format!("{:widest$}  {}\n", s.name, s.about)).collect();
    print(&lines)?;
    Ok(Exit::Success)
}

async fn serve(demo: &Demo) -> Result<Exit, CliError> {
    let mut endings = Endings::listen()?;
    let now = Clock::wall().now();
    // at another speed than the time of day it begins earlier, so that clients are told no times to come
    let (clock, begins) = match demo.speed {
        Some(speed) if speed != 1.0 => (Clock::behind(now - FASTER_FROM, speed), now - FASTER_FROM),
        _ => (Clock::wall(), now),
    };
    let scenarios = SCENARIOS.iter().collect();
    let simulation = Simulation::begun(clock, begins - BEGUN, scenarios, demo.port).map_err(|error| {
        let message = format!("cannot listen on port {}: {}", demo.port, reason(&error));
        CliError { exit: Exit::Internal, message }
    })?;
    let mut page = format!("{}\n", simulation.url());
    for (scenario, arn) in simulation.executions() {
        page.push_str(&format!("{arn}  {}\n", scenario.name));
    }
    print(&page)?;
    Ok(endings.next().await)
}
