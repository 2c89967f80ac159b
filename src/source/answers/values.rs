//! The JSON objects in a text, whatever stands around them, and what is damaged between them.

use serde_json::value::RawValue;

use crate::aws::line;

/// Something in a text, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// A JSON object that is part of no other one.
    Object { text: &'a str, line: u32 },
    /// A line, or a part of one, that belongs to no object; perhaps the rest of a damaged one.
    Stray { text: &'a str, line: u32, is_rest: bool },
    /// The beginning of an object that does not come to its end, and why, in words that fit behind "line 7".
    Damaged { line: u32, why: String },
}

/// Finds all there is in a text whose first line has this number.
///
/// What is broken costs itself alone: the next object that begins, and is no member of another one, is read.
pub fn find<'a>(text: &'a str, first_line: u32, each: &mut dyn FnMut(Found<'a>)) {
    Walk::new(text, first_line, false, each).run(0);
}

/// Finds the objects in an object: its members, and those in the lists that are.
pub fn find_in<'a>(object: &'a str, first_line: u32, each: &mut dyn FnMut(Found<'a>)) {
    Walk::new(object, first_line, true, each).run(1);
}

struct Walk<'a, 'f> {
    text: &'a str,
    lines: Lines<'a>,
    damage: Option<Damage>,
    /// Bytes that were read in vain.
    spent: usize,
    /// Whether the value of a member is an object by itself.
    with_members: bool,
    each: &'f mut dyn FnMut(Found<'a>),
}

/// An object that could not be read.
struct Damage {
    line: u32,
    /// Where it breaks off.
    breaks_at: usize,
    /// Whether an object was read that lies before that place.
    is_passed: bool,
    why: String,
}

impl<'a, 'f> Walk<'a, 'f> {
    fn new(text: &'a str, line: u32, with_members: bool, each: &'f mut dyn FnMut(Found<'a>)) -> Self {
        Self { text, lines: Lines { text, at: 0, line }, damage: None, spent: 0, with_members, each }
    }

    fn run(&mut self, begin: usize) {
        // where the next object is looked for, and up to where the text is told
        let (mut from, mut told) = (begin, begin);
        while let Some(place) = memchr::memchr(b'{', &self.text.as_bytes()[from..]) {
            let open = from + place;
            if !self.with_members && self.is_member(open) {
                from = open + 1;
                continue;
            }
            let mut values = serde_json::Deserializer::from_str(&self.text[open..]).into_iter::<&RawValue>();
            match values.next() {
                Some(Ok(value)) => {
                    self.stray(told, open);
                    let end = open + value.get().len();
                    self.settle(Some(end));
                    let line = self.lines.number(open);
                    (self.each)(Found::Object { text: value.get(), line });
                    (from, told) = (end, told.max(end));
                }
                Some(Err(error)) => {
                    self.stray(told, open);
                    let breaks_at = open + offset(&self.text[open..], &error);
                    self.damaged(open, breaks_at, &error);
                    self.spent = self.spent.saturating_add(breaks_at - open);
                    // what is nested without end is not tried again at each of its depths
                    let is_cheap = self.spent <= self.text.len().saturating_mul(16).saturating_add(1 << 20);
                    from = if is_cheap { open + 1 } else { self.boundary(breaks_at.max(open + 1)) };
                    // the rest of the line is damaged with it
                    if breaks_at >= told {
                        told = self.line_end(breaks_at);
                    }
                    told = told.max(from);
                }
                None => break,
            }
        }
        self.stray(told, self.text.len());
        self.settle(None);
    }

    /// Whether an object is a member's value: after a name in quotes and a colon, and not at the beginning of a line.
    fn is_member(&self, open: usize) -> bool {
        let before = &self.text[..open];
        let named = before.trim_ascii_end().strip_suffix(':').is_some_and(|name| name.trim_ascii_end().ends_with('"'));
        named && !before.ends_with(['\n', '\r'])
    }

    /// Notes an object that cannot be read. What is tried within another one that failed is the same damage; where
    /// others within it were read, it begins with the one that was not.
    fn damaged(&mut self, open: usize, breaks_at: usize, error: &serde_json::Error) {
        let begins_line = self.text[..open].is_empty() || self.text[..open].ends_with(['\n', '\r']);
        let line = self.lines.number(open);
        match &mut self.damage {
            Some(damage) if damage.breaks_at == breaks_at && damage.is_passed => damage.line = line,
            Some(damage) if damage.breaks_at == breaks_at || !begins_line => {}
            _ => {
                self.settle(None);
                self.damage = Some(Damage { line, breaks_at, is_passed: false, why: line::wrong(error) });
            }
        }
    }

    /// Tells of what was damaged, unless it breaks off only after the end of what was read.
    fn settle(&mut self, read: Option<usize>) {
        let Some(damage) = &mut self.damage else { return };
        damage.is_passed = read.is_some_and(|end| end < damage.breaks_at);
        if let Some(damage) = self.damage.take_if(|damage| !damage.is_passed) {
            (self.each)(Found::Damaged { line: damage.line, why: damage.why });
        }
    }

    /// Tells of the lines between two places.
    fn stray(&mut self, from: usize, to: usize) {
        let Some(between) = self.text.get(from..to) else { return };
        let punctuation = |c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '}' | '\u{feff}' | '\u{1e}');
        for line in between.split_inclusive(['\n', '\r']) {
            if !line.trim_matches(punctuation).is_empty() {
                let at = line.as_ptr() as usize - self.text.as_ptr() as usize;
                let number = self.lines.number(at);
                (self.each)(Found::Stray { text: line.trim(), line: number, is_rest: self.damage.is_some() });
            }
        }
    }

