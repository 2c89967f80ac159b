//! Sentences: what is going on, what is wrong, what to do. The most pressing comes first.

use crate::{
    say::{sentences::Sentence, text::clean},
    transfer::severity::Severity,
    view::{
        Row, Scene,
        text::{cut, span, wrap},
        theme::{self, DIM, PLAIN},
    },
};

/// Lines longer than this are hard to read.
const LONGEST: usize = 120;

/// All there is to say, wrapped.
pub fn rows(scene: &Scene) -> Vec<Row> {
    scene.said.iter().flat_map(|sentence| lines(sentence, scene.width.min(LONGEST))).collect()
}

/// Whether any of it should be seen before everything else.
pub fn presses(scene: &Scene) -> bool {
    scene.readout.is_over() || scene.said.iter().any(|sentence| sentence.severity >= Severity::Warning)
}

fn lines(sentence: &Sentence, columns: usize) -> Vec<Row> {
    let (style, lead) = match sentence.severity {
        Severity::Info => (PLAIN, DIM),
        severity => (theme::words(severity), theme::style(severity)),
    };
    let symbol = span(format!("{} ", theme::symbol(sentence.severity)), lead);
    let text = clean(&sentence.text);
    let wrapped = wrap(&text, columns.saturating_sub(2));
    let rows = wrapped.iter().enumerate().map(|(place, line)| {
        let lead = if place == 0 { symbol.clone() } else { span("  ", PLAIN) };
        vec![lead, span(line.clone().into_owned(), style)]
    });
    rows.collect()
}

/// Says on the last row that there is more.
pub fn mark_cut(rows: &mut [Row], columns: usize) {
    let more = " o shows all";
    if let Some(row) = rows.last_mut() {
        let room = columns.saturating_sub(more.chars().count());
        let text: String = row.iter().map(|span| span.content.as_ref()).chain(["…"]).collect();
        let style = row.last().map(|span| span.style).unwrap_or_default();
        *row = vec![span(cut(&text, room).into_owned(), style), span(more, DIM)];
    }
}
