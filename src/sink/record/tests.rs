//! Tests of recordings: what is recorded comes back, and what goes wrong costs the recording alone.

use std::{fs, path::PathBuf, sync::Mutex};

use jiff::SignedDuration;
use tempfile::{TempDir, tempdir};

use super::{file::RecordingFile, open::Links, *};
use crate::{
    aws::{fault::FaultKind, line::Reader},
    transfer::execution::tests::{answer, at, fault, unknown},
};

/// The observations in a recording, and how many lines are none.
pub fn read(path: &Path) -> (Vec<Observation>, usize) {
    let (mut reader, mut observations, mut unreadable) = (Reader::default(), Vec::new(), 0);
    let text = fs::read(path).unwrap();
    for line in String::from_utf8_lossy(&text).lines() {
        match reader.read(line) {
            Ok(observation) => observations.push(observation),
            Err(_) => unreadable += 1,
        }
    }
    (observations, unreadable)
}

const LIMIT: u64 = u64::MAX / 4;
const ID: &str = "exec-0123456789abcdef0";

fn recordings(folder: &TempDir) -> Recordings {
    Recordings::new(Place::Folder(folder.path().to_owned()), LIMIT)
}

fn file(folder: &TempDir) -> PathBuf {
    folder.path().join(format!("{ID}.ndjson"))
}

fn running(second: i64) -> Observation {
    let step = second / 15;
    let members = format!(
        r#""Status":"TRANSFERRING","StartTime":1799999990.5,"BytesWritten":{},"FilesTransferred":{step},"EstimatedBytesToTransfer":100000000,"EstimatedFilesToTransfer":9000"#,
        step * 1_000_000
    );
    answer(second, &members)
}

/// What came of keeping an observation.
struct Kept {
    restored: Option<Box<Execution>>,
    trouble: Option<String>,
}

/// Keeps an observation, and reads the past that it waits for.
fn keep(recordings: &mut Recordings, observation: Observation) -> Kept {
    let mut begun: Vec<Begun> = recordings.keep(observation).into_iter().collect();
    while let Some(path) = recordings.next_unread() {
        begun.extend(recordings.restore(&path, past::read(&path).unwrap_or_default()));
    }
    assert_eq!(recordings.waiting(), 0);
    Kept { restored: begun.pop().and_then(|begun| begun.past), trouble: recordings.flush() }
}

/// Keeps all of these, and gives what came of each.
fn kept(recordings: &mut Recordings, observations: impl IntoIterator<Item = Observation>) -> Vec<Kept> {
    observations.into_iter().map(|observation| keep(recordings, observation)).collect()
}

#[track_caller]
fn assert_fine(all: &[Kept]) {
    assert_eq!(all.iter().find_map(|kept| kept.trouble.as_deref()), None);
}

fn events(execution: &Execution) -> Vec<String> {
    execution.events().iter().map(|event| crate::say::words::events::words(&event.kind)).collect()
}

#[test]
fn a_gap_is_shown_as_a_gap() {
    let folder = tempdir().unwrap();
    assert_fine(&kept(&mut recordings(&folder), (0..600).step_by(5).map(running)));
    let mut again = recordings(&folder);
    let later = 600 + 3 * 3600;
    let first = keep(&mut again, running(later));
    let mut execution = first.restored.unwrap();
    for second in (later..later + 600).step_by(5) {
        execution.observe(&running(second));
        let kept = keep(&mut again, running(second + 5));
        assert!(kept.restored.is_none(), "only once");
    }
    assert_eq!(events(&execution)[1..3], ["first bytes written", "watching again after 3h"]);
    assert_eq!(execution.watched_since(), at(0));
    assert_eq!(execution.past().refresh.usual(), Some(SignedDuration::from_secs(15)));
}

#[test]
fn unreadable_lines_are_passed_over_and_told() {
    let folder = tempdir().unwrap();
    kept(&mut recordings(&folder), [running(0), running(15)]);
    let mut text = fs::read(file(&folder)).unwrap();
    text.truncate(text.len() - 5);
    text.splice(0..0, *b"\xff\xfe\nnot json\n");
    fs::write(file(&folder), text).unwrap();
    let mut again = recordings(&folder);
    let first = keep(&mut again, running(30));
    let restored = first.restored.unwrap();
    assert_eq!(restored.responded_at(), Some(at(0)));
    assert_eq!(events(&restored)[1..], ["3 lines of the recording cannot be read"]);
    assert_eq!(read(&file(&folder)).0.len(), 2);
}

