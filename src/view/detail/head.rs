//! The head: which transfer, from where to where, and how it is in two words.

use ratatui::style::Modifier;

use crate::{
    aws::snapshot::{Mode, Status},
    say::{summary::NO_RESPONSE, units, words},
    transfer::{judge::health::HealthState, severity::Severity},
    view::{
        Row, Scene,
        text::{both_ends, cut, cut_middle, span, spans_width, width},
        theme::{self, BOLD, DIM, PLAIN},
    },
};

/// Name, mode, status and health.
pub fn first(scene: &Scene) -> Row {
    let several = scene.app.executions().len();
    let place = if several > 1 { format!("{}/{several} ", scene.app.selected() + 1) } else { String::new() };
    let name = scene.readout.name().to_owned();
    let mut right = Row::new();
    // from the least to the most telling: what does not fit goes first
    let mut badges = vec![mode(scene), status(scene), health(scene)];
    let least_name = width(&name).min(16);
    loop {
        right.clear();
        for badge in badges.iter().filter(|badge| !badge.is_empty()) {
            right.push(span("   ", PLAIN));
            right.extend(badge.iter().cloned());
        }
        if spans_width(&right) + width(&place) + least_name <= scene.width || badges.len() <= 1 {
            break;
        }
        // the status is dropped last, but a health that alarms outlives it
        let drop = if badges.len() == 3 || scene.readout.health.severity >= Severity::Warning { 0 } else { 1 };
        badges.remove(drop);
    }
    let room = scene.width.saturating_sub(spans_width(&right) + width(&place));
    both_ends(vec![span(place, DIM), span(cut(&name, room).into_owned(), BOLD)], right, scene.width)
}

/// Where from, where to, and whose it is.
pub fn second(scene: &Scene) -> Row {
    let arn = scene.readout.arn();
    let task = scene.readout.task();
    let said = |parts: &[&str]| {
        let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
        parts.join(" · ")
    };
    let full = said(&[&arn.account, &arn.region, arn.id()]);
    let forms = [full.clone(), said(&[&arn.region, arn.id()]), arn.id().to_owned()];
    let way = match (&task.source, &task.destination) {
        (None, None) => None,
        (source, destination) => {
            let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "unknown".into());
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
    match scene.readout.snapshot.map(|snapshot| snapshot.mode()) {
        // a response that names no mode says little of it
        Some(Mode::Basic) if scene.readout.snapshot.is_some_and(|s| s.task_mode.is_none() && s.options.is_none()) => {
            Row::new()
        }
        Some(mode) => vec![span(mode.as_str().to_owned(), DIM)],
        None => Row::new(),
    }
}

/// Symbol, word, and how long.
fn status(scene: &Scene) -> Row {
    if scene.readout.snapshot.is_none() {
        return vec![span(NO_RESPONSE, DIM)];
    }
    let Some(status) = &scene.readout.status else {
        return vec![span("no status", DIM)];
    };
    let severity = if status.is_over() { scene.readout.health.severity } else { Severity::Info };
    let symbol = match status {
        Status::Success | Status::Error => theme::symbol(severity),
        Status::Queued | Status::Launching | Status::Other(_) => "◌",
        _ => "●",
    };
    let lasted = match scene.readout.phase_age {
        Some(age) => Some(words::age(age)),
        None => scene.readout.elapsed.filter(|_| status.is_over()).map(units::duration),
    };
    let mut badge = vec![span(format!("{symbol} {status}"), theme::style(severity).add_modifier(Modifier::BOLD))];
    badge.extend(lasted.map(|lasted| span(format!(" {lasted}"), PLAIN)));
    badge
}

fn health(scene: &Scene) -> Row {
    let health = &scene.readout.health;
    let word = match (health.state, &health.finding) {
        // before any response nothing is known, and the status says so
        (HealthState::Starting, _) if scene.readout.snapshot.is_none() => return Row::new(),
        // status and health would say the same twice
        (HealthState::Finished | HealthState::Failed | HealthState::Cancelling, None) => return Row::new(),
        _ => words::health_badge(health),
    };
    let text = format!("{} {word}", theme::symbol(health.severity));
    let style = theme::style(health.severity);
    match health.severity {
        Severity::Critical => vec![span(format!(" {text} "), style.add_modifier(Modifier::REVERSED))],
        _ => vec![span(text, style)],
    }
}
