//! The response verbatim, a member a row; what differs from the one before is marked.

use std::collections::HashMap;

use super::{
    Row, Scene,
    text::span,
    theme::{BOLD, DIM, PLAIN},
};
use crate::say::json_lines::{self, Line};

/// The page's rows.
pub fn rows(scene: &Scene) -> Vec<Row> {
    let Some(answer) = scene.readout.response() else {
        return vec![vec![span("No response yet.", DIM)]];
    };
    let lines = json_lines::lines(answer.verbatim());
    let before = scene.readout.response_before().map(|answer| json_lines::lines(answer.verbatim()));
    let before: Option<HashMap<&str, &str>> =
        before.as_ref().map(|lines| lines.iter().map(|line| (line.path.as_str(), line.value.as_str())).collect());
    let changed = |line: &Line| {
        before.as_ref().is_some_and(|before| before.get(line.path.as_str()) != Some(&line.value.as_str()))
    };
    lines.iter().map(|line| row(line, changed(line))).collect()
}

fn row(line: &Line, changed: bool) -> Row {
    let (mark, style) = if changed { ("▌ ", BOLD) } else { ("  ", PLAIN) };
    vec![span(mark, style), span(line.text.clone(), style)]
}
