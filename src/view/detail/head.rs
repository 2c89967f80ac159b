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

/// Name, clock, mode, status and health. Where the room is short, mode, clock, the phase's duration and the name's end
/// go, in this order; the words for phase and health stay.
pub fn first(scene: &Scene) -> Row {
    let several = scene.app.executions().len();
    let place = if several > 1 { format!("{}/{several} ", scene.app.selected() + 1) } else { String::new() };
    let name = scene.readout.name();
    let (clock, mode, health) = (clock(scene), mode(scene), health(scene));
    let (long, short) = (status(scene, true), status(scene, false));
    let forms: [&[&Row]; 5] = [
        &[&clock, &mode, &long, &health],
        &[&clock, &long, &health],
        &[&long, &health],
        &[&short, &health],
        &[&health],
    ];
    let wide = |form: &[&Row]| -> usize {
        form.iter().filter(|badge| !badge.is_empty()).map(|badge| spans_width(badge) + APART).sum()
    };
    let least = |form: usize| width(name).min(if form < 2 { 24 } else { 8 }) + width(&place);
    let fits = |form: &usize| wide(forms[*form]) + least(*form) <= scene.width;
    // a health that says nothing leaves its place to the status
    let last = if health.is_empty() { 3 } else { 4 };
    let form = forms[(0..last).find(fits).unwrap_or(last)];
    let mut right = Row::new();
    for badge in form.iter().filter(|badge| !badge.is_empty()) {
        right.push(span(" ".repeat(APART), PLAIN));
        right.extend(badge.iter().cloned());
    }
    let room = scene.width.saturating_sub(spans_width(&right) + width(&place));
    both_ends(vec![span(place, DIM), span(cut(name, room).into_owned(), BOLD)], right, scene.width)
}

/// Columns between two badges.
const APART: usize = 3;

/// What time it is, and in which zone; once it is over, when that was.
fn clock(scene: &Scene) -> Row {
    let end = scene.readout.is_over().then(|| {
        let end = scene.readout.snapshot.and_then(|snapshot| snapshot.end_time).map(|end| end.0);
        end.or(scene.readout.responded_at())
    });
    let (words, at) = match end.flatten() {
        Some(end) => (format!("ended {}", scene.time.moment(end)), end),
        None => (scene.time.of_day(scene.time.now, false), scene.time.now),
    };
    vec![span(format!("{words} {}", scene.time.zone_name(at)), DIM)]
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
    // paths are cut before what says whose it is
    let beside = forms.iter().find(|right| wanted.min(LEAST_PATHS) + 3 + width(right) <= scene.width);
    let right = beside.cloned().unwrap_or_default();
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

/// Columns of both paths, below which the account and then the region give way.
const LEAST_PATHS: usize = 23;

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

/// Symbol, word, and how long where that is wanted.
fn status(scene: &Scene, with_age: bool) -> Row {
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
    let mut badge = vec![
        span(format!("{symbol} "), theme::style(severity).add_modifier(Modifier::BOLD)),
        span(status.to_string(), theme::words(severity).add_modifier(Modifier::BOLD)),
    ];
    badge.extend(lasted.filter(|_| with_age).map(|lasted| span(format!(" {lasted}"), PLAIN)));
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
    let (symbol, style) = (theme::symbol(health.severity), theme::style(health.severity));
    match health.severity {
        Severity::Critical => vec![span(format!(" {symbol} {word} "), style.add_modifier(Modifier::REVERSED))],
        Severity::Warning => vec![span(format!("{symbol} "), style), span(word, BOLD)],
        _ => vec![span(format!("{symbol} {word}"), style)],
    }
}
