//! It fits: which parts of the watch are there, and how high each one is.

use super::{chart, eta, events, gauges, head, messages, phases, pipeline};
use crate::view::{
    Row, Scene, options,
    text::{span, spans_width},
    theme::PLAIN,
};

/// A part of the watch.
struct Part {
    content: Content,
    /// Rows without which it is not worth showing.
    least: usize,
    /// Parts of a lower rank are served first.
    rank: u8,
    /// Rows given to it so far.
    given: usize,
    /// Whether a blank row before it is welcome.
    apart: bool,
    /// Whether it is of the inner width.
    is_inner: bool,
    /// Whether it has its least rows in the order of rank, although it could take more.
    is_early: bool,
}

enum Content {
    /// So many rows of it at most; where it is cut, its last row says so.
    Sentences(Vec<Row>, usize),
    /// As many rows as there is room for, from the first on.
    Rows(Vec<Row>),
    /// What nothing else needs the room for.
    Settings(Vec<Row>),
    /// Drawn when its height is known; at most so many rows.
    Chart(usize),
    /// The newest of so many.
    Events(usize),
}

impl Part {
    fn new(rank: u8, least: usize, apart: bool, content: Content) -> Self {
        let mut part = Self { least, content, rank, given: 0, apart, is_inner: false, is_early: false };
        part.least = part.least.min(part.most());
        part
    }

    fn inner(rank: u8, least: usize, apart: bool, content: Content) -> Self {
        Self { is_inner: true, ..Self::new(rank, least, apart, content) }
    }

    fn most(&self) -> usize {
        match &self.content {
            Content::Sentences(rows, most) => rows.len().min(*most),
            Content::Rows(rows) | Content::Settings(rows) => rows.len(),
            Content::Chart(most) | Content::Events(most) => *most,
        }
    }

    /// Gives it rows up to `upto` of what is left.
    fn give(&mut self, upto: usize, left: &mut usize) {
        let more = self.most().min(upto).saturating_sub(self.given).min(*left);
        self.given += more;
        *left -= more;
    }
}

/// From this many columns and rows on, events and settings stand beside gauges and chart.
const WIDE: usize = 160;
const HIGH: usize = 20;
/// From so many rows on, a row is kept for a message before there is one, and in trouble the rows of the chart.
const ROOMY: usize = 20;
/// Columns of what stands at the side, and between it and the rest.
const SIDE: usize = 60;
const GAP: usize = 3;

/// The rows of the watch, as many as there is room for.
pub fn rows(scene: &Scene, height: usize) -> Vec<Row> {
    if scene.width >= WIDE && height >= HIGH { beside(scene, height) } else { below(scene, scene, height, true).0 }
}

/// Everything below each other. Gives with it the row at which the parts of the inner width begin.
fn below(outer: &Scene, inner: &Scene, height: usize, with_events: bool) -> (Vec<Row>, usize) {
    let mut parts = parts(outer, inner, pipeline::rows(inner), height, with_events);
    let cramped = share_out(&mut parts, height) && parts.iter().any(|part| part.is_early);
    if cramped || parts.iter().any(|part| part.rank == STEPS && part.given < part.most()) {
        let failures = pipeline::failures(inner).into_iter().collect();
        parts = self::parts(outer, inner, failures, height, with_events);
        share_out(&mut parts, height);
    }
    let (mut rows, begins) = assemble(inner, parts, height);
    rows.resize(height, Row::new());
    (rows, begins)
}

/// Events and settings at the right, all else at the left, under head, phases and messages.
fn beside(scene: &Scene, height: usize) -> Vec<Row> {
    let left = scene.width - SIDE - GAP;
    let (mut rows, begins) = below(scene, &scene.narrowed(left), height, false);
    let room = height.saturating_sub(begins + 1);
    let side = side(&scene.narrowed(SIDE), room);
    for (row, right) in rows.iter_mut().skip(begins).zip(side) {
        let fill = (left + GAP).saturating_sub(spans_width(row));
        row.push(span(" ".repeat(fill), PLAIN));
        row.extend(right);
    }
    rows
}

/// Events, the newest of them where they are many, and below them the settings.
fn side(scene: &Scene, room: usize) -> Vec<Row> {
    let settings = options::settings(scene);
    let count = events::count(scene) + 1;
    // more than half of it goes to events only where settings leave it
    let for_events = count.min((room / 2).max(room.saturating_sub(settings.len() + 1)));
    let mut rows = events::newest(scene, for_events);
    rows.push(Row::new());
    rows.extend(settings);
    rows.truncate(room);
    rows
}

const STEPS: u8 = 7;
/// The fewest rows of a chart: a header, two of bars, and the axis.
const CHART: usize = 4;

