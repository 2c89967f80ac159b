//! The phases on one row: what it went through, where it is, what comes next.

use ratatui::style::Style;

use crate::{
    aws::snapshot::Status,
    say::{options, words},
    transfer::past::phases::{Phase, PhaseState},
    view::{
        Row, Scene,
        text::{both_ends, span, spans_width, width},
        theme::{self, BOLD, DIM, PLAIN},
    },
};

/// The richest form that fits; `None` before there is an answer.
pub fn row(scene: &Scene) -> Option<Row> {
    let snapshot = scene.readout.snapshot?;
    let phases = &scene.readout.phases;
    let full = form(scene, phases, " ─── ", Detail::All);
    let settings = options::in_short(snapshot);
    let settings = (1..=settings.len()).rev().map(|count| settings[..count].join(" · "));
    for settings in settings {
        if spans_width(&full) + width(&settings) + 4 <= scene.width {
            return Some(both_ends(full, vec![span(settings, DIM)], scene.width));
        }
    }
    let forms = [
        (" ─── ", Detail::All),
        (" ─ ", Detail::All),
        (" ─ ", Detail::Names),
        (" ─ ", Detail::Ahead),
        (" ─ ", Detail::Current),
    ];
    let mut shown = full;
    for (connector, detail) in forms {
        shown = form(scene, phases, connector, detail);
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
    /// The phase of now and those that come have names.
    Ahead,
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
        let (symbol, style) = symbol(scene, phase);
        row.push(span(symbol, style));
        let is_named = match detail {
            Detail::All | Detail::Names => true,
            Detail::Ahead => current || phase.state == PhaseState::Ahead,
            Detail::Current => current,
        };
        if is_named {
            row.push(span(format!(" {}", name(scene, phase)), style));
        }
        let age = phase.age.filter(|_| current || detail == Detail::All).map(words::age);
        let unseen = phase.state == PhaseState::Unseen && phase.age.is_none() && detail == Detail::All;
        let words = age.or_else(|| unseen.then(|| "(before watch)".into()));
        row.extend(words.map(|words| span(format!(" {words}"), if current { PLAIN } else { DIM })));
    }
    row
}

fn symbol(scene: &Scene, phase: &Phase) -> (&'static str, Style) {
    match (phase.state, &phase.status) {
        (PhaseState::Done, status) if status.is_over() => {
            let severity = scene.readout.health.severity;
            (theme::symbol(severity), theme::style(severity))
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
    let cancelling = scene.readout.status == Some(Status::Cancelling);
    match (&phase.status, phase.state) {
        (Status::Success, PhaseState::Ahead) if cancelling => "End".into(),
        (Status::Success, _) => "Done".into(),
        (status, _) => words::status(status),
    }
}
