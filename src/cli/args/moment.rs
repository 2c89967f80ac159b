//! A moment as a person names it on the command line: a time of day, a date and time, or so long ago.

use jiff::{
    SignedDuration, Timestamp,
    civil::{DateTime, Time},
    tz::TimeZone,
};

/// A moment that is not yet pinned to a recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Moment {
    /// A time of day: the newest one that the recording holds.
    Clock(Time),
    /// A date and a time of day, in the zone of the screen.
    Date(DateTime),
    /// With its own offset.
    Exact(Timestamp),
    /// So long before now.
    Ago(SignedDuration),
}

impl Moment {
    /// Reads `02:14`, `2026-11-22 02:14`, `2026-11-22T02:14:00Z` or `3h ago`.
    ///
    /// # Errors
    /// It is none of these.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(ago) = text.strip_suffix("ago") {
            let ago = super::time(ago.trim()).map_err(|why| format!("{why}, then ago"))?;
            return Ok(Self::Ago(ago));
        }
        let exact = || text.parse().ok().map(Self::Exact);
        let clock =
            || Time::strptime("%H:%M:%S", text).or_else(|_| Time::strptime("%H:%M", text)).ok().map(Self::Clock);
        let date = || text.parse().ok().map(Self::Date);
        let moment = exact().or_else(clock).or_else(date);
        moment.ok_or_else(|| "not a time: use 02:14, 2026-11-22T02:14 or '3h ago'".into())
    }

    /// The moment, in a recording that begins and ends at these.
    ///
    /// # Errors
    /// It lies outside the recording, in a sentence.
    pub fn within(
        self,
        begin: Timestamp,
        end: Timestamp,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Result<Timestamp, String> {
        let at = match self {
            Self::Exact(at) => Some(at),
            Self::Ago(span) => now.checked_sub(span).ok(),
            Self::Date(date) => zone.to_timestamp(date).ok(),
            Self::Clock(time) => {
                let last = end.to_zoned(zone.clone()).date();
                let days = [Some(last), last.yesterday().ok()].into_iter().flatten();
                let on = |day: jiff::civil::Date| zone.to_timestamp(day.to_datetime(time)).ok();
                days.filter_map(on).find(|at| *at <= end)
            }
        };
        let shown = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string();
        match at {
            Some(at) if at >= begin && at <= end => Ok(at),
            _ => {
                Err(format!("that moment is not in the recording, which goes from {} to {}", shown(begin), shown(end)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_moment_is_named_in_several_ways() {
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        let (begin, end) = (at("2026-11-20T16:00:00Z"), at("2026-11-22T08:30:00Z"));
        let now = at("2026-11-22T09:00:00Z");
        for (text, found) in [
            ("02:14", "2026-11-22T01:14:00Z"),
            ("02:14:30", "2026-11-22T01:14:30Z"),
            // at 10:00 on the last day it was over
            ("10:00", "2026-11-21T09:00:00Z"),
            ("3h ago", "2026-11-22T06:00:00Z"),
            (" 90m  ago ", "2026-11-22T07:30:00Z"),
            ("2026-11-21T02:14", "2026-11-21T01:14:00Z"),
            ("2026-11-21 02:14:05", "2026-11-21T01:14:05Z"),
            ("2026-11-21T02:14:05Z", "2026-11-21T02:14:05Z"),
        ] {
            let moment = Moment::parse(text).unwrap();
            assert_eq!(moment.within(begin, end, now, &zone), Ok(at(found)), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_or_not_in_the_recording_is_refused() {
        for text in ["", "soon", "25:00", "3h", "ago", "parsecs ago", "2026-11-31"] {
            assert!(Moment::parse(text).is_err(), "{text}");
        }
        let (begin, end) = (at("2026-11-22T08:00:00Z"), at("2026-11-22T08:30:00Z"));
        for text in ["02:14", "1m ago", "2h ago", "2026-11-22T08:30:01Z"] {
            let found = Moment::parse(text).unwrap().within(begin, end, at("2026-11-22T09:00:00Z"), &TimeZone::UTC);
            let why = "that moment is not in the recording, which goes from 2026-11-22 08:00:00 to 2026-11-22 08:30:00";
            assert_eq!(found, Err(why.to_owned()), "{text}");
        }
    }
}
