//! `syncscope demo`: a simulated transfer, through a real endpoint on loopback.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use jiff::Timestamp;

use super::{
    exit::{CliError, signalled},
    interval, speed,
    terminal::{DisplayArgs, print},
    wait::OutputArgs,
    watch::show,
};
use crate::{
    clock::Clock,
    demo::{Simulation, scenario::Scenario, scenarios::SCENARIOS},
    sink::record::Place,
    source::service::Connection,
};

/// Its arguments.
#[derive(Debug, Args)]
pub struct Demo {
    /// What is simulated; see --list
    #[arg(default_value = "enhanced")]
    scenario: String,
    /// Simulated seconds a second
    #[arg(long, value_name = "N", default_value_t = 30.0, value_parser = speed)]
    speed: f64,
    /// Print the scenarios and what happens in each
    #[arg(long)]
    list: bool,
    /// Only serve, all scenarios at once: print the endpoint's URL and the ARNs, and answer until interrupted
    #[arg(long)]
    serve: bool,
    /// The port to serve on; 0 is any free one
    #[arg(long, value_name = "P", default_value_t = 0, requires = "serve")]
    port: u16,
    /// Time between two requests, in simulated time
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = interval)]
    interval: Duration,
    /// Record what is watched into a file
    #[arg(long, value_name = "FILE", conflicts_with = "serve")]
    record: Option<PathBuf>,
    #[command(flatten)]
    printed: OutputArgs,
    #[command(flatten)]
    shown: DisplayArgs,
}

/// Runs it.
pub async fn run(demo: Demo) -> Result<u8, CliError> {
    if demo.list {
        return list();
    }
    if demo.serve {
        return serve(&demo).await;
    }
    let Some(scenario) = Scenario::named(&demo.scenario) else {
        let names: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        let message = format!("no scenario is called '{}'; there are {}", demo.scenario, names.join(", "));
        return Err(CliError::usage(message));
    };
    let clock = Clock::fast(Timestamp::now(), demo.speed);
    let simulation = Simulation::start(clock.clone(), vec![scenario], 0)?;
    let arns = simulation.executions().into_iter().map(|(_, arn)| arn).collect();
    let connection = Connection { endpoint_url: Some(simulation.url()), simulated: true, ..Connection::default() };
    let place = demo.record.map(Place::File);
    show(&connection, arns, demo.interval, clock, place, &demo.printed, &demo.shown).await
}

fn list() -> Result<u8, CliError> {
    let widest = SCENARIOS.iter().map(|scenario| scenario.name.len()).max().unwrap_or(0);
    let lines: String = SCENARIOS.iter().map(|s| format!("{:widest$}  {}\n", s.name, s.about)).collect();
    print(&lines)?;
    Ok(0)
}

async fn serve(demo: &Demo) -> Result<u8, CliError> {
    let clock = Clock::fast(Timestamp::now(), demo.speed);
    let simulation = Simulation::start(clock, SCENARIOS.iter().collect(), demo.port)
        .map_err(|error| CliError { code: 1, message: format!("port {} can't be served on: {error}", demo.port) })?;
    let mut page = format!("{}\n", simulation.url());
    for (scenario, arn) in simulation.executions() {
        page.push_str(&format!("{arn}  {}\n", scenario.name));
    }
    print(&page)?;
    Ok(signalled().await?)
}
