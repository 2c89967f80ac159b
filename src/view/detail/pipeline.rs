//! The steps of the Enhanced pipeline, and Basic mode's phases one after the other.

use crate::{
    aws::snapshot::Mode,
    say::{blocks::sparkline_of, units, words},
    transfer::{
        judge::outcome::Outcome,
        past::pipeline::{Lane, Step},
        past::step_rates::Trend,
        present::progress,
        severity::Severity,
    },
    view::{
        Row, Scene,
        text::{span, width},
        theme::{self, BOLD, DIM, DONE, PLAIN},
    },
};

use super::{basic, gauges::bar};

/// The steps as rows; none while there is nothing to tell.
pub fn rows(scene: &Scene) -> Vec<Row> {
    let Some(snapshot) = scene.readout.snapshot else { return Vec::new() };
    if snapshot.mode() == Mode::Basic { basic::rows(scene) } else { enhanced(scene) }
}

/// The failures of all steps on one row, for a screen too small for the lanes.
pub fn failures(scene: &Scene) -> Option<Row> {
    let failed = |(step, count)| format!("{} {}", units::short_count(count), words::step_verb(step));
    let failed: Vec<String> = scene.readout.failed_steps().map(failed).collect();
    let symbol = span(format!("{} ", theme::symbol(Severity::Warning)), theme::style(Severity::Warning));
    (!failed.is_empty()).then(|| vec![symbol, span(format!("Failed {}", failed.join(" · ")), BOLD)])
}

fn enhanced(scene: &Scene) -> Vec<Row> {
    let lanes: Vec<&Lane> = scene.readout.lanes.iter().filter(|lane| lane.is_told()).collect();
    if lanes.iter().all(|lane| lane.files.unwrap_or(0) == 0 && lane.folders.unwrap_or(0) == 0) {
        return Vec::new();
    }
    let trends: Vec<Option<Trend>> = lanes.iter().map(|lane| scene.readout.failure_trend(lane.step, TREND)).collect();
    // one scale for all: a tall block of one step is as many failures as that of another
    let most = trends.iter().flatten().flat_map(|trend| trend.parts.iter().copied()).max().unwrap_or(0);
    let cells = lanes.iter().zip(&trends).map(|(lane, trend)| Cells::of(scene, lane, trend.as_ref(), most));
    let cells: Vec<Cells> = cells.collect();
    let columns = Columns::fit(scene.width, &cells);
    let scale = to_transfer(scene, &lanes);
    let mut rows = vec![columns.header()];
    for (lane, cells) in lanes.iter().zip(&cells) {
        let scale = match lane.step {
            Step::Deleted => estimated_deletes(scene).or(lane.files),
            Step::Skipped | Step::ListedForDelete => None,
            _ => Some(scale),
        };
        rows.push(columns.row(lane, cells, scale));
    }
    rows
}

/// The files that the bars are measured against: those to transfer; after a success, those that were.
fn to_transfer(scene: &Scene, lanes: &[&Lane]) -> i64 {
    let transferred = lanes.iter().find(|lane| lane.step == Step::Transferred).and_then(|lane| lane.files);
    let scale = match scene.readout.outcome {
        Some(Outcome::Success) => transferred,
        _ => scene.readout.files.total,
    };
    let flow = [Step::Prepared, Step::Transferred, Step::Verified];
    let most = || lanes.iter().filter(|lane| flow.contains(&lane.step)).filter_map(|lane| lane.files).max();
    scale.or_else(most).unwrap_or(0)
}

fn estimated_deletes(scene: &Scene) -> Option<i64> {
    progress::deletes(scene.readout.snapshot?).total
}

/// The texts of one lane.
struct Cells {
    files: String,
    rate: String,
    folders: String,
    files_failed: String,
    folders_failed: String,
    /// Both in one: `12 + 3 folders`.
    failed: String,
    /// Their sum, where there is room for no more.
    failed_sum: String,
    /// Whether failures are reported here at all.
    can_fail: bool,
    /// New failures over the time watched; empty where there are none.
    trend: String,
    per_hour: String,
}

/// Cells of the failures' trend.
const TREND: usize = 8;

impl Cells {
    fn of(scene: &Scene, lane: &Lane, trend: Option<&Trend>, most: i64) -> Self {
        let text = |count: Option<i64>| count.map(units::count).unwrap_or_default();
        let fails = lane.step.can_fail();
        let (files, folders) = (lane.files_failed.filter(|_| fails), lane.folders_failed.filter(|_| fails));
        let failed = match (files, folders) {
            (files, None | Some(0)) => text(files.or(folders)),
            (Some(files), Some(folders)) => format!("{} + {} folders", units::count(files), units::count(folders)),
            (None, Some(folders)) => format!("{} folders", units::count(folders)),
        };
        let per_hour = trend.and_then(|trend| trend.per_hour).filter(|_| !scene.readout.is_over());
        Self {
            files: match (lane.step, lane.files, estimated_deletes(scene)) {
                (Step::Deleted, Some(deleted), Some(estimate)) => {
                    format!("{} of {}", units::count(deleted), units::count(estimate))
                }
                (_, files, _) => text(files),
            },
            rate: scene.readout.step_rate(lane.step).map(units::item_number).unwrap_or_default(),
            folders: text(lane.folders),
            files_failed: text(files),
            folders_failed: text(folders),
            failed,
            failed_sum: text(lane.failed().filter(|_| fails)),
            can_fail: lane.failed().is_some() && fails,
            trend: trend.map(|trend| sparkline_of(&trend.parts, most)).unwrap_or_default(),
            per_hour: per_hour.map(|hour| units::short_count(hour.round() as i64)).unwrap_or_default(),
        }
    }
}

