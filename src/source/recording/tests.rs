//! What a reader of recordings must do: read all that can be read, name the rest, and stand anywhere as if it had
//! come there from the beginning.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::{
    cursor::Observed,
    player::{Player, play},
    *,
};
use crate::{
    app::{EventKind, player::PlaybackRequest},
    aws::{
        line::Writer,
        observation::{Observation, Outcome},
    },
    demo::simulated,
    keys::Playback,
    say::state::State,
};

const FIVE: Duration = Duration::from_secs(5);
const TASK: &str = "arn:aws:datasync:us-east-1:111122223333:task/task-0123456789abcdef0";

fn start() -> Timestamp {
    "2026-11-22T16:00:00Z".parse().unwrap()
}

fn execution(digit: char) -> String {
    format!("{TASK}/execution/exec-0000000000000000{digit}")
}

/// A demo as a recording.
fn simulation(scenario: &str, looks: usize) -> Vec<String> {
    let mut writer = Writer::default();
    simulated(scenario, start(), FIVE).unwrap().take(looks).map(|observation| writer.line(&observation)).collect()
}

fn saved(text: &[u8]) -> Result<Recording, String> {
    let now = start() + SignedDuration::from_hours(1);
    Recording::read(text.to_vec(), FIVE, now).map_err(|why| format!("it {why}"))
}

fn opened(text: &str) -> Result<Arc<Recording>, String> {
    saved(text.as_bytes()).map(Arc::new)
}

fn read(recording: &Arc<Recording>) -> Vec<Observed> {
    cursor::all(recording, None).filter_map(Result::ok).collect()
}

/// When the observations were, in seconds from the start, and what they say was written.
fn written(recording: &Arc<Recording>) -> Vec<(usize, i64, i64)> {
    let bytes = |outcome: &Outcome| match outcome {
        Outcome::Response(answer) => answer.snapshot().bytes_written.map_or(-1, |count| count.0),
        Outcome::Fault(_) => -2,
    };
    let one = |(slot, seen): &Observed| (*slot, seen.at.duration_since(start()).as_secs(), bytes(&seen.outcome));
    read(recording).iter().map(one).collect()
}

