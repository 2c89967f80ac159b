//! The replay as a whole: its screen as cells, the program in a terminal, and its lines in a pipe.

use crate::support::{pipe, program, screen};
use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    sync::Arc,
    time::Duration,
};

use jiff::{Timestamp, tz::TimeZone};
use ratatui::{buffer::Buffer, layout::Rect};
use syncscope::{
    App, Event, Theme, Writer,
    bench::{Player, Recording},
    render, simulated,
};

use pipe::{Running, err, finished, out, piped};
use screen::Screen;

const FIVE: Duration = Duration::from_secs(5);

fn start() -> Timestamp {
    "2026-11-22T16:00:00Z".parse().unwrap()
}

/// A demo as a recording.
fn simulation(scenario: &str, minutes: usize) -> String {
    let mut writer = Writer::default();
    let observations = simulated(scenario, start(), FIVE).unwrap().take(minutes * 12);
    observations.map(|observation| writer.line(&observation)).collect()
}

/// A file that goes when it is dropped.
struct Kept(PathBuf);

impl Kept {
    fn of(name: &str, text: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("replay-{name}-{}", std::process::id()));
        fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn player(name: &str, text: &str) -> Player {
    let file = Kept::of(name, text);
    let player = Player::new(Arc::new(Recording::open(&file.0, FIVE, Timestamp::now()).unwrap()), 60.0);
    player.settle();
    player
}

fn shown(player: &mut Player, minutes: f64) -> App {
    let at = start() + Duration::from_secs_f64(minutes * 60.0);
    player.seek(at);
    let mut app = App::new([], at, TimeZone::UTC);
    app.update(Event::replayed(at, player.frame()));
    app
}

fn drawn(app: &App, look: Theme, (columns, rows): (u16, u16)) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
    render(app, look, &mut buffer);
    let row = |cells: &[ratatui::buffer::Cell]| {
        let row: String = cells.iter().map(|cell| cell.symbol()).collect();
        format!("{}\n", row.trim_end())
    };
    buffer.content.chunks(usize::from(columns).max(1)).map(row).collect()
}

fn pressed(mut app: App, key: char) -> App {
    let key = crossterm::event::KeyEvent::from(crossterm::event::KeyCode::Char(key));
    app.update(Event::key(Timestamp::now(), key));
    app
}

#[test]
fn the_screen_of_a_replay() {
    for (name, scenario, minutes) in [("transferring", "enhanced", 50.0), ("failing", "failing", 20.0)] {
        let torn = simulation(scenario, 90) + "{\"at\":\"2026-";
        let app = shown(&mut player(name, &torn), minutes);
        let mut page = String::new();
        for (columns, rows) in [(120, 40), (80, 24), (60, 15), (40, 8), (80, 3)] {
            page.push_str(&format!("{columns}x{rows}\n{}", drawn(&app, Theme::default(), (columns, rows))));
            page.push_str(&format!("{}\n", "=".repeat(columns.into())));
        }
        insta::assert_snapshot!(format!("replay_{name}"), page);
    }
}

#[test]
fn the_pages_of_a_replay() {
    let app = shown(&mut player("pages", &simulation("enhanced", 90)), 30.0);
    insta::assert_snapshot!("replay_help", drawn(&pressed(app.clone(), '?'), Theme::default(), (80, 50)));
    let long = simulation("failing", 5) + &simulation("failing", 5).replace("2026-11-22", "2026-11-25");
    let long = shown(&mut player("long", &long), 70.0 * 60.0);
    assert!(drawn(&long, Theme::default(), (40, 8)).contains("REPLAY ▮▮ 60x      25 Nov 14:00"));
    assert!(drawn(&long, Theme::default(), (60, 15)).contains("  25 Nov 14:00:00 "));
    let ascii = drawn(&pressed(app, 'r'), Theme { colour: false, ascii: true }, (80, 12));
    assert!(ascii.is_ascii() && ascii.contains("|| 60x") && ascii.contains("22 Nov 16:30:00"), "{ascii}");
}

