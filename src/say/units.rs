//! Numbers as a person reads them: bytes, counts, rates, durations and moments.

use std::time::Duration;

use humansize::{BINARY, FixedAt, FormatSizeOptions, ISizeFormatter};
use jiff::{SignedDuration, Timestamp, Unit, Zoned, tz::TimeZone};

/// Bytes with three digits and a binary unit: `24.7 TiB`, `204 MiB`, `30 B`.
pub fn bytes(bytes: i64) -> String {
    in_unit(bytes as f64, byte_unit(bytes as f64))
}

/// The number of [`bytes`] in a unit, without the unit.
pub fn bytes_number(bytes: f64, unit: usize) -> String {
    let number = bytes / UNIT.powi(unit as i32);
    format!("{number:.*}", decimals(number, unit))
}

/// The largest binary unit of which there is at least one, as an index of [`BYTE_UNITS`].
pub fn byte_unit(bytes: f64) -> usize {
    // from 999.5 on, three digits round up to a thousand of the smaller unit
    let mut unit = 0;
    let mut rest = bytes.abs();
    while rest >= 999.5 && unit + 1 < BYTE_UNITS.len() {
        rest /= UNIT;
        unit += 1;
    }
    unit
}

/// The units of bytes, smallest first.
pub const BYTE_UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

const UNIT: f64 = 1024.0;

const FIXED: [FixedAt; 7] =
    [FixedAt::Base, FixedAt::Kilo, FixedAt::Mega, FixedAt::Giga, FixedAt::Tera, FixedAt::Peta, FixedAt::Exa];

/// A number of bytes in the unit of that index, with three digits.
pub fn in_unit(bytes: f64, unit: usize) -> String {
    let decimals = decimals(bytes / UNIT.powi(unit as i32), unit);
    let options = FormatSizeOptions::from(BINARY)
        .fixed_at(Some(FIXED[unit]))
        .decimal_places(decimals)
        .decimal_zeroes(decimals)
        .space_after_value(true);
    ISizeFormatter::new(if unit == 0 { bytes.round() } else { bytes }, options).to_string()
}

/// The decimals of a number of bytes that has three digits: none where a fraction has no meaning.
fn decimals(number: f64, unit: usize) -> usize {
    if unit == 0 { 0 } else { three_digits(number) }
}

/// The decimals that make three digits of a number.
fn three_digits(number: f64) -> usize {
    match number.abs() {
        n if n < 9.995 => 2,
        n if n < 99.95 => 1,
        _ => 0,
    }
}

/// A count with separators: `21,504,332`.
pub fn count(count: i64) -> String {
    let digits = count.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if count < 0 {
        out.push('-');
    }
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count of items: `1 item`, `12 items`.
pub fn items(number: i64) -> String {
    format!("{} item{}", count(number), if number == 1 { "" } else { "s" })
}

/// A count with three digits and a letter where it is large: `21.5M`, `84,213` stays as it is.
pub fn short_count(n: i64) -> String {
    let magnitude = n.unsigned_abs();
    let (divisor, letter) = match magnitude {
        0..100_000 => return count(n),
        100_000..999_500 => (1e3, "k"),
        999_500..999_500_000 => (1e6, "M"),
        999_500_000..999_500_000_000 => (1e9, "B"),
        999_500_000_000..999_500_000_000_000 => (1e12, "T"),
        // nothing has a usual letter beyond a trillion
        _ => return format!("{}T", count(n / 1_000_000_000_000)),
    };
    let (sign, number) = (if n < 0 { "-" } else { "" }, magnitude as f64 / divisor);
    format!("{sign}{number:.*}{letter}", three_digits(number))
}

/// Bytes a second: `2.31 GiB/s`.
pub fn byte_rate(rate: f64) -> String {
    format!("{}/s", in_unit(rate, byte_unit(rate)))
}

/// Items a second: `1,024/s`, `0.42/s`.
pub fn item_rate(rate: f64) -> String {
    format!("{}/s", item_number(rate))
}

/// Files a second: `10 files/s`.
pub fn file_rate(rate: f64) -> String {
    format!("{} files/s", item_number(rate))
}

/// The number of [`item_rate`].
pub fn item_number(rate: f64) -> String {
    if rate.abs() >= 10.0 { short_count(rate.round() as i64) } else { format!("{rate:.*}", three_digits(rate)) }
}

/// A round byte rate on an axis, in the unit of that index: `8 GiB/s`, `7.5 GiB/s`; `0` without a unit.
pub fn round_bytes(rate: f64, unit: usize) -> String {
    let number = round_number(rate / UNIT.powi(unit as i32));
    if number == "0" { number } else { format!("{number} {}/s", BYTE_UNITS[unit]) }
}

/// A round item rate on an axis: `1,200/s`, `0.15/s`, `2.5M/s`; `0` without a unit.
pub fn round_items(rate: f64) -> String {
    let (divisor, letter) = match rate {
        r if r < 1e5 => (1.0, ""),
        r if r < 1e6 => (1e3, "k"),
        r if r < 1e9 => (1e6, "M"),
        r if r < 1e12 => (1e9, "B"),
        _ => (1e12, "T"),
    };
    let number = round_number(rate / divisor);
    if number == "0" { number } else { format!("{number}{letter}/s") }
}

/// A number with two decimals at most, and no zeros behind them.
fn round_number(number: f64) -> String {
    let text = format!("{number:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    match text.split_once('.') {
        Some((whole, decimals)) => format!("{}.{decimals}", whole.parse().map_or(whole.to_owned(), count)),
        None => text.parse().map_or(text.to_owned(), count),
    }
}

/// What stands before a total that may still grow.
pub fn at_least(grows: bool) -> &'static str {
    if grows { "≥ " } else { "" }
}

