//! The screen in a real terminal, which is left as it was found whatever happens.

use std::{
    future::Future,
    io::{self, BufWriter, Stdout, Write},
    mem::ManuallyDrop,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use crossterm::{
    clipboard::CopyToClipboard,
    cursor,
    event::{self, DisableBracketedPaste, EnableBracketedPaste, Event as Input},
    execute, queue,
    terminal::{
        BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, SetTitle,
        disable_raw_mode, enable_raw_mode,
    },
};
use futures_util::{FutureExt, Stream, StreamExt};
use ratatui::{
    Terminal,
    backend::{Backend, CrosstermBackend},
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    time::{Instant, MissedTickBehavior},
};

use super::handover;
use crate::{
    app::{App, Event, EventKind, Extent, Request},
    clock::Clock,
    files::reason,
    view::{self, theme::Theme},
};

/// Where an app is drawn.
pub trait Screen {
    /// Draws the app, and tells how much of its page there is.
    ///
    /// # Errors
    /// The terminal could not be written to.
    fn draw(&mut self, app: &App) -> io::Result<Extent>;

    /// Does what only a terminal can do, and gives a note on it where there is something to tell.
    ///
    /// # Errors
    /// The terminal could not be written to.
    fn carry_out(&mut self, effect: Request) -> io::Result<Option<String>>;
}

/// Any terminal of ratatui's, say one in memory: drawn in full colour, and without a clipboard.
impl<B: Backend> Screen for Terminal<B>
where
    B::Error: Send + Sync + 'static,
{
    fn draw(&mut self, app: &App) -> io::Result<Extent> {
        let mut extent = Extent::default();
        let drawn = Terminal::draw(self, |frame| extent = view::render(app, Theme::default(), frame.buffer_mut()));
        drawn.map_err(io::Error::other)?;
        Ok(extent)
    }

    fn carry_out(&mut self, effect: Request) -> io::Result<Option<String>> {
        match effect {
            Request::Redraw => self.clear().map_err(io::Error::other)?,
            Request::Copy(_) | Request::HandOver { .. } | Request::StopJob | Request::Suspend | Request::Replay(_) => {}
        }
        Ok(None)
    }
}

/// The shortest time between two frames.
const FRAME: Duration = Duration::from_millis(100);

/// Folds events into the app and draws it, until the app or the events end. Gives the app back.
///
/// It draws when something changed, at once after a rest, and at most ten times a second.
///
/// # Errors
/// The screen could not be drawn.
pub async fn run(mut app: App, screen: &mut impl Screen, events: impl Stream<Item = Event>) -> io::Result<App> {
    let mut events = std::pin::pin!(events);
    let mut drawn_at = Instant::now();
    let mut dirty = false;
    paint(&mut app, screen)?;
    while app.end().is_none() {
        let next = events.next();
        let event = if dirty {
            match tokio::time::timeout_at(drawn_at + FRAME, next).await {
                Ok(event) => event,
                Err(_) => {
                    paint(&mut app, screen)?;
                    (drawn_at, dirty) = (Instant::now(), false);
                    continue;
                }
            }
        } else {
            next.await
        };
        let Some(event) = event else { break };
        dirty |= app.update(event);
        while let Some(Some(event)) = events.next().now_or_never() {
            dirty |= app.update(event);
        }
        for effect in app.take_requests() {
            if let Some(note) = screen.carry_out(effect)? {
                app.noted(note);
            }
        }
        if dirty && app.end().is_none() && drawn_at.elapsed() >= FRAME {
            paint(&mut app, screen)?;
            (drawn_at, dirty) = (Instant::now(), false);
        }
    }
    Ok(app)
}

fn paint(app: &mut App, screen: &mut impl Screen) -> io::Result<()> {
    let extent = screen.draw(app)?;
    app.drawn(extent);
    Ok(())
}

/// The terminal of the process, taken over until it is dropped.
pub struct Tty {
    /// Never dropped: it would print that it can't show the cursor, and in a window that was closed, printing panics.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<BufWriter<Stdout>>>>,
    look: Theme,
    title: String,
}

/// Whether the terminal is ours at the moment.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Keep the window's title, and bring it back: xterm's controls, which others ignore.
const PUSH_TITLE: &str = "\x1b[22;0t";
const POP_TITLE: &str = "\x1b[23;0t";

impl Tty {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// The terminal refuses, or is none.
    pub fn take(look: Theme) -> io::Result<Self> {
        take()?;
        let backend = CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stdout()));
        match Terminal::new(backend) {
            Ok(terminal) => Ok(Self { terminal: ManuallyDrop::new(terminal), look, title: String::new() }),
            Err(error) => {
                give_back();
                Err(error)
            }
        }
    }

    fn copy(&mut self, text: String) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), CopyToClipboard::to_clipboard_from(text))
    }

    /// Leaves the terminal to the shell, stops, and goes on when the shell says so.
    fn suspend(&mut self) -> io::Result<()> {
        give_back();
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        self.again()
    }

    /// Takes the terminal again, whatever others did to it meanwhile, and forgets what was on it.
    fn again(&mut self) -> io::Result<()> {
        if TAKEN.load(Ordering::SeqCst) {
            disable_raw_mode()?;
        }
        take()?;
        self.title.clear();
        // not `clear`, which asks the terminal where its cursor is, and fails where no answer comes within 2 s
        let size = self.terminal.size()?;
        self.terminal.resize(size.into())
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        give_back();
    }
}

