//! The signals that end the program, stop it for a while, or ask it something.
//!
//! Ctrl-Z goes the long way round, since other processes of the job are to stop too, say the `jq` behind a pipe. In
//! raw mode it is a key like any other, so the app asks for [`Request::StopJob`], which sends SIGTSTP to the whole
//! process group. Ours is caught here and becomes [`EventKind::Suspend`]; the app then asks for
//! [`Request::Suspend`], which gives the terminal back and stops this process as an uncaught SIGTSTP would. A
//! SIGTSTP from outside takes the same way from there on. When the shell continues the process, the terminal is
//! taken again, and SIGCONT comes as [`EventKind::Resume`], on which everything is drawn anew.
//!
//! [`Request::StopJob`]: crate::app::Request::StopJob
//! [`Request::Suspend`]: crate::app::Request::Suspend

use std::{future::Future, io, task::Poll, time::Duration};

use jiff::SignedDuration;
use signal_hook::consts::{
    SIGABRT, SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGIO, SIGPROF, SIGQUIT, SIGSYS, SIGTERM, SIGTRAP, SIGTSTP, SIGUSR1,
    SIGUSR2, SIGVTALRM, SIGXCPU, SIGXFSZ,
};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
    time::MissedTickBehavior,
};

use crate::{
    app::{Event, EventKind, exit::Exit},
    clock::Clock,
};

/// The signals that end the program, each with its exit code.
const ENDINGS: [(i32, Exit); 3] = [(SIGTERM, Exit::Terminated), (SIGHUP, Exit::HungUp), (SIGINT, Exit::Interrupted)];

/// Signals that end a program that does not listen to them. Those that tell of a fault in it, after which it can't go
/// on to a handler's end, are left alone: SIGSEGV, SIGBUS, SIGILL and SIGFPE.
const DEADLY: [i32; 9] = [SIGQUIT, SIGALRM, SIGVTALRM, SIGPROF, SIGXCPU, SIGABRT, SIGIO, SIGTRAP, SIGSYS];

/// Signals that are waited for, each with what it means.
struct Heard<T>(Vec<(Signal, T)>);

impl<T: Clone> Heard<T> {
    /// Leaves those alone that were ignored when the program started, as `nohup` does and a shell in the background.
    fn listen(meanings: impl IntoIterator<Item = (i32, T)>) -> io::Result<Self> {
        let ignored = ignored();
        let caught = meanings.into_iter().filter(|(number, _)| !contains(ignored, *number));
        let heard = caught.map(|(number, meaning)| Ok((signal(SignalKind::from_raw(number))?, meaning)));
        heard.collect::<io::Result<_>>().map(Self)
    }

    /// What the next signal means; pending for ever where none is waited for.
    async fn next(&mut self) -> T {
        std::future::poll_fn(|context| {
            let ready = self.0.iter_mut().find_map(|(signal, meaning)| {
                matches!(signal.poll_recv(context), Poll::Ready(Some(()))).then(|| meaning.clone())
            });
            ready.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}

/// Waits for a signal that ends the program.
pub struct Endings(Heard<Exit>);

impl Endings {
    /// # Errors
    /// The signals could not be listened to.
    pub fn listen() -> io::Result<Self> {
        Heard::listen(ENDINGS).map(Self)
    }

    /// The exit code of the signal that comes next.
    pub async fn next(&mut self) -> Exit {
        self.0.next().await
    }
}

/// Waits for the shell's stop and continue.
pub struct JobControl(Heard<EventKind>);

impl JobControl {
    /// # Errors
    /// The signals could not be listened to.
    pub fn listen() -> io::Result<Self> {
        Heard::listen([(SIGTSTP, EventKind::Suspend), (SIGCONT, EventKind::Resume)]).map(Self)
    }

    /// [`EventKind::Suspend`] or [`EventKind::Resume`], whichever comes next.
    pub async fn next(&mut self) -> EventKind {
        self.0.next().await
    }
}

/// Waits for a signal that would end the program without a word. SIGUSR1 and SIGUSR2 mean nothing then.
pub struct Deadly(Heard<Option<i32>>);

impl Deadly {
    /// # Errors
    /// The signals could not be listened to.
    pub fn listen() -> io::Result<Self> {
        let deadly = DEADLY.into_iter().chain(further()).map(|number| (number, Some(number)));
        Heard::listen([(SIGUSR1, None), (SIGUSR2, None)].into_iter().chain(deadly)).map(Self)
    }

    /// The number of the signal that comes next.
    pub async fn next(&mut self) -> i32 {
        loop {
            if let Some(number) = self.0.next().await {
                return number;
            }
        }
    }
}

/// Deadly signals that only Linux has: SIGSTKFLT, SIGPWR, and those for real time.
fn further() -> impl Iterator<Item = i32> {
    #[cfg(target_os = "linux")]
    let all = {
        use rustix::process::Signal;
        [Signal::STKFLT.as_raw(), Signal::POWER.as_raw()].into_iter().chain(34..=64)
    };
    #[cfg(not(target_os = "linux"))]
    let all = std::iter::empty();
    all
}

/// Ends the program as this signal does where nobody listens to it.
pub fn strike(number: i32) {
    let _ = signal_hook::low_level::emulate_default_handler(number);
    // there are signals that it does not know
    std::process::exit(128 + number);
}

/// Makes a file that grew to its size limit an error of whoever writes to it, and not the end of the program.
pub fn outlive_file_limits() {
    let _ = signal_hook::flag::register(SIGXFSZ, std::sync::Arc::default());
}

/// Seconds that pass, signals, and a timeout, as events: what there is to hear where there is no screen. SIGUSR1
/// asks for the current state.
///
/// # Errors
/// The signals could not be listened to.
pub fn listen(
    events: mpsc::Sender<Event>,
    clock: Clock,
    timeout: Option<SignedDuration>,
) -> io::Result<impl Future<Output = ()>> {
    let mut endings = Endings::listen()?;
    let mut questions = Heard::listen([(SIGUSR1, EventKind::Show)])?;
    Ok(async move {
        let mut runs_out = std::pin::pin!(run_out(&clock, timeout));
        let mut seconds = tokio::time::interval(Duration::from_secs(1));
        seconds.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            let what = tokio::select! {
                _ = seconds.tick() => EventKind::Tick,
                what = questions.next() => what,
                exit = endings.next() => EventKind::Stop(exit),
                () = &mut runs_out => EventKind::Stop(Exit::TimedOut),
            };
            let last = matches!(what, EventKind::Stop(_));
            if events.send(Event { at: clock.now(), what }).await.is_err() || last {
                return;
            }
        }
    })
}

async fn run_out(clock: &Clock, timeout: Option<SignedDuration>) {
    match timeout.and_then(|timeout| Duration::try_from(timeout).ok()) {
        Some(timeout) => clock.sleep(timeout).await,
        None => std::future::pending().await,
    }
}

/// The signals that are ignored, a bit each. Only Linux tells without a call that is unsafe in Rust; elsewhere a
/// signal that was ignored is caught.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

fn contains(mask: u64, number: i32) -> bool {
    number >= 1 && mask.checked_shr(number.unsigned_abs() - 1).is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_has_a_bit_for_each_signal_from_the_first_on() {
        let nohup = 1 << (SIGHUP - 1);
        assert!(contains(nohup, SIGHUP) && !contains(nohup, SIGINT));
        assert!(!contains(u64::MAX, 0) && !contains(u64::MAX, 65) && contains(u64::MAX, 64));
    }
}
