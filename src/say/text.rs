//! Texts of others, made harmless: without what would steer a terminal, on one line, cut to a length.

use std::borrow::Cow;

/// Characters that steer a terminal or hide what stands there: controls, marks of direction, and what has no width.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e007f}')
}

/// A text on one line without control characters, direction marks and characters without a width: what a service or a
/// file name says can't steer the terminal.
pub fn clean(text: &str) -> Cow<'_, str> {
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

/// The same for each line of a text.
pub fn clean_lines(text: &str) -> String {
    text.split('\n').map(clean).collect::<Vec<_>>().join("\n")
}

/// A text with `***` in the place of users and passwords in its URLs.
pub fn without_userinfo(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = text;
    // in JSON, a slash may be escaped
    while let Some((at, slashes)) = ["//", r"\/\/"].iter().filter_map(|two| Some((rest.find(two)?, two.len()))).min() {
        let (before, authority) = rest.split_at(at + slashes);
        let end = authority.find(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '"'));
        let userinfo = authority[..end.unwrap_or(authority.len())].rfind('@');
        out.push_str(before);
        rest = match userinfo {
            Some(end) => {
                out.push_str("***");
                &authority[end..]
            }
            None => authority,
        };
    }
    if out.is_empty() {
        return Cow::Borrowed(text);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// A JSON text with DEL and the controls of C1 escaped: JSON lets them stand in a string, and a terminal obeys them.
pub fn escaped_controls(json: &str) -> Cow<'_, str> {
    json_escaped(json, |c| matches!(c, '\u{7f}'..='\u{9f}'))
}

/// A JSON text in ASCII: every other character is escaped.
pub fn ascii_json(json: &str) -> Cow<'_, str> {
    json_escaped(json, |c| c == '\u{7f}' || !c.is_ascii())
}

fn json_escaped(json: &str, is_escaped: fn(char) -> bool) -> Cow<'_, str> {
    if !json.contains(is_escaped) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_escaped(c) {
            out.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// A text as a sentence: with a capital and a full stop.
pub fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut characters = text.chars();
    let first: String = characters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    let stop = if text.ends_with(['.', '!', '?', ':']) { "" } else { "." };
    format!("{first}{}{stop}", characters.as_str())
}

/// A sentence as a part of another one: without its capital, unless that is a name's, and without its full stop.
pub fn clause(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let first_word = text.split(' ').next().unwrap_or_default();
    if first_word.chars().skip(1).any(char::is_uppercase) {
        return text.to_owned();
    }
    let mut characters = text.chars();
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
    fn a_clause_keeps_the_names_in_it() {
        let texts =
            ["No bytes written.", "DataSync returned HTTP 500.", "AWS throttles", "A file is gone.", "\u{c9}t\u{e9}"];
        let clauses =
            ["no bytes written", "DataSync returned HTTP 500", "AWS throttles", "a file is gone", "\u{e9}t\u{e9}"];
        assert_eq!(texts.map(clause), clauses);
    }

    #[test]
    fn nothing_hides_in_a_text() {
        for hidden in ['\u{61c}', '\u{ad}', '\u{e0041}', '\u{e007f}', '\u{fff9}', '\u{fffb}', '\u{180e}', '\u{2061}'] {
            assert_eq!(clean(&format!("a{hidden}b")), "a\u{fffd}b", "{hidden:?}");
        }
        assert_eq!(clean_lines("a\u{9b}\nb"), "a\u{fffd}\nb");
    }

    #[test]
    fn controls_in_json_are_escaped_and_read_the_same() {
        let json = "{\"a\":\"\u{7f}\u{9b}31m é 😀\"}";
        assert_eq!(escaped_controls(json), "{\"a\":\"\\u007f\\u009b31m é 😀\"}");
        let ascii = ascii_json(json);
        assert!(ascii.is_ascii() && !ascii.contains('\u{7f}'), "{ascii}");
        let read = |json: &str| serde_json::from_str::<serde_json::Value>(json).unwrap();
        assert_eq!(read(&ascii), read(json));
    }

    #[test]
    fn users_and_passwords_are_taken_out_of_urls() {
        for (text, shown) in [
            ("https://ops:s3cr3t@proxy.example:8080/x", "https://***@proxy.example:8080/x"),
            ("https://ops:p@ss<w>@h/ and https://h/a@b", "https://***@h/ and https://h/a@b"),
            (r#"{"u":"https:\/\/ops:pw@h","m":"a@b"}"#, r#"{"u":"https:\/\/***@h","m":"a@b"}"#),
            ("mail a@b // no url", "mail a@b // no url"),
            // a password that should have been escaped, and is not
            ("http://ops:pa#ss?w'd@h:80/", "http://***@h:80/"),
        ] {
            assert_eq!(without_userinfo(text), shown);
        }
    }

    #[test]
    fn a_sentence_becomes_a_clause_and_back() {
        assert_eq!(sentence("the proxy requires authentication"), "The proxy requires authentication.");
        assert_eq!(clause("No counter has changed for 5m."), "no counter has changed for 5m");
        assert_eq!((sentence(""), clause("")), (".".to_owned(), String::new()));
    }
}
