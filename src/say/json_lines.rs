//! A JSON text on lines of its own, every number and string as it was written.

/// What lies deeper is put on one line.
const DEEPEST: usize = 64;
/// Bytes of a line; a longer one is cut.
const LONGEST: usize = 2048;
/// Bytes of a name in a path.
const LONGEST_NAME: usize = 128;
/// What comes after so many lines, or so many strings, marks and words, is left out. A response has some hundreds.
const MOST_LINES: usize = 5_000;
const MOST_TOKENS: usize = 50_000;

/// One line of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where in the document it is: the names and places that lead to it.
    pub path: String,
    /// What stands there, without indent, name and comma.
    pub value: String,
    /// The line, indented by two blanks a level.
    pub text: String,
}

/// The lines of a JSON text. A text that is not JSON gives lines too, just not well-formed ones. What is too deep, too
/// long or too much for a page is cut, with `…` in its place.
pub fn lines(json: &str) -> Vec<Line> {
    let mut printer = Printer {
        lines: Vec::new(),
        line: String::new(),
        value: String::new(),
        levels: Vec::new(),
        name: String::new(),
        closes: None,
        is_cut: false,
    };
    let mut tokens = Tokens::of(json).take(MOST_TOKENS).peekable();
    // levels below the deepest one
    let mut below = 0_usize;
    while let Some(token) = tokens.next() {
        if printer.lines.len() >= MOST_LINES {
            break;
        }
        match token {
            "{" | "[" if below > 0 || printer.levels.len() >= DEEPEST => {
                below += 1;
                printer.put(token);
            }
            "}" | "]" if below > 0 => {
                below -= 1;
                printer.put(token);
            }
            _ if below > 0 => printer.put(token),
            "{" | "[" => {
                let closing = if token == "{" { "}" } else { "]" };
                if tokens.next_if_eq(&closing).is_some() {
                    printer.put(&format!("{token}{closing}"));
                } else {
                    printer.open(token);
                }
            }
            "}" | "]" => printer.close(token),
            "," => printer.next(),
            ":" => printer.name(),
            other => printer.put(other),
        }
    }
    printer.end();
    if printer.lines.len() >= MOST_LINES || Tokens::of(json).nth(MOST_TOKENS).is_some() {
        printer.lines.push(Line { path: "…".into(), value: String::new(), text: "… the rest is left out".into() });
    }
    printer.lines
}

/// The beginning of a text, of so many bytes at most.
fn beginning(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

struct Printer {
    lines: Vec<Line>,
    line: String,
    value: String,
    /// Names of objects' members, or places in arrays.
    levels: Vec<Level>,
    name: String,
    /// What the bracket on this line closes.
    closes: Option<String>,
    /// Whether something of this line was left out.
    is_cut: bool,
}

struct Level {
    name: String,
    place: Option<usize>,
}

impl Printer {
    fn put(&mut self, token: &str) {
        if self.is_cut {
            return;
        }
        let fits = beginning(token, LONGEST.saturating_sub(self.line.len()));
        self.is_cut = fits.len() < token.len();
        for text in [&mut self.line, &mut self.value] {
            text.push_str(fits);
            text.extend(self.is_cut.then_some('…'));
        }
    }

    fn name(&mut self) {
        self.name = std::mem::take(&mut self.value);
        self.line.push_str(": ");
    }

    fn open(&mut self, token: &str) {
        self.put(token);
        let name = self.own_name();
        self.end();
        self.levels.push(Level { name, place: (token == "[").then_some(0) });
    }

    fn close(&mut self, token: &str) {
        self.end();
        self.closes = self.levels.pop().map(|level| format!("{} {token}", level.name));
        self.put(token);
    }

    fn next(&mut self) {
        self.line.push(',');
        self.end();
        if let Some(place) = self.levels.last_mut().and_then(|level| level.place.as_mut()) {
            *place += 1;
        }
    }

    fn own_name(&self) -> String {
        match self.levels.last().and_then(|level| level.place) {
            Some(place) => place.to_string(),
            None => beginning(&self.name, LONGEST_NAME).to_owned(),
        }
    }

    fn end(&mut self) {
        self.is_cut = false;
        if self.line.is_empty() {
            return;
        }
        let mut path: String = self.levels.iter().map(|level| format!("{}/", level.name)).collect();
        path.push_str(&self.closes.take().unwrap_or_else(|| self.own_name()));
        let text = format!("{}{}", "  ".repeat(self.levels.len()), std::mem::take(&mut self.line));
        self.lines.push(Line { path, value: std::mem::take(&mut self.value), text });
    }
}

/// Strings, punctuation and words of a JSON text, in their order.
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    /// Those of this text. A text that is not JSON has some too.
    pub fn of(json: &'a str) -> Self {
        Self { rest: json }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.rest = self.rest.trim_start();
        let first = self.rest.chars().next()?;
        let length = match first {
            '{' | '}' | '[' | ']' | ',' | ':' => 1,
            '"' => string_length(self.rest),
            _ => self.rest.find(|c: char| c.is_whitespace() || "{}[],:\"".contains(c)).unwrap_or(self.rest.len()),
        };
        let (token, rest) = self.rest.split_at(length);
        self.rest = rest;
        Some(token)
    }
}

