//! How fast, over the time watched: bytes a second, or files where there are no bytes.

use jiff::{SignedDuration, Timestamp};
use ratatui::style::{Modifier, Style};

use crate::{
    app::{Measure, RANGES, fitting},
    aws::snapshot::Status,
    say::{units, words::rate},
    transfer::{past::timeline::Stretch, present::rates::Current, severity::Severity},
    view::{
        Row, Scene,
        text::{both_ends, span, width},
        theme::{self, BOLD, DIM, DONE, PLAIN},
    },
};

/// Columns of the axis at the left.
const AXIS: usize = 8;

/// Whether there is a rate to show, or one is about to come.
pub fn has_something(scene: &Scene) -> bool {
    !scene.readout.timeline().is_empty() || scene.readout.status == Some(Status::Transferring)
}

/// What the chart is of.
struct Subject {
    amount: fn(&Stretch) -> i64,
    /// The current rate; `None` unless something moves.
    now: Option<f64>,
    average: Option<f64>,
    highest: Option<f64>,
    in_bytes: bool,
}

impl Subject {
    /// What was chosen; else bytes, or files where no byte moves.
    fn of(scene: &Scene) -> Self {
        let readout = &scene.readout;
        let timeline = readout.timeline();
        let moved = |amount: fn(&Stretch) -> i64| timeline.all().any(|stretch| amount(stretch) > 0);
        let by_itself = || {
            let files_only = !moved(|stretch| stretch.bytes) && moved(|stretch| stretch.files);
            if files_only { Measure::Files } else { Measure::Bytes }
        };
        match scene.app.measure().unwrap_or_else(by_itself) {
            Measure::Files => Self {
                amount: |stretch| stretch.files,
                now: readout.rate.files(),
                average: None,
                highest: None,
                in_bytes: false,
            },
            Measure::Bytes => Self {
                amount: |stretch| stretch.bytes,
                now: readout.rate.bytes(),
                average: readout.average,
                highest: timeline.peak(),
                in_bytes: true,
            },
        }
    }
}

/// A header, the bars, and the time axis, in so many rows.
pub fn rows(scene: &Scene, height: usize) -> Vec<Row> {
    let subject = Subject::of(scene);
    let columns = scene.width.saturating_sub(AXIS);
    let until = scene.readout.responded_at().unwrap_or(scene.time.now);
    let (from, to) = range(scene, until, columns);
    let parts = scene.readout.timeline().parts(from, to, columns, subject.amount);
    let peak = parts.iter().flatten().copied().fold(0.0, f64::max);
    let axis_rows = if height >= 5 { 2 } else { 1 };
    let bars = height.saturating_sub(1 + axis_rows);
    let scale = Scale::above(peak, subject.in_bytes);
    let mut rows = vec![header(scene, &subject, peak, &scale)];
    if peak <= 0.0 {
        rows.push(vec![span(" ".repeat(AXIS), PLAIN), span(nothing_yet(scene), DIM)]);
        rows.resize(1 + bars, Row::new());
    } else {
        rows.extend((0..bars).map(|row| bar_row(&parts, &scale, row, bars)));
    }
    rows.push(axis(scene, &parts, from, to));
    if axis_rows == 2 {
        rows.push(times(scene, from, to, columns));
    }
    rows
}

fn nothing_yet(scene: &Scene) -> &'static str {
    if scene.readout.is_over() {
        "no transfer seen"
    } else if scene.app.range().is_some() && !scene.readout.timeline().is_empty() {
        "no transfer seen in this time"
    } else {
        "measuring: a rate needs three counter changes, about 15s apart"
    }
}

/// The range that was chosen; else, once it is over, the transfer from its beginning to its end; else the shortest
/// range that holds the time watched. A running chart ends at a multiple of a column's
/// width: it moves by whole columns, and a bar that was drawn stays as it is.
fn range(scene: &Scene, until: Timestamp, columns: usize) -> (Timestamp, Timestamp) {
    if scene.readout.is_over()
        && scene.app.range().is_none()
        && let Some(begins) = scene.readout.timeline().begins().filter(|begins| *begins < until)
    {
        return (begins, until);
    }
    let watched = until.duration_since(scene.readout.watched_since());
    let fits = RANGES.get(fitting(watched)).copied().unwrap_or_else(|| watched.as_secs());
    let seconds = scene.app.range().unwrap_or(fits);
    let column = (seconds.saturating_mul(1000) / columns.max(1) as i64).max(1);
    let end = (until.as_millisecond().div_euclid(column) + 1).saturating_mul(column);
    let begin = end.saturating_sub(column.saturating_mul(columns as i64));
    let clamped = |ms: i64| Timestamp::from_millisecond(ms).unwrap_or(until);
    (clamped(begin), clamped(end))
}

/// The height of the chart, in one unit.
struct Scale {
    most: f64,
    unit: usize,
    in_bytes: bool,
}

impl Scale {
    fn above(peak: f64, in_bytes: bool) -> Self {
        let unit = if in_bytes { units::byte_unit(peak) } else { 0 };
        let base = if in_bytes { 1024f64.powi(unit as i32) } else { 1.0 };
        let in_unit = (peak / base).max(f64::MIN_POSITIVE);
        let power = 10f64.powf(in_unit.log10().floor());
        let steps = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
        let step = steps.into_iter().find(|step| step * power >= in_unit).unwrap_or(10.0);
        Self { most: step * power * base, unit, in_bytes }
    }

