//! Marks on a time axis: what happened when, the most serious on top.

use ratatui::style::Style;

use super::theme;
use crate::transfer::severity::Severity;

/// A cell of an axis.
pub type Cell = (&'static str, Style);

/// Puts a mark into each column; of two in one column, the more serious one stays. What is no trouble takes the
/// style of `quiet`, or that of the cell.
pub fn put(cells: &mut [Cell], quiet: Option<Style>, marks: impl IntoIterator<Item = (usize, Severity)>) {
    let mut marks: Vec<(usize, Severity)> = marks.into_iter().collect();
    marks.sort_by_key(|(_, severity)| *severity);
    for (column, severity) in marks {
        if let Some(cell) = cells.get_mut(column) {
            *cell = match severity {
                Severity::Info | Severity::Ok => ("┴", quiet.unwrap_or(cell.1)),
                severity => (theme::symbol(severity), theme::style(severity)),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::theme::{DIM, PLAIN};

    #[test]
    fn the_most_serious_of_a_column_stays_whatever_came_last() {
        for order in [
            [Severity::Critical, Severity::Warning, Severity::Info],
            [Severity::Info, Severity::Critical, Severity::Warning],
        ] {
            let mut cells = [("─", DIM); 3];
            put(
                &mut cells,
                Some(PLAIN),
                order.map(|severity| (1, severity)).into_iter().chain([(0, Severity::Ok), (9, Severity::Ok)]),
            );
            assert_eq!(cells.map(|cell| cell.0), ["┴", "✖", "─"]);
        }
    }
}
