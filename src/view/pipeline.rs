//! The steps of a transfer: the Enhanced pipeline's lanes, or Basic mode's phases one after the other.

use super::{
    Row, Scene,
    gauges::bar,
    phases::lasted,
    text::{span, width},
    theme::{self, BOLD, DIM, DONE, PLAIN},
};
use crate::{
    aws::{
        applicability::Metric,
        snapshot::{Count, Mode, Status},
    },
    say::units,
    transfer::{
        events::Severity,
        past::phases::{Phase, PhaseState},
        present::progress::{self, Lane, Step},
    },
};

/// The steps as rows; none while there is nothing to tell.
pub fn rows(scene: &Scene) -> Vec<Row> {
    let Some(snapshot) = scene.snapshot else { return Vec::new() };
    if snapshot.mode() == Mode::Basic { basic(scene) } else { enhanced(scene) }
}

/// The failures of all steps on one row, for a screen too small for the lanes.
pub fn failures(scene: &Scene) -> Option<Row> {
    let lanes = scene.execution.pipeline();
    let failed = |lane: &Lane| Some((lane.step.failing()?, lane.failed().filter(|failed| *failed > 0)?));
    let failed: Vec<String> =
        lanes.iter().filter_map(failed).map(|(step, count)| format!("{} {step}", units::short_count(count))).collect();
    (!failed.is_empty()).then(|| vec![span(format!("Failed {}", failed.join(" · ")), theme::style(Severity::Warning))])
}

const NAME: usize = 16;

fn enhanced(scene: &Scene) -> Vec<Row> {
    let lanes: Vec<Lane> =
        scene.execution.pipeline().into_iter().filter(|lane| lane.not_applicable.is_none()).collect();
    let nothing_yet =
        |lane: &Lane| lane.files.unwrap_or(0) == 0 && lane.folders.unwrap_or(0) == 0 && lane.failed().unwrap_or(0) == 0;
    if lanes.iter().all(nothing_yet) {
        return Vec::new();
    }
    let columns = Columns::fit(scene.width, &lanes);
    let flow = [Step::Listed, Step::Prepared, Step::Transferred, Step::Verified];
    let most = |among: &[Step]| {
        let files = lanes.iter().filter(|lane| among.contains(&lane.step)).filter_map(|lane| lane.files);
        files.chain([if among.contains(&Step::Deleted) { estimated_deletes(scene) } else { 0 }]).max().unwrap_or(0)
    };
    let (scale, delete_scale) = (most(&flow), most(&[Step::Deleted]));
    let mut rows = vec![columns.header()];
    for lane in &lanes {
        let scale = match lane.step {
            Step::Deleted => Some(delete_scale),
            Step::Skipped | Step::ListedForDelete => None,
            _ => Some(scale),
        };
        rows.push(columns.row(scene, lane, scale));
    }
    rows
}

fn estimated_deletes(scene: &Scene) -> i64 {
    scene.snapshot.and_then(|snapshot| snapshot.estimated_files_to_delete).map_or(0, |count| count.0)
}

/// How wide each column of the lanes is; 0 where it is left out.
struct Columns {
    bar: usize,
    files: usize,
    rate: usize,
    folders: usize,
    failed: usize,
    /// The failures' course, and how many there are an hour.
    trend: usize,
}

/// Cells of the failures' course.
const COURSE: usize = 8;
const TREND: usize = COURSE + 13;
const RATE: usize = 12;
const LEAST_BAR: usize = 8;

impl Columns {
    /// The bar takes what is left; where too little is, the trend goes first, then the rates, then the folders.
    fn fit(columns: usize, lanes: &[Lane]) -> Self {
        let widest = |least: usize, number: fn(&Lane) -> Option<i64>| {
            let numbers = lanes.iter().filter_map(number).map(|number| width(&units::count(number)));
            numbers.max().map_or(0, |widest| widest.max(least) + 3)
        };
        let files = widest(10, |lane| lane.files).max(8);
        let folders = widest(7, |lane| lane.folders);
        let failed = widest(6, Lane::failed);
        let trend = if lanes.iter().any(|lane| lane.failed().unwrap_or(0) > 0) { TREND } else { 0 };
        for (folders, rate, trend) in
            [(folders, RATE, trend), (folders, 0, trend), (folders, RATE, 0), (folders, 0, 0), (0, 0, 0)]
        {
            let fixed = NAME + files + folders + failed + rate + trend;
            if columns >= fixed + LEAST_BAR {
                return Self { bar: columns - fixed, files, rate, folders, failed, trend };
            }
        }
        let folders = if NAME + files + folders + failed <= columns { folders } else { 0 };
        Self { bar: 0, files, rate: 0, folders, failed, trend: 0 }
    }

