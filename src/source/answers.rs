//! Observations from a text: a recording's lines, or answers of DescribeTaskExecution as someone saved or piped them.

use std::{borrow::Cow, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::aws::{
    line::{Reader, on_one_line},
    observation::{Observation, Outcome},
    response::Response,
};

/// What a text held.
#[derive(Debug)]
pub struct Texts {
    /// What could be read, in the order of the text; at least one.
    pub observations: Vec<Observation>,
    /// What could not: the first such place and why. A line that is still being written is no such place.
    pub unread: Option<String>,
}

/// Which kind of text an object is.
#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow)]
    at: Option<Cow<'a, str>>,
    #[serde(borrow)]
    execution: Option<Cow<'a, str>>,
}

/// Reads a text. Answers that say no time of their own are taken to be of `now`.
///
/// # Errors
/// What is wrong with the text, to go behind its name.
pub fn read(text: &str, now: Timestamp) -> Result<Texts, String> {
    let first = text.lines().find(|line| !line.trim().is_empty()).ok_or("is empty")?;
    if is_line_of_recording(first) { recording(text) } else { answers(text, now) }
}

fn is_line_of_recording(json: &str) -> bool {
    serde_json::from_str::<Kind>(json).is_ok_and(|kind| kind.at.is_some() && kind.execution.is_some())
}

fn recording(text: &str) -> Result<Texts, String> {
    let mut reader = Reader::default();
    let (mut observations, mut unread) = (Vec::new(), None);
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    for (place, line) in lines {
        match reader.read(line) {
            Ok(observation) => observations.push(observation),
            Err(why) => unread = unread.or(Some((place, format!("line {} {why}", place + 1)))),
        }
    }
    if observations.is_empty() {
        return Err(unread.map_or_else(|| "is empty".into(), |(_, why)| format!("can't be read: {why}")));
    }
    // the last line may be on its way
    let last = text.lines().count().saturating_sub(1);
    let torn = |place: usize| place == last && !text.ends_with('\n');
    Ok(Texts { observations, unread: unread.filter(|(place, _)| !torn(*place)).map(|(_, why)| why) })
}

fn answers(text: &str, now: Timestamp) -> Result<Texts, String> {
    let mut reader = Reader::default();
    let mut observations: Vec<Observation> = Vec::new();
    for (place, value) in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>().enumerate() {
        let read = match value {
            Ok(value) if is_line_of_recording(value.get()) => reader.read(&on_one_line(value.get())),
            Ok(value) => answer(value.get(), now),
            Err(error) if error.is_eof() => Err("is cut short".into()),
            Err(_) => Err("is no JSON".into()),
        };
        match read {
            Ok(observation) => {
                let before = observations.last().map(|before| before.at);
                observations.push(Observation {
                    at: before.map_or(observation.at, |at| at.max(observation.at)),
                    ..observation
                });
            }
            Err(why) if observations.is_empty() => {
                return Err(format!("holds no answer of describe-task-execution: it {why}"));
            }
            Err(why) => {
                let unread = Some(format!("object {} {why}", place + 1));
                return Ok(Texts { observations, unread });
            }
        }
    }
    Ok(Texts { observations, unread: None })
}

fn answer(json: &str, now: Timestamp) -> Result<Observation, String> {
    let answer = Response::parse(json).map_err(|_| "is no answer of describe-task-execution")?;
    let execution = answer.snapshot().task_execution_arn.as_deref().ok_or("does not say its TaskExecutionArn")?;
    let execution: Arc<str> = execution.into();
    Ok(Observation { execution, at: of(&answer, now), outcome: Outcome::Response(answer), task: None, next: None })
}

