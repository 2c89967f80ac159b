//! `syncscope replay FILE`: a recording on the screen, as lines of JSON, or as the state that it ended in.

use std::{
    fs::File,
    io::{self, Write},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use clap::Args;
use jiff::{Timestamp, tz::TimeZone};
use tokio::sync::mpsc;

use super::{
    args::{Format, interval, moment::Moment, speed},
    exit::{CliError, how_it_went},
    requests::Router,
    screen,
    terminal::{DisplayArgs, has_live_lines, has_screen, look, print, say},
};
use crate::{
    app::{
        App, Event,
        exit::{End, Exit},
        player::{self as replayed, Frame},
    },
    aws::observation::Observation,
    clock::Clock,
    say::{state::State, text::clean},
    sink::{folder, lines},
    source::recording::{
        Recording,
        player::{self, Player},
    },
    transfer::execution::Execution,
};

/// The arguments of `syncscope replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// A recording, or `aws datasync describe-task-execution` responses one after another; - is standard input
    file: PathBuf,
    /// Playback speed at the start: seconds of the recording per second
    #[arg(long, value_name = "N", default_value_t = 60.0, value_parser = speed(1.0, 10_000.0))]
    speed: f64,
    /// Start at this moment, such as 02:14, 2026-11-22T02:14 or '3h ago'
    #[arg(long, value_name = "TIME", value_parser = Moment::parse, conflicts_with = "output")]
    at: Option<Moment>,
    /// Print the state after each observation as JSON, one per line
    #[arg(long, value_name = "FORMAT", value_parser = Format::one_of(&[Format::Ndjson]))]
    output: Option<Format>,
    /// Time between two responses that do not come from a recording
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = interval)]
    interval: Duration,
    #[command(flatten)]
    shown: DisplayArgs,
}

/// Bytes per write.
const AT_ONCE: usize = 1 << 16;

/// Plays the recording on the screen, or prints it; gives the exit code of how it ends.
pub async fn run(replay: Replay) -> Result<Exit, CliError> {
    let recording = Recording::open(&replay.file, replay.interval, Clock::wall().now());
    let recording = recording.map_err(|why| CliError::usage(clean(&why).into_owned()))?;
    let recording = Arc::new(recording);
    let pinned = |at: Moment| at.within(recording.begin(), recording.end(), Clock::wall().now(), &TimeZone::system());
    let at = replay.at.map(pinned).transpose().map_err(CliError::usage)?;
    match replay.output {
        Some(_) => {
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
            let app = printed.and_then(|app| out.write_all(&text).and_then(|()| out.flush()).map(|()| app))?;
            Ok(ended(&app))
        }
        None if shows(&replay) => on_screen(&replay, recording, at).await,
        None => {
            let app = match at {
                Some(at) => app_at(recording, at),
                None => folded(&recording, |_, _| Ok(()))?,
            };
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

/// The app at the end of a recording. `each` takes every observation once it is folded in.
fn folded(recording: &Arc<Recording>, each: impl FnMut(&Execution, &Observation) -> io::Result<()>) -> io::Result<App> {
    let (executions, unread) = recording.folded(each)?;
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

/// The app at a moment of a recording.
fn app_at(recording: Arc<Recording>, at: Timestamp) -> App {
    let mut app = App::new(recording.arns(), at, TimeZone::system());
    let mut player = Player::new(recording, 1.0);
    player.seek(at);
    app.update(Event::replayed(at, player.frame()));
    app
}

/// Prints what could not be read, and gives the exit code of how the recording ends.
fn ended(app: &App) -> Exit {
    complain(app);
    Exit::worst(app.executions().iter().map(|execution| how_it_went(execution, 0)))
}

fn complain(app: &App) {
    if let Some(unread) = app.player().and_then(|player| player.unread.as_deref()) {
        say(&clean(unread));
    }
}

async fn on_screen(replay: &Replay, recording: Arc<Recording>, at: Option<Timestamp>) -> Result<Exit, CliError> {
    let app = App::new(recording.arns(), recording.begin(), TimeZone::system());
    let (events, stream) = mpsc::channel(256);
    let player = player::play(recording, at, replay.speed, events.clone())?;
    let router = Router::new(&events, Clock::wall(), folder::recordings()).with_player(player);
    let app = screen::show(app, look(&replay.shown), (events, stream), router, Clock::wall()).await?;
    let Some(app) = app else { return Ok(Exit::HungUp) };
    complain(&app);
    match app.end() {
        Some(End::Stopped(exit)) => Ok(*exit),
        _ => Ok(Exit::Success),
    }
}