impl Screen for Tty {
    fn draw(&mut self, app: &App) -> io::Result<Extent> {
        let title = self.look.text(&view::title(app));
        if title != self.title {
            queue!(self.terminal.backend_mut(), SetTitle(&title))?;
            self.title = title;
        }
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        let mut extent = Extent::default();
        self.terminal.draw(|frame| extent = view::render(app, self.look, frame.buffer_mut()))?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        Ok(extent)
    }

    fn carry_out(&mut self, effect: Request) -> io::Result<Option<String>> {
        match effect {
            Request::Copy(text) => self.copy(text)?,
            Request::HandOver { name, page } => {
                let written = handover::write(&name, &page);
                self.copy(page)?;
                return Ok(Some(match written {
                    Ok(path) => format!("hand-over page copied, and written to {}", path.display()),
                    Err(error) => format!("hand-over page copied, but not written: {}", reason(&error)),
                }));
            }
            Request::StopJob => rustix::process::kill_current_process_group(rustix::process::Signal::TSTP)?,
            Request::Suspend => self.suspend()?,
            Request::Redraw => self.again()?,
            Request::Replay(_) => {}
        }
        Ok(None)
    }
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    let mut out = io::stdout();
    if !TAKEN.swap(true, Ordering::SeqCst) {
        out.write_all(PUSH_TITLE.as_bytes())?;
    }
    execute!(out, EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)
}

/// Leaves the terminal as it was found. EventKind can't be undone, in a terminal that is gone, is let be.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // in one piece, so that nobody sees a half of it
        let mut all = Vec::new();
        let _ = queue!(all, EndSynchronizedUpdate, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
        all.extend_from_slice(POP_TITLE.as_bytes());
        let mut out = io::stdout();
        let _ = out.write_all(&all).and_then(|()| out.flush());
        let _ = disable_raw_mode();
    }
}

/// A panic anywhere gives the terminal back, says so in a sentence, and ends the program with exit code 1.
pub fn end_on_panic() {
    std::panic::set_hook(Box::new(|panic| {
        give_back();
        let place = panic.location().map(|place| format!(" at {}:{}", place.file(), place.line())).unwrap_or_default();
        let what = panic.payload_as_str().unwrap_or("no message");
        let _ =
            writeln!(io::stderr(), "syncscope: an error of its own{place}: {what}. The transfer is not touched by it.");
        std::process::exit(1);
    }));
}

/// Keys, size, ticks and signals as events, sent to `events` for as long as someone takes them.
///
/// # Errors
/// The signals could not be listened to.
pub fn listen(events: mpsc::Sender<Event>, clock: Clock) -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut stop = signal(SignalKind::from_raw(signal_hook::consts::SIGTSTP))?;
    let mut goes_on = signal(SignalKind::from_raw(signal_hook::consts::SIGCONT))?;
    hear(events.clone(), clock.clone());
    Ok(async move {
        let mut seconds = tokio::time::interval(Duration::from_secs(1));
        seconds.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            let what = tokio::select! {
                _ = seconds.tick() => EventKind::Tick,
                _ = terminate.recv() => EventKind::Stop(143),
                _ = hang_up.recv() => EventKind::Stop(129),
                _ = interrupt.recv() => EventKind::Stop(130),
                _ = stop.recv() => EventKind::Suspend,
                _ = goes_on.recv() => EventKind::Resume,
            };
            let last = matches!(what, EventKind::Stop(_));
            if events.send(Event { at: clock.now(), what }).await.is_err() || last {
                return;
            }
        }
    })
}

