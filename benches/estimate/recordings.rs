//! Recordings whose end is known: a folder with `NAME.ndjson` for each name in its `ends.json`.

use std::{collections::BTreeMap, fs, io::BufRead, path::Path};

use jiff::Timestamp;
use serde::Deserialize;
use syncscope::{
    App, Arn, Event, Reader,
    bench::{Estimate, Reading, Stage},
};

use super::runs::Run;

/// When an execution stopped transferring.
#[derive(Deserialize)]
struct End {
    transfer_ended: Timestamp,
}

/// The counters of a line, for the plain rules.
#[derive(Deserialize)]
struct Line {
    at: Timestamp,
    execution: String,
    response: Option<Counters>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Counters {
    status: String,
    bytes_written: Option<i64>,
    estimated_bytes_to_transfer: Option<i64>,
    files_transferred: Option<i64>,
    estimated_files_to_transfer: Option<i64>,
}

/// Each recording while it transferred, with what syncscope estimates at each of its lines. Its kind is its name up
/// to the last dash.
pub fn recordings(folder: &Path) -> impl Iterator<Item = (Run, Vec<Option<Estimate>>)> {
    let ends = fs::read_to_string(folder.join("ends.json")).expect("ends.json in the folder");
    let ends: BTreeMap<String, End> = serde_json::from_str(&ends).expect("names with their ends");
    let folder = folder.to_owned();
    ends.into_iter().map(move |(name, end)| {
        let kind = name.rsplit_once('-').map_or(name.as_str(), |(kind, _)| kind).to_owned();
        read(&folder.join(format!("{name}.ndjson")), kind, end.transfer_ended)
    })
}

fn read(path: &Path, kind: String, end: Timestamp) -> (Run, Vec<Option<Estimate>>) {
    let file = fs::File::open(path).expect("a recording for each end");
    let (mut reader, mut app) = (Reader::default(), None);
    let (mut readings, mut estimates) = (Vec::new(), Vec::new());
    for text in std::io::BufReader::new(file).lines() {
        let text = text.expect("a line of text");
        let line: Line = serde_json::from_str(&text).expect("a line of a recording");
        let observation = reader.read(&text).expect("a line of a recording");
        let arn = Arn::parse(&line.execution).expect("an execution");
        let app = app.get_or_insert_with(|| App::new([arn], line.at, jiff::tz::TimeZone::UTC));
        app.update(Event::observed(observation));
        let Some(counters) = line.response.filter(|counters| counters.status == "TRANSFERRING") else { continue };
        let execution = app.execution().expect("the one that was recorded");
        readings.push(reading(line.at, &counters));
        estimates.push(execution.estimator().estimate(line.at).ok());
    }
    let begin = readings.first().expect("an answer while it transferred").at;
    (Run { kind, readings, begin, end }, estimates)
}

/// What the plain rules look at.
fn reading(at: Timestamp, counters: &Counters) -> Reading {
    let total = |total: Option<i64>| total.filter(|total| *total > 0);
    Reading {
        at,
        stage: Stage::Transferring,
        bytes_done: counters.bytes_written,
        bytes_total: total(counters.estimated_bytes_to_transfer),
        files_done: counters.files_transferred,
        files_total: total(counters.estimated_files_to_transfer),
        totals_grow: false,
        limit: None,
        running_for: None,
        clock: None,
        step: None,
        after_gap: false,
    }
}
