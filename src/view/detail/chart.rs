//! How fast, over time: bytes a second, or files where there are no bytes; and where it stood still or was not seen.

mod columns;
mod grid;
mod scale;
mod window;

use jiff::SignedDuration;

use self::{
    columns::{Column, Gaps, columns},
    grid::Grid,
    scale::Scale,
    window::{Window, from_the_first_bytes},
};
use crate::{
    app::Measure,
    aws::snapshot::Status,
    say::{units, words::rate},
    transfer::{past::timeline::Stretch, present::rates::Current, severity::Severity},
    view::{
        Row, Scene, marks,
        text::{both_ends, span, width},
        theme::{self, BOLD, DIM, PLAIN},
    },
};

/// Columns of the axis at the left.
const AXIS: usize = 12;

/// Whether there is a rate to show, or a time without one.
pub fn has_something(scene: &Scene) -> bool {
    let known_nothing = matches!(scene.readout.rate, Current::Still(_) | Current::Unseen);
    !scene.readout.timeline().is_empty() || known_nothing
}

/// What stands in the place of a chart until there is a rate: the average, and since when; none in other statuses.
pub fn waiting(scene: &Scene) -> Vec<Row> {
    if has_something(scene) || scene.readout.status != Some(Status::Transferring) {
        return Vec::new();
    }
    let average = scene.readout.average.map(|rate| format!("average (as in the console) {}", units::byte_rate(rate)));
    let launched = scene.readout.snapshot.and_then(|snapshot| snapshot.launch_time.or(snapshot.start_time));
    let launched =
        launched.map(|at| format!("launched {} ago, at {}", scene.time.since(at.0), scene.time.moment(at.0)));
    let facts: Vec<String> = [launched, average].into_iter().flatten().collect();
    let mut rows = vec![vec![span("Throughput   ", BOLD), span(facts.join("   "), PLAIN)]];
    let why = "measuring: a rate needs three counter changes, about 15s apart";
    rows.push(vec![span(format!("{}{why}", " ".repeat(13.min(scene.width / 8))), DIM)]);
    rows
}

/// What a chart is of.
struct Subject {
    title: &'static str,
    amount: fn(&Stretch) -> i64,
    /// The current rate; `None` unless something moves.
    now: Option<f64>,
    average: Option<f64>,
    highest: Option<f64>,
    /// The bandwidth limit, where there is one that applies.
    limit: Option<f64>,
    in_bytes: bool,
}

impl Subject {
    fn of(scene: &Scene, measure: Measure) -> Self {
        let readout = scene.readout;
        match measure {
            Measure::Files => Self {
                title: "Throughput",
                amount: |stretch| stretch.files,
                now: readout.rate.files(),
                average: None,
                highest: None,
                limit: None,
                in_bytes: false,
            },
            Measure::Bytes => Self {
                title: "Throughput",
                amount: |stretch| stretch.bytes,
                now: readout.rate.bytes(),
                average: readout.average,
                highest: readout.timeline().peak(),
                limit: readout.bandwidth_limit().map(|limit| limit as f64),
                in_bytes: true,
            },
        }
    }

    /// What the height has to hold: the highest bar, and the limit where that is not far above it.
    fn height(&self, columns: &[Column]) -> f64 {
        let rate = |column: &Column| if let Column::Rate(rate) = column { *rate } else { 0.0 };
        let peak = columns.iter().map(rate).fold(0.0, f64::max);
        peak.max(self.limit.filter(|limit| *limit <= peak * 2.0).unwrap_or(0.0))
    }
}

/// From so many rows on, files have a chart of their own below that of the bytes.
const TWO: usize = 28;

