//! For a very small screen: three rows, or one.

use super::{
    Row, Scene, banner, gauges, head,
    text::{span, spans_width},
    theme::{self, BOLD, PLAIN},
};
use crate::{say::sentences, transfer::events::Severity};

/// At most three rows: all in one; the head and the bytes; or the head, what is wrong and the bytes.
pub fn rows(scene: &Scene, height: usize) -> Vec<Row> {
    if height <= 1 {
        return vec![one(scene)];
    }
    let mut rows = vec![head::first(scene)];
    let gauges = gauges::rows(scene);
    let said = banner::rows(scene);
    let pressing = banner::presses(scene) || gauges.is_empty();
    if pressing {
        rows.extend(said.into_iter().take(height - 1 - usize::from(!gauges.is_empty() && height > 2)));
    }
    rows.extend(gauges);
    rows.truncate(height);
    rows
}

/// Everything in one row, the most telling first.
fn one(scene: &Scene) -> Row {
    let state = scene.health.state;
    let mut row = Row::new();
    if scene.health.tone >= Severity::Warning {
        row.push(span(
            format!("{} {} ", theme::glyph(scene.health.tone), state.as_str().to_uppercase()),
            theme::style(scene.health.tone),
        ));
    }
    let words = sentences::headline(scene.execution, &scene.now);
    for (place, word) in words.into_iter().enumerate() {
        if place > 0 {
            row.push(span("  ", PLAIN));
        }
        if spans_width(&row) >= scene.width {
            break;
        }
        row.push(span(word, if place == 0 { BOLD } else { PLAIN }));
    }
    row
}
