//! The loop of a screen: events go into the app, its requests go out, and it is drawn when something changed.

use std::{io, time::Duration};

use futures_util::{FutureExt, Stream, StreamExt};
use ratatui::{Terminal, backend::Backend};

use super::frames::Frames;
use crate::{
    app::{App, Event, EventKind, Extent, Request},
    view::{self, theme::Theme},
};

/// Where an app is drawn, and what only a terminal can do.
pub trait Screen {
    /// Whether it has taken the last frame. Until then no other is drawn, so that the next one is the newest.
    fn is_ready(&self) -> bool {
        true
    }

    /// Draws the app, and tells how much of its page there is.
    ///
    /// # Errors
    /// The terminal could not be written to.
    fn draw(&mut self, app: &App) -> io::Result<Extent>;

    /// Puts a text on the clipboard.
    ///
    /// # Errors
    /// The terminal could not be written to.
    fn copy(&mut self, text: &str) -> io::Result<()>;

    /// Forgets what the terminal shows, so that the next frame is drawn whole.
    ///
    /// # Errors
    /// The terminal could not be written to.
    fn redraw(&mut self) -> io::Result<()>;

    /// Gives the terminal to the shell, stops the process, and takes the terminal again once it is continued. `false`
    /// where there is no shell that could continue it, and nothing was done.
    ///
    /// # Errors
    /// The process could not be stopped, or the terminal could not be taken again.
    fn suspend(&mut self) -> io::Result<bool>;
}

/// Any terminal of ratatui's, say one in memory: drawn in full colour, without a clipboard and without a shell.
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

    fn copy(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn redraw(&mut self) -> io::Result<()> {
        self.clear().map_err(io::Error::other)
    }

    fn suspend(&mut self) -> io::Result<bool> {
        Ok(true)
    }
}

/// The shortest time between two frames.
const APART: Duration = Duration::from_millis(100);

/// Folds events into the app and draws it, until the app or the events end. Gives the app back.
///
/// Each of the app's requests goes to `route`, in order, before the next frame; what becomes of it comes back as
/// one of the events. Frames come when something changed, at once after a rest, and at most ten a second; where the
/// screen does not take them, everything else goes on.
///
/// # Errors
/// The screen could not be drawn, or a request failed in a way that leaves no screen.
pub async fn run<S: Screen>(
    mut app: App,
    screen: &mut S,
    mut route: impl FnMut(&mut S, Request) -> io::Result<()>,
    events: impl Stream<Item = Event>,
) -> io::Result<App> {
    let mut events = std::pin::pin!(events);
    let mut frames = Frames::apart(APART);
    let (mut dirty, mut answered) = (!paint(&mut app, screen)?, false);
    frames.drawn();
    while app.end().is_none() {
        let next = events.next();
        let event = if dirty {
            match tokio::time::timeout_at(frames.next(), next).await {
                Ok(event) => event,
                Err(_) => {
                    dirty = !paint(&mut app, screen)?;
                    frames.drawn();
                    continue;
                }
            }
        } else {
            next.await
        };
        let Some(event) = event else { break };
        let ready = std::iter::from_fn(|| events.next().now_or_never().flatten());
        for event in std::iter::once(event).chain(ready) {
            // the first answer does not wait for its turn after frames that had nothing to show
            if is_answer(&event) && !answered {
                answered = true;
                frames.hurry();
            }
            dirty |= app.update(event);
        }
        for request in app.take_requests() {
            route(screen, request)?;
        }
        if dirty && app.end().is_none() && frames.are_due() {
            dirty = !paint(&mut app, screen)?;
            frames.drawn();
        }
    }
    Ok(app)
}

/// Draws the app where the screen is ready for it, and tells whether it was.
fn paint(app: &mut App, screen: &mut impl Screen) -> io::Result<bool> {
    let is_ready = screen.is_ready();
    if is_ready {
        let extent = screen.draw(app)?;
        app.drawn(extent);
    }
    Ok(is_ready)
}

fn is_answer(event: &Event) -> bool {
    matches!(event.what, EventKind::Observed(_) | EventKind::Replayed(_))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "frames are counted at the moments of a paused clock")]
mod tests {
    use crossterm::event::{KeyCode, KeyEvent};
    use futures_util::stream;
    use jiff::{Timestamp, tz::TimeZone};
    use ratatui::backend::TestBackend;
    use tokio::time::Instant;

    use super::*;
    use crate::aws::{
        arn::{Arn, EXAMPLE},
        observation::{Observation, Outcome},
        response::Response,
    };

