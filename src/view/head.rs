//! The head: which transfer, from where to where, and how it is in two words.

use ratatui::style::Modifier;

use super::{
    Row, Scene,
    text::{cut, cut_middle, span, spans_width, width},
    theme::{self, BOLD, DIM, PLAIN},
};
use crate::{
    aws::snapshot::{Mode, Status},
    say::units,
    transfer::{events::Severity, judge::health::HealthState},
};

/// Name, mode, status and health.
pub fn first(scene: &Scene) -> Row {
    let several = scene.app.executions().len();
    let place = if several > 1 { format!("{}/{several} ", scene.app.selected() + 1) } else { String::new() };
    let name = scene.execution.task().name.as_deref().unwrap_or(scene.execution.arn().id()).to_owned();
    let mut right = Row::new();
    // From the least to the most telling: what does not fit goes first.
    let mut chips = vec![mode(scene), status(scene), health(scene)];
    let least_name = width(&name).min(16);
    loop {
        right.clear();
        for chip in chips.iter().filter(|chip| !chip.is_empty()) {
            right.push(span("   ", PLAIN));
            right.extend(chip.iter().cloned());
        }
        if spans_width(&right) + width(&place) + least_name <= scene.width || chips.len() <= 1 {
            break;
        }
        // the status is dropped last, but a health that alarms outlives it
        let drop = if chips.len() == 3 || scene.health.tone >= Severity::Warning { 0 } else { 1 };
        chips.remove(drop);
    }
    let room = scene.width.saturating_sub(spans_width(&right) + width(&place));
    both_ends(vec![span(place, DIM), span(cut(&name, room).into_owned(), BOLD)], right, scene.width)
}

/// Where from, where to, and whose it is.
pub fn second(scene: &Scene) -> Row {
    let arn = scene.execution.arn();
    let task = scene.execution.task();
    let said = |parts: &[&str]| {
        let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
        parts.join(" · ")
    };
    let full = said(&[&arn.account, &arn.region, arn.id()]);
    let forms = [full.clone(), said(&[&arn.region, arn.id()]), arn.id().to_owned()];
    let way = match (&task.source, &task.destination) {
        (None, None) => None,
        (source, destination) => {
            let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "(not known)".into());
            Some((side(source), side(destination)))
        }
    };
    let Some((source, destination)) = way else {
        let right = if arn.execution.is_some() { arn.task.clone() } else { String::new() };
        let left = if task.name.is_none() { said(&[&arn.account, &arn.region]) } else { full };
        let room = scene.width.saturating_sub(width(&left) + 2);
        return both_ends(vec![span(left, DIM)], vec![span(cut(&right, room).into_owned(), DIM)], scene.width);
    };
    let wanted = width(&source) + 3 + width(&destination);
    let beside = |least: usize| forms.iter().find(|right| least + 3 + width(right) <= scene.width);
    let right = beside(wanted).or_else(|| beside(wanted.min(44))).cloned().unwrap_or_default();
    let room = scene.width.saturating_sub(if right.is_empty() { 0 } else { width(&right) + 3 }).saturating_sub(3);
    // the shorter one lends its room to the longer one
    let half = room / 2;
    let (a, b) = (width(&source), width(&destination));
    let (a, b) = if a <= half {
        (a, room - a)
    } else if b <= room - half {
        (room - b, b)
    } else {
        (half, room - half)
    };
    let left = vec![
        span(cut_middle(&source, a).into_owned(), PLAIN),
        span(" → ", DIM),
        span(cut_middle(&destination, b).into_owned(), PLAIN),
    ];
    both_ends(left, vec![span(right, DIM)], scene.width)
}

fn mode(scene: &Scene) -> Row {
    match scene.snapshot.map(|snapshot| snapshot.mode()) {
        // an answer that names no mode says little of it
        Some(Mode::Basic) if scene.snapshot.is_some_and(|s| s.task_mode.is_none() && s.options.is_none()) => Row::new(),
        Some(mode) => vec![span(mode.as_str().to_owned(), DIM)],
        None => Row::new(),
    }
}

/// Glyph, word, and how long.
fn status(scene: &Scene) -> Row {
    let Some(snapshot) = scene.snapshot else {
        return vec![span("asking", DIM)];
    };
    let Some(status) = snapshot.status() else {
        return vec![span("no status", DIM)];
    };
    let tone = if status.is_over() { scene.health.tone } else { Severity::Info };
    let glyph = match status {
        Status::Success | Status::Error => theme::glyph(tone),
        Status::Queued | Status::Launching | Status::Other(_) => "◌",
        _ => "●",
    };
    let lasted = if status.is_over() {
        scene.execution.elapsed(scene.now.at)
    } else {
        scene.execution.phase_lasted(scene.now.at)
    };
    let mut chip = vec![span(format!("{glyph} {status}"), theme::style(tone).add_modifier(Modifier::BOLD))];
    chip.extend(lasted.map(|lasted| span(format!(" {}", units::duration(lasted)), PLAIN)));
    chip
}

fn health(scene: &Scene) -> Row {
    let state = scene.health.state;
    let word = match state {
        HealthState::FinishedWithFailures => "NOT WHOLE".to_owned(),
        HealthState::Failed if scene.health.tone == Severity::Warning => "PARTIAL".to_owned(),
        // status and health would say the same twice
        HealthState::Finished | HealthState::Failed | HealthState::Cancelling => return Row::new(),
        state => state.as_str().to_uppercase(),
    };
    let tone = scene.health.tone;
    let text = format!("{} {word}", theme::glyph(tone));
    match tone {
        Severity::Critical => vec![span(format!(" {text} "), theme::style(tone).add_modifier(Modifier::REVERSED))],
        tone => vec![span(text, theme::style(tone))],
    }
}

/// One row with something at each end; what is at the left gives way.
pub fn both_ends(left: Row, right: Row, columns: usize) -> Row {
    let gap = columns.saturating_sub(spans_width(&left) + spans_width(&right));
    let mut row = left;
    row.push(span(" ".repeat(gap), PLAIN));
    row.extend(right);
    row
}
