//! Bytes from outside, changed at random: whatever comes is read, or refused in a sentence.
//!
//! Each reader is given texts that it reads, with a few changes. That goes on for a second, or for as many as
//! `SYNCSCOPE_FUZZ_SECONDS` says, with texts that no run before had.

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use fastrand::Rng;
use jiff::{Timestamp, tz::TimeZone};
use ratatui::{buffer::Buffer, layout::Rect};
use serde_json::Value;
use syncscope::{
    App, Arn, Event, Observation, Outcome, Reader, Response, State, Theme, Writer,
    bench::{Keyboard, Player, Recording},
    render,
};

/// Pieces that mean something to a reader, or have meant trouble to one.
const PIECES: [&str; 30] = [
    "null",
    "true",
    "0",
    "-1",
    "1e400",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "0.1e-9",
    "\"\\ud800\"",
    "\"\\u0000\"",
    "{",
    "}",
    "[[[[[[[[",
    "]",
    "\"",
    ",",
    ":",
    "\n",
    "\r\n",
    "\u{feff}",
    "\u{202e}",
    "\t- ",
    "&a *a",
    "253402300800",
    "\"9999-12-31T23:59:59.999Z\"",
    "\"-009999-01-01T00:00:00Z\"",
    "\x1b[",
    "\x1b]",
    "%",
];

/// A text, with one to eight changes.
fn changed(corpus: &[Vec<u8>], random: &mut Rng) -> Vec<u8> {
    let mut text = corpus[random.usize(..corpus.len())].clone();
    for _ in 0..random.usize(1..=8) {
        let from = random.usize(..=text.len());
        let to = (from + random.usize(..40)).min(text.len());
        match random.u8(..7) {
            0 if from < text.len() => text[from] ^= 1 << random.u8(..8),
            1 => drop(text.drain(from..to)),
            2 => drop(text.splice(from..from, text[from..to].repeat(random.usize(1..20))).collect::<Vec<_>>()),
            3 => drop(text.splice(from..to, PIECES[random.usize(..PIECES.len())].bytes()).collect::<Vec<_>>()),
            4 => text.truncate(from),
            5 => {
                let other = &corpus[random.usize(..corpus.len())];
                let begin = random.usize(..=other.len());
                let end = (begin + random.usize(..400)).min(other.len());
                text.splice(from..from, other[begin..end].iter().copied());
            }
            _ => number(&mut text, from, random),
        }
    }
    text
}

/// Puts another number in the place of the next one.
fn number(text: &mut Vec<u8>, from: usize, random: &mut Rng) {
    let Some(begin) = text[from..].iter().position(u8::is_ascii_digit).map(|begin| from + begin) else { return };
    let end = text[begin..].iter().position(|byte| !byte.is_ascii_digit()).map_or(text.len(), |end| begin + end);
    let other = random.u64(..) >> random.u32(..64);
    text.splice(begin..end, other.to_string().into_bytes());
}

/// The files of a folder below `tests`, or their lines.
fn corpus(folders: &[&str], by_line: bool) -> Vec<Vec<u8>> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let files = folders.iter().flat_map(|folder| fs::read_dir(tests.join(folder)).unwrap());
    let texts = files.map(|file| fs::read(file.unwrap().path()).unwrap());
    let texts: Vec<Vec<u8>> = if by_line {
        texts.flat_map(|text| text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>()).collect()
    } else {
        texts.collect()
    };
    assert!(texts.len() > 2);
    texts
}

