//! Everything that was configured, and what the service says of its result.

use super::{
    Row, Scene, detail,
    text::{span, width, wrap},
    theme::{BOLD, DIM, PLAIN},
};
use crate::say::{
    options::{self, section::Section},
    text::clean,
};

/// The page's rows.
pub fn rows(scene: &Scene) -> Vec<Row> {
    let Some(snapshot) = scene.readout.snapshot else {
        return vec![vec![span("No response yet.", DIM)]];
    };
    // what the watch had no room for is here to its last word
    let mut rows = if detail::presses(scene) { detail::messages(scene) } else { Vec::new() };
    if !rows.is_empty() {
        rows.push(Row::new());
    }
    rows.extend(pair("Execution", &scene.readout.arn().to_string(), None, scene.width));
    let task = scene.readout.task();
    let known =
        [("Task", &task.name), ("From", &task.source), ("To", &task.destination), ("Log group", &task.log_group)];
    for (name, value) in known {
        rows.extend(value.iter().flat_map(|value| pair(name, value, None, scene.width)));
    }
    for section in options::sections(snapshot, scene.time.zone) {
        rows.push(Row::new());
        rows.extend(self::section(&section, scene.width));
    }
    rows
}

/// What is transferred and how, for a watch on which nothing moves yet.
pub fn settings(scene: &Scene) -> Vec<Row> {
    let Some(snapshot) = scene.readout.snapshot else { return Vec::new() };
    options::settings(snapshot).iter().flat_map(|section| self::section(section, scene.width)).collect()
}

fn section(section: &Section, columns: usize) -> Vec<Row> {
    let title = vec![span(section.title, BOLD)];
    let rows = section.rows.iter().flat_map(|row| pair(&row.name, &row.words, row.constant.as_deref(), columns));
    std::iter::once(title).chain(rows).collect()
}

/// Columns of the names.
const NAME: usize = 24;

/// A name and its value, wrapped; the constant behind it, or below it where it does not fit.
fn pair(name: &str, value: &str, constant: Option<&str>, columns: usize) -> Vec<Row> {
    let at = NAME.min(columns / 2);
    let room = columns.saturating_sub(at);
    let value = clean(value);
    let name = super::text::cut(name, at.saturating_sub(1));
    let mut rows: Vec<Row> = Vec::new();
    for (place, line) in wrap(&value, room).into_iter().enumerate() {
        let lead = if place == 0 { name.as_ref() } else { "" };
        let lead = format!("{lead}{}", " ".repeat(at - width(lead)));
        rows.push(vec![span(lead, DIM), span(line.into_owned(), PLAIN)]);
    }
    if let (Some(constant), Some(last)) = (constant, rows.last_mut()) {
        if super::text::spans_width(last) + width(constant) + 2 <= columns {
            last.push(span(format!("  {constant}"), DIM));
        } else {
            rows.push(vec![span(format!("{}{constant}", " ".repeat(at)), DIM)]);
        }
    }
    rows
}
