//! Where a replay stands: whether it plays and how fast, what moment it is, and what happened when.

use jiff::{SignedDuration, Timestamp};

use super::{
    Row, Scene, marks,
    text::{span, spans_width, width},
    theme::{self, BOLD, DIM, DONE, PLAIN},
};
use crate::{app::player::Player, say::units, transfer::severity::Severity};

/// The fewest columns of a bar that is worth its place.
const LEAST: usize = 10;

/// The row; `None` where it is no replay.
pub fn row(scene: &Scene) -> Option<Row> {
    let player = scene.app.player()?;
    let mut row = state(player);
    let long = player.end.duration_since(player.begin) >= SignedDuration::from_hours(24);
    let (wide, narrow) = (scene.width >= 76, scene.width < 48);
    let (here, there) = match (long, wide, narrow) {
        (_, true, _) => (DAY_AND_SECOND, DAY_AND_SECOND),
        (false, ..) => (SECOND, SECOND),
        (true, _, true) => (DAY_AND_MINUTE, DAY_AND_MINUTE),
        (true, _, false) => (DAY_AND_SECOND, DAY_AND_MINUTE),
    };
    row.push(span(format!("  {} ", time(scene, scene.time.now, here)), BOLD));
    let end = if player.read < 1.0 {
        format!(" {:.0}% read", (player.read * 100.0).floor())
    } else {
        format!(" {}", time(scene, player.end, there))
    };
    let room = scene.width.saturating_sub(spans_width(&row));
    if room >= width(&end) + LEAST {
        row.extend(bar(scene, player, room - width(&end)));
        row.push(span(end, DIM));
    } else if room >= LEAST {
        row.extend(bar(scene, player, room));
    }
    Some(row)
}

/// As wide for any speed, so that the bar stays where it is.
fn state(player: &Player) -> Row {
    let (glyph, style) = if player.plays { ("►", theme::style(Severity::Ok)) } else { ("▮▮", BOLD) };
    let speed = match player.speed {
        speed if speed.fract() == 0.0 => format!("{}x", units::count(speed as i64)),
        speed => format!("{speed:.1}x"),
    };
    vec![
        span("REPLAY ", BOLD),
        span(format!("{glyph:<2} "), style),
        span(format!("{speed:<7}"), if player.plays { PLAIN } else { DIM }),
    ]
}

const SECOND: &str = "%H:%M:%S";
const DAY_AND_MINUTE: &str = "%-d %b %H:%M";
const DAY_AND_SECOND: &str = "%-d %b %H:%M:%S";

fn time(scene: &Scene, at: Timestamp, format: &str) -> String {
    at.to_zoned(scene.time.zone.clone()).strftime(format).to_string()
}

/// What was played, where it stands, what is to come; and over it, what happened.
fn bar(scene: &Scene, player: &Player, columns: usize) -> Row {
    let whole = player.end.duration_since(player.begin).as_secs_f64();
    let place = |at: Timestamp| {
        let share = if whole > 0.0 { at.duration_since(player.begin).as_secs_f64() / whole } else { 1.0 };
        ((share.clamp(0.0, 1.0) * (columns - 1) as f64).round()) as usize
    };
    let here = place(scene.time.now);
    let line = |column: usize| if column < here { ("━", DONE) } else { ("─", DIM) };
    let mut cells: Vec<marks::Cell> = (0..columns).map(line).collect();
    let happened = player.marks.get(scene.app.selected()).into_iter().flatten();
    marks::put(&mut cells, None, happened.map(|mark| (place(mark.at), mark.severity)));
    cells[here] = ("●", BOLD);
    cells.into_iter().map(|(glyph, style)| span(glyph, style)).collect()
}
