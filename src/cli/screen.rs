//! The process with a screen: takes the terminal, shows an app on it, and leaves its last state in the scrollback.

use std::io;

use tokio::sync::mpsc;

use super::{exit::CliError, requests::Router};
use crate::{
    app::{App, Event},
    clock::Clock,
    sink::{
        input, lines, screen,
        tty::{Tty, print_last},
    },
    view::theme::Theme,
};

/// Shows an app until it ends, and gives it back; `None` where the terminal went away.
///
/// `clock` tells the moments of keys and seconds.
pub async fn show(
    app: App,
    theme: Theme,
    (events, mut stream): (mpsc::Sender<Event>, mpsc::Receiver<Event>),
    router: Router,
    clock: Clock,
) -> Result<Option<App>, CliError> {
    let mut tty = Tty::take(theme)?;
    tokio::spawn(input::listen(events, clock)?);
    let stream = futures_util::stream::poll_fn(move |context| stream.poll_recv(context));
    let router = router.in_tmux(std::env::var_os("TMUX").is_some_and(|value| !value.is_empty()));
    let ended = screen::run(app, &mut tty, |tty, request| router.route(tty, request), stream).await;
    drop(tty);
    let Ok(app) = ended else { return Ok(None) };
    // in a window that was closed nobody reads this, and the exit code still says what happened
    print_last(io::stdout(), &lines::final_state(&app, theme));
    Ok(Some(app))
}
