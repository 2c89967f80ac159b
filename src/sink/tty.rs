//! The terminal of the process, taken over and given back as it was found, whatever happens.

use std::{
    io::{self, BufWriter, Stdout, Write},
    mem::ManuallyDrop,
    sync::atomic::{AtomicBool, Ordering},
};

use crossterm::{
    clipboard::CopyToClipboard,
    cursor,
    event::{DisableBracketedPaste, EnableBracketedPaste},
    execute, queue,
    terminal::{
        BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, SetTitle,
        disable_raw_mode, enable_raw_mode,
    },
};
use ratatui::{Terminal, backend::CrosstermBackend};

use super::screen::Screen;
use crate::{
    app::{App, Extent},
    view::{self, theme::Theme},
};

/// The terminal of the process, taken over until it is dropped.
pub struct Tty {
    /// Never dropped: it would print that it can't show the cursor, and in a window that was closed, printing panics.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<BufWriter<Stdout>>>>,
    theme: Theme,
    title: String,
}

/// Whether the terminal is taken at the moment.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Keep the window's title, and bring it back: xterm's controls, which others ignore.
const PUSH_TITLE: &str = "\x1b[22;0t";
const POP_TITLE: &str = "\x1b[23;0t";

impl Tty {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// Standard output is not a terminal, or it refuses.
    pub fn take(theme: Theme) -> io::Result<Self> {
        take()?;
        let backend = CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stdout()));
        match Terminal::new(backend) {
            Ok(terminal) => Ok(Self { terminal: ManuallyDrop::new(terminal), theme, title: String::new() }),
            Err(error) => {
                give_back();
                Err(error)
            }
        }
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        give_back();
    }
}

impl Screen for Tty {
    fn draw(&mut self, app: &App) -> io::Result<Extent> {
        let title = self.theme.text(&view::title(app));
        if title != self.title {
            queue!(self.terminal.backend_mut(), SetTitle(&title))?;
            self.title = title;
        }
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        let mut extent = Extent::default();
        self.terminal.draw(|frame| extent = view::render(app, self.theme, frame.buffer_mut()))?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        Ok(extent)
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), CopyToClipboard::to_clipboard_from(text))
    }

    fn redraw(&mut self) -> io::Result<()> {
        // others may have used the terminal since, say after a SIGCONT that nobody stopped us for
        if TAKEN.load(Ordering::SeqCst) {
            disable_raw_mode()?;
        }
        take()?;
        self.title.clear();
        // not `clear`, which asks the terminal where its cursor is, and fails where no answer comes within 2 s
        let size = self.terminal.size()?;
        self.terminal.resize(size.into())
    }

    fn suspend(&mut self) -> io::Result<()> {
        give_back();
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        self.redraw()
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

/// Leaves the terminal as it was found. Errors are ignored: a terminal that is gone needs nothing.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // in one write, so that nobody sees a half of it
        let mut all = Vec::new();
        let _ = queue!(all, EndSynchronizedUpdate, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
        all.extend_from_slice(POP_TITLE.as_bytes());
        let mut out = io::stdout();
        let _ = out.write_all(&all).and_then(|()| out.flush());
        let _ = disable_raw_mode();
    }
}

/// Makes a panic on any thread give the terminal back, print one sentence, and end the program with this exit code.
pub fn end_on_panic(code: u8) {
    std::panic::set_hook(Box::new(move |panic| {
        give_back();
        let place = panic.location().map(|place| format!(" at {}:{}", place.file(), place.line())).unwrap_or_default();
        let what = panic.payload_as_str().unwrap_or("no message");
        let _ =
            writeln!(io::stderr(), "syncscope: internal error{place}: {what}. The transfer itself is not affected.");
        std::process::exit(code.into());
    }));
}
