//! How many calls an account gets in a region, and for how long none once the service asked for a pause.

use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use tokio::sync::Semaphore;

use crate::clock::Clock;

/// A call counts for this long.
const WINDOW: Duration = Duration::from_secs(1);
/// The longest pause that a service can ask for.
const MAX_PAUSE: Duration = Duration::from_secs(300);

/// What all calls of a session share.
#[derive(Debug)]
pub struct Budget {
    /// `None` for as many calls as come.
    calls: Option<Arc<Semaphore>>,
    paused_until: Mutex<Option<Timestamp>>,
}

impl Budget {
    /// At most `max_calls` in any second.
    pub fn new(max_calls: Option<NonZeroU32>) -> Self {
        let calls = max_calls.map(|calls| Arc::new(Semaphore::new(calls.get() as usize)));
        Self { calls, paused_until: Mutex::default() }
    }

    /// Waits until another call is due; in the order of those who ask.
    pub async fn take(&self) {
        let Some(calls) = &self.calls else { return };
        if let Ok(permit) = Arc::clone(calls).acquire_owned().await {
            tokio::spawn(async move {
                tokio::time::sleep(WINDOW).await;
                drop(permit);
            });
        }
    }

    /// Heeds a `Retry-After`: seconds or a date. At most five minutes; what is neither is ignored.
    pub fn pause(&self, retry_after: &str) {
        let Some(pause) = pause(retry_after, Clock::wall().now()) else { return };
        let until = Clock::wall().now().checked_add(pause).ok();
        let mut paused_until = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        *paused_until = until.max(*paused_until);
    }

    /// How long the pause lasts that the service asked for; `None` where there is none.
    pub fn paused_for(&self) -> Option<Duration> {
        let until = (*self.paused_until.lock().unwrap_or_else(PoisonError::into_inner))?;
        let left = Duration::try_from(until.duration_since(Clock::wall().now())).ok()?;
        // A clock that was set back does not make it longer.
        Some(left.min(MAX_PAUSE)).filter(|left| !left.is_zero())
    }
}

fn pause(retry_after: &str, now: Timestamp) -> Option<Duration> {
    let text = retry_after.trim();
    let pause = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = rfc2822::parse(text).ok()?.timestamp();
            Duration::try_from(at.duration_since(now).max(SignedDuration::ZERO)).ok()?
        }
    };
    Some(pause.min(MAX_PAUSE))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_second_has_more_calls_than_the_budget() {
        let budget = Budget::new(NonZeroU32::new(10));
        let taken = AtomicUsize::new(0);
        let taking = futures_util::future::join_all((0..100).map(|_| async {
            budget.take().await;
            taken.fetch_add(1, SeqCst);
        }));
        let looking = async {
            let mut seen = Vec::new();
            for _ in 0..4 {
                tokio::time::sleep(WINDOW / 2).await;
                seen.push(taken.load(SeqCst));
                tokio::time::sleep(WINDOW / 2).await;
            }
            seen
        };
        assert_eq!(tokio::join!(taking, looking).1, [10, 20, 30, 40]);
    }

    #[test]
    fn a_pause_is_seconds_or_a_date_and_has_an_end() {
        let now: Timestamp = "2026-11-22T16:00:00Z".parse().unwrap();
        for (text, seconds) in [
            ("7", Some(7)),
            (" 0 ", Some(0)),
            ("99999999999", Some(300)),
            ("Sun, 22 Nov 2026 16:00:09 GMT", Some(9)),
            ("Sun, 22 Nov 2026 15:00:00 GMT", Some(0)),
            ("soon", None),
            ("-3", None),
            ("", None),
        ] {
            assert_eq!(pause(text, now).map(|pause| pause.as_secs()), seconds, "{text}");
        }
    }
}
