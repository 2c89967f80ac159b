//! When responses were given that do not say it: by the times in them, and an interval apart where they have none.

use std::time::Duration;

use aws_smithy_types::date_time::{DateTime, Format};
use jiff::{SignedDuration, Timestamp};

use super::entry::{Entry, Kind};
use crate::aws::{line::Next, response::Response, snapshot::Time};

/// No execution began before this, the year in which DataSync did, in seconds since 1970.
const EARLIEST: i64 = 1_514_764_800;

/// What is known of the time beside what responses say of it.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// How far apart responses are taken to be that do not tell.
    pub interval: Duration,
    /// The moment of reading: nothing was saved later.
    pub now: Timestamp,
    /// When the file was last written to, where it is one.
    pub saved_at: Option<Timestamp>,
}

/// What a response by itself says of when it was given.
#[derive(Clone, Copy, Debug)]
pub struct Dated {
    /// Its place among the entries.
    entry: usize,
    is_over: bool,
    told: Option<Timestamp>,
    began: Option<Timestamp>,
    ran: Option<SignedDuration>,
}

impl Dated {
    /// What the response of an entry says.
    pub fn new(entry: usize, response: &Response, now: Timestamp) -> Self {
        let snapshot = response.snapshot();
        let is_over = snapshot.is_over();
        let real = |time: Option<Time>| time.map(|Time(at)| at).filter(|at| at.as_second() >= EARLIEST);
        let ran = snapshot.result.as_ref().and_then(|result| result.total_duration).filter(|total| total.0 > 0);
        let ran = ran.map(|ran| SignedDuration::from_millis(ran.0));
        let began = real(snapshot.launch_time).or(real(snapshot.start_time)).filter(|began| *began <= now);
        let by_now = began.zip(ran).and_then(|(began, ran)| began.checked_add(ran).ok());
        let told = if is_over {
            real(snapshot.end_time).or(by_now).or_else(|| header_date(response))
        } else {
            header_date(response).or(by_now)
        };
        let began = real(snapshot.start_time).or(began).filter(|began| *began <= now);
        Self { entry, is_over, told: told.map(|told| told.min(now)), began, ran }
    }
}

/// The `date` header of the response, as boto3 keeps it.
fn header_date(response: &Response) -> Option<Timestamp> {
    let metadata = response.snapshot().others.get("ResponseMetadata")?;
    let date = metadata.get("HTTPHeaders")?.get("date")?.as_str()?;
    Timestamp::from_second(DateTime::from_str(date, Format::HttpDate).ok()?.secs()).ok()
}

/// Gives times to all entries whose responses do not say theirs; `dated` has one for each, in their order.
pub fn set(entries: &mut [Entry], dated: &[Dated], times: &Times) {
    let names = entries.iter().map(|entry| entry.name as usize + 1).max().unwrap_or_default();
    let mut all: Vec<Vec<Dated>> = vec![Vec::new(); names];
    let mut bare = dated.iter().peekable();
    for (place, entry) in entries.iter().enumerate() {
        // a line of a recording among them says its own
        let line = Dated { entry: place, is_over: false, told: Some(entry.at), began: None, ran: None };
        all[entry.name as usize].push(bare.next_if(|dated| dated.entry == place).copied().unwrap_or(line));
    }
    for one in all.iter().filter(|one| !one.is_empty()) {
        let moments = moments(one, times);
        let between = moments.windows(2).filter_map(|pair| Duration::try_from(pair[1].duration_since(pair[0])).ok());
        let apart = between.filter(|apart| !apart.is_zero()).min().unwrap_or(times.interval);
        for (dated, at) in one.iter().zip(moments) {
            let entry = &mut entries[dated.entry];
            if entry.kind == Kind::Bare {
                (entry.at, entry.next) = (at, Next::Said(Some(apart).filter(|_| !dated.is_over)));
            }
        }
    }
}

