//! Before the first response: what is waited for.

use jiff::SignedDuration;

use crate::say::units::{self, LocalTime};
use crate::transfer::readout::Readout;

/// What stands in the place of a status before the first response.
pub const NO_RESPONSE: &str = "polling";

/// Nothing came for so long: it is said what is waited for.
pub const LONG: SignedDuration = SignedDuration::from_secs(10);

/// What is waited for, once nothing came for ten seconds; `None` before that, and after the first poll.
pub fn awaited(readout: &Readout, time: &LocalTime) -> Option<String> {
    let waited = time.now.duration_since(readout.watched_since());
    if readout.snapshot.is_some() || readout.outage().is_some() || waited < LONG {
        return None;
    }
    let place = Some(&readout.arn().region).filter(|region| !region.is_empty());
    let place = place.map(|region| format!(" in {region}")).unwrap_or_default();
    Some(format!("no response for {}: waiting for credentials, or for DataSync{place}", units::duration(waited)))
}

/// The same where a status would stand, at any time.
pub fn in_place_of_status(readout: &Readout, time: &LocalTime) -> String {
    awaited(readout, time).unwrap_or_else(|| NO_RESPONSE.into())
}
