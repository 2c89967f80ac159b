//! Executions from a folder of recordings, and the same with a stop put into them.

use std::{fs, path::Path, time::Duration};

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use syncscope::{Observation, Outcome, Response};

/// A recorded execution.
pub struct Recorded {
    pub name: String,
    pub observations: Vec<Observation>,
}

/// All recordings of a folder, by name.
pub fn recordings(folder: &Path) -> Vec<Recorded> {
    let files = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "ndjson"));
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Recorded {
    let text = fs::read_to_string(path).expect("a recording");
    let mut observations: Vec<Observation> = text.lines().map(observation).collect();
    let apart = observations.windows(2).map(|pair| pair[1].at.duration_since(pair[0].at)).next();
    let next = apart.and_then(|apart| Duration::try_from(apart).ok());
    observations.iter_mut().for_each(|observation| observation.next = next);
    Recorded { name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), observations }
}

fn observation(line: &str) -> Observation {
    let line: Value = serde_json::from_str(line).expect("a line");
    let text = |member: &str| line[member].as_str().expect("a text");
    Observation {
        execution: text("execution").into(),
        at: text("at").parse().expect("a moment"),
        outcome: response(&line["response"]),
        task: None,
        next: None,
    }
}

fn response(body: &Value) -> Outcome {
    Outcome::Response(Response::parse(&body.to_string()).expect("a response"))
}

fn body(observation: &Observation) -> Value {
    let Outcome::Response(response) = &observation.outcome else { panic!("a response") };
    serde_json::from_str(response.verbatim()).expect("JSON")
}

impl Recorded {
    /// Seconds between two changes of BytesWritten, the median; 15 where it never changes.
    pub fn step(&self) -> f64 {
        let mut changes: Vec<Timestamp> = Vec::new();
        let mut before = Value::Null;
        for observation in &self.observations {
            let now = body(observation)["BytesWritten"].clone();
            if std::mem::replace(&mut before, now.clone()) != now {
                changes.push(observation.at);
            }
        }
        let mut apart: Vec<f64> =
            changes.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_secs_f64()).collect();
        apart.sort_by(f64::total_cmp);
        apart.get(apart.len() / 2).copied().unwrap_or(15.0)
    }

    /// The same with half an hour in the middle in which counters stand still while durations go on; everything after
    /// it comes half an hour later. `None` where it is too short.
    pub fn with_a_stop(&self, seed: u64) -> Option<(Vec<Observation>, (Timestamp, Timestamp))> {
        let long = SignedDuration::from_mins(30);
        let transfers: Vec<usize> = (0..self.observations.len())
            .filter(|place| body(&self.observations[*place])["Status"] == "TRANSFERRING")
            .collect();
        let share = 0.2 + 0.5 * Rng::with_seed(seed).f64();
        let place = *transfers.get((transfers.len() as f64 * share) as usize)?;
        let apart = self.observations[place].next?;
        let count = (long.as_secs_f64() / apart.as_secs_f64()) as u32;
        (transfers.len() > 100).then_some(())?;
        let stands = body(&self.observations[place]);
        let (head, tail) = self.observations.split_at(place + 1);
        let mut all = head.to_vec();
        for nth in 1..=count {
            let mut answer = stands.clone();
            let passed = apart * nth;
            let total = answer["Result"]["TotalDuration"].as_i64()?;
            answer["Result"]["TotalDuration"] = (total + i64::try_from(passed.as_millis()).ok()?).into();
            let at = head[place].at + SignedDuration::try_from(passed).ok()?;
            all.push(Observation { at, outcome: response(&answer), ..head[place].clone() });
        }
        let later = SignedDuration::try_from(apart * count).ok()?;
        all.extend(tail.iter().map(|observation| Observation { at: observation.at + later, ..observation.clone() }));
        let again = tail.iter().find(|observation| body(observation)["BytesWritten"] != stands["BytesWritten"])?.at;
        Some((all, (head[place].at, again + later)))
    }
}
