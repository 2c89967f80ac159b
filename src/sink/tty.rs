//! The terminal of the process, taken over and given back as it was found, whatever happens.

use std::{
    io::{self, Write},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crossterm::{
    clipboard::CopyToClipboard,
    cursor,
    event::{DisableBracketedPaste, EnableBracketedPaste},
    queue,
    terminal::{
        BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, SetTitle,
        disable_raw_mode, enable_raw_mode,
    },
};
use ratatui::{Terminal, TerminalOptions, Viewport, backend::CrosstermBackend, layout::Rect};

use super::{
    job::can_stop,
    outlet::{Outlet, Output},
    screen::Screen,
    size::size,
};
use crate::{
    app::{App, Extent},
    view::{self, theme::Theme},
};

/// The terminal of the process, taken over until it is dropped.
pub struct Tty {
    terminal: Terminal<CrosstermBackend<Page>>,
    /// What the next frame is made of.
    page: Page,
    out: Outlet,
    area: Rect,
    theme: Theme,
    title: String,
}

/// Whether the terminal is taken at the moment.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The way to the terminal, for whoever gives it back.
static OUT: Mutex<Option<Outlet>> = Mutex::new(None);

/// How long a terminal that takes nothing is waited for when it is given back.
const PATIENCE: Duration = Duration::from_secs(1);

/// Keep the window's title, and bring it back: xterm's controls, which others ignore.
const PUSH_TITLE: &str = "\x1b[22;0t";
const POP_TITLE: &str = "\x1b[23;0t";

/// Keeps a frame until it is whole.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Page {
    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Tty {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// Standard output is not a terminal, or it refuses.
    pub fn take(theme: Theme) -> io::Result<Self> {
        let mut out = Outlet::to(io::stdout())?;
        *OUT.lock().unwrap_or_else(PoisonError::into_inner) = Some(out.clone());
        take(&mut out)?;
        let (page, area) = (Page::default(), area());
        let options = TerminalOptions { viewport: Viewport::Fixed(area) };
        match Terminal::with_options(CrosstermBackend::new(page.clone()), options) {
            Ok(terminal) => Ok(Self { terminal, page, out, area, theme, title: String::new() }),
            Err(error) => {
                give_back();
                Err(error)
            }
        }
    }

    fn resize(&mut self, area: Rect) -> io::Result<()> {
        self.area = area;
        self.terminal.resize(area)
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        give_back();
    }
}

impl Screen for Tty {
    fn is_ready(&self) -> bool {
        self.out.waiting() == 0
    }

    fn draw(&mut self, app: &App) -> io::Result<Extent> {
        let mut begin = Vec::new();
        let title = self.theme.text(&view::title(app));
        if title != self.title {
            queue!(begin, SetTitle(&title))?;
            self.title = title;
        }
        queue!(begin, BeginSynchronizedUpdate)?;
        if area() != self.area {
            self.resize(area())?;
        }
        let mut extent = Extent::default();
        self.terminal.draw(|frame| extent = view::render(app, self.theme, frame.buffer_mut()))?;
        self.out.write_all(&begin)?;
        self.out.write_all(&std::mem::take(&mut *self.page.bytes()))?;
        queue!(self.out, EndSynchronizedUpdate)?;
        self.out.flush()?;
        Ok(extent)
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        queue!(self.out, CopyToClipboard::to_clipboard_from(text))?;
        self.out.flush()
    }

    fn redraw(&mut self) -> io::Result<()> {
        // others may have used the terminal since, say after a SIGCONT that nobody stopped us for
        if TAKEN.load(Ordering::SeqCst) {
            disable_raw_mode()?;
        }
        take(&mut self.out)?;
        self.title.clear();
        // not `clear`, which asks the terminal where its cursor is, and fails where no answer comes within 2 s
        self.resize(area())
    }

    fn suspend(&mut self) -> io::Result<bool> {
        if !can_stop() {
            return Ok(false);
        }
        give_back();
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        self.redraw().map(|()| true)
    }
}

fn area() -> Rect {
    let (width, height) = size();
    Rect { x: 0, y: 0, width, height }
}

fn take(out: &mut Outlet) -> io::Result<()> {
    enable_raw_mode()?;
    if !TAKEN.swap(true, Ordering::SeqCst) {
        out.write_all(PUSH_TITLE.as_bytes())?;
    }
    queue!(out, EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)?;
    out.flush()
}

/// Leaves the terminal as it was found. Errors are ignored: a terminal that is gone needs nothing, and one that takes
/// nothing is not waited for for long.
pub fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // in one write, so that nobody sees a half of it
        let mut all = Vec::new();
        let _ = queue!(all, EndSynchronizedUpdate, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
        all.extend_from_slice(POP_TITLE.as_bytes());
        let out = OUT.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(mut out) = out {
            let _ = out.write_all(&all).and_then(|()| out.flush()).and_then(|()| out.written_within(PATIENCE));
        }
        let _ = disable_raw_mode();
    }
}

/// Prints where printing may not take for long. Errors are ignored: nobody is there to be told.
pub fn print_last(stream: impl std::os::fd::AsFd, text: &str) {
    if let Ok(mut out) = Outlet::to(stream) {
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush()).and_then(|()| out.written_within(PATIENCE));
    }
}

/// Makes a panic on any thread give the terminal back, print one sentence, and end the program with this exit code.
pub fn end_on_panic(code: u8) {
    std::panic::set_hook(Box::new(move |panic| {
        give_back();
        let place = panic.location().map(|place| format!(" at {}:{}", place.file(), place.line())).unwrap_or_default();
        let what = panic.payload_as_str().unwrap_or("no message");
        let text = format!("syncscope: internal error{place}: {what}. The transfer itself is not affected.\n");
        print_last(io::stderr(), &text);
        std::process::exit(code.into());
    }));
}
