//! The whole program in a real terminal: it starts, obeys, is resized, stopped and ended, and leaves no trace.

use crate::support::{endpoint, program, screen};
use base64::{Engine, prelude::BASE64_STANDARD};
use rustix::process::Signal;
use serde_json::json;

use endpoint::{EXECUTION, EXECUTION_ID, Endpoint};
use program::KEYS;
use screen::{FRAME_ENDS, Left, Screen};

/// In the middle of it at once, and for two minutes.
const DEMO: [&str; 4] = ["demo", "huge", "--speed", "2000"];
/// The beginning of its task's name.
const TASK: &str = "everything-we-";

/// The demo, with bytes moving.
#[track_caller]
fn transferring(screen: Screen) -> Screen {
    screen.wait_for("transfer", |seen| seen.shows("TRANSFERRING") && seen.shows(TASK));
    screen
}

#[track_caller]
fn assert_farewell(left: &Left) {
    for part in ["arn:aws:datasync:", "/execution/exec-", "TRANSFERRING"] {
        assert!(left.text.contains(part), "no {part} in\n{}", left.text);
    }
}

/// The numbers of all sequences that set how characters look.
fn styles(raw: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(raw);
    let sequences = text.split("\x1b[").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
        rest[end..].starts_with('m').then(|| rest[..end].to_owned())
    });
    sequences.flat_map(|numbers| numbers.split(';').filter_map(|n| n.parse().ok()).collect::<Vec<_>>()).collect()
}

fn is_colour(style: u16) -> bool {
    matches!(style, 30..=38 | 40..=48 | 90..=107)
}

#[test]
fn it_paints_before_any_answer() {
    let endpoint = Endpoint::silent();
    let screen = Screen::with(&KEYS, &[EXECUTION, "--endpoint-url", &endpoint.url]);
    screen.wait_for("head", |seen| seen.shows(EXECUTION_ID) && seen.shows("us-east-1"));
    screen.wait_for("frame after the request", |_| endpoint.connections() > 0);
}

#[test]
fn a_service_that_never_answers_does_not_keep_anyone() {
    let endpoint = Endpoint::silent();
    let mut screen = Screen::with(&KEYS, &[EXECUTION, "--endpoint-url", &endpoint.url]);
    screen.wait_for("request", |seen| seen.shows(EXECUTION_ID) && endpoint.connections() > 0);
    screen.press("q");
    assert_eq!(screen.left().code, 0);
}

#[test]
fn the_demo_comes_to_transfer_and_q_leaves_the_last_state_in_the_scrollback() {
    let mut screen = Screen::of(&["demo", "--speed", "100"]);
    screen.wait_for("transfer", |seen| {
        ["nightly-media-archive", "TRANSFERRING", "Bytes", "Files", "Throughput", "quit"]
            .iter()
            .all(|word| seen.shows(word))
    });
    screen.press("q");
    let left = screen.left();
    assert_eq!(left.code, 0);
    assert_farewell(&left);
}

#[test]
fn each_page_has_a_key_and_esc_leads_back() {
    let mut screen = transferring(Screen::of(&DEMO));
    for (key, word) in [("?", "Keys"), ("o", "Options"), ("e", "first poll"), ("r", "\"TaskExecutionArn\"")] {
        screen.press(key);
        screen.wait_for(word, |seen| seen.shows(word) && !seen.shows("Throughput"));
        screen.press("\x1b");
        screen.wait_for_text("Throughput");
    }
    screen.press("?r");
    screen.wait_for_text("TaskExecutionArn");
    screen.press("r");
    screen.wait_for_text("Throughput");
}

#[test]
fn ctrl_c_and_signals_leave_a_clean_terminal_and_say_so_in_the_exit_code() {
    let signals = [("SIGINT", Signal::INT, 130), ("SIGTERM", Signal::TERM, 143), ("SIGHUP", Signal::HUP, 129)];
    for (name, signal, code) in signals {
        let screen = transferring(Screen::of(&DEMO));
        screen.signal(signal);
        let left = screen.left();
        assert_eq!(left.code, code, "{name}");
        assert_farewell(&left);
    }
    let mut screen = transferring(Screen::of(&DEMO));
    screen.press("\x03");
    let left = screen.left();
    assert_eq!(left.code, 130);
    assert_farewell(&left);
}

#[test]
fn a_window_that_is_closed_ends_it() {
    let mut screen = transferring(Screen::of(&DEMO));
    screen.hang_up();
    assert_eq!(screen.ended(), 129);
}

#[track_caller]
fn assert_stops_and_goes_on(mut screen: Screen) {
    screen.wait_until_stopped();
    screen.go_on();
    screen.wait_for("screen drawn again", |seen| {
        seen.is_taken() && seen.shows(TASK) && seen.shows("TRANSFERRING") && seen.title().contains("TRANSFERRING")
    });
    let before = screen.seen().len();
    screen.wait_for("frame of the next second", |seen| seen.came_after(before, FRAME_ENDS));
    screen.press("q");
    assert_eq!(screen.left().code, 0);
}

