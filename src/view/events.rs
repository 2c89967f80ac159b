//! What happened, with the time of day.

use super::{
    Row, Scene,
    text::span,
    theme::{self, BOLD, DIM, PLAIN},
};
use crate::transfer::events::{Occurrence, Severity};

/// A title and the newest of them, in so many rows.
pub fn newest(scene: &Scene, height: usize) -> Vec<Row> {
    let events = scene.execution.events();
    let skipped = events.iter().len().saturating_sub(height.saturating_sub(1));
    let title = vec![span("Events", BOLD)];
    std::iter::once(title).chain(events.iter().skip(skipped).map(|event| row(scene, event))).collect()
}

/// All of them.
pub fn all(scene: &Scene) -> Vec<Row> {
    let rows: Vec<Row> = scene.execution.events().iter().map(|event| row(scene, event)).collect();
    if rows.is_empty() { vec![vec![span("Nothing happened yet.", DIM)]] } else { rows }
}

fn row(scene: &Scene, event: &Occurrence) -> Row {
    let style = if event.tone == Severity::Info { PLAIN } else { theme::style(event.tone) };
    let glyph = if event.tone == Severity::Info { " " } else { theme::glyph(event.tone) };
    vec![span(scene.now.moment(event.at), DIM), span(format!("  {glyph} "), style), span(event.text.clone(), style)]
}
