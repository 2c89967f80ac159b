//! Foreign text and lengths of time, as they stand in a message.

pub mod secrets;

use std::time::Duration;

/// The text on one line, without control characters, cut after 300 characters.
pub fn one_line(text: &str) -> String {
    shortened(text, 300)
}

/// An error code on one line, cut after 64 characters.
pub fn code(text: &str) -> String {
    shortened(text, 64)
}

fn shortened(text: &str, most: usize) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words: Vec<_> = clean.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// A time limit in seconds with one decimal at most: `5 s`, `0.2 s`.
pub fn seconds(limit: Duration) -> String {
    format!("{} s", (limit.as_secs_f64() * 10.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_one_short_line() {
        assert_eq!(one_line(" a\n\tb\u{1b}[31m "), "a b [31m");
        assert_eq!(one_line(&"é".repeat(500)).chars().count(), 301);
    }

    #[test]
    fn limits_have_one_decimal_at_most() {
        for (milliseconds, text) in [(5000, "5 s"), (200, "0.2 s"), (1250, "1.3 s")] {
            assert_eq!(seconds(Duration::from_millis(milliseconds)), text);
        }
    }
}
