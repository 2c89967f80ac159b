//! Which time the chart shows, and the round times on its axis.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::{
    transfer::{events::Kind, readout::Readout},
    view::{Scene, text::width},
};

/// The time that the chart shows, in columns of the same length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// The beginning of the first column.
    pub from: Timestamp,
    /// The end of the last one.
    pub to: Timestamp,
    /// Columns, at least 1.
    pub columns: usize,
}

/// A whole run that is shorter is not stretched over all of the chart.
const LEAST: SignedDuration = SignedDuration::from_mins(1);

impl Window {
    /// The range that was chosen; else from the first change of the counters, or from the beginning of the watch, to
    /// now, or to the end.
    ///
    /// While it runs, it ends at a multiple of a column's length, which has two digits: it moves by whole columns,
    /// and a bar that was drawn stays as it is until the columns grow longer.
    pub fn of(scene: &Scene, columns: usize) -> Self {
        let (readout, columns) = (scene.readout, columns.max(1));
        let begins = begins(readout);
        let until = if readout.is_over() { readout.responded_at() } else { None }.unwrap_or(scene.time.now);
        if readout.is_over() && scene.app.range().is_none() && begins < until {
            return Self { from: begins, to: until, columns };
        }
        let column = match scene.app.range() {
            Some(seconds) => seconds.saturating_mul(1000) / columns as i64,
            None => {
                let whole = until.duration_since(begins).max(LEAST).as_millis();
                // one column is begun only
                let fits = i64::try_from(whole).unwrap_or(i64::MAX) / columns.saturating_sub(1).max(1) as i64;
                two_digits(fits.saturating_add(1))
            }
        };
        let column = column.max(1);
        let end = (until.as_millisecond().div_euclid(column) + 1).saturating_mul(column);
        let begin = end.saturating_sub(column.saturating_mul(columns as i64));
        let clamped = |ms: i64| Timestamp::from_millisecond(ms).unwrap_or(until);
        Self { from: clamped(begin), to: clamped(end), columns }
    }

    /// How long it is, above 0.
    pub fn length(&self) -> SignedDuration {
        self.to.duration_since(self.from).max(SignedDuration::from_millis(1))
    }

    /// The column of a moment; `None` outside.
    pub fn column(&self, at: Timestamp) -> Option<usize> {
        let share = at.duration_since(self.from).as_secs_f64() / self.length().as_secs_f64();
        let column = (share * self.columns as f64).floor();
        (at >= self.from && at < self.to).then(|| (column as usize).min(self.columns - 1))
    }

    /// Round times in it, each with its column and its label, as many as stand apart.
    pub fn times(&self, zone: &TimeZone) -> Vec<(usize, String)> {
        let days = self.length() >= SignedDuration::from_hours(24);
        let sample = if days { "22 Nov 16:00" } else { "16:00:00" };
        let most = (self.columns / (width(sample) + 4)).clamp(1, 8) as i64;
        let seconds = self.length().as_secs().max(1);
        let step = STEPS.into_iter().find(|step| seconds / step < most).unwrap_or(STEPS[STEPS.len() - 1]);
        let format = match (days, step) {
            (true, 86_400..) => "%-d %b",
            (true, _) => "%-d %b %H:%M",
            (false, 60..) => "%H:%M",
            _ => "%H:%M:%S",
        };
        let offset = |at: Timestamp| i64::from(zone.to_offset(at).seconds());
        let first = (self.from.as_second() + offset(self.from)).div_euclid(step) * step - offset(self.from);
        // the clocks may be changed on the way
        let round = |at: Timestamp| Timestamp::from_second(at.as_second() + offset(self.from) - offset(at)).ok();
        let all = (0..=most + 1).filter_map(|place| round(Timestamp::from_second(first + place * step).ok()?));
        all.filter_map(|at| Some((self.column(at)?, at.to_zoned(zone.clone()).strftime(format).to_string()))).collect()
    }
}

