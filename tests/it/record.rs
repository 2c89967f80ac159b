//! What a watch leaves on the disk, and what the next one makes of it, whatever happened to the first.

use crate::support::{pipe, program, screen};
use std::{
    fs,
    io::{BufRead, BufReader, Lines},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{ChildStdout, Command},
    thread,
    time::{Duration, Instant},
};

use jiff::SignedDuration;
use syncscope::{Observation, Outcome, Reader, Writer};

use pipe::{Running, finished, piped};
use program::{DEADLINE, KEYS, state};
use screen::Screen;

/// An endpoint at which an execution of `huge` transfers for two minutes of real time.
struct Served {
    _server: Running,
    url: String,
    arn: String,
}

fn served() -> Served {
    let mut server = Running(piped(&["demo", "--serve", "--speed", "2000"]).spawn().unwrap());
    let mut lines: Lines<BufReader<ChildStdout>> = BufReader::new(server.0.stdout.take().unwrap()).lines();
    let url = lines.next().unwrap().unwrap();
    let arn = lines.find_map(|line| Some(line.unwrap().strip_suffix("  huge")?.to_owned())).unwrap();
    Served { _server: server, url, arn }
}

impl Served {
    fn watch(&self, state: &str, more: &[&str]) -> Command {
        let mut command = piped(&[&self.arn, "--endpoint-url", &self.url, "--interval", "100ms"]);
        command.args(more).envs(KEYS).env("XDG_STATE_HOME", state);
        command
    }

    fn on_screen(&self, state: &str) -> Screen {
        let variables = [KEYS[0], KEYS[1], ("XDG_STATE_HOME", state)];
        Screen::with(&variables, &[&self.arn, "--endpoint-url", &self.url, "--interval", "100ms"])
    }

    fn recording(&self, state: &str) -> PathBuf {
        let (_, id) = self.arn.rsplit_once('/').unwrap();
        Path::new(state).join("syncscope").join(format!("{id}.ndjson"))
    }
}

/// The observations of a recording, and how many lines are none.
fn read(path: &Path) -> (Vec<Observation>, usize) {
    let (mut reader, mut unreadable) = (Reader::default(), 0);
    let text = fs::read_to_string(path).unwrap_or_default();
    let observations = text.lines().filter_map(|line| reader.read(line).map_err(|_| unreadable += 1).ok()).collect();
    (observations, unreadable)
}

/// Waits until the execution was seen to transfer, and a while beyond.
fn wait_for_lines(path: &Path, more_than: usize) {
    let until = Instant::now() + DEADLINE;
    while read(path).0.len() <= more_than {
        assert!(Instant::now() < until, "{:?}", fs::read_to_string(path));
        thread::sleep(Duration::from_millis(10));
    }
}

/// Makes the past of a recording longer ago.
fn make_older(path: &Path, by: SignedDuration) {
    let mut writer = Writer::default();
    let older = read(path).0.into_iter().map(|seen| writer.line(&Observation { at: seen.at - by, ..seen }));
    fs::write(path, older.collect::<String>()).unwrap();
}

#[test]
fn a_watch_that_was_killed_comes_back_with_its_past() {
    let (served, state) = (served(), state());
    let path = served.recording(&state);
    let mut child = Running(served.watch(&state, &[]).spawn().unwrap());
    wait_for_lines(&path, 20);
    child.0.kill().unwrap();
    child.0.wait().unwrap();
    let (before, unreadable) = read(&path);
    assert!(unreadable <= 1);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    make_older(&path, SignedDuration::from_hours(2));
    // and a power cut in the middle of the last line
    let text = fs::read(&path).unwrap();
    fs::write(&path, &text[..text.len() - 7]).unwrap();

    let mut screen = served.on_screen(&state);
    screen.wait_for_text("Throughput");
    screen.press("e");
    screen.wait_for("the gap", |seen| seen.shows("first poll") && seen.shows("watching again after 2h"));
    screen.press("q");
    assert_eq!(screen.left().code, 0);
    let (after, unreadable) = read(&path);
    assert!(after.len() >= before.len(), "{} and {}", after.len(), before.len());
    assert_eq!(unreadable, 1, "only what was torn");
    assert!(after.iter().all(|seen| matches!(seen.outcome, Outcome::Response(_))));
}

#[test]
fn two_watches_of_one_execution_leave_one_recording() {
    let (served, state) = (served(), state());
    let path = served.recording(&state);
    let _first = Running(served.watch(&state, &[]).spawn().unwrap());
    wait_for_lines(&path, 5);
    let mut screen = served.on_screen(&state);
    screen.wait_for_text("another syncscope records this transfer already");
    screen.press("q");
    screen.left();
    wait_for_lines(&path, read(&path).0.len() + 5);
    assert_eq!(read(&path).1, 0);
}

#[test]
fn what_cannot_be_recorded_is_watched_all_the_same() {
    let (served, state) = (served(), state());
    fs::write(Path::new(&state).join("syncscope"), "in the way").unwrap();
    let mut screen = served.on_screen(&state);
    screen.wait_for("both", |seen| seen.shows("Recording stopped: ") && seen.shows("Throughput"));
    screen.press("q");
    assert_eq!(screen.left().code, 0);
    let mut said = String::new();
    let mut child = Running(served.watch(&state, &[]).spawn().unwrap());
    BufReader::new(child.0.stderr.take().unwrap()).read_line(&mut said).unwrap();
    assert!(said.starts_with("syncscope: Recording stopped: "), "{said}");
}

#[test]
fn what_is_over_is_told_again() {
    let mut server = Running(piped(&["demo", "--serve", "--speed", "2000"]).spawn().unwrap());
    let mut lines = BufReader::new(server.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let url = lines.next().unwrap();
    let arn = lines.find_map(|line| Some(line.strip_suffix("  nothing")?.to_owned())).unwrap();
    let state = state();
    for _ in 0..2 {
        let mut watch = piped(&[&arn, "--endpoint-url", &url, "--interval", "100ms"]);
        let output = finished(watch.envs(KEYS).env("XDG_STATE_HOME", &state));
        assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]));
        assert!(String::from_utf8_lossy(&output.stdout).contains("SUCCESS"), "{output:?}");
    }
}

#[test]
fn the_file_can_be_named_and_recording_turned_off() {
    let state = state();
    let file = format!("{state}/mine.ndjson");
    for record in [&["--record", &file][..], &[]] {
        let output =
            finished(piped(&["demo", "nothing", "--speed", "20000"]).args(record).env("XDG_STATE_HOME", &state));
        assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]));
    }
    let (observations, unreadable) = read(Path::new(&file));
    let last = observations.last().map(|seen| &seen.outcome);
    assert!(matches!(last, Some(Outcome::Response(answer)) if answer.verbatim().contains("SUCCESS")), "{last:?}");
    assert_eq!(unreadable, 0);
    let there: Vec<_> = fs::read_dir(&state).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(there, ["mine.ndjson"], "the demo keeps nothing else");

    let served = served();
    let mut child = Running(served.watch(&state, &["--no-record"]).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(!served.recording(&state).exists());
}
