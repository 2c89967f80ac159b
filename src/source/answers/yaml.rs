//! YAML, as `aws --output yaml` prints it, written anew as JSON.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::Value;

/// How deep what is nested may be.
const DEEPEST: usize = 64;

/// Whether a text has a member of a response at the beginning of a line, as YAML has it.
pub fn is_likely(text: &str) -> bool {
    text.split(['\n', '\r']).any(|line| {
        let line = line.trim_start_matches(['-', ' ', '\u{feff}']);
        let rest = line.strip_prefix("Status").or_else(|| line.strip_prefix("TaskExecutionArn"));
        rest.is_some_and(|rest| rest.trim_start().strip_prefix(':').is_some_and(|value| value.starts_with([' ', '\t'])))
    })
}

/// The documents of a text as JSON, each with the number of its first line, or why it cannot be read, in words that
/// fit behind "line 7".
///
/// Where documents come one after another with nothing between them, the next one begins with a name at the
/// beginning of a line that was there before, or that comes before all others of a document in alphabetical order.
pub fn documents(text: &str) -> Vec<(u32, Result<String, String>)> {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    let mut documents = Vec::new();
    let (mut names, mut begin, mut first, mut number) = (Vec::<&str>::new(), 0, 1, 1);
    let mut at = 0;
    let mut end = |begin: usize, end: usize, first: u32| {
        let document = &text[begin..end];
        match to_json(document) {
            Ok(json) if json.is_empty() => {}
            json => documents.push((first, json)),
        }
    };
    for line in text.split_inclusive('\n') {
        let is_mark = matches!(line.trim_end(), "---" | "...");
        let name = line.split_once(':').map(|(name, _)| name.trim_end());
        let name = name.filter(|name| !name.is_empty() && !name.starts_with([' ', '\t', '#', '-', '"', '\'']));
        let is_next = name.is_some_and(|name| names.contains(&name) || is_before(name, &names));
        if is_mark || is_next {
            end(begin, at, first);
            names.clear();
            (begin, first) = if is_mark { (at + line.len(), number + 1) } else { (at, number) };
        }
        names.extend(name);
        at += line.len();
        number += 1;
    }
    end(begin, text.len(), first);
    documents
}

/// Whether a name comes before all those of a document that has them in alphabetical order.
fn is_before(name: &str, names: &[&str]) -> bool {
    const TELLING: usize = 4;
    names.len() >= TELLING && names.is_sorted() && names.first().is_some_and(|first| name < *first)
}

/// One document as JSON.
fn to_json(document: &str) -> Result<String, String> {
    let mut json = Json::default();
    for event in Parser::new_from_str(document) {
        let (event, _) = event.map_err(|_| "is not YAML")?;
        match event {
            Event::Scalar(text, style, ..) => json.scalar(&text, style)?,
            Event::Alias(_) => json.value("null")?,
            Event::SequenceStart(..) => json.open(Level::List)?,
            Event::MappingStart(..) => json.open(Level::Object { is_name: true })?,
            Event::SequenceEnd => json.close("]"),
            Event::MappingEnd => json.close("}"),
            _ => {}
        }
    }
    Ok(json.text)
}

/// JSON that is being written.
#[derive(Default)]
struct Json {
    text: String,
    levels: Vec<Level>,
}

/// What the next value is in.
enum Level {
    List,
    /// What comes next is a name, or the value of one.
    Object {
        is_name: bool,
    },
}

