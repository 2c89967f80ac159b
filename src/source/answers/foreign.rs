//! What is no response of describe-task-execution, by what it looks like, and what to do about it.
//!
//! Each of these says it in words that fit behind "it" or "line 7".

use serde_json::{Map, Value};

/// What else of the service's an object is; `None` where it may be a response.
pub fn object(members: &Map<String, Value>) -> Option<String> {
    let has = |name: &str| members.contains_key(name);
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let look = |arn: Option<&str>| format!("run: syncscope status {}", arn.unwrap_or("ARN"));
    if has("detail-type") && has("detail") {
        let resources = members.get("resources").and_then(Value::as_array);
        let arn = resources.into_iter().flatten().filter_map(Value::as_str).find(|arn| arn.contains(":datasync:"));
        return Some(format!("is an EventBridge event, which holds no counters; {}", look(arn)));
    }
    if let Some(Value::Array(listed)) = members.get("TaskExecutions").filter(|_| !has("Status")) {
        let is_known = |name: &String| matches!(name.as_str(), "TaskExecutionArn" | "Status" | "TaskMode");
        if listed.iter().filter_map(Value::as_object).all(|execution| execution.keys().all(is_known)) {
            let arn = listed.first().and_then(|execution| execution.get("TaskExecutionArn")?.as_str());
            return Some(format!("is a list-task-executions response, which holds no counters; {}", look(arn)));
        }
    }
    if has("Tasks") && !has("Status") {
        return Some(format!("is a list-tasks response, which holds no counters; {}", look(None)));
    }
    if has("TaskArn") && !has("TaskExecutionArn") {
        let arn = text("CurrentTaskExecutionArn").or_else(|| text("TaskArn"));
        return Some(format!("is a describe-task response, which holds no counters; {}", look(arn)));
    }
    let is_start = |name: &String| matches!(name.as_str(), "TaskExecutionArn" | "ResponseMetadata");
    if has("TaskExecutionArn") && members.keys().all(is_start) {
        let arn = text("TaskExecutionArn");
        return Some(format!("is a start-task-execution response, which holds no counters; {}", look(arn)));
    }
    let code = text("__type").filter(|_| !has("Status"))?;
    let message = text("message").or_else(|| text("Message"));
    Some(error(code.rsplit('#').next().unwrap_or_default(), message.unwrap_or_default()))
}

fn error(code: &str, message: &str) -> String {
    let message = shortened(message);
    let colon = if message.is_empty() { "" } else { ": " };
    format!("is an error of DataSync, {}{colon}{message}", shortened(code))
}

/// On one line, and not all of a long text.
fn shortened(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// What a text without JSON is; `None` where nothing is known of it.
pub fn text(text: &str) -> Option<String> {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if let Some(error) = cli_error(text) {
        return Some(error);
    }
    let beginning = text.get(..200).unwrap_or(text).to_ascii_lowercase();
    if beginning.starts_with("<!doctype") || beginning.starts_with("<html") {
        return Some("is an HTML page: from a proxy or captive portal?".into());
    }
    if text.contains("{'") || text.contains("datetime.datetime(") {
        return Some("is what Python prints of a dict: print json.dumps(response, default=str)".into());
    }
    let is_table = text.starts_with("---") && text.lines().nth(1).is_some_and(|line| line.starts_with('|'));
    let is_tabbed = text.lines().next().is_some_and(|line| line.contains('\t')) && text.contains(":datasync:");
    if is_table || is_tabbed {
        let form = if is_table { "table" } else { "text" };
        return Some(format!("is {form} output of the AWS CLI, which cannot be read back: use --output json"));
    }
    None
}

/// The AWS CLI's own words for an error.
fn cli_error(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("An error occurred (")?;
    let (code, rest) = rest.split_once(')')?;
    let message = rest.split_once("operation: ").map_or("", |(_, message)| message);
    Some(error(code, message.lines().next().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Option<String> {
        object(&serde_json::from_str(json).unwrap())
    }

    const ARN: &str =
        "arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0/execution/exec-0123456789abcdef0";

    #[test]
    fn other_responses_are_told_apart() {
        let look = format!("which holds no counters; run: syncscope status {ARN}");
        let listed = |more: &str| {
            format!(r#"{{"TaskExecutions":[{{"TaskExecutionArn":"{ARN}","Status":"SUCCESS"{more}}}],"NextToken":"x"}}"#)
        };
        for (json, says) in [
            (
                format!(r#"{{"detail-type":"x","detail":{{"State":"SUCCESS"}},"resources":["{ARN}"]}}"#),
                "an EventBridge event",
            ),
            (listed(""), "a list-task-executions response"),
            (format!(r#"{{"TaskExecutionArn":"{ARN}"}}"#), "a start-task-execution response"),
            (
                format!(r#"{{"TaskArn":"x","Status":"RUNNING","CurrentTaskExecutionArn":"{ARN}"}}"#),
                "a describe-task response",
            ),
        ] {
            assert_eq!(of(&json), Some(format!("is {says}, {look}")));
        }
        let error = r#"{"__type":"com.amazonaws#AccessDeniedException","Message":"not\nallowed"}"#;
        assert_eq!(of(error).unwrap(), "is an error of DataSync, AccessDeniedException: not allowed");
        assert!(of(r#"{"Tasks":[]}"#).unwrap().contains("list-tasks"));
        for response in [listed(r#","BytesWritten":1"#).as_str(), r#"{"Status":"QUEUED"}"#, "{}"] {
            assert_eq!(of(response), None, "{response}");
        }
    }

    #[test]
    fn texts_are_told_apart() {
        let expired = "\nAn error occurred (ExpiredTokenException) when calling the DescribeTaskExecution operation: \
            The security token included in the request is expired\n";
        for (given, says) in [
            (expired, "is an error of DataSync, ExpiredTokenException: The security token included in the request is"),
            ("{'Status': 'SUCCESS', 'StartTime': datetime.datetime(2020, 1, 3)}", "json.dumps(response, default=str)"),
            ("----\n|  DescribeTaskExecution  |\n", "is table output of the AWS CLI"),
            ("204188279\t10041\tarn:aws:datasync:us-east-1:1:task/x\tSUCCESS\n", "is text output of the AWS CLI"),
            ("<!DOCTYPE html>\n<p>Login", "is an HTML page"),
        ] {
            let why = text(given).unwrap();
            assert!(why.contains(says) && !why.contains('\n'), "{why}");
        }
        assert_eq!(text("hello"), None);
        assert_eq!(text(""), None);
    }
}