fn line(second: i64, digit: char, rest: &str) -> String {
    let at = start() + SignedDuration::from_secs(second);
    format!(r#"{{"at":"{at}","execution":"{}",{rest}}}"#, execution(digit)) + "\n"
}

fn bytes(written: i64) -> String {
    format!(r#""response":{{"Status":"TRANSFERRING","BytesWritten":{written}}}"#)
}

const UNCHANGED: &str = r#""unchanged":true"#;

fn why_not(text: &[u8]) -> String {
    saved(text).map(|recording| recording.count()).expect_err("nothing in it can be read")
}

#[test]
fn what_was_written_is_read() {
    let recording = opened(&simulation("trouble", 1200).concat()).unwrap();
    let observations: Vec<Observation> = simulated("trouble", start(), FIVE).unwrap().take(1200).collect();
    let read = read(&recording);
    assert_eq!(read.len(), observations.len());
    for ((_, read), written) in read.iter().zip(&observations) {
        assert_eq!((read.at, &read.task, read.next), (written.at, &written.task, written.next));
        assert_eq!(read.outcome, written.outcome);
    }
    assert_eq!(recording.unread(), &Unread::default());
}

#[test]
fn what_is_torn_or_garbled_is_named_and_the_rest_is_read() {
    let lines = [
        line(0, 'a', &bytes(10)),
        "\u{1}garbage\n".into(),
        "\n".into(),
        line(5, 'a', UNCHANGED),
        line(6, 'a', r#""response":{"Nothing":1}"#),
        line(10, 'a', r#""unchanged":true,"novel":{"x":[1]}"#),
        line(15, 'b', UNCHANGED),
        line(20, 'a', &bytes(20)).replace('\n', "\r\n"),
        line(25, 'a', &bytes(30))[..120].into(),
    ];
    let recording = opened(&lines.concat()).unwrap();
    assert_eq!(written(&recording), [(0, 0, 10), (0, 5, 10), (0, 10, 10), (0, 20, 20)]);
    let unread = recording.unread().sentence().unwrap();
    let first =
        "3 lines could not be read: 2 is not JSON, 7 says that nothing changed, but no response comes before it, ";
    assert_eq!(unread, format!("{first}9 is cut off."));
    let mut player = Player::new(recording, 1.0);
    player.settle();
    let unread = player.frame().player.unread.unwrap();
    assert!(unread.starts_with("4 lines could not be read: 2 is not JSON, 5 holds no response: "), "{unread}");
}

#[test]
fn lines_out_of_order_are_sorted_after_it_is_known_what_they_refer_to() {
    let lines = [
        line(0, 'a', &bytes(10)),
        line(20, 'a', &bytes(20)),
        line(10, 'a', UNCHANGED),
        line(5, 'a', &bytes(15)),
        line(20, 'a', UNCHANGED),
        line(20, 'a', &bytes(30)),
    ];
    let recording = opened(&lines.concat()).unwrap();
    let sorted = [(0, 0, 10), (0, 5, 15), (0, 10, 20), (0, 20, 20), (0, 20, 15), (0, 20, 30)];
    assert_eq!(written(&recording), sorted);
}

#[test]
fn each_execution_is_its_own() {
    let task = line(0, 'a', r#""fault":{"kind":"not_found","message":"none yet"}"#).replace(&execution('a'), TASK);
    let lines =
        [task, line(5, 'a', &bytes(1)), line(6, 'b', &bytes(2)), line(10, 'a', UNCHANGED), line(11, 'b', UNCHANGED)];
    let recording = opened(&lines.concat()).unwrap();
    assert_eq!(written(&recording), [(0, 0, -2), (0, 5, 1), (1, 6, 2), (0, 10, 1), (1, 11, 2)]);
    let mut player = Player::new(Arc::clone(&recording), 60.0);
    player.seek(recording.end());
    let ids: Vec<String> = player.executions().iter().map(|execution| execution.arn().to_string()).collect();
    assert_eq!(ids, [execution('a'), execution('b')]);
}

#[test]
fn what_is_no_recording_is_refused_in_a_sentence() {
    for (text, says) in [
        (&b""[..], "is empty"),
        (b" \n\n", "is empty"),
        (b"\x1f\x8b\x08\x00\xff\xfe\n\x00", "it is not text"),
        (b"hello\nworld\n", "line 1 is not JSON"),
        (b"{\"a\":1}\n", "neither a Status nor a TaskExecutionArn"),
        (b"{\"Status\":\"TRANSF", "line 1 is cut off"),
        (b"[[[[", "is cut off"),
    ] {
        let why = why_not(text);
        assert!(why.starts_with("it ") && why.contains(says) && !why.contains('\n'), "{why}");
    }
    let folder = Recording::open(Path::new("/"), FIVE, start()).map(|recording| recording.count()).unwrap_err();
    assert_eq!(folder, "'/' is a directory: give a recording in it");
    let absent = tempfile::tempdir().unwrap().path().join("absent");
    let none = Recording::open(&absent, FIVE, start()).map(|recording| recording.count()).unwrap_err();
    assert_eq!(none, format!("'{}' can't be read: no such file or directory", absent.display()));
}

fn published(name: &str) -> String {
    let path = format!("{}/tests/recordings/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

const PUBLISHED: [&str; 5] = [
    "01_basic_success_first_copy",
    "03_basic_launching_changed",
    "05_basic_success_pitc_compressed",
    "08_basic_polled_every_5s_launching_transferring",
    "10_apidoc_enhanced_success_filters",
];

#[test]
fn answers_of_the_command_line_are_read_pretty_and_compact() {
    for name in PUBLISHED {
        let pretty = published(name);
        let value: serde_json::Value = serde_json::from_str(&pretty).unwrap();
        let compact = format!("{value}\n");
        let (pretty, compact) = (opened(&pretty).unwrap(), opened(&compact).unwrap());
        assert_eq!(pretty.unread(), &Unread::default());
        assert_eq!(written(&pretty), written(&compact), "{name}");
        assert!(!pretty.count().eq(&0), "{name}");
    }
}

#[test]
fn answers_are_an_interval_apart_from_their_start_on() {
    let answer = |members: &str| format!("{{\n  \"StartTime\": \"2026-11-22T16:00:00+00:00\",\n  {members}\n}}\n");
    let text = [
        answer(r#""Status": "QUEUED", "BytesWritten": 0"#),
        answer(r#""Status": "TRANSFERRING", "BytesWritten": 1"#),
        "{ garbage\n".into(),
        answer(r#""Status": "TRANSFERRING", "BytesWritten": 2"#),
        answer(r#""Status": "SUCCESS", "BytesWritten": 3, "EndTime": 1795363500.0"#),
        "{ \"Status\": \"TRANS".into(),
    ];
    let recording = opened(&text.concat()).unwrap();
    assert_eq!(written(&recording), [(0, 0, 0), (0, 5, 1), (0, 10, 2), (0, 300, 3)]);
    let unread = recording.unread().sentence().unwrap();
    assert_eq!(unread, "2 lines could not be read: 9 is not JSON, 18 is cut off.");
    let next: Vec<Option<Duration>> = read(&recording).iter().map(|(_, seen)| seen.next).collect();
    assert_eq!(next, [Some(FIVE), Some(FIVE), Some(FIVE), None]);
}

#[test]
fn an_execution_of_which_nothing_could_be_read_has_no_place() {
    let text = [line(0, 'a', &bytes(1)), line(5, 'b', UNCHANGED), line(10, 'c', &bytes(2))].concat();
    let recording = opened(&text).unwrap();
    let places = ['a', 'b', 'c'].map(|digit| recording.slot(&execution(digit).to_string()));
    assert_eq!(places, [Some(0), None, Some(1)]);
}

#[test]
fn answers_in_a_list_are_read_too() {
    let list = format!("[{},{}]", r#"{"Status":"QUEUED"}"#, r#"{"Status":"LAUNCHING"}"#);
    let recording = opened(&list).unwrap();
    assert_eq!(recording.count(), 2);
    let now = start() + SignedDuration::from_hours(1);
    assert_eq!((recording.begin(), recording.end()), (now - FIVE, now), "the last was just saved");
    let sequence = opened(&published(PUBLISHED[3])).unwrap();
    assert_eq!(sequence.count(), 12);
}

/// The states that a recording has after each of its observations.
fn states(recording: &Arc<Recording>) -> Vec<(Timestamp, Vec<String>)> {
    let mut executions = recording.executions();
    let mut states = Vec::new();
    for (slot, observation) in read(recording) {
        executions[slot].observe(&observation);
        states.push((observation.at, json(&executions, observation.at)));
    }
    states
}

fn json(executions: &[Execution], at: Timestamp) -> Vec<String> {
    executions.iter().map(|execution| State::of(execution, at).json()).collect()
}

#[test]
fn a_jump_anywhere_is_as_folding_from_the_beginning() {
    // three stories at once, long enough for several checkpoints
    let stories = ["trouble", "failing", "basic"]
        .map(|scenario| simulated(scenario, start(), FIVE).unwrap().take(700).collect::<Vec<_>>());
    let mut observations: Vec<Observation> = stories.concat();
    observations.sort_by_key(|observation| observation.at);
    let mut writer = Writer::default();
    let text: String = observations.iter().map(|observation| writer.line(observation)).collect();
    let recording = opened(&text).unwrap();
    let states = states(&recording);
    assert!(states.len() > 1200, "{}", states.len());
    let mut player = Player::new(Arc::clone(&recording), 60.0);
    let mut place = 7;
    for settled in [false, true] {
        for _ in 0..20 {
            place = (place * 7919 + 13) % states.len();
            let at = states[place].0;
            player.seek(at);
            // of several at one moment, all are folded in
            let (_, expected) = states.iter().rev().find(|(other, _)| *other == at).unwrap();
            assert_eq!(&json(player.executions(), at), expected, "{place}");
        }
        if !settled {
            player.settle();
        }
    }
}

fn ask(player: &mut Player, playback: Playback) -> i64 {
    player.act(PlaybackRequest { playback, execution: 0 });
    player.now().duration_since(start()).as_secs()
}

#[tokio::test]
async fn what_is_played_from_its_end_on_stays_there() {
    let recording = Arc::new(saved(simulation("enhanced", 100).concat().as_bytes()).unwrap());
    let (end, middle) = (recording.end(), recording.begin() + SignedDuration::from_mins(1));
    for (from, plays) in [(end, false), (middle, true)] {
        let (events, mut told) = tokio::sync::mpsc::channel(64);
        let _commands = play(Arc::clone(&recording), Some(from), 1.0, events).unwrap();
        let first = told.recv().await.unwrap();
        let EventKind::Replayed(frame) = first.what else { panic!("{first:?}") };
        assert_eq!((first.at, frame.player.plays), (from, plays));
    }
}

#[test]
fn steps_and_jumps_go_from_one_change_to_the_next() {
    let lines = [
        line(0, 'a', &bytes(0)),
        line(5, 'a', UNCHANGED),
        line(7, 'b', &bytes(9)),
        line(10, 'a', &bytes(20)),
        line(15, 'a', &bytes(20)),
        line(20, 'a', r#""fault":{"kind":"unreachable","message":"gone"}"#),
        line(25, 'a', r#""fault":{"kind":"unreachable","message":"gone"}"#),
        line(30, 'a', UNCHANGED),
        line(35, 'a', UNCHANGED),
        line(40, 'a', r#""response":{"Status":"ERROR"}"#),
        line(45, 'b', UNCHANGED),
    ];
    let recording = opened(&lines.concat()).unwrap();
    let mut player = Player::new(recording, 60.0);
    let mut walk = |control, times: usize| (0..times).map(|_| ask(&mut player, control)).collect::<Vec<i64>>();
    assert_eq!(walk(Playback::NextChange, 6), [10, 20, 30, 40, 40, 40]);
    assert_eq!(walk(Playback::PreviousChange, 5), [30, 20, 10, 0, 0]);
    assert_eq!(walk(Playback::NextEvent, 4), [10, 20, 40, 40], "bytes, no answer, the end");
    assert_eq!(walk(Playback::PreviousEvent, 4), [20, 10, 0, 0]);
    assert_eq!(walk(Playback::End, 1), [45]);
    assert_eq!(walk(Playback::Begin, 1), [0]);
    assert!(!player.frame().player.plays, "who steps wants to look");
}

#[test]
fn a_recording_over_all_of_the_calendar_is_played() {
    let at = |at: Timestamp| line(0, 'a', &bytes(1)).replace(&start().to_string(), &at.to_string());
    let recording = opened(&[at(Timestamp::MIN), at(Timestamp::MAX)].concat()).unwrap();
    let mut player = Player::new(Arc::clone(&recording), 10_000.0);
    for control in
        [Playback::End, Playback::Begin, Playback::NextChange, Playback::Toggle, Playback::End, Playback::Toggle]
    {
        player.act(PlaybackRequest { playback: control, execution: 0 });
        player.go_on();
        player.frame();
    }
    assert_eq!((recording.begin(), recording.until(Timestamp::MAX)), (Timestamp::MIN, 2));
}

#[test]
fn the_last_moment_pauses_it_and_playing_on_begins_again() {
    let recording = opened(&(line(0, 'a', &bytes(0)) + &line(5, 'a', &bytes(1)))).unwrap();
    let mut player = Player::new(recording, 10_000.0);
    assert_eq!(ask(&mut player, Playback::End), 5);
    player.act(PlaybackRequest { playback: Playback::Toggle, execution: 0 });
    assert!(player.frame().player.plays);
    std::thread::sleep(Duration::from_millis(2));
    player.go_on();
    assert_eq!(player.now().duration_since(start()).as_secs(), 5);
    assert!(!player.frame().player.plays);
    assert_eq!(player.executions()[0].snapshot().unwrap().bytes_written.unwrap().0, 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn no_text_panics(text in "\\PC{0,300}", bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for bytes in [text.as_bytes(), &bytes] {
            if let Ok(recording) = saved(bytes) {
                read(&Arc::new(recording));
            }
        }
    }

    #[test]
    fn every_good_line_is_read_whatever_stands_between(
        garbage in proptest::collection::vec((0usize..40, "[^\\n]{0,80}"), 0..12),
        cut in 0usize..200,
    ) {
        let good = simulation("enhanced", 40);
        let mut lines = good.clone();
        for (place, garbage) in &garbage {
            lines.insert(*place, format!("{garbage}\n"));
        }
        let mut torn = simulation("basic", 1).concat();
        torn.truncate(cut);
        lines.push(torn);
        let recording = opened(&lines.concat()).unwrap();
        prop_assert_eq!(written(&recording), written(&opened(&good.concat()).unwrap()));
    }

    #[test]
    fn mutated_answers_are_read_or_refused(
        which in 0usize..5,
        mutations in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let good = published(PUBLISHED[which]);
        let mut bytes = good.clone().into_bytes();
        for (place, byte) in &mutations {
            let place = place.index(bytes.len());
            bytes[place] = *byte;
        }
        if let Ok(recording) = saved(&bytes) {
            states(&Arc::new(recording));
        }
        // what is broken does not take the answer after it along
        let all = [String::from_utf8_lossy(&bytes).as_ref(), r#"{"Status":"QUEUED","BytesWritten":77}"#].join("\n");
        let recording = opened(&all).unwrap();
        prop_assert_eq!(written(&recording).iter().filter(|(_, _, bytes)| *bytes == 77).count(), 1);
    }
}
