//! An observation as a line of a recording: one JSON object, in which keys are only ever added.
//!
//! ```text
//! {"at":"2026-11-22T16:00:05.123Z","execution":"arn:aws:datasync:…","response":{ …verbatim… }}
//! {"at":"2026-11-22T16:00:10.124Z","execution":"arn:aws:datasync:…","unchanged":true}
//! {"at":"2026-11-22T16:00:15.130Z","execution":"arn:aws:datasync:…","fault":{"kind":"throttled",…}}
//! ```
//!
//! Beside those there are `task`, what is known of the task, once it came; and `next_seconds`, how long after it
//! the next request was to come, `null` for never, where that differs from the line before it.

use std::{borrow::Cow, fmt::Write, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::{
    fault::Fault,
    observation::{Observation, Outcome},
    per_execution::PerExecution,
    response::{LONGEST_BODY, Response},
    task::Task,
};

/// A line of so many bytes or more is not read. Any response that can be recorded is shorter, with all that stands
/// beside it.
pub const LONGEST_LINE: usize = LONGEST_BODY + (1 << 20);

/// What a line with a response has in it, outside of any string.
pub const RESPONSE: &[u8] = br#","response":"#;

/// A text of JSON on one line. Where a line ends in it, it is between two tokens: in a string it would be escaped.
pub fn on_one_line(json: &str) -> Cow<'_, str> {
    match memchr::memchr2(b'\n', b'\r', json.as_bytes()) {
        Some(_) => json.replace(['\n', '\r'], " ").into(),
        None => json.into(),
    }
}

/// A moment as recordings write it: RFC 3339 in UTC, with milliseconds.
pub fn moment(at: Timestamp) -> impl std::fmt::Display {
    std::fmt::from_fn(move |f| write!(f, "{at:.3}"))
}

/// Writes observations as lines. What it wrote of an execution it need not write again.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    written: PerExecution<Written>,
}

/// What the newest lines of one execution said.
#[derive(Clone, Debug, Default)]
struct Written {
    response: Option<Response>,
    /// `None` as long as no line said it.
    next: Option<Option<Duration>>,
}

