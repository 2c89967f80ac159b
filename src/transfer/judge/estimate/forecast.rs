//! When the rest will be done, from all that is known at a moment, and how unsure that is.

use super::{
    byte_share::CostModel,
    history::History,
    opinions::{Past, Rest},
    reading::Bound,
    remaining::{Growth, Left},
};

/// How long it takes to believe in another end, as a share of the rest, and how much sooner one is believed that
/// is as far off as the end is unsure.
const PATIENCE: f64 = 0.01;
const HASTE: f64 = 20.0;

/// For how much of its time so far a growing list goes on to grow: in one case of ten less than the first, in half of
/// the cases less than the second, in nine of ten less than the third. What has been going on for a while goes on for
/// about as long.
const GROWS_ON: [f64; 3] = [0.1, 0.6, 4.0];

/// How unsure the time is in which it will have stopped.
const STOPS_UNSURE: f64 = 0.5;

/// How far from the median 10 and 90 % of a normal distribution lie, in standard deviations.
const DECILE: f64 = 1.2816;

/// When the rest is done.
#[derive(Clone, Copy, Debug)]
pub struct Forecast {
    /// When it was made and when it ends, in seconds.
    pub made: f64,
    pub end: f64,
    /// The logarithms of how much shorter and longer the rest may be, above 0.
    pub shorter: f64,
    pub longer: f64,
    pub by: Bound,
}

/// All that a forecast is made from.
pub struct Known<'a> {
    pub history: &'a History,
    /// What is left of what is listed, which is something.
    pub left: Left,
    /// How the list grows; `None` where it does not.
    pub growth: Option<&'a Growth>,
    /// In bytes a second, above 0.
    pub limit: Option<i64>,
    /// When that last changed, in running seconds.
    pub limited_at: f64,
    /// Bytes and files a second of earlier runs of the same task; `None` where none is known.
    pub earlier: Option<(f64, f64)>,
    /// The usual step in seconds.
    pub step: f64,
    /// For how many seconds it has run, also before it was watched.
    pub elapsed: f64,
}

impl Forecast {
    /// The one after this one, which moves towards a fresh one. `step` is in seconds.
    pub fn towards(self, fresh: Self, step: f64) -> Self {
        let passed = fresh.made - self.made;
        let rest = (fresh.end - fresh.made).max(1.0);
        // the end of a week moves by hours, that of a minute by seconds
        let patience = (PATIENCE * rest).max(1.5 * step);
        let off = (fresh.end - self.end).abs() / rest;
        let usual = (fresh.shorter + fresh.longer) / 2.0 / DECILE;
        let haste = 1.0 + HASTE * (off / usual.max(0.02)).powi(2);
        let towards = 1.0 - (-passed.max(0.0) * haste / patience).exp();
        Self { end: self.end + (fresh.end - self.end) * towards, ..fresh }
    }
}

impl Known<'_> {
    /// The forecast made at `now`, where the counters last changed at `changed`, in seconds. `None` where nothing
    /// moved so far.
    pub fn forecast(&self, changed: f64, now: f64) -> Option<Forecast> {
        let left = self.foreseen(GROWS_ON[1]);
        let work = CostModel::of(self.history, &left, self.step)?;
        let run = self.history.last()?.run;
        let past = Past {
            history: self.history,
            work: &work,
            since: self.since()?,
            now: run,
            step: self.step.max(1.0),
            elapsed: self.elapsed,
            earlier: self.earlier,
        };
        let rest = Rest::of(&past, &left)?;
        let stops = self.history.stops(run);
        let lists = GROWS_ON.map(|share| self.seconds(share, rest.likely.exp(), &work, &left));
        let end = changed + lists[1] * (1.0 + stops);
        let unsure = |parts: [f64; 3]| parts.iter().map(|part| part * part).sum::<f64>().sqrt();
        end.is_finite().then(|| Forecast {
            made: now,
            end,
            shorter: unsure([rest.shorter, work.shorter, (lists[1] / lists[0]).ln().max(0.0)]),
            longer: unsure([rest.longer, work.longer, (lists[2] / lists[1]).ln().max(0.0)])
                + DECILE * STOPS_UNSURE * stops,
            by: work.bound(&left),
        })
    }

    /// From which running second on the past counts: nothing before a new limit, if there is enough behind it.
    fn since(&self) -> Option<f64> {
        let (first, last) = (self.history.first()?.run, self.history.last()?.run);
        Some(if last - self.limited_at >= 2.0 * self.step.max(1.0) { self.limited_at.max(first) } else { first })
    }

    /// What will be left where the list grows for this share of its time so far.
    fn foreseen(&self, share: f64) -> Left {
        self.growth.map_or(self.left, |growth| growth.foreseen(self.left, share * self.elapsed))
    }

    /// Seconds of the rest, above 0, where the list grows for this share of its time so far, and `likely` ones are
    /// how long `foreseen` takes: not before the list ends, and not faster than the limit.
    fn seconds(&self, share: f64, likely: f64, work: &CostModel, foreseen: &Left) -> f64 {
        let left = self.foreseen(share);
        let listing = if self.growth.is_some() { share * self.elapsed } else { 0.0 };
        let limited = self.limit.zip(left.bytes).map_or(0.0, |(limit, bytes)| bytes / limit as f64);
        let part = work.left(&left) / work.left(foreseen);
        (likely * part).max(listing).max(limited).max(1.0)
    }
}
