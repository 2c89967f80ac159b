//! Lines as they are told, over whole watches.

use std::time::Duration;

use futures_util::stream;
use jiff::tz::TimeZone;

use super::*;
use crate::{
    aws::{arn::Arn, fault::FaultKind},
    transfer::execution::tests::{ARN, answer, at, fault},
};

/// A transfer that moves for ten minutes and stands still from then on, polled every 15 s.
fn moves_and_stops() -> impl Iterator<Item = Event> {
    moves_until(600)
}

fn moves_until(end: i64) -> impl Iterator<Item = Event> {
    (0..).step_by(15).map(move |second| {
        let moved = second.min(end);
        let members = format!(
            r#""Status":"TRANSFERRING","TaskMode":"ENHANCED","BytesWritten":{moved},"Result":{{"TotalDuration":{moved}}}"#
        );
        Event::observed(answer(second, &members))
    })
}

/// What came of waiting, when, and what was printed.
async fn waited(waiting: Waiting, events: impl Iterator<Item = Event>) -> (Waited, String, String) {
    told([ARN], waiting, stream::iter(events)).await
}

/// The same, of these transfers, with events that take their time.
async fn told(
    arns: impl IntoIterator<Item = impl AsRef<str>>,
    waiting: Waiting,
    events: impl Stream<Item = Event>,
) -> (Waited, String, String) {
    let app = App::new(arns.into_iter().map(|arn| Arn::parse(arn.as_ref()).unwrap()), at(0), TimeZone::UTC);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let look = Theme { colour: false, ascii: false };
    let waited = run(app, look, waiting, &mut out, &mut err, events).await.unwrap();
    (waited, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

/// Events, each so many milliseconds after the one before.
fn spaced(millis: u64, events: impl Iterator<Item = Event>) -> impl Stream<Item = Event> {
    stream::iter(events).then(move |event| async move {
        tokio::time::sleep(Duration::from_millis(millis)).await;
        event
    })
}

/// An output that nobody takes anything from.
struct Stuck(Vec<u8>);

impl io::Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Output for Stuck {
    fn waiting(&self) -> usize {
        LIMIT
    }
}

#[tokio::test]
async fn what_nobody_takes_ends_with_the_last_state_alone() {
    for form in [Form::Lines, Form::States, Form::Live(|| (120, 10))] {
        let app = App::new([Arn::parse(ARN).unwrap()], at(0), TimeZone::UTC);
        let over = Event::observed(answer(90, r#""Status":"SUCCESS","BytesWritten":30"#));
        let events = stream::iter(moves_and_stops().take(5).chain([over]));
        let (mut out, look) = (Stuck(Vec::new()), Theme { colour: false, ascii: false });
        let waiting = Waiting { form, ..Waiting::default() };
        run(app, look, waiting, &mut out, &mut Vec::new(), events).await.unwrap();
        let out = String::from_utf8(out.0).unwrap();
        assert!(out.contains("SUCCESS"), "{form:?}: {out}");
        assert!(!out.contains("  TRANSFERRING") && !out.contains(r#""status":"TRANSFERRING""#), "{form:?}: {out}");
    }
}

fn live() -> Waiting {
    Waiting { form: Form::Live(|| (40, 10)), ..Waiting::default() }
}

#[tokio::test]
async fn a_stall_ends_it_once_it_is_long_enough() {
    for (most, ends_at) in [(SignedDuration::from_mins(10), 1200), (SignedDuration::from_secs(10), 900)] {
        let waiting = Waiting { fail_on_stall: Some(most), ..Waiting::default() };
        let (waited, out, _) = waited(waiting, moves_and_stops().take(999)).await;
        assert_eq!(waited.app.now(), at(ends_at), "what is called a stall takes five minutes");
        let said = waited.stalled.unwrap();
        assert!(said.contains("has stalled. No counter has changed for "), "{said}");
        assert!(out.contains("  STALLED: ") && out.contains("\nLast response at "), "{out}");
    }
    let (waited, ..) = waited(Waiting::default(), moves_and_stops().take(999)).await;
    assert_eq!((waited.stalled, waited.app.now()), (None, at(998 * 15)), "nobody asked to end there");
}

#[tokio::test]
async fn what_does_not_begin_ends_it_after_a_quarter_of_an_hour() {
    let waits = |status: &'static str| {
        (0..).step_by(15).map(move |second| {
            Event::observed(answer(second, &format!(r#""Status":"{status}","StartTime":1800000000"#)))
        })
    };
    for (status, minutes, ends_at) in
        [("QUEUED", 1, 900), ("QUEUED", 40, 2400), ("LAUNCHING", 20, 1200), ("NOVEL", 1, 900)]
    {
        let waiting = Waiting { fail_on_stall: Some(SignedDuration::from_mins(minutes)), ..Waiting::default() };
        let (waited, out, _) = waited(waiting, waits(status).take(999)).await;
        assert_eq!(waited.app.now(), at(ends_at), "{status}");
        let said = waited.stalled.unwrap();
        assert!(
            said.ends_with(&format!("has been {status} for {}.", units::duration(SignedDuration::from_secs(ends_at)))),
            "{said}"
        );
        assert!(out.contains(&format!("{status}  10m")), "it is said for how long: {out}");
    }
}

#[tokio::test]
async fn a_stall_counts_from_the_first_look() {
    let stands = (0..).step_by(15).map(|second| {
        let members = r#""Status":"TRANSFERRING","TaskMode":"ENHANCED","BytesWritten":7,"EstimatedBytesToTransfer":70"#;
        Event::observed(answer(second, members))
    });
    let waiting = Waiting { fail_on_stall: Some(SignedDuration::from_secs(20)), ..Waiting::default() };
    let (waited, out, _) = waited(waiting, stands.take(999)).await;
    assert_eq!(waited.app.now(), at(330), "nobody can tell sooner");
    assert!(
        out.contains("WATCHING: no change yet in 1m")
            && out.contains("QUIET: no counter has changed since the watch began, 3m ago"),
        "{out}"
    );
}

#[tokio::test]
async fn nothing_new_is_a_line_a_minute_and_no_state() {
    let (_, out, _) = waited(Waiting::default(), moves_and_stops().take(41)).await;
    assert_eq!(out.lines().filter(|line| line.contains("TRANSFERRING")).count(), 12, "{out}");
    let states = Waiting { form: Form::States, ..Waiting::default() };
    let (_, out, err) = waited(states, moves_and_stops().take(41).flat_map(|event| [event.clone(), event])).await;
    let (states, lines) = (out.lines().count(), err.lines().count());
    assert_eq!((states, lines), (41 + 1, 11), "each once, and the last one at the end");
}

#[tokio::test(start_paused = true)]
async fn live_lines_are_drawn_over_and_cut() {
    let (_, out, _) = told([ARN], live(), spaced(250, moves_and_stops().take(3))).await;
    assert_eq!(out.matches("\u{1b}[1F\u{1b}[J").count(), 3, "{out:?}");
    let lines: Vec<&str> = out.split("\u{1b}[1F\u{1b}[J").collect();
    assert!(lines[..3].iter().all(|line| line.trim_end().chars().count() <= 39), "{lines:?}");
    assert!(lines[3].starts_with("arn:"), "the last state stays: {lines:?}");
}

#[tokio::test]
async fn what_is_over_is_drawn_once_more_and_stays() {
    let over = Event::observed(answer(40, r#""Status":"SUCCESS","BytesWritten":30"#));
    let waiting = Waiting { follow: true, ..live() };
    let events = moves_and_stops().take(3).chain([over, Event::tick(at(41)), Event::tick(at(42))]);
    let (_, out, _) = waited(waiting, events).await;
    let kept = out.rsplit("\u{1b}[J").next().unwrap();
    assert_eq!((kept.matches("FINISHED").count(), kept.matches("SUCCESS").count()), (1, 1), "{kept}");
}

#[tokio::test(start_paused = true)]
async fn live_lines_are_drawn_four_times_a_second_and_only_where_they_changed() {
    let draws = |out: &str| out.matches("\u{1b}[J").count();
    let wide = Waiting { form: Form::Live(|| (120, 10)), ..Waiting::default() };
    let (_, busy, _) = told([ARN], wide, spaced(10, moves_until(9999).take(200))).await;
    assert_eq!(draws(&busy), 2000 / 250 + 1, "with the one of the end: {busy:?}");
    let shown = busy.rsplit("\u{1b}[J").nth(1).unwrap();
    assert!(shown.contains("2.92 KiB"), "the newest state is drawn too: {shown:?}");
    let same = std::iter::repeat_n(moves_and_stops().next().unwrap(), 8);
    let (_, idle, _) = told([ARN], live(), spaced(1000, same)).await;
    assert_eq!(draws(&idle), 1, "the end wipes it: {idle:?}");
}

#[tokio::test(start_paused = true)]
async fn live_lines_are_fewer_than_the_rows_of_the_screen() {
    // and the one that the events are of
    let arn = |nth: usize| format!("{}{nth:02}", &ARN[..ARN.len() - 2]);
    let (_, out, _) = told((0..20).map(arn), live(), spaced(1000, moves_and_stops().take(3))).await;
    let first = out.split("\u{1b}[").next().unwrap();
    assert_eq!(first.lines().count(), 9, "{out}");
    assert_eq!(first.lines().last(), Some("and 13 more"));
    assert!(out.contains("\u{1b}[9F\u{1b}[J"), "{out:?}");
    let (_, nine, _) = told((0..8).map(arn), live(), spaced(1000, moves_and_stops().take(3))).await;
    assert!(!nine.contains(" more\n") && nine.contains("\u{1b}[9F\u{1b}[J"), "they fit: {nine:?}");
}

/// A watch that ended with credentials that had expired.
fn expired_yesterday() -> Execution {
    let mut before = Execution::new(Arn::parse(ARN).unwrap(), at(-86_460));
    before.observe(&answer(-86_460, r#""Status":"TRANSFERRING","BytesWritten":1"#));
    before.observe(&fault(-86_400, FaultKind::Expired));
    before
}

#[tokio::test]
async fn a_fault_of_a_recording_is_no_news_of_now() {
    let restored = Event { at: at(0), what: EventKind::Restored(Box::new(expired_yesterday())) };
    let seen = Event::observed(answer(0, r#""Status":"TRANSFERRING","BytesWritten":2"#));
    let (waited, out, _) = waited(Waiting::default(), [restored, seen].into_iter()).await;
    assert!(!out.contains("poll failed") && out.lines().next().unwrap().contains("TRANSFERRING"), "{out}");
    let events: Vec<String> = waited.app.executions()[0]
        .events()
        .iter()
        .map(|event| format!("{} {}", event.at, crate::say::words::events::words(&event.kind)))
        .collect();
    let expected =
        [format!("{} poll failed: it was expired", at(-86_400)), format!("{} watching again after 1d", at(0))];
    assert_eq!(events[1..3], expected);
}

const FAILED: &str = r#""Status":"ERROR","TaskMode":"ENHANCED","FilesFailed":{"Transfer":3,"Verify":2},
    "Result":{"ErrorCode":"OpNotSupp","ErrorDetail":"read from source: Permission denied"}"#;

#[tokio::test]
async fn it_ends_with_the_reason_the_steps_and_what_to_do() {
    let events = || moves_and_stops().take(3).chain([Event::observed(answer(90, FAILED))]);
    let live = Waiting { form: Form::Live(|| (120, 10)), ..Waiting::default() };
    let states = Waiting { form: Form::States, ..Waiting::default() };
    for waiting in [Waiting::default(), live, states] {
        let (_, out, err) = waited(waiting, events()).await;
        let text = if matches!(waiting.form, Form::States) { err } else { out };
        let (_, end) = text.rsplit_once(ARN).unwrap();
        for said in [
            "FAILED while transferring.",
            "OpNotSupp: read from source: Permission denied",
            "Failed: 3 to transfer, 2 to verify.",
            "What to do: Likely a permission",
            "/aws/datasync",
        ] {
            assert!(end.contains(said), "no {said} in {text}");
        }
    }
    let over = Event::observed(answer(90, r#""Status":"SUCCESS","BytesWritten":30"#));
    let (_, out, _) = waited(Waiting::default(), moves_and_stops().take(3).chain([over])).await;
    assert!(out.lines().last().unwrap().contains("SUCCESS") && !out.contains("\narn:"), "{out}");
}

#[tokio::test]
async fn what_is_followed_tells_at_each_end_why() {
    let waiting = Waiting { follow: true, ..Waiting::default() };
    let other = ARN.replace("exec-0", "exec-1");
    let mut next = answer(120, r#""Status":"TRANSFERRING""#);
    next.execution = other.as_str().into();
    let (_, out, _) = waited(waiting, [Event::observed(answer(90, FAILED)), Event::observed(next)].into_iter()).await;
    let why = out.find("OpNotSupp").unwrap();
    assert!(why < out.find("TRANSFERRING").unwrap(), "{out}");
    let waiting = Waiting { follow: true, ..Waiting::default() };
    let (_, out, _) = waited(waiting, [Event::observed(answer(90, FAILED))].into_iter()).await;
    assert_eq!(out.matches("OpNotSupp").count(), 1, "{out}");
}

#[tokio::test]
async fn after_ten_seconds_it_says_what_it_waits_for() {
    let ticks = (0..75).map(|second| Event::tick(at(second)));
    let waits = "no response for 10s: waiting for credentials, or for DataSync in us-east-1";
    let (_, out, _) = waited(Waiting::default(), ticks.clone()).await;
    assert!(out.lines().next().unwrap().ends_with(waits), "{out}");
    assert_eq!(out.lines().filter(|line| line.contains("waiting for")).count(), 2, "once a minute: {out}");
    let (_, out, _) = waited(Waiting::default(), ticks.take(10)).await;
    assert_eq!(out, "");
    let mut screen = App::new([Arn::parse(ARN).unwrap()], at(0), TimeZone::UTC);
    screen.update(Event::tick(at(12)));
    let line = now_of(&screen.executions()[0], &screen);
    assert!(line.trouble.starts_with("no response for 12s") && line.health.is_empty(), "{line:?}");
}
