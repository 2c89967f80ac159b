//! Who carries out what an app asks for: the terminal, the player of a replay, the disk, the job's processes.

use std::{cell::Cell, io, path::PathBuf, sync::mpsc as blocking};

use tokio::sync::mpsc;

use crate::{
    app::{Event, EventKind, Request, player::PlaybackRequest},
    clock::Clock,
    files::reason,
    sink::{handover, job::can_stop, screen::Screen},
};

/// Why Ctrl-Z does nothing.
const STAYS: &str = "not stopped: no shell started this that could continue it";
/// What tmux wants before it passes anything on to the clipboard.
const TMUX: &str = " (tmux passes it on after: tmux set -g set-clipboard on)";

/// The way of each request to whoever carries it out, and of its outcome back to the app.
pub struct Router {
    /// Weak, so that the events end with those who tell of something by themselves.
    outcomes: mpsc::WeakSender<Event>,
    clock: Clock,
    /// Where reports are saved; `None` where nobody has a home.
    reports: Option<PathBuf>,
    player: Option<blocking::Sender<PlaybackRequest>>,
    /// What is to be said at the next copy, once.
    about_copies: Cell<&'static str>,
}

impl Router {
    /// Tells outcomes to `events`, at the clock's moments.
    pub fn new(events: &mpsc::Sender<Event>, clock: Clock, reports: Option<PathBuf>) -> Self {
        Self { outcomes: events.downgrade(), clock, reports, player: None, about_copies: Cell::new("") }
    }

    /// Says at the first copy what it takes where the terminal is one of tmux.
    #[must_use]
    pub fn in_tmux(self, is_tmux: bool) -> Self {
        self.about_copies.set(if is_tmux { TMUX } else { "" });
        self
    }

    /// Takes what is asked of a replay to its player.
    #[must_use]
    pub fn with_player(self, player: blocking::Sender<PlaybackRequest>) -> Self {
        Self { player: Some(player), ..self }
    }

    /// Has a request carried out. Whatever takes time goes on by itself.
    ///
    /// # Errors
    /// The terminal is gone, or the job could not be stopped.
    pub fn route(&self, screen: &mut impl Screen, request: Request) -> io::Result<()> {
        match request {
            Request::Copy { what, text } => {
                screen.copy(&text)?;
                let about = self.about_copies.take();
                self.tell_when(async move { format!("sent {what} to the terminal's clipboard{about}") });
            }
            Request::HandOver { name, page } => {
                screen.copy(&page)?;
                let folder = self.reports.clone();
                let saving = tokio::task::spawn_blocking(move || handover::write(folder.as_deref(), &name, &page));
                let about = self.about_copies.take();
                self.tell_when(async move {
                    format!("{}{about}", saved(saving.await.unwrap_or_else(|error| Err(error.into()))))
                });
            }
            Request::StopJob if !can_stop() => self.tell_when(async { STAYS.to_owned() }),
            Request::StopJob => rustix::process::kill_current_process_group(rustix::process::Signal::TSTP)?,
            Request::Suspend => {
                if !screen.suspend()? {
                    self.tell_when(async { STAYS.to_owned() });
                }
            }
            Request::Redraw => screen.redraw()?,
            Request::Playback(request) => {
                // a player that is gone plays nothing any more
                let _ = self.player.as_ref().map(|player| player.send(request));
            }
        }
        Ok(())
    }

    /// Sends the outcome once it is there. Whoever asked takes the events too, so that waiting here could wait for
    /// ever.
    fn tell_when(&self, outcome: impl Future<Output = String> + Send + 'static) {
        let (outcomes, clock) = (self.outcomes.clone(), self.clock.clone());
        tokio::spawn(async move {
            let what = EventKind::Noted(outcome.await);
            if let Some(events) = outcomes.upgrade() {
                let _ = events.send(Event { at: clock.now(), what }).await;
            }
        });
    }
}