/// The parts in the order of the screen: some of the outer width, the others of the inner one.
fn parts(outer: &Scene, inner: &Scene, steps: Vec<Row>, height: usize, with_events: bool) -> Vec<Part> {
    use Content::{Chart, Events, Rows, Sentences, Settings};
    let mut said = messages::rows(outer);
    let presses = messages::presses(outer);
    let charted = inner.width >= 40 && chart::has_something(inner);
    let over = inner.readout.is_over();
    // in trouble the chart shows since when, so that it does not give way to words
    let early = presses && !over && charted && height >= ROOMY;
    if !over && inner.readout.elapsed.is_some() {
        said.resize(said.len().max(usize::from(height >= ROOMY)), Row::new());
    }
    // What presses may take all but the head and the bytes; what does not, a third.
    let gauges_tell = height < 12 && inner.readout.bytes.done.is_some_and(|done| done > 0);
    let said_at_most = match presses {
        true if early => height.saturating_sub(2 + CHART + 3),
        true => height.saturating_sub(2),
        // on a small screen numbers come before comments on them
        false if gauges_tell => 0,
        false => height.div_ceil(3),
    };
    let said = Sentences(said, said_at_most);
    let mut gauges = gauges::rows(inner);
    let second_gauge = gauges.split_off(gauges.len().min(1));
    let said_least = said_at_most.min(2);
    let steps_least = steps.len();
    let mut parts = vec![
        Part::new(0, 1, false, Rows(vec![head::first(outer)])),
        Part::new(6, 1, false, Rows(vec![head::second(outer)])),
        Part::new(5, 1, true, Rows(phases::row(outer).into_iter().collect())),
        Part::new(if presses { 1 } else { 4 }, said_least, true, said),
        Part::inner(if presses { 0 } else { 2 }, 1, true, Rows(gauges)),
        Part::inner(3, 1, false, Rows(second_gauge)),
        Part::inner(4, 1, false, Rows(eta::row(inner).into_iter().collect())),
        Part::inner(STEPS, steps_least, true, Rows(steps)),
    ];
    if charted {
        let chart =
            Part::inner(if early { 3 } else { 8 }, CHART, true, Chart(if with_events { 22 } else { usize::MAX }));
        parts.push(Part { is_early: early, ..chart });
    } else {
        parts.push(Part::inner(6, 1, true, Rows(chart::waiting(inner))));
        if with_events {
            parts.push(Part::inner(10, 3, true, Settings(options::settings(inner))));
        }
    }
    let events = events::count(inner);
    if events > 0 && with_events {
        parts.push(Part::inner(9, 2, true, Events(events + 1)));
    }
    parts
}

/// Gives each part its rows: what is fixed in the order of rank, then air between, then chart and events, then
/// settings. True where there was no room for air.
fn share_out(parts: &mut [Part], height: usize) -> bool {
    let mut left = height;
    let fixed = |part: &Part| part.is_early || matches!(part.content, Content::Sentences(..) | Content::Rows(_));
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|place| parts[*place].rank);
    for &place in order.iter().filter(|place| fixed(&parts[**place])).collect::<Vec<_>>() {
        if parts[place].least <= left {
            let upto = if parts[place].is_early { parts[place].least } else { usize::MAX };
            parts[place].give(upto, &mut left);
        }
    }
    let mut cramped = false;
    for part in parts.iter_mut().filter(|part| fixed(part)) {
        cramped |= part.apart && part.given > 0 && left == 0;
        part.apart &= part.given > 0 && left > 0;
        left -= usize::from(part.apart);
    }
    if height >= 20 {
        // the footer stands apart
        left = left.saturating_sub(1);
    }
    for &place in order.iter().filter(|place| !fixed(&parts[**place])).collect::<Vec<_>>() {
        let part = &mut parts[place];
        if part.least > 0 && part.least < left {
            left -= 1;
            part.give(part.least, &mut left);
        } else if part.least > 0 && part.least == left {
            part.apart = false;
            part.give(part.least, &mut left);
        }
    }
    // The chart is best at eight rows; beyond it, events that happened tell more than a higher bar.
    for (is_meant, upto) in [
        (is_chart as fn(&Part) -> bool, 8),
        (is_events, 8),
        (is_chart, 14),
        (is_events, 20),
        (is_chart, usize::MAX),
        (is_events, usize::MAX),
        (is_settings, usize::MAX),
    ] {
        for part in parts.iter_mut().filter(|part| part.given > 0 && is_meant(part)) {
            part.give(upto, &mut left);
        }
    }
    cramped
}

fn is_chart(part: &Part) -> bool {
    matches!(part.content, Content::Chart(_))
}

fn is_events(part: &Part) -> bool {
    matches!(part.content, Content::Events(_))
}

fn is_settings(part: &Part) -> bool {
    matches!(part.content, Content::Settings(_))
}

fn assemble(scene: &Scene, parts: Vec<Part>, height: usize) -> (Vec<Row>, usize) {
    let mut rows = Vec::with_capacity(height);
    let mut begins = None;
    for part in parts.into_iter().filter(|part| part.given > 0) {
        if part.apart {
            rows.push(Row::new());
        }
        if part.is_inner {
            begins = begins.or(Some(rows.len()));
        }
        match part.content {
            Content::Sentences(mut all, _) => {
                if part.given < all.len() {
                    all.truncate(part.given);
                    messages::mark_cut(&mut all, scene.width);
                }
                rows.append(&mut all);
            }
            Content::Rows(all) | Content::Settings(all) => rows.extend(all.into_iter().take(part.given)),
            Content::Chart(_) => rows.extend(chart::rows(scene, part.given)),
            Content::Events(_) => rows.extend(events::newest(scene, part.given)),
        }
    }
    let begins = begins.unwrap_or(rows.len() + 1);
    (rows, begins)
}
