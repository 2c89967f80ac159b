//! Lines of now, which are drawn over again and again: a row for each transfer, in columns that stay.

use std::time::Duration;

use ratatui::{
    style::{Color, Modifier, Style},
    text::Span,
};
use tokio::time::Instant;

use super::frames::Frames;
use crate::{
    say::{line::Now, units},
    view::{
        text::{cut, span, spans_width, width},
        theme::{self, DIM, DONE, PLAIN, Theme},
    },
};

/// The shortest time between two drawings.
const APART: Duration = Duration::from_millis(250);

/// The lines as they are on the terminal, below everything that stays.
pub struct Live {
    /// What is drawn.
    pub drawn: Vec<String>,
    /// When it was.
    pub frames: Frames,
    /// Whether something happened since.
    pub changed: bool,
}

impl Live {
    /// Nothing is drawn yet.
    pub fn new() -> Self {
        Self { drawn: Vec::new(), frames: Frames::apart(APART), changed: false }
    }

    /// When they are to be drawn again; `None` where nothing happened.
    pub fn due(&self) -> Option<Instant> {
        self.changed.then(|| self.frames.next())
    }
}

/// How wide each column is; 0 for one that is left out.
#[derive(Clone, Copy, Debug)]
pub struct Columns {
    name: usize,
    health: usize,
    status: usize,
    bar: usize,
    rate: usize,
    all: usize,
}

/// The longest status and the longest rate: `TRANSFERRING`, `1,023 KiB/s`.
const STATUS: usize = 12;
const RATE: usize = 11;
const PERCENT: usize = 6;
/// An execution's id.
const ID: usize = 22;

impl Columns {
    /// For transfers of these names on so many columns; the last one is left alone: a terminal that wraps there would
    /// add a line.
    pub fn fit<'a>(names: impl Iterator<Item = &'a str>, columns: usize) -> Self {
        let all = columns.saturating_sub(1);
        let widest = names.map(width).max().unwrap_or(0);
        let wide = |least: usize, wide: usize| if all >= least { wide } else { 0 };
        Self {
            // an id stands there until the name is known, and the columns stay where they are then
            name: widest.max(ID).min((all / 5).max(8)),
            health: if all >= 140 { 17 } else { 12 },
            status: wide(70, STATUS),
            bar: if all >= 140 { 20 } else { wide(100, 10) },
            rate: wide(60, RATE),
            all,
        }
    }

    /// The row of a transfer, as this terminal shows it.
    pub fn row(&self, now: &Now, look: Theme) -> String {
        let mut row = vec![span(padded(&now.name, self.name), PLAIN)];
        let mut column = |text: String, wide: usize, style: Style| {
            if wide > 0 {
                row.push(span("  ", PLAIN));
                row.push(span(padded(&text, wide), style));
            }
        };
        let is_known = !now.health.is_empty();
        let badge = format!("{} {}", theme::symbol(now.severity), now.health);
        column(if is_known { badge } else { String::new() }, self.health, theme::style(now.severity));
        column(now.status.clone(), self.status, PLAIN);
        if self.bar > 0 {
            row.push(span("  ", PLAIN));
            row.extend(bar(now.share, self.bar));
        }
        let percent = now.share.map(units::percent).unwrap_or_default();
        row.push(span(format!("  {percent:>PERCENT$}"), PLAIN));
        if self.rate > 0 {
            row.push(span(format!("  {:>1$}", now.rate, self.rate), PLAIN));
        }
        for (text, style) in [(&now.trouble, theme::style(now.severity)), (&now.facts, PLAIN)] {
            if !text.is_empty() {
                row.push(span("  ", PLAIN));
                row.push(span(text.clone(), style));
            }
        }
        painted(&within(row, self.all), look)
    }
}

/// A text in exactly so many columns.
fn padded(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    let missing = columns.saturating_sub(width(&text));
    format!("{text}{}", " ".repeat(missing))
}

/// What is done as a line, what is left as a thinner one; spaces where neither is known.
fn bar(share: Option<f64>, columns: usize) -> [Span<'static>; 2] {
    let Some(share) = share else { return [span(" ".repeat(columns), PLAIN), span("", PLAIN)] };
    let done = (share.clamp(0.0, 1.0) * columns as f64).round() as usize;
    // one that is not empty shows something, one that is not full leaves something
    let done = done.clamp(usize::from(share > 0.0), columns - usize::from(share < 1.0));
    [span("━".repeat(done), DONE), span("─".repeat(columns - done), DIM)]
}