/// A fraction as a percentage: never `100%` before all of it is done, never `0.0%` once something is.
pub fn percent(fraction: f64) -> String {
    let tenths = (fraction * 1000.0).round();
    let tenths = match fraction {
        f if f <= 0.0 => 0.0,
        f if f >= 1.0 => 1000.0,
        _ => tenths.clamp(1.0, 999.0),
    };
    if tenths >= 1000.0 { "100%".into() } else { format!("{:.1}%", tenths / 10.0) }
}

/// The same, to the hundredth below a tenth: `0.06%`, `under 0.01%`.
pub fn fine_percent(fraction: f64) -> String {
    if fraction <= 0.0 || fraction >= 0.0009995 {
        return percent(fraction);
    }
    if fraction < 0.0001 { "under 0.01%".into() } else { format!("{:.2}%", fraction * 100.0) }
}

/// The same without decimals: never `100%` early, never `0%` once there is something.
pub fn whole_percent(fraction: f64) -> String {
    let percent = match fraction {
        f if f <= 0.0 => 0.0,
        f if f >= 1.0 => 100.0,
        f => (f * 100.0).round().clamp(1.0, 99.0),
    };
    format!("{percent}%")
}

/// A time span in its two largest units: `3h 12m`, `1m 41s`, `12s`, `5d 3h`.
pub fn duration(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    let (days, hours, minutes, rest) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{rest}s"),
        (0, 0, _) => two(minutes, "m", rest, "s"),
        (0, _, _) => two(hours, "h", minutes, "m"),
        _ => two(days, "d", hours, "h"),
    }
}

fn two(large: i64, large_unit: &str, small: i64, small_unit: &str) -> String {
    if small == 0 { format!("{large}{large_unit}") } else { format!("{large}{large_unit} {small}{small_unit}") }
}

/// [`duration`] of milliseconds as the service reports them, with tenths below ten seconds.
pub fn milliseconds(milliseconds: i64) -> String {
    if (0..10_000).contains(&milliseconds) {
        format!("{:.1}s", milliseconds as f64 / 1e3)
    } else {
        duration(SignedDuration::from_millis(milliseconds))
    }
}

/// A time span that lies ahead, no finer than it can be known: whole minutes from ten minutes on.
pub fn ahead(span: SignedDuration) -> String {
    let seconds = span.as_secs().max(0);
    let grain = match seconds {
        0..600 => 10,
        600..86_400 => 60,
        _ => 3600,
    };
    duration(SignedDuration::from_secs((seconds + grain / 2) / grain * grain))
}

/// A time span that was measured, with tenths below ten seconds.
pub fn span(span: SignedDuration) -> String {
    milliseconds(i64::try_from(span.as_millis()).unwrap_or(i64::MAX))
}

