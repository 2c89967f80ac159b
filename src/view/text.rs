//! Text that fits: cut at cell borders, wrapped at words, and free of what would steer a terminal.

use std::borrow::Cow;

use ratatui::{buffer::Buffer, style::Style, text::Span};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::say::text::clean;

/// Columns that a text takes, drawn cell by cell.
pub fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { Cells(text).map(UnicodeWidthStr::width).sum() }
}

/// A text in at most `columns`, with `…` where something was cut.
pub fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let wide = width(grapheme);
        if used + wide + 1 > columns {
            break;
        }
        used += wide;
        out.push_str(grapheme);
    }
    if columns > 0 {
        out.push('…');
    }
    Cow::Owned(out)
}

/// A text in at most `columns`, cut in its middle: of a path, both ends tell more.
pub fn cut_middle(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns || columns < 8 {
        return cut(text, columns);
    }
    let head = cut(text, columns / 2).into_owned();
    let mut tail: Vec<&str> = Vec::new();
    let mut used = width(&head);
    for grapheme in text.graphemes(true).rev() {
        let wide = width(grapheme);
        if used + wide > columns {
            break;
        }
        used += wide;
        tail.push(grapheme);
    }
    tail.reverse();
    Cow::Owned(head + &tail.concat())
}

/// A text in at most `columns`, cut where a part of the sentence ends: what is left can be taken at its word.
pub fn cut_at_clause(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let ends = [": ", "; ", ", ", ". ", " ("].into_iter().flat_map(|end| text.match_indices(end).map(|(at, _)| at));
    let kept = ends.filter(|at| width(&text[..*at]) + 2 <= columns).max();
    match kept.filter(|at| width(&text[..*at]) * 3 >= columns) {
        Some(at) => Cow::Owned(format!("{} …", &text[..at])),
        None => cut(text, columns),
    }
}

/// A text on lines of at most `columns`, broken at spaces where there are some.
pub fn wrap(text: &str, columns: usize) -> Vec<Cow<'_, str>> {
    // identifiers are not torn at their hyphens
    let options = textwrap::Options::new(columns.max(2)).word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::wrap(text, options)
}

/// Columns that a row of spans takes.
pub fn spans_width(spans: &[Span]) -> usize {
    spans.iter().map(|span| width(&span.content)).sum()
}

/// One row with something at each end; what is at the left gives way.
pub fn both_ends(left: Vec<Span<'static>>, right: Vec<Span<'static>>, columns: usize) -> Vec<Span<'static>> {
    let gap = columns.saturating_sub(spans_width(&left) + spans_width(&right));
    let mut row = left;
    row.push(Span::raw(" ".repeat(gap)));
    row.extend(right);
    row
}

/// Draws spans on one row from column `x` on; where they go beyond column `end`, the last cell before it says so.
pub fn draw(buffer: &mut Buffer, x: u16, y: u16, end: u16, spans: Vec<Span>) {
    let area = buffer.area;
    let end = end.min(area.right());
    if y < area.top() || y >= area.bottom() || x >= end {
        return;
    }
    let mut column = x;
    for span in spans {
        let text = clean(&span.content);
        for cell in Cells(&text) {
            let wide = width(cell) as u16;
            if wide > end - column {
                mark_cut(buffer, column, y, end, span.style);
                return;
            }
            if wide > 0 {
                buffer[(column, y)].set_symbol(cell).set_style(span.style);
                column += wide;
            }
        }
    }
}

/// Puts `…` into the last cell of a row of which `column` was to be written next.
fn mark_cut(buffer: &mut Buffer, column: u16, y: u16, end: u16, style: Style) {
    let last = end - 1;
    // half of a wide character would be left beside it
    if column == end && last > buffer.area.left() && width(buffer[(last - 1, y)].symbol()) > 1 {
        buffer[(last - 1, y)].set_symbol(" ");
    }
    buffer[(last, y)].set_symbol("…").set_style(style);
}

/// What goes into one cell each, or two where it is wide.
struct Cells<'a>(&'a str);

