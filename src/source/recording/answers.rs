//! Answers as `aws datasync describe-task-execution` prints them, one after another, on one line each or many.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::value::RawValue;

use super::{Kind, Line, Next, Scan};
use crate::aws::{
    arn::Arn,
    line,
    response::Response,
    snapshot::{Snapshot, Time},
};

/// What was read of a text.
pub struct Answers {
    pub(super) scan: Scan,
    interval: Duration,
    /// The name of the answer before, for one that doesn't say its own.
    name: Option<u32>,
}

/// Reads a stream of JSON values. What is in lists counts too, as `jq --slurp` makes them.
///
/// An answer does not say when it was given: the first of an execution is taken to have come at its start, each next
/// one an interval later, and one that says when it ended no sooner than that.
pub fn read(text: &str, interval: Duration) -> Answers {
    let mut answers = Answers { scan: Scan::default(), interval, name: None };
    let (mut at, mut number, mut counted) = (text.len() - text.trim_start_matches('\u{feff}').len(), 1, 0);
    loop {
        at += text[at..].len() - text[at..].trim_start().len();
        if at >= text.len() {
            return answers;
        }
        number += text[counted..at].bytes().filter(|byte| *byte == b'\n').count() as u32;
        counted = at;
        let mut values = serde_json::Deserializer::from_str(&text[at..]).into_iter::<&RawValue>();
        match values.next() {
            Some(Ok(value)) => {
                if let Err(why) = answers.value(text, value.get(), number) {
                    answers.scan.unread.add(number, why);
                }
                at += values.byte_offset().max(1);
            }
            Some(Err(error)) => {
                answers.scan.unread.add(number, line::wrong(&error));
                // the next value that begins a line
                let next = text[at..].match_indices('\n').map(|(end, _)| at + end + 1);
                let Some(next) = next.into_iter().find(|next| text[*next..].starts_with(['{', '['])) else {
                    return answers;
                };
                at = next;
            }
            None => return answers,
        }
    }
}

impl Answers {
    fn value(&mut self, text: &str, value: &str, number: u32) -> Result<(), String> {
        match Response::parse(value) {
            Ok(answer) => self.answer(text, value, &answer, number),
            Err(fault) => {
                let inner = inner(value);
                if inner.is_empty() {
                    return Err(format!("holds no answer: {}", fault.message));
                }
                for value in inner {
                    let answer =
                        Response::parse(value).map_err(|fault| format!("holds no answer: {}", fault.message))?;
                    self.answer(text, value, &answer, number)?;
                }
                Ok(())
            }
        }
    }

    fn answer(&mut self, text: &str, value: &str, answer: &Response, number: u32) -> Result<(), String> {
        let snapshot = answer.snapshot();
        let name = self.named(snapshot);
        let place = u32::try_from(self.scan.lines.len()).map_err(|_| "is one too many")?;
        let last = &mut self.scan.last[name as usize];
        let at = match last.at {
            Some(before) => before.checked_add(self.interval).unwrap_or(Timestamp::MAX),
            None => snapshot.start_time.or(snapshot.launch_time).map_or(Timestamp::UNIX_EPOCH, |Time(at)| at),
        };
        let at = snapshot.end_time.map_or(at, |Time(end)| at.max(end));
        let changed = last.text != value.as_bytes();
        if changed {
            last.text = value.into();
        }
        last.at = Some(at);
        let refers = last.answer.replace(place);
        let offset = value.as_ptr() as u64 - text.as_ptr() as u64;
        let length = u32::try_from(value.len()).map_err(|_| "is too long")?;
        let next = Next::Said(Some(self.interval).filter(|_| !snapshot.is_over()));
        self.scan.lines.push(Line { at, offset, length, number, name, kind: Kind::Response, refers, changed, next });
        Ok(())
    }

    fn named(&mut self, snapshot: &Snapshot) -> u32 {
        let own = snapshot.task_execution_arn.as_deref().and_then(|arn| self.scan.name(arn));
        let name = own.or(self.name).unwrap_or_else(|| {
            let unnamed = Arn {
                partition: "aws".into(),
                region: String::new(),
                account: String::new(),
                task: "task-unknown".into(),
                execution: Some("exec-unknown".into()),
            };
            self.scan.named(Arc::from(unnamed.to_string()), unnamed)
        });
        self.name = Some(name);
        name
    }
}

/// The values in a list, and in the lists that are members of an object.
fn inner(value: &str) -> Vec<&str> {
    if let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(value) {
        return list.into_iter().map(RawValue::get).collect();
    }
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(value).unwrap_or_default();
    let lists = members.into_values().filter_map(|member| serde_json::from_str::<Vec<&RawValue>>(member.get()).ok());
    lists.flatten().map(RawValue::get).collect()
}
