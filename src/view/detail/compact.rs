//! For a very small screen: three rows, or one.

use super::{gauges, head, messages};
use crate::{
    say::{summary, words},
    transfer::severity::Severity,
    view::{
        Row, Scene,
        text::{span, spans_width},
        theme::{self, BOLD, PLAIN},
    },
};

/// At most three rows: all in one; the head and the bytes; or the head, what is wrong and the bytes.
pub fn rows(scene: &Scene, height: usize) -> Vec<Row> {
    if height <= 1 {
        return vec![one(scene)];
    }
    let mut rows = vec![head::first(scene)];
    let gauges = gauges::rows(scene);
    let pressing = messages::presses(scene) || gauges.is_empty();
    if pressing {
        let room = height - 1 - usize::from(!gauges.is_empty() && height > 2);
        rows.extend(messages::rows(scene).into_iter().take(room));
    }
    rows.extend(gauges);
    rows.truncate(height);
    rows
}

/// Everything in one row, the most telling first.
fn one(scene: &Scene) -> Row {
    let health = &scene.readout.health;
    let mut row = Row::new();
    if health.severity >= Severity::Warning {
        row.push(span(format!("{} ", theme::symbol(health.severity)), theme::style(health.severity)));
        row.push(span(format!("{} ", words::health_badge(health)), theme::words(health.severity).patch(BOLD)));
    }
    for (place, word) in summary::headline(scene.readout, &scene.time).into_iter().enumerate() {
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
