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
    response::Response,
    task::Task,
};

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
    last: Vec<Last>,
}

/// What the lines of one execution said last.
#[derive(Clone, Debug)]
struct Last {
    execution: Arc<str>,
    answer: Option<Response>,
    /// `None` as long as no line said it.
    next: Option<Option<Duration>>,
    /// When the newest line was.
    at: Option<Timestamp>,
    /// The shortest time between two lines, for where none says how often it is asked.
    apart: Option<Duration>,
}

impl Last {
    fn of<'a>(all: &'a mut Vec<Self>, execution: &Arc<str>) -> &'a mut Self {
        let known = all.iter().position(|last| last.execution == *execution);
        let place = known.unwrap_or_else(|| {
            all.push(Self { execution: Arc::clone(execution), answer: None, next: None, at: None, apart: None });
            all.len() - 1
        });
        &mut all[place]
    }

    /// The shortest time between two lines so far.
    fn apart(&mut self, at: Timestamp) -> Option<Duration> {
        let newest = self.at.replace(at);
        let passed = newest.and_then(|newest| Duration::try_from(at.duration_since(newest)).ok());
        if let Some(passed) = passed.filter(|passed| !passed.is_zero()) {
            self.apart = Some(self.apart.map_or(passed, |apart| apart.min(passed)));
        }
        self.apart
    }
}

impl Writer {
    /// The line of an observation, with its end.
    pub fn line(&mut self, observation: &Observation) -> String {
        let last = Last::of(&mut self.last, &observation.execution);
        let mut line = String::with_capacity(2048);
        // a string takes whatever is written to it
        let _ = write!(line, r#"{{"at":"{}","execution":{}"#, moment(observation.at), json(&*observation.execution));
        match &observation.outcome {
            Outcome::Response(answer) if last.answer.as_ref().is_some_and(|last| last.is_same(answer)) => {
                line.push_str(r#","unchanged":true"#);
            }
            Outcome::Response(answer) => {
                line.push_str(r#","response":"#);
                line.push_str(&on_one_line(answer.verbatim()));
                last.answer = Some(answer.clone());
            }
            Outcome::Fault(fault) => {
                let _ = write!(line, r#","fault":{}"#, json(fault));
            }
        }
        if let Some(task) = &observation.task {
            let _ = write!(line, r#","task":{}"#, json(&**task));
        }
        if last.next != Some(observation.next) {
            last.next = Some(observation.next);
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
    last: Vec<Last>,
}

/// A line by itself: its answer is not read yet, and what it refers to is not looked up.
#[derive(Debug)]
pub struct Said<'a> {
    /// When it was observed.
    pub at: Timestamp,
    /// The execution's ARN.
    pub execution: Cow<'a, str>,
    /// What came.
    pub what: SaidWhat<'a>,
    /// What is known of the task, where the line says it.
    pub task: Option<Task>,
    /// How long until the next request, where the line says it; `Some(None)` for never.
    pub next: Option<Option<Duration>>,
}

/// What a line says that came.
#[derive(Debug)]
pub enum SaidWhat<'a> {
    /// This answer, verbatim.
    Response(&'a str),
    /// The answer of a line before it.
    Unchanged,
    /// None.
    Fault(Fault),
}

impl<'a> Said<'a> {
    /// What a line says.
    ///
    /// # Errors
    /// What is wrong with the line, in words that fit behind "line 7".
    pub fn by(line: &'a str) -> Result<Self, String> {
        let line: Line = serde_json::from_str(line).map_err(|error| wrong(&error))?;
        let what = match (line.response, line.unchanged, line.fault) {
            (Some(response), ..) => SaidWhat::Response(response.get()),
            (None, true, _) => SaidWhat::Unchanged,
            (None, false, Some(fault)) => SaidWhat::Fault(fault),
            (None, false, None) => return Err("has no response, no fault and no unchanged".into()),
        };
        let next = line.next_seconds.map(|next| next.and_then(|next| Duration::try_from_secs_f64(next).ok()));
        Ok(Self { at: line.at, execution: line.execution, what, task: line.task, next })
    }
}

/// What is wrong with a line that says nothing changed, and is the first to say anything.
pub const NOTHING_BEFORE: &str = "says that nothing changed, but no answer comes before it";

#[derive(Deserialize)]
struct Line<'a> {
    at: Timestamp,
    #[serde(borrow)]
    execution: Cow<'a, str>,
    #[serde(borrow)]
    response: Option<&'a RawValue>,
    #[serde(default)]
    unchanged: bool,
    fault: Option<Fault>,
    task: Option<Task>,
    #[serde(default, deserialize_with = "said")]
    next_seconds: Option<Option<f64>>,
}

/// `null` is said too.
fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<f64>>, D::Error> {
    Option::<f64>::deserialize(deserializer).map(Some)
}

impl Reader {
    /// The observation of a line.
    ///
    /// # Errors
    /// What is wrong with the line, in words that fit behind "line 7".
    pub fn read(&mut self, line: &str) -> Result<Observation, String> {
        let line = Said::by(line)?;
        let execution: Arc<str> = match self.last.iter().find(|last| *last.execution == *line.execution) {
            Some(last) => Arc::clone(&last.execution),
            None => line.execution.as_ref().into(),
        };
        let last = Last::of(&mut self.last, &execution);
        let apart = last.apart(line.at);
        let outcome = match line.what {
            SaidWhat::Response(response) => {
                let answer = Response::parse(response).map_err(|fault| fault.message)?;
                last.answer = Some(answer.clone());
                Outcome::Response(answer)
            }
            SaidWhat::Unchanged => match &last.answer {
                Some(answer) => Outcome::Response(answer.clone()),
                None => return Err(NOTHING_BEFORE.into()),
            },
            SaidWhat::Fault(fault) => Outcome::Fault(fault),
        };
        last.next = line.next.or(last.next);
        let is_over = matches!(&outcome, Outcome::Response(answer) if answer.snapshot().is_over());
        let next = last.next.unwrap_or(apart.filter(|_| !is_over));
        let task = line.task.map(Arc::new);
        Ok(Observation { execution, at: line.at, outcome, task, next })
    }
}

/// Why a line can't be read, without the parser's own position: it counts within the line.
pub fn wrong(error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "is torn".into();
    }
    if error.is_syntax() {
        return "is no JSON".into();
    }
    let words = error.to_string();
    let words = words.split(" at line ").next().unwrap_or_default();
    format!("is no line of a recording: {words}")
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
            (format!(r#"{head},"unchanged":true}}"#), "no answer comes before it"),
            (format!(r#"{head},"response":{{"Status":"TRANSF"#), "is torn"),
            (format!(r#"{head},"response":{{}}}}"#), "neither a status"),
            (format!(r#"{head}}}"#), "no response, no fault"),
            (r#"{"at":"yesterday"}"#.to_owned(), "is no line of a recording"),
            (r#"{"execution":"x"}"#.to_owned(), "missing field `at`"),
            ("\u{1}garbage".to_owned(), "is no JSON"),
            (String::new(), "is torn"),
            ("[]".to_owned(), "is no line of a recording"),
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
