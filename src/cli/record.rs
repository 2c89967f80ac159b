//! The recording flags, and the step between a source and the events at which observations are recorded.

use std::path::PathBuf;

use clap::Args;
use tokio::sync::mpsc::{Receiver, Sender};

use super::terminal::tell;
use crate::{
    app::{Event, EventKind},
    aws::observation::Observation,
    sink::{
        folder,
        record::{Place, Recorder},
    },
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
    pub fn place(self) -> Option<Place> {
        match self.record {
            _ if self.no_record => None,
            Some(file) => Some(Place::File(file)),
            None => Some(folder::recordings().map_or(Place::Nowhere, Place::Folder)),
        }
    }
}

/// Passes observations on as events, until there are no more or nobody takes them. They are recorded beside if there
/// is a place for it; before the first one of an execution comes what was watched of it before.
pub async fn forward(mut observations: Receiver<Observation>, events: Sender<Event>, place: Option<Place>) {
    let Some(place) = place else {
        while let Some(observation) = observations.recv().await {
            if events.send(Event::observed(observation)).await.is_err() {
                return;
            }
        }
        return;
    };
    let mut recorder = Recorder::start(place);
    loop {
        let passed = tokio::select! {
            observation = observations.recv() => match observation {
                Some(observation) => recorder.take(observation),
                None => break,
            },
            news = recorder.news() => news,
        };
        for event in passed {
            if events.send(event).await.is_err() {
                return;
            }
        }
    }
    for event in recorder.end().await {
        if events.send(event).await.is_err() {
            return;
        }
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