/// Failures of files and of folders, in a column each, in one, or added up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Failed {
    Apart(usize, usize),
    Together(usize),
    Sum(usize),
}

/// How wide each column of the lanes is; 0 where it is left out.
struct Columns {
    bar: usize,
    files: usize,
    rate: usize,
    folders: usize,
    failed: Failed,
    trend: usize,
    per_hour: usize,
}

const NAME: usize = 15;
const LEAST_BAR: usize = 8;
/// A longer bar tells no more.
const LONGEST_BAR: usize = 48;
/// From this many columns on, failures of files and of folders have a column each.
const APART: usize = 98;

impl Columns {
    /// The bar takes what is left; where too little is, the trend goes first, then the rates, then the folders.
    fn fit(columns: usize, cells: &[Cells]) -> Self {
        // as wide as the widest that is to be expected: what is filled later moves nothing
        let widest = |title: &str, text: fn(&Cells) -> &str| {
            let most = cells.iter().map(|cells| width(text(cells))).max().unwrap_or(0);
            if most == 0 { 0 } else { most.max(title.len()) + 3 }
        };
        let files = widest("10,000,000", |cells| &cells.files).max(8);
        let folders = widest("100,000", |cells| &cells.folders);
        // a rate comes and goes, and its column stays
        let rate = "per second".len() + 3;
        let apart = Failed::Apart(
            widest("files failed", |cells| &cells.files_failed),
            widest("folders failed", |cells| &cells.folders_failed),
        );
        let together = Failed::Together(widest("100,000", |cells| &cells.failed));
        let sum = Failed::Sum(widest("100,000", |cells| &cells.failed_sum));
        let fail = cells.iter().any(|cells| cells.can_fail);
        let (trend, per_hour) = if fail { (TREND + 3, "failed/h".len() + 3) } else { (0, 0) };
        let all = [(folders, rate, trend, per_hour), (folders, rate, 0, per_hour), (folders, 0, trend, per_hour)];
        let fewer = [(folders, rate, 0, 0), (folders, 0, 0, 0), (0, 0, 0, 0)];
        let forms = if columns >= APART { vec![apart, together, sum] } else { vec![together, sum] };
        for (folders, rate, trend, per_hour) in all.into_iter().chain(fewer) {
            for failed in &forms {
                let fixed = NAME + files + folders + failed.wide() + rate + trend + per_hour;
                if columns >= fixed + LEAST_BAR {
                    let bar = (columns - fixed).min(LONGEST_BAR);
                    return Self { bar, files, rate, folders, failed: *failed, trend, per_hour };
                }
            }
        }
        let folders = if NAME + files + folders + sum.wide() <= columns { folders } else { 0 };
        Self { bar: 0, files, rate: 0, folders, failed: sum, trend: 0, per_hour: 0 }
    }

    fn header(&self) -> Row {
        let titled = |title: &str, wide: usize| if wide == 0 { String::new() } else { format!("{title:>wide$}") };
        let failed = match self.failed {
            Failed::Apart(files, folders) => titled("files failed", files) + &titled("folders failed", folders),
            Failed::Together(wide) | Failed::Sum(wide) => titled("failed", wide),
        };
        let numbers = [
            " ".repeat(self.bar),
            titled("files", self.files),
            titled("per second", self.rate),
            titled("folders", self.folders),
            failed,
            titled("trend", self.trend),
            titled("failed/h", self.per_hour),
        ];
        vec![span(format!("{:<NAME$}", "Pipeline"), BOLD), span(numbers.concat(), DIM)]
    }

    fn row(&self, lane: &Lane, cells: &Cells, scale: Option<i64>) -> Row {
        let mut row = vec![span(format!("{:<NAME$}", words::step(lane.step)), PLAIN)];
        match (scale, lane.files) {
            (Some(scale), Some(files)) if scale > 0 => row.extend(bar(files as f64 / scale as f64, self.bar, DONE)),
            _ => row.push(span(" ".repeat(self.bar), PLAIN)),
        }
        let weak = |text: &str| if text == "0" { DIM } else { PLAIN };
        let alarm = |text: &str| match text {
            "0" | "" => DIM,
            _ => BOLD,
        };
        let mut push = |text: &str, wide: usize, style| {
            if wide > 0 {
                row.push(span(format!("{text:>wide$}"), style));
            }
        };
        push(&cells.files, self.files, weak(&cells.files));
        push(&cells.rate, self.rate, DIM);
        push(&cells.folders, self.folders, weak(&cells.folders));
        match self.failed {
            Failed::Apart(files, folders) => {
                push(&cells.files_failed, files, alarm(&cells.files_failed));
                push(&cells.folders_failed, folders, alarm(&cells.folders_failed));
            }
            Failed::Together(wide) => push(&cells.failed, wide, alarm(&cells.failed)),
            Failed::Sum(wide) => push(&cells.failed_sum, wide, alarm(&cells.failed_sum)),
        }
        push(&cells.trend, self.trend, theme::style(Severity::Warning));
        push(&cells.per_hour, self.per_hour, PLAIN);
        row
    }
}

impl Failed {
    fn wide(self) -> usize {
        match self {
            Self::Apart(files, folders) => files + folders,
            Self::Together(wide) | Self::Sum(wide) => wide,
        }
    }
}
