//! Small charts made of characters.

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The block for a share of the most; what is above 0 is never drawn as nothing.
pub fn block(amount: f64, most: f64) -> char {
    BLOCKS[((amount / most * 8.0).ceil() as usize).clamp(1, 8) - 1]
}

/// New items over time, a character a part: `·` for none, else a block as high as its share of the most.
pub fn sparkline(parts: &[i64]) -> String {
    let most = parts.iter().copied().max().unwrap_or(0).max(1) as f64;
    parts.iter().map(|part| if *part <= 0 { '·' } else { block(*part as f64, most) }).collect()
}

/// The same against the most of several lines. None fills its cell, so that lines under each other stay apart.
pub fn sparkline_of(parts: &[i64], most: i64) -> String {
    let level = |part: i64| ((part as f64 / most.max(1) as f64 * 7.0).ceil() as usize).clamp(1, 7) - 1;
    parts.iter().map(|part| if *part <= 0 { '·' } else { BLOCKS[level(*part)] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_scaled_to_the_highest() {
        assert_eq!(sparkline(&[0, 1, 4, 8]), "·▁▄█");
        assert_eq!(sparkline(&[0, 0]), "··");
        assert_eq!(sparkline_of(&[0, 1, 35, 70], 70), "·▁▄▇");
        assert_eq!(sparkline_of(&[1, 7], 70_000), "▁▁");
    }
}
