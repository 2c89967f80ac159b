//! Tests of recordings: what is recorded comes back, and what goes wrong costs the recording alone.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use jiff::SignedDuration;

use super::*;
use crate::{
    aws::{fault::FaultKind, line::Reader},
    transfer::execution::tests::{answer, at, fault, unknown},
};

/// A folder for a test, gone with it.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("syncscope-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

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

fn archive(folder: &Folder) -> Archive {
    Archive::new(Place::Folder(folder.path().to_owned()), LIMIT)
}

fn file(folder: &Folder) -> PathBuf {
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

/// Keeps all of these, and gives what came of each.
fn kept(archive: &mut Archive, observations: impl IntoIterator<Item = Observation>) -> Vec<Kept> {
    observations.into_iter().map(|observation| archive.keep(&observation)).collect()
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
    let folder = Folder::new();
    assert_fine(&kept(&mut archive(&folder), (0..600).step_by(5).map(running)));
    let mut again = archive(&folder);
    let later = 600 + 3 * 3600;
    let first = again.keep(&running(later));
    let mut execution = first.restored.unwrap();
    for second in (later..later + 600).step_by(5) {
        execution.observe(&running(second));
        let kept = again.keep(&running(second + 5));
        assert!(kept.restored.is_none(), "only once");
    }
    assert_eq!(events(&execution)[1..3], ["first bytes written", "watching again after 3h"]);
    assert_eq!(execution.watched_since(), at(0));
    assert_eq!(execution.past().refresh.usual(), Some(SignedDuration::from_secs(15)));
}

#[test]
fn unreadable_lines_are_passed_over_and_told() {
    let folder = Folder::new();
    kept(&mut archive(&folder), [running(0), running(15)]);
    let mut text = fs::read(file(&folder)).unwrap();
    text.truncate(text.len() - 5);
    text.splice(0..0, *b"\xff\xfe\nnot json\n");
    fs::write(file(&folder), text).unwrap();
    let mut again = archive(&folder);
    let first = again.keep(&running(30));
    let restored = first.restored.unwrap();
    assert_eq!(restored.responded_at(), Some(at(0)));
    assert_eq!(events(&restored)[1..], ["3 lines of the recording cannot be read"]);
    assert_eq!(read(&file(&folder)).0.len(), 2);
}

#[test]
fn another_execution_of_the_same_name_begins_a_recording_of_its_own() {
    let folder = Folder::new();
    let other = |second: i64| answer(second, r#""Status":"QUEUED","StartTime":1800009000.5"#);
    kept(&mut archive(&folder), [running(0), running(5)]);
    let mut again = archive(&folder);
    let all = kept(&mut again, [other(100), other(105)]);
    assert_fine(&all);
    assert!(all.iter().all(|kept| kept.restored.is_none()));
    assert_eq!(read(&file(&folder)).0.len(), 2);
    assert_eq!(read(&file(&folder).with_extension("1.ndjson")).0, [running(0), running(5)]);
    drop(again);
    // a fault says nothing of which one it is: what was shown is taken back
    let mut again = archive(&folder);
    let all = kept(&mut again, [fault(200, FaultKind::Unreachable), running(205), running(210)]);
    assert_fine(&all);
    let answered: Vec<_> = all.iter().map(|kept| kept.restored.as_ref().map(|before| before.responded_at())).collect();
    assert_eq!(answered, [Some(Some(at(105))), Some(None), None]);
    assert_eq!(read(&file(&folder)).0, [running(205), running(210)]);
    assert_eq!(read(&file(&folder).with_extension("2.ndjson")).0.len(), 3);
}

#[test]
fn a_second_watch_reads_and_does_not_write_until_the_first_is_gone() {
    let folder = Folder::new();
    let mut first = archive(&folder);
    kept(&mut first, [running(0), running(5)]);
    let mut second = archive(&folder);
    let all = kept(&mut second, [running(10), running(15)]);
    assert_eq!(all[0].restored.as_ref().unwrap().responded_at(), Some(at(5)));
    assert_eq!(all[1].trouble.as_deref(), Some("Not recorded: another syncscope records this transfer already."));
    assert_eq!(read(&file(&folder)).0.len(), 2);
    drop(first);
    assert_eq!(kept(&mut second, [running(70)])[0].trouble, None);
    assert_eq!(read(&file(&folder)), (vec![running(0), running(5), running(70)], 0));
}

#[test]
fn a_file_that_was_removed_is_begun_anew() {
    let folder = Folder::new();
    let mut archive = archive(&folder);
    kept(&mut archive, [running(0), running(5)]);
    fs::remove_file(file(&folder)).unwrap();
    assert_fine(&kept(&mut archive, (10..=75).step_by(5).map(running)));
    let (observations, unreadable) = read(&file(&folder));
    assert_eq!((observations.first(), observations.last(), unreadable), (Some(&running(60)), Some(&running(75)), 0));
}

#[test]
fn what_cannot_be_recorded_is_said_and_tried_again() {
    let folder = Folder::new();
    let state = folder.path().join("state");
    fs::write(&state, "no folder").unwrap();
    let mut archive = Archive::new(Place::Folder(state.join("syncscope")), LIMIT);
    let all = kept(&mut archive, (0..=55).step_by(5).map(running));
    let said: Vec<&str> = all.iter().filter_map(|kept| kept.trouble.as_deref()).collect();
    assert_eq!(said.len(), 12);
    assert!(said.iter().all(|text| text == &said[0] && text.starts_with("Not recorded: ")), "{said:?}");
    fs::remove_file(&state).unwrap();
    assert_fine(&kept(&mut archive, [running(60)]));
    let nowhere = Archive::new(Place::Nowhere, LIMIT).keep(&running(0));
    assert!(nowhere.trouble.unwrap().contains("--record FILE"));
}

#[test]
fn a_task_without_an_execution_has_no_recording_yet() {
    let folder = Folder::new();
    let (task, _) =
        running(0).execution.split_once("/execution").map(|(task, rest)| (task.to_owned(), rest.len())).unwrap();
    let unseen = Observation { execution: task.into(), ..fault(0, FaultKind::Unreachable) };
    assert_fine(&kept(&mut archive(&folder), [unseen]));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_watch_begins_with_pruning_what_is_long_over() {
    let folder = Folder::new();
    let old = folder.path().join("exec-old.ndjson");
    let over = Observation { at: at(-40 * 86_400), ..answer(0, r#""Status":"SUCCESS""#) };
    Recording::open(&old, LIMIT).unwrap().write(&over).unwrap();
    let mut archive = archive(&folder);
    archive.keep(&running(0));
    archive.tidy(at(0));
    while old.exists() {
        thread::yield_now();
    }
    assert!(file(&folder).exists());
}

#[test]
fn all_transfers_of_one_file_come_back() {
    let folder = Folder::new();
    let place = Place::File(folder.path().join("all.ndjson"));
    let other =
        |second| Observation { execution: running(0).execution.replace("exec-0", "exec-f").into(), ..running(second) };
    kept(&mut Archive::new(place.clone(), LIMIT), [running(0), other(1), running(5), other(6)]);
    let all = kept(&mut Archive::new(place, LIMIT), [running(10), other(11)]);
    assert_fine(&all);
    let answered: Vec<_> = all.iter().map(|kept| kept.restored.as_ref().unwrap().responded_at().unwrap()).collect();
    assert_eq!(answered, [at(5), at(6)]);
}

#[tokio::test]
async fn the_recorder_tells_what_is_new_and_only_that() {
    let folder = Folder::new();
    let place = Place::Folder(folder.path().to_owned());
    let mut recorder = Recorder::start(place.clone());
    assert!(recorder.keep(&running(0)).await.is_empty());
    let mut second = Recorder::start(place);
    let news = second.keep(&running(5)).await;
    assert!(matches!(&news[..], [EventKind::Restored(_), EventKind::Recording(Some(_))]), "{news:?}");
    assert!(second.keep(&running(10)).await.is_empty());
    recorder.end().await;
    let news = second.keep(&running(70)).await;
    assert!(matches!(&news[..], [EventKind::Recording(None)]), "{news:?}");
}

#[tokio::test]
async fn a_disk_that_hangs_does_not_hold_the_watch_up() {
    let (jobs, taken) = std::sync::mpsc::channel();
    let short = Patience { written: Duration::from_millis(1), restored: Duration::from_millis(1) };
    let mut recorder = Recorder {
        jobs,
        ended: oneshot::channel().1,
        begun: HashSet::new(),
        late: None,
        trouble: None,
        patience: short,
    };
    let news = recorder.keep(&running(0)).await;
    assert!(matches!(&news[..], [EventKind::Recording(Some(text))] if text.contains("disk")), "{news:?}");
    assert!(recorder.keep(&running(5)).await.is_empty());
    let job: Job = taken.recv().unwrap();
    job.done.send(Kept { restored: Some(Box::new(unknown())), trouble: None }).unwrap();
    let answering = thread::spawn(move || taken.recv().unwrap().done.send(Kept::default()).unwrap());
    recorder.patience = PATIENCE;
    let news = recorder.keep(&running(10)).await;
    answering.join().unwrap();
    assert!(matches!(&news[..], [EventKind::Recording(None)]), "what came too late is not shown: {news:?}");
    assert!(matches!(&recorder.keep(&running(15)).await[..], [EventKind::Recording(Some(_))]), "nobody is there");
}