/// The moments of responses of one execution in their order, none of them before the one before it.
///
/// What tells no time is as long after the one before it as the service's own clock says, or an interval. What comes
/// before all that do begins at the start of the execution; where none tells, the last one was just saved.
fn moments(all: &[Dated], times: &Times) -> Vec<Timestamp> {
    let interval = SignedDuration::try_from(times.interval).unwrap_or_default();
    let step = |place: usize| match (all[place - 1].ran, all[place].ran) {
        (Some(before), Some(now)) => now.saturating_sub(before).max(SignedDuration::ZERO),
        _ => interval,
    };
    let began = all.iter().find_map(|dated| dated.began);
    let first_told = all.iter().position(|dated| dated.told.is_some());
    // how long the ones before the anchor were before it
    let anchor = first_told.unwrap_or(all.len() - 1);
    let ahead = (1..=anchor).map(step).fold(SignedDuration::ZERO, SignedDuration::saturating_add);
    let anchored = all[anchor].told.unwrap_or_else(|| {
        let saved = times.saved_at.unwrap_or(times.now).min(times.now);
        // a copy may be older than what is in it
        if began.is_some_and(|began| saved < began) || saved.as_second() < EARLIEST { times.now } else { saved }
    });
    let counted_back = anchored.checked_sub(ahead).unwrap_or(Timestamp::MIN);
    let mut at = match began {
        Some(began) if first_told.is_some() && anchor > 0 => began.min(anchored),
        Some(began) => counted_back.max(began).min(anchored),
        None => counted_back,
    };
    let mut moments = Vec::with_capacity(all.len());
    for (place, dated) in all.iter().enumerate() {
        if place > 0 {
            at = at.checked_add(step(place)).unwrap_or(at).min(times.now.max(at));
        }
        if place <= anchor {
            at = at.min(anchored);
        }
        if let Some(told) = dated.told {
            let before = moments.last().copied();
            at = before.map_or(told, |before: Timestamp| before.max(told));
        }
        moments.push(at);
    }
    moments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn seconds(answers: &[&str]) -> Vec<i64> {
        let times = Times { interval: Duration::from_secs(5), now: at(100_000), saved_at: Some(at(90_000)) };
        let response = |members: &&str| Response::parse(&format!("{{{members}}}")).unwrap();
        let all: Vec<Dated> = answers
            .iter()
            .enumerate()
            .map(|(place, members)| Dated::new(place, &response(members), times.now))
            .collect();
        moments(&all, &times).iter().map(|moment| moment.duration_since(at(0)).as_secs()).collect()
    }

    const QUEUED: &str = r#""Status":"QUEUED","StartTime":1800000000"#;
    const ENDED: &str = r#""Status":"SUCCESS","StartTime":1800000000,"EndTime":1800000300"#;
    const RUNS: &str = r#""Status":"TRANSFERRING""#;

    fn ran(seconds: i64, start: &str) -> String {
        format!(r#"{start}"Status":"TRANSFERRING","Result":{{"TotalDuration":{}}}"#, seconds * 1000)
    }

    #[test]
    fn a_response_is_of_the_moment_that_it_tells() {
        let start = r#""StartTime":1799999990,"LaunchTime":1800000000,"#;
        assert_eq!(seconds(&[&ran(60, start), &ran(75, start)]), [60, 75]);
        assert_eq!(seconds(&[ENDED]), [300]);
        let header = r#""ResponseMetadata":{"HTTPHeaders":{"date":"Fri, 15 Jan 2027 08:00:07 GMT"}},"#;
        assert_eq!(seconds(&[&ran(60, &format!("{header}{start}"))]), [7]);
        assert_eq!(seconds(&[r#""Status":"SUCCESS","EndTime":1900000000"#]), [100_000], "not in the future");
    }

    #[test]
    fn what_tells_no_time_is_an_interval_from_its_neighbour() {
        assert_eq!(seconds(&[QUEUED, QUEUED, RUNS, ENDED]), [0, 5, 10, 300]);
        assert_eq!(seconds(&[ENDED, RUNS, RUNS]), [300, 305, 310], "after what does");
        assert_eq!(seconds(&[RUNS, RUNS, r#""Status":"SUCCESS","EndTime":1800000300"#]), [290, 295, 300], "before");
        let start = r#""StartTime":1800000000,"#;
        let hasty = [QUEUED, QUEUED, QUEUED, &ran(6, start)];
        assert_eq!(seconds(&hasty), [0, 5, 6, 6], "and never after it");
        assert_eq!(seconds(&[&ran(60, start), QUEUED, &ran(62, start)]), [60, 65, 65]);
    }

    #[test]
    fn where_none_tells_the_last_was_just_saved() {
        assert_eq!(seconds(&[RUNS]), [90_000]);
        assert_eq!(seconds(&[QUEUED]), [90_000]);
        assert_eq!(seconds(&[RUNS, RUNS, RUNS]), [89_990, 89_995, 90_000]);
        assert_eq!(seconds(&[&ran(15, ""), &ran(30, ""), &ran(90, "")]), [89_925, 89_940, 90_000]);
        let copied = r#""Status":"QUEUED","StartTime":1800095000"#;
        assert_eq!(seconds(&[copied]), [100_000], "the file is older than what is in it");
    }

    #[test]
    fn no_time_is_too_odd() {
        for start in ["0", "-62135596800", "253402207200", "1e300", "\"-009999-01-02T00:00:00Z\""] {
            for total in ["9223372036854775807", "-1", "1"] {
                let odd = format!(
                    r#""Status":"ERROR","StartTime":{start},"EndTime":{start},"Result":{{"TotalDuration":{total}}}"#
                );
                assert!(seconds(&[&odd, &odd]).iter().all(|second| (89_000..=100_000).contains(second)), "{odd}");
            }
        }
    }
}
