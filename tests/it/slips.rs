//! What is mistyped, missing or cannot be done, said in words that lead on.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
};

use serde_json::json;

use crate::support::{
    endpoint::{EXECUTION, Endpoint},
    pipe::{Running, code, err, finished, out, piped},
    program::{KEYS, state},
};
use jiff::{SignedDuration, Timestamp};

#[test]
fn a_slip_is_answered_with_what_was_meant() {
    let wrong = EXECUTION.replace("us-east-1", "us-esat-1");
    for (arguments, says) in [
        (vec!["staus"], "no such command: 'staus'; did you mean status?"),
        (vec!["reprot", EXECUTION], "did you mean report?"),
        (vec!["demo", "stall"], "unknown scenario 'stall'; did you mean stalled?"),
        (vec!["demo", "zzz"], "unknown scenario 'zzz'; known: enhanced"),
        (vec!["status", &wrong], "'us-esat-1' is not an AWS region: did you mean us-east-1?"),
        (vec!["wait", EXECUTION, "--region", "eu-wset-1"], "did you mean eu-west-1?"),
    ] {
        let output = finished(&mut piped(&arguments));
        assert_eq!(code(&output), 2, "{arguments:?}");
        let said = err(&output);
        assert!(said.starts_with("syncscope: ") && said.contains(says) && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn behind_an_endpoint_of_ones_own_a_region_may_have_any_name() {
    let here = EXECUTION.replace("us-east-1", "lab");
    let endpoint = Endpoint::answering(|_| (400, json!({ "__type": "AccessDeniedException", "message": "no" })));
    let config = Path::new(&state()).join("config");
    fs::write(&config, format!("[default]\nendpoint_url = {}\n", endpoint.url)).unwrap();
    for (variables, exit) in [
        (vec![], 2),
        (vec![("AWS_ENDPOINT_URL", &*endpoint.url)], 7),
        (vec![("AWS_CONFIG_FILE", config.to_str().unwrap())], 7),
    ] {
        let output = finished(piped(&["status", &here]).envs(KEYS).envs(variables.iter().copied()));
        assert_eq!(code(&output), exit, "{variables:?}: {}", err(&output));
    }
}

#[test]
fn a_console_url_without_a_region_takes_the_one_in_force() {
    let url = "https://console.aws.amazon.com/datasync/home#/tasks/task-0123456789abcdef0";
    let asked = |variables: &[(&str, &str)], more: &[&str]| {
        let endpoint = Endpoint::answering(|_| (400, json!({ "__type": "AccessDeniedException", "message": "no" })));
        let mut command =
            piped(&[&["status", url, "--output", "json", "--endpoint-url", &endpoint.url], more].concat());
        let output = finished(command.envs(KEYS).envs(variables.iter().copied()));
        (code(&output), format!("{}{}", out(&output), err(&output)))
    };
    let (exit, said) = asked(&[], &[]);
    assert!(exit == 2 && said.contains("use --region"), "{said}");
    let config = Path::new(&state()).join("config");
    fs::write(&config, "[profile prod]\nregion = eu-west-3\n").unwrap();
    let config = ("AWS_CONFIG_FILE", config.to_str().unwrap());
    for (variables, more, region) in [
        (&[("AWS_REGION", "eu-west-2")][..], &[][..], "eu-west-2"),
        (&[("AWS_DEFAULT_REGION", "ap-south-1")], &[], "ap-south-1"),
        (&[("AWS_REGION", "eu-west-2")], &["--region", "sa-east-1"], "sa-east-1"),
        (&[config, ("AWS_PROFILE", "prod")], &[], "eu-west-3"),
    ] {
        let (exit, said) = asked(variables, more);
        assert!(exit == 7 && said.contains(&format!(r#""region":"{region}""#)), "{region}: {said}");
    }
}

#[test]
fn a_profile_that_cannot_give_credentials_says_what_it_lacks() {
    let folder = state();
    let config = Path::new(&folder).join("config");
    let role = "role_arn = arn:aws:iam::111122223333:role/r";
    fs::write(&config, format!("[profile gone]\n{role}\nsource_profile = nothere\n")).unwrap();
    let silent = Endpoint::answering(|_| (400, json!({ "__type": "AccessDeniedException", "message": "no" })));
    let mut command = piped(&["status", EXECUTION, "--profile", "gone", "--endpoint-url", &silent.url]);
    let output = finished(command.env("AWS_CONFIG_FILE", &config));
    assert_eq!(code(&output), 7);
    assert!(err(&output).contains("source_profile 'nothere', which is not defined"), "{}", err(&output));
}

#[test]
fn after_ten_seconds_a_poll_says_what_it_waits_for() {
    let config = Path::new(&state()).join("config");
    fs::write(&config, "[profile slow]\ncredential_process = sleep 11\n").unwrap();
    let mut command = piped(&["status", EXECUTION, "--profile", "slow", "--endpoint-url", "http://127.0.0.1:9"]);
    let output = finished(command.env("AWS_CONFIG_FILE", &config).env("PATH", "/usr/bin:/bin"));
    assert_eq!(code(&output), 7, "{}", err(&output));
    let said = err(&output).lines().next().unwrap();
    assert_eq!(said, "syncscope: no response for 10s: waiting for credentials, or for DataSync");
}

#[test]
fn a_message_is_said_once_of_several_transfers() {
    let other = EXECUTION.replace("exec-0", "exec-1");
    for command in ["status", "wait"] {
        let output = finished(&mut piped(&[command, EXECUTION, &other, "--endpoint-url", "http://127.0.0.1:9"]));
        assert_eq!(code(&output), 7);
        assert_eq!(err(&output).matches("no AWS credentials").count(), 1, "{command}: {}", err(&output));
    }
}

#[test]
fn what_is_served_has_begun_and_is_told_no_times_to_come() {
    for speed in [&[][..], &["--speed", "5000"]] {
        let mut server = Running(piped(&[&["demo", "--serve"], speed].concat()).spawn().unwrap());
        let mut lines = BufReader::new(server.0.stdout.take().unwrap()).lines().map(Result::unwrap);
        let url = lines.next().unwrap();
        let arns: Vec<String> = lines.take(20).map(|line| line.split(' ').next().unwrap().to_owned()).collect();
        let mut checked = 0;
        for arn in arns {
            let mut command = piped(&["status", &arn, "--endpoint-url", &url, "--output", "json"]);
            let output = finished(command.envs(KEYS));
            let now = Timestamp::now();
            let Some(state) = out(&output).lines().next() else { continue };
            let state: serde_json::Value = serde_json::from_str(state).unwrap();
            for time in ["StartTime", "LaunchTime", "EndTime"] {
                let Some(at) = state["response"][time].as_f64() else { continue };
                checked += 1;
                let at = Timestamp::from_millisecond((at * 1e3) as i64).unwrap();
                assert!(at <= now, "{time} of {arn}: {at}");
                let begun = now - SignedDuration::from_mins(19);
                assert!(time != "StartTime" || at <= begun, "{arn} began at {at}");
            }
        }
        assert!(checked > 30, "{checked} times were looked at");
    }
}
