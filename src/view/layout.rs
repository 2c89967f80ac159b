//! It fits: which parts of the watch are there, and how high each one is.

use super::{Row, Scene, banner, eta, events, footer, gauges, head, options, phases, pipeline, throughput};

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
        let mut part = Self { least, content, rank, given: 0, apart };
        part.least = part.least.min(part.most());
        part
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

/// The rows of the watch, as many as the screen has.
pub fn watch(scene: &Scene, height: usize) -> Vec<Row> {
    let body = height - 1;
    let mut parts = parts(scene, pipeline::rows(scene), body);
    share_out(&mut parts, body);
    if parts.iter().any(|part| part.rank == STEPS && part.given < part.most()) {
        parts = self::parts(scene, pipeline::failures(scene).into_iter().collect(), body);
        share_out(&mut parts, body);
    }
    let mut rows = assemble(scene, parts, body);
    rows.resize(body, Row::new());
    rows.push(footer::of_watch(scene));
    rows
}

const STEPS: u8 = 7;

/// The parts in the order of the screen.
fn parts(scene: &Scene, steps: Vec<Row>, body: usize) -> Vec<Part> {
    use Content::{Chart, Events, Rows, Sentences, Settings};
    let said = banner::rows(scene);
    let presses = banner::presses(scene);
    // What presses may take all but the head and the bytes; what does not, a third.
    let gauges_tell = body < 12 && scene.execution.bytes().done.is_some_and(|done| done > 0);
    let said_at_most = match presses {
        true => body.saturating_sub(2),
        // on a small screen numbers come before comments on them
        false if gauges_tell => 0,
        false => body.div_ceil(3),
    };
    let said = Sentences(said, said_at_most);
    let no_steps = steps.is_empty();
    let mut gauges = gauges::rows(scene);
    let second_gauge = gauges.split_off(gauges.len().min(1));
    let said_least = said_at_most.min(2);
    let steps_least = steps.len();
    let mut parts = vec![
        Part::new(0, 1, false, Rows(vec![head::first(scene)])),
        Part::new(6, 1, false, Rows(vec![head::second(scene)])),
        Part::new(5, 1, true, Rows(phases::rail(scene).into_iter().collect())),
        Part::new(if presses { 1 } else { 4 }, said_least, true, said),
        Part::new(if presses { 0 } else { 2 }, 1, true, Rows(gauges)),
        Part::new(3, 1, false, Rows(second_gauge)),
        Part::new(4, 1, false, Rows(eta::row(scene).into_iter().collect())),
        Part::new(STEPS, steps_least, true, Rows(steps)),
    ];
    if scene.width >= 40 && throughput::has_something(scene) {
        parts.push(Part::new(8, 4, true, Chart(22)));
    } else if no_steps {
        parts.push(Part::new(10, 3, true, Settings(options::settings(scene))));
    }
    let events = scene.execution.events().iter().len();
    if events > 0 {
        parts.push(Part::new(9, 2, true, Events(events + 1)));
    }
    parts
}

/// Gives each part its rows: what is fixed in the order of rank, then air between, then chart and events, then
/// settings.
fn share_out(parts: &mut [Part], height: usize) {
    let mut left = height;
    let fixed = |part: &Part| matches!(part.content, Content::Sentences(..) | Content::Rows(_));
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|place| parts[*place].rank);
    for &place in order.iter().filter(|place| fixed(&parts[**place])).collect::<Vec<_>>() {
        if parts[place].least <= left {
            parts[place].give(usize::MAX, &mut left);
        }
    }
    for part in parts.iter_mut().filter(|part| fixed(part)) {
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

fn assemble(scene: &Scene, parts: Vec<Part>, height: usize) -> Vec<Row> {
    let mut rows = Vec::with_capacity(height);
    for part in parts.into_iter().filter(|part| part.given > 0) {
        if part.apart {
            rows.push(Row::new());
        }
        match part.content {
            Content::Sentences(mut all, _) => {
                if part.given < all.len() {
                    all.truncate(part.given);
                    banner::mark_cut(&mut all, scene.width);
                }
                rows.append(&mut all);
            }
            Content::Rows(all) | Content::Settings(all) => rows.extend(all.into_iter().take(part.given)),
            Content::Chart(_) => rows.extend(throughput::rows(scene, part.given)),
            Content::Events(_) => rows.extend(events::newest(scene, part.given)),
        }
    }
    rows
}