/// Seconds between two times on the axis.
const STEPS: [i64; 18] = [
    10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 345_600, 604_800,
    1_209_600,
];

/// When the first change was seen; before there is one, when the transfer or the watch began.
fn begins(readout: &Readout) -> Timestamp {
    let watched = readout.watched_since();
    let transferring = readout.phase_age.and_then(|age| readout.at.checked_sub(age.span()).ok());
    readout.timeline().begins().unwrap_or_else(|| transferring.map_or(watched, |since| since.max(watched)))
}

/// Whether the first bytes were seen to come.
pub fn from_the_first_bytes(readout: &Readout) -> bool {
    readout.events().iter().any(|event| event.kind == Kind::FirstBytes)
}

/// The next number that has two digits other than 0.
fn two_digits(number: i64) -> i64 {
    let mut unit = 1;
    while number / unit >= 100 {
        unit *= 10;
    }
    (number + unit - 1) / unit * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(from: &str, minutes: i64, columns: usize) -> Window {
        let from: Timestamp = from.parse().unwrap();
        Window { from, to: from + SignedDuration::from_mins(minutes), columns }
    }

    #[test]
    fn times_are_round_at_every_length() {
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        for (minutes, columns, labels) in [
            (1, 100, &["17:31:30", "17:31:40", "17:31:50", "17:32:00", "17:32:10", "17:32:20"][..]),
            (7, 60, &["17:32", "17:34", "17:36", "17:38"]),
            (27, 105, &["17:35", "17:40", "17:45", "17:50", "17:55"]),
            (27, 30, &["17:45"]),
            (72, 40, &["18:00", "18:30"]),
            (1500, 105, &["22 Nov 18:00", "23 Nov 00:00", "23 Nov 06:00", "23 Nov 12:00", "23 Nov 18:00"]),
            (20_000, 60, &["26 Nov", "3 Dec"]),
        ] {
            let shown: Vec<String> =
                window("2026-11-22T16:31:25Z", minutes, columns).times(&zone).into_iter().map(|(_, at)| at).collect();
            assert_eq!(shown, labels, "{minutes} min on {columns} columns");
        }
    }

    #[test]
    fn a_day_has_one_tick_also_where_the_clocks_are_changed() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        for (from, days) in [
            ("2026-10-22T22:30:00Z", &["24 Oct", "25 Oct", "26 Oct"][..]),
            ("2026-03-26T23:30:00Z", &["28 Mar", "29 Mar", "30 Mar", "31 Mar"]),
        ] {
            let times = window(from, 96 * 60, 100).times(&zone);
            assert_eq!(times.into_iter().map(|(_, at)| at).collect::<Vec<_>>(), days);
        }
    }

    #[test]
    fn two_digits_are_the_next_above() {
        for (number, rounded) in [(1, 1), (99, 99), (101, 110), (110, 110), (12_001, 13_000), (999, 1000)] {
            assert_eq!(two_digits(number), rounded);
        }
    }

    proptest::proptest! {
        #[test]
        fn labels_do_not_touch(minutes in 1i64..30_000, columns in 28usize..200) {
            let times = window("2026-11-22T16:31:25Z", minutes, columns).times(&TimeZone::UTC);
            proptest::prop_assert!(!times.is_empty() || columns < 40, "no time on {columns} columns of {minutes} min");
            for pair in times.windows(2) {
                proptest::prop_assert!(pair[1].0 - pair[0].0 > width(&pair[0].1), "{times:?}");
            }
        }

        #[test]
        fn a_column_holds_its_beginning(minutes in 1i64..30_000, columns in 1usize..200, column in 0usize..200) {
            let window = window("2026-11-22T16:31:25Z", minutes, columns);
            let begins = window.length().mul_f64((column % columns) as f64 / columns as f64);
            let inside = window.from + begins + SignedDuration::from_millis(5);
            proptest::prop_assert_eq!(window.column(inside), Some(column % columns));
        }
    }
}
