//! The recording flags, and the step between a source and the events at which observations are recorded.

use std::{collections::HashMap, path::PathBuf, pin::pin, time::Duration};

use clap::Args;
use tokio::{
    sync::mpsc::{Receiver, Sender, error::SendError},
    task::JoinHandle,
    time::timeout,
};

use super::{exit::CliError, poll_once::STDIN, terminal::tell};
use crate::{
    app::{Event, EventKind},
    aws::observation::Observation,
    say::text::clean,
    sink::{
        folder,
        record::{Place, Recorder, check_path, earlier},
    },
    transfer::judge::estimate::EarlierRun,
};

/// The recording flags.
#[derive(Debug, Args)]
pub struct RecordArgs {
    /// Record to this file instead of one per execution in the state directory
    #[arg(long, value_name = "FILE", conflicts_with = "no_record")]
    pub record: Option<PathBuf>,
    /// Do not record, and do not show what was recorded before
    #[arg(long)]
    pub no_record: bool,
}

impl RecordArgs {
    /// Where to record; `None` for not at all.
    ///
    /// # Errors
    /// The named file is none that could be recorded into.
    pub fn place(self) -> Result<Option<Place>, CliError> {
        Ok(match self.record {
            _ if self.no_record => None,
            Some(file) => Some(Place::File(fit(file)?)),
            None => Some(folder::recordings().map_or(Place::Nowhere, Place::Folder)),
        })
    }
}

/// A named file, if nothing is lost by recording into it.
pub fn fit(file: PathBuf) -> Result<PathBuf, CliError> {
    let why = if file.as_os_str() == STDIN {
        "a recording can't be standard output".to_owned()
    } else {
        match check_path(&file) {
            Ok(()) => return Ok(file),
            Err(why) => why.to_string(),
        }
    };
    Err(CliError::usage(format!("--record: {}: give the name of a new file, or of a recording", clean(&why))))
}

/// Passes observations on as events, until there are no more or nobody takes them. They are recorded beside if there
/// is a place for it; before the first one of an execution comes what was watched of it before.
///
/// It ends when the recording is whole, and gives back what nobody took any more.
pub async fn forward(
    mut observations: Receiver<Observation>,
    events: Sender<Event>,
    place: Option<Place>,
) -> Vec<Event> {
    let mut untaken = Vec::new();
    let Some(place) = place else {
        let passing = async {
            while let Some(observation) = observations.recv().await {
                let _ = events.send(Event::observed(observation)).await;
            }
        };
        tokio::select! {
            () = passing => {}
            () = events.closed() => {}
        }
        return untaken;
    };
    let folder = if let Place::Folder(folder) = &place { Some(folder.clone()) } else { None };
    let (mut reading, mut earlier) = (pin!(remembered(folder)), None);
    let mut is_read = false;
    let mut recorder = Recorder::start(place);
    loop {
        let passed = tokio::select! {
            runs = &mut reading, if !is_read => {
                (is_read, earlier) = (true, runs);
                continue;
            }
            observation = observations.recv() => match observation {
                Some(observation) => {
                    let at = observation.at;
                    let mut events = recorder.take(observation);
                    events.extend(earlier.take().map(|runs| Event { at, what: EventKind::Remembered(runs) }));
                    events
                }
                None => break,
            },
            news = recorder.news() => news,
            () = events.closed() => break,
        };
        pass(passed, &events, &mut untaken).await;
    }
    pass(recorder.end().await, &events, &mut untaken).await;
    untaken
}

/// What earlier runs did, by the recordings in the folder.
async fn remembered(folder: Option<PathBuf>) -> Option<HashMap<String, Vec<EarlierRun>>> {
    let folder = folder?;
    tokio::task::spawn_blocking(move || earlier::runs(&folder)).await.ok().filter(|runs| !runs.is_empty())
}

async fn pass(passed: Vec<Event>, events: &Sender<Event>, untaken: &mut Vec<Event>) {
    for event in passed {
        if let Err(SendError(event)) = events.send(event).await {
            untaken.push(event);
        }
    }
}

/// How long a recording is waited for where someone wants to leave.
const LEAVING: Duration = Duration::from_secs(1);