    fn line_end(&self, from: usize) -> usize {
        let from = self.boundary(from);
        let end = memchr::memchr2(b'\n', b'\r', &self.text.as_bytes()[from..]);
        end.map_or(self.text.len(), |end| from + end)
    }

    /// The next place where a character begins.
    fn boundary(&self, from: usize) -> usize {
        let mut from = from.min(self.text.len());
        while !self.text.is_char_boundary(from) {
            from += 1;
        }
        from
    }
}

/// Where in a text an error is, in bytes.
fn offset(text: &str, error: &serde_json::Error) -> usize {
    let lines = memchr::memchr_iter(b'\n', text.as_bytes());
    let line = match error.line() {
        0 | 1 => 0,
        number => lines.map(|end| end + 1).nth(number - 2).unwrap_or(text.len()),
    };
    (line + error.column().saturating_sub(1)).min(text.len())
}

/// Counts lines, however they end. It goes back only within what it counted last.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u32,
}

impl Lines<'_> {
    /// The number of the line at a place.
    fn number(&mut self, place: usize) -> u32 {
        let bytes = self.text.as_bytes();
        let count = |from: usize, to: usize| {
            let ends = memchr::memchr2_iter(b'\n', b'\r', &bytes[from..to]);
            // a carriage return before a line feed is the same end
            ends.filter(|end| bytes[from + end] == b'\n' || bytes.get(from + end + 1) != Some(&b'\n')).count() as u32
        };
        if place < self.at {
            return self.line.saturating_sub(count(place, self.at));
        }
        self.line = self.line.saturating_add(count(self.at, place));
        self.at = place;
        self.line
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        find(text, 1, &mut |found| {
            all.push(match found {
                Found::Object { text, line } => format!("{line} {text}"),
                Found::Stray { text, line, is_rest } => {
                    format!("{line} {} {text}", if is_rest { "rest" } else { "stray" })
                }
                Found::Damaged { line, why } => format!("{line} {why}"),
            });
        });
        all.sort();
        all
    }

    #[test]
    fn objects_are_found_whatever_stands_around_them() {
        for (text, wanted) in [
            ("", &[][..]),
            ("{}", &["1 {}"]),
            ("\u{feff}{\"a\":1}{}\r\n{}\r{}", &["1 {\"a\":1}", "1 {}", "2 {}", "3 {}"]),
            ("[{\"a\":{}},\n {\"b\":[{}]}]\n", &["1 {\"a\":{}}", "2 {\"b\":[{}]}"]),
            ("2026 INFO {\"a\":1} done\nbye", &["1 stray 2026 INFO", "1 stray done", "1 {\"a\":1}", "2 stray bye"]),
            ("response: {\"a\":\"{\"}", &["1 stray response:", "1 {\"a\":\"{\"}"]),
            ("hello\n\nworld", &["1 stray hello", "3 stray world"]),
        ] {
            assert_eq!(found(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_damaged_costs_itself_alone() {
        for (text, wanted) in [
            ("{\"a\":1}\n{\"b\":\n{\"c\":3}", &["1 {\"a\":1}", "2 is cut off", "3 {\"c\":3}"][..]),
            ("{\"a\":{\"b\":1},,\"c\":{\"d\":1}}\n{}", &["1 is not JSON", "2 {}"]),
            ("[{\"a\":1},\n{\"b\":nope},\n{\"c\":3}]", &["1 {\"a\":1}", "2 is not JSON", "3 {\"c\":3}"]),
            ("{\"all\":[{\"a\":1},\n{\"b\":nope},\n{\"c\":3}]}", &["1 {\"a\":1}", "2 is not JSON", "3 {\"c\":3}"]),
            ("{ garbage\n{{{\n{\"a\":1}", &["1 is not JSON", "2 is not JSON", "3 {\"a\":1}"]),
            ("{\"a\":1}\n{\"a\": \"TRANS", &["1 {\"a\":1}", "2 is cut off"]),
            ("{\n  \"a\": oh,\n  \"b\": 1\n}\n{}", &["1 is not JSON", "3 rest \"b\": 1", "5 {}"]),
        ] {
            assert_eq!(found(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_nested_without_end_is_not_tried_at_each_depth() {
        for piece in ["{\"a\":[", "[{\"a\":", "{", "\n{\"a\":["] {
            let text = piece.repeat(100_000) + "\n{\"b\":1}";
            let mut walk = 0;
            find(&text, 1, &mut |_| walk += 1);
            assert!(walk > 0);
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,300}", json in "[\\[\\]{}\",:a\n\r ü]{0,200}") {
            found(&text);
            found(&json);
        }
    }
}