/// Gives a reader the texts as they are, and then changed ones until the time is over. What it could not stand is
/// printed.
fn fuzz(reader: &str, corpus: &[Vec<u8>], read: impl Fn(&[u8]) + std::panic::RefUnwindSafe) {
    let seconds = std::env::var("SYNCSCOPE_FUZZ_SECONDS").map_or(1.0, |seconds| seconds.parse().unwrap());
    let until = Instant::now() + Duration::from_secs_f64(seconds);
    corpus.iter().for_each(|text| read(text));
    let (mut random, mut texts) = (Rng::new(), 0_u64);
    while Instant::now() < until {
        let text = changed(corpus, &mut random);
        let was_stood = std::panic::catch_unwind(|| read(&text)).is_ok();
        assert!(was_stood, "{reader} can't stand {:?}", text.escape_ascii().to_string());
        texts += 1;
    }
    println!("{reader}: {texts} texts");
}

#[test]
fn responses() {
    let arn = "arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0/execution/exec-0123456789abcdef0";
    let at: Timestamp = "2026-11-22T16:00:05Z".parse().unwrap();
    fuzz("response", &corpus(&["recordings", "cases"], false), |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        let outcome = match Response::parse(text) {
            Ok(response) => Outcome::Response(response),
            Err(fault) => {
                assert!(!fault.message.is_empty() && !fault.message.contains(char::is_control), "{}", fault.message);
                Outcome::Fault(fault)
            }
        };
        let mut app = App::new([Arn::parse(arn).unwrap()], at, TimeZone::UTC);
        for second in [0, 5] {
            let outcome = outcome.clone();
            let at = at + Duration::from_secs(second);
            let observation = Observation { execution: arn.into(), at, outcome, task: None, next: None };
            app.update(Event::observed(observation));
        }
        for (columns, rows) in [(120, 40), (80, 24), (40, 8)] {
            render(&app, Theme::default(), &mut Buffer::empty(Rect::new(0, 0, columns, rows)));
        }
        let state = State::of(app.execution().unwrap(), at + Duration::from_secs(6)).json();
        let state: Value = serde_json::from_str(&state).unwrap();
        assert_eq!(state["schema_version"], 1);
    });
}

#[test]
fn lines() {
    fuzz("line", &corpus(&["corpus/line"], true), |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        // the end of a line is none of its text
        let text = &*text.replace(['\r', '\n'], " ");
        match Reader::default().read(text) {
            Ok(read) => {
                let again = Reader::default().read(Writer::default().line(&read).trim_end()).unwrap();
                let same = |one: &Observation| {
                    (one.execution.clone(), one.at.as_second(), format!("{:?}{:?}", one.outcome, one.task))
                };
                assert_eq!(same(&again), same(&read));
            }
            Err(why) => assert!(!why.is_empty() && !why.contains('\n'), "{why}"),
        }
    });
}

#[test]
fn saved_texts() {
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    fuzz("saved text", &corpus(&["recordings", "cases", "corpus/line"], false), |bytes| {
        match Recording::read(bytes.to_vec(), Duration::from_secs(5), now) {
            Ok(recording) => Player::new(Arc::new(recording), 1.0).settle(),
            Err(why) => assert!(!why.is_empty() && !why.contains('\n'), "{why}"),
        }
    });
}

#[test]
fn addresses() {
    fuzz("address", &corpus(&["corpus/address"], true), |bytes| {
        let text = String::from_utf8_lossy(bytes);
        match Arn::parse(&text) {
            // the address of a page in the console does not say the account
            Ok(arn) if arn.account.is_empty() => assert!(text.contains("http")),
            Ok(arn) => assert_eq!(Arn::parse(&arn.to_string()).unwrap().to_string(), arn.to_string()),
            Err(why) => assert!(!why.to_string().contains(char::is_control) && why.to_string().len() < 1000, "{why}"),
        }
    });
}

#[test]
fn keys() {
    fuzz("terminal", &corpus(&["corpus/keys"], false), |bytes| {
        let mut keyboard = Keyboard::default();
        bytes.chunks(7).for_each(|some| drop(keyboard.take(some)));
        keyboard.give_up();
        assert_eq!(keyboard.patience(), None);
        assert_eq!(keyboard.take(b"q").len(), 1, "the next key is heard");
    });
}