    /// A number in the chart's unit.
    fn number(&self, rate: f64) -> String {
        if self.in_bytes { units::bytes_number(rate, self.unit) } else { units::item_number(rate) }
    }

    fn unit(&self) -> String {
        if self.in_bytes { format!("{}/s", units::BYTE_UNITS[self.unit]) } else { "files/s".into() }
    }
}

fn header(scene: &Scene, subject: &Subject, peak: f64, scale: &Scale) -> Row {
    let mut facts = Vec::new();
    match (&scene.readout.rate, subject.now) {
        (Current::None, _) => {}
        (_, Some(now)) => facts.push(format!("now {}", scale.number(now))),
        (current, None) => facts.extend(rate::bytes(current)),
    }
    if peak > 0.0 {
        let average = subject.average.map(|average| format!("average (as in the console) {}", scale.number(average)));
        facts.extend(average);
        facts.push(format!("peak {} {}", scale.number(subject.highest.unwrap_or(peak)), scale.unit()));
    }
    let chosen =
        scene.app.range().map(|range| format!("   last {}", units::duration(SignedDuration::from_secs(range))));
    let title = vec![span("Throughput", BOLD), span(chosen.unwrap_or_default(), DIM)];
    let mut facts = facts.join("   ");
    if width(&facts) + 14 > scene.width {
        facts = facts.replace(" (as in the console)", "");
    }
    both_ends(title, vec![span(facts, PLAIN)], scene.width)
}

/// One row of bars, the highest first.
fn bar_row(parts: &[Option<f64>], scale: &Scale, row: usize, rows: usize) -> Row {
    let label = match row {
        0 => scale.number(scale.most),
        row if row + 1 == rows && rows > 1 => "0".into(),
        _ => String::new(),
    };
    let tick = if label.is_empty() { "│" } else { "┤" };
    let mut cells = vec![span(format!("{label:>6} {tick}"), DIM)];
    let floor = (rows - 1 - row) * 8;
    for part in parts {
        let (cell, style) = bar_cell(part, scale, floor, rows);
        match cells.last_mut() {
            Some(last) if last.style == style && last.style != DIM => last.content.to_mut().push(cell),
            _ => cells.push(span(cell.to_string(), style)),
        }
    }
    cells
}

/// The cell of a bar that begins `floor` eighths above the ground: bright at its top, calm below.
fn bar_cell(part: &Option<f64>, scale: &Scale, floor: usize, rows: usize) -> (char, Style) {
    let Some(rate) = part else { return (' ', PLAIN) };
    let eighths = (rate / scale.most * (rows * 8) as f64).round() as usize;
    let eighths = if *rate > 0.0 { eighths.max(1) } else { eighths };
    let glyph = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'][eighths.saturating_sub(floor).min(8)];
    let is_body = eighths > floor + 8;
    (glyph, if is_body { DONE.add_modifier(Modifier::DIM) } else { DONE })
}

/// A line where the rate is known, dashes where it is not: a gap is not a zero. What happened stands on it.
fn axis(scene: &Scene, parts: &[Option<f64>], from: Timestamp, to: Timestamp) -> Row {
    let mut cells: Vec<(&str, Style)> =
        parts.iter().map(|part| (if part.is_some() { "─" } else { "╌" }, DIM)).collect();
    let whole = to.duration_since(from).as_secs_f64();
    let inside = scene.readout.events().iter().filter(|event| event.at >= from && event.at < to);
    for event in inside.filter(|event| event.kind.is_turn()) {
        let place = event.at.duration_since(from).as_secs_f64() / whole * parts.len() as f64;
        if let Some(cell) = cells.get_mut(place as usize) {
            // of two in one column, the graver one stays
            let quieter = cell.0 == "─" || cell.0 == "╌" || event.kind.severity() >= Severity::Warning;
            if quieter {
                *cell = match event.kind.severity() {
                    Severity::Info | Severity::Ok => ("┴", PLAIN),
                    severity => (theme::symbol(severity), theme::style(severity)),
                };
            }
        }
    }
    let lead = span(format!("{}└", " ".repeat(AXIS - 1)), DIM);
    std::iter::once(lead).chain(cells.into_iter().map(|(glyph, style)| span(glyph, style))).collect()
}

/// Times of day under the axis: both ends, and the middle where there is room.
fn times(scene: &Scene, from: Timestamp, to: Timestamp, columns: usize) -> Row {
    let span_of = to.duration_since(from);
    let format = if span_of >= SignedDuration::from_hours(24) { "%-d %b %H:%M" } else { "%H:%M" };
    let label = |at: Timestamp| at.to_zoned(scene.time.zone.clone()).strftime(format).to_string();
    let middle = from.checked_add(span_of / 2).map(label).unwrap_or_default();
    let (first, last) = (label(from), label(to));
    let room = columns.saturating_sub(width(&first) + width(&last));
    let text = if room > width(&middle) + 8 {
        let before = columns / 2 - width(&first) - width(&middle) / 2;
        let after = columns.saturating_sub(width(&first) + before + width(&middle) + width(&last));
        format!("{first}{}{middle}{}{last}", " ".repeat(before), " ".repeat(after))
    } else {
        format!("{first}{}{last}", " ".repeat(room))
    };
    vec![span(" ".repeat(AXIS), PLAIN), span(text, DIM)]
}
