//! The memory of a watch is bounded, however long it lasts and whatever comes; so is that of reading a recording.

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
    fs::File,
    io::{BufWriter, Write},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use syncscope::{App, Arn, Event, Observation, Outcome, Response, Writer, bench::Recording};

/// The system's allocator, counted.
struct Counted;

static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);
/// One test at a time, where they are threads of one process.
static ALONE: Mutex<()> = Mutex::new(());

#[global_allocator]
static ALLOCATOR: Counted = Counted;

// SAFETY: every call goes on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Relaxed) + layout.size();
        MOST.fetch_max(held, Relaxed);
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
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
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

#[test]
fn a_recording_is_not_read_into_memory() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.ndjson");
    let (mut file, mut writer) = (BufWriter::new(File::create(&path).unwrap()), Writer::default());
    let begin = Timestamp::from_second(1_800_000_000).unwrap();
    for number in 0..20_000 {
        let body = format!(r#"{{"Status":"TRANSFERRING","BytesWritten":{number},"Novel":"{}"}}"#, "x".repeat(1500));
        let observation = Observation {
            execution: ARN.into(),
            at: begin + SignedDuration::from_secs(5 * number),
            outcome: Outcome::Response(Response::parse(&body).unwrap()),
            task: None,
            next: Some(Duration::from_secs(5)),
        };
        file.write_all(writer.line(&observation).as_bytes()).unwrap();
    }
    drop((file, writer));
    let length = path.metadata().unwrap().len() as usize;
    let before = HELD.load(Relaxed);
    MOST.store(before, Relaxed);
    let recording = Recording::open(&path, Duration::from_secs(5), begin).unwrap();
    let most = MOST.load(Relaxed) - before;
    assert_eq!(recording.count(), 20_000);
    assert!(most < length / 6, "{most} of {length} bytes");
}