/// To the closing quote, or to the end where there is none.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (place, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return place + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(json: &str) -> Vec<String> {
        lines(json).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn every_number_and_string_is_as_it_was_written() {
        assert_eq!(
            texts(r#"{"A":1.50,"B":18446744073709551615,"C":["x,\"y\"",{}],"D":{"E":[]}}"#),
            [
                "{",
                "  \"A\": 1.50,",
                "  \"B\": 18446744073709551615,",
                "  \"C\": [",
                "    \"x,\\\"y\\\"\",",
                "    {}",
                "  ],",
                "  \"D\": {",
                "    \"E\": []",
                "  }",
                "}"
            ]
        );
    }

    #[test]
    fn lines_say_where_they_are() {
        let found: Vec<_> =
            lines(r#"{"A":{"B":1},"C":[2,3]}"#).into_iter().map(|line| (line.path, line.value)).collect();
        let has = |path: &str, value: &str| found.contains(&(path.to_owned(), value.to_owned()));
        assert!(has(r#"/"A"/"B""#, "1") && has(r#"/"C"/0"#, "2") && has(r#"/"C"/1"#, "3"), "{found:?}");
    }

    #[test]
    fn no_two_lines_are_at_the_same_place() {
        let mut paths: Vec<_> =
            lines(r#"{"A":[{"B":1},{"B":[2]}],"C":{"D":{}}}"#).into_iter().map(|line| line.path).collect();
        let count = paths.len();
        paths.sort();
        paths.dedup();
        assert_eq!(paths.len(), count, "{paths:?}");
    }

    #[test]
    fn what_is_too_deep_too_long_or_too_much_is_cut() {
        let deep = format!(r#"{{"A":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
        let long = format!(r#"{{"A":"{}","B":1}}"#, "é".repeat(1_000_000));
        let many = format!(r#"{{"A":[{}0]}}"#, "0,".repeat(100_000));
        let name = format!(r#"{{"{0}":{{"{0}":[1,2,3]}}}}"#, "n".repeat(1_000_000));
        for json in [&deep, &long, &many, &name] {
            let lines = lines(json);
            assert!(lines.len() <= MOST_LINES + 2, "{}", lines.len());
            assert!(lines.iter().all(|line| line.text.len() < LONGEST + 2 * DEEPEST + 16));
            assert!(lines.iter().all(|line| line.path.len() < (LONGEST_NAME + 8) * (DEEPEST + 1)));
            assert!(lines.iter().any(|line| line.text.contains('…')));
        }
        assert_eq!(lines(&long).iter().map(|line| line.value.as_str()).nth(2), Some("1"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_gives_lines_and_loses_nothing(text in "[\\[\\]{}:,\"\\\\a-z0-9 \n]{0,80}") {
            let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            proptest::prop_assert_eq!(bare(&texts(&text).concat()), bare(&text));
        }
    }
}