#[test]
fn ctrl_z_gives_the_terminal_back_until_it_goes_on() {
    let mut screen = transferring(Screen::job(&DEMO));
    screen.press("\x1a");
    assert_stops_and_goes_on(screen);
}

#[test]
fn a_stop_signal_gives_the_terminal_back_until_it_goes_on() {
    let screen = transferring(Screen::job(&DEMO));
    screen.signal(Signal::TSTP);
    assert_stops_and_goes_on(screen);
}

#[test]
fn a_signal_to_end_is_heard_after_a_stop() {
    let mut screen = transferring(Screen::job(&DEMO));
    screen.press("\x1a");
    screen.wait_until_stopped();
    screen.signal(Signal::TERM);
    screen.go_on();
    assert_eq!(screen.left().code, 143);
}

#[test]
fn what_is_pasted_is_no_command() {
    let mut screen = transferring(Screen::of(&DEMO));
    screen.press("\x1b[200~q\nq\x03\x1b[201~");
    screen.press("?");
    screen.wait_for_text("Keys");
    screen.press("q");
    assert_eq!(screen.left().code, 0);
}

#[test]
fn any_size_of_the_window_will_do() {
    let screen = transferring(Screen::of(&DEMO));
    for (columns, rows) in
        [(200, 60), (120, 40), (80, 24), (60, 15), (40, 8), (20, 3), (10, 1), (1, 1), (1, 40), (200, 1)]
    {
        screen.resize(columns, rows);
    }
    screen.resize(120, 40);
    screen.wait_for("whole screen again", |seen| {
        ["TRANSFERRING", TASK, "Throughput", "quit"].iter().all(|word| seen.shows(word))
    });
    for page in ["?", "o", "e", "r"] {
        let mut screen = transferring(Screen::sized(100, 20, &DEMO, &[]));
        screen.press(page);
        screen.wait_for("page", |seen| !seen.shows("Bytes  "));
        for (columns, rows) in [(60, 15), (20, 4), (1, 1), (200, 60)] {
            screen.resize(columns, rows);
            screen.press("G");
        }
    }
}

#[test]
fn y_copies_the_arn() {
    let mut screen = transferring(Screen::of(&DEMO));
    screen.press("y");
    screen.wait_for("copy", |seen| !seen.told().copied.is_empty());
    let copied = screen.seen().told().copied[0].clone();
    let arn = String::from_utf8(BASE64_STANDARD.decode(&copied).unwrap()).unwrap();
    assert!(arn.starts_with("arn:aws:datasync:") && arn.contains("/execution/exec-"), "{arn}");
    assert!(screen.seen().came_after(0, &format!("\x1b]52;c;{copied}")));
    screen.press("q");
    assert!(screen.left().text.contains(&arn));
}

