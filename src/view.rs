//! Draws an app into a buffer. It asks no clock and does no I/O: what it shows follows from the app alone.

mod detail;
mod footer;
mod help;
mod marks;
mod options;
mod raw;
mod replay_bar;
pub mod text;
pub mod theme;

#[cfg(test)]
mod tests;

use ratatui::{buffer::Buffer, layout::Rect, text::Span};

use self::theme::Theme;
use crate::{
    app::{App, Extent, Page},
    say::{
        sentences::{self, Sentence},
        summary::{self, NO_RESPONSE},
        text::clean,
        units::LocalTime,
        words,
    },
    transfer::{readout::Readout, severity::Severity},
};

/// One row of the screen.
type Row = Vec<Span<'static>>;

/// What the parts of the screen are drawn from: the transfer, judged once.
#[derive(Clone, Copy)]
struct Scene<'a> {
    app: &'a App,
    readout: &'a Readout<'a>,
    said: &'a [Sentence],
    time: LocalTime<'a>,
    /// Columns that there are.
    width: usize,
}

impl Scene<'_> {
    /// The same in fewer columns.
    fn narrowed(self, width: usize) -> Self {
        Self { width, ..self }
    }
}

/// The sentences about the transfer, and about our watching it.
fn said(app: &App, readout: &Readout, time: &LocalTime) -> Vec<Sentence> {
    let warning = app.warning().map(|text| Sentence::new(Severity::Warning, text));
    let recording = app.recording().map(|text| Sentence::new(Severity::Info, text));
    let unread = app.player().and_then(|player| player.unread.as_deref());
    let unread = unread.map(|text| Sentence::new(Severity::Info, text));
    let said = warning.into_iter().chain(sentences::sentences(readout, time));
    said.chain(recording).chain(unread).collect()
}

/// Draws the app, and tells how much of its page there is.
pub fn render(app: &App, theme: Theme, buffer: &mut Buffer) -> Extent {
    let area = buffer.area;
    if area.is_empty() {
        return Extent::default();
    }
    let margin = u16::from(area.width >= 50);
    let inner = Rect { x: area.x + margin, width: area.width - 2 * margin, ..area };
    let extent = app.execution().map(|execution| {
        let readout = Readout::of(execution, app.now());
        let time = LocalTime { now: app.now(), zone: app.zone() };
        let said = said(app, &readout, &time);
        let scene = Scene { app, readout: &readout, said: &said, time, width: usize::from(inner.width) };
        page(&scene, inner, buffer)
    });
    theme.apply(buffer);
    extent.unwrap_or_default()
}

/// The title of the terminal's window: the worst word first, then percentage and status, as tabs are cut at their end.
/// It is of the transfer on the screen, or of one that is worse.
pub fn title(app: &App) -> String {
    let Some(execution) = app.execution() else { return "syncscope".into() };
    let others = app.executions().iter().filter(|other| !std::ptr::eq(*other, execution));
    let readouts = others.map(|execution| Readout::of(execution, app.now()));
    let selected = Readout::of(execution, app.now());
    let readout = readouts.fold(selected, |worst, other| {
        if other.health.severity > worst.health.severity.max(Severity::Info) { other } else { worst }
    });
    let status = readout.snapshot.and_then(|snapshot| snapshot.status.as_deref()).unwrap_or(NO_RESPONSE);
    let is_bad = readout.health.severity >= Severity::Warning;
    let badge = if is_bad { format!("{} ", words::health_badge(&readout.health)) } else { String::new() };
    let share = summary::share(&readout).filter(|_| !readout.is_over());
    let share = share.map(|share| format!("{:.0}% ", (share * 100.0).floor())).unwrap_or_default();
    clean(&format!("{badge}{share}{status} · {}", readout.name())).into_owned()
}

fn page(scene: &Scene, area: Rect, buffer: &mut Buffer) -> Extent {
    let height = usize::from(area.height);
    if height <= 3 {
        put(detail::compact(scene, height), area, buffer);
        return Extent::default();
    }
    let rows = match scene.app.page() {
        Page::Watch => {
            let replay_bar = replay_bar::row(scene);
            let mut rows = detail::rows(scene, height - 1 - replay_bar.iter().len());
            rows.extend(replay_bar);
            rows.push(footer::of_watch(scene));
            put(rows, area, buffer);
            return Extent::default();
        }
        Page::Options => options::rows(scene),
        Page::Events => detail::all_events(scene),
        Page::Raw => raw::rows(scene),
        Page::Help => help::rows(scene),
    };
    scrolled(scene, rows, area, buffer)
}

/// A page that may be longer than the screen, under the head and over the footer.
fn scrolled(scene: &Scene, rows: Vec<Row>, area: Rect, buffer: &mut Buffer) -> Extent {
    let replay_bar = replay_bar::row(scene).filter(|_| area.height > 4);
    let height = usize::from(area.height) - replay_bar.iter().len();
    let extent = Extent { content: rows.len(), visible: height - 3 };
    let first = scene.app.scroll().min(extent.content.saturating_sub(extent.visible));
    let last = (first + extent.visible).min(extent.content);
    let mut page = vec![detail::head(scene), Row::new()];
    page.extend(rows.into_iter().skip(first).take(extent.visible));
    page.resize(height - 1, Row::new());
    page.extend(replay_bar);
    page.push(footer::of_page(scene, (first, last, extent.content)));
    put(page, area, buffer);
    extent
}

fn put(rows: Vec<Row>, area: Rect, buffer: &mut Buffer) {
    for (y, row) in (area.y..area.bottom()).zip(rows) {
        text::draw(buffer, area.x, y, area.right(), row);
    }
}
