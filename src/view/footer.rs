//! The last row: the keys, and how old what is shown is.

use super::{
    Row, Scene,
    text::{both_ends, cut_middle, span, spans_width, width},
    theme::{BOLD, DIM, PLAIN},
};
use crate::{
    keys::{Action, Binding, KEYMAP, Playback, REPLAY},
    say::{summary::NO_RESPONSE, units},
};

/// Under the watch: keys at the left, ages at the right. Where both don't fit, the keys give way.
pub fn of_watch(scene: &Scene) -> Row {
    if scene.app.player().is_some() && scene.app.note().is_none() {
        return of_replay(scene);
    }
    let keys = keys(KEYMAP);
    let [full, short, shortest] = ages(scene);
    let left = match scene.app.note() {
        Some(note) => vec![span(note.to_owned(), BOLD)],
        None => keys,
    };
    if scene.app.note().is_some_and(|note| width(note) + width(&short) + 2 > scene.width) {
        return left
            .into_iter()
            .map(|note| span(cut_middle(&note.content, scene.width).into_owned(), note.style))
            .collect();
    }
    for right in [&full, &short] {
        if spans_width(&left) + width(right) + 2 <= scene.width {
            return both_ends(left, vec![span(right.clone(), DIM)], scene.width);
        }
    }
    let few = vec![span("? ", PLAIN), span("help", DIM)];
    let fitting = [full, short, shortest].into_iter().find(|right| spans_width(&few) + width(right) + 2 <= scene.width);
    both_ends(few, vec![span(fitting.unwrap_or_default(), DIM)], scene.width)
}

/// Under the watch of a replay: the keys to get about in it come before the others.
fn of_replay(scene: &Scene) -> Row {
    let [full, short, shortest] = ages(scene);
    let leave = KEYMAP.iter().filter(|key| matches!(key.action, Action::Quit | Action::Help));
    let help = KEYMAP.iter().filter(|key| key.action == Action::Help);
    let about = [Playback::Toggle, Playback::NextEvent].map(Action::Playback);
    let about = REPLAY.iter().filter(|key| about.contains(&key.action));
    let (all, least) = (keys(leave.chain(REPLAY)), keys(help.chain(about)));
    for (left, right) in [(&all, &full), (&all, &short), (&all, &shortest), (&least, &short), (&least, &shortest)] {
        if spans_width(left) + width(right) + 2 <= scene.width {
            return both_ends(left.clone(), vec![span(right.clone(), DIM)], scene.width);
        }
    }
    both_ends(vec![span("? ", PLAIN), span("help", DIM)], vec![span(shortest, DIM)], scene.width)
}

/// Under a page: where in it we are, and how to leave it.
pub fn of_page(scene: &Scene, (first, last, all): (usize, usize, usize)) -> Row {
    let left = vec![span("Esc", PLAIN), span(" back   ", DIM), span("q", PLAIN), span(" quit", DIM)];
    let place = if last - first < all { format!("↑ ↓   {}–{last} of {all}", first + 1) } else { String::new() };
    both_ends(left, vec![span(place, DIM)], scene.width)
}

fn keys(bindings: impl IntoIterator<Item = &'static Binding>) -> Row {
    let labelled = bindings.into_iter().filter(|binding| !binding.label.is_empty());
    let mut row = Row::new();
    for binding in labelled {
        if !row.is_empty() {
            row.push(span("  ", PLAIN));
        }
        row.push(span(binding.key, PLAIN));
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