impl Writer {
    /// The line of an observation, with its end.
    pub fn line(&mut self, observation: &Observation) -> String {
        let (_, written) = self.written.entry(&observation.execution);
        let mut line = String::with_capacity(2048);
        // a string takes whatever is written to it
        let _ = write!(line, r#"{{"at":"{}","execution":{}"#, moment(observation.at), json(&*observation.execution));
        match &observation.outcome {
            Outcome::Response(response) if written.response.as_ref().is_some_and(|last| last.is_same(response)) => {
                line.push_str(r#","unchanged":true"#);
            }
            Outcome::Response(response) => {
                line.push_str(r#","response":"#);
                line.push_str(&on_one_line(response.verbatim()));
                written.response = Some(response.clone());
            }
            Outcome::Fault(fault) => {
                let _ = write!(line, r#","fault":{}"#, json(fault));
            }
        }
        if let Some(task) = &observation.task {
            let _ = write!(line, r#","task":{}"#, json(&**task));
        }
        if written.next != Some(observation.next) {
            written.next = Some(observation.next);
            let _ = write!(line, r#","next_seconds":{}"#, json(&observation.next.map(|next| next.as_secs_f64())));
        }
        line.push_str("}\n");
        line
    }
}

fn json(value: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".into())
}

/// Reads lines back. It remembers what `unchanged` and a missing `next_seconds` refer to.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    read: PerExecution<(Option<Response>, Polling)>,
}

/// How often an execution was polled, by what its lines say so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Polling {
    next: Option<Option<Duration>>,
    at: Option<Timestamp>,
    shortest: Option<Duration>,
}

/// How long after a line the next poll was to come.
#[derive(Clone, Copy, Debug)]
pub enum Next {
    /// A line says it; `None` for never.
    Said(Option<Duration>),
    /// No line says it: the shortest time between two lines so far, until it is over.
    Apart(Option<Duration>),
}

impl Polling {
    /// Takes note of a line.
    pub fn line(&mut self, at: Timestamp, next: Option<Option<Duration>>) -> Next {
        let before = self.at.replace(at);
        let passed = before.and_then(|before| Duration::try_from(at.duration_since(before)).ok());
        self.shortest = self.shortest.into_iter().chain(passed.filter(|passed| !passed.is_zero())).min();
        self.next = next.or(self.next);
        self.next.map_or(Next::Apart(self.shortest), Next::Said)
    }
}

impl Next {
    /// How long it was, where this came of the poll.
    pub fn after(self, outcome: &Outcome) -> Option<Duration> {
        match self {
            Self::Said(next) => next,
            Self::Apart(next) => {
                next.filter(|_| !matches!(outcome, Outcome::Response(response) if response.snapshot().is_over()))
            }
        }
    }
}

/// A line by itself: its response is not read yet, and what it refers to is not looked up.
#[derive(Debug)]
pub struct Line<'a> {
    /// When it was observed.
    pub at: Timestamp,
    /// The execution's ARN.
    pub execution: Cow<'a, str>,
    /// What came of the poll.
    pub outcome: LineOutcome<'a>,
    /// What is known of the task, where the line says it.
    pub task: Option<Task>,
    /// How long until the next poll, where the line says it; `Some(None)` for never.
    pub next: Option<Option<Duration>>,
}

/// What came of a poll, as a line says it.
#[derive(Debug)]
pub enum LineOutcome<'a> {
    /// This response, verbatim.
    Response(&'a str),
    /// The response of a line before it.
    Unchanged,
    /// None.
    Fault(Fault),
}

/// What is wrong with a line that says nothing changed, and is the first to say anything.
pub const NOTHING_BEFORE: &str = "says that nothing changed, but no response comes before it";

/// The members of a line, as they stand there.
#[derive(Deserialize)]
struct Members<'a> {
    at: Timestamp,
    #[serde(borrow)]
    execution: Cow<'a, str>,
    #[serde(borrow)]
    response: Option<&'a RawValue>,
    #[serde(default)]
    unchanged: bool,
    fault: Option<Fault>,
    task: Option<Task>,
    #[serde(default, deserialize_with = "with_null")]
    next_seconds: Option<Option<f64>>,
}

/// `null` says something too.
fn with_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<f64>>, D::Error> {
    Option::<f64>::deserialize(deserializer).map(Some)
}

impl<'a> Line<'a> {
    /// What a line says.
    ///
    /// # Errors
    /// What is wrong with the line, in words that fit behind "line 7".
    pub fn parse(line: &'a str) -> Result<Self, String> {
        let line: Members = serde_json::from_str(line).map_err(|error| wrong(&error))?;
        let outcome = match (line.response, line.unchanged, line.fault) {
            (Some(response), ..) => LineOutcome::Response(response.get()),
            (None, true, _) => LineOutcome::Unchanged,
            (None, false, Some(fault)) => LineOutcome::Fault(fault),
            (None, false, None) => return Err("has no response, no fault and no unchanged".into()),
        };
        let next = line.next_seconds.map(|next| next.and_then(|next| Duration::try_from_secs_f64(next).ok()));
        Ok(Self { at: line.at, execution: line.execution, outcome, task: line.task, next })
    }
}

impl Reader {
    /// The observation of a line.
    ///
    /// # Errors
    /// What is wrong with the line, in words that fit behind "line 7".
    pub fn read(&mut self, line: &str) -> Result<Observation, String> {
        let line = Line::parse(line)?;
        let (execution, (newest, polling)) = self.read.entry(&line.execution);
        let outcome = match line.outcome {
            LineOutcome::Response(response) => {
                let response = Response::parse(response).map_err(|fault| fault.message)?;
                *newest = Some(response.clone());
                Outcome::Response(response)
            }
            LineOutcome::Unchanged => match newest {
                Some(response) => Outcome::Response(response.clone()),
                None => return Err(NOTHING_BEFORE.into()),
            },
            LineOutcome::Fault(fault) => Outcome::Fault(fault),
        };
        let next = polling.line(line.at, line.next).after(&outcome);
        let task = line.task.map(Arc::new);
        Ok(Observation { execution: Arc::clone(execution), at: line.at, outcome, task, next })
    }
}

/// Why a line can't be read, without the parser's own position: it counts within the line.
pub fn wrong(error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "is cut off".into();
    }
    if error.is_syntax() {
        return "is not JSON".into();
    }
    let words = error.to_string();
    let words = words.split(" at line ").next().unwrap_or_default();
    format!("is not a line of a recording: {words}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::fault::FaultKind;

    const ARN: &str =
        "arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0/execution/exec-0123456789abcdef0";

    fn observation(second: i64, outcome: Outcome) -> Observation {
        let at = Timestamp::from_millisecond(1_795_363_205_123 + second * 1000).unwrap();
        Observation { execution: ARN.into(), at, outcome, task: None, next: Some(Duration::from_secs(5)) }
    }

    fn answer(body: &str) -> Outcome {
        Outcome::Response(Response::parse(body).unwrap())
    }

    fn throttled() -> Outcome {
        let fault = Fault::new(FaultKind::Throttled, "Rate exceeded");
        Outcome::Fault(Fault { code: Some("ThrottlingException".into()), ..fault })
    }

    #[test]
    fn lines_are_as_designed() {
        let mut writer = Writer::default();
        let mut line = |second, outcome| writer.line(&observation(second, outcome));
        let body = r#"{"Status":"TRANSFERRING","Later":1.50}"#;
        let lines = [line(0, answer(body)), line(5, answer(body)), line(10, throttled()), line(15, answer(body))];
        let head = |time: &str| format!(r#"{{"at":"2026-11-22T16:00:{time}Z","execution":"{ARN}""#);
        assert_eq!(lines[0], format!("{},\"response\":{body},\"next_seconds\":5.0}}\n", head("05.123")));
        assert_eq!(lines[1], format!("{},\"unchanged\":true}}\n", head("10.123")));
        let fault = r#"{"kind":"throttled","code":"ThrottlingException","message":"Rate exceeded"}"#;
        assert_eq!(lines[2], format!("{},\"fault\":{fault}}}\n", head("15.123")));
        assert_eq!(lines[3], format!("{},\"unchanged\":true}}\n", head("20.123")), "a fault changes no counter");
    }

    #[test]
    fn what_is_written_is_read_again() {
        let task = Task { name: Some("nightly \"x\"".into()), source: None, ..Task::default() };
        let body = "{\n  \"Status\": \"QUEUED\"\r\n}";
        let observations = [
            observation(0, throttled()),
            observation(5, answer(body)),
            Observation { task: Some(Arc::new(task)), ..observation(5, answer(body)) },
            observation(10, answer(body)),
            Observation { next: Some(Duration::from_millis(10_500)), ..observation(20, throttled()) },
            Observation { next: None, ..observation(30, answer(r#"{"Status":"SUCCESS"}"#)) },
        ];
        let (mut writer, mut reader) = (Writer::default(), Reader::default());
        for written in &observations {
            let line = writer.line(written);
            assert_eq!(line.matches('\n').count(), 1, "{line}");
            let read = reader.read(&line).unwrap();
            assert_eq!((read.at, &read.task, read.next), (written.at, &written.task, written.next), "{line}");
            match (&read.outcome, &written.outcome) {
                (Outcome::Response(read), Outcome::Response(written)) => {
                    assert_eq!(read.snapshot(), written.snapshot());
                }
                (read, written) => assert_eq!(read, written),
            }
        }
    }

    #[test]
    fn what_others_wrote_is_read_too() {
        let mut reader = Reader::default();
        let line = |second: u32, rest: &str| {
            format!(r#"{{"at":"2026-11-22T16:00:{second:02}Z","novel":[1],"execution":"{ARN}",{rest}}}"#)
        };
        let next: Vec<_> = [
            line(0, r#""response":{"Status":"QUEUED"}"#),
            line(5, r#""unchanged":true"#),
            line(25, r#""fault":{"kind":"eclipsed","message":"dark"}"#),
            line(30, r#""response":{"Status":"SUCCESS"}"#),
        ]
        .iter()
        .map(|line| reader.read(line).unwrap().next.map(|next| next.as_secs()))
        .collect();
        assert_eq!(next, [None, Some(5), Some(5), None], "how often it was asked is seen from the lines");
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let head = format!(r#"{{"at":"2026-11-22T16:00:05Z","execution":"{ARN}""#);
        for (line, says) in [
            (format!(r#"{head},"unchanged":true}}"#), "no response comes before it"),
            (format!(r#"{head},"response":{{"Status":"TRANSF"#), "is cut off"),
            (format!(r#"{head},"response":{{}}}}"#), "neither a status"),
            (format!(r#"{head}}}"#), "no response, no fault"),
            (r#"{"at":"yesterday"}"#.to_owned(), "is not a line of a recording"),
            (r#"{"execution":"x"}"#.to_owned(), "missing field `at`"),
            ("\u{1}garbage".to_owned(), "is not JSON"),
            (String::new(), "is cut off"),
            ("[]".to_owned(), "is not a line of a recording"),
        ] {
            let why = Reader::default().read(&line).unwrap_err();
            assert!(why.contains(says), "{line}: {why}");
            assert!(!why.contains(" column "), "{why}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_line_panics(line in "\\PC{0,200}") {
            let _ = Reader::default().read(&line);
        }
    }
}
