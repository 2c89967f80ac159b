//! What the reader must do: the same answers in any form give the same observations, and what is no answer is named.

use jiff::SignedDuration;

use super::*;
use crate::{
    aws::{
        line::{Line, Writer},
        observation::{Observation, Outcome},
        response::Response,
    },
    source::answers::entry::Kind,
};

const ARN: &str =
    "arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0/execution/exec-0123456789abcdef0";

fn now() -> Timestamp {
    "2026-11-22T16:00:00Z".parse().unwrap()
}

fn read(text: impl AsRef<[u8]>) -> Result<Answers, String> {
    let times = Times { interval: Duration::from_secs(5), now: now(), saved_at: None };
    super::read(Input::memory(text.as_ref().to_vec()), times)
}

/// The text of each entry as it is in the store.
fn texts(answers: &Answers) -> Vec<String> {
    let mut text = Vec::new();
    let text_of = |entry: &Entry| {
        answers.store.read(entry.offset, entry.length, &mut text).unwrap();
        String::from_utf8(text.clone()).unwrap()
    };
    answers.entries.iter().map(text_of).collect()
}

/// The responses of a text, as data.
fn responses(text: impl AsRef<[u8]>) -> Vec<Response> {
    let answers = read(text).unwrap();
    let response = |(text, entry): (String, &Entry)| match entry.kind {
        Kind::Bare => Response::parse(&text).ok(),
        _ => match Line::parse(&text).unwrap().outcome {
            crate::aws::line::LineOutcome::Response(response) => Response::parse(response).ok(),
            _ => None,
        },
    };
    texts(&answers).into_iter().zip(&answers.entries).filter_map(response).collect()
}

fn statuses(text: impl AsRef<[u8]>) -> Vec<String> {
    let status = |response: Response| response.snapshot().status.as_deref().unwrap_or("?").to_owned();
    responses(text).into_iter().map(status).collect()
}

