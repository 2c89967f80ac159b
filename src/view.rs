//! Draws an app into a buffer. It asks no clock and does no I/O: what it shows follows from the app alone.

mod banner;
mod eta;
mod events;
mod footer;
mod gauges;
mod head;
mod help;
mod layout;
mod options;
mod phases;
mod pipeline;
mod raw;
mod scrub;
mod strip;
pub mod text;
pub mod theme;
mod throughput;

use ratatui::{buffer::Buffer, layout::Rect, text::Span};

use crate::{
    app::{App, Extent, Page},
    aws::snapshot::Snapshot,
    say::sentences::{self, Now, Sentence},
    transfer::{events::Severity, execution::Execution, judge::health::Health},
};
use theme::Theme;

/// One row of the screen.
type Row = Vec<Span<'static>>;

/// What the parts of the watch are drawn from.
struct Scene<'a> {
    app: &'a App,
    execution: &'a Execution,
    snapshot: Option<&'a Snapshot>,
    health: Health,
    said: Vec<Sentence>,
    now: Now<'a>,
    width: usize,
}

/// Draws the app, and tells how much of its page there is.
pub fn render(app: &App, look: Theme, buffer: &mut Buffer) -> Extent {
    let area = buffer.area;
    if area.is_empty() {
        return Extent::default();
    }
    let margin = u16::from(area.width >= 50);
    let inner = Rect { x: area.x + margin, width: area.width - 2 * margin, ..area };
    let extent = match app.execution() {
        Some(execution) => {
            let now = Now { at: app.now(), zone: app.zone() };
            let width = usize::from(inner.width);
            let health = execution.health(app.now());
            let warning = app.warning().map(|text| Sentence { tone: Severity::Warning, text: text.into() });
            let recording = app.recording().map(|text| Sentence { tone: Severity::Info, text: text.into() });
            let unread = app.player().and_then(|player| player.unread.as_deref());
            let unread = unread.map(|text| Sentence { tone: Severity::Info, text: text.into() });
            let said = warning.into_iter().chain(sentences::statement(execution, &now));
            let said = said.chain(recording).chain(unread).collect();
            let scene = Scene { app, execution, snapshot: execution.snapshot(), health, said, now, width };
            page(&scene, inner, buffer)
        }
        None => Extent::default(),
    };
    look.apply(buffer);
    extent
}

/// The title of the terminal's window: status and percentage first, as tabs are cut at their end.
pub fn title(app: &App) -> String {
    let Some(execution) = app.execution() else { return "syncscope".into() };
    let name = execution.task().name.as_deref().unwrap_or(execution.arn().id());
    let status = execution.snapshot().and_then(|snapshot| snapshot.status.as_deref()).unwrap_or("asking");
    let share = execution.bytes().fraction().filter(|_| !execution.is_over());
    let share = share.map(|share| format!("{:.0}% ", (share * 100.0).floor())).unwrap_or_default();
    text::clean(&format!("{share}{status} · {name}")).into_owned()
}

fn page(scene: &Scene, area: Rect, buffer: &mut Buffer) -> Extent {
    let height = usize::from(area.height);
    if height <= 3 {
        put(strip::rows(scene, height), area, buffer);
        return Extent::default();
    }
    let rows = match scene.app.page() {
        Page::Watch => {
            let scrub = scrub::row(scene);
            let mut rows = layout::watch(scene, height - scrub.iter().len());
            // over the footer
            scrub.into_iter().for_each(|row| rows.insert(rows.len() - 1, row));
            put(rows, area, buffer);
            return Extent::default();
        }
        Page::Options => options::rows(scene),
        Page::Events => events::all(scene),
        Page::Raw => raw::rows(scene),
        Page::Help => help::rows(scene),
    };
    scrolled(scene, rows, area, buffer)
}

/// A page that may be longer than the screen, under the head and over the footer.
fn scrolled(scene: &Scene, rows: Vec<Row>, area: Rect, buffer: &mut Buffer) -> Extent {
    let scrub = scrub::row(scene).filter(|_| area.height > 4);
    let height = usize::from(area.height) - scrub.iter().len();
    let extent = Extent { content: rows.len(), visible: height - 3 };
    let first = scene.app.scroll().min(extent.content.saturating_sub(extent.visible));
    let last = (first + extent.visible).min(extent.content);
    let mut page = vec![head::first(scene), Row::new()];
    page.extend(rows.into_iter().skip(first).take(extent.visible));
    page.resize(height - 1, Row::new());
    page.extend(scrub);
    page.push(footer::of_page(scene, (first, last, extent.content)));
    put(page, area, buffer);
    extent
}

fn put(rows: Vec<Row>, area: Rect, buffer: &mut Buffer) {
    for (y, row) in (area.y..area.bottom()).zip(rows) {
        text::draw(buffer, area.x, y, area.right(), row);
    }
}
