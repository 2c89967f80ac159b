//! What must never reach a report or a terminal: secrets that are to be masked, passwords in URLs, and what steers.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use serde_json::Value;

use crate::support::{
    endpoint::{EXECUTION, Endpoint},
    pipe::{finished, out, piped},
    program::KEYS,
};

/// A file with one response, in a folder of the test's own.
fn saved(test: &str, members: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("secrets-{test}"));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("response.json");
    fs::write(&file, format!(r#"{{"TaskExecutionArn":"{EXECUTION}","Status":"ERROR",{members}}}"#)).unwrap();
    file
}

fn report(file: &Path, options: &[&str]) -> Output {
    finished(&mut piped(&[&["report", file.to_str().unwrap()], options].concat()))
}

fn all(output: &Output) -> String {
    format!("{}{}", out(output), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_response_that_is_hard_to_read_is_masked_in_a_report() {
    let secret = "s3://acme-media/";
    let deep = format!("{}0{}", "[".repeat(129), "]".repeat(129));
    for (place, odd) in [r#""\ud800""#, "1e400", &deep].iter().enumerate() {
        let members = format!(r#""FilesSkipped":[{odd}],"Result":{{"ErrorDetail":"{secret} of alice@corp.example"}}"#);
        let file = saved(&format!("odd-{place}"), &members);
        for options in [&["--redact"][..], &["--redact", "--output", "json"], &["--redact=strict"]] {
            let output = report(&file, options);
            for name in ["acme", "alice", "corp.example"] {
                assert!(!all(&output).contains(name), "{name} in {}", all(&output));
            }
            assert!(out(&output).contains("bucket-1"), "{}", all(&output));
        }
    }
}

#[test]
fn one_page_has_one_mask_for_a_value() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("secrets-page");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("both.ndjson");
    let other = &EXECUTION.replace("exec-0", "exec-1");
    let line = |arn: &str, detail: &str| {
        format!(r#"{{"TaskExecutionArn":"{arn}","Status":"ERROR","Result":{{"ErrorDetail":"{detail}"}}}}"#) + "\n"
    };
    fs::write(
        &file,
        line(EXECUTION, "s3://first-one/ failed") + &line(other, "s3://other-one/ and s3://first-one/ failed"),
    )
    .unwrap();
    let output = report(&file, &["--redact"]);
    assert!(out(&output).contains("s3://bucket-2/ and s3://bucket-1/ failed"), "{}", all(&output));
}

#[test]
fn strict_masks_paths_and_roles_and_plain_does_not() {
    let members = r#""Excludes":[{"FilterType":"SIMPLE_PATTERN","Value":"/payroll/q3"}],"Result":{"ErrorDetail":"role 'Mover' cannot read /payroll/q3/x.doc"}"#;
    let file = saved("strict", members);
    assert!(out(&report(&file, &["--redact"])).contains("payroll"));
    let output = report(&file, &["--redact=strict"]);
    for name in ["payroll", "Mover", "x.doc", "response.json"] {
        assert!(!all(&output).contains(name), "{name} in {}", all(&output));
    }
}

#[test]
fn a_password_in_the_endpoint_reaches_no_report() {
    let endpoint = Endpoint::answering(|operation| match operation {
        "DescribeTaskExecution" => (200, serde_json::json!({ "TaskExecutionArn": EXECUTION, "Status": "SUCCESS" })),
        _ => (400, serde_json::json!({ "__type": "AccessDeniedException", "message": "no" })),
    });
    let url = endpoint.url.replace("http://", "http://ops:hunter22@");
    for options in [&[][..], &["--redact"], &["--output", "json"]] {
        let arguments = [&["report", EXECUTION, "--endpoint-url", &url], options].concat();
        let output = finished(piped(&arguments).envs(KEYS));
        assert!(!all(&output).contains("hunter22") && !all(&output).contains("ops"), "{}", all(&output));
        assert!(!out(&output).is_empty());
    }
}

#[test]
fn a_password_that_was_recorded_reaches_no_report() {
    let file = saved("recorded", r#""Result":{"ErrorDetail":"no route to https://ops:hunter22@proxy.example/x"}"#);
    for options in [&[][..], &["--output", "json"]] {
        let output = report(&file, options);
        assert!(!all(&output).contains("hunter22") && out(&output).contains("***@proxy.example"), "{}", all(&output));
    }
}

#[test]
fn controls_are_escaped_in_json() {
    let file = saved("controls", "\"Result\":{\"ErrorDetail\":\"a\u{7f}b\u{9b}31mc\"}");
    for arguments in [&["report"][..], &["status"]] {
        let read = fs::read(&file).unwrap();
        let path = file.to_str().unwrap();
        let output = match arguments {
            ["report"] => finished(&mut piped(&["report", path, "--output", "json"])),
            _ => finished(&mut piped(&["replay", path, "--output", "ndjson"])),
        };
        assert!(!read.is_empty() && !out(&output).contains(['\u{7f}', '\u{9b}']), "{}", all(&output));
        let state: Value = serde_json::from_str(out(&output).lines().next().unwrap()).unwrap();
        assert_eq!(state["response"]["Result"]["ErrorDetail"], "a\u{7f}b\u{9b}31mc");
    }
}

#[test]
fn arguments_do_not_steer_the_terminal() {
    let evil = "\u{1b}[31m\u{9b}\u{202e}\u{e0041}x";
    for arguments in [
        vec!["status", evil],
        vec!["report", evil],
        vec!["replay", evil],
        vec!["status", EXECUTION, "--output", evil],
        vec!["status", EXECUTION, "--ca-bundle", evil],
        vec![&*format!("--{evil}")],
    ] {
        let output = finished(piped(&arguments).envs(KEYS));
        let said = all(&output);
        assert!(!said.is_empty() && !said.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\u{e0041}']), "{said:?}");
        assert_eq!(output.status.code(), Some(2), "{said}");
    }
}

#[test]
fn a_report_is_ascii_where_the_locale_is_not_utf_8() {
    let file = saved("ascii", r#""Result":{"ErrorDetail":"caf\u00e9 … é"}"#);
    for options in [&[][..], &["--output", "json"]] {
        let arguments = [&["report", file.to_str().unwrap()], options].concat();
        let output = finished(piped(&arguments).env("LANG", "C"));
        assert!(output.stdout.is_ascii() && !output.stdout.is_empty(), "{}", all(&output));
        if options.is_empty() {
            continue;
        }
        let state: Value = serde_json::from_str(out(&output)).unwrap();
        assert_eq!(state["response"]["Result"]["ErrorDetail"], "café … é");
    }
}

#[test]
fn no_time_is_negative() {
    let file = saved("negative", r#""StartTime":1795363200,"LaunchTime":1795363300,"EndTime":1795363100"#);
    let output = report(&file, &["--output", "json"]);
    let state: Value = serde_json::from_str(out(&output)).unwrap();
    let seconds = |value: &Value| value.as_f64().is_none_or(|seconds| seconds >= 0.0);
    assert_eq!(state["elapsed_seconds"], 0.0);
    assert!(seconds(&state["queued_seconds"]), "{state}");
    assert!(state["phases"].as_array().unwrap().iter().all(|phase| seconds(&phase["seconds"])), "{state}");
}
