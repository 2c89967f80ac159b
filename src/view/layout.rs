//! It fits: which parts of the watch are there, and how high each one is.

use super::{Row, Scene, banner, events, footer, gauges, head, phases, pipeline, throughput};

/// A part of the watch.
struct Part {
    rows: Content,
    /// Rows without which it is not worth showing.
    least: usize,
    /// Parts of a lower rank are dropped later.
    rank: u8,
    /// Rows given to it so far.
    given: usize,
    /// Whether a blank row before it is welcome.
    apart: bool,
}

enum Content {
    Rows(Vec<Row>),
    /// Drawn when its height is known; at most so many rows.
    Chart(usize),
    /// The newest of them.
    Events(usize),
}

impl Part {
    fn new(rank: u8, least: usize, apart: bool, rows: Vec<Row>) -> Self {
        Self { least: least.min(rows.len()), rows: Content::Rows(rows), rank, given: 0, apart }
    }

    fn most(&self) -> usize {
        match &self.rows {
            Content::Rows(rows) => rows.len(),
            Content::Chart(most) | Content::Events(most) => *most,
        }
    }

    fn is_elastic(&self) -> bool {
        !matches!(self.rows, Content::Rows(_))
    }
}

/// The rows of the watch, as many as the screen has.
pub fn watch(scene: &Scene, height: usize) -> Vec<Row> {
    let body = height - 1;
    let lanes = pipeline::rows(scene);
    let mut parts = parts(scene, lanes.clone(), height);
    share_out(&mut parts, body);
    let lanes_dropped = parts.iter().any(|part| part.rank == PIPELINE && part.given == 0);
    if lanes_dropped && !lanes.is_empty() {
        parts = self::parts(scene, pipeline::failures(scene).into_iter().collect(), height);
        share_out(&mut parts, body);
    }
    let mut rows = assemble(scene, parts, body);
    rows.resize(body, Row::new());
    rows.push(footer::of_watch(scene));
    rows
}

const PIPELINE: u8 = 7;

/// The parts in the order of the screen.
fn parts(scene: &Scene, lanes: Vec<Row>, height: usize) -> Vec<Part> {
    let said = banner::rows(scene);
    let presses = banner::presses(scene);
    let said_at_least = if presses { said.len().min(height / 3) } else { 1 };
    let lanes_at_least = lanes.len();
    let mut parts = vec![
        Part::new(0, 1, false, vec![head::first(scene)]),
        Part::new(6, 1, false, vec![head::second(scene)]),
        Part::new(5, 1, true, phases::rail(scene).into_iter().collect()),
        Part::new(if presses { 1 } else { 4 }, said_at_least, true, said),
        Part::new(2, 1, true, gauges::rows(scene)),
        Part::new(PIPELINE, lanes_at_least, true, lanes),
    ];
    let chart_is_of_use = scene.width >= 40 && throughput::has_something(scene);
    if chart_is_of_use {
        parts.push(Part { rows: Content::Chart(14), least: 4, rank: 8, given: 0, apart: true });
    }
    let events = scene.execution.events().iter().len();
    if events > 0 {
        parts.push(Part { rows: Content::Events(events + 1), least: 2, rank: 9, given: 0, apart: true });
    }
    parts
}

/// Gives each part its rows: first what it needs at least, in the order of rank, then all it has, then air,
/// and what is left to the chart and the events.
fn share_out(parts: &mut [Part], height: usize) {
    let mut left = height;
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|place| parts[*place].rank);
    for &place in &order {
        let part = &mut parts[place];
        if part.least > 0 && part.least <= left {
            part.given = part.least;
            left -= part.least;
        }
    }
    for &place in &order {
        let part = &mut parts[place];
        if part.given > 0 && !part.is_elastic() {
            let more = (part.most() - part.given).min(left);
            part.given += more;
            left -= more;
        }
    }
    for part in parts.iter_mut() {
        part.apart &= part.given > 0 && left > 0;
        left -= usize::from(part.apart);
    }
    // The chart is best at eight rows; beyond it, events that happened tell more than a higher bar.
    for (chart, upto) in [(true, 8), (false, 8), (true, 14), (false, usize::MAX)] {
        for part in parts.iter_mut().filter(|part| part.given > 0 && part.is_elastic()) {
            if matches!(part.rows, Content::Chart(_)) == chart {
                let more = part.most().min(upto).saturating_sub(part.given).min(left);
                part.given += more;
                left -= more;
            }
        }
    }
}

fn assemble(scene: &Scene, parts: Vec<Part>, height: usize) -> Vec<Row> {
    let mut rows = Vec::with_capacity(height);
    for part in parts.into_iter().filter(|part| part.given > 0) {
        if part.apart {
            rows.push(Row::new());
        }
        match part.rows {
            Content::Rows(mut all) => {
                if part.given < all.len() {
                    all.truncate(part.given);
                    banner::mark_cut(&mut all, scene.width);
                }
                rows.append(&mut all);
            }
            Content::Chart(_) => rows.extend(throughput::rows(scene, part.given)),
            Content::Events(_) => rows.extend(events::newest(scene, part.given)),
        }
    }
    rows
}
