//! What real answers say on the screen.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use ratatui::{buffer::Buffer, layout::Rect};
use syncscope::{App, Arn, Event, Observation, Outcome, Response, Theme, render};

fn recording(name: &str) -> String {
    let path = format!("{}/tests/recordings/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

fn observation(arn: &str, at: Timestamp, body: &str) -> Observation {
    let outcome = Outcome::Response(Response::parse(body).unwrap());
    Observation { execution: arn.into(), at, outcome, task: None, next: Some(Duration::from_secs(5)) }
}

fn screen(app: &App) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 100, 30));
    render(app, Theme::default(), &mut buffer);
    let row = |cells: &[ratatui::buffer::Cell]| {
        let row: String = cells.iter().map(|cell| cell.symbol()).collect();
        format!("{}\n", row.trim_end())
    };
    buffer.content.chunks(100).map(row).collect()
}

/// The screen a day after the recording was made.
fn shown(name: &str, at: &str) -> String {
    let body = recording(name);
    let value: serde_json::Value = serde_json::from_str(&body).unwrap();
    let arn = value["TaskExecutionArn"].as_str().unwrap();
    let at: Timestamp = at.parse().unwrap();
    let mut app = App::new([Arn::parse(arn).unwrap()], at, TimeZone::UTC);
    app.update(Event::observed(observation(arn, at, &body)));
    screen(&app)
}

#[test]
fn a_first_copy_of_2020_that_says_no_mode() {
    let screen = shown("01_basic_success_first_copy", "2020-01-04T23:00:00Z");
    insta::assert_snapshot!(screen);
    assert!(screen.contains("SUCCESS 1m 31s"), "milliseconds are no seconds");
    assert!(screen.contains("10,041") && screen.contains("195 MiB"));
    assert!(!screen.contains("compress"), "nothing was said of compression");
}

#[test]
fn launching_without_a_result() {
    let screen = shown("03_basic_launching_changed", "2024-09-16T04:18:02.281Z");
    insta::assert_snapshot!(screen);
    assert!(screen.contains("LAUNCHING 1m"), "the time of an ISO start was read");
    assert!(!screen.contains("0 %"));
}

#[test]
fn a_compressed_copy_verified_on_both_sides() {
    let screen = shown("05_basic_success_pitc_compressed", "2024-09-16T05:00:00Z");
    insta::assert_snapshot!(screen);
    assert!(screen.contains("1.50 GiB") && screen.contains("102"));
}

#[test]
fn the_documentations_enhanced_sample() {
    let screen = shown("10_apidoc_enhanced_success_filters", "2024-10-17T05:00:00Z");
    insta::assert_snapshot!(screen);
    assert!(!screen.contains("compress") && !screen.contains(" Deleted  ") && !screen.contains(" 0s"), "{screen}");
}

/// The sequence with its own times: 230 s of launching, then a gap, then the first steps of TRANSFERRING.
#[test]
fn a_sequence_polled_every_five_seconds() {
    let recorded: serde_json::Value =
        serde_json::from_str(&recording("08_basic_polled_every_5s_launching_transferring")).unwrap();
    let arn = "arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0/execution/exec-0123456789abcdef0";
    let start: Timestamp = "2022-06-01T12:00:00Z".parse().unwrap();
    let mut app = App::new([Arn::parse(arn).unwrap()], start, TimeZone::UTC);
    let mut rates = Vec::new();
    for sample in recorded["samples"].as_array().unwrap() {
        let mut body = sample.clone();
        body["Options"] = recorded["Options_sent"].clone();
        body["StartTime"] = (start.as_second() as f64).into();
        let at = start + Duration::from_secs(sample["elapsed_s"].as_u64().unwrap());
        app.update(Event::observed(observation(arn, at, &body.to_string())));
        rates.push(screen(&app).contains("GiB/s"));
    }
    let screen = screen(&app);
    insta::assert_snapshot!(screen);
    assert!(rates.iter().all(|rate| !rate), "no byte was written, so there is no rate");
    assert!(screen.contains("TRANSFERRING") && screen.contains("0 B of 7.63 GiB"));
    assert!(screen.contains("irst bytes") || screen.contains("No bytes written yet"));
}
