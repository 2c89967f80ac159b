//! `syncscope demo`: a simulated transfer, through a real endpoint on loopback.

use std::{path::PathBuf, time::Duration};

use clap::Args;

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
    clock::Clock,
    demo::{
        Simulation,
        scenarios::{SCENARIOS, named},
    },
    files::reason,
    sink::{record::Place, signals::Endings},
    source::service::Connection,
};

/// The arguments of `syncscope demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// The scenario to simulate; see --list
    #[arg(default_value = "enhanced")]
    scenario: String,
    /// Simulated seconds per second
    #[arg(long, value_name = "N", default_value_t = 30.0, value_parser = speed(0.01, 100_000.0))]
    speed: f64,
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
        return Err(CliError::usage(format!("unknown scenario '{}'; known: {}", demo.scenario, names.join(", "))));
    };
    let clock = Clock::fast(Clock::wall().now(), demo.speed);
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
    let clock = Clock::fast(Clock::wall().now(), demo.speed);
    let simulation = Simulation::start(clock, SCENARIOS.iter().collect(), demo.port).map_err(|error| {
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
