//! The chart's height: its greatest rate, and the round rates that its axis names.

use crate::say::units;

/// The height of the chart.
pub struct Scale {
    /// The rate at the upper edge, in bytes or files a second, above 0.
    most: f64,
    /// Rows of bars.
    rows: usize,
    /// Parts between the ground and the upper edge that have a tick each.
    parts: usize,
    unit: usize,
    in_bytes: bool,
}

impl Scale {
    /// The lowest round height of so many rows that holds a rate.
    pub fn above(peak: f64, rows: usize, in_bytes: bool) -> Self {
        let unit = if in_bytes { units::byte_unit(peak) } else { 0 };
        let base = if in_bytes { 1024f64.powi(unit as i32) } else { 1.0 };
        let in_unit = (peak / base).max(f64::MIN_POSITIVE);
        let power = 10f64.powf(in_unit.log10().floor());
        let parts = parts(rows);
        let steps: &[f64] = match parts {
            3 => &[1.2, 1.5, 1.8, 2.4, 3.0, 4.5, 6.0, 7.5, 9.0, 12.0],
            _ => &[1.0, 1.2, 1.6, 2.0, 2.4, 3.2, 4.0, 5.0, 6.0, 8.0, 10.0],
        };
        let step = steps.iter().find(|step| **step * power >= in_unit * (1.0 - 1e-9)).copied().unwrap_or(12.0);
        Self { most: step * power * base, rows, parts, unit, in_bytes }
    }

    /// Of so many rows those that can be ticked evenly.
    pub fn rows_of(rows: usize) -> usize {
        if rows < 4 || rows.is_multiple_of(2) || rows.is_multiple_of(3) { rows } else { rows - 1 }
    }

    /// The height of a rate in eighths of a row; what is above 0 is never nothing.
    pub fn eighths(&self, rate: f64) -> usize {
        let eighths = (rate / self.most * (self.rows * 8) as f64).round() as usize;
        if rate > 0.0 { eighths.max(1) } else { eighths }
    }

    /// The row whose upper edge lies nearest to a rate; `None` where it is beyond the chart, or the rows are too few
    /// to tell it from its neighbours.
    pub fn edge(&self, rate: f64) -> Option<usize> {
        let from_top = ((1.0 - rate / self.most) * self.rows as f64).round();
        (self.rows >= 4 && from_top >= 0.0 && from_top < self.rows as f64).then_some(from_top as usize)
    }

    /// The rate at the upper edge of a row, where there is a tick; the row below the last one stands for the ground.
    pub fn tick(&self, row: usize) -> Option<String> {
        let apart = self.rows / self.parts;
        let is_ticked = row.is_multiple_of(apart) && row <= self.rows;
        let rate = self.most * (self.rows.saturating_sub(row)) as f64 / self.rows as f64;
        is_ticked.then(|| if self.in_bytes { units::round_bytes(rate, self.unit) } else { units::round_items(rate) })
    }

    /// A number in the chart's unit.
    pub fn number(&self, rate: f64) -> String {
        if self.in_bytes { units::bytes_number(rate, self.unit) } else { units::item_number(rate) }
    }

    /// The unit of [`number`](Self::number).
    pub fn unit(&self) -> String {
        if self.in_bytes { format!("{}/s", units::BYTE_UNITS[self.unit]) } else { "files/s".into() }
    }
}

/// Into how many parts the height is divided, so that a tick falls on the edge of a row and two rows lie between
/// two of them where there is room.
fn parts(rows: usize) -> usize {
    let even = |parts: &usize| rows.is_multiple_of(*parts) && rows / parts >= 2;
    [4, 3, 2].into_iter().find(even).unwrap_or(rows.clamp(1, 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: f64 = 1024.0 * 1024.0 * 1024.0;

    fn ticks(peak: f64, rows: usize, in_bytes: bool) -> Vec<String> {
        let scale = Scale::above(peak, rows, in_bytes);
        (0..=rows).filter_map(|row| scale.tick(row)).collect()
    }

    #[test]
    fn ticks_are_round_and_have_their_unit() {
        assert_eq!(ticks(7.48 * GIB, 8, true), ["8 GiB/s", "6 GiB/s", "4 GiB/s", "2 GiB/s", "0"]);
        assert_eq!(ticks(7.48 * GIB, 6, true), ["7.5 GiB/s", "5 GiB/s", "2.5 GiB/s", "0"]);
        assert_eq!(ticks(1.1 * GIB, 2, true), ["1.2 GiB/s", "0.6 GiB/s", "0"]);
        assert_eq!(ticks(1340.0, 8, false), ["1,600/s", "1,200/s", "800/s", "400/s", "0"]);
        assert_eq!(ticks(0.3, 4, false), ["0.32/s", "0.16/s", "0"]);
        assert_eq!(ticks(2.9e6, 3, false), ["3M/s", "2M/s", "1M/s", "0"]);
        assert_eq!(ticks(5.0 * GIB, 1, true), ["5 GiB/s", "0"]);
    }

    proptest::proptest! {
        #[test]
        fn a_scale_holds_its_peak_and_has_three_to_five_ticks(peak in 0.001f64..1e15, rows in 1usize..40, in_bytes: bool) {
            let rows = Scale::rows_of(rows);
            let scale = Scale::above(peak, rows, in_bytes);
            proptest::prop_assert!(scale.eighths(peak) <= rows * 8);
            proptest::prop_assert!(scale.eighths(peak) * 3 >= rows, "at least a twentieth of the height is used");
            let count = ticks(peak, rows, in_bytes).len();
            proptest::prop_assert!((3..=5).contains(&count) || rows < 2, "{count} ticks on {rows} rows");
        }
    }
}
