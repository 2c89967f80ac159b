//! What happened, with the time of day: to the transfer, and to our watch of it.

use jiff::Timestamp;

use crate::{
    say,
    transfer::{
        events::{Event, Kind},
        severity::Severity,
    },
    view::{
        Row, Scene,
        text::{cut_at_clause, span, spans_width, wrap},
        theme::{self, BOLD, DIM, PLAIN},
    },
};

/// A line of the list: an event, or several of a kind as the newest of them.
struct Line<'a> {
    at: Timestamp,
    event: &'a Event,
    words: String,
}

/// How many lines there are.
pub fn count(scene: &Scene) -> usize {
    let events = scene.readout.events().iter();
    events.len() - events.filter(|event| is_estimate(event)).count().saturating_sub(1)
}

fn is_estimate(event: &Event) -> bool {
    matches!(event.kind, Kind::EstimateChanged { .. })
}

/// Changes of the estimate are one line, at the place of the newest.
fn lines<'a>(scene: &Scene<'a>) -> Vec<Line<'a>> {
    let estimates = || scene.readout.events().iter().filter(|event| is_estimate(event));
    let (count, newest) = (estimates().count(), estimates().next_back());
    let first = estimates().next().and_then(|event| match event.kind {
        Kind::EstimateChanged { from, .. } => Some(from),
        _ => None,
    });
    let shown = scene
        .readout
        .events()
        .iter()
        .filter(|event| !is_estimate(event) || newest.is_some_and(|newest| std::ptr::eq(*event, newest)));
    let line = |event: &'a Event| {
        let words = match (&event.kind, first) {
            (Kind::EstimateChanged { to, .. }, Some(from)) if count > 1 => {
                let words = say::words::events::words(&Kind::EstimateChanged { from, to: *to });
                format!("{words}, in {count} steps")
            }
            (kind, _) => say::words::events::words(kind),
        };
        Line { at: event.at, event, words }
    };
    shown.map(line).collect()
}

/// A title and the newest of them, in so many rows.
pub fn newest(scene: &Scene, height: usize) -> Vec<Row> {
    let lines = lines(scene);
    let days = spans_days(scene);
    let skipped = lines.len().saturating_sub(height.saturating_sub(1));
    let title = vec![span("Events", BOLD)];
    let row = |line: &Line| {
        let mut row = lead(scene, line, days);
        let room = scene.width.saturating_sub(spans_width(&row));
        row.push(span(cut_at_clause(&line.words, room).into_owned(), style(line)));
        row
    };
    std::iter::once(title).chain(lines.iter().skip(skipped).map(row)).collect()
}

/// All of them, to their last word.
pub fn all(scene: &Scene) -> Vec<Row> {
    let days = spans_days(scene);
    let rows = lines(scene).into_iter().flat_map(|line| {
        let lead = lead(scene, &line, days);
        let indent = spans_width(&lead);
        let wrapped = wrap(&line.words, scene.width.saturating_sub(indent)).into_iter().enumerate();
        let row = |(place, text): (usize, std::borrow::Cow<str>)| {
            let mut row = if place == 0 { lead.clone() } else { vec![span(" ".repeat(indent), PLAIN)] };
            row.push(span(text.into_owned(), style(&line)));
            row
        };
        wrapped.map(row).collect::<Vec<Row>>()
    });
    let rows: Vec<Row> = rows.collect();
    if rows.is_empty() { vec![vec![span("Nothing has happened yet.", DIM)]] } else { rows }
}

/// Whether the rows need a date: then all of them have one.
fn spans_days(scene: &Scene) -> bool {
    let first = scene.readout.events().iter().next();
    first.is_some_and(|first| scene.time.spans_days(first.at, scene.time.now))
}

/// The time, the symbol, and whose event it is where it is one of ours.
fn lead(scene: &Scene, line: &Line, days: bool) -> Row {
    let symbol = match line.event.kind.severity() {
        Severity::Info => span("    ", PLAIN),
        severity => span(format!("  {} ", theme::symbol(severity)), theme::style(severity)),
    };
    let mut lead = vec![span(scene.time.of_day(line.at, days), DIM), symbol];
    if line.event.kind.is_ours() {
        lead.push(span("this watch: ", DIM));
    }
    lead
}

fn style(line: &Line) -> ratatui::style::Style {
    match line.event.kind.severity() {
        Severity::Info => PLAIN,
        severity => theme::words(severity),
    }
}