    /// A terminal in memory that keeps when it was drawn, in milliseconds.
    struct Timed {
        terminal: Terminal<TestBackend>,
        started: Instant,
        frames: Vec<u128>,
    }

    impl Screen for Timed {
        fn draw(&mut self, app: &App) -> io::Result<Extent> {
            self.frames.push(self.started.elapsed().as_millis());
            Screen::draw(&mut self.terminal, app)
        }

        fn copy(&mut self, _: &str) -> io::Result<()> {
            Ok(())
        }

        fn redraw(&mut self) -> io::Result<()> {
            Ok(())
        }

        fn suspend(&mut self) -> io::Result<bool> {
            Ok(true)
        }
    }

    fn timed() -> Timed {
        let terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        Timed { terminal, started: Instant::now(), frames: Vec::new() }
    }

    /// Draws what happens; gives the app, the screen and the requests back.
    async fn shown(events: impl Stream<Item = Event>) -> (App, Timed, Vec<Request>) {
        let (mut screen, mut requests) = (timed(), Vec::new());
        let route = |_: &mut Timed, request| {
            requests.push(request);
            Ok(())
        };
        let app = run(app(), &mut screen, route, events).await.unwrap();
        (app, screen, requests)
    }

    /// Events, each so many milliseconds after the one before.
    fn spaced(events: impl IntoIterator<Item = (u64, Event)>) -> impl Stream<Item = Event> {
        stream::iter(events).then(|(after, event)| async move {
            tokio::time::sleep(Duration::from_millis(after)).await;
            event
        })
    }

    fn answer(written: usize) -> Event {
        let body = format!(r#"{{"Status":"TRANSFERRING","BytesWritten":{written}}}"#);
        Event::observed(Observation {
            execution: EXAMPLE.into(),
            at: Timestamp::UNIX_EPOCH,
            outcome: Outcome::Response(Response::parse(&body).unwrap()),
            task: None,
            next: Some(Duration::from_secs(5)),
        })
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
        let (app, screen, _) = shown(stream::empty()).await;
        assert_eq!(screen.frames, [0]);
        assert_eq!(app.end(), None);
        let cells: String = screen.terminal.backend().buffer().content.iter().map(|cell| cell.symbol()).collect();
        assert!(cells.contains("exec-0123456789abcdef0"), "{cells}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_one_frame() {
        let burst = || stream::iter((0..500).map(tick));
        let (_, screen, _) = shown(burst()).await;
        assert_eq!(screen.frames.len(), 1, "the first one; nothing is drawn for a stream that has ended");
        let (_, screen, _) = shown(burst().chain(spaced([(5000, key('q'))]))).await;
        assert_eq!(screen.frames, [0, 100]);
    }

    #[tokio::test(start_paused = true)]
    async fn it_draws_at_most_ten_times_a_second_and_shows_the_last_state() {
        let busy = (0..400).map(|n| (5, tick(n)));
        let (_, screen, _) = shown(spaced(busy.chain([(1000, key('q'))]))).await;
        let every_tenth: Vec<u128> = (0..=20).map(|tenth| tenth * 100).collect();
        assert_eq!(screen.frames, every_tenth);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_answer_is_drawn_at_once_and_ten_frames_a_second_from_then_on() {
        let start = [(0, tick(0)), (15, key('?')), (5, answer(0))];
        let busy = (1..60).map(|n| (5, answer(n)));
        let (_, screen, _) = shown(spaced(start.into_iter().chain(busy).chain([(1000, key('q'))]))).await;
        assert_eq!(screen.frames, [0, 20, 120, 220, 320]);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_rest_it_draws_at_once() {
        let events = [(20, answer(0)), (2000, answer(1)), (30, answer(2)), (2000, key('?')), (500, key('q'))];
        let (_, screen, _) = shown(spaced(events)).await;
        assert_eq!(screen.frames, [0, 20, 2020, 2120, 4050]);
    }

    #[tokio::test(start_paused = true)]
    async fn requests_go_out_once_and_in_order() {
        let suspend = Event { at: Timestamp::UNIX_EPOCH, what: EventKind::Suspend };
        let resume = Event { at: Timestamp::UNIX_EPOCH, what: EventKind::Resume };
        let (.., requests) = shown(stream::iter([key('y'), suspend, resume])).await;
        let copy = Request::Copy { what: "the ARN", text: EXAMPLE.into() };
        assert_eq!(requests, [copy, Request::Suspend, Request::Redraw]);
    }
}
