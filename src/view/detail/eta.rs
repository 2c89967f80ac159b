//! When the transfer will have ended, or why that is not known.

use crate::{
    say,
    view::{
        Row, Scene,
        text::{span, width},
        theme::{BOLD, DIM, PLAIN},
    },
};

/// One row, in the longest form that fits; `None` while nothing is transferred.
pub fn row(scene: &Scene) -> Option<Row> {
    let lead = span("ETA    ", BOLD);
    let room = scene.width.saturating_sub(width(&lead.content));
    let forms = say::words::eta::forms(scene.readout, &scene.time);
    let fitting = forms.iter().find(|form| width(form) <= room).or(forms.last())?;
    let style = if scene.readout.estimate.is_ok() { PLAIN } else { DIM };
    Some(vec![lead, span(fitting.clone(), style)])
}
