//! The command line: chooses a source and an end for its observations, and says how it went.

use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use tokio::sync::mpsc;

use crate::{
    app::{App, End, Event},
    clock::Clock,
    model::{
        arn::Arn,
        fault::{Fault, FaultKind},
        observation::Observation,
        snapshot::Status,
    },
    sink::{lines, terminal},
    source::{
        datasync::{Connection, Service},
        poll,
        simulate::{Simulation, scenario::Scenario, scenarios::SCENARIOS},
    },
    view::theme::Look,
};

/// Watch AWS DataSync transfers in the terminal
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, args_conflicts_with_subcommands = true)]
#[command(
    after_help = "Exit codes: 0 success or quit, 1 internal, 2 usage, 3 the execution ended in ERROR, 4 it ended in \
    SUCCESS but items failed, 7 credentials or permission, 8 not found, 9 the service could not be reached, \
    130 SIGINT, 143 SIGTERM. On a screen, q is always 0."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// What to watch: the ARN of an execution, the ARN of a task (its current or newest execution), or the address
    /// of either's page in the AWS console
    #[arg(value_name = "TRANSFER")]
    transfers: Vec<String>,
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Watch a simulated transfer: no account, no network
    Demo(Demo),
}

/// How the service is reached.
#[derive(Debug, Args)]
struct Reach {
    /// The profile of the AWS configuration to use
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// The region of a console address that does not say its own
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Another endpoint than the region's
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
    /// Do not check the server's certificate: anyone on the way can read and change what is said
    #[arg(long)]
    no_verify_ssl: bool,
    /// Certificates to check the server's by, in PEM format, in place of the system's [env: AWS_CA_BUNDLE]
    #[arg(long, value_name = "FILE")]
    ca_bundle: Option<PathBuf>,
    /// Time between two requests, such as 5s, 500ms or 1m
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = interval)]
    interval: Duration,
}

/// How it is shown.
#[derive(Debug, Args)]
struct Shown {
    /// Colours: in a terminal without NO_COLOR, always, or never
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Colour,
    /// Draw with ASCII characters only, as where the locale is not UTF-8
    #[arg(long)]
    ascii: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Colour {
    Auto,
    On,
    Off,
}

#[derive(Debug, Args)]
struct Demo {
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
    #[command(flatten)]
    shown: Shown,
}

fn interval(text: &str) -> Result<Duration, String> {
    let wrong = |why: &str| format!("{why}; give a time such as 5s, 500ms or 1m");
    let span: SignedDuration = text.parse().map_err(|_| wrong("that is no time"))?;
    let interval = Duration::try_from(span).map_err(|_| wrong("a time before now can't be waited for"))?;
    match interval {
        short if short < Duration::from_millis(100) => Err(wrong("that is too often for the service")),
        long if long > Duration::from_secs(86_400) => Err(wrong("that is longer than a day")),
        interval => Ok(interval),
    }
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (0.01..=100_000.0).contains(&speed) => Ok(speed),
        _ => Err("give a number from 0.01 to 100000".into()),
    }
}

/// Why the program could not run.
struct CannotRun {
    code: u8,
    message: String,
}

impl CannotRun {
    fn usage(message: impl Into<String>) -> Self {
        Self { code: 2, message: message.into() }
    }
}

impl From<io::Error> for CannotRun {
    fn from(error: io::Error) -> Self {
        Self { code: 1, message: error.to_string() }
    }
}

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    terminal::end_on_panic();
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return say(&CannotRun::from(error)),
    };
    let ended = runtime.block_on(dispatch(cli));
    // a request that hangs is not waited for
    runtime.shutdown_background();
    match ended {
        Ok(code) => ExitCode::from(code),
        Err(error) => say(&error),
    }
}

fn say(error: &CannotRun) -> ExitCode {
    let _ = writeln!(io::stderr(), "syncscope: {}", error.message);
    ExitCode::from(error.code)
}

async fn dispatch(cli: Cli) -> Result<u8, CannotRun> {
    match cli.command {
        Some(Command::Demo(demo)) => self::demo(demo).await,
        None => watch(cli.transfers, cli.reach, &cli.shown).await,
    }
}

async fn watch(transfers: Vec<String>, reach: Reach, shown: &Shown) -> Result<u8, CannotRun> {
    if transfers.is_empty() {
        let usage = Cli::command().render_usage();
        return Err(CannotRun::usage(format!(
            "give the ARN of an execution or a task, or try: syncscope demo\n\n{usage}\n\nFor more, try: syncscope --help"
        )));
    }
    let mut arns = Vec::new();
    for transfer in &transfers {
        arns.push(
            Arn::parse_in(transfer, reach.region.as_deref()).map_err(|error| CannotRun::usage(error.to_string()))?,
        );
    }
    if reach.no_verify_ssl {
        let warning = "the server's certificate is not checked (--no-verify-ssl): \
            anyone on the way can read and change what is said";
        let _ = writeln!(io::stderr(), "syncscope: WARNING: {warning}");
    }
    let connection = Connection {
        profile: reach.profile,
        region: reach.region,
        endpoint_url: reach.endpoint_url,
        ca_bundle: reach.ca_bundle,
        no_verify_ssl: reach.no_verify_ssl,
        ..Connection::default()
    };
    show(&connection, arns, reach.interval, Clock::wall(), shown).await
}