    fn header(&self) -> Row {
        let titled = |title: &str, wide: usize| if wide == 0 { String::new() } else { format!("{title:>wide$}") };
        let numbers = [
            " ".repeat(self.bar),
            titled("files", self.files),
            titled("a second", self.rate),
            titled("folders", self.folders),
            titled("failed", self.failed),
            titled("an hour", self.trend),
        ];
        vec![span(format!("{:<NAME$}", "Pipeline"), BOLD), span(numbers.concat(), DIM)]
    }

    fn row(&self, scene: &Scene, lane: &Lane, scale: Option<i64>) -> Row {
        let mut row = vec![span(format!("{:<NAME$}", lane.step.name()), PLAIN)];
        match (scale, lane.files) {
            (Some(scale), Some(files)) if scale > 0 => row.extend(bar(files as f64 / scale as f64, self.bar, DONE)),
            _ => row.push(span(" ".repeat(self.bar), PLAIN)),
        }
        row.push(number(lane.files, self.files));
        if self.rate > 0 {
            row.push(span(format!("{:>1$}", rate(scene, lane.step), self.rate), DIM));
        }
        if self.folders > 0 {
            row.push(number(lane.folders, self.folders));
        }
        if self.failed > 0 {
            let failed = lane.failed().filter(|_| lane.step.failing().is_some());
            let style =
                if failed.is_some_and(|failed| failed > 0) { theme::style(Severity::Warning).patch(BOLD) } else { DIM };
            row.push(number(failed, self.failed).patch_style(style));
        }
        if self.trend > 0 {
            row.extend(trend(scene, lane.step, self.trend));
        }
        row
    }
}

/// Items a second of a lane, while it flows.
fn rate(scene: &Scene, step: Step) -> String {
    let still = scene.execution.counters_unchanged_for() >= jiff::SignedDuration::from_secs(60);
    let flows = scene.execution.status() == Some(Status::Transferring) && !still;
    let rate = scene.execution.step_rates().rate(step).filter(|rate| flows && *rate > 0.0);
    rate.map(units::item_rate).map(|rate| rate.replace(" /s", "")).unwrap_or_default()
}

/// The course of a lane's failures over the time watched, and how many came in the last hour.
fn trend(scene: &Scene, step: Step, columns: usize) -> Row {
    let Some(trend) = scene.execution.step_rates().trend(step, COURSE) else {
        return vec![span(" ".repeat(columns), PLAIN)];
    };
    let most = trend.parts.iter().copied().max().unwrap_or(0).max(1);
    let cell = |new: &i64| match new {
        0 => ' ',
        new => ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'][((*new as f64 / most as f64) * 7.0).round() as usize],
    };
    let course: String = trend.parts.iter().map(cell).collect();
    let hour =
        trend.per_hour.filter(|_| !scene.execution.is_over()).map(|hour| units::short_count(hour.round() as i64));
    let room = columns - COURSE - 3;
    vec![
        span(format!("   {course:>COURSE$}"), theme::style(Severity::Warning)),
        span(format!("{:>room$}", hour.unwrap_or_default()), PLAIN),
    ]
}

/// A number at the right of its column; what was not reported leaves it empty.
fn number(number: Option<i64>, columns: usize) -> ratatui::text::Span<'static> {
    let style = if number == Some(0) { DIM } else { PLAIN };
    span(format!("{:>columns$}", number.map(units::count).unwrap_or_default()), style)
}