#[test]
fn h_copies_the_handoff_report_and_saves_it_for_its_owner_alone() {
    let state = concat!(env!("CARGO_TARGET_TMPDIR"), "/hand-over");
    let _ = std::fs::remove_dir_all(state);
    let mut screen = transferring(Screen::with(&[("XDG_STATE_HOME", state)], &DEMO));
    screen.press("h");
    screen.wait_for_text("report saved to");
    screen.wait_for("copy", |seen| !seen.told().copied.is_empty());
    let copied = screen.seen().told().copied[0].clone();
    let page = String::from_utf8(BASE64_STANDARD.decode(&copied).unwrap()).unwrap();
    let files: Vec<_> = std::fs::read_dir(format!("{state}/syncscope")).unwrap().map(|file| file.unwrap()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    assert!(files[0].file_name().to_str().is_some_and(|name| name.starts_with("exec-") && name.ends_with(".md")));
    let mode = std::os::unix::fs::PermissionsExt::mode(&files[0].metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(std::fs::read_to_string(files[0].path()).unwrap(), page);
    assert!(page.contains("TRANSFERRING") && page.len() < 6000, "{page}");
}

#[test]
fn the_title_of_the_window_tells_how_far_it_is() {
    let screen = Screen::of(&DEMO);
    screen.wait_for("title", |seen| {
        let share = seen.title().split_once('%').and_then(|(share, _)| share.parse::<u8>().ok());
        share.is_some() && seen.title().contains("TRANSFERRING") && seen.title().contains(TASK)
    });
}

#[test]
fn without_colours_bold_stays() {
    let coloured = transferring(Screen::of(&DEMO));
    coloured.wait_for("colour", |seen| styles(&seen.raw).into_iter().any(is_colour));
    let mut with_flag = DEMO.to_vec();
    with_flag.extend(["--color", "off"]);
    for screen in [Screen::with(&[("NO_COLOR", "1")], &DEMO), Screen::of(&with_flag)] {
        let mut screen = transferring(screen);
        screen.press("?");
        screen.wait_for_text("Keys");
        screen.press("q");
        let styles = styles(&screen.left().raw);
        assert!(styles.contains(&1), "nothing is bold");
        assert_eq!(styles.into_iter().find(|style| is_colour(*style)), None);
    }
}

#[test]
fn ascii_only_is_ascii_only() {
    let mut with_flag = DEMO.to_vec();
    with_flag.push("--ascii");
    for screen in [Screen::of(&with_flag), Screen::with(&[("LANG", "C")], &DEMO)] {
        let mut screen = transferring(screen);
        for (key, word) in [("?", "Keys"), ("r", "TaskExecutionArn")] {
            screen.press(key);
            screen.wait_for_text(word);
        }
        screen.press("q");
        let left = screen.left();
        assert_farewell(&left);
        assert!(left.raw.is_ascii(), "{}", String::from_utf8_lossy(&left.raw));
    }
}

#[test]
fn a_terminal_that_cannot_be_drawn_on_gets_lines() {
    let mut screen = Screen::with(&[("TERM", "dumb")], &DEMO);
    screen.wait_for("transfer", |seen| seen.shows("TRANSFERRING"));
    screen.press("\x03");
    let left = screen.left();
    assert_eq!(left.code, 130);
    assert!(!left.raw.contains(&0x1b), "{}", left.text);
}

#[test]
fn what_the_service_says_cannot_steer_the_terminal() {
    let evil = "\u{1b}]0;pwned\u{7}\u{1b}[2J\u{9b}31m\u{1b}]52;c;cHduZWQ=\u{7}\r\nEVIL";
    let endpoint = Endpoint::answering(move |operation| match operation {
        "DescribeTaskExecution" => {
            let result = json!({ "ErrorCode": evil, "ErrorDetail": evil });
            let options = json!({ "VerifyMode": evil, evil: evil });
            let answer = json!({ "Status": evil, "TaskMode": evil, "Result": result, "Options": options, evil: evil });
            (200, answer)
        }
        "DescribeTask" => (200, json!({ "Name": evil, "SourceLocationArn": evil, "DestinationLocationArn": evil })),
        "ListLocations" => {
            (200, json!({ "Locations": [{ "LocationArn": evil, "LocationUri": format!("s3://{evil}") }] }))
        }
        _ => (400, json!({ "__type": "AccessDeniedException", "message": evil })),
    });
    let mut screen = Screen::with(&KEYS, &[EXECUTION, "--endpoint-url", &endpoint.url, "--interval", "100ms"]);
    screen.wait_for("answer", |seen| seen.shows("EVIL") && seen.came_after(0, "\x1b]0;\u{fffd}]0;pwned"));
    for page in ["o", "e", "r"] {
        screen.press(page);
        screen.wait_for("page", |seen| seen.shows("Esc back"));
    }
    screen.press("q");
    screen.wait_for("end", |seen| !seen.is_taken());
    assert!(screen.seen().told().copied.is_empty() && screen.seen().told().bells == 0);
    assert!(screen.seen().told().titles.iter().all(|title| title != "pwned"));
    let left = screen.left();
    let text = String::from_utf8_lossy(&left.raw);
    assert!(!text.contains('\u{9b}') && !text.contains("\x1b]52") && !text.contains("\x1b]0;pwned"));
}

#[test]
fn why_nothing_can_be_seen_is_said_after_the_screen_is_closed() {
    assert_said_at_the_end("AccessDeniedException", 7, "datasync:DescribeTaskExecution");
}

#[test]
#[ignore = "what is not found is asked for again for a minute"]
fn that_nothing_is_found_is_said_after_the_screen_is_closed() {
    assert_said_at_the_end("InvalidRequestException", 8, EXECUTION_ID);
}

#[track_caller]
fn assert_said_at_the_end(code: &'static str, exit: u32, word: &str) {
    let endpoint = Endpoint::answering(move |_| (400, json!({ "__type": code, "message": "It does not exist." })));
    let left = Screen::with(&KEYS, &[EXECUTION, "--endpoint-url", &endpoint.url]).left();
    assert_eq!(left.code, exit, "{code}");
    let closed = "\x1b[?1049l";
    let raw = String::from_utf8_lossy(&left.raw);
    let (_, after) = raw.rsplit_once(closed).expect("it had a screen");
    assert!(after.contains("syncscope: ") && after.contains(word), "{after}");
}

#[test]
fn a_panic_leaves_a_clean_terminal() {
    // no thread gets a stack of this size, so that the first one that is wanted ends in a panic
    let left = Screen::with(&[("RUST_MIN_STACK", "140000000000000")], &DEMO).left();
    assert_eq!(left.code, 1);
    let raw = String::from_utf8_lossy(&left.raw);
    let (_, after) = raw.rsplit_once("\x1b[?1049l").expect("it had a screen");
    assert!(after.contains("syncscope: internal error"), "{after}");
}
