//! Texts of others in Markdown: they neither format anything nor break a line.

use crate::say::text::clean;

/// A text as Markdown shows it, character by character.
pub fn escaped(text: &str) -> String {
    let plain = clean(text);
    let mut out = String::with_capacity(plain.len() + 8);
    for (at, c) in plain.char_indices() {
        let formats = match c {
            '\\' | '`' | '*' | '<' | '>' | '|' | '[' | ']' | '~' | '$' | '&' => true,
            // within a word it is none of Markdown's
            '_' => {
                let beside = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
                !(beside(plain[..at].chars().next_back()) && beside(plain[at + 1..].chars().next()))
            }
            // a heading or a list only where a line begins
            '#' | '+' | '-' => plain[..at].trim().is_empty(),
            // 1. and 1) begin a list too
            '.' | ')' => {
                let ends = plain[at + 1..].chars().next().is_none_or(char::is_whitespace);
                ends && at > 0 && plain[..at].trim_start().chars().all(|c| c.is_ascii_digit())
            }
            _ => false,
        };
        if formats {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A text in backticks: more of them than it has in a row.
pub fn code(text: &str) -> String {
    // in a table, a bar would end the cell also within backticks
    let plain = clean(text).replace('|', "¦");
    let longest = plain.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if plain.starts_with('`') || plain.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{plain}{space}{fence}")
}

/// A table of cells that are Markdown already.
pub fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &mut dyn Iterator<Item = String>| format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "));
    let mut table = line(&mut heads.iter().map(|head| (*head).to_owned()));
    table.push_str(&line(&mut heads.iter().map(|_| "---".to_owned())));
    rows.iter().for_each(|row| table.push_str(&line(&mut row.iter().cloned())));
    table
}

/// An argument that a POSIX shell takes as this text.
pub fn quoted(text: &str) -> String {
    let text = clean(text);
    let safe =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '=' | '@' | '%' | '+' | ',');
    if !text.is_empty() && text.chars().all(safe) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_show_as_they_are() {
        for (text, shown) in [
            ("a_b", "a_b"),
            ("_a_", "\\_a\\_"),
            ("**b** <i> `c` |", "\\*\\*b\\*\\* \\<i\\> \\`c\\` \\|"),
            ("one\r\ntwo\u{1b}[2J\u{202e}", "one  two\u{fffd}\\[2J\u{fffd}"),
            ("# no heading", "\\# no heading"),
            ("- none", "\\- none"),
            ("12. none", "12\\. none"),
            ("1.5 GiB", "1.5 GiB"),
        ] {
            assert_eq!(escaped(text), shown);
        }
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(
            (quoted("a b"), quoted("it's"), quoted("a-b/c")),
            ("'a b'".into(), r"'it'\''s'".into(), "a-b/c".into())
        );
    }

    proptest::proptest! {
        #[test]
        fn what_formats_is_escaped_and_no_line_breaks(text in "(\\PC|[\\n\\r`*_<|\\\\]){0,60}") {
            let shown = escaped(&text);
            proptest::prop_assert!(!shown.contains(char::is_control));
            let mut characters = shown.chars();
            while let Some(c) = characters.next() {
                match c {
                    '\\' => proptest::prop_assert!(characters.next().is_some()),
                    c => proptest::prop_assert!(!"`*<>|[]~".contains(c), "{shown}"),
                }
            }
            let unescaped: String = {
                let mut out = String::new();
                let mut characters = shown.chars();
                while let Some(c) = characters.next() {
                    out.extend(if c == '\\' { characters.next() } else { Some(c) });
                }
                out
            };
            proptest::prop_assert_eq!(unescaped, clean(&text));
        }
    }
}