impl Json {
    fn scalar(&mut self, text: &str, style: ScalarStyle) -> Result<(), String> {
        let string = || serde_json::to_string(text).unwrap_or_default();
        let is_name = matches!(self.levels.last(), Some(Level::Object { is_name: true }));
        if is_name || style != ScalarStyle::Plain {
            return self.value(&string());
        }
        match text {
            "" | "~" | "null" | "Null" | "NULL" => self.value("null"),
            "true" | "false" => self.value(text),
            text if serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_number()) => self.value(text.trim()),
            _ => self.value(&string()),
        }
    }

    /// Writes a name or a value, and what separates it from the one before it.
    fn value(&mut self, value: &str) -> Result<(), String> {
        self.separate()?;
        self.text.push_str(value);
        Ok(())
    }

    fn open(&mut self, level: Level) -> Result<(), String> {
        if matches!(self.levels.last(), Some(Level::Object { is_name: true })) || self.levels.len() >= DEEPEST {
            return Err("is YAML that no response is written in".into());
        }
        self.separate()?;
        self.text.push(if matches!(level, Level::List) { '[' } else { '{' });
        self.levels.push(level);
        Ok(())
    }

    fn close(&mut self, end: &str) {
        self.levels.pop();
        self.text.push_str(end);
    }

    fn separate(&mut self) -> Result<(), String> {
        let is_first = self.text.ends_with(['[', '{']);
        match self.levels.last_mut() {
            Some(Level::Object { is_name }) => {
                let between = match (*is_name, is_first) {
                    (true, true) => "",
                    (true, false) => ",",
                    (false, _) => ":",
                };
                self.text.push_str(between);
                *is_name = !*is_name;
            }
            Some(Level::List) if !is_first => self.text.push(','),
            None if !self.text.is_empty() => return Err("is more than one YAML document".into()),
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Vec<(u32, Result<Value, String>)> {
        let value = |json: String| serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
        documents(text).into_iter().map(|(line, json)| (line, json.map(value))).collect()
    }

    #[test]
    fn what_the_command_line_prints_is_read() {
        let text = "BytesWritten: 204188279\nExcludes:\n- FilterType: SIMPLE_PATTERN\n  Value: '*/.htaccess|*/index.html'\n\
            FilesFailed: {}\nIncludes: []\nResult:\n  ErrorDetail: a long text that goes on,\n    over the end of its line\n\
            \x20 TotalDuration: 91639\nStartTime: 1578092083.501\nEndTime: '2020-01-03T22:56:15+00:00'\nStatus: ~\nOn: true\n";
        let wanted = json!({
            "BytesWritten": 204188279, "FilesFailed": {}, "Includes": [], "StartTime": 1578092083.501, "Status": null,
            "Excludes": [{"FilterType": "SIMPLE_PATTERN", "Value": "*/.htaccess|*/index.html"}], "On": true,
            "Result": {"ErrorDetail": "a long text that goes on, over the end of its line", "TotalDuration": 91639},
            "EndTime": "2020-01-03T22:56:15+00:00",
        });
        assert_eq!(read(text), [(1, Ok(wanted.clone()))]);
        assert_eq!(read(&text.replace('\n', "\r\n")), [(1, Ok(wanted.clone()))]);
        let twice = format!("{text}---\n{text}");
        assert_eq!(read(&twice), [(1, Ok(wanted.clone())), (16, Ok(wanted))]);
        assert!(is_likely(text));
        assert!(
            ["Status: ERROR", "- Status: ERROR", "x\n  Status            : ERROR"].iter().all(|text| is_likely(text))
        );
        assert!(["\"Status\": 1", "Status", "Status:", "a Status: b", ""].iter().all(|text| !is_likely(text)));
    }

    #[test]
    fn documents_that_follow_each_other_are_told_apart() {
        let one = |status: &str| format!("BytesWritten: 1\nOptions:\n  Uid: NONE\nStatus: {status}\n");
        let all = read(&format!("{}{}{}", one("QUEUED"), one("\"torn"), one("SUCCESS")));
        let value = |status: &str| json!({"BytesWritten": 1, "Options": {"Uid": "NONE"}, "Status": status});
        assert_eq!(all, [(1, Ok(value("QUEUED"))), (5, Err("is not YAML".into())), (9, Ok(value("SUCCESS")))]);
        assert_eq!(read("- a: 1\n  b: [x, 2]\n"), [(1, Ok(json!([{"a": 1, "b": ["x", 2]}])))]);
        let filters = "Status: QUEUED\nExcludes:\n- Value: a\n- Value: b\n";
        assert_eq!(read(filters), [(1, Ok(json!({"Status": "QUEUED", "Excludes": [{"Value": "a"}, {"Value": "b"}]})))]);
        assert_eq!(read("? [a]\n: b\n")[0].1, Err("is YAML that no response is written in".into()));
        assert!(read(&"[".repeat(100_000))[0].1.is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,200}", yaml in "[-?:,\\[\\]{}#&*!|>'\"%@a0\n\t \r~.]{0,120}") {
            read(&text);
            read(&yaml);
        }
    }
}