/// An interval as it was asked for: `5s`, `500ms`, `1m`.
pub fn interval(interval: Duration) -> String {
    let milliseconds = interval.as_millis();
    if milliseconds < 10_000 && !milliseconds.is_multiple_of(1000) {
        if milliseconds < 1000 { format!("{milliseconds}ms") } else { format!("{:.1}s", milliseconds as f64 / 1e3) }
    } else {
        duration(SignedDuration::from_secs((milliseconds as f64 / 1e3).round() as i64))
    }
}

/// A time of day: `19:10:02`; with the day where it is not `now`'s.
pub fn moment(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, now) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    format!("{}{}", day(&at, &now), at.strftime("%H:%M:%S"))
}

/// A time of day to the minute: `21:40`; with the day where it is not `now`'s.
pub fn minute(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, now) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    format!("{}{}", day(&at, &now), at.strftime("%H:%M"))
}

/// Date, time and offset in full: `2026-11-22 16:00:05 +01:00`, `2026-11-22 15:00:05 UTC`.
pub fn date_and_time(at: Timestamp, zone: &TimeZone) -> String {
    let at = at.to_zoned(zone.clone());
    let at = at.round(Unit::Second).unwrap_or(at);
    let format = if at.offset().is_zero() { "%Y-%m-%d %H:%M:%S UTC" } else { "%Y-%m-%d %H:%M:%S %:z" };
    at.strftime(format).to_string()
}

/// The moment at which something is said, and the zone of its times of day.
#[derive(Clone, Copy, Debug)]
pub struct LocalTime<'a> {
    /// The moment.
    pub now: Timestamp,
    /// The zone in which times of day are said.
    pub zone: &'a TimeZone,
}

impl LocalTime<'_> {
    /// A time of day, with its day where that is not today.
    pub fn moment(&self, at: Timestamp) -> String {
        moment(at, self.now, self.zone)
    }

    /// A time of day to the minute, with its day where that is not today.
    pub fn minute(&self, at: Timestamp) -> String {
        minute(at, self.now, self.zone)
    }

    /// A time of day with the day before it where `days` are told apart.
    pub fn of_day(&self, at: Timestamp, days: bool) -> String {
        let format = if days { "%-d %b %H:%M:%S" } else { "%H:%M:%S" };
        at.to_zoned(self.zone.clone()).strftime(format).to_string()
    }

    /// Whether two moments fall on different days.
    pub fn spans_days(&self, from: Timestamp, to: Timestamp) -> bool {
        from.to_zoned(self.zone.clone()).date() != to.to_zoned(self.zone.clone()).date()
    }

    /// How the zone is called at a moment: `UTC`, `CET`, `+01`.
    pub fn zone_name(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%Z").to_string()
    }

    /// How long ago: `2s`, `3h 12m`.
    pub fn since(&self, at: Timestamp) -> String {
        duration(self.now.duration_since(at))
    }
}