/// The chart of what was chosen, in so many rows at most; else of bytes and, where there is much room, of files below
/// it, or of files alone where no byte moves.
pub fn rows(scene: &Scene, height: usize) -> Vec<Row> {
    let moved = |amount: fn(&Stretch) -> i64| scene.readout.timeline().all().any(|stretch| amount(stretch) > 0);
    let (bytes, files) = (moved(|stretch| stretch.bytes), moved(|stretch| stretch.files));
    let by_itself = if files && !bytes { Measure::Files } else { Measure::Bytes };
    let subject = Subject::of(scene, scene.app.measure().unwrap_or(by_itself));
    if height < TWO || scene.app.measure().is_some() || !(bytes && files) {
        return one(scene, &subject, height);
    }
    let of_files = Subject { title: "Files per second", ..Subject::of(scene, Measure::Files) };
    let below = height * 2 / 5;
    let mut rows = one(scene, &subject, height - below - 1);
    rows.push(Row::new());
    rows.extend(one(scene, &of_files, below));
    rows
}

/// A header, the bars, and the time axis, in so many rows at most.
fn one(scene: &Scene, subject: &Subject, height: usize) -> Vec<Row> {
    let window = Window::of(scene, scene.width.saturating_sub(AXIS));
    let gaps = Gaps::of(scene.readout);
    let columns = columns(scene.readout, &window, &gaps, subject.amount);
    let times_have_a_row = height >= 6;
    let bars = Scale::rows_of(height.saturating_sub(2 + usize::from(times_have_a_row)));
    let highest = subject.height(&columns);
    let scale = (highest > 0.0).then(|| Scale::above(highest, bars, subject.in_bytes));
    let cursor = scene.app.cursor().and_then(|at| window.column(at));
    let mut grid = Grid::new(&columns, scale.as_ref(), bars);
    if let Some(scale) = &scale {
        grid.line(subject.average.and_then(|rate| scale.edge(rate)), grid::AVERAGE);
        grid.line(subject.limit.and_then(|rate| scale.edge(rate)), grid::LIMIT);
    }
    grid.name(&gaps, &window);
    if let Some(column) = cursor {
        grid.point(column);
    }
    let mut rows = vec![header(scene, subject, &window, &columns, scale.as_ref())];
    let tick = |row| scale.as_ref().and_then(|scale| scale.tick(row));
    rows.extend(grid.rows().into_iter().enumerate().map(|(row, cells)| {
        let (label, line) = tick(row).map_or((String::new(), "│"), |label| (label, "┤"));
        std::iter::once(span(format!("{label:>10} {line}"), DIM)).chain(cells).collect()
    }));
    let times = window.times(scene.time.zone);
    let ground = tick(bars).unwrap_or_default();
    rows.push(axis(scene, (&columns, &window, cursor), &ground, (&times, !times_have_a_row)));
    if times_have_a_row {
        rows.push(times_row(&times, window.columns));
    }
    rows
}

/// The chart's range, in words.
fn range(scene: &Scene, window: &Window) -> String {
    match scene.app.range() {
        Some(range) => format!("last {}", units::duration(SignedDuration::from_secs(range))),
        None => {
            let (begins, until) = (scene.readout.timeline().begins(), window.to.min(scene.time.now));
            let whole = units::duration(until.duration_since(begins.unwrap_or(window.from)));
            let since = if from_the_first_bytes(scene.readout) { "since the first bytes" } else { "watched" };
            format!("{whole} {since}")
        }
    }
}