/// Keys and sizes, from a thread of their own: once a window is closed, crossterm reads from it without end, and the
/// signal that says so must not wait for that.
fn hear(events: mpsc::Sender<Event>, clock: Clock) {
    std::thread::spawn(move || {
        loop {
            let what = match event::read() {
                Ok(input) => match understood(input) {
                    Some(what) => what,
                    None => continue,
                },
                // the terminal is gone
                Err(_) => EventKind::Stop(129),
            };
            let last = matches!(what, EventKind::Stop(_));
            if events.blocking_send(Event { at: clock.now(), what }).is_err() || last {
                return;
            }
        }
    });
}

/// EventKind is pasted is no command, and whether the window has the focus makes no difference.
fn understood(input: Input) -> Option<EventKind> {
    match input {
        Input::Key(key) => Some(EventKind::Key(key)),
        Input::Resize(..) => Some(EventKind::Resized),
        Input::Paste(_) | Input::FocusGained | Input::FocusLost | Input::Mouse(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyEvent};
    use futures_util::stream;
    use jiff::{Timestamp, tz::TimeZone};
    use ratatui::backend::TestBackend;

    use super::*;
    use crate::aws::arn::{Arn, EXAMPLE};

    /// Counts frames.
    struct Counter {
        terminal: Terminal<TestBackend>,
        frames: usize,
        effects: Vec<Request>,
    }

    impl Screen for Counter {
        fn draw(&mut self, app: &App) -> io::Result<Extent> {
            self.frames += 1;
            Screen::draw(&mut self.terminal, app)
        }

        fn carry_out(&mut self, effect: Request) -> io::Result<Option<String>> {
            self.effects.push(effect);
            Ok(None)
        }
    }

    fn counter() -> Counter {
        let terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        Counter { terminal, frames: 0, effects: Vec::new() }
    }

    fn app() -> App {
        App::new([Arn::parse(EXAMPLE).unwrap()], Timestamp::UNIX_EPOCH, TimeZone::UTC)
    }

    fn tick(second: i64) -> Event {
        Event::tick(Timestamp::from_second(second).unwrap())
    }

    fn key(code: char) -> Event {
        Event::key(Timestamp::UNIX_EPOCH, KeyEvent::from(KeyCode::Char(code)))
    }

    #[tokio::test(start_paused = true)]
    async fn it_paints_before_anything_happened() {
        let mut screen = counter();
        let app = run(app(), &mut screen, stream::empty()).await.unwrap();
        assert_eq!(screen.frames, 1);
        assert_eq!(app.end(), None);
        let cells: String = screen.terminal.backend().buffer().content.iter().map(|cell| cell.symbol()).collect();
        assert!(cells.contains("exec-0123456789abcdef0"), "{cells}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_one_frame() {
        let mut screen = counter();
        let burst = stream::iter((0..500).map(tick));
        run(app(), &mut screen, burst).await.unwrap();
        assert_eq!(screen.frames, 1, "the first one; nothing is drawn for a stream that has ended");
        let mut screen = counter();
        let then_silence = stream::iter((0..500).map(tick)).chain(stream::once(async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            key('q')
        }));
        run(app(), &mut screen, then_silence).await.unwrap();
        assert_eq!(screen.frames, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn it_draws_at_most_ten_times_a_second_and_shows_the_last_state() {
        let mut screen = counter();
        let busy = stream::unfold(0, |n| async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            (n < 400).then(|| (tick(n), n + 1))
        });
        let busy = busy.chain(stream::once(async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            key('q')
        }));
        let started = Instant::now();
        run(app(), &mut screen, busy).await.unwrap();
        let tenths = started.elapsed().as_millis() as usize / 100;
        assert!((15..=tenths + 1).contains(&screen.frames), "{} frames in {tenths} tenths", screen.frames);
    }

    #[tokio::test(start_paused = true)]
    async fn effects_are_carried_out_once_and_in_order() {
        let mut screen = counter();
        let suspend = Event { at: Timestamp::UNIX_EPOCH, what: EventKind::Suspend };
        let resume = Event { at: Timestamp::UNIX_EPOCH, what: EventKind::Resume };
        run(app(), &mut screen, stream::iter([key('y'), suspend, resume])).await.unwrap();
        assert_eq!(screen.effects, [Request::Copy(EXAMPLE.into()), Request::Suspend, Request::Redraw]);
    }

    #[test]
    fn a_paste_is_no_command() {
        assert!(understood(Input::Paste("q\nq".into())).is_none());
        assert!(understood(Input::FocusLost).is_none());
        assert!(matches!(understood(Input::Resize(1, 1)), Some(EventKind::Resized)));
    }
}
