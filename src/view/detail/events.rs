//! What happened, with the time of day.

use crate::{
    say,
    transfer::{events::Event, severity::Severity},
    view::{
        Row, Scene,
        text::span,
        theme::{self, BOLD, DIM, PLAIN},
    },
};

/// A title and the newest of them, in so many rows.
pub fn newest(scene: &Scene, height: usize) -> Vec<Row> {
    let events = scene.readout.events();
    let skipped = events.iter().len().saturating_sub(height.saturating_sub(1));
    let title = vec![span("Events", BOLD)];
    std::iter::once(title).chain(events.iter().skip(skipped).map(|event| row(scene, event))).collect()
}

/// All of them.
pub fn all(scene: &Scene) -> Vec<Row> {
    let rows: Vec<Row> = scene.readout.events().iter().map(|event| row(scene, event)).collect();
    if rows.is_empty() { vec![vec![span("Nothing has happened yet.", DIM)]] } else { rows }
}

fn row(scene: &Scene, event: &Event) -> Row {
    let (style, symbol) = match event.kind.severity() {
        Severity::Info => (PLAIN, " "),
        severity => (theme::style(severity), theme::symbol(severity)),
    };
    let words = say::words::events::words(&event.kind);
    vec![span(scene.time.moment(event.at), DIM), span(format!("  {symbol} "), style), span(words, style)]
}
