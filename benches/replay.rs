//! A recording of two weeks: how long it takes to open, to jump anywhere in it, and to print all of it.

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

#[allow(dead_code, reason = "other benchmarks use the rest")]
mod answers;

use std::{
    fs::File,
    io::{BufWriter, Read, Write},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use answers::{Course, INTERVAL, at};
use syncscope::{Observation, Outcome, Response, Writer, bench::Recording, bench::Tape};

/// Two weeks, asked every 5 s: 241,920 lines, of which every third says something new.
const COURSE: Course = Course { lasts: 14 * 86_400 };

const EXECUTION: &str =
    "arn:aws:datasync:us-east-1:111122223333:task/task-0a1b2c3d4e5f60718/execution/exec-08ef1e88ec491019b";

fn main() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("two-weeks.ndjson");
    let lines = write(&path);
    let size = path.metadata().expect("it was written").len();
    println!("recording         {lines} lines, {} MB", size / 1_000_000);
    for _ in 0..3 {
        open(&path);
    }
    jump(&path);
    print(&path, lines);
    std::fs::remove_file(&path).expect("it is there");
}

fn write(path: &Path) -> usize {
    let mut file = BufWriter::new(File::create(path).expect("a place to write"));
    let mut writer = Writer::default();
    let mut lines = 0;
    for seconds in (0..=COURSE.lasts).step_by(INTERVAL as usize) {
        let observation = Observation {
            execution: EXECUTION.into(),
            at: at(seconds),
            outcome: Outcome::Response(Response::parse(&COURSE.body(seconds)).expect("what the service sends")),
            task: None,
            next: Some(Duration::from_secs(INTERVAL as u64)),
        };
        file.write_all(writer.line(&observation).as_bytes()).expect("room");
        lines += 1;
    }
    file.flush().expect("room");
    lines
}

fn opened(path: &Path) -> Arc<Recording> {
    Arc::new(Recording::open(path, Duration::from_secs(5)).expect("a recording"))
}

fn open(path: &Path) {
    let started = Instant::now();
    let recording = opened(path);
    let read = started.elapsed();
    let mut tape = Tape::new(recording, 60.0);
    drop(tape.frame());
    let first = started.elapsed();
    tape.settle();
    println!("open              {read:.0?}, first frame {first:.0?}, all checkpoints {:.2?}", started.elapsed());
}

fn jump(path: &Path) {
    let recording = opened(path);
    let mut tape = Tape::new(recording, 60.0);
    tape.settle();
    let mut times = Vec::new();
    let mut place = 1;
    for _ in 0..1000 {
        place = (place * 48_271) % 2_147_483_647_i64;
        let to = at(place % COURSE.lasts);
        let started = Instant::now();
        tape.seek(to);
        drop(tape.frame());
        times.push(started.elapsed());
    }
    times.sort();
    println!("jump              median {:.1?}, worst of 1000 {:.1?}", times[500], times[999]);
}

/// The program itself, with its output in a pipe.
fn print(path: &Path, lines: usize) {
    let started = Instant::now();
    let mut program = Command::new(env!("CARGO_BIN_EXE_syncscope"));
    let program = program.args(["replay", "--output", "ndjson"]).arg(path).stdout(Stdio::piped()).spawn();
    let mut program = program.expect("the program");
    let mut out = program.stdout.take().expect("its output");
    let (mut bytes, mut chunk) = (0, vec![0; 1 << 20]);
    while let Ok(read @ 1..) = out.read(&mut chunk) {
        bytes += read;
    }
    assert!(program.wait().expect("its end").success());
    let took = started.elapsed();
    let rate = lines as f64 / took.as_secs_f64();
    let megabytes = bytes as f64 / 1e6 / took.as_secs_f64();
    println!("ndjson            {took:.2?}, {rate:.0} lines/s, {megabytes:.0} MB/s");
}