fn one(status: &str) -> String {
    format!(r#"{{"TaskExecutionArn":"{ARN}","Status":"{status}"}}"#)
}

#[test]
fn answers_come_in_any_form() {
    let pretty = format!("\n{{\n  \"TaskExecutionArn\": \"{ARN}\",\n  \"Status\": \"QUEUED\"\n}}\n");
    let line = format!(r#"{{"at":"2026-11-22T15:00:00Z","execution":"{ARN}","response":{}}}"#, one("LAUNCHING"));
    assert_eq!(statuses(one("ERROR")), ["ERROR"]);
    assert_eq!(statuses(format!("{pretty}{}{}", one("LAUNCHING"), one("ERROR"))), ["QUEUED", "LAUNCHING", "ERROR"]);
    assert_eq!(statuses(format!("{line}\n{line}\n")), ["LAUNCHING", "LAUNCHING"]);
    assert_eq!(statuses(format!("{pretty}{line}")), ["QUEUED", "LAUNCHING"]);
    assert_eq!(statuses(format!("{line}\n{pretty}{line}")), ["LAUNCHING", "QUEUED", "LAUNCHING"]);
}

/// A line in the terms of `jq -C` or `aws --color on`.
fn coloured(json: &str) -> String {
    json.replace('{', "\u{1b}[1;39m{\u{1b}[0m")
        .replace(':', "\u{1b}[0m\u{1b}[1;39m:\u{1b}[0m")
        .replace("us-east", "us\u{1b}[K-east")
}

fn utf16(text: &str) -> Vec<u8> {
    "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

#[test]
fn the_same_answers_in_any_form_are_the_same() {
    let answers = [
        format!(r#"{{"TaskExecutionArn":"{ARN}","Status":"QUEUED","StartTime":1795359600.0,"Includes":[]}}"#),
        format!(
            r#"{{"TaskExecutionArn":"{ARN}","Status":"TRANSFERRING","StartTime":1795359600.0,"BytesWritten":5,"Result":{{"TotalDuration":3000}},"Excludes":[{{"Value":"{{"}}]}}"#
        ),
    ];
    let snapshot = |json: &String| Response::parse(json).unwrap().snapshot().clone();
    let wanted: Vec<_> = answers.iter().map(snapshot).collect();
    let value = |json: &String| serde_json::from_str::<serde_json::Value>(json).unwrap();
    let pretty = answers.iter().map(|json| format!("{:#}\n", value(json))).collect::<String>();
    let compact = answers.join("\n") + "\n";
    let list = format!("[{}]", answers.join(",\n"));
    let yaml = "Includes: []\nStartTime: 1795359600.0\nStatus: QUEUED\nTaskExecutionArn: ".to_owned()
        + ARN
        + "\nBytesWritten: 5\nExcludes:\n- Value: '{'\nResult:\n  TotalDuration: 3000\nStartTime: 1795359600.0\n\
            Status: TRANSFERRING\nTaskExecutionArn: "
        + ARN
        + "\n";
    let wrapped: String = answers.iter().map(|json| format!("{{\"TaskExecution\":{json}}}\n")).collect();
    let logged: String = answers.iter().map(|json| format!("2026-11-22 16:00:05 INFO got: {json}\nasleep\n")).collect();
    let samples = format!("{{\"note\":\"x\",\"samples\":{list}}}");
    let forms: [Vec<u8>; 14] = [
        pretty.replace('\n', "\r\n").into(),
        pretty.replace('\n', "\r").into(),
        format!("\u{feff}{pretty}").into(),
        utf16(&pretty),
        coloured(&pretty).into(),
        compact.clone().into(),
        coloured(&compact).into(),
        list.clone().into(),
        format!("{:#}", serde_json::from_str::<serde_json::Value>(&list).unwrap()).into(),
        yaml.replace('\n', "\r\n").into(),
        utf16(&yaml),
        wrapped.into(),
        logged.into(),
        samples.into(),
    ];
    for form in forms {
        let read: Vec<_> = responses(&form).iter().map(|response| response.snapshot().clone()).collect();
        assert_eq!(read, wanted, "{}", String::from_utf8_lossy(&form));
        let answers = super::tests::read(&form).unwrap();
        assert_eq!(answers.unread, Unread::default(), "{}", String::from_utf8_lossy(&form));
        let seconds: Vec<_> = answers.entries.iter().map(|entry| entry.at.duration_since(now()).as_secs()).collect();
        assert_eq!(seconds, [-3600, -3597], "{}", String::from_utf8_lossy(&form));
    }
}

#[test]
fn an_answer_is_of_the_moment_that_it_tells() {
    let at = |members: &str| {
        let text = format!(r#"{{"TaskExecutionArn":"{ARN}",{members}}}"#);
        read(&text).unwrap().entries[0].at.to_string()
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
        ("hello", "is not JSON"),
        ("{\"Status\":", "is cut off"),
        ("{}", "neither a Status nor a TaskExecutionArn"),
        ("[1]", "no JSON object"),
    ] {
        let why = read(text).map(|answers| answers.entries.len()).unwrap_err();
        assert!(why.contains(says), "{text}: {why}");
    }
    let line = format!(r#"{{"at":"2026-11-22T15:00:00Z","execution":"{ARN}","response":{{"Status":"QUEUED"}}}}"#);
    let damaged = read(format!("{line}\nnothing\n{line}\n")).unwrap();
    assert_eq!((damaged.entries.len(), damaged.unread.first().as_deref()), (2, Some("line 2 is not JSON")));
    let torn = read(format!("{line}\n{}", &line[..40])).unwrap();
    assert_eq!((torn.entries.len(), torn.unread.first().as_deref()), (1, Some("line 2 is cut off")));
}

#[test]
fn what_is_something_else_is_named() {
    let execution = format!(r#""TaskExecutionArn":"{ARN}""#);
    for (text, says) in [
        (
            format!(r#"{{"detail-type":"x","detail":{{"State":"SUCCESS"}},"resources":["{ARN}"]}}"#),
            "an EventBridge event",
        ),
        (format!(r#"{{"TaskExecutions":[{{{execution},"Status":"SUCCESS"}}]}}"#), "a list-task-executions response"),
        (format!("TaskExecutions:\n- Status: SUCCESS\n  TaskExecutionArn: {ARN}\n"), "a list-task-executions response"),
        (format!("{{\n  {execution}\n}}"), "a start-task-execution response"),
        (format!(r#"{{{execution},"Status":["SUCCESS"]}}"#), "a Status that is not text"),
        (format!(r#"{{{execution},"Status":null}}"#), "a Status that is not text"),
        ("\nAn error occurred (X) when calling the Y operation: no\n".into(), "is an error of DataSync, X: no"),
        (format!("{{'TaskExecutionArn': '{ARN}', 'Status': 'SUCCESS'}}"), "json.dumps"),
        ("---\n|  DescribeTaskExecution  |\n".into(), "use --output json"),
        ("\u{7f}ELF\0\0\u{1}".into(), "it is not text"),
        ("\u{1f}\u{8b}x".into(), "line 1 is not JSON"),
    ] {
        let why = read(&text).map(|answers| answers.entries.len()).unwrap_err();
        assert!(why.starts_with("is not a describe-task-execution response: ") && why.contains(says), "{text}: {why}");
        assert!(!why.contains('\n'), "{why}");
    }
}

#[test]
fn damage_loses_only_what_is_damaged() {
    let good = format!("{:#}", serde_json::from_str::<serde_json::Value>(&one("QUEUED")).unwrap());
    let text = format!("{good}\n{}\n{good}\n{}\n{good}", "garbage {", &good[..good.len() - 9]);
    let answers = read(&text).unwrap();
    assert_eq!(answers.entries.len(), 3);
    assert_eq!(answers.unread.sentence().unwrap(), "2 lines could not be read: 5 is not JSON, 10 is not JSON.");
    let list = format!("[{},\n{},\n{}]", one("QUEUED"), one("LAUNCHING").replace("\"Status\"", "Status"), one("ERROR"));
    assert_eq!(statuses(&list), ["QUEUED", "ERROR"]);
    assert_eq!(read(&list).unwrap().unread.sentence().unwrap(), "1 line could not be read: 2 is not JSON.");
    let event = format!("{}\n{{\"detail-type\":\"x\",\"detail\":{{}}}}\n{}", one("QUEUED"), one("ERROR"));
    assert_eq!(statuses(&event), ["QUEUED", "ERROR"]);
    assert!(read(&event).unwrap().unread.first().unwrap().starts_with("line 2 is an EventBridge event"));
}

#[test]
fn what_has_no_name_is_one_execution_without_a_name() {
    let answers = read(r#"[{"Status":"QUEUED"},{"Status":"LAUNCHING"}]"#).unwrap();
    assert_eq!(answers.names, [("".into(), Arn::unnamed())]);
    let named = read(format!("{}\n{{\"Status\":\"SUCCESS\"}}", one("QUEUED"))).unwrap();
    assert_eq!(named.names.len(), 1, "an answer without a name follows one that has one");
    assert_eq!(&*named.names[0].0, ARN);
}

#[test]
fn what_the_longest_body_is_recorded_in_can_be_read() {
    let filler = "x".repeat(crate::aws::response::LONGEST_BODY - 40);
    let body = format!(r#"{{"Status":"ERROR","Novel":"{filler}"}}"#);
    assert!(body.len() > crate::aws::response::LONGEST_BODY - 100);
    let observation = Observation {
        execution: ARN.into(),
        at: now(),
        outcome: Outcome::Response(Response::parse(&body).unwrap()),
        task: None,
        next: None,
    };
    let mut writer = Writer::default();
    let text = writer.line(&observation) + &writer.line(&observation);
    let answers = read(&text).unwrap();
    assert_eq!((answers.entries.len(), answers.unread.sentence()), (2, None));
    let far_too_long = format!("{text}{{\"x\":\"{0}{0}\"}}\n", filler);
    let answers = read(far_too_long).unwrap();
    assert_eq!(answers.unread.sentence().unwrap(), "1 line could not be read: 3 is too long.");
}

/// What was written reads back, at both ends of the calendar too.
#[test]
fn no_time_is_too_far_away() {
    let mut writer = Writer::default();
    let mut text = String::new();
    for at in [Timestamp::MIN, now(), Timestamp::MAX] {
        let outcome = Outcome::Response(Response::parse(&one("TRANSFERRING")).unwrap());
        let observation = Observation { execution: ARN.into(), at, outcome, task: None, next: None };
        text += &writer.line(&observation);
    }
    let answers = read(&text).unwrap();
    let years: Vec<i64> = answers.entries.iter().map(|entry| entry.at.as_second() / 31_556_952 + 1970).collect();
    assert_eq!((years, answers.unread.sentence()), (vec![-9998, 2026, 9999], None));
    let mixed = format!("{text}{}", one("SUCCESS"));
    assert!(read(&mixed).unwrap().entries[3].at.duration_since(now()) > SignedDuration::ZERO);
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300),
        text in "[ -~\n\r{}\\[\\]\",:\u{1b}ü]{0,300}",
    ) {
        for bytes in [&bytes[..], text.as_bytes()] {
            if let Ok(answers) = read(bytes) {
                texts(&answers);
            }
        }
    }
}