#[test]
fn another_execution_of_the_same_name_begins_a_recording_of_its_own() {
    let folder = tempdir().unwrap();
    let other = |second: i64| answer(second, r#""Status":"QUEUED","StartTime":1800009000.5"#);
    kept(&mut recordings(&folder), [running(0), running(5)]);
    let mut again = recordings(&folder);
    let all = kept(&mut again, [other(100), other(105)]);
    assert_fine(&all);
    assert!(all.iter().all(|kept| kept.restored.is_none()));
    assert_eq!(read(&file(&folder)).0.len(), 2);
    assert_eq!(read(&file(&folder).with_extension("1.ndjson")).0, [running(0), running(5)]);
}

/// A fault says nothing of which execution it is: what was shown is taken back.
#[tokio::test]
async fn a_past_that_was_shown_is_taken_back_where_it_is_of_another_execution() {
    let folder = tempdir().unwrap();
    kept(&mut recordings(&folder), [answer(105, r#""Status":"QUEUED","StartTime":1800009000.5"#)]);
    let mut recorder = Recorder::start(Place::Folder(folder.path().to_owned()));
    let mut answered = Vec::new();
    for observation in [fault(200, FaultKind::Unreachable), running(205), running(210)] {
        let news = recorder.keep(&observation).await;
        answered.push(news.into_iter().map(restored).next());
    }
    assert_eq!(answered, [Some(Some(at(105))), Some(None), None]);
    recorder.end().await;
    assert_eq!(read(&file(&folder)).0, [running(205), running(210)]);
    assert_eq!(read(&file(&folder).with_extension("1.ndjson")).0.len(), 2);
}

/// When the execution that is restored was answered last.
fn restored(what: EventKind) -> Option<Timestamp> {
    match what {
        EventKind::Restored(execution) => execution.responded_at(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_second_watch_reads_and_does_not_write_until_the_first_is_gone() {
    let folder = tempdir().unwrap();
    let mut first = recordings(&folder);
    kept(&mut first, [running(0), running(5)]);
    let mut second = recordings(&folder);
    let all = kept(&mut second, [running(10), running(15)]);
    assert_eq!(all[0].restored.as_ref().unwrap().responded_at(), Some(at(5)));
    assert_eq!(all[1].trouble.as_deref(), Some("Recording stopped: another syncscope records this transfer already."));
    assert_eq!(read(&file(&folder)).0.len(), 2);
    drop(first);
    assert_eq!(kept(&mut second, [running(70)])[0].trouble, None);
    assert_eq!(read(&file(&folder)), (vec![running(0), running(5), running(70)], 0));
}

#[test]
fn a_file_that_was_removed_is_begun_anew() {
    let folder = tempdir().unwrap();
    let mut again = recordings(&folder);
    kept(&mut again, [running(0), running(5)]);
    fs::remove_file(file(&folder)).unwrap();
    assert_fine(&kept(&mut again, (10..=75).step_by(5).map(running)));
    let (observations, unreadable) = read(&file(&folder));
    assert_eq!((observations.first(), observations.last(), unreadable), (Some(&running(60)), Some(&running(75)), 0));
}

#[test]
fn what_cannot_be_recorded_is_said_and_tried_again() {
    let folder = tempdir().unwrap();
    let state = folder.path().join("state");
    fs::write(&state, "no folder").unwrap();
    let mut again = Recordings::new(Place::Folder(state.join("syncscope")), LIMIT);
    let all = kept(&mut again, (0..=55).step_by(5).map(running));
    let said: Vec<&str> = all.iter().filter_map(|kept| kept.trouble.as_deref()).collect();
    assert_eq!(said.len(), 12);
    assert!(said.iter().all(|text| text == &said[0] && text.starts_with("Recording stopped: ")), "{said:?}");
    fs::remove_file(&state).unwrap();
    assert_fine(&kept(&mut again, [running(60)]));
    let nowhere = keep(&mut Recordings::new(Place::Nowhere, LIMIT), running(0));
    assert!(nowhere.trouble.unwrap().contains("--record FILE"));
}

#[test]
fn a_task_without_an_execution_has_no_recording_yet() {
    let folder = tempdir().unwrap();
    let (task, _) =
        running(0).execution.split_once("/execution").map(|(task, rest)| (task.to_owned(), rest.len())).unwrap();
    let unseen = Observation { execution: task.into(), ..fault(0, FaultKind::Unreachable) };
    assert_fine(&kept(&mut recordings(&folder), [unseen]));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn after_a_minute_a_watch_prunes_what_is_long_over() {
    let folder = tempdir().unwrap();
    let path = |name: &str| folder.path().join(format!("exec-{name}.ndjson"));
    let old = path("old");
    for (name, day) in [("old", -40), ("newer", 0)] {
        let over = Observation { at: at(day * 86_400), ..answer(0, r#""Status":"SUCCESS""#) };
        let mut recording = RecordingFile::open(&path(name), LIMIT, Links::Refused).unwrap();
        recording.write(&over).unwrap();
        recording.written_at(over.at);
    }
    let mut all = recordings(&folder);
    keep(&mut all, running(0));
    all.age();
    all.tidy(at(0));
    while old.exists() {
        thread::yield_now();
    }
    assert!(file(&folder).exists());
}

#[test]
fn all_transfers_of_one_file_come_back() {
    let folder = tempdir().unwrap();
    let place = Place::File(folder.path().join("all.ndjson"));
    kept(&mut Recordings::new(place.clone(), LIMIT), [running(0), other(1), running(5), other(6)]);
    let all = kept(&mut Recordings::new(place, LIMIT), [running(10), other(11)]);
    assert_fine(&all);
    let answered: Vec<_> = all.iter().map(|kept| kept.restored.as_ref().unwrap().responded_at().unwrap()).collect();
    assert_eq!(answered, [at(5), at(6)]);
}

#[tokio::test]
async fn the_recorder_tells_what_is_new_and_only_that() {
    let folder = tempdir().unwrap();
    let place = Place::Folder(folder.path().to_owned());
    let mut recorder = Recorder::start(place.clone());
    assert!(recorder.keep(&running(0)).await.is_empty());
    let mut second = Recorder::start(place);
    let news = second.keep(&running(5)).await;
    assert!(matches!(&news[..], [EventKind::Recording(Some(_)), EventKind::Restored(_)]), "{news:?}");
    assert!(second.keep(&running(10)).await.is_empty());
    recorder.end().await;
    let news = second.keep(&running(70)).await;
    assert!(matches!(&news[..], [EventKind::Recording(None)]), "{news:?}");
}

/// A recorder whose thread is played by the test.
fn played(patience: Patience) -> (Recorder, mpsc::Receiver<Job>, UnboundedSender<News>) {
    let ((jobs, taken), (tell, news)) = (mpsc::channel(), unbounded_channel());
    (Recorder::over(jobs, news, patience), taken, tell)
}

#[tokio::test]
async fn a_disk_that_hangs_does_not_hold_the_watch_up() {
    let short = Patience { written: Duration::from_millis(1), restored: Duration::from_millis(1) };
    let (mut recorder, taken, tell) = played(short);
    let news = recorder.keep(&running(0)).await;
    assert!(matches!(&news[..], [EventKind::Recording(Some(text))] if text.contains("disk")), "{news:?}");
    // what was watched before is not waited for any longer
    while recorder.is_holding() {
        recorder.news().await;
    }
    assert!(recorder.keep(&running(5)).await.is_empty());
    let late = Begun { execution: running(0).execution, past: Some(Box::new(unknown())) };
    tell.send(News::Begun(late)).unwrap();
    tell.send(News::Kept { done: 2, error: None }).unwrap();
    recorder.patience = PATIENCE;
    let news: Vec<Event> = [recorder.news().await, recorder.news().await].concat();
    let news: Vec<EventKind> = news.into_iter().map(|event| event.what).collect();
    assert!(matches!(&news[..], [EventKind::Recording(None)]), "what came too late is not shown: {news:?}");
    drop((taken, tell));
    assert!(matches!(&recorder.keep(&running(15)).await[..], [EventKind::Recording(Some(_))]), "nobody is there");
}

#[tokio::test]
async fn what_the_disk_cannot_keep_up_with_is_not_piled_up() {
    let (mut recorder, taken, tell) = played(PATIENCE);
    let mut events = 0;
    for second in 0..WAITING as i64 + 10 {
        events += recorder.take(running(second)).len();
    }
    assert_eq!((events, taken.try_iter().count() as u64), (1, WAITING), "it is told once");
    assert_eq!(recorder.take(other(0)).len(), 1, "what is not recorded waits for nothing");
    tell.send(News::Begun(Begun { execution: running(0).execution, past: None })).unwrap();
    assert_eq!(recorder.news().await.len() as u64, WAITING + 10, "all of them are shown");
    tell.send(News::Kept { done: WAITING, error: None }).unwrap();
    assert!(matches!(&recorder.news().await[..], [Event { what: EventKind::Recording(None), .. }]));
    recorder.take(running(0));
    assert_eq!(taken.try_iter().count(), 1);
}

/// Bodies of many MiB come back, and can be compacted.
#[test]
fn the_longest_body_is_recorded_restored_and_compacted() {
    let folder = tempdir().unwrap();
    let filler = "x".repeat(5 << 20);
    let long = |second: i64| answer(second, &format!(r#""Status":"QUEUED","Novel":"{second} {filler}""#));
    kept(&mut recordings(&folder), [long(0), long(5), running(10)]);
    let mut again = Recordings::new(Place::Folder(folder.path().to_owned()), 1 << 20);
    let restored = keep(&mut again, running(15)).restored.unwrap();
    assert_eq!(restored.responded_at(), Some(at(10)));
    assert_eq!(events(&restored).len(), 2, "no line of it was unreadable: {:?}", events(&restored));
    let before = fs::metadata(file(&folder)).unwrap().len();
    again.tidy(at(3 * 86_400));
    let after = fs::metadata(file(&folder)).unwrap().len();
    assert!(after < before - (5 << 20), "{after} of {before} bytes");
    assert_eq!(read(&file(&folder)).1, 0);
}

fn other(second: i64) -> Observation {
    Observation { execution: running(0).execution.replace("exec-0", "exec-f").into(), ..running(second) }
}

/// While the past of one is read, others are watched and recorded, and it comes with all that waited for it.
#[tokio::test]
async fn a_long_past_holds_up_nobody_else() {
    let folder = tempdir().unwrap();
    kept(&mut recordings(&folder), [running(0), running(5)]);
    let (go, gone) = mpsc::channel::<()>();
    let gone = Mutex::new(gone);
    let read_past: ReadPast = Arc::new(move |path| {
        gone.lock().unwrap().recv().unwrap();
        past::read(path).unwrap()
    });
    let mut recorder = Recorder::with(recordings(&folder), read_past);
    let shown = |events: &[Event]| -> Vec<i64> {
        let second = |event: &Event| event.at.duration_since(at(0)).as_secs();
        events.iter().filter(|event| matches!(event.what, EventKind::Observed(_))).map(second).collect()
    };
    assert!(recorder.take(running(10)).is_empty());
    assert!(recorder.take(other(11)).is_empty(), "whether it has a past is not known yet");
    let mut events = Vec::new();
    while shown(&events) != [11] {
        events.extend(recorder.news().await);
    }
    assert!(recorder.take(running(15)).is_empty());
    assert_eq!(shown(&recorder.take(other(16))), [16], "it is not held up");
    let theirs = folder.path().join("exec-f123456789abcdef0.ndjson");
    while read(&theirs).0.len() < 2 {
        recorder.news().await;
    }
    go.send(()).unwrap();
    let mut events = Vec::new();
    while events.is_empty() {
        events = recorder.news().await;
    }
    let EventKind::Restored(past) = &events[0].what else { panic!("{events:?}") };
    assert_eq!((past.responded_at(), shown(&events)), (Some(at(5)), vec![10, 15]));
    recorder.end().await;
    assert_eq!(read(&file(&folder)), (vec![running(0), running(5), running(10), running(15)], 0));
    assert_eq!(read(&theirs), (vec![other(11), other(16)], 0));
}

#[tokio::test]
async fn what_waits_for_a_past_is_recorded_at_the_end() {
    let folder = tempdir().unwrap();
    kept(&mut recordings(&folder), [running(0)]);
    let mut recorder = Recorder::start(Place::Folder(folder.path().to_owned()));
    assert!(recorder.take(running(5)).is_empty());
    let events: Vec<EventKind> = recorder.end().await.into_iter().map(|event| event.what).collect();
    assert!(matches!(&events[..], [EventKind::Restored(_), EventKind::Observed(_)]), "{events:?}");
    assert_eq!(read(&file(&folder)), (vec![running(0), running(5)], 0));
}
