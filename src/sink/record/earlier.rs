//! What earlier runs of each task did, as the recordings in the folder tell.

use std::{cmp::Reverse, collections::HashMap, fs, path::Path};

use super::open::tail;
use crate::{
    aws::{
        arn::Arn,
        line::{RESPONSE, Reader},
        observation::Observation,
    },
    transfer::{execution::Execution, judge::estimate::EarlierRun},
};

/// So many recordings are looked at, the newest first.
const MOST: usize = 200;

/// What the runs did that ended with SUCCESS, by the id of their task.
pub fn runs(folder: &Path) -> HashMap<String, Vec<EarlierRun>> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let recordings = entries.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "ndjson"));
    let mut newest: Vec<_> =
        recordings.filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry))).collect();
    newest.sort_by_key(|(written, _)| Reverse(*written));
    let mut runs = HashMap::<String, Vec<EarlierRun>>::new();
    for (_, entry) in newest.iter().take(MOST) {
        if let Some((task, run)) = last_response(&entry.path()).and_then(|last| run(&last)) {
            runs.entry(task).or_default().push(run);
        }
    }
    runs
}

fn last_response(path: &Path) -> Option<Observation> {
    let (mut lines, mut last) = (tail(path).ok()?, Vec::new());
    while let Ok(Some(line)) = lines.next() {
        if memchr::memmem::find(line.bytes, RESPONSE).is_some() {
            last = line.bytes.to_vec();
        }
    }
    Reader::default().read(std::str::from_utf8(&last).ok()?).ok()
}

fn run(last: &Observation) -> Option<(String, EarlierRun)> {
    let arn = Arn::parse(&last.execution).ok()?;
    let mut execution = Execution::new(arn.clone(), last.at);
    execution.observe(last);
    Some((arn.task, execution.as_earlier_run()?))
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::aws::line::Writer;
    use crate::transfer::execution::tests::{ARN, answer};

    #[test]
    fn runs_that_ended_well_are_told_by_their_task() {
        let folder = tempfile::tempdir().unwrap();
        let ended = r#""Status":"SUCCESS","BytesWritten":6000,"FilesTransferred":60,"Result":{"TransferDuration":600000,"TotalDuration":700000}"#;
        for (name, members) in [
            ("exec-a.ndjson", ended),
            ("exec-b.ndjson", &ended.replace("SUCCESS", "ERROR")),
            ("exec-c.ndjson", r#""Status":"TRANSFERRING""#),
            ("notes.txt", ended),
        ] {
            let mut writer = Writer::default();
            let lines = [writer.line(&answer(0, r#""Status":"TRANSFERRING""#)), writer.line(&answer(700, members))];
            fs::write(folder.path().join(name), lines.concat()).unwrap();
        }
        fs::write(folder.path().join("exec-d.ndjson"), "no recording").unwrap();
        let task = Arn::parse(ARN).unwrap().task;
        let run = EarlierRun { took: SignedDuration::from_secs(600), bytes: 6000, files: 60 };
        assert_eq!(runs(folder.path()), HashMap::from([(task, vec![run])]));
        assert_eq!(runs(Path::new("/no/such")), HashMap::new());
    }
}