/// The moment that an answer tells of itself: its end, or its beginning and how long it ran since.
fn of(answer: &Response, now: Timestamp) -> Timestamp {
    let snapshot = answer.snapshot();
    let ran = snapshot.result.as_ref().and_then(|result| result.total_duration).filter(|total| total.0 > 0);
    let began = snapshot.launch_time.or(snapshot.start_time);
    let by_now = began.zip(ran).and_then(|(began, ran)| began.0.checked_add(SignedDuration::from_millis(ran.0)).ok());
    let ended = snapshot.end_time.map(|end| end.0).filter(|_| snapshot.is_over());
    ended.or(by_now).map_or(now, |told| told.min(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str =
        "arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0/execution/exec-0123456789abcdef0";

    fn now() -> Timestamp {
        "2026-11-22T16:00:00Z".parse().unwrap()
    }

    fn statuses(text: &str) -> Vec<String> {
        let status = |seen: Observation| match seen.outcome {
            Outcome::Response(answer) => answer.snapshot().status.as_deref().unwrap_or("?").to_owned(),
            Outcome::Fault(fault) => fault.kind.as_str().to_owned(),
        };
        read(text, now()).unwrap().observations.into_iter().map(status).collect()
    }

    #[test]
    fn answers_come_in_any_form() {
        let one = |status: &str| format!(r#"{{"TaskExecutionArn":"{ARN}","Status":"{status}"}}"#);
        let pretty = format!("\n{{\n  \"TaskExecutionArn\": \"{ARN}\",\n  \"Status\": \"QUEUED\"\n}}\n");
        let line = format!(r#"{{"at":"2026-11-22T15:00:00Z","execution":"{ARN}","response":{}}}"#, one("LAUNCHING"));
        assert_eq!(statuses(&one("ERROR")), ["ERROR"]);
        assert_eq!(
            statuses(&format!("{pretty}{}{}", one("LAUNCHING"), one("ERROR"))),
            ["QUEUED", "LAUNCHING", "ERROR"]
        );
        assert_eq!(statuses(&format!("{line}\n{line}\n")), ["LAUNCHING", "LAUNCHING"]);
        assert_eq!(statuses(&format!("{pretty}{line}")), ["QUEUED", "LAUNCHING"]);
    }

    #[test]
    fn an_answer_is_of_the_moment_that_it_tells() {
        let at = |members: &str| {
            let text = format!(r#"{{"TaskExecutionArn":"{ARN}",{members}}}"#);
            read(&text, now()).unwrap().observations[0].at.to_string()
        };
        assert_eq!(at(r#""Status":"QUEUED","StartTime":"2026-11-22T15:00:00Z""#), now().to_string());
        let ran = r#""StartTime":"2026-11-22T15:00:00Z","Result":{"TotalDuration":60000}"#;
        assert_eq!(at(&format!(r#""Status":"TRANSFERRING",{ran}"#)), "2026-11-22T15:01:00Z");
        let ended = r#""EndTime":"2026-11-22T15:02:00Z""#;
        assert_eq!(at(&format!(r#""Status":"SUCCESS",{ran},{ended}"#)), "2026-11-22T15:02:00Z");
        assert_eq!(at(r#""Status":"SUCCESS","EndTime":"2026-12-22T15:02:00Z""#), now().to_string());
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for (text, says) in [
            ("", "is empty"),
            (" \n ", "is empty"),
            ("hello", "is no JSON"),
            ("{\"Status\":", "is cut short"),
            ("{}", "is no answer"),
            (r#"{"Status":"ERROR"}"#, "does not say its TaskExecutionArn"),
            ("[1]", "is no answer"),
        ] {
            let why = read(text, now()).unwrap_err();
            assert!(why.contains(says), "{text}: {why}");
        }
        let line = format!(r#"{{"at":"2026-11-22T15:00:00Z","execution":"{ARN}","response":{{"Status":"QUEUED"}}}}"#);
        assert_eq!(read(&format!("{line}\n{}", &line[..40]), now()).unwrap().unread, None, "it is still being written");
        let damaged = read(&format!("{line}\nnothing\n{line}\n"), now()).unwrap();
        assert_eq!((damaged.observations.len(), damaged.unread.as_deref()), (2, Some("line 2 is no JSON")));
    }
}