#[test]
fn a_replay_says_what_the_watch_said_then() {
    let mut player = player("then", &simulation("trouble", 60));
    let mut watch: Option<App> = None;
    let mut minute = 0.0;
    for observation in simulated("trouble", start(), FIVE).unwrap().take(60 * 12) {
        let at = observation.at + Duration::from_secs(2);
        let arn = syncscope::Arn::parse(&observation.execution).unwrap();
        let watch = watch.get_or_insert_with(|| App::new([arn], observation.at, TimeZone::UTC));
        watch.update(Event::observed(observation));
        watch.update(Event::tick(at));
        let passed = at.duration_since(start()).as_secs_f64() / 60.0;
        if passed > minute {
            minute += 3.0;
            let replay = shown(&mut player, passed);
            // the footer and what is over it are the replay's own
            let live = drawn(watch, Theme::default(), (100, 39));
            let then = drawn(&replay, Theme::default(), (100, 40));
            let upper = |screen: &str, rows: usize| screen.lines().take(rows).collect::<Vec<_>>().join("\n");
            assert_eq!(upper(&live, 38), upper(&then, 38));
        }
    }
}

#[test]
fn no_size_is_too_small_or_too_large() {
    let mut player = player("sizes", &simulation("failing", 60));
    for minutes in [0.0, 20.0, 60.0] {
        let app = shown(&mut player, minutes);
        for page in ['-', 'o', 'e', 'r', '?'] {
            let app = pressed(app.clone(), page);
            for columns in [0, 1, 2, 9, 20, 39, 50, 77, 300] {
                for rows in [0, 1, 2, 3, 4, 5, 6, 7, 90] {
                    drawn(&app, Theme::default(), (columns, rows));
                }
            }
        }
    }
}

#[test]
fn a_recording_is_played_paused_stepped_and_searched() {
    let file = Kept::of("played", &(simulation("failing", 60) + "torn"));
    let mut screen = Screen::of(&["replay", file.path(), "--speed", "60"]);
    screen.wait_for("time that passes", |seen| seen.shows("►  60x") && seen.shows("TRANSFERRING"));
    screen.press(" ");
    screen.wait_for_text("▮▮ 60x");
    screen.press("\x1b[H");
    screen.wait_for_text("22 Nov 16:00:00 ●");
    screen.press("]");
    screen.wait_for("first event", |seen| !seen.shows("16:00:00 ●") && seen.shows("▮▮"));
    screen.press("[");
    screen.wait_for_text("22 Nov 16:00:00 ●");
    screen.press(".");
    screen.wait_for("step", |seen| !seen.shows("16:00:00 ●"));
    screen.press(",>>");
    screen.wait_for("speed", |seen| seen.shows("16:00:00 ●") && seen.shows("300x"));
    screen.press("\x1b[F");
    screen.wait_for("end", |seen| seen.shows("● 22 Nov 16:43:35") && seen.shows("ERROR"));
    screen.press("r");
    screen.wait_for_text("\"TaskExecutionArn\"");
    screen.press("\x1b");
    screen.wait_for_text("Pipeline");
    screen.press("q");
    let left = screen.left();
    assert_eq!(left.code, 0);
    for part in ["arn:aws:datasync:", "ERROR", "syncscope: 1 line could not be read: 525 is not JSON."] {
        assert!(left.text.contains(part), "no {part} in\n{}", left.text);
    }
}

#[test]
fn a_replay_starts_where_it_is_asked_to() {
    let file = Kept::of("at", &simulation("failing", 60));
    let mut screen = Screen::of(&["replay", file.path(), "--speed", "1", "--at", "2026-11-22T16:20"]);
    screen.wait_for("moment", |seen| seen.shows("REPLAY ►  1x") && seen.shows("22 Nov 16:20:0"));
    screen.press("q");
    assert_eq!(screen.left().code, 0);
    let output = ran(&[file.path(), "--at", "2026-11-22T16:20"]);
    let (code, out, err) = said(&output);
    assert_eq!((code, err), (Some(0), ""));
    assert!(out.contains("TRANSFERRING") && out.contains("FAILING"), "{out}");
    let output = ran(&[file.path(), "--at", "3h ago"]);
    let (code, _, err) = said(&output);
    let why =
        "syncscope: that moment is not in the recording, which goes from 2026-11-22 16:00:00 to 2026-11-22 16:43:35\n";
    assert_eq!((code, err), (Some(2), why));
}

