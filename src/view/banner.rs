//! Sentences: what is going on, what is wrong, what to do. The most pressing comes first.

use super::{
    Row, Scene,
    text::{clean, span, wrap},
    theme::{self, DIM, PLAIN},
};
use crate::{say::sentences::Sentence, transfer::events::Severity};

/// All there is to say, wrapped.
pub fn rows(scene: &Scene) -> Vec<Row> {
    scene.said.iter().flat_map(|sentence| lines(sentence, scene.width)).collect()
}

/// Whether any of it should be seen before everything else.
pub fn presses(scene: &Scene) -> bool {
    scene.execution.is_over() || scene.said.iter().any(|sentence| sentence.tone >= Severity::Warning)
}

fn lines(sentence: &Sentence, columns: usize) -> Vec<Row> {
    let style = if sentence.tone == Severity::Info { PLAIN } else { theme::style(sentence.tone) };
    let glyph =
        span(format!("{} ", theme::glyph(sentence.tone)), if sentence.tone == Severity::Info { DIM } else { style });
    let text = clean(&sentence.text);
    let wrapped = wrap(&text, columns.saturating_sub(2));
    let rows = wrapped.iter().enumerate().map(|(place, line)| {
        let lead = if place == 0 { glyph.clone() } else { span("  ", PLAIN) };
        vec![lead, span(line.clone().into_owned(), style)]
    });
    rows.collect()
}

/// Says on the last row that there is more.
pub fn mark_cut(rows: &mut [Row], columns: usize) {
    let more = " … o shows all";
    if let Some(row) = rows.last_mut() {
        let room = columns.saturating_sub(more.chars().count());
        let text: String = row.iter().map(|span| span.content.as_ref()).collect();
        let style = row.last().map(|span| span.style).unwrap_or_default();
        *row = vec![span(super::text::cut(&text, room).into_owned(), style), span(more, DIM)];
    }
}