impl<'a> Iterator for Cells<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let mut characters = self.0.chars();
        let first = characters.next()?;
        let lone = stands_alone(first) && characters.clone().next().is_none_or(stands_alone);
        // most of the screen is letters, digits and blocks, for which there is no need to look for clusters
        let length = if lone { first.len_utf8() } else { self.0.graphemes(true).next().map_or(0, str::len) };
        let (cell, rest) = self.0.split_at(length);
        self.0 = rest;
        (length > 0).then_some(cell)
    }
}

/// Whether a character is a cell of its own beside any other such character.
fn stands_alone(character: char) -> bool {
    matches!(character, ' '..='~' | '·' | '–' | '…' | '←'..='↓' | '≈' | '≤' | '≥' | '─'..='◿' | '✔' | '✖')
}

/// A span of a text.
pub fn span<'a>(text: impl Into<Cow<'a, str>>, style: Style) -> Span<'a> {
    Span::styled(text, style)
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;

    use super::*;

    #[test]
    fn texts_are_cut_at_cell_borders() {
        for (text, columns, shown) in [
            ("hello", 5, "hello"),
            ("hello", 4, "hel…"),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("hello", 1, "…"),
            ("hello", 0, ""),
            ("👩‍👩‍👧 family", 4, "👩‍👩‍👧 …"),
        ] {
            assert_eq!(cut(text, columns), shown);
        }
        assert_eq!(cut_middle("s3://a-very-long-bucket/with/a/prefix", 20), "s3://a-ve…h/a/prefix");
    }

    #[test]
    fn a_long_text_ends_with_a_part_of_its_sentence() {
        let text = "poll failed: the token expired; run aws sso login --profile prod";
        for (columns, shown) in [
            (80, text),
            (50, "poll failed: the token expired …"),
            (33, "poll failed: the token expired …"),
            (30, "poll failed …"),
            (9, "poll fai…"),
        ] {
            assert_eq!(cut_at_clause(text, columns), shown, "{columns}");
        }
    }

    #[test]
    fn what_steers_a_terminal_is_taken_out() {
        assert_eq!(clean("a\u{1b}[31mb\u{9b}c\u{7}\u{202e}d\ne"), "a\u{fffd}[31mb\u{fffd}c\u{fffd}\u{fffd}d e");
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 1));
        draw(&mut buffer, 0, 0, 20, vec![span("x\u{1b}]0;title\u{7}y", Style::new())]);
        assert!(buffer.content.iter().all(|cell| !cell.symbol().contains(char::is_control)), "{buffer:?}");
    }

    #[test]
    fn cells_are_clusters() {
        for text in ["abc", "ab━╸─…é", "e\u{301}x", "✔\u{fe0f} ok", "👩\u{1f3fd}‍🚒日本", "a\u{301}\u{302}b"]
        {
            assert_eq!(Cells(text).collect::<Vec<_>>(), text.graphemes(true).collect::<Vec<_>>(), "{text}");
        }
    }

    #[test]
    fn lines_break_at_words() {
        assert_eq!(wrap("No counter has moved for 7m 20s.", 16), ["No counter has", "moved for 7m", "20s."]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
    }

    proptest::proptest! {
        #[test]
        fn wrapped_lines_fit_and_lose_nothing(text in "[a-zA-Z0-9 .,:/é日本]{0,80}", columns in 2usize..30) {
            let lines = wrap(&text, columns);
            for line in &lines {
                proptest::prop_assert!(width(line) <= columns, "{line:?}");
            }
            let kept = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            proptest::prop_assert_eq!(kept(&lines.concat()), kept(&text));
        }

        #[test]
        fn a_cut_text_fits(text in "\\PC{0,60}", columns in 0usize..40) {
            proptest::prop_assert!(width(&cut(&text, columns)) <= columns);
            proptest::prop_assert!(width(&cut_middle(&text, columns)) <= columns);
        }

        #[test]
        fn drawing_stays_within_its_end(text in "\\PC{0,60}", x in 0u16..10, end in 0u16..20) {
            let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 1));
            draw(&mut buffer, x, 0, end, vec![span(text, Style::new())]);
            for column in end..20 {
                proptest::prop_assert_eq!(buffer[(column, 0)].symbol(), " ");
            }
        }
    }
}