/// The day before a time of day, if it needs one: nothing today, else `21 Nov `, else `2025-11-21 `.
fn day(at: &Zoned, now: &Zoned) -> String {
    if at.date() == now.date() {
        String::new()
    } else if at.year() == now.year() {
        at.strftime("%-d %b ").to_string()
    } else {
        at.strftime("%Y-%m-%d ").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_three_digits() {
        for (given, shown) in [
            (0, "0 B"),
            (30, "30 B"),
            (999, "999 B"),
            (1000, "0.98 KiB"),
            (1024, "1.00 KiB"),
            (204_188_279, "195 MiB"),
            (1_615_634_895, "1.50 GiB"),
            (27_157_951_464_243, "24.7 TiB"),
            (i64::MAX, "8.00 EiB"),
            (i64::MIN, "-8.00 EiB"),
            (-30, "-30 B"),
        ] {
            assert_eq!(bytes(given), shown);
        }
        assert_eq!(byte_rate(2.31 * 1024f64.powi(3)), "2.31 GiB/s");
        assert_eq!(byte_rate(0.4), "0 B/s");
    }

    #[test]
    fn counts_are_separated_or_short() {
        for (given, long, short) in [
            (0, "0", "0"),
            (999, "999", "999"),
            (84_213, "84,213", "84,213"),
            (100_000, "100,000", "100k"),
            (999_700, "999,700", "1.00M"),
            (21_504_332, "21,504,332", "21.5M"),
            (-1_234, "-1,234", "-1,234"),
            (i64::MAX, "9,223,372,036,854,775,807", "9,223,372T"),
            (i64::MIN, "-9,223,372,036,854,775,808", "-9,223,372T"),
        ] {
            assert_eq!(count(given), long);
            assert_eq!(short_count(given), short);
        }
    }

    #[test]
    fn a_small_percentage_has_hundredths() {
        for (fraction, shown) in [
            (0.0006, "0.06%"),
            (1e-9, "under 0.01%"),
            (0.0001, "0.01%"),
            (0.0, "0.0%"),
            (0.00099, "0.10%"),
            (0.0042, "0.4%"),
        ] {
            assert_eq!(fine_percent(fraction), shown, "{fraction}");
        }
    }

    #[test]
    fn a_percentage_does_not_round_to_an_end_it_has_not_reached() {
        for (fraction, shown) in [
            (0.0, "0.0%"),
            (1e-9, "0.1%"),
            (0.618, "61.8%"),
            (0.99999, "99.9%"),
            (1.0, "100%"),
            (-1.0, "0.0%"),
            (7.0, "100%"),
        ] {
            assert_eq!(percent(fraction), shown);
        }
    }

    #[test]
    fn durations_have_two_units() {
        for (seconds, shown) in [
            (-5, "0s"),
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (101, "1m 41s"),
            (11_520, "3h 12m"),
            (11_579, "3h 12m"),
            (86_400, "1d"),
            (442_800, "5d 3h"),
        ] {
            assert_eq!(duration(SignedDuration::from_secs(seconds)), shown);
        }
        assert_eq!(milliseconds(3310), "3.3s");
        assert_eq!(milliseconds(91_639), "1m 31s");
        assert_eq!(milliseconds(i64::MAX).split(' ').count(), 2);
        assert_eq!(milliseconds(i64::MIN), "0s");
    }

    #[test]
    fn what_lies_ahead_is_not_told_to_the_second() {
        for (seconds, shown) in [
            (-3, "0s"),
            (7, "10s"),
            (94, "1m 30s"),
            (599, "10m"),
            (1322, "22m"),
            (3599, "1h"),
            (14_220, "3h 57m"),
            (86_399, "1d"),
            (100_000, "1d 4h"),
        ] {
            assert_eq!(ahead(SignedDuration::from_secs(seconds)), shown, "{seconds}");
        }
    }

    #[test]
    fn intervals_read_as_they_were_asked_for() {
        for (milliseconds, shown) in [(500, "500ms"), (1500, "1.5s"), (5000, "5s"), (60_000, "1m"), (12_345, "12s")] {
            assert_eq!(interval(Duration::from_millis(milliseconds)), shown);
        }
    }

    #[test]
    fn a_moment_names_its_day_where_it_is_not_today() {
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        let now: Timestamp = "2026-11-22T20:00:00Z".parse().unwrap();
        for (at, shown) in [
            ("2026-11-22T18:10:02Z", "19:10:02"),
            ("2026-11-21T23:10:02Z", "00:10:02"),
            ("2026-11-21T18:10:02Z", "21 Nov 19:10:02"),
            ("2025-11-21T18:10:02Z", "2025-11-21 19:10:02"),
        ] {
            assert_eq!(moment(at.parse().unwrap(), now, &zone), shown);
        }
        assert_eq!(date_and_time(now, &zone), "2026-11-22 21:00:00 +01:00");
    }

    proptest::proptest! {
        #[test]
        fn a_byte_count_is_at_most_eight_wide(n in proptest::num::i64::ANY) {
            proptest::prop_assert!(bytes(n.saturating_abs()).len() <= 8, "{}", bytes(n.saturating_abs()));
        }

        #[test]
        fn the_number_alone_is_the_number_beside_the_unit(n in proptest::num::i64::ANY) {
            let unit = byte_unit(n as f64);
            proptest::prop_assert_eq!(format!("{} {}", bytes_number(n as f64, unit), BYTE_UNITS[unit]), bytes(n));
        }
    }
}
