//! The steps of the Enhanced pipeline, and Basic mode's phases one after the other.

use crate::{
    aws::snapshot::Mode,
    say::{blocks::sparkline, units, words},
    transfer::{
        past::pipeline::{Lane, Step},
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
    (!failed.is_empty()).then(|| vec![span(format!("Failed {}", failed.join(" · ")), theme::style(Severity::Warning))])
}

fn enhanced(scene: &Scene) -> Vec<Row> {
    let lanes: Vec<&Lane> = scene.readout.lanes.iter().filter(|lane| lane.is_told()).collect();
    if lanes.iter().all(|lane| lane.files.unwrap_or(0) == 0 && lane.folders.unwrap_or(0) == 0) {
        return Vec::new();
    }
    let cells: Vec<Cells> = lanes.iter().map(|lane| Cells::of(scene, lane)).collect();
    let columns = Columns::fit(scene.width, &cells);
    let flow = [Step::Listed, Step::Prepared, Step::Transferred, Step::Verified];
    let scale = lanes.iter().filter(|lane| flow.contains(&lane.step)).filter_map(|lane| lane.files).max().unwrap_or(0);
    let mut rows = vec![columns.header(scene)];
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

fn estimated_deletes(scene: &Scene) -> Option<i64> {
    scene.readout.snapshot?.estimated_files_to_delete.map(|count| count.0).filter(|estimate| *estimate > 0)
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
    failed_any: bool,
    /// New failures over the time watched; empty where there are none.
    trend: String,
    per_hour: String,
}

/// Cells of the failures' trend.
const TREND: usize = 8;

impl Cells {
    fn of(scene: &Scene, lane: &Lane) -> Self {
        let text = |count: Option<i64>| count.map(units::count).unwrap_or_default();
        let fails = lane.step.can_fail();
        let (files, folders) = (lane.files_failed.filter(|_| fails), lane.folders_failed.filter(|_| fails));
        let failed = match (files, folders) {
            (files, None | Some(0)) => text(files.or(folders)),
            (Some(files), Some(folders)) => format!("{} + {} folders", units::count(files), units::count(folders)),
            (None, Some(folders)) => format!("{} folders", units::count(folders)),
        };
        let trend = scene.readout.failure_trend(lane.step, TREND);
        let per_hour = trend.as_ref().and_then(|trend| trend.per_hour).filter(|_| !scene.readout.is_over());
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
            failed_any: lane.failed().is_some_and(|failed| failed > 0) && fails,
            trend: trend.map(|trend| sparkline(&trend.parts)).unwrap_or_default(),
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
/// From this many columns on, failures of files and of folders have a column each.
const APART: usize = 98;

impl Columns {
    /// The bar takes what is left; where too little is, the trend goes first, then the rates, then the folders.
    fn fit(columns: usize, cells: &[Cells]) -> Self {
        let widest = |title: &str, text: fn(&Cells) -> &str| {
            let most = cells.iter().map(|cells| width(text(cells))).max().unwrap_or(0);
            if most == 0 { 0 } else { most.max(title.len()) + 3 }
        };
        let files = widest("10,000,000", |cells| &cells.files).max(8);
        let folders = widest("folders", |cells| &cells.folders);
        // a rate comes and goes, and its column stays
        let rate = "per second".len() + 3;
        let apart = Failed::Apart(
            widest("files failed", |cells| &cells.files_failed),
            widest("folders failed", |cells| &cells.folders_failed),
        );
        let together = Failed::Together(widest("failed", |cells| &cells.failed));
        let sum = Failed::Sum(widest("failed", |cells| &cells.failed_sum));
        let fails = cells.iter().any(|cells| cells.failed_any);
        let (trend, per_hour) = if fails { (TREND + 3, "per hour".len() + 3) } else { (0, 0) };
        let all = [(folders, rate, trend, per_hour), (folders, rate, 0, per_hour), (folders, 0, trend, per_hour)];
        let fewer = [(folders, rate, 0, 0), (folders, 0, 0, 0), (0, 0, 0, 0)];
        let forms = if columns >= APART { vec![apart, together, sum] } else { vec![together, sum] };
        for (folders, rate, trend, per_hour) in all.into_iter().chain(fewer) {
            for failed in &forms {
                let fixed = NAME + files + folders + failed.wide() + rate + trend + per_hour;
                if columns >= fixed + LEAST_BAR {
                    return Self { bar: columns - fixed, files, rate, folders, failed: *failed, trend, per_hour };
                }
            }
        }
        let folders = if NAME + files + folders + sum.wide() <= columns { folders } else { 0 };
        Self { bar: 0, files, rate: 0, folders, failed: sum, trend: 0, per_hour: 0 }
    }

    fn header(&self, scene: &Scene) -> Row {
        let titled = |title: &str, wide: usize| if wide == 0 { String::new() } else { format!("{title:>wide$}") };
        let failed = match self.failed {
            Failed::Apart(files, folders) => titled("files failed", files) + &titled("folders failed", folders),
            Failed::Together(wide) | Failed::Sum(wide) => titled("failed", wide),
        };
        let watched = scene.readout.polled_at().map(|at| at.duration_since(scene.readout.watched_since()));
        let watched = watched.map(units::duration).unwrap_or_default();
        let span_of = if width(&watched) + 5 <= TREND + 2 { format!("last {watched}") } else { watched };
        let numbers = [
            " ".repeat(self.bar),
            titled("files", self.files),
            titled("per second", self.rate),
            titled("folders", self.folders),
            failed,
            titled(&span_of, self.trend),
            titled("per hour", self.per_hour),
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
            _ => theme::style(Severity::Warning).patch(BOLD),
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