/// Waits until the recording is whole, once nobody takes events any more, and says why it is not.
pub async fn recorded(forwarding: JoinHandle<Vec<Event>>, is_leaving: bool) {
    let most = if is_leaving { LEAVING } else { Duration::MAX };
    match timeout(most, forwarding).await {
        Ok(untaken) => untaken.unwrap_or_default().iter().for_each(print_error),
        Err(_) => tell("the recording may lack the last polls: its disk does not respond"),
    }
}

/// Where there is no screen: prints on standard error why recording stopped.
pub fn print_error(event: &Event) {
    if let EventKind::Recording(Some(trouble)) = &event.what {
        tell(trouble);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::{Timestamp, tz::TimeZone};
    use tokio::sync::mpsc;

    use super::*;
    use crate::{app::App, aws::arn::Arn, demo::simulated, say::state::State};

    /// An app that took these observations, recorded on the way.
    async fn watched(looks: &[Observation], place: Option<Place>) -> App {
        let mut app = App::new([Arn::parse(&looks[0].execution).unwrap()], looks[0].at, TimeZone::UTC);
        let (send, observations) = mpsc::channel(4);
        let (events, mut stream) = mpsc::channel(4);
        tokio::spawn(forward(observations, events, place));
        let sending = async move {
            for look in looks {
                send.send(look.clone()).await.unwrap();
            }
        };
        let folding = async {
            while let Some(event) = stream.recv().await {
                assert!(!matches!(event.what, EventKind::Recording(Some(_))), "{event:?}");
                app.update(event);
            }
        };
        tokio::join!(sending, folding);
        app
    }

    #[tokio::test]
    async fn the_recording_is_made_whole_after_nobody_takes_events_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let started: Timestamp = "2026-11-22T16:00:00Z".parse().unwrap();
        let looks: Vec<_> = simulated("nothing", started, Duration::from_secs(5)).unwrap().take(20).collect();
        for (path, is_recorded) in [(folder.path().join("whole.ndjson"), true), (folder.path().to_owned(), false)] {
            // the source has not ended
            let (send, observations) = mpsc::channel(looks.len());
            let (events, mut stream) = mpsc::channel(1);
            for look in &looks {
                send.send(look.clone()).await.unwrap();
            }
            let forwarding = tokio::spawn(forward(observations, events, Some(Place::File(path.clone()))));
            let mut all = vec![stream.recv().await.unwrap()];
            stream.close();
            all.extend(std::iter::from_fn(|| stream.try_recv().ok()));
            all.extend(forwarding.await.unwrap());
            let trouble = all.iter().any(|event| matches!(event.what, EventKind::Recording(Some(_))));
            assert_eq!(trouble, !is_recorded, "{all:?}");
            if is_recorded {
                let observed = all.iter().filter(|event| matches!(event.what, EventKind::Observed(_))).count();
                assert_eq!(std::fs::read_to_string(path).unwrap().lines().count(), observed);
            }
        }
    }

    #[tokio::test]
    async fn what_comes_back_is_as_if_it_had_been_watched_all_along() {
        let started: Timestamp = "2026-11-22T16:00:00Z".parse().unwrap();
        for scenario in ["enhanced", "basic", "trouble", "stalled", "failing"] {
            let file = std::env::temp_dir().join(format!("syncscope-{}-{scenario}.ndjson", std::process::id()));
            let place = Some(Place::File(file.clone()));
            let looks: Vec<_> = simulated(scenario, started, Duration::from_secs(10)).unwrap().take(500).collect();
            let all_along = watched(&looks, None).await;
            let (before, after) = looks.split_at(looks.len() * 3 / 5);
            watched(before, place.clone()).await;
            let came_back = watched(after, place).await;
            std::fs::remove_file(file).unwrap();
            let (all_along, came_back) = (all_along.execution().unwrap(), came_back.execution().unwrap());
            let now = looks.last().unwrap().at;
            assert_eq!(State::of(came_back, now).json(), State::of(all_along, now).json(), "{scenario}");
            assert_eq!(format!("{came_back:?}"), format!("{all_along:?}"), "{scenario}");
        }
    }
}
