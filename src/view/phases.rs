//! The rail of phases: what it went through, where it is, what comes next.

use ratatui::style::Style;

use super::{
    Row, Scene,
    head::both_ends,
    text::{span, spans_width, width},
    theme::{self, BOLD, DIM, PLAIN},
};
use crate::{
    aws::snapshot::Status,
    say::{options, units},
    transfer::past::phases::{Lasted, Phase, PhaseState},
};

/// The richest form that fits; `None` before there is an answer.
pub fn rail(scene: &Scene) -> Option<Row> {
    let snapshot = scene.snapshot?;
    let phases = scene.execution.rail(scene.now.at);
    let full = form(scene, &phases, " ─── ", Detail::All);
    let terms = options::in_short(snapshot);
    let terms = (1..=terms.len()).rev().map(|count| terms[..count].join(" · "));
    for terms in terms {
        if spans_width(&full) + width(&terms) + 4 <= scene.width {
            return Some(both_ends(full, vec![span(terms, DIM)], scene.width));
        }
    }
    let forms = [(" ─── ", Detail::All), (" ─ ", Detail::All), (" ─ ", Detail::Names), (" ─ ", Detail::Current)];
    let mut shown = full;
    for (connector, detail) in forms {
        shown = form(scene, &phases, connector, detail);
        if spans_width(&shown) <= scene.width {
            break;
        }
    }
    Some(shown)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    /// Every phase with its name and how long it lasted.
    All,
    /// Every phase with its name; only the one of now with its duration.
    Names,
    /// Only the phase of now has a name.
    Current,
}

fn form(scene: &Scene, phases: &[Phase], connector: &'static str, detail: Detail) -> Row {
    let mut row = Row::new();
    for (place, phase) in phases.iter().enumerate() {
        if place > 0 {
            row.push(span(connector, DIM));
        }
        let is_last_word = phase.status.is_over();
        let current = phase.state == PhaseState::Current || (is_last_word && phase.state == PhaseState::Done);
        let (glyph, style) = look(scene, phase);
        row.push(span(glyph, style));
        if current || detail != Detail::Current {
            row.push(span(format!(" {}", name(scene, phase)), style));
        }
        let lasted = phase.lasted.filter(|_| current || detail == Detail::All).map(lasted);
        let unseen = phase.state == PhaseState::Unseen && phase.lasted.is_none() && detail == Detail::All;
        let words = lasted.or_else(|| unseen.then(|| "not seen".into()));
        row.extend(words.map(|words| span(format!(" {words}"), if current { PLAIN } else { DIM })));
    }
    row
}

/// How long, and whether that is all that is known.
pub fn lasted(lasted: Lasted) -> String {
    match lasted {
        Lasted::Seen(span) => units::duration(span),
        Lasted::AtLeast(span) => format!("≥ {}", units::duration(span)),
        Lasted::Reported(span) => units::span(span),
    }
}

fn look(scene: &Scene, phase: &Phase) -> (&'static str, Style) {
    match (phase.state, &phase.status) {
        (PhaseState::Done, status) if status.is_over() => {
            let tone = scene.health.tone;
            (theme::glyph(tone), theme::style(tone))
        }
        (PhaseState::Done, _) => ("✔", PLAIN),
        (PhaseState::Failed, _) => ("✖", PLAIN),
        (PhaseState::Unseen, _) => ("✔", DIM),
        (PhaseState::Current, Status::Queued | Status::Launching | Status::Other(_)) => ("◌", BOLD),
        (PhaseState::Current, _) => ("●", BOLD),
        (PhaseState::Ahead, _) => ("○", DIM),
    }
}

fn name(scene: &Scene, phase: &Phase) -> String {
    let cancelling = scene.execution.status() == Some(Status::Cancelling);
    match (&phase.status, phase.state) {
        (Status::Success, PhaseState::Ahead) if cancelling => "End".into(),
        (Status::Success, _) => "Done".into(),
        (Status::Other(word), _) => word.clone(),
        (status, _) => {
            let word = status.as_str();
            let (first, rest) = word.split_at(1);
            format!("{first}{}", rest.to_lowercase())
        }
    }
}
