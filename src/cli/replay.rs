//! `syncscope replay FILE`: a recording on the screen, as lines of JSON, or as the state that it ended in.

use std::{
    fs::File,
    io::{self, Write},
    path::PathBuf,
    sync::{Arc, mpsc::Sender},
    time::Duration,
};

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use super::{
    exit::{CliError, how_it_went, worst},
    interval,
    terminal::{DisplayArgs, has_live_lines, has_screen, look, print},
};
use crate::{
    app::{
        App, End, Event, Extent, Request,
        player::{self as replayed, Command, Frame},
    },
    aws::observation::Observation,
    clock::Clock,
    say::state::State,
    sink::{
        lines,
        terminal::{self, Screen, Tty},
    },
    source::recording::{Recording, cursor, player},
    transfer::execution::Execution,
    view::text::clean,
};

/// Its arguments.
#[derive(Debug, Args)]
pub struct Replay {
    /// A recording, or answers of `aws datasync describe-task-execution` one after another; - is standard input
    file: PathBuf,
    /// Seconds of the recording a second, at first
    #[arg(long, value_name = "N", default_value_t = 60.0, value_parser = speed)]
    speed: f64,
    /// Print what is known after each observation, one JSON object a line
    #[arg(long, value_name = "FORMAT")]
    output: Option<Output>,
    /// Time between two answers, where they do not come from a recording
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = interval)]
    interval: Duration,
    #[command(flatten)]
    shown: DisplayArgs,
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    Ndjson,
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (1.0..=10_000.0).contains(&speed) => Ok(speed),
        _ => Err("give a number from 1 to 10000".into()),
    }
}

/// Bytes that are written at once.
const AT_ONCE: usize = 1 << 16;

/// Runs it.
pub async fn run(replay: Replay) -> Result<u8, CliError> {
    let recording = Recording::open(&replay.file, replay.interval, Clock::wall().now());
    let recording = recording.map_err(|why| CliError::usage(clean(&why).into_owned()))?;
    let recording = Arc::new(recording);
    match replay.output {
        Some(Output::Ndjson) => {
            let (mut out, mut text) = (io::stdout().lock(), Vec::new());
            let printed = folded(&recording, |execution, observation| {
                State::of(execution, observation.at).write(&mut text);
                text.push(b'\n');
                if text.len() >= AT_ONCE {
                    out.write_all(&text)?;
                    text.clear();
                }
                Ok(())
            });
            match printed.and_then(|app| out.write_all(&text).and_then(|()| out.flush()).map(|()| app)) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(0),
                app => Ok(ended(&app?)),
            }
        }
        None if shows(&replay) => on_screen(&replay, recording).await,
        None => {
            let app = folded(&recording, |_, _| Ok(()))?;
            print(&lines::final_state(&app, look(&replay.shown)))?;
            Ok(ended(&app))
        }
    }
}

/// Keys come from the terminal itself where the recording comes from standard input.
fn shows(replay: &Replay) -> bool {
    let keys_elsewhere = replay.file.as_os_str() == "-" && File::open("/dev/tty").is_ok();
    has_screen() || keys_elsewhere && has_live_lines()
}

/// What is known at the end of a recording. Each observation is told once it is folded in.
fn folded(
    recording: &Arc<Recording>,
    mut each: impl FnMut(&Execution, &Observation) -> io::Result<()>,
) -> io::Result<App> {
    let (mut executions, mut unread) = (recording.executions(), recording.unread().clone());
    for observed in cursor::all(recording, None) {
        match observed {
            Ok((place, observation)) => {
                executions[place].observe(&observation);
                each(&executions[place], &observation)?;
            }
            Err((number, why)) => unread.add(number, why),
        }
    }
    let player = replayed::Player {
        plays: false,
        speed: 1.0,
        begin: recording.begin(),
        end: recording.end(),
        marks: Arc::default(),
        read: 1.0,
        unread: unread.sentence().map(Arc::from),
    };
    let mut app = App::new(recording.arns(), recording.end(), TimeZone::system());
    app.update(Event::replayed(recording.end(), Frame { executions, player }));
    Ok(app)
}

/// Says what could not be read, and gives the exit code of how the recording ends.
fn ended(app: &App) -> u8 {
    complain(app);
    worst(app.executions().iter().map(|execution| how_it_went(execution, 0)))
}

fn complain(app: &App) {
    if let Some(unread) = app.player().and_then(|player| player.unread.as_deref()) {
        let _ = writeln!(io::stderr(), "syncscope: {}", clean(unread));
    }
}

async fn on_screen(replay: &Replay, recording: Arc<Recording>) -> Result<u8, CliError> {
    let look = look(&replay.shown);
    let app = App::new(recording.arns(), recording.begin(), TimeZone::system());
    let (events, mut stream) = mpsc::channel(256);
    let commands = player::play(recording, replay.speed, events.clone())?;
    let mut screen = Commanding { tty: Tty::take(look)?, commands };
    tokio::spawn(terminal::listen(events, Clock::wall())?);
    let stream = futures_util::stream::poll_fn(move |context| stream.poll_recv(context));
    let ended = terminal::run(app, &mut screen, stream).await;
    drop(screen);
    // the terminal is gone, and nobody reads what would be said of it
    let Ok(app) = ended else { return Ok(129) };
    let _ = print(&lines::final_state(&app, look));
    complain(&app);
    match app.end() {
        Some(End::Stopped(code)) => Ok(*code),
        _ => Ok(0),
    }
}

/// The terminal, and the player that is asked for what is no terminal's to do.
struct Commanding {
    tty: Tty,
    commands: Sender<Command>,
}

impl Screen for Commanding {
    fn draw(&mut self, app: &App) -> io::Result<Extent> {
        self.tty.draw(app)
    }

    fn carry_out(&mut self, effect: Request) -> io::Result<Option<String>> {
        match effect {
            Request::Replay(command) => {
                // a player that is gone plays nothing any more
                let _ = self.commands.send(command);
                Ok(None)
            }
            effect => self.tty.carry_out(effect),
        }
    }
}
