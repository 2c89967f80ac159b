//! Services that do what no service should: what the program says and asks of them.

use serde_json::json;

use crate::support::{
    endpoint::{EXECUTION, EXECUTION_ID, Endpoint, Reply, denied},
    pipe::{finished, piped},
    program::KEYS,
};

/// The task of the execution.
fn task() -> &'static str {
    EXECUTION.split("/execution/").next().unwrap()
}

/// Runs the program with keys; its exit code and both outputs.
fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = finished(piped(arguments).envs(KEYS));
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_response_about_another_execution_is_not_believed() {
    let other = EXECUTION.replace(EXECUTION_ID, "exec-00000000000000000");
    let server = Endpoint::answering(move |operation| match operation {
        "DescribeTaskExecution" => (200, json!({ "TaskExecutionArn": other, "Status": "SUCCESS" })),
        _ => (400, json!({ "__type": "AccessDeniedException" })),
    });
    let (code, _, said) = run(&["status", EXECUTION, "--endpoint-url", &server.url]);
    assert_ne!(code, Some(0), "{said}");
    assert!(said.contains(EXECUTION_ID) && said.contains("exec-00000000000000000"), "{said}");
}

#[test]
fn a_transfer_that_is_given_twice_or_by_its_task_is_one() {
    let server = Endpoint::answering(|operation| match operation {
        "DescribeTask" => (200, json!({ "CurrentTaskExecutionArn": EXECUTION })),
        "DescribeTaskExecution" => (200, json!({ "TaskExecutionArn": EXECUTION, "Status": "SUCCESS" })),
        _ => (400, json!({ "__type": "AccessDeniedException" })),
    });
    for transfers in [vec![EXECUTION, EXECUTION], vec![task(), EXECUTION], vec![EXECUTION, task(), EXECUTION, task()]] {
        for command in ["status", "wait"] {
            let form = if command == "wait" { "ndjson" } else { "json" };
            let mut arguments = vec![command, "--output", form, "--endpoint-url", &server.url];
            arguments.extend(&transfers);
            let polls = || server.counts().get("DescribeTaskExecution").copied().unwrap_or_default();
            let before = polls();
            let (code, told, said) = run(&arguments);
            assert_eq!((code, polls() - before), (Some(0), 1), "{arguments:?}: {said}");
            assert!(command == "wait" || told.lines().count() == 1, "{told}");
        }
    }
}

#[test]
fn a_list_without_an_end_is_said() {
    let server = Endpoint::answering(|operation| match operation {
        "ListTaskExecutions" => (200, json!({ "TaskExecutions": [], "NextToken": "again" })),
        _ => (400, json!({ "__type": "AccessDeniedException" })),
    });
    let (_, _, said) = run(&["status", task(), "--endpoint-url", &server.url]);
    assert!(said.contains("ListTaskExecutions repeats a NextToken"), "{said}");
    assert_eq!(server.counts()["ListTaskExecutions"], 2);
}

#[test]
fn what_is_not_found_yet_is_waited_for_and_a_status_is_final() {
    let server = Endpoint::scripted(|seen, number| match &*seen.operation {
        "DescribeTaskExecution" if number < 2 => Reply::Error("InvalidRequestException", "not found"),
        "DescribeTaskExecution" => Reply::ok(json!({ "Status": "SUCCESS" })),
        _ => denied(),
    });
    let (code, _, said) = run(&["status", EXECUTION, "--endpoint-url", &server.url]);
    assert_eq!(code, Some(8), "{said}");
    let missing = Endpoint::scripted(|seen, number| match &*seen.operation {
        "DescribeTaskExecution" if number < 2 => Reply::Error("InvalidRequestException", "not found"),
        "DescribeTaskExecution" => Reply::ok(json!({ "Status": "SUCCESS" })),
        _ => denied(),
    });
    let (code, _, said) = run(&["wait", EXECUTION, "--interval", "100ms", "--endpoint-url", &missing.url]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn the_password_of_an_endpoint_is_never_shown() {
    let server = Endpoint::answering(|_| (500, json!({})));
    let url = server.url.replace("http://", "http://me:hunter2@");
    let nobody = "http://me:hunter2@127.0.0.1:1";
    for url in [&*url, nobody, "ftp://me:hunter2@h"] {
        for command in [&["status", EXECUTION, "--output", "json"][..], &["report", EXECUTION]] {
            let (code, told, said) = run(&[command, &["--endpoint-url", url]].concat());
            assert_ne!(code, Some(0));
            assert!(!told.contains("hunter2") && !said.contains("hunter2"), "{told}{said}");
        }
    }
}

#[test]
fn plain_http_to_another_machine_is_warned_of_once() {
    let proxy = Endpoint::answering(|_| (200, json!({ "Status": "SUCCESS" })));
    let mut command = piped(&["wait", EXECUTION, "--endpoint-url", "http://datasync.example"]);
    let output = finished(command.envs(KEYS).env("HTTP_PROXY", &proxy.url));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.matches("not encrypted").count(), 1, "{said}");
    let (_, _, said) = run(&["status", EXECUTION, "--endpoint-url", &proxy.url]);
    assert!(!said.contains("not encrypted"), "{said}");
}
