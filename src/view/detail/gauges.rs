//! How far: bytes and files, each with a bar, its share, its amounts and its rate.

use ratatui::style::Style;

use crate::{
    aws::snapshot::{Mode, Status},
    say::{units, words::rate},
    transfer::present::progress::Gauge,
    view::{
        Row, Scene,
        text::span,
        theme::{self, BOLD, DIM, DONE, PLAIN},
    },
};

/// A gauge, said in texts.
struct Said {
    label: &'static str,
    share: Option<f64>,
    percent: String,
    amounts: String,
    rate: String,
}

/// Two rows; none while nothing is to be measured, in the queue and at launch.
pub fn rows(scene: &Scene) -> Vec<Row> {
    if scene.readout.snapshot.is_none() {
        return Vec::new();
    }
    let (bytes, files) = (scene.readout.bytes, scene.readout.files);
    let begun = |gauge: Gauge| gauge.total.is_some() || gauge.done.is_some_and(|done| done != 0);
    let waiting = !matches!(
        scene.readout.status,
        Some(Status::Preparing | Status::Transferring | Status::Verifying | Status::Cancelling)
    );
    let reported = bytes.done.is_some() || files.done.is_some();
    if (waiting && !begun(bytes) && !begun(files)) || !reported {
        return Vec::new();
    }
    let said = [said_of_bytes(scene, bytes), said_of_files(scene, files)];
    let style = bar_style(scene);
    let columns = Columns::fit(scene.width);
    said.iter().map(|said| columns.row(said, style)).collect()
}

/// Done is cyan, and green, amber or red once it is over.
fn bar_style(scene: &Scene) -> Style {
    if scene.readout.is_over() { theme::style(scene.readout.health.severity) } else { DONE }
}

/// How wide each part of a gauge is, whatever is in it: a bar keeps its length for the whole run.
struct Columns {
    bar: usize,
    amounts: usize,
    rate: usize,
}

const LABEL: usize = 7;
const PERCENT: usize = 9;
const LEAST_BAR: usize = 10;
/// A longer bar is hard to read against its number.
const LONGEST_BAR: usize = 72;
/// `99.9 GiB of ≥ 40.0 TiB`: the longest amounts.
const AMOUNTS: usize = 22;
/// `no change 59m 59s`: the longest that stands in the place of a rate.
const RATE: usize = 17;

impl Columns {
    /// The bar takes what is left; where too little is, first the rate goes, then the amounts.
    fn fit(columns: usize) -> Self {
        let apart = |part: usize| if part == 0 { 0 } else { part + 3 };
        for (amounts, rate) in [(AMOUNTS, RATE), (AMOUNTS, 0), (0, 0)] {
            let rest = LABEL + PERCENT + apart(amounts) + apart(rate);
            if columns >= rest + LEAST_BAR {
                return Self { bar: (columns - rest).min(LONGEST_BAR), amounts, rate };
            }
        }
        Self { bar: columns.saturating_sub(LABEL + PERCENT), amounts: 0, rate: 0 }
    }

    fn row(&self, said: &Said, style: Style) -> Row {
        let mut row = vec![span(format!("{:<LABEL$}", said.label), BOLD)];
        match said.share {
            Some(share) => row.extend(bar(share, self.bar, style)),
            None => row.push(span(format!("{:<1$}", "╌".repeat(self.bar), self.bar), DIM)),
        }
        let strong = if said.share.is_some() { BOLD } else { DIM };
        row.push(span(format!("{:>PERCENT$}", said.percent), strong));
        if self.amounts > 0 {
            row.push(span(format!("   {:>1$}", said.amounts, self.amounts), PLAIN));
        }
        if self.rate > 0 {
            row.push(span(format!("   {:>1$}", said.rate, self.rate), PLAIN));
        }
        row
    }
}

/// A bar of so many columns; one that is not empty shows something, one that is not full leaves something.
///
/// A line and no block: bars on rows one below the other would run into each other.
pub fn bar(share: f64, columns: usize, style: Style) -> Row {
    if columns == 0 {
        return Row::new();
    }
    let halves = columns * 2;
    let filled = (share.clamp(0.0, 1.0) * halves as f64).round() as usize;
    let filled = match share {
        share if share <= 0.0 => 0,
        share if share >= 1.0 => halves,
        _ => filled.clamp(1, halves - 1),
    };
    let (whole, half) = (filled / 2, filled % 2);
    let done = format!("{}{}", "━".repeat(whole), "╸".repeat(half));
    vec![span(done, style), span("─".repeat(columns - whole - half), DIM)]
}

fn said_of_bytes(scene: &Scene, gauge: Gauge) -> Said {
    let amounts = match (gauge.done, gauge.total) {
        (Some(done), Some(total)) => {
            let unit = units::byte_unit(total as f64);
            let done = if units::byte_unit(done as f64) == unit {
                units::bytes_number(done as f64, unit)
            } else {
                units::bytes(done)
            };
            format!("{done} of {}{}", units::at_least(scene.readout.totals_grow), units::bytes(total))
        }
        (Some(done), None) if done != 0 => units::bytes(done),
        _ => String::new(),
    };
    let rate = rate::bytes(&scene.readout.rate).unwrap_or_default();
    Said { label: "Bytes", share: gauge.fraction(), percent: percent(scene, gauge, false), amounts, rate }
}

fn said_of_files(scene: &Scene, gauge: Gauge) -> Said {
    let amounts = match (gauge.done, gauge.total) {
        (Some(done), Some(total)) => {
            let at_least = units::at_least(scene.readout.totals_grow);
            format!("{} of {at_least}{}", units::short_count(done), units::short_count(total))
        }
        (Some(done), None) if done != 0 => units::count(done),
        _ => String::new(),
    };
    let rate = rate::files(&scene.readout.rate).unwrap_or_default();
    let basic = scene.readout.applicability().mode == Mode::Basic && !scene.readout.is_over();
    Said { label: "Files", share: gauge.fraction(), percent: percent(scene, gauge, basic), amounts, rate }
}

fn percent(scene: &Scene, gauge: Gauge, about: bool) -> String {
    match gauge.fraction() {
        Some(fraction) if about => format!("≈ {}", units::percent(fraction)),
        Some(fraction) => units::percent(fraction),
        None if scene.readout.is_over() => "none".into(),
        None => "counting".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::text::spans_width;

    #[test]
    fn a_bar_shows_that_something_is_done_and_that_something_is_left() {
        let drawn = |share| bar(share, 4, PLAIN).iter().map(|span| span.content.to_string()).collect::<String>();
        for (share, shown) in [
            (0.0, "────"),
            (0.0001, "╸───"),
            (0.5, "━━──"),
            (0.6, "━━╸─"),
            (0.9999, "━━━╸"),
            (1.0, "━━━━"),
            (7.0, "━━━━"),
            (-1.0, "────"),
        ] {
            assert_eq!(drawn(share), shown, "{share}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_bar_is_as_wide_as_it_should_be(share in -0.5f64..1.5, columns in 0usize..100) {
            proptest::prop_assert_eq!(spans_width(&bar(share, columns, PLAIN)), columns);
        }
    }
}
