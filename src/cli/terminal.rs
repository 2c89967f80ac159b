//! What the terminal is like, and how to write to it.

use std::{
    io::{self, IsTerminal, Write},
    sync::OnceLock,
    time::Duration,
};

use clap::{Args, ValueEnum};

use crate::{say::text::clean_lines, sink::outlet::Outlet, view::theme::Theme};

/// After so long it is said what is waited for.
const LONG_WAIT: Duration = Duration::from_secs(10);

/// How long a message is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// How to draw.
#[derive(Debug, Args)]
pub struct DisplayArgs {
    /// Use color: auto means in a terminal, unless NO_COLOR is set
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Colour,
    /// Draw with ASCII characters only; the default where the locale is not UTF-8
    #[arg(long)]
    pub ascii: bool,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    Auto,
    On,
    Off,
}

/// The theme for this terminal and these options.
pub fn look(shown: &DisplayArgs) -> Theme {
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colour = match shown.color {
        Colour::Auto => !no_colour && io::stdout().is_terminal(),
        Colour::On => true,
        Colour::Off => false,
    };
    // crossterm looks at NO_COLOR too; what is to be drawn is decided here alone
    crossterm::style::force_color_output(true);
    Theme { colour, ascii: shown.ascii || !is_utf8() }
}

/// How a text is shown where there are no options for it: in ASCII where the locale is not UTF-8.
pub fn plain_look() -> Theme {
    Theme { colour: false, ascii: !is_utf8() }
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

/// A screen needs a terminal that can be drawn on, and one to read keys from.
pub fn has_screen() -> bool {
    has_live_lines() && io::stdin().is_terminal()
}

/// Whether standard output is a terminal that can be drawn on.
pub fn has_live_lines() -> bool {
    let dumb = matches!(std::env::var("TERM").as_deref(), Ok("dumb" | "unknown"));
    io::stdout().is_terminal() && !dumb
}

/// The way to standard error, which nobody waits for; `None` where there is none.
pub fn messages() -> Option<Outlet> {
    static MESSAGES: OnceLock<Option<Outlet>> = OnceLock::new();
    MESSAGES.get_or_init(|| Outlet::to(io::stderr()).ok()).clone()
}

/// Prints a message on standard error, in the program's name, without waiting until it is there. What it quotes, an
/// argument or a file's name too, can't steer the terminal.
pub fn tell(message: &str) {
    if let Some(mut err) = messages() {
        let _ = writeln!(err, "syncscope: {}", clean_lines(message)).and_then(|()| err.flush());
    }
}

/// What a poll waits for.
pub const AWAITED: &str = "credentials, or for DataSync";

/// Waits, and says on standard error what for where that takes longer than ten seconds.
pub async fn patiently<T>(what: &str, waiting: impl Future<Output = T>) -> T {
    let mut waiting = std::pin::pin!(waiting);
    match tokio::time::timeout(LONG_WAIT, &mut waiting).await {
        Ok(done) => done,
        Err(_) => {
            tell(&format!("no response for {}s: waiting for {what}", LONG_WAIT.as_secs()));
            waiting.await
        }
    }
}

/// Prints a message on standard error, in the program's name. A reader that takes nothing is not waited for for long.
pub fn say(message: &str) {
    tell(message);
    drain();
}

/// Waits until all messages are written, as long as for one.
pub fn drain() {
    if let Some(mut err) = messages() {
        let _ = err.flush().and_then(|()| err.written_within(PATIENCE));
    }
}

/// Writes to standard output.
///
/// # Errors
/// It can't be written to; `BrokenPipe` where its reader went away.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
