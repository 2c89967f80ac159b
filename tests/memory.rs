//! The memory of a watch is bounded, however long it lasts and whatever comes.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test may take things for granted"
)]
#![allow(unsafe_code, reason = "it counts what is allocated")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use syncscope::{App, Arn, Event, Observation, Outcome, Response};

/// The system's allocator, counted.
struct Counted;

static HELD: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counted = Counted;

// SAFETY: every call goes on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size(), Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

const ARN: &str =
    "arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0/execution/exec-0123456789abcdef0";

/// What the service answers over and over: it runs through its statuses, fails, and starts again below.
fn answers() -> Vec<Response> {
    let status = |place: i64| match place {
        0..20 => "PREPARING",
        1000.. => "VERIFYING",
        _ => "TRANSFERRING",
    };
    let answer = |place: i64| {
        let (status, bytes) = (status(place), place * place * 977);
        Response::parse(&format!(
            r#"{{"Status":"{status}","TaskMode":"ENHANCED","BytesWritten":{bytes},"FilesTransferred":{place},
            "FilesListed":{{"AtSource":{}}},"FilesFailed":{{"Transfer":{},"Verify":{}}},
            "EstimatedBytesToTransfer":{},"EstimatedFilesToTransfer":1100,"Result":{{"TotalDuration":{}}}}}"#,
            place * 2,
            place / 50,
            place / 90,
            i64::MAX / 2 + place / 100 * 1_000_000,
            place * 15_000
        ))
        .unwrap()
    };
    (0..1024).map(answer).collect()
}

#[test]
fn a_million_observations_are_held_in_two_megabytes() {
    let (answers, begin) = (answers(), Timestamp::from_second(1_800_000_000).unwrap());
    let before = HELD.load(Relaxed);
    let mut app = App::new([Arn::parse(ARN).unwrap()], begin, TimeZone::UTC);
    for number in 0..1_000_000 {
        let answer = &answers[number / 7 % answers.len()];
        app.update(Event::observed(Observation {
            execution: ARN.into(),
            at: begin + SignedDuration::from_secs(5 * number as i64),
            outcome: Outcome::Response(answer.clone()),
            task: None,
            next: Some(Duration::from_secs(5)),
        }));
    }
    let held = HELD.load(Relaxed) - before;
    assert!(held < 2_000_000, "{held} bytes");
    assert!(app.execution().is_some_and(|execution| execution.snapshot().is_some()));
}
