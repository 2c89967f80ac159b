//! The current rate in words, the same wherever it is shown.

use crate::say::units;
use crate::transfer::present::rates::Current;

/// Bytes a second, or why there are none: `2.31 GiB/s`, `no change 7m 36s`; `None` where nothing is transferred.
pub fn bytes(current: &Current) -> Option<String> {
    in_words(current, current.bytes().map(units::byte_rate))
}

/// Files a second, or why there are none.
pub fn files(current: &Current) -> Option<String> {
    in_words(current, current.files().map(units::item_rate))
}

fn in_words(current: &Current, rate: Option<String>) -> Option<String> {
    match current {
        Current::Moving { .. } => rate,
        Current::Still(span) => Some(format!("no change {}", units::duration(*span))),
        Current::Measuring => Some("measuring".into()),
        Current::Unseen => Some("not seen".into()),
        Current::None => None,
    }
}

/// The coded word of it.
pub fn code(current: &Current) -> &'static str {
    match current {
        Current::Moving { .. } => "moving",
        Current::Still(_) => "still",
        Current::Measuring => "measuring",
        Current::Unseen => "unseen",
        Current::None => "none",
    }
}
