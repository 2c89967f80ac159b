//! The keys, printed from the keymap, and what the symbols mean.

use super::{
    Row, Scene,
    text::{span, width, wrap},
    theme::{self, BOLD, DIM, PLAIN},
};
use crate::{
    keys::{KEYMAP, REPLAY},
    transfer::severity::Severity,
};

/// The page's rows.
pub fn rows(scene: &Scene) -> Vec<Row> {
    let mut rows = Vec::new();
    if scene.app.player().is_some() {
        rows.push(vec![span("Keys of the replay", BOLD)]);
        rows.extend(REPLAY.iter().filter(|key| !key.help.is_empty()).flat_map(|key| named(scene, key.key, key.help)));
        rows.push(Row::new());
    }
    rows.push(vec![span("Keys", BOLD)]);
    for binding in KEYMAP.iter().filter(|binding| !binding.help.is_empty()) {
        rows.extend(named(scene, binding.key, binding.help));
    }
    rows.push(Row::new());
    rows.push(vec![span("Symbols", BOLD)]);
    for (tone, means) in
        [(Severity::Ok, "all is well; of a phase: over"), (Severity::Warning, "warning"), (Severity::Critical, "error")]
    {
        let mut named = named(scene, "", means);
        named[0][0] = span(format!("  {:<12}", theme::symbol(tone)), theme::style(tone));
        rows.extend(named);
    }
    for (sign, means) in [
        ("● ◌ ○", "running, waiting to run, still to come"),
        ("≥ ≤", "at least, at most: still being counted, or begun before the watch"),
        ("≈", "about: Basic mode counts folders among the files"),
        ("━━━", "in the chart: polled, and no counter changed"),
        ("╱╱╱", "in the chart: not seen, since not polled or without a response; not a zero"),
        ("▔▔ ▔▔▔▔▔▔", "in the chart: the average; the bandwidth limit"),
    ] {
        rows.extend(named(scene, sign, means));
    }
    rows
}

/// A name and what it means, on as many rows as that takes.
fn named(scene: &Scene, name: &'static str, means: &'static str) -> Vec<Row> {
    let padded = format!("  {name}{}", " ".repeat(12usize.saturating_sub(width(name))));
    let indent = width(&padded);
    let lead = [span(padded, if name.is_empty() { DIM } else { PLAIN })].into_iter();
    let leads = lead.chain(std::iter::repeat_with(|| span(" ".repeat(indent), PLAIN)));
    let lines = wrap(means, scene.width.saturating_sub(indent));
    leads.zip(lines).map(|(lead, line)| vec![lead, span(line.into_owned(), DIM)]).collect()
}