fn saved(report: io::Result<PathBuf>) -> String {
    match report {
        Ok(path) => format!("report saved to {}, and sent to the terminal's clipboard", path.display()),
        Err(error) => format!("report sent to the terminal's clipboard, but not saved: {}", reason(&error)),
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use crossterm::event::{KeyCode, KeyEvent};
    use futures_util::StreamExt;
    use jiff::{Timestamp, tz::TimeZone};

    use super::*;
    use crate::{
        app::{
            App, Extent,
            exit::{End, Exit},
            player::{Frame, Player},
        },
        aws::arn::{Arn, EXAMPLE},
        keys::Playback,
        sink::screen,
        transfer::execution::{Execution, tests::answer},
    };

    /// A terminal that keeps what it was told to do.
    #[derive(Default)]
    struct Told(Vec<String>);

    impl Screen for Told {
        fn draw(&mut self, app: &App) -> io::Result<Extent> {
            self.0.extend(app.note().map(|note| format!("shows: {note}")));
            Ok(Extent::default())
        }

        fn copy(&mut self, text: &str) -> io::Result<()> {
            self.0.push(format!("copies {} bytes", text.len()));
            Ok(())
        }

        fn redraw(&mut self) -> io::Result<()> {
            self.0.push("redraws".into());
            Ok(())
        }

        fn suspend(&mut self) -> io::Result<bool> {
            self.0.push("suspends".into());
            Ok(true)
        }
    }

    fn arn() -> Arn {
        Arn::parse(EXAMPLE).unwrap()
    }

    /// A replay of something that was recorded long ago, or will be.
    fn replayed(at: Timestamp) -> Event {
        let player =
            Player { plays: false, speed: 60.0, begin: at, end: at, marks: Arc::default(), read: 1.0, unread: None };
        let mut execution = Execution::new(arn(), at);
        execution.observe(&answer(0, r#""Status":"QUEUED""#));
        Event::replayed(at, Frame { executions: vec![execution], player })
    }

    fn key(code: char) -> Event {
        Event::key(Clock::wall().now(), KeyEvent::from(KeyCode::Char(code)))
    }

    /// What a terminal and a player are told while an app takes these events, until the first outcome has come and
    /// its note is gone.
    async fn told(reports: Option<PathBuf>, start: Vec<Event>) -> (Vec<String>, Vec<PlaybackRequest>) {
        let (events, mut stream) = mpsc::channel(64);
        let (player, asked) = blocking::channel();
        let router = Router::new(&events, Clock::wall(), reports).with_player(player);
        let outcome = tokio::sync::Notify::new();
        let stream = futures_util::stream::poll_fn(|context| stream.poll_recv(context)).inspect(|event| {
            if matches!(event.what, EventKind::Noted(_)) {
                outcome.notify_one();
            }
        });
        let happening = async {
            for event in start {
                events.send(event).await.unwrap();
            }
            outcome.notified().await;
            for _ in 0..4 {
                tokio::time::sleep(Duration::from_secs(1)).await;
                events.send(Event::tick(Clock::wall().now())).await.unwrap();
            }
            let what = EventKind::Stop(Exit::Terminated);
            events.send(Event { at: Clock::wall().now(), what }).await.unwrap();
        };
        let app = App::new([arn()], Timestamp::UNIX_EPOCH, TimeZone::UTC);
        let mut screen = Told::default();
        let showing = screen::run(app, &mut screen, |screen, request| router.route(screen, request), stream);
        let (app, ()) = tokio::join!(showing, happening);
        let app = app.unwrap();
        assert_eq!((app.end(), app.note()), (Some(&End::Stopped(Exit::Terminated)), None));
        (screen.0, asked.try_iter().collect())
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_for_the_replay_reaches_its_player_and_no_other() {
        let (told, asked) = told(None, vec![replayed(Timestamp::UNIX_EPOCH), key(' '), key(']'), key('y')]).await;
        let request = |playback| PlaybackRequest { playback, execution: 0 };
        assert_eq!(asked, [request(Playback::Toggle), request(Playback::NextEvent)]);
        assert_eq!(told[0], format!("copies {} bytes", EXAMPLE.len()));
    }

    #[tokio::test(start_paused = true)]
    async fn the_outcome_comes_back_as_a_note_and_goes_also_in_a_replay() {
        let folder = std::env::temp_dir().join(format!("syncscope-requests-{}", std::process::id()));
        for at in [Timestamp::UNIX_EPOCH, "2999-01-01T00:00:00Z".parse().unwrap()] {
            let (told, _) = told(Some(folder.clone()), vec![replayed(at), key('h')]).await;
            assert!(told[0].starts_with("copies "), "{told:?}");
            let saved = format!("shows: report saved to {}", folder.join("exec-").display());
            assert!(told[1..].iter().all(|note| note.starts_with(&saved)) && told.len() >= 2, "{told:?}");
        }
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
        std::fs::remove_dir_all(&folder).unwrap();
        let (told, _) = told(None, vec![replayed(Timestamp::UNIX_EPOCH), key('h')]).await;
        assert!(told[1].starts_with("shows: report sent to the terminal's clipboard, but not saved: "), "{told:?}");
    }

    #[tokio::test]
    async fn what_tmux_wants_is_said_once() {
        let (events, mut stream) = mpsc::channel(1);
        let router = Router::new(&events, Clock::wall(), None).in_tmux(true);
        for is_first in [true, false] {
            let request = Request::Copy { what: "the ARN", text: EXAMPLE.into() };
            router.route(&mut Told::default(), request).unwrap();
            let Some(Event { what: EventKind::Noted(note), .. }) = stream.recv().await else { panic!("no note") };
            assert!(note.starts_with("sent the ARN to the terminal's clipboard"), "{note}");
            assert_eq!(note.contains("set-clipboard"), is_first, "{note}");
        }
    }

    #[tokio::test]
    async fn what_a_terminal_does_is_done_at_once() {
        let (events, _stream) = mpsc::channel(1);
        let router = Router::new(&events, Clock::wall(), None);
        let mut screen = Told::default();
        for request in [Request::Suspend, Request::Redraw] {
            router.route(&mut screen, request).unwrap();
        }
        assert_eq!(screen.0, ["suspends", "redraws"]);
    }
}