fn header(scene: &Scene, subject: &Subject, window: &Window, columns: &[Column], scale: Option<&Scale>) -> Row {
    let number = |rate: f64| match scale {
        Some(scale) => scale.number(rate),
        None if subject.in_bytes => units::byte_rate(rate),
        None => units::file_rate(rate),
    };
    let now = match (&scene.readout.rate, subject.now) {
        (Current::None, _) => None,
        (_, Some(now)) => Some(format!("now {}", number(now))),
        (current, None) => rate::bytes(current),
    };
    // of what lies outside nothing is known here
    let cursor = scene.app.cursor().and_then(|at| {
        let what = match columns.get(window.column(at)?)? {
            Column::Rate(rate) => number(*rate),
            Column::Stopped => "no change".into(),
            Column::Unwatched => "not seen".into(),
            Column::Empty => "no rate".into(),
        };
        Some(format!("at {} {what}", scene.time.moment(at)))
    });
    let average = subject.average.map(|average| format!("average {}", number(average)));
    let console = subject.average.map(|average| format!("average (as in the console) {}", number(average)));
    let limit = subject.limit.map(|limit| format!("limit {}", number(limit)));
    let peak = subject.highest.or(scale.is_some().then(|| subject.height(columns)));
    let peak = peak.filter(|_| scale.is_some()).map(|peak| format!("peak {}", number(peak)));
    let unit = scale.map(|scale| format!(" {}", scale.unit())).unwrap_or_default();
    let said = |facts: &[&Option<String>]| {
        let facts: Vec<&str> = facts.iter().filter_map(|fact| fact.as_deref()).collect();
        let is_number = |last: &&str| last.ends_with(|c: char| c.is_ascii_digit() || matches!(c, 'k' | 'M'));
        let unit = if facts.last().is_some_and(is_number) { &unit } else { "" };
        format!("{}{unit}", facts.join("   "))
    };
    let title = |range: &str| vec![span(subject.title, BOLD), span(range.to_owned(), DIM)];
    let range = format!("   {}", range(scene, window));
    let forms = [
        (range.as_str(), said(&[&cursor, &now, &console, &limit, &peak])),
        (range.as_str(), said(&[&cursor, &now, &average, &limit, &peak])),
        ("", said(&[&cursor, &now, &average, &limit, &peak])),
        ("", said(&[&cursor, &now, &average, &limit])),
        ("", said(&[&cursor, &now, &average])),
        ("", said(&[&cursor, &now])),
    ];
    let fits = |(range, facts): &&(&str, String)| width(subject.title) + width(range) + 3 + width(facts) <= scene.width;
    let (range, facts) = forms.iter().find(fits).unwrap_or(&forms[5]);
    both_ends(title(range), vec![span(facts.clone(), PLAIN)], scene.width)
}

/// A line where the rate is known, a heavy red one where nothing moved, dashes where it is not known. What happened
/// stands on it, and where the times have no row of their own, they stand in it.
fn axis(
    scene: &Scene,
    (columns, window, cursor): (&[Column], &Window, Option<usize>),
    ground: &str,
    (times, are_inside): (&[(usize, String)], bool),
) -> Row {
    let mut cells: Vec<marks::Cell> = columns.iter().map(ground_of).collect();
    for (column, _) in times {
        if let Some(cell) = cells.get_mut(*column).filter(|_| !are_inside) {
            // a heavy line goes on under its tick
            *cell = if cell.0 == "━" { ("┯", cell.1) } else { ("┬", cell.1) };
        }
    }
    let turns = scene.readout.events().iter().filter(|event| event.kind.is_turn());
    marks::put(
        &mut cells,
        Some(PLAIN),
        turns.filter_map(|event| Some((window.column(event.at)?, event.kind.severity()))),
    );
    if let Some(cell) = cursor.and_then(|column| cells.get_mut(column)) {
        *cell = ("┃", BOLD);
    }
    let mut row = vec![span(format!("{ground:>10} └"), DIM)];
    let mut labels = times.iter().filter(|_| are_inside).peekable();
    let mut skipped = 0;
    for (column, (glyph, style)) in cells.into_iter().enumerate() {
        if let Some((_, label)) = labels.next_if(|(at, _)| *at == column)
            && column + width(label) <= columns.len()
        {
            row.push(span(label.clone(), DIM));
            skipped = width(label);
        }
        if skipped > 0 {
            skipped -= 1;
        } else {
            row.push(span(glyph, style));
        }
    }
    row
}

fn ground_of(column: &Column) -> marks::Cell {
    match column {
        Column::Rate(_) => ("─", DIM),
        Column::Stopped => ("━", theme::style(Severity::Critical)),
        Column::Unwatched | Column::Empty => ("╌", DIM),
    }
}

/// Times of day under their places on the axis.
fn times_row(times: &[(usize, String)], columns: usize) -> Row {
    let mut text = " ".repeat(AXIS);
    for (column, label) in times {
        let wide = width(label);
        let at = AXIS + column.saturating_sub(wide / 2).min(columns.saturating_sub(wide));
        if width(&text) < at || width(&text) == AXIS {
            text.push_str(&" ".repeat(at.saturating_sub(width(&text))));
            text.push_str(label);
        }
    }
    vec![span(text, DIM)]
}
