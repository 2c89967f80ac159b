//! What recording leaves on the disk, and how long it takes to come back to it: `cargo bench --bench record -- 14`
//! for 14 days.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark may take things for granted"
)]

#[expect(dead_code, reason = "others fold what is recorded here")]
mod answers;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use answers::{Course, INTERVAL, at};
use syncscope::{
    App, Arn, Event, Observation,
    bench::{Place, Recorder},
};

/// Days, where no other number is given.
const DAYS: i64 = 14;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let days = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(DAYS);
    let folder = PathBuf::from(concat!(env!("CARGO_TARGET_TMPDIR"), "/record"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let course = Course { lasts: days * 86_400 };
    runtime.block_on(record(course, &folder));
    runtime.block_on(restore(course, &folder));
    let _ = fs::remove_dir_all(&folder);
}

/// Records all of it, a look every five seconds, with the counters stepping every fifteen.
async fn record(course: Course, folder: &Path) {
    let mut recorder = Recorder::start(Place::Folder(folder.into()));
    let (began, mut most) = (Instant::now(), 0);
    println!("recorded         bytes         at most");
    for seconds in (0..=course.lasts).step_by(INTERVAL as usize) {
        recorder.keep(&look(course, seconds)).await;
        if seconds % 3600 == 0 {
            most = most.max(bytes(folder));
        }
        if seconds % 86_400 == 0 && seconds > 0 {
            println!("{:5} h    {:12}    {most:12}", seconds / 3600, bytes(folder));
        }
    }
    recorder.end().await;
    let looks = course.lasts / INTERVAL + 1;
    println!(
        "a look took {:.1} µs, the making of its answer included",
        began.elapsed().as_secs_f64() * 1e6 / looks as f64
    );
}

/// Comes back to it.
async fn restore(course: Course, folder: &Path) {
    let next = look(course, course.lasts);
    let arn = Arn::parse(&next.execution).expect("an ARN");
    for _ in 0..3 {
        let mut app = App::new([arn.clone()], next.at, jiff::tz::TimeZone::UTC);
        let mut recorder = Recorder::start(Place::Folder(folder.into()));
        let began = Instant::now();
        for what in recorder.keep(&next).await {
            app.update(Event { at: next.at, what });
        }
        let took = began.elapsed();
        let since = app.execution().map(|execution| next.at.duration_since(execution.watched_since()));
        assert_eq!(since, Some(next.at.duration_since(at(0))), "all of it is there");
        println!("restored in {:.3} s", took.as_secs_f64());
        recorder.end().await;
    }
}

/// What is in the folder.
fn bytes(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|there| there.len()).sum()
}

/// A look at it `seconds` after the start.
fn look(course: Course, seconds: i64) -> Observation {
    let answer = syncscope::Response::parse(&course.body(seconds)).expect("what the service sends");
    answers::observation(answer, seconds)
}
