//! The last row: the keys, and how old what is shown is.

use super::{
    Row, Scene,
    text::{both_ends, cut_middle, span, spans_width, width},
    theme::{BOLD, DIM, PLAIN},
};
use crate::{
    keys::{Action, Binding, KEYMAP, Playback, REPLAY},
    say::{summary::NO_RESPONSE, units},
    transfer::severity::Severity,
};

/// The keys of the watch, the ones that matter most first: where not all have room, the last ones go.
const WATCH: &[Action] = &[
    Action::Quit,
    Action::Help,
    Action::Next,
    Action::Events,
    Action::Options,
    Action::HandOver,
    Action::Wider,
    Action::Measure,
    Action::CursorBack,
    Action::Raw,
];
/// And where something is wrong.
const TROUBLE: &[Action] = &[
    Action::Quit,
    Action::Help,
    Action::HandOver,
    Action::CopyCommand,
    Action::Next,
    Action::Events,
    Action::Options,
    Action::Wider,
    Action::Raw,
];
/// Keys that have their room before the ages are told at length.
const KEYS: [usize; 3] = [8, 6, 3];

/// Under the watch: keys at the left, ages at the right. Where both don't fit, both give way; the key that quits
/// stays.
pub fn of_watch(scene: &Scene) -> Row {
    if scene.app.note().is_none() && scene.app.player().is_some() {
        return of_replay(scene);
    }
    let ages = ages(scene);
    if let Some(note) = scene.app.note() {
        let room = scene.width.saturating_sub(width(&ages[1]) + 2);
        if width(note) > room {
            return vec![span(cut_middle(note, scene.width).into_owned(), BOLD)];
        }
        return both_ends(vec![span(note.to_owned(), BOLD)], vec![span(ages[1].clone(), DIM)], scene.width);
    }
    let order = if scene.readout.health.severity >= Severity::Warning { TROUBLE } else { WATCH };
    let several = scene.app.executions().len() > 1;
    let bindings: Vec<&Binding> = order
        .iter()
        .filter(|action| several || **action != Action::Next)
        .filter_map(|action| KEYMAP.iter().find(|key| key.action == *action && !key.label.is_empty()))
        .collect();
    for (right, least) in ages.iter().zip(KEYS) {
        let room = scene.width.saturating_sub(width(right) + 2);
        let fitting = fitting(&bindings, room);
        if fitting >= least.min(bindings.len()) {
            return both_ends(keys(&bindings[..fitting]), vec![span(right.clone(), DIM)], scene.width);
        }
    }
    let [.., shortest] = ages;
    let least = fitting(&bindings, scene.width.saturating_sub(width(&shortest) + 2));
    let shortest = if least == 0 { String::new() } else { shortest };
    let least = if least == 0 { fitting(&bindings, scene.width) } else { least };
    both_ends(keys(&bindings[..least]), vec![span(shortest, DIM)], scene.width)
}

/// How many of the keys fit, from the first on.
fn fitting(bindings: &[&'static Binding], room: usize) -> usize {
    (0..=bindings.len()).rev().find(|count| spans_width(&keys(&bindings[..*count])) <= room).unwrap_or(0)
}

/// Under the watch of a replay: the keys to get about in it come before the others.
fn of_replay(scene: &Scene) -> Row {
    let [full, short, shortest] = ages(scene);
    let find = |keymap: &'static [Binding], action| keymap.iter().find(|key| key.action == action);
    let leave = [Action::Quit, Action::Help].into_iter().filter_map(|action| find(KEYMAP, action));
    let leave: Vec<&Binding> = leave.collect();
    let about = [Playback::Toggle, Playback::NextEvent].map(Action::Playback);
    let about = about.into_iter().filter_map(|action| find(REPLAY, action));
    let all: Vec<&Binding> = leave.iter().copied().chain(REPLAY.iter().filter(|key| !key.label.is_empty())).collect();
    let some: Vec<&Binding> = leave.iter().copied().chain(about).collect();
    let (all, some, least) = (keys(&all), keys(&some), keys(&leave));
    for (left, right) in [
        (&all, &full),
        (&all, &short),
        (&all, &shortest),
        (&some, &short),
        (&some, &shortest),
        (&some, &String::new()),
        (&least, &shortest),
    ] {
        if spans_width(left) + width(right) + 2 <= scene.width {
            return both_ends(left.clone(), vec![span(right.clone(), DIM)], scene.width);
        }
    }
    least
}

/// Under a page: where in it we are, and how to leave it.
pub fn of_page(scene: &Scene, (first, last, all): (usize, usize, usize)) -> Row {
    let left = vec![span("Esc", PLAIN), span(" back   ", DIM), span("q", PLAIN), span(" quit", DIM)];
    let place = if last - first < all { format!("↑ ↓   {}–{last} of {all}", first + 1) } else { String::new() };
    both_ends(left, vec![span(place, DIM)], scene.width)
}

fn keys(bindings: &[&'static Binding]) -> Row {
    let mut row = Row::new();
    for binding in bindings {
        if !row.is_empty() {
            row.push(span("  ", PLAIN));
        }
        // of two keys for the same, the one that says more by its looks
        row.push(span(if binding.action == Action::Wider { "←→" } else { binding.key }, PLAIN));
        row.push(span(format!(" {}", binding.label), DIM));
    }
    row
}

/// How old it is, in three lengths. When we polled is ours; when the counters changed is the service's.
fn ages(scene: &Scene) -> [String; 3] {
    let readout = &scene.readout;
    let Some(polled) = readout.polled_at() else {
        return [NO_RESPONSE, NO_RESPONSE, NO_RESPONSE].map(str::to_owned);
    };
    if readout.is_over() {
        let full = format!("last response at {} · polling stopped", scene.time.moment(polled));
        return [full, "polling stopped".into(), "over".into()];
    }
    let polled = scene.time.since(polled);
    let every = readout.next().map(units::interval);
    let changed = readout.counters_changed_at().map(|at| scene.time.since(at));
    let changed_long = match &changed {
        Some(changed) => format!("counters changed {changed} ago"),
        None => "no counter change seen".into(),
    };
    let every_long = every.as_ref().map(|every| format!(" · every {every}")).unwrap_or_default();
    let changed_short = changed.map(|changed| format!(" · changed {changed}")).unwrap_or_default();
    [
        format!("polled {polled} ago · {changed_long}{every_long}"),
        format!("polled {polled}{changed_short}{every_long}"),
        format!("polled {polled}{changed_short}"),
    ]
}
