//! Colour is meaning, and never alone: each coloured state has a glyph and a word too.

use ratatui::{
    buffer::Buffer,
    style::{Color, Modifier, Style},
};

use crate::transfer::severity::Severity;

/// What the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    /// The 16 colours of the user's own terminal, or none.
    pub colour: bool,
    /// ASCII characters only.
    pub ascii: bool,
}

impl Default for Theme {
    fn default() -> Self {
        Self { colour: true, ascii: false }
    }
}

/// Text of little weight.
pub const DIM: Style = Style::new().add_modifier(Modifier::DIM);
/// Text that the eye should land on.
pub const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
/// Text that is neither.
pub const PLAIN: Style = Style::new();
/// What is done, in gauges and charts.
pub const DONE: Style = Style::new().fg(Color::Cyan);

/// The style of a severity.
pub fn style(severity: Severity) -> Style {
    match severity {
        Severity::Ok => Style::new().fg(Color::Green),
        Severity::Info => PLAIN,
        Severity::Warning => Style::new().fg(Color::Yellow),
        Severity::Critical => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
    }
}

/// The style of words of a severity. Yellow words are hard to read on a light ground: their symbol has the colour.
pub fn words(severity: Severity) -> Style {
    match severity {
        Severity::Warning => PLAIN,
        severity => style(severity),
    }
}

/// The symbol of a severity.
pub fn symbol(severity: Severity) -> &'static str {
    match severity {
        Severity::Ok => "✔",
        Severity::Info => "·",
        Severity::Warning => "▲",
        Severity::Critical => "✖",
    }
}

impl Theme {
    /// Takes from a drawn buffer what the terminal can't show.
    ///
    /// Colours are taken from the cells and not left to the terminal library: with `NO_COLOR` set, that one
    /// writes a reset after the modifiers, and bold is lost.
    pub fn apply(self, buffer: &mut Buffer) {
        if self.colour && !self.ascii {
            return;
        }
        for cell in &mut buffer.content {
            if !self.colour {
                cell.fg = Color::Reset;
                cell.bg = Color::Reset;
            }
            if self.ascii && !cell.symbol().is_ascii() {
                let plain = ascii(cell.symbol());
                cell.set_symbol(&plain);
            }
        }
    }

    /// A text as this terminal can show it.
    pub fn text(self, text: &str) -> String {
        if self.ascii { ascii(text) } else { text.into() }
    }
}

/// The nearest ASCII character for each one.
fn ascii(text: &str) -> String {
    let plain = |character: char| match character {
        c if c.is_ascii() => c,
        '█' | '▉' | '▊' | '▋' | '▇' | '▆' | '▅' | '▌' => '#',
        '▍' | '▎' | '▏' | '▁' | '▂' | '▃' | '▄' => '.',
        '╌' => '.',
        '╱' => '/',
        '▔' => '-',
        '┬' => '\'',
        '┯' => '=',
        '━' | '╸' => '=',
        '─' => '-',
        '│' | '┤' | '┃' => '|',
        '└' | '┴' => '+',
        '●' => '*',
        '►' => '>',
        '▮' => '|',
        '✔' => '+',
        '✖' => 'x',
        '▲' => '!',
        '○' => 'o',
        '◌' => '.',
        '→' | '≥' | '›' => '>',
        '≤' => '<',
        '←' => '<',
        '↑' => '^',
        '↓' => 'v',
        '·' => '-',
        '≈' => '~',
        '…' => '~',
        '×' => 'x',
        '–' => '-',
        '‘' | '’' => '\'',
        '“' | '”' => '"',
        _ => '?',
    };
    text.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;

    use super::*;

    #[test]
    fn without_colour_bold_stays() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 3, 1));
        buffer.set_string(0, 0, "abc", style(Severity::Critical));
        Theme { colour: false, ascii: false }.apply(&mut buffer);
        let cell = &buffer[(0, 0)];
        assert_eq!((cell.fg, cell.modifier), (Color::Reset, Modifier::BOLD));
    }

    #[test]
    fn ascii_only_is_ascii_only() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 30, 1));
        buffer.set_string(0, 0, "● ━╸─ ██▎ ≥ 日本 é → ✔ … ▁▇", PLAIN);
        Theme { colour: true, ascii: true }.apply(&mut buffer);
        assert!(buffer.content.iter().all(|cell| cell.symbol().is_ascii()), "{buffer:?}");
    }

    #[test]
    fn every_severity_has_its_own_symbol() {
        let symbols = [Severity::Ok, Severity::Info, Severity::Warning, Severity::Critical].map(symbol);
        for (place, one) in symbols.iter().enumerate() {
            assert!(!symbols[..place].contains(one));
        }
    }
}