async fn demo(demo: Demo) -> Result<u8, CannotRun> {
    if demo.list {
        return list();
    }
    if demo.serve {
        return serve(&demo).await;
    }
    let Some(scenario) = Scenario::named(&demo.scenario) else {
        let names: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        let message = format!("no scenario is called '{}'; there are {}", demo.scenario, names.join(", "));
        return Err(CannotRun::usage(message));
    };
    let clock = Clock::fast(Timestamp::now(), demo.speed);
    let simulation = Simulation::start(clock.clone(), vec![scenario], 0)?;
    let arns = simulation.executions().into_iter().map(|(_, arn)| arn).collect();
    let connection = Connection { endpoint_url: Some(simulation.url()), simulated: true, ..Connection::default() };
    show(&connection, arns, demo.interval, clock, &demo.shown).await
}

fn list() -> Result<u8, CannotRun> {
    let widest = SCENARIOS.iter().map(|scenario| scenario.name.len()).max().unwrap_or(0);
    let lines: String = SCENARIOS.iter().map(|s| format!("{:widest$}  {}\n", s.name, s.about)).collect();
    print(&lines)?;
    Ok(0)
}

/// Writes to standard output; a reader that went away is no error.
fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

async fn serve(demo: &Demo) -> Result<u8, CannotRun> {
    let clock = Clock::fast(Timestamp::now(), demo.speed);
    let simulation = Simulation::start(clock, SCENARIOS.iter().collect(), demo.port)
        .map_err(|error| CannotRun { code: 1, message: format!("port {} can't be served on: {error}", demo.port) })?;
    let mut page = format!("{}\n", simulation.url());
    for (scenario, arn) in simulation.executions() {
        page.push_str(&format!("{arn}  {}\n", scenario.name));
    }
    print(&page)?;
    Ok(signalled().await?)
}

/// Waits for a signal that ends the program, and gives its exit code.
async fn signalled() -> io::Result<u8> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    Ok(tokio::select! {
        _ = interrupt.recv() => 130,
        _ = terminate.recv() => 143,
        _ = hang_up.recv() => 129,
    })
}

/// Watches until the end: on the screen where there is one, in lines elsewhere.
async fn show(
    connection: &Connection,
    arns: Vec<Arn>,
    interval: Duration,
    clock: Clock,
    shown: &Shown,
) -> Result<u8, CannotRun> {
    let look = look(shown);
    let app = App::new(arns.clone(), clock.now(), TimeZone::system());
    let (events, stream) = mpsc::channel(256);
    let services: Result<Vec<(Service, Arn)>, _> =
        arns.into_iter().map(|arn| Ok((Service::new(connection, &arn)?, arn))).collect();
    let services = services.map_err(|error: crate::source::tls::ConfigError| CannotRun::usage(error.to_string()))?;
    let observations = observe(services, interval, &clock);
    tokio::spawn(forward(observations, events.clone()));
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

async fn forward(mut observations: mpsc::Receiver<Observation>, events: mpsc::Sender<Event>) {
    while let Some(observation) = observations.recv().await {
        if events.send(Event::observed(observation)).await.is_err() {
            return;
        }
    }
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
    let stream = futures_util::stream::poll_fn(move |context| stream.poll_recv(context));
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

/// The exit code of an execution that is over.
fn how_it_went(app: &App, execution: &crate::model::execution::Execution) -> u8 {
    use crate::model::health::HealthState;
    match (execution.status(), execution.health(app.now()).state) {
        (Some(Status::Error), _) => 3,
        (_, HealthState::FinishedWithFailures) => 4,
        _ => 0,
    }
}

fn unseen(fault: &Fault) -> CannotRun {
    let code = match fault.kind {
        FaultKind::Denied | FaultKind::NoCredentials | FaultKind::Expired => 7,
        FaultKind::NotFound => 8,
        _ => 9,
    };
    CannotRun { code, message: fault.message.clone() }
}

/// A screen needs a terminal that can be drawn on, and one to read keys from.
fn has_screen() -> bool {
    let dumb = matches!(std::env::var("TERM").as_deref(), Ok("dumb" | "unknown"));
    io::stdout().is_terminal() && io::stdin().is_terminal() && !dumb
}

fn look(shown: &Shown) -> Look {
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colour = match shown.color {
        Colour::Auto => !no_colour && io::stdout().is_terminal(),
        Colour::On => true,
        Colour::Off => false,
    };
    // crossterm looks at NO_COLOR too; what is to be drawn is decided here alone
    crossterm::style::force_color_output(true);
    Look { colour, ascii: shown.ascii || !is_utf8() }
}

/// Whether the locale says that characters are UTF-8: the first of these variables that is set decides.
fn is_utf8() -> bool {
    let set = |name: &&str| std::env::var(name).ok().filter(|value| !value.is_empty());
    match ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(set) {
        Some(locale) => {
            let locale = locale.to_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        }
        None => !cfg!(unix) || cfg!(target_os = "macos"),
    }
}
