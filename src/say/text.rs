//! Texts of others, made harmless: without what would steer a terminal, on one line, cut to a length.

use std::borrow::Cow;

/// A text on one line without control characters and direction marks: what a service or a file name says can't
/// steer the terminal.
pub fn clean(text: &str) -> Cow<'_, str> {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let replaced = text.chars().map(|c| match c {
        '\n' | '\t' | '\r' | '\u{2028}' | '\u{2029}' => ' ',
        c if steers(c) => '\u{fffd}',
        c => c,
    });
    Cow::Owned(replaced.collect())
}

/// A text as a sentence: with a capital and a full stop.
pub fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut characters = text.chars();
    let first: String = characters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    let stop = if text.ends_with(['.', '!', '?', ':']) { "" } else { "." };
    format!("{first}{}{stop}", characters.as_str())
}

/// A sentence as a part of another one: without its capital and its full stop.
pub fn clause(text: &str) -> String {
    let mut characters = text.trim_end_matches('.').chars();
    characters.next().map(|first| first.to_lowercase().chain(characters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(clean("a\u{1b}[31m\tb\r\n\u{202e}c"), "a\u{fffd}[31m b  \u{fffd}c");
        assert!(matches!(clean("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_sentence_becomes_a_clause_and_back() {
        assert_eq!(sentence("the proxy requires authentication"), "The proxy requires authentication.");
        assert_eq!(clause("No counter has changed for 5m."), "no counter has changed for 5m");
        assert_eq!((sentence(""), clause("")), (".".to_owned(), String::new()));
    }
}
