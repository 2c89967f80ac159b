//! Options that several commands have, each defined once.

pub mod moment;

use std::time::Duration;

use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use jiff::SignedDuration;

/// How many failed items are accepted.
#[derive(Args, Clone, Copy, Debug)]
pub struct FailureArgs {
    /// Treat SUCCESS with up to N failed items as success
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true, value_parser = items)]
    pub max_failed: i64,
}

/// What a command prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Lines for a person.
    Text,
    /// A report.
    Markdown,
    /// The state of each transfer, one object per line.
    Json,
    /// The state at each change, one object per line.
    Ndjson,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Markdown => "markdown",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
        }
    }

    /// Reads `--output` of a command that has these formats.
    pub fn one_of(formats: &'static [Self]) -> impl TypedValueParser<Value = Self> {
        let named = |name: String| formats.iter().copied().find(|format| format.name() == name).ok_or("unknown format");
        PossibleValuesParser::new(formats.iter().map(|format| format.name())).try_map(named)
    }
}

/// Reads a polling interval: from 100 ms to a day.
pub fn interval(text: &str) -> Result<Duration, String> {
    let interval = duration(text)?;
    if interval < SignedDuration::from_millis(100) {
        return Err("shorter than the minimum of 100ms".into());
    }
    if interval > SignedDuration::from_hours(24) {
        return Err("longer than the maximum of 24h".into());
    }
    Duration::try_from(interval).map_err(|error| error.to_string())
}

/// Reads a time to wait, longer than 0.
pub fn time(text: &str) -> Result<SignedDuration, String> {
    duration(text).and_then(|time| if time.is_positive() { Ok(time) } else { Err("must be longer than 0s".into()) })
}

/// Reads a speed within these limits.
pub fn speed(least: f64, most: f64) -> impl Fn(&str) -> Result<f64, String> + Clone + Send + Sync + 'static {
    move |text| match text.parse::<f64>() {
        Ok(speed) if (least..=most).contains(&speed) => Ok(speed),
        _ => Err(format!("not a speed: use a number from {least} to {most}")),
    }
}

fn duration(text: &str) -> Result<SignedDuration, String> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let duration = if is_number { format!("{text}s").parse() } else { text.parse() };
    duration.map_err(|_| "not a duration: use 5s, 500ms or 1m (a bare number means seconds)".into())
}

fn items(text: &str) -> Result<i64, String> {
    text.parse().ok().filter(|items| *items >= 0).ok_or_else(|| "not a number of items: use 0 or more".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_number_is_seconds() {
        for (text, millis) in [
            ("5", 5000),
            ("0.5", 500),
            ("5s", 5000),
            ("500ms", 500),
            ("100ms", 100),
            ("1m", 60_000),
            ("1m 30s", 90_000),
            ("PT2M", 120_000),
            ("24h", 86_400_000),
        ] {
            assert_eq!(interval(text).map(|interval| interval.as_millis()), Ok(millis), "{text}");
        }
        assert_eq!(time("90"), Ok(SignedDuration::from_secs(90)));
    }

    #[test]
    fn what_is_no_time_is_told_from_what_is_too_short_or_too_long() {
        for text in ["", ".", "soon", "5 parsecs", "1.2.3", "5m5"] {
            assert!(interval(text).unwrap_err().starts_with("not a duration: "), "{text}");
        }
        for text in ["0", "99ms", "-5s"] {
            assert_eq!(interval(text).unwrap_err(), "shorter than the minimum of 100ms", "{text}");
        }
        assert_eq!(interval("25h").unwrap_err(), "longer than the maximum of 24h");
        assert_eq!(time("0").unwrap_err(), "must be longer than 0s");
    }

    #[test]
    fn items_and_speeds_have_limits() {
        assert_eq!((items("0"), items("12")), (Ok(0), Ok(12)));
        for text in ["-1", "many", "1.5", "99999999999999999999"] {
            assert_eq!(items(text).unwrap_err(), "not a number of items: use 0 or more", "{text}");
        }
        let speed = speed(0.01, 100_000.0);
        assert_eq!((speed("0.01"), speed("1e5")), (Ok(0.01), Ok(1e5)));
        for text in ["0", "100001", "NaN", "inf", "fast"] {
            assert_eq!(speed(text).unwrap_err(), "not a speed: use a number from 0.01 to 100000", "{text}");
        }
    }
}