/// The row in at most so many columns, without spaces at its end.
fn within(row: Vec<Span<'static>>, columns: usize) -> Vec<Span<'static>> {
    let mut kept: Vec<Span> = Vec::new();
    for part in row {
        let room = columns.saturating_sub(spans_width(&kept));
        if width(&part.content) > room {
            kept.push(span(cut(&part.content, room).into_owned(), part.style));
            break;
        }
        kept.push(part);
    }
    while let Some(last) = kept.last_mut() {
        let trimmed = last.content.trim_end_matches(' ').to_owned();
        if !trimmed.is_empty() {
            last.content = trimmed.into();
            break;
        }
        kept.pop();
    }
    kept
}

/// The row with the escape sequences of its styles; without any where there are no colours.
fn painted(row: &[Span], look: Theme) -> String {
    let part = |span: &Span| {
        let text = look.text(&span.content);
        let codes = if look.colour { codes(span.style) } else { String::new() };
        if codes.is_empty() { text } else { format!("\u{1b}[{codes}m{text}\u{1b}[0m") }
    };
    row.iter().filter(|span| !span.content.is_empty()).map(part).collect()
}

/// The numbers of a style's colour and modifiers.
fn codes(style: Style) -> String {
    let colour = match style.fg {
        Some(Color::Red) => Some("31"),
        Some(Color::Green) => Some("32"),
        Some(Color::Yellow) => Some("33"),
        Some(Color::Cyan) => Some("36"),
        _ => None,
    };
    let modifiers = [(Modifier::BOLD, "1"), (Modifier::DIM, "2")];
    let modifiers = modifiers.into_iter().filter(|(modifier, _)| style.add_modifier.contains(*modifier));
    modifiers.map(|(_, code)| code).chain(colour).collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::severity::Severity;

    const PLAIN_LOOK: Theme = Theme { colour: false, ascii: false };

    fn stalled() -> Now {
        Now {
            name: "render-farm-output".into(),
            severity: Severity::Critical,
            health: "STALLED".into(),
            status: "TRANSFERRING".into(),
            share: Some(0.38),
            rate: String::new(),
            trouble: "no change 7m 36s".into(),
            facts: "12 failed  3.40 TiB of 9.00 TiB  3h 12m".into(),
        }
    }

    fn healthy() -> Now {
        Now {
            name: "日本".into(),
            severity: Severity::Ok,
            health: "HEALTHY".into(),
            share: Some(1.0),
            rate: "7.66 GiB/s".into(),
            trouble: String::new(),
            ..stalled()
        }
    }

    fn unknown() -> Now {
        Now { health: String::new(), status: String::new(), share: None, facts: String::new(), ..stalled() }
    }

    fn rows(columns: usize, look: Theme) -> Vec<String> {
        let all = [stalled(), healthy(), unknown()];
        let fit = Columns::fit(all.iter().map(|now| &*now.name), columns);
        all.iter().map(|now| fit.row(now, look)).collect()
    }

    #[test]
    fn columns_stay_where_they_are() {
        let shown = rows(120, PLAIN_LOOK);
        assert_eq!(
            shown[0],
            "render-farm-output      ✖ STALLED     TRANSFERRING  ━━━━──────   38.0%               no change 7m 36s  12 failed  3.40…"
        );
        assert_eq!(
            shown[1],
            "日本                    ✔ HEALTHY     TRANSFERRING  ━━━━━━━━━━    100%   7.66 GiB/s  12 failed  3.40 TiB of 9.00 TiB  …"
        );
        assert!(shown[2].ends_with("  no change 7m 36s"), "{:?}", shown[2]);
        let at = |row: &str, what: &str| width(&row[..row.find(what).unwrap()]);
        assert_eq!(at(&shown[0], "no change"), at(&shown[1], "12 failed"));
        assert_eq!(at(&shown[0], "no change"), at(&shown[2], "no change"));
    }

    #[test]
    fn what_is_wrong_is_seen_on_a_narrow_terminal_too() {
        let shown = rows(40, PLAIN_LOOK);
        assert_eq!(shown[0], "render-…  ✖ STALLED      38.0%  no cha…");
        assert!(rows(60, PLAIN_LOOK)[0].contains("✖ STALLED") && rows(80, PLAIN_LOOK)[0].contains("no change"));
    }

    #[test]
    fn colour_is_beside_the_words_and_changes_none() {
        let coloured = rows(120, Theme { colour: true, ascii: false });
        assert!(coloured[0].contains("\u{1b}[1;31m✖ STALLED"), "{:?}", coloured[0]);
        assert!(coloured[1].contains("\u{1b}[32m✔ HEALTHY"), "{:?}", coloured[1]);
        let stripped = |text: &str| {
            let mut parts = text.split('\u{1b}');
            let first = parts.next().unwrap_or_default().to_owned();
            parts.fold(first, |all, part| all + part.split_once('m').unwrap().1)
        };
        let plain: Vec<String> = coloured.iter().map(|row| stripped(row)).collect();
        assert_eq!(plain, rows(120, PLAIN_LOOK));
    }

    proptest::proptest! {
        #[test]
        fn a_row_never_reaches_the_last_column(columns in 1usize..200, name in "\\PC{0,40}", share in -0.5f64..1.5) {
            let now = Now { name: crate::say::text::clean(&name).into_owned(), share: Some(share), ..stalled() };
            let row = Columns::fit([&*now.name].into_iter(), columns).row(&now, PLAIN_LOOK);
            proptest::prop_assert!(width(&row) < columns, "{row:?}");
        }
    }
}
