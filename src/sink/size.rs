//! How large the terminal is.

use std::io;

use rustix::termios::tcgetwinsize;

/// What is drawn on at most, in columns and rows: more than any screen has, and little enough to be kept in memory.
const MOST: (u16, u16) = (1000, 400);
/// What is taken for a terminal that does not say.
const USUAL: (u16, u16) = (80, 24);

/// Columns and rows of the terminal at standard output. Where it does not say, as on a serial line, they come from
/// COLUMNS and LINES, else they are 80 and 24.
pub fn size() -> (u16, u16) {
    let said = tcgetwinsize(io::stdout()).map_or((0, 0), |size| (size.ws_col, size.ws_row));
    let set = |name| std::env::var(name).ok();
    drawable(said, set("COLUMNS").as_deref(), set("LINES").as_deref())
}

fn drawable(said: (u16, u16), columns: Option<&str>, lines: Option<&str>) -> (u16, u16) {
    let or = |said: u16, set: Option<&str>, usual: u16, most: u16| {
        let set = || set.and_then(|text| text.trim().parse().ok()).filter(|number| *number > 0);
        Some(said).filter(|number| *number > 0).or_else(set).unwrap_or(usual).min(most)
    };
    (or(said.0, columns, USUAL.0, MOST.0), or(said.1, lines, USUAL.1, MOST.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_that_does_not_say_has_what_the_environment_says_or_the_usual() {
        assert_eq!(drawable((120, 40), Some("60"), Some("15")), (120, 40));
        assert_eq!(drawable((0, 0), Some("60"), Some("15")), (60, 15));
        assert_eq!(drawable((0, 0), Some("0"), Some("many")), (80, 24));
        assert_eq!(drawable((0, 50), None, None), (80, 50));
        assert_eq!(drawable((u16::MAX, u16::MAX), None, None), MOST);
    }
}