fn ran(arguments: &[&str]) -> Output {
    finished(&mut piped(&[&["replay"], arguments].concat()))
}

fn said(output: &Output) -> (Option<i32>, &str, &str) {
    (output.status.code(), out(output), err(output))
}

#[test]
fn what_the_screen_would_know_is_printed_the_same_each_time() {
    let file = Kept::of("printed", &(simulation("enhanced", 90) + "{\"at\":"));
    let (first, second) = (ran(&[file.path(), "--output", "ndjson"]), ran(&[file.path(), "--output", "ndjson"]));
    assert_eq!(first.stdout, second.stdout);
    let (code, out, err) = said(&first);
    assert_eq!((code, err), (Some(4), "syncscope: 1 line could not be read: 914 is cut off.\n"));
    assert_eq!(out.lines().count(), 913);
    let schema = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/state.schema.json"));
    let schema = schema.ok().map(|schema| jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap());
    for line in out.lines() {
        let state: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(schema.as_ref().is_none_or(|schema| schema.is_valid(&state)), "{line}");
    }
    assert!(out.starts_with(r#"{"schema_version":1,"observed_at":"2026-11-22T16:00:00.000Z""#), "{out:.200}");
}

#[test]
fn without_a_terminal_the_last_state_is_told() {
    for (scenario, minutes, exit, word) in [
        ("nothing", 30, 0, "SUCCESS"),
        ("enhanced", 20, 0, "TRANSFERRING"),
        ("enhanced", 90, 4, "SUCCESS"),
        ("error", 90, 3, "ERROR"),
    ] {
        let file = Kept::of(&format!("told-{scenario}-{minutes}"), &simulation(scenario, minutes));
        let output = ran(&[file.path()]);
        let (code, out, err) = said(&output);
        assert_eq!((code, err), (Some(exit), ""), "{scenario}");
        assert!(out.contains(word) && out.lines().count() < 12, "{out}");
    }
}

#[test]
fn answers_of_the_command_line_are_replayed() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recordings/10_apidoc_enhanced_success_filters.json");
    let output = ran(&[path, "--output", "ndjson", "--interval", "1m"]);
    let (code, out, err) = said(&output);
    assert_eq!((code, err, out.lines().count()), (Some(0), "", 1));
    assert!(out.contains(r#""status":"SUCCESS""#), "{out}");
}

#[test]
fn standard_input_is_read_and_a_reader_that_goes_away_ends_it_quietly() {
    let text = simulation("basic", 60);
    let file = Kept::of("stdin", &text);
    let output = finished(piped(&["replay", "-"]).stdin(fs::File::open(&file.0).unwrap()));
    assert_eq!(said(&output).0, Some(0));
    let mut command = piped(&["replay", file.path(), "--output", "ndjson"]);
    let mut child = Running(command.stderr(Stdio::piped()).spawn().unwrap());
    let mut some = [0; 100];
    child.0.stdout.take().unwrap().read_exact(&mut some).unwrap();
    assert_eq!(child.0.wait().unwrap().code(), Some(141));
    let mut err = String::new();
    child.0.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!(err, "");
}

#[test]
fn what_is_no_recording_is_refused() {
    let binary = fs::read(program::PROGRAM).unwrap();
    let (empty, garbage) = (Kept::of("empty", ""), Kept::of("garbage", "hello\n"));
    let program = Kept::of("binary", "");
    fs::write(&program.0, &binary[..1 << 20]).unwrap();
    let absent = format!("{}/absent.ndjson", program::state());
    for (path, word) in [
        (empty.path(), "is empty"),
        (garbage.path(), "line 1 is not JSON"),
        (program.path(), "it is not text"),
        ("/", "is a directory"),
        (&absent, "no such file"),
        ("-", "standard input is empty"),
    ] {
        for more in [&[][..], &["--output", "ndjson"]] {
            let output = ran(&[&[path], more].concat());
            let (code, out, err) = said(&output);
            assert_eq!((code, out), (Some(2), ""), "{err}");
            assert!(err.starts_with("syncscope: ") && err.contains(word) && err.lines().count() == 1, "{err}");
        }
    }
    let output = ran(&[garbage.path(), "--speed", "0.5"]);
    assert!(said(&output).2.contains("from 1 to 10000"));
}