/// A row a step, in their order: what it is doing, how long, and what came of it.
fn basic(scene: &Scene) -> Vec<Row> {
    let rail = scene.execution.rail(scene.now.at);
    let phase = |status: Status| rail.iter().find(|phase| phase.status == status);
    let begun = |status: Status| phase(status).is_some_and(|phase| phase.state != PhaseState::Ahead);
    if !begun(Status::Preparing) {
        return Vec::new();
    }
    let mut rows = vec![vec![span("Steps", BOLD)]];
    rows.push(step(phase(Status::Preparing), "Prepared", prepared(scene)));
    rows.push(step(phase(Status::Transferring), "Transferred", transferred(scene)));
    if scene.execution.applicability().reports(Metric::Deleted) {
        rows.push(step(phase(Status::Transferring).filter(|_| false), "Deleted", deleted(scene)));
    }
    if scene.execution.applicability().reports(Metric::Verified) {
        rows.push(step(phase(Status::Verifying), "Verified", verified(scene)));
    }
    if let Some(skipped) = scene.snapshot.and_then(|snapshot| snapshot.files_skipped) {
        rows.push(step(None, "Skipped", Some(units::count(skipped.0))));
    }
    rows
}

fn step(phase: Option<&Phase>, name: &str, facts: Option<String>) -> Row {
    let state = phase.map(|phase| phase.state);
    let (glyph, style) = match state {
        Some(PhaseState::Current) => ("●", BOLD),
        Some(PhaseState::Ahead) => ("○", DIM),
        Some(PhaseState::Done | PhaseState::Unseen) => ("✔", PLAIN),
        Some(PhaseState::Failed) => ("✖", PLAIN),
        None => (" ", PLAIN),
    };
    let time = phase.and_then(|phase| phase.lasted).map(lasted).unwrap_or_default();
    vec![
        span(format!("{glyph} {name:<13}"), style),
        span(format!("{time:<9}"), DIM),
        span(facts.unwrap_or_default(), if state == Some(PhaseState::Ahead) { DIM } else { PLAIN }),
    ]
}

fn prepared(scene: &Scene) -> Option<String> {
    let snapshot = scene.snapshot?;
    let files = scene.execution.files().total;
    let bytes = snapshot.estimated_bytes_to_transfer.filter(|bytes| bytes.0 > 0);
    let found = match (files, bytes) {
        (None, None) if snapshot.status() == Some(Status::Preparing) => return Some("counting".into()),
        (None, None) => return Some("nothing to transfer".into()),
        (files, bytes) => {
            let files = files.map(|files| format!("{} files and folders", units::count(files)));
            let bytes = bytes.map(|bytes| units::bytes(bytes.0));
            [files, bytes].into_iter().flatten().collect::<Vec<_>>().join(", ")
        }
    };
    Some(format!("{found} to transfer"))
}

fn transferred(scene: &Scene) -> Option<String> {
    let snapshot = scene.snapshot?;
    let count = |count: Option<Count>| count.filter(|count| count.0 != 0);
    let files = count(snapshot.files_transferred).map(|files| format!("{} items", units::count(files.0)));
    let sent = count(snapshot.bytes_transferred).map(|bytes| format!("{} sent", units::bytes(bytes.0)));
    let saved = progress::saved_by_compression(snapshot, scene.execution.applicability());
    let saved = saved.filter(|saved| *saved >= 0.005).map(|saved| format!("compressed by {}", units::percent(saved)));
    let facts: Vec<String> = [files, sent, saved, limit(scene)].into_iter().flatten().collect();
    (!facts.is_empty()).then(|| facts.join(" · "))
}

/// The bandwidth limit, and how much of it is used.
fn limit(scene: &Scene) -> Option<String> {
    let limit = scene.snapshot?.limit().filter(|_| scene.execution.applicability().reports(Metric::BandwidthLimit))?;
    let used = scene.execution.timeline().byte_rate().filter(|_| !scene.execution.is_over());
    let used = used.map(|rate| format!(", {} of it used", units::percent(rate.per_second / limit as f64)));
    Some(format!("limit {}{}", units::byte_rate(limit as f64), used.unwrap_or_default()))
}

fn deleted(scene: &Scene) -> Option<String> {
    let gauge = scene.snapshot.map(progress::deletes)?;
    Some(match (gauge.done?, gauge.total) {
        (done, Some(total)) => format!("{} of {}", units::count(done), units::count(total)),
        (done, None) => units::count(done),
    })
}

fn verified(scene: &Scene) -> Option<String> {
    let gauge = progress::verified(scene.snapshot?, scene.execution.applicability());
    let done = gauge.done.filter(|done| *done != 0)?;
    Some(match gauge.total {
        Some(total) => format!("{} of {} transferred", units::count(done), units::count(total)),
        None if scene.execution.is_over() => units::count(done),
        None => format!("{} so far; how many there are is not reported", units::count(done)),
    })
}
