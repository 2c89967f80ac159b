//! The cells between the axes: bars, lines across them, and the words in a gap.

use ratatui::{
    style::{Modifier, Style},
    text::Span,
};

use super::{
    columns::{Column, Gap, Gaps, within},
    scale::Scale,
    window::Window,
};
use crate::{
    say::units,
    transfer::severity::Severity,
    view::{
        text::{span, width},
        theme::{self, BOLD, DIM, DONE, PLAIN},
    },
};

/// Bars are of one shade, and a calm one.
const BAR: Style = DONE.add_modifier(Modifier::DIM);

/// How a line across the bars is dashed: of so many columns, so many are drawn.
pub type Dashes = (usize, usize);
/// The line of the average.
pub const AVERAGE: Dashes = (4, 2);
/// The line of the bandwidth limit.
pub const LIMIT: Dashes = (8, 6);

/// Rows of cells, the highest first.
pub struct Grid {
    rows: Vec<Vec<(char, Style)>>,
}

impl Grid {
    /// The bars, in so many rows; without a scale there is none.
    pub fn new(columns: &[Column], scale: Option<&Scale>, rows: usize) -> Self {
        let heights: Vec<Option<usize>> = columns
            .iter()
            .map(|column| match column {
                Column::Rate(rate) => Some(scale.map_or(0, |scale| scale.eighths(*rate))),
                Column::Unwatched => None,
                Column::Stopped | Column::Empty => Some(0),
            })
            .collect();
        let row = |row: usize| {
            let floor = (rows - 1 - row) * 8;
            heights
                .iter()
                .map(|eighths| eighths.map_or(('╱', DIM), |eighths| bar(eighths.saturating_sub(floor))))
                .collect()
        };
        Self { rows: (0..rows).map(row).collect() }
    }

    /// A dashed line along the upper edge of a row: a hair above the bars, a notch in them.
    pub fn line(&mut self, row: Option<usize>, (every, drawn): Dashes) {
        let Some(row) = row.and_then(|row| self.rows.get_mut(row)) else { return };
        for cell in row.iter_mut().enumerate().filter(|(column, _)| column % every < drawn).map(|(_, cell)| cell) {
            match cell.0 {
                ' ' => *cell = ('▔', DIM),
                '█' => cell.0 = '▇',
                _ => {}
            }
        }
    }

    /// Says how long each gap is, where there is room in it.
    pub fn name(&mut self, gaps: &Gaps, window: &Window) {
        for gap in &gaps.stopped {
            self.write(gap, window, "no change", self.rows.len().saturating_sub(1), theme::style(Severity::Critical));
        }
        for gap in &gaps.unwatched {
            // in the middle, or above where a bar reaches into it
            (0..=self.rows.len() / 2).rev().find(|row| self.write(gap, window, "not seen", *row, PLAIN));
        }
    }

    /// True if there was room for it in this row.
    fn write(&mut self, gap: &Gap, window: &Window, what: &str, row: usize, style: Style) -> bool {
        let columns = within(window, gap);
        let Some(cells) = self.rows.get_mut(row).and_then(|row| row.get_mut(columns)) else { return false };
        let text = format!(" {what} {} ", units::duration(gap.length()));
        let short = format!(" {what} ");
        let Some(text) = [text, short].into_iter().find(|text| width(text) <= cells.len()) else {
            return false;
        };
        // where it was measured all the same, the bars stand
        if cells.iter().any(|(glyph, _)| !matches!(glyph, ' ' | '╱' | '▔')) {
            return false;
        }
        let begins = (cells.len() - width(&text)) / 2;
        for (cell, letter) in cells[begins..].iter_mut().zip(text.chars()) {
            *cell = (letter, style);
        }
        true
    }

    /// Marks a column for the eye.
    pub fn point(&mut self, column: usize) {
        for cell in self.rows.iter_mut().filter_map(|row| row.get_mut(column)) {
            *cell = if matches!(cell.0, ' ' | '▔') { ('│', BOLD) } else { (cell.0, DONE.patch(BOLD)) };
        }
    }

    /// As spans, each as long as its style lasts.
    pub fn rows(self) -> Vec<Vec<Span<'static>>> {
        self.rows.into_iter().map(spans).collect()
    }
}

/// The cell of a bar that reaches so many eighths above the cell's ground.
fn bar(eighths: usize) -> (char, Style) {
    match eighths {
        0 => (' ', PLAIN),
        eighths => (['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'][eighths.min(8) - 1], BAR),
    }
}

fn spans(cells: Vec<(char, Style)>) -> Vec<Span<'static>> {
    let mut spans: Vec<Span<'static>> = Vec::new();
    for (glyph, style) in cells {
        match spans.last_mut() {
            Some(last) if last.style == style => last.content.to_mut().push(glyph),
            _ => spans.push(span(String::from(glyph), style)),
        }
    }
    spans
}
